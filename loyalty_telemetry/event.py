"""`@event` turns a typed signature into the function that logs the event."""

from __future__ import annotations

import functools
import inspect
import logging
from collections.abc import Callable, Mapping
from typing import Any, ParamSpec, get_type_hints

from google.cloud.logging_v2.handlers.structured_log import GCP_STRUCTURED_LOGGING_FIELDS

from loyalty_telemetry.contract_error import ContractError, strict
from loyalty_telemetry.fields import kind_of, loggable

LOGGER_ROOT = "app.modules.loyalty"
own_logger = logging.getLogger(f"{LOGGER_ROOT}.telemetry")

# The handler drops them, or writes its own value over them.
_RESERVED = GCP_STRUCTURED_LOGGING_FIELDS | {"event", "message"}

_told: set[tuple[str, str]] = set()

P = ParamSpec("P")


def event(
    logger: str,
    message: str,
    level: int = logging.INFO,
    warning_if: Callable[[Mapping[str, Any]], bool] = lambda fields: False,
) -> Callable[[Callable[P, Mapping[str, object] | None]], Callable[P, None]]:
    """Make a function that logs the event of that name with its keyword arguments as fields.

    The signature says which fields there must be, and of which kinds; further ones (`**more`) are logged as they are.
    The body is called with fields that fit: it may return more fields, or raise a ValueError in words.
    `warning_if` must bear any fields that JSON knows, or none: it is asked about wrong ones, too.

    >>> @event("card_service", "Card given a name")
    ... def card_named(*, card_id: str, **more: object) -> None: ...
    >>> card_named(card_id="c-9931", letters=4)
    INFO {"event": "card_named", "card_id": "c-9931", "letters": 4}
    >>> card_named(card_id=9931)
    Traceback (most recent call last):
        ...
    loyalty_telemetry.contract_error.ContractError: card_named: card_id must be a string, and is of type int (9931)
    """
    python_logger = logging.getLogger(f"{LOGGER_ROOT}.{logger}")

    def decorate(function: Callable[P, Mapping[str, object] | None]) -> Callable[P, None]:
        name = function.__name__
        hints = get_type_hints(function, include_extras=True)
        parameters = [
            parameter
            for parameter in inspect.signature(function).parameters.values()
            if parameter.kind is parameter.KEYWORD_ONLY
        ]
        kinds = {parameter.name: kind_of(hints[parameter.name]) for parameter in parameters}
        defaults = {
            parameter.name: parameter.default for parameter in parameters if parameter.default is not parameter.empty
        }

        def read(arguments: tuple[object, ...], given: Mapping[str, object]) -> tuple[dict[str, Any], dict[str, str]]:
            """Return the fields to log, and what is wrong, by field."""
            fields: dict[str, Any] = {**defaults, **dict(zip(kinds, arguments, strict=False)), **given}
            wrong = {}
            if arguments:
                wrong[""] = "takes fields by their names only"
            for field, kind in kinds.items():
                if field not in fields:
                    wrong[field] = f"{field} is missing"
                elif not kind.fits(fields[field]):
                    wrong[field] = f"{field} must be {kind.words}, and is {_in_words(fields[field])}"
            for field in _RESERVED & fields.keys():
                wrong[field] = f"{field} is a name that the log line needs for itself; choose another one"
                del fields[field]
            if not wrong:
                try:
                    fields |= function(**fields) or {}  # type: ignore[call-arg]
                except ValueError as error:
                    wrong[""] = str(error)
            return fields, wrong

        @functools.wraps(function)
        def log(*args: P.args, **kwargs: P.kwargs) -> None:
            fields, wrong = read(args, kwargs)
            if wrong and strict():
                raise ContractError(f"{name}: {'; '.join(wrong.values())}")
            payload = {"event": name} | {field: loggable(value) for field, value in fields.items()}
            # The entry's source location is the caller's.
            python_logger.log(
                logging.WARNING if warning_if(payload) else level, message, extra={"json_fields": payload}, stacklevel=2
            )
            for field, words in wrong.items():
                if (name, field) not in _told:
                    _told.add((name, field))
                    own_logger.warning("%s: %s; such lines may not count (told once a process)", name, words)

        return log

    return decorate


def _in_words(value: object) -> str:
    # Text may be personal data, which has no place in a message about it.
    number = f" ({loggable(value)})" if type(value) in (int, float) else ""
    return f"of type {type(value).__name__}{number}"
