"""Prove alert policies: every case through the deployed definitions, all in one database and one Prometheus."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from loyalty_monitoring.common.errors import UserError, nearest
from loyalty_monitoring.definitions.load import load_definitions
from loyalty_monitoring.definitions.log_contract import Contract, load_contract
from loyalty_monitoring.definitions.model import Definitions
from loyalty_monitoring.definitions.settings import Settings
from loyalty_monitoring.proof.alerts.cases import Case, CaseFile, load_case_files
from loyalty_monitoring.proof.alerts.compare import misses
from loyalty_monitoring.proof.alerts.required_kinds import chosen_kinds, missing
from loyalty_monitoring.proof.alerts.schedule import entries_of, lay_out
from loyalty_monitoring.proof.alerts.shared_replay import Variant, stage_for

Progress = Callable[[str, float], None]
Parameters = tuple[tuple[str, float], ...]


@dataclass(frozen=True)
class Verdict:
    """A case and how it was missed; with no misses, its claim holds."""

    case: Case
    misses: tuple[str, ...]


@dataclass(frozen=True)
class Proof:
    """All verdicts, in the order of the files, and what the gate misses."""

    verdicts: tuple[Verdict, ...]
    gate: tuple[str, ...]

    @property
    def holds(self) -> bool:
        return not self.gate and not any(verdict.misses for verdict in self.verdicts)


def prove(root: Path, settings: Settings, alerts: Collection[str] = (), progress: Progress | None = None) -> Proof:
    """Prove the named alert policies, or all. Errors: UserError for a name, a file, a query."""
    case_files, definitions = load_proof(root, settings, alerts)
    placed = lay_out(case for file in case_files for case in file.cases)
    variants = variants_of(root, settings, [one.case for one in placed])
    if progress is not None:
        progress("Writing the points of all cases", 0.0)
    verdicts = []
    with stage_for(entries_of(placed), tuple(variants.values())) as stage:
        for number, one in enumerate(placed):
            if progress is not None:
                progress("Evaluating the cases", number / len(placed))
            found = stage.incidents(variants[variant_key(one.case)], one.start, one.end)
            verdicts.append(Verdict(one.case, misses(one, found)))
    names = [policy.name for policy in definitions.alert_policies if not alerts or policy.name in alerts]
    return Proof(tuple(verdicts), missing(case_files, names, chosen_kinds(settings.module.required_kinds)))


def load_proof(
    root: Path, settings: Settings, alerts: Collection[str] = ()
) -> tuple[tuple[CaseFile, ...], Definitions]:
    """The case files of the named alerts, or of all, and the definitions."""
    definitions = load_definitions(root, settings)
    known = {policy.name for policy in definitions.alert_policies}
    for alert in alerts:
        if alert not in known:
            raise UserError(f"there is no alert policy {alert!r}{nearest(alert, known)}")
    files = load_case_files(root / "tests" / "cases", _contract(root), settings.resource_type)
    return tuple(file for file in files if not alerts or file.alert in alerts), definitions


def variant_key(case: Case) -> tuple[str, Parameters]:
    return case.alert, tuple(sorted(case.parameters.items()))


def variants_of(root: Path, settings: Settings, cases: Sequence[Case]) -> Mapping[tuple[str, Parameters], Variant]:
    """For each alert and each set of parameters that a case asks for: the policy and the metrics as they would be."""

    @cache
    def definitions_with(parameters: Parameters) -> Definitions:
        # A case says its numbers aloud, so what a stack overrides would only make it wrong.
        return load_definitions(root, dataclasses.replace(settings, parameter_overrides=dict(parameters)))

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


def _contract(root: Path) -> Contract:
    return load_contract(root / "log_events.yaml")
