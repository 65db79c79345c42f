"""A protoPayload is read by the message that its `@type` names; one that is not known is never guessed at."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from loyalty_monitoring.common.database import connect
from loyalty_monitoring.common.errors import UserError
from loyalty_monitoring.definitions.model import LogMetric
from loyalty_monitoring.query_languages.logging_filter import known_messages, proto_types
from loyalty_monitoring.replay.entries.load import load_entries
from loyalty_monitoring.replay.entries.match import count_matches, newest_matches
from loyalty_monitoring.replay.entries.newest import Search
from loyalty_monitoring.replay.metric_points import make_points, needed_fields
from tests.query_languages.logging_filter.test_filter_language import ENTRIES, write

STRANGE = "type.googleapis.com/example.v1.Thing"
AUDIT_LOG = "type.googleapis.com/google.cloud.audit.AuditLog"


def entry(**payload: Any) -> dict[str, Any]:
    return {
        "timestamp": "2026-11-02T03:00:07Z",
        "resource": {"type": "global", "labels": {}},
        "protoPayload": payload,
    }


@pytest.fixture
def strange(tmp_path: Path) -> Path:
    """Of a type that is not known: size 7, as JSON writes an int64."""
    return write(tmp_path / "strange.jsonl", [entry(**{"@type": STRANGE, "size": "7", "name": "Seven", "number": 7})])


@pytest.mark.parametrize(
    "text",
    [
        "protoPayload.size > 5",
        "protoPayload.size < 5",
        'protoPayload.name >= "S"',
        "NOT protoPayload.size > 5",
        'insertId="" AND (protoPayload.size > 5 OR severity=ERROR)',
    ],
)
def test_what_depends_on_an_unknown_type_is_an_error_that_names_it(strange: Path, text: str) -> None:
    with pytest.raises(UserError, match=rf"^the fields of {STRANGE} are not known .* 1 entry; say the type"):
        count_matches(text, [strange])


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ('protoPayload.name = "seven"', 1),
        ('protoPayload.name : "eve"', 1),
        ('protoPayload.name =~ "^S"', 1),
        ("protoPayload.size = 7", 1),
        ("protoPayload.number > 5", 1),
        ("protoPayload.absent > 5", 0),
        ("protoPayload.size:*", 1),
        ("cast(protoPayload.size, INT64) > 5", 1),
        ("cast(protoPayload.size, INT64) > 7", 0),
        ("severity=ERROR AND protoPayload.size > 5", 0),
        ("severity=DEFAULT OR protoPayload.size > 5", 1),
        (f'protoPayload."@type"="{AUDIT_LOG}" AND protoPayload.size > 5', 0),
    ],
)
def test_what_every_type_would_answer_alike_is_answered(strange: Path, text: str, count: int) -> None:
    assert count_matches(text, [strange]) == count


def test_a_type_unknown_within_an_any_is_named(tmp_path: Path) -> None:
    file = write(tmp_path / "failed.jsonl", [ENTRIES["failed_call"]])
    with pytest.raises(UserError, match=r"type\.googleapis\.com/example\.v1\.Detail"):
        count_matches("protoPayload.status.details.code > 5", [file])


def test_a_payload_without_a_type_is_no_known_one(tmp_path: Path) -> None:
    file = write(tmp_path / "untyped.jsonl", [entry(size="7"), entry(size="8")])
    with pytest.raises(UserError, match=r"a protoPayload without an @type are not known .* 2 entries"):
        count_matches("protoPayload.size > 5", [file])


def test_a_field_that_the_known_message_does_not_have_is_not_guessed_at(tmp_path: Path) -> None:
    file = write(tmp_path / "newer.jsonl", [entry(**{"@type": AUDIT_LOG, "newerField": "7"})])
    with pytest.raises(UserError, match=AUDIT_LOG):
        count_matches("protoPayload.newerField > 5", [file])
    assert count_matches("protoPayload.newerField = 7", [file]) == 1


def test_a_logs_panel_says_so_in_its_place(strange: Path) -> None:
    from datetime import UTC, datetime

    search = Search("protoPayload.size > 5", datetime(2026, 11, 2, tzinfo=UTC), datetime(2026, 11, 3, tzinfo=UTC), 5)
    assert STRANGE in str(newest_matches([search], [strange])[search].error)


def metric(query: str, label: str, value: str | None = None) -> LogMetric:
    body: dict[str, Any] = {
        "name": "loyalty/m",
        "filter": query,
        "metricDescriptor": {
            "metricKind": "DELTA",
            "valueType": "DISTRIBUTION" if value else "INT64",
            "labels": [{"key": "k", "valueType": "STRING"}],
        },
        "labelExtractors": {"k": label},
    }
    if value:
        body["valueExtractor"] = value
    return LogMetric("m", (), body, Path("log_metrics/m.yaml"))


def series_of(of: LogMetric, file: Path) -> list[tuple[Any, ...]]:
    with connect() as con:
        load_entries(con, [file], needed_fields([of]), strict=True)
        make_points(con, [of], [])
        return con.execute("SELECT labels, n, total FROM spaced JOIN series USING (series) ORDER BY ALL").fetchall()


def test_a_metric_over_an_unknown_type_is_an_error_with_its_file(strange: Path) -> None:
    with pytest.raises(UserError, match=rf"^log_metrics/m\.yaml: the fields of {STRANGE}"):
        series_of(metric("protoPayload.size > 5", "EXTRACT(protoPayload.name)"), strange)


@pytest.mark.parametrize(
    ("label", "value", "name"),
    [
        ("EXTRACT(protoPayload.status.code)", "9", "failed_call"),
        (
            "EXTRACT(protoPayload.status.details.conditionNotMet.userVisibleMessage)",
            "Quota r-1 is used up",
            "failed_call",
        ),
        ("EXTRACT(protoPayload.request_metadata.caller_ip)", "10.0.0.7", "job"),
        ('REGEXP_EXTRACT(protoPayload.metadata.jobChange.after, "^(DO)")', "DO", "job"),
        ("EXTRACT(protoPayload.metadata.jobChange.job.jobStats.reservationUsage.name)", "", "job"),
    ],
)
def test_extractors_follow_the_same_paths(tmp_path: Path, label: str, value: str, name: str) -> None:
    file = write(tmp_path / "entries.jsonl", [ENTRIES[name]])
    ((labels, _, _),) = series_of(metric("protoPayload:*", label), file)
    assert f'k="{value}"' in labels


def test_an_int64_is_a_value_of_a_distribution(tmp_path: Path) -> None:
    billed = "protoPayload.metadata.jobChange.job.jobStats.queryStats.totalBilledBytes"
    of = metric(f"{billed} > 1073741824", "EXTRACT(protoPayload.serviceName)", f"EXTRACT({billed})")
    file = write(tmp_path / "entries.jsonl", [ENTRIES["job"], ENTRIES["untyped_job"]])
    ((_, count, total),) = series_of(of, file)
    assert (count, total) == (1, 2097152000)


def test_each_message_that_is_said_to_be_known_is() -> None:
    for name in proto_types.messages():
        assert name in known_messages()
        assert proto_types.field(name, "@type") is None
    assert proto_types.field("google.cloud.audit.AuditLog", "METHOD_NAME") == proto_types.field(
        "google.cloud.audit.AuditLog", "methodName"
    )
