"""Report an event that breaks the log contract: an error in tests, a warning in production."""

from __future__ import annotations

import os


class ContractError(ValueError):
    """An event was logged with fields that the log contract does not allow."""


def strict() -> bool:
    """Return whether a broken contract raises: in pytest, and wherever LOYALTY_TELEMETRY_STRICT is 1; never where it is
    0.

    >>> strict()
    True
    """
    in_pytest = "1" if "PYTEST_CURRENT_TEST" in os.environ else "0"
    return os.environ.get("LOYALTY_TELEMETRY_STRICT", in_pytest) == "1"
