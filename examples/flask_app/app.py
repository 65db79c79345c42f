"""A Flask application that logs for the monitoring. docs/telemetry.md says more; run it with:

pip install ./loyalty_telemetry flask
flask --app examples/flask_app/app.py run
"""

from __future__ import annotations

from flask import Flask, request

from loyalty_telemetry import events, log_to_google_cloud

# Once a process, before the application says anything.
log_to_google_cloud()
app = Flask(__name__)


@app.post("/stores/<store_id>/cards")
def enroll(store_id: str) -> tuple[dict[str, str], int]:
    """Give a customer a card."""
    if request.headers.get("X-Too-Many"):  # a stand-in for your limiter
        events.rate_limit_exceeded(store_id=store_id)
        return {"error": "too many requests"}, 429
    card_id = "c-9931"
    events.card_enrolled(merchant_id="m-17", store_id=store_id, card_id=card_id)
    return {"card_id": card_id}, 201
