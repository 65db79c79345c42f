"""Whether a filter can match anything is known of the kinds of entries, before its whole condition is planned."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from loyalty_monitoring.common.database import connect
from loyalty_monitoring.query_languages.logging_filter import parse_filter, to_sql
from loyalty_monitoring.replay.entries.filtering import conditions, filter_fields
from loyalty_monitoring.replay.entries.load import load_entries
from loyalty_monitoring.replay.entries.tables import entry_columns, only_row

ENTRY: dict[str, Any] = {
    "timestamp": "2026-11-02T03:00:07Z",
    "severity": "WARNING",
    "resource": {"type": "k8s_container", "labels": {}},
    "labels": {"python_logger": "app.modules.loyalty.wallet_sync"},
    "jsonPayload": {"event": "card_sync_failed", "card_id": "c-1", "retry_count": 1},
}


@pytest.mark.parametrize(
    ("text", "possible", "matches"),
    [
        ('jsonPayload.event = "card_sync_failed"', True, True),
        ('jsonPayload.event = "card_enrolled"', False, False),
        ('jsonPayload.event = "card_enrolled" AND jsonPayload.card_id = "c-1"', False, False),
        ('severity >= WARNING AND jsonPayload.card_id = "c-2"', True, False),
        ('jsonPayload.event = "card_enrolled" OR jsonPayload.card_id = "c-1"', True, True),
        ('jsonPayload.event = "card_enrolled" OR severity = ERROR', False, False),
        ('NOT jsonPayload.event = "card_enrolled"', True, True),
        ("jsonPayload.event:*", True, True),
        ("jsonPayload.event = NULL_VALUE", True, False),
        ("jsonPayload.retry_count = 1", True, True),
        ("", True, True),
    ],
)
def test_a_filter_that_no_kind_can_match_matches_nothing(
    tmp_path: Path, text: str, possible: bool, matches: bool
) -> None:
    (tmp_path / "log.jsonl").write_text(json.dumps(ENTRY) + "\n")
    parsed = parse_filter(text)
    with connect() as con:
        load_entries(con, [tmp_path / "log.jsonl"], filter_fields(parsed))
        (condition,) = conditions(con, [parsed], entry_columns(con))
        counted = [
            only_row(con, f"SELECT count(*) FROM entries WHERE {one}")
            for one in (to_sql(parsed, entry_columns(con)), condition or "false")
        ]
        assert (condition is not None, counted) == (possible, [(int(matches),)] * 2)


@pytest.mark.parametrize(
    ("text", "matches"),
    [
        ('jsonPayload.event = "card_sync_failed"', 2),
        ('jsonPayload.card_id = "c-2"', 1),
        ('jsonPayload.event = "card_enrolled" OR jsonPayload.card_id = "c-1"', 2),
        ('jsonPayload.event = "card_enrolled" AND jsonPayload.card_id = ("c-1" OR "c-2")', 1),
        ('NOT (jsonPayload.event = "card_enrolled" OR jsonPayload.card_id = "c-2")', 1),
    ],
)
def test_where_some_entries_hold_lists_any_of_their_items_counts(tmp_path: Path, text: str, matches: int) -> None:
    lists = {"event": ["card_sync_failed", "card_enrolled"], "card_id": ["c-1", "c-2"]}
    with_lists = {**ENTRY, "jsonPayload": {**ENTRY["jsonPayload"], **lists}}
    (tmp_path / "log.jsonl").write_text("".join(json.dumps(one) + "\n" for one in (ENTRY, with_lists)))
    parsed = parse_filter(text)
    with connect() as con:
        load_entries(con, [tmp_path / "log.jsonl"], filter_fields(parsed))
        (condition,) = conditions(con, [parsed], entry_columns(con))
        assert only_row(con, f"SELECT count(*) FROM entries WHERE {condition}") == (matches,)
