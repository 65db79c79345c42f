"""Mutants of alert policies: the slips that are made. That the cases notice them, all of them, is `make mutants`."""

from __future__ import annotations

import json

import pytest

from loyalty_monitoring.common.errors import Position
from loyalty_monitoring.definitions.load import load_definitions
from loyalty_monitoring.definitions.model import AlertPolicy
from loyalty_monitoring.definitions.settings import load_stack_settings
from loyalty_monitoring.proof.mutants.equivalents import Equivalent
from loyalty_monitoring.proof.mutants.policies import policy_mutants
from loyalty_monitoring.proof.mutants.score import Tried, alive_lines, as_json, lines, score
from tests.conftest import PROJECT

SETTINGS = load_stack_settings(PROJECT, "demo")
POLICIES = {policy.name: policy for policy in load_definitions(PROJECT, SETTINGS).alert_policies}


def _changed(policy: AlertPolicy) -> dict[str, str]:
    return {mutant.change: mutant.policy.query for mutant in policy_mutants(policy)}


@pytest.mark.parametrize(
    ("alert", "change", "part"),
    [
        ("rate_limit_spike", "> (1) -> >=", ">= 100"),
        ("rate_limit_spike", "100 (1) -> 101", "> 101"),
        ("rate_limit_spike", "1m (1) -> 120s", "[120s]"),
        ("rate_limit_spike", "store_id (1) -> location", "sum by (location) ("),
        ("rate_limit_spike", "by (1): grouping removed", "sum  ("),
        ("email_failures", '"failed|sent" (1) -> "failed"', 'status=~"failed"'),
        ("email_failures", "0.01 (1) -> 0.0101", "> 0.0101"),
        ("high_churn", "sum (1) -> max", "max("),
        ("high_churn", "offset (1): offset removed", "[2h] ))"),
    ],
)
def test_a_slip_changes_one_thing(alert: str, change: str, part: str) -> None:
    original, mutated = POLICIES[alert].query, _changed(POLICIES[alert])[change]
    assert part in mutated
    assert part not in original


@pytest.mark.parametrize("policy", POLICIES.values(), ids=POLICIES)
def test_every_mutant_differs_and_has_an_id_of_its_own(policy: AlertPolicy) -> None:
    mutants = policy_mutants(policy)
    assert len({mutant.id for mutant in mutants}) == len(mutants) > 15
    assert all(mutant.policy.condition != policy.condition for mutant in mutants)


def test_a_clause_is_removed_with_its_operator_and_nothing_else() -> None:
    query = _changed(POLICIES["telemetry_silent"])["or (1): and what follows removed"]
    assert "vector" not in query
    assert query.rstrip().endswith("== 0")
    assert query.count("(") == query.count(")")


def test_the_reviewed_list_may_hold_neither_dead_nor_unknown_mutants() -> None:
    here = Equivalent("because it is so", Position("list.yaml", 3, 1))
    result = score(
        [Tried("a: x", "a claim"), Tried("a: y", None), Tried("a: z", None)], {"a: x": here, "b": here, "a: y": here}
    )
    assert result.killed == 1
    assert result.equivalent == ("a: y",)
    assert result.alive == ("a: z",)
    assert len(result.stale) == 2
    assert "'a: x' is killed by the case 'a claim'" in result.stale[0]
    assert "no mutant 'b'" in result.stale[1]
    assert not result.holds


def test_a_survivor_leads_to_the_reason_that_several_others_have_for_the_same_slip() -> None:
    here = Equivalent("because it is so", Position("list.yaml", 3, 1))
    listed = {f"{name}: 1m -> 30s": here for name in "acd"} | {"a: x": here, "c: x": here}
    result = score([Tried("b: 1m -> 30s", None), Tried("b: x", None)], listed, ["b"])
    assert result.stale == ()
    assert list(alive_lines(result)) == [
        "ALIVE  b: 1m -> 30s (list.yaml:3:1 has this slip of others, with its reason)",
        "ALIVE  b: x",
    ]


def test_survivors_are_named_with_what_to_do_and_the_totals() -> None:
    result = score([Tried("a: x", "a claim"), Tried("a: y", None)], {})
    *_, alive, advice, totals = lines(result)
    assert alive == "ALIVE  a: y"
    assert "tests/equivalent_mutants.yaml" in advice
    assert totals == "2 mutants: 1 killed, 0 reviewed as equivalent, 1 alive"
    said = json.loads(as_json(result))
    assert said["holds"] is False
    assert said["mutants"] == [{"id": "a: x", "killed_by": "a claim"}, {"id": "a: y", "killed_by": None}]
