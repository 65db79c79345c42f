"""A report from end to end: log lines in, pages out, with the numbers that the lines have."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from markupsafe import escape

from loyalty_monitoring.report.build import report
from loyalty_monitoring.report.sources import sources
from tests.conftest import PROJECT, copy_project, replace_text, run
from tests.log_lines import START, event, freshness, minutes, write

HOSTILE = "</script><img src=x onerror=alert(1)>"
USER = 'metric.type="logging.googleapis.com/user/loyalty/rate_limited_requests" AND resource.type="k8s_container"'

STRANGERS = {
    "displayName": "Somebody's own",
    "dashboardFilters": [{"labelKey": "store_id", "templateVariable": "store", "filterType": "METRIC_LABEL"}],
    "gridLayout": {
        "widgets": [
            {
                "title": "by filter",
                "xyChart": {
                    "dataSets": [
                        {
                            "timeSeriesQuery": {
                                "timeSeriesFilter": {
                                    "filter": USER,
                                    "aggregation": {
                                        "alignmentPeriod": "60s",
                                        "perSeriesAligner": "ALIGN_DELTA",
                                        "crossSeriesReducer": "REDUCE_SUM",
                                        "groupByFields": ["metric.label.store_id"],
                                    },
                                }
                            }
                        }
                    ]
                },
            },
            {
                "title": "by variable",
                "scorecard": {
                    "timeSeriesQuery": {
                        "prometheusQuery": "sum(sum_over_time(logging_googleapis_com:user_loyalty_rate_limited_requests"
                        '{monitored_resource="k8s_container", ${store}}[${__interval}]))'
                    }
                },
            },
            {"title": "wrong", "scorecard": {"timeSeriesQuery": {"prometheusQuery": "sum("}}},
            {"title": "foreign", "scorecard": {"timeSeriesQuery": {"timeSeriesQueryLanguage": "fetch x"}}},
            {"title": "hostile", "text": {"content": HOSTILE}},
            {"logsPanel": {"filter": 'jsonPayload.store_id="s-2"'}},
            {"logsPanel": {"filter": "((("}},
        ]
    },
}


def rejections() -> Iterator[dict[str, Any]]:
    """120 of s-1 in the sixth minute, 3 of s-2 in the tenth, and a reporter that is alive."""
    for number in range(120):
        yield event(
            "rate_limit_exceeded",
            START + minutes(5) + timedelta(seconds=number / 3),
            severity="WARNING",
            store_id="s-1",
            status=429,
        )
    for number in range(3):
        yield event(
            "rate_limit_exceeded",
            START + minutes(9) + timedelta(seconds=number),
            severity="WARNING",
            store_id="s-2",
            status=429,
        )
    yield event("rate_limit_exceeded", START + minutes(11), severity="WARNING", store_id=HOSTILE, status=429)
    for number in range(3):
        yield freshness(START + minutes(10 * number), START)


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("report")
    (folder / "own.json").write_text(json.dumps(STRANGERS))
    logs = write(folder / "log.jsonl", sorted(rejections(), key=lambda one: one["timestamp"]))
    made_from = sources(PROJECT, "demo", [folder / "own.json"], {})
    ours = [one for one in made_from.definitions.dashboards if one.name in ("own", "overview")]
    fewer = dataclasses.replace(made_from.definitions, dashboards=tuple(ours))
    return dict(report(dataclasses.replace(made_from, definitions=fewer), [logs]))


def data(pages: dict[str, str], page: str) -> dict[str, Any]:
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', pages[page], re.DOTALL)
    assert found
    parsed: dict[str, Any] = json.loads(found[1])
    return parsed


def samples(answer: dict[str, Any], **labels: str) -> dict[int, float]:
    """What a series is at each minute since the start, gaps left out."""
    (series,) = (one for one in answer["series"] if one["labels"] == labels)
    runs = series["runs"]
    flat = [value for value, count in zip(runs[::2], runs[1::2], strict=True) for _ in range(count)]
    first = answer["from"] - int(START.timestamp())
    return {(first + i * answer["step"]) // 60: value for i, value in enumerate(flat) if value is not None}


def test_there_is_a_page_for_everything(pages: dict[str, str]) -> None:
    assert {name for name in pages if not name.startswith("data/")} == {
        "index.html",
        "dashboards/own.html",
        "dashboards/overview.html",
        *(f"policies/{path.stem}.html" for path in (PROJECT / "alert_policies").glob("*.yaml")),
    }


def test_the_incident_stands_where_replay_opens_it(pages: dict[str, str]) -> None:
    (incident,) = data(pages, "index.html")["incidents"]
    assert incident["policy"] == "rate_limit_spike"
    assert incident["labels"] == {"store_id": "s-1"}
    assert incident["opened"] == (START + minutes(6)).timestamp()
    assert incident["closed"] is None  # the log ends before


def test_each_alert_says_whom_it_notifies_in_the_stack_and_where_the_entries_are_said_first(
    pages: dict[str, str],
) -> None:
    assert re.search(r"What the alerts of stack demo make of \d+ log entries\.", pages["index.html"])
    assert pages["index.html"].count("<dt>Notifies</dt><dd>e-mail Loyalty team</dd>") == 4
    assert "Notifies in stack demo: e-mail Loyalty team." in pages["policies/rate_limit_spike.html"]


def test_an_alert_that_notifies_nobody_says_so(tmp_path: Path) -> None:
    project = copy_project(tmp_path / "project")
    file = project / "Pulumi.demo.yaml"
    replace_text(file, "priorities: [P0, P1, P2]", "priorities: [P0, P2]")
    file.write_text(f"{file.read_text()}  loyalty-monitoring:silentPriorities: [P1]\n")
    drawn = dict(report(sources(project, "demo", [], {}), [write(tmp_path / "log.jsonl", rejections())]))
    assert "Notifies in stack demo: nobody (silentPriorities)." in drawn["policies/rate_limit_spike.html"]


def test_a_policy_page_has_the_value_that_its_condition_compares(pages: dict[str, str]) -> None:
    page = data(pages, "policies/rate_limit_spike.html")
    (panel,) = page["panels"]
    assert panel["thresholds"] == [{"value": 100, "label": "above 100"}]
    answer = page["answers"][""][panel["queries"][0]]
    assert samples(answer, store_id="s-1")[6] == 120
    assert samples(answer, store_id="s-2")[10] == 3


def test_a_filter_chart_of_somebody_else_has_the_same_numbers(pages: dict[str, str]) -> None:
    page = data(pages, "dashboards/own.html")
    number = next(one["query"] for one in page["filters"] if one["path"][2] == 0)
    assert samples(page["answers"][""][number], store_id="s-1")[6] == 120


def test_every_data_set_is_found_by_its_path(pages: dict[str, str]) -> None:
    for name in ("own", "overview"):
        page = data(pages, f"dashboards/{name}.html")
        for one in page["filters"]:
            there: Any = page["dashboard"]
            for part in one["path"]:
                there = there[part]
            query = page["queries"][one["query"]]
            assert query == there.get("prometheusQuery", json.dumps(there, sort_keys=True))


def test_a_choice_brings_the_numbers_of_that_store(pages: dict[str, str]) -> None:
    page = data(pages, "dashboards/own.html")
    assert page["variables"] == [
        {"name": "store", "label": "store_id", "values": [HOSTILE, "s-1", "s-2"], "left_out": 0}
    ]
    script = pages[page["choices"]["store=s-2"].removeprefix("../")]
    key, answers = json.loads("[" + script.removeprefix("loyalty.answers(").removesuffix(");\n") + "]")
    number = next(one["query"] for one in page["filters"] if one["path"][2] == 1)
    assert key == "store=s-2"
    assert samples(answers[number])[10] == 3
    assert [answer for index, answer in enumerate(answers) if index != number] == [None] * (len(answers) - 1)


def test_a_minute_of_a_month_is_on_the_chart_whose_step_is_half_an_hour(tmp_path: Path) -> None:
    query = "sum(sum_over_time(logging_googleapis_com:user_loyalty_rate_limited_requests[1m]))"
    widget = {"xyChart": {"dataSets": [{"timeSeriesQuery": {"prometheusQuery": query}}]}}
    (tmp_path / "minutely.json").write_text(json.dumps({"displayName": "M", "gridLayout": {"widgets": [widget]}}))
    logs = write(tmp_path / "log.jsonl", sorted(rejections(), key=lambda one: one["timestamp"]))
    made_from = sources(PROJECT, "demo", [tmp_path / "minutely.json"], {})
    (only,) = (one for one in made_from.definitions.dashboards if one.name == "minutely")
    fewer = dataclasses.replace(made_from.definitions, dashboards=(only,), alert_policies=())
    drawn = dict(report(dataclasses.replace(made_from, definitions=fewer), [logs], end=START + timedelta(days=30)))
    (answer,) = data(drawn, "dashboards/minutely.html")["answers"][""]
    assert answer["step"] == 1_800
    assert max(samples(answer).values()) == 120


def test_a_query_that_cannot_be_evaluated_says_why_in_its_place(pages: dict[str, str]) -> None:
    page = data(pages, "dashboards/own.html")
    notes = {one["path"][2]: page["answers"][""][one["query"]]["note"] for one in page["filters"]}
    assert "Prometheus refuses the query" in notes[2]
    assert "MQL" in notes[3]


def test_a_logs_panel_has_the_newest_matching_lines_first(pages: dict[str, str]) -> None:
    logs = data(pages, "dashboards/own.html")["logs"]
    found = logs['jsonPayload.store_id="s-2"']
    assert found["total"] == 3
    assert [line["timestamp"] for line in found["lines"]] == sorted(
        (line["timestamp"] for line in found["lines"]), reverse=True
    )
    assert found["lines"][0]["text"] == "rate limit exceeded"
    assert logs["((("]["total"] == 0
    assert logs["((("]["error"]


def test_hostile_names_are_text_on_every_page(pages: dict[str, str]) -> None:
    assert HOSTILE in data(pages, "dashboards/own.html")["variables"][0]["values"]
    for name, text in pages.items():
        assert "<img" not in text, name
        assert text.count("</script>") == (0 if name.startswith("data/") else text.count("<script")), name


def test_no_page_names_anything_elsewhere_that_it_would_fetch(pages: dict[str, str]) -> None:
    for name, text in pages.items():
        html = re.sub(r'<script type="application/json".*?</script>', "", text, flags=re.DOTALL)
        assert not re.search(r'(?:src|<link[^>]*href)="(?!(?:\.\./)?assets/)', html), name


def test_logs_of_another_type_of_machine_are_said_on_each_page_and_on_standard_error(tmp_path: Path) -> None:
    """Without it the page shows a system that was silent for days."""
    logs = write(tmp_path / "day.jsonl", [event("card_enrolled", START, merchant_id="m", store_id="s", card_id="c")])
    out = tmp_path / "report"
    done = run("report", "--stack", "example-production", str(logs), "--out", str(out), folder=PROJECT)
    assert done.returncode == 0
    said = 'metrics want resource.type="cloud_run_revision", and the entries have k8s_container (1); choose the stack'
    assert said in done.stderr
    for page in ("index.html", "policies/rate_limit_spike.html", "dashboards/overview.html"):
        assert escape(said) in (out / page).read_text()


def test_a_value_that_must_equal_its_threshold_is_said_once(tmp_path: Path) -> None:
    logs = write(tmp_path / "log.jsonl", [freshness(START, START)])
    made_from = sources(PROJECT, "demo", [], {})
    drawn = dict(report(made_from, [logs], end=START + timedelta(hours=3)))
    (incident,) = data(drawn, "policies/telemetry_silent.html")["incidents"]
    assert incident["why"] == "0"
