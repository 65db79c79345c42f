"""The command `diff`."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click

from loyalty_monitoring.commands.options import Instant, cache_option, files_argument, stacks_option
from loyalty_monitoring.commands.project import progress_bar, project_root
from loyalty_monitoring.common.cache import Cache


@click.command("diff")
@click.argument("old", metavar="OLD")
@click.argument("new", metavar="NEW")
@files_argument
@stacks_option
@click.option("--from", "start", type=Instant(), metavar="T", help="Evaluate from here; earlier entries are history.")
@click.option("--to", "end", type=Instant(), metavar="T", help="Evaluate up to here; later entries are not used.")
@cache_option
@click.option(
    "--format", "output_format", type=click.Choice(["markdown", "json"]), default="markdown", show_default=True
)
def diff_command(
    old: str,
    new: str,
    files: tuple[Path, ...],
    stacks: tuple[str, ...],
    start: datetime | None,
    end: datetime | None,
    cache: Cache,
    output_format: str,
) -> None:
    """Say which incidents a change of the definitions brings, removes or moves, and whom they reach.

    OLD and NEW are git revisions, or folders that hold the project. Both versions' definitions go over the same logs,
    so a new threshold shows what it would have done last month; log-based metrics themselves start empty. Each stack
    has its part: who is told, the incidents that differ, and how near each alert came. What did not change is not
    replayed. The Markdown is made for a pull request; JSON of several stacks is {"stacks": [...]}, of one its object.
    The exit status says nothing about what was found.

    \b
    loyalty-monitoring diff main HEAD samples/*.jsonl.gz
    loyalty-monitoring diff HEAD . last-month.jsonl.gz
    loyalty-monitoring diff main HEAD --stack production last-month.jsonl.gz
    loyalty-monitoring diff v1.4 v1.5 --stack production logs/*.jsonl.gz --format json | jq '.incidents[]'
    """
    from loyalty_monitoring.replay.entries.log_files import readable_again
    from loyalty_monitoring.report.diff import output
    from loyalty_monitoring.report.diff.compare import compare

    with readable_again(files) as kept, progress_bar() as progress:
        found = compare(project_root(), (old, new), stacks, kept, start=start, end=end, cache=cache, progress=progress)
    show = output.as_json if output_format == "json" else output.as_markdown
    click.echo(show(old, new, found))
