"""The Pulumi program: settings -> definitions -> resources -> outputs."""

from pathlib import Path

import pulumi

from loyalty_monitoring.common.errors import UserError
from loyalty_monitoring.definitions.load import load_definitions
from loyalty_monitoring.google_cloud.pulumi_resources import declare
from loyalty_monitoring.google_cloud.pulumi_settings import channel_secrets, program_settings

ROOT = Path(__file__).resolve().parent

try:
    settings = program_settings(ROOT)
    outputs = declare(settings, load_definitions(ROOT, settings), channel_secrets(settings, ROOT))
except UserError as error:
    # Without a traceback: the message says what to do.
    raise pulumi.RunError(str(error)) from None

for name, value in outputs.items():
    pulumi.export(name, value)
