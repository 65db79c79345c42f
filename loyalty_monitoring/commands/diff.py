"""The command `diff`."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click

from loyalty_monitoring.commands.options import Instant, files_argument, stack_option
from loyalty_monitoring.commands.project import progress_bar, project_root


@click.command("diff")
@click.argument("old", metavar="OLD")
@click.argument("new", metavar="NEW")
@files_argument
@stack_option
@click.option("--from", "start", type=Instant(), metavar="T", help="Evaluate from here; earlier entries are history.")
@click.option("--to", "end", type=Instant(), metavar="T", help="Evaluate up to here; later entries are not used.")
@click.option(
    "--format", "output_format", type=click.Choice(["markdown", "json"]), default="markdown", show_default=True
)
def diff_command(
    old: str,
    new: str,
    files: tuple[Path, ...],
    stack: str,
    start: datetime | None,
    end: datetime | None,
    output_format: str,
) -> None:
    """Say which incidents a change of the definitions brings, removes or moves.

    OLD and NEW are git revisions, or folders that hold the project. Both versions' definitions go over the same logs,
    so a new threshold shows what it would have done last month; log-based metrics themselves start empty. The Markdown
    is made for a pull request. The exit status says nothing about what was found.

    \b
    loyalty-monitoring diff main HEAD samples/*.jsonl.gz
    loyalty-monitoring diff HEAD . last-month.jsonl.gz
    loyalty-monitoring diff v1.4 v1.5 logs/*.jsonl.gz --format json | jq '.incidents[] | select(.kind != "stays")'
    """
    from loyalty_monitoring.replay.entries.log_files import readable_again
    from loyalty_monitoring.report.diff import output
    from loyalty_monitoring.report.diff.compare import compare
    from loyalty_monitoring.report.diff.versions import load_version

    root = project_root()
    versions = [load_version(root, name, stack) for name in (old, new)]
    with readable_again(files) as kept, progress_bar() as progress:
        found = compare(versions[0], versions[1], kept, start=start, end=end, progress=progress)
    click.echo(output.as_json(found) if output_format == "json" else output.as_markdown(found))
