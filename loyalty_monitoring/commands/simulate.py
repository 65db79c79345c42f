"""The command `simulate`."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import click

from loyalty_monitoring.commands.options import Instant
from loyalty_monitoring.commands.project import progress_bar, summarize
from loyalty_monitoring.common.errors import Position, UserError

# Prometheus evaluates nothing outside, and so does replay.
_FIRST, _LAST = datetime(1970, 1, 2, tzinfo=UTC), datetime(2261, 12, 31, tzinfo=UTC)


def _faults(context: click.Context, parameter: click.Parameter, begun: str) -> list[str]:
    """Return what the shell offers."""
    from loyalty_simulation.faults import FAULTS

    return [f"{fault.name}@T+" for fault in FAULTS if fault.name.startswith(begun)]


@click.command("simulate")
@click.option("--days", type=click.IntRange(1, 366), default=1, show_default=True, metavar="N", help="How long.")
@click.option("--merchants", type=int, default=6, show_default=True, metavar="N", help="How many; 4 or more.")
@click.option("--stores", type=int, default=12, show_default=True, metavar="N", help="How many, of all merchants.")
@click.option("--seed", type=int, default=1, show_default=True, metavar="N", help="Equal seeds write equal logs.")
@click.option("--start", type=Instant(), default="2026-11-02", show_default=True, metavar="T", help="When it begins.")
@click.option("--new-project", is_flag=True, help="Nothing was before T: no cards, and no task has ever run.")
@click.option(
    "--fault",
    "faults",
    multiple=True,
    metavar="NAME@T+OFFSET[/LENGTH]",
    shell_complete=_faults,
    help="What breaks, and when; may be repeated.",
)
@click.option("--list-faults", is_flag=True, help="List what can break and what then opens; write no logs.")
@click.option(
    "--out",
    default="-",
    metavar="FILE",
    help="A file, gzipped when it ends in .gz; a folder (DIR/) for one file a day; - is standard output.",
)
def simulate_command(
    days: int,
    merchants: int,
    stores: int,
    seed: int,
    start: datetime,
    new_project: bool,
    faults: tuple[str, ...],
    list_faults: bool,
    out: str,
) -> None:
    """Write the logs of a living system, healthy but for the faults asked for.

    Customers come and go by day, night and weekend, pods are deployed and restarted, and real Celery tasks log through
    Google's StructuredLogHandler, on a simulated clock. T is the start: wallet_outage@T+1d2h30m begins 26.5 hours after
    it, and wallet_outage@T+1h/45m lasts 45 minutes instead of its own length.

    \b
    loyalty-monitoring simulate --fault wallet_outage@T+1h | loyalty-monitoring replay -
    loyalty-monitoring simulate --days 30 --merchants 4 --stores 4 --out month.jsonl.gz
    loyalty-monitoring simulate --list-faults
    """
    from loyalty_simulation import output
    from loyalty_simulation.faults import as_text

    if list_faults:
        click.echo(as_text())
        return

    try:
        from loyalty_simulation.story import Story, entries
    except ModuleNotFoundError as error:
        raise UserError(
            f"the simulation needs the package {error.name}; run: pip install 'loyalty-monitoring[simulation]'"
        ) from error
    from loyalty_simulation.timeline import parse_occurrence

    last = _LAST - timedelta(days=days)
    if not _FIRST <= start <= last:
        raise UserError(
            f"--start is {start:%Y-%m-%d}, and no replay evaluates years before 1970 or after 2261; choose one from "
            f"{_FIRST:%Y-%m-%d} to {last:%Y-%m-%d}"
        )
    story = Story(days, merchants, stores, seed, start, tuple(map(parse_occurrence, faults)), new_project)
    with progress_bar() as progress:
        until = start + timedelta(days=days, microseconds=-1)
        written = output.write(out, entries(story, progress), start.date(), until.date())
    broken = f", with {len(faults)} fault{'s' if len(faults) > 1 else ''}" if faults else ", without a fault"
    where = "standard output" if out == "-" else Position(out)
    summarize(f"{written:,} entries of {days} day{'s' if days > 1 else ''}{broken}, written to {where}")
