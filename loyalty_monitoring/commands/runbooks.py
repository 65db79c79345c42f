"""The command `runbooks`."""

from __future__ import annotations

from pathlib import Path

import click

from loyalty_monitoring.commands.options import stack_option
from loyalty_monitoring.commands.project import is_quiet, load_stack, project_root
from loyalty_monitoring.common.errors import Position


@click.command("runbooks")
@stack_option
@click.option("--out", required=True, metavar="DIR", type=click.Path(path_type=Path), help="The folder to write.")
def runbooks_command(stack: str, out: Path) -> None:
    """Write the runbooks for a stack, ready to paste at night.

    Project, environment, resource type and thresholds are the stack's own; Celery's commands say on which pod or
    machine they run. Publish DIR where the stack's runbookUrl points to: each alert links to NAME.md there.

    \b
    loyalty-monitoring runbooks --stack production --out published/runbooks
    """
    from loyalty_monitoring.definitions.parameters import parameters_of
    from loyalty_monitoring.report.runbooks import runbooks, write_runbooks

    root = project_root()
    settings, definitions = load_stack(stack)
    names = [policy.name for policy in definitions.alert_policies]
    pages = {name: (root / "runbooks" / f"{name}.md").read_text() for name in names}
    written = write_runbooks(runbooks(pages, settings, parameters_of(root, settings)), out)
    if not is_quiet():
        click.echo(f"{len(written)} runbooks written to {Position(out)}; publish them at {settings.runbook_url}/")
