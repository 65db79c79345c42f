"""promql-validation: a condition over a log-based metric says disableMetricValidation: true."""

from __future__ import annotations

import pytest

from tests.checks.lint.conftest import Findings
from tests.checks.lint.promql_policies import policy, total

QUERY = total("runs") + " > 1"


@pytest.mark.parametrize(
    "text",
    [
        policy(QUERY, "disableMetricValidation: true"),
        policy(QUERY, "disableMetricValidation: ${setting}"),
        policy("up == 0"),
        policy("logging_googleapis_com:log_entry_count > 1"),
        policy("sum("),
    ],
)
def test_no_validation_and_other_metrics_pass(findings: Findings, text: str) -> None:
    assert findings("promql-validation", text) == []


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (policy(QUERY), 5),
        (policy(QUERY, "disableMetricValidation: false"), 7),
        (policy('{"logging.googleapis.com/user/runs"} > 1'), 5),
    ],
)
def test_validation_is_a_warning(findings: Findings, text: str, line: int) -> None:
    (finding,) = findings("promql-validation", text)
    assert (finding.severity, finding.line) == ("warning", line)
    assert "10 minutes" in finding.message
    assert finding.remedy == "write `disableMetricValidation: true`"
