"""The rules, one module each, named for the rule's id. A module says `RULE = Rule(...)`."""

from __future__ import annotations

import pkgutil
from functools import cache
from importlib import import_module

from loyalty_monitoring.checks.lint.rule import Rule


@cache
def all_rules() -> tuple[Rule, ...]:
    """Return every rule, ordered by id."""
    modules = [import_module(f"{__name__}.{module.name}") for module in pkgutil.iter_modules(__path__)]
    return tuple(sorted((module.RULE for module in modules), key=lambda rule: rule.id))
