"""The command `render`."""

from __future__ import annotations

from pathlib import Path

import click

from loyalty_monitoring.commands.options import stack_option
from loyalty_monitoring.commands.project import load_stack


@click.command("render")
@stack_option
@click.option("--out", required=True, metavar="DIR", type=click.Path(path_type=Path), help="The folder to write.")
def render_command(stack: str, out: Path) -> None:
    """Write what the Pulumi program would send, as the API's JSON bodies.

    One file a definition, in log_metrics/, alert_policies/, dashboards/ and notification_channels/ below DIR. Secrets
    and what only a deployment knows (a policy's channels) are left out. Each file is what `gcloud` takes, too:

    \b
    loyalty-monitoring render --stack demo --out rendered
    gcloud monitoring policies create --policy-from-file rendered/alert_policies/rate_limit_spike.json
    """
    from loyalty_monitoring.google_cloud.render import render

    settings, definitions = load_stack(stack)
    written = render(settings, definitions, out)
    click.echo(f"{len(written)} files written to {out}")
