"""Explain why no metric matched an entry, as far as resource and logger of the entries say."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from loyalty_monitoring.definitions.model import LogMetric
from loyalty_monitoring.query_languages.logging_filter import FieldPath, parse_filter
from loyalty_monitoring.query_languages.logging_filter.syntax import Comparison, Expression
from loyalty_monitoring.query_languages.logging_filter.terms import field_of, term_text, terms
from loyalty_monitoring.replay.result import MetricSummary

Origins = Mapping[tuple[str, str], int]  # (resource.type, labels.python_logger) -> entries

_TYPE, _LOGGER = ("resource", "type"), ("labels", "python_logger")
_REMEDIES: Mapping[FieldPath, str] = {
    _TYPE: "choose the stack of that type with --stack, or mend its resourceType",
    _LOGGER: "see docs/log-contract.md, and `loyalty-monitoring contract check`",
}
_SHOWN = 3


def why_silent(
    metrics: Sequence[LogMetric], summaries: Mapping[str, MetricSummary], origins: Origins
) -> tuple[str, ...]:
    """Return why most metrics matched nothing; nothing for a log of a quiet day, or of some of the module."""
    silent = [metric for metric in metrics if not summaries[metric.api_name].matched]
    return tuple(why_nothing_matched(silent, origins)) if 2 * len(silent) > len(metrics) else ()


def why_nothing_matched(metrics: Sequence[LogMetric], origins: Origins) -> list[str]:
    """Return a line for the resource type and one for the logger, where no entry has what the metrics' filters want."""
    stopped: dict[FieldPath, dict[str, Origins]] = {}
    metrics_stopped: Counter[FieldPath] = Counter()
    for metric in metrics:
        left = origins
        for term in terms(parse_filter(str(metric.body["filter"]))):
            looked_at = field_of(term)
            if looked_at not in (_TYPE, _LOGGER) or not left:
                continue
            passes = _test(term)
            kept = {origin: number for origin, number in left.items() if passes(origin[looked_at == _LOGGER])}
            if not kept and looked_at is not None:
                stopped.setdefault(looked_at, {}).setdefault(term_text(term), left)
                metrics_stopped[looked_at] += 1
            left = kept
    return [_line(looked_at, texts, metrics_stopped[looked_at]) for looked_at, texts in stopped.items()]


def _test(term: Expression) -> Callable[[str], bool]:
    if isinstance(term, Comparison) and term.operator == "=":
        return lambda value: value.lower() == term.text.lower()
    if isinstance(term, Comparison) and term.operator == "=~":
        return lambda value: re.search(term.text, value) is not None
    return lambda _: True


def _line(looked_at: FieldPath, texts: Mapping[str, Origins], metrics: int) -> str:
    text, before = next(iter(texts.items()))
    alike = f" or the like ({len(texts)} filters)" if len(texts) > 1 else ""
    values: Counter[str] = Counter()
    for origin, number in before.items():
        values[origin[looked_at == _LOGGER] or "none"] += number
    have = ", ".join(f"{value} ({number:,})" for value, number in values.most_common(_SHOWN))
    wanting = "1 metric wants" if metrics == 1 else f"{metrics} metrics want"
    return f"{wanting} {text}{alike}, and the entries have {have}; {_REMEDIES[looked_at]}"
