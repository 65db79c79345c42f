"""promql-absent-numerator: a ratio that is to be small keeps its numerator when nothing is logged."""

from __future__ import annotations

import pytest

from tests.checks.lint.conftest import Findings
from tests.checks.lint.promql_policies import QUERY_LINE, metric, policy, total

OK, ALL = total("ok"), total("all")
OK_OF_A = total("ok", "1h", 'task="a"')


@pytest.mark.parametrize(
    "query",
    [
        # No numerator, no failures, no incident: right.
        f"{OK} / {ALL} > 0.5",
        f"1 - {OK} / {ALL} < 0.5",
        f"({OK} or vector(0)) / {ALL} < 0.5",
        f"1 - ({OK} or 0 * {ALL}) / {ALL} > 0.5",
        f"{OK} / {ALL} < 0.5 or absent({ALL})",
        # The same entries: the numerator is there whenever the denominator is.
        f"{total('seconds_sum')} / {total('seconds_count')} < 5",
        f"{total('ok', '2h')} / {total('ok')} < 5",
        f"{OK} / {OK_OF_A} < 5",
        # Two distributions may be of the same entries.
        f"{total('good_sum')} / {total('total_sum')} < 0.5",
        # No ratio of what is logged.
        f"{OK} / 60 < 0.5",
        f"{OK} * {ALL} < 0.5",
        "up / down < 0.5",
        f"up / {ALL} < 0.5",
        "sum(",
    ],
)
def test_a_ratio_that_is_there_or_rightly_not_passes(findings: Findings, query: str) -> None:
    assert findings("promql-absent-numerator", policy(query)) == []


@pytest.mark.parametrize(
    "query",
    [
        f"{OK} / {ALL} < 0.5",
        f"0.5 > {OK} / {ALL}",
        f"({OK} / ({ALL} > 0)) <= 0.5",
        f"100 * {OK} / {ALL} < 50",
        f"({OK} / {ALL}) * 100 < 50",
        f"1 - {OK} / {ALL} > 0.5",
        f"100 - 100 * ({OK} / {ALL}) >= 50",
        f"1 - (1 - {OK} / {ALL}) < 0.5",
        f"{OK_OF_A} / {OK} < 0.5",
        f"{total('ok', '5m')} / {total('ok', '1h')} < 0.05",
        f"{OK} / {OK.replace('[1h]', '[1h] offset 1d')} < 0.5",
        f"{OK} / up < 0.5",
        f"{ALL} > 10 and {OK} / {ALL} < 0.5",
    ],
)
def test_a_ratio_that_goes_empty_at_zero_is_a_warning(findings: Findings, query: str) -> None:
    (finding,) = findings("promql-absent-numerator", policy(query))
    assert (finding.severity, finding.line) == ("warning", QUERY_LINE)
    assert "is to be met at a ratio of 0" in finding.message
    assert "or vector(0)" in finding.remedy


def test_defined_metrics_of_one_filter_are_there_together(findings: Findings) -> None:
    query = f"{total('good_sum')} / {total('total_sum')} < 0.5"
    good, of_all = metric("good", distribution=True), metric("total", distribution=True)
    assert findings("promql-absent-numerator", policy(query) + good + of_all) == []
    other = metric("total", distribution=True, filter_="severity>=INFO")
    assert len(findings("promql-absent-numerator", policy(query) + good + other)) == 1
