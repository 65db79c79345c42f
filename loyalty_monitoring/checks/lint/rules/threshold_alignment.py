"""threshold-alignment: an alignment period is whole minutes, 1 of them up to 25 hours, in an alert policy.

Source: https://docs.cloud.google.com/monitoring/api/ref_v3/rest/v3/projects.alertPolicies#aggregation; the API's words
on multiples are in https://github.com/hashicorp/terraform-provider-google/pull/10893
"""

from __future__ import annotations

from collections.abc import Iterator

from loyalty_monitoring.checks.lint.conditions import seconds
from loyalty_monitoring.checks.lint.policies import typed_conditions
from loyalty_monitoring.checks.lint.rule import Problem, Project, Resource, Rule, at, items, text

_LEAST, _MOST, _STEP = 60, 90_000, 60


def check(policy: Resource, project: Project) -> Iterator[Problem]:
    for condition in typed_conditions(policy, "conditionThreshold", "conditionAbsent"):
        for key in ("aggregations", "denominatorAggregations"):
            for index, aggregation in enumerate(items(condition.body.get(key))):
                # Without an aligner the API ignores the period.
                if text(at(aggregation, "perSeriesAligner")) not in ("", "ALIGN_NONE"):
                    problem = _problem(at(aggregation, "alignmentPeriod"))
                    if problem is not None:
                        place = (*condition.path, key, index)
                        there = "alignmentPeriod" in aggregation
                        yield Problem((*place, "alignmentPeriod") if there else place, *problem)


def _problem(value: object) -> tuple[str, str] | None:
    if value is None:
        return "has an aligner but no alignmentPeriod", "write the period to align to, such as `alignmentPeriod: 60s`"
    period = seconds(value)
    if period is None:
        return None
    if not _LEAST <= period <= _MOST:
        message = f"aligns to {period:g} s; in an alert policy Cloud Monitoring takes 60 s to 90,000 s (25 h)"
        return message, "write a period in that range; for a longer one, log a fresh value and compare that"
    if period % _STEP:
        message = f"aligns to {period:g} s, which is not a whole number of minutes"
        return message, f"write a multiple of 60 s, such as {round(period / _STEP) * _STEP}s"
    return None


RULE = Rule(
    "threshold-alignment",
    "alert_policy",
    "error",
    "An alignment period is shorter, longer or finer than an alert policy can have",
    check,
)
