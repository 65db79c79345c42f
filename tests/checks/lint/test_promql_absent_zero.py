"""promql-absent-zero: what is met at zero says what nothing logged means."""

from __future__ import annotations

import pytest

from tests.checks.lint.conftest import Findings
from tests.checks.lint.promql_policies import QUERY_LINE, policy, selector, total

RUNS, FAILED = total("runs"), total("failed")


@pytest.mark.parametrize(
    "query",
    [
        f"({RUNS} or vector(0)) == 0",
        f"({RUNS} or vector(0)) < 1 and {FAILED} > 5",
        f"absent_over_time({selector('runs')}[1h])",
        f"{RUNS} == 0 or absent({selector('runs')})",
        f"{RUNS} == 0 or (vector(1) unless {RUNS})",
        f"vector(1) unless {RUNS} > 0",
        # Not met at zero.
        f"{RUNS} > 0",
        f"{RUNS} == 1",
        f"{RUNS} < 0",
        f"{RUNS} <= -1",
        f"{RUNS} != 0",
        # Zero is left out on purpose.
        f"{RUNS} < 5 and {RUNS} > 0",
        # No count: nothing logged does not mean 0.
        f"{total('seconds_sum')} < 5",
        f"{total('seconds_sum')} / {total('seconds_count')} < 5",
        f"max(max_over_time({selector('runs')}[1h])) < 5",
        f"time() - {RUNS} < 5",
        # Other metrics.
        "sum(sum_over_time(up[1h])) == 0",
        "sum(",
    ],
)
def test_what_says_so_or_is_no_count_passes(findings: Findings, query: str) -> None:
    assert findings("promql-absent-zero", policy(query)) == []


@pytest.mark.parametrize(
    ("query", "compared"),
    [
        (f"{RUNS} == 0", "== 0"),
        (f"0 == {RUNS}", "== 0"),
        (f"({RUNS}) < 1", "< 1"),
        (f"1 > {RUNS}", "< 1"),
        (f"{RUNS} <= 0", "<= 0"),
        (f"{RUNS} / 3600 < 0.5", "< 0.5"),
        (f"60 * {RUNS} < 5", "< 5"),
        (f"{total('seconds_count')} < 5", "< 5"),
        (f"sum by (task) (sum_over_time({selector('runs')}[1h])) < 1", "< 1"),
        (f"{selector('runs')} == 0", "== 0"),
        (f"{FAILED} > 5 and {RUNS} < 1", "< 1"),
        (f"{RUNS} < 1 unless {FAILED} > 1", "< 1"),
        (f"{RUNS} < 1 or {FAILED} > 1", "< 1"),
    ],
)
def test_what_is_only_met_by_a_written_zero_is_a_warning(findings: Findings, query: str, compared: str) -> None:
    (finding,) = findings("promql-absent-zero", policy(query))
    assert (finding.severity, finding.line) == ("warning", QUERY_LINE)
    assert f"`{compared}` is to be met at 0" in finding.message
    assert f"(... or vector(0)) {compared}" in finding.remedy
