"""The command `check`."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from loyalty_monitoring.commands.project import progress_bar, project_root

if TYPE_CHECKING:
    from loyalty_monitoring.checks.changed_files import Changed
    from loyalty_monitoring.common.database import Progress
    from loyalty_monitoring.definitions.load import Sources
    from loyalty_monitoring.definitions.settings import Settings
    from loyalty_monitoring.proof.alerts.prove import Proof

_MOST_LINES = 20


@dataclass(frozen=True)
class _Line:
    """A sentence about one part of the check; `problem` makes the exit status 1."""

    part: str
    text: str
    problem: bool = False


@click.command("check")
@click.option("--since", default="HEAD", show_default=True, metavar="REV", help="What changed since this commit.")
@click.option("--all", "everything_", is_flag=True, help="Look at all alerts and metrics, changed or not.")
@click.option("--mutants/--no-mutants", "with_mutants", default=True, help="Try the mutants of what changed.")
@click.option("--format", "output_format", type=click.Choice(["text", "json"]), default="text", show_default=True)
def check_command(since: str, everything_: bool, with_mutants: bool, output_format: str) -> None:
    """Check what you changed, as quickly as it can be: the loop of an author, and what CI asks first.

    Loads and lints every stack, with all mistakes at once. Then, of the alerts and metrics that the change touches: are
    the cases held, is every kind of case there, are the metric lines counted as they say, and do the cases notice the
    mutants. Last, what a removed or renamed definition left behind, which alert has no drill, and where TODO still
    stands. Exit status 1 when anything is found. A stack's own values change no definition: check names the stack, and
    `diff` shows what they do. JSON is {"holds", "lines": [{"part", "text", "problem"}]}.

    \b
    loyalty-monitoring check
    loyalty-monitoring check --since main
    loyalty-monitoring check --all --no-mutants
    loyalty-monitoring check --format json | jq -r '.lines[] | select(.problem).text'
    """
    lines = []
    for line in _checked(project_root(), since, everything_=everything_, with_mutants=with_mutants):
        lines.append(line)
        if output_format == "text":
            click.echo(f"{line.part:<9} {line.text}")
    holds = not any(line.problem for line in lines)
    if output_format == "json":
        click.echo(json.dumps({"holds": holds, "lines": [asdict(line) for line in lines]}, indent=2))
    if not holds:
        sys.exit(1)


def _checked(root: Path, since: str, *, everything_: bool, with_mutants: bool) -> Iterator[_Line]:
    from loyalty_monitoring.checks.changed_files import changed_since, everything
    from loyalty_monitoring.checks.drill.without_drill import drill_problems
    from loyalty_monitoring.checks.lint import output
    from loyalty_monitoring.checks.lint.run import lint_stacks
    from loyalty_monitoring.definitions.load import definitions_of, read_sources
    from loyalty_monitoring.definitions.settings import load_stack_settings, stack_names
    from loyalty_monitoring.definitions.undecided import undecided
    from loyalty_monitoring.proof.leftovers import leftovers
    from loyalty_monitoring.proof.mutants.equivalents import load_equivalents

    findings = lint_stacks(root, stack_names(root))
    bad = any(finding.severity == "error" for finding in findings)
    yield _Line("lint", output.as_text(findings).strip(), bad)
    if any(finding.rule == "definition" for finding in findings):
        yield _Line("lint", "what does not load cannot be proven; mend this first", True)
        return

    settings = load_stack_settings(root, "demo")
    sources = read_sources(root)
    definitions = definitions_of(sources, settings)
    changed = everything(definitions) if everything_ else changed_since(root, since, definitions)
    yield _Line("changed", f"{_named(changed.alerts, 'alert')}, {_named(changed.metrics, 'metric')}")
    if changed.removed:
        yield _Line("removed", ", ".join(changed.removed))
    if changed.stacks:
        yield _Line(
            "stacks",
            f"{', '.join(changed.stacks)}: other values; which incidents they bring, and who is told, shows "
            f"`loyalty-monitoring diff {since} . LOG...`",
        )
    with progress_bar() as progress:
        for line in _proven(root, sources, settings, changed, progress):
            bad |= line.problem
            yield line
        if with_mutants and not bad and (changed.alerts or changed.metrics):
            yield from _mutants(root, settings, changed, progress)
    reviewed = load_equivalents(root / "tests" / "equivalent_mutants.yaml")
    for part, texts in (
        ("left over", leftovers(root, definitions, reviewed)),
        ("drills", drill_problems(root, sources.contract, definitions.alert_policies)),
        ("undecided", undecided(root)),
    ):
        yield from (_Line(part, text, True) for text in texts)


def _proven(root: Path, sources: Sources, settings: Settings, changed: Changed, progress: Progress) -> Iterator[_Line]:
    """Yield what the cases say of what changed."""
    from loyalty_monitoring.proof.alerts.prove import prove

    if changed.alerts:
        proof = prove(sources, settings, changed.alerts, progress)
        *missed, total = _proof_lines(proof, changed.parameters)
        yield from (_Line("prove", text, True) for text in missed)
        yield _Line("prove", total)
    if changed.metrics or changed.lines:
        lines = list(_metric_lines(root, sources, settings, None if changed.lines else set(changed.metrics)))
        yield from (_Line("metrics", text, True) for text in lines[:_MOST_LINES])
        if not lines:
            yield _Line("metrics", "every line is counted as it says")
        if len(lines) > _MOST_LINES:
            yield _Line("metrics", f"and {len(lines) - _MOST_LINES} more")


def _mutants(root: Path, settings: Settings, changed: Changed, progress: Progress) -> Iterator[_Line]:
    """Yield which mutants of what changed no case notices."""
    from loyalty_monitoring.proof.mutants.run import try_mutants_of
    from loyalty_monitoring.proof.mutants.score import alive_lines

    score = try_mutants_of(root, settings, changed.alerts, changed.metrics, progress)
    yield from (_Line("mutants", text, True) for text in (*alive_lines(score), *score.stale))
    yield _Line("mutants", f"{len(score.tried):,} tried, {len(score.alive):,} alive", not score.holds)
    if score.alive:
        yield _Line("mutants", "write a case that kills them, or say in tests/equivalent_mutants.yaml why none can")


def _named(names: Sequence[str], what: str) -> str:
    shown = f": {', '.join(names)}" if 0 < len(names) <= 8 else ""
    return f"{len(names)} {what}{'' if len(names) == 1 else 's'}{shown}"


def _proof_lines(proof: Proof, parameters: dict[str, tuple[Any, Any]]) -> Iterator[str]:
    """Yield the missed claims, how a changed default explains them, and the totals."""
    missed = [result for result in proof.results if result.misses]
    for result in missed:
        yield f"MISSED  {result.case.alert}: {result.case.claim} ({result.case.position})"
        yield from (f"        {miss}" for miss in result.misses)
    yield from proof.missing_kinds
    for name, (old, new) in parameters.items():
        unaware = [one.case for one in missed if name not in one.case.parameters]
        # Cases of a new parameter never said another number: what they miss has another cause.
        if unaware and old is not None and new is not None:
            yield (
                f"{name} is {new:g}, these {len(unaware)} cases say {old:g}; change the cases, or override it for one "
                "stack"
            )
    yield f"{len(proof.results) - len(missed)} of {len(proof.results)} cases hold"


def _metric_lines(root: Path, sources: Sources, settings: Settings, wanted: set[str] | None) -> Iterator[str]:
    """Yield where these metrics, None is all of them, and their cases differ, and which kinds of line are missing."""
    from loyalty_monitoring.definitions.load import definitions_of
    from loyalty_monitoring.proof.metrics.cases import load_metric_cases
    from loyalty_monitoring.proof.metrics.compare import mismatches, misstated
    from loyalty_monitoring.proof.metrics.required_kinds import missing_kinds

    metrics = definitions_of(sources, settings).log_metrics
    cases = load_metric_cases(root / "tests" / "cases" / "metrics", sources.contract, settings.resource_type)
    yield from missing_kinds(cases, [metric.name for metric in metrics])
    chosen = [metric for metric in metrics if wanted is None or metric.name in wanted]
    for metric in chosen:
        if metric.name in cases.facts:
            yield from misstated(metric, cases.facts[metric.name])
    for line, texts in zip(cases.lines, mismatches(chosen, cases), strict=True):
        yield from (f"{line.position}: {line.claim}: {text}" for text in texts)
