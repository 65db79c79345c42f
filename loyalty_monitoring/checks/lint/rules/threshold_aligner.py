"""threshold-aligner: aligners and reducers fit the log-based metric, and give one number a series.

A log-based metric is DELTA, of INT64 or of distributions. Of other metrics kind and type are not known here; a reducer
without an aligner is refused for all of them.

Source: https://docs.cloud.google.com/monitoring/api/ref_v3/rest/v3/projects.alertPolicies#aggregation and #aligner, see
aggregations.yaml
"""

from __future__ import annotations

from collections.abc import Iterator

from loyalty_monitoring.checks.lint.aggregations import is_number
from loyalty_monitoring.checks.lint.filter_checks import aligned, unaligned_reducer
from loyalty_monitoring.checks.lint.filter_conditions import LogBasedFilter, log_based_filters
from loyalty_monitoring.checks.lint.policies import typed_conditions
from loyalty_monitoring.checks.lint.rule import Problem, Project, Resource, Rule, items


def check(policy: Resource, project: Project) -> Iterator[Problem]:
    for condition in typed_conditions(policy, "conditionThreshold", "conditionAbsent"):
        for key in ("aggregations", "denominatorAggregations"):
            for index, aggregation in enumerate(items(condition.body.get(key))):
                yield from unaligned_reducer((*condition.path, key, index), aggregation)
    for one in log_based_filters(policy, project):
        yield from _applied(one)


def _applied(one: LogBasedFilter) -> Iterator[Problem]:
    found = aligned(one)
    if isinstance(found, Problem):
        yield found
    elif found is not None and not is_number(found) and "conditionThreshold" in one.path:
        yield Problem(
            one.path,
            f"compares the distribution {one.name!r} with a threshold, which takes numbers",
            "reduce it to one, with ALIGN_PERCENTILE_95 or REDUCE_MEAN for instance",
        )


RULE = Rule(
    "threshold-aligner",
    "alert_policy",
    "error",
    "An aligner or reducer does not fit the kind and value type of its log-based metric",
    check,
)
