"""Log files -> entries -> what keeps the contract -> which alerts and charts are blind. Wires the others."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Literal

from loyalty_monitoring.checks.contract.celery import add_celery, celery_counts, celery_fields, make_celery
from loyalty_monitoring.checks.contract.findings import (
    ContractProblem,
    ContractReport,
    EventReport,
    NearMiss,
    SilentMetric,
    TaskReport,
    UncountedLine,
    UnknownEvent,
    UnreadLines,
)
from loyalty_monitoring.checks.contract.query import (
    add_counts,
    contract_fields,
    event_counts,
    make_counts,
    match_counts,
    unknown_events,
    unread_lines,
)
from loyalty_monitoring.common.database import Connection, Progress, connect
from loyalty_monitoring.definitions.contract_usage import selected_events
from loyalty_monitoring.definitions.log_contract import Contract
from loyalty_monitoring.definitions.metric_usage import Readers, readers
from loyalty_monitoring.definitions.model import Definitions
from loyalty_monitoring.replay.entries.counts import EntryCounts
from loyalty_monitoring.replay.entries.load import load_entries
from loyalty_monitoring.replay.entries.tables import positions
from loyalty_monitoring.replay.lateness import LATENESS_FIELDS, add_lateness, lateness, make_lateness
from loyalty_monitoring.replay.metric_points import needed_fields

_NOBODY = Readers((), ())
# What the fields of a part may have in bytes: few parts for ordinary entries, and room for what is made of large ones.
_PART_BYTES = 32 * 2**20


def check(
    contract: Contract,
    definitions: Definitions,
    resource_type: str,
    files: Sequence[Path | Literal["-"]],
    *,
    strict: bool = False,
    allowance: timedelta = timedelta(minutes=10),
    progress: Progress | None = None,
) -> ContractReport:
    """Hold the entries of the files against the contract, and say how late they arrived; `allowance` is how late points
    may be.

    Errors: UserError for a file that cannot be read, with `strict` also for the first line that is no LogEntry.
    """
    fields = needed_fields(definitions.log_metrics) | contract_fields(contract, resource_type)
    if contract.celery_tasks:
        fields |= celery_fields(contract, resource_type)
    filters = [metric.body["filter"] for metric in definitions.log_metrics]
    with connect() as con:
        make_lateness(con)
        make_counts(con)
        make_celery(con)

        def add(_: object) -> None:
            add_lateness(con)
            add_counts(con, contract, resource_type, filters, progress)
            if contract.celery_tasks:  # not every module runs Celery
                add_celery(con, contract, resource_type)

        counts = load_entries(
            con,
            files,
            fields | LATENESS_FIELDS,
            strict=strict,
            with_places=True,
            take=add,
            least=_PART_BYTES,
            progress=progress,
        )
        report = _Check(con, contract, definitions, resource_type).report(counts)
        return dataclasses.replace(report, lateness=lateness(con), allowance=allowance)


@dataclasses.dataclass(frozen=True)
class _Check:
    con: Connection
    contract: Contract
    definitions: Definitions
    resource_type: str

    def report(self, counts: EntryCounts) -> ContractReport:
        metrics = self.definitions.log_metrics
        selected = selected_events(self.contract, metrics, self.resource_type)
        read_by = readers(self.definitions)
        of_events = event_counts(self.con, self.contract, self.resource_type)
        tasks, uncounted = celery_counts(self.con, self.contract)
        unknown = unknown_events(self.con)
        unread = unread_lines(self.con)
        matched = match_counts(self.con)
        places = [one.place for found in of_events.values() for one in found.broken]
        places += [one.place for found in of_events.values() for one in found.near_misses]
        places += [one.place for one in unknown] + [one.place for one in uncounted]
        places += [unread.place] if unread else []
        at = positions(self.con, counts, places)

        def reading(names: Iterable[str]) -> Readers:
            each = [read_by[name] for name in names]
            return Readers(
                tuple(dict.fromkeys(alert for one in each for alert in one.alerts)),
                tuple(dict.fromkeys(chart for one in each for chart in one.charts)),
            )

        events = []
        for name, found in of_events.items():
            of_event = tuple(metric.name for metric in metrics if name in selected[metric.name])
            events.append(
                EventReport(
                    name,
                    found.valid,
                    tuple(
                        ContractProblem(
                            one.requirement.subject,
                            one.problem,
                            one.requirement.expected,
                            one.value,
                            one.count,
                            at[one.place],
                        )
                        for one in found.broken
                    ),
                    tuple(NearMiss(_text(one.value), one.count, at[one.place]) for one in found.near_misses),
                    of_event,
                    reading(of_event).alerts,
                    reading(of_event).charts,
                )
            )
        of_celery = reading(metric.name for metric in metrics if not selected[metric.name]) if tasks else _NOBODY
        return ContractReport(
            read=counts.read,
            rejected=counts.rejected,
            first_rejected=counts.first_rejected,
            first=counts.first_timestamp,
            last=counts.last_timestamp,
            events=tuple(events),
            tasks=tuple(
                TaskReport(
                    task, task_lines.seen, task_lines.succeeded, task_lines.failed, task_lines.retried, of_celery.charts
                )
                for task, task_lines in tasks.items()
            ),
            uncounted=tuple(UncountedLine(one.reason, one.count, at[one.place]) for one in uncounted),
            unread=UnreadLines(unread.count, at[unread.place]) if unread else None,
            unknown=tuple(UnknownEvent(str(one.value), one.count, at[one.place]) for one in unknown),
            silent_metrics=tuple(
                SilentMetric(
                    metric.name,
                    metric.api_name,
                    selected[metric.name],
                    tuple(event for event in selected[metric.name] if of_events[event].valid.count),
                    read_by[metric.name].alerts,
                    read_by[metric.name].charts,
                )
                for metric in metrics
                if not matched.get(metric.body["filter"])
            ),
        )


def _text(value: str | None) -> str | None:
    """Return the text of a JSON string; a value of another kind, or one that was cut, as it is."""
    try:
        return str(json.loads(value)) if value is not None else None
    except ValueError:
        return value
