"""Choices: every value of a label in the logs, and which value settles another."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from loyalty_monitoring.replay.prometheus import Prometheus
from loyalty_monitoring.report.choices import Choices, choices, key
from loyalty_monitoring.report.data_sets import data_sets


class _Labels:
    """Stands for a Prometheus that is asked for label sets only."""

    def __init__(self, *found: dict[str, str]) -> None:
        self._found = found

    def label_sets(self, labels: Sequence[str], first: int, last: int) -> list[dict[str, str]]:
        return [one for one in self._found if any(one.get(label) for label in labels)]


def offered(*label_sets: dict[str, str], queries: tuple[str, ...] = ("a{${merchant_id}, ${store_id}}",)) -> Choices:
    dashboard = {
        "dashboardFilters": [
            {"labelKey": "merchant_id", "templateVariable": "merchant_id"},
            {"labelKey": "store_id", "templateVariable": "store_id"},
        ],
        "gridLayout": {
            "widgets": [{"scorecard": {"timeSeriesQuery": {"prometheusQuery": query}}} for query in queries]
        },
    }
    return choices(cast(Prometheus, _Labels(*label_sets)), data_sets(dashboard, ()), 0, 0)


def test_values_are_those_in_the_logs_in_the_order_of_people() -> None:
    found = offered(*({"merchant_id": f"m-{number}", "store_id": "s-1"} for number in (10, 2, 1)))
    assert found.values["merchant_id"] == ("m-1", "m-2", "m-10")


def test_a_store_of_one_merchant_settles_the_pair() -> None:
    found = offered({"merchant_id": "m-1", "store_id": "s-1"}, {"merchant_id": "m-1", "store_id": "s-2"})
    assert found.parents == {"store_id": {"s-1": {"merchant_id": "m-1"}, "s-2": {"merchant_id": "m-1"}}}
    assert list(map(key, found.combinations)) == ["merchant_id=m-1", "store_id=s-1", "store_id=s-2"]


def test_a_store_of_two_merchants_is_evaluated_with_each() -> None:
    found = offered({"merchant_id": "m-1", "store_id": "s-1"}, {"merchant_id": "m-2", "store_id": "s-1"})
    assert found.parents == {}
    assert "merchant_id=m-1&store_id=s-1" in map(key, found.combinations)
    assert "merchant_id=m-2&store_id=s-1" in map(key, found.combinations)


def test_no_pair_is_made_of_variables_that_no_query_uses_together() -> None:
    label_sets = ({"merchant_id": "m-1", "store_id": "s-1"}, {"merchant_id": "m-2", "store_id": "s-1"})
    found = offered(*label_sets, queries=("a{${merchant_id}}", "b{${store_id}}"))
    assert not [choice for choice in found.combinations if len(choice) > 1]


def test_more_than_a_hundred_values_are_counted_and_left_out() -> None:
    found = offered(*({"merchant_id": f"m-{number}"} for number in range(101)))
    assert len(found.values["merchant_id"]) == 100
    assert found.left_out["merchant_id"] == 1
