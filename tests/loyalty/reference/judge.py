"""When each alert's sentence is true, decided from raw log entries, and what an incident may and must then do.

Written from the monitoring document alone: it shares no code, no number and no query with the definitions or the
replay. Times are unix seconds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from tests.loyalty.reference.events import Entry, Event, events

MINUTE, HOUR = 60.0, 3600.0
# "A point of a log-based metric is not there the moment its minute ends": at most so long after it.
ALLOWANCE = 10 * MINUTE
Label = str  # the store or merchant that an incident is about; "" for alerts that have one incident only
Span = tuple[float, float]


@dataclass
class Ruling:
    """For each label: spans outside of which no incident may be open, and spans in which one must be, all along.

    An incident opens after the beginning of a span, never at it.

    `must_meet` are spans in which an incident must be open at some moment, `once` spans that no two may touch.
    """

    late: float = 0.0
    rest: float = 0.0
    may: dict[Label, list[Span]] = field(default_factory=dict)
    must: dict[Label, list[Span]] = field(default_factory=dict)
    must_meet: dict[Label, list[Span]] = field(default_factory=dict)
    once: dict[Label, list[Span]] = field(default_factory=dict)

    def may_be_open(self, label: Label, start: float, end: float) -> None:
        """An incident may be open, and as much longer as points are late and closing takes."""
        self.may.setdefault(label, []).append((start, end + self.late + self.rest))

    def must_be_open(self, label: Label, start: float, end: float) -> None:
        """An incident must be open, but need open only as much later as points are late."""
        if start + self.late < end:
            self.must.setdefault(label, []).append((start + self.late, end))

    def true(self, label: Label, span: Span, opens_by: float, closes_by: float) -> None:
        """The sentence is true in this span."""
        start, end = span
        self.may_be_open(label, start, end + closes_by)
        self.must_be_open(label, start + opens_by, end)


def judge(
    alert: str, entries: Iterable[Entry], start: float, end: float, late: float = 0.0, rest: float = 0.0
) -> Ruling:
    """Judge one alert in a window; entries before `start` are history, entries after `end` have not come yet.

    Points are at most `late` seconds late, and an incident closes `rest` seconds later than it could.
    """
    return judge_events(alert, events(entries), start, end, late, rest)


def judge_events(
    alert: str, seen: Iterable[Event], start: float, end: float, late: float = 0.0, rest: float = 0.0
) -> Ruling:
    """The same, of entries that were told from others before."""
    ruling = Ruling(late, rest)
    _JUDGES[alert](ruling, [event for event in seen if event.at < end], start, end)
    return ruling


def joined(spans: Iterable[Span]) -> list[Span]:
    """The same moments as disjoint spans in order."""
    whole: list[Span] = []
    for start, end in sorted(spans):
        if whole and start <= whole[-1][1]:
            whole[-1] = (whole[-1][0], max(end, whole[-1][1]))
        else:
            whole.append((start, end))
    return whole


def _expiration_task_stale(ruling: Ruling, seen: Sequence[Event], start: float, end: float) -> None:
    """A1: now - last_success_timestamp > 93,600 s, newest report within 2 h; "2 min after 26 h pass".

    Reports come "every 15 min". One that is due and not there may be on its way, with a success: then the alert may
    wait for as long as a point can take. One that comes early is not waited for.
    """
    reports = [one for one in seen if one.name == "task_freshness" and one.fields["task"] == "loyalty.expire_points"]
    spans: list[tuple[float, float, bool]] = []
    for index, report in enumerate(reports):
        following = reports[index + 1].at if index + 1 < len(reports) else end
        until = min(report.at + 2 * HOUR, end, following)
        stale = report.fields["last_success_timestamp"] + 93_600
        since = max(report.at, stale, start)
        if since < until:
            spans.append((since, until, since > report.at + 15 * MINUTE))
        if ruling.late and since < report.at + 16 * MINUTE:
            ruling.may_be_open("", since, max(following, since) + 2 * MINUTE)
    for since, until in joined((since, until) for since, until, _ in spans):
        overdue = any(first == since and waits for first, _, waits in spans)
        opens_by = 2 * MINUTE + (ALLOWANCE if overdue else 0.0)
        ruling.may_be_open("", since, until + ALLOWANCE + 2 * MINUTE)
        # What is overdue has already been waited for: whatever is late only shortens it.
        if since + max(opens_by, 2 * MINUTE + ruling.late) < until:
            ruling.must.setdefault("", []).append((since + max(opens_by, 2 * MINUTE + ruling.late), until))


def _google_wallet_down(ruling: Ruling, seen: Sequence[Event], start: float, end: float) -> None:
    """A2: "each of the last two runs with cards_total > 0 has failed/total > 0.5"; "22 where a rest is needed".

    A run counts as one of the last two for 6 hours (the project's decision, in the table of decisions).
    """
    runs = [
        one
        for one in seen
        if one.name == "wallet_sync_completed" and one.fields["platform"] == "google" and one.fields["cards_total"] > 0
    ]
    bad = [2 * run.fields["cards_failed"] > run.fields["cards_total"] for run in runs]
    sure, possible = [], []
    for index in range(1, len(runs)):
        if not (bad[index] and bad[index - 1]):
            continue
        since, apart = runs[index].at, runs[index].at - runs[index - 1].at
        until = min(runs[index + 1].at if index + 1 < len(runs) else end, since + 6 * HOUR)
        if apart < 6 * HOUR + 20 * MINUTE:
            possible.append((since, until))
        if apart <= 6 * HOUR:
            sure.append((since, until))
    for since, until in joined(possible):
        ruling.may.setdefault("", []).append((since, until + 22 * MINUTE + ruling.rest))
    for since, until in joined(sure):
        if max(since, start) + 22 * MINUTE < until:
            ruling.must.setdefault("", []).append((max(since, start) + 22 * MINUTE, until))


def _ratio(
    ruling: Ruling, parts: Sequence[tuple[float, int, int]], window: float, start: float, end: float, percent: int
) -> None:
    """Parts are (time, failed, all). True while failed / all > percent / 100 over the last `window` seconds; 12 min.

    Lateness is within the 12 minutes, since the alert waits for all points anyway.
    """
    moments = sorted({start, end, *(at for at, _, _ in parts), *(at + window for at, _, _ in parts)})
    spans = []
    for since, until in pairwise(moments):
        inside = [(failed, total) for at, failed, total in parts if since - window < at <= since]
        failed, total = sum(one for one, _ in inside), sum(one for _, one in inside)
        if 100 * failed > percent * total and start <= since < end:
            spans.append((since, until))
    for since, until in joined(spans):
        ruling.may.setdefault("", []).append((since, until + 12 * MINUTE + ruling.rest))
        if since + 12 * MINUTE < until:
            ruling.must.setdefault("", []).append((since + 12 * MINUTE, until))


def _wallet_sync_failures(ruling: Ruling, seen: Sequence[Event], start: float, end: float) -> None:
    """A3: "sum of cards_failed / sum of cards_total > 0.05 over all platforms' runs of the last" 70 minutes."""
    runs = [one for one in seen if one.name == "wallet_sync_completed"]
    parts = [(run.at, run.fields["cards_failed"], run.fields["cards_total"]) for run in runs]
    _ratio(ruling, parts, 70 * MINUTE, start, end, 5)


def _email_failures(ruling: Ruling, seen: Sequence[Event], start: float, end: float) -> None:
    """A4: "failed / (sent + failed) > 0.01 over 24 h, all loyalty_ templates together"."""
    parts = [
        (mail.at, int(mail.fields["status"] == "failed"), 1)
        for mail in seen
        if mail.name == "email_status_changed"
        and mail.fields["template_code"].startswith("loyalty_")
        and mail.fields["status"] in ("sent", "failed")
    ]
    _ratio(ruling, parts, 24 * HOUR, start, end, 1)


def _rate_limit_spike(ruling: Ruling, seen: Sequence[Event], start: float, end: float) -> None:
    """A5: "more than 100 of one store_id in one calendar minute"; "2 min after that minute ends".

    It "closes within 20 min after the last such minute", and "spikes of one store less than 10 min apart are one
    incident". Both can be had only because closing takes its time; where it does not, points that are late leave less.
    """
    minutes: dict[tuple[str, float], list[float]] = {}
    for one in seen:
        if one.name == "rate_limit_exceeded":
            minutes.setdefault((one.fields["store_id"], one.at // MINUTE), []).append(one.at)
    spikes: dict[str, list[Span]] = {}
    for (store, minute), times in sorted(minutes.items()):
        if len(times) > 100:
            spikes.setdefault(store, []).append((times[100], (minute + 1) * MINUTE))
    apart = 10 * MINUTE if ruling.rest else min(10 * MINUTE, 16 * MINUTE - ruling.late)
    for store, of_store in spikes.items():
        chain: list[Span] = []
        for over, ends in of_store:
            ruling.may.setdefault(store, []).append((over, ends + 20 * MINUTE))
            if start <= ends - MINUTE and ends + 2 * MINUTE + ruling.late <= end:
                ruling.must_meet.setdefault(store, []).append((over, ends + 2 * MINUTE + ruling.late))
            if chain and ends - chain[-1][1] < apart:
                chain[-1] = (chain[-1][0], ends)
            else:
                chain.append((over, ends))
        ruling.once[store] = chain


def _by_the_minute(start: float, end: float, verdict: Callable[[float], tuple[bool, bool]]) -> tuple[list[Span], ...]:
    """Spans of minutes at which an incident may, and at which it must be open."""
    may, must = [], []
    at = start
    while at <= end:
        allowed, demanded = verdict(at)
        if allowed:
            may.append((at - 1, at + MINUTE))
        if demanded:
            must.append((at, at))
        at += MINUTE
    together = [(one[0], other[0]) for one, other in pairwise(must) if other[0] - one[0] == MINUTE]
    return joined(may), joined([*must, *together])


# "the last 2 h (2 or 3 a merchant; their mean stands for the newest ...)", opens and closes within "2 h 20 min", 10 of
# them for late points: a snapshot older than that has no say, one between 16 minutes and 2 h 4 min has, and others may
# have. Lateness is within the 10 minutes, since the alert waits for all points anyway.
_OLDEST, _SURELY_OLD, _SURELY_NEW = 2 * HOUR + 16 * MINUTE, 2 * HOUR + 4 * MINUTE, 16 * MINUTE


def _snapshots(seen: Sequence[Event]) -> dict[str, list[Event]]:
    found: dict[str, list[Event]] = {}
    for one in seen:
        if one.name == "program_snapshot":
            found.setdefault(one.fields["merchant_id"], []).append(one)
    return found


def _high_churn(ruling: Ruling, seen: Sequence[Event], start: float, end: float) -> None:
    """A6: "sum of at_risk_cards / sum of active_cards > 0.20 over all merchants".

    A mean lies between the least and the greatest snapshot. So does 5 * at risk - active, which is above 0 in total
    when the ratio is above 0.20.
    """
    merchants = _snapshots(seen)

    def verdict(at: float) -> tuple[bool, bool]:
        low = high = 0
        for snapshots in merchants.values():
            recent = [one for one in snapshots if at - _OLDEST < one.at <= at]
            over = [5 * one.fields["at_risk_cards"] - one.fields["active_cards"] for one in recent]
            if not over:
                continue
            sure = any(at - _SURELY_OLD < one.at <= at - _SURELY_NEW for one in recent)
            low += min(over) if sure else min(0, *over)
            high += max(over) if sure else max(0, *over)
        return high > 0, low > 0

    may, must = _by_the_minute(start, end, verdict)
    ruling.may[""], ruling.must[""] = [(since, until + ruling.rest) for since, until in may], must


def _low_enrollment(ruling: Ruling, seen: Sequence[Event], start: float, end: float) -> None:
    """A7: "snapshots of the last 2 h have program_active and a mean new_cards_7d < 5", active "for 7 or more" days."""
    for merchant, snapshots in _snapshots(seen).items():

        def verdict(at: float, snapshots: list[Event] = snapshots) -> tuple[bool, bool]:
            recent = [one for one in snapshots if at - _OLDEST < one.at <= at]
            sure = [one for one in recent if at - _SURELY_OLD < one.at <= at - _SURELY_NEW]
            judged = [one for one in recent if one.fields["program_active"] and one.fields["program_active_days"] >= 7]
            few = [one for one in judged if one.fields["new_cards_7d"] < 5]
            return bool(few) and all(one in judged for one in sure), bool(sure) and len(few) == len(recent)

        may, must = _by_the_minute(start, end, verdict)
        ruling.may[merchant], ruling.must[merchant] = [(since, until + ruling.rest) for since, until in may], must


def _telemetry_silent(ruling: Ruling, seen: Sequence[Event], start: float, end: float) -> None:
    """A8: "no task_freshness for 90 min", "so that the start of a deployment or of a replay opens nothing"; 5 min.

    A report that is on its way cannot be told from silence, so silence lasts until the report arrives.
    """
    reports = [one.at for one in seen if one.name == "task_freshness"]
    for last, following in zip([None, *reports], [*reports, end], strict=True):
        silent_from = start if last is None else last + 90 * MINUTE
        # It is held for 30 minutes, so nothing opens before the 30th; without history 90 minutes are surely over.
        since = max(silent_from, start + 30 * MINUTE - 1)
        demanded = max(silent_from, start + 90 * MINUTE) + 5 * MINUTE
        # A late report is not there until its minute has ended and so much longer.
        arrives = (following // MINUTE + 1) * MINUTE + ruling.late if ruling.late else following
        if since < arrives:
            ruling.may_be_open("", since, following + 2 * MINUTE)
        ruling.must_be_open("", demanded, following)


_JUDGES: dict[str, Callable[[Ruling, Sequence[Event], float, float], None]] = {
    "expiration_task_stale": _expiration_task_stale,
    "google_wallet_down": _google_wallet_down,
    "wallet_sync_failures": _wallet_sync_failures,
    "email_failures": _email_failures,
    "rate_limit_spike": _rate_limit_spike,
    "high_churn": _high_churn,
    "low_enrollment": _low_enrollment,
    "telemetry_silent": _telemetry_silent,
}
ALERTS = tuple(_JUDGES)


def disagreements(ruling: Ruling, incidents: Sequence[tuple[Label, float, float]]) -> list[str]:
    """How incidents (label, opened, closed or the window's end) differ from the ruling; nothing when they agree."""
    said = []
    for label, opened, closed in incidents:
        if not any(since < opened and closed <= until for since, until in joined(ruling.may.get(label, []))):
            said.append(f"{label or 'the alert'} was open from {opened} to {closed}, which it may not")
    for spans, all_along in ((ruling.must, True), (ruling.must_meet, False)):
        for label, wanted in spans.items():
            opens = joined((opened, closed) for who, opened, closed in incidents if who == label)
            for since, until in wanted:
                if all_along and not any(opened <= since and until <= closed for opened, closed in opens):
                    said.append(f"{label or 'the alert'} must be open from {since} to {until}, but was in {opens}")
                if not all_along and not any(opened <= until and since <= closed for opened, closed in opens):
                    said.append(f"{label or 'the alert'} must open from {since} to {until}, but was in {opens}")
    for label, spans in ruling.once.items():
        for since, until in spans:
            touching = [
                one for one in incidents if one[0] == label and one[1] <= until + ruling.late and one[2] >= since
            ]
            if len(touching) > 1:
                said.append(
                    f"{label or 'the alert'} has {len(touching)} incidents for one fault from {since} to {until}"
                )
    return said
