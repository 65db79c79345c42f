"""Model the arrival of points: the table `parts` says from when to when each value of a point is visible.

On Google Cloud a point of a log-based metric is there minutes after its minute has ended, each time series by itself,
and a minute can grow while entries are still coming in. Sources: "metric data can be delayed by up to 10 minutes",
docs.cloud.google.com/logging/docs/logs-based-metrics/troubleshooting, and github.com/open-telemetry/
opentelemetry-collector-contrib/issues/48465 for the usual 1 to 4 minutes.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from loyalty_monitoring.common.database import Connection, quoted
from loyalty_monitoring.common.errors import UserError
from loyalty_monitoring.definitions.model import LogMetric

# Evaluations come at multiples of 30 s, so nobody sees arrivals more finely.
ARRIVAL_STEP = 30
_EXAMPLES = "write such as 4m, 90s, random, random:7 or entries"


@dataclass(frozen=True)
class SameDelay:
    """Every point arrives this long after its minute has ended, in whole steps of 30 s."""

    seconds: int

    def __str__(self) -> str:
        return f"{self.seconds // 60}m" if self.seconds % 60 == 0 else f"{self.seconds}s"


@dataclass(frozen=True)
class RandomDelay:
    """Each point (metric, time series, minute) has a delay of its own: 0 to `longest` seconds in steps of 30 s."""

    longest: int
    seed: int

    def __str__(self) -> str:
        return f"random:{self.seed}"


@dataclass(frozen=True)
class EntryDelay:
    """A minute grows: each entry counts from its own `receiveTimestamp` on, where that is after the minute's end."""

    def __str__(self) -> str:
        return "entries"


Arrival = SameDelay | RandomDelay | EntryDelay


def parse_arrival(text: str, allowance: int) -> Arrival:
    """Read an arrival as the command line has it; random delays go up to `allowance` seconds.

    Errors: UserError for anything else, and for a delay of more than a day, which Cloud Logging would not count.
    """
    if text == "entries":
        return EntryDelay()
    if found := re.fullmatch(r"random(?::(\d{1,9}))?", text):
        return RandomDelay(allowance, int(found[1] or 0))
    if found := re.fullmatch(r"(\d{1,5})(s|m|h)", text):
        seconds = int(found[1]) * {"s": 1, "m": 60, "h": 3600}[found[2]]
        if seconds % ARRIVAL_STEP:
            raise UserError(f"{text!r} is no multiple of {ARRIVAL_STEP} s, the step of evaluations; round it")
        if seconds > 86_400:
            raise UserError(f"{text!r} is more than a day, and entries that late are not counted; write less")
        return SameDelay(seconds)
    raise UserError(f"{text!r} says no lateness; {_EXAMPLES}")


def make_parts(con: Connection, metrics: Sequence[LogMetric], arrivals: Sequence[Arrival]) -> None:
    """Make the table `parts` of the tables that `make_points` made, with `by_arrival` where entries are late.

    Columns: arrival (place in `arrivals`), metric (place in `metrics`), series, minute (since 1970), arrives and until
    (unix seconds, until is NULL at last), n, total, below: what an evaluation sees of this minute from `arrives` on and
    before `until`. Zeros beside a minute with entries are points like any other.
    """
    con.execute("CREATE OR REPLACE TEMP TABLE metric_names (metric INTEGER, name VARCHAR)")
    con.executemany("INSERT INTO metric_names VALUES (?, ?)", [[n, one.api_name] for n, one in enumerate(metrics)])
    con.execute(
        "CREATE OR REPLACE TEMP TABLE parts (arrival INTEGER, metric INTEGER, series INTEGER, minute INTEGER, "
        "arrives BIGINT, until BIGINT, n BIGINT, total DOUBLE, below BIGINT[])"
    )
    con.execute(
        """CREATE OR REPLACE TEMP TABLE whole_points AS
        SELECT metric, series, minute, n, total, below, NULL::INTEGER AS of_minute FROM spaced
        UNION ALL
        SELECT metric, series, minute + side, 0, CASE WHEN total IS NOT NULL THEN 0 END,
            list_transform(below, lambda one: 0), minute
        FROM (SELECT *, unnest([-1, 1]) AS side, unnest([zero_before, zero_after]) AS wanted FROM spaced)
        WHERE wanted"""
    )
    for number, arrival in enumerate(arrivals):
        if isinstance(arrival, EntryDelay):
            _add_growing(con, number, metrics)
            continue
        delay = str(arrival.seconds) if isinstance(arrival, SameDelay) else _random(arrival)
        con.execute(
            f"INSERT INTO parts SELECT {number}, metric, series, minute, (minute + 1)::BIGINT * 60 + {delay}, NULL, "
            "n, total, below FROM whole_points JOIN series USING (series) JOIN metric_names USING (metric)"
        )


def _random(arrival: RandomDelay) -> str:
    steps = arrival.longest // ARRIVAL_STEP + 1
    return f"(hash({quoted(str(arrival.seed))}, name, labels, minute) % {steps})::BIGINT * {ARRIVAL_STEP}"


def _add_growing(con: Connection, number: int, metrics: Sequence[LogMetric]) -> None:
    """Add what of each minute is there after each arrival of entries; zeros come with the first entries beside them."""
    longest = con.execute("SELECT max(len(below)) FROM arrived").fetchone()
    summed = [f"sum(below[{index + 1}]) OVER so_far" for index in range((longest and longest[0]) or 0)]
    below = (
        f"CASE WHEN below IS NOT NULL THEN ([{', '.join(summed)}]::BIGINT[])[: len(below)] END" if summed else "NULL"
    )
    con.execute(
        f"""INSERT INTO parts SELECT {number}, metric, series, minute, (minute + 1)::BIGINT * 60 + late,
            lead((minute + 1)::BIGINT * 60 + late) OVER (PARTITION BY metric, series, minute ORDER BY late),
            sum(n) OVER so_far, sum(total) OVER so_far, {below}
        FROM arrived WINDOW so_far AS (PARTITION BY metric, series, minute ORDER BY late)"""
    )
    con.execute(
        f"""INSERT INTO parts SELECT {number}, metric, series, zero.minute,
            greatest((zero.minute + 1)::BIGINT * 60, first.arrives), NULL, zero.n, zero.total, zero.below
        FROM whole_points AS zero JOIN (
            SELECT metric, series, minute AS of_minute, min((minute + 1)::BIGINT * 60 + late) AS arrives
            FROM arrived GROUP BY ALL
        ) AS first USING (metric, series, of_minute)"""
    )
