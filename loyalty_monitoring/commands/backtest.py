"""The command `backtest`."""

from __future__ import annotations

import json
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from loyalty_monitoring.commands.options import PRIORITIES, Bytes, Instant, policies_option, stack_option
from loyalty_monitoring.commands.project import arrival_allowance, load_stack, progress_bar, units_of_numbers

if TYPE_CHECKING:
    from loyalty_monitoring.backtest.run import LoggingSource, ViewSource


# What fired is an addition: whoever waits for the backtest does not wait long for it.
_FIRED_SECONDS = 60.0


@click.command("backtest")
@click.option("--project", metavar="P", help="The Google Cloud project; without it, the stack's own.")
@stack_option
@click.option(
    "--days", type=click.IntRange(1, 3650), metavar="N", help="How many days; 30 unless --from says otherwise."
)
@click.option("--from", "start", type=Instant(), metavar="T", help="Evaluate from here.")
@click.option("--to", "end", type=Instant(), metavar="T", help="Evaluate up to here; now, unless said otherwise.")
@policies_option
@click.option("--format", "output_format", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.option(
    "--fail-on",
    type=click.Choice(PRIORITIES),
    help="Exit with 1 when an incident of this priority, or a more urgent one, opened.",
)
@click.option("--dry-run", is_flag=True, help="Say what would be read, and read nothing.")
@click.option(
    "--view",
    metavar="PROJECT.DATASET.VIEW",
    help="Count in BigQuery, in this view of a dataset that is linked to a log bucket; no entry is read.",
)
@click.option(
    "--max-bytes",
    type=Bytes(),
    default="100GiB",
    show_default=True,
    metavar="SIZE",
    help="With --view: run no query that looks through more, such as 500MiB or 2TiB.",
)
@click.option(
    "--keep",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Keep the entries that were read, gzipped when FILE ends in .gz, to replay them again.",
)
@click.option(
    "--timeout",
    type=click.FloatRange(min=0, min_open=True),
    default=21_600,
    show_default=True,
    metavar="SECONDS",
    help="How long reading may take in all, waiting for the quota included.",
)
@click.option(
    "--endpoint",
    envvar="LOYALTY_MONITORING_ENDPOINT",
    metavar="HOST:PORT",
    help="Ask this server instead of Google's, without encryption and credentials, for tests; or in the environment: "
    "LOYALTY_MONITORING_ENDPOINT.",
)
@click.option("--rest-endpoint", envvar="LOYALTY_MONITORING_REST_ENDPOINT", metavar="HOST:PORT", hidden=True)
def backtest_command(
    project: str | None,
    stack: str,
    days: int | None,
    start: datetime | None,
    end: datetime | None,
    policies: tuple[str, ...],
    output_format: str,
    fail_on: str | None,
    dry_run: bool,
    view: str | None,
    max_bytes: int,
    keep: Path | None,
    timeout: float,
    endpoint: str | None,
    rest_endpoint: str | None,
) -> None:
    """Show which alerts would have opened, by the log entries that a project still has.

    A log-based metric has no history from before it was made; its logs have. The entries that a metric counts are read
    with the credentials of `gcloud auth application-default login` and the role Logs Viewer, and replayed; they stay in
    a temporary folder that is deleted, unless --keep names a file. With --policy, only what it needs is read.

    Where violation logs or alerts can be read, it says at the end how many incidents are alike in the replay and in
    what fired, and which are not (see: loyalty-monitoring fired --help).

    With --view, the entries are counted in BigQuery and never leave it, however many they are; --dry-run says what that
    costs. More: docs/backtest.md.

    \b
    loyalty-monitoring backtest --stack production --days 30
    loyalty-monitoring backtest --project my-project --days 7 --dry-run
    loyalty-monitoring backtest --from 2026-11-07 --to 2026-11-08 --policy queue_stuck --keep day.jsonl.gz
    loyalty-monitoring backtest --days 1 --format json --fail-on P0 | jq '.incidents[].policy'
    loyalty-monitoring backtest --days 90 --view my-project.loyalty_logs._AllLogs --dry-run
    """
    from loyalty_monitoring.backtest import output
    from loyalty_monitoring.backtest.run import backtest, backtest_view, estimated_bytes, plan, window
    from loyalty_monitoring.backtest.view import parse_view
    from loyalty_monitoring.checks.fired import output as fired_output
    from loyalty_monitoring.checks.fired.compare import Policies, compare
    from loyalty_monitoring.google_cloud.fired_incidents import Fired
    from loyalty_monitoring.google_cloud.project_incidents import read_incidents
    from loyalty_monitoring.replay.quantities import value_units

    where = None if view is None else parse_view(view)
    if where is not None and keep is not None:
        raise click.UsageError("--keep needs the entries, which --view leaves in BigQuery; leave out one of them")
    start, end = window(days, start, end, datetime.now(UTC))
    settings, definitions = load_stack(stack, project)
    planned = plan(settings, definitions, start, end, policies or None)
    if dry_run and where is not None:
        estimated = estimated_bytes(planned, where, timeout=timeout, endpoint=rest_endpoint or endpoint)
        as_text, as_json = output.view_plan_as_text, output.view_plan_as_json
        click.echo((as_json if output_format == "json" else as_text)(planned, where, estimated))
        return
    if dry_run:
        click.echo(output.plan_as_json(planned) if output_format == "json" else output.plan_as_text(planned))
        return
    source: LoggingSource | ViewSource
    end_of_asking = time.monotonic() + timeout
    with progress_bar() as progress:
        if where is not None:
            # BigQuery is asked over REST.
            result, source = backtest_view(
                planned,
                where,
                max_bytes=max_bytes,
                timeout=timeout,
                endpoint=rest_endpoint or endpoint,
                progress=progress,
            )
        else:
            result, source = backtest(planned, keep=keep, timeout=timeout, endpoint=endpoint, progress=progress)
    incidents = read_incidents(
        settings.project,
        planned.start,
        planned.end,
        timeout=max(min(end_of_asking - time.monotonic(), _FIRED_SECONDS), 0.001),
        endpoint=endpoint,
        rest_endpoint=rest_endpoint,
    )
    comparison = None
    if not incidents.is_blind:
        policies_of_stack = Policies(definitions.alert_policies, {})
        allowance = arrival_allowance(settings)
        comparison = compare(result, policies_of_stack, Fired(incidents.fired), allowance=allowance)
    if output_format == "json":
        fired = None if comparison is None else fired_output.as_object(comparison)
        click.echo(
            json.dumps({**output.as_object(planned, result, source), "fired": fired}, indent=2, ensure_ascii=False)
        )
    else:
        units = units_of_numbers(settings, definitions)
        output.print_result(planned, result, source, units, value_units(definitions.alert_policies, units))
        if comparison is None:
            click.echo(f"What fired is not known: {'; '.join(incidents.refused)}")
        else:
            fired_output.print_differences(comparison)
    if fail_on and any(incident.priority <= fail_on for incident in result.incidents):
        sys.exit(1)
