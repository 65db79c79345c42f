"""A month of simulated logs beside what a model of Cloud Monitoring opened of them: exactly the planted differences."""

from __future__ import annotations

import dataclasses
import json
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from loyalty_monitoring.definitions.load import load_definitions
from loyalty_monitoring.definitions.settings import load_stack_settings
from tests.checks.fired.cloud_monitoring import CloudMonitoring, Entry, Opened
from tests.conftest import PROJECT, run

START = datetime(2026, 11, 2, tzinfo=UTC)
END = START + timedelta(days=30)
LATE = timedelta(minutes=3)
SNOOZED = (START + timedelta(days=7), START + timedelta(days=8))
FAULTS = (
    "expiration_fails@T+12h",
    "smtp_down@T+3d13h30m",
    "smtp_down@T+7d2h",
    "request_flood@T+10d10h20m30s",
    "exactly_100_rejections@T+11d12h",
    "regulars_stay_away@T+12d23h30m",
    "enrollment_sign_removed@T+15d7h21m",
    "reporter_down@T+20d4h7m",
    "smtp_down@T+24d2h",
)


@dataclass(frozen=True)
class Month:
    """The module's logs, and what Cloud Monitoring made of them."""

    logs: Path
    violations: Path
    model: CloudMonitoring
    opened: list[Opened]


@pytest.fixture(scope="module")
def month(tmp_path_factory: pytest.TempPathFactory) -> Month:
    """Points are three minutes late, the mail policy is snoozed for a day, and the rate limit is deployed with 60."""
    folder = tmp_path_factory.mktemp("month")
    logs = folder / "logs.jsonl"
    faults = [option for fault in FAULTS for option in ("--fault", fault)]
    size = ["--days", "30", "--merchants", "4", "--stores", "4", "--seed", "3"]
    assert run("simulate", *size, *faults, "--out", logs).returncode == 0
    settings = load_stack_settings(PROJECT, "demo")
    deployed = load_definitions(PROJECT, dataclasses.replace(settings, parameter_overrides={"rate_limit_requests": 60}))
    model = CloudMonitoring(deployed, late=LATE, snoozed={"email_failures": SNOOZED})
    opened = model.incidents([logs], START, END)
    violations = folder / "violations.jsonl"
    _write(violations, model.violation_logs(opened))
    return Month(logs, violations, model, opened)


def _write(file: Path, entries: Any) -> Path:
    file.write_text("".join(json.dumps(entry) + "\n" for entry in entries))
    return file


@pytest.fixture(scope="module", autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The month is read once: each comparison replays it from what the one before has kept."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("LOYALTY_MONITORING_CACHE_SIZE")
        patch.setenv("LOYALTY_MONITORING_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


def _fired(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return run("fired", *arguments)


def _json(*arguments: str | Path) -> dict[str, Any]:
    done = _fired(*arguments, "--format", "json")
    assert (done.returncode, done.stderr) == (0, "")
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def _without_reasons(told: dict[str, Any]) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    return (
        [(one["policy"], one["opened"][:10]) for one in told["only_in_replay"]],
        [(one["policy"], one["opened"][:10]) for one in told["only_in_fired"]],
    )


PLANTED = ([("email_failures", "2026-11-09")], [("rate_limit_spike", "2026-11-13")])


def test_a_month_beside_its_violation_logs_names_exactly_what_was_planted(month: Month) -> None:
    told = _json(month.logs, month.violations)
    assert list(told) == ["window", "alike", "only_in_replay", "only_in_fired"]
    assert _without_reasons(told) == PLANTED
    assert told["only_in_replay"][0]["reason"].startswith("a snooze")
    other = told["only_in_fired"][0]
    assert other["labels"].keys() == {"store_id"}
    assert other["reason"].startswith(
        "another definition deployed then: its title was 'Loyalty: a store had more than 60"
    )
    # Every fault but the snoozed one fired as the replay says, and so much later.
    alike = [one["policy"] for one in told["alike"]]
    assert sorted(alike) == sorted(one.policy.name for one in month.opened if one.opened.day != 13)
    assert len(alike) >= 4
    for one in told["alike"]:
        assert list(one) == ["policy", "labels", "opened", "opened_later_s", "closed_later_s"]
        assert 0 <= one["opened_later_s"] <= 300
        assert 0 <= one["closed_later_s"] <= 300 + 270 + 60


def test_the_alerts_api_and_notifications_say_the_same_as_the_logs(month: Month, tmp_path: Path) -> None:
    alerts = tmp_path / "alerts.json"
    alerts.write_text(json.dumps(month.model.alerts(month.opened)))
    notified = _write(tmp_path / "notified.jsonl", month.model.notifications(month.opened))
    some = ["--policy", "rate_limit_spike", "--policy", "email_failures", "--to", END.isoformat()]
    by_logs = _json(month.logs, month.violations, *some)
    assert _json(month.logs, "--incidents", alerts, notified, *some) == by_logs
    assert _json(month.logs, month.violations, "--incidents", alerts, "--incidents", notified, *some) == by_logs


def test_by_the_stacks_outputs_and_its_snoozes_the_reason_is_the_snooze_itself(month: Month, tmp_path: Path) -> None:
    outputs, snoozes = tmp_path / "outputs.json", tmp_path / "snoozes.json"
    outputs.write_text(json.dumps(month.model.outputs()))
    snoozes.write_text(json.dumps(month.model.snoozes()))
    retitled = _write(tmp_path / "retitled.jsonl", map(_retitled, month.model.violation_logs(month.opened)))
    told = _json(month.logs, retitled, "--incidents", snoozes, "--outputs", outputs)
    assert _without_reasons(told) == PLANTED
    assert told["only_in_replay"][0]["reason"] == (
        "a snooze: 'Quiet email_failures', 2026-11-09 00:00 to 2026-11-10 00:00 UTC"
    )


def _retitled(entry: Entry) -> Entry:
    return {**entry, "labels": {**entry["labels"], "policy_display_name": "Renamed in the console"}}


def test_text_ends_with_the_totals_and_a_difference_can_fail(month: Month) -> None:
    done = _fired(month.logs, month.violations, "--fail-on-difference")
    assert done.returncode == 1
    lines = done.stdout.splitlines()
    assert lines[-1] == f"{len(month.opened) - 1} alike, 1 only in the replay, 1 only in what fired"
    assert "Only in the replay" in lines


def test_an_export_without_violation_logs_says_that_nothing_is_known(month: Month) -> None:
    done = _fired(month.logs, "--policy", "high_churn")
    assert "Nothing fired in this window, as far as is known" in done.stdout
    assert "    no entry in the export: " in done.stdout


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (
            lambda entries: [one for one in entries if one["timestamp"] < "2026-11-04"],
            "no entry in the export: none that",
        ),
        (
            lambda entries: [one for one in entries if one["timestamp"] > "2026-11-06"],
            "no entry in the export: it opened",
        ),
    ],
)
def test_what_fired_for_entries_that_are_not_there_says_so(
    month: Month, tmp_path: Path, change: Callable[[list[Entry]], list[Entry]], reason: str
) -> None:
    """The failing mails of 5 November, with its entries left out of the export."""
    entries = [json.loads(line) for line in month.logs.read_text().splitlines()]
    some = _write(tmp_path / "some.jsonl", change(entries))
    window = ["--from", "2026-11-05T15:30:00Z"] if "opened" in reason else ["--to", "2026-11-08T00:00:00Z"]
    told = _json(some, month.violations, "--policy", "email_failures", *window)
    assert told["only_in_fired"][0]["reason"].startswith(reason)
