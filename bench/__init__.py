"""`make bench`: how fast replay is, beside a plain Python loop over the same entries."""
