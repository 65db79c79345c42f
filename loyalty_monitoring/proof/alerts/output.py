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
                    "alert": result.case.alert,
                    "claim": result.case.claim,
                    "kinds": list(result.case.kinds),
                    "file": str(result.case.position.file),
                    "line": result.case.position.line,
                    "holds": not result.misses,
                    "misses": list(result.misses),
                }
                for result in proof.results
            ],
            "gate": list(proof.missing_kinds),
            "arrivals": ["at once", *proof.arrivals],
        },
        indent=2,
        ensure_ascii=False,
    )


def print_text(proof: Proof, console: Console | None = None, *, only_missed: bool = False) -> None:
    """Print a line a case, below its alert, with the misses; then the missing kinds of case, and the totals."""
    console = console or Console(highlight=False)
    for line in lines(proof, only_missed=only_missed):
        console.print(line, soft_wrap=True)


def lines(proof: Proof, *, only_missed: bool = False) -> Iterator[Text]:
    for alert, group in groupby(proof.results, key=lambda result: result.case.alert):
        results = list(group)
        missed = [result for result in results if result.misses]
        if only_missed and not missed:
            continue
        yield Text(f"{alert}   {len(results) - len(missed)} of {len(results)} cases hold", style="bold")
        for result in missed if only_missed else results:
            yield from _case(result)
        yield Text()
    yield from (Text(f"gate: {sentence}", style="red") for sentence in proof.missing_kinds)
    count, holding = len(proof.results), sum(not result.misses for result in proof.results)
    total = f"{count} cases: {holding} hold, {count - holding} missed"
    gate = (
        "every kind of case is there" if not proof.missing_kinds else f"{len(proof.missing_kinds)} missing in the gate"
    )
    yield Text(f"{total}; {gate}", style="green" if proof.holds else "bold red")


def _case(result: CaseResult) -> Iterator[Text]:
    kinds = Text(f"  [{', '.join(result.case.kinds)}]", style="dim")
    if not result.misses:
        yield Text.assemble(("  holds   ", "green"), result.case.claim, kinds)
        return
    yield Text.assemble(("  MISSED  ", "bold red"), result.case.claim, kinds)
    yield Text(f"          {result.case.position}", style="dim")
    yield from (Text(f"          {miss}", style="red") for miss in result.misses)
