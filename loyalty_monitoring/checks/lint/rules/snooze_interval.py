"""snooze-interval: a snooze ends after it begins, and a filter goes with one policy.

Source: https://docs.cloud.google.com/monitoring/api/ref_v3/rest/v3/projects.snoozes
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from loyalty_monitoring.checks.lint.rule import Problem, Project, Resource, Rule, at, items, text


def check(snooze: Resource, project: Project) -> Iterator[Problem]:
    start, end = (_time(at(snooze.body, "interval", name)) for name in ("startTime", "endTime"))
    if start is not None and end is not None and end < start:
        yield Problem(
            ("interval", "endTime"),
            "the snooze ends before it begins",
            "write an endTime after startTime, both in one time zone or with Z",
        )
    policies = items(at(snooze.body, "criteria", "policies"))
    if text(at(snooze.body, "criteria", "filter")) and len(policies) > 1:
        yield Problem(
            ("criteria", "filter"),
            f"has a filter and {len(policies)} policies; with a filter the API takes exactly one",
            "write a snooze for each policy, or remove the filter",
        )


def _time(value: object) -> datetime | None:
    try:
        time = datetime.fromisoformat(text(value).upper())
    except ValueError:
        return None
    return time if time.tzinfo is not None else None


RULE = Rule("snooze-interval", "snooze", "error", "A snooze ends before it begins, or has too many policies", check)
