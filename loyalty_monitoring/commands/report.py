"""The command `report`."""

from __future__ import annotations

from contextlib import closing
from datetime import datetime
from pathlib import Path

import click

from loyalty_monitoring.commands.options import (
    Instant,
    cache_option,
    dashboard_option,
    files_argument,
    stack_option,
    strict_option,
)
from loyalty_monitoring.commands.project import load_stack_of, progress_bar, project_root
from loyalty_monitoring.common.cache import Cache


@click.command("report")
@files_argument
@stack_option
@click.option("--out", required=True, metavar="DIR", type=click.Path(path_type=Path), help="The folder to write.")
@click.option("--from", "start", type=Instant(), metavar="T", help="Draw from here; earlier entries are history.")
@click.option("--to", "end", type=Instant(), metavar="T", help="Draw up to here; later entries are not used.")
@dashboard_option
@cache_option
@strict_option
def report_command(
    files: tuple[Path, ...],
    stack: str,
    out: Path,
    start: datetime | None,
    end: datetime | None,
    dashboards: tuple[Path, ...],
    cache: Cache,
    strict: bool,
) -> None:
    """Draw the dashboards and the incidents, filled with replayed logs, as pages that a browser opens from disk.

    DIR/index.html shows when which alert would have opened; each dashboard and each alert policy has a page. The
    dashboards are drawn from the JSON that is deployed. Nothing is fetched: the folder can be sent as it is.

    \b
    loyalty-monitoring report samples/*.jsonl.gz --out report
    loyalty-monitoring report today.jsonl --dashboard exported.json --out report
    """
    from loyalty_monitoring.proof.alerts.cases import claims_of
    from loyalty_monitoring.replay.entries.log_files import readable_again
    from loyalty_monitoring.report.build import report
    from loyalty_monitoring.report.site import write_site
    from loyalty_monitoring.report.sources import sources

    root = project_root()
    load_stack_of(root, stack)  # refuses what lint finds
    made_from = sources(root, stack, dashboards, claims_of(root))
    with readable_again(files) as kept, progress_bar() as progress:
        pages = report(made_from, kept, start=start, end=end, strict=strict, cache=cache, progress=progress)
        with closing(pages):
            first = write_site(pages, out)
    click.echo(first)
