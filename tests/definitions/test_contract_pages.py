"""The page and the schemas of the contract are up to date, and a schema judges as the metrics' filter does."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from loyalty_monitoring.common.database import connect
from loyalty_monitoring.definitions.contract_pages import event_schema, pages
from loyalty_monitoring.definitions.log_contract import events_filter, load_contract
from loyalty_monitoring.query_languages.logging_filter import parse_filter, to_sql
from loyalty_monitoring.replay.entries.fields import ENTRY
from loyalty_monitoring.replay.entries.load import load_entries
from loyalty_monitoring.replay.entries.tables import entry_columns
from tests.checks.contract.lines import changed, healthy
from tests.conftest import ROOT
from tests.log_lines import write

CONTRACT = load_contract(ROOT / "log_events.yaml")
PAGES = dict(pages(CONTRACT, "loyalty"))
VALUES: list[Any] = [None, "", "x", "5", "failed", "sent", "google", "true", True, False, 0, -1, 0.5, 1, 1.01, 429, {}]
HEALTHY = {one["jsonPayload"].get("event") for one in healthy()}
LOGGERS = [
    "app.modules.loyalty.{}",
    "app.modules.loyalty.a.b.{}",
    "app.modules.loyalty_v2.{}",
    "app.modules.loyalty.{}_x",
]


@pytest.mark.parametrize("path", PAGES, ids=str)
def test_a_page_is_what_the_contract_says(path: Path) -> None:
    assert (ROOT / path).read_text() == PAGES[path], "run: python -m loyalty_monitoring.google_cloud.json_schemas"


def test_no_schema_is_left_of_an_event_that_is_gone() -> None:
    assert {file.relative_to(ROOT) for file in (ROOT / "schemas" / "events").iterdir()} == PAGES.keys() - {
        Path("docs/log-contract.md")
    }


@pytest.mark.parametrize("name", [name for name in CONTRACT.events if name in HEALTHY])
def test_the_schema_of_an_event_and_the_filter_of_its_metrics_judge_alike(name: str, tmp_path: Path) -> None:
    event = CONTRACT.events[name]
    schema = event_schema(CONTRACT, event)
    Draft202012Validator.check_schema(schema)
    entries = [changed(name, **{field: value}) for field in (*event.fields, "event") for value in VALUES]
    entries += [changed(name, top={"severity": severity}) for severity in ("INFO", "WARNING", "ERROR", "DEFAULT")]
    entries += [{**one, "severity": "WARNING"} for one in entries]
    entries += [changed(name, top={"labels": {"python_logger": one.format(event.logger)}}) for one in LOGGERS]
    entries.append(changed(name, top={"labels": {}}))
    by_schema = [Draft202012Validator(schema).is_valid(one) for one in entries]
    with connect() as con:
        load_entries(con, [write(tmp_path / "lines.jsonl", entries)], [ENTRY])
        matches = to_sql(parse_filter(events_filter(CONTRACT, (name,), "k8s_container")), entry_columns(con))
        by_filter = [bool(row[0]) for row in con.execute(f"SELECT {matches} FROM entries").fetchall()]
    differ = [json.dumps(one) for one, a, b in zip(entries, by_schema, by_filter, strict=True) if a != b]
    assert differ == []
    assert any(by_schema)
    assert not all(by_schema)
