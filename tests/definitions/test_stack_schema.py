"""The editors' schema of Pulumi.STACK.yaml knows what the loader knows."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from loyalty_monitoring.definitions.channels import CHANNEL_TYPES
from loyalty_monitoring.definitions.settings import KNOWN, RESOURCE_TYPES
from tests.conftest import ROOT

SCHEMA: dict[str, Any] = json.loads((ROOT / "schemas" / "stack.schema.json").read_text())
STACKS = sorted(ROOT.glob("Pulumi.*.yaml"))
OWN: dict[str, Any] = {
    key.rpartition(":")[2].rstrip("$"): value
    for key, value in SCHEMA["properties"]["config"]["patternProperties"].items()
    if value is not False
}


def test_it_has_the_settings_the_resource_types_and_the_channel_types_of_the_loader() -> None:
    assert OWN.keys() == KNOWN
    assert tuple(OWN["resourceType"]["enum"]) == RESOURCE_TYPES
    assert set(OWN["channels"]["additionalProperties"]["properties"]["type"]["enum"]) == CHANNEL_TYPES.keys()
    (refused,) = (key for key, value in SCHEMA["properties"]["config"]["patternProperties"].items() if value is False)
    assert set(re.findall(r"\w+", refused.partition("(?!(")[2])) == KNOWN


@pytest.mark.parametrize("file", STACKS, ids=lambda file: file.stem)
def test_each_stack_names_it_and_keeps_it(file: Any) -> None:
    assert file.read_text().startswith("# yaml-language-server: $schema=schemas/stack.schema.json\n")
    assert not list(Draft202012Validator(SCHEMA).iter_errors(yaml.safe_load(file.read_text())))


@pytest.mark.parametrize(
    "slip",
    [
        {"loyalty-monitoring:resourceTyp": "k8s_container"},
        {"loyalty-monitoring:resourceType": "k8s_pod"},
        {"loyalty-monitoring:parameters": {"silent_after": "90"}},
        {"loyalty-monitoring:channels": {"team": {"type": "e-mail", "displayName": "x", "priorities": ["P1"]}}},
        {"loyalty-monitoring:channels": {"team": {"type": "email", "displayName": "x", "priorities": ["P3"]}}},
    ],
)
def test_a_slip_is_marked(slip: dict[str, Any]) -> None:
    assert list(Draft202012Validator(SCHEMA).iter_errors({"config": slip}))
