"""Every chart's query, asked of Prometheus over the window: finely for no choice, more coarsely for each choice.

A query that reads less than a step at a time is asked more often, so that a chart has what happened between its steps.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TypeVar

from loyalty_monitoring.common.errors import UserError
from loyalty_monitoring.common.in_parallel import in_parallel
from loyalty_monitoring.definitions.model import AlertPolicy
from loyalty_monitoring.query_languages.promql.comparisons import Comparison, comparisons
from loyalty_monitoring.query_languages.promql.expressions import look_back, parsed, reads
from loyalty_monitoring.query_languages.promql.variables import chosen
from loyalty_monitoring.replay.kept_answers import KeptAnswers
from loyalty_monitoring.report.answer import Answer, answer, finer_step, step_for
from loyalty_monitoring.report.choices import Choice
from loyalty_monitoring.report.data_sets import DataSets, Query
from loyalty_monitoring.report.time_series_filter import over_steps

_MOST_SERIES = 50  # of one chart; nobody tells more lines apart
# A dashboard's chart is a third of a screen wide. Who chooses a label compares shapes.
_POINTS, _POINTS_OF_A_CHOICE = 1_440, 400
# Seconds that a selector without a range reads: https://prometheus.io/docs/prometheus/latest/querying/basics/#staleness
_INSTANT = 300

# Called before each question; what it raises ends the work.
Check = Callable[[], None] | None

_In = TypeVar("_In")
_Out = TypeVar("_Out")


@dataclass(frozen=True)
class Span:
    """The window in unix seconds: whole minutes, both included. `began` is the minute
    in which the logs do, None of empty ones.
    """

    first: int
    last: int
    began: int | None = None


@dataclass(frozen=True)
class Panel:
    """One comparison of a policy's condition over time. `comparison` is None where a condition compares nothing."""

    comparison: Comparison | None
    query: str
    answer: Answer


def dashboard_answers(kept: KeptAnswers, sets: DataSets, span: Span, check: Check) -> list[Answer]:
    """Return the answer of each query of a dashboard, with nothing chosen."""
    step = step_for(span.last - span.first, _POINTS)
    return _asked(lambda query: _answer(kept, query, sets, (), span, step), sets.queries, check)


def chosen_answers(kept: KeptAnswers, sets: DataSets, choice: Choice, span: Span, check: Check) -> list[Answer | None]:
    """Return the same for a choice; None for a query that does not use all of it."""
    step = step_for(span.last - span.first, _POINTS_OF_A_CHOICE)
    names = {name for name, _ in choice}

    def one(query: Query) -> Answer | None:
        return _answer(kept, query, sets, choice, span, step) if names <= set(query.uses) else None

    return _asked(one, sets.queries, check)


def policy_panels(kept: KeptAnswers, policy: AlertPolicy, span: Span, check: Check) -> list[Panel]:
    """Return the values that the policy's condition compares, at each of its evaluations; extremes are kept however
    long the window.
    """
    interval = policy.evaluation_interval_seconds
    first, last = -(-span.first // interval) * interval, span.last // interval * interval

    def one(compared: Comparison | None) -> Panel:
        query = policy.query if compared is None else compared.value
        # Of a comparison with "<" the lowest series are the ones to see.
        lowest = compared is not None and compared.operator.startswith("<")
        return Panel(compared, query, _drawn(kept, query, first, last, interval, lowest=lowest))

    return _asked(one, comparisons(parsed(policy.query)) or [None], check)


def looks_back(promql: str, step: int) -> int:
    """Return how many seconds before its instant a chart's query reads; 0 where that cannot be said."""
    try:
        return int(look_back(parsed(chosen(over_steps(promql, step)))).total_seconds())
    except ValueError:
        return 0


def _answer(kept: KeptAnswers, query: Query, sets: DataSets, choice: Choice, span: Span, step: int) -> Answer:
    # Whole steps, so that an hour's bar is a calendar hour.
    first = -(-span.first // step) * step
    if query.promql is None:
        return Answer(first, step, (), query.note)
    labels = {variable.name: variable.label for variable in sets.variables}
    promql = chosen(over_steps(query.promql, step), dict(choice), labels)
    try:
        return _drawn(kept, promql, first, span.last, _step_of(promql, step), shown_step=step)
    except UserError as error:
        # A dashboard of somebody else may ask what this Prometheus cannot answer; the chart says so in its place.
        return Answer(first, step, (), error.message)


def _step_of(promql: str, step: int) -> int:
    """Return how often a query is asked that a chart shows at `step`: it reads all points that lie between."""
    try:
        windows = [int(read.window.total_seconds()) or _INSTANT for read in reads(parsed(promql))]
    except ValueError:
        return step
    return finer_step(step, min(windows, default=step))


def _drawn(
    kept: KeptAnswers,
    query: str,
    first: int,
    last: int,
    step: int,
    *,
    shown_step: int | None = None,
    lowest: bool = False,
) -> Answer:
    """Return the answer of a query for a chart, downsampled for the page."""

    def ask() -> dict[str, object]:
        found = kept.ask(query, first, last, step)
        return answer(found, first, last, step, _MOST_SERIES, shown_step=shown_step, lowest=lowest).as_json()

    question = ["chart", query, first, last, step, shown_step, _MOST_SERIES, lowest]
    return Answer.from_json(kept.remembered(question, [query], ask))


def _asked(function: Callable[[_In], _Out], items: Iterable[_In], check: Check) -> list[_Out]:
    def one(item: _In) -> _Out:
        if check is not None:
            check()
        return function(item)

    return list(in_parallel(one, items))
