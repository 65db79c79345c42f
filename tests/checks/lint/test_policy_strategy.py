"""policy-strategy: from 30 minutes, or to 24 hours, passes."""

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
        closing("604801s"),
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
        (closing("1799s"), "autoClose is 1799 s; the API takes 1,800 s or more"),
        (closing("0s"), "autoClose is 0 s; the API takes 1,800 s or more"),
        (closing("600s"), "autoClose is 600 s; the API takes 1,800 s or more"),
        (repeating("1799s"), "renotifyInterval is 1799 s; the API takes 1,800 s to 86,400 s"),
        (repeating("300s"), "renotifyInterval is 300 s; the API takes 1,800 s to 86,400 s"),
        (repeating("86401s"), "renotifyInterval is 86401 s; the API takes 1,800 s to 86,400 s"),
    ],
)
def test_a_second_outside_is_an_error_there(findings: Findings, text: str, said: str) -> None:
    (finding,) = findings("policy-strategy", text)
    assert (finding.severity, finding.line) == ("error", 4)
    assert said in finding.message
    assert finding.remedy.startswith("write 1800s")
