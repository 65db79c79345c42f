"""Log files -> one table of log entries, and the entries that a filter matches."""
