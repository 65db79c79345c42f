"""Share credentials, a client for them, and error texts among all calls to Google Cloud."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any

import google.auth
import google.auth.exceptions
import grpc
from google.api_core import exceptions
from google.auth.transport.requests import Request

from loyalty_monitoring.common.errors import UserError

LOGIN = "run: gcloud auth application-default login"
# The largest answer that is received, in bytes. gRPC's own bound is 4 MiB, and Google's clients have none: an answer is
# in memory three times, as gRPC's bytes, Python's bytes and the message. 500 dashboards of 250 kB each are 125 MB.
LARGEST_ANSWER = 128 * 2**20


@dataclass(frozen=True)
class Needs:
    """Role and API that a call needs. Roles: docs.cloud.google.com/iam/docs/roles-permissions/monitoring and
    .../logging.
    """

    permission: str
    role: str
    service: str


def credentials(*scopes: str) -> Any:
    """Return application default credentials, with a token. A refresh that fails later, inside a call, would look like
    an unavailable service. Errors: UserError.
    """
    try:
        found, _ = google.auth.default(scopes=scopes)
        found.refresh(Request())
    except google.auth.exceptions.DefaultCredentialsError as error:
        raise UserError(f"there are no credentials for Google Cloud ({plain(error)}); {LOGIN}") from error
    except google.auth.exceptions.TransportError as error:
        raise UserError(
            f"Google's sign-in cannot be reached ({plain(error)}); check the network and the proxy, and try again"
        ) from error
    except google.auth.exceptions.GoogleAuthError as error:
        raise UserError(f"Google does not take the credentials ({plain(error)}); {LOGIN}") from error
    return found


def grpc_client(cls: Any, endpoint: str | None, signed_in: Any, largest: int = LARGEST_ANSWER) -> Any:
    """Return one of Google's clients, with credentials; with `endpoint` (HOST:PORT) it asks that server instead,
    without encryption and credentials. An answer of more than `largest` bytes is refused unread: `is_too_large`.
    """
    options = [("grpc.max_send_message_length", -1), ("grpc.max_receive_message_length", largest)]
    transport = cls.get_transport_class("grpc")
    if endpoint is not None:
        return cls(transport=transport(channel=grpc.insecure_channel(endpoint, options=options)))

    def channel(host: str, **how: Any) -> grpc.Channel:
        return transport.create_channel(host, **{**how, "options": options})

    return cls(credentials=signed_in, transport=functools.partial(transport, channel=channel))


def is_too_large(error: BaseException) -> bool:
    """Return whether gRPC refused an answer for its size. It gives that the same class as a quota that is used up."""
    return isinstance(error, exceptions.ResourceExhausted) and "larger than max" in str(error.message)


def explained(error: BaseException, needs: Needs, project: str, timeout: float) -> str:
    """Return the failure and the remedy of a call. What is no error of a call is raised again.

    The classes are those of HTTP, from which the ones of gRPC are made.
    """
    if isinstance(error, exceptions.RetryError) and error.cause is not None:
        error = error.cause
    if not isinstance(error, exceptions.GoogleAPICallError):
        raise error
    message = plain(error.message)
    match error:
        case exceptions.Unauthorized():
            return f"Google does not take the credentials ({message}); {LOGIN}"
        case exceptions.Forbidden():
            return _denied(error, needs, project, message)
        case exceptions.NotFound():
            return f"there is no project {project} ({message}); check --project, `gcloud projects list` names yours"
        case exceptions.TooManyRequests() if is_too_large(error):
            return (
                f"{needs.service} answered with more than {LARGEST_ANSWER // 2**20} MiB at once, which no project has; "
                "check --endpoint or the proxy"
            )
        case exceptions.TooManyRequests():
            return (
                f"the quota of {needs.service} is used up ({message}); wait a minute, or raise it: "
                f"https://console.cloud.google.com/iam-admin/quotas?project={project}"
            )
        case exceptions.ServiceUnavailable():
            return (
                f"{needs.service} cannot be reached ({message}); check the network, the proxy and "
                "https://status.cloud.google.com, and try again"
            )
        case exceptions.DeadlineExceeded():
            return (
                f"{needs.service} did not answer within {round(timeout, 1):g} s; try again, or with a longer --timeout"
            )
        case exceptions.ServerError():
            return (
                f"{needs.service} did not answer as it should ({message}); check the network, the proxy and "
                "https://status.cloud.google.com, and try again"
            )
        case _:
            return (
                f"{needs.service} refused {needs.permission} ({error.code} {message}); check --project, and try again"
            )


def _denied(error: Any, needs: Needs, project: str, message: str) -> str:
    """Say why a permission is missing; reasons: googleapis, google/api/error_reason.proto."""
    match error.reason:
        case "SERVICE_DISABLED":
            service = plain(error.metadata.get("service", needs.service))
            # The project that pays may be another one than the one that is looked into.
            consumer = plain(error.metadata.get("consumer", "")).removeprefix("projects/") or project
            return f"{service} is not enabled in {consumer}; run: gcloud services enable {service} --project {consumer}"
        case "CONSUMER_INVALID":
            return f"there is no project {project} ({message}); check --project, `gcloud projects list` names yours"
        case "USER_PROJECT_DENIED":
            return (
                f"the credentials may not be used in their quota project ({message}); "
                "run: gcloud auth application-default set-quota-project PROJECT, with one that you may use"
            )
        case _:
            return (
                f"the permission {needs.permission} is missing in {project}, or there is no such project ({message}); "
                f"grant {needs.role}: gcloud projects add-iam-policy-binding {project} "
                f"--member=user:YOU --role={needs.role}"
            )


def plain(text: object) -> str:
    """Return a foreign text on one short line without control characters."""
    line = " ".join("".join(character if character.isprintable() else " " for character in str(text)).split())
    return line if len(line) <= 300 else line[:299] + "…"
