"""Mutation: every definition with one thing wrong is held against the cases, which must notice."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from loyalty_monitoring.definitions.load import definitions_of, read_sources
from loyalty_monitoring.definitions.parameters import allowance_in, chosen_parameters
from loyalty_monitoring.definitions.settings import Settings
from loyalty_monitoring.proof.alerts.arrivals import received_late
from loyalty_monitoring.proof.alerts.prove import failures_of, load_proof, variant_key, variants_of
from loyalty_monitoring.proof.alerts.schedule import Placed, entries_of, lay_out
from loyalty_monitoring.proof.alerts.shared_replay import SharedReplay, Trial, Variant, shared_replay
from loyalty_monitoring.proof.metrics.cases import load_metric_cases
from loyalty_monitoring.proof.mutants.equivalents import load_equivalents
from loyalty_monitoring.proof.mutants.metrics import killed, metric_mutants
from loyalty_monitoring.proof.mutants.policies import PolicyMutant, policy_mutants
from loyalty_monitoring.proof.mutants.score import Score, Tried, score
from loyalty_monitoring.replay.arrival import Arrival, RandomDelay, SameDelay
from loyalty_monitoring.replay.prometheus import QueryRefused

Progress = Callable[[str, float], None]

_REFUSED = "Prometheus refuses the query"


def try_mutants(root: Path, settings: Settings, progress: Progress | None = None) -> Score:
    """Try every mutant of every alert policy and of every log-based metric, and hold the survivors to the list."""
    tried = [*try_policy_mutants(root, settings, progress), *try_metric_mutants(root, settings, progress)]
    return score(tried, load_equivalents(root / "tests" / "equivalent_mutants.yaml"))


def try_mutants_of(
    root: Path,
    settings: Settings,
    alerts: Collection[str],
    metrics: Collection[str],
    progress: Progress | None = None,
) -> Score:
    """Try the mutants of these alert policies and log-based metrics only."""
    tried: list[Tried] = []
    if alerts:
        tried += try_policy_mutants(root, settings, progress, alerts)
    if metrics:
        tried += try_metric_mutants(root, settings, progress, metrics)
    return score(tried, load_equivalents(root / "tests" / "equivalent_mutants.yaml"), {*alerts, *metrics})


def try_metric_mutants(
    root: Path, settings: Settings, progress: Progress | None = None, only: Collection[str] = ()
) -> tuple[Tried, ...]:
    """Hold every mutant of every log-based metric, or of those in `only`, against the lines of its cases."""
    sources = read_sources(root)
    cases = load_metric_cases(root / "tests" / "cases" / "metrics", sources.contract, settings.resource_type)
    every = definitions_of(sources, settings).log_metrics
    killers = killed(metric_mutants([one for one in every if not only or one.name in only]), cases, progress)
    return tuple(Tried(mutant, killer) for mutant, killer in killers.items())


def try_policy_mutants(
    root: Path, settings: Settings, progress: Progress | None = None, only: Collection[str] = ()
) -> tuple[Tried, ...]:
    """Hold every mutant of every alert policy, or of those in `only`, against the cases of that alert."""
    sources = read_sources(root)
    case_files, definitions = load_proof(sources, settings, only)
    placed = lay_out(case for file in case_files for case in file.cases)
    variants = variants_of(sources, settings, [one.case for one in placed])
    mutants = {key: {one.change: one for one in policy_mutants(variant.policy)} for key, variant in variants.items()}
    allowance = allowance_in(chosen_parameters(sources.parameters, {}))

    def trials(mutant: PolicyMutant) -> Iterator[tuple[Placed, Trial]]:
        for one in placed:
            key = variant_key(one.case)
            # A case with parameters of its own needs the same slip in another query, where the slip can be made.
            same = mutants[key].get(mutant.change) if one.case.alert == mutant.policy.name else None
            if same is not None:
                yield one, Trial(Variant(same.policy, variants[key].metrics), one.start, one.end)

    def killers(
        mutants_left: Sequence[PolicyMutant], arrived: Sequence[Arrival], task: str
    ) -> Iterator[tuple[PolicyMutant, str | None]]:
        asked = [trial for mutant in mutants_left for _, trial in trials(mutant)] if arrived else []
        entries = received_late(entries_of(placed), allowance)
        with (
            shared_replay(entries, tuple(variants.values()), arrived, asked) as shared,
            ThreadPoolExecutor(max_workers=2) as pool,
        ):
            found = pool.map(lambda mutant: _killer(shared, trials(mutant), arrived, allowance), mutants_left)
            for number, (mutant, killer) in enumerate(zip(mutants_left, found, strict=True), start=1):
                yield mutant, killer
                if progress is not None:
                    progress(task, number / len(mutants_left))

    names = [policy.name for policy in definitions.alert_policies if not only or policy.name in only]
    every = [mutant for name in names for mutant in mutants.get((name, ()), {}).values()]
    # Most are noticed while points arrive at once, which costs a hundredth of all arrivals. What waits too little is
    # noticed by points that are as late as they can be, or each by itself.
    arrived = (SameDelay(allowance), RandomDelay(allowance, 1))
    at_once = list(killers(every, (), "Trying mutants of the alert policies"))
    left = [mutant for mutant, killer in at_once if killer is None]
    late = {mutant.id: killer for mutant, killer in killers(left, arrived, "Trying the rest with late points")}
    return tuple(Tried(mutant.id, killer or late.get(mutant.id)) for mutant, killer in at_once)


def _killer(
    shared: SharedReplay, trials: Iterable[tuple[Placed, Trial]], arrived: Sequence[Arrival], allowance: int
) -> str | None:
    for placed, trial in trials:
        try:
            if next(failures_of(shared, placed, trial, arrived, allowance), None) is not None:
                return placed.case.claim
        except QueryRefused:
            return _REFUSED
    return None
