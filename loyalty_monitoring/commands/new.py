"""The command `new`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import click

from loyalty_monitoring.commands.options import PRIORITIES, metrics_here
from loyalty_monitoring.commands.project import project_root


@click.group("new")
def new_command() -> None:
    """Begin a definition: write its files, with TODO where a person must decide.

    \b
    loyalty-monitoring new metric failed_jobs --event job_failed --label queue --row M1
    loyalty-monitoring new alert many_failures --metric failed_jobs --event job_failed
    loyalty-monitoring new chart "Jobs that failed" --metric failed_jobs
    """


@new_command.command("alert")
@click.argument("name")
@click.option("--row", prompt="Row of coverage.yaml, such as A9", help="The row that it covers; must be free.")
@click.option("--priority", type=click.Choice(PRIORITIES), default="P1", show_default=True, help="How urgent it is.")
@click.option(
    "--metric",
    prompt="Log-based metric that it reads",
    shell_complete=metrics_here,
    help="A file of log_metrics/, without its ending.",
)
@click.option("--event", prompt="Event that its cases log", help="An event of log_events.yaml.")
@click.option("--threshold", type=click.IntRange(min=1), default=20, show_default=True, help="Opens above this many.")
@click.option("--window", type=click.IntRange(5, 720), default=60, show_default=True, help="Within this many minutes.")
def new_alert_command(name: str, row: str, priority: str, metric: str, event: str, threshold: int, window: int) -> None:
    """Write what a new alert needs: row, parameters, policy, runbook, place on the overview, three cases, and a drill.

    Without the options it asks. The alert loads and can be proven at once; `loyalty-monitoring check` names what is
    yours to decide, and what is missing.

    \b
    loyalty-monitoring new alert many_failures --row A9 --metric failed_jobs --event job_failed
    loyalty-monitoring new alert many_retries --row A10 --priority P2 --metric retried_jobs --event job_retried \\
        --threshold 100 --window 30
    """
    from loyalty_monitoring.definitions.load import read_sources
    from loyalty_monitoring.definitions.new_alert import Wish, new_alert
    from loyalty_monitoring.definitions.settings import load_stack_settings, stack_names

    root = project_root()
    settings = load_stack_settings(root, stack_names(root)[0])
    files = new_alert(read_sources(root), settings, Wish(name, row, priority, metric, event, threshold, window))
    _write(files, root)


@new_command.command("metric")
@click.argument("name")
@click.option("--event", prompt="Event that it counts", help="An event of log_events.yaml.")
@click.option("--row", prompt="Row of coverage.yaml, such as M1", help="The row that it covers; must be there.")
@click.option("--label", "labels", multiple=True, metavar="FIELD", help="A field of the event that is a label.")
def new_metric_command(name: str, event: str, row: str, labels: tuple[str, ...]) -> None:
    """Write a log-based metric that counts an event, and the first log lines that it must and must not count.

    Without the options it asks. A label has a time series for each of its values: few values, nothing personal.

    \b
    loyalty-monitoring new metric failed_jobs --event job_failed --row M1 --label queue
    """
    from loyalty_monitoring.definitions.load import read_sources
    from loyalty_monitoring.definitions.new_metric import MetricWish, new_metric
    from loyalty_monitoring.definitions.settings import load_stack_settings, stack_names

    root = project_root()
    settings = load_stack_settings(root, stack_names(root)[0])
    _write(new_metric(read_sources(root), settings, MetricWish(name, row, event, labels)), root)


@new_command.command("chart")
@click.argument("name")
@click.option(
    "--metric",
    prompt="Log-based metric that it shows",
    shell_complete=metrics_here,
    help="A file of log_metrics/, without its ending.",
)
@click.option("--dashboard", default="overview", show_default=True, help="A file of dashboards/, without its ending.")
@click.option("--window", type=click.IntRange(1, 1440), default=60, show_default=True, help="Minutes a point adds up.")
def new_chart_command(name: str, metric: str, dashboard: str, window: int) -> None:
    """Add a chart below the others of a dashboard; NAME is its title.

    Without the options it asks. `loyalty-monitoring report LOGS --out report` draws it.

    \b
    loyalty-monitoring new chart "Jobs that failed an hour" --metric failed_jobs --dashboard task_health
    """
    from loyalty_monitoring.definitions.load import read_sources
    from loyalty_monitoring.definitions.new_chart import ChartWish, new_chart

    root = project_root()
    _write(new_chart(read_sources(root), ChartWish(name, metric, dashboard, window)), root)


def _write(files: Mapping[Path, str], root: Path) -> None:
    from loyalty_monitoring.common.atomic_files import write_together

    write_together(files, "free the disk, or mend the folder's rights, and run it again")
    for file in files:
        click.echo(f"wrote {_shown(file, root)}")
    click.echo("Decide what is marked with TODO, then: loyalty-monitoring check")


def _shown(file: Path, root: Path) -> str:
    return str(file.relative_to(root))
