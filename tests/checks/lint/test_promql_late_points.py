"""promql-late-points: what settles 4 minutes late is seen by a window of 5, and by none of 4."""

from __future__ import annotations

import pytest

from tests.checks.lint.conftest import Findings
from tests.checks.lint.promql_policies import QUERY_LINE, policy, selector, total


@pytest.mark.parametrize(
    "query",
    [
        f"{total('runs', '5m')} > 1",
        f"{total('runs', '241s')} > 1",
        f"max_over_time(({total('runs', '1m')})[12m:1m]) > 1",
        f"sum(sum_over_time({selector('runs')}[1m] offset 10m)) > 1",
        "sum(sum_over_time(other_metric[1m])) > 1",
        f"{selector('runs')} > 1",
        "this is not PromQL",
    ],
)
def test_a_window_that_late_points_are_still_in_passes(findings: Findings, query: str) -> None:
    assert findings("promql-late-points", policy(query)) == []


@pytest.mark.parametrize(
    "query",
    [
        f"{total('runs', '1m')} > 1",
        f"{total('runs', '4m')} > 1",
        f"max_over_time(({total('runs', '1m')})[3m:1m]) > 1",
        f"sum(sum_over_time({selector('runs')}[1m] offset 3m)) > 1",
        f"{total('failures', '1m')} / {total('runs', '1h')} > 0.5",
        'sum(sum_over_time({"logging.googleapis.com/user/runs"}[1m])) > 1',
    ],
)
def test_a_window_that_they_have_left_is_an_error_at_the_query(findings: Findings, query: str) -> None:
    (finding,) = findings("promql-late-points", policy(query))
    assert (finding.severity, finding.line) == ("error", QUERY_LINE)
    assert "never fires" in finding.message
