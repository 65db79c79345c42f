"""What fired, read from each of its three sources, whatever they leave out."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loyalty_monitoring.common.errors import UserError
from loyalty_monitoring.google_cloud import fired_incidents
from loyalty_monitoring.google_cloud.fired_incidents import (
    Fired,
    from_alerts,
    from_notifications,
    from_snoozes,
    from_violations,
    holds_incidents,
    labels_in,
    read_incident_files,
    read_stack_outputs,
    value_in,
)

OPENED = datetime(2025, 1, 10, 11, 5, 3, tzinfo=UTC)  # 1736507103
# The fields and texts that github.com/kubernetes-sigs/kueue/issues/3956 shows, with other values.
OPEN = {
    "activity_type_name": "ViolationOpenEventv1",
    "policy_id": "6885",
    "policy_display_name": "Restarts",
    "resource_name": "a manager",
    "started_at": "1736507103",
    "terse_message": "Restart count for a manager is above the threshold of 1.000 with a value of 2.000.",
    "verbose_message": "Restart count for a manager is above the threshold of 1.000 with a value of 2.000.",
    "violation_id": "0.nng1",
}
RESOLVED = {
    "activity_type_name": "ViolationAutoResolveEventv1",
    "policy_id": "6885",
    "resolved_at": "1736507220",
    "terse_message": "Restart count for a manager returned to normal with a value of 4.000.",
    "violation_id": "0.nng1",
}
ALERT = {
    "name": "projects/p/alerts/0.nng1",
    "state": "CLOSED",
    "openTime": "2025-01-10T11:05:03.123456789Z",
    "closeTime": "2025-01-10T11:07:00Z",
    "resource": {"type": "k8s_container", "labels": {"pod_name": "w-1"}},
    "metric": {"type": "x", "labels": {"store_id": "s-1"}},
    "policy": {"name": "projects/p/alertPolicies/6885", "displayName": "Restarts", "userLabels": {"row": "a5"}},
}


def _notification(state: str, **incident: Any) -> dict[str, Any]:
    return {
        "version": "1.2",
        "incident": {
            "incident_id": "0.nng1",
            "state": state,
            "started_at": 1736507103,
            "ended_at": None,
            "policy_name": "Restarts",
            "condition": {"name": "projects/p/alertPolicies/6885/conditions/9"},
            "metric": {"type": "x", "labels": {"store_id": "s-1"}},
            "observed_value": "2.000",
            **incident,
        },
    }


def _write(folder: Path, *values: Any) -> Path:
    file = folder / f"{len(list(folder.iterdir()))}.json"
    file.write_text("\n".join(json.dumps(value) for value in values))
    return file


def test_an_opening_and_its_closing_are_one_incident_in_whichever_order_they_are_logged() -> None:
    for entries in ([OPEN, RESOLVED], [RESOLVED, OPEN]):
        (incident,) = from_violations(entries)
        assert (incident.id, incident.policy_id, incident.title) == ("0.nng1", "6885", "Restarts")
        assert (incident.opened, incident.closed) == (OPENED, OPENED + timedelta(seconds=117))
        assert (incident.value, incident.labels) == (2.0, None)


def test_a_closing_alone_is_of_an_incident_that_opened_before() -> None:
    (incident,) = from_violations([RESOLVED])
    assert (incident.opened, incident.closed, incident.value) == (None, OPENED + timedelta(seconds=117), None)


def test_an_incident_without_its_closing_is_open() -> None:
    (incident,) = from_violations([OPEN])
    assert incident.closed is None


@pytest.mark.parametrize(
    ("message", "labels"),
    [
        ("Rejections with metric labels {store_id=s-1} is above", {"store_id": "s-1"}),
        ("x with metric labels {a=1, b=two words} and system labels {c=3}.", {"a": "1", "b": "two words", "c": "3"}),
        ('fired for {store_id="s-1", platform="google"}', {"store_id": "s-1", "platform": "google"}),
        ("{k=a,b, c=d}", {"k": "a,b", "c": "d"}),
        ("nothing in braces", None),
        ("{}", {}),
    ],
)
def test_labels_stand_in_braces(message: str, labels: dict[str, str] | None) -> None:
    assert labels_in(message) == labels


@pytest.mark.parametrize(
    ("message", "value"),
    [
        ("above the threshold of 100.000 with a value of 150.500.", 150.5),
        ("with a value of -3.", -3.0),
        ("with a value of 1.5e+06.", 1.5e6),
        ("Log match condition fired", None),
    ],
)
def test_the_value_is_the_one_after_its_words(message: str, value: float | None) -> None:
    assert value_in(message) == value


def test_alerts_have_the_labels_of_the_metric_and_of_the_resource(tmp_path: Path) -> None:
    for values in ([{"alerts": [ALERT], "totalSize": 1}], [[ALERT]], [ALERT]):
        (incident,) = read_incident_files([_write(tmp_path, *values)]).incidents
        assert incident.labels == {"pod_name": "w-1", "store_id": "s-1"}
        assert (incident.policy_id, incident.user_labels) == ("6885", {"row": "a5"})
        assert incident.opened == OPENED + timedelta(microseconds=123456)


def test_the_two_notifications_of_an_incident_are_one_with_the_value_of_the_opening(tmp_path: Path) -> None:
    closing = _notification("closed", ended_at=1736507220, observed_value="0.000")
    for order in ([_notification("open"), closing], [closing, _notification("open")]):
        (incident,) = read_incident_files([_write(tmp_path, *order)]).incidents
        assert (incident.opened, incident.closed) == (OPENED, OPENED + timedelta(seconds=117))
        assert (incident.value, incident.policy_id) == (2.0, "6885")


def test_what_pub_sub_pushes_is_unpacked(tmp_path: Path) -> None:
    data = base64.b64encode(json.dumps(_notification("open")).encode()).decode()
    (incident,) = read_incident_files([_write(tmp_path, {"message": {"data": data}, "subscription": "s"})]).incidents
    assert incident.id == "0.nng1"


def test_an_answer_without_alerts_is_no_incident_and_no_error(tmp_path: Path) -> None:
    assert read_incident_files([_write(tmp_path, {}), _write(tmp_path, []), _write(tmp_path)]) == Fired()


def test_an_incident_that_two_sources_tell_is_one_and_knows_what_either_knows() -> None:
    (incident,) = (Fired(from_violations([OPEN])) + Fired(from_alerts([ALERT]))).incidents
    assert (incident.value, incident.labels) == (2.0, {"pod_name": "w-1", "store_id": "s-1"})
    assert incident.closed == OPENED + timedelta(seconds=117)


def test_one_incident_under_two_ids_is_one_where_policy_labels_and_time_agree() -> None:
    other_id = {**ALERT, "name": "projects/p/alerts/other"}
    assert len((Fired(from_violations([OPEN])) + Fired(from_alerts([other_id]))).incidents) == 1
    later = {**other_id, "openTime": "2025-01-10T11:08:03Z"}
    assert len((Fired(from_violations([OPEN])) + Fired(from_alerts([later]))).incidents) == 2
    of_another = {**other_id, "policy": {"name": "projects/p/alertPolicies/1", "displayName": "Restarts"}}
    assert len((Fired(from_violations([OPEN])) + Fired(from_alerts([of_another]))).incidents) == 2


def test_two_stores_at_once_stay_two_under_other_ids_and_without_labels() -> None:
    stores = [{**OPEN, "violation_id": f"0.{store}"} for store in ("a", "b")]
    alerts = [{**ALERT, "name": store, "metric": {"labels": {"store_id": store}}} for store in ("s-1", "s-2")]
    assert len((Fired(from_violations(stores)) + Fired(from_alerts(alerts))).incidents) == 2


def test_a_snooze_names_its_policies(tmp_path: Path) -> None:
    snooze = {
        "name": "projects/p/snoozes/1",
        "displayName": "Works",
        "criteria": {"policies": ["projects/p/alertPolicies/6885"]},
        "interval": {"startTime": "2025-01-10T00:00:00Z", "endTime": "2025-01-11T00:00:00Z"},
    }
    (found,) = read_incident_files([_write(tmp_path, [snooze])]).snoozes
    assert (found.name, found.policy_ids) == ("Works", frozenset(["6885"]))
    assert from_snoozes([{"criteria": {"policies": []}}]) == ()


def test_the_outputs_of_a_stack_name_the_deployed_policies(tmp_path: Path) -> None:
    outputs = {"alert_policies": {"spike": "projects/p/alertPolicies/7"}, "dashboards": {}}
    assert read_stack_outputs(_write(tmp_path, outputs)) == {"7": "spike"}
    with pytest.raises(UserError, match="pulumi stack output --json"):
        read_stack_outputs(_write(tmp_path, {"policies": 1}))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[1]", "holds something else than incidents"),
        ('{"textPayload": "x"}', "holds something else than incidents"),
        ('{"incident": {}}\n{"incident": ', "2: is not JSON"),
        ("[" * 100_000, "is not JSON"),
        ("\ufeffx", "is not JSON"),
    ],
)
def test_another_file_is_one_error_with_its_place(tmp_path: Path, text: str, words: str) -> None:
    file = tmp_path / "x.json"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(UserError, match=words) as raised:
        read_incident_files([file])
    assert str(raised.value).startswith(str(file))


def test_a_file_that_is_missing_binary_or_too_large_is_one_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(UserError, match="cannot be read"):
        read_incident_files([tmp_path / "none"])
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UserError, match="is not UTF-8"):
        read_incident_files([tmp_path / "binary"])
    monkeypatch.setattr(fired_incidents, "LARGEST_FILE", 10)
    with pytest.raises(UserError, match="name a file of fewer days"):
        read_incident_files([_write(tmp_path, ALERT)])


def test_a_file_of_incidents_is_told_from_one_of_log_entries(tmp_path: Path) -> None:
    snooze = {"criteria": {"policies": []}, "interval": {}}
    for value in ({"alerts": [ALERT]}, [ALERT], _notification("open"), [snooze]):
        assert holds_incidents(_write(tmp_path, value))
    entry = {"timestamp": "2026-11-02T00:00:00Z", "resource": {"type": "global"}, "jsonPayload": {"incident": {"a": 1}}}
    for value in (entry, [entry], {}, [], {"alert_policies": {}}):
        assert not holds_incidents(_write(tmp_path, value))
    assert not holds_incidents(tmp_path / "none")


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*ALERT, *OPEN, "incident", "x"]), inner)
    ),
    max_leaves=12,
)


@given(st.lists(_JSON, max_size=4))
def test_nothing_that_others_wrote_raises(values: list[Any]) -> None:
    from_alerts([{**ALERT, "policy": value, "openTime": value} for value in values])
    from_alerts(values)
    from_notifications([{"incident": value} for value in values])
    from_notifications([_notification("open", started_at=value, metric=value) for value in values])
    from_snoozes([{"criteria": value, "interval": {"startTime": value}} for value in values])
    from_violations([{**OPEN, "started_at": str(value), "verbose_message": str(value)} for value in values])
