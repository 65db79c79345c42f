"""Log beside the loyalty module, some of it alike, what must not count as the module's."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from functools import partial
from random import Random

from loyalty_simulation import loyalty_module
from loyalty_simulation.clock import SECOND, SimulatedClock
from loyalty_simulation.console import Console, Container
from loyalty_simulation.rhythm import Rhythm
from loyalty_simulation.world import Schedule

_ORDERS = logging.getLogger("app.modules.orders.order_service")
_ORDERS_MAIL = logging.getLogger("app.modules.orders.notification_service")
_ORDERS_LIMITER = logging.getLogger("app.modules.orders.rate_limiter")
_V2_WALLET = logging.getLogger("app.modules.loyalty_v2.wallet_sync")
_V2_CARDS = logging.getLogger("app.modules.loyalty_v2.card_service")
_CARD_TEST = logging.getLogger("app.modules.loyalty.card_service_test")
_NGINX = Container("ingress-6b9d", "nginx")
_PATHS = ("/healthz", "/shop", "/loyalty/enroll", "/api/v1/loyalty/stamps", "/static/app.js")


def plan_other_modules(
    random: Random, busy: Rhythm, stores: int, schedule: Schedule, console: Console, clock: SimulatedClock
) -> None:
    """Schedule one day of log entries from other modules."""
    for moment in busy.times(11 * stores):
        schedule(moment, partial(_nginx, console, clock, random.choice(_PATHS), 404 if random.random() < 0.03 else 200))
    for moment in busy.times(4 * stores):
        order = f"o-{random.randrange(10_000, 99_999)}"
        fails = random.random() < 0.1  # ten times the share at which loyalty mail would page someone
        schedule(moment, partial(_order, order, fails))
    for moment in busy.times(12):
        schedule(moment, partial(_shadow_enrollment, f"c-{random.randrange(900_000, 999_999)}"))


def break_down(clock: SimulatedClock, store_id: str) -> None:
    """Let the other modules' wallet sync fail altogether, and their rate limiter refuse 150 requests in 15 seconds."""
    loyalty_module.log_event(
        _V2_WALLET,
        logging.WARNING,
        "Wallet sync completed",
        "wallet_sync_completed",
        platform="google",
        cards_total=50,
        cards_failed=50,
        failure_rate=1,
    )
    fields = {"store_id": store_id, "status": 429}
    for _ in range(150):
        clock.spend(0.1)
        loyalty_module.log_event(
            _ORDERS_LIMITER, logging.WARNING, "Rate limit exceeded", "rate_limit_exceeded", **fields
        )


def _nginx(console: Console, clock: SimulatedClock, path: str, status: int) -> None:
    now = datetime.fromtimestamp(clock.now // SECOND, UTC)
    with console.speaking(_NGINX):
        console.print(f'10.4.0.7 - - [{now:%d/%b/%Y:%H:%M:%S +0000}] "GET {path} HTTP/1.1" {status} 512', "stdout")


def _order(order_id: str, fails: bool) -> None:
    loyalty_module.log_event(_ORDERS, logging.INFO, "Order placed", "order_placed", order_id=order_id)
    level, status = (logging.WARNING, "failed") if fails else (logging.INFO, "sent")
    fields = {"template_code": "order_confirmation", "status": status}
    # The loyalty module's mail service sends for other modules as well: same logger, other template.
    for logger in (loyalty_module.notification_service, _ORDERS_MAIL):
        loyalty_module.log_event(logger, level, f"E-mail {status}", "email_status_changed", **fields)


def _shadow_enrollment(card_id: str) -> None:
    """Log as the next version of the module and a test script do: alike, under their own names."""
    for logger in (_V2_CARDS, _CARD_TEST):
        loyalty_module.log_event(
            logger,
            logging.INFO,
            "Card enrolled",
            "card_enrolled",
            merchant_id="m-11",
            store_id="s-1101",
            card_id=card_id,
        )
