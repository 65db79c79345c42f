"""Cases of log-based metrics: which log line counts, with which labels and which value."""
