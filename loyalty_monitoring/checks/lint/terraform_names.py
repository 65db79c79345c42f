"""Names of the API's fields as Terraform has them, for the words of findings."""

from __future__ import annotations

import re
from functools import cache

from loyalty_monitoring.checks.lint.shape import every_field_name


def in_terraform(words: str) -> str:
    """Return the words with the API's field names in Terraform's spelling, such as display_name for displayName."""
    return re.sub(r"[a-z]+(?:[A-Z][a-z0-9]*)+", lambda found: _names().get(found[0], found[0]), words)


@cache
def _names() -> dict[str, str]:
    return {name: re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower() for name in every_field_name()}
