"""Read the incidents that Cloud Monitoring opened from the Alerts API.

google-cloud-monitoring 2.32 has no class for it, so it is asked over REST, with Google's own session
(docs.cloud.google.com/monitoring/api/ref_v3/rest/v3/projects.alerts/list, a preview).
"""

from __future__ import annotations

import json
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
from loyalty_monitoring.google_cloud.paging import Deadline, PageTokens
from loyalty_monitoring.google_cloud.rest_sessions import bounded

_SCOPE = "https://www.googleapis.com/auth/monitoring.read"
# docs.cloud.google.com/monitoring/alerts/incidents-events#before-you-begin
_NEEDS = Needs("monitoring.alerts.list", "roles/monitoring.alertViewer", "monitoring.googleapis.com")
_PAGE_SIZE = 1_000  # the most that the API gives
_MOST_PAGES = 100
_LARGEST_PAGE = 64 * 2**20  # bytes
# What opened longer ago than this before the time that is asked for is not looked for, even if it is open still.
_LONGEST = timedelta(days=31)


def read_alerts(
    project: str, start: datetime, end: datetime, *, timeout: float, endpoint: str | None = None
) -> tuple[Body, ...]:
    """Return the alerts of all policies that were open at some time from `start` to `end`, as the API's JSON.

    `timeout` is in seconds, for all pages together. With `endpoint` (HOST:PORT) that server is asked, without
    encryption and credentials. Errors: UserError.
    """
    session = bounded(
        requests.Session() if endpoint else AuthorizedSession(credentials(_SCOPE)), Deadline(timeout), _LARGEST_PAGE
    )
    base = f"http://{endpoint}" if endpoint else "https://monitoring.googleapis.com"
    found: list[Body] = []
    with session:
        # The newest come first unless asked otherwise. That the filter can compare times is not documented.
        for page in _pages(session, f"{base}/v3/projects/{project}/alerts", project, timeout):
            of_alerts = [(alert, one) for alert in page if isinstance(alert, dict) for one in from_alerts([alert])]
            found += [alert for alert, one in of_alerts if was_open(one, start, end)]
            if of_alerts and all(one.opened is not None and one.opened < start - _LONGEST for _, one in of_alerts):
                break
    return tuple(found)


def _pages(session: Any, address: str, project: str, timeout: float) -> Iterator[list[Any]]:
    token, tokens = "", PageTokens("the list of alerts")
    for _ in range(_MOST_PAGES):
        body = _get(session, address, {"pageSize": _PAGE_SIZE, "pageToken": token}, project, timeout)
        alerts, token = body.get("alerts", []), body.get("nextPageToken", "")
        if not isinstance(alerts, list) or not isinstance(token, str):
            raise UserError(_odd("its alerts are no list, or its page token is no text"))
        yield alerts
        if not token:
            return
        tokens.see(token)
    raise UserError(f"the list of alerts has more than {_MOST_PAGES * _PAGE_SIZE:,} alerts; ask for fewer --days")


def _get(session: Any, address: str, parameters: dict[str, Any], project: str, timeout: float) -> dict[str, Any]:
    try:
        answer = session.get(address, params=parameters)
        if answer.status_code != requests.codes.ok:
            raise UserError(_explained(answer.status_code, answer.content, project))
        body = json.loads(answer.content)
    except google.auth.exceptions.GoogleAuthError as error:
        raise UserError(f"Google does not take the credentials ({plain(error)}); {LOGIN}") from error
    except requests.Timeout as error:
        raise UserError(
            f"{_NEEDS.service} did not list the alerts within {round(timeout, 1):g} s; try again, or with a longer "
            "--timeout"
        ) from error
    except requests.RequestException as error:
        raise UserError(
            f"{_NEEDS.service} cannot be reached ({plain(error)}); check the network, the proxy and "
            "https://status.cloud.google.com, and try again"
        ) from error
    except (ValueError, RecursionError) as error:
        raise UserError(_odd(f"no JSON: {plain(error)}")) from error
    if not isinstance(body, dict):
        raise UserError(_odd("no object"))
    return body


def _odd(what: str) -> str:
    return f"{_NEEDS.service} did not answer as the Alerts API does ({what}); check the proxy, and try again"


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
