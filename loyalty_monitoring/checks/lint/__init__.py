"""The linter: mistakes in Cloud Monitoring resources that the API accepts, or refuses too late."""
