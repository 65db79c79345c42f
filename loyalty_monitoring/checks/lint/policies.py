"""The conditions of an alert policy by their type, and what a policy says in words."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from loyalty_monitoring.checks.lint.rule import Resource, at, items, text
from loyalty_monitoring.common.yaml_documents import Path_
from loyalty_monitoring.definitions.model import Body

# A URL, a go link, or the target of a Markdown link.
_LINK = re.compile(r"""(?:https?://|\bgo/|(?<=\]\())[^\s<>()"'\]]+""")
_RUNBOOK = re.compile(r"run-?book|play-?book", re.IGNORECASE)


@dataclass(frozen=True)
class Condition:
    """A condition of a policy: its type, such as "conditionThreshold", that part of it, and the path to that part."""

    type: str
    body: Body
    path: Path_


@dataclass(frozen=True)
class Link:
    """A link in a policy's documentation. `says_runbook` if its name does."""

    url: str
    says_runbook: bool
    path: Path_


def links(policy: Resource) -> Iterator[Link]:
    """Yield the documentation's links, then those in its content."""
    documentation = policy.body.get("documentation")
    for index, link in enumerate(items(at(documentation, "links"))):
        if url := text(at(link, "url")):
            named = _RUNBOOK.search(text(at(link, "displayName"))) is not None
            yield Link(url, named, ("documentation", "links", index, "url"))
    for found in _LINK.finditer(text(at(documentation, "content"))):
        yield Link(found[0], False, ("documentation", "content"))


def typed_conditions(policy: Resource, *types: str) -> Iterator[Condition]:
    """Yield the conditions of these types that hold an object."""
    for index, condition in enumerate(items(policy.body.get("conditions"))):
        for name in types:
            if isinstance(body := at(condition, name), dict):
                yield Condition(name, body, ("conditions", index, name))
