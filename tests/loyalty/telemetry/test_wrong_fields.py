"""Wrong fields raise in tests; in production nothing raises, no line is lost, and each mistake is told once."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from loyalty_telemetry import ContractError, events
from tests.conftest import ROOT
from tests.loyalty.telemetry.conftest import Printed
from tests.loyalty.telemetry.test_events import FUNCTIONS

CARD = {"merchant_id": "m-1", "card_id": "c-1"}
STAMP = {**CARD, "store_id": "s-1"}


class _Unspeakable:
    """As an ORM's object whose session is gone."""

    def __repr__(self) -> str:
        raise RuntimeError("detached")


class _Unasked:
    """As a proxy outside of its context."""

    @property  # type: ignore[misc]
    def __class__(self) -> type:
        raise RuntimeError("outside of a request")


class _Incomparable:
    """As an array of numbers."""

    __hash__ = None  # type: ignore[assignment]

    def __eq__(self, other: object) -> bool:
        raise ValueError("the truth value of an array is ambiguous")


WRONG: list[tuple[Callable[..., None], dict[str, Any], str]] = [
    (events.card_deactivated, {"card_id": "c-1"}, "merchant_id is missing"),
    (events.card_deactivated, {**CARD, "merchant_id": 17}, "merchant_id must be a string, and is of type int (17)"),
    (events.card_deactivated, {**CARD, "merchant_id": None}, "merchant_id must be a string, and is of type NoneType"),
    (events.stamp_added, {**STAMP, "stamps": -1}, "stamps must be a whole number, 0 or more, and is of type int (-1)"),
    (events.stamp_added, {**STAMP, "stamps": 1.0}, "stamps must be a whole number, 0 or more"),
    (events.stamp_added, {**STAMP, "stamps": True}, "stamps must be a whole number, 0 or more, and is of type bool"),
    (events.points_adjusted, {**STAMP, "points": float("nan")}, "points must be a finite number"),
    (events.points_adjusted, {**STAMP, "points": "5"}, "points must be a finite number, and is of type str"),
    (events.points_adjusted, {**STAMP, "points": 10**5000}, "points must be a finite number"),
    (events.email_status_changed, {"template_code": "x", "status": "lost"}, "status must be one of 'sent', 'failed'"),
    (events.email_status_changed, {"template_code": "x", "status": []}, "status must be one of"),
    (events.rate_limit_exceeded, {"store_id": "s-1", "status": 503}, "status must be one of 429"),
    (
        events.wallet_sync_completed,
        {"platform": "google", "cards_total": 1, "cards_failed": 2},
        "cards_failed (2) is more than cards_total (1)",
    ),
    (
        events.wallet_sync_completed,
        {"platform": "google", "cards_total": 1, "cards_failed": _Incomparable()},
        "cards_failed must be a whole number, 0 or more, and is of type _Incomparable",
    ),
    (
        events.email_status_changed,
        {"template_code": "x", "status": _Incomparable()},
        "status must be one of",
    ),
    (events.wallet_sync_completed, {"platform": "google"}, "cards_total is missing; cards_failed is missing"),
    (events.card_deactivated, {**CARD, "event": "card_enrolled"}, "event is a name that the log line needs for itself"),
    (events.card_deactivated, {**CARD, "severity": "DEBUG"}, "severity is a name that the log line needs for itself"),
    (events.card_deactivated, {**CARD, "card_id": _Unspeakable()}, "card_id must be a string, and is of type _Unspeak"),
    (events.card_deactivated, {**CARD, "card_id": _Unasked()}, "card_id must be a string, and is of type _Unasked"),
]


@pytest.mark.parametrize(("function", "fields", "words"), WRONG)
def test_in_a_test_wrong_fields_raise_and_nothing_is_logged(
    printed: Printed, function: Callable[..., None], fields: dict[str, Any], words: str
) -> None:
    with pytest.raises(ContractError) as caught:
        function(**fields)
    assert str(caught.value).startswith(f"{function.__name__}: {words}")
    assert printed.text() == ""


@pytest.mark.usefixtures("production")
@pytest.mark.parametrize(("function", "fields", "words"), WRONG)
def test_in_production_the_line_is_logged_and_the_mistake_told_once(
    printed: Printed, function: Callable[..., None], fields: dict[str, Any], words: str
) -> None:
    function(**fields)
    function(**fields)
    first, *told, second = printed.entries()
    assert first["jsonPayload"] == second["jsonPayload"]
    assert first["jsonPayload"]["event"] == function.__name__
    texts = [
        entry["jsonPayload"]["message"].removesuffix("; such lines may not count (told once a process)")
        for entry in told
    ]
    assert "; ".join(text.removeprefix(f"{function.__name__}: ") for text in texts).startswith(words)
    assert {(entry["severity"], entry["labels"]["python_logger"]) for entry in told} == {
        ("WARNING", "app.modules.loyalty.telemetry")
    }


@pytest.mark.usefixtures("production")
def test_in_production_the_fields_that_are_right_are_kept_and_the_severity_is_right(printed: Printed) -> None:
    events.email_status_changed(template_code=5, status="failed")  # type: ignore[arg-type]
    line, _ = printed.entries()
    assert line["severity"] == "WARNING"
    assert line["jsonPayload"].items() >= {"template_code": 5, "status": "failed"}.items()


@pytest.mark.usefixtures("production")
def test_arguments_without_names_are_logged_in_the_order_of_the_contract(printed: Printed) -> None:
    events.card_deactivated("m-1", "c-1")  # type: ignore[call-arg]
    line, told = printed.entries()
    assert line["jsonPayload"].items() >= CARD.items()
    assert "takes fields by their names only" in told["jsonPayload"]["message"]


@pytest.mark.usefixtures("production")
def test_a_mistake_is_told_without_what_may_be_personal(printed: Printed) -> None:
    events.email_queued(template_code="loyalty_welcome", recipient=b"ada@example.org")  # type: ignore[arg-type]
    _, told = printed.entries()
    assert "recipient must be a string, and is of type bytes" in told["jsonPayload"]["message"]
    assert "ada" not in told["jsonPayload"]["message"]


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()) | st.binary() | st.dates(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.integers(), inner),
    max_leaves=4,
)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@pytest.mark.usefixtures("production")
@given(data=st.data())
def test_whatever_is_passed_in_production_is_one_line_of_valid_json_in_utf_8(
    printed: Printed, data: st.DataObject
) -> None:
    name = data.draw(st.sampled_from(sorted(FUNCTIONS)))
    fields = data.draw(st.dictionaries(st.sampled_from(["merchant_id", "status", "cards_failed", "x"]), json_values))
    FUNCTIONS[name](**fields)

    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is no JSON")

    # A console that writes UTF-8 takes it.
    lines = [json.loads(line.encode(), parse_constant=refuse) for line in printed.text().split("\n")[:-1]]
    assert [line["event"] for line in lines if "event" in line] == [name]


def test_text_that_no_console_can_write_is_escaped_and_its_line_not_lost(printed: Printed) -> None:
    events.email_queued(template_code="loyalty_welcome", recipient="ad\udc80a@example.org")
    line = json.loads(printed.text().encode())
    assert line["recipient"] == "ad\\udc80a@example.org"


def test_an_enumeration_of_the_callers_fits_where_its_values_do(printed: Printed) -> None:
    events.rate_limit_exceeded(store_id="s-1", status=HTTPStatus.TOO_MANY_REQUESTS)  # type: ignore[arg-type]
    assert printed.entry()["jsonPayload"]["status"] == 429


@pytest.mark.parametrize(
    ("environment", "raises"),
    [
        ({}, False),
        ({"LOYALTY_TELEMETRY_STRICT": "0"}, False),
        ({"LOYALTY_TELEMETRY_STRICT": "1"}, True),
        ({"PYTEST_CURRENT_TEST": "x"}, True),
        ({"PYTEST_CURRENT_TEST": "x", "LOYALTY_TELEMETRY_STRICT": "0"}, False),
    ],
)
def test_strict_is_what_the_environment_says_and_pytest_without_being_told(
    monkeypatch: pytest.MonkeyPatch, printed: Printed, environment: dict[str, str], raises: bool
) -> None:
    for name in ("LOYALTY_TELEMETRY_STRICT", "PYTEST_CURRENT_TEST"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    if raises:
        with pytest.raises(ContractError):
            events.card_deactivated(card_id="c-1")  # type: ignore[call-arg]
    else:
        events.card_deactivated(card_id="c-1")  # type: ignore[call-arg]
        assert printed.text()


def test_a_process_that_was_just_started_is_production() -> None:
    code = "from loyalty_telemetry import events; events.card_deactivated()"
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "LOYALTY"))}
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "merchant_id is missing" in done.stderr
