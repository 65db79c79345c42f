"""Evaluate queries when points arrive late: each evaluation sees what has arrived by then, and nothing else.

Most evaluations see all that they look at, and one range query over all points answers them. The others are partial:
something that they look at is still on its way. They are asked of views: copies of a metric under another name, which
hold what was visible. One view serves many partial evaluations that are so far apart that none looks back to where
another one's points are; so a query that looks back 15 minutes needs some 17 views, however long the window is. A view
has only the names and the series that its query selects; queries that select the same and look back as far share it.

Nothing is approximated: a view holds for an evaluation exactly the values that had arrived, and Prometheus evaluates
the query as it stands, with the metrics' names replaced.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from loyalty_monitoring.common.database import Connection, quoted
from loyalty_monitoring.common.errors import UserError
from loyalty_monitoring.common.in_parallel import in_parallel
from loyalty_monitoring.definitions.model import LogMetric
from loyalty_monitoring.query_languages.promql import expressions
from loyalty_monitoring.query_languages.promql.quoted_names import renamed
from loyalty_monitoring.replay.open_metrics import SECONDS_INTO_MINUTE
from loyalty_monitoring.replay.prometheus import Prometheus, Series

# How far apart evaluations are that are asked at once. A subquery takes every series that has a point near any of them
# through every step between them, and pods, each with series of its own, come and go within days.
_NEAR_SECONDS = 2 * 86_400
# So few evaluations of a view are asked each by itself, and so many of these as one question: each costs a millisecond,
# whatever it asks.
_FEW, _TOGETHER = 8, 12
# A selector without a range sees a point for this long (Prometheus's lookback delta).
_INSTANT_REACH = timedelta(minutes=5)
_SUFFIX = re.compile(r"_(?:count|sum|bucket)\Z")
# The metric's name and the bucket's bound do not stand in a series' labels.
_NOT_IN_LABELS = ("__name__", "le")
# Written in OpenMetrics text as it is. A label that is empty may be missing.
_PLAIN = re.compile(r"[^\\\"\n]+")


@dataclass(frozen=True)
class Asked:
    """A query and when it is asked: from `first` to `last` of each span, every `step` (all unix seconds, inclusive)."""

    query: str
    step: int
    spans: tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Views:
    """Evaluations of each question that are partial: for an arrival and a question, those of each view in order.

    `apart` is the distance of a view's evaluations in seconds, `groups` the number of the group of views in which each
    series name is: both of a question.
    """

    apart: Mapping[int, int]
    groups: Mapping[int, Mapping[str, int]]
    partial: Mapping[tuple[int, int], Mapping[int, tuple[int, ...]]]

    def has_partial(self, number: int, arrival: int, span: tuple[int, int]) -> bool:
        """Return whether lateness can change an answer of the question in this span."""
        views = self.partial.get((arrival, number), {})
        return any(span[0] <= at <= span[1] for times in views.values() for at in times)

    def answers(
        self,
        prometheus: Prometheus,
        number: int,
        asked: Asked,
        arrival: int,
        span: tuple[int, int],
        full: Sequence[Series],
    ) -> list[Series]:
        """Return the answers of a question in one of its spans; `full` are those of all points, however late."""
        views = self.partial.get((arrival, number), {})
        inside = {view: [at for at in times if span[0] <= at <= span[1]] for view, times in views.items()}
        replaced = {at for times in inside.values() for at in times}
        found = {
            tuple(sorted(one.labels.items())): {at: value for at, value in one.samples if at not in replaced}
            for one in full
        }
        questions = [(view, near) for view, times in inside.items() for near in _near(times)]
        many = [(view, near) for view, near in questions if len(near) > _FEW]
        single = [(view, at) for view, near in questions if len(near) <= _FEW for at in near]
        together = [single[start : start + _TOGETHER] for start in range(0, len(single), _TOGETHER)]

        def of_view(view: int) -> str:
            groups = self.groups[number].items()
            return renamed(asked.query, {name: name + view_suffix(arrival, group, view) for name, group in groups})

        def ask(question: tuple[int, list[int]]) -> list[Series]:
            view, near = question
            return prometheus.query_range(of_view(view), near[0], near[-1], self.apart[number])

        def ask_together(some: Sequence[tuple[int, int]]) -> list[list[Series]]:
            return prometheus.query_instants([(of_view(view), at) for view, at in some])

        def take(series: Iterable[Series], chosen: Container[int]) -> None:
            for one in series:
                samples = found.setdefault(tuple(sorted(one.labels.items())), {})
                samples.update((at, value) for at, value in one.samples if at in chosen)

        for (_, near), series in zip(many, in_parallel(ask, many), strict=True):
            take(series, set(near))
        for some, answers in zip(together, in_parallel(ask_together, together), strict=True):
            for (_, at), series in zip(some, answers, strict=True):
                take(series, {at})
        return [Series(dict(labels), sorted(samples.items())) for labels, samples in found.items() if samples]


@dataclass(frozen=True)
class _Look:
    """A question's look at a series name, with how near and how far before its instant it looks.

    It sees the series for which one of `conditions`, SQL over `labels`, holds.
    """

    metric: int
    conditions: frozenset[str]
    near: int
    far: int


def view_suffix(arrival: int, group: int, view: int) -> str:
    """Return the suffix of a series name in a view."""
    return f":late_{arrival}_{group}_{view}"


def make_views(con: Connection, metrics: Sequence[LogMetric], asked: Sequence[Asked], names: Iterable[str]) -> Views:
    """Make the tables `partial` and `views` of the table `parts`; `names` are the series names that may be renamed.

    `partial`: arrival, asked, view and `instant`, each partial evaluation. `views`: what `write_open_metrics` needs.
    Errors: UserError for a query that fixes its time by `@`.
    """
    con.execute(
        "CREATE OR REPLACE TEMP TABLE looks (asked INTEGER, metric INTEGER, name VARCHAR, selection INTEGER, "
        "grouped INTEGER, nearest BIGINT, farthest BIGINT, step BIGINT, views BIGINT)"
    )
    con.execute("CREATE OR REPLACE TEMP TABLE spans (asked INTEGER, since BIGINT, until BIGINT)")
    con.execute("CREATE OR REPLACE TEMP TABLE selected (selection INTEGER, series INTEGER)")
    apart: dict[int, int] = {}
    groups: dict[int, dict[str, int]] = {}
    known: dict[tuple[str, frozenset[str], int, int], int] = {}
    selections: dict[tuple[int, frozenset[str]], int] = {}
    for number, one in enumerate(asked):
        looks = _looks(one.query, metrics, frozenset(names))
        views = max((0, *(look.far for look in looks.values()))) // one.step + 2
        apart[number] = views * one.step
        groups[number] = {
            name: known.setdefault((name, look.conditions, apart[number], one.step), len(known))
            for name, look in looks.items()
        }
        for name, look in looks.items():
            selection = selections.setdefault((look.metric, look.conditions), len(selections))
            con.execute(
                "INSERT INTO looks VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                [number, look.metric, name, selection, groups[number][name], look.near, look.far, one.step, views],
            )
        con.executemany("INSERT INTO spans VALUES (?, ?, ?)", [[number, *span] for span in one.spans])
    for (metric, conditions), selection in selections.items():
        any_of = " OR ".join(f"({one})" for one in sorted(conditions))
        con.execute(
            f"INSERT INTO selected SELECT {selection}, series FROM series WHERE of_metric = {metric} AND ({any_of})"
        )
    point_time = f"((minute + 1)::BIGINT * 60 - {60 - float(SECONDS_INTO_MINUTE):.3f})"
    # A part is missed by the evaluations that could see its minute and come before it has arrived.
    con.execute(
        f"""CREATE OR REPLACE TEMP TABLE missed AS
        SELECT DISTINCT arrival, asked, step, views, unnest(generate_series(
            ceil(greatest({point_time} + nearest, since) / step)::BIGINT * step,
            least(arrives - 1, {point_time}::BIGINT + farthest, spans.until), step)) AS instant
        FROM parts JOIN looks USING (metric) JOIN selected USING (selection, series) JOIN spans USING (asked)
        WHERE {point_time} + nearest < arrives AND {point_time} + nearest <= spans.until AND arrives > since"""
    )
    con.execute(
        """CREATE OR REPLACE TEMP TABLE partial AS
        SELECT arrival, asked, (instant // step) % views AS view, instant FROM missed"""
    )
    con.execute(
        """CREATE OR REPLACE TEMP TABLE views AS
        WITH windows AS (
            SELECT arrival, metric, name, selection, grouped, view, instant, max(farthest) AS farthest
            FROM partial JOIN looks USING (asked) GROUP BY ALL
        )
        SELECT metric, name, series, minute, n, total, below, false AS zero_before, false AS zero_after,
            ':late_' || arrival || '_' || grouped || '_' || view AS view
        FROM windows JOIN parts USING (arrival, metric) JOIN selected USING (selection, series)
        WHERE parts.minute BETWEEN (instant - farthest) // 60 - 1 AND instant // 60 - 1
            AND arrives <= instant AND (until IS NULL OR until > instant)"""
    )
    found = con.execute(
        "SELECT arrival, asked, view, list(instant ORDER BY instant) FROM partial GROUP BY ALL ORDER BY ALL"
    ).fetchall()
    partial: dict[tuple[int, int], dict[int, tuple[int, ...]]] = {}
    for arrival, number, view, times in found:
        partial.setdefault((arrival, number), {})[view] = tuple(times)
    return Views(apart, groups, partial)


def on_the_way(con: Connection, asked: int, arrival: int, at: int) -> list[tuple[str, str, int, bool]]:
    """Return the points that an evaluation looks at and that had not arrived: metric, labels, minute since 1970,
    whether a part was there.
    """
    rows = con.execute(
        f"""SELECT metric_names.name, labels, minute, bool_or(arrives <= {at}) AS in_part
        FROM parts JOIN looks USING (metric) JOIN selected USING (selection, series) JOIN series USING (series)
            JOIN metric_names USING (metric)
        WHERE asked = {asked} AND arrival = {arrival} AND n > 0
            AND minute BETWEEN ({at} - farthest) // 60 AND ({at} - nearest) // 60 - 1
        GROUP BY ALL HAVING bool_or(arrives > {at}) ORDER BY minute, metric_names.name, labels"""
    ).fetchall()
    return [(str(name), str(labels), int(minute), bool(in_part)) for name, labels, minute, in_part in rows]


def _near(times: Sequence[int]) -> list[list[int]]:
    """Return the times, which are in order, in groups that are near each other."""
    groups: list[list[int]] = []
    for at in times:
        if groups and at - groups[-1][0] < _NEAR_SECONDS:
            groups[-1].append(at)
        else:
            groups.append([at])
    return groups


def _looks(query: str, metrics: Sequence[LogMetric], names: frozenset[str]) -> dict[str, _Look]:
    """Return how the query looks at each series name that it reads."""
    numbers = {metric.promql_name: number for number, metric in enumerate(metrics)}
    found: dict[str, _Look] = {}
    expression = _parsed(query)
    if any(getattr(node, "at", None) is not None for node in expressions.nodes(expression)):
        raise UserError("a query with `@` looks at a fixed time, which cannot be evaluated with late points")
    for read in expressions.reads(expression):
        if expressions.without_exact_name(read.selector):
            raise UserError(
                "a query that does not name its metrics, or by a pattern, cannot be evaluated with late points; "
                "name them"
            )
        name = expressions.metric_name(read.selector) or ""
        metric = numbers.get(name, numbers.get(_SUFFIX.sub("", name)))
        if metric is None or name not in names:
            continue
        near = int(read.offset.total_seconds())
        # A minute more on each side: a point is stamped inside its minute, and steps of subqueries are aligned.
        far = near + int((read.window or _INSTANT_REACH).total_seconds()) + 120
        look = _Look(metric, frozenset({_condition(read.selector)}), near, far)
        found[name] = _both(found[name], look) if name in found else look
    return found


def _both(one: _Look, other: _Look) -> _Look:
    return _Look(one.metric, one.conditions | other.conditions, min(one.near, other.near), max(one.far, other.far))


def _condition(selector: Any) -> str:
    """Return SQL over `labels`, OpenMetrics text, that leaves out series which one of the selector's `=` leaves out."""
    if selector.matchers.or_matchers:
        return "true"
    wanted = [
        f'{one.label}="{one.value}"'
        for one in expressions.every_matcher(selector)
        if one.operator == "=" and one.label not in _NOT_IN_LABELS and _PLAIN.fullmatch(one.value)
    ]
    return " AND ".join(f"contains(',' || labels || ',', {quoted(f',{one},')})" for one in wanted) or "true"


def _parsed(query: str) -> object:
    try:
        return expressions.parsed(query)
    except ValueError as error:
        raise UserError(f"is no PromQL query ({error}); mend it") from error
