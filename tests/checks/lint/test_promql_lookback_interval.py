"""promql-lookback-interval: the table of look-backs and intervals, at each of its borders."""

from __future__ import annotations

import pytest

from tests.checks.lint.conftest import Findings
from tests.checks.lint.promql_policies import policy


def over(window: str, *lines: str) -> str:
    return policy(f"avg_over_time(up[{window}]) > 0.9", *lines)


@pytest.mark.parametrize(
    ("window", "interval"),
    [("25h", 30), ("8d", 300), ("1w", 300), ("16d", 3600), ("32d", 7200), ("365d", 7200)],
)
def test_the_shortest_interval_of_a_look_back_passes_and_a_shorter_one_does_not(
    findings: Findings, window: str, interval: int
) -> None:
    assert findings("promql-lookback-interval", over(window, f"evaluationInterval: {interval}s")) == []
    if interval > 30:
        (finding,) = findings("promql-lookback-interval", over(window, f"evaluationInterval: {interval - 30}s"))
        assert finding.severity == "error"
        assert f"every {interval} s at the most" in finding.message


@pytest.mark.parametrize(("window", "interval"), [("1501m", 300), ("193h", 3600), ("385h", 7200)])
def test_a_little_more_takes_the_next_interval(findings: Findings, window: str, interval: int) -> None:
    (finding,) = findings("promql-lookback-interval", over(window, "evaluationInterval: 60s"))
    assert finding.remedy.startswith(f"write evaluationInterval: {interval}s")


def test_a_week_every_minute_is_an_error_and_without_the_field_it_is_none(findings: Findings) -> None:
    assert len(findings("promql-lookback-interval", over("1w", "evaluationInterval: 60s"))) == 1
    assert findings("promql-lookback-interval", over("1w")) == []


@pytest.mark.parametrize(("window", "duration", "said"), [("25h", "60s", 0), ("26h", "60s", 1), ("26h", "0s", 0)])
def test_beyond_25_hours_there_is_no_retest_window(findings: Findings, window: str, duration: str, said: int) -> None:
    found = findings("promql-lookback-interval", over(window, f"duration: {duration}", "evaluationInterval: 300s"))
    assert [one.remedy for one in found] == ["write duration: 0s"] * said
