"""absence-duration: 120 s to 23.5 hours in whole minutes pass; a second less or a minute more does not."""

from __future__ import annotations

import pytest

from tests.checks.lint.conftest import Findings


def policy(duration: str) -> str:
    return f"""displayName: runs
combiner: OR
conditions:
  - displayName: runs
    conditionAbsent:
      filter: metric.type="a" AND resource.type="global"
      duration: {duration}
"""


@pytest.mark.parametrize("duration", ["120s", "180s", "3600s", "84600s", "an hour", "[120s]", "300"])
def test_whole_minutes_in_the_range_and_what_is_no_duration_pass(findings: Findings, duration: str) -> None:
    assert findings("absence-duration", policy(duration)) == []


@pytest.mark.parametrize(
    ("duration", "said", "remedy"),
    [
        ("119s", "duration is 119 s", "in that range"),
        ("60s", "duration is 60 s", "in that range"),
        ("0s", "duration is 0 s", "in that range"),
        ("84601s", "84,600 s", "in that range"),
        ("84660s", "84,600 s", "in that range"),
        ("86400s", "84,600 s", "in that range"),
        ("121s", "which is not whole minutes", "in that range"),
        ("330s", "which is not whole minutes", "in that range"),
        ("120.5s", "which is not whole minutes", "in that range"),
    ],
)
def test_shorter_longer_and_finer_are_errors_at_the_duration(
    findings: Findings, duration: str, said: str, remedy: str
) -> None:
    (finding,) = findings("absence-duration", policy(duration))
    assert (finding.severity, finding.line) == ("error", 7)
    assert said in finding.message
    assert remedy in finding.remedy
