"""condition-interval: 30 seconds and its multiples pass, a second more or less does not."""

from __future__ import annotations

import pytest

from tests.checks.lint.conftest import Findings
from tests.checks.lint.promql_policies import policy


@pytest.mark.parametrize("interval", ["30s", "60s", "90.0s", "3600s", "60", "[]", "${interval}"])
def test_multiples_of_30_seconds_and_what_cannot_be_judged_pass(findings: Findings, interval: str) -> None:
    assert findings("condition-interval", policy("up == 0", f"evaluationInterval: {interval}")) == []


def test_no_interval_passes(findings: Findings) -> None:
    assert findings("condition-interval", policy("up == 0")) == []


@pytest.mark.parametrize(
    ("interval", "remedy"),
    [
        ("0s", "in that range"),
        ("1s", "in that range"),
        ("29s", "in that range"),
        ("31s", "30s"),
        ("59s", "30s or 60s"),
        ("100s", "90s or 120s"),
        ("30.5s", "30s"),
    ],
)
def test_a_second_more_or_less_is_an_error_at_the_interval(findings: Findings, interval: str, remedy: str) -> None:
    (finding,) = findings("condition-interval", policy("up == 0", "duration: 0s", f"evaluationInterval: {interval}"))
    assert (finding.severity, finding.line) == ("error", 8)
    assert interval.removesuffix("s") in finding.message
    assert remedy in finding.remedy


@pytest.mark.parametrize("interval", ["1m", "'30'", "''"])
def test_what_is_no_length_of_time_is_the_finding_of_another_rule(findings: Findings, interval: str) -> None:
    text = policy("up == 0", f"evaluationInterval: {interval}")
    assert findings("condition-interval", text) == []
    assert [one.line for one in findings("wrong-type", text)] == [7]
