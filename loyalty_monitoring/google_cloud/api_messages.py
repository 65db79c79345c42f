"""Bodies against the Google API's own messages: what the API would refuse, and what it would silently drop.

The only module that imports Google's messages. Parsing needs neither network nor account.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from importlib import import_module
from importlib.util import find_spec, module_from_spec
from typing import Any, Literal

from google.protobuf import json_format

from loyalty_monitoring.definitions.model import Body

Kind = Literal["log_metric", "alert_policy", "dashboard", "notification_channel", "snooze"]


def _types(package: str) -> Any:
    """Return a package's messages without its clients, whose import takes four times as long as all messages do.

    A package imports its clients as soon as it is imported itself. This one does so when it is first asked for anything
    but its messages.
    """
    if package in sys.modules:
        return import_module(f"{package}.types")
    found = find_spec(package)
    assert found is not None
    assert found.loader is not None
    loader, module = found.loader, module_from_spec(found)
    above, _, name = package.rpartition(".")
    sys.modules[package] = module
    setattr(import_module(above), name, module)
    types = import_module(f"{package}.types")
    # Without a path, Python asks for it before it imports anything else below the package.
    path = module.__dict__.pop("__path__")

    def run(wanted: str) -> Any:
        # Python asks this function for what a module lacks: https://peps.python.org/pep-0562/
        del module.__dict__["__getattr__"]
        module.__path__ = path
        loader.exec_module(module)
        return getattr(module, wanted)

    module.__dict__["__getattr__"] = run
    return types


_monitoring = _types("google.cloud.monitoring_v3")
MESSAGES: dict[Kind, Any] = {
    "log_metric": _types("google.cloud.logging_v2").LogMetric,
    "alert_policy": _monitoring.AlertPolicy,
    "dashboard": _types("google.cloud.monitoring_dashboard_v1").Dashboard,
    "notification_channel": _monitoring.NotificationChannel,
    "snooze": _monitoring.Snooze,
}


def check(kind: Kind, body: Body) -> None:
    """Raise ValueError, in the API's words, for an unknown key, a wrong type, a bad enum or a bad duration."""
    _parsed(kind, body)


def check_dashboard(body: Body) -> None:
    check("dashboard", body)


def printed(kind: Kind, body: Body) -> Body:
    """Return the body as the API would print it: without keys that have their default value. Errors: as `check`."""
    body_as_printed: Body = json_format.MessageToDict(_parsed(kind, body))
    return body_as_printed


def dropped_keys(kind: Kind, body: Body) -> list[str]:
    """Return JSON paths of the keys that would be missing when the API prints the resource, such as `tiles[0].xPos`.

    A key with its default value (0, false, "", an empty list, the first value of an enum) is not sent back
    (protobuf.dev/programming-guides/json#presence). Dashboards are compared as a string, so there such a key would show
    as a difference for ever.
    """
    return sorted(_missing(body, printed(kind, body), ""))


def _parsed(kind: Kind, body: Body) -> Any:
    try:
        return json_format.ParseDict(body, MESSAGES[kind].pb()())
    except json_format.ParseError as error:
        raise ValueError(str(error)) from error


def _missing(given: Any, printed: Any, path: str) -> Iterator[str]:
    if isinstance(given, dict):
        for key, value in given.items():
            place = f"{path}.{key}" if path else key
            if key in printed:
                yield from _missing(value, printed[key], place)
            else:
                yield place
    elif isinstance(given, list):
        for index, (item, item_printed) in enumerate(zip(given, printed, strict=True)):
            yield from _missing(item, item_printed, f"{path}[{index}]")
