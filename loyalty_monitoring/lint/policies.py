"""The conditions of an alert policy by their type, and what a policy says in words."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from loyalty_monitoring.lint.rule import Resource, at, items
from loyalty_monitoring.model import Body
from loyalty_monitoring.yaml_source import Path_


@dataclass(frozen=True)
class Condition:
    """A condition of a policy: its type, such as "conditionThreshold", that part of it, and the path to that part."""

    type: str
    body: Body
    path: Path_


def typed_conditions(policy: Resource, *types: str) -> Iterator[Condition]:
    """The conditions of these types that hold an object."""
    for index, condition in enumerate(items(policy.body.get("conditions"))):
        for name in types:
            if isinstance(body := at(condition, name), dict):
                yield Condition(name, body, ("conditions", index, name))
