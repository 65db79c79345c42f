"""Read the incidents that Cloud Monitoring opened from the Alerts API.

google-cloud-monitoring 2.32 has no class for it, so it is asked over REST, with Google's own session
(docs.cloud.google.com/monitoring/api/ref_v3/rest/v3/projects.alerts/list, a preview).
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import google.auth.exceptions
import requests
from google.auth.transport.requests import AuthorizedSession

from loyalty_monitoring.common.errors import UserError
from loyalty_monitoring.definitions.model import Body
from loyalty_monitoring.google_cloud.clients import LOGIN, Needs, credentials, plain
from loyalty_monitoring.google_cloud.fired_incidents import from_alerts, was_open
from loyalty_monitoring.google_cloud.paging import PageTokens

_SCOPE = "https://www.googleapis.com/auth/monitoring.read"
# docs.cloud.google.com/monitoring/alerts/incidents-events#before-you-begin
_NEEDS = Needs("monitoring.alerts.list", "roles/monitoring.alertViewer", "monitoring.googleapis.com")
_PAGE_SIZE = 1_000  # the most that the API gives
_MOST_PAGES = 100
_LARGEST_PAGE = 64 * 2**20  # bytes
_CHUNK = 2**16
# What opened longer ago than this before the time that is asked for is not looked for, even if it is open still.
_LONGEST = timedelta(days=31)


def read_alerts(
    project: str, start: datetime, end: datetime, *, timeout: float, endpoint: str | None = None
) -> tuple[Body, ...]:
    """Return the alerts of all policies that were open at some time from `start` to `end`, as the API's JSON.

    `timeout` is in seconds, for all pages together. With `endpoint` (HOST:PORT) that server is asked, without
    encryption and credentials. Errors: UserError.
    """
    session = requests.Session() if endpoint else AuthorizedSession(credentials(_SCOPE))
    base = f"http://{endpoint}" if endpoint else "https://monitoring.googleapis.com"
    limit = time.monotonic() + timeout
    found: list[Body] = []
    with session:
        # The newest come first unless asked otherwise. That the filter can compare times is not documented.
        for page in _pages(session, f"{base}/v3/projects/{project}/alerts", project, limit, timeout):
            of_alerts = [(alert, one) for alert in page if isinstance(alert, dict) for one in from_alerts([alert])]
            found += [alert for alert, one in of_alerts if was_open(one, start, end)]
            if of_alerts and all(one.opened is not None and one.opened < start - _LONGEST for _, one in of_alerts):
                break
    return tuple(found)


def _pages(session: Any, address: str, project: str, limit: float, timeout: float) -> Iterator[list[Any]]:
    token, tokens = "", PageTokens("the list of alerts")
    for _ in range(_MOST_PAGES):
        body = _get(session, address, {"pageSize": _PAGE_SIZE, "pageToken": token}, project, limit, timeout)
        alerts, token = body.get("alerts", []), body.get("nextPageToken", "")
        yield alerts if isinstance(alerts, list) else []
        if not isinstance(token, str) or not token:
            return
        tokens.see(token)
    raise UserError(f"the list of alerts has more than {_MOST_PAGES * _PAGE_SIZE:,} alerts; ask for fewer --days")


def _get(
    session: Any, address: str, parameters: dict[str, Any], project: str, limit: float, timeout: float
) -> dict[str, Any]:
    late = f"{_NEEDS.service} did not list the alerts within {timeout:g} s; try again, or with a longer --timeout"
    left = limit - time.monotonic()
    if left <= 0:
        raise UserError(late)
    try:
        with session.get(address, params=parameters, timeout=left, stream=True) as answer:
            text = b""
            for chunk in answer.iter_content(_CHUNK):
                text += chunk
                if len(text) > _LARGEST_PAGE:
                    raise UserError(f"{_NEEDS.service} answered with more than {_LARGEST_PAGE // 2**20} MiB; try again")
                if time.monotonic() > limit:
                    raise UserError(late)
            if answer.status_code != requests.codes.ok:
                raise UserError(_explained(answer.status_code, text, project))
        body = json.loads(text)
    except google.auth.exceptions.GoogleAuthError as error:
        raise UserError(f"Google does not take the credentials ({plain(error)}); {LOGIN}") from error
    except requests.Timeout as error:
        raise UserError(late) from error
    except requests.RequestException as error:
        raise UserError(
            f"{_NEEDS.service} cannot be reached ({plain(error)}); check the network, the proxy and "
            "https://status.cloud.google.com, and try again"
        ) from error
    except (ValueError, RecursionError) as error:
        raise UserError(f"{_NEEDS.service} did not answer in JSON ({plain(error)}); check the proxy") from error
    return body if isinstance(body, dict) else {}


def _explained(status: int, text: bytes, project: str) -> str:
    """Return the failure and the remedy. The error's shape: google.aip.dev/193."""
    try:
        message = plain(json.loads(text)["error"]["message"])
    except (ValueError, KeyError, TypeError, RecursionError):
        message = plain(text[:200].decode(errors="replace"))
    if status == requests.codes.unauthorized:
        return f"Google does not take the credentials ({message}); {LOGIN}"
    if status in (requests.codes.forbidden, requests.codes.not_found):
        return (
            f"the permission {_NEEDS.permission} is missing in {project} ({message}); grant {_NEEDS.role}: "
            f"gcloud projects add-iam-policy-binding {project} --member=user:YOU --role={_NEEDS.role}"
        )
    if status == requests.codes.too_many_requests:
        return f"the quota of {_NEEDS.service} is used up ({message}); wait a minute, and try again"
    return f"{_NEEDS.service} refused {_NEEDS.permission} ({status} {message}); check --project, and try again"
