"""Render: the API's JSON bodies, the same bytes each time, nobody's files lost, no secret in them."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest

from loyalty_monitoring.common.errors import UserError
from loyalty_monitoring.definitions.load import load_definitions
from loyalty_monitoring.definitions.settings import load_stack_settings
from loyalty_monitoring.google_cloud.api_messages import check, dropped_keys
from loyalty_monitoring.google_cloud.render import channels_left_out, policies_without_channel, render
from tests.conftest import ROOT, our_definitions

STACKS = ("demo", "example-production")
KINDS = {
    "log_metrics": "log_metric",
    "alert_policies": "alert_policy",
    "dashboards": "dashboard",
    "notification_channels": "notification_channel",
}


def _render(stack: str, out: Path) -> list[Path]:
    settings = load_stack_settings(ROOT, stack)
    return render(settings, load_definitions(ROOT, settings), out)


def _files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("stack", STACKS)
def test_each_body_parses_strictly_into_the_apis_own_message(stack: str, tmp_path: Path) -> None:
    written = _render(stack, tmp_path / "out")
    assert {path.parent.name for path in written} == set(KINDS)
    for path in written:
        check(KINDS[path.parent.name], json.loads(path.read_text()))


@pytest.mark.parametrize("stack", STACKS)
def test_no_dashboard_has_a_key_that_the_api_would_drop(stack: str, tmp_path: Path) -> None:
    for path in _render(stack, tmp_path / "out"):
        if path.parent.name == "dashboards":
            assert dropped_keys("dashboard", json.loads(path.read_text())) == []


@pytest.mark.parametrize("stack", STACKS)
def test_rendered_twice_it_is_the_same_byte_for_byte(stack: str, tmp_path: Path) -> None:
    _render(stack, tmp_path / "a")
    _render(stack, tmp_path / "b")
    first = _files(tmp_path / "a")
    assert first == _files(tmp_path / "b")
    _render(stack, tmp_path / "a")
    assert _files(tmp_path / "a") == first


def test_no_secret_of_a_stack_is_in_a_rendered_file(tmp_path: Path) -> None:
    _render("example-production", tmp_path)
    everything = b"".join(_files(tmp_path).values())
    assert b"secure" not in everything
    assert b"sensitiveLabels" not in everything


def test_files_that_are_no_longer_wanted_go_and_those_of_others_stay(tmp_path: Path) -> None:
    settings = load_stack_settings(ROOT, "demo")
    definitions = load_definitions(ROOT, settings)
    render(settings, definitions, tmp_path)
    mine = tmp_path / "alert_policies" / "my_notes.json"
    mine.write_text("{}")
    fewer = dataclasses.replace(definitions, alert_policies=definitions.alert_policies[1:])
    render(settings, fewer, tmp_path)
    names = {path.stem for path in (tmp_path / "alert_policies").iterdir()}
    assert names == {policy.name for policy in fewer.alert_policies} | {"my_notes"}


def test_a_file_of_somebody_else_is_never_overwritten(tmp_path: Path) -> None:
    name = our_definitions().alert_policies[0].name
    file = tmp_path / "alert_policies" / f"{name}.json"
    file.parent.mkdir()
    file.write_text("mine")
    with pytest.raises(UserError, match="was not written by render"):
        _render("demo", tmp_path)
    assert _files(tmp_path) == {f"alert_policies/{name}.json": b"mine"}


def test_a_named_channel_is_in_the_policies_that_it_serves(tmp_path: Path) -> None:
    settings = load_stack_settings(ROOT, "example-production")
    definitions = load_definitions(ROOT, settings)
    oncall = "projects/example-production/notificationChannels/1"
    render(settings, definitions, tmp_path / "out", {"oncall": oncall})
    for policy in definitions.alert_policies:
        body = json.loads((tmp_path / "out" / "alert_policies" / f"{policy.name}.json").read_text())
        assert body.get("notificationChannels") == ([oncall] if policy.priority == "P0" else None)
        check("alert_policy", body)
    silent = policies_without_channel(settings, definitions, {"oncall": oncall})
    assert {policy.priority for policy in silent} == {"P1", "P2"}


def test_the_channels_that_no_file_notifies_are_known_even_where_each_policy_has_one() -> None:
    settings = load_stack_settings(ROOT, "example-production")
    definitions = load_definitions(ROOT, settings)
    named = {name: f"projects/p/notificationChannels/{name}" for name in ("team_chat", "team_room")}
    assert policies_without_channel(settings, definitions, named) == []
    left_out = [channel.name for channel in channels_left_out(settings, definitions, named)]
    assert left_out == ["incident_log", "oncall", "oncall_phone", "status_page", "team_mail", "warehouse"]


def test_a_channel_that_is_none_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    settings = load_stack_settings(ROOT, "demo")
    definitions = load_definitions(ROOT, settings)
    for channels in ({"tean": "projects/p/notificationChannels/1"}, {"team": "1"}):
        with pytest.raises(UserError, match=r"did you mean 'team'|write projects/"):
            render(settings, definitions, tmp_path / "out", channels)
    assert not (tmp_path / "out").exists()
