"""Mutants of log-based metrics: the slips that are made, and that the lines of the metric cases notice them."""

from __future__ import annotations

import random

import pytest

from loyalty_monitoring.definitions.load import load_definitions
from loyalty_monitoring.definitions.log_contract import load_contract
from loyalty_monitoring.definitions.model import LogMetric
from loyalty_monitoring.definitions.settings import load_stack_settings
from loyalty_monitoring.proof.metrics.cases import load_metric_cases
from loyalty_monitoring.proof.mutants.equivalents import load_equivalents
from loyalty_monitoring.proof.mutants.filters import filter_mutants, filter_text
from loyalty_monitoring.proof.mutants.metrics import STATED, MetricMutant, killed, metric_mutants
from loyalty_monitoring.proof.mutants.regexes import regex_mutants
from loyalty_monitoring.query_languages.logging_filter import parse_filter
from loyalty_monitoring.query_languages.logging_filter.re2 import error_in
from tests.conftest import PROJECT, ROOT, our_definitions

METRICS = {metric.name: metric for metric in our_definitions().log_metrics}
MUTANTS = {mutant.id: mutant for mutant in metric_mutants(tuple(METRICS.values()))}
CONTRACT = load_contract(ROOT / "log_events.yaml")
CASES = load_metric_cases(ROOT / "tests" / "cases" / "metrics", CONTRACT)
REVIEWED = {
    id: listed
    for id, listed in load_equivalents(ROOT / "tests" / "equivalent_mutants.yaml").items()
    if id.partition(":")[0] in METRICS
}
SAMPLE = 250


@pytest.mark.parametrize("metric", METRICS.values(), ids=METRICS)
def test_the_text_of_a_parsed_filter_parses_to_the_same(metric: LogMetric) -> None:
    expression = parse_filter(metric.body["filter"]).expression
    assert expression is not None
    assert parse_filter(filter_text(expression)).expression == expression


def test_an_or_stays_in_parentheses_because_it_binds_tighter_than_and() -> None:
    changed = dict(filter_mutants("jsonPayload.a = 1 AND jsonPayload.b = 2 AND jsonPayload.c = 3"))
    assert changed["OR between jsonPayload.a = 1 and jsonPayload.b = 2"] == (
        "(jsonPayload.a = 1 OR jsonPayload.b = 2) AND jsonPayload.c = 3"
    )


def test_every_conjunct_operator_and_literal_of_a_filter_is_changed() -> None:
    changed = dict(filter_mutants('severity = INFO AND jsonPayload.n >= 0 AND NOT jsonPayload.s =~ "^(a|b)$"'))
    assert changed["severity = INFO left out"] == 'jsonPayload.n >= 0 AND NOT jsonPayload.s =~ "^(a|b)$"'
    assert "severity >= INFO" in changed["severity = INFO -> >="]
    assert "severity = NOTICE" in changed["severity = INFO -> NOTICE"]
    assert "jsonPayload.n > 0" in changed["jsonPayload.n >= 0 -> >"]
    assert "jsonPayload.n >= 1" in changed["jsonPayload.n >= 0 -> 1"]
    assert "NOT" not in changed['NOT before jsonPayload.s =~ "^(a|b)$" dropped']
    assert '"(a|b)$"' in changed['jsonPayload.s =~ "^(a|b)$": ^ dropped']


@pytest.mark.parametrize(
    ("pattern", "change", "changed"),
    [
        ("^ab$", "^ dropped", "ab$"),
        ("^ab$", "$ dropped", "^ab"),
        ("^ab$", "ab -> a~", "^a~$"),
        ("^(a|bc|d)$", "alternative a left out", "^(bc|d)$"),
        ("^(a|bc|d)$", "alternative bc left out", "^(a|d)$"),
        ("^(a|bc|d)$", "alternative d left out", "^(a|bc)$"),
        ("a|b", "alternative b left out", "a"),
        ("x[.]([^.]+[.])*y", "[.] -> . (1)", "x.([^.]+[.])*y"),
        ("x[.]([^.]+[.])*y", "[^.] -> .", "x[.](.+[.])*y"),
        ("x[.]([^.]+[.])*y", "* -> +", "x[.]([^.]+[.])+y"),
        ("x[.]([^.]+[.])*y", "+ -> *", "x[.]([^.]*[.])*y"),
        ("(?:un)?expected", "? -> nothing", "(?:un)expected"),
        ("[[][^]]+[]]", "[^]] -> .", "[[].+[]]"),
    ],
)
def test_a_slip_changes_one_thing_of_a_regular_expression(pattern: str, change: str, changed: str) -> None:
    assert dict(regex_mutants(pattern))[change] == changed


@pytest.mark.parametrize("pattern", ["^(a|bc|d)$", "x[.]([^.]+[.])*y", "(?:un)?expected", "^(?:[[][^]]*[]] )?Task "])
def test_every_mutant_of_a_regular_expression_is_one_and_has_a_name_of_its_own(pattern: str) -> None:
    mutants = list(regex_mutants(pattern))
    assert len({change for change, _ in mutants}) == len(mutants)
    for _, changed in mutants:
        assert changed != pattern
        assert error_in(changed) is None


def test_every_mutant_differs_and_has_an_id_of_its_own() -> None:
    assert len(MUTANTS) == len(metric_mutants(tuple(METRICS.values()))) > 50 * len(METRICS)
    assert all(mutant.metric.body != METRICS[mutant.metric.name].body for mutant in MUTANTS.values())


@pytest.mark.parametrize(
    ("id", "claim"),
    [
        ("card_events: labels event and merchant_id swapped", "an enrolled card counts for its merchant"),
        (
            "rate_limited_requests: filter: severity = WARNING -> >=",
            "a rejected request counts for its store, but not with severity ERROR",
        ),
        (
            'email_status: filter: jsonPayload.template_code =~ "^loyalty_": ^ dropped',
            "a sent e-mail of a template that only ends like ours does not count",
        ),
        ("task_last_success: unit s -> ms", STATED),
        ("program_active_cards: distribution -> counter", "a report of an active program counts its numbers"),
    ],
)
def test_a_mutant_is_killed_by_the_line_that_tells_it_from_the_original(id: str, claim: str) -> None:
    project = load_definitions(PROJECT, load_stack_settings(PROJECT, "demo"))
    mutants = {mutant.id: mutant for mutant in metric_mutants(project.log_metrics)}
    cases = load_metric_cases(PROJECT / "tests" / "cases" / "metrics", load_contract(PROJECT / "log_events.yaml"))
    (killer,) = killed([mutants[id]], cases).values()
    assert killer is not None
    assert killer.startswith(claim)


def test_a_metric_that_is_not_changed_survives() -> None:
    originals = [MetricMutant("nothing", metric) for metric in METRICS.values()]
    assert set(killed(originals, CASES).values()) == {None}


def test_a_sample_of_all_mutants_is_killed_or_reviewed_as_equivalent() -> None:
    # All of them take half a minute: `make mutants`.
    sample = random.Random(20261102).sample(list(MUTANTS.values()), SAMPLE)
    assert [id for id, killer in killed(sample, CASES).items() if killer is None and id not in REVIEWED] == []


def test_every_metric_mutant_of_the_reviewed_list_exists_and_survives() -> None:
    assert set(REVIEWED) <= set(MUTANTS)
    assert set(killed([MUTANTS[id] for id in REVIEWED], CASES).values()) == {None}
