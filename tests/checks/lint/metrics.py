"""A log-based metric as `gcloud` exports it, with some fields replaced: `metric(filter="...")`; None leaves one out."""

from __future__ import annotations

from typing import Any

import yaml

_METRIC: dict[str, Any] = {
    "name": "loyalty/stamps",
    "description": "Stamps by store.",
    "filter": 'resource.type="k8s_container" AND jsonPayload.event="stamp_added"',
    "metricDescriptor": {
        "metricKind": "DELTA",
        "valueType": "DISTRIBUTION",
        "unit": "1",
        "labels": [{"key": "store_id", "valueType": "STRING"}],
    },
    "labelExtractors": {"store_id": "EXTRACT(jsonPayload.store_id)"},
    "valueExtractor": "EXTRACT(jsonPayload.stamps)",
    "bucketOptions": {"explicitBuckets": {"bounds": [1, 5, 10]}},
}


def metric(**changes: Any) -> str:
    body = {key: value for key, value in (_METRIC | changes).items() if value is not None}
    return yaml.safe_dump(body, sort_keys=False, width=1_000_000, allow_unicode=True)


def descriptor(kind: str = "DELTA", value_type: str = "DISTRIBUTION", labels: tuple[str, ...] = ("store_id",)) -> Any:
    return {
        "metricKind": kind,
        "valueType": value_type,
        "unit": "1",
        "labels": [{"key": label, "valueType": "STRING"} for label in labels],
    }
