"""Logging as Cloud Logging reads it: each entry is one line of JSON on stdout, with its logger's name as a label."""

from __future__ import annotations

import json
import logging
import sys
from typing import Any, TextIO

from celery.signals import setup_logging
from google.cloud.logging.handlers import StructuredLogHandler


class _AnyValue(json.JSONEncoder):
    """Writes what JSON does not know as text: a handler that cannot encode a field drops the whole line."""

    def default(self, value: object) -> str:
        return str(value)


def log_to_google_cloud(level: int = logging.INFO, stream: TextIO | None = None) -> None:
    """Set up the logging of a web process; call it once, when the process starts.

    It replaces the root logger's handlers: a second one would write each line twice, and a line that arrives twice
    counts twice. INFO is needed: most events of the log contract have it.

    >>> log_to_google_cloud()
    >>> logging.getLogger("app.modules.loyalty.card_service").info("Hello")  # doctest: +ELLIPSIS
    {"message": "Hello","severity": "INFO", ..."python_logger": "app.modules.loyalty.card_service"...}
    """
    # basicConfig gives every handler a format, by default one that puts "INFO:logger:" before the message.
    logging.basicConfig(
        level=level,
        format="%(message)s",
        handlers=[StructuredLogHandler(stream=stream or sys.stdout, json_encoder_cls=_AnyValue)],
        force=True,
    )


def log_celery_to_google_cloud() -> None:
    """Set up the logging of Celery's processes, worker and beat; call it in the module that makes the Celery app.

    Celery calls no other logging set-up when its signal `setup_logging` has a receiver, so the worker leaves the
    handlers alone. Its `--loglevel`, which is WARNING unless given, may ask for more than INFO, not for less.

    >>> log_celery_to_google_cloud()
    """
    setup_logging.connect(_set_up)


def _set_up(loglevel: int = logging.INFO, **_: Any) -> None:
    log_to_google_cloud(min(loglevel, logging.INFO))
