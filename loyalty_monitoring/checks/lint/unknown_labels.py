"""Labels that a PromQL expression names and its log-based metrics do not have, in a condition or in a chart.

Judged are only metrics that the same files define, read of a resource type whose labels are known. A matcher that a
missing label meets (`a=""`) is no finding, nor is a label that Cloud Monitoring or label_replace() may add.

Sources: https://docs.cloud.google.com/logging/docs/reference/v2/rest/v2/projects.metrics (labelExtractors) and
https://cloud.google.com/monitoring/promql/promql-mapping
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

from loyalty_monitoring.checks.lint.log_based import labels_of, made_by_google
from loyalty_monitoring.checks.lint.promql_checks import Checked, log_based_name
from loyalty_monitoring.checks.lint.rule import Project
from loyalty_monitoring.common.errors import nearest
from loyalty_monitoring.query_languages.promql.expressions import (
    Matcher,
    every_matcher,
    label_clauses,
    makes_labels,
    selectors,
)

# Enough for one query, and few enough to be compared with what there is.
_MOST_FINDINGS, _MOST_LABELS, _LONGEST = 20, 50, 100
# Of a pattern, we only judge what certainly does not match the empty text.
_NEVER_EMPTY = re.compile(r"\.\+|[\w-]+(?:\|[\w-]+)*")


def unknown_labels(expression: Any, project: Project) -> Checked:
    """Yield each label that is not there, once."""
    for message, label, labels in islice(dict.fromkeys(_unknown_labels(expression, project)), _MOST_FINDINGS):
        yield message, _remedy(label, labels)


def _unknown_labels(expression: Any, project: Project) -> Iterator[tuple[str, str, frozenset[str]]]:
    """Yield what is wrong, the label, and the labels that there are."""
    for selector in selectors(expression):
        if (labels := labels_of(selector, project)) is not None:
            name = log_based_name(selector)
            used = [one.label for one in every_matcher(selector) if _needs_its_label(one)]
            for label in _unknown(used, labels):
                yield f"{name} has no label {label!r} to match", label, labels
    for clause in label_clauses(expression):
        below = [labels_of(selector, project) for selector in selectors(clause.expression)]
        known = [labels for labels in below if labels is not None]
        if known and len(known) == len(below) and not makes_labels(clause.expression):
            labels = frozenset().union(*known)
            for label in _unknown(clause.labels, labels):
                yield f"`{clause.word} ({label})` names a label that no metric there has", label, labels


def _needs_its_label(matcher: Matcher) -> bool:
    if matcher.operator in ("=", "!="):
        return bool(matcher.value) or matcher.operator == "!="
    return _NEVER_EMPTY.fullmatch(matcher.value) is not None


def _unknown(labels: Iterable[str], known: frozenset[str]) -> list[str]:
    return [label for label in labels if label not in known and not made_by_google(label)]


def _remedy(label: str, known: frozenset[str]) -> str:
    compared = {one for one in known if len(one) <= _LONGEST} if len(known) <= _MOST_LABELS else set()
    return (
        f"name a label of the metric, or extract this one in its labelExtractors{nearest(label[:_LONGEST], compared)}"
    )
