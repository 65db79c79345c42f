"""Options and arguments that several commands share, and the types of their values."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import click

from loyalty_monitoring.common.cache import NO_CACHE, user_cache
from loyalty_monitoring.common.errors import Position
from loyalty_monitoring.common.sizes import bytes_of

PRIORITIES = ("P0", "P1", "P2")


def _stacks_here(context: click.Context, parameter: click.Parameter, begun: str) -> list[str]:
    """Return the stacks that the shell offers: those of the folder one stands in."""
    names = (file.name.split(".")[1] for file in sorted(Path.cwd().glob("Pulumi.*.yaml")))
    return [name for name in names if name.startswith(begun)]


def _files_here(folder: str) -> Callable[[click.Context, click.Parameter, str], list[str]]:
    """Return what offers the definitions of a folder, such as alert_policies, below the one that one stands in."""

    def offered(context: click.Context, parameter: click.Parameter, begun: str) -> list[str]:
        names = sorted(file.stem for file in (Path.cwd() / folder).glob("*.yaml"))
        return [name for name in names if name.startswith(begun)]

    return offered


alerts_here, metrics_here = _files_here("alert_policies"), _files_here("log_metrics")

stack_option = click.option(
    "--stack",
    default="demo",
    show_default=True,
    metavar="S",
    envvar="LOYALTY_MONITORING_STACK",
    show_envvar=True,
    shell_complete=_stacks_here,
    help="The stack whose settings and parameters apply: Pulumi.S.yaml.",
)
stacks_option = click.option(
    "--stack",
    "stacks",
    multiple=True,
    metavar="S",
    shell_complete=_stacks_here,
    help="This stack, Pulumi.S.yaml; may be repeated. Without it: all stacks that have a file.",
)
policies_option = click.option(
    "--policy",
    "policies",
    multiple=True,
    metavar="NAME",
    shell_complete=alerts_here,
    help="Only this alert policy; may be repeated.",
)


def tell_repeated(files: Sequence[Path]) -> None:
    """Warn of log files that are given twice: what stands in them counts twice."""
    places = [str(file) if str(file) == "-" else os.path.realpath(file) for file in files]
    for place, count in Counter(places).items():
        if count > 1:
            name = Position(str(files[places.index(place)]))
            click.echo(
                f"loyalty-monitoring: warning: {name} is given {count} times, and its entries count as often; "
                "give it once",
                err=True,
            )


def _told(context: click.Context, parameter: click.Parameter, files: tuple[Path, ...]) -> tuple[Path, ...]:
    tell_repeated(files)
    return files


files_argument = click.argument(
    "files", nargs=-1, required=True, metavar="FILE...", type=click.Path(path_type=Path), callback=_told
)
dashboard_option = click.option(
    "--dashboard",
    "dashboards",
    multiple=True,
    metavar="PATH",
    type=click.Path(path_type=Path),
    help="Also draw this dashboard, as `gcloud` or the console exports it; may be repeated.",
)
cache_option = click.option(
    "--no-cache",
    "cache",
    is_flag=True,
    callback=lambda _context, _parameter, without: NO_CACHE if without else user_cache(),
    help="Work everything out anew, and keep nothing; `loyalty-monitoring cache` says what is kept.",
)
strict_option = click.option("--strict", is_flag=True, help="A line that is no LogEntry is an error, not just counted.")


class Instant(click.ParamType[datetime]):
    """An RFC 3339 time; a date alone is its midnight, and a time without an offset is UTC."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        if isinstance(value, datetime):
            return value
        try:
            instant = datetime.fromisoformat(value)
            return instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant.astimezone(UTC)
        except (ValueError, OverflowError):
            self.fail(f"{value!r} is no time; write it like 2026-11-07 or 2026-11-07T03:00:00Z", param, ctx)


class Bytes(click.ParamType[int]):
    """A number of bytes, with or without a unit: 1000, 5GB, 100GiB."""

    name = "size"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        if isinstance(value, int):
            return value
        size = bytes_of(value)
        if size is None:
            self.fail(f"{value!r} is no size; write it like 500MiB, 100GiB or 2TiB", param, ctx)
        return size


class Length(click.ParamType[timedelta]):
    """A length of time: 90s, 30m, 1h30m, 2d."""

    name = "length"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        if isinstance(value, timedelta):
            return value
        found = re.fullmatch(r"(?:(\d{1,3})d)?(?:(\d{1,4})h)?(?:(\d{1,5})m)?(?:(\d{1,6})s)?", value.strip())
        parts = [int(part or 0) for part in found.groups()] if found else []
        if not any(parts):
            self.fail(f"{value!r} is no length of time; write it like 90s, 30m or 1h30m", param, ctx)
        days, hours, minutes, seconds = parts
        return timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
