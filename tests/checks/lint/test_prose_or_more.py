"""prose-or-more: "5 or more" is >= 5, "more than 5" is > 5."""

from __future__ import annotations

import json

import pytest

from tests.checks.lint.conftest import Findings


def policy(query: str, *, name: str = "Runs", condition: str = "Runs", content: str = "Look.") -> str:
    return f"""displayName: {json.dumps(name)}
documentation:
  content: {json.dumps(content)}
conditions:
  - displayName: {json.dumps(condition)}
    conditionPrometheusQueryLanguage:
      query: {json.dumps(query)}
"""


def threshold(words: str, comparison: str, value: str) -> str:
    return f"""displayName: Runs
conditions:
  - displayName: {words}
    conditionThreshold:
      filter: a
      comparison: {comparison}
      thresholdValue: {value}
"""


@pytest.mark.parametrize(
    "text",
    [
        policy("a >= 5", name="5 or more", condition="at least 5 runs"),
        policy("a > 5", name="more than 5", condition="over 5 runs"),
        policy("a > 4", name="5 or more"),
        policy("a < 5", name="fewer than 5"),
        policy("a <= 5", name="5 or fewer", condition="at most 5"),
        policy("a > 5", name="at most 5 are allowed"),
        policy("a < 5", name="at least 5 are needed"),
        policy("a > 5", name="not more than 5 are allowed"),
        policy("a >= 5", name="not above 5"),
        policy("a > 0.01 and b >= 1", name="more than 1% of at least 1"),
        policy("a >= 5 and b > 5", name="at least 5 of more than 5"),
        policy("a >= 5", name="errors over 5 minutes"),
        policy("a >= 300", name="errors over 5 minutes"),
        policy("a >= 5", name="errors for more than 5 minutes"),
        policy("a > 0 unless b >= 5", name="more than 5"),
        policy("a >= 5", name="p95 above p5, 5xx > 5xx"),
        policy("this is not PromQL > 5", name="5 or more"),
        policy("a > 5", content="Look.\n\nWith 5 or more, call."),
        threshold("5 or more", "COMPARISON_GT", "4"),
        threshold("more than 5", "COMPARISON_GT", "5"),
        threshold("5 or more", "COMPARISON_LT", "5"),
        threshold("5 or more", "COMPARISON_GE", "5"),
        threshold("5 or more", "COMPARISON_GT", "[5]"),
        threshold("5 or more", "[5]", "5"),
        threshold("5 or more", "COMPARISON_GT", "9" * 400),
        "displayName: 5 or more\nconditions: [{conditionMatchedLog: {filter: a > 5}}]\n",
    ],
)
def test_the_same_in_words_and_query_and_other_numbers_pass(findings: Findings, text: str) -> None:
    assert findings("prose-or-more", text) == []


@pytest.mark.parametrize(
    ("text", "line", "said", "remedy"),
    [
        (policy("a > 5", name="5 or more"), 1, 'says "5 or more"', 'say "more than 5", or compare with >='),
        (policy("a > 5", name="5 failed runs or more"), 1, 'says "5 or more"', 'say "more than 5"'),
        (policy("a > 5", condition="at least 5 runs"), 5, 'is "more than 5"', "compare with >="),
        (policy("a > 5", condition="≥ 5"), 5, 'is "more than 5"', "compare with >="),
        (policy("5 < a", condition="at least 5 runs"), 5, 'is "more than 5"', "compare with >="),
        (policy("(sum(a) > 5) and (b > 1)", condition="at least 5"), 5, 'is "more than 5"', "compare with >="),
        (policy("a > 1000", condition="1,000 or more"), 5, 'is "more than 1,000"', "compare with >="),
        (policy("a / b > 0.05", condition="at least 5%"), 5, 'is "more than 5%"', "compare with >="),
        (policy("time() - a > 300", condition="5 minutes or more"), 5, 'is "more than 5 minutes"', "compare with >="),
        (policy("a >= 5", name="more than 5"), 1, 'is "5 or more"', "compare with >"),
        (policy("a >= 5", condition="exceeds 5"), 5, 'is "5 or more"', "compare with >"),
        (policy("a <= 5", condition="fewer than 5"), 5, 'is "5 or fewer"', "compare with <"),
        (policy("a < 5", condition="5 or less"), 5, 'is "fewer than 5"', "compare with <="),
        (policy("a > 5", content="There were 5 or more.\n\nCall."), 3, 'is "more than 5"', "compare with >="),
        (threshold("5 or more", "COMPARISON_GT", "5"), 3, 'is "more than 5"', "moved by one"),
        (threshold("at least 5", "COMPARISON_GT", '"5"'), 3, 'is "more than 5"', "moved by one"),
        (threshold("at most 5", "COMPARISON_LT", "5.0"), 3, 'is "fewer than 5"', "moved by one"),
    ],
)
def test_one_off_is_a_warning_at_the_words(findings: Findings, text: str, line: int, said: str, remedy: str) -> None:
    (finding,) = findings("prose-or-more", text)
    assert (finding.severity, finding.line) == ("warning", line)
    assert said in finding.message
    assert remedy in finding.remedy
