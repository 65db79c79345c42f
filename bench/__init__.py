"""`make bench`: how fast the commands are, by size, and beside plain Python programs over the same files."""
