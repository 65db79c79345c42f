"""Match replayed incidents with fired ones, policy by policy and label set by label set."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from loyalty_monitoring.checks.fired.findings import Alike, Alone, IncidentComparison
from loyalty_monitoring.checks.fired.reasons import Evidence, why_not_fired, why_not_replayed
from loyalty_monitoring.definitions.model import AlertPolicy
from loyalty_monitoring.google_cloud.fired_incidents import Fired, FiredIncident, was_open
from loyalty_monitoring.query_languages.promql.expressions import label_clauses, parsed
from loyalty_monitoring.replay.result import Incident, ReplayResult

_LONG_AGO = datetime.min.replace(tzinfo=UTC)
_NUMBERS = re.compile(r"\d+(?:[.,]\d+)*")

HasEntries = Callable[[AlertPolicy, datetime], bool]


@dataclass(frozen=True)
class Policies:
    """The definitions, and how the policy of a fired incident is found among them.

    `ids` maps ids of deployed policies to names of definitions, as far as the stack's outputs are known. Without them
    the title decides: the whole title, or, since titles hold thresholds, the title but for its numbers, where only one
    definition has it.
    """

    policies: Sequence[AlertPolicy]
    ids: Mapping[str, str]

    def name_of(self, incident: FiredIncident) -> str | None:
        """Return the definition whose deployed policy opened the incident, None for somebody else's policy."""
        if incident.policy_id in self.ids:
            return self.ids[incident.policy_id]
        exact = [policy.name for policy in self.policies if title_of(policy) == incident.title]
        alike = [
            policy.name for policy in self.policies if _numberless(title_of(policy)) == _numberless(incident.title)
        ]
        found = exact or alike
        return found[0] if len(found) == 1 else None


def title_of(policy: AlertPolicy) -> str:
    """Return the display name, as it is deployed from this definition."""
    return str(policy.body["displayName"])


def compare(
    result: ReplayResult,
    policies: Policies,
    fired: Fired,
    *,
    allowance: timedelta,
    has_entries: HasEntries | None = None,
) -> IncidentComparison:
    """Pair the incidents of both, and give a likely reason for each that is alone.

    A pair has one policy and labels that do not contradict each other, and was open at one time, or within `allowance`
    (how late points may arrive) after one another. Of several possible pairs, those that open nearest to each other are
    taken. `has_entries` says whether the logs hold entries that a policy's metrics count, shortly before a moment.
    """
    start, end = result.window_from, result.window_to
    in_window = [one for one in fired.incidents if was_open(one, start, end)]
    by_policy: dict[str | None, list[FiredIncident]] = {}
    for one in fired.incidents:
        by_policy.setdefault(policies.name_of(one), []).append(one)
    alike: list[Alike] = []
    not_fired: list[Alone] = []
    not_replayed: list[Alone] = []
    for policy in policies.policies:
        if policy.name not in result.policies:
            continue
        of_policy = by_policy.get(policy.name, [])
        ids = {one.policy_id for one in of_policy} | {key for key, name in policies.ids.items() if name == policy.name}
        replayed = [one for one in result.incidents if one.policy == policy.name]
        names = _label_names(policy, replayed)
        theirs_open = [_with_labels_of(names, one) for one in of_policy if was_open(one, start, end)]
        pairs = _pairs(replayed, theirs_open, end, allowance)
        alike += [_alike(replayed[ours], theirs_open[theirs]) for ours, theirs in pairs.items()]
        evidence = Evidence(
            policy=policy,
            title=title_of(policy),
            window_from=start,
            window_to=end,
            allowance=allowance,
            replayed=replayed,
            fired=theirs_open,
            pairs=pairs,
            anything_fired=bool(in_window),
            snoozes=[one for one in fired.snoozes if one.policy_ids & ids],
            has_entries=has_entries,
        )
        not_fired += [
            Alone(policy.name, one.labels, one.opened, one.closed, why_not_fired(one, evidence))
            for number, one in enumerate(replayed)
            if number not in pairs
        ]
        not_replayed += [
            Alone(policy.name, one.labels or {}, one.opened, one.closed, why_not_replayed(one, evidence))
            for number, one in enumerate(theirs_open)
            if number not in pairs.values()
        ]
    others = [one for one in by_policy.get(None, []) if was_open(one, start, end)]
    return IncidentComparison(
        window_from=start,
        window_to=end,
        alike=tuple(sorted(alike, key=lambda one: (one.opened, one.policy, sorted(one.labels.items())))),
        only_in_replay=_in_order(not_fired),
        only_in_fired=_in_order(not_replayed),
        others=_counted(others),
        read=len(in_window),
    )


def _pairs(
    replayed: Sequence[Incident], fired: Sequence[FiredIncident], end: datetime, allowance: timedelta
) -> dict[int, int]:
    """Return places in `replayed` and the places in `fired` that belong to them, each once, the nearest first."""
    possible = [
        (abs((theirs.opened or ours.opened) - ours.opened), theirs.labels is None, left, right)
        for left, ours in enumerate(replayed)
        for right, theirs in enumerate(fired)
        if _agree(ours.labels, theirs.labels)
        and (theirs.opened or _LONG_AGO) <= (ours.closed or end) + allowance
        and (theirs.closed or end) + allowance >= ours.opened
    ]
    pairs: dict[int, int] = {}
    taken: set[int] = set()
    for _, _, left, right in sorted(possible):
        if left not in pairs and right not in taken:
            pairs[left] = right
            taken.add(right)
    return pairs


def _agree(ours: Mapping[str, str], theirs: Mapping[str, str] | None) -> bool:
    """Return whether no label has two values. What a source of fired incidents does not name, it does not deny."""
    return all(theirs[key] == value for key, value in ours.items() if key in theirs) if theirs is not None else True


def _label_names(policy: AlertPolicy, replayed: Iterable[Incident]) -> frozenset[str] | None:
    """Return the names of the labels that the query's answers have, None when nothing says so."""
    clauses = [clause.labels for clause in label_clauses(parsed(policy.query)) if clause.word == "by"]
    seen = frozenset().union(*(one.labels for one in replayed))
    by_clause = frozenset().union(*clauses)
    return seen or by_clause or (frozenset() if "sum" in policy.query else None)


def _with_labels_of(names: frozenset[str] | None, incident: FiredIncident) -> FiredIncident:
    """Return the incident with the labels that the query gives it, without those of the monitored resource."""
    if names is None or incident.labels is None:
        return incident
    kept = {key: value for key, value in incident.labels.items() if key in names}
    # A source that names none of them has not told, unless there are none.
    return dataclasses.replace(incident, labels=kept if kept or not names else None)


def _alike(ours: Incident, theirs: FiredIncident) -> Alike:
    opened_later = theirs.opened - ours.opened if theirs.opened else None
    closed_later = theirs.closed - ours.closed if theirs.closed and ours.closed else None
    return Alike(ours.policy, ours.labels, ours.opened, opened_later, closed_later)


def _in_order(alone: Iterable[Alone]) -> tuple[Alone, ...]:
    return tuple(sorted(alone, key=lambda one: (one.opened or _LONG_AGO, one.policy, sorted(one.labels.items()))))


def _counted(others: Iterable[FiredIncident]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for one in others:
        name = one.title or one.policy_id or "a policy without a name"
        counts[name] = counts.get(name, 0) + 1
    return counts


def _numberless(text: str) -> str:
    return _NUMBERS.sub("#", text)
