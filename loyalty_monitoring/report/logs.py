"""The newest log entries, as the logs panels show them."""

from __future__ import annotations

import json
import re
from datetime import datetime
from typing import Any

from loyalty_monitoring.replay.entries.match import Matches

_LONGEST_TEXT = 500
# A panel shows what nothing is chosen for: a template variable stands for every value, which `:*` asks for.
# https://docs.cloud.google.com/monitoring/dashboards/filter-permanent
_ANY_VALUE = re.compile(r'(?:=~|!~|!=|=|:)\s*(?:"\$\{\w+\.value\}"|\$\{\w+\.value\})')
_WHOLE = re.compile(r"\$\{\w+\}")


def without_choice(filter_text: str) -> str:
    """Return the filter of a panel with nothing chosen for its template variables."""
    return _WHOLE.sub("timestamp:*", _ANY_VALUE.sub(":*", filter_text))


def logs_panel(matches: Matches) -> dict[str, Any]:
    """Return the entries of a logs panel's filter for its page."""
    return {"total": matches.total, "lines": [_line(entry) for entry in matches.newest], "error": matches.error}


def _line(entry: dict[str, Any]) -> dict[str, Any]:
    return {
        "timestamp": datetime.fromisoformat(entry["timestamp"]).timestamp(),
        "severity": entry.get("severity", "DEFAULT"),
        "text": _summary(entry)[:_LONGEST_TEXT],
        "entry": entry,
    }


def _summary(entry: dict[str, Any]) -> str:
    """Return the summary line of the console: the text, the payload's message, or the payload."""
    payload = entry.get("jsonPayload") or entry.get("protoPayload") or {}
    found = entry.get("textPayload") or payload.get("message") or json.dumps(payload, ensure_ascii=False)
    return str(found).split("\n", 1)[0]
