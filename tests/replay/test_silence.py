"""An empty log, entries of another time, and entries that no metric counts: replay says what is the matter."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from loyalty_monitoring.definitions.load import load_definitions
from loyalty_monitoring.definitions.settings import load_stack_settings
from loyalty_monitoring.replay.entries.explain import explain
from loyalty_monitoring.replay.run import chosen_policies, longest_window
from tests.conftest import PROJECT, run
from tests.log_lines import START, event, hours, rejection, write

NOW = "2026-11-26T05:00:00Z"


@pytest.mark.parametrize("nothing", ["", "[]", "\n"])
def test_an_empty_log_with_an_end_is_judged_as_silence(nothing: str) -> None:
    done = run("replay", "--policy", "telemetry_silent", "--to", NOW, "--format", "json", "-", stdin=nothing)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    definitions = load_definitions(PROJECT, load_stack_settings(PROJECT, "demo"))
    longest = longest_window(chosen_policies(definitions, ["telemetry_silent"]))
    end = datetime(2026, 11, 26, 5, tzinfo=UTC)
    assert found["window"]["from"] == (end - longest).isoformat().replace("+00:00", "Z")
    assert longest >= timedelta(minutes=90)
    assert [one["policy"] for one in found["incidents"]] == ["telemetry_silent"]


def test_of_an_empty_log_it_is_said_since_when_silence_is_judged() -> None:
    done = run("replay", "--policy", "telemetry_silent", "--to", NOW, "-", stdin="")
    assert "silence since Thu 26 Nov " in done.stdout
    assert " UTC; --from chooses another time" in done.stdout


def test_of_chosen_alerts_only_what_they_read_is_told(tmp_path: Path) -> None:
    file = write(tmp_path / "day.jsonl", [rejection(START, "s-1")])
    chosen = run("replay", "--policy", "rate_limit_spike", "--policy", "email_failures", file).stdout
    assert "1 of 2 metrics that the policies read matched entries" in chosen
    assert "Nothing matched: loyalty/email_status\n" in chosen
    assert "that the policies read" not in run("replay", file).stdout


def test_without_an_end_an_empty_log_says_how_to_give_one() -> None:
    done = run("replay", "-", stdin="[]")
    assert done.returncode == 2
    assert done.stderr.rstrip().endswith("to judge the silence before it")


def test_the_resource_type_of_the_entries_is_named_when_it_is_not_the_stacks(tmp_path: Path) -> None:
    file = write(tmp_path / "day.jsonl", [event("card_enrolled", START, merchant_id="m", store_id="s", card_id="c")])
    done = run("replay", "--stack", "example-production", str(file))
    assert 'metrics want resource.type="cloud_run_revision", and the entries have k8s_container (1)' in done.stdout
    assert "match --explain --metric all --stack example-production FILE" in done.stdout


def test_an_alert_without_a_value_is_not_called_healthy(tmp_path: Path) -> None:
    done = run("replay", "--policy", "email_failures", "--to", NOW, "-", stdin="[]")
    assert "No incident" in done.stdout
    assert "the alert had no value to judge, so it says nothing about how the system was" in done.stdout
    file = write(tmp_path / "day.jsonl", [rejection(START, "s-1"), rejection(START + hours(1), "s-1")])
    assert "no value to judge" not in run("replay", "--policy", "rate_limit_spike", str(file)).stdout


def test_the_loggers_of_the_entries_are_named_when_none_is_the_modules(tmp_path: Path) -> None:
    lines = write(tmp_path / "day.jsonl", [event("card_enrolled", START, merchant_id="m", store_id="s", card_id="c")])
    lines.write_text(lines.read_text().replace("app.modules.loyalty.", "shop.loyalty."))
    done = run("replay", str(lines))
    assert "and the entries have shop.loyalty.services.card_service (1)" in done.stdout
    assert "docs/log-contract.md" in done.stdout


def test_entries_of_another_time_are_said(tmp_path: Path) -> None:
    file = write(tmp_path / "day.jsonl", [event("card_enrolled", START, merchant_id="m", store_id="s", card_id="c")])
    done = run("replay", "--from", "2026-12-01", "--to", "2026-12-02", str(file))
    assert "All entries are of another time: Mon 02 Nov 00:00 to Mon 02 Nov 00:00 UTC" in done.stdout


def test_each_term_says_what_it_takes_from_what_the_ones_before_it_left(tmp_path: Path) -> None:
    entries = [event("card_enrolled", START + hours(n), merchant_id="m", store_id="s", card_id="c") for n in range(5)]
    entries += [event("card_sync_failed", START, severity="WARNING", platform="google", card_id="c", retry_count=1)]
    file = write(tmp_path / "day.jsonl", entries)
    text = 'severity=INFO (jsonPayload.event="card_enrolled" OR jsonPayload.event="x") timestamp>"2026-11-02T01:30:00Z"'
    (found,) = explain({"mine": text}, [file]).values()
    assert (found.entries, found.matched) == (6, 3)
    assert [(term.before, term.removed) for term in found.terms] == [(6, 1), (5, 0), (5, 2)]
    assert found.terms[0].found == (("WARNING", 1),)
    assert found.terms[1].text == 'jsonPayload.event="card_enrolled" OR jsonPayload.event="x"'


def test_explain_prints_a_metrics_terms_and_takes_a_stack(tmp_path: Path) -> None:
    file = write(tmp_path / "day.jsonl", [event("card_enrolled", START, merchant_id="m", store_id="s", card_id="c")])
    done = run("match", "--explain", "--metric", "card_events", "--stack", "example-production", str(file))
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("card_events: 0 of 1 entries match\n")
    assert 'resource.type="cloud_run_revision"   removed have k8s_container (1)' in done.stdout
    every = run("match", "--explain", "--metric", "all", "--format", "json", str(file))
    assert json.loads(every.stdout)["card_events"]["matched"] == 1
    wrong = run("match", "--explain", "--metric", "card_event", str(file))
    assert (wrong.returncode, "did you mean 'card_events'" in wrong.stderr) == (2, True)


def test_a_metrics_own_filter_selects_entries_too(tmp_path: Path) -> None:
    file = write(tmp_path / "day.jsonl", [event("card_enrolled", START, merchant_id="m", store_id="s", card_id="c")])
    assert run("match", "--count", "--metric", "card_events", str(file)).stdout == "1\n"
    assert run("match", "--metric", "card_events", "--metric", "rate_limited_requests", str(file)).returncode == 2
