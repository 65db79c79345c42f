"""The command `prove`."""

from __future__ import annotations

import sys
from datetime import datetime

import click

from loyalty_monitoring.commands.options import alerts_here
from loyalty_monitoring.commands.project import is_quiet, load_sources_of, progress_bar, project_root, summarize
from loyalty_monitoring.common.errors import UserError


@click.command("prove")
@click.argument("alerts", nargs=-1, metavar="[ALERT]...", shell_complete=alerts_here)
@click.option("--format", "output_format", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.option("--watch", is_flag=True, help="Prove again whenever a definition or a case changes; Ctrl-C ends it.")
def prove_command(alerts: tuple[str, ...], output_format: str, watch: bool) -> None:
    """Prove that alerts open when their sentence says, and never otherwise.

    Replays the cases of tests/cases/ALERT.yaml, all alerts without a name: log lines through the deployed definitions
    into a real Prometheus, and holds the incidents against those that the case expects. Parameters have their defaults,
    or what a case says. Exit status 1 when a case is missed, or a kind of case that every alert needs is not there. How
    to write a case: docs/cases.md. With --quiet or --watch, cases that hold are counted and not listed.

    \b
    loyalty-monitoring prove
    loyalty-monitoring prove rate_limit_spike email_failures
    loyalty-monitoring prove rate_limit_spike --watch
    loyalty-monitoring prove --format json | jq '.cases[] | select(.holds | not)'
    """
    if watch:
        _prove_again_and_again(alerts, output_format)
    elif not _proven(alerts, output_format, only_missed=is_quiet()):
        sys.exit(1)


def _proven(alerts: tuple[str, ...], output_format: str, *, only_missed: bool) -> bool:
    """Prove and print; return whether everything holds."""
    from loyalty_monitoring.proof.alerts import output
    from loyalty_monitoring.proof.alerts.prove import prove

    settings, sources, _ = load_sources_of(project_root(), "demo")
    with progress_bar() as progress:
        proof = prove(sources, settings, alerts, progress)
    if output_format == "json":
        click.echo(output.as_json(proof))
    else:
        output.print_text(proof, only_missed=only_missed)
    return proof.holds


def _prove_again_and_again(alerts: tuple[str, ...], output_format: str) -> None:
    from loyalty_monitoring.report.serve import changes

    root = project_root()
    folders = [root / name for name in ("alert_policies", "log_metrics", "dashboards", "runbooks", "tests/cases")]
    for _ in changes([root, *(folder for folder in folders if folder.is_dir())], []):
        try:
            _proven(alerts, output_format, only_missed=True)
        except UserError as error:
            click.echo(f"loyalty-monitoring: {error}", err=True)
        summarize(f"{datetime.now():%H:%M:%S} waiting for a change; Ctrl-C ends it")
    raise KeyboardInterrupt
