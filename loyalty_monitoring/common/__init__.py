"""Errors, YAML with positions, files, the embedded database, text. Knows nothing about monitoring."""
