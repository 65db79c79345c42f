"""The PromQL conditions of an alert policy, read as far as they can be read."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from loyalty_monitoring.lint.rule import Resource, at, items, text
from loyalty_monitoring.promql import parsed
from loyalty_monitoring.yaml_source import Path_

_DURATION = re.compile(r"(\d+(?:\.\d+)?)s")


@dataclass(frozen=True)
class PromqlCondition:
    """`expression` is None where the query does not parse; a duration is None where it is none. `path` leads to it."""

    path: Path_
    query: str
    expression: Any
    duration_seconds: float | None
    interval_seconds: float | None


def promql_conditions(policy: Resource) -> Iterator[PromqlCondition]:
    for index, condition in enumerate(items(policy.body.get("conditions"))):
        promql = at(condition, "conditionPrometheusQueryLanguage")
        if isinstance(promql, dict):
            query = text(promql.get("query"))
            yield PromqlCondition(
                ("conditions", index, "conditionPrometheusQueryLanguage"),
                query,
                _parsed(query),
                seconds(promql.get("duration", "0s")),
                seconds(promql.get("evaluationInterval", "30s")),
            )


def seconds(value: Any) -> float | None:
    """The seconds of the API's Duration, such as "60s"; None where it is none."""
    found = _DURATION.fullmatch(text(value))
    return float(found[1]) if found else None


def _parsed(query: str) -> Any:
    try:
        return parsed(query)
    except ValueError:
        return None
