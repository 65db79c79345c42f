"""The command `verify`."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, TextIO

import click

from loyalty_monitoring.commands.options import Length, stack_option
from loyalty_monitoring.commands.project import arrival_allowance, load_stack, progress_bar

if TYPE_CHECKING:
    from loyalty_monitoring.definitions.model import Definitions
    from loyalty_monitoring.definitions.settings import Settings


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
@click.option("--rest-endpoint", envvar="LOYALTY_MONITORING_REST_ENDPOINT", metavar="HOST:PORT", hidden=True)
@click.option(
    "--days",
    type=click.IntRange(1, 41),
    default=7,
    show_default=True,
    metavar="N",
    help="Look for points and incidents of so many days; the points of log-based metrics are kept for six weeks.",
)
@click.option("--all", "everyone", is_flag=True, help="Judge the alert policies that are not the stack's as well.")
@click.option(
    "--watch",
    "watched",
    type=Length(),
    metavar="LENGTH",
    help="Instead of comparing, watch for so long, such as 30m, how late points are.",
)
@click.option("--every", type=click.FloatRange(min=0.01), default=15, hidden=True)
def verify_command(
    project: str | None,
    stack: str,
    outputs: TextIO | None,
    output_format: str,
    timeout: float,
    endpoint: str | None,
    rest_endpoint: str | None,
    days: int,
    everyone: bool,
    watched: timedelta | None,
    every: float,
) -> None:
    """Say whether what is deployed is what is defined, and whether data arrives.

    Reads the project's log-based metrics, alert policies, notification channels, dashboards and newest points, with the
    credentials of `gcloud auth application-default login` and the roles Monitoring Viewer and Logs Viewer; it changes
    nothing. Drift is what differs in substance, is missing or disabled; a known difference is what the API writes in
    other words; a note is no fault. Then one verdict a policy: can it fire, has it matched and opened in the last days,
    and whom does it reach? Exit status 1 when there is drift, or a policy does not work. More: docs/verify.md.

    With --watch, each metric's newest point is asked for every 15 seconds, and how late points are is told beside the
    arrival allowance; exit status 1 when it is exceeded.

    \b
    loyalty-monitoring verify --stack production
    pulumi stack output --json --stack production | loyalty-monitoring verify --stack production --outputs -
    loyalty-monitoring verify --stack production --all --days 30
    loyalty-monitoring verify --stack production --watch 30m
    loyalty-monitoring verify --project my-project --stack production --format json | jq '.findings[]'
    """
    from loyalty_monitoring.checks.verify import output
    from loyalty_monitoring.checks.verify.doubles import NOT_GIVEN, read_stack_ids
    from loyalty_monitoring.checks.verify.run import verify

    settings, definitions = load_stack(stack, project)
    if watched is not None:
        _watch(settings, definitions, watched, every, endpoint, output_format)
        return
    ids = read_stack_ids(outputs.read(), outputs.name) if outputs else NOT_GIVEN
    verification = verify(
        settings,
        definitions,
        now=datetime.now(UTC),
        timeout=timeout,
        endpoint=endpoint,
        ids=ids,
        rest_endpoint=rest_endpoint,
        days=days,
        everyone=everyone,
    )
    if output_format == "json":
        click.echo(output.as_json(verification))
    else:
        output.print_text(verification)
    if not verification.holds:
        sys.exit(1)


def _watch(
    settings: Settings,
    definitions: Definitions,
    length: timedelta,
    every: float,
    endpoint: str | None,
    output_format: str,
) -> None:
    from loyalty_monitoring.checks.verify import watch
    from loyalty_monitoring.common import interruption

    seen = watch.Watch(settings.project, arrival_allowance(settings), every)
    # Whoever interrupts a long watch gets what was seen.
    with interruption.last_words(lambda: "\n".join(watch.lines(seen))), progress_bar() as progress:
        watch.watch(settings, definitions, seen, length, endpoint=endpoint, progress=progress)
    if output_format == "json":
        click.echo(json.dumps(watch.as_object(seen), indent=2))
    else:
        click.echo("\n".join(watch.lines(seen)))
    if seen.exceeds:
        sys.exit(1)
