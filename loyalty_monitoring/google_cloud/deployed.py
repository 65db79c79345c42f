"""Reads what is deployed, through Google's own clients over gRPC.

All calls only read. They run at the same time, are tried again while the service is unavailable, and share one time
limit. The clients' own defaults do not do: they try some methods again for 30, 60 or 90 s, and those of dashboards
never, without any limit of time (google-cloud-monitoring-dashboards 3.2, `_prep_wrapped_messages`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from google.api_core import exceptions
from google.cloud.logging_v2.services.metrics_service_v2 import MetricsServiceV2Client
from google.cloud.logging_v2.types import ListLogMetricsRequest
from google.cloud.monitoring_dashboard_v1 import DashboardsServiceClient, ListDashboardsRequest
from google.cloud.monitoring_v3 import (
    Aggregation,
    AlertPolicyServiceClient,
    ListAlertPoliciesRequest,
    ListNotificationChannelsRequest,
    ListTimeSeriesRequest,
    MetricServiceClient,
    NotificationChannelServiceClient,
    TimeInterval,
)
from google.protobuf import json_format

from loyalty_monitoring.common.errors import UserError
from loyalty_monitoring.definitions.model import Body
from loyalty_monitoring.google_cloud.clients import Needs, credentials, explained, grpc_client
from loyalty_monitoring.google_cloud.paging import Deadline, pages

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
    look_back: timedelta = LOOKBACK,
) -> Deployed:
    """Read everything, and the newest point of each metric in `metrics`, written by that type of monitored resource.

    Points older than `look_back` are not looked for. `timeout` is in seconds, for all together. With `endpoint`
    (HOST:PORT) that server is asked instead of Google's, without encryption and without credentials. Errors: one
    UserError with all that went wrong.
    """
    with ExitStack() as stack:

        def client(cls: Any) -> Any:
            return stack.enter_context(grpc_client(cls, endpoint, signed_in))

        signed_in = credentials(*_SCOPES) if endpoint is None else None
        pool = stack.enter_context(ThreadPoolExecutor(_CALLS_AT_ONCE))
        calls = _Calls(project, pool, Deadline(timeout))
        parent = f"projects/{project}"
        of_logging = client(MetricsServiceV2Client).list_log_metrics
        of_policies = client(AlertPolicyServiceClient).list_alert_policies
        of_channels = client(NotificationChannelServiceClient).list_notification_channels
        of_dashboards = client(DashboardsServiceClient).list_dashboards
        start, most = calls.start, _PAGE_SIZE
        asked: Any = ListLogMetricsRequest(parent=parent, page_size=most)
        log_metrics = start(_LOG_METRICS, _all_of(of_logging, asked, "metrics"))
        asked = ListAlertPoliciesRequest(name=parent, page_size=most)
        policies = start(_ALERT_POLICIES, _all_of(of_policies, asked, "alert_policies"))
        asked = ListNotificationChannelsRequest(name=parent, page_size=most)
        channels = start(_CHANNELS, _all_of(of_channels, asked, "notification_channels"))
        asked = ListDashboardsRequest(parent=parent, page_size=most)
        dashboards = start(_DASHBOARDS, _all_of(of_dashboards, asked, "dashboards"))
        of_series = client(MetricServiceClient).list_time_series
        points = {
            metric: calls.start(
                _TIME_SERIES, _last_point(of_series, _newest(project, metric, resource_type, now, look_back))
            )
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


def newest_points(
    project: str,
    metrics: Sequence[str],
    resource_type: str,
    *,
    now: datetime,
    timeout: float,
    endpoint: str | None = None,
) -> dict[str, datetime | None]:
    """Return the end of the newest point of each metric, as in `Deployed`. Errors: UserError, as for `read`."""
    with ExitStack() as stack:
        signed_in = credentials(*_SCOPES) if endpoint is None else None
        pool = stack.enter_context(ThreadPoolExecutor(_CALLS_AT_ONCE))
        calls = _Calls(project, pool, Deadline(timeout))
        of_series = stack.enter_context(grpc_client(MetricServiceClient, endpoint, signed_in)).list_time_series
        points = {
            metric: calls.start(
                _TIME_SERIES, _last_point(of_series, _newest(project, metric, resource_type, now, LOOKBACK))
            )
            for metric in metrics
        }
        calls.finish(timeout)
        return {metric: point.result() for metric, point in points.items()}


def newest_of_types(
    project: str,
    types: Sequence[str],
    *,
    now: datetime,
    look_back: timedelta,
    timeout: float,
    endpoint: str | None = None,
) -> dict[str, datetime | None]:
    """Return the end of the newest point of each metric type, of whatever monitored resource. Errors: as for `read`."""
    if not types:
        return {}
    with ExitStack() as stack:
        signed_in = credentials(*_SCOPES) if endpoint is None else None
        pool = stack.enter_context(ThreadPoolExecutor(_CALLS_AT_ONCE))
        calls = _Calls(project, pool, Deadline(timeout))
        of_series = stack.enter_context(grpc_client(MetricServiceClient, endpoint, signed_in)).list_time_series
        points = {}
        for each in types:
            request = _newest(project, "", "", now, look_back)
            request.filter = f'metric.type = "{each}"'
            if not each.startswith("logging.googleapis.com/user/"):
                # A sum and a delta do not fit every kind and type of value; to count points fits all but texts.
                request.aggregation.per_series_aligner = Aggregation.Aligner.ALIGN_COUNT
            points[each] = calls.start(_TIME_SERIES, _last_point(of_series, request))
        calls.finish(timeout)
        return {each: point.result() for each, point in points.items()}


class _Calls:
    """Calls that run at the same time, and everything that went wrong with them."""

    def __init__(self, project: str, pool: ThreadPoolExecutor, deadline: Deadline) -> None:
        self.project = project
        self.pool = pool
        self.deadline = deadline
        self.started: list[tuple[Needs, Future[Any]]] = []

    def start(self, needs: Needs, call: Callable[[Deadline], Any]) -> Future[Any]:
        future = self.pool.submit(self._run, call)
        self.started.append((needs, future))
        return future

    def _run(self, call: Callable[[Deadline], Any]) -> Any:
        return call(self.deadline)

    def finish(self, timeout: float) -> None:
        """Wait for all. Errors: one UserError, in which each thing to mend stands once."""
        failed = [(needs, error) for needs, future in self.started if (error := future.exception()) is not None]
        if not failed:
            return
        # What waited behind a call that failed ran out of time as well, which says nothing.
        telling = [each for each in failed if not isinstance(each[1], exceptions.DeadlineExceeded)] or failed
        messages = [explained(error, needs, self.project, timeout) for needs, error in telling]
        raise UserError("\n".join(dict.fromkeys(messages))) from telling[0][1]


def _all_of(method: Any, request: Any, field: str) -> Callable[[Deadline], tuple[Body, ...]]:
    """Return all pages of a list, as JSON bodies, in the order of their names: the API promises none."""

    def call(deadline: Deadline) -> tuple[Body, ...]:
        bodies: list[Body] = [
            json_format.MessageToDict(item)
            for page in pages(method, request, deadline)
            for item in getattr(type(page).pb(page), field)
        ]
        return tuple(sorted(bodies, key=lambda body: str(body.get("name", ""))))

    return call


def _newest(project: str, metric: str, resource_type: str, now: datetime, look_back: timedelta) -> Any:
    """Return a request whose first point is the newest of all time series of the metric.

    Unaggregated, "the newest first" holds only within a time series, and there can be thousands; view=HEADERS has no
    points. ALIGN_SUM and REDUCE_COUNT both take counters and distributions; ALIGN_DELTA would invent points between
    others (googleapis, google/monitoring/v3/common.proto).
    """
    end = now.replace(second=0, microsecond=0)
    return ListTimeSeriesRequest(
        name=f"projects/{project}",
        filter=f'metric.type = "logging.googleapis.com/user/{metric}" AND resource.type = "{resource_type}"',
        interval=TimeInterval(start_time=end - look_back, end_time=end),
        aggregation=Aggregation(
            alignment_period=timedelta(minutes=1),
            per_series_aligner=Aggregation.Aligner.ALIGN_SUM,
            cross_series_reducer=Aggregation.Reducer.REDUCE_COUNT,
        ),
        view=ListTimeSeriesRequest.TimeSeriesView.FULL,
        page_size=1,
    )


def _last_point(method: Any, request: Any) -> Callable[[Deadline], datetime | None]:
    def call(deadline: Deadline) -> datetime | None:
        try:
            for page in pages(method, request, deadline):
                for series in type(page).pb(page).time_series:
                    for point in series.points:
                        return datetime.fromisoformat(point.interval.end_time.ToJsonString())
        except exceptions.NotFound:
            # "Cannot find metric(s) that match type": no point was ever written, or it was minutes ago. A project that
            # is not there fails the other calls as well.
            return None
        return None

    return call
