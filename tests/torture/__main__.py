"""Many trials, one after the other: `python -m tests.torture --seed 1 --minutes 30`.

Each trial is known by the seed and its number. What was done stands in the state file, one line a trial, and the same
command goes on behind its last line. A trial that found something keeps its folder.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import shutil
import sys
import tempfile
import time
from collections import Counter
from dataclasses import asdict
from pathlib import Path

from tests.conftest import ROOT, copy_project
from tests.torture.trials import Outcome, trial

_IMPORTED = (
    "loyalty_monitoring.cli",
    "loyalty_monitoring.replay.run",
    "loyalty_monitoring.report.build",
    "loyalty_monitoring.checks.contract.check",
    "loyalty_monitoring.checks.lint.run",
    "loyalty_monitoring.cost.estimate",
    "rich.progress",
)
_BESIDE_IT = ("schemas", "docs/lint", "samples")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.torture", description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=30.0, help="of running, those before included")
    parser.add_argument("--trials", type=int, default=10**9, help="the most, those before included")
    parser.add_argument("--state", type=Path, default=ROOT / ".work" / "torture.jsonl")
    parser.add_argument("--quick", action="store_true", help="smaller commands more often, for `make test`")
    arguments = parser.parse_args()
    for module in _IMPORTED:  # once, instead of in every child
        importlib.import_module(module)
    outcomes = _run(arguments)
    print(figures(outcomes))
    sys.exit(1 if any(outcome["problems"] for outcome in outcomes) else 0)


def _run(arguments: argparse.Namespace) -> list[dict[str, object]]:
    state: Path = arguments.state
    state.parent.mkdir(parents=True, exist_ok=True)
    done = [json.loads(line) for line in state.read_text().splitlines()] if state.exists() else []
    spent = sum(float(outcome["seconds"]) for outcome in done)
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="loyalty-torture-", ignore_cleanup_errors=True) as folder:
        project, work = Path(folder) / "project", state.parent / "torture"
        _copy_project(project)
        work.mkdir(exist_ok=True)
        with state.open("a") as out:
            while len(done) < arguments.trials and spent + time.monotonic() - began < arguments.minutes * 60:
                number = len(done)
                shutil.rmtree(os.fsencode(work / f"trial-{number}"), ignore_errors=True)
                outcome: Outcome = trial(arguments.seed, number, work, project, quick=arguments.quick)
                done.append(asdict(outcome))
                out.write(json.dumps(asdict(outcome)) + "\n")
                out.flush()
                if outcome.problems:
                    print(f"{outcome}\n  kept in {work / f'trial-{number}'}", file=sys.stderr, flush=True)
    return done


def _copy_project(project: Path) -> None:
    copy_project(project)
    for name in _BESIDE_IT:
        shutil.copytree(ROOT / name, project / name)
    shutil.copy(ROOT / "__main__.py", project)


def figures(outcomes: list[dict[str, object]]) -> str:
    """What was tried and how it ended, as a table."""
    by_command: dict[str, Counter[str]] = {}
    for outcome in outcomes:
        ended = by_command.setdefault(str(outcome["command"]), Counter())
        ended[str(outcome["status"])] += 1
        ended["all"] += 1
        ended["problems"] += bool(outcome["problems"])
    lines = ["command        trials  0     1     2     130   143   killed  problems"]
    for name, ended in sorted(by_command.items()):
        killed = sum(count for status, count in ended.items() if status.startswith("-"))
        cells = [ended["all"], *(ended[status] for status in ("0", "1", "2", "130", "143"))]
        lines.append(
            f"{name:<14} {cells[0]:<7} "
            + "".join(f"{cell:<6}" for cell in cells[1:])
            + f"{killed:<8}{ended['problems']}"
        )
    late = sorted(float(str(one["late"])) for one in outcomes if one["status"] in (130, 143))
    if late:
        lines.append(
            f"{len(late)} ended by Ctrl-C or SIGTERM: half of them within {late[len(late) // 2]:.2f} s, "
            f"all within {late[-1]:.2f} s"
        )
    kinds = Counter(str(one["kind"]) for one in outcomes)
    lines.append(
        f"{len(outcomes)} trials, {len(kinds)} kinds of file, {len({str(one['fault']) for one in outcomes})} faults"
    )
    return "\n".join(lines)


if __name__ == "__main__":
    main()
