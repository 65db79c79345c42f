"""Count the types of monitored resource that wrote the entries of files."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import islice
from pathlib import Path

from loyalty_monitoring.common.database import connect
from loyalty_monitoring.replay.entries.load import entry_batches
from loyalty_monitoring.replay.entries.tables import entry_columns

_TYPE = ("resource", "type")


def resource_types(files: Sequence[Path], *, most_batches: int | None = None) -> dict[str, int]:
    """Count the entries of each `resource.type`, the most frequent first. Errors: UserError for a file.

    With `most_batches`, only so many of the first batches are looked at.
    """
    found: Counter[str] = Counter()
    with connect() as con:
        for _ in islice(entry_batches(con, files, [_TYPE]), most_batches):
            kind = entry_columns(con)(_TYPE)
            rows = con.execute(f"SELECT {kind}->>'$' AS type, count(*) FROM entries GROUP BY type").fetchall()
            found.update({str(name): int(number) for name, number in rows})
    return dict(found.most_common())
