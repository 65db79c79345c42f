"""A stack's settings: every mistake is an error with its place and its remedy, and nothing is defaulted silently."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from loyalty_monitoring.common.errors import UserError, UserErrors
from loyalty_monitoring.definitions.channels import CHANNEL_TYPES
from loyalty_monitoring.definitions.settings import OPTIONAL, REQUIRED, Settings, load_stack_settings
from tests.conftest import ROOT

SECRET = "SENTINEL-that-nobody-may-see"


def load(folder: Path, changes: dict[str, Any] | None = None, channel: dict[str, Any] | None = None) -> Settings:
    """The demo stack with some settings changed (None removes one), or with another channel `team`."""
    config = yaml.safe_load((ROOT / "Pulumi.demo.yaml").read_text())["config"]
    for key, value in (changes or {}).items():
        config[key if ":" in key else f"loyalty-monitoring:{key}"] = value
    if channel is not None:
        config["loyalty-monitoring:channels"] = {"team": channel}
    config = {key: value for key, value in config.items() if value is not None}
    (folder / "Pulumi.test.yaml").write_text(yaml.safe_dump({"config": config}, sort_keys=False))
    return load_stack_settings(folder, "test")


def refusal(folder: Path, changes: dict[str, Any] | None = None, channel: dict[str, Any] | None = None) -> str:
    with pytest.raises(UserError) as caught:
        load(folder, changes, channel)
    assert SECRET not in str(caught.value)
    assert caught.value.position is not None
    assert caught.value.position.line > 0, "the error says where"
    return caught.value.message


def email(**changes: Any) -> dict[str, Any]:
    channel = {
        "type": "email",
        "displayName": "Team",
        "labels": {"email_address": "team@example.com"},
        "priorities": ["P0", "P1", "P2"],
    }
    return {key: value for key, value in {**channel, **changes}.items() if value is not None}


def slack(**changes: Any) -> dict[str, Any]:
    return email(type="slack", labels={"channel_name": "#a"}, secretLabels=["auth_token"], **changes)


@pytest.mark.parametrize("stack", ["demo", "example-production"])
def test_the_stacks_of_the_project_are_valid(stack: str) -> None:
    assert load_stack_settings(ROOT, stack).stack == stack


def test_the_example_stack_shows_every_type_of_channel() -> None:
    assert {channel.type for channel in load_stack_settings(ROOT, "example-production").channels} == set(CHANNEL_TYPES)


def test_pulumi_yaml_declares_and_describes_every_setting_with_the_same_defaults() -> None:
    declared = yaml.safe_load((ROOT / "Pulumi.yaml").read_text())["config"]
    # The others are the provider's.
    declared = {key: item for key, item in declared.items() if ":" not in key}
    assert set(declared) == {*REQUIRED, *OPTIONAL}
    assert {key: item["default"] for key, item in declared.items() if "default" in item} == dict(OPTIONAL)
    for key, item in declared.items():
        assert item["type"] in ("string", "array", "object", "boolean"), key
        assert len(item["description"]) > 20, key


def test_an_unknown_stack_names_the_nearest() -> None:
    with pytest.raises(UserError, match="no stack 'deno'; did you mean 'demo'"):
        load_stack_settings(ROOT, "deno")


@pytest.mark.parametrize("stack", ["../demo", "", "a/b", "-x"])
def test_a_stack_is_a_name_and_no_path(stack: str) -> None:
    with pytest.raises(UserError, match="no name for a stack"):
        load_stack_settings(ROOT, stack)


@pytest.mark.parametrize("key", REQUIRED)
def test_a_required_setting_that_is_missing_is_named(tmp_path: Path, key: str) -> None:
    assert f"loyalty-monitoring:{key} is missing; add it" in refusal(tmp_path, {key: None})


def test_a_mistyped_setting_names_the_right_one_and_its_line(tmp_path: Path) -> None:
    with pytest.raises(UserError) as caught:
        load(tmp_path, {"enviroment": "demo"})
    assert "unknown setting loyalty-monitoring:enviroment; did you mean 'environment'?" in str(caught.value)
    line = (tmp_path / "Pulumi.test.yaml").read_text().splitlines()[caught.value.position.line - 1]  # type: ignore[union-attr]
    assert "enviroment" in line


def test_a_mistyped_namespace_is_an_error_and_another_namespace_is_not(tmp_path: Path) -> None:
    assert "did you mean 'loyalty-monitoring'" in refusal(tmp_path, {"loyalty_monitoring:prefix": "a"})
    assert load(tmp_path, {"gcp:region": "europe-west1"}).prefix == ""


def test_a_mistyped_key_of_the_stack_file_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "Pulumi.test.yaml").write_text("confg: {}\n")
    with pytest.raises(UserError, match="unknown key 'confg'; did you mean 'config'"):
        load_stack_settings(tmp_path, "test")


def test_a_setting_without_its_namespace_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "Pulumi.test.yaml").write_text("config:\n  project: abcdef\n")
    with pytest.raises(UserError, match="write loyalty-monitoring:project"):
        load_stack_settings(tmp_path, "test")


@pytest.mark.parametrize("project", ["abcdef", "a" * 30, "a-1-b-2", "example.com:abcdef"])
def test_good_project_ids(tmp_path: Path, project: str) -> None:
    assert load(tmp_path, {"project": project}).project == project


@pytest.mark.parametrize("project", ["abcde", "a" * 31, "1abcde", "abcde-", "Abcdef", "abc_def", "", 123456, True])
def test_bad_project_ids(tmp_path: Path, project: object) -> None:
    assert "loyalty-monitoring:project" in refusal(tmp_path, {"project": project})


@pytest.mark.parametrize("prefix", ["", "a", "eu", "a" * 20, "eu-west-1"])
def test_good_prefixes(tmp_path: Path, prefix: str) -> None:
    assert load(tmp_path, {"prefix": prefix}).prefix == prefix


@pytest.mark.parametrize("prefix", ["a" * 21, "-a", "a-", "1a", "A", "a_b", "a/b", " "])
def test_bad_prefixes(tmp_path: Path, prefix: str) -> None:
    assert "loyalty-monitoring:prefix" in refusal(tmp_path, {"prefix": prefix})


def test_an_environment_is_a_label_value(tmp_path: Path) -> None:
    assert load(tmp_path, {"environment": "a" * 63}).environment == "a" * 63
    for bad in ("a" * 64, "", "Production", "a b"):
        assert "a label value" in refusal(tmp_path, {"environment": bad})


def test_an_unknown_resource_type_names_the_nearest(tmp_path: Path) -> None:
    assert "did you mean 'k8s_container'?" in refusal(tmp_path, {"resourceType": "k8s_contaner"})


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/a",
        "example.com",
        "https://",
        "https://u:p@example.com/a",
        "https://e.com/a?b=c",
        "https://e.com/#a",
    ],
)
def test_bad_runbook_addresses(tmp_path: Path, url: str) -> None:
    assert "loyalty-monitoring:runbookUrl" in refusal(tmp_path, {"runbookUrl": url})


def test_a_runbook_address_loses_its_last_slash(tmp_path: Path) -> None:
    assert load(tmp_path, {"runbookUrl": "https://e.com/a/"}).runbook_url == "https://e.com/a"


def test_parameters_are_numbers_also_as_the_cli_writes_them(tmp_path: Path) -> None:
    given = {"a": 1, "b": 0.5, "c": "0.4", "d": "12"}
    assert load(tmp_path, {"parameters": given}).parameter_overrides == {"a": 1, "b": 0.5, "c": 0.4, "d": 12}


@pytest.mark.parametrize("value", ["1h", "", True, [1], {"a": 1}, "1e3"])
def test_a_parameter_that_is_no_number_is_an_error(tmp_path: Path, value: object) -> None:
    assert "loyalty-monitoring:parameters.a" in refusal(tmp_path, {"parameters": {"a": value}})


@pytest.mark.parametrize("key", ["channels", "parameters"])
@pytest.mark.parametrize("value", ["text", [1], 5])
def test_a_mapping_is_a_mapping(tmp_path: Path, key: str, value: object) -> None:
    assert "must be a mapping" in refusal(tmp_path, {key: value})


@pytest.mark.parametrize("priority", ["P0", "P1", "P2"])
def test_a_priority_that_reaches_nobody_says_how_to_add_a_channel_or_stay_silent(tmp_path: Path, priority: str) -> None:
    others = [each for each in ("P0", "P1", "P2") if each != priority]
    message = refusal(tmp_path, channel=email(priorities=others))
    assert f"priority {priority} reach nobody" in message
    assert f"add {priority} to the `priorities` of a channel" in message
    assert f"silentPriorities: [{priority}]" in message


def test_a_priority_may_stay_silent_on_purpose(tmp_path: Path) -> None:
    settings = load(tmp_path, {"silentPriorities": ["P2"]}, email(priorities=["P1", "P0"]))
    assert settings.silent_priorities == ("P2",)
    assert settings.channels_of("P2") == ()
    assert [channel.name for channel in settings.channels_of("P0")] == ["team"]


def test_no_channel_at_all_is_possible_on_purpose_only(tmp_path: Path) -> None:
    assert "reach nobody" in refusal(tmp_path, {"channels": {}})
    assert load(tmp_path, {"channels": {}, "silentPriorities": ["P0", "P1", "P2"]}).channels == ()


def test_a_silent_priority_that_is_served_is_a_contradiction(tmp_path: Path) -> None:
    assert "take P2 out of silentPriorities" in refusal(tmp_path, {"silentPriorities": ["P2"]})


@pytest.mark.parametrize("priorities", [["P3"], ["p0"], ["P0", "P0"], "P0", [0], [["P0"]]])
def test_bad_priorities(tmp_path: Path, priorities: object) -> None:
    assert "priorities" in refusal(tmp_path, channel=email(priorities=priorities))


def test_a_channel_that_serves_nothing_is_an_error(tmp_path: Path) -> None:
    assert "serves no priority" in refusal(tmp_path, channel=email(priorities=[]))


@pytest.mark.parametrize("key", ["type", "displayName", "priorities"])
def test_a_channel_lacks_nothing(tmp_path: Path, key: str) -> None:
    assert f"lacks the key {key!r}" in refusal(tmp_path, channel=email(**{key: None}))


def test_an_unknown_key_of_a_channel_names_the_nearest(tmp_path: Path) -> None:
    assert "unknown key 'displayname'; did you mean 'displayName'?" in refusal(tmp_path, channel=email(displayname="x"))


def test_an_unknown_type_of_channel_names_the_nearest(tmp_path: Path) -> None:
    assert "did you mean 'pagerduty'?" in refusal(tmp_path, channel=email(type="pagerdutty"))


def test_an_unknown_label_names_the_right_one(tmp_path: Path) -> None:
    channel = email(labels={"email_adress": "team@example.com"})
    assert "no label of the type 'email'; did you mean 'email_address'?" in refusal(tmp_path, channel=channel)


def test_a_title_leaves_room_for_the_prefix(tmp_path: Path) -> None:
    assert load(tmp_path, channel=email(displayName="x" * 400)).channels[0].display_name == "x" * 400
    assert "displayName" in refusal(tmp_path, channel=email(displayName="x" * 401))
    assert "displayName" in refusal(tmp_path, channel=email(displayName=""))


@pytest.mark.parametrize("name", ["Team", "1team", "te am", "a.b", "x" * 64])
def test_bad_names_of_channels(tmp_path: Path, name: str) -> None:
    assert "no name for a channel" in refusal(tmp_path, {"channels": {name: email()}})


@pytest.mark.parametrize(
    ("kind", "labels"),
    [
        ("email", {"email_address": "nobody"}),
        ("pubsub", {"topic": "incidents"}),
        ("slack", {"channel_name": "two words"}),
        ("sms", {"number": "030123456"}),
        ("webhook_basicauth", {"url": "http://example.com", "username": "u"}),
        ("webhook_basicauth", {"url": "https://u:p@example.com", "username": "u"}),
        ("webhook_basicauth", {"url": "https://example.com"}),
        ("email", {}),
    ],
)
def test_bad_and_missing_labels(tmp_path: Path, kind: str, labels: dict[str, str]) -> None:
    secrets = list(CHANNEL_TYPES[kind].secret_labels) or None
    assert "labels" in refusal(tmp_path, channel=email(type=kind, labels=labels, secretLabels=secrets))


@pytest.mark.parametrize("team", ["acme-workspace", "Acme Two", "T0123456"])
def test_a_slack_channel_may_name_the_workspace_as_its_descriptor_does(tmp_path: Path, team: str) -> None:
    (channel,) = load(tmp_path, channel=slack() | {"labels": {"channel_name": "#a", "team": team}}).channels
    assert channel.labels == {"channel_name": "#a", "team": team}
    (without,) = load(tmp_path, channel=slack()).channels
    assert without.labels == {"channel_name": "#a"}


def test_a_label_that_may_be_left_out_has_a_value_where_it_is_there(tmp_path: Path) -> None:
    assert "labels.team" in refusal(tmp_path, channel=slack() | {"labels": {"channel_name": "#a", "team": " "}})
    assert "did you mean 'team'" in refusal(tmp_path, channel=slack() | {"labels": {"channel_name": "#a", "tem": "a"}})
    assert "no label of the type 'email'" in refusal(
        tmp_path, channel=email(labels={"email_address": "a@example.com", "team": "a"})
    )


def test_a_room_of_google_chat_is_a_channel(tmp_path: Path) -> None:
    (channel,) = load(tmp_path, channel=email(type="google_chat", labels={"space": "spaces/AAAA1234"})).channels
    assert (channel.type, channel.labels) == ("google_chat", {"space": "spaces/AAAA1234"})
    assert "labels.space" in refusal(tmp_path, channel=email(type="google_chat", labels={"space": "my room"}))


def test_a_secret_in_a_plain_label_is_refused_with_the_command_for_it(tmp_path: Path) -> None:
    channel = slack() | {"labels": {"channel_name": "#a", "auth_token": SECRET}}
    message = refusal(tmp_path, channel=channel)
    assert "must not stand in plain text" in message
    assert "pulumi config set --secret --path 'channelSecrets.team.auth_token' VALUE" in message


def test_a_secret_in_the_list_of_names_is_not_repeated(tmp_path: Path) -> None:
    assert "expected auth_token" in refusal(tmp_path, channel=slack() | {"secretLabels": [SECRET]})


def test_a_secret_label_that_is_not_listed_is_an_error_with_its_command(tmp_path: Path) -> None:
    message = refusal(tmp_path, channel=slack() | {"secretLabels": []})
    assert "lacks secretLabels: [auth_token]" in message
    assert "channelSecrets.team.auth_token" in message


@pytest.mark.parametrize("secrets", [SECRET, {"team": SECRET}, {"team": {"auth_token": SECRET}}, [SECRET]])
def test_secrets_in_plain_text_are_refused_without_showing_them(tmp_path: Path, secrets: object) -> None:
    message = refusal(tmp_path, {"channelSecrets": secrets}, slack())
    assert "stands in plain text; revoke this value" in message
    assert "pulumi config set --secret --path 'channelSecrets." in message


@pytest.mark.parametrize("secrets", [{"secure": "v1:x"}, {"team": {"auth_token": {"secure": "v1:x"}}}])
def test_encrypted_secrets_are_accepted_and_not_kept(tmp_path: Path, secrets: object) -> None:
    settings = load(tmp_path, {"channelSecrets": secrets}, slack())
    assert "v1:x" not in repr(settings)


def test_an_encrypted_value_where_plain_text_belongs_is_an_error(tmp_path: Path) -> None:
    assert "is a secret" in refusal(tmp_path, {"project": {"secure": "v1:x"}})


def test_two_settings_in_one_place_are_an_error(tmp_path: Path) -> None:
    (tmp_path / "Pulumi.test.yaml").write_text(
        "config:\n  loyalty-monitoring:prefix: a\n  loyalty-monitoring:prefix: b\n"
    )
    with pytest.raises(UserError, match="stands twice"):
        load_stack_settings(tmp_path, "test")


def test_user_labels_hold_for_any_name_of_a_stack(tmp_path: Path) -> None:
    load(tmp_path)
    (tmp_path / "Pulumi.Team.A.yaml").write_text((tmp_path / "Pulumi.test.yaml").read_text())
    assert load_stack_settings(tmp_path, "Team.A").user_labels == {"environment": "demo", "stack": "team-a"}


def test_titles_tell_stacks_apart(tmp_path: Path) -> None:
    assert load(tmp_path).titled("Overview") == "Overview"
    assert load(tmp_path, {"prefix": "eu"}).titled("Overview") == "[eu] Overview"


@pytest.mark.parametrize(("value", "drill"), [(True, True), ("true", True), (False, False), ("false", False)])
def test_a_stack_may_be_drilled_only_when_it_says_so(tmp_path: Path, value: object, drill: bool) -> None:
    assert load(tmp_path, {"drill": value}).drill is drill
    assert load(tmp_path, {}).drill is False


@pytest.mark.parametrize("value", [1, 0, "yes", "True", "", ["true"]])
def test_what_is_not_quite_true_allows_no_drill(tmp_path: Path, value: object) -> None:
    assert "expected true or false" in refusal(tmp_path, {"drill": value})


def test_all_mistakes_of_a_stack_are_said_together_in_their_order(tmp_path: Path) -> None:
    channels = {"first": email(priorities=[]), "second": email(), "third": email(priorities=["P9"])}
    with pytest.raises(UserErrors) as caught:
        load(tmp_path, {"resourceType": "cloud_run", "drill": "maybe", "channels": channels})
    assert [error.message.partition(" ")[0] for error in caught.value.errors] == [
        f"loyalty-monitoring:{key}"
        for key in ("resourceType", "channels.first.priorities", "channels.third.priorities.0", "drill")
    ]
    lines = [error.position.line for error in caught.value.errors if error.position is not None]
    assert len(lines) == 4
    assert lines == sorted(lines)


def test_all_settings_that_are_unknown_or_missing_are_said_together(tmp_path: Path) -> None:
    with pytest.raises(UserErrors) as caught:
        load(tmp_path, {"enviroment": "demo", "environment": None, "project": None})
    assert len(caught.value.errors) == 3
