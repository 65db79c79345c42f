"""How a query falls into the clauses whose series are counted."""

from __future__ import annotations

import pytest

from loyalty_monitoring.cost.alerts import clauses, references


def _clauses(query: str) -> list[tuple[str, frozenset[str] | None]]:
    return [("".join(clause.query.split()), clause.labels) for clause in clauses(query)]


NOTHING: frozenset[str] = frozenset()


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("sum(m) > 1", [("sum(m)", NOTHING)]),
        ("1 < sum(m)", [("sum(m)", NOTHING)]),
        ("sum by (store_id) (m) > 1", [("sumby(store_id)(m)", frozenset({"store_id"}))]),
        ("m > 1", [("m", None)]),
        ("sum without (a) (m) > 1", [("sumwithout(a)(m)", None)]),
        ("sum(a) > 1 and sum(b) > 2", [("sum(a)", NOTHING), ("sum(b)", NOTHING)]),
        ("sum(a) unless sum by (x) (b)", [("sum(a)", NOTHING), ("sumby(x)(b)", frozenset({"x"}))]),
        ("(sum(a) or vector(0)) == 0", [("sum(a)", NOTHING)]),
        ("time() - max(m) > 3", [("time()-max(m)", NOTHING)]),
        ("sum by (x) (a) / 2 > 3", [("sumby(x)(a)/2", frozenset({"x"}))]),
        ("vector(1) > 0", []),
    ],
)
def test_a_query_is_split_at_comparisons_and_set_operators(
    query: str, expected: list[tuple[str, frozenset[str] | None]]
) -> None:
    assert _clauses(query) == expected


def test_a_comparison_inside_is_a_clause_beside_the_whole() -> None:
    found = _clauses("sum(a / (sum by (x) (b) > 0)) > 0.2")
    assert [labels for _, labels in found] == [NOTHING, frozenset({"x"})]


def test_each_time_a_query_names_a_metric_is_a_reference() -> None:
    assert references("sum(a) / sum(a) > 1 and sum(b) >= 1") == 3
