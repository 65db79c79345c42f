"""Celery's own lines about the watched tasks in the table `entries`.

Celery 5 writes them as `Task NAME[ID] succeeded in 1.2s: ...`, on the logger celery.app.trace; where a worker's logging
was left at Celery's default they arrive as textPayload. The metrics on Celery count them, and a test holds the two
together.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC

from loyalty_monitoring.checks.contract.findings import Seen
from loyalty_monitoring.common.database import Connection, quoted
from loyalty_monitoring.definitions.log_contract import Contract, celery_tasks_pattern
from loyalty_monitoring.query_languages.logging_filter import FieldPath, parse_filter, referenced_fields, to_sql
from loyalty_monitoring.replay.entries.tables import entry_columns

_LOGGER = 'labels.python_logger =~ "^celery[.]app[.]trace$"'
_OUTCOME = "(?:succeeded in |raised (?:un)?expected: |INTERNAL ERROR: |retry: )"
# The first letters of what tells a success, a failure and a retry.
_ENDINGS = ("('su')", "('ra', 'IN')", "('re')")


@dataclass(frozen=True)
class TaskCounts:
    """The counted lines of one task: how its runs ended, and how often it will be retried."""

    seen: Seen
    succeeded: int
    failed: int
    retried: int


@dataclass(frozen=True)
class Uncounted:
    """Lines that look alike but do not count, for one reason; `place` is that of the first."""

    reason: str
    count: int
    place: int


def celery_fields(contract: Contract, resource_type: str) -> frozenset[FieldPath]:
    """Return the fields that `load_entries` must keep for `add_celery`."""
    queries = _queries(contract, resource_type).values()
    return frozenset().union(*(referenced_fields(parse_filter(query)) for query in queries))


def make_celery(con: Connection) -> None:
    """Make the table `celery_lines`, which `add_celery` fills: lines by task and outcome, and, with a reason instead of
    a task, those that only look like them.
    """
    con.execute(
        "CREATE OR REPLACE TABLE celery_lines (task VARCHAR, outcome VARCHAR, reason VARCHAR, n BIGINT, "
        "place BIGINT, first TIMESTAMP, last TIMESTAMP)"
    )


def add_celery(con: Connection, contract: Contract, resource_type: str) -> None:
    """Add the lines of the table `entries`, which needs `celery_fields`."""
    column = entry_columns(con)
    test = {name: to_sql(parse_filter(query), column) for name, query in _queries(contract, resource_type).items()}
    line = f"coalesce({column(('jsonPayload', 'message'))}, {column(('textPayload',))})->>'$'"
    task = f"({celery_tasks_pattern(contract)})[[][^]]+[]] {_OUTCOME}"
    con.execute(
        "INSERT INTO celery_lines "
        f"SELECT CASE WHEN counted THEN regexp_extract(line, {quoted(task)}, 1) END AS task, "
        f"CASE WHEN counted THEN regexp_extract(line, {quoted(task.replace('(?:', '('))}, 2)[1:2] END AS outcome, "
        "CASE WHEN NOT counted THEN reason END AS why, count(*), min(place), min(time), max(time) FROM ("
        f"SELECT time, place, {line} AS line, ({test['json']} OR {test['text']}) AS counted, CASE "
        f"WHEN NOT {test['resource']} THEN 'resource.type is not {resource_type}' "
        f"WHEN {column(('textPayload',))} IS NULL AND NOT {test['logger']} THEN 'the logger is not celery.app.trace' "
        f"ELSE 'the message does not begin with Task; give the handler no format of its own' END AS reason "
        f"FROM entries WHERE {test['alike']}) GROUP BY ALL"
    )


def celery_counts(con: Connection, contract: Contract) -> tuple[dict[str, TaskCounts], list[Uncounted]]:
    """Return the lines by task, and those that only look like them."""
    found: dict[str, TaskCounts] = {}
    for name in contract.celery_tasks:
        ended = ", ".join(f"coalesce(sum(n) FILTER (outcome IN {ways}), 0)::BIGINT" for ways in _ENDINGS)
        row = con.execute(
            f"SELECT coalesce(sum(n), 0)::BIGINT, min(first), max(last), {ended} "
            f"FROM celery_lines WHERE task = {quoted(name)}"
        ).fetchone()
        assert row is not None
        first, last = (instant and instant.replace(tzinfo=UTC) for instant in row[1:3])
        found[name] = TaskCounts(Seen(row[0], first, last), *row[3:])
    uncounted = con.execute(
        "SELECT reason, sum(n)::BIGINT, min(place) FROM celery_lines WHERE reason IS NOT NULL "
        "GROUP BY reason ORDER BY min(place)"
    ).fetchall()
    return found, [Uncounted(*row) for row in uncounted]


def _queries(contract: Contract, resource_type: str) -> dict[str, str]:
    line = f"Task ({celery_tasks_pattern(contract)})[[][^]]+[]] {_OUTCOME}"
    resource = f'resource.type = "{resource_type}"'
    return {
        "resource": resource,
        "logger": _LOGGER,
        "json": f'{resource} AND {_LOGGER} AND jsonPayload.message =~ "^{line}"',
        "text": f'{resource} AND textPayload =~ "^(?:[[][^]]*[]] )?{line}"',
        "alike": f'(jsonPayload.message =~ "{line}" OR textPayload =~ "{line}")',
    }
