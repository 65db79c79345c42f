"""The command `match`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from loyalty_monitoring.commands.options import files_argument, strict_option


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
@click.argument("filter_text", metavar="FILTER")
@files_argument
@click.option("--count", is_flag=True, help="Print only how many entries match.")
@strict_option
def match_command(filter_text: str, files: tuple[Path, ...], count: bool, strict: bool) -> None:
    """Print the log entries that match a filter of the Logging query language.

    The whole language is evaluated as documented (docs/filter-language.md); what is not supported is an error. A
    protoPayload is read as the message that its @type names. Words that look like operators are told: a lower-case
    `and`, `&&` and a lone `|` are searched for.

    \b
    loyalty-monitoring match 'severity >= ERROR' samples/*.jsonl.gz
    loyalty-monitoring match -- '-jsonPayload.store_id:*' day.jsonl
    loyalty-monitoring match --count 'jsonPayload.event = ("card_enrolled" OR "card_deactivated")' day.jsonl
    loyalty-monitoring match 'protoPayload.methodName=storage.setIamPermissions' audit.jsonl
    """
    from loyalty_monitoring.query_languages.logging_filter.stray_operators import stray_operators
    from loyalty_monitoring.replay.entries.match import count_matches, matching_entries

    for stray in stray_operators(filter_text):
        click.echo(f"loyalty-monitoring: warning: {stray.message}; {stray.remedy}", err=True)
    if count:
        click.echo(count_matches(filter_text, files, strict=strict))
        return
    # As they are, whatever the terminal's encoding.
    for line in matching_entries(filter_text, files, strict=strict):
        sys.stdout.buffer.write(line + b"\n")
