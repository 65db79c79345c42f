"""PromQL: what a condition compares, and what a dashboard sends with a choice."""

from __future__ import annotations

import time

import pytest

from loyalty_monitoring.query_languages.promql.comparisons import Comparison, comparisons
from loyalty_monitoring.query_languages.promql.expressions import metric_name, parsed, selectors
from loyalty_monitoring.query_languages.promql.variables import chosen, variables


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("a > 5", [Comparison("", "a", ">", 5)]),
        ("(a / b) >= 0.5", [Comparison("", "(a / b)", ">=", 0.5)]),
        ("5 > a", [Comparison("", "a", "<", 5)]),
        ("(a > 1) and (b >= 2)", [Comparison("", "a", ">", 1), Comparison("and", "b", ">=", 2)]),
        ("a < 1 unless on (x) (b > 0)", [Comparison("", "a", "<", 1), Comparison("unless", "b", ">", 0)]),
        ("a / (b > 0) > 3", [Comparison("", "a / (b > 0)", ">", 3)]),
        ("a > b", []),
        ("a", []),
    ],
)
def test_a_condition_compares_with_numbers(query: str, found: list[Comparison]) -> None:
    assert comparisons(parsed(query)) == found


def test_a_judgement_inside_is_found_once_however_often_it_is_written() -> None:
    found = comparisons(parsed("(x > bool 0.5) * (x > bool 0.5) > 0"))
    assert [(one.role, one.value, one.threshold) for one in found][1:] == [("inside", "x", 0.5)]


def test_without_a_choice_a_variable_matches_everything() -> None:
    assert chosen("a{${m}, b='1'}") == "a{m=~\".*\", b='1'}"
    assert chosen('a{m=~"${m.value}"}') == 'a{m=~".*"}'


def test_a_choice_is_one_value_whatever_signs_it_has() -> None:
    query = chosen("a{${m}}", {"m": 'x"} or vector(1) or b{c="\\'})
    assert query == 'a{m="x\\"} or vector(1) or b{c=\\"\\\\"}'
    assert str(parsed(query)).count("vector") == 1
    assert not comparisons(parsed(query))


def test_a_variable_chooses_by_its_label() -> None:
    assert chosen("a{${shop}}", {"shop": "s-1"}, {"shop": "store_id"}) == 'a{store_id="s-1"}'


def test_both_forms_of_a_variable_are_found() -> None:
    assert variables('a{${m}, s=~"${s.value}"} + $__interval') == {"m", "s"}


@pytest.mark.parametrize("around", [("(", ")"), ("abs(", ")"), ("1+", ""), ("x and ", ""), ("x\nUNLESS\n", "")])
@pytest.mark.parametrize("before", ["", "# it's a comment\n", '# "\n'])
def test_what_would_end_the_process_is_refused(before: str, around: tuple[str, str]) -> None:
    assert parsed(before + around[0] * 300 + "x" + around[1] * 300)
    for times in (301, 50_000):
        with pytest.raises(ValueError, match="more than 300 operators"):
            parsed(before + around[0] * times + "x" + around[1] * times)


@pytest.mark.parametrize("query", ['x{a="((((("}', "x{a='+++', b=`(((`}", 'x{a=~"a|b", c!="d", e="\\""}'])
def test_signs_in_strings_and_matchers_do_not_count(query: str) -> None:
    assert parsed(" or ".join([query] * 300))


@pytest.mark.parametrize("text", ['"' + '\\"' * 400_000, "'" * 400_001, "{" * 400_000, "a b " * 100_000, ")" * 400_000])
def test_no_text_keeps_it_busy(text: str) -> None:
    started = time.process_time()
    with pytest.raises(ValueError, match=r"\S"):
        parsed(text)
    assert time.process_time() - started < 20  # a hang takes minutes


@pytest.mark.parametrize("query", ["x[1001y]", "x offset -1001y", "max_over_time(x[600y:1d]) + x offset 3000000y"])
def test_what_reaches_further_than_time_goes_is_refused(query: str) -> None:
    with pytest.raises(ValueError, match="years"):
        parsed(query)
    parsed("x[1000y]")


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("logging_googleapis_com:user_a", "logging_googleapis_com:user_a"),
        ('{__name__="up"}', "up"),
        ('{"logging.googleapis.com/user/loyalty/a-b_sum", c="d"}', "logging_googleapis_com:user_loyalty_a_b_sum"),
        ('{__name__=~"logging_googleapis_com:user_.*"}', None),
        ('{a="b"}', None),
    ],
)
def test_a_metric_has_one_name_in_both_of_its_forms(query: str, name: str | None) -> None:
    assert [metric_name(one) for one in selectors(parsed(query))] == [name]
