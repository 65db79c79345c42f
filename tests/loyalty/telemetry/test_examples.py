"""Every public function of the package is documented with an example, and the examples are true."""

from __future__ import annotations

import doctest
import importlib
import inspect
import json
import logging
import pkgutil
import sys
from typing import Any

import pytest

import loyalty_telemetry
from tests.loyalty.telemetry.conftest import Printed

MODULES = [
    importlib.import_module(f"loyalty_telemetry.{found.name}")
    for found in pkgutil.iter_modules(loyalty_telemetry.__path__)
]
EXAMPLES = {
    f"{module.__name__.rpartition('.')[2]}.{name}": (thing, vars(module))
    for module in MODULES
    for name, thing in vars(module).items()
    if getattr(thing, "__module__", "") == module.__name__ and ">>>" in (thing.__doc__ or "")
}
PUBLIC_FUNCTIONS = {
    f"{module.__name__.rpartition('.')[2]}.{name}"
    for module in MODULES
    for name, thing in inspect.getmembers(module, inspect.isfunction)
    if thing.__module__ == module.__name__ and not name.startswith("_")
}


class _Short(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        fields: dict[str, Any] = getattr(record, "json_fields", {})
        sys.stdout.write(f"{record.levelname} {json.dumps(fields)}\n")


def test_every_public_function_has_an_example() -> None:
    assert PUBLIC_FUNCTIONS - EXAMPLES.keys() == set()
    assert len(PUBLIC_FUNCTIONS) > 24


@pytest.mark.parametrize("name", sorted(EXAMPLES))
def test_the_example_is_true(name: str, printed: Printed) -> None:
    logging.getLogger().handlers = [_Short()]
    thing, names = EXAMPLES[name]
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS)
    for example in doctest.DocTestFinder(recurse=False).find(thing, name, module=False, globs=dict(names)):
        runner.run(example)
    assert runner.summarize(verbose=False) == (0, runner.tries)
    assert runner.tries > 0
