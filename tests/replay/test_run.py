"""Replay as a whole: which series it needs, whose mistake is whose, and that it can be interrupted."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from loyalty_monitoring.common.errors import UserError
from loyalty_monitoring.definitions.metric_usage import series_in_queries
from loyalty_monitoring.definitions.model import AlertPolicy, Definitions, LogMetric
from loyalty_monitoring.replay.run import replay
from tests.conftest import ROOT
from tests.log_lines import START, rejection, write

MINUTE = timedelta(minutes=1)
FILTER = 'jsonPayload.event="rate_limit_exceeded"'


def _metric(name: str, value_type: str = "INT64", value: str = "") -> LogMetric:
    descriptor = {"metricKind": "DELTA", "valueType": value_type, "labels": []}
    body = {"name": f"loyalty/{name}", "filter": FILTER, "metricDescriptor": descriptor}
    return LogMetric(name, (), {**body, "valueExtractor": value} if value else body, Path(f"log_metrics/{name}.yaml"))


def _policy(query: str, name: str = "many", interval: int = 60) -> AlertPolicy:
    condition = {"query": query, "duration": "0s", "evaluationInterval": f"{interval}s"}
    body = {"conditions": [{"conditionPrometheusQueryLanguage": condition}]}
    return AlertPolicy(name, (), "P1", body, Path(f"alert_policies/{name}.yaml"))


REJECTIONS = _metric("rejections")
COUNT = f"sum(sum_over_time({REJECTIONS.promql_name}[1m]))"


def _definitions(*policies: AlertPolicy) -> Definitions:
    return Definitions((REJECTIONS,), policies, ())


def test_only_the_series_that_a_query_names_are_needed() -> None:
    metrics = [_metric("a"), _metric("a_b"), _metric("d", "DISTRIBUTION"), _metric("e", "DISTRIBUTION")]
    query = "sum(logging_googleapis_com:user_loyalty_a_b) / sum(logging_googleapis_com:user_loyalty_d_sum) > 1"
    assert series_in_queries(metrics, [query]) == {
        "logging_googleapis_com:user_loyalty_a_b",
        "logging_googleapis_com:user_loyalty_d_sum",
    }


def test_the_window_is_that_of_the_entries_in_whole_minutes(tmp_path: Path) -> None:
    entries = [rejection(START + timedelta(seconds=seconds), "s-1") for seconds in (20, 200)]
    result = replay(_definitions(_policy(f"{COUNT} > 0")), [write(tmp_path / "e.jsonl", entries)])
    assert (result.window_from, result.window_to) == (START, START + 4 * MINUTE)


def test_entries_before_the_start_are_history_and_those_after_the_end_are_not_used(tmp_path: Path) -> None:
    # one a minute, in the minutes 0 to 9
    entries = [rejection(START + minute * MINUTE, "s-1") for minute in range(10)]
    policy = _policy(f"sum(sum_over_time({REJECTIONS.promql_name}[3m])) >= 3")
    file = write(tmp_path / "e.jsonl", entries)
    (incident,) = replay(_definitions(policy), [file], start=START + 5 * MINUTE, end=START + 7 * MINUTE).incidents
    assert (incident.opened, incident.closed, incident.value) == (START + 5 * MINUTE, None, 3.0)


def test_each_priority_of_order_opened_then_policy(tmp_path: Path) -> None:
    file = write(tmp_path / "e.jsonl", [rejection(START, "s-1"), rejection(START + 2 * MINUTE, "s-1")])
    definitions = _definitions(_policy(f"{COUNT} > 0", "b"), _policy(f"{COUNT} > 0", "a"))
    found = replay(definitions, [file], closing="at-once").incidents
    assert [(one.policy, (one.opened - START) // MINUTE) for one in found] == [("a", 1), ("b", 1), ("a", 3), ("b", 3)]


def test_an_unknown_policy_names_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no alert policy 'mny'; did you mean 'many'"):
        replay(_definitions(_policy("vector(1)")), [write(tmp_path / "e.jsonl", [])], policies=["mny"])


def test_files_without_an_entry_need_a_window(tmp_path: Path) -> None:
    file = write(tmp_path / "e.jsonl", [])
    definitions = _definitions(_policy(f"({COUNT} or vector(0)) == 0"))
    with pytest.raises(UserError, match="give both --from and --to"):
        replay(definitions, [file])
    (incident,) = replay(definitions, [file], start=START, end=START + MINUTE).incidents
    assert (incident.opened, incident.closed) == (START, None)


def test_a_window_that_ends_before_it_starts_is_an_error(tmp_path: Path) -> None:
    file = write(tmp_path / "e.jsonl", [rejection(START, "s-1")])
    before, after = datetime(2020, 1, 1, tzinfo=UTC), datetime(2030, 1, 1, tzinfo=UTC)
    with pytest.raises(UserError, match=r"the first entry is of .*, after --to .*; give a later --to"):
        replay(_definitions(), [file], end=before)
    with pytest.raises(UserError, match=r"the last entry is of .*, before --from .*; give an earlier --from"):
        replay(_definitions(), [file], start=after)
    with pytest.raises(UserError, match="mend --from or --to"):
        replay(_definitions(), [file], start=after, end=before)


def test_of_one_alert_only_what_its_metrics_want_is_told(tmp_path: Path) -> None:
    others = [
        replace(_metric(f"other{n}"), body={**_metric(f"other{n}").body, "filter": 'labels.python_logger="other"'})
        for n in range(3)
    ]
    mine = {**REJECTIONS.body, "filter": f'{FILTER} labels.python_logger="rate_limiter"'}
    definitions = Definitions((replace(REJECTIONS, body=mine), *others), (_policy(f"{COUNT} > 0"),), ())
    lines = [{**rejection(START, "s-1"), "labels": {"python_logger": name}} for name in ("rate_limiter", "odd")]
    files = [write(tmp_path / f"{number}.jsonl", [line]) for number, line in enumerate(lines)]
    assert replay(definitions, [files[0]], policies=["many"]).why_nothing_matched == ()
    (why,) = replay(definitions, [files[1]], policies=["many"]).why_nothing_matched
    assert 'labels.python_logger="rate_limiter", and the entries have odd (1)' in why


def test_a_window_in_which_nothing_is_evaluated_is_an_error_and_no_all_clear(tmp_path: Path) -> None:
    file = write(tmp_path / "e.jsonl", [rejection(START, "s-1")])
    between = {"start": START + timedelta(seconds=10), "end": START + timedelta(seconds=20)}
    with pytest.raises(UserError, match=r"no alert policy is evaluated from .*:10.* to .*:20.*; give an earlier"):
        replay(_definitions(_policy(f"{COUNT} > 0"), _policy("vector(1)", "other", 600)), [file], **between)
    fast = _policy(f"{COUNT} > 0", "fast", 5)
    assert replay(_definitions(fast, _policy("vector(1)", "other", 600)), [file], **between).incidents == ()


def test_a_query_that_prometheus_refuses_names_the_file_of_its_policy(tmp_path: Path) -> None:
    file = write(tmp_path / "e.jsonl", [rejection(START, "s-1")])
    with pytest.raises(UserError, match=r"alert_policies/many.yaml: Prometheus refuses the query"):
        replay(_definitions(_policy("sum(")), [file])


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_evaluation_ends_at_once(tmp_path: Path, how: signal.Signals) -> None:
    write(tmp_path / "e.jsonl", [rejection(START, "s-1"), rejection(START + timedelta(hours=20), "s-1")])
    program = """
import signal, sys
from pathlib import Path
from loyalty_monitoring.replay.run import replay
from tests.replay.test_run import _definitions, _policy
signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
# Whoever runs the tests in the background ignores Ctrl-C, and children inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)
slow = [_policy("count_over_time(vector(1)[9000h:1s])", f"slow_{number}") for number in range(4)]
def progress(what, share):
    if what.startswith("Evaluating"):
        print("evaluating", flush=True)
replay(_definitions(*slow), [Path(sys.argv[1])], progress=progress)
"""
    with subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path / "e.jsonl")],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd=ROOT,
        env={**os.environ, "TMPDIR": str(tmp_path)},
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"evaluating\n"
        time.sleep(1)
        process.send_signal(how)
        process.wait(60)  # of minutes that it would take
    assert [file.name for file in tmp_path.iterdir()] == ["e.jsonl"]
