"""The command `prove`."""

from __future__ import annotations

import sys

import click

from loyalty_monitoring.commands.project import load_sources_of, progress_bar, project_root


@click.command("prove")
@click.argument("alerts", nargs=-1, metavar="[ALERT]...")
@click.option("--format", "output_format", type=click.Choice(["text", "json"]), default="text", show_default=True)
def prove_command(alerts: tuple[str, ...], output_format: str) -> None:
    """Prove that alerts open when their sentence says, and never otherwise.

    Replays the cases of tests/cases/ALERT.yaml, all alerts without a name: log lines through the deployed definitions
    into a real Prometheus, and holds the incidents against those that the case expects. Parameters have their defaults,
    or what a case says. Exit status 1 when a case is missed, or a kind of case that every alert needs is not there. How
    to write a case: docs/cases.md.

    \b
    loyalty-monitoring prove
    loyalty-monitoring prove rate_limit_spike email_failures
    loyalty-monitoring prove --format json | jq '.cases[] | select(.holds | not)'
    """
    from loyalty_monitoring.proof.alerts import output
    from loyalty_monitoring.proof.alerts.prove import prove

    settings, sources, _ = load_sources_of(project_root(), "demo")
    with progress_bar() as progress:
        proof = prove(sources, settings, alerts, progress)
    if output_format == "json":
        click.echo(output.as_json(proof))
    else:
        output.print_text(proof)
    if not proof.holds:
        sys.exit(1)
