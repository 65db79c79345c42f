"""The interface of a rule: resource and project in, problems out."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, wraps
from typing import Any, Literal, TypeVar

from loyalty_monitoring.checks.lint.placeholders import has_placeholder
from loyalty_monitoring.checks.lint.shape import ShapeProblem, shape_problems
from loyalty_monitoring.common.errors import Position
from loyalty_monitoring.common.yaml_documents import Document, Path_
from loyalty_monitoring.definitions.log_contract import Contract
from loyalty_monitoring.definitions.model import Body
from loyalty_monitoring.google_cloud.api_messages import Kind
from loyalty_monitoring.query_languages.promql.cloud_monitoring import promql_name

Severity = Literal["error", "warning"]

# A metric's name in full: https://docs.cloud.google.com/logging/docs/reference/v2/rest/v2/projects.metrics
_FULL_NAME = re.compile(r"(?:projects|organizations|folders|billingAccounts)/[^/]+/metrics/")


@dataclass(frozen=True)
class LintFinding:
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
    """One API resource: its body, as the REST API takes it, and where it stands in its document.

    `terraform` is its address in Terraform, "" elsewhere. `problems` were found while it was read. Of a body that is
    only known at apply nothing is judged, and it may read any metric: `is_known`.
    """

    kind: Kind
    body: Body
    document: Document
    root: Path_ = ()
    terraform: str = ""
    problems: tuple[ShapeProblem, ...] = ()
    is_known: bool = True

    def position(self, path: Path_) -> Position:
        """Return the position of the value at this path of the body, or of its nearest ancestor.

        The body has the API's names in camelCase, the file may have those of the .proto files.
        """
        place = self.root
        for part in path:
            below = next((one for one in _spelled(place, part) if one in self.document.positions), None)
            if below is None:
                break
            place = below
        return self.document.position(place)

    @cached_property
    def shape(self) -> tuple[ShapeProblem, ...]:
        """Violations of the API's own message and its reference."""
        return (*self.problems, *shape_problems(self.kind, self.body))

    @cached_property
    def memory(self) -> dict[object, Any]:
        """Hold what functions with `once` returned for this resource."""
        return {}

    @property
    def metric_name(self) -> str:
        """The short name of a log-based metric, which the file may give in full; "" for none."""
        name = text(self.body.get("name"))
        found = _FULL_NAME.match(name)
        return name[found.end() :].replace("%2F", "/").replace("%2f", "/") if found else name


def _spelled(place: Path_, part: str | int) -> Iterator[Path_]:
    yield (*place, part)
    if isinstance(part, str):
        yield (*place, re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", part).lower())


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

    @property
    def is_ours(self) -> bool:
        return self.runbooks is not None

    def of(self, kind: Kind) -> tuple[Resource, ...]:
        return self._by_kind.get(kind, ())

    @cached_property
    def _by_kind(self) -> Mapping[str, tuple[Resource, ...]]:
        found: defaultdict[str, list[Resource]] = defaultdict(list)
        for resource in self.resources:
            found[resource.kind].append(resource)
        return {kind: tuple(of_kind) for kind, of_kind in found.items()}

    @cached_property
    def metrics(self) -> Mapping[str, Resource]:
        """The log-based metrics by their PromQL name, without `_count`, `_sum` and `_bucket`."""
        return {promql_name(metric.metric_name): metric for metric in self.of("log_metric") if metric.metric_name}

    @cached_property
    def has_unknown_metrics(self) -> bool:
        """Whether the name of a metric is not known yet, so that any name may be defined."""
        return any(has_placeholder(metric.metric_name) for metric in self.of("log_metric"))

    @cached_property
    def memory(self) -> dict[object, Any]:
        """Hold what functions with `once` returned for this project."""
        return {}


_Owner = TypeVar("_Owner", Resource, Project)
_Result = TypeVar("_Result")


def once(compute: Callable[[_Owner], _Result]) -> Callable[[_Owner], _Result]:
    """Compute a result that several rules need, or one rule for each resource, once for each resource or project."""

    @wraps(compute)
    def known(owner: _Owner) -> _Result:
        if compute not in owner.memory:
            owner.memory[compute] = compute(owner)
        found: _Result = owner.memory[compute]
        return found

    return known


@dataclass(frozen=True)
class Problem:
    """A violation of a rule: the path in the body, the message, and the remedy."""

    path: Path_
    message: str
    remedy: str


@dataclass(frozen=True)
class Rule:
    """A rule looks at one resource of its kind ("any" for all of them) at a time, and may look around in the project.

    `id` is stable: suppressions and documentation use it. An error can never work, or is refused by the API; a warning
    will surprise somebody. `check` meets bodies of any shape and must never raise.
    """

    id: str
    kind: Kind | Literal["any"]
    severity: Severity
    title: str
    check: Callable[[Resource, Project], Iterator[Problem]]


def said_by_the_reference(rule: str) -> Callable[[Resource, Project], Iterator[Problem]]:
    """Return a check that yields what the API's message and its reference refuse under this rule's id."""

    def check(resource: Resource, project: Project) -> Iterator[Problem]:
        for problem in resource.shape:
            if problem.rule == rule:
                yield Problem(problem.path, problem.message, problem.remedy)

    return check


def at(body: Any, *path: str | int) -> Any:
    """Return the value at a path, None where there is none, whatever shape the body has."""
    for part in path:
        if isinstance(part, int):
            body = body[part] if isinstance(body, list) and part < len(body) else None
        else:
            body = body.get(part) if isinstance(body, dict) else None
    return body


def items(value: Any) -> list[Any]:
    """Return the elements of a list; none of anything else."""
    return value if isinstance(value, list) else []


def text(value: Any) -> str:
    """Return a string as it is; "" for anything else."""
    return value if isinstance(value, str) else ""
