"""Values that somebody else still fills in before the API sees them: a template engine, or Terraform."""

from __future__ import annotations

import re

_PLACEHOLDER = re.compile(r"\$\{|\$\(|\{\{|<<|%\{")


def has_placeholder(value: str) -> bool:
    """Return whether a part of this value is not known yet, so that it cannot be judged."""
    return _PLACEHOLDER.search(value) is not None
