"""Find what `new` left to a person, and nobody has decided yet: the word TODO in files of definitions."""

from __future__ import annotations

import re
from pathlib import Path

from loyalty_monitoring.common.errors import Position

_FILES = (
    "alert_policies/*.yaml",
    "coverage.yaml",
    "dashboards/*.yaml",
    "drills.yaml",
    "log_events.yaml",
    "log_metrics/*.yaml",
    "parameters.yaml",
    "runbooks/*.md",
    "tests/cases/**/*.yaml",
)


def undecided(root: Path) -> list[str]:
    """Return a sentence a file: the first place, and how many lines more."""
    sentences = []
    for file in sorted(file for pattern in _FILES for file in root.glob(pattern)):
        lines = [number for number, line in enumerate(file.read_text().splitlines(), 1) if re.search(r"\bTODO\b", line)]
        if lines:
            more = f", and in {len(lines) - 1} more lines" if lines[1:] else ""
            sentences.append(f"{Position(str(file), lines[0])}: says TODO{more}")
    return sentences
