"""Files that the engine brings along, although they stand at the top of the repository, where editors look for them."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parents[1]


def shipped(name: str) -> Path:
    """Return the place of `schemas` or `docs/lint`: inside the installed package, or at the top of a checkout."""
    # pyproject.toml maps them into the wheel.
    installed = _PACKAGE / "shipped" / name
    return installed if installed.exists() else _PACKAGE.parent / name
