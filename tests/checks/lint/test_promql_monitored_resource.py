"""promql-monitored-resource: one resource type by name passes, none or a pattern does not."""

from __future__ import annotations

import pytest

from tests.checks.lint.conftest import Findings
from tests.checks.lint.promql_policies import QUERY_LINE, metric, policy, total

NAME = "logging_googleapis_com:user_runs"


@pytest.mark.parametrize(
    "text",
    [
        policy(total("runs") + " > 1"),
        policy("up == 0"),
        policy(f"{NAME}{{${{matchers}}}} > 1"),
        policy("sum("),
        # The filter lets one type write the metric, or a template still says which.
        policy(f"{NAME} > 1") + metric("runs", filter_='resource.type="k8s_container" severity=ERROR'),
        policy(f"{NAME}_sum > 1") + metric("runs", distribution=True, filter_="resource.type = k8s_container"),
        policy(f"{NAME} > 1") + metric("runs", filter_="${filter}"),
    ],
)
def test_one_resource_type_passes(findings: Findings, text: str) -> None:
    assert findings("promql-monitored-resource", text) == []


@pytest.mark.parametrize(
    "text",
    [
        policy(f"{NAME} > 1"),
        policy(f'{NAME}{{monitored_resource=~"k8s.*"}} > 1'),
        policy(f'{NAME}{{monitored_resource!="global"}} > 1'),
        policy(f'{NAME}{{monitored_resource=""}} > 1'),
        policy('{"logging.googleapis.com/user/runs"} > 1'),
        policy(f"{total('runs')} / sum(sum_over_time({NAME}[1h])) > 1"),
        policy(f"{NAME} > 1") + metric("runs"),
        policy(f"{NAME} > 1") + metric("runs", filter_='resource.type=("k8s_container" OR "k8s_pod")'),
    ],
)
def test_none_or_a_pattern_is_an_error_at_the_query(findings: Findings, text: str) -> None:
    (finding,) = findings("promql-monitored-resource", text)
    assert (finding.severity, finding.line) == ("error", QUERY_LINE)
    assert NAME in finding.message
    assert 'monitored_resource="k8s_container"' in finding.remedy
