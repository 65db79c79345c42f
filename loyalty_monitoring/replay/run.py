"""Replay: log files -> entries -> metric points -> Prometheus -> incidents. Wires the others, decides nothing."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

from loyalty_monitoring.common.cache import NO_CACHE, Cache
from loyalty_monitoring.common.database import Progress, connect
from loyalty_monitoring.common.errors import Position, UserError, nearest
from loyalty_monitoring.common.in_parallel import in_parallel
from loyalty_monitoring.common.temporary_folders import temporary_folder
from loyalty_monitoring.definitions.metric_usage import series_in_queries, series_names
from loyalty_monitoring.definitions.model import AlertPolicy, Definitions, LogMetric
from loyalty_monitoring.query_languages.promql.expressions import look_back, parsed
from loyalty_monitoring.replay.arrival import Arrival, EntryDelay, make_parts
from loyalty_monitoring.replay.blocks import store_points
from loyalty_monitoring.replay.conditions import condition_answers
from loyalty_monitoring.replay.diagnosis import Origins, why_silent
from loyalty_monitoring.replay.entries.counts import EntryCounts
from loyalty_monitoring.replay.incidents import Closing, evaluation_instants, incidents
from loyalty_monitoring.replay.kept_answers import answering
from loyalty_monitoring.replay.kept_files import Group
from loyalty_monitoring.replay.late_evaluation import Asked, make_views
from loyalty_monitoring.replay.margins import margin
from loyalty_monitoring.replay.metric_points import points_of_files
from loyalty_monitoring.replay.open_metrics import write_open_metrics
from loyalty_monitoring.replay.prometheus import Evaluator, Series, prometheus_with
from loyalty_monitoring.replay.result import Incident, Margin, MetricSummary, Points, ReplayResult

_MINUTE, _NO = timedelta(minutes=1), timedelta()
_FIRST, _LAST = datetime(1970, 1, 1, tzinfo=UTC), datetime(2262, 1, 1, tzinfo=UTC)
Answers = Callable[[int, Sequence[Series]], Sequence[Series]]


def replay(
    definitions: Definitions,
    files: Sequence[Path | Literal["-"]],
    *,
    start: datetime | None = None,
    end: datetime | None = None,
    policies: Sequence[str] | None = None,
    strict: bool = False,
    late: Arrival | None = None,
    closing: Closing = "delayed",
    cache: Cache = NO_CACHE,
    groups: Sequence[Group] | None = None,
    progress: Progress | None = None,
) -> ReplayResult:
    """Find the incidents that the log entries would have opened.

    Evaluation starts at `start` (default: the minute of the first entry) with the earlier entries as history, and
    ends at `end` (default: the end of the last entry's minute). An empty log is an answer, too: with `end` the silence
    before it is judged, by default as long as the policies look back. `policies` are names; None is all of them. `late`
    says when points arrive; None is as soon as their minute has ended. `closing` says when incidents close. `groups`
    are those of the files (kept_points.py), where they are known.
    Errors: UserError for a policy, a file or a window that is not there.
    """
    chosen, metrics = chosen_policies(definitions, policies), definitions.log_metrics
    wanted = series_in_queries(metrics, (policy.query for policy in chosen))
    if late is not None:
        result, origins = _judged_late(metrics, chosen, files, wanted, (start, end), late, closing, strict, progress)
    else:
        with answering(metrics, files, wanted, cache, strict=strict, groups=groups, progress=progress) as (
            answers,
            points,
        ):
            span = window(points.entries, start, end, longest_window(chosen))
            result = judged(answers, points, chosen, *span, progress, closing=closing)
            origins = points.entries.origins
    # Of one alert's logs the metrics of the others match nothing, which says nothing.
    told = metrics if policies is None else [one for one in metrics if wanted & set(series_names(one))]
    return replace(
        result,
        why_nothing_matched=why_silent(told, result.metrics, origins),
        concerned=frozenset(metric.api_name for metric in told),
    )


def _judged_late(
    metrics: Sequence[LogMetric],
    chosen: Sequence[AlertPolicy],
    files: Sequence[Path | Literal["-"]],
    wanted: Collection[str],
    asked_window: tuple[datetime | None, datetime | None],
    late: Arrival,
    closing: Closing,
    strict: bool,
    progress: Progress | None,
) -> tuple[ReplayResult, Origins]:
    """Evaluate the policies with points that arrive late, and return where the entries came from."""
    with temporary_folder() as folder:
        by_arrival = isinstance(late, EntryDelay)
        with connect() as con:
            counts, summaries = points_of_files(
                con, metrics, files, wanted, strict=strict, by_arrival=by_arrival, progress=progress
            )
            since, until = window(counts, *asked_window, longest_window(chosen))
            asked = [_asked(policy, since, until) for policy in chosen]
            if progress is not None:
                progress("Finding what had not arrived", 0.0)
            make_parts(con, metrics, [late])
            views = make_views(con, metrics, asked, wanted)
            given = store_points(con, metrics, wanted, folder / "data", with_views=True)
        with prometheus_with(folder / "data", given) as prometheus:

            def answers(number: int, full: Sequence[Series]) -> Sequence[Series]:
                return views.answers(prometheus, number, asked[number], 0, asked[number].spans[0], full)

            points = Points(counts, summaries)
            result = judged(
                prometheus, points, chosen, since, until, progress, closing=closing, late=str(late), answers=answers
            )
            return result, counts.origins


def _asked(policy: AlertPolicy, start: datetime, end: datetime) -> Asked:
    interval = policy.evaluation_interval_seconds
    return Asked(policy.query, interval, (evaluation_instants(start, end, interval),))


def judged(
    prometheus: Evaluator,
    points: Points,
    policies: Sequence[AlertPolicy],
    start: datetime,
    end: datetime,
    progress: Progress | None = None,
    *,
    closing: Closing = "delayed",
    late: str | None = None,
    answers: Answers | None = None,
) -> ReplayResult:
    """Evaluate the policies over the points in a window, wherever the points came from."""
    intervals = [policy.evaluation_interval_seconds for policy in policies]
    if intervals and all(first > last for first, last in (evaluation_instants(start, end, one) for one in intervals)):
        raise UserError(
            f"no alert policy is evaluated from {start.isoformat()} to {end.isoformat()}: the next are every "
            f"{min(intervals)} s, at whole multiples of it; give an earlier --from or a later --to"
        )
    found, near = evaluate(prometheus, policies, start, end, progress, closing=closing, answers=answers)
    return ReplayResult(
        window_from=start,
        window_to=end,
        entries_read=points.entries.read,
        entries_rejected=points.entries.rejected,
        first_rejected=points.entries.first_rejected,
        entries_from=points.entries.first_timestamp,
        entries_to=points.entries.last_timestamp,
        metrics=points.metrics,
        policies={policy.name: policy.priority for policy in policies},
        incidents=tuple(found),
        margins=near,
        late=late,
        closing=closing,
    )


def write_points(
    metrics: Sequence[LogMetric],
    files: Sequence[Path | Literal["-"]],
    out: Path,
    *,
    strict: bool = False,
    progress: Progress | None = None,
) -> tuple[EntryCounts, Mapping[str, MetricSummary]]:
    """Write the points of all series of the metrics as OpenMetrics text, as replay evaluates them."""
    wanted = {name for metric in metrics for name in series_names(metric)}
    with connect() as con:
        counts, summaries = points_of_files(con, metrics, files, wanted, strict=strict, progress=progress)
        write_open_metrics(con, metrics, wanted, out)
    return counts, summaries


def evaluate(
    prometheus: Evaluator,
    policies: Sequence[AlertPolicy],
    start: datetime,
    end: datetime,
    progress: Progress | None = None,
    *,
    closing: Closing = "delayed",
    answers: Answers | None = None,
) -> tuple[list[Incident], dict[str, Margin]]:
    """Return the incidents of the policies in a window, ordered by when they opened, then by policy and labels, and the
    margins by the policies' names.

    `answers` makes of a policy's place and of its answers over all points what was answered while points were late.
    Margins are those of points that arrive at once: with it there are none.
    """

    def one(numbered: tuple[int, AlertPolicy]) -> tuple[list[Incident], Margin | None]:
        number, policy = numbered
        interval = policy.evaluation_interval_seconds
        first, last = evaluation_instants(start, end, interval)
        try:
            if answers is not None:
                full = prometheus.query_range(policy.query, first, last, interval)
                return incidents(policy, answers(number, full), last, closing), None
            answered = condition_answers(prometheus, policy, first, last)
            opened = incidents(policy, answered.series, last, closing)
            return opened, margin(prometheus, policy, first, last, answered, opened=bool(opened))
        except UserError as error:
            raise type(error)(error.message, Position(policy.source)) from error

    found: list[Incident] = []
    margins: dict[str, Margin] = {}
    if progress is not None:
        progress("Evaluating the alert policies", 0.0)
    for done, (policy, (opened, near)) in enumerate(
        zip(policies, in_parallel(one, enumerate(policies)), strict=True), start=1
    ):
        found += opened
        if near is not None:
            margins[policy.name] = near
        if progress is not None:
            progress("Evaluating the alert policies", done / len(policies))
    return sorted(found, key=lambda one: (one.opened, one.policy, sorted(one.labels.items()))), margins


def chosen_policies(definitions: Definitions, names: Sequence[str] | None) -> list[AlertPolicy]:
    """Return the policies of these names, None is all of them. Errors: UserError for a name that is not there."""
    by_name = {policy.name: policy for policy in definitions.alert_policies}
    for name in names or ():
        if name not in by_name:
            raise UserError(f"there is no alert policy {name!r}{nearest(name, set(by_name))}")
    return [policy for name, policy in by_name.items() if names is None or name in names]


def longest_window(policies: Sequence[AlertPolicy]) -> timedelta:
    """Return how far before an incident the policies look: ranges, offsets and durations."""
    return max(
        (_look_back(policy.query) + timedelta(seconds=policy.duration_seconds) for policy in policies), default=_NO
    )


def _look_back(query: str) -> timedelta:
    """Return how far a query reads back; nothing where our parser cannot tell, and Prometheus has its say later."""
    try:
        return look_back(parsed(query))
    except ValueError:
        return _NO


def window(
    counts: EntryCounts, start: datetime | None, end: datetime | None, silence: timedelta = _NO
) -> tuple[datetime, datetime]:
    """Return start and end of the evaluation: as asked for, otherwise the minutes of the first and the last entry.

    Of an empty log it is the time of length `silence` before `end`.
    """
    if counts.first_timestamp is None or counts.last_timestamp is None:
        if end is None:
            raise UserError(
                "the files hold no log entry, so nothing says when to look; give both --from and --to, or "
                '--to alone, such as --to "$(date -u +%FT%TZ)", to judge the silence before it'
            )
        first, last = start or end - silence, end
    else:
        first, last = counts.first_timestamp, counts.last_timestamp
    window_from = start or _floor(first)
    window_to = end or _floor(last) + _MINUTE
    if window_from > window_to and end is None:
        raise UserError(
            f"the last entry is of {last.isoformat()}, before --from ({window_from.isoformat()}); "
            "give an earlier --from"
        )
    if window_from > window_to and start is None:
        raise UserError(
            f"the first entry is of {first.isoformat()}, after --to ({window_to.isoformat()}); give a later --to"
        )
    if window_from > window_to:
        raise UserError(
            f"the window ends ({window_to.isoformat()}) before it starts ({window_from.isoformat()}); "
            "mend --from or --to"
        )
    if window_from < _FIRST or window_to > _LAST:
        raise UserError(
            f"the window from {window_from.isoformat()} to {window_to.isoformat()} is not within 1970 and 2261, before "
            "and after which Prometheus evaluates nothing; mend --from or --to"
        )
    return window_from, window_to


def _floor(instant: datetime) -> datetime:
    return instant.astimezone(UTC).replace(second=0, microsecond=0)
