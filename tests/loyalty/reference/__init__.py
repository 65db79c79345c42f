"""An independent judge of the alerts: plain Python, written from the monitoring document and the log contract alone."""
