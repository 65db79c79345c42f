"""A proof for a person (a table) and for a machine (JSON)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import groupby

from rich.console import Console
from rich.text import Text

from loyalty_monitoring.proof.alerts.prove import CaseResult, Proof


def as_json(proof: Proof) -> str:
    """Return one JSON object: `holds`, `cases` (alert, claim, kinds, file, line, holds, misses), `gate` (sentences)."""
    return json.dumps(
        {
            "holds": proof.holds,
            "cases": [
                {
                    "alert": verdict.case.alert,
                    "claim": verdict.case.claim,
                    "kinds": list(verdict.case.kinds),
                    "file": str(verdict.case.position.file),
                    "line": verdict.case.position.line,
                    "holds": not verdict.misses,
                    "misses": list(verdict.misses),
                }
                for verdict in proof.verdicts
            ],
            "gate": list(proof.gate),
            "arrivals": ["at once", *proof.arrivals],
        },
        indent=2,
        ensure_ascii=False,
    )


def print_text(proof: Proof, console: Console | None = None) -> None:
    """Print a line a case, below its alert, with how a case was missed; then what the gate misses, and the totals."""
    console = console or Console(highlight=False)
    for line in lines(proof):
        console.print(line, soft_wrap=True)


def lines(proof: Proof) -> Iterator[Text]:
    for alert, group in groupby(proof.verdicts, key=lambda verdict: verdict.case.alert):
        verdicts = list(group)
        holding = sum(not verdict.misses for verdict in verdicts)
        yield Text(f"{alert}   {holding} of {len(verdicts)} cases hold", style="bold")
        for verdict in verdicts:
            yield from _case(verdict)
        yield Text()
    yield from (Text(f"gate: {sentence}", style="red") for sentence in proof.gate)
    missed = sum(bool(verdict.misses) for verdict in proof.verdicts)
    total = f"{len(proof.verdicts)} cases: {len(proof.verdicts) - missed} hold, {missed} missed"
    gate = "every kind of case is there" if not proof.gate else f"{len(proof.gate)} missing in the gate"
    yield Text(f"{total}; {gate}", style="green" if proof.holds else "bold red")


def _case(verdict: CaseResult) -> Iterator[Text]:
    kinds = Text(f"  [{', '.join(verdict.case.kinds)}]", style="dim")
    if not verdict.misses:
        yield Text.assemble(("  holds   ", "green"), verdict.case.claim, kinds)
        return
    yield Text.assemble(("  MISSED  ", "bold red"), verdict.case.claim, kinds)
    yield Text(f"          {verdict.case.position}", style="dim")
    yield from (Text(f"          {miss}", style="red") for miss in verdict.misses)
