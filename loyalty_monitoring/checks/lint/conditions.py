"""The PromQL conditions of an alert policy, read as far as they can be read."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from loyalty_monitoring.checks.lint.rule import Resource, at, items, once, text
from loyalty_monitoring.common.yaml_documents import Path_
from loyalty_monitoring.query_languages.promql.expressions import parsed

# The API's Duration goes up to some 10,000 years.
_LONGEST = 315_576_000_000
_DURATION = re.compile(r"(\d+(?:\.\d+)?)s")


@dataclass(frozen=True)
class PromqlCondition:
    """`expression` is None where the query does not parse; a duration is None where it is none. `path` leads to it."""

    path: Path_
    query: str
    expression: Any
    duration_seconds: float | None
    interval_seconds: float | None


@once
def promql_conditions(policy: Resource) -> Sequence[PromqlCondition]:
    return tuple(_promql_conditions(policy))


def _promql_conditions(policy: Resource) -> Iterator[PromqlCondition]:
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
    """Return the seconds of the API's Duration, such as "60s"; None where it is none."""
    found = _DURATION.fullmatch(text(value))
    length = float(found[1]) if found else None
    return length if length is not None and length <= _LONGEST else None


def _parsed(query: str) -> Any:
    try:
        return parsed(query)
    except ValueError:
        return None
