"""promql-syntax: what Cloud Monitoring evaluates passes; what it cannot read, or does not know, does not."""

from __future__ import annotations

import pytest

from tests.checks.lint.conftest import Findings
from tests.checks.lint.promql_policies import QUERY_LINE, policy, total


@pytest.mark.parametrize(
    "query",
    [
        total("runs") + " > 1",
        '{"logging.googleapis.com/user/runs", monitored_resource="k8s_container"} > 1',
        '{__name__="up"} == 0',
        "vector(1) > bool 0",
        "time() - 5",
        "max_over_time(sum(x)[1h:1m]) > 1",
        # Not a mistake of this file: a template, the parser's regular expressions, a query too large to look into.
        "sum(${metric}[5m])",
        "sum({{ metric }}[5m])",
        'x{a=~"\\\\Qa.b\\\\E"}',
        " + ".join(["x"] * 400),
        "x[3000000y]",
    ],
)
def test_what_can_be_evaluated_or_cannot_be_judged_passes(findings: Findings, query: str) -> None:
    assert findings("promql-syntax", policy(query)) == []


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("sum(x", "cannot be read"),
        ("x > > 1", "cannot be read"),
        ("rate(x)", "cannot be read"),
        ("foo(x) > 1", "unknown function"),
        ("1 > 2", "cannot be read"),
        ("", "has no query"),
        ("  ", "has no query"),
        ('sort_by_label(x, "a") > 1', "sort_by_label() does not exist in Prometheus 2.44"),
        ("limitk(1, x) > 1", "limitk() does not exist"),
        ('x{a="1" or b="2"} > 1', "`or` between matchers does not exist"),
        ('{__name__=~"x.*"} > 1', "does not name its metric exactly"),
        ('{__name__!="x", a="b"} > 1', "does not name its metric exactly"),
        ('{a="b"} > 1', "does not name its metric exactly"),
        ("x[5m]", "gives a range"),
        ("(sum(x)[5m:1m])", "gives a range"),
        ('"text"', "gives a range or a text"),
    ],
)
def test_what_cannot_is_an_error_at_the_query(findings: Findings, query: str, said: str) -> None:
    (finding,) = findings("promql-syntax", policy(query))
    assert (finding.severity, finding.line) == ("error", QUERY_LINE)
    assert said in finding.message
    assert finding.remedy


def test_a_missing_query_is_an_error_at_the_condition(findings: Findings) -> None:
    text = policy("x").replace("      query: 'x'", "      duration: 0s")
    (finding,) = findings("promql-syntax", text)
    assert finding.line == 5
    assert finding.remedy.startswith("write the PromQL")


@pytest.mark.parametrize("value", ["1", "[]", "{a: b}", "true"])
def test_other_shapes_pass(findings: Findings, value: str) -> None:
    assert findings("promql-syntax", policy("x").replace("'x'", value)) == []


def test_each_mistake_is_told_once(findings: Findings) -> None:
    query = '{a="b"} > limitk(1, {a="b"}) and limitk(1, {a="b"}) > 1'
    assert len(findings("promql-syntax", policy(query))) == 2
