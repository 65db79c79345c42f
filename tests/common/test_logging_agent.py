"""From a printed line to a LogEntry, with lines that the real StructuredLogHandler prints."""

from __future__ import annotations

import io
import json
import logging
from typing import Any

import pytest
from google.cloud import logging_v2
from google.cloud.logging.handlers import StructuredLogHandler
from google.cloud.logging_v2.types import LogEntry
from google.protobuf.json_format import MessageToDict, ParseDict

from loyalty_monitoring.common.logging_agent import log_entry_from_line

WORKER = {
    "type": "k8s_container",
    "labels": {
        "project_id": "demo",
        "namespace_name": "loyalty",
        "pod_name": "worker-0",
        "container_name": "worker",
        "cluster_name": "c1",
        "location": "europe-west1",
    },
}
ARGUMENTS: dict[str, Any] = {
    "printed_at": "2026-11-02T03:00:07.120Z",
    "stream": "stdout",
    "resource": WORKER,
    "insert_id": "a1b2",
}

# The example of the log contract, character for character.
CONTRACT_EXAMPLE = json.loads(
    """
{"timestamp": "2026-11-02T03:00:07.120Z", "severity": "INFO", "insertId": "a1b2", "logName": "projects/demo/logs/stdout",
 "resource": {"type": "k8s_container", "labels": {"project_id": "demo", "namespace_name": "loyalty", "pod_name": "worker-0", "container_name": "worker", "cluster_name": "c1", "location": "europe-west1"}},
 "labels": {"python_logger": "app.modules.loyalty.services.card_service"},
 "jsonPayload": {"message": "Card enrolled", "event": "card_enrolled", "merchant_id": "m-17", "store_id": "s-203", "card_id": "c-9931"}}
"""  # noqa: E501
)


def printed(message: str, level: int = logging.INFO, **extra: Any) -> str:
    """What StructuredLogHandler prints for `logger.log(level, message, extra=extra)`."""
    stream = io.StringIO()
    logger = logging.Logger("app.modules.loyalty.services.card_service")
    logger.addHandler(StructuredLogHandler(stream=stream))
    logging_v2._instrumentation_emitted = True  # the library's version line is not the subject here
    logger.log(level, message, extra=extra)
    return stream.getvalue().rstrip("\n")


def test_a_line_of_the_module_becomes_the_contracts_example_and_its_source_location() -> None:
    fields = {"event": "card_enrolled", "merchant_id": "m-17", "store_id": "s-203", "card_id": "c-9931"}
    entry = log_entry_from_line(printed("Card enrolled", json_fields=fields), **ARGUMENTS)
    assert entry.pop("sourceLocation")["function"] == "printed"
    assert entry == CONTRACT_EXAMPLE


def test_without_a_source_location_nothing_empty_is_left_behind() -> None:
    line = printed("Card enrolled", json_fields={"event": "card_enrolled"}, source_location={})
    assert log_entry_from_line(line, **ARGUMENTS).keys() == CONTRACT_EXAMPLE.keys()


def test_types_of_fields_are_kept() -> None:
    fields = {"stamps": 2, "failure_rate": 0.5, "program_active": True, "note": None}
    entry = log_entry_from_line(printed("x", json_fields=fields), **ARGUMENTS)
    assert entry["jsonPayload"] == {"message": "x", **fields}


def test_plain_extra_fields_do_not_arrive() -> None:
    entry = log_entry_from_line(printed("x", merchant_id="m-1"), **ARGUMENTS)
    assert entry["jsonPayload"] == {"message": "x"}


def test_a_message_alone_is_jsonpayload_as_the_contract_says_or_textpayload_as_the_page_says() -> None:
    line = printed("Task loyalty.expire_points[3f2a] succeeded in 12.34s: {'cards': 3}")
    as_json = log_entry_from_line(line, **ARGUMENTS)
    as_text = log_entry_from_line(line, **ARGUMENTS, message_alone="textPayload")
    assert as_json.pop("jsonPayload") == {"message": as_text.pop("textPayload")}
    assert as_json == as_text
    with_fields = printed("x", json_fields={"event": "y"})
    assert "jsonPayload" in log_entry_from_line(with_fields, **ARGUMENTS, message_alone="textPayload")


@pytest.mark.parametrize(
    ("level", "severity"),
    [
        (logging.DEBUG, "DEBUG"),
        (logging.INFO, "INFO"),
        (logging.WARNING, "WARNING"),
        (logging.ERROR, "ERROR"),
        (logging.CRITICAL, "CRITICAL"),
    ],
)
def test_python_levels_are_severities(level: int, severity: str) -> None:
    assert log_entry_from_line(printed("x", level), **ARGUMENTS)["severity"] == severity


@pytest.mark.parametrize(("stream", "severity"), [("stdout", "INFO"), ("stderr", "ERROR")])
@pytest.mark.parametrize("line", ["plain words", '{"cut off": ', "[1, 2]", "", "7"])
def test_what_is_no_json_object_is_text_with_the_severity_of_its_stream(line: str, stream: str, severity: str) -> None:
    entry = log_entry_from_line(line, **{**ARGUMENTS, "stream": stream})
    assert entry["textPayload"] == line
    assert entry["severity"] == severity
    assert entry["logName"] == f"projects/demo/logs/{stream}"
    assert "jsonPayload" not in entry


@pytest.mark.parametrize(
    "time",
    [
        {"time": "2026-11-02T04:05:06.000000007Z"},
        {"timestamp": {"seconds": 1793592306, "nanos": 7}},
        {"timestampSeconds": 1793592306, "timestampNanos": 7},
    ],
)
def test_a_line_that_says_its_time_is_believed(time: dict[str, Any]) -> None:
    entry = log_entry_from_line(json.dumps({"message": "x", **time}), **ARGUMENTS)
    assert entry["timestamp"] == "2026-11-02T04:05:06.000000007Z"
    assert entry["jsonPayload"] == {"message": "x"}


@pytest.mark.parametrize(
    "fields",
    [
        {"time": "2026-02-30T04:05:06Z"},
        {"time": 7},
        {"timestamp": {"seconds": "soon"}},
        {"timestamp": {}},
        {"timestampSeconds": 10**30},
        {"timestampSeconds": 1, "timestampNanos": -1},
        {"logging.googleapis.com/labels": "none"},
        {"logging.googleapis.com/sourceLocation": ["x"]},
    ],
)
def test_a_special_field_of_another_type_stays_in_the_payload(fields: dict[str, Any]) -> None:
    entry = log_entry_from_line(json.dumps({"message": "x", **fields}), **ARGUMENTS)
    assert entry["timestamp"] == ARGUMENTS["printed_at"]
    assert entry["jsonPayload"] == {"message": "x", **fields}


def test_an_entry_parses_strictly_into_the_apis_own_message() -> None:
    entry = log_entry_from_line(printed("x", json_fields={"event": "y"}), **ARGUMENTS)
    message = ParseDict(entry, LogEntry.pb(LogEntry()))
    assert MessageToDict(message) == entry
