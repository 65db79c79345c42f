"""The command `cost`."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from loyalty_monitoring.commands.options import stack_option
from loyalty_monitoring.commands.project import load_stack, progress_bar, project_root, remember_project_dir
from loyalty_monitoring.common.errors import Position, UserError

if TYPE_CHECKING:
    from loyalty_monitoring.definitions.project import Dimension

# Before the names of the options that the project brings.
_SIZE = "size_"


class _Sized(click.Command):
    """A command with an option for each dimension of the project: `--depots N` where monitoring.yaml has depots."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        remember_project_dir(ctx, args)
        return super().parse_args(ctx, args)

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        return [*super().get_params(ctx), *map(_option, _dimensions())]


def _dimensions() -> tuple[Dimension, ...]:
    from loyalty_monitoring.definitions.project import load_module

    try:
        return load_module(project_root()).dimensions
    except UserError:
        return ()  # the command itself says what is wrong


def _option(dimension: Dimension) -> click.Option:
    name = dimension.name
    return click.Option(
        [f"--{name.replace('_', '-')}", f"{_SIZE}{name}"],
        type=int,
        metavar="N",
        help=f"For so many {name}; without it, the sample's.",
    )


@click.command("cost", cls=_Sized)
@click.argument("files", nargs=-1, metavar="[FILE]...", type=click.Path(path_type=Path))
@stack_option
@click.option(
    "--pods",
    type=int,
    metavar="N",
    help="For so many pods that write logs within 24 hours, replaced ones included; without it, the sample's.",
)
@click.option(
    "--prices",
    "price_file",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Another price table; without it, loyalty_monitoring/cost/prices.yaml.",
)
@click.option("--format", "output_format", type=click.Choice(["text", "json"]), default="text", show_default=True)
def cost_command(
    files: tuple[Path, ...],
    stack: str,
    pods: int | None,
    price_file: Path | None,
    output_format: str,
    **sizes: int | None,
) -> None:
    """Say what the stack costs a month and why, and when a limit is reached.

    FILE is what replay takes, best whole weeks; without it, the shipped samples. The points that metrics write and that
    alerts read are measured by replay, scaled to a month of 30 days and to the size asked for, and priced by a table
    with its date and sources. `scale` in monitoring.yaml says what the load grows with; each has an option. A warning
    comes before a metric reaches 30,000 active series. More: docs/cost.md.

    \b
    loyalty-monitoring cost
    loyalty-monitoring cost --pods 8
    loyalty-monitoring cost last-week.jsonl.gz --prices our-prices.yaml
    loyalty-monitoring cost --format json | jq '.total.usd_now, .warnings[]'
    """
    from loyalty_monitoring.cost import output
    from loyalty_monitoring.cost.estimate import estimate, measured
    from loyalty_monitoring.cost.prices import SHIPPED, load_prices
    from loyalty_monitoring.cost.scale import check_size
    from loyalty_monitoring.definitions.log_contract import load_contract

    wanted = {**{name.removeprefix(_SIZE): number for name, number in sizes.items()}, "pods": pods}
    check_size(wanted)
    settings, definitions = load_stack(stack)
    prices = load_prices(price_file or SHIPPED)
    module_writes = load_contract(project_root() / "log_events.yaml")
    sample_files = files or tuple(sorted((project_root() / "samples").glob("*.jsonl.gz")))
    if not sample_files:
        raise UserError("there are no logs in samples/ to measure; name a FILE", Position(project_root() / "samples"))
    with progress_bar() as progress:
        sample = measured(definitions, sample_files, settings.module.dimensions, progress)
    found = estimate(
        sample,
        module_writes,
        prices,
        today=datetime.now(UTC).date(),
        wanted=wanted,
    )
    if output_format == "json":
        click.echo(output.as_json(found, shipped=not files))
    else:
        output.print_text(found, shipped=not files)
