"""A parsed filter, as plain frozen data."""

from __future__ import annotations

from dataclasses import dataclass

# Functions that select series by themselves, those of service level objectives and of processes:
# https://docs.cloud.google.com/stackdriver/docs/solutions/slo-monitoring/api/timeseries-selectors
# https://docs.cloud.google.com/monitoring/alerts/process-health
SELECTIONS = (
    "select_process_count",
    "select_slo_budget",
    "select_slo_budget_fraction",
    "select_slo_budget_total",
    "select_slo_burn_rate",
    "select_slo_compliance",
    "select_slo_counts",
    "select_slo_health",
)
# Functions of a comparison's right side.
FUNCTIONS = ("starts_with", "ends_with", "has_substring", "one_of", "monitoring.regex.full_match")


@dataclass(frozen=True)
class Comparison:
    """A selector such as ("metric", "labels", "code") with a value, or with the values of a function.

    `metric.label.x` and `metric.labels.x` are the same. `operator` is one of = != : < <= > >=; with a function it is
    = or !=. `text` is the comparison as it is written. Values may hold template variables such as `${zone.value}`.
    """

    selector: tuple[str, ...]
    operator: str
    function: str | None
    values: tuple[str, ...]
    text: str


@dataclass(frozen=True)
class Variable:
    """`${name}`: a whole comparison, which a dashboard's template variable stands for."""

    name: str


@dataclass(frozen=True)
class Selection:
    """A function that selects series by itself, such as `select_slo_burn_rate("...", "3600s")`."""

    function: str
    values: tuple[str, ...]
    text: str


@dataclass(frozen=True)
class Not:
    part: Expression


@dataclass(frozen=True)
class And:
    parts: tuple[Expression, ...]


@dataclass(frozen=True)
class Or:
    parts: tuple[Expression, ...]


Expression = Comparison | Variable | Selection | Not | And | Or
