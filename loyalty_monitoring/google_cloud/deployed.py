"""Reads what is deployed, through Google's own clients over gRPC.

All calls only read. They run at the same time, are tried again while the service is unavailable, and share one time
limit. The clients' own defaults do not do: they try some methods again for 30, 60 or 90 s, and those of dashboards
never, without any limit of time (google-cloud-monitoring-dashboards 3.2, `_prep_wrapped_messages`).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from google.api_core import exceptions
from google.api_core.retry import Retry, if_exception_type
from google.cloud.logging_v2.services.metrics_service_v2 import MetricsServiceV2Client
from google.cloud.monitoring_dashboard_v1 import DashboardsServiceClient
from google.cloud.monitoring_v3 import (
    Aggregation,
    AlertPolicyServiceClient,
    ListTimeSeriesRequest,
    MetricServiceClient,
    NotificationChannelServiceClient,
    TimeInterval,
)
from google.protobuf import json_format

from loyalty_monitoring.common.errors import UserError
from loyalty_monitoring.definitions.model import Body
from loyalty_monitoring.google_cloud.clients import Needs, credentials, explained, grpc_client

# The longest that a condition over a log-based metric can look back: an alert sees nothing older
# (docs.cloud.google.com/monitoring/alerts/using-promql#restrictions).
LOOKBACK = timedelta(hours=25)

_CALLS_AT_ONCE = 16
_PAGE_SIZE = 500
_SCOPES = ("https://www.googleapis.com/auth/logging.read", "https://www.googleapis.com/auth/monitoring.read")

_LOG_METRICS = Needs("logging.logMetrics.list", "roles/logging.viewer", "logging.googleapis.com")


def _of_monitoring(permission: str) -> Needs:
    return Needs(permission, "roles/monitoring.viewer", "monitoring.googleapis.com")


_ALERT_POLICIES = _of_monitoring("monitoring.alertPolicies.list")
_CHANNELS = _of_monitoring("monitoring.notificationChannels.list")
_DASHBOARDS = _of_monitoring("monitoring.dashboards.list")
_TIME_SERIES = _of_monitoring("monitoring.timeSeries.list")


@dataclass(frozen=True)
class Deployed:
    """Everything of a project, of whomever it is, as the API's JSON bodies.

    `last_points` has the end of the newest point of each metric that was asked for, by the metric's name in the API.
    """

    log_metrics: tuple[Body, ...]
    alert_policies: tuple[Body, ...]
    notification_channels: tuple[Body, ...]
    dashboards: tuple[Body, ...]
    last_points: Mapping[str, datetime | None]


def read(
    project: str,
    metrics: Sequence[str],
    resource_type: str,
    *,
    now: datetime,
    timeout: float,
    endpoint: str | None = None,
) -> Deployed:
    """Read everything, and the newest point of each metric in `metrics`, written by that type of monitored resource.

    `timeout` is in seconds, for all together. With `endpoint` (HOST:PORT) that server is asked instead of Google's,
    without encryption and without credentials. Errors: one UserError with all that went wrong.
    """
    with ExitStack() as stack:

        def client(cls: Any) -> Any:
            return stack.enter_context(grpc_client(cls, endpoint, signed_in))

        signed_in = credentials(*_SCOPES) if endpoint is None else None
        pool = stack.enter_context(ThreadPoolExecutor(_CALLS_AT_ONCE))
        calls = _Calls(project, pool, time.monotonic() + timeout)
        parent = f"projects/{project}"
        of_logging = client(MetricsServiceV2Client).list_log_metrics
        of_policies = client(AlertPolicyServiceClient).list_alert_policies
        of_channels = client(NotificationChannelServiceClient).list_notification_channels
        of_dashboards = client(DashboardsServiceClient).list_dashboards
        log_metrics = calls.start(_LOG_METRICS, _all_of(of_logging, {"parent": parent, "page_size": _PAGE_SIZE}))
        policies = calls.start(_ALERT_POLICIES, _all_of(of_policies, {"name": parent, "page_size": _PAGE_SIZE}))
        channels = calls.start(_CHANNELS, _all_of(of_channels, {"name": parent, "page_size": _PAGE_SIZE}))
        dashboards = calls.start(_DASHBOARDS, _all_of(of_dashboards, {"parent": parent, "page_size": _PAGE_SIZE}))
        of_series = client(MetricServiceClient).list_time_series
        points = {
            metric: calls.start(_TIME_SERIES, _last_point(of_series, _newest(project, metric, resource_type, now)))
            for metric in metrics
        }
        calls.finish(timeout)
        return Deployed(
            log_metrics=log_metrics.result(),
            alert_policies=policies.result(),
            notification_channels=channels.result(),
            dashboards=dashboards.result(),
            last_points={metric: point.result() for metric, point in points.items()},
        )


class _Calls:
    """Calls that run at the same time, and everything that went wrong with them."""

    def __init__(self, project: str, pool: ThreadPoolExecutor, limit: float) -> None:
        self.project = project
        self.pool = pool
        self.limit = limit
        self.started: list[tuple[Needs, Future[Any]]] = []

    def start(self, needs: Needs, call: Callable[..., Any]) -> Future[Any]:
        future = self.pool.submit(self._run, call)
        self.started.append((needs, future))
        return future

    def _run(self, call: Callable[..., Any]) -> Any:
        left = max(self.limit - time.monotonic(), 0.001)
        predicate = if_exception_type(exceptions.ServiceUnavailable, exceptions.InternalServerError)
        retry = Retry(predicate=predicate, initial=0.1, maximum=5.0, multiplier=2.0, timeout=left)
        return call(retry=retry, timeout=left)

    def finish(self, timeout: float) -> None:
        """Wait for all. Errors: one UserError, in which each thing to mend stands once."""
        failed = [(needs, error) for needs, future in self.started if (error := future.exception()) is not None]
        if not failed:
            return
        # What waited behind a call that failed ran out of time as well, which says nothing.
        telling = [each for each in failed if not isinstance(each[1], exceptions.DeadlineExceeded)] or failed
        messages = [explained(error, needs, self.project, timeout) for needs, error in telling]
        raise UserError("\n".join(dict.fromkeys(messages))) from telling[0][1]


def _all_of(method: Any, request: Body) -> Callable[..., tuple[Body, ...]]:
    """All pages of a list, as JSON bodies, in the order of their names: the API promises none."""

    def call(**how: Any) -> tuple[Body, ...]:
        bodies: Iterator[Body] = (json_format.MessageToDict(type(item).pb(item)) for item in method(request, **how))
        return tuple(sorted(bodies, key=lambda body: str(body.get("name", ""))))

    return call


def _newest(project: str, metric: str, resource_type: str, now: datetime) -> Any:
    """A request whose first point is the newest of all time series of the metric.

    Unaggregated, "the newest first" holds only within a time series, and there can be thousands; view=HEADERS has no
    points. ALIGN_SUM and REDUCE_COUNT both take counters and distributions; ALIGN_DELTA would invent points between
    others (googleapis, google/monitoring/v3/common.proto).
    """
    end = now.replace(second=0, microsecond=0)
    return ListTimeSeriesRequest(
        name=f"projects/{project}",
        filter=f'metric.type = "logging.googleapis.com/user/{metric}" AND resource.type = "{resource_type}"',
        interval=TimeInterval(start_time=end - LOOKBACK, end_time=end),
        aggregation=Aggregation(
            alignment_period=timedelta(minutes=1),
            per_series_aligner=Aggregation.Aligner.ALIGN_SUM,
            cross_series_reducer=Aggregation.Reducer.REDUCE_COUNT,
        ),
        view=ListTimeSeriesRequest.TimeSeriesView.FULL,
        page_size=1,
    )


def _last_point(method: Any, request: Any) -> Callable[..., datetime | None]:
    def call(**how: Any) -> datetime | None:
        try:
            for series in method(request, **how):
                for point in series.points:
                    end = type(point).pb(point).interval.end_time
                    return datetime.fromisoformat(end.ToJsonString())
        except exceptions.NotFound:
            # "Cannot find metric(s) that match type": no point was ever written, or it was minutes ago. A project that
            # is not there fails the other calls as well.
            return None
        return None

    return call
