"""A stand-in for the loyalty module: what it logs, as the log contract says, one function an event or family.

The logger's name becomes `labels.python_logger`, `json_fields` become fields of `jsonPayload`.
"""

from __future__ import annotations

import logging
from typing import Any

_SERVICES = "app.modules.loyalty.services"
card_service = logging.getLogger(f"{_SERVICES}.card_service")
stamp_service = logging.getLogger(f"{_SERVICES}.stamp_service")
points_service = logging.getLogger(f"{_SERVICES}.points_service")
notification_service = logging.getLogger(f"{_SERVICES}.notification_service")
point_expiration = logging.getLogger("app.modules.loyalty.tasks.point_expiration")
wallet_sync = logging.getLogger("app.modules.loyalty.tasks.wallet_sync")
rate_limiter = logging.getLogger("app.modules.loyalty.api.middleware.rate_limiter")
enrollment = logging.getLogger("app.modules.loyalty.enrollment")
program_reporter = logging.getLogger("app.modules.loyalty.tasks.program_reporter")


def log_event(logger: logging.Logger, level: int, message: str, event: str, **fields: Any) -> None:
    logger.log(level, message, extra={"json_fields": {"event": event, **fields}})


def enrollment_step(event: str, merchant_id: str, store_id: str) -> None:
    log_event(
        enrollment,
        logging.INFO,
        {
            "enrollment_page_viewed": "Enrollment page viewed",
            "enrollment_form_started": "Enrollment form started",
            "enrollment_submitted": "Enrollment submitted",
        }[event],
        event,
        merchant_id=merchant_id,
        store_id=store_id,
    )


def card_enrolled(merchant_id: str, store_id: str, card_id: str) -> None:
    log_event(
        card_service,
        logging.INFO,
        "Card enrolled",
        "card_enrolled",
        merchant_id=merchant_id,
        store_id=store_id,
        card_id=card_id,
    )


def card_closed(event: str, merchant_id: str, card_id: str) -> None:
    """Log `card_deactivated` or `card_anonymized` (GDPR)."""
    message = {"card_deactivated": "Card deactivated", "card_anonymized": "Card anonymized"}[event]
    log_event(card_service, logging.INFO, message, event, merchant_id=merchant_id, card_id=card_id)


def stamps_moved(event: str, merchant_id: str, store_id: str, card_id: str, stamps: int) -> None:
    """Log `stamp_added`, `stamp_redeemed` or `stamp_voided`."""
    log_event(
        stamp_service,
        logging.INFO,
        f"Stamps {event.removeprefix('stamp_')}",
        event,
        merchant_id=merchant_id,
        store_id=store_id,
        card_id=card_id,
        stamps=stamps,
    )


def points_moved(event: str, merchant_id: str, store_id: str, card_id: str, points: int) -> None:
    """Log `points_earned`, `points_redeemed`, `points_voided` or `points_adjusted`."""
    log_event(
        points_service,
        logging.INFO,
        f"Points {event.removeprefix('points_')}",
        event,
        merchant_id=merchant_id,
        store_id=store_id,
        card_id=card_id,
        points=points,
    )


def email_queued(template_code: str, recipient: str) -> None:
    log_event(
        notification_service,
        logging.INFO,
        "E-mail queued",
        "email_queued",
        template_code=template_code,
        recipient=recipient,
    )


def email_status_changed(template_code: str, status: str) -> None:
    log_event(
        notification_service,
        logging.WARNING if status in ("failed", "bounced") else logging.INFO,
        f"E-mail {status}",
        "email_status_changed",
        template_code=template_code,
        status=status,
    )


def expiration_chunk_processed(cards: int, points: int) -> None:
    log_event(
        point_expiration,
        logging.INFO,
        "Expiration chunk processed",
        "expiration_chunk_processed",
        cards=cards,
        points=points,
    )


def card_sync_failed(platform: str, card_id: str, retry_count: int) -> None:
    log_event(
        wallet_sync,
        logging.WARNING,
        "Card sync failed",
        "card_sync_failed",
        platform=platform,
        card_id=card_id,
        retry_count=retry_count,
    )


def card_sync_exhausted(platform: str, card_id: str, retry_count: int) -> None:
    log_event(
        wallet_sync,
        logging.ERROR,
        "Card sync gave up",
        "card_sync_exhausted",
        platform=platform,
        card_id=card_id,
        retry_count=retry_count,
    )


def wallet_sync_completed(platform: str, cards_total: int, cards_failed: int) -> None:
    log_event(
        wallet_sync,
        logging.WARNING if cards_failed else logging.INFO,
        "Wallet sync completed",
        "wallet_sync_completed",
        platform=platform,
        cards_total=cards_total,
        cards_failed=cards_failed,
        failure_rate=cards_failed / cards_total if cards_total else 0,
    )


def rate_limit_exceeded(store_id: str) -> None:
    log_event(
        rate_limiter, logging.WARNING, "Rate limit exceeded", "rate_limit_exceeded", store_id=store_id, status=429
    )


def task_freshness(task: str, last_success_timestamp: float) -> None:
    """Log `task_freshness`; `last_success_timestamp` is in unix seconds."""
    log_event(
        program_reporter,
        logging.INFO,
        "Task freshness",
        "task_freshness",
        task=task,
        last_success_timestamp=last_success_timestamp,
    )


def program_snapshot(merchant_id: str, **numbers: Any) -> None:
    log_event(
        program_reporter,
        logging.INFO,
        "Program snapshot",
        "program_snapshot",
        merchant_id=merchant_id,
        **numbers,
    )
