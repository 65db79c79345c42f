"""Measure and print, side by side in one run. Figures only: nothing here passes or fails by time."""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

from bench.child import ROOT
from bench.generate import write_day, write_week

_LINTED_FILES = (1_000, 10_000)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--entries", type=int, default=2_000_000, help="entries of the day (default: %(default)s)")
    parser.add_argument("--most", type=int, default=10_000_000, help="entries for peak memory (default: %(default)s)")
    arguments = parser.parse_args()
    print(_machine())
    with tempfile.TemporaryDirectory(prefix="loyalty-bench-") as folder:
        _measure_replay(Path(folder), arguments.entries, arguments.most)
        _measure_promql(Path(folder))
    with tempfile.TemporaryDirectory(prefix="loyalty-bench-") as folder:
        _measure_lint(Path(folder))
    _measure_help()


def _measure_replay(folder: Path, entries: int, most: int) -> None:
    def day(count: int) -> Path:
        file = folder / "day.jsonl"
        write_day(_sample(), file, count, merchants=200, stores=1000)
        return file

    file = day(entries)
    size = file.stat().st_size
    print(f"\nOne day, {entries:,} entries of the sample's mix ({size / 1e6:,.0f} MB), 200 merchants, 1,000 stores,")
    print("from .jsonl to the points of every metric:")
    replay, loop = _child("replay", file), _child("loop", file)
    print(f"  {'':<12} {'seconds':>8} {'entries/s':>12} {'peak MB':>8}")
    for name, result in (("replay", replay), ("Python loop", loop)):
        print(f"  {name:<12} {result['seconds']:>8.2f} {entries / result['seconds']:>12,.0f} {result['megabytes']:>8}")
    same = replay["found"] == loop["found"]
    matched = sum(found[0] for found in replay["found"].values())
    print(f"  {loop['seconds'] / replay['seconds']:.1f} times the loop; reading is {replay['reading']:.2f} s of it")
    print(f"  writing what alerts need as text for Prometheus, which the loop does not: {replay['writing']:.2f} s more")
    print(
        f"  {replay['metrics']} metrics, {matched:,} matches; "
        + ("the same counts in both" if same else "COUNTS DIFFER")
    )
    if not same:
        for name in sorted(replay["found"].keys() | loop["found"].keys()):
            if replay["found"].get(name) != loop["found"].get(name):
                print(f"    {name}: replay {replay['found'].get(name)}, loop {loop['found'].get(name)}")
        sys.exit(1)
    print("\nReplay by size:")
    for count in (entries, 2 * entries, 4 * entries, most):
        result = _child("replay", day(count))
        rate = f"{count / result['seconds']:,.0f} entries/s"
        print(f"  {count:>12,} entries {result['seconds']:>7.2f} s {rate:>20} {result['megabytes']:>6} MB")
    file.unlink()


def _measure_promql(folder: Path) -> None:
    file = folder / "week.jsonl"
    entries = write_week(file, merchants=1000, stores=5000)
    result = _child("promql", file)
    print(
        f"\nPromQL stage, 7 days, 1,000 merchants, 5,000 stores ({entries:,} entries, {result['samples']:,} samples):"
    )
    print(
        f"  {result['seconds']:.1f} s, of which backfill {result['backfill']:.1f} s; "
        f"{result['policies']} policies, {result['incidents']} incidents"
    )


def _measure_lint(folder: Path) -> None:
    print("\nLint of metrics, policies and dashboards:")
    for files in _LINTED_FILES:
        result = _child("lint", folder / str(files))
        print(
            f"  {files:>7,} files ({result['size'] / 1e6:.1f} MB): {result['seconds']:.2f} s, {result['cpu']:.2f} s of "
            f"CPU, {result['findings']} findings, {result['megabytes']} MB at most"
        )


def _measure_help() -> None:
    command = [str(Path(sys.executable).with_name("loyalty-monitoring")), "--help"]
    times = []
    for _ in range(5):
        started = time.perf_counter()
        subprocess.run(command, check=True, capture_output=True)
        times.append(time.perf_counter() - started)
    print(f"\nloyalty-monitoring --help: {min(times):.2f} s (best of 5)")


def _child(what: str, file: Path) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", "bench.child", what, str(file)], cwd=ROOT, check=True, stdout=subprocess.PIPE
    )
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def _sample() -> Path:
    return min((ROOT / "samples").glob("*.jsonl.gz"))


def _machine() -> str:
    cpu = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        names = [
            line.partition(":")[2].strip() for line in info.read_text().splitlines() if line.startswith("model name")
        ]
        cpu = names[0] if names else cpu
    versions = ", ".join(f"{name} {version(name)}" for name in ("duckdb", "orjson"))
    return f"{os.cpu_count()} cores of {cpu}, Python {platform.python_version()}, {versions}"


if __name__ == "__main__":
    main()
