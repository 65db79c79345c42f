"""The command `mutants`."""

from __future__ import annotations

import sys

import click

from loyalty_monitoring.commands.project import load_stack_of, progress_bar, project_root


@click.command("mutants")
@click.option("--format", "output_format", type=click.Choice(["text", "json"]), default="text", show_default=True)
def mutants_command(output_format: str) -> None:
    """Make each definition wrong in one place, thousands of times, and see that the cases notice.

    Every threshold, comparator, window, grouping, matcher, filter token, extractor, duration and unit of the alert
    policies and log-based metrics is changed, one at a time. What no case notices must stand in
    tests/equivalent_mutants.yaml, with the reason why it changes nothing. Exit status 1 when something else survives.

    \b
    loyalty-monitoring mutants
    loyalty-monitoring mutants --format json | jq '.mutants[] | select(.killed_by == null) | .id'
    """
    from loyalty_monitoring.proof.mutants import score
    from loyalty_monitoring.proof.mutants.run import try_mutants

    root = project_root()
    settings, _ = load_stack_of(root, "demo")
    with progress_bar() as progress:
        result = try_mutants(root, settings, progress)
    if output_format == "json":
        click.echo(score.as_json(result))
    else:
        click.echo("\n".join(score.lines(result)))
    if not result.holds:
        sys.exit(1)
