"""`loyalty-monitoring prove` on a copy of the project in which something is wrong."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from loyalty_monitoring.cli import cli
from loyalty_monitoring.common.errors import UserError
from tests.conftest import replace_text


def _prove(project: Path, *arguments: str) -> Result:
    before = Path.cwd()
    os.chdir(project)
    try:
        return CliRunner().invoke(cli, ["prove", *arguments])
    finally:
        os.chdir(before)


def test_an_alert_that_holds_exits_with_0_and_names_each_claim(project: Path) -> None:
    result = _prove(project, "rate_limit_spike")
    assert result.exit_code == 0, result.output
    assert "holds   one hundred rejections a minute stay silent" in result.output
    assert "0 missed" in result.output


def test_a_threshold_that_was_changed_exits_with_1_and_says_what_did_not_open(project: Path) -> None:
    replace_text(project / "parameters.yaml", "default: 100\n", "default: 101\n")
    result = _prove(project, "rate_limit_spike")
    assert result.exit_code == 1
    assert "MISSED  101 rejections in a minute open an incident of that store" in result.output
    assert "no incident of store_id s-1; it must open from 1h1m to 1h3m" in result.output


def test_a_comparator_that_was_changed_exits_with_1_and_says_what_opened(project: Path) -> None:
    replace_text(project / "alert_policies" / "rate_limit_spike.yaml", "> <<rate", ">= <<rate")
    result = _prove(project, "rate_limit_spike", "--format", "json")
    assert result.exit_code == 1
    found = json.loads(result.stdout)
    assert found["holds"] is False
    (case,) = [case for case in found["cases"] if case["claim"] == "one hundred rejections a minute stay silent"]
    opened = "an incident of store_id s-1 opened at 1h1m; none must"
    assert case["misses"] == [opened, f"with incidents that close at once, {opened}"]
    assert case["line"] > 1


def test_a_kind_of_case_that_is_missing_is_named(project: Path) -> None:
    replace_text(project / "tests" / "cases" / "rate_limit_spike.yaml", "[gap", "[opens")
    result = _prove(project, "rate_limit_spike")
    assert result.exit_code == 1
    assert "rate_limit_spike has no case of the kind gap" in result.output


def test_an_alert_without_cases_is_named(project: Path) -> None:
    (project / "tests" / "cases" / "high_churn.yaml").unlink()
    result = _prove(project, "high_churn")
    assert result.exit_code == 1
    assert "high_churn has no cases; write tests/cases/high_churn.yaml" in result.output


def test_an_alert_that_does_not_exist_is_an_error_with_the_nearest_name(project: Path) -> None:
    result = _prove(project, "rate_limit_spikes")
    assert isinstance(result.exception, UserError)
    assert "rate_limit_spike" in str(result.exception)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("{rejected: s-1, at: 1h}", "{at: 1h}", "exactly one of event, mail, rejected"),
        ("{rejected: s-1, at: 1h}", "{rejected: s-1}", "either `at` or `every`"),
        ("{rejected: s-1, at: 1h}", "{rejected: s-1, at: soon}", 'logs.0.at is "soon"'),
        ("{rejected: s-1, at: 1h}", "{event: rate_limit_exceded, at: 1h}", "rate_limit_exceeded"),
        ("{rejected: s-1, at: 1h}", "{event: rate_limit_exceeded, at: 1h}", "needs the fields status, store_id"),
        ("{rejected: s-1, at: 1h}", "{rejected: s-1, every: 0s, from: 0h, until: 1h}", "longer than nothing"),
        ("alert: rate_limit_spike", "alert: rate_limit_spikes", "but is named"),
        ("until: 2h\n", "until: 2 hours\n", 'until is "2 hours"; expected a time'),
        ("{rejected: s-1, at: 1h}", "{rejected: s-1, every: 0.001s, from: 0s, until: 9d}", "more than 100,000 lines"),
    ],
)
def test_a_case_that_is_not_right_is_an_error_with_its_line(project: Path, old: str, new: str, said: str) -> None:
    file = project / "tests" / "cases" / "rate_limit_spike.yaml"
    # Only the one case with a lone event is changed, so the line can be told.
    text = file.read_text()
    assert old in text
    place = text.index(old)
    file.write_text(text[:place] + new + text[place + len(old) :])
    result = _prove(project, "rate_limit_spike")
    assert isinstance(result.exception, UserError)
    message = str(result.exception)
    assert said in message
    assert "rate_limit_spike.yaml:" in message


def test_a_definition_that_does_not_wait_is_named_with_the_arrival_the_evaluation_and_what_had_not_arrived(
    project: Path,
) -> None:
    replace_text(project / "alert_policies" / "high_churn.yaml", " offset <<arrival_allowance:range>>", "")
    found = json.loads(_prove(project, "high_churn", "--format", "json").stdout)
    assert found["holds"] is False
    assert found["arrivals"][0] == "at once"
    (case,) = [case for case in found["cases"] if case["claim"] == "the cards of two merchants count together"]
    said = [miss for miss in case["misses"] if miss.startswith("with ")]
    assert any(
        "an incident opened at" in one and 'program_active_cards{pod_name="worker-0",merchant_id="m-2"} of 00:03' in one
        for one in said
    )
    assert any(
        sentence.startswith("high_churn is not proven with minutes that grow (entries)") for sentence in found["gate"]
    )
