"""promql-duration-gaps: a window longer than the duration passes, one of its length does not."""

from __future__ import annotations

import pytest

from tests.checks.lint.conftest import Findings
from tests.checks.lint.promql_policies import policy, selector, total


def lasting(query: str, duration: str) -> str:
    return policy(query, f"duration: {duration}")


TEN = total("runs", "10m")


@pytest.mark.parametrize(
    "text",
    [
        policy(f"{TEN} > 1"),
        lasting(f"{TEN} > 1", "0s"),
        lasting(f"{TEN} > 1", "540s"),
        lasting(f"{total('runs', '601s')} > 1", "600s"),
        # A range and the subquery around it see an entry for both of them together.
        lasting(f"max_over_time({TEN}[10m:1m]) > 1", "1140s"),
        # Met when nothing is logged: gaps do not end it.
        lasting(f"({TEN} or vector(0)) == 0", "3600s"),
        lasting(f"({TEN} or vector(0)) < 5", "3600s"),
        lasting(f"1 - ({TEN} or vector(0)) > 0", "3600s"),
        lasting(f"absent_over_time({selector('runs')}[10m]) > 0", "3600s"),
        # Not judged: no range, no comparison with a number, no log-based metric, no duration.
        lasting(f"sum({selector('runs')}) > 1", "3600s"),
        lasting(TEN, "3600s"),
        lasting("sum(sum_over_time(up[10m])) > 1", "3600s"),
        lasting(f"{TEN} > 1", "1h"),
        lasting("sum(", "3600s"),
    ],
)
def test_an_entry_that_is_seen_for_longer_passes(findings: Findings, text: str) -> None:
    assert findings("promql-duration-gaps", text) == []


@pytest.mark.parametrize(
    ("text", "needed", "window"),
    [
        (lasting(f"{TEN} > 1", "600s"), "10 min", "10 min"),
        (lasting(f"{TEN} > 1", "660s"), "11 min", "10 min"),
        (lasting(f"1 < {TEN}", "600s"), "10 min", "10 min"),
        (lasting(f"{TEN} / {total('all', '1h')} >= 0.5", "600s"), "10 min", "10 min"),
        (lasting(f"({TEN} or vector(0)) > 1", "600s"), "10 min", "10 min"),
        (lasting(f"{total('all', '1h')} > 1 and {TEN} > 1", "600s"), "10 min", "10 min"),
        (lasting(f"max_over_time({TEN}[10m:1m]) > 1", "1200s"), "20 min", "20 min"),
    ],
)
def test_an_entry_that_is_seen_no_longer_is_a_warning(findings: Findings, text: str, needed: str, window: str) -> None:
    (finding,) = findings("promql-duration-gaps", text)
    assert (finding.severity, finding.line) == ("warning", 7)
    assert f"must hold for {needed}" in finding.message
    assert f"seen for {window}" in finding.message
    assert finding.remedy.startswith("write `duration: 0s`")
