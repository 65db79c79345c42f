"""The report: dashboards and incidents of replayed logs, as pages that a browser opens from disk."""
