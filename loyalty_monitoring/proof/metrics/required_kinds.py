"""The kinds of line that every metric must have before its cases count as whole."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from loyalty_monitoring.proof.metrics.cases import MetricCases

KINDS: Mapping[str, str] = {
    "other_logger": "another logger of the module",
    "other_module": "another module logs alike",
    "other_severity": "another severity",
    "other_resource": "another monitored resource type",
    "other_event": "another event",
    "other_type": "a field of another type",
    "missing_field": "a field is missing",
}


def missing_kinds(cases: MetricCases, metrics: Collection[str]) -> tuple[str, ...]:
    """Return what the cases lack, a sentence each: metrics without cases, kinds without a line or a reason.

    A line shows a kind when that is all in which it differs from one that the metric counts, and it does not count.
    """
    sentences = [
        f"{metric} has no cases; add it to a file in tests/cases/metrics"
        for metric in metrics
        if metric not in cases.facts
    ]
    for metric, facts in cases.facts.items():
        if metric not in metrics:
            sentences.append(f"{facts.position} proves {metric!r}, which is no metric; rename or remove it")
            continue
        if not any(metric in line.counts for line in cases.lines):
            sentences.append(f"{metric} has no line that it counts; add one")
        shown = {
            kind
            for line in cases.lines
            for kind in line.differs
            if len(line.differs) == 1 and metric in line.alike and metric not in line.counts
        }
        sentences += [
            f"{metric} has no line of the kind {kind} ({meaning}); add one, or say in not_applicable why there is none"
            for kind, meaning in KINDS.items()
            if kind not in shown and kind not in facts.not_applicable
        ]
        sentences += [
            f"{metric} has a line of the kind {kind}, which its not_applicable rules out; remove one of them"
            for kind in facts.not_applicable
            if kind in shown
        ]
    return tuple(sentences)
