"""What a rule is given, and what it says."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

from loyalty_monitoring.common.errors import Position
from loyalty_monitoring.common.yaml_documents import Document, Path_
from loyalty_monitoring.definitions.log_contract import Contract
from loyalty_monitoring.definitions.model import Body, promql_name

Severity = Literal["error", "warning"]
Kind = Literal["alert_policy", "dashboard", "log_metric"]


@dataclass(frozen=True)
class Finding:
    """One mistake and its remedy. `line` and `column` count from 1; 0 means the file as a whole."""

    file: str
    line: int
    column: int
    rule: str
    severity: Severity
    message: str
    remedy: str


@dataclass(frozen=True)
class Resource:
    """One API resource: its body, as the REST API takes it, and where it stands in its document."""

    kind: Kind
    body: Body
    document: Document
    root: Path_ = ()

    def position(self, path: Path_) -> Position:
        """Where the value at this path of the body stands, or its nearest ancestor."""
        return self.document.position((*self.root, *path))


@dataclass(frozen=True)
class Project:
    """All resources that are linted together.

    `runbooks` are the pages that our own project has, and `contract` is what its module logs; None for other people's
    files, which we cannot know. In our own project the deployment adds notification channels to policies, and checks
    them there.
    """

    resources: tuple[Resource, ...]
    runbooks: frozenset[str] | None = None
    contract: Contract | None = None

    def of(self, kind: Kind) -> tuple[Resource, ...]:
        return tuple(resource for resource in self.resources if resource.kind == kind)

    @cached_property
    def metrics(self) -> Mapping[str, Resource]:
        """The log-based metrics by their PromQL name, without `_count`, `_sum` and `_bucket`."""
        named = [(metric.body.get("name"), metric) for metric in self.of("log_metric")]
        return {promql_name(name): metric for name, metric in named if isinstance(name, str)}

    @cached_property
    def memory(self) -> dict[str, Any]:
        """What a rule works out once for all resources, by the rule's id."""
        return {}


@dataclass(frozen=True)
class Problem:
    """What a rule found: at which path of the body, what is wrong, and what to do about it."""

    path: Path_
    message: str
    remedy: str


@dataclass(frozen=True)
class Rule:
    """A rule looks at one resource of its kind at a time, and may look around in the project.

    `id` is stable: suppressions and documentation use it. An error can never work, or is refused by the API; a warning
    will surprise somebody. `check` meets bodies of any shape and must never raise.
    """

    id: str
    kind: Kind
    severity: Severity
    title: str
    check: Callable[[Resource, Project], Iterator[Problem]]


def at(body: Any, *path: str | int) -> Any:
    """The value at a path, None where there is none, whatever shape the body has."""
    for part in path:
        if isinstance(part, int):
            body = body[part] if isinstance(body, list) and part < len(body) else None
        else:
            body = body.get(part) if isinstance(body, dict) else None
    return body


def items(value: Any) -> list[Any]:
    """The elements of a list; none of anything else."""
    return value if isinstance(value, list) else []


def text(value: Any) -> str:
    """A string as it is; "" for anything else."""
    return value if isinstance(value, str) else ""
