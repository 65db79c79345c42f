"""A healthy hour of the module, one entry an event, and the real command over it."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from click.testing import CliRunner

from loyalty_monitoring.cli import cli
from tests.conftest import PROJECT, run
from tests.log_lines import START, Entry, entry, event, freshness, mail, minutes, rejection, snapshot, wallet_run

MOVE = {"merchant_id": "m-1", "store_id": "s-1", "card_id": "c-1"}
SYNC = {"platform": "google", "card_id": "c-1", "retry_count": 2}


def celery(message: str, logger: str = "celery.app.trace") -> Entry:
    return entry(START, logger, "INFO", {"message": message})


def healthy() -> list[Entry]:
    """One valid entry of each event, in the order of the contract, and one line of Celery for each watched task."""
    visitor = {"merchant_id": "m-1", "store_id": "s-1"}
    return [
        event("card_enrolled", START, **MOVE),
        *(event(f"card_{what}", START, merchant_id="m-1", card_id="c-1") for what in ("deactivated", "anonymized")),
        *(event(f"stamp_{what}", START, **MOVE, stamps=1) for what in ("added", "redeemed", "voided")),
        *(event(f"points_{what}", START, **MOVE, points=10) for what in ("earned", "redeemed", "voided")),
        event("points_adjusted", START, **MOVE, points=-10),
        event("email_queued", START, template_code="loyalty_welcome", recipient="r-1"),
        mail(START, "sent"),
        event("expiration_chunk_processed", START, cards=5, points=50),
        event("card_sync_failed", START, severity="WARNING", **SYNC),
        event("card_sync_exhausted", START, severity="ERROR", **SYNC),
        wallet_run(START, 0, 5),
        rejection(START, "s-1"),
        *(event(f"enrollment_{what}", START, **visitor) for what in ("page_viewed", "form_started", "submitted")),
        freshness(START, START),
        snapshot(START),
        celery("Task loyalty.expire_points[3f2a-1] succeeded in 12.34s: {}"),
        celery("Task loyalty.sync_wallet_passes[3f2a-2] succeeded in 2.5s: {}"),
    ]


def without(*names: str) -> list[Entry]:
    return [one for one in healthy() if one["jsonPayload"].get("event") not in names]


def changed(name: str, *, top: dict[str, Any] | None = None, **payload: Any) -> Entry:
    """The healthy entry of an event with other fields; a field that is set to None is left out."""
    (one,) = [one for one in healthy() if one["jsonPayload"].get("event") == name]
    fields = {key: value for key, value in {**one["jsonPayload"], **payload}.items() if value is not None}
    return {**one, "timestamp": (START + minutes(1)).isoformat(), "jsonPayload": fields, **(top or {})}


def text(entries: Iterable[Entry]) -> str:
    return "".join(json.dumps(one) + "\n" for one in entries)


def check(*arguments: str | Path, stdin: str = "") -> subprocess.CompletedProcess[str]:
    """`loyalty-monitoring contract check`, as a stranger runs it."""
    return run("contract", "check", *arguments, stdin=stdin, folder=PROJECT)


def checked(content: str, project: Path = PROJECT) -> tuple[int, dict[str, Any]]:
    """Exit status and JSON for lines on standard input, in this process, which is quicker."""
    options = ["--project-dir", str(project), "--format", "json"]
    done = CliRunner().invoke(cli, ["contract", "check", *options, "-"], input=content)
    assert done.stderr == ""
    return done.exit_code, json.loads(done.stdout)
