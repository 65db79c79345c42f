"""The command `contract`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from loyalty_monitoring.commands.options import files_argument, stack_option, strict_option
from loyalty_monitoring.commands.project import arrival_allowance, load_stack, progress_bar, project_root


@click.group("contract")
def contract_command() -> None:
    """Check logs against the log contract: what the loyalty module writes, as docs/log-contract.md says it.

    \b
    loyalty-monitoring contract check week.json
    """


@contract_command.command("check")
@files_argument
@stack_option
@click.option("--format", "output_format", type=click.Choice(["text", "json"]), default="text", show_default=True)
@strict_option
def contract_check_command(files: tuple[Path, ...], stack: str, output_format: str, strict: bool) -> None:
    """Say which events of the module are there and valid, and which alerts and charts are blind.

    FILE is what replay takes; - is standard input. For each event: how many entries keep the contract, when first and
    last, and what is wrong with the others, with the file and line of the first. Celery's own lines and events that the
    contract does not have are told as well, and, where entries have a receiveTimestamp, how late each event's arrived.
    Exit status 1 when an event that an alert needs is absent or broken, so check logs of a time in which each of them
    happens.

    \b
    loyalty-monitoring contract check samples/*.jsonl.gz
    gcloud logging read 'resource.type="k8s_container"' --freshness=1d --format=json > day.json
    loyalty-monitoring contract check day.json
    loyalty-monitoring contract check --format json - < day.json | jq '.findings[] | select(.level == "error")'
    """
    from loyalty_monitoring.checks.contract import output
    from loyalty_monitoring.checks.contract.check import check
    from loyalty_monitoring.definitions.log_contract import load_contract

    settings, definitions = load_stack(stack)
    module_writes = load_contract(project_root() / "log_events.yaml")
    with progress_bar() as progress:
        report = check(
            module_writes,
            definitions,
            settings.resource_type,
            files,
            strict=strict,
            allowance=arrival_allowance(settings),
            progress=progress,
        )
    if output_format == "json":
        click.echo(output.as_json(report))
    else:
        output.print_text(report)
    if not report.holds:
        sys.exit(1)
