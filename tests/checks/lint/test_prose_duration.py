"""prose-duration: "for 5 minutes" needs a duration or a window of 5 minutes, wherever it is said plainly."""

from __future__ import annotations

import json

import pytest

from tests.checks.lint.conftest import Findings


def policy(
    query: str, duration: str = "0s", *, name: str = "Queue", condition: str = "Queue", content: str = "Look."
) -> str:
    return f"""displayName: {json.dumps(name)}
documentation:
  content: {json.dumps(content)}
conditions:
  - displayName: {json.dumps(condition)}
    conditionPrometheusQueryLanguage:
      query: {json.dumps(query)}
      duration: {duration}
"""


def threshold(period: str, duration: str = "0s", filter_: str = "a") -> str:
    return f"""displayName: Queue
conditions:
  - displayName: Above 80% for 10 minutes
    conditionThreshold:
      filter: {filter_}
      aggregations: [{{alignmentPeriod: {period}, perSeriesAligner: ALIGN_MAX}}]
      thresholdValue: 0.8
      duration: {duration}
"""


SAID = "Queue above 100 for 10 minutes"


@pytest.mark.parametrize(
    "text",
    [
        policy("queue > 100", "600s", name=SAID, condition=SAID),
        policy("queue > 100", "60s", condition=SAID),
        policy("min_over_time(queue[10m]) > 100", condition=SAID),
        policy("max_over_time(min(queue)[10m:1m]) > 100", condition=SAID),
        policy("queue > 100 and queue offset 10m > 100", condition=SAID),
        policy("min_over_time(queue[5m] offset 5m) > 100", condition=SAID),
        policy("time() - last_success > 600", condition="No success for 10 minutes"),
        policy("age_minutes > 10", condition="No success for 10 minutes"),
        policy("queue:min10m > 100", condition=SAID),
        policy('queue{window="10m"} > 100', condition=SAID),
        policy("queue > 100", condition="Queue above 100 in 10 minutes"),
        policy("queue > 100", condition="for 0 minutes"),
        policy("queue > 100", condition="for ten minutes"),
        policy("this is not PromQL", condition=SAID),
        policy("queue > 100", "soon", condition=SAID),
        policy("queue > 100", content="The queue is long. Wait for 10 minutes."),
        policy("queue > 100", content="The queue is long.\n\nIf it is above 100 for 10 minutes, call."),
        threshold("600s"),
        threshold("60s", "600s"),
        threshold("60s", filter_="select_slo_burn_rate(a)"),
        "displayName: Down for 5 minutes\nconditions: [{conditionMatchedLog: {filter: a}}]\n",
        "displayName: Down for 5 minutes\nconditions: []\n",
        "displayName: Down for 5 minutes\nconditions: [5, {conditionThreshold: 5}]\n",
        f"displayName: 5\nconditions: [{{conditionThreshold: {{thresholdValue: {'9' * 400}}}}}]\n",
    ],
)
def test_a_duration_a_window_or_a_number_as_long_passes(findings: Findings, text: str) -> None:
    assert findings("prose-duration", text) == []


@pytest.mark.parametrize(
    ("text", "line", "seconds"),
    [
        (policy("queue > 100", name=SAID), 1, 600),
        (policy("queue > 100", condition=SAID), 5, 600),
        (policy("min_over_time(queue[5m]) > 100", condition=SAID), 5, 600),
        (policy("min_over_time(queue[11m]) > 100", condition=SAID), 5, 600),
        (policy("queue > 100", condition="Above 100 for at least 1 hour"), 5, 3_600),
        (policy("queue > 100", condition="Above 100 for more than 5m"), 5, 300),
        (policy("queue > 100", condition="Above 100 for 90 s"), 5, 90),
        (policy("queue > 100", condition="Above 100 for 1,000 seconds"), 5, 1_000),
        (policy("queue > 100", content="The queue is above 100 for 10 minutes."), 3, 600),
        (policy("queue > 100", content="Important. The service is down for 5 minutes.\n\nCall."), 3, 300),
        (threshold("60s"), 3, 600),
        (threshold("300s"), 3, 600),
    ],
)
def test_neither_is_a_warning_at_the_words(findings: Findings, text: str, line: int, seconds: int) -> None:
    (finding,) = findings("prose-duration", text)
    assert (finding.severity, finding.line) == ("warning", line)
    assert f"no window is {seconds} s long" in finding.message
    assert finding.remedy.startswith(f"write `duration: {seconds}s`")


def test_one_condition_with_a_duration_may_be_what_the_policy_speaks_of(findings: Findings) -> None:
    conditions = """conditions:
  - conditionThreshold: {filter: a, duration: 0s, thresholdValue: 1}
  - conditionThreshold: {filter: b, duration: SECOND, thresholdValue: 1}
"""
    text = f"displayName: Down for 5 minutes\n{conditions}"
    assert findings("prose-duration", text.replace("SECOND", "60s")) == []
    assert len(findings("prose-duration", text.replace("SECOND", "0s"))) == 1
