"""Resources that pass every rule about their shape, with changes: None leaves a field out of `metric(filter=None)`."""

from __future__ import annotations

from typing import Any


def threshold(**changes: Any) -> dict[str, Any]:
    body = {
        "filter": 'metric.type="run.googleapis.com/request_count" resource.type="cloud_run_revision"',
        "comparison": "COMPARISON_GT",
        "thresholdValue": 5,
        "duration": "0s",
    }
    return {"conditionThreshold": body | changes}


def policy(*conditions: dict[str, Any], **changes: Any) -> dict[str, Any]:
    written = [{"displayName": "c", **one} for one in conditions or (threshold(),)]
    return {"displayName": "Shop errors", "combiner": "OR", "conditions": written} | changes


def chart(**data_set: Any) -> dict[str, Any]:
    query = {"prometheusQuery": "up", "unitOverride": "1"}
    return {"title": "up", "xyChart": {"dataSets": [{"timeSeriesQuery": query, **data_set}]}}


def filter_chart(**query: Any) -> dict[str, Any]:
    """A chart of a `timeSeriesFilter` or `timeSeriesFilterRatio`."""
    return {"title": "errors", "xyChart": {"dataSets": [{"timeSeriesQuery": query}]}}


def dashboard(*widgets: dict[str, Any], **changes: Any) -> dict[str, Any]:
    tiles = [
        {"width": 24, "height": 16, "yPos": 16 * at, "widget": one} for at, one in enumerate(widgets or (chart(),))
    ]
    return {"displayName": "Shop", "mosaicLayout": {"columns": 48, "tiles": tiles}} | changes


def metric(**changes: Any) -> dict[str, Any]:
    body = {
        "name": "shop/errors",
        "filter": 'resource.type="k8s_container" AND jsonPayload.event="checkout_failed"',
        "metricDescriptor": {
            "metricKind": "DELTA",
            "valueType": "INT64",
            "unit": "1",
            "labels": [{"key": "step", "valueType": "STRING"}],
        },
        "labelExtractors": {"step": "EXTRACT(jsonPayload.step)"},
    }
    return body | changes


def distribution(**changes: Any) -> dict[str, Any]:
    descriptor = {"metricKind": "DELTA", "valueType": "DISTRIBUTION", "unit": "ms"}
    extracted = {"labelExtractors": {}, "valueExtractor": "EXTRACT(jsonPayload.ms)"}
    return metric(metricDescriptor=descriptor, **extracted) | changes


def channel(**changes: Any) -> dict[str, Any]:
    return {"type": "email", "displayName": "Shop", "labels": {"email_address": "shop@example.com"}} | changes


def snooze(**changes: Any) -> dict[str, Any]:
    body = {
        "displayName": "Maintenance",
        "criteria": {"policies": ["projects/acme/alertPolicies/1"]},
        "interval": {"startTime": "2026-03-01T00:00:00Z", "endTime": "2026-03-02T00:00:00Z"},
    }
    return body | changes


def log_based(name: str) -> str:
    return f'metric.type="logging.googleapis.com/user/{name}" resource.type="k8s_container"'
