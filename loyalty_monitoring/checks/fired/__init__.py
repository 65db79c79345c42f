"""Holds replayed incidents against those that really fired, and says where they differ, and why."""
