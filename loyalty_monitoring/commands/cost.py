"""The command `cost`."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click

from loyalty_monitoring.commands.options import stack_option
from loyalty_monitoring.commands.project import load_stack, progress_bar, project_root
from loyalty_monitoring.common.errors import Position, UserError


@click.command("cost")
@click.argument("files", nargs=-1, metavar="[FILE]...", type=click.Path(path_type=Path))
@stack_option
@click.option("--merchants", type=int, metavar="N", help="For so many merchants; without it, the sample's.")
@click.option("--stores", type=int, metavar="N", help="For so many stores, of all merchants; without it, the sample's.")
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
    merchants: int | None,
    stores: int | None,
    pods: int | None,
    price_file: Path | None,
    output_format: str,
) -> None:
    """Say what the stack costs a month and why, and when a limit is reached.

    FILE is what replay takes, best whole weeks; without it, the shipped samples. The points that metrics write and that
    alerts read are measured by replay, scaled to a month of 30 days and to the size asked for, and priced by a table
    with its date and sources. A warning comes before a metric reaches 30,000 active series. More: docs/cost.md.

    \b
    loyalty-monitoring cost
    loyalty-monitoring cost --merchants 200 --stores 2000 --pods 8
    loyalty-monitoring cost last-week.jsonl.gz --prices our-prices.yaml
    loyalty-monitoring cost --stores 2000 --format json | jq '.total.usd_now, .warnings[]'
    """
    from loyalty_monitoring.cost import output
    from loyalty_monitoring.cost.estimate import estimate, measured
    from loyalty_monitoring.cost.prices import SHIPPED, load_prices
    from loyalty_monitoring.cost.scale import check_size
    from loyalty_monitoring.definitions.log_contract import load_contract

    check_size(merchants, stores, pods)
    _, definitions = load_stack(stack)
    prices = load_prices(price_file or SHIPPED)
    module_writes = load_contract(project_root() / "log_events.yaml")
    sample_files = files or tuple(sorted((project_root() / "samples").glob("*.jsonl.gz")))
    if not sample_files:
        raise UserError("there are no logs in samples/ to measure; name a FILE", Position(project_root() / "samples"))
    with progress_bar() as progress:
        sample = measured(definitions, sample_files, progress)
    found = estimate(
        sample,
        module_writes,
        prices,
        today=datetime.now(UTC).date(),
        merchants=merchants,
        stores=stores,
        pods=pods,
    )
    if output_format == "json":
        click.echo(output.as_json(found, shipped=not files))
    else:
        output.print_text(found, shipped=not files)
