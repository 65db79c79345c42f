"""Evaluate queries when points arrive late: each evaluation sees what has arrived by then, and nothing else.

Most evaluations see all that they look at, and one range query over all points answers them. The others are partial:
something that they look at is still on its way. They are asked of views: copies of a metric under another name, which
hold what was visible. One view serves many partial evaluations that are so far apart that none looks back to where
another one's points are; so a query that looks back 15 minutes needs some 17 views, however long the window is.

Nothing is approximated: a view holds for an evaluation exactly the values that had arrived, and Prometheus evaluates
the query as it stands, with the metrics' names replaced.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from loyalty_monitoring.common.database import Connection
from loyalty_monitoring.common.errors import UserError
from loyalty_monitoring.definitions.model import LogMetric
from loyalty_monitoring.query_languages.promql import expressions
from loyalty_monitoring.query_languages.promql.quoted_names import legacy_names
from loyalty_monitoring.replay.open_metrics import SECONDS_INTO_MINUTE
from loyalty_monitoring.replay.prometheus import Prometheus, Series

# A selector without a range sees a point for this long (Prometheus's lookback delta).
_INSTANT_REACH = timedelta(minutes=5)
_SUFFIX = re.compile(r"_(?:count|sum|bucket)\Z")
_WORD = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")


@dataclass(frozen=True)
class Asked:
    """A query and when it is asked: from `first` to `last` of each span, every `step` (all unix seconds, inclusive)."""

    query: str
    step: int
    spans: tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Views:
    """Evaluations of each question that are partial: for an arrival and a question, those of each view in order."""

    steps: Mapping[int, int]
    partial: Mapping[tuple[int, int], Mapping[int, tuple[int, ...]]]
    names: frozenset[str] = field(default=frozenset())

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
        apart = self.steps[number] * asked.step
        for view, times in inside.items():
            if not times:
                continue
            query = _renamed(asked.query, self.names, view_suffix(arrival, apart, view))
            chosen = set(times)
            for one in prometheus.query_range(query, times[0], times[-1], apart):
                samples = found.setdefault(tuple(sorted(one.labels.items())), {})
                samples.update((at, value) for at, value in one.samples if at in chosen)
        return [Series(dict(labels), sorted(samples.items())) for labels, samples in found.items() if samples]


def view_suffix(arrival: int, apart: int, view: int) -> str:
    """Return the suffix of a metric's name in a view; `apart` is the distance of its evaluations in seconds."""
    return f":late_{arrival}_{apart}_{view}"


def make_views(con: Connection, metrics: Sequence[LogMetric], asked: Sequence[Asked], names: Iterable[str]) -> Views:
    """Make the tables `partial` and `views` of the table `parts`; `names` are the series names that may be renamed.

    `partial`: arrival, asked, view and `instant`, each partial evaluation. `views`: what `write_open_metrics` needs.
    Errors: UserError for a query that fixes its time by `@`.
    """
    con.execute(
        "CREATE OR REPLACE TEMP TABLE looks (asked INTEGER, metric INTEGER, nearest BIGINT, farthest BIGINT, "
        "step BIGINT, views BIGINT)"
    )
    con.execute("CREATE OR REPLACE TEMP TABLE spans (asked INTEGER, since BIGINT, until BIGINT)")
    steps: dict[int, int] = {}
    rows: list[tuple[int, ...]] = []
    spans: list[tuple[int, ...]] = []
    for number, one in enumerate(asked):
        looks = _looks(one.query, metrics)
        farthest = max((far for _, far in looks.values()), default=0)
        steps[number] = farthest // one.step + 2
        rows += [(number, metric, near, far, one.step, steps[number]) for metric, (near, far) in looks.items()]
        spans += [(number, since, until) for since, until in one.spans]
    for table, values in (("looks", rows), ("spans", spans)):
        if values:
            con.execute(f"INSERT INTO {table} VALUES {', '.join(map(str, values))}")
    point_time = f"((minute + 1)::BIGINT * 60 - {60 - float(SECONDS_INTO_MINUTE):.3f})"
    # A part is missed by the evaluations that could see its minute and come before it has arrived.
    con.execute(
        f"""CREATE OR REPLACE TEMP TABLE missed AS
        SELECT DISTINCT arrival, asked, step, views, unnest(generate_series(
            ceil(greatest({point_time} + nearest, since) / step)::BIGINT * step,
            least(arrives - 1, {point_time}::BIGINT + farthest, spans.until), step)) AS instant
        FROM parts JOIN looks USING (metric) JOIN spans USING (asked)
        WHERE {point_time} + nearest < arrives AND {point_time} + nearest <= spans.until AND arrives > since"""
    )
    con.execute(
        """CREATE OR REPLACE TEMP TABLE partial AS
        SELECT arrival, asked, step, step * views AS apart, (instant // step) % views AS view, instant FROM missed"""
    )
    con.execute(
        """CREATE OR REPLACE TEMP TABLE views AS
        WITH windows AS (
            SELECT arrival, metric, apart, view, instant, max(farthest) AS farthest
            FROM partial JOIN looks USING (asked) GROUP BY ALL
        )
        SELECT metric, series, minute, n, total, below, false AS zero_before, false AS zero_after,
            ':late_' || arrival || '_' || apart || '_' || view AS view
        FROM windows JOIN parts USING (arrival, metric)
        WHERE parts.minute BETWEEN (instant - farthest) // 60 - 1 AND instant // 60 - 1
            AND arrives <= instant AND (until IS NULL OR until > instant)"""
    )
    found = con.execute(
        "SELECT arrival, asked, view, list(instant ORDER BY instant) FROM partial GROUP BY ALL ORDER BY ALL"
    ).fetchall()
    partial: dict[tuple[int, int], dict[int, tuple[int, ...]]] = {}
    for arrival, number, view, times in found:
        partial.setdefault((arrival, number), {})[view] = tuple(times)
    return Views(steps, partial, frozenset(names))


def on_the_way(con: Connection, asked: int, arrival: int, at: int) -> list[tuple[str, str, int, bool]]:
    """Return the points that an evaluation looks at and that had not arrived: metric, labels, minute since 1970,
    whether a part was there.
    """
    rows = con.execute(
        f"""SELECT name, labels, minute, bool_or(arrives <= {at}) AS in_part
        FROM parts JOIN looks USING (metric) JOIN series USING (series) JOIN metric_names USING (metric)
        WHERE asked = {asked} AND arrival = {arrival} AND n > 0
            AND minute BETWEEN ({at} - farthest) // 60 AND ({at} - nearest) // 60 - 1
        GROUP BY ALL HAVING bool_or(arrives > {at}) ORDER BY minute, name, labels"""
    ).fetchall()
    return [(str(name), str(labels), int(minute), bool(in_part)) for name, labels, minute, in_part in rows]


def _looks(query: str, metrics: Sequence[LogMetric]) -> dict[int, tuple[int, int]]:
    """Return, for each metric that the query reads, how near and how far before its instant, in seconds."""
    numbers = {metric.promql_name: number for number, metric in enumerate(metrics)}
    found: dict[int, tuple[int, int]] = {}
    for read in expressions.reads(_parsed(query)):
        if getattr(read.selector, "at", None) is not None:
            raise UserError("a query with `@` looks at a fixed time, which cannot be evaluated with late points")
        name = expressions.metric_name(read.selector) or ""
        number = numbers.get(name, numbers.get(_SUFFIX.sub("", name)))
        if number is None:
            continue
        near = int(read.offset.total_seconds())
        # A minute more on each side: a point is stamped inside its minute, and steps of subqueries are aligned.
        far = near + int((read.window or _INSTANT_REACH).total_seconds()) + 120
        before = found.get(number, (near, far))
        found[number] = (min(near, before[0]), max(far, before[1]))
    return found


def _parsed(query: str) -> object:
    try:
        return expressions.parsed(query)
    except ValueError as error:
        raise UserError(f"is no PromQL query ({error}); mend it") from error


def _renamed(query: str, names: frozenset[str], suffix: str) -> str:
    return _WORD.sub(lambda word: word[0] + suffix if word[0] in names else word[0], legacy_names(query))
