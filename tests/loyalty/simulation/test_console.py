"""What a container prints: events come straight to the console, as StructuredLogHandler's lines would."""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest

from loyalty_simulation import console as consoles
from loyalty_simulation.clock import SimulatedClock
from loyalty_simulation.console import Console, Container, python_logging
from loyalty_simulation.faults import FAULTS
from loyalty_simulation.story import START, Story, entries
from loyalty_simulation.timeline import Occurrence

SERVICE = logging.getLogger("app.modules.loyalty.services.card_service")


@pytest.fixture(params=["straight", "through the handler's text"])
def way(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def through_text(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(consoles, "_is_plain_event", lambda record: False)


def told(log: Callable[[], object]) -> list[dict[str, Any]]:
    clock = SimulatedClock(START)
    console = Console(clock)
    with python_logging(console, clock), console.speaking(Container("api-1", "api")):
        SERVICE.info("first")  # with it come the library's own lines, once or twice
        log()
    found = console.take_until("2027")
    firsts = [place for place, entry in enumerate(found) if entry.get("jsonPayload") == {"message": "first"}]
    return found[firsts[0] + 1 :] if firsts else found


def test_a_story_with_every_fault_is_the_same_to_the_byte_both_ways(monkeypatch: pytest.MonkeyPatch) -> None:
    faults = tuple(
        Occurrence(fault, timedelta(hours=1 + number), timedelta(hours=1)) for number, fault in enumerate(FAULTS)
    )
    story = Story(days=2, merchants=4, stores=4, faults=faults)
    straight = list(entries(story))
    through_text(monkeypatch)
    assert list(entries(story)) == straight
    assert sum(map(len, straight)) > 3_000


def fields(**given: Any) -> dict[str, Any]:
    return {"extra": {"json_fields": {"event": "card_enrolled", **given}}}


def bare(**attributes: Any) -> logging.LogRecord:
    own = {"name": "shop", "levelname": "INFO", "levelno": 20, "msg": "Card", "json_fields": {"event": "e"}}
    return logging.makeLogRecord({**own, **attributes})


def loud() -> logging.LogRecord:
    record = Loud("shop", 20, "", 1, "Card", None, None)
    vars(record)["json_fields"] = {"event": "e"}
    return record


class Loud(logging.LogRecord):
    def getMessage(self) -> str:
        return super().getMessage().upper()


RECORDS: dict[str, Callable[[], object]] = {
    "an event": lambda: SERVICE.info("Card enrolled", **fields(card_id="c-1", cards=3, active=True)),
    "an error": lambda: SERVICE.error("Card lost", **fields()),
    "no fields": lambda: SERVICE.info("Card enrolled", extra={"json_fields": {}}),
    "no event": lambda: SERVICE.info("Card enrolled"),
    "fields that are none": lambda: SERVICE.info("Card enrolled", extra={"json_fields": "c-1"}),
    "a number of JSON": lambda: SERVICE.info("Rate", **fields(rate=1e300)),
    "a number that JSON has not": lambda: SERVICE.info("Rate", **fields(rate=float("nan"))),
    "nothing": lambda: SERVICE.info("Rate", **fields(rate=None)),
    "a list": lambda: SERVICE.info("Rate", **fields(rates=(1, 2))),
    "text of other scripts": lambda: SERVICE.info("Größe", **fields(name="Ж\u2028\x85\n")),
    "half a surrogate pair": lambda: SERVICE.info("Half", **fields(name="\ud83d")),
    "arguments": lambda: SERVICE.info("Card %s", "c-1", **fields()),
    "a message of its own": lambda: SERVICE.info("Card", **fields(message="other")),
    "a message in JSON": lambda: SERVICE.info('{"a": 1}', **fields()),
    "a message that is no text": lambda: SERVICE.info({"a": 1}, **fields()),
    "an empty message": lambda: SERVICE.info("", **fields()),
    "None for a message": lambda: SERVICE.info("None", **fields()),
    "a special field": lambda: SERVICE.info("Card", extra={"json_fields": {"severity": "ERROR", "time": "now"}}),
    "a key that is no text": lambda: SERVICE.info("Card", extra={"json_fields": {1: "one"}}),
    "labels": lambda: SERVICE.info("Card", extra={"json_fields": {"a": 1}, "labels": {"store": "s-1"}}),
    "a trace": lambda: SERVICE.info("Card", extra={"json_fields": {"a": 1}, "trace": "t", "span_id": "s"}),
    "a request": lambda: SERVICE.info("Card", extra={"json_fields": {"a": 1}, "http_request": {"status": 200}}),
    "an exception": lambda: SERVICE.error("Card", exc_info=ValueError("lost"), **fields()),
    "another level": lambda: SERVICE.log(35, "Card", **fields()),
    "a stack": lambda: logging.getLogger().handle(bare(stack_info="Stack x")),
    "no logger's name": lambda: logging.getLogger().handle(bare(name="")),
    "a traceback written before": lambda: logging.getLogger().handle(bare(exc_text="Traceback x")),
    "a level to escape": lambda: logging.getLogger().handle(bare(levelname='A"B')),
    "a level that is no text": lambda: logging.getLogger().handle(bare(levelname=7)),
    "a record of another class": lambda: logging.getLogger().handle(loud()),
}


@pytest.mark.parametrize("name", RECORDS)
def test_a_record_is_the_same_entry_both_ways(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    straight = told(RECORDS[name])
    through_text(monkeypatch)
    assert repr(told(RECORDS[name])) == repr(straight)
    assert straight


def test_events_go_straight(monkeypatch: pytest.MonkeyPatch) -> None:
    lines: list[str] = []
    monkeypatch.setattr(Console, "write", lambda self, text: lines.append(text))
    told(lambda: [RECORDS["an event"]() for _ in range(3)])
    assert not [line for line in lines if "c-1" in line]


def test_entries_of_several_threads_have_ids_of_their_own() -> None:
    with ThreadPoolExecutor(4) as threads:
        found = told(lambda: list(threads.map(lambda _: [RECORDS["an event"]() for _ in range(500)], range(8))))
    assert len({entry["insertId"] for entry in found}) == len(found) == 4_000
