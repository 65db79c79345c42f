"""Log the events of the log contract, one function an event.

Generated from log_events.yaml by `make generated`; change that file, not this one.

All arguments go by their names. Further ones are logged as further fields, which the contract allows: a request id, the
error's text. What an example prints here is short for the entry: its severity and its jsonPayload without the message.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Literal

from loyalty_telemetry.event import event
from loyalty_telemetry.fields import Count, Number, is_number

EmailStatus = Literal["sent", "failed", "bounced", "delivered", "opened", "clicked"]
Platform = Literal["google", "apple"]


@event("card_service", "Card enrolled")
def card_enrolled(*, merchant_id: str, store_id: str, card_id: str, **more: object) -> None:
    """Log one `card_enrolled` entry. A customer has a new card.

    >>> card_enrolled(merchant_id="m-17", store_id="s-203", card_id="c-9931")
    INFO {"event": "card_enrolled", "merchant_id": "m-17", "store_id": "s-203", "card_id": "c-9931"}
    """


@event("card_service", "Card deactivated")
def card_deactivated(*, merchant_id: str, card_id: str, **more: object) -> None:
    """Log one `card_deactivated` entry. A card is out of use.

    >>> card_deactivated(merchant_id="m-17", card_id="c-9931")
    INFO {"event": "card_deactivated", "merchant_id": "m-17", "card_id": "c-9931"}
    """


@event("card_service", "Card anonymized")
def card_anonymized(*, merchant_id: str, card_id: str, **more: object) -> None:
    """Log one `card_anonymized` entry. A card no longer says whose it is (GDPR).

    >>> card_anonymized(merchant_id="m-17", card_id="c-9931")
    INFO {"event": "card_anonymized", "merchant_id": "m-17", "card_id": "c-9931"}
    """


@event("stamp_service", "Stamps added")
def stamp_added(*, merchant_id: str, store_id: str, card_id: str, stamps: Count, **more: object) -> None:
    """Log one `stamp_added` entry. Stamps were put on a card.

    >>> stamp_added(merchant_id="m-17", store_id="s-203", card_id="c-9931", stamps=1)
    INFO {"event": "stamp_added", "merchant_id": "m-17", "store_id": "s-203", "card_id": "c-9931", "stamps": 1}
    """


@event("stamp_service", "Stamps redeemed")
def stamp_redeemed(*, merchant_id: str, store_id: str, card_id: str, stamps: Count, **more: object) -> None:
    """Log one `stamp_redeemed` entry. Stamps were turned into a reward.

    >>> stamp_redeemed(merchant_id="m-17", store_id="s-203", card_id="c-9931", stamps=1)
    INFO {"event": "stamp_redeemed", "merchant_id": "m-17", "store_id": "s-203", "card_id": "c-9931", "stamps": 1}
    """


@event("stamp_service", "Stamps voided")
def stamp_voided(*, merchant_id: str, store_id: str, card_id: str, stamps: Count, **more: object) -> None:
    """Log one `stamp_voided` entry. Stamps were taken back.

    >>> stamp_voided(merchant_id="m-17", store_id="s-203", card_id="c-9931", stamps=1)
    INFO {"event": "stamp_voided", "merchant_id": "m-17", "store_id": "s-203", "card_id": "c-9931", "stamps": 1}
    """


@event("points_service", "Points earned")
def points_earned(*, merchant_id: str, store_id: str, card_id: str, points: Count, **more: object) -> None:
    """Log one `points_earned` entry. Points were put on a card.

    >>> points_earned(merchant_id="m-17", store_id="s-203", card_id="c-9931", points=120)
    INFO {"event": "points_earned", "merchant_id": "m-17", "store_id": "s-203", "card_id": "c-9931", "points": 120}
    """


@event("points_service", "Points redeemed")
def points_redeemed(*, merchant_id: str, store_id: str, card_id: str, points: Count, **more: object) -> None:
    """Log one `points_redeemed` entry. Points were turned into a reward.

    >>> points_redeemed(merchant_id="m-17", store_id="s-203", card_id="c-9931", points=120)
    INFO {"event": "points_redeemed", "merchant_id": "m-17", "store_id": "s-203", "card_id": "c-9931", "points": 120}
    """


@event("points_service", "Points voided")
def points_voided(*, merchant_id: str, store_id: str, card_id: str, points: Count, **more: object) -> None:
    """Log one `points_voided` entry. Points were taken back.

    >>> points_voided(merchant_id="m-17", store_id="s-203", card_id="c-9931", points=120)
    INFO {"event": "points_voided", "merchant_id": "m-17", "store_id": "s-203", "card_id": "c-9931", "points": 120}
    """


@event("points_service", "Points adjusted")
def points_adjusted(*, merchant_id: str, store_id: str, card_id: str, points: Number, **more: object) -> None:
    """Log one `points_adjusted` entry. Points were corrected by hand, the only ones that may be negative.

    >>> points_adjusted(merchant_id="m-17", store_id="s-203", card_id="c-9931", points=120)
    INFO {"event": "points_adjusted", "merchant_id": "m-17", "store_id": "s-203", "card_id": "c-9931", "points": 120}
    """


@event("notification_service", "E-mail queued")
def email_queued(*, template_code: str, recipient: str, **more: object) -> None:
    """Log one `email_queued` entry. An e-mail waits to be sent.

    >>> email_queued(template_code="loyalty_welcome", recipient="ada@example.org")
    INFO {"event": "email_queued", "template_code": "loyalty_welcome", "recipient": "ada@example.org"}
    """


@event(
    "notification_service",
    "E-mail status changed",
    warning_if=lambda fields: fields.get("status") == "failed" or fields.get("status") == "bounced",
)
def email_status_changed(*, template_code: str, status: EmailStatus, **more: object) -> None:
    """Log one `email_status_changed` entry. The status of an e-mail changed, one entry a change.

    Severity: INFO; WARNING where `jsonPayload.status = ("failed" OR "bounced")`.

    >>> email_status_changed(template_code="loyalty_welcome", status="bounced")
    WARNING {"event": "email_status_changed", "template_code": "loyalty_welcome", "status": "bounced"}
    """


@event("point_expiration", "Expiration chunk processed")
def expiration_chunk_processed(*, cards: Count, points: Count, **more: object) -> None:
    """Log one `expiration_chunk_processed` entry.

    A part of a run of loyalty.expire_points is over, with its cards and the points they lost.

    >>> expiration_chunk_processed(cards=500, points=120)
    INFO {"event": "expiration_chunk_processed", "cards": 500, "points": 120}
    """


@event("wallet_sync", "Card sync failed", logging.WARNING)
def card_sync_failed(*, platform: Platform, card_id: str, retry_count: Count, **more: object) -> None:
    """Log one `card_sync_failed` entry. A card did not reach the wallet, and will be tried again.

    Severity: WARNING.

    >>> card_sync_failed(platform="google", card_id="c-9931", retry_count=2)
    WARNING {"event": "card_sync_failed", "platform": "google", "card_id": "c-9931", "retry_count": 2}
    """


@event("wallet_sync", "Card sync gave up", logging.ERROR)
def card_sync_exhausted(*, platform: Platform, card_id: str, retry_count: Count, **more: object) -> None:
    """Log one `card_sync_exhausted` entry. A card did not reach the wallet, and will not be tried again.

    Severity: ERROR.

    >>> card_sync_exhausted(platform="google", card_id="c-9931", retry_count=2)
    ERROR {"event": "card_sync_exhausted", "platform": "google", "card_id": "c-9931", "retry_count": 2}
    """


@event(
    "wallet_sync",
    "Wallet sync completed",
    warning_if=lambda fields: is_number(fields.get("cards_failed")) and fields["cards_failed"] > 0,
)
def wallet_sync_completed(
    *, platform: Platform, cards_total: Count, cards_failed: Count, **more: object
) -> Mapping[str, object]:
    """Log one `wallet_sync_completed` entry. A run of loyalty.sync_wallet_passes is over, one entry a platform and run.

    Severity: INFO; WARNING where `jsonPayload.cards_failed > 0`.

    `failure_rate` is cards_failed / cards_total, and 0 where cards_total is 0.

    >>> wallet_sync_completed(platform="google", cards_total=400, cards_failed=100)
    WARNING {"event": "wallet_sync_completed", "platform": "google", "cards_total": 400, ... "failure_rate": 0.25}
    """
    if cards_failed > cards_total:
        raise ValueError(f"cards_failed ({cards_failed}) is more than cards_total ({cards_total})")
    return {"failure_rate": cards_failed / cards_total if cards_total else 0}


@event("rate_limiter", "Rate limit exceeded", logging.WARNING)
def rate_limit_exceeded(*, store_id: str, status: Literal[429] = 429, **more: object) -> None:
    """Log one `rate_limit_exceeded` entry. A request was refused with 429, for too many of one store.

    Severity: WARNING.

    >>> rate_limit_exceeded(store_id="s-203")
    WARNING {"event": "rate_limit_exceeded", "status": 429, "store_id": "s-203"}
    """


@event("enrollment", "Enrollment page viewed")
def enrollment_page_viewed(*, merchant_id: str, store_id: str, **more: object) -> None:
    """Log one `enrollment_page_viewed` entry. A customer saw the enrollment page.

    >>> enrollment_page_viewed(merchant_id="m-17", store_id="s-203")
    INFO {"event": "enrollment_page_viewed", "merchant_id": "m-17", "store_id": "s-203"}
    """


@event("enrollment", "Enrollment form started")
def enrollment_form_started(*, merchant_id: str, store_id: str, **more: object) -> None:
    """Log one `enrollment_form_started` entry. A customer began to fill in the form.

    >>> enrollment_form_started(merchant_id="m-17", store_id="s-203")
    INFO {"event": "enrollment_form_started", "merchant_id": "m-17", "store_id": "s-203"}
    """


@event("enrollment", "Enrollment submitted")
def enrollment_submitted(*, merchant_id: str, store_id: str, **more: object) -> None:
    """Log one `enrollment_submitted` entry. A customer sent the form; card_enrolled follows when all is well.

    >>> enrollment_submitted(merchant_id="m-17", store_id="s-203")
    INFO {"event": "enrollment_submitted", "merchant_id": "m-17", "store_id": "s-203"}
    """


@event("program_reporter", "Task freshness")
def task_freshness(*, task: str, last_success_timestamp: Number, **more: object) -> None:
    """Log one `task_freshness` entry.

    A watched Celery task last succeeded at that unix time; `install` logs it every 15 minutes.

    >>> task_freshness(task="loyalty.expire_points", last_success_timestamp=1793588407.12)
    INFO {"event": "task_freshness", "task": "loyalty.expire_points", "last_success_timestamp": 1793588407.12}
    """


@event("program_reporter", "Program snapshot")
def program_snapshot(
    *,
    merchant_id: str,
    program_active: bool,
    program_active_days: Count,
    new_cards_7d: Count,
    active_cards: Count,
    at_risk_cards: Count,
    google_wallet_cards: Count,
    apple_wallet_cards: Count,
    stamp_cards: Count,
    stamp_cards_completed: Count,
    cohort_m3_cards: Count,
    cohort_m3_retained: Count,
    **more: object,
) -> None:
    """Log one `program_snapshot` entry. A merchant's program in numbers; `install` logs it every hour.

    >>> program_snapshot(
    ...     merchant_id="m-17",
    ...     program_active=True,
    ...     program_active_days=100,
    ...     new_cards_7d=50,
    ...     active_cards=1000,
    ...     at_risk_cards=100,
    ...     google_wallet_cards=400,
    ...     apple_wallet_cards=300,
    ...     stamp_cards=500,
    ...     stamp_cards_completed=200,
    ...     cohort_m3_cards=100,
    ...     cohort_m3_retained=60,
    ... )
    INFO {"event": "program_snapshot", "merchant_id": "m-17", "program_active": true, ... "cohort_m3_retained": 60}
    """
