"""Fired: log files -> replay and violation logs -> pairs -> comparison. Wires the others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal

from loyalty_monitoring.checks.fired.compare import HasEntries, Policies, compare
from loyalty_monitoring.checks.fired.findings import IncidentComparison
from loyalty_monitoring.common.cache import NO_CACHE, Cache
from loyalty_monitoring.common.database import Progress, connect
from loyalty_monitoring.definitions.metric_usage import series_in_queries
from loyalty_monitoring.definitions.model import AlertPolicy, Definitions
from loyalty_monitoring.google_cloud.fired_incidents import VIOLATION_FILTER, Fired, FiredIncident, from_violations
from loyalty_monitoring.query_languages.logging_filter import FieldPath, parse_filter, referenced_fields, to_sql
from loyalty_monitoring.query_languages.promql.expressions import look_back, parsed
from loyalty_monitoring.replay.entries.load import load_entries
from loyalty_monitoring.replay.entries.log_files import readable_again
from loyalty_monitoring.replay.entries.tables import entry_columns
from loyalty_monitoring.replay.kept_answers import answering
from loyalty_monitoring.replay.prometheus import Evaluator
from loyalty_monitoring.replay.run import chosen_policies, judged, window

_MINUTE = timedelta(minutes=1)
_PART_BYTES = 64 * 2**20
# The labels of a violation's log entry (github.com/kubernetes-sigs/kueue/issues/3956 shows them).
_VIOLATION_LABELS = (
    "violation_id",
    "policy_id",
    "policy_display_name",
    "started_at",
    "resolved_at",
    "terse_message",
    "verbose_message",
)


def fired_beside_replay(
    definitions: Definitions,
    files: Sequence[Path | Literal["-"]],
    told: Fired,
    *,
    ids: Mapping[str, str],
    allowance: timedelta,
    start: datetime | None = None,
    end: datetime | None = None,
    policies: Sequence[str] | None = None,
    strict: bool = False,
    cache: Cache = NO_CACHE,
    progress: Progress | None = None,
) -> IncidentComparison:
    """Replay the files, and hold the incidents against those that fired: `told`, and the files' violation logs.

    `ids` maps ids of deployed policies to names of definitions, where they are known. The other parameters are those of
    `replay`. Errors: UserError.
    """
    chosen = chosen_policies(definitions, policies)
    wanted = series_in_queries(definitions.log_metrics, (policy.query for policy in chosen))
    with readable_again(files) as kept:
        fired = Fired(violations_in(kept)) + told
        with answering(definitions.log_metrics, kept, wanted, cache, strict=strict, progress=progress) as (
            prometheus,
            points,
        ):
            result = judged(prometheus, points, chosen, *window(points.entries, start, end), progress)
            return compare(
                result,
                Policies(definitions.alert_policies, ids),
                fired,
                allowance=allowance,
                has_entries=_looked_up(prometheus, definitions, allowance),
            )


def violations_in(files: Sequence[Path]) -> tuple[FiredIncident, ...]:
    """Return the incidents in the violation logs among the entries of the files."""
    parsed_filter = parse_filter(VIOLATION_FILTER)
    paths: list[FieldPath] = [("labels", label) for label in _VIOLATION_LABELS]
    rows: list[tuple[str | None, ...]] = []
    with connect() as con:

        def take(_: object) -> None:
            column = entry_columns(con)
            texts = ", ".join(f"{column(path)}->>'$'" for path in paths)
            matching = f"FROM entries WHERE {to_sql(parsed_filter, column)} ORDER BY time"
            rows.extend(con.execute(f"SELECT {texts} {matching}").fetchall())

        load_entries(con, files, referenced_fields(parsed_filter) | set(paths), take=take, least=_PART_BYTES)
    return from_violations(
        {label: value for label, value in zip(_VIOLATION_LABELS, row, strict=True) if value is not None} for row in rows
    )


def _looked_up(prometheus: Evaluator, definitions: Definitions, allowance: timedelta) -> HasEntries:
    """Ask Prometheus whether a policy's metrics have points within what its query looks back on."""

    def has_entries(policy: AlertPolicy, at: datetime) -> bool:
        seconds = int((look_back(parsed(policy.query)) + allowance + _MINUTE).total_seconds())
        names = sorted(series_in_queries(definitions.log_metrics, [policy.query]))
        query = " or ".join(f"count(count_over_time({name}[{seconds}s]))" for name in names)
        # Evaluations are at whole minutes; what fired may have opened a little before its points' minute ended.
        instant = int((at + _MINUTE).timestamp())
        return bool(prometheus.query_range(query, instant, instant, 60)) if names else True

    return has_entries
