"""Find the definitions that differ between two versions, and which of these each alert depends on."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from loyalty_monitoring.definitions.model import AlertPolicy, Body, LogMetric
from loyalty_monitoring.definitions.settings import Settings
from loyalty_monitoring.query_languages.promql.quoted_names import words
from loyalty_monitoring.report.diff.versions import Version

_SETTINGS = ("project", "resource_type", "environment", "prefix", "runbook_url")


@dataclass(frozen=True)
class DefinitionChange:
    """One definition that differs: its file, and what of it, as dotted keys; "added" or "removed" as a whole."""

    file: str
    what: tuple[str, ...]


@dataclass(frozen=True)
class ParameterChange:
    """A parameter of parameters.yaml or of the stack. A text is as a sentence says it; None where it is not there."""

    name: str
    old: str | None
    new: str | None


@dataclass(frozen=True)
class Changes:
    """All that differs. `of_policy` names for each policy the changes that can alter its incidents.

    `settings` are those of the stack but for its channels and parameters.
    """

    parameters: tuple[ParameterChange, ...]
    definitions: tuple[DefinitionChange, ...]
    of_policy: Mapping[str, tuple[DefinitionChange | ParameterChange, ...]]
    settings: tuple[ParameterChange, ...] = ()

    @property
    def may_alter_incidents(self) -> bool:
        """Whether an alert policy, a metric or a parameter differs in anything; a dashboard rings nobody."""
        files = (change.file for change in self.definitions)
        return bool(self.parameters) or any(not file.startswith("dashboards/") for file in files)


def changes(old: Version, new: Version) -> Changes:
    """Compare two versions of one stack."""
    parameters = tuple(_parameter_changes(old, new))
    of_kind = {
        "alert_policies": _changed("alert_policies", _policies(old), _policies(new)),
        "log_metrics": _changed("log_metrics", _metrics(old), _metrics(new)),
        "dashboards": _changed("dashboards", _dashboards(old), _dashboards(new)),
    }
    names = {policy.name for version in (old, new) for policy in version.definitions.alert_policies}
    return Changes(
        parameters,
        tuple(change for changed in of_kind.values() for change in changed.values()),
        {name: _behind(name, old, new, parameters, of_kind) for name in sorted(names)},
        tuple(_setting_changes(old.settings, new.settings)),
    )


def _setting_changes(old: Settings, new: Settings) -> Iterator[ParameterChange]:
    for name in _SETTINGS:
        before, after = (str(getattr(settings, name)) for settings in (old, new))
        if before != after:
            yield ParameterChange(name, before, after)


def _behind(
    policy: str,
    old: Version,
    new: Version,
    parameters: tuple[ParameterChange, ...],
    of_kind: Mapping[str, Mapping[str, DefinitionChange]],
) -> tuple[DefinitionChange | ParameterChange, ...]:
    """Return the changes that can alter a policy's incidents: parameters first, for they explain the definitions."""
    found: list[DefinitionChange | ParameterChange] = []
    metrics = {metric for version in (old, new) for metric in _read_by(policy, version)}
    used = {
        parameter
        for version in (old, new)
        for definitions, names in (
            (version.definitions.alert_policies, {policy}),
            (version.definitions.log_metrics, metrics),
        )
        for definition in definitions
        if definition.name in names
        for parameter in definition.parameters
    }
    found += [change for change in parameters if change.name in used]
    own = of_kind["alert_policies"].get(policy)
    if own is not None and _decides(own):
        found.append(own)
    found += [of_kind["log_metrics"][metric] for metric in sorted(metrics & of_kind["log_metrics"].keys())]
    return tuple(found)


def _decides(change: DefinitionChange) -> bool:
    """Return whether it alters when incidents open; titles and documentation do not."""
    return any(what in ("added", "removed") or what.startswith("conditions.") for what in change.what)


def _read_by(policy: str, version: Version) -> set[str]:
    """Return the metrics that a policy's query reads."""
    queries = [one.query for one in version.definitions.alert_policies if one.name == policy]
    read = {word for query in queries for word in words(query)}
    read |= {re.sub(r"_(count|sum|bucket)$", "", word) for word in read}
    return {metric.name for metric in version.definitions.log_metrics if metric.promql_name in read}


def _parameter_changes(old: Version, new: Version) -> list[ParameterChange]:
    found = []
    for name in sorted(old.parameters.keys() | new.parameters.keys()):
        before, after = (
            version.parameters[name].text if name in version.parameters else None for version in (old, new)
        )
        if before != after:
            found.append(ParameterChange(name, before, after))
    return found


def _policies(version: Version) -> dict[str, Body]:
    return {policy.name: _with_condition(policy) for policy in version.definitions.alert_policies}


def _with_condition(policy: AlertPolicy) -> Body:
    """Return the body with its one condition under short keys: `conditions.query` instead of a path of five."""
    return {**policy.body, "conditions": policy.condition}


def _metrics(version: Version) -> dict[str, Body]:
    return {metric.name: _without_name(metric) for metric in version.definitions.log_metrics}


def _without_name(metric: LogMetric) -> Body:
    return {key: value for key, value in metric.body.items() if key != "name"}


def _dashboards(version: Version) -> dict[str, Body]:
    return {dashboard.name: dashboard.body for dashboard in version.definitions.dashboards}


def _changed(folder: str, old: Mapping[str, Body], new: Mapping[str, Body]) -> dict[str, DefinitionChange]:
    found: dict[str, DefinitionChange] = {}
    for name in sorted(old.keys() | new.keys()):
        if name not in old or name not in new:
            what: tuple[str, ...] = ("added",) if name in new else ("removed",)
        else:
            what = tuple(_differing(old[name], new[name]))
        if what:
            found[name] = DefinitionChange(f"{folder}/{name}.yaml", what)
    return found


def _differing(old: Any, new: Any, path: str = "") -> list[str]:
    """Return the dotted keys of the innermost objects' values that differ; a list counts as one value."""
    if old == new:
        return []
    if not (isinstance(old, dict) and isinstance(new, dict)):
        return [path]
    found: list[str] = []
    for key in sorted(old.keys() | new.keys()):
        found += _differing(old.get(key), new.get(key), f"{path}.{key}" if path else str(key))
    return found
