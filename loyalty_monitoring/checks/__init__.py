"""Compares something with what it should be, and reports findings."""
