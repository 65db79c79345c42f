"""Every command over hostile files and under faults: `make torture`, and small in `make test`."""
