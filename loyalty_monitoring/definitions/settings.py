"""The settings of one stack: what `Pulumi.<stack>.yaml` says, checked, as frozen data.

The same checks serve the Pulumi program (values from the CLI) and render and replay (values from the file, without
the CLI). A secret never gets here: channels name their secret labels, the values stay with Pulumi. No message shows a
channel's label value, because somebody may have written a secret there by mistake.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit

from loyalty_monitoring.common.errors import Position, UserError, nearest
from loyalty_monitoring.common.yaml_documents import Document, Path_, load_yaml
from loyalty_monitoring.definitions.model import PRIORITIES, Priority
from loyalty_monitoring.definitions.project import Module, load_module

SECRETS_KEY = "channelSecrets"
RESOURCE_TYPES = ("k8s_container", "cloud_run_revision", "gce_instance")

REQUIRED = ("project", "resourceType", "environment", "runbookUrl", "channels")
# What may be left out, and what that means; Pulumi.yaml declares the same defaults.
OPTIONAL: Mapping[str, object] = {
    "prefix": "",
    "parameters": {},
    "silentPriorities": [],
    "drill": False,
    SECRETS_KEY: {},
}
KNOWN = frozenset({*REQUIRED, *OPTIONAL})

# What the CLI keeps in a stack file beside `config` (pulumi.com/docs/iac/concepts/projects/stack-settings-file).
_STACK_FILE_KEYS = frozenset({"config", "encryptionsalt", "encryptedkey", "secretsprovider", "environment"})

Locate = Callable[[Path_], Position]


@dataclass(frozen=True)
class ChannelType:
    """The labels of a type of notification channel, as its descriptor has them.

    Names with the pattern of their values and what that means; `optional` ones may be left out. `secret_labels` are
    names only.
    """

    labels: Mapping[str, tuple[str, str]]
    secret_labels: tuple[str, ...] = ()
    optional: Mapping[str, tuple[str, str]] = field(default_factory=dict)


_URL = (r"https://[^\s/@]+(?:/\S*)?", "an https:// address without user name and password")

_PROJECT = (
    r"(?:[a-z0-9.-]+:)?[a-z][a-z0-9-]{4,28}[a-z0-9]",
    "a Google Cloud project id: 6 to 30 lower-case letters, digits and hyphens, a letter first",
)

# Types and labels: docs.cloud.google.com/monitoring/alerts/using-channels-api (channel descriptors). `team` names a
# Slack workspace, which a second workspace needs: github.com/pulumi/registry/issues/8444. The address of a
# webhook_tokenauth channel carries its token, so the whole address is the secret:
# docs.cloud.google.com/monitoring/support/notification-options#webhooks
CHANNEL_TYPES: Mapping[str, ChannelType] = {
    "email": ChannelType({"email_address": (r"[^@\s]+@[^@\s]+\.[^@\s]+", "an e-mail address")}),
    "google_chat": ChannelType({"space": (r"spaces/[^/\s]+", "the space of Google Chat, such as spaces/AAAA1234")}),
    "pagerduty": ChannelType({}, ("service_key",)),
    "pubsub": ChannelType({"topic": (r"projects/[^/\s]+/topics/[^/\s]+", "projects/PROJECT/topics/TOPIC")}),
    "slack": ChannelType(
        {"channel_name": (r"#?[^\s#]+", "a channel such as #alerts")},
        ("auth_token",),
        {"team": (r"\S(?:.*\S)?", "the name of the workspace")},
    ),
    "sms": ChannelType({"number": (r"\+[1-9][0-9]{6,14}", "a number with its country code, such as +4930123456")}),
    "webhook_basicauth": ChannelType({"url": _URL, "username": (r"\S+", "a user name")}, ("password",)),
    "webhook_tokenauth": ChannelType({}, ("url",)),
}


@dataclass(frozen=True)
class Channel:
    """A notification channel. `secret_labels` are names only; the values are Pulumi secrets."""

    name: str
    type: str
    display_name: str
    labels: Mapping[str, str]
    secret_labels: tuple[str, ...]
    priorities: tuple[Priority, ...]


@dataclass(frozen=True)
class Settings:
    """One stack. `parameter_overrides` are in the parameters' own units; `runbook_url` has no trailing slash.

    `override_places` says where each override stands, so that a wrong one is named at its own line. `drill` says that
    false log lines may be written to its project.
    """

    stack: str
    project: str
    resource_type: str
    environment: str
    prefix: str
    runbook_url: str
    parameter_overrides: Mapping[str, int | float]
    channels: tuple[Channel, ...]
    silent_priorities: tuple[Priority, ...]
    module: Module
    override_places: Mapping[str, Position] = field(default_factory=dict, compare=False)
    drill: bool = False

    def channels_of(self, priority: Priority) -> tuple[Channel, ...]:
        """The channels that serve a priority, ordered by name."""
        return tuple(channel for channel in self.channels if priority in channel.priorities)

    def titled(self, title: str) -> str:
        """A title that tells the stacks of one project apart."""
        return f"[{self.prefix}] {title}" if self.prefix else title

    @property
    def user_labels(self) -> dict[str, str]:
        """The labels on everything of this stack. A stack's name may hold what a label value must not."""
        return {"environment": self.environment, "stack": re.sub(r"[^a-z0-9_-]", "-", self.stack.lower())[:63]}


def stack_file(root: Path, stack: str) -> Path:
    return root / f"Pulumi.{stack}.yaml"


def stack_names(root: Path) -> tuple[str, ...]:
    """The stacks that have a file `Pulumi.<stack>.yaml` below `root`, in the order of their names."""
    files = sorted(root.glob("Pulumi.*.yaml"))
    return tuple(file.name.removeprefix("Pulumi.").removesuffix(".yaml") for file in files)


def load_stack_settings(root: Path, stack: str) -> Settings:
    """Read `Pulumi.<stack>.yaml` below `root`, as the program would see it. Errors: UserError with file and line."""
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}", stack):
        raise UserError(f"{stack!r} is no name for a stack; use letters, digits, _, . and -")
    file = stack_file(root, stack)
    if not file.is_file():
        raise UserError(f"there is no stack {stack!r}{nearest(stack, stack_names(root))}", Position(file))
    document = load_yaml(file)
    module = load_module(root)
    return settings_from(_own_values(document, module.namespace), stack, locator(document, module.namespace), module)


def locator(document: Document, namespace: str) -> Locate:
    """Where a setting stands in a stack file, by its path, such as ("channels", "oncall", "type")."""

    def locate(path: Path_) -> Position:
        config: Path_ = ("config", f"{namespace}:{path[0]}", *path[1:]) if path else ("config",)
        return document.position(config)

    return locate


def settings_from(values: Mapping[str, object], stack: str, locate: Locate, module: Module) -> Settings:
    """Check the values of the module's namespace, keyed without it. Errors: UserError naming key and remedy.

    `channelSecrets` may be among them and is not looked into.
    """
    for key in values:
        if key not in KNOWN:
            raise UserError(f"unknown setting {module.namespace}:{key}{nearest(key, KNOWN)}", locate((key,)))
    for key in REQUIRED:
        if key not in values:
            raise UserError(
                f"the setting {module.namespace}:{key} is missing; add it (Pulumi.yaml describes each)", locate(())
            )
    reader = _Reader({**OPTIONAL, **values}, locate, module.namespace)
    settings = Settings(
        stack=stack,
        project=reader.text("project", *_PROJECT),
        resource_type=reader.one_of("resourceType", RESOURCE_TYPES),
        environment=reader.text(
            "environment", r"[a-z0-9_-]{1,63}", "a label value: 1 to 63 lower-case letters, digits, _ and -"
        ),
        prefix=reader.text(
            "prefix",
            r"(?:[a-z][a-z0-9-]{0,18}[a-z0-9]|[a-z])?",
            "nothing, or 1 to 20 lower-case letters, digits and hyphens, a letter first and no hyphen last",
        ),
        runbook_url=reader.url("runbookUrl"),
        parameter_overrides=reader.numbers("parameters"),
        override_places={name: locate(("parameters", name)) for name in reader.mapping(("parameters",))},
        channels=tuple(_channel(reader, name) for name in sorted(reader.mapping(("channels",)))),
        silent_priorities=reader.priorities(("silentPriorities",)),
        module=module,
        drill=reader.boolean("drill"),
    )
    _check_reach(settings, locate)
    return settings


def in_project(settings: Settings, project: str) -> Settings:
    """The stack as it would be in another project. Errors: UserError for what is no project id."""
    pattern, expected = _PROJECT
    if not re.fullmatch(pattern, project):
        raise UserError(f"the project is {project!r}; expected {expected}")
    return replace(settings, project=project)


def secret_command(channel: str, label: str, stack: str = "STACK") -> str:
    """The command that gives a channel its secret, without the secret."""
    return f"pulumi config set --secret --path '{SECRETS_KEY}.{channel}.{label}' VALUE --stack {stack}"


@dataclass(frozen=True)
class _Reader:
    """Typed access to values, with errors that stand at the value's place."""

    values: Mapping[str, Any]
    locate: Locate
    namespace: str

    def at(self, path: Path_) -> Any:
        value: Any = self.values
        for key in path:
            value = value[key]
        return value

    def mapping(self, path: Path_) -> Mapping[str, Any]:
        value = self.at(path)
        if not isinstance(value, dict):
            raise self.error(path, "must be a mapping of names to values; indent them below it")
        return value

    def string(self, path: Path_) -> str:
        value = self.at(path)
        if isinstance(value, dict) and set(value) == {"secure"}:
            raise self.error(
                path, f"is a secret; secrets belong under {self.namespace}:{SECRETS_KEY}, set this one in plain text"
            )
        if not isinstance(value, str):
            raise self.error(path, "must be text; put it in quotes")
        return value

    def text(self, key: str, pattern: str, expected: str) -> str:
        value = self.string((key,))
        if not re.fullmatch(pattern, value):
            raise self.error((key,), f"is {value!r}; expected {expected}")
        return value

    def one_of(self, key: str, known: tuple[str, ...]) -> str:
        value = self.string((key,))
        if value not in known:
            raise self.error((key,), f"is {value!r}{nearest(value, known)}")
        return value

    def url(self, key: str) -> str:
        value = self.text(key, *_URL)
        parts = urlsplit(value)
        if parts.query or parts.fragment:
            raise self.error((key,), f"is {value!r}; expected the address of a folder, without ? and #")
        return value.rstrip("/")

    def numbers(self, key: str) -> dict[str, int | float]:
        return {name: self.number((key, name)) for name in self.mapping((key,))}

    def number(self, path: Path_) -> int | float:
        value = self.at(path)
        # `pulumi config set --path` writes whole numbers as numbers, but 0.4 as text.
        if isinstance(value, str) and re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", value):
            return float(value) if "." in value else int(value)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self.error(path, f"is {value!r}; expected a number in the unit that parameters.yaml gives")
        return value

    def boolean(self, key: str) -> bool:
        value = self.values[key]
        # `pulumi config set` writes text, and the CLI hands over text.
        if value not in (True, False, "true", "false") or isinstance(value, int | float) is not isinstance(value, bool):
            raise self.error((key,), f"is {value!r}; expected true or false")
        return value in (True, "true")

    def priorities(self, path: Path_) -> tuple[Priority, ...]:
        value = self.at(path)
        if not isinstance(value, list):
            raise self.error(path, "must be a list of priorities, such as [P0, P1]")
        for index, item in enumerate(value):
            if item not in PRIORITIES:
                raise self.error((*path, index), f"is {item!r}{nearest(str(item), PRIORITIES)}")
        if len(set(value)) != len(value):
            raise self.error(path, "names a priority twice; remove one")
        return cast("tuple[Priority, ...]", tuple(sorted(value)))

    def error(self, path: Path_, problem: str) -> UserError:
        return UserError(f"{self.namespace}:{'.'.join(str(part) for part in path)} {problem}", self.locate(path))


def _channel(reader: _Reader, name: str) -> Channel:
    path: Path_ = ("channels", name)
    if not re.fullmatch(r"[a-z][a-z0-9_-]{0,62}", name):
        raise reader.error(
            path, "is no name for a channel; use 1 to 63 lower-case letters, digits, _ and -, a letter first"
        )
    entry = reader.mapping(path)
    known = {"type", "displayName", "labels", "secretLabels", "priorities"}
    for key in entry:
        if key not in known:
            raise UserError(f"channel {name!r}: unknown key {key!r}{nearest(key, known)}", reader.locate((*path, key)))
    for key in ("type", "displayName", "priorities"):
        if key not in entry:
            raise reader.error(path, f"lacks the key {key!r}; add it")
    type_name = reader.string((*path, "type"))
    if type_name not in CHANNEL_TYPES:
        raise reader.error((*path, "type"), f"is {type_name!r}{nearest(type_name, set(CHANNEL_TYPES))}")
    display_name = reader.string((*path, "displayName"))
    if not 1 <= len(display_name) <= 400:
        raise reader.error((*path, "displayName"), "must have 1 to 400 characters; the API allows 512 with the prefix")
    priorities = reader.priorities((*path, "priorities"))
    if not priorities:
        raise reader.error((*path, "priorities"), "serves no priority; name one of P0, P1, P2, or remove the channel")
    kind = CHANNEL_TYPES[type_name]
    return Channel(
        name=name,
        type=type_name,
        display_name=display_name,
        labels=_labels(reader, path, entry, kind),
        secret_labels=_secret_labels(reader, path, entry, kind),
        priorities=priorities,
    )


def _labels(reader: _Reader, path: Path_, entry: Mapping[str, Any], kind: ChannelType) -> dict[str, str]:
    path = (*path, "labels")
    given = reader.mapping(path) if "labels" in entry else {}
    for label in given:
        if label in kind.secret_labels:
            raise reader.error(
                (*path, label), f"is a secret and must not stand in plain text; {_move_to_secret(path, label)}"
            )
        if label not in kind.labels and label not in kind.optional:
            expected = nearest(label, {*kind.labels, *kind.optional}) or "; this type has none, remove it"
            raise reader.error((*path, label), f"is no label of the type {entry['type']!r}{expected}")
    for label, (pattern, expected) in {**kind.labels, **kind.optional}.items():
        if label not in given and label in kind.optional:
            continue
        if label not in given:
            raise reader.error(path[:-1], f"lacks labels.{label}; add {expected}")
        if not re.fullmatch(pattern, reader.string((*path, label))):
            raise reader.error((*path, label), f"is not as expected; write {expected}")
    return dict(sorted(given.items()))


def _secret_labels(reader: _Reader, path: Path_, entry: Mapping[str, Any], kind: ChannelType) -> tuple[str, ...]:
    given = entry.get("secretLabels", [])
    if not isinstance(given, list):
        raise reader.error((*path, "secretLabels"), "must be a list of label names, such as [auth_token]")
    for index, label in enumerate(given):
        if label not in kind.secret_labels:
            # The text may be a secret that stands here by mistake, so only the right names are shown.
            expected = ", ".join(kind.secret_labels) or "none, remove it"
            raise reader.error(
                (*path, "secretLabels", index), f"is no secret label of the type {entry['type']!r}; expected {expected}"
            )
    for label in kind.secret_labels:
        if label not in given:
            raise reader.error(
                path, f"lacks secretLabels: [{label}]; add it, then run: {secret_command(str(path[1]), label)}"
            )
    return kind.secret_labels


def _move_to_secret(path: Path_, label: str) -> str:
    return f"name it in secretLabels, revoke this value, and run: {secret_command(str(path[1]), label)}"


def _check_reach(settings: Settings, locate: Locate) -> None:
    namespace = settings.module.namespace
    for priority in PRIORITIES:
        reached = bool(settings.channels_of(priority))
        if not reached and priority not in settings.silent_priorities:
            raise UserError(
                f"alerts of priority {priority} reach nobody; add {priority} to the `priorities` of a channel under "
                f"{namespace}:channels, or say that they stay silent with {namespace}:silentPriorities: [{priority}]",
                locate(("channels",)),
            )
        if reached and priority in settings.silent_priorities:
            names = ", ".join(channel.name for channel in settings.channels_of(priority))
            raise UserError(
                f"{namespace}:silentPriorities says that {priority} stays silent, but {names} serves it; "
                "remove one of the two",
                locate(("silentPriorities",)),
            )


def _own_values(document: Document, own: str) -> dict[str, object]:
    """The values of the namespace `own` in a stack file; other namespaces (gcp:, pulumi:) are the CLI's to check."""
    data = document.data
    if not isinstance(data, dict):
        raise UserError("expected a mapping with the key `config`; add it", document.position(()))
    for key in data:
        if key not in _STACK_FILE_KEYS:
            raise UserError(f"unknown key {key!r}{nearest(key, _STACK_FILE_KEYS)}", document.position((key,)))
    config = data.get("config", {})
    if not isinstance(config, dict):
        raise UserError("must be a mapping of settings to values; indent them below it", document.position(("config",)))
    values: dict[str, object] = {}
    for key, value in config.items():
        namespace, colon, name = key.partition(":")
        if not colon:
            raise UserError(f"{key!r} lacks its namespace; write {own}:{key}", document.position(("config", key)))
        if namespace == own:
            values[name] = value
        elif nearest(namespace, {own}).startswith("; did"):
            raise UserError(
                f"unknown namespace {namespace!r}{nearest(namespace, {own})}", document.position(("config", key))
            )
    check_encrypted(values.get(SECRETS_KEY, {}), document, own)
    return values


def check_encrypted(secrets: object, document: Document, namespace: str, path: Path_ = (SECRETS_KEY,)) -> None:
    """Raise UserError where a value below `channelSecrets` stands in plain text; the value is not shown."""
    if isinstance(secrets, dict) and set(secrets) == {"secure"}:
        return
    if not isinstance(secrets, dict):
        names = ".".join(str(part) for part in path)
        raise UserError(
            f"{namespace}:{names} stands in plain text; revoke this value, and set a new one with: "
            f"{secret_command(*_names(path))}",
            locator(document, namespace)(path),
        )
    for key, value in secrets.items():
        check_encrypted(value, document, namespace, (*path, key))


def _names(path: Path_) -> tuple[str, str]:
    given = [str(part) for part in path[1:3]]
    channel, label = [*given, *["CHANNEL", "LABEL"][len(given) :]]
    return channel, label
