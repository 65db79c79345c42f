"""PromQL: parsed and inspected, with what Cloud Monitoring adds to it and leaves out."""
