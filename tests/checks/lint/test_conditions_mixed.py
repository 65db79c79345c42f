"""conditions-mixed: up to 6 conditions, each of a type; a query, a log match and SQL alone."""

from __future__ import annotations

import pytest

from tests.checks.lint.conftest import Findings


def policy(*conditions: str) -> str:
    return "displayName: runs\ncombiner: OR\nconditions:\n" + "".join(f"  - {one}\n" for one in conditions)


THRESHOLD = "conditionThreshold: {filter: a}"
ABSENT = "conditionAbsent: {filter: a}"
PROMQL = "conditionPrometheusQueryLanguage: {query: a > 1}"
MQL = "conditionMonitoringQueryLanguage: {query: a}"
LOG = "conditionMatchedLog: {filter: a}"
SQL = "conditionSql: {query: a}"


@pytest.mark.parametrize(
    "text",
    [
        policy(THRESHOLD),
        policy(*[THRESHOLD] * 6),
        policy(THRESHOLD, ABSENT),
        policy(PROMQL),
        policy(MQL),
        policy(LOG),
        policy(SQL),
        policy("conditionOfTomorrow: {a: 1}", THRESHOLD),
        policy("not a condition"),
        "displayName: runs\ncombiner: OR\nconditions: 5\n",
    ],
)
def test_up_to_6_of_one_type_each_and_one_alone_pass(findings: Findings, text: str) -> None:
    assert findings("conditions-mixed", text) == []


@pytest.mark.parametrize(
    ("text", "line", "said", "remedy"),
    [
        (policy(*[THRESHOLD] * 7), 3, "conditions has 7 entries; at most 6", "split the policy"),
        (policy(THRESHOLD, PROMQL), 5, "a PromQL condition stands beside", "a policy of its own"),
        (policy(PROMQL, PROMQL), 4, "a PromQL condition stands beside", "in one query"),
        (policy(MQL, THRESHOLD), 4, "an MQL condition stands beside", "a policy of its own"),
        (policy(ABSENT, LOG), 5, "a log match stands beside", "a policy of its own"),
        (policy(SQL, "conditionOfTomorrow: {a: 1}"), 4, "a SQL condition stands beside", "a policy of its own"),
        (policy(THRESHOLD, "displayName: a"), 5, "has no type", "add conditionThreshold"),
        (policy("{}"), 4, "has no type", "add conditionThreshold"),
    ],
)
def test_any_other_mix_is_an_error(findings: Findings, text: str, line: int, said: str, remedy: str) -> None:
    (finding,) = findings("conditions-mixed", text)
    assert (finding.severity, finding.line) == ("error", line)
    assert said in finding.message
    assert remedy in finding.remedy
