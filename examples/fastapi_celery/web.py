"""A FastAPI application that hands work to Celery. docs/telemetry.md says more; run it with:

pip install './loyalty_telemetry[redis]' fastapi uvicorn
export LOYALTY_REDIS_URL=redis://127.0.0.1:6379/0
uvicorn --app-dir examples/fastapi_celery web:app
"""

from __future__ import annotations

from fastapi import FastAPI
from worker import expire_points

from loyalty_telemetry import events, log_to_google_cloud

# Once a process. Uvicorn's own loggers keep their handlers; the module's lines do not pass through them.
log_to_google_cloud()
app = FastAPI()


@app.post("/stores/{store_id}/cards", status_code=201)
def enroll(store_id: str) -> dict[str, str]:
    """Give a customer a card."""
    card_id = "c-9931"
    events.card_enrolled(merchant_id="m-17", store_id=store_id, card_id=card_id)
    return {"card_id": card_id}


@app.post("/expirations", status_code=202)
def start_expiration() -> dict[str, str]:
    """Have a worker expire points now."""
    return {"task": expire_points.delay().id}
