"""Compare the expected incidents of a case with those that opened."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from loyalty_monitoring.proof.alerts.cases import CaseSpan, ExpectedIncident
from loyalty_monitoring.proof.alerts.schedule import Placed
from loyalty_monitoring.replay.result import Incident


@dataclass(frozen=True)
class Latitude:
    """Tolerances of an incident: how much later than at once it may open and close, how much later it must close, and
    whether it has the same value.
    """

    lateness: timedelta = timedelta(0)
    closing: timedelta = timedelta(0)
    values: bool = True


@dataclass(frozen=True)
class Miss:
    """A sentence, and the evaluation that it is about."""

    sentence: str
    instant: datetime


def misses(placed: Placed, found: Sequence[Incident], latitude: Latitude | None = None) -> tuple[Miss, ...]:
    """Return each way in which the incidents are not the expected ones; none when the claim holds.

    Incidents of one label set are compared in the order in which they opened.
    """
    expected = [_with_latitude(one, latitude or Latitude()) for one in placed.case.incidents]
    every = [one.labels for one in expected] + [one.labels for one in found]
    label_sets = {tuple(sorted(labels.items())): dict(labels) for labels in every}
    misses: list[Miss] = []
    for labels in label_sets.values():
        wanted = [one for one in expected if dict(one.labels) == labels]
        opened = sorted((one for one in found if dict(one.labels) == labels), key=lambda one: one.opened)
        for want, have in zip(wanted, opened, strict=False):
            misses += _differences(want, have, placed.start)
        misses += [
            Miss(f"no incident{_of(labels)}; it must open {_within(want.opens)}", placed.start + want.opens.not_after)
            for want in wanted[len(opened) :]
        ]
        misses += [
            Miss(f"an incident{_of(labels)} opened at {_at(have.opened, placed.start)}; none must", have.opened)
            for have in opened[len(wanted) :]
        ]
    return tuple(misses)


def _with_latitude(incident: ExpectedIncident, latitude: Latitude) -> ExpectedIncident:
    opens, closes = incident.opens, incident.closes
    return ExpectedIncident(
        incident.labels,
        CaseSpan(opens.not_before, opens.not_after + latitude.lateness),
        closes
        and CaseSpan(closes.not_before + latitude.closing, closes.not_after + latitude.closing + latitude.lateness),
        incident.value if latitude.values else None,
    )


def _differences(want: ExpectedIncident, have: Incident, start: datetime) -> list[Miss]:
    who = f"the incident{_of(want.labels)}"
    misses = []
    if not _inside(have.opened - start, want.opens):
        sentence = f"{who} opened at {_at(have.opened, start)}; it must open {_within(want.opens)}"
        misses.append(Miss(sentence, have.opened))
    if want.closes is None and have.closed is not None:
        misses.append(Miss(f"{who} closed at {_at(have.closed, start)}; it must stay open", have.closed))
    if want.closes is not None and (have.closed is None or not _inside(have.closed - start, want.closes)):
        closed = "did not close" if have.closed is None else f"closed at {_at(have.closed, start)}"
        sentence = f"{who} {closed}; it must close {_within(want.closes)}"
        misses.append(Miss(sentence, have.closed or start + want.closes.not_after))
    if want.value is not None and not math.isclose(want.value, have.value, rel_tol=1e-9, abs_tol=1e-9):
        misses.append(Miss(f"{who} has the value {have.value:g}; it must have {want.value:g}", have.opened))
    return misses


def _inside(after: timedelta, span: CaseSpan) -> bool:
    return span.not_before <= after <= span.not_after


def _of(labels: Mapping[str, str]) -> str:
    return "".join(f" of {key} {value}" for key, value in sorted(labels.items()))


def _within(span: CaseSpan) -> str:
    return f"from {offset_text(span.not_before)} to {offset_text(span.not_after)}"


def _at(instant: datetime, start: datetime) -> str:
    return offset_text(instant - start)


def offset_text(after: timedelta) -> str:
    """Return an offset as case files write it, such as 26h2m."""
    seconds = abs(after).total_seconds()
    hours, rest = divmod(seconds, 3600)
    minutes, rest = divmod(rest, 60)
    parts = [(f"{hours:g}", "h"), (f"{minutes:g}", "m"), (f"{rest:g}", "s")]
    text = "".join(number + unit for number, unit in parts if number != "0") or "0s"
    return f"-{text}" if after < timedelta(0) else text
