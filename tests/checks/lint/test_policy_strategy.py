"""policy-strategy: from 30 minutes to 7 days, or to 24 hours, passes."""

from __future__ import annotations

import pytest

from tests.checks.lint.conftest import Findings


def closing(duration: str) -> str:
    return f"displayName: runs\nconditions: []\nalertStrategy:\n  autoClose: {duration}\n"


def repeating(duration: str) -> str:
    return f"""displayName: runs
conditions: []
alertStrategy:
  notificationChannelStrategy: [{{renotifyInterval: {duration}}}]
"""


@pytest.mark.parametrize(
    "text",
    [
        closing("1800s"),
        closing("604800s"),
        closing("forever"),
        repeating("1800s"),
        repeating("86400s"),
        repeating("[1]"),
        "displayName: runs\nconditions: []\nalertStrategy: [1]\n",
        "displayName: runs\nconditions: []\nalertStrategy: {notificationChannelStrategy: 5}\n",
    ],
)
def test_the_range_and_what_is_no_duration_pass(findings: Findings, text: str) -> None:
    assert findings("policy-strategy", text) == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (closing("1799s"), "closes incidents without data after 1799 s"),
        (closing("0s"), "1,800 s (30 min) to 604,800 s (7 days)"),
        (closing("604801s"), "604,800 s (7 days)"),
        (repeating("1799s"), "repeats notifications after 1799 s"),
        (repeating("300s"), "1,800 s (30 min) to 86,400 s (24 h)"),
        (repeating("86401s"), "86,400 s (24 h)"),
    ],
)
def test_a_second_outside_is_a_warning_there(findings: Findings, text: str, said: str) -> None:
    (finding,) = findings("policy-strategy", text)
    assert (finding.severity, finding.line) == ("warning", 4)
    assert said in finding.message
    assert finding.remedy.startswith("write a duration in that range")
