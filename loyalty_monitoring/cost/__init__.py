"""What the stack costs a month, and how far it may grow before a limit is reached."""
