"""A Google Cloud project that answers over gRPC with the API's own messages, as the real one would.

`deploy` puts a stack there as `pulumi up` does, from the bodies that the program registers, with what the API adds and
without what it leaves out. Tests then change the messages, or make calls fail.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import grpc
from google.cloud.logging_v2.types import ListLogMetricsRequest, ListLogMetricsResponse, LogMetric
from google.cloud.monitoring_dashboard_v1.types import Dashboard, ListDashboardsRequest, ListDashboardsResponse
from google.cloud.monitoring_v3 import types as monitoring
from google.protobuf import any_pb2, json_format
from google.rpc import error_details_pb2, status_pb2
from grpc_status import rpc_status

from loyalty_monitoring.definitions.model import Definitions
from loyalty_monitoring.definitions.settings import Settings
from loyalty_monitoring.google_cloud.api_bodies import channel_body, dashboard_body, notifying_policy_body
from tests.google_cloud.grpc_server import serving

NOW = datetime(2026, 11, 23, 12, 0, 30, tzinfo=UTC)
NUMBER = "123456789012"
RECORD = {"mutateTime": "2026-11-20T08:00:00Z", "mutatedBy": "deployer@example.com"}

Failure = Callable[[Any, Any], None]


@dataclass
class Cloud:
    """What is deployed, by name, and what was asked. `fail` maps a method to what it does before it answers."""

    project: str
    log_metrics: dict[str, Any] = field(default_factory=dict)
    alert_policies: dict[str, Any] = field(default_factory=dict)
    notification_channels: dict[str, Any] = field(default_factory=dict)
    dashboards: dict[str, Any] = field(default_factory=dict)
    last_points: dict[str, datetime | None] = field(default_factory=dict)
    page_size: int = 500
    fail: dict[str, Failure] = field(default_factory=dict)
    asked: list[tuple[str, Any]] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def count(self) -> Counter[str]:
        return Counter(method for method, _ in self.asked)

    @contextmanager
    def served(self) -> Iterator[str]:
        """Serve on a free port of this machine; gives HOST:PORT."""
        server = grpc.server(ThreadPoolExecutor(40))
        server.add_generic_rpc_handlers(tuple(self._handlers()))
        with serving(server) as endpoint:
            yield endpoint

    def _handlers(self) -> Iterator[Any]:
        of_monitoring = "google.monitoring.v3"
        yield self._lists(
            "google.logging.v2.MetricsServiceV2",
            "ListLogMetrics",
            ListLogMetricsRequest,
            lambda items, token: ListLogMetricsResponse(metrics=items, next_page_token=token),
            self.log_metrics,
        )
        yield self._lists(
            f"{of_monitoring}.AlertPolicyService",
            "ListAlertPolicies",
            monitoring.ListAlertPoliciesRequest,
            lambda items, token: monitoring.ListAlertPoliciesResponse(alert_policies=items, next_page_token=token),
            self.alert_policies,
        )
        yield self._lists(
            f"{of_monitoring}.NotificationChannelService",
            "ListNotificationChannels",
            monitoring.ListNotificationChannelsRequest,
            lambda items, token: monitoring.ListNotificationChannelsResponse(
                notification_channels=items, next_page_token=token
            ),
            self.notification_channels,
        )
        yield self._lists(
            "google.monitoring.dashboard.v1.DashboardsService",
            "ListDashboards",
            ListDashboardsRequest,
            lambda items, token: ListDashboardsResponse(dashboards=items, next_page_token=token),
            self.dashboards,
        )
        yield self._handler(
            f"{of_monitoring}.MetricService", "ListTimeSeries", monitoring.ListTimeSeriesRequest, self._time_series
        )

    def _lists(self, service: str, method: str, request: Any, response: Any, items: dict[str, Any]) -> Any:
        def answer(asked: Any, _: Any) -> Any:
            start = int(asked.page_token or 0)
            end = start + min(self.page_size, asked.page_size)
            return response(list(items.values())[start:end], str(end) if end < len(items) else "")

        return self._handler(service, method, request, answer)

    def _handler(self, service: str, method: str, request: Any, answer: Callable[[Any, Any], Any]) -> Any:
        def handle(asked: Any, context: Any) -> Any:
            with self.lock:
                self.asked.append((method, asked))
            if method in self.fail:
                self.fail[method](asked, context)
            return answer(asked, context)

        behaviour = grpc.unary_unary_rpc_method_handler(
            handle,
            request_deserializer=request.deserialize,
            response_serializer=lambda message: type(message).serialize(message),
        )
        return grpc.method_handlers_generic_handler(service, {method: behaviour})

    def _time_series(self, asked: Any, context: Any) -> Any:
        """The newest point only, as the request's page has one; an unknown metric is not found."""
        name = asked.filter.split('"')[1].removeprefix("logging.googleapis.com/user/")
        if name not in self.last_points:
            context.abort(grpc.StatusCode.NOT_FOUND, f'Cannot find metric(s) that match type = "{name}".')
        last = self.last_points[name]
        if last is None or last < asked.interval.start_time:
            return monitoring.ListTimeSeriesResponse()
        interval = monitoring.TimeInterval(start_time=last - timedelta(minutes=1), end_time=last)
        value = monitoring.TypedValue(int64_value=1)
        series = monitoring.TimeSeries(points=[monitoring.Point(interval=interval, value=value)])
        return monitoring.ListTimeSeriesResponse(time_series=[series], next_page_token="more")


def deploy(cloud: Cloud, settings: Settings, definitions: Definitions) -> None:
    """Put the stack into the cloud, as the API gives it back."""
    parent = f"projects/{cloud.project}"
    for metric in definitions.log_metrics:
        kind = f"logging.googleapis.com/user/{metric.api_name}"
        body = {**metric.body, "createTime": RECORD["mutateTime"], "updateTime": RECORD["mutateTime"]}
        descriptor = {
            **body["metricDescriptor"],
            "name": f"{parent}/metricDescriptors/{kind}",
            "type": kind,
            "description": body["description"],
        }
        descriptor["labels"] = descriptor.get("labels", [])[::-1]
        cloud.log_metrics[metric.name] = message(LogMetric, {**body, "metricDescriptor": descriptor})
        cloud.last_points[metric.api_name] = NOW.replace(second=0) - timedelta(minutes=3)
    for channel in settings.channels:
        body = {
            **channel_body(channel, settings),
            "name": f"{parent}/notificationChannels/c-{channel.name}",
            "enabled": True,
            "verificationStatus": "VERIFIED" if channel.type == "sms" else "VERIFICATION_STATUS_UNSPECIFIED",
            "creationRecord": RECORD,
            "mutationRecords": [RECORD],
        }
        body["labels"] = {**body.get("labels", {}), **dict.fromkeys(channel.secret_labels, "*******")}
        cloud.notification_channels[channel.name] = message(monitoring.NotificationChannel, body)
    ids = {}
    for number, policy in enumerate(definitions.alert_policies):
        channels = [f"{parent}/notificationChannels/c-{each.name}" for each in settings.channels_of(policy.priority)]
        body = notifying_policy_body(policy, settings, channels[::-1])
        ids[policy.name] = f"900{number}"
        name = f"{parent}/alertPolicies/{ids[policy.name]}"
        body = {**body, "name": name, "enabled": True, "creationRecord": RECORD, "mutationRecord": RECORD}
        body["conditions"] = [{**each, "name": f"{name}/conditions/1"} for each in body["conditions"]]
        cloud.alert_policies[policy.name] = message(monitoring.AlertPolicy, body)
    for dashboard in definitions.dashboards:
        text = dashboard_body(dashboard)
        for name, key in ids.items():
            text = replaced(text, f"alertPolicies/{name}", f"alertPolicies/{key}")
        body = {**text, "name": f"projects/{NUMBER}/dashboards/d-{dashboard.name}", "etag": "6e6d8c778a2d00b9"}
        cloud.dashboards[dashboard.name] = message(Dashboard, body)


def message(cls: Any, body: dict[str, Any]) -> Any:
    return cls.wrap(json_format.ParseDict(body, cls.pb()()))


def replaced(value: Any, old: str, new: str) -> Any:
    """The value with every text that is `old`, or ends with /`old`, ending with `new` instead."""
    if isinstance(value, dict):
        return {key: replaced(item, old, new) for key, item in value.items()}
    if isinstance(value, list):
        return [replaced(item, old, new) for item in value]
    if isinstance(value, str) and (value == old or value.endswith(f"/{old}")):
        return value.removesuffix(old) + new
    return value


def fails(code: grpc.StatusCode, text: str, reason: str = "", times: int | None = None, **metadata: str) -> Failure:
    """Answer with an error, always or the first `times`; with a `reason`, it carries an ErrorInfo."""
    left = [times]

    def fail(_: Any, context: Any) -> None:
        if left[0] is not None:
            if left[0] == 0:
                return
            left[0] -= 1
        details = []
        if reason:
            info = error_details_pb2.ErrorInfo(reason=reason, domain="googleapis.com", metadata=metadata)
            packed = any_pb2.Any()
            packed.Pack(info)
            details = [packed]
        status = status_pb2.Status(code=code.value[0], message=text, details=details)
        context.abort_with_status(rpc_status.to_status(status))

    return fail
