"""Measure what people do with a month of logs: replay, report and diff, the first time and after an edit."""

from __future__ import annotations

import re
from pathlib import Path

from bench.child import ROOT
from bench.commands import Measured, change, copy_of_project, measured
from bench.generate import write_day

DAYS, MERCHANTS, STORES = 30, 20, 100
Row = dict[str, Measured]
_COMPARED, _METRIC = re.compile("> <<.*>>"), re.compile(r"<<metric:(\w+)>>")
_HOUR = re.compile(rb'"timestamp": ?"([0-9-]+T[0-9]{2})')
_FILTER = "filter: |-\n  "


def write_month(file: Path, entries: int) -> None:
    """Write a month of the sample's mix."""
    sample = min((ROOT / "samples").glob("*.jsonl.gz"))
    write_day(sample, file, entries, merchants=MERCHANTS, stores=STORES, days=DAYS)


def write_hours(month: Path, folder: Path) -> list[str]:
    """Write the entries of a month into a file for each hour, as a sink to Cloud Storage does; return their names.

    https://docs.cloud.google.com/logging/docs/export/storage#gcs-organization
    """
    folder.mkdir()
    hours: dict[bytes, list[bytes]] = {}
    for line in month.read_bytes().splitlines(keepends=True):
        hours.setdefault(_HOUR.findall(line)[0], []).append(line)
    for hour, lines in hours.items():
        (folder / f"{hour.decode()}.jsonl").write_bytes(b"".join(lines))
    return sorted(map(str, folder.iterdir()))


def projects(folder: Path) -> tuple[Path, Path]:
    """Make two projects, whatever alerts there are: one with another threshold, one with another filter, too."""
    threshold, filtered = copy_of_project(folder / "threshold"), copy_of_project(folder / "filter")
    policies = {file.name: file.read_text(encoding="utf-8") for file in (ROOT / "alert_policies").glob("*.yaml")}
    name, text = next((name, text) for name, text in sorted(policies.items()) if _COMPARED.search(text))
    (compared, *_), (metric, *_) = _COMPARED.findall(text), _METRIC.findall(text)
    for project in (threshold, filtered):
        change(project / "alert_policies" / name, compared, "> 0.03")
    change(filtered / "log_metrics" / f"{metric}.yaml", _FILTER, f"{_FILTER}sample(insertId, 0.5)\n  AND ")
    return threshold, filtered


def month(file: Path, folder: Path) -> Row:
    """Measure what is done with one file of logs; `folder` is empty."""
    threshold, filtered = projects(folder)
    cache, logs, out = folder / "cache", str(file), str(folder / "report")
    return {
        "replay": measured("replay", logs, cache=cache),
        "replay, a file for each hour": measured("replay", *write_hours(file, folder / "hours")),
        "replay, a threshold changed": measured("replay", logs, folder=threshold, cache=cache),
        "report": measured("report", logs, "--out", out),
        "report, a threshold changed": _report_again(logs, out, threshold, folder / "cache-of-report"),
        "diff, nothing changed": measured("diff", str(ROOT), str(ROOT), logs, cache=cache),
        "diff, a threshold changed": measured("diff", str(ROOT), str(threshold), logs, "--stack", "demo", cache=cache),
        "diff, a filter changed": measured("diff", str(ROOT), str(filtered), logs, "--stack", "demo", cache=cache),
        "diff, a filter changed, nothing kept": measured("diff", str(ROOT), str(filtered), logs, "--stack", "demo"),
    }


def _report_again(logs: str, out: str, threshold: Path, cache: Path) -> Measured:
    measured("report", logs, "--out", out, cache=cache)
    return measured("report", logs, "--out", out, folder=threshold, cache=cache)
