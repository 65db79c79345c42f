"""Reads what people write (settings, parameters, log contract, metrics, alerts, dashboards) once, as frozen data."""
