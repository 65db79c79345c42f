"""The Pulumi program: settings -> definitions -> resources -> outputs."""

from pathlib import Path

import pulumi

from loyalty_monitoring.common.errors import UserError
from loyalty_monitoring.declare import declare
from loyalty_monitoring.definitions.load import load_definitions
from loyalty_monitoring.pulumi_config import channel_secrets, program_settings

ROOT = Path(__file__).resolve().parent

try:
    settings = program_settings(ROOT)
    outputs = declare(settings, load_definitions(ROOT, settings), channel_secrets(settings, ROOT))
except UserError as error:
    # Without a traceback: the message says what to do.
    raise pulumi.RunError(str(error)) from None

for name, value in outputs.items():
    pulumi.export(name, value)
