"""Reads what is deployed, through Google's own clients over gRPC; the only module that talks to Google Cloud.

All calls only read. They run at the same time, are tried again while the service is unavailable, and share one time
limit. The clients' own defaults do not do: they try some methods again for 30, 60 or 90 s, and those of dashboards
never, without any limit of time (google-cloud-monitoring-dashboards 3.2, `_prep_wrapped_messages`).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import google.auth
import grpc
from google.api_core import exceptions
from google.api_core.retry import Retry, if_exception_type
from google.auth import exceptions as auth_exceptions
from google.auth.transport.requests import Request
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

from loyalty_monitoring.errors import UserError
from loyalty_monitoring.model import Body
from loyalty_monitoring.verify.findings import Deployed

# The longest that a condition over a log-based metric can look back: an alert sees nothing older
# (docs.cloud.google.com/monitoring/alerts/using-promql#restrictions).
LOOKBACK = timedelta(hours=25)

_CALLS_AT_ONCE = 16
_PAGE_SIZE = 500
_SCOPES = ("https://www.googleapis.com/auth/logging.read", "https://www.googleapis.com/auth/monitoring.read")
_LOGIN = "run: gcloud auth application-default login"


@dataclass(frozen=True)
class _Needs:
    """What a call needs. Roles: docs.cloud.google.com/iam/docs/roles-permissions/monitoring and .../logging."""

    permission: str
    role: str = "roles/monitoring.viewer"
    service: str = "monitoring.googleapis.com"


_LOG_METRICS = _Needs("logging.logMetrics.list", "roles/logging.viewer", "logging.googleapis.com")
_ALERT_POLICIES = _Needs("monitoring.alertPolicies.list")
_CHANNELS = _Needs("monitoring.notificationChannels.list")
_DASHBOARDS = _Needs("monitoring.dashboards.list")
_TIME_SERIES = _Needs("monitoring.timeSeries.list")


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
            if endpoint is None:
                return stack.enter_context(cls(credentials=credentials))
            transport = cls.get_transport_class("grpc")(channel=grpc.insecure_channel(endpoint))
            return stack.enter_context(cls(transport=transport))

        credentials = _credentials() if endpoint is None else None
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
        self.started: list[tuple[_Needs, Future[Any]]] = []

    def start(self, needs: _Needs, call: Callable[..., Any]) -> Future[Any]:
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
        messages = [_explained(error, needs, self.project, timeout) for needs, error in telling]
        raise UserError("\n".join(dict.fromkeys(messages))) from telling[0][1]


def _credentials() -> Any:
    """Application default credentials, with a token. A refresh that fails later, inside a call, would look like an
    unavailable service.
    """
    try:
        credentials, _ = google.auth.default(scopes=_SCOPES)
        credentials.refresh(Request())
    except auth_exceptions.DefaultCredentialsError as error:
        raise UserError(f"there are no credentials for Google Cloud ({_plain(error)}); {_LOGIN}") from error
    except auth_exceptions.TransportError as error:
        raise UserError(
            f"Google's sign-in cannot be reached ({_plain(error)}); check the network and the proxy, and try again"
        ) from error
    except auth_exceptions.GoogleAuthError as error:
        raise UserError(f"Google does not take the credentials ({_plain(error)}); {_LOGIN}") from error
    return credentials


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


def _explained(error: BaseException, needs: _Needs, project: str, timeout: float) -> str:
    """What went wrong, and the remedy."""
    if isinstance(error, exceptions.RetryError) and error.cause is not None:
        error = error.cause
    if not isinstance(error, exceptions.GoogleAPICallError):
        raise error
    said = _plain(error.message)
    match error:
        case exceptions.Unauthenticated():
            return f"Google does not take the credentials ({said}); {_LOGIN}"
        case exceptions.PermissionDenied():
            return _denied(error, needs, project, said)
        case exceptions.NotFound():
            return f"there is no project {project} ({said}); check --project, `gcloud projects list` names yours"
        case exceptions.ResourceExhausted():
            return (
                f"the quota of {needs.service} is used up ({said}); wait a minute, or raise it: "
                f"https://console.cloud.google.com/iam-admin/quotas?project={project}"
            )
        case exceptions.ServiceUnavailable():
            return (
                f"{needs.service} cannot be reached ({said}); check the network, the proxy and "
                "https://status.cloud.google.com, and try again"
            )
        case exceptions.DeadlineExceeded():
            return f"{needs.service} did not answer within {timeout:g} s; try again, or with a longer --timeout"
        case _:
            return f"{needs.service} refused {needs.permission} ({error.code} {said}); check --project, and try again"


def _denied(error: Any, needs: _Needs, project: str, said: str) -> str:
    """Why a permission is missing; reasons: googleapis, google/api/error_reason.proto."""
    match error.reason:
        case "SERVICE_DISABLED":
            service = _plain(error.metadata.get("service", needs.service))
            # The project that pays may be another one than the one that is looked into.
            consumer = _plain(error.metadata.get("consumer", "")).removeprefix("projects/") or project
            return f"{service} is not enabled in {consumer}; run: gcloud services enable {service} --project {consumer}"
        case "CONSUMER_INVALID":
            return f"there is no project {project} ({said}); check --project, `gcloud projects list` names yours"
        case "USER_PROJECT_DENIED":
            return (
                f"the credentials may not be used in their quota project ({said}); "
                "run: gcloud auth application-default set-quota-project PROJECT, with one that you may use"
            )
        case _:
            return (
                f"the permission {needs.permission} is missing in {project}, or there is no such project ({said}); "
                f"grant {needs.role}: gcloud projects add-iam-policy-binding {project} "
                f"--member=user:YOU --role={needs.role}"
            )


def _plain(text: object) -> str:
    """What somebody else wrote, on one short line without control characters."""
    line = " ".join("".join(character if character.isprintable() else " " for character in str(text)).split())
    return line if len(line) <= 300 else line[:299] + "…"
