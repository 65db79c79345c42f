"""promql-absent-summand: a sum has a value as long as one of its parts has."""

from __future__ import annotations

import pytest

from tests.checks.lint.conftest import Findings
from tests.checks.lint.promql_policies import QUERY_LINE, policy, selector, total

OK, FAILED = total("ok"), total("failed")
BOTH = total("runs", "1h", 'status=~"ok|failed"')


@pytest.mark.parametrize(
    "query",
    [
        f"({OK} or vector(0)) + ({FAILED} or vector(0)) > 5",
        f"{FAILED} / {BOTH} > 0.5",
        f"{OK} + 5 > 10",
        f"time() - {OK} > 10",
        f"{OK} * {FAILED} > 5",
        # The same entries.
        f"{total('seconds_sum')} + {total('seconds_count')} > 5",
        f"{total('a_sum')} - {total('b_sum')} > 5",
        # Values, not counts: of one that is missing nobody knows the sum.
        f"max({selector('ok')}) + max({selector('failed')}) > 5",
        "sum(up) + sum(down) > 5",
        f"sum(up) + {OK} > 5",
        f"{OK} + {FAILED} > 5 or absent({selector('ok')})",
        "sum(",
    ],
)
def test_a_sum_that_is_there_passes(findings: Findings, query: str) -> None:
    assert findings("promql-absent-summand", policy(query)) == []


@pytest.mark.parametrize(
    "query",
    [
        f"{OK} + {FAILED} > 5",
        f"{FAILED} / ({OK} + {FAILED}) > 0.5",
        f"{OK} - {FAILED} > 5",
        f"{total('runs')} - {BOTH} > 5",
        f"{OK} * 2 + 3 * {FAILED} > 5",
        f"{OK} + {FAILED} + {total('lost')} > 5",
        f"{OK} > 1 and max_over_time(({OK} + {FAILED})[1h:5m]) > 1",
    ],
)
def test_a_sum_that_one_missing_part_empties_is_a_warning(findings: Findings, query: str) -> None:
    (finding,) = findings("promql-absent-summand", policy(query))
    assert (finding.severity, finding.line) == ("warning", QUERY_LINE)
    assert "has no value" in finding.message
    assert "or vector(0)" in finding.remedy
