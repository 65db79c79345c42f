"""Where a query stops being PromQL: line, column and word, for each sort of mistake."""

from __future__ import annotations

import pytest

from loyalty_monitoring.query_languages.promql.mistakes import mistake_in


@pytest.mark.parametrize(
    "query", ["up", "sum by (a) (rate(x[5m])) > 1", 'x{a="b"} and on (a) y', '{"a.b/c", d="e"} == bool 1']
)
def test_a_query_has_no_mistake(query: str) -> None:
    assert mistake_in(query) is None


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("(sum(shop_up) < 1)\nand\n(sum(shop_mode) = 0)", "line 3, column 17 of the query: '=' cannot stand there, =="),
        ("avg(x) = 3", "line 1, column 8 of the query: '=' cannot stand there, == compares"),
        ("sum(x) by a > 1", "line 1, column 11 of the query: 'a' cannot stand there"),
        ("foo bar", "line 1, column 5 of the query: 'bar' cannot stand there"),
        ("1 +\n* 2", "line 2, column 1 of the query: '*' cannot stand there"),
        ('x{a="b",,c="d"}', "line 1, column 9 of the query: ',' cannot stand there"),
        ('sum(rate(x{a="b" c="d"}[5m]))', "line 1, column 18 of the query: 'c' cannot stand there"),
        ("x > ", "the query ends too early"),
        ("sum(x) > 5 &&\nsum(y) > 3", "line 1, column 12 of the query: unexpected character: '&'"),
        ("sum(rate(x[5m])", "line 1, column 4 of the query: unclosed left parenthesis"),
        ("sum(x)) > 3", "line 1, column 7 of the query: unexpected right parenthesis"),
        ("up or rat(x[5m])", "line 1, column 7 of the query: unknown function with name 'rat'"),
        ("x[5x]", "line 1, column 3 of the query: bad number or duration"),
        ("rate(x)", "expected type matrix in call to function 'rate'"),
    ],
)
def test_the_place_and_the_word_are_said(query: str, said: str) -> None:
    assert str(mistake_in(query)).startswith(said) or said in str(mistake_in(query))


@pytest.mark.parametrize("query", ["x = " * 2_000, "(" * 200 + "x =", "x{" * 100, "a b " * 300])
def test_a_long_query_is_looked_at_in_bounded_time(query: str) -> None:
    assert mistake_in(query)
