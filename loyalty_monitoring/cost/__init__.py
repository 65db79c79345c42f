"""Estimate the monthly cost of a stack, and how far it may grow before a limit is reached."""
