"""policy-strategy: incidents close and ring again after 30 minutes or more.

Source: https://docs.cloud.google.com/monitoring/api/ref_v3/rest/v3/projects.alertPolicies#alertstrategy for the fields;
the API's words on a short autoClose are in https://github.com/nomadkaraoke/karaoke-gen/pull/788. The other bounds are
second-hand, hence a warning.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from loyalty_monitoring.checks.lint.conditions import seconds
from loyalty_monitoring.checks.lint.rule import Problem, Project, Resource, Rule, at, items
from loyalty_monitoring.common.yaml_documents import Path_

_HALF_AN_HOUR, _DAY = 1_800, 86_400


def check(policy: Resource, project: Project) -> Iterator[Problem]:
    strategy = policy.body.get("alertStrategy")
    path = ("alertStrategy", "autoClose")
    yield from _outside(path, at(strategy, "autoClose"), "closes incidents without data", 7 * _DAY, "7 days")
    for index, channels in enumerate(items(at(strategy, "notificationChannelStrategy"))):
        path_ = ("alertStrategy", "notificationChannelStrategy", index, "renotifyInterval")
        yield from _outside(path_, at(channels, "renotifyInterval"), "repeats notifications", _DAY, "24 h")


def _outside(path: Path_, value: Any, does: str, most: int, most_text: str) -> Iterator[Problem]:
    interval = seconds(value)
    if interval is not None and not _HALF_AN_HOUR <= interval <= most:
        yield Problem(
            path,
            f"{does} after {interval:g} s; Cloud Monitoring takes 1,800 s (30 min) to {most:,} s ({most_text})",
            "write a duration in that range, such as 3600s",
        )


RULE = Rule(
    "policy-strategy",
    "alert_policy",
    "warning",
    "Incidents close or are repeated sooner or later than Cloud Monitoring can",
    check,
)
