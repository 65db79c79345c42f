"""Every case of tests/cases/*.yaml, from log lines to incidents: a test each, named by its claim."""

from __future__ import annotations

import pytest

from loyalty_monitoring.contract import load_contract
from loyalty_monitoring.proof.cases import load_case_files
from loyalty_monitoring.proof.prove import Proof
from tests.proof.conftest import ROOT

CASES = [
    case
    for file in load_case_files(ROOT / "tests" / "cases", load_contract(ROOT / "log_events.yaml"))
    for case in file.cases
]


@pytest.mark.parametrize("number", range(len(CASES)), ids=[f"{case.alert}: {case.claim}" for case in CASES])
def test_case(proof: Proof, number: int) -> None:
    verdict = proof.verdicts[number]
    assert verdict.case == CASES[number]
    assert not verdict.misses, f"{verdict.case.position}\n" + "\n".join(verdict.misses)


def test_every_alert_has_every_kind_of_case_or_a_reason_why_not(proof: Proof) -> None:
    assert proof.gate == ()
