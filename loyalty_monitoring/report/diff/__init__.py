"""The difference that a change of the definitions would have made: incidents that appear, vanish or move."""
