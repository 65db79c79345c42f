"""The command `lint`."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from loyalty_monitoring.commands.options import stacks_option
from loyalty_monitoring.commands.project import project_root
from loyalty_monitoring.common.errors import Position, UserError


def _rules(context: click.Context, parameter: click.Parameter, begun: str) -> list[str]:
    """Return what the shell offers."""
    from loyalty_monitoring.checks.lint.run import titles

    return [rule for rule in titles() if rule.startswith(begun)]


@click.command("lint")
@click.argument("paths", nargs=-1, metavar="[PATH]...", type=click.Path(path_type=Path))
@click.option(
    "--format",
    "output_format",
    type=click.Choice(["text", "json", "sarif", "github"]),
    default="text",
    show_default=True,
)
@click.option(
    "--explain",
    metavar="ID",
    shell_complete=_rules,
    help="Say what a rule is about, why it matters and how to mend it.",
)
@stacks_option
def lint_command(paths: tuple[Path, ...], output_format: str, explain: str | None, stacks: tuple[str, ...]) -> None:
    """Find mistakes that Cloud Monitoring accepts in silence, or refuses only at deployment.

    Without PATH: the definitions of this project, as each stack deploys them. PATH is a file or folder of alert
    policies, dashboards, log-based metrics, notification channels and snoozes: in YAML or JSON as `gcloud`, the API and
    the console print them, in Terraform (.tf, .tf.json), as `terraform show -json` prints a plan or state, or in a
    state file. Files in a folder that hold none of them are passed over and counted.
    Exit status 1 when a finding is an error: what the API refuses, or what can never work. A line
    `# lint: allow ID: the reason` in a YAML or Terraform file allows a rule there.

    \b
    loyalty-monitoring lint
    loyalty-monitoring lint --stack production
    loyalty-monitoring lint exported-policies/ dashboard.json --format sarif > findings.sarif
    terraform show -json plan.out > plan.json && loyalty-monitoring lint plan.json infra/
    loyalty-monitoring lint --explain promql-lookback
    """
    from loyalty_monitoring.checks.lint import output, run

    if explain is not None:
        click.echo(run.explanation(explain))
        return
    if paths and stacks:
        raise click.UsageError("--stack is for this project's own definitions; leave out PATH, or --stack")
    for path in paths:
        if not os.path.exists(path):  # a name that holds NUL is not there, either
            raise UserError("is not there; name a file or a folder", Position(str(path)))
    linted = run.lint_paths(paths) if paths else None
    if linted is not None:
        findings = linted.findings
    else:
        from loyalty_monitoring.definitions.settings import stack_names

        root = project_root()
        findings = run.lint_stacks(root, stacks or stack_names(root))
    if output_format == "sarif":
        click.echo(output.as_sarif(findings, run.titles(), Path.cwd()))
    elif output_format == "json":
        click.echo(output.as_json(findings, linted.files if linted else 0, linted.passed_over if linted else 0))
    elif output_format == "text":
        click.echo(output.as_text(findings, linted.passed_over if linted else 0))
    elif findings:
        click.echo(output.as_github(findings))
    if any(finding.severity == "error" for finding in findings):
        sys.exit(1)
