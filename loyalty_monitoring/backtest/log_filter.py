"""One filter for all log entries that any of the metrics counts.

Too wide a filter costs time only, since the replay applies each metric's own filter again; too narrow a one would hide
incidents. So the filters are taken apart only where an AND outside of parentheses stands, which binds loosest
(https://cloud.google.com/logging/docs/view/logging-query-language#boolean-operators), and parts are only ever left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime

from loyalty_monitoring.google_cloud.api_limits import FILTER_CHARACTERS

_TOKEN = re.compile(r'"(?:\\.|[^"\\])*"|--[^\n]*|[()]|[^\s()"]+|\s+|.', re.DOTALL)


def entries_filter(filters: Iterable[str], start: datetime, end: datetime, most: int = FILTER_CHARACTERS) -> str:
    """Return the filter for the entries from `start` until before `end` that match any of the filters, each asked for
    once.

    Where that is longer than `most` characters, it is wider: the last conditions of the filters are left out.
    """
    window = f'timestamp >= "{_instant(start)}"\nAND timestamp < "{_instant(end)}"'
    of_filters = [tuple(_conjuncts(text)) for text in dict.fromkeys(filters)]
    for kept in range(max(map(len, of_filters), default=0), 0, -1):
        text = "\nAND ".join([window, *_any_of([of_filter[:kept] for of_filter in of_filters])])
        if len(text) <= most:
            return text
    return window


def _any_of(filters: Sequence[tuple[str, ...]]) -> Iterator[str]:
    """Return parts to join with AND: first what all filters share, such as the resource's type, which has an index."""
    shared = [part for part in filters[0] if all(part in other for other in filters)]
    yield from shared
    rests = list(dict.fromkeys(tuple(part for part in each if part not in shared) for each in filters))
    if all(rests):
        # A comment at the end of a part must not swallow what follows.
        yield "(\n" + "\nOR\n".join("(" + "\nAND ".join(rest) + "\n)" for rest in rests) + "\n)"


def _conjuncts(text: str) -> Iterator[str]:
    """Yield the parts of a filter between its outermost ANDs; an empty filter, which matches everything, has none."""
    depth, part = 0, ""
    for token in _TOKEN.findall(text):
        depth += {"(": 1, ")": -1}.get(token, 0)
        if token == "AND" and depth == 0:
            yield part.strip()
            part = ""
        else:
            part += token
    if part.strip():
        yield part.strip()


def _instant(instant: datetime) -> str:
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z")
