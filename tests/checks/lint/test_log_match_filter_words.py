"""log-match-filter-words: the filter of a log match is held to what a metric's filter is."""

from __future__ import annotations

import json

import pytest

from tests.checks.lint.conftest import Findings


def policy(text: object) -> str:
    """A policy with two conditions, of which the second matches log entries."""
    conditions = [{"displayName": "a"}, {"displayName": "b", "conditionMatchedLog": {"filter": text}}]
    return "displayName: a\ncombiner: OR\nconditions:\n" + "".join(f"  - {json.dumps(one)}\n" for one in conditions)


@pytest.mark.parametrize(
    "text", ['severity="ERROR" AND (a OR b)', 'log_id("stdout")', 'textPayload:"this and that"', 5]
)
def test_a_filter_that_means_what_it_says_passes(findings: Findings, text: object) -> None:
    assert findings("log-match-filter-words", policy(text)) == []
    assert findings("log-match-filter-words", "displayName: a\nconditions: odd\ncombiner: OR\n") == []


@pytest.mark.parametrize("text", ["a and b", "a OR b AND c", 'logName="projects/retail-prod/logs/stdout"'])
def test_any_other_is_found_at_its_condition(findings: Findings, text: str) -> None:
    (finding,) = findings("log-match-filter-words", policy(text))
    assert finding.severity == "warning"
    assert finding.line == 5
    assert finding.remedy
