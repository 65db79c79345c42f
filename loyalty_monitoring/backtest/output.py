"""Print what a backtest found or would read: replay's own report and the source of the entries, as text or JSON."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from rich.console import Console

from loyalty_monitoring.backtest.run import BacktestPlan, LoggingSource, ViewSource
from loyalty_monitoring.backtest.view import View
from loyalty_monitoring.google_cloud.api_limits import (
    DOLLARS_A_TIB,
    FILTER_CHARACTERS,
    PAGE_SIZE,
    READ_REQUESTS_A_MINUTE,
    TIB,
)
from loyalty_monitoring.replay import timeline
from loyalty_monitoring.replay.quantities import PolicyUnits
from loyalty_monitoring.replay.result import ReplayResult
from loyalty_monitoring.replay.timeline import print_text, rfc3339

_LATE = timedelta(hours=1)


def as_object(planned: BacktestPlan, result: ReplayResult, source: LoggingSource | ViewSource) -> dict[str, Any]:
    """Return replay's JSON object, and `source`: where the entries came from."""
    if isinstance(source, ViewSource):
        of_view = {**_view(planned, source.view, source.estimated), "first_entry": rfc3339(source.first)}
        return {"source": of_view, **timeline.as_object(result)}
    of_source = {
        **_source(planned),
        "first_entry": rfc3339(source.first),
        "requests": source.requests,
        "waited_seconds": round(source.waited, 1),
        "kept": None if source.kept is None else str(source.kept),
    }
    return {"source": of_source, **timeline.as_object(result)}


def print_result(
    planned: BacktestPlan,
    result: ReplayResult,
    source: LoggingSource | ViewSource,
    units: PolicyUnits,
    value_units: Mapping[str, str],
) -> None:
    """Print where the entries came from, then replay's timeline, in the units of each policy's numbers and values."""
    console = Console(highlight=False)
    for line in _origin(planned, source):
        console.print(line, soft_wrap=True, markup=False)
    print_text(result, console, units, value_units)
    if isinstance(source, LoggingSource) and source.kept is not None:
        again = f"The entries are kept; to replay them: {_replay(planned, source.kept)}"
        console.print(again, soft_wrap=True, markup=False)


def plan_as_json(planned: BacktestPlan) -> str:
    """Return the window, filter and limits of a read as JSON; the number of entries is not known before."""
    quota = {"entries_a_request": PAGE_SIZE, "requests_a_minute": READ_REQUESTS_A_MINUTE}
    return _json({"source": {**_source(planned), **quota}, "window": _window(planned)})


def plan_as_text(planned: BacktestPlan) -> str:
    """Return the window and filter of a read as text, with what is known of its duration."""
    text = planned.filter
    an_hour = 60 * PAGE_SIZE * READ_REQUESTS_A_MINUTE
    return "\n".join(
        [
            f"Nothing was read. From project {planned.settings.project}, through the Logging API, would be:",
            f"  window   {_minute(planned.start)} to {_minute(planned.end)} UTC",
            f"  history  from {_minute(planned.history)} UTC on, for the windows of the alerts",
            f"  filter   {len(text):,} of at most {FILTER_CHARACTERS:,} characters",
            "",
            *(f"    {line}" for line in text.splitlines()),
            "",
            "How many entries that are, the API does not say; put the filter into the Logs Explorer to see. A request",
            f"brings at most {PAGE_SIZE:,}, and many projects have {READ_REQUESTS_A_MINUTE} read requests a minute,",
            f"which all readers share: an hour reads at most {an_hour:,} entries. Your quota:",
            f"https://console.cloud.google.com/iam-admin/quotas?project={planned.settings.project}",
        ]
    )


def view_plan_as_json(planned: BacktestPlan, view: View, estimated: int) -> str:
    """Return the query that BigQuery would run and the bytes and price of it, as JSON."""
    price = {"dollars_a_tib": DOLLARS_A_TIB, "dollars": round(_dollars(estimated), 4)}
    return _json({"source": {**_view(planned, view, estimated), **price}, "window": _window(planned)})


def view_plan_as_text(planned: BacktestPlan, view: View, estimated: int) -> str:
    return "\n".join(
        [
            f"Nothing was read. In the view {view}, by BigQuery, would be counted:",
            f"  window   {_minute(planned.start)} to {_minute(planned.end)} UTC",
            f"  history  from {_minute(planned.history)} UTC on, for the windows of the alerts",
            f"  bytes    {estimated:,}, by BigQuery's dry run: ${_dollars(estimated):,.2f} at ${DOLLARS_A_TIB} a TiB,",
            f"           charged to project {planned.settings.project}; the first TiB of a month is free",
        ]
    )


def _dollars(estimated: int) -> float:
    return estimated / TIB * DOLLARS_A_TIB


def _origin(planned: BacktestPlan, source: LoggingSource | ViewSource) -> Iterator[str]:
    if isinstance(source, ViewSource):
        where = f"View {source.view}, by BigQuery: {source.estimated:,} bytes, ${_dollars(source.estimated):,.2f}"
    else:
        waited = f", {source.waited:.0f} s of waiting for the quota" if source.waited else ""
        requests = f"{source.requests:,} request{'' if source.requests == 1 else 's'}"
        where = f"Project {planned.settings.project}, through the Logging API: {requests}{waited}"
    yield f"{where}; history from {_minute(planned.history)} UTC on"
    if source.first - planned.history > _LATE:
        yield (
            f"The first entry is of {_minute(source.first)} UTC: nothing was logged before, or it is no longer kept; "
            "until then the alerts see nothing"
        )


def _replay(planned: BacktestPlan, kept: Path) -> str:
    """Return the command that finds the same incidents without reading."""
    words = ["loyalty-monitoring", "replay", "--stack", planned.settings.stack]
    words += ["--from", rfc3339(planned.start), "--to", rfc3339(planned.end)]
    if len(planned.policies) < len(planned.definitions.alert_policies):
        words += [word for policy in planned.policies for word in ("--policy", policy.name)]
    return shlex.join([*words, str(kept)])


def _source(planned: BacktestPlan) -> dict[str, Any]:
    return {
        "kind": "logging_api",
        "project": planned.settings.project,
        "from": rfc3339(planned.history),
        "to": rfc3339(planned.end),
        "filter": planned.filter,
    }


def _view(planned: BacktestPlan, view: View, estimated: int) -> dict[str, Any]:
    return {
        "kind": "log_analytics_view",
        "project": planned.settings.project,
        "view": str(view),
        "from": rfc3339(planned.history),
        "to": rfc3339(planned.end),
        "estimated_bytes": estimated,
    }


def _window(planned: BacktestPlan) -> dict[str, str]:
    return {"from": rfc3339(planned.start), "to": rfc3339(planned.end)}


def _json(body: dict[str, Any]) -> str:
    return json.dumps(body, indent=2, ensure_ascii=False)


def _minute(instant: datetime) -> str:
    return instant.astimezone(UTC).strftime("%Y-%m-%d %H:%M")
