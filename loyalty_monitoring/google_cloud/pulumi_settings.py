"""The stack's settings and secrets as the Pulumi CLI hands them to the program."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pulumi
from pulumi import Output

# The SDK has no public way to list a namespace, and without one a mistyped setting would go unseen.
from pulumi.runtime.config import CONFIG, get_config_env, is_config_secret

from loyalty_monitoring.common.errors import Position, UserError, nearest
from loyalty_monitoring.common.yaml_documents import load_yaml
from loyalty_monitoring.definitions.channels import secret_command
from loyalty_monitoring.definitions.project import load_module
from loyalty_monitoring.definitions.setting_values import SECRETS_KEY, Locate
from loyalty_monitoring.definitions.settings import Settings, check_encrypted, locator, settings_from, stack_file

# The CLI hands over text for text, and JSON for everything else.
_STRUCTURED = frozenset({"channels", "parameters", "silentPriorities", SECRETS_KEY})


def program_settings(root: Path) -> Settings:
    """Return the running stack's settings. Errors: UserError, with the place in the stack's file where it has one."""
    stack = pulumi.get_stack()
    module = load_module(root)
    locate = _locate(root, stack, module.namespace)
    for key in _own_config(module.namespace):
        if key != SECRETS_KEY and is_config_secret(f"{module.namespace}:{key}"):
            raise UserError(
                f"{module.namespace}:{key} holds a secret, but is used in plain text; secrets belong under "
                f"{SECRETS_KEY}: {secret_command('CHANNEL', 'LABEL', stack)}",
                locate((key,)),
            )
    return settings_from(_values(locate, module.namespace), stack, locate, module)


def channel_secrets(settings: Settings, root: Path) -> Mapping[str, Mapping[str, Output[str]]]:
    """Return the values of the channels' secret labels, each a Pulumi secret. Errors: UserError."""
    namespace = settings.module.namespace
    locate = _locate(root, settings.stack, namespace)
    given = _values(locate, namespace).get(SECRETS_KEY, {})
    if not isinstance(given, dict):
        raise UserError(
            f"{namespace}:{SECRETS_KEY} must be a mapping; revoke this value, remove it, and set each secret with: "
            f"{secret_command('CHANNEL', 'LABEL', settings.stack)}",
            locate((SECRETS_KEY,)),
        )
    if given and not is_config_secret(f"{namespace}:{SECRETS_KEY}"):
        raise UserError(
            f"{namespace}:{SECRETS_KEY} stands in plain text; revoke these values, and set new ones with: "
            f"{secret_command('CHANNEL', 'LABEL', settings.stack)}",
            locate((SECRETS_KEY,)),
        )
    expected = {channel.name: channel.secret_labels for channel in settings.channels if channel.secret_labels}
    for name, values in given.items():
        if name not in expected:
            known = nearest(name, set(expected)) or "; no channel of this stack has secret labels"
            raise UserError(f"{SECRETS_KEY}.{name} belongs to no channel{known}", locate((SECRETS_KEY, name)))
        for label in values if isinstance(values, dict) else ():
            if label not in expected[name]:
                raise UserError(
                    f"{SECRETS_KEY}.{name}.{label} is no secret label of this channel{nearest(label, expected[name])}",
                    locate((SECRETS_KEY, name, label)),
                )
    needed = [(name, label) for name, labels in expected.items() for label in labels]
    values = {(name, label): _value(given, name, label) for name, label in needed}
    missing = [(name, label) for (name, label), value in values.items() if value is None]
    if missing:
        named = ", ".join(f"{name}.{label}" for name, label in missing)
        commands = "".join(f"\n  {secret_command(name, label, settings.stack)}" for name, label in missing)
        raise UserError(f"no value for the secret labels {named}; run:{commands}", locate(("channels",)))
    return {
        name: {label: Output.secret(str(values[name, label])) for label in labels} for name, labels in expected.items()
    }


def _value(given: Mapping[str, Any], channel: str, label: str) -> str | None:
    values = given.get(channel)
    value = values.get(label) if isinstance(values, dict) else None
    return value if isinstance(value, str) and value else None


def _values(locate: Locate, namespace: str) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for key, text in _own_config(namespace).items():
        if key not in _STRUCTURED:
            values[key] = text
            continue
        try:
            values[key] = json.loads(text)
        except ValueError:
            # The text is not shown and the cause is cut off: it may hold a secret.
            raise UserError(
                f"{namespace}:{key} must be a mapping or a list; set its parts with `pulumi config set --path`",
                locate((key,)),
            ) from None
    return values


def _own_config(namespace: str) -> dict[str, str]:
    every = {**get_config_env(), **CONFIG.get()}
    return {name: value for key, value in every.items() if (name := key.removeprefix(f"{namespace}:")) != key}


def _locate(root: Path, stack: str, namespace: str) -> Locate:
    """Return places in the stack's file; without one (its settings come from elsewhere) the file as a whole."""
    file = stack_file(root, stack)
    if not file.is_file():
        return lambda path: Position(file.name)
    document = load_yaml(file)
    config = document.data.get("config", {}) if isinstance(document.data, dict) else {}
    check_encrypted(config.get(f"{namespace}:{SECRETS_KEY}", {}), document, namespace)
    return locator(document, namespace)
