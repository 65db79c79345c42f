"""Makes alerts true on a scratch project, and holds what happens there against what replay says."""
