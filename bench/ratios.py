"""Ratios that a machine's speed does not change, and a comparison with those of the repository (ratios.json).

Each is a command's CPU seconds beside those of a plain Python program that reads the same files, in one run. A command
that got slower by half fails the check.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from bench.child import ROOT, child
from bench.commands import Measured, measured
from bench.month import projects, write_hours, write_month

FILE = ROOT / "bench" / "ratios.json"
WORSE = 1.5
_ENTRIES = 40_000
_LINTED_FILES = (100, 400)
_TRIES = 2  # the quickest counts: what else the machine does makes nothing quicker


def ratios() -> dict[str, float]:
    """Measure all ratios."""
    with tempfile.TemporaryDirectory(prefix="loyalty-bench-") as folder:
        return dict(_of_logs(Path(folder))) | dict(_of_lint(Path(folder)))


def worse(found: Mapping[str, float], kept: Mapping[str, float]) -> Iterator[str]:
    """Yield a sentence for each ratio that got worse by half, or that only one side has."""
    for name in sorted(found.keys() | kept.keys()):
        if name not in found or name not in kept:
            yield f"{name}: is measured on one side only; write the file anew with --accept"
        elif found[name] > WORSE * kept[name]:
            yield f"{name}: {found[name]:.2f} times the plain program, and it was {kept[name]:.2f}"


def kept_ratios() -> dict[str, float]:
    """Return the ratios of the repository."""
    kept: dict[str, float] = json.loads(FILE.read_text(encoding="utf-8"))
    return kept


def accept(found: Mapping[str, float]) -> None:
    """Write the ratios into the repository."""
    rounded = {name: round(value, 2) for name, value in sorted(found.items())}
    FILE.write_text(json.dumps(rounded, indent=2) + "\n", encoding="utf-8")


def _of_logs(folder: Path) -> Iterator[tuple[str, float]]:
    file, kept, out = folder / "month.jsonl", folder / "kept", str(folder / "report")
    write_month(file, _ENTRIES)
    logs = str(file)
    threshold, filtered = projects(folder)
    plain = min(child("loop", file)["cpu"] for _ in range(_TRIES))

    def beside(command: Callable[[], Measured]) -> float:
        return float(min(command().cpu for _ in range(_TRIES)) / plain)

    yield "replay", beside(lambda: measured("replay", logs))
    hours = write_hours(file, folder / "hours")
    yield "replay, a file for each hour", beside(lambda: measured("replay", *hours))
    yield "report", beside(lambda: measured("report", logs, "--out", out))
    measured("report", logs, "--out", out, cache=kept)
    yield "report, again", beside(lambda: measured("report", logs, "--out", out, cache=kept))
    stack = ("--stack", "demo")
    yield "diff, a threshold changed", beside(lambda: measured("diff", str(ROOT), str(threshold), logs, *stack))
    yield "diff, a filter changed", beside(lambda: measured("diff", str(threshold), str(filtered), logs, *stack))


def _of_lint(folder: Path) -> Iterator[tuple[str, float]]:
    for files in _LINTED_FILES:
        results = [child("lint", folder / str(number) / str(files)) for number in range(_TRIES)]
        plain = min(result["plain"] for result in results)
        yield f"lint of {files} files", min(result["cpu"] for result in results) / plain
