"""Monitoring filters: the grammar of its documentation, and alternatives that mean the same as the filter."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loyalty_monitoring.query_languages.monitoring_filter import (
    And,
    Comparison,
    Expression,
    MonitoringFilterError,
    Not,
    Or,
    Selection,
    TooManyAlternatives,
    Variable,
    alternatives,
    parse_monitoring_filter,
)


def compared(text: str) -> Comparison:
    found = parse_monitoring_filter(text)
    assert isinstance(found, Comparison)
    return found


@pytest.mark.parametrize(
    ("text", "selector", "operator", "function", "values"),
    [
        ('metric.type="a.com/b"', ("metric", "type"), "=", None, ("a.com/b",)),
        ("metric.type = a.com/b-c_d", ("metric", "type"), "=", None, ("a.com/b-c_d",)),
        ('metric.label.x!="1"', ("metric", "labels", "x"), "!=", None, ("1",)),
        ('metric.labels."x" = 5', ("metric", "labels", "x"), "=", None, ("5",)),
        ("metric.label.\"x\"='it'", ("metric", "labels", "x"), "=", None, ("it",)),
        ('metric.labels.x:"m-1"', ("metric", "labels", "x"), ":", None, ("m-1",)),
        ("metric.labels.code >= 500", ("metric", "labels", "code"), ">=", None, ("500",)),
        ('project = "p"', ("project",), "=", None, ("p",)),
        ('group.id = "7"', ("group", "id"), "=", None, ("7",)),
        ("metadata.system_labels.spot = true", ("metadata", "system_labels", "spot"), "=", None, ("true",)),
        (
            'metadata.user_labels."app.kubernetes.io/name"="web"',
            ("metadata", "user_labels", "app.kubernetes.io/name"),
            "=",
            None,
            ("web",),
        ),
        ('resource.labels.z=starts_with("eu-")', ("resource", "labels", "z"), "=", "starts_with", ("eu-",)),
        ('resource.label.z != ends_with ( "-b" )', ("resource", "labels", "z"), "!=", "ends_with", ("-b",)),
        ('metric.labels.x=has_substring("a (b) c")', ("metric", "labels", "x"), "=", "has_substring", ("a (b) c",)),
        ('metric.labels.x=one_of("a", "b", c)', ("metric", "labels", "x"), "=", "one_of", ("a", "b", "c")),
        (
            'metric.labels.x=monitoring.regex.full_match("m-(17|18)\\.\\d \\"q\\"")',
            ("metric", "labels", "x"),
            "=",
            "monitoring.regex.full_match",
            ('m-(17|18)\\.\\d "q"',),
        ),
        ('metric.labels.x="a\\"b\\\\c"', ("metric", "labels", "x"), "=", None, ('a"b\\c',)),
        ("metric.labels.x=${x.value}", ("metric", "labels", "x"), "=", None, ("${x.value}",)),
        ('metric.labels.ANDROID="1"', ("metric", "labels", "ANDROID"), "=", None, ("1",)),
    ],
)
def test_a_comparison(
    text: str, selector: tuple[str, ...], operator: str, function: str | None, values: tuple[str, ...]
) -> None:
    found = compared(text)
    assert (found.selector, found.operator, found.function, found.values) == (selector, operator, function, values)
    assert found.text == text


A, B, C = (compared(f'metric.labels.{name}="1"') for name in "abc")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", None),
        (" \n ", None),
        ("(a)", A),
        ("a b", And((A, B))),
        ("a\nAND b", And((A, B))),
        ("a AND b AND c", And((A, B, C))),
        ("a OR b", Or((A, B))),
        ("a b OR c", And((A, Or((B, C))))),
        ("(a AND b) OR c", Or((And((A, B)), C))),
        ("NOT a", Not(A)),
        ("NOT NOT a", A),
        ("-a", Not(A)),
        ("NOT (a OR b)", Not(Or((A, B)))),
        ("NOT a OR b", Or((Not(A), B))),
        ("(a)AND(b)", And((A, B))),
        ("a ${zone}", And((A, Variable("zone")))),
        ("${zone} OR NOT ${store}", Or((Variable("zone"), Not(Variable("store"))))),
    ],
)
def test_how_comparisons_are_joined(text: str, expected: Expression | None) -> None:
    written = re.sub(r"\b([abc])\b", r'metric.labels.\1="1"', text)
    assert parse_monitoring_filter(written) == expected


@pytest.mark.parametrize(
    ("text", "place", "said"),
    [
        ('metric.type="x', "1:13", "not closed"),
        ("metric.type=", "1:13", "ends too early"),
        ('(metric.type="x"', "1:17", "ends too early"),
        ('metric.type="x")', "1:16", "')' is not expected"),
        ('metric.type="x"\nAND OR', "2:5", "'OR' is not expected"),
        ('metric.labels.x=starts("a")', "1:17", "did you mean 'starts_with'"),
        ("metric.labels.x=one_of()", "1:17", "no text to compare with"),
        ('metric.labels.x=ends_with("a", "b")', "1:17", "takes one text"),
        ('metric.labels.x>one_of("a")', "1:16", "write = or !="),
        ("${zone.value}", "1:1", "is a value"),
        ('select_slo_burn("x")', "1:1", "did you mean 'select_slo_burn_rate'"),
        ('metric.type="x" AND starts_with("a")', "1:21", "write such as metric.labels.LABEL = starts_with(...)"),
        ("metric.type", "1:12", "ends too early"),
        ('"metric.type"="x"', "1:1", "not expected"),
        ("(" * 51 + 'metric.type="x"' + ")" * 51, "1:51", "nested deeper than 50"),
    ],
)
def test_what_cannot_be_read_is_an_error_with_its_place(text: str, place: str, said: str) -> None:
    with pytest.raises(MonitoringFilterError, match=rf"^filter:{place}: .*{re.escape(said)}"):
        parse_monitoring_filter(text)


# Alternatives -------------------------------------------------------------------------------------------------------

_EXPRESSIONS = st.recursive(
    st.sampled_from([A, B, C]),
    lambda parts: st.one_of(
        st.builds(Not, parts),
        st.builds(lambda found: And(tuple(found)), st.lists(parts, min_size=2, max_size=3)),
        st.builds(lambda found: Or(tuple(found)), st.lists(parts, min_size=2, max_size=3)),
    ),
    max_leaves=6,
)


def holds(expression: Expression, truth: Mapping[Any, bool]) -> bool:
    match expression:
        case Not(part):
            return not holds(part, truth)
        case And(parts):
            return all(holds(part, truth) for part in parts)
        case Or(parts):
            return any(holds(part, truth) for part in parts)
    return truth[expression]


@given(_EXPRESSIONS, st.booleans(), st.booleans(), st.booleans())
def test_the_alternatives_mean_what_the_filter_means(expression: Expression, a: bool, b: bool, c: bool) -> None:
    truth: dict[Any, bool] = {A: a, B: b, C: c}
    found = any(all(truth[term.of] is not term.negated for term in terms) for terms in alternatives(expression))
    assert found is holds(expression, truth)


def test_a_selection_stands_alone() -> None:
    text = 'select_slo_burn_rate("projects/p/services/s/serviceLevelObjectives/o", "3600s")'
    found = parse_monitoring_filter(text)
    assert isinstance(found, Selection)
    assert (found.function, found.values[1], found.text) == ("select_slo_burn_rate", "3600s", text)
    processes = 'select_process_count("monitoring.regex.full_match(\\"nginx.*\\")") resource.type="gce_instance"'
    assert isinstance(parse_monitoring_filter(processes), And)


def test_no_filter_is_one_alternative_without_terms() -> None:
    assert alternatives(None) == [()]


def test_64_alternatives_are_a_query_and_65_are_not() -> None:
    ors = " AND ".join(f'(metric.labels.a="{n}" OR metric.labels.b="{n}")' for n in range(6))
    assert len(alternatives(parse_monitoring_filter(ors))) == 64
    with pytest.raises(TooManyAlternatives, match="more than 64"):
        alternatives(
            parse_monitoring_filter(f'{ors} OR metric.labels.c="1"' + ' (metric.labels.a="x" OR metric.labels.b="y")')
        )
