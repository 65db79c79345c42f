"""Counts of log entries in files, and the words about lines that are none."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from loyalty_monitoring.common.errors import Position, UserError

_log = logging.getLogger("loyalty_monitoring.entries")
FIRST_REJECTED = 10
MOST_ORIGINS, LONGEST_ORIGIN = 10_000, 200  # they come from logs, so there can be any number, of any length


@dataclass(frozen=True)
class Rejected:
    """A JSON value or line that is no LogEntry; `line` counts from 1. `hint` follows the reason, where it is known."""

    file: str
    line: int
    reason: str
    hint: str = ""


@dataclass(frozen=True)
class EntryCounts:
    """Result of `load_entries`: `read` = entries used + `rejected`. Timestamps are those of the entries.

    `files` are the names of what was read, in its order, which `positions` needs; `size` is the bytes of its text.
    `origins` says how many entries each (resource.type, labels.python_logger) wrote, of the first 10,000, with 200
    characters of each name at most; "" stands for a logger that is missing, or was not asked for.
    """

    read: int
    rejected: int
    first_rejected: tuple[Rejected, ...]
    first_timestamp: datetime | None
    last_timestamp: datetime | None
    files: tuple[str, ...] = field(default=(), compare=False)
    size: int = field(default=0, compare=False)
    origins: Mapping[tuple[str, str], int] = field(default_factory=dict, compare=False)


NOTHING = EntryCounts(0, 0, (), None, None)


def unused(rejected: int, read: int, first: Sequence[Rejected], things: str = "log entries") -> Iterator[str]:
    """Return, for lines of text, the number of things not used, and the first of them with the reasons; the same hint
    is given once.
    """
    whole = rejected == read
    yield f"{'none' if whole else rejected} of {read} {things} could {'' if whole else 'not '}be used:"
    given: set[str] = set()
    for one in first:
        yield f"  {Position(one.file, one.line)}: {one.reason}{'' if one.hint in given else one.hint}"
        given.add(one.hint)
    if rejected > len(first):
        yield f"  and {rejected - len(first)} more"


def checked(counts: EntryCounts) -> EntryCounts:
    """Return the same counts; what is rejected is told in the log. Errors: UserError when nothing could be used."""
    if counts.rejected:
        words = "\n".join(unused(counts.rejected, counts.read, counts.first_rejected))
        if counts.rejected == counts.read:
            raise UserError(f"{words}\ngive LogEntry objects, as `gcloud logging read --format=json` prints them")
        _log.warning("%s", words)
    return counts


def added(parts: Sequence[EntryCounts]) -> EntryCounts:
    """Return the counts of files that were read part by part, in their order."""
    first_rejected = [one for part in parts for one in part.first_rejected]
    return EntryCounts(
        read=sum(part.read for part in parts),
        rejected=sum(part.rejected for part in parts),
        first_rejected=tuple(first_rejected[:FIRST_REJECTED]),
        first_timestamp=min((part.first_timestamp for part in parts if part.first_timestamp), default=None),
        last_timestamp=max((part.last_timestamp for part in parts if part.last_timestamp), default=None),
        files=tuple(name for part in parts for name in part.files),
        size=sum(part.size for part in parts),
        origins=sum((Counter(part.origins) for part in parts), Counter()),
    )
