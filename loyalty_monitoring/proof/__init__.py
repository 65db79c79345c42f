"""Proof: cases from log lines to incidents, and the mutants that the cases must tell from the original."""
