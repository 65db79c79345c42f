"""Measure what is proven, and write it into docs/figures.md between its markers (`make figures`)."""

from __future__ import annotations

import json
import re
import resource
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

from loyalty_monitoring.definitions.log_contract import load_contract
from loyalty_monitoring.proof.metrics.cases import load_metric_cases

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "figures.md"
PROGRAM = str(Path(sys.executable).with_name("loyalty-monitoring"))


def replace_section(page: str, name: str, text: str) -> str:
    """Put `text` between the markers of a section. Errors: ValueError where the page has no such markers."""
    begin, end = f"<!-- {name}: written by make figures -->\n", f"<!-- {name}: end -->\n"
    pattern = re.compile(re.escape(begin) + ".*?" + re.escape(end), re.DOTALL)
    if not pattern.search(page):
        raise ValueError(f"docs/figures.md has no section {name!r}: write {begin!r} and {end!r} where it belongs")
    return pattern.sub(lambda _: f"{begin}\n{text}\n\n{end}", page)


def proof_table() -> str:
    """Run `prove` and `mutants`, count the other cases, and return the table. Seconds are of CPU, user and system."""
    proof, proof_seconds = _measured("prove", "--format", "json")
    mutants, mutant_seconds = _measured("mutants", "--format", "json")
    if not (proof["holds"] and mutants["holds"]):
        sys.exit("figures: a case is missed or a mutant is alive; docs/figures.md stays as it is")
    alerts = len({case["alert"] for case in proof["cases"]})
    lines = load_metric_cases(ROOT / "tests" / "cases" / "metrics", load_contract(ROOT / "log_events.yaml")).lines
    metrics = len(list((ROOT / "log_metrics").glob("*.yaml")))
    table = yaml.safe_load((ROOT / "tests/query_languages/logging_filter/cases.yaml").read_text(encoding="utf-8"))
    rows = sum(len(filters) for entries in table["cases"].values() for filters in entries.values())
    figures = {
        "cases, from log lines to incidents (`prove`)": f"{len(proof['cases'])} for {alerts} alerts, each under "
        f"{len(proof['arrivals'])} arrivals of points and 2 readings of closing, in {proof_seconds:.0f} CPU seconds",
        "metric cases: what a log line must count, or must not": f"{len(lines)} lines for {metrics} metrics",
        "mutants: each definition with one thing wrong (`mutants`)": f"{len(mutants['mutants']):,}: "
        f"{mutants['killed']:,} killed, {len(mutants['equivalent'])} reviewed as equivalent, {len(mutants['alive'])} "
        f"alive, in {mutant_seconds:.0f} CPU seconds",
        "the Logging query language against its documentation": f"{rows} rows, each with its source, "
        f"and {len(table['errors'])} errors",
    }
    rows_of_table = [f"| {what} | {figure} |" for what, figure in figures.items()]
    return "\n".join(["| what | figure |", "|---|---|", *rows_of_table])


def _measured(*arguments: str) -> tuple[dict[str, Any], float]:
    before = _child_seconds()
    done = subprocess.run([PROGRAM, *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode == 2:
        sys.exit(done.stderr)
    return json.loads(done.stdout), _child_seconds() - before


def _child_seconds() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def main() -> None:
    """Write the section `proof` of docs/figures.md."""
    PAGE.write_text(replace_section(PAGE.read_text(), "proof", proof_table()))
    print("figures: wrote the section proof of docs/figures.md")


if __name__ == "__main__":
    main()
