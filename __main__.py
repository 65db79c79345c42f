"""The Pulumi program: settings -> definitions -> resources -> outputs."""

from pathlib import Path

import pulumi

from loyalty_monitoring.checks.lint.separately import refuse_errors_separately
from loyalty_monitoring.common.errors import UserError
from loyalty_monitoring.definitions.load import definitions_of, read_sources
from loyalty_monitoring.google_cloud.pulumi_resources import declare
from loyalty_monitoring.google_cloud.pulumi_settings import channel_secrets, program_settings

ROOT = Path(__file__).resolve().parent

try:
    settings = program_settings(ROOT)
    definitions = definitions_of(read_sources(ROOT), settings)
    # Before anything is sent: what a rule of severity error finds, the API would refuse half-way.
    refuse_errors_separately(ROOT, settings)
    outputs = declare(settings, definitions, channel_secrets(settings, ROOT))
except UserError as error:
    # Without a traceback: the message says what to do.
    raise pulumi.RunError(str(error)) from None

for name, value in outputs.items():
    pulumi.export(name, value)
