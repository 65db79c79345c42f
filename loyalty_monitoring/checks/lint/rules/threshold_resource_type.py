"""threshold-resource-type: the filter of a threshold or absence names a metric type and a resource type.

A denominator's filter needs the metric type only. Sources:
https://docs.cloud.google.com/monitoring/api/ref_v3/rest/v3/projects.alertPolicies#metricthreshold, the API's words in
https://github.com/hashicorp/terraform-provider-google/issues/4165, and for selectors in place of both types
https://docs.cloud.google.com/stackdriver/docs/solutions/slo-monitoring/api/create-policy-api
"""

from __future__ import annotations

from collections.abc import Iterator

from loyalty_monitoring.checks.lint.monitoring_filters import names_type
from loyalty_monitoring.checks.lint.placeholders import has_placeholder
from loyalty_monitoring.checks.lint.policies import typed_conditions
from loyalty_monitoring.checks.lint.rule import Problem, Project, Resource, Rule

_NEEDED = {"filter": ("metric.type", "resource.type"), "denominatorFilter": ("metric.type",)}
_EXAMPLE = {
    "metric.type": 'add `metric.type="..."`, the one metric to watch',
    "resource.type": 'add `resource.type="..."`, such as "k8s_container" or "cloud_run_revision"',
}


def check(policy: Resource, project: Project) -> Iterator[Problem]:
    for condition in typed_conditions(policy, "conditionThreshold", "conditionAbsent"):
        for key, types in _NEEDED.items():
            filter_ = condition.body.get(key)
            if not isinstance(filter_, str) or (key == "denominatorFilter" and not filter_):
                continue
            path = (*condition.path, key)
            for type_ in types:
                if not has_placeholder(filter_) and not names_type(filter_, type_.partition(".")[0]):
                    yield Problem(path, f"the filter does not say {type_}", _EXAMPLE[type_])


RULE = Rule(
    "threshold-resource-type",
    "alert_policy",
    "error",
    "The filter of a threshold or absence lacks its metric type or resource type",
    check,
)
