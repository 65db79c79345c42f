"""Tests of the set-up, with an index and a distribution of their own: nothing is asked of any network."""
