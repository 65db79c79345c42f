"""Values that somebody else still fills in before the API sees them: a template engine, or Terraform."""

from __future__ import annotations

import re
from typing import Any

_PLACEHOLDER = re.compile(r"\$\{|\$\(|\{\{|<<|%\{")


class MayBeAbsent(dict[str, Any]):
    """An object that is there or not, such as what a `dynamic` block of Terraform makes."""


def may_be_absent(value: Any) -> bool:
    """Return whether a value may turn out to be unset: then two of which the API takes one can both be written."""
    return isinstance(value, MayBeAbsent) or (isinstance(value, str) and has_placeholder(value))


def has_placeholder(value: str) -> bool:
    """Return whether a part of this value is not known yet, so that it cannot be judged."""
    return _PLACEHOLDER.search(value) is not None
