"""The command `serve`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
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

    The page that was opened last is drawn first, the others while one looks at it, or when they are opened. Only this
    machine can reach it. A mistake in a definition is shown on the page, with file and line. Ctrl-C ends it.

    \b
    loyalty-monitoring serve samples/*.jsonl.gz
    loyalty-monitoring serve today.jsonl --port 0
    """
    from loyalty_monitoring.proof.alerts.cases import claims_of
    from loyalty_monitoring.replay.entries.log_files import readable_again
    from loyalty_monitoring.replay.kept_files import Group, groups_of
    from loyalty_monitoring.replay.running_servers import RunningServers
    from loyalty_monitoring.report.build import drawing
    from loyalty_monitoring.report.serve import Drawer, Edition, Live, changes, follow, served
    from loyalty_monitoring.report.sources import sources, watched_folders

    root = project_root()
    with readable_again(files) as kept, RunningServers() as servers:
        groups: tuple[Group, ...] = ()

        @contextmanager
        def edition(version: int, check: Callable[[], None]) -> Iterator[Edition]:
            nonlocal groups
            with ExitStack() as opened:
                with progress_bar() as bar:

                    def progress(what: str, share: float) -> None:
                        check()
                        bar(what, share)

                    load_stack_of(root, stack)  # refuses what lint finds
                    made_from = sources(root, stack, dashboards, claims_of(root))
                    # To look at the bytes of a month of logs takes as long as all else.
                    if not groups or not all(group.is_unchanged() for group in groups):
                        groups = groups_of(kept, cache)
                    drawn = opened.enter_context(
                        drawing(
                            made_from,
                            kept,
                            strict=strict,
                            version=version,
                            cache=cache,
                            groups=groups,
                            servers=servers,
                            progress=progress,
                        )
                    )
                yield Edition(drawn.pages, drawn.draw)

        changed = changes(watched_folders(root), {*kept, *dashboards})
        next(changed, None)
        live = Live()
        drawer = Drawer(live, edition)
        drawer.begin()
        with closing(drawer), served(live, port) as address:
            follow(live, changed)
            click.echo(address)
            drawer.run()
