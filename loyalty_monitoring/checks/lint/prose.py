"""Read the numbers and durations in a policy's texts, and those of its conditions, to compare the two.

Words are read with patterns, which cannot understand them: what is not plain is left out.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

from loyalty_monitoring.checks.lint.conditions import PromqlCondition, promql_conditions, seconds
from loyalty_monitoring.checks.lint.policies import Condition, typed_conditions
from loyalty_monitoring.checks.lint.rule import Resource, at, items, text
from loyalty_monitoring.common.yaml_documents import Path_
from loyalty_monitoring.query_languages.promql.expressions import look_back, number_literals, selectors, time_ranges

# "m" is apart, because it can be metres or millions too.
_SECONDS = {"ms": 0.001, "s": 1.0, "min": 60.0, "m": 60.0, "h": 3_600.0, "day": 86_400.0, "week": 604_800.0}
_UNITS = {
    "ms": ("ms", "msec", "msecs", "millisecond", "milliseconds"),
    "s": ("s", "sec", "secs", "second", "seconds"),
    "min": ("min", "mins", "minute", "minutes"),
    "m": ("m",),
    "h": ("h", "hr", "hrs", "hour", "hours"),
    "day": ("day", "days"),
    "week": ("week", "weeks"),
}
_UNIT = {name: unit for unit, names in _UNITS.items() for name in names}
# A number that stands for itself: not part of a name (p99), a range (5-10), a time (10:30) or a fraction (24/7).
_QUANTITY = re.compile(
    r"(?<![\w.,$/:-])(?P<number>\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?)"
    rf"(?:(?P<percent>\s?(?:%|percent\b))|[\s-]?(?P<unit>{'|'.join(sorted(_UNIT, key=len, reverse=True))})\b"
    r"|(?![\w%]|[.:/-]\d))",
    re.IGNORECASE,
)
_DIGITS = re.compile(r"\d+(?:\.\d+)?")

_BEFORE = {
    ">=": r"at least|(?:no|not) (?:less|fewer) than|>=|≥",
    "<=": r"at most|(?:no|not) more than|<=|≤",
    ">": r"more than|over|above|greater than|higher than|longer than|older than|exceed(?:s|ed|ing)?|>",
    "<": r"less than|fewer than|below|under|lower than|<",
}
_COMPARED_BEFORE = [(kind, re.compile(rf"(?<!\w)(?:{words})\s*\Z", re.IGNORECASE)) for kind, words in _BEFORE.items()]
_COMPARED_AFTER = [
    (">=", re.compile(r"(?:\s+\w+){0,2}\s+or (?:more|above|higher|longer|older)\b", re.IGNORECASE)),
    ("<=", re.compile(r"(?:\s+\w+){0,2}\s+or (?:fewer|less|below|lower)\b", re.IGNORECASE)),
]
_NEGATED = re.compile(r"(?:\b(?:no|not|never)|n't)\s+\S+(?:\s+\S+)?\s*\Z", re.IGNORECASE)
_NEAR = 40
# The API takes no more bytes of any text; what is longer is another rule's finding and not read on.
_READ = 10_240

_Found = TypeVar("_Found")


@dataclass(frozen=True)
class Quantity:
    """A number in prose. `unit` is "%", "" for none, or a unit of time; `compared` one of >, >=, <, <=, "" for none."""

    written: str
    number: float
    unit: str
    compared: str
    start: int

    @property
    def seconds(self) -> float | None:
        return self.number * _SECONDS[self.unit] if self.unit in _SECONDS else None


@dataclass(frozen=True)
class Numbers:
    """The numbers of a condition: plain ones, and in seconds its windows, alone and added up, also with the duration.

    `interval` is the evaluation interval, which is no window.
    """

    plain: frozenset[float]
    windows: frozenset[float]
    duration: float
    interval: float = 0.0

    def has_time(self, wanted: float) -> bool:
        """Return whether a window is as long as these seconds, or a plain number says as much in any unit of time."""
        in_units = (number * unit for number in self.plain for unit in (1e-9, 1e-6, *_SECONDS.values()))
        return any(math.isclose(wanted, one) for one in (*self.windows, *in_units))

    def has_number(self, wanted: float) -> bool:
        return any(math.isclose(wanted, one) for one in self.plain)


def quantities(prose: str) -> Iterator[Quantity]:
    """Yield the numbers of the prose that stand for themselves, with their unit and the comparison they are part of."""
    for found in _QUANTITY.finditer(prose):
        unit = "%" if found["percent"] else _UNIT.get((found["unit"] or "").lower(), "")
        number = float(found["number"].replace(",", ""))
        before, after = prose[max(0, found.start() - _NEAR) : found.start()], prose[found.end() : found.end() + _NEAR]
        yield Quantity(found[0], number, unit, _compared(before, after, unit), found.start())


def _compared(before: str, after: str, unit: str) -> str:
    kinds = [(kind, words.search(before)) for kind, words in _COMPARED_BEFORE]
    for kind, found in kinds:
        if found is not None:
            # "not above 5" says nothing plain; "over 5 minutes" is mostly a window.
            negated = kind in "<>" and _NEGATED.search(f"{before[: found.start()]}{found[0]}") is not None
            return "" if negated or (found[0].lower().startswith("over") and unit in _SECONDS) else kind
    return next((kind for kind, words in _COMPARED_AFTER if words.match(after)), "")


def titles(policy: Resource) -> Iterator[tuple[str, Path_, int | None]]:
    """Yield the names of the policy and its conditions, and the subject: text, path, and the index of the condition."""
    yield text(policy.body.get("displayName"))[:_READ], ("displayName",), None
    yield text(at(policy.body, "documentation", "subject"))[:_READ], ("documentation", "subject"), None
    for index, condition in enumerate(items(policy.body.get("conditions"))):
        yield text(at(condition, "displayName"))[:_READ], ("conditions", index, "displayName"), index


def first_paragraph(policy: Resource) -> tuple[str, Path_]:
    """Return the first paragraph of the documentation, which says what happened; what to do about it comes after."""
    content = text(at(policy.body, "documentation", "content"))[:_READ].strip()
    return re.split(r"\n\s*\n|\n#", content, maxsplit=1)[0], ("documentation", "content")


def numbers_of(policy: Resource) -> dict[int, Numbers | None]:
    """Return the numbers of each condition by its index; None where they cannot be read."""
    found: dict[int, Numbers | None] = dict.fromkeys(range(len(items(policy.body.get("conditions")))))
    for promql in promql_conditions(policy):
        found[_index(promql.path)] = _of_promql(promql)
    for condition in typed_conditions(policy, "conditionThreshold", "conditionAbsent"):
        found[_index(condition.path)] = _of_filter(condition)
    return found


def said_of(found: dict[int, _Found | None], index: int | None) -> list[_Found]:
    """Return the numbers of the condition that a text speaks of, or of all; nothing where one of them cannot
    be read.
    """
    spoken_of = list(found.values()) if index is None else [found.get(index)]
    known = [one for one in spoken_of if one is not None]
    return known if len(known) == len(spoken_of) else []


def _index(path: Path_) -> int:
    return int(path[1])


def _of_promql(condition: PromqlCondition) -> Numbers | None:
    duration, expression = condition.duration_seconds, condition.expression
    if expression is None or duration is None:
        return None
    ranges = {one.total_seconds() for one in time_ranges(expression)} | {look_back(expression).total_seconds()}
    names = [one.prettify() for one in selectors(expression)]
    plain = {abs(number) for number in number_literals(expression)} | _digits(" ".join(names))
    windows = ranges | {duration} | {one + duration for one in ranges}
    return Numbers(frozenset(plain), frozenset(windows), duration, condition.interval_seconds or 0.0)


def _of_filter(condition: Condition) -> Numbers | None:
    body = condition.body
    duration = seconds(body.get("duration", "0s"))
    filters = f"{text(body.get('filter'))} {text(body.get('denominatorFilter'))}"
    if duration is None or "select_" in filters:
        return None
    aggregations = [*items(body.get("aggregations")), *items(body.get("denominatorAggregations"))]
    periods = {seconds(at(one, "alignmentPeriod")) or 0.0 for one in aggregations}
    ranges = periods | {sum(periods), seconds(at(body, "forecastOptions", "forecastHorizon")) or 0.0}
    aligners = [text(at(one, name)) for one in aggregations for name in ("perSeriesAligner", "crossSeriesReducer")]
    written = [body.get("thresholdValue", 0), at(body, "trigger", "count"), at(body, "trigger", "percent")]
    numbers = {abs(number) for number in map(as_number, written) if number is not None}
    plain = _digits(" ".join([filters, *aligners])) | numbers
    windows = ranges | {duration} | {one + duration for one in ranges}
    return Numbers(frozenset(plain), frozenset(windows), duration)


def _digits(names: str) -> set[float]:
    """Return the numbers in names, such as 7 in "new_orders_7d", whatever their unit."""
    return {float(found) for found in _DIGITS.findall(names)}


def as_number(value: Any) -> float | None:
    """Return a number, also one in quotes, as the API takes it; None for anything else."""
    try:
        return float(value) if isinstance(value, int | float | str) else None
    except (OverflowError, ValueError):
        return None
