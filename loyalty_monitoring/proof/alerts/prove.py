"""Prove alert policies: every case through the deployed definitions, all in one database and one Prometheus.

A case is held under every arrival of points, and under both readings of when an incident closes.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache

from loyalty_monitoring.common.errors import UserError, nearest
from loyalty_monitoring.definitions.load import Sources, definitions_of
from loyalty_monitoring.definitions.model import Definitions
from loyalty_monitoring.definitions.parameters import allowance_in, chosen_parameters
from loyalty_monitoring.definitions.settings import Settings
from loyalty_monitoring.proof.alerts.arrivals import arrivals, in_words, longest, received_late
from loyalty_monitoring.proof.alerts.cases import Case, CaseFile, load_case_files
from loyalty_monitoring.proof.alerts.compare import Latitude, Miss, misses, offset_text
from loyalty_monitoring.proof.alerts.required_kinds import chosen_kinds, missing, unproven
from loyalty_monitoring.proof.alerts.schedule import Placed, entries_of, lay_out
from loyalty_monitoring.proof.alerts.shared_replay import SharedReplay, Trial, Variant, incidents_of, shared_replay
from loyalty_monitoring.replay.arrival import Arrival
from loyalty_monitoring.replay.incidents import CLOSINGS, Closing, closing_delay

Progress = Callable[[str, float], None]
Parameters = tuple[tuple[str, float], ...]
_MOST_NAMED = 4  # of the points that had not arrived
# All lines of the cases have the same, the pod apart.
_RESOURCE_LABELS = re.compile(
    r'(?:monitored_resource|cluster_name|container_name|location|namespace_name|project_id)="[^"]*",?'
)


@dataclass(frozen=True)
class CaseResult:
    """A case and how it was missed; with no misses, its claim holds. `broken_by` are the arrivals that broke it."""

    case: Case
    misses: tuple[str, ...]
    broken_by: tuple[str, ...] = ()


@dataclass(frozen=True)
class Proof:
    """All results, in the order of the files, and the kinds of case that are missing."""

    results: tuple[CaseResult, ...]
    missing_kinds: tuple[str, ...]
    arrivals: tuple[str, ...] = ()

    @property
    def holds(self) -> bool:
        return not self.missing_kinds and not any(result.misses for result in self.results)


def prove(
    sources: Sources, settings: Settings, alerts: Collection[str] = (), progress: Progress | None = None
) -> Proof:
    """Prove the named alert policies, or all. Errors: UserError for a name, a file, a query."""
    case_files, definitions = load_proof(sources, settings, alerts)
    placed = lay_out(case for file in case_files for case in file.cases)
    variants = variants_of(sources, settings, [one.case for one in placed])
    allowance = allowance_in(chosen_parameters(sources.parameters, {}))
    tried = arrivals(allowance)
    # An alert that is new has no cases yet, and there is nothing to serve.
    results = _results(placed, variants, tried, allowance, progress) if placed else []
    names = [policy.name for policy in definitions.alert_policies if not alerts or policy.name in alerts]
    missing_kinds = missing(case_files, names, chosen_kinds(settings.module.required_kinds))
    missing_kinds += unproven((one.case, one.broken_by) for one in results)
    return Proof(tuple(results), missing_kinds, tuple(map(in_words, tried)))


def _results(
    placed: Sequence[Placed],
    variants: Mapping[tuple[str, Parameters], Variant],
    tried: Sequence[Arrival],
    allowance: int,
    progress: Progress | None,
) -> list[CaseResult]:
    trials = [Trial(variants[variant_key(one.case)], one.start, one.end) for one in placed]
    if progress is not None:
        progress("Writing the points of all cases", 0.0)
    results: list[CaseResult] = []
    entries = received_late(entries_of(placed), allowance)
    with (
        shared_replay(entries, tuple(variants.values()), tried, trials) as shared,
        ThreadPoolExecutor(max_workers=2) as pool,
    ):

        def proven(one: Placed, trial: Trial) -> CaseResult:
            failures = list(failures_of(shared, one, trial, tried, allowance))
            late = [in_words(tried[failure.arrival]) for failure in failures if failure.arrival is not None]
            misses = [sentence for failure in failures for sentence in _sentences(shared, one, trial, tried, failure)]
            return CaseResult(one.case, tuple(dict.fromkeys(misses)), tuple(dict.fromkeys(late)))

        for number, found in enumerate(pool.map(proven, placed, trials), start=1):
            results.append(found)
            if progress is not None:
                progress("Evaluating the cases", number / len(placed))
    return results


@dataclass(frozen=True)
class Failure:
    """A missed case: the arrival (its place, None is at once) and the reading of closing under which it was missed."""

    arrival: int | None
    closing: Closing
    misses: tuple[Miss, ...]


def failures_of(
    shared: SharedReplay, placed: Placed, trial: Trial, tried: Sequence[Arrival], allowance: int
) -> Iterator[Failure]:
    """Yield each arrival and each closing that breaks a case; what is broken at once is not tried with late points."""
    interval = trial.variant.policy.evaluation_interval_seconds
    closings = [one for one in CLOSINGS if placed.case.only_closing in (None, one)]
    delays = {one: timedelta(seconds=closing_delay(interval, one) - interval) for one in closings}
    full = shared.answers(trial)
    broken = False
    for closing in closings:
        if found := misses(placed, incidents_of(trial, full, closing), Latitude(closing=delays[closing])):
            yield Failure(None, closing, found)
            broken = True
    if broken:
        return
    for number, arrival in enumerate(tried):
        if placed.case.latest is not None and longest(arrival, allowance) > placed.case.latest:
            continue
        answers = shared.late_answers(trial, number, full)
        if answers is full:
            continue
        for closing in closings:
            latitude = Latitude(longest(arrival, allowance), delays[closing], values=False)
            if found := misses(placed, incidents_of(trial, answers, closing), latitude):
                yield Failure(number, closing, found)


def _sentences(
    shared: SharedReplay, placed: Placed, trial: Trial, tried: Sequence[Arrival], failure: Failure
) -> list[str]:
    """Return the misses as sentences, with the arrival, the evaluation, and what had not arrived."""
    closing = "" if failure.closing == CLOSINGS[0] else "with incidents that close at once, "
    if failure.arrival is None:
        return [closing + miss.sentence for miss in failure.misses]
    sentences = []
    for miss in failure.misses:
        missed = shared.on_the_way(trial, failure.arrival, miss.instant)
        named = [_named(*one) for one in missed[:_MOST_NAMED]]
        more = f" and {len(missed) - _MOST_NAMED} more" if len(missed) > _MOST_NAMED else ""
        not_there = f"{', '.join(named)}{more} had not arrived" if named else "everything had arrived"
        sentences.append(
            f"with {in_words(tried[failure.arrival])}, {closing}{miss.sentence}; at the evaluation of "
            f"{offset_text(miss.instant - placed.start)}, {not_there}"
        )
    return sentences


def _named(metric: str, labels: str, minute: int, in_part: bool) -> str:
    at = datetime.fromtimestamp(minute * 60, UTC)
    name = metric.rpartition("/")[0]  # in the shared replay, each metric has a number behind its name
    return f"{'a part of ' if in_part else ''}{name}{{{_RESOURCE_LABELS.sub('', labels)}}} of {at:%H:%M}"


def load_proof(
    sources: Sources, settings: Settings, alerts: Collection[str] = ()
) -> tuple[tuple[CaseFile, ...], Definitions]:
    """Return the case files of the named alerts, or of all, and the definitions."""
    definitions = definitions_of(sources, settings)
    known = {policy.name for policy in definitions.alert_policies}
    for alert in alerts:
        if alert not in known:
            raise UserError(f"there is no alert policy {alert!r}{nearest(alert, known)}")
    files = load_case_files(sources.root / "tests" / "cases", sources.contract, settings.resource_type)
    return tuple(file for file in files if not alerts or file.alert in alerts), definitions


def variant_key(case: Case) -> tuple[str, Parameters]:
    return case.alert, tuple(sorted(case.parameters.items()))


def variants_of(
    sources: Sources, settings: Settings, cases: Sequence[Case]
) -> Mapping[tuple[str, Parameters], Variant]:
    """Return, for each alert and each set of parameters that a case asks for, the policy and the metrics as they would
    be.
    """

    @cache
    def definitions_with(parameters: Parameters) -> Definitions:
        # A case says its numbers aloud, so what a stack overrides would only make it wrong.
        return definitions_of(sources, dataclasses.replace(settings, parameter_overrides=dict(parameters)))

    found = {}
    for case in cases:
        key = variant_key(case)
        if key in found:
            continue
        definitions = definitions_with(key[1])
        policies = {policy.name: policy for policy in definitions.alert_policies}
        if case.alert not in policies:
            raise UserError(
                f"there is no alert policy {case.alert!r}{nearest(case.alert, set(policies))}", case.position
            )
        found[key] = Variant(policies[case.alert], definitions.log_metrics)
    return found
