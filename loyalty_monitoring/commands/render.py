"""The command `render`."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import click

from loyalty_monitoring.commands.options import stack_option
from loyalty_monitoring.commands.project import is_quiet, load_stack
from loyalty_monitoring.common.errors import Position


@click.command("render")
@stack_option
@click.option("--out", required=True, metavar="DIR", type=click.Path(path_type=Path), help="The folder to write.")
@click.option(
    "--channel",
    "channels",
    multiple=True,
    metavar="NAME=projects/...",
    help="The API's name of a channel of the stack, for the policies that it serves; may be repeated.",
)
@click.option(
    "--format",
    "output_format",
    type=click.Choice(["api", "terraform"]),
    default="api",
    show_default=True,
    help="The API's JSON bodies, or one Terraform module in JSON syntax.",
)
def render_command(
    stack: str, out: Path, channels: tuple[str, ...], output_format: Literal["api", "terraform"]
) -> None:
    """Write what the Pulumi program would send, as the API's JSON bodies or as a Terraform module.

    One file a definition, in log_metrics/, alert_policies/, dashboards/ and notification_channels/ below DIR. Secrets
    are left out, and so are a policy's channels, which only a deployment knows: name each with --channel where a policy
    is to be made of its file. Each file is what `gcloud` takes, too:

    \b
    loyalty-monitoring render --stack demo --out rendered
    loyalty-monitoring render --stack demo --out rendered --channel team=projects/P/notificationChannels/123
    gcloud monitoring policies create --policy-from-file rendered/alert_policies/rate_limit_spike.json

    As a module, for Terraform or OpenTofu, it is one file, main.tf.json, with the references and variables in it. The
    secrets of channels are sensitive variables, such as TF_VAR_oncall_service_key:

    \b
    loyalty-monitoring render --stack demo --format terraform --out terraform
    terraform -chdir=terraform init && terraform -chdir=terraform validate
    """
    from loyalty_monitoring.google_cloud.render import channels_left_out, policies_without_channel, render

    settings, definitions = load_stack(stack)
    named = dict(_name_and_resource(channel) for channel in channels)
    if output_format == "terraform" and named:
        raise click.UsageError("--channel is for the API's bodies; a Terraform module makes its channels itself")
    written = render(settings, definitions, out, named, output_format)
    if not is_quiet():
        click.echo(f"{len(written)} files written to {Position(out)}")
    if output_format == "terraform":
        return
    left_out = channels_left_out(settings, definitions, named)
    if left_out:
        click.echo(
            f"No file notifies {', '.join(channel.name for channel in left_out)}: name each channel of the stack with "
            f"--channel NAME=projects/{settings.project}/notificationChannels/ID."
        )
    silent = policies_without_channel(settings, definitions, named)
    if silent:
        click.echo(f"A policy made of these files notifies nobody: {', '.join(policy.name for policy in silent)}.")


def _name_and_resource(text: str) -> tuple[str, str]:
    name, equals, resource = text.partition("=")
    if not equals:
        raise click.BadParameter(f"{text!r} has no =; write NAME=projects/PROJECT/notificationChannels/ID")
    return name, resource
