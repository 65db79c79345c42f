"""The command `replay`."""

from __future__ import annotations

import json
import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from loyalty_monitoring.commands.options import (
    PRIORITIES,
    Instant,
    cache_option,
    files_argument,
    policies_option,
    stack_option,
    strict_option,
)
from loyalty_monitoring.commands.project import arrival_allowance, load_stack, progress_bar, units_of_numbers
from loyalty_monitoring.common.cache import Cache

if TYPE_CHECKING:
    from loyalty_monitoring.replay.incidents import Closing


@click.command("replay")
@files_argument
@stack_option
@click.option("--from", "start", type=Instant(), metavar="T", help="Evaluate from here; earlier entries are history.")
@click.option("--to", "end", type=Instant(), metavar="T", help="Evaluate up to here; later entries are not used.")
@policies_option
@click.option(
    "--late",
    metavar="HOW",
    help="When points arrive: 4m late, each by a random delay (random or random:SEED, up to the stack's "
    "arrival_allowance), or by each entry's own receiveTimestamp (entries). Otherwise at once.",
)
@click.option(
    "--closing",
    type=click.Choice(["delayed", "at-once"]),
    default="delayed",
    show_default=True,
    help="When incidents close: 270 s or two intervals after their condition was last met, or at the next evaluation.",
)
@click.option("--format", "output_format", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.option(
    "--fail-on",
    type=click.Choice(PRIORITIES),
    help="Exit with 1 when an incident of this priority, or a more urgent one, opened.",
)
@cache_option
@strict_option
def replay_command(
    files: tuple[Path, ...],
    stack: str,
    start: datetime | None,
    end: datetime | None,
    policies: tuple[str, ...],
    late: str | None,
    closing: Closing,
    output_format: str,
    fail_on: str | None,
    cache: Cache,
    strict: bool,
) -> None:
    """Show which alerts would have opened and closed, and when.

    FILE is a .jsonl or .jsonl.gz of LogEntry objects, or a JSON array of them, as `gcloud logging read --format=json`
    prints; - is standard input. The entries go through the filters and metrics that are deployed, into a real
    Prometheus that evaluates the deployed queries. What this assumes about Google Cloud: docs/replay-fidelity.md.
    An empty log is an answer, too: with --to, replay says what the alerts make of the silence before it.
    Where entries have a receiveTimestamp, how late they arrived is told by event.

    \b
    loyalty-monitoring replay samples/*.jsonl.gz
    loyalty-monitoring replay --policy rate_limit_spike --from 2026-11-07 --to 2026-11-08 samples/*.jsonl.gz
    gcloud logging read 'resource.type="k8s_container"' --freshness=2d --format=json | loyalty-monitoring replay -
    loyalty-monitoring replay --late random:7 samples/*.jsonl.gz
    loyalty-monitoring replay --format json --fail-on P0 today.jsonl | jq '.incidents[].policy'
    """
    from loyalty_monitoring.replay import lateness, timeline
    from loyalty_monitoring.replay.arrival import parse_arrival
    from loyalty_monitoring.replay.entries.log_files import readable_again
    from loyalty_monitoring.replay.kept_files import groups_of
    from loyalty_monitoring.replay.quantities import value_units
    from loyalty_monitoring.replay.run import replay

    settings, definitions = load_stack(stack)
    allowance = arrival_allowance(settings)
    arrival = None if late is None else parse_arrival(late, int(allowance.total_seconds()))
    with readable_again(files) as kept, progress_bar() as progress:
        groups = groups_of(kept, cache)
        result = replay(
            definitions,
            kept,
            start=start,
            end=end,
            policies=policies or None,
            strict=strict,
            late=arrival,
            closing=closing,
            cache=cache,
            groups=groups,
            progress=progress,
        )
        arrived = lateness.kept_lateness(cache, groups, progress)
    if output_format == "json":
        body = {**timeline.as_object(result), "lateness": lateness.as_object(arrived)}
        click.echo(json.dumps(body, indent=2, ensure_ascii=False))
    else:
        units = units_of_numbers(settings, definitions)
        of_values = value_units(definitions.alert_policies, units)
        timeline.print_text(result, units=units, value_units=of_values, stack=stack)
        for line in lateness.lines(arrived, allowance):
            click.echo(line)
    if fail_on and any(incident.priority <= fail_on for incident in result.incidents):
        sys.exit(1)
