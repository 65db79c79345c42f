"""The command `import`."""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path

import click

from loyalty_monitoring.commands.options import Instant, files_argument, stack_option, strict_option
from loyalty_monitoring.commands.project import progress_bar, project_root, summarize


@click.command("import")
@files_argument
@stack_option
@click.option(
    "--resource-type",
    metavar="TYPE",
    help="The resource.type of the entries, such as k8s_container; without it, the stack's.",
)
@click.option("--time", "told", type=Instant(), metavar="T", help="When the lines were printed that say no time.")
@strict_option
def import_command(
    files: tuple[Path, ...], stack: str, resource_type: str | None, told: datetime | None, strict: bool
) -> None:
    """Make log entries of what a container printed, on standard output, one a line.

    FILE has the lines of `kubectl logs --timestamps` (also with --prefix), `docker logs -t`, `docker compose logs
    -t`, of a file in a node's /var/log/containers, or just those of StructuredLogHandler; - is standard input. Each
    becomes the entry that Cloud Logging would make of it. Its time is that before the line; else the line's own,
    which is UTC where it has no zone; text without a time has that of the line before it; what is left takes --time,
    or is counted and not used.

    \b
    kubectl logs --timestamps deploy/worker | loyalty-monitoring import - > entries.jsonl
    docker compose logs -t worker | loyalty-monitoring import --resource-type cloud_run_revision - > entries.jsonl
    loyalty-monitoring import --time 2026-11-07T08:00:00Z stdout.txt | loyalty-monitoring contract check -
    """
    from loyalty_monitoring.definitions.settings import load_stack_settings
    from loyalty_monitoring.replay.entries.container_lines import LineCounts, entries_of

    kind = resource_type or load_stack_settings(project_root(), stack).resource_type
    time = f"{told:%Y-%m-%dT%H:%M:%S.%fZ}" if told else None
    counts = LineCounts()
    with progress_bar() as progress:
        for entry in entries_of(files, kind, told=time, strict=strict, counts=counts, progress=progress):
            sys.stdout.write(f"{entry}\n")
    times = ", ".join(f"{number:,} of {source}" for source, number in counts.times.items())
    made = counts.read - counts.rejected
    summarize(f"{made:,} entr{'y' if made == 1 else 'ies'} of type {kind}; their times: {times}")
