"""metric-label-personal: labels are shown to everyone and each value is a time series.

Source: https://docs.cloud.google.com/logging/docs/logs-based-metrics/labels
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from loyalty_monitoring.checks.lint.rule import Problem, Project, Resource, Rule, at, items, text

_NAMES = (
    r"e?mail|recipient|phone|customer|user|card|member|account|session|request|trace|span|insert|message|url|uri|path|"
    r"ip|token|query|body|timestamp|uuid|guid"
)
# The name alone, or with an ending that says "one of many": user_id, customerId, email_address.
_UNBOUNDED = re.compile(rf"(?:.*_)?(?:{_NAMES})(?:_?(?:id|ids|address|number|name|key|hash|text))?", re.IGNORECASE)
_BOUNDED = re.compile(r".*(?:type|kind|class|count|status|state|path_template)", re.IGNORECASE)
# Fields of LogEntry that no two entries share.
_FIELDS = (
    "insertId",
    "trace",
    "spanId",
    "timestamp",
    "receiveTimestamp",
    "httpRequest.requestUrl",
    "httpRequest.remoteIp",
)
_FIELD = re.compile(r"EXTRACT\(\s*([^\s,)]+)", re.IGNORECASE)


def check(metric: Resource, project: Project) -> Iterator[Problem]:
    extractors = metric.body.get("labelExtractors")
    for index, label in enumerate(items(at(metric.body, "metricDescriptor", "labels"))):
        key = text(at(label, "key"))
        field = _FIELD.search(text(at(extractors, key)))
        whole = field is not None and "REGEXP" not in text(at(extractors, key)).upper()
        if _unbounded(key) or (field is not None and whole and (field[1] in _FIELDS or _unbounded(_last(field[1])))):
            yield Problem(
                ("metricDescriptor", "labels", index),
                f"label {key!r} is personal, or takes ever new values; every value is a time series that all can read",
                "count without it, and look for it in the logs; about 30,000 time series a metric are allowed",
            )


def _unbounded(name: str) -> bool:
    snake = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name)
    return bool(_UNBOUNDED.fullmatch(snake)) and not _BOUNDED.fullmatch(snake)


def _last(field: str) -> str:
    return field.rpartition(".")[2].strip('"')


RULE = Rule("metric-label-personal", "log_metric", "warning", "A label of a metric is personal, or has no end", check)
