"""promql-unknown-label: labels of the metric and of its resource pass; what neither has does not."""

from __future__ import annotations

import pytest

from tests.checks.lint.conftest import Findings
from tests.checks.lint.promql_policies import QUERY_LINE, metric, policy, selector

RUNS, SECONDS = metric("runs", "task", "store"), metric("seconds", "task", distribution=True)
A, B = selector("runs"), selector("seconds_sum")


@pytest.mark.parametrize(
    "query",
    [
        selector("runs", 'task="a"', 'store=~"b|c"', 'pod_name!="d"', 'location="e"', 'project_id="f"', 'log="g"'),
        selector("runs", 'metadata_user_team="a"', 'metric_location="b"'),
        f"sum by (task, store, cluster_name) ({A})",
        f"sum without (pod_name) ({A})",
        f"histogram_quantile(0.9, sum by (le, task) ({selector('seconds_bucket')}))",
        f"sum by (task, store) ({A}) / on (task) group_left (store) sum by (task) ({B})",
        f"{A} * ignoring (store) group_left () {B}",
        # A matcher that is met without the label, and a pattern that may be.
        selector("runs", 'nothing=""'),
        selector("runs", 'nothing=~"a|"'),
        selector("runs", 'nothing=~".*"'),
        # Labels that the query makes, or that a series of unknown origin may have.
        f'sum by (team) (label_replace({A}, "team", "$1", "store", "(.).*"))',
        f'sum by (team) (label_join({A}, "team", "-", "store", "task"))',
        f'sum by (team) (count_values("team", {A}))',
        f"sum by (team) ({A} * on (task) group_left (team) team_of_task)",
        'sum by (team) (logging_googleapis_com:user_runs{monitored_resource="my_resource", team="a"})',
        'sum by (team) (logging_googleapis_com:user_runs{team="a"})',
        'sum by (team) (logging_googleapis_com:user_elsewhere{monitored_resource="k8s_container", team="a"})',
        "sum by (team) (vector(1))",
        "sum by (team",
    ],
)
def test_labels_that_are_there_or_may_be_pass(findings: Findings, query: str) -> None:
    assert findings("promql-unknown-label", policy(query) + RUNS + SECONDS) == []


@pytest.mark.parametrize(
    ("query", "said"),
    [
        (selector("runs", 'tasks="a"'), "has no label 'tasks'"),
        (selector("runs", 'tasks!="a"'), "has no label 'tasks'"),
        (selector("runs", 'tasks!=""'), "has no label 'tasks'"),
        (selector("runs", 'tasks=~"a|b-c"'), "has no label 'tasks'"),
        (selector("runs", 'tasks!~".+"'), "has no label 'tasks'"),
        (selector("runs", 'revision_name="a"'), "has no label 'revision_name'"),
        (selector("runs", 'le="1"'), "has no label 'le'"),
        (selector("seconds_sum", 'le="1"'), "user_seconds_sum has no label 'le'"),
        (f"sum by (team) ({A})", "`by (team)`"),
        (f"sum without (pod) ({A})", "`without (pod)`"),
        (f"{A} * on (team) {B}", "`on (team)`"),
        (f"{A} * ignoring (pod) {B}", "`ignoring (pod)`"),
        (f"{A} * on (task) group_left (team) {B}", "`group_left (team)`"),
        (f"(sum by (team) ({A}) or vector(0)) == 0", "`by (team)`"),
    ],
)
def test_what_no_metric_has_is_an_error_at_the_query(findings: Findings, query: str, said: str) -> None:
    (finding,) = findings("promql-unknown-label", policy(query) + RUNS + SECONDS)
    assert (finding.severity, finding.line) == ("error", QUERY_LINE)
    assert said in finding.message
    assert finding.remedy.startswith("name a label of the metric")


def test_the_remedy_names_the_nearest_label(findings: Findings) -> None:
    (finding,) = findings("promql-unknown-label", policy(f"sum by (stores) ({A})") + RUNS)
    assert "did you mean 'store'?" in finding.remedy


def test_a_template_s_labels_are_not_known(findings: Findings) -> None:
    assert (
        findings("promql-unknown-label", policy(f"sum by (team) ({A})") + RUNS.replace("store:", '"${label}":')) == []
    )


def test_many_labels_are_told_of_soon_and_not_all(findings: Findings) -> None:
    matchers = [f'l{number}{"x" * 200}="a"' for number in range(2000)]
    assert len(findings("promql-unknown-label", policy(selector("runs", *matchers)) + RUNS)) == 20
