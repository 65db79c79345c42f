"""policy-limits: each limit passes, one more does not."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.checks.lint.conftest import Findings

BEFORE = 3


def policy(**fields: Any) -> str:
    """A policy whose given fields start at line 4, each on one line."""
    lines = [f"{key}: {json.dumps(value, ensure_ascii=False)}\n" for key, value in fields.items()]
    name = "" if "displayName" in fields else "displayName: runs\n"
    return f"combiner: OR\nconditions: []\n{name or 'enabled: true' + chr(10)}{''.join(lines)}"


def link(name: str = "Runbook", url: str = "https://example.com/a") -> dict[str, str]:
    return {"displayName": name, "url": url}


def url(length: int) -> str:
    return "https://example.com/".ljust(length, "a")


@pytest.mark.parametrize(
    "text",
    [
        policy(displayName="a" * 512),
        policy(displayName="ä" * 512),
        policy(documentation={"content": "a" * 8_192, "mimeType": "text/markdown", "subject": "a" * 10_240}),
        policy(documentation={"content": "ä" * 5_120}),
        policy(documentation={"mimeType": "", "links": [link("a" * 63, url(2_083))] * 3}),
        policy(userLabels={f"a{number}": "" for number in range(64)}),
        policy(userLabels={"a" * 63: "b" * 63, "a_-1": "1_-a", "größe": "größe", "team": "${team}"}),
        policy(severity="CRITICAL"),
        policy(severity="WARNING"),
        policy(severity="SEVERITY_UNSPECIFIED"),
        policy(severity="{{ severity }}"),
        policy(alertStrategy={"notificationPrompts": ["OPENED"]}),
        policy(alertStrategy={"notificationPrompts": ["OPENED", "CLOSED"]}),
        policy(alertStrategy={"notificationPrompts": []}),
        policy(displayName=5, documentation=[1], userLabels="a", severity=1, alertStrategy=["a"]),
        policy(documentation={"content": 1, "links": [1, {"displayName": 1, "url": 2}]}, userLabels={"a": 1}),
        policy(alertStrategy={"notificationPrompts": [1, {}]}),
    ],
)
def test_up_to_each_limit_passes(findings: Findings, text: str) -> None:
    assert findings("policy-limits", text) == []


@pytest.mark.parametrize(
    ("text", "said", "remedy"),
    [
        (policy(displayName="a" * 513), "displayName has 513 characters", "shorten"),
        (policy(documentation={"content": "a" * 8_193}), "8,193 characters; at most 8,192", "shorten"),
        (policy(documentation={"content": "ä" * 5_121}), "10,242 bytes; at most 10,240", "shorten"),
        (policy(documentation={"subject": "a" * 10_241}), "10,241 bytes", "shorten"),
        (policy(documentation={"mimeType": "text/plain"}), "text/plain", "write text/markdown"),
        (policy(documentation={"links": [link()] * 4}), "links has 4 entries; at most 3", "keep the runbook"),
        (policy(documentation={"links": [link("a" * 64)]}), "64 characters; at most 63", "shorten"),
        (policy(documentation={"links": [link(url=url(2_084))]}), "2,084 characters; at most 2,083", "shorten"),
        (
            policy(userLabels={f"a{number}": "" for number in range(65)}),
            "userLabels has 65 entries; at most 64",
            "drop some",
        ),
        (policy(userLabels={"a" * 64: ""}), "is no key", "write it so"),
        (policy(userLabels={"Team": ""}), "'Team' is no key", "write it so"),
        (policy(userLabels={"1team": ""}), "'1team' is no key", "write it so"),
        (policy(userLabels={"team.a": ""}), "'team.a' is no key", "write it so"),
        (policy(userLabels={"": ""}), "'' is no key", "write it so"),
        (policy(userLabels={"team": "Loyalty"}), "the value 'Loyalty'", "write it so"),
        (policy(userLabels={"team": "a b"}), "the value 'a b'", "write it so"),
        (policy(userLabels={"team": "a" * 64}), "at most 63", "write it so"),
        (policy(userLabels={"team": "語" * 43}), "at most 63", "write it so"),
        (policy(alertStrategy={"notificationPrompts": ["CLOSED"]}), "only the end", "[OPENED, CLOSED]"),
        (policy(alertStrategy={"notificationPrompts": ["CLOSED", "CLOSED"]}), "only the end", "[OPENED, CLOSED]"),
    ],
)
def test_one_more_and_unknown_values_are_errors_there(findings: Findings, text: str, said: str, remedy: str) -> None:
    (finding,) = findings("policy-limits", text)
    assert (finding.severity, finding.line) == ("error", BEFORE + 1)
    assert said in finding.message
    assert remedy in finding.remedy
