"""Sizes as people write them: 500MB, 100GiB."""

from __future__ import annotations

import re

_UNITS = "KMGT"


def bytes_of(text: str) -> int | None:
    """Return the bytes of a size, with or without a unit; None for anything else. `MB` is 10^6 bytes, `MiB` is 2^20."""
    found = re.fullmatch(r"([0-9]{1,15}(?:[.][0-9]{1,6})?) ?([KMGT]?)(I?)B?", text.strip().upper())
    if found is None or (found[3] and not found[2]):
        return None
    return int(float(found[1]) * (1024 if found[3] else 1000) ** (" " + _UNITS).index(found[2] or " "))
