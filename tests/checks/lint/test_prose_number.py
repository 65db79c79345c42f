"""prose-number: a number in a name is one of the condition, in any form."""

from __future__ import annotations

import json

import pytest

from tests.checks.lint.conftest import Findings


def policy(words: str, query: str, duration: str = "0s") -> str:
    return f"""displayName: Runs
conditions:
  - displayName: {json.dumps(words)}
    conditionPrometheusQueryLanguage:
      query: {json.dumps(query)}
      duration: {duration}
      evaluationInterval: 60s
"""


def threshold(words: str, fields: str) -> str:
    return f"""displayName: Runs
conditions:
  - displayName: {json.dumps(words)}
    conditionThreshold: {{{fields}}}
"""


@pytest.mark.parametrize(
    "text",
    [
        policy("more than 5%", "a / b > 0.05"),
        policy("more than 5%", "a > 5"),
        policy("more than 5 percent", "good / all < 0.95"),
        policy("more than 5%", "100 * good / all < 95"),
        policy("more than 5%", "all / bad < 20"),
        policy("0% left", "a <= 0"),
        policy("26 hours", "time() - a > 93600"),
        policy("26 hours", "time() - a > 26 * 3600"),
        policy("26 hours", "a_minutes > 1560"),
        policy("1560 minutes", "sum_over_time(a[26h]) > 1"),
        policy("90 minutes", "sum_over_time(a[1h]) == 0", "1800s"),
        policy("90 minutes", "sum_over_time(a[1h] offset 30m) == 0"),
        policy("1 minute", "a > 1"),
        policy("2 s", "histogram_quantile(0.95, rate(a_ms[5m])) > 2000"),
        policy("500 ms", "a > 0.5"),
        policy("99% of requests", "histogram_quantile(0.99, rate(a[5m])) > 2"),
        policy("95% of requests", "quantile(0.95, a) > 2"),
        policy("more than 100 in 5 minutes", "increase(a[5m]) > 100"),
        policy("100 or more", "a > 99"),
        policy("more than 100", "a >= 101"),
        policy("more than 120 a minute", "rate(a[5m]) > 2"),
        policy("more than 300 in 5 minutes", "rate(a[5m]) > 1"),
        policy("more than 10 GB", "a > 10e9"),
        policy("more than 2 GiB", "a > 2147483648"),
        policy("fewer than 5 in 7 days", "new_cards_7d < 5"),
        policy("more than 3 errors with status 500, p99, 5xx, 24/7, 10:30, 5-10", "a > 3"),
        policy("SLO 99.9%: burn rate above 14", "a > 3"),
        policy("above 5m and 10k", "a > 3"),
        policy("more than 5%", "this is not PromQL"),
        threshold("CPU above 80% for 10 minutes", "filter: a, thresholdValue: 0.8, duration: 600s"),
        threshold("CPU above 80% for 10 minutes", 'filter: a, thresholdValue: "80", duration: 600s'),
        threshold("within 24 hours", "filter: a, forecastOptions: {forecastHorizon: 86400s}"),
        threshold("above 0", "filter: a"),
        threshold("Requests > 1000/min", "filter: a, thresholdValue: 16.67"),
        threshold("more than 1000 requests a minute", "filter: a, thresholdValue: 16.7"),
        threshold("more than 100 requests a minute", "filter: a, thresholdValue: 1.6667"),
        threshold("over 5,000 an hour", "filter: a, thresholdValue: 1.39"),
        threshold("more than 1000 requests a minute", "filter: a, thresholdValue: 17"),
        threshold("status >= 500", "filter: a, thresholdValue: 1"),
        threshold("status above 499 or 404 responses over 404", "filter: a, thresholdValue: 499"),
        threshold("HTTP codes over 429", "filter: a, thresholdValue: 1"),
        threshold("5xx errors (over 503)", "filter: a, thresholdValue: 1"),
        threshold("95th: more than 95%", "filter: a, aggregations: [{crossSeriesReducer: REDUCE_PERCENTILE_95}]"),
        threshold("more than 2 in a row", "filter: a, trigger: {count: 2}"),
        threshold("more than 5%", "filter: select_slo_health(a)"),
        threshold("more than 5%", "filter: [1], aggregations: 5, duration: [1]"),
        threshold("more than 5%", "filter: a, aggregations: [5], trigger: 5, thresholdValue: 5"),
        "displayName: more than 5%\nconditions: [{conditionMatchedLog: {filter: a}}]\n",
        "displayName: more than 5%\nconditions: [{conditionThreshold: {thresholdValue: 5}}, {conditionSql: {}}]\n",
    ],
)
def test_a_number_in_any_form_passes(findings: Findings, text: str) -> None:
    assert findings("prose-number", text) == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (policy("more than 10%", "a / b > 0.05"), "says 10%,"),
        (policy("more than 0.5%", "a / b > 0.05"), "says 0.5%,"),
        (policy("more than 5% failed in 15 minutes", "sum(rate(a[10m])) > 0.05"), "says 15 minutes,"),
        (policy("26 hours", "time() - a > 90000"), "says 26 hours,"),
        (policy("90 minutes", "sum_over_time(a[1h]) == 0", "1200s"), "says 90 minutes,"),
        (policy("7 days", "new_cards < 5"), "says 7 days,"),
        (policy("2 seconds", "a_ms > 1500"), "says 2 seconds,"),
        (policy("more than 100 requests", "increase(a[5m]) > 50"), "says 100,"),
        (policy("more than 1,000 requests", "a > 10"), "says 1,000,"),
        (policy("100 or more", "a > 98"), "says 100,"),
        (threshold("Requests > 1000/min", "filter: a, thresholdValue: 15.9"), "says 1000,"),
        (threshold("more than 1000 requests a minute", "filter: a, thresholdValue: 16.6"), "says 1000,"),
        (threshold("more than 100 responses", "filter: a, thresholdValue: 50"), "says 100,"),
        (threshold("more than 500 orders", "filter: a, thresholdValue: 50"), "says 500,"),
        (threshold("above 80%", "filter: a, thresholdValue: 0.9, duration: 600s"), "says 80%,"),
        (threshold("above 90% for 5 minutes", "filter: a, thresholdValue: 0.9, duration: 600s"), "says 5 minutes,"),
    ],
)
def test_another_number_is_a_warning_at_the_name(findings: Findings, text: str, said: str) -> None:
    (finding,) = findings("prose-number", text)
    assert (finding.severity, finding.line) == ("warning", 3)
    assert said in finding.message
    assert finding.remedy == "let the name and the condition say the same"


def test_the_policy_and_the_subject_speak_of_all_conditions_the_content_of_anything(findings: Findings) -> None:
    text = """displayName: More than 5% or 10% failed
documentation:
  subject: More than 20% failed
  content: More than 30% failed in 99 hours.
conditions:
  - conditionThreshold: {filter: a, thresholdValue: 0.05}
  - conditionThreshold: {filter: b, thresholdValue: 0.1}
"""
    assert [finding.line for finding in findings("prose-number", text)] == [3]
