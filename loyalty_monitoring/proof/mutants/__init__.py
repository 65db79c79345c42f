"""Definitions with one thing wrong: the cases must tell each from the original."""
