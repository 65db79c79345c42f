"""What the eight-day sample holds, counted by plain Python: beside filters, metrics, PromQL and drawing."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import cache

from tests.conftest import ROOT

STEPS = {
    "enrollment_page_viewed": "Pages viewed in 24 hours",
    "enrollment_form_started": "Forms started in 24 hours",
    "enrollment_submitted": "Forms submitted in 24 hours",
    "card_enrolled": "Cards enrolled in 24 hours",
}


@cache
def _funnel() -> tuple[tuple[datetime, str, str], ...]:
    """Time, step's title and merchant of each line of the funnel."""
    return tuple(_read())


def _read() -> Iterator[tuple[datetime, str, str]]:
    for file in sorted((ROOT / "samples").glob("*.jsonl.gz")):
        with gzip.open(file, "rt") as lines:
            for line in lines:
                if '"enrollment_' not in line and '"card_enrolled"' not in line:
                    continue
                entry = json.loads(line)
                logger = entry.get("labels", {}).get("python_logger", "")
                payload = entry.get("jsonPayload", {})
                ours = logger.startswith("app.modules.loyalty.") and logger.endswith((".enrollment", ".card_service"))
                if ours and payload.get("event") in STEPS:
                    yield datetime.fromisoformat(entry["timestamp"]), STEPS[payload["event"]], payload["merchant_id"]


def funnel_at(end: datetime, merchant: str | None = None) -> dict[str, int]:
    """How many lines of each step the 24 hours before an instant hold."""
    start = end - timedelta(hours=24)
    found = Counter(title for at, title, of in _funnel() if start <= at < end and (merchant is None or of == merchant))
    return dict(found)
