"""Every case of tests/cases/*.yaml, from log lines to incidents: a test each, named by its claim."""

from __future__ import annotations

import re

import pytest

from loyalty_monitoring.common.yaml_documents import load_yaml
from loyalty_monitoring.definitions.log_contract import load_contract
from loyalty_monitoring.definitions.model import AlertPolicy
from loyalty_monitoring.proof.alerts.cases import load_case_files
from loyalty_monitoring.proof.alerts.prove import Proof
from tests.conftest import ROOT, our_definitions

PARAMETERS = load_yaml(ROOT / "parameters.yaml").data
POLICIES = our_definitions().alert_policies

CASES = [
    case
    for file in load_case_files(ROOT / "tests" / "cases", load_contract(ROOT / "log_events.yaml"))
    for case in file.cases
]


@pytest.mark.parametrize("number", range(len(CASES)), ids=[f"{case.alert}: {case.claim}" for case in CASES])
def test_case(proof: Proof, number: int) -> None:
    result = proof.results[number]
    assert result.case == CASES[number]
    assert not result.misses, f"{result.case.position}\n" + "\n".join(result.misses)


@pytest.mark.parametrize("policy", POLICIES, ids=lambda policy: policy.name)
def test_every_parameter_of_an_alert_has_a_case_that_moves_its_boundary(policy: AlertPolicy) -> None:
    read = set(re.findall(r"<<([a-z_]+)(?::[a-z_]+)?>>", policy.source.read_text().split("documentation:")[0]))
    parts = {part for name in read & PARAMETERS.keys() for part in PARAMETERS[name].get("sum", [name])}
    moved = {name for case in CASES if case.alert == policy.name for name in case.parameters}
    assert parts
    assert parts - moved == set()


def test_every_alert_has_every_kind_of_case_or_a_reason_why_not(proof: Proof) -> None:
    assert proof.missing_kinds == ()
