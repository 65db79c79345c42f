"""channel-labels: the labels of each type's descriptor pass, others do not, and what it needs is there."""

from __future__ import annotations

import json

import pytest

from tests.checks.lint.bodies import channel
from tests.checks.lint.conftest import Findings

GOOD = {
    "email": {"email_address": "a@example.com"},
    "sms": {"number": "+4930123456"},
    "slack": {"channel_name": "#a", "team": "acme-workspace", "auth_token": "****"},
    "pagerduty": {"service_key": "****"},
    "pubsub": {"topic": "projects/p/topics/t"},
    "google_chat": {"space": "spaces/AAAA1234"},
    "webhook_tokenauth": {"url": "https://example.com?token=****"},
    "webhook_basicauth": {"url": "https://example.com", "username": "u"},
    "a_type_of_tomorrow": {"anything": "at all"},
}


@pytest.mark.parametrize("type_", GOOD)
def test_the_labels_of_each_descriptor_pass(findings: Findings, type_: str) -> None:
    body = channel(type=type_, labels=GOOD[type_], verificationStatus="VERIFIED")
    assert findings("channel-labels", json.dumps(body)) == []


def test_a_secret_that_nobody_gets_back_may_be_missing(findings: Findings) -> None:
    assert findings("channel-labels", json.dumps(channel(type="slack", labels={"channel_name": "#a"}))) == []


@pytest.mark.parametrize(
    ("type_", "labels", "said", "remedy"),
    [
        ("email", {"address": "a@example.com"}, "a channel of type email has no label 'address'", "email_address"),
        ("slack", {"channel_name": "#a", "tem": "b"}, "has no label 'tem'", "did you mean 'team'?"),
        ("slack", {"team": "b"}, "needs the label 'channel_name'", "write channel_name"),
        ("pubsub", {"topics": "projects/p/topics/t"}, "has no label 'topics'", "'topic'"),
        ("emial", {"email_address": "a@example.com"}, "'emial' is no type of channel", "did you mean 'email'?"),
        ("webhook_basicauth", {"url": "https://example.com"}, "needs the label 'username'", "write username"),
    ],
)
def test_others_are_an_error(findings: Findings, type_: str, labels: dict[str, str], said: str, remedy: str) -> None:
    (finding,) = findings("channel-labels", json.dumps(channel(type=type_, labels=labels)))
    assert finding.severity == "error"
    assert said in finding.message
    assert remedy in finding.remedy
