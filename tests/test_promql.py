"""PromQL: what a condition compares, and what a dashboard sends with a choice."""

from __future__ import annotations

import pytest

from loyalty_monitoring.promql import Comparison, chosen, comparisons, parsed, variables


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
