"""Several resources of one title: which of them is the stack's.

A title is no key in Cloud Monitoring. A second policy of the same title appears when somebody copies one, or when a
deployment was cut off and the next one made the resource again. Only Pulumi's state knows which one it manages: the
stack's outputs say so, or what the stack's other resources name.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from pathlib import Path

from loyalty_monitoring.common.errors import Position, UserError
from loyalty_monitoring.definitions.model import Body

_KINDS = ("alert_policies", "notification_channels", "dashboards")


@dataclass(frozen=True)
class StackIds:
    """The last parts of the resource names in a stack's outputs, by the names of the definitions."""

    alert_policies: Mapping[str, str] = field(default_factory=dict)
    notification_channels: Mapping[str, str] = field(default_factory=dict)
    dashboards: Mapping[str, str] = field(default_factory=dict)


NOT_GIVEN = StackIds()


@dataclass(frozen=True)
class Managed:
    """The stack's resources of one kind: their ids by the outputs, or else the ids that `reason` gives."""

    ids: Mapping[str, str]
    named: Set[str]
    reason: str


NOBODYS = Managed({}, frozenset(), "")


@dataclass(frozen=True)
class Twins:
    """Resources of one title that is defined; `managed` is the stack's, or None where nothing says which."""

    bodies: Sequence[Body]
    managed: Body | None
    reason: str


def read_stack_ids(text: str, source: str) -> StackIds:
    """Read what `pulumi stack output --json` printed. Errors: UserError when it is something else."""
    try:
        outputs = json.loads(text)
        kinds = {kind: {str(name): _last_part(str(value)) for name, value in outputs[kind].items()} for kind in _KINDS}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise UserError(
            "is not what this stack puts out; write it with: pulumi stack output --json --stack STACK",
            Position(Path(source)),
        ) from error
    return StackIds(**kinds)


def _last_part(value: str) -> str:
    """Return the id in a resource name, or in a console link: .../dashboards/builder/ID?project=PROJECT."""
    return value.partition("?")[0].rpartition("/")[2]


def twins_among(
    defined: Mapping[str, Body],
    found: Mapping[str, Body],
    others: Sequence[Body],
    is_twin: Callable[[Body, Body], bool],
    managed: Managed,
) -> tuple[list[Twins], list[Body]]:
    """Return the twins of each definition's resource, and the other resources that are nobody's twin."""
    twins: list[Twins] = []
    rest = list(others)
    for name, body in found.items():
        doubles = [other for other in rest if is_twin(defined[name], other)]
        if not doubles:
            continue
        rest = [other for other in rest if other not in doubles]
        own, reason = None, ""
        named = [each for each in (body, *doubles) if _last_part(str(each.get("name", ""))) in managed.named]
        if managed.ids.get(name) == _last_part(str(body.get("name", ""))):
            own, reason = body, "its outputs"
        elif name not in managed.ids and len(named) == 1:
            own, reason = named[0], managed.reason
        twins.append(Twins((body, *doubles), own, reason))
    return twins, rest
