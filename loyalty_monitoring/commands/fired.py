"""The command `fired`."""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path

import click

from loyalty_monitoring.commands.options import Instant, cache_option, policies_option, stack_option, strict_option
from loyalty_monitoring.commands.project import arrival_allowance, load_stack, progress_bar
from loyalty_monitoring.common.cache import Cache


@click.command("fired")
@click.argument("files", nargs=-1, required=True, metavar="LOGS...", type=click.Path(path_type=Path))
@click.option(
    "--incidents",
    "incident_files",
    multiple=True,
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="What fired, from the Alerts API, gcloud, or a channel's notifications; may be repeated. Snoozes, as gcloud "
    "lists them, are taken as evidence.",
)
@click.option(
    "--outputs",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="What `pulumi stack output --json` prints, so that policies are found by their ids, not by their titles.",
)
@stack_option
@click.option("--from", "start", type=Instant(), metavar="T", help="Compare from here; earlier entries are history.")
@click.option("--to", "end", type=Instant(), metavar="T", help="Compare up to here; later entries are not used.")
@policies_option
@click.option("--format", "output_format", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.option("--fail-on-difference", is_flag=True, help="Exit with 1 when an incident is in one of the two only.")
@strict_option
@cache_option
def fired_command(
    files: tuple[Path, ...],
    incident_files: tuple[Path, ...],
    outputs: Path | None,
    stack: str,
    start: datetime | None,
    end: datetime | None,
    policies: tuple[str, ...],
    output_format: str,
    fail_on_difference: bool,
    strict: bool,
    cache: Cache,
) -> None:
    """Set replay beside what really fired, in the same time.

    LOGS are what replay takes. Where they hold Cloud Monitoring's violation logs as well, those say what fired; FILE
    says it otherwise, or more of it: the answer of the Alerts API, what `gcloud monitoring alerts list --format=json`
    prints, or the notifications (version 1.2) of a webhook or Pub/Sub channel, one a line. Each incident is alike, only
    in the replay, or only in what fired, with the likely reason. More: docs/fired.md.

    \b
    gcloud logging read 'labels.python_logger:"loyalty" OR log_id("monitoring.googleapis.com/ViolationOpenEventv1")
      OR log_id("monitoring.googleapis.com/ViolationAutoResolveEventv1")' --freshness=30d --format=json > month.json
    loyalty-monitoring fired month.json --stack production
    gcloud monitoring alerts list --format=json > alerts.json
    pulumi stack output --json > outputs.json
    loyalty-monitoring fired month.json --incidents alerts.json --outputs outputs.json --stack production
    loyalty-monitoring fired month.json --format json --fail-on-difference | jq '.only_in_fired[]'
    """
    from loyalty_monitoring.checks.fired import output
    from loyalty_monitoring.checks.fired.run import fired_beside_replay
    from loyalty_monitoring.google_cloud.fired_incidents import holds_incidents, read_incident_files, read_stack_outputs

    settings, definitions = load_stack(stack)
    # `--incidents a.json b.json`: what follows the first file is an argument, and is taken for what it holds.
    among_logs = {file for file in files if file.is_file() and holds_incidents(file)}
    files = tuple(file for file in files if file not in among_logs)
    if not files:
        raise click.UsageError("there are no LOGS, only incidents; name the log files as well")
    incidents = read_incident_files([*incident_files, *sorted(among_logs)])
    ids = {} if outputs is None else read_stack_outputs(outputs)
    with progress_bar() as progress:
        comparison = fired_beside_replay(
            definitions,
            files,
            incidents,
            ids=ids,
            allowance=arrival_allowance(settings),
            start=start,
            end=end,
            policies=policies or None,
            strict=strict,
            cache=cache,
            progress=progress,
        )
    if output_format == "json":
        click.echo(output.as_json(comparison))
    else:
        output.print_text(comparison)
    if fail_on_difference and not comparison.holds:
        sys.exit(1)
