"""Alert policies with one PromQL condition, and log-based metrics, as YAML. The query stands on line QUERY_LINE."""

from __future__ import annotations

QUERY_LINE = 6
_MATCHER = 'monitored_resource="k8s_container"'


def selector(name: str, *matchers: str) -> str:
    """A selector of a log-based metric with its resource type."""
    return f"logging_googleapis_com:user_{name}{{{', '.join([_MATCHER, *matchers])}}}"


def total(name: str, window: str = "1h", *matchers: str) -> str:
    """The sum of a log-based metric over a window."""
    return f"sum(sum_over_time({selector(name, *matchers)}[{window}]))"


def policy(query: str, *lines: str) -> str:
    """A policy whose condition has this query, and these lines below it."""
    return f"""displayName: runs
combiner: OR
conditions:
  - displayName: runs
    conditionPrometheusQueryLanguage:
      query: '{query.replace("'", "''")}'
""" + "".join(f"      {line}\n" for line in lines)


def metric(name: str, *labels: str, distribution: bool = False, filter_: str = "severity=ERROR") -> str:
    """One more document: a log-based metric with labels."""
    return f"""---
name: {name}
filter: '{filter_}'
metricDescriptor:
  metricKind: DELTA
  valueType: {"DISTRIBUTION" if distribution else "INT64"}
labelExtractors: {{{", ".join(f"{label}: EXTRACT(jsonPayload.{label})" for label in labels)}}}
"""
