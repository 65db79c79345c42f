"""Entries to files: JSON lines, whole or not at all."""

from __future__ import annotations

import gzip
import json
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from loyalty_monitoring.errors import Position, UserError

Entry = dict[str, Any]


def as_lines(entries: Iterable[Entry]) -> bytes:
    """JSON Lines, UTF-8."""
    return "".join(json.dumps(e, ensure_ascii=False, separators=(",", ":")) + "\n" for e in entries).encode()


def write(out: str, days: Iterable[list[Entry]]) -> None:
    """To a file, a folder (one file a day) or, for `-`, to standard output."""
    if out == "-":
        for day in days:
            sys.stdout.buffer.write(as_lines(day))
        sys.stdout.buffer.flush()
    elif out.endswith("/") or Path(out).is_dir():
        write_folder(Path(out), days)
    else:
        write_file(Path(out), days)


def write_file(file: Path, days: Iterable[list[Entry]]) -> None:
    """All days into one file, gzipped when its name ends in .gz."""
    with _appearing_whole(file) as stream:
        for day in days:
            stream.write(as_lines(day))


def write_folder(folder: Path, days: Iterable[list[Entry]]) -> None:
    """One file a day, DATE.jsonl.gz."""
    for day in days:
        if day:
            write_file(folder / f"{day[0]['timestamp'][:10]}.jsonl.gz", [day])


@contextmanager
def _appearing_whole(file: Path) -> Iterator[IO[bytes] | gzip.GzipFile]:
    """A stream into a neighbor of `file` that takes its name in the end; what was interrupted leaves nothing."""
    partial = file.with_name(f".{file.name}.{os.getpid()}.partial")
    try:
        raw = partial.open("wb")
    except OSError as error:
        raise UserError(f"cannot be written: {error.strerror}; choose another --out", Position(file)) from error
    try:
        with raw:
            if file.suffix == ".gz":
                # Without name and time: equal lines, equal bytes.
                with gzip.GzipFile(filename="", fileobj=raw, mode="wb", compresslevel=9, mtime=0) as packed:
                    yield packed
            else:
                yield raw
        partial.replace(file)
    finally:
        partial.unlink(missing_ok=True)
