"""Writes what the Pulumi program would send: as the API's JSON bodies, one file a definition, or as a Terraform module.

Only a deployment knows a policy's channels, and the ids of the policies that a dashboard shows. Channels are left out,
with how often each is notified again, unless they are named; for a policy's id stands its file name. Secret labels of
channels are left out.
A module has references in these places, and variables for the secrets.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Literal

from loyalty_monitoring.common.atomic_files import folder_beside, made_folder, why
from loyalty_monitoring.common.errors import Position, UserError, nearest
from loyalty_monitoring.definitions.channels import Channel
from loyalty_monitoring.definitions.model import AlertPolicy, Body, Definitions
from loyalty_monitoring.definitions.settings import Settings
from loyalty_monitoring.google_cloud.api_bodies import (
    alert_policy_body,
    channel_body,
    dashboard_body,
    notifying_policy_body,
)
from loyalty_monitoring.google_cloud.api_messages import Kind, check
from loyalty_monitoring.google_cloud.terraform import module

# The list of the files that render wrote into a folder; what is not in it is somebody's own and stays.
LIST = ".rendered"

# Terraform reads every .tf.json file of a folder.
MODULE = "main.tf.json"

_OURS = re.compile(r"main\.tf\.json|(log_metrics|alert_policies|dashboards|notification_channels)/[a-z0-9_-]+\.json")


Format = Literal["api", "terraform"]


def render(
    settings: Settings,
    definitions: Definitions,
    out: Path,
    channels: Mapping[str, str] = MappingProxyType({}),
    output_format: Format = "api",
) -> list[Path]:
    """Write all files below `out` and return their paths; the same input gives the same bytes.

    `channels` maps channels of the stack to their names in the API (projects/P/notificationChannels/ID): policies whose
    priority they serve notify them.

    Files of an earlier render that are no longer wanted are removed. Errors: UserError, with `out` left as it was, when
    the Google API would refuse a body or a file of somebody else is in the way.
    """
    _check_channels(settings, channels)
    bodies = _bodies(settings, definitions, channels)
    if output_format == "terraform":
        bodies = {MODULE: module(settings, definitions)}
    files = {name: _text(body) for name, body in bodies.items()}
    try:
        return _write(files, out)
    except OSError as error:
        raise UserError(
            f"cannot be written ({why(error)}); choose another folder with --out", Position(error.filename or out)
        ) from error


def policies_without_channel(
    settings: Settings, definitions: Definitions, channels: Mapping[str, str]
) -> list[AlertPolicy]:
    """Return the policies that would notify nobody, with only these channels, and are not silent on purpose."""
    return [
        policy
        for policy in definitions.alert_policies
        if policy.priority not in settings.silent_priorities and not _names(policy, settings, channels)
    ]


def channels_left_out(settings: Settings, definitions: Definitions, channels: Mapping[str, str]) -> list[Channel]:
    """Return the stack's channels that policies should notify, and do not with only these."""
    used = {policy.priority for policy in definitions.alert_policies}
    return [one for one in settings.channels if one.name not in channels and used.intersection(one.priorities)]


def _names(policy: AlertPolicy, settings: Settings, channels: Mapping[str, str]) -> list[str]:
    return [channels[one.name] for one in settings.channels_of(policy.priority) if one.name in channels]


def _check_channels(settings: Settings, channels: Mapping[str, str]) -> None:
    known = {channel.name for channel in settings.channels}
    for name, resource in channels.items():
        if name not in known:
            raise UserError(f"the stack {settings.stack} has no channel {name!r}{nearest(name, known)}")
        if not re.fullmatch(r"projects/[^/\s]+/notificationChannels/[^/\s]+", resource):
            raise UserError(
                f"channel {name}: {resource!r} is no name of a channel; write projects/P/notificationChannels/ID, "
                "as `gcloud beta monitoring channels list --format='value(name,displayName)'` prints it"
            )


def _bodies(settings: Settings, definitions: Definitions, channels: Mapping[str, str]) -> dict[str, Body]:
    bodies: dict[str, Body] = {}

    def add(kind: Kind, folder: str, name: str, body: Body, source: Path | str) -> None:
        try:
            check(kind, body)
        except ValueError as error:
            raise UserError(f"the Google API refuses this: {error}; mend it here", Position(source)) from error
        bodies[f"{folder}/{name}.json"] = body

    for metric in definitions.log_metrics:
        add("log_metric", "log_metrics", metric.name, metric.body, metric.source)
    for policy in definitions.alert_policies:
        names = _names(policy, settings, channels)
        body = notifying_policy_body(policy, settings, names) if names else alert_policy_body(policy, settings)
        add("alert_policy", "alert_policies", policy.name, body, policy.source)
    for dashboard in definitions.dashboards:
        add("dashboard", "dashboards", dashboard.name, dashboard_body(dashboard), dashboard.source)
    for channel in settings.channels:
        body = channel_body(channel, settings)
        add("notification_channel", "notification_channels", channel.name, body, f"channel {channel.name}")
    return bodies


def _text(body: Body) -> str:
    return json.dumps(body, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def _write(files: Mapping[str, str], out: Path) -> list[Path]:
    earlier = _listed(out)
    for name in files:
        if (out / name).exists() and name not in earlier:
            raise UserError(
                "was not written by render and would be overwritten; move it, or choose another folder with --out",
                Position(out / name),
            )
    # Everything is written aside before the first file moves, so a full disk leaves the old files whole.
    with made_folder(out, "choose another folder with --out"), folder_beside(out / LIST) as aside:
        for name, text in files.items():
            _put(aside / name, text)
        _put(aside / LIST, _list_text({*earlier, *files}))
        os.replace(aside / LIST, out / LIST)
        for name in files:
            (out / name).parent.mkdir(exist_ok=True)
            os.replace(aside / name, out / name)
        for name in earlier - files.keys():
            (out / name).unlink(missing_ok=True)
        _put(aside / LIST, _list_text(files))
        os.replace(aside / LIST, out / LIST)
    return [out / name for name in sorted(files)]


def _put(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8", newline="\n")


def _listed(out: Path) -> set[str]:
    """Return the files that an earlier render wrote here; a line that render cannot have written counts for nothing."""
    try:
        lines = (out / LIST).read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return set()
    return {line for line in lines if _OURS.fullmatch(line)}


def _list_text(names: Iterable[str]) -> str:
    return "".join(f"{name}\n" for name in sorted(names))
