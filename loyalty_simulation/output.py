"""Entries to files: JSON lines, whole or not at all."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

from loyalty_monitoring.common.atomic_files import appearing_whole
from loyalty_monitoring.common.errors import Position, UserError

Entry = dict[str, Any]


def as_lines(entries: Iterable[Entry]) -> bytes:
    """Return JSON Lines, UTF-8."""
    return "".join(json.dumps(e, ensure_ascii=False, separators=(",", ":")) + "\n" for e in entries).encode()


def write(out: str, days: Iterable[list[Entry]], first: date, last: date) -> int:
    """Write to a file, a folder (one file a day) or, for `-`, to standard output; return how many entries.

    The days are those from `first` to `last`. Errors: UserError for a folder with logs of others.
    """
    counted = _Counted(days)
    if out == "-":
        for day in counted:
            sys.stdout.buffer.write(as_lines(day))
        sys.stdout.buffer.flush()
    elif out.endswith("/") or Path(out).is_dir():
        _refuse_others(Path(out), first, last)
        write_folder(Path(out), counted)
    else:
        write_file(Path(out), counted)
    return counted.entries


class _Counted:
    """The days, and how many entries they had so far."""

    def __init__(self, days: Iterable[list[Entry]]) -> None:
        self._days, self.entries = days, 0

    def __iter__(self) -> Iterator[list[Entry]]:
        for day in self._days:
            self.entries += len(day)
            yield day


def write_file(file: Path, days: Iterable[list[Entry]]) -> None:
    """Write all days into one file, gzipped when its name ends in .gz."""
    with appearing_whole(file) as stream:
        for day in days:
            stream.write(as_lines(day))


def _refuse_others(folder: Path, first: date, last: date) -> None:
    """Refuse a folder with logs of days that will not be written: whoever reads it takes them for the same story."""
    others = [
        file.name
        for file in sorted(folder.glob("????-??-??.jsonl.gz"))
        if not f"{first}" <= file.name[:10] <= f"{last}"
    ]
    if others:
        raise UserError(
            f"has logs of other days ({others[0]}{', ...' if len(others) > 1 else ''}), which would be read together "
            "with these; remove them, or choose another --out",
            Position(str(folder)),
        )


def write_folder(folder: Path, days: Iterable[list[Entry]]) -> None:
    """Write one file a day, DATE.jsonl.gz. Errors: UserError for a folder that cannot be made, before any day is."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"cannot be made: {error.strerror}; choose another --out", Position(str(folder))) from error
    for day in days:
        if day:
            write_file(folder / f"{day[0]['timestamp'][:10]}.jsonl.gz", [day])
