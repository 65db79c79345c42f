"""What the eight-day sample holds, counted by plain Python: beside filters, metrics, PromQL and drawing."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import cache

from tests.conftest import ROOT

TITLES = {
    "stamp_added": "Stamps added in 24 hours",
    "stamp_redeemed": "Stamps redeemed in 24 hours",
    "card_enrolled": "Cards enrolled in 24 hours",
}


@cache
def _counted() -> tuple[tuple[datetime, str, str], ...]:
    """Time, title and merchant of each line that the scorecards count."""
    return tuple(_read())


def _read() -> Iterator[tuple[datetime, str, str]]:
    for file in sorted((ROOT / "samples").glob("*.jsonl.gz")):
        with gzip.open(file, "rt") as lines:
            for line in lines:
                if '"stamp_' not in line and '"card_enrolled"' not in line:
                    continue
                entry = json.loads(line)
                logger = entry.get("labels", {}).get("python_logger", "")
                payload = entry.get("jsonPayload", {})
                ours = logger.startswith("app.modules.loyalty.") and logger.endswith(
                    (".stamp_service", ".card_service")
                )
                if ours and payload.get("event") in TITLES:
                    yield datetime.fromisoformat(entry["timestamp"]), TITLES[payload["event"]], payload["merchant_id"]


def counted_at(end: datetime, merchant: str | None = None) -> dict[str, int]:
    """How many lines of each title the 24 hours before an instant hold."""
    start = end - timedelta(hours=24)
    found = Counter(title for at, title, of in _counted() if start <= at < end and (merchant is None or of == merchant))
    return dict(found)
