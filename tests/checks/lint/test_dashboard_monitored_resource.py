"""dashboard-monitored-resource: a matcher or a pinned metric passes."""

from __future__ import annotations

import pytest

from tests.checks.lint.boards import FIRST_LINE, board, chart
from tests.checks.lint.conftest import Findings

PINNED = '---\nname: pinned\nfilter: resource.type = "k8s_container" AND severity = ERROR\n'
OPEN = "---\nname: open\nfilter: severity = ERROR\n"
TEMPLATE = "---\nname: template\nfilter: ${filter}\n"


@pytest.mark.parametrize(
    "query",
    [
        'sum(logging_googleapis_com:user_open{monitored_resource="k8s_container"})',
        'sum(logging_googleapis_com:user_open{monitored_resource=~"${type.value}"})',
        "sum(logging_googleapis_com:user_pinned)",
        "sum(logging_googleapis_com:user_template)",
        "sum(logging_googleapis_com:user_elsewhere)",
        "sum(up) + logging_googleapis_com:byte_count",
        "sum(logging_googleapis_com:user_open",
    ],
)
def test_one_resource_type_passes(findings: Findings, query: str) -> None:
    assert findings("dashboard-monitored-resource", board(chart(query)) + PINNED + OPEN + TEMPLATE) == []


@pytest.mark.parametrize(
    "query",
    [
        "sum(logging_googleapis_com:user_open)",
        'sum(sum_over_time(logging_googleapis_com:user_open_sum{a="b"}[1h]))',
        'sum({"logging.googleapis.com/user/open"})',
        "logging_googleapis_com:user_pinned / logging_googleapis_com:user_open{${a}}",
    ],
)
def test_any_resource_type_is_an_error_at_the_query(findings: Findings, query: str) -> None:
    (finding,) = findings("dashboard-monitored-resource", board(chart("up"), chart(query)) + PINNED + OPEN)
    assert (finding.severity, finding.line) == ("error", FIRST_LINE + 1)
    assert "user_open" in finding.message
    assert "monitored_resource=" in finding.remedy
