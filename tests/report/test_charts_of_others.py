"""Dashboards as others write them: each chart is drawn, with the numbers that the lines have."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from loyalty_monitoring.report.build import report
from loyalty_monitoring.report.sources import sources
from tests.conftest import PROJECT
from tests.log_lines import START, minutes, rejection, write

NAME = "logging.googleapis.com/user/loyalty/rate_limited_requests"
LEGACY = "logging_googleapis_com:user_loyalty_rate_limited_requests"
USER = f'metric.type="{NAME}" resource.type="k8s_container"'
COUNTS = {"s-17": 3, "s-18": 5, "t-18": 7}

# Each filter, and the stores that it selects.
FILTERS: dict[str, str] = {
    f'(metric.type="{NAME}") AND (resource.type="k8s_container")': "s-17 s-18 t-18",
    f'{USER} (metric.label.store_id="s-17" OR metric.label.store_id="s-18")': "s-17 s-18",
    f'{USER} NOT metric.labels.store_id="s-17"': "s-18 t-18",
    f'{USER} -metric.labels.store_id="s-17"': "s-18 t-18",
    f'{USER} metric.labels.store_id:"s-1"': "s-17 s-18",
    f'{USER} metric.labels.store_id=ends_with("8")': "s-18 t-18",
    f'{USER} metric.labels.store_id=has_substring("-1")': "s-17 s-18 t-18",
    f'{USER} metric.labels.store_id=monitoring.regex.full_match("s-(17|18)")': "s-17 s-18",
    f'{USER} metric.labels.store_id!=one_of("s-17", "t-18")': "s-18",
    f'{USER} NOT (metric.labels.store_id:"17" OR metric.labels.store_id=starts_with("t"))': "s-18",
    f'({USER} metric.labels.store_id="s-17") OR ({USER} metric.labels.store_id:"s-")': "s-17 s-18",
    f"{USER} metric.labels.store_id='s-17'": "s-17",
    f'{USER} AND resource.labels."namespace_name"="loyalty" metric.labels.store_id=one_of("s-17", "x")': "s-17",
}
QUERIES = {
    "legacy": f'{LEGACY}{{monitored_resource="k8s_container"}}',
    "bare": f'{{"{NAME}", monitored_resource="k8s_container"}}',
    "name": f'{{__name__="{NAME}", monitored_resource="k8s_container"}}',
    "quoted": f'{{"__name__"="{NAME}","monitored_resource"="k8s_container"}}',
    "single": f"{{'{NAME}', 'monitored_resource'=~'k8s_.*'}}",
}
BY_VARIABLE = {
    "whole": f"{USER} ${{store}}",
    "value": f"{USER} metric.labels.store_id=${{store.value}}",
    "quoted": f'{USER} metric.labels.store_id="${{store.value}}"',
    "in a function": f'{USER} metric.labels.store_id=starts_with("${{store.value}}")',
}


PANELS = {
    'jsonPayload.event="rate_limit_exceeded" ${store}': 16,
    'jsonPayload.store_id="${store.value}"': 16,
    "jsonPayload.store_id=~${store.value} AND severity=WARNING": 16,
    'jsonPayload.store_id="s-18" AND jsonPayload.nothing="${store.value}"': 0,
}


def by_filter(text: str) -> dict[str, Any]:
    aggregation = {
        "alignmentPeriod": "3600s",
        "perSeriesAligner": "ALIGN_DELTA",
        "crossSeriesReducer": "REDUCE_SUM",
        "groupByFields": ["metric.label.store_id"],
    }
    return {"timeSeriesFilter": {"filter": text, "aggregation": aggregation}}


def board(queries: list[dict[str, Any]]) -> dict[str, Any]:
    charts: list[dict[str, Any]] = [{"scorecard": {"timeSeriesQuery": query}} for query in queries]
    return {
        "displayName": "Somebody's own",
        "dashboardFilters": [{"labelKey": "store_id", "templateVariable": "store", "filterType": "METRIC_LABEL"}],
        "gridLayout": {"widgets": charts + [{"logsPanel": {"filter": text}} for text in PANELS]},
    }


def lines() -> Iterator[dict[str, Any]]:
    for store, count in COUNTS.items():
        for number in range(count):
            yield rejection(START + minutes(5) + timedelta(seconds=number), store)
    yield rejection(START + minutes(90), "s-17")


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("report")
    queries = [by_filter(text) for text in [*FILTERS, *BY_VARIABLE.values()]]
    queries += [
        {"prometheusQuery": f"sum by (store_id) (sum_over_time({selector}[1h]))"} for selector in QUERIES.values()
    ]
    queries += [{"prometheusQuery": f'sum by ("store_id") (sum_over_time({QUERIES["bare"]}[1h]))'}]
    queries += [{"prometheusQuery": f'sum_over_time({{"{NAME}"}})'}, by_filter(f"{USER} metric.labels.store_id>5")]
    (folder / "own.json").write_text(json.dumps(board(queries)))
    logs = write(folder / "log.jsonl", sorted(lines(), key=lambda one: str(one["timestamp"])))
    made_from = sources(PROJECT, "demo", [folder / "own.json"], {})
    ours = tuple(one for one in made_from.definitions.dashboards if one.name == "own")
    fewer = dataclasses.replace(made_from.definitions, dashboards=ours, alert_policies=())
    return dict(report(dataclasses.replace(made_from, definitions=fewer), [logs]))


@pytest.fixture(scope="module")
def page(pages: dict[str, str]) -> dict[str, Any]:
    found = re.search(r'id="data">(.*?)</script>', pages["dashboards/own.html"], re.DOTALL)
    assert found
    parsed: dict[str, Any] = json.loads(found[1])
    return parsed


def totals(answer: dict[str, Any]) -> dict[str, float]:
    """By store: the first value of the chart."""
    found = {}
    for series in answer["series"]:
        values = [value for value in series["runs"][::2] if value]
        found[series["labels"].get("store_id", "")] = values[0]
    return found


def first(page: dict[str, Any], number: int) -> dict[str, float]:
    return totals(page["answers"][""][number])


@pytest.mark.parametrize(("number", "stores"), list(enumerate(FILTERS.values())), ids=list(FILTERS))
def test_a_filter_draws_what_it_selects(page: dict[str, Any], number: int, stores: str) -> None:
    assert first(page, number) == {store: COUNTS[store] for store in stores.split()}


@pytest.mark.parametrize("number", range(len(BY_VARIABLE)), ids=list(BY_VARIABLE))
def test_a_filter_with_a_variable_follows_the_choice(pages: dict[str, str], page: dict[str, Any], number: int) -> None:
    place = len(FILTERS) + number
    assert first(page, place) == COUNTS
    script = pages[page["choices"]["store=s-18"].removeprefix("../")]
    _, answers = json.loads("[" + script.removeprefix("loyalty.answers(").removesuffix(");\n") + "]")
    assert totals(answers[place]) == {"s-18": 5}


@pytest.mark.parametrize("number", range(len(QUERIES) + 1), ids=[*QUERIES, "by a quoted label"])
def test_every_form_of_a_name_draws_the_same(page: dict[str, Any], number: int) -> None:
    assert first(page, len(FILTERS) + len(BY_VARIABLE) + number) == COUNTS


@pytest.mark.parametrize(("text", "total"), PANELS.items())
def test_a_logs_panel_with_a_variable_shows_every_value(page: dict[str, Any], text: str, total: int) -> None:
    assert (page["logs"][text]["error"], page["logs"][text]["total"]) == (None, total)


def test_what_cannot_be_drawn_says_so_in_its_place(page: dict[str, Any]) -> None:
    refused, unordered = page["answers"][""][-2:]
    assert f'sum_over_time({{"{NAME}"}})' in refused["note"]
    assert "logging_googleapis_com" not in refused["note"]
    assert "metric.labels.store_id>5" in unordered["note"]
