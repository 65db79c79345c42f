"""The command `serve`."""

from __future__ import annotations

from pathlib import Path

import click

from loyalty_monitoring.commands.options import (
    cache_option,
    dashboard_option,
    files_argument,
    stack_option,
    strict_option,
)
from loyalty_monitoring.commands.project import load_stack_of, progress_bar, project_root
from loyalty_monitoring.common.cache import Cache


@click.command("serve")
@files_argument
@stack_option
@click.option("--port", type=click.IntRange(0, 65535), default=8000, show_default=True, help="0 is any that is free.")
@dashboard_option
@cache_option
@strict_option
def serve_command(
    files: tuple[Path, ...], stack: str, port: int, dashboards: tuple[Path, ...], cache: Cache, strict: bool
) -> None:
    """Show the report in a browser, and draw it anew when a definition or a log file changes.

    Only this machine can reach it. A mistake in a definition is shown on the page, with file and line. Ctrl-C ends it.

    \b
    loyalty-monitoring serve samples/*.jsonl.gz
    loyalty-monitoring serve today.jsonl --port 0
    """
    from loyalty_monitoring.proof.alerts.cases import claims_of
    from loyalty_monitoring.replay.entries.log_files import readable_again
    from loyalty_monitoring.report.build import report
    from loyalty_monitoring.report.serve import Live, changes, redraw, served
    from loyalty_monitoring.report.sources import sources, watched_folders

    root = project_root()
    with readable_again(files) as kept:

        def draw() -> dict[str, str]:
            with progress_bar() as progress:
                load_stack_of(root, stack)  # refuses what lint finds
                made_from = sources(root, stack, dashboards, claims_of(root))
                return report(made_from, kept, strict=strict, live=True, cache=cache, progress=progress)

        changed = changes(watched_folders(root), {*kept, *dashboards})
        next(changed, None)
        live = Live(draw())
        with served(live, port) as address:
            click.echo(address)
            for _ in changed:
                redraw(live, draw)
