"""Check PromQL expressions of conditions and charts against what Cloud Monitoring evaluates.

Each check yields a message and a remedy. Sources: https://cloud.google.com/monitoring/promql/promql-mapping,
https://cloud.google.com/stackdriver/docs/managed-prometheus/promql-differences and
https://docs.cloud.google.com/logging/docs/logs-based-metrics
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from loyalty_monitoring.checks.lint.placeholders import has_placeholder
from loyalty_monitoring.checks.lint.rule import Project, text
from loyalty_monitoring.common.errors import nearest
from loyalty_monitoring.query_languages.promql.cloud_monitoring import COUNTER_FUNCTIONS, FUNCTIONS, LOG_BASED
from loyalty_monitoring.query_languages.promql.expressions import (
    applied,
    bare,
    children,
    functions,
    matchers,
    metric_name,
    nodes,
    operation,
    selectors,
)
from loyalty_monitoring.query_languages.promql.mistakes import mistake_in

Checked = Iterator[tuple[str, str]]

# Looking for the nearest name among hundreds, for hundreds of names, would take minutes.
_COMPARED = 50
_SUFFIX = re.compile(r"_(?:count|sum|bucket)\Z")
_RESOURCE_TYPE = re.compile(r"\bresource\.type\s*=\s*[\"\w]")


def parse_error(query: str) -> str | None:
    """Say why the query does not parse, and where; None if it does or if it cannot be judged.

    The parser's regular expressions are not RE2, and it gives up on very large queries: neither is a mistake.
    """
    mistake = mistake_in(query)
    return None if mistake is None or mistake.startswith(("illegal regex", "has more than")) else mistake


def newer_functions(expression: Any) -> Checked:
    for name in sorted(functions(expression) - FUNCTIONS):
        message = f"{name}() does not exist in Prometheus 2.44, whose functions Cloud Monitoring has"
        yield message, "write it with a function of that version"


def counter_functions(expression: Any) -> Checked:
    """Find functions for counters, directly over a log-based metric, where the number that they give matters.

    A quantile does not depend on the scale of its buckets, and in a ratio of the same function over the same window the
    factor cancels out.
    """
    if not COUNTER_FUNCTIONS & functions(expression):
        return
    inner = bare(expression)
    if applied(inner) == "histogram_quantile":
        return
    found = operation(inner)
    if found is not None and found[0] == "/" and (_scales(found[1]) == _scales(found[2]) != set()):
        return
    function, below = applied(inner), children(inner)
    for child in below:
        name = log_based_name(child.vector_selector) if hasattr(child, "vector_selector") else None
        if function in COUNTER_FUNCTIONS and name is not None:
            yield (
                f"{function}() over the per-minute counts of {name} is evaluated, but it reads a count that falls as a "
                "counter that starts anew, and extrapolates to the ends of the window",
                "add the counts up with sum_over_time(), and divide by the seconds of the window for a rate",
            )
        yield from counter_functions(child)


def _scales(expression: Any) -> set[tuple[str, Any]]:
    """Return the functions for counters of an expression, each with its window."""
    return {
        (str(applied(node)), child.range)
        for node in nodes(expression)
        if applied(node) in COUNTER_FUNCTIONS
        for child in children(bare(node))
        if hasattr(child, "vector_selector")
    }


def unknown_metrics(expression: Any, project: Project) -> Checked:
    """Yield Log-based metrics that the project does not define, where it defines any."""
    if not project.metrics:
        return
    for name in sorted({log_based_name(selector) for selector in selectors(expression)} - {None}, key=str):
        if defined(str(name), project) is None:
            message = f"no log-based metric of these files is named {name}"
            known = set(project.metrics) if len(project.metrics) <= _COMPARED else set()
            yield message, f"define it, or name one that is defined{nearest(str(name), known)}"


def without_resource(expression: Any, project: Project) -> Checked:
    """Yield Log-based metrics of several resource types that are read without saying which."""
    for selector in selectors(expression):
        name = log_based_name(selector)
        if name is None or "monitored_resource" in matchers(selector):
            continue
        metric = defined(name, project)
        if metric is not None and not pins_resource_type(metric) and not has_placeholder(metric):
            message = f"{name} can come from any resource type, and the query does not say which it reads"
            yield message, 'add the matcher monitored_resource="...", such as "k8s_container"'


def log_based_name(selector: Any) -> str | None:
    """Return the PromQL name of the log-based metric that a selector reads, in whichever form it is written."""
    name = metric_name(selector) or ""
    return name if name.startswith(LOG_BASED) else None


def pins_resource_type(filter_: str) -> bool:
    """Return whether a log-based metric's filter names one resource type."""
    return _RESOURCE_TYPE.search(filter_) is not None


def defined(name: str, project: Project) -> str | None:
    """Return the filter of the project's metric with this PromQL name, with or without a distribution's suffix."""
    metric = project.metrics.get(name) or project.metrics.get(_SUFFIX.sub("", name))
    return None if metric is None else text(metric.body.get("filter"))
