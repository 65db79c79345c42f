"""Text that others wrote: in logs, in files, in Google Cloud."""

from __future__ import annotations


def printable(text: str) -> str:
    """Return text without control characters, which could rewrite the terminal."""
    return "".join(character if character.isprintable() else "?" for character in text)
