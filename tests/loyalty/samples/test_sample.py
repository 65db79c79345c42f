"""The shipped sample: that it keeps the log contract, that real tasks made it, that the generator makes it again."""

from __future__ import annotations

import ast
import dataclasses
import gzip
import json
import logging
import re
import subprocess
from collections import Counter
from datetime import datetime
from functools import cache
from itertools import pairwise
from typing import Any

import pytest

from loyalty_simulation.story import entries as simulated
from tests.conftest import PROGRAM, ROOT
from tests.loyalty.samples.story import sample_story

SAMPLES = ROOT / "samples"
FIRST_DAY, FAULTY_DAY = "2026-11-02", "2026-11-07"
HEALTHY_DAYS = ("2026-11-02", "2026-11-03", "2026-11-04", "2026-11-05", "2026-11-06", "2026-11-09")

Entry = dict[str, Any]
Rule = tuple[str, set[str], dict[str, type]]

# The log contract's table: event -> logger, severities, required fields. Read here on its own, not from the
# definitions that the sample is to be replayed through.
_MOVE: dict[str, type] = {"merchant_id": str, "store_id": str, "card_id": str}
_STAMPS = ("stamp_service", {"INFO"}, {**_MOVE, "stamps": int})
_POINTS = ("points_service", {"INFO"}, {**_MOVE, "points": int})
_STEP: Rule = ("enrollment", {"INFO"}, {"merchant_id": str, "store_id": str})
_SYNC_FAILURE: dict[str, type] = {"platform": str, "card_id": str, "retry_count": int}
_COUNTS = [
    "program_active_days",
    "new_cards_7d",
    "active_cards",
    "at_risk_cards",
    "google_wallet_cards",
    "apple_wallet_cards",
    "stamp_cards",
    "stamp_cards_completed",
    "cohort_m3_cards",
    "cohort_m3_retained",
]

CONTRACT: dict[str, Rule] = {
    "card_enrolled": ("card_service", {"INFO"}, _MOVE),
    "card_deactivated": ("card_service", {"INFO"}, {"merchant_id": str, "card_id": str}),
    "card_anonymized": ("card_service", {"INFO"}, {"merchant_id": str, "card_id": str}),
    "stamp_added": _STAMPS,
    "stamp_redeemed": _STAMPS,
    "stamp_voided": _STAMPS,
    "points_earned": _POINTS,
    "points_redeemed": _POINTS,
    "points_voided": _POINTS,
    "points_adjusted": _POINTS,
    "email_queued": ("notification_service", {"INFO"}, {"template_code": str, "recipient": str}),
    "email_status_changed": ("notification_service", {"INFO", "WARNING"}, {"template_code": str, "status": str}),
    "expiration_chunk_processed": ("point_expiration", {"INFO"}, {"cards": int, "points": int}),
    "card_sync_failed": ("wallet_sync", {"WARNING"}, _SYNC_FAILURE),
    "card_sync_exhausted": ("wallet_sync", {"ERROR"}, _SYNC_FAILURE),
    "wallet_sync_completed": (
        "wallet_sync",
        {"INFO", "WARNING"},
        {"platform": str, "cards_total": int, "cards_failed": int, "failure_rate": float},
    ),
    "rate_limit_exceeded": ("rate_limiter", {"WARNING"}, {"store_id": str, "status": int}),
    "enrollment_page_viewed": _STEP,
    "enrollment_form_started": _STEP,
    "enrollment_submitted": _STEP,
    "task_freshness": ("program_reporter", {"INFO"}, {"task": str, "last_success_timestamp": float}),
    "program_snapshot": (
        "program_reporter",
        {"INFO"},
        {"merchant_id": str, "program_active": bool, **dict.fromkeys(_COUNTS, int)},
    ),
}


@cache
def lines(date: str) -> bytes:
    return gzip.decompress((SAMPLES / f"{date}.jsonl.gz").read_bytes())


@cache
def day(date: str) -> tuple[Entry, ...]:
    return tuple(json.loads(line) for line in lines(date).splitlines())


@cache
def all_days() -> list[Entry]:
    return [entry for file in sorted(SAMPLES.glob("*.jsonl.gz")) for entry in day(file.name[:10])]


def of_the_module(entries: list[Entry] | tuple[Entry, ...], event: str) -> list[Entry]:
    return [
        entry
        for entry in entries
        if entry.get("jsonPayload", {}).get("event") == event
        and re.match(r"app\.modules\.loyalty\.", entry["labels"]["python_logger"])
    ]


def celery_lines(entries: list[Entry]) -> list[str]:
    return [
        entry["jsonPayload"]["message"]
        for entry in entries
        if entry.get("labels") == {"python_logger": "celery.app.trace"}
    ]


# --- the generator


def test_the_command_writes_the_shipped_first_day_again_to_the_byte() -> None:
    story = sample_story()
    size = [f"--merchants={story.merchants}", f"--stores={story.stores}"]
    options = [f"--start={story.start:%Y-%m-%d}", "--days=1", *size, f"--seed={story.seed}"]
    # In a process of its own, as `make samples` does: Google's library logs its version once a process.
    done = subprocess.run([PROGRAM, "simulate", *options], capture_output=True, check=True)
    assert done.stdout == lines(FIRST_DAY)


def test_the_generator_leaves_logging_as_it_was() -> None:
    root = logging.getLogger()
    before = (root.level, list(root.handlers))
    (day,) = simulated(dataclasses.replace(sample_story(), days=1, faults=()))
    assert day
    assert (root.level, list(root.handlers)) == before


def test_every_day_is_a_file_and_all_together_are_a_few_megabytes() -> None:
    files = sorted(SAMPLES.glob("*.jsonl.gz"))
    assert [file.name for file in files] == [f"2026-11-{number:02d}.jsonl.gz" for number in range(2, 10)]
    assert sum(file.stat().st_size for file in files) < 4_000_000


def test_files_carry_no_time_or_name_of_their_making() -> None:
    for file in SAMPLES.glob("*.jsonl.gz"):
        header = file.read_bytes()[:10]
        assert header[3] == 0  # no flags: no file name
        assert header[4:8] == bytes(4)  # no modification time


# --- the entries


@pytest.mark.parametrize("event", CONTRACT)
def test_an_event_of_the_module_keeps_the_contract_and_occurs(event: str) -> None:
    logger, severities, fields = CONTRACT[event]
    seen = set()
    for entry in of_the_module(all_days(), event):
        if entry["labels"]["python_logger"].endswith("_test"):
            continue
        payload = entry["jsonPayload"]
        assert re.fullmatch(rf"app\.modules\.loyalty(\.\w+)*\.{logger}", entry["labels"]["python_logger"])
        assert entry["severity"] in severities
        assert entry["resource"]["type"] == "k8s_container"
        for field, kind in fields.items():
            assert type(payload[field]) in ((int, float) if kind is float else (kind,)), (field, payload)
        seen.add(entry["severity"])
    assert seen == severities


def test_severity_says_whether_something_failed() -> None:
    for entry in of_the_module(all_days(), "email_status_changed"):
        assert (entry["severity"] == "WARNING") == (entry["jsonPayload"]["status"] in ("failed", "bounced"))
    for entry in of_the_module(all_days(), "wallet_sync_completed"):
        payload = entry["jsonPayload"]
        assert (entry["severity"] == "WARNING") == (payload["cards_failed"] > 0)
        assert payload["failure_rate"] == payload["cards_failed"] / payload["cards_total"]


def test_all_statuses_platforms_and_watched_tasks_occur() -> None:
    entries = all_days()

    def values(event: str, field: str) -> set[str]:
        return {entry["jsonPayload"][field] for entry in of_the_module(entries, event)}

    statuses = {"sent", "failed", "bounced", "delivered", "opened", "clicked"}
    assert values("email_status_changed", "status") == statuses
    assert values("wallet_sync_completed", "platform") == {"google", "apple"}
    assert values("task_freshness", "task") == {"loyalty.expire_points", "loyalty.sync_wallet_passes"}


def test_entries_are_ordered_within_their_day_and_known_by_their_ids() -> None:
    ids = Counter(entry["insertId"] for entry in all_days())
    assert ids.most_common(1)[0][1] == 1
    for file in SAMPLES.glob("*.jsonl.gz"):
        stamps = [entry["timestamp"] for entry in day(file.name[:10])]
        assert stamps == sorted(stamps)
        assert {stamp[:10] for stamp in stamps} == {file.name[:10]}


def test_names_of_merchants_are_more_than_ascii() -> None:
    names = {e["jsonPayload"]["merchant_name"] for e in of_the_module(day(FIRST_DAY), "program_snapshot")}
    assert {"Café Zoë", "寿司 一番", "O'Leary's \"Old\" Books"} <= names


def test_nothing_tells_of_a_real_person_or_the_machine_that_made_it() -> None:
    for entry in of_the_module(all_days(), "email_queued"):
        assert re.fullmatch(r"c-\d{7}@example\.com", entry["jsonPayload"]["recipient"])
    for file in SAMPLES.glob("*.jsonl.gz"):
        for path in re.findall(rb'File \\"([^"\\]+)', lines(file.name[:10])):
            assert path.startswith((b"/srv/loyalty_simulation/", b"/usr/local/lib/python3/site-packages/celery/"))


# --- the real worker


def test_celery_itself_reports_what_each_run_of_the_wallet_sync_returned() -> None:
    entries = all_days()
    returned = [
        ast.literal_eval(found[1])
        for line in celery_lines(entries)
        if (found := re.match(r"Task loyalty\.sync_wallet_passes\[[0-9a-f-]{36}\] succeeded in [\d.]+s: (.*)", line))
    ]
    logged = [
        {"platform": p["platform"], "cards": p["cards_total"], "failed": p["cards_failed"]}
        for p in (entry["jsonPayload"] for entry in of_the_module(entries, "wallet_sync_completed"))
    ]
    assert len(returned) == 8 * 24 * 2 - 1  # one Apple run raised

    def key(run: dict[str, Any]) -> list[tuple[str, str]]:
        return sorted((k, str(v)) for k, v in run.items())

    assert sorted(returned, key=key) == sorted(logged, key=key)


def test_celery_itself_reports_successes_retries_and_failures_of_the_expiration() -> None:
    outcome = [
        found[1]
        for line in celery_lines(all_days())
        if (found := re.match(r"Task loyalty\.expire_points\[[^]]+\] (succeeded|retry|raised \w+)", line))
    ]
    success, retry, failure = "succeeded", "retry", "raised unexpected"
    assert outcome == [success] * 2 + [retry, success] + [success] * 2 + [retry, retry, failure] + [success] * 3


def test_runtimes_are_those_of_the_story() -> None:
    for entry in all_days():
        message = entry.get("jsonPayload", {}).get("message", "")
        if found := re.match(r"Task loyalty\.expire_points\S+ succeeded in ([\d.]+)s", message):
            assert 15 < float(found[1]) < 400


def test_a_raised_exception_keeps_its_traceback_in_one_structured_entry() -> None:
    (failed,) = [line for line in celery_lines(list(day(FAULTY_DAY))) if "raised" in line]
    assert failed.splitlines()[0].startswith("Task loyalty.expire_points[")
    assert failed.splitlines()[1] == "Traceback (most recent call last):"
    assert failed.splitlines()[-1] == "TimeoutError: canceling statement due to statement timeout"


def test_a_worker_with_celerys_default_logging_arrives_as_text_with_severity_error_a_line_an_entry() -> None:
    text = [e for e in all_days() if e["resource"]["labels"]["pod_name"] == "spare-worker-0"]
    assert {(entry["severity"], entry["logName"]) for entry in text} == {("ERROR", "projects/demo/logs/stderr")}
    whole = [entry["textPayload"] for entry in text]
    for outcome in ("succeeded in", "retry: Retry in 30s", "raised unexpected: ConnectionError"):
        pattern = rf"\[[\d :,-]+: \w+/MainProcess\] Task loyalty\.warm_pass_images\[[0-9a-f-]+\] {outcome}"
        assert any(re.match(pattern, line) for line in whole), outcome
    assert "Traceback (most recent call last):" in whole
    watched = [line for line in whole if re.search(r"Task loyalty\.sync_wallet_passes\S+ succeeded in", line)]
    assert len(watched) == 8


# --- health and noise


def share_of_failed_mail(entries: tuple[Entry, ...]) -> float:
    status = Counter(
        entry["jsonPayload"]["status"]
        for entry in of_the_module(entries, "email_status_changed")
        if entry["jsonPayload"]["template_code"].startswith("loyalty_")
    )
    return status["failed"] / (status["failed"] + status["sent"])


def refusals_a_store_and_minute(entries: tuple[Entry, ...]) -> int:
    """The most of any store and minute."""
    refused = of_the_module(entries, "rate_limit_exceeded")
    return max(Counter((e["jsonPayload"]["store_id"], e["timestamp"][:16]) for e in refused).values())


def worst_hour_of_wallet_sync(entries: tuple[Entry, ...]) -> float:
    """Failed cards of all synced, both platforms."""
    total: Counter[str] = Counter()
    failed: Counter[str] = Counter()
    for entry in of_the_module(entries, "wallet_sync_completed"):
        total[entry["timestamp"][:13]] += entry["jsonPayload"]["cards_total"]
        failed[entry["timestamp"][:13]] += entry["jsonPayload"]["cards_failed"]
    return max(failed[hour] / total[hour] for hour in total)


@pytest.mark.parametrize("date", HEALTHY_DAYS)
def test_a_healthy_day_stays_clear_of_every_limit(date: str) -> None:
    assert 0.0005 < share_of_failed_mail(day(date)) < 0.005
    assert refusals_a_store_and_minute(day(date)) <= 60
    assert worst_hour_of_wallet_sync(day(date)) < 0.04


def test_the_faulty_day_is_over_them() -> None:
    assert share_of_failed_mail(day(FAULTY_DAY)) > 0.02
    assert refusals_a_store_and_minute(day(FAULTY_DAY)) > 120
    assert worst_hour_of_wallet_sync(day(FAULTY_DAY)) > 0.4


def test_runs_of_one_platform_are_an_hour_apart_ten_minutes_more_or_less() -> None:
    runs: dict[str, list[datetime]] = {"google": [], "apple": []}
    for entry in of_the_module(all_days(), "wallet_sync_completed"):
        runs[entry["jsonPayload"]["platform"]].append(datetime.fromisoformat(entry["timestamp"]))
    for platform, moments in runs.items():
        gaps = sorted((b - a).total_seconds() / 60 for a, b in pairwise(moments))
        missed = 1 if platform == "apple" else 0
        assert gaps[0] >= 50
        assert gaps[-1 - missed] <= 70


def test_snapshots_agree_with_the_enrollments_in_the_logs() -> None:
    """At the end of the eighth day, seven days of `card_enrolled` are in the sample."""
    last = {e["jsonPayload"]["merchant_id"]: e for e in of_the_module(day("2026-11-09"), "program_snapshot")}
    enrolled = of_the_module(all_days(), "card_enrolled")
    for merchant_id, snapshot in last.items():
        until = snapshot["timestamp"]
        since = f"2026-11-02{until[10:]}"
        count = sum(
            e["jsonPayload"]["merchant_id"] == merchant_id and since < e["timestamp"] <= until
            for e in enrolled
            if not e["labels"]["python_logger"].endswith("_test")
        )
        assert snapshot["jsonPayload"]["new_cards_7d"] == count


def test_look_alikes_of_other_modules_and_templates_are_there_to_be_ignored() -> None:
    entries = all_days()
    loggers = Counter(entry.get("labels", {}).get("python_logger", "") for entry in entries)
    assert loggers["app.modules.loyalty_v2.card_service"] > 50
    assert loggers["app.modules.loyalty.card_service_test"] > 50
    assert loggers["app.modules.loyalty_v2.wallet_sync"] > 10
    assert loggers["app.modules.orders.rate_limiter"] > 1000
    foreign = Counter(
        entry["jsonPayload"]["status"]
        for entry in of_the_module(entries, "email_status_changed")
        if entry["jsonPayload"]["template_code"] == "order_confirmation"
    )
    assert foreign["failed"] / foreign.total() > 0.05
    assert sum(entry["resource"]["labels"]["container_name"] == "nginx" for entry in entries) > 1000
