"""Every command over hostile files and under faults: what must always hold. `make torture`, and small in `make test`."""
