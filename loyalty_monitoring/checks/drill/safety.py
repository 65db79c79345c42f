"""Decide whether a drill may write to a project: plain functions on what is deployed there and on the drill's lines."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from loyalty_monitoring.checks.drill.scenarios import Entry
from loyalty_monitoring.common.database import connect
from loyalty_monitoring.common.errors import UserError
from loyalty_monitoring.common.temporary_folders import temporary_folder
from loyalty_monitoring.definitions.model import AlertPolicy, Body, Definitions, LogMetric
from loyalty_monitoring.google_cloud.deployed import Deployed
from loyalty_monitoring.query_languages.logging_filter import Filter, parse_filter, to_sql
from loyalty_monitoring.replay.entries.filtering import filter_fields, refuse_undecided
from loyalty_monitoring.replay.entries.load import load_entries
from loyalty_monitoring.replay.entries.tables import entry_columns


def counted(filters: Mapping[str, str], entries: Sequence[Entry]) -> dict[str, int | str]:
    """Count the entries that each filter matches, by its name; a text says why the count is not known."""
    found: dict[str, int | str] = {}
    parsed: dict[str, Filter] = {}
    for name, text in filters.items():
        try:
            parsed[name] = parse_filter(text)
        except UserError as error:
            found[name] = error.message
    with temporary_folder() as folder, connect() as con:
        file = folder / "lines.jsonl"
        file.write_text("".join(json.dumps(entry) + "\n" for entry in entries), encoding="utf-8")
        fields = frozenset().union(*map(filter_fields, parsed.values()))
        load_entries(con, [file], fields, strict=True)
        column = entry_columns(con)
        for name, of_filter in parsed.items():
            try:
                refuse_undecided(con, of_filter, column)
                row = con.execute(f"SELECT count(*) FROM entries WHERE {to_sql(of_filter, column)}").fetchone()
                found[name] = int(row[0]) if row else 0
            except UserError as error:
                found[name] = error.message
    return found


def refusals(
    definitions: Definitions,
    alerts: Sequence[AlertPolicy],
    needed: Sequence[LogMetric],
    policies: Mapping[str, Body],
    deployed: Deployed,
    entries: Sequence[Entry],
) -> list[str]:
    """Return everything that speaks against writing these entries, each with its remedy; none when they may be written.

    `alerts` are the chosen ones and `needed` the metrics that they read; `policies` are the stack's deployed policies
    by the names of their definitions. A filter that cannot be evaluated speaks against it as well.
    """
    return [
        *_not_deployed(alerts, needed, policies, deployed),
        *_of_others(definitions, policies, deployed, entries),
    ]


def _not_deployed(
    alerts: Sequence[AlertPolicy], needed: Sequence[LogMetric], policies: Mapping[str, Body], deployed: Deployed
) -> Iterator[str]:
    metrics = {body.get("name"): body for body in deployed.log_metrics}
    deploy = "deploy the stack first: pulumi up --refresh"
    for metric in needed:
        body = metrics.get(metric.api_name)
        if body is None:
            yield f"the log-based metric {metric.api_name} is not there; {deploy}"
        elif body.get("disabled"):
            yield f"the log-based metric {metric.api_name} is disabled and would count nothing; {deploy}"
        elif body.get("filter") != metric.body["filter"]:
            yield f"the log-based metric {metric.api_name} has another filter than its definition; {deploy}"
    for alert in alerts:
        policy = policies.get(alert.name)
        if policy is None:
            yield f"the alert policy {alert.name} is not there; {deploy}"
        elif not policy.get("enabled", True):
            yield f"the alert policy {alert.name} is disabled and would open nothing; {deploy}"
        elif policy.get("validity", {}).get("code"):
            yield f"the alert policy {alert.name} is invalid and would open nothing; {deploy}"


def _of_others(
    definitions: Definitions,
    policies: Mapping[str, Body],
    deployed: Deployed,
    entries: Sequence[Entry],
) -> Iterator[str]:
    """Yield metrics and log-match policies of others that would take the drill's lines for real ones."""
    ours = {metric.api_name for metric in definitions.log_metrics}
    filters = {
        f"the log-based metric {body.get('name', '')} of somebody else": str(body.get("filter", ""))
        for body in deployed.log_metrics
        if body.get("name") not in ours and not body.get("disabled")
    }
    our_policies = {str(body.get("name", "")) for body in policies.values()}
    for body in deployed.alert_policies:
        if body.get("name") in our_policies or not body.get("enabled", True):
            continue
        for condition in body.get("conditions", []):
            if "conditionMatchedLog" in condition:
                name = f"the log-match policy {body.get('displayName', '')!r} of somebody else"
                filters[name] = str(condition["conditionMatchedLog"].get("filter", ""))
    for name, count in counted(filters, entries).items():
        remedy = "drill in a project without it, or leave these lines out of its filter"
        if isinstance(count, str):
            yield f"whether {name} would count the lines cannot be told ({count}); {remedy}"
        elif count:
            yield f"{name} would count {count:,} of the lines; {remedy}"


def notified(policy: Body, deployed: Deployed) -> list[str]:
    """Return who is notified when a deployed policy opens an incident: display names and types, never addresses."""
    channels = {str(body.get("name", "")).rpartition("/")[2]: body for body in deployed.notification_channels}
    found = []
    for name in policy.get("notificationChannels", []):
        channel = channels.get(str(name).rpartition("/")[2])
        if channel is None:
            found.append("a channel that is not there")
            continue
        state = "" if channel.get("enabled", True) else ", disabled"
        state += ", not verified" if channel.get("verificationStatus") == "UNVERIFIED" else ""
        found.append(f"{channel.get('displayName', '')} ({channel.get('type', '')}{state})")
    return found


def readers_of_others(needed: Sequence[LogMetric], policies: Mapping[str, Body], deployed: Deployed) -> list[Body]:
    """Return the enabled policies that are not the stack's and name one of these metrics: they may open as well."""
    names = {
        name for metric in needed for name in (metric.promql_name, f"logging.googleapis.com/user/{metric.api_name}")
    }
    ours = {str(body.get("name", "")) for body in policies.values()}
    return [
        body
        for body in deployed.alert_policies
        if body.get("name") not in ours and body.get("enabled", True) and _names_one(body.get("conditions", []), names)
    ]


def _names_one(conditions: Any, names: set[str]) -> bool:
    text = json.dumps(conditions, ensure_ascii=False)
    return any(name in text for name in names)
