"""The JSON schemas for editors are those of the Google API's own messages, and the files are up to date."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from loyalty_monitoring.google_cloud.json_schemas import text
from tests.conftest import ROOT

SCHEMAS = ROOT / "schemas"
KINDS = ("log_metric", "alert_policy", "dashboard")


@pytest.mark.parametrize("kind", KINDS)
def test_the_file_is_what_the_apis_messages_say(kind: str) -> None:
    assert (SCHEMAS / f"{kind}.schema.json").read_text() == text(kind, "loyalty"), (
        "run: python -m loyalty_monitoring.google_cloud.json_schemas"
    )


@pytest.mark.parametrize("file", sorted(SCHEMAS.glob("*.json")), ids=lambda file: file.stem)
def test_every_schema_is_itself_valid(file: Path) -> None:
    from jsonschema import Draft202012Validator

    Draft202012Validator.check_schema(json.loads(file.read_text()))
