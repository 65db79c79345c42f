"""The command `drill`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from loyalty_monitoring.commands.options import alerts_here
from loyalty_monitoring.commands.project import load_stack, progress_bar, project_root
from loyalty_monitoring.common import interruption
from loyalty_monitoring.common.errors import UserError


@click.command("drill")
@click.option("--project", required=True, metavar="P", help="The Google Cloud project, which must be the stack's own.")
@click.option("--stack", required=True, metavar="S", help="The stack, whose settings say drill: true: Pulumi.S.yaml.")
@click.option(
    "--alert",
    "alerts",
    multiple=True,
    metavar="NAME",
    shell_complete=alerts_here,
    help="Drill this alert; may be repeated. Without it, all.",
)
@click.option("--yes", is_flag=True, help="Do not ask before the lines are written.")
@click.option(
    "--timeout",
    type=click.FloatRange(min=1),
    default=5400,
    show_default=True,
    metavar="SECONDS",
    help="How long the drill may take in all.",
)
@click.option(
    "--out",
    metavar="DIR",
    type=click.Path(file_okay=False, path_type=Path),
    help="The folder for the evidence; without it, the drill's id.",
)
@click.option("--every", type=click.FloatRange(min=0.01), default=15, hidden=True)
@click.option("--endpoint", envvar="LOYALTY_MONITORING_ENDPOINT", metavar="HOST:PORT", hidden=True)
@click.option("--rest-endpoint", envvar="LOYALTY_MONITORING_REST_ENDPOINT", metavar="HOST:PORT", hidden=True)
def drill_command(
    project: str,
    stack: str,
    alerts: tuple[str, ...],
    yes: bool,
    timeout: float,
    out: Path | None,
    every: float,
    endpoint: str | None,
    rest_endpoint: str | None,
) -> None:
    """Make alerts true on a scratch project, and hold what happens there against the replay.

    Writes marked log lines that keep the log contract, waits, and reads points, violation logs and alerts: when the
    point was visible, when the incident opened, with which value and labels, and when it closed after the fault
    ended, each beside what replay says of the very same lines. The table is printed and written to DIR, with files
    that `fired` reads.

    The stack's settings must say drill: true. Nothing is written while a metric or a log-match policy of somebody
    else would take the lines for real ones. Who will be notified is told, and asked about. Ctrl-C says what is still
    running. Exit status 1 when an incident did not open and close in time. More: docs/drill.md.

    \b
    loyalty-monitoring drill --project my-scratch --stack scratch --alert rate_limit_spike
    loyalty-monitoring drill --project my-scratch --stack scratch --yes --out evidence
    loyalty-monitoring fired evidence/entries.jsonl --incidents evidence/alerts.json --stack scratch
    """
    from loyalty_monitoring.checks.drill import output
    from loyalty_monitoring.checks.drill.planning import plan
    from loyalty_monitoring.checks.drill.project import Access, SystemClock
    from loyalty_monitoring.checks.drill.scenarios import load_scenarios
    from loyalty_monitoring.checks.drill.watching import Drill
    from loyalty_monitoring.definitions.log_contract import load_contract

    settings, definitions = load_stack(stack)
    if settings.project != project:
        raise UserError(
            f"the stack {stack} belongs to the project {settings.project}, not to {project}; mend --project"
        )
    root = project_root()
    scenarios = load_scenarios(root / "drills.yaml", load_contract(root / "log_events.yaml"))
    access, clock = Access(timeout, every, endpoint, rest_endpoint), SystemClock()
    with progress_bar() as progress:
        planned = plan(settings, definitions, scenarios, alerts, access, clock, progress)
    click.echo(output.plan_as_text(planned, timeout))
    if not yes:
        _ask(project)
    drill = Drill(planned, access, clock)
    with interruption.last_words(lambda: output.still_running(drill)):
        try:
            with progress_bar() as progress:
                evidence = drill.carry_out(progress)
        except UserError as error:
            raise UserError(f"{error.message}\n{output.still_running(drill)}") from error
    click.echo(output.evidence_as_text(evidence))
    files = output.write_evidence(evidence, out or Path(planned.drill))
    click.echo(f"Written: {', '.join(map(str, files))}")
    if not evidence.is_complete:
        sys.exit(1)


def _ask(project: str) -> None:
    """Ask on the terminal. Errors: UserError where nobody says yes."""
    try:
        agreed = click.confirm(f"Write these lines to {project}?")
    except click.Abort:
        agreed = False
        click.echo()
    if not agreed:
        raise UserError("no line was written; whoever wants to drill without being asked says --yes")
