"""`loyalty-monitoring contract check` as a stranger runs it."""

from __future__ import annotations

import gzip
import json
import re
import subprocess
from pathlib import Path

import pytest

from loyalty_monitoring.definitions.load import load_definitions
from loyalty_monitoring.definitions.settings import load_stack_settings
from tests.checks.contract.lines import changed, check, checked, healthy, text, without
from tests.conftest import PROGRAM, PROJECT, ROOT
from tests.log_lines import write

DEFINITIONS = load_definitions(PROJECT, load_stack_settings(PROJECT, "demo"))
EVENTS = [str(one["jsonPayload"]["event"]) for one in healthy() if "event" in one["jsonPayload"]]


def _counting(event: str) -> list[str]:
    """The metrics that count an event, by their names in PromQL."""
    return [one.promql_name for one in DEFINITIONS.log_metrics if f"^{event}$" in one.body["filter"]]


# Events that some alert reads, and those that a metric of their own counts.
ALERTING = {
    event
    for event in EVENTS
    for name in _counting(event)
    for policy in DEFINITIONS.alert_policies
    if name in policy.query
}
CHARTED = [event for event in EVENTS if _counting(event)]


def test_a_healthy_module_has_no_finding_and_exits_with_0(tmp_path: Path) -> None:
    done = check(write(tmp_path / "day.jsonl", healthy()))
    assert done.returncode == 0
    assert done.stderr == ""
    # An active program and tasks that never fail leave metrics empty, which are noted, and nothing else is.
    assert done.stdout.splitlines()[-1].startswith("0 errors, 0 warnings, ")
    notes = [line for line in done.stdout.splitlines() if line.startswith("note ")]
    assert all(re.search("metric [a-z0-9_/]+: matches nothing", line) for line in notes)


def test_the_sample_only_has_the_near_misses_that_are_in_it_on_purpose() -> None:
    done = check("--project-dir", ROOT, "--format", "json", *sorted((ROOT / "samples").glob("*.jsonl.gz")))
    report = json.loads(done.stdout)
    assert (done.returncode, report["holds"]) == (0, True)
    # An event that no alert reads may be newer than the sample: absent, and the contract holds.
    states = {event["event"]: event["state"] for event in report["events"]}
    absent = {event for event, state in states.items() if state == "absent"}
    assert {event: state for event, state in states.items() if state not in ("ok", "absent")} == {
        "card_enrolled": "broken"
    }
    (warning,) = [one for one in report["findings"] if one["level"] == "warning" and one["subject"] not in absent]
    assert '"app.modules.loyalty.card_service_test"' in warning["message"]
    lines = gzip.decompress((ROOT / warning["example"]["file"]).read_bytes()).splitlines()
    decoys = [number for number, line in enumerate(lines, start=1) if b"card_service_test" in line]
    assert warning["example"]["line"] == decoys[0]
    notes = " ".join(one["message"] for one in report["findings"] if one["level"] == "note")
    for logger in ("app.modules.loyalty_v2.card_service", "app.modules.orders.rate_limiter"):
        assert f"come from the logger {logger}, and do not count" in notes


def test_an_absent_event_that_an_alert_needs_exits_with_1_and_names_alert_and_charts() -> None:
    code, report = checked(text(without("rate_limit_exceeded")))
    assert (code, report["holds"]) == (1, False)
    (finding,) = [one for one in report["findings"] if one["level"] == "error"]
    assert (finding["subject"], finding["message"]) == ("rate_limit_exceeded", "no entry keeps the contract")
    assert finding["alerts"] == ["rate_limit_spike"]
    assert "Loyalty: overview / Rejected requests per hour by store, 20 highest stores" in finding["charts"]
    assert "rate_limited_requests" in {one["metric"] for one in report["metrics_without_data"]}
    shown = check("-", stdin=text(without("rate_limit_exceeded"))).stdout
    assert "error  rate_limit_exceeded: no entry keeps the contract" in shown
    assert "blind alerts: rate_limit_spike" in shown


def test_an_absent_event_that_only_charts_need_is_a_warning_and_exits_with_0() -> None:
    name = next(name for name in CHARTED if name not in ALERTING)
    code, report = checked(text(without(name)))
    assert code == 0
    (finding,) = [one for one in report["findings"] if one["level"] == "warning"]
    assert finding["charts"]
    assert not finding["alerts"]


def test_no_entry_at_all_blinds_every_alert() -> None:
    code, report = checked("")
    assert code == 1
    alerts = {alert for one in report["findings"] for alert in one["alerts"]}
    assert alerts == {file.stem for file in (PROJECT / "alert_policies").glob("*.yaml")}


def test_the_first_example_is_named_with_its_file_and_line_among_several_files(tmp_path: Path) -> None:
    good = write(tmp_path / "a.jsonl", healthy())
    bad = write(tmp_path / "b.jsonl", [*healthy(), changed("rate_limit_exceeded", status="429")])
    worse = tmp_path / "c.json"
    worse.write_text(json.dumps([changed("rate_limit_exceeded", status="430")], indent=1))
    report = json.loads(check("--format", "json", good, bad, worse).stdout)
    (event,) = [one for one in report["events"] if one["event"] == "rate_limit_exceeded"]
    (problem,) = event["problems"]
    assert (problem["entries"], problem["found"]) == (2, '"429"')
    assert problem["example"] == {"file": str(bad), "line": len(healthy()) + 1}
    backwards = json.loads(check("--format", "json", worse, bad).stdout)
    (event,) = [one for one in backwards["events"] if one["event"] == "rate_limit_exceeded"]
    assert event["problems"][0]["example"] == {"file": str(worse), "line": 2}


def test_every_shape_of_file_says_the_same(tmp_path: Path) -> None:
    entries = [*healthy(), changed("wallet_sync_completed", failure_rate=1.01)]
    packed, array = tmp_path / "day.jsonl.gz", tmp_path / "day.json"
    packed.write_bytes(gzip.compress(text(entries).encode()))
    array.write_text("[" + ",\n".join(text(entries).splitlines()) + "]")
    answers = [check("--format", "json", file).stdout for file in (packed, array)]
    answers.append(check("--format", "json", "-", stdin=text(entries)).stdout)
    named = [answer.replace(str(file), "FILE") for answer, file in zip(answers, (packed, array, "standard input"))]  # noqa: B905
    assert len(set(named)) == 1


def test_what_is_no_entry_is_told_and_with_strict_an_error(tmp_path: Path) -> None:
    file = tmp_path / "day.jsonl"
    file.write_text("no JSON\n" + '{"x": "' + "y" * 3 * 2**20 + '"}\n' + text(healthy()))
    lax = check(file)
    assert lax.returncode == 0
    assert f"{len(healthy()) + 2} entries read, {len(healthy())} used, 2 rejected" in lax.stdout
    assert f"{file}:1: is not JSON" in lax.stdout
    assert f"{file}:2: is longer than 2 MiB" in lax.stdout
    strict = check("--strict", file)
    assert (strict.returncode, strict.stdout) == (2, "")
    assert f"{file}:1:" in strict.stderr


def test_a_mistake_is_one_clear_error_and_exit_status_2() -> None:
    for arguments, words in (
        (("none.jsonl",), "none.jsonl"),
        ((), "FILE..."),
        (("--stack", "dmo", "x.jsonl"), "did you mean 'demo'"),
        (("--format", "xml", "x.jsonl"), "'xml' is not one of"),
    ):
        done = check(*arguments)
        assert (done.returncode, done.stdout) == (2, "")
        assert words in done.stderr
        assert "Traceback" not in done.stderr


def test_a_reader_that_has_enough_is_no_error() -> None:
    shell = f"{PROGRAM} contract check samples/2026-11-02.jsonl.gz | head -1"
    done = subprocess.run(["bash", "-c", shell], capture_output=True, text=True, cwd=ROOT, check=False)
    assert (done.stderr, len(done.stdout.splitlines())) == ("", 1)


@pytest.mark.parametrize("form", ["text", "json"])
def test_hostile_text_of_a_log_cannot_speak_to_the_terminal(form: str) -> None:
    evil = "\x1b[2J\x07\u202e\nerror  all is well: [bold]x[/bold]'; DROP TABLE entries; --"
    entries = [
        changed("email_status_changed", status=evil),
        changed("card_enrolled", top={"labels": {"python_logger": f"app.modules.loyalty.{evil}"}}),
        changed("card_enrolled", top={"labels": {"python_logger": evil}}),
        changed("card_enrolled", event=evil),
        changed("rate_limit_exceeded", top={"resource": {"type": evil, "labels": {}}}),
    ]
    done = check("--format", form, "-", stdin=text([*healthy(), *entries]))
    assert done.returncode == 1
    assert done.stderr == ""
    assert all(character.isprintable() for character in done.stdout.replace("\n", ""))
    assert not [line for line in done.stdout.splitlines() if line.startswith("error  all is well")]
    if form == "text":
        assert "[bold]x[/bold]" in done.stdout
