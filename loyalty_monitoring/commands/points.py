"""The command `points`."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import click

from loyalty_monitoring.commands.options import files_argument, stack_option, strict_option
from loyalty_monitoring.commands.project import load_stack, progress_bar
from loyalty_monitoring.common.errors import Position


@click.command("points")
@files_argument
@stack_option
@click.option(
    "--out",
    required=True,
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="The file to write, - for standard output.",
)
@strict_option
def points_command(files: tuple[Path, ...], stack: str, out: Path, strict: bool) -> None:
    """Write the points of all log-based metrics as OpenMetrics text.

    They are the points that `replay` evaluates: one for each minute and time series, stamped 59.999 s into its minute.
    Any Prometheus takes them, and Grafana shows what Prometheus has:

    \b
    loyalty-monitoring points samples/*.jsonl.gz --out points.om
    promtool tsdb create-blocks-from openmetrics points.om data
    prometheus --config.file=/dev/null --storage.tsdb.path=data --storage.tsdb.retention.time=10y
    """
    from loyalty_monitoring.common.atomic_files import appearing_whole
    from loyalty_monitoring.common.temporary_folders import temporary_folder
    from loyalty_monitoring.replay.diagnosis import why_silent
    from loyalty_monitoring.replay.run import write_points

    _, definitions = load_stack(stack)
    with temporary_folder() as folder, progress_bar() as progress:
        text = folder / "points.om"
        counts, summaries = write_points(definitions.log_metrics, files, text, strict=strict, progress=progress)
        with text.open("rb") as lines:
            if str(out) == "-":
                shutil.copyfileobj(lines, sys.stdout.buffer)
            else:
                with appearing_whole(out) as whole:
                    shutil.copyfileobj(lines, whole)
    points, series = (sum(getattr(one, what) for one in summaries.values()) for what in ("points", "series"))
    summary = f"{points:,} points of {series:,} time series, from {counts.read - counts.rejected:,} entries"
    rejected = f"; {counts.rejected:,} lines are no LogEntry" if counts.rejected else ""
    click.echo(f"{summary}{rejected}, written to {Position(out)}", err=str(out) == "-")
    for why in why_silent(definitions.log_metrics, summaries, counts.origins):
        click.echo(why, err=True)
