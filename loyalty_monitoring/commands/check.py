"""The command `check`."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from loyalty_monitoring.commands.project import progress_bar, project_root

if TYPE_CHECKING:
    from loyalty_monitoring.proof.alerts.prove import Proof


_MOST_LINES = 20


@click.command("check")
@click.option("--since", default="HEAD", show_default=True, metavar="REV", help="What changed since this commit.")
@click.option("--all", "everything_", is_flag=True, help="Look at all alerts and metrics, changed or not.")
@click.option("--mutants/--no-mutants", "with_mutants", default=True, help="Try the mutants of what changed.")
def check_command(since: str, everything_: bool, with_mutants: bool) -> None:
    """Check what you changed, as quickly as it can be: the loop of an author, and what CI asks first.

    Loads and lints every stack, with all mistakes at once. Then, of the alerts and metrics that the change touches: are
    the cases held, is every kind of case there, are the metric lines counted as they say, and do the cases notice the
    mutants. Last, what a removed or renamed definition left behind, which alert has no drill, and where TODO still
    stands. Exit status 1 when anything is found. A stack's own values change no definition: check names the stack, and
    `diff` shows what they do.

    \b
    loyalty-monitoring check
    loyalty-monitoring check --since main
    loyalty-monitoring check --all --no-mutants
    """
    from loyalty_monitoring.checks.changed_files import changed_since, everything
    from loyalty_monitoring.checks.drill.without_drill import drill_problems
    from loyalty_monitoring.checks.lint import output
    from loyalty_monitoring.checks.lint.run import lint_stacks
    from loyalty_monitoring.definitions.load import definitions_of, read_sources
    from loyalty_monitoring.definitions.settings import load_stack_settings, stack_names
    from loyalty_monitoring.definitions.undecided import undecided
    from loyalty_monitoring.proof.alerts.prove import prove
    from loyalty_monitoring.proof.leftovers import leftovers
    from loyalty_monitoring.proof.mutants.equivalents import load_equivalents
    from loyalty_monitoring.proof.mutants.run import try_mutants_of
    from loyalty_monitoring.proof.mutants.score import alive_lines

    root = project_root()
    findings = lint_stacks(root, stack_names(root))
    click.echo(f"lint      {output.as_text(findings).strip()}")
    if any(finding.rule == "definition" for finding in findings):
        click.echo("What does not load cannot be proven; mend this first.")
        sys.exit(1)
    bad = any(finding.severity == "error" for finding in findings)

    settings = load_stack_settings(root, "demo")
    sources = read_sources(root)
    definitions = definitions_of(sources, settings)
    changed = everything(definitions) if everything_ else changed_since(root, since, definitions)
    click.echo(f"changed   {_named(changed.alerts, 'alert')}, {_named(changed.metrics, 'metric')}")
    if changed.stacks:
        click.echo(
            f"stacks    {', '.join(changed.stacks)}: other values; which incidents they bring, and who is told, shows "
            f"`loyalty-monitoring diff {since} . LOG...`"
        )
    with progress_bar() as progress:
        if changed.alerts:
            proof = prove(sources, settings, changed.alerts, progress)
            bad |= not proof.holds
            for line in _proof_lines(proof, changed.parameters):
                click.echo(f"prove     {line}")
        if changed.metrics or changed.lines:
            wanted = everything(definitions).metrics if changed.lines else changed.metrics
            lines = list(_metric_lines(root, set(wanted)))
            bad |= bool(lines)
            for line in lines[:_MOST_LINES] or ["every line is counted as it says"]:
                click.echo(f"metrics   {line}")
            if len(lines) > _MOST_LINES:
                click.echo(f"metrics   and {len(lines) - _MOST_LINES} more")
        if with_mutants and not bad and (changed.alerts or changed.metrics):
            score = try_mutants_of(root, settings, changed.alerts, changed.metrics, progress)
            bad |= not score.holds
            for line in (*alive_lines(score), *score.stale):
                click.echo(f"mutants   {line}")
            click.echo(f"mutants   {len(score.tried):,} tried, {len(score.alive):,} alive")
            if score.alive:
                click.echo(
                    "mutants   write a case that kills them, or say in tests/equivalent_mutants.yaml why none can"
                )
    left = leftovers(root, definitions, load_equivalents(root / "tests" / "equivalent_mutants.yaml"))
    for line in left:
        click.echo(f"left over {line}")
    undrilled = drill_problems(root, sources.contract, definitions.alert_policies)
    for line in undrilled:
        click.echo(f"drills    {line}")
    open_ = undecided(root)
    for line in open_:
        click.echo(f"undecided {line}")
    if bad or left or undrilled or open_:
        sys.exit(1)


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


def _metric_lines(root: Path, wanted: set[str]) -> Iterator[str]:
    """Yield where metrics and their cases differ, and which kinds of line are missing."""
    from loyalty_monitoring.definitions.load import definitions_of, read_sources
    from loyalty_monitoring.definitions.settings import load_stack_settings
    from loyalty_monitoring.proof.metrics.cases import load_metric_cases
    from loyalty_monitoring.proof.metrics.compare import mismatches, misstated
    from loyalty_monitoring.proof.metrics.required_kinds import missing_kinds

    settings = load_stack_settings(root, "demo")
    sources = read_sources(root)
    metrics = definitions_of(sources, settings).log_metrics
    cases = load_metric_cases(root / "tests" / "cases" / "metrics", sources.contract, settings.resource_type)
    yield from missing_kinds(cases, [metric.name for metric in metrics])
    chosen = [metric for metric in metrics if metric.name in wanted]
    for metric in chosen:
        if metric.name in cases.facts:
            yield from misstated(metric, cases.facts[metric.name])
    for line, texts in zip(cases.lines, mismatches(chosen, cases), strict=True):
        yield from (f"{line.position}: {line.claim}: {text}" for text in texts)
