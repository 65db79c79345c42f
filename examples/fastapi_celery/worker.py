"""The Celery application beside web.py. Its worker, and its beat, which says when freshness is to be reported:

export LOYALTY_REDIS_URL=redis://127.0.0.1:6379/0
cd examples/fastapi_celery
celery --quiet -A worker worker --beat
"""

from __future__ import annotations

import os
from collections.abc import Iterator

import redis
from celery import Celery
from redis.backoff import NoBackoff
from redis.retry import Retry

from loyalty_telemetry import RedisStore, Snapshot, events, install, log_celery_to_google_cloud

url = os.environ["LOYALTY_REDIS_URL"]
app = Celery("loyalty", broker=url)


def program_snapshots() -> Iterator[Snapshot]:
    """Your query: one row a merchant."""
    yield {
        "merchant_id": "m-17",
        "program_active": True,
        "program_active_days": 100,
        "new_cards_7d": 50,
        "active_cards": 1000,
        "at_risk_cards": 100,
        "google_wallet_cards": 400,
        "apple_wallet_cards": 300,
        "stamp_cards": 500,
        "stamp_cards_completed": 200,
        "cohort_m3_cards": 100,
        "cohort_m3_retained": 60,
    }


log_celery_to_google_cloud()
# Short timeouts and no retries: a Redis that hangs must not hold the end of a task.
client = redis.Redis.from_url(url, socket_timeout=2, socket_connect_timeout=2, retry=Retry(NoBackoff(), 0))
install(app, RedisStore(client), snapshots=program_snapshots)


@app.task(name="loyalty.expire_points")
def expire_points() -> None:
    """Expire what is older than a year; a task of this name is watched."""
    events.expiration_chunk_processed(cards=500, points=12_000)
