"""The command `match`."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path

import click

from loyalty_monitoring.commands.options import metrics_here, stack_option, strict_option, tell_repeated
from loyalty_monitoring.commands.project import load_stack, summarize
from loyalty_monitoring.common.errors import UserError, nearest


class _FilterCommand(click.Command):
    """A command whose first argument may begin with `-`, which the language reads as NOT."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        try:
            return super().parse_args(ctx, args)
        except click.NoSuchOption as error:
            if not error.option_name.startswith("--") and "--" not in args:
                raise click.UsageError(
                    "a filter that begins with - is taken for an option; put -- first: "
                    "loyalty-monitoring match -- '-FIELD:*' FILE",
                    ctx,
                ) from error
            raise


@click.command("match", cls=_FilterCommand)
@click.argument("arguments", nargs=-1, required=True, metavar="[FILTER] FILE...")
@click.option("--count", is_flag=True, help="Print only how many entries match.")
@click.option("--explain", "explained", is_flag=True, help="Say which term of the filter removes how many entries.")
@click.option(
    "--metric",
    "metrics",
    multiple=True,
    metavar="NAME",
    shell_complete=metrics_here,
    help="The filter of this log-based metric instead of FILTER; with --explain it may be repeated, or be `all`.",
)
@stack_option
@click.option(
    "--format",
    "output_format",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="How --explain prints.",
)
@strict_option
def match_command(
    arguments: tuple[str, ...],
    count: bool,
    explained: bool,
    metrics: tuple[str, ...],
    stack: str,
    output_format: str,
    strict: bool,
) -> None:
    """Print the log entries that match a filter of the Logging query language.

    The whole language is evaluated as documented (docs/filter-language.md); what is not supported is an error. A
    protoPayload is read as the message that its @type names. Words that look like operators are told: a lower-case
    `and`, `&&` and a lone `|` are searched for. --explain says what each term of the filter takes away, in its order.

    \b
    loyalty-monitoring match 'severity >= ERROR' samples/*.jsonl.gz
    loyalty-monitoring match -- '-jsonPayload.order_id:*' day.jsonl
    loyalty-monitoring match --count 'jsonPayload.event = ("order_placed" OR "order_paid")' day.jsonl
    loyalty-monitoring match --explain --metric rate_limited_requests --stack production day.jsonl
    loyalty-monitoring match --explain --metric all day.jsonl
    """
    from loyalty_monitoring.query_languages.logging_filter.stray_operators import stray_operators
    from loyalty_monitoring.replay.entries.match import count_matches, matching_entries

    filters = _filters(metrics, stack) if metrics else {arguments[0]: arguments[0]}
    files = tuple(map(Path, arguments if metrics else arguments[1:]))
    if not files and Path(arguments[0]).is_file():
        raise click.UsageError(
            "the filter is missing: write it before the files, or name a log-based metric by --metric"
        )
    if not files:
        raise click.UsageError("Missing argument 'FILE...'.")
    tell_repeated(files)
    if len(filters) > 1 and not explained:
        raise click.UsageError("several metrics have several filters; add --explain, or name one metric")
    for text in filters.values():
        for stray in stray_operators(text):
            click.echo(f"loyalty-monitoring: warning: {stray.message}; {stray.remedy}", err=True)
    if explained:
        _explain(filters, files, output_format, strict)
        return
    (text,) = filters.values()
    if count:
        click.echo(count_matches(text, files, strict=strict))
        return
    is_empty = True
    for line in matching_entries(text, files, strict=strict):
        is_empty = False
        # As they are, whatever the terminal's encoding.
        sys.stdout.buffer.write(line + b"\n")
    if is_empty:
        summarize("No entry matches; --explain says which term of the filter takes them away")


def _filters(names: tuple[str, ...], stack: str) -> dict[str, str]:
    """Return the filters of metrics, by name."""
    _, definitions = load_stack(stack)
    known = {metric.name: str(metric.body["filter"]) for metric in definitions.log_metrics}
    for name in names:
        if name not in known and name != "all":
            raise UserError(f"there is no metric {name!r}{nearest(name, set(known))}")
    return known if "all" in names else {name: known[name] for name in names}


def _explain(filters: dict[str, str], files: tuple[Path, ...], output_format: str, strict: bool) -> None:
    from loyalty_monitoring.replay.entries.explain import explain

    found = explain(filters, files, strict=strict)
    if output_format == "json":
        click.echo(json.dumps({name: asdict(one) for name, one in found.items()}, indent=2, ensure_ascii=False))
        return
    for name, one in found.items():
        click.echo(f"{name}: {one.matched:,} of {one.entries:,} entries match")
        click.echo(f"{'removed':>12}  {'left':>12}  term")
        for term in one.terms:
            values = ", ".join(f"{value} ({number:,})" for value, number in term.found)
            has = f"   removed have {values}" if values else ""
            line = f"{term.removed:>12,}  {term.before - term.removed:>12,}  {term.text}{has}"
            # Values come from logs: none of them speaks to the terminal.
            click.echo("".join(sign if sign.isprintable() else " " for sign in line))
        click.echo()
