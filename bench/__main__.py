"""Measure side by side in one run, and write docs/figures.md; with --check, compare ratios with bench/ratios.json."""

from __future__ import annotations

import argparse
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from bench.child import child
from bench.commands import PROGRAM
from bench.generate import write_week
from bench.month import DAYS, MERCHANTS, STORES, Row, month, write_month
from bench.ratios import accept, kept_ratios, ratios, worse
from tools.figures import PAGE, replace_section

_TIMES = (1, 3, 10)


@dataclass(frozen=True)
class Sizes:
    """Sizes of what is measured: entries of the smallest month, merchants and stores of the week, files to lint."""

    entries: int
    merchants: int
    stores: int
    linted_files: tuple[int, ...]


USUAL = Sizes(20_000, 200, 1_000, (300, 3_000))
LARGE = Sizes(149_000, 1_000, 5_000, (1_000, 10_000))


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--large", action="store_true", help="measure seven times as much, which takes half an hour")
    parser.add_argument("--check", action="store_true", help="fail when a ratio got worse by half")
    parser.add_argument("--accept", action="store_true", help="write bench/ratios.json")
    arguments = parser.parse_args()
    if arguments.check or arguments.accept:
        sys.exit(_compare(is_accepted=arguments.accept))
    text = "\n".join(_figures(LARGE if arguments.large else USUAL))
    PAGE.write_text(replace_section(PAGE.read_text(encoding="utf-8"), "speed", text), encoding="utf-8")
    print("bench: wrote the section speed of docs/figures.md")


def _compare(*, is_accepted: bool) -> int:
    found = ratios()
    for name, value in found.items():
        print(f"{name:<30} {value:6.2f}")
    if is_accepted:
        accept(found)
        return 0
    problems = list(worse(found, kept_ratios()))
    for problem in problems:
        print(f"bench: {problem}", file=sys.stderr)
    return 1 if problems else 0


def _figures(sizes: Sizes) -> Iterator[str]:
    yield _machine()
    with tempfile.TemporaryDirectory(prefix="loyalty-bench-") as folder:
        yield from _months(Path(folder), sizes.entries)
        yield from _promql(Path(folder), sizes)
        yield from _lint(Path(folder), sizes)
    yield ""
    yield f"`loyalty-monitoring --help` takes {_help_seconds():.2f} s, the best of 5."


def _months(folder: Path, entries: int) -> Iterator[str]:
    columns = []
    for times in _TIMES:
        file = folder / "month.jsonl"
        write_month(file, times * entries)
        own = folder / f"{times}"
        own.mkdir()
        columns.append(_say(f"{times * entries:,} entries", month(file, own)))
    yield ""
    yield f"A month ({DAYS} days, {MERCHANTS} merchants, {STORES} stores), in CPU seconds and MB of the largest process"
    yield ""
    yield "| | " + " | ".join(f"{times * entries:,} entries" for times in _TIMES) + " |"
    yield "|---|" + "---|" * len(_TIMES)
    for name in columns[0]:
        yield (
            f"| {name} | " + " | ".join(f"{one[name].cpu:.1f} s, {one[name].megabytes:,} MB" for one in columns) + " |"
        )
    yield ""
    yield from _points(file, times * entries)


def _points(file: Path, entries: int) -> Iterator[str]:
    replay, loop, table = child("replay", file), child("loop", file), child("table", file)
    if replay["found"] != loop["found"]:
        sys.exit("bench: replay and the plain Python loop count differently; docs/figures.md stays as it is")
    reading = {"seconds": replay["reading"], "cpu": replay["cpu_of_reading"]}
    yield f"From .jsonl to the points of all {replay['metrics']} metrics, {entries:,} entries, with the same counts"
    yield ""
    yield "| | elapsed | CPU seconds |"
    yield "|---|---|---|"
    for name, one in (
        ("replay", replay),
        ("its reading alone", reading),
        ("DuckDB's `CREATE TABLE` of the same fields", table),
        ("a plain Python loop (orjson, compiled expressions)", loop),
    ):
        yield f"| {name} | {one['seconds']:.1f} s | {one['cpu']:.1f} |"


def _promql(folder: Path, sizes: Sizes) -> Iterator[str]:
    file = folder / "week.jsonl"
    write_week(file, merchants=sizes.merchants, stores=sizes.stores)
    result = child("promql", file)
    yield ""
    yield (
        f"PromQL of 7 days, {sizes.merchants:,} merchants and {sizes.stores:,} stores ({result['samples']:,} samples), "
        "of all alerts"
    )
    yield ""
    yield "| | elapsed | CPU seconds |"
    yield "|---|---|---|"
    for name in ("first", "blocks kept", "answers kept"):
        yield f"| {name} | {result[name]['seconds']:.1f} s | {result[name]['cpu']:.1f} |"


def _lint(folder: Path, sizes: Sizes) -> Iterator[str]:
    yield ""
    yield "| lint of | CPU seconds | beside reading them plainly | most memory |"
    yield "|---|---|---|---|"
    for files in sizes.linted_files:
        one = child("lint", folder / "lint" / str(files))
        size = f"{files:,} files, {one['size'] / 1e6:.1f} MB"
        yield f"| {size} | {one['cpu']:.1f} | {one['cpu'] / one['plain']:.1f} times | {one['megabytes']:,} MB |"


def _say(what: str, found: Row) -> Row:
    print(f"bench: measured {what}", file=sys.stderr)
    return found


def _help_seconds() -> float:
    times = []
    for _ in range(5):
        started = time.perf_counter()
        subprocess.run([PROGRAM, "--help"], check=True, capture_output=True)
        times.append(time.perf_counter() - started)
    return min(times)


def _machine() -> str:
    cpu = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        lines = info.read_text(encoding="utf-8").splitlines()
        names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
        cpu = names[0] if names else cpu
    return f"{os.cpu_count()} cores of {cpu}, Python {platform.python_version()}, DuckDB {version('duckdb')}."


if __name__ == "__main__":
    main()
