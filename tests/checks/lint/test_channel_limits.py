"""channel-limits: each limit passes, one more does not."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.checks.lint.bodies import channel
from tests.checks.lint.conftest import Findings


@pytest.mark.parametrize(
    "changes",
    [
        {"displayName": "a" * 512},
        {"description": "ä" * 1_024},
        {"userLabels": {f"a{number}": "b" for number in range(64)}},
    ],
)
def test_up_to_each_limit_passes(findings: Findings, changes: dict[str, Any]) -> None:
    assert findings("channel-limits", json.dumps(channel(**changes))) == []


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"displayName": "a" * 513}, "displayName has 513 characters; at most 512"),
        ({"description": "a" * 1_025}, "description has 1,025 characters; at most 1,024"),
        ({"userLabels": {f"a{number}": "b" for number in range(65)}}, "65 entries; at most 64"),
        ({"userLabels": {"Team": "shop"}}, "'Team' is no key"),
    ],
)
def test_one_more_is_an_error(findings: Findings, changes: dict[str, Any], said: str) -> None:
    (finding,) = findings("channel-limits", json.dumps(channel(**changes)))
    assert finding.severity == "error"
    assert said in finding.message
