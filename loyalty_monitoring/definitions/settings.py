"""The settings of one stack: what `Pulumi.<stack>.yaml` says, checked, as frozen data.

The same checks serve the Pulumi program (values from the CLI) and render and replay (values from the file, without
the CLI). A secret never gets here: channels name their secret labels, the values stay with Pulumi. No message shows a
channel's label value, because somebody may have written a secret there by mistake.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from loyalty_monitoring.common.errors import Found, Position, UserError, nearest, raise_all
from loyalty_monitoring.common.yaml_documents import Document, Path_, load_yaml
from loyalty_monitoring.definitions.channels import Channel, read_channel, secret_command
from loyalty_monitoring.definitions.model import PRIORITIES, Priority
from loyalty_monitoring.definitions.project import Module, load_module
from loyalty_monitoring.definitions.setting_values import SECRETS_KEY, Locate, Reader

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

_STACK_FILE = re.compile(r"Pulumi\.(.+)\.yaml")
# What the CLI keeps in a stack file beside `config` (pulumi.com/docs/iac/concepts/projects/stack-settings-file).
_STACK_FILE_KEYS = frozenset({"config", "encryptionsalt", "encryptedkey", "secretsprovider", "environment"})

_PROJECT = (
    r"(?:[a-z0-9.-]+:)?[a-z][a-z0-9-]{4,28}[a-z0-9]",
    "a Google Cloud project id: 6 to 30 lower-case letters, digits and hyphens, a letter first",
)
_ENVIRONMENT = (r"[a-z0-9_-]{1,63}", "a label value: 1 to 63 lower-case letters, digits, _ and -")
_PREFIX = (
    r"(?:[a-z][a-z0-9-]{0,18}[a-z0-9]|[a-z])?",
    "nothing, or 1 to 20 lower-case letters, digits and hyphens, a letter first and no hyphen last",
)


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
        """Return the channels that serve a priority, ordered by name."""
        return tuple(channel for channel in self.channels if priority in channel.priorities)

    def titled(self, title: str) -> str:
        """Return a title that tells the stacks of one project apart."""
        return f"[{self.prefix}] {title}" if self.prefix else title

    @property
    def user_labels(self) -> dict[str, str]:
        """The labels on everything of this stack. A stack's name may hold what a label value must not."""
        return {"environment": self.environment, "stack": re.sub(r"[^a-z0-9_-]", "-", self.stack.lower())[:63]}


def stack_file(root: Path, stack: str) -> Path:
    return root / f"Pulumi.{stack}.yaml"


def stack_of(name: str) -> str | None:
    """Return the stack whose settings a file of this name holds; None where it is no stack's."""
    found = _STACK_FILE.fullmatch(name)
    return found[1] if found else None


def stack_names(root: Path) -> tuple[str, ...]:
    """Return the stacks that have a file `Pulumi.<stack>.yaml` below `root`, in the order of their names."""
    return tuple(stack for file in sorted(root.glob("Pulumi.*.yaml")) if (stack := stack_of(file.name)))


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
    """Return the position of a setting in a stack file, by its path, such as ("channels", "oncall", "type")."""

    def locate(path: Path_) -> Position:
        config: Path_ = ("config", f"{namespace}:{path[0]}", *path[1:]) if path else ("config",)
        return document.position(config)

    return locate


def settings_from(values: Mapping[str, object], stack: str, locate: Locate, module: Module) -> Settings:
    """Check the values of the module's namespace, keyed without it. Errors: UserError naming key and remedy,
    UserErrors with all that is wrong.

    `channelSecrets` may be among them and is not looked into.
    """
    found = Found()
    found.errors += [
        UserError(f"unknown setting {module.namespace}:{key}{nearest(key, KNOWN)}", locate((key,)))
        for key in values
        if key not in KNOWN
    ]
    found.errors += [
        UserError(f"the setting {module.namespace}:{key} is missing; add it (Pulumi.yaml describes each)", locate(()))
        for key in REQUIRED
        if key not in values
    ]
    raise_all(found.errors)
    reader = Reader({**OPTIONAL, **values}, locate, module.namespace)
    parameters = found.tried(lambda: reader.mapping(("parameters",)), {})
    numbers = {name: found.tried(partial(reader.number, ("parameters", name)), 0) for name in parameters}
    names = sorted(found.tried(lambda: reader.mapping(("channels",)), {}))
    channels = [found.tried(partial(read_channel, reader, name), None) for name in names]
    settings = Settings(
        stack=stack,
        project=found.tried(lambda: reader.text("project", *_PROJECT), ""),
        resource_type=found.tried(lambda: reader.one_of("resourceType", RESOURCE_TYPES), ""),
        environment=found.tried(lambda: reader.text("environment", *_ENVIRONMENT), ""),
        prefix=found.tried(lambda: reader.text("prefix", *_PREFIX), ""),
        runbook_url=found.tried(lambda: reader.url("runbookUrl"), ""),
        parameter_overrides=numbers,
        override_places={name: locate(("parameters", name)) for name in parameters},
        channels=tuple(one for one in channels if one is not None),
        silent_priorities=found.tried(lambda: reader.priorities(("silentPriorities",)), ()),
        module=module,
        drill=found.tried(lambda: reader.boolean("drill"), otherwise=False),
    )
    raise_all(sorted(found.errors, key=lambda error: error.position.line or 0 if error.position else 0))
    _check_reach(settings, locate)
    return settings


def in_project(settings: Settings, project: str) -> Settings:
    """Return the stack as it would be in another project. Errors: UserError for what is no project id."""
    pattern, expected = _PROJECT
    if not re.fullmatch(pattern, project):
        raise UserError(f"the project is {project!r}; expected {expected}")
    return replace(settings, project=project)


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
                f"{namespace}:silentPriorities says that {priority} stays silent, but its alerts still go to {names}; "
                f"take {priority} out of silentPriorities, or out of the `priorities` of each of these channels "
                "(and remove a channel that has no other)",
                locate(("silentPriorities",)),
            )


def _own_values(document: Document, own: str) -> dict[str, object]:
    """Return the values of the namespace `own` in a stack file; other namespaces (gcp:, pulumi:) are the CLI's to
    check.
    """
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
