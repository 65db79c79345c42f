"""The command `verify`."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from typing import TextIO

import click

from loyalty_monitoring.commands.options import stack_option
from loyalty_monitoring.commands.project import load_stack


@click.command("verify")
@click.option("--project", metavar="P", help="The Google Cloud project; without it, the stack's own.")
@stack_option
@click.option(
    "--outputs",
    type=click.File("r", encoding="utf-8"),
    metavar="FILE",
    help="What `pulumi stack output --json` printed, which says which of two resources of one title is the stack's; "
    "- is standard input.",
)
@click.option("--format", "output_format", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.option(
    "--timeout",
    type=click.FloatRange(min=0, min_open=True),
    default=20,
    show_default=True,
    metavar="SECONDS",
    help="How long to wait for all answers together.",
)
@click.option(
    "--endpoint",
    envvar="LOYALTY_MONITORING_ENDPOINT",
    metavar="HOST:PORT",
    help="Ask this server instead of Google's, without encryption and credentials, for tests; or in the environment: "
    "LOYALTY_MONITORING_ENDPOINT.",
)
def verify_command(
    project: str | None, stack: str, outputs: TextIO | None, output_format: str, timeout: float, endpoint: str | None
) -> None:
    """Say whether what is deployed is what is defined, and whether data arrives.

    Reads the project's log-based metrics, alert policies, notification channels, dashboards and newest points, with the
    credentials of `gcloud auth application-default login` and the roles Monitoring Viewer and Logs Viewer; it changes
    nothing. Drift is what differs in substance, is missing or disabled; a known difference is what the API writes in
    other words; a note is no fault. Exit status 1 when there is drift. More: docs/verify.md.

    \b
    loyalty-monitoring verify --stack production
    pulumi stack output --json --stack production | loyalty-monitoring verify --stack production --outputs -
    loyalty-monitoring verify --project my-project --stack production --format json | jq '.findings[]'
    """
    from loyalty_monitoring.checks.verify import output
    from loyalty_monitoring.checks.verify.doubles import NOT_GIVEN, read_stack_ids
    from loyalty_monitoring.checks.verify.run import verify

    settings, definitions = load_stack(stack, project)
    ids = read_stack_ids(outputs.read(), outputs.name) if outputs else NOT_GIVEN
    verification = verify(settings, definitions, now=datetime.now(UTC), timeout=timeout, endpoint=endpoint, ids=ids)
    if output_format == "json":
        click.echo(output.as_json(verification))
    else:
        output.print_text(verification)
    if not verification.holds:
        sys.exit(1)
