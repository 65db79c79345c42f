"""Backtest: past log entries of a project -> replay -> incidents. Wires the others."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from loyalty_monitoring.backtest.log_filter import entries_filter
from loyalty_monitoring.backtest.view import View
from loyalty_monitoring.common.atomic_files import appearing_whole
from loyalty_monitoring.common.database import Progress
from loyalty_monitoring.common.errors import UserError
from loyalty_monitoring.common.temporary_folders import temporary_folder
from loyalty_monitoring.definitions.metric_usage import series_in_queries
from loyalty_monitoring.definitions.model import AlertPolicy, Definitions
from loyalty_monitoring.definitions.settings import Settings
from loyalty_monitoring.query_languages.promql.expressions import look_back, parsed
from loyalty_monitoring.replay.result import ReplayResult
from loyalty_monitoring.replay.run import chosen_policies, judged, replay

_HOUR = timedelta(hours=1)
DAYS = 30


@dataclass(frozen=True)
class BacktestPlan:
    """The read and the evaluation of a backtest. Evaluation starts at `start`; entries are read from `history` on.

    `definitions` has only the log-based metrics that are needed.
    """

    settings: Settings
    definitions: Definitions
    policies: tuple[AlertPolicy, ...]
    history: datetime
    start: datetime
    end: datetime

    @property
    def filter(self) -> str:
        """The Logging query for all entries that a metric counts."""
        return entries_filter(
            (metric.body["filter"] for metric in self.definitions.log_metrics), self.history, self.end
        )


@dataclass(frozen=True)
class LoggingSource:
    """Entries that were read from the Logging API. `first` is the first entry's time, `kept` the file that has the
    entries.
    """

    requests: int
    waited: float
    first: datetime
    kept: Path | None


@dataclass(frozen=True)
class ViewSource:
    """Counts that were read from a Log Analytics view. `estimated` are the bytes that the dry run named, `first` is the
    time of the first entry of any metric.
    """

    view: View
    estimated: int
    first: datetime


def window(days: int | None, start: datetime | None, end: datetime | None, now: datetime) -> tuple[datetime, datetime]:
    """Return the start and the end of the evaluation: up to now and 30 days long, unless given otherwise. Errors:
    UserError.
    """
    if days is not None and start is not None and end is not None:
        raise UserError("--days, --from and --to contradict each other; leave out one of them")
    span = timedelta(days=DAYS if days is None else days)
    this_minute = now.astimezone(UTC).replace(second=0, microsecond=0)
    if end is None:
        end = min(start + span, this_minute) if start is not None and days is not None else this_minute
    elif end > now:
        raise UserError(f"--to is {_minute(end)}, which is yet to come; nothing was logged after {_minute(now)}")
    start = end - span if start is None else start
    if start >= end:
        raise UserError(f"the window ends ({_minute(end)}) before it starts ({_minute(start)}); mend --from or --to")
    return start, end


def plan(
    settings: Settings,
    definitions: Definitions,
    start: datetime,
    end: datetime,
    policies: Sequence[str] | None = None,
) -> BacktestPlan:
    """Plan a backtest. With `policies` (names), only the metrics that these read. Errors: UserError.

    Conditions look back, so the entries before the window are history: as many whole hours as any of the policies
    reaches back, 25 at most (docs.cloud.google.com/monitoring/alerts/using-promql#restrictions).
    """
    chosen = tuple(chosen_policies(definitions, policies))
    reach = max((look_back(parsed(policy.query)) for policy in chosen), default=timedelta())
    history = start - -(-reach // _HOUR) * _HOUR
    if policies is not None:
        queries = [policy.query for policy in chosen]
        needed = tuple(metric for metric in definitions.log_metrics if series_in_queries([metric], queries))
        definitions = replace(definitions, log_metrics=needed)
    return BacktestPlan(settings, definitions, chosen, history, start, end)


def backtest(
    planned: BacktestPlan,
    *,
    keep: Path | None = None,
    timeout: float,
    endpoint: str | None = None,
    progress: Progress | None = None,
) -> tuple[ReplayResult, LoggingSource]:
    """Read the entries through the Logging API and replay them. `keep` is a file for the entries.

    `timeout` is in seconds, for each request; `endpoint` a server to ask in place of Google's. Without `keep`, nothing
    stays on disk. Errors: UserError.
    """
    from loyalty_monitoring.google_cloud.log_entries import read_entries

    with ExitStack() as stack:
        file = keep if keep is not None else stack.enter_context(temporary_folder()) / "entries.jsonl"
        remedy = "make room for temporary files" if keep is None else "make room, or choose another --keep"
        with appearing_whole(file, remedy) as out:
            reading = read_entries(
                planned.settings.project,
                planned.filter,
                planned.history,
                planned.end,
                out,
                timeout=timeout,
                endpoint=endpoint,
                progress=progress,
            )
            if reading.first is None:
                raise UserError(_nothing(planned, f"project {planned.settings.project}"))
        result = replay(
            planned.definitions,
            [file],
            start=planned.start,
            end=planned.end,
            policies=[policy.name for policy in planned.policies],
            progress=progress,
        )
    return result, LoggingSource(reading.requests, reading.waited, reading.first, keep)


def estimated_bytes(planned: BacktestPlan, view: View, *, timeout: float, endpoint: str | None = None) -> int:
    """Return the bytes that BigQuery would scan, by a dry run. Errors: UserError."""
    from loyalty_monitoring.backtest.big_query import estimate

    metrics, project = planned.definitions.log_metrics, planned.settings.project
    wanted, start, end = _wanted(planned), planned.history, planned.end
    return estimate(view, metrics, wanted, start, end, project=project, timeout=timeout, endpoint=endpoint)


def backtest_view(
    planned: BacktestPlan,
    view: View,
    *,
    max_bytes: int,
    timeout: float,
    endpoint: str | None = None,
    progress: Progress | None = None,
) -> tuple[ReplayResult, ViewSource]:
    """Count the entries in BigQuery, which the plan's project pays for, and judge the points. Errors: UserError."""
    from loyalty_monitoring.backtest.big_query import backfilled_from_view

    with backfilled_from_view(
        view,
        planned.definitions.log_metrics,
        _wanted(planned),
        planned.history,
        planned.end,
        project=planned.settings.project,
        max_bytes=max_bytes,
        timeout=timeout,
        endpoint=endpoint,
        progress=progress,
    ) as (prometheus, points, estimated):
        if points.entries.first_timestamp is None or not any(one.matched for one in points.metrics.values()):
            raise UserError(_nothing(planned, f"view {view}"))
        result = judged(prometheus, points, planned.policies, planned.start, planned.end, progress)
        return result, ViewSource(view, estimated, points.entries.first_timestamp)


def _wanted(planned: BacktestPlan) -> frozenset[str]:
    return series_in_queries(planned.definitions.log_metrics, (policy.query for policy in planned.policies))


def _nothing(planned: BacktestPlan, where: str) -> str:
    """Return the error for a window without any matching entry, in which a silent replay would look healthy."""
    project, of_type = planned.settings.project, planned.settings.resource_type
    return (
        f"from {_minute(planned.history)} to {_minute(planned.end)}, {where} has no log entry that "
        f"one of the {len(planned.definitions.log_metrics)} log-based metrics counts, of the type {of_type}; check "
        "--project and --stack. The bucket _Default keeps entries for 30 days, unless its retention was raised; what "
        "a sink sends to another bucket needs roles/logging.viewAccessor. If the module does log, ask what its lines "
        "lack:\n"
        f"  gcloud logging read 'resource.type=\"{of_type}\"' --project {project} --freshness=1d --format=json "
        "> day.json\n"
        "  loyalty-monitoring contract check day.json"
    )


def _minute(instant: datetime) -> str:
    return instant.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")
