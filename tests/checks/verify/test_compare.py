"""No single slip goes unseen: each value of each deployed resource is changed, and then taken away."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import pytest
from google.protobuf import json_format

from loyalty_monitoring.checks.verify.compare import ExpectedResources, compare
from loyalty_monitoring.checks.verify.run import expected_resources
from loyalty_monitoring.definitions.model import Body
from loyalty_monitoring.google_cloud.deployed import Deployed
from tests.checks.verify.server import Cloud
from tests.checks.verify.test_verify import deployed, stack_of

KINDS = ("log_metrics", "alert_policies", "notification_channels", "dashboards")
# What only the server can know, and the secrets that it hides.
SERVERS_OWN = ("createTime", "updateTime", "etag", "creationRecord", "mutationRecord", "mutationRecords")
IN_DESCRIPTOR = ("name", "type", "description")


def _leaves(value: Any, way: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield from _leaves(item, (*way, key))
    if not isinstance(value, dict | list):
        yield way


def _counts(kind: str, way: tuple[Any, ...]) -> bool:
    """Whether a place is the definition's to say."""
    if way[0] in SERVERS_OWN or way[0] == "verificationStatus":
        return False
    if kind == "log_metrics":
        return not (way[0] == "metricDescriptor" and way[1] in IN_DESCRIPTOR)
    return way != ("name",) and not (way[0] == "conditions" and way[2] == "name")


def _changed(value: Any) -> Any:
    if isinstance(value, bool):
        return not value
    return value + 1 if isinstance(value, int | float) else f"{value}x"


def _at(body: Body, way: tuple[Any, ...]) -> Any:
    for step in way:
        body = body[step]
    return body


def _bodies(cloud: Cloud, kind: str) -> dict[str, Body]:
    return {name: json_format.MessageToDict(type(item).pb(item)) for name, item in getattr(cloud, kind).items()}


@pytest.mark.parametrize("kind", KINDS)
def test_each_value_that_is_changed_or_taken_away_is_found(kind: str) -> None:
    settings, definitions = stack_of("demo", whole=True)
    cloud = deployed(whole=True)
    bodies = {each: _bodies(cloud, each) for each in KINDS}
    wanted = expected_resources(settings, definitions)
    unseen, tried = [], 0
    for name, body in bodies[kind].items():
        # Policies name channels, and dashboards policies; one of the kind itself, and nothing else, is enough.
        needed = {"alert_policies": ["notification_channels"], "dashboards": ["alert_policies"]}.get(kind, [])
        wanted_here = {each: getattr(wanted, each) if each in needed else {} for each in KINDS}
        there = {each: tuple(bodies[each].values()) if each in needed else () for each in KINDS}
        wanted_here[kind] = {name: getattr(wanted, kind)[name]}
        for way in _leaves(body):
            if not _counts(kind, way):
                continue
            for change in ("changed", "taken away"):
                other = copy.deepcopy(body)
                *before, last = way
                parent = _at(other, tuple(before))
                if change == "changed":
                    parent[last] = _changed(parent[last])
                else:
                    del parent[last]
                    if way == ("enabled",):
                        continue  # the API always gives it, and without it means enabled
                there[kind] = (other,)
                found = compare(settings, ExpectedResources(**wanted_here), Deployed(**there, last_points={}))
                tried += 1
                if not found or (change == "changed" and "drift" not in {each.level for each in found}):
                    unseen.append((name, way, change, found))
    assert unseen == []
    assert tried >= 10
