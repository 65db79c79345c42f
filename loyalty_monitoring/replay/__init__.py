"""Replay: log entries -> metric points -> Prometheus -> incidents, on a laptop."""
