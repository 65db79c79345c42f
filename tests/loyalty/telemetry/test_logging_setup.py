"""The logging set-up writes one line of JSON an entry, and leaves no second handler beside it."""

from __future__ import annotations

import io
import json
import logging
from decimal import Decimal

import pytest
from celery.signals import setup_logging

from loyalty_telemetry import log_celery_to_google_cloud, log_to_google_cloud
from tests.loyalty.telemetry.conftest import Printed

LOGGER = logging.getLogger("app.modules.loyalty.services.card_service")


def test_a_message_stands_alone_without_level_or_logger(printed: Printed) -> None:
    LOGGER.info("Card %s enrolled", "c-1")
    entry = printed.entry()
    assert entry["jsonPayload"] == {"message": "Card c-1 enrolled"}
    assert entry["labels"] == {"python_logger": LOGGER.name}


def test_a_traceback_is_part_of_its_one_line(printed: Printed) -> None:
    try:
        raise ValueError("no tier 'gold'")
    except ValueError:
        LOGGER.exception("Failed")
    lines = printed.text().splitlines()
    assert len(lines) == 1
    assert json.loads(lines[0])["message"].splitlines()[-1] == "ValueError: no tier 'gold'"


def test_a_field_that_json_does_not_know_loses_no_line(printed: Printed) -> None:
    LOGGER.info("Priced", extra={"json_fields": {"price": Decimal("9.90")}})
    assert printed.entry()["jsonPayload"]["price"] == "9.90"


def test_handlers_that_were_there_are_replaced_so_no_line_comes_twice(printed: Printed) -> None:
    other = io.StringIO()
    logging.getLogger().addHandler(logging.StreamHandler(other))
    log_to_google_cloud(stream=printed.stream)
    LOGGER.info("Once")
    assert len(printed.entries()) == 1
    assert other.getvalue() == ""


@pytest.mark.parametrize(
    ("asked", "level"),
    [
        (logging.DEBUG, logging.DEBUG),
        (logging.INFO, logging.INFO),
        (logging.WARNING, logging.INFO),  # what Celery says when nobody gave --loglevel
        (logging.ERROR, logging.INFO),
    ],
)
@pytest.mark.usefixtures("printed")
def test_a_worker_logs_at_info_unless_asked_for_more(asked: int, level: int) -> None:
    log_celery_to_google_cloud()
    setup_logging.send(sender=None, loglevel=asked, logfile=None, format="", colorize=None)
    assert logging.getLogger().level == level
