"""What is wrong with an entry is named: the field, how it is wrong, what is expected, and the first example."""

from __future__ import annotations

from typing import Any

import pytest

from tests.checks.contract.lines import celery, changed, checked, healthy, text, without
from tests.log_lines import START, Entry, entry

TWO = len(healthy()) + 1


def _problems(*entries: Entry) -> tuple[int, dict[str, list[tuple[str, str, str | None, int]]]]:
    """Exit status, and by event each problem's subject, kind, value and line, of entries after the healthy ones."""
    code, report = checked(text([*healthy(), *entries]))
    return code, {
        event["event"]: [
            (one["subject"], one["problem"], one["found"], one["example"]["line"]) for one in event["problems"]
        ]
        for event in report["events"]
        if event["problems"]
    }


@pytest.mark.parametrize(
    ("name", "field", "value", "problem"),
    [
        ("points_earned", "points", "10", "wrong type"),
        ("points_earned", "points", True, "wrong type"),
        ("points_earned", "points", {"n": 1}, "wrong type"),
        ("points_earned", "points", None, "missing"),
        ("points_earned", "points", -1, "wrong value"),
        ("points_adjusted", "points", "-1", "wrong type"),
        ("points_earned", "merchant_id", 17, "wrong type"),
        ("email_status_changed", "status", "Sent", "wrong value"),
        ("email_status_changed", "status", 1, "wrong type"),
        ("wallet_sync_completed", "failure_rate", 1.01, "wrong value"),
        ("wallet_sync_completed", "failure_rate", -0.01, "wrong value"),
        ("wallet_sync_completed", "platform", "windows", "wrong value"),
        ("rate_limit_exceeded", "status", 430, "wrong value"),
        ("rate_limit_exceeded", "status", "429", "wrong type"),
        ("task_freshness", "last_success_timestamp", "2026-11-02T00:00:00Z", "wrong type"),
        ("program_snapshot", "program_active", "true", "wrong type"),
        ("program_snapshot", "program_active", 1, "wrong type"),
    ],
)
def test_a_wrong_field_is_named_with_its_value_and_line(name: str, field: str, value: Any, problem: str) -> None:
    _, report = checked(text([changed(name), changed(name, **{field: value})]))
    found = {one["event"]: one["problems"] for one in report["events"] if one["problems"]}
    assert list(found) == [name]
    (told,) = found[name]
    assert (told["subject"], told["problem"], told["example"]["line"]) == (field, problem, 2)
    assert (told["found"] is None) == (value is None)


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("points_earned", {"points": 0}),
        ("points_earned", {"points": 0.5}),
        ("points_adjusted", {"points": -1}),
        ("wallet_sync_completed", {"failure_rate": 1}),
        ("wallet_sync_completed", {"failure_rate": 0.0}),
        ("rate_limit_exceeded", {"status": 429.0}),
        ("card_enrolled", {"merchant_id": ""}),
        ("card_enrolled", {"unknown": {"more": [1]}}),
    ],
)
def test_what_the_contract_just_allows_is_valid(name: str, fields: dict[str, Any]) -> None:
    code, report = checked(text([*healthy(), changed(name, **fields)]))
    assert code == 0
    (event,) = [one for one in report["events"] if one["event"] == name]
    assert (event["valid"], event["problems"]) == (2, [])
    assert (event["first"], event["last"]) == ("2026-11-02T00:00:00Z", "2026-11-02T00:01:00Z")


def test_an_event_that_an_alert_needs_is_broken_by_one_entry_another_only_warns() -> None:
    assert _problems(changed("task_freshness", task=5))[0] == 1
    assert _problems(changed("card_enrolled", card_id=5))[0] == 0


@pytest.mark.parametrize("severity", ["DEBUG", "WARNING", "DEFAULT"])
def test_a_wrong_severity_is_told_with_the_right_one(severity: str) -> None:
    code, report = checked(text([*healthy(), changed("task_freshness", top={"severity": severity})]))
    (event,) = [one for one in report["events"] if one["event"] == "task_freshness"]
    (problem,) = event["problems"]
    assert code == 1
    assert (problem["subject"], problem["problem"], problem["found"]) == ("severity", "wrong value", f'"{severity}"')
    assert problem["expected"] == "INFO"


def test_the_severity_follows_what_happened() -> None:
    failed = changed("email_status_changed", status="failed", top={"severity": "INFO"})
    assert _problems(failed)[1]["email_status_changed"] == [("severity", "wrong value", '"INFO"', TWO)]
    assert _problems({**failed, "severity": "WARNING"}) == (0, {})
    sent = changed("email_status_changed", top={"severity": "WARNING"})
    assert _problems(sent)[1]["email_status_changed"] == [("severity", "wrong value", '"WARNING"', TWO)]


@pytest.mark.parametrize(
    "logger", ["app.modules.loyalty.tasks.program_reporter", "app.modules.loyalty.program_reporter"]
)
def test_any_package_of_the_module_may_log(logger: str) -> None:
    assert _problems(changed("task_freshness", top={"labels": {"python_logger": logger}})) == (0, {})


@pytest.mark.parametrize(
    "logger",
    [
        "app.modules.loyalty.program_reporter_test",
        "app.modules.loyalty.program_reporter.more",
        "app.modules.loyalty.card_service",
        "app.modules.loyalty",
    ],
)
def test_another_logger_of_the_module_breaks_the_event(logger: str) -> None:
    code, found = _problems(changed("task_freshness", top={"labels": {"python_logger": logger}}))
    assert (code, found) == (1, {"task_freshness": [("logger", "wrong value", f'"{logger}"', TWO)]})


@pytest.mark.parametrize(
    "logger", ["app.modules.loyalty_v2.program_reporter", "app.modules.orders.program_reporter", None]
)
def test_a_logger_of_somebody_else_is_a_note_and_explains_an_absent_event(logger: str | None) -> None:
    stray = changed("task_freshness", top={"labels": {"python_logger": logger} if logger else {}})
    code, report = checked(text([*healthy(), stray]))
    assert code == 0
    (event,) = [one for one in report["events"] if one["event"] == "task_freshness"]
    expected = {"logger": logger, "entries": 1, "example": {"file": "standard input", "line": TWO}}
    assert event["other_loggers"] == [expected]
    code, report = checked(text([*without("task_freshness"), stray]))
    assert code == 1
    told = [(one["level"], one["subject"]) for one in report["findings"][:2]]
    assert told == [("error", "task_freshness"), ("note", "task_freshness")]


def test_entries_of_another_kind_of_machine_do_not_count() -> None:
    moved = changed("task_freshness", top={"resource": {"type": "gce_instance", "labels": {}}})
    code, found = _problems(moved)
    assert (code, found) == (1, {"task_freshness": [("resource.type", "wrong value", '"gce_instance"', TWO)]})


def test_all_that_is_wrong_with_an_entry_is_told() -> None:
    _, found = _problems(changed("points_earned", points="1", store_id=None, top={"severity": "ERROR"}))
    assert [one[:2] for one in found["points_earned"]] == [
        ("severity", "wrong value"),
        ("store_id", "missing"),
        ("points", "wrong type"),
    ]


def test_what_is_wrong_with_an_entry_comes_before_what_a_short_log_does_not_have() -> None:
    wrong = changed("points_adjusted", points="ten")
    _, report = checked(text([*without("stamp_added", "email_queued", "points_adjusted"), wrong]))
    warnings = [one["subject"] for one in report["findings"] if one["level"] == "warning"]
    assert warnings == ["points_adjusted", "stamp_added", "email_queued"]


def test_text_that_begins_like_an_event_is_a_warning_with_its_place() -> None:
    line = '{"event": "card_enrolled", "merchant_id": "m-1", "store'
    texts = [{**entry(START, "x", "INFO", {}), "textPayload": text} for text in (line, line, "{not json", '{"a": 1}')]
    for one in texts:
        del one["jsonPayload"]
    code, report = checked(text([*healthy(), *texts]))
    assert code == 0
    (found,) = [one for one in report["findings"] if one["subject"] == "textPayload"]
    assert (found["level"], found["example"]["line"]) == ("warning", len(healthy()) + 1)
    assert found["message"].startswith("2 entries of text that begins like an event as JSON, and does not count")


def test_a_mistyped_event_names_the_nearest_and_the_absent_one_names_it() -> None:
    typo = changed("rate_limit_exceeded", event="rate_limit_exceded")
    _, report = checked(text([*without("rate_limit_exceeded"), typo]))
    messages = {one["subject"]: one["message"] for one in report["findings"]}
    assert messages["rate_limit_exceeded"].endswith('; did the module write "rate_limit_exceded"?')
    assert messages['"rate_limit_exceded"'].endswith("; did you mean 'rate_limit_exceeded'?")
    assert report["unknown_events"][0]["example"]["line"] == len(without("rate_limit_exceeded")) + 1


def test_an_event_that_is_like_no_other_is_only_a_note_and_one_of_other_loggers_is_nothing() -> None:
    own = entry(START, "app.modules.loyalty.card_service", "INFO", {"event": "zebra"})
    other = entry(START, "app.modules.orders.order_service", "INFO", {"event": "order_placed"})
    code, report = checked(text([*healthy(), own, own, other]))
    assert code == 0
    assert [(one["event"], one["entries"]) for one in report["unknown_events"]] == [('"zebra"', 2)]
    assert [one["level"] for one in report["findings"] if one["subject"] == '"zebra"'] == ["note"]


def test_a_task_of_which_celery_says_nothing_is_a_warning() -> None:
    lines = [*healthy()[:-1], celery("Task loyalty.sync_wallet_passes[3f2a-2] retry: Retry in 60s: OSError()")]
    code, report = checked(text(lines))
    assert code == 0
    (finding,) = [one for one in report["findings"] if one["level"] == "warning"]
    assert finding["subject"] == "loyalty.sync_wallet_passes"
    assert report["celery"]["tasks"][1] | {"first": None, "last": None} == {
        "task": "loyalty.sync_wallet_passes",
        "lines": 1,
        "first": None,
        "last": None,
        "succeeded": 0,
        "failed": 0,
        "retried": 1,
    }


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (
            celery("INFO:celery.app.trace:Task loyalty.expire_points[1] succeeded in 1.0s: {}"),
            "does not begin with Task",
        ),
        (celery("Task loyalty.expire_points[1] succeeded in 1.0s: {}", "root"), "the logger is not celery.app.trace"),
    ],
)
def test_a_line_like_celerys_that_no_metric_counts_is_told_with_the_reason(line: Entry, reason: str) -> None:
    _, report = checked(text([*healthy(), line]))
    (uncounted,) = report["celery"]["not_counted"]
    assert reason in uncounted["reason"]
    assert uncounted["example"]["line"] == TWO
