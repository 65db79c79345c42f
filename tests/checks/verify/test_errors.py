"""When Google Cloud does not answer: one clear error that ends with its remedy, and no call too many."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import grpc
import pytest

from loyalty_monitoring.checks.verify.findings import Verification
from loyalty_monitoring.checks.verify.run import verify
from loyalty_monitoring.common.errors import UserError
from tests.checks.verify.server import NOW, Cloud, Failure, fails
from tests.checks.verify.test_verify import deployed, stack_of

LISTS = ("ListLogMetrics", "ListAlertPolicies", "ListNotificationChannels", "ListDashboards", "ListTimeSeries")
Code = grpc.StatusCode


def answered(fail: dict[str, Failure], timeout: float = 20) -> tuple[Verification, Cloud]:
    settings, definitions = stack_of("demo")
    cloud = deployed()
    cloud.fail = fail
    with cloud.served() as endpoint:
        return verify(settings, definitions, now=NOW, timeout=timeout, endpoint=endpoint), cloud


def refused(fail: dict[str, Failure], timeout: float = 20) -> str:
    with pytest.raises(UserError) as caught:
        answered(fail, timeout)
    return str(caught.value)


@pytest.mark.parametrize(
    ("method", "permission", "role"),
    [
        ("ListLogMetrics", "logging.logMetrics.list", "roles/logging.viewer"),
        ("ListAlertPolicies", "monitoring.alertPolicies.list", "roles/monitoring.viewer"),
        ("ListNotificationChannels", "monitoring.notificationChannels.list", "roles/monitoring.viewer"),
        ("ListDashboards", "monitoring.dashboards.list", "roles/monitoring.viewer"),
        ("ListTimeSeries", "monitoring.timeSeries.list", "roles/monitoring.viewer"),
    ],
)
def test_a_missing_permission_is_named_with_the_role_that_has_it(method: str, permission: str, role: str) -> None:
    said = refused({method: fails(Code.PERMISSION_DENIED, "denied (or the resource may not exist)")})
    assert f"the permission {permission} is missing in loyalty-demo" in said
    assert said.endswith(f"--role={role}")
    assert said.count("\n") == 0, "many calls that fail alike are one error"


def test_all_missing_permissions_are_named_at_once() -> None:
    said = refused({method: fails(Code.PERMISSION_DENIED, "denied") for method in LISTS}).splitlines()
    assert len(said) == len(LISTS)


def test_what_cannot_get_better_is_not_tried_again() -> None:
    fail = fails(Code.PERMISSION_DENIED, "denied")
    settings, definitions = stack_of("demo")
    cloud = Cloud(settings.project, fail={"ListDashboards": fail})
    with cloud.served() as endpoint, pytest.raises(UserError):
        verify(settings, definitions, now=NOW, timeout=20, endpoint=endpoint)
    assert cloud.count()["ListDashboards"] == 1


@pytest.mark.parametrize("code", [Code.UNAVAILABLE, Code.INTERNAL])
def test_unavailable_twice_and_then_well_is_no_error_of_any_call(code: grpc.StatusCode) -> None:
    found, cloud = answered({method: fails(code, "try again", times=2) for method in LISTS})
    assert found.findings == ()
    assert cloud.count() == {**dict.fromkeys(LISTS, 3), "ListTimeSeries": len(cloud.log_metrics) + 2}


def test_unavailable_for_ever_is_an_error_when_the_time_is_up() -> None:
    before = time.monotonic()
    said = refused({"ListDashboards": fails(Code.UNAVAILABLE, "no backend")}, timeout=5)
    assert "monitoring.googleapis.com cannot be reached (no backend)" in said
    assert "check the network, the proxy" in said
    assert time.monotonic() - before < 60


def test_a_server_that_is_not_there_cannot_be_reached() -> None:
    settings, definitions = stack_of("demo")
    with pytest.raises(UserError, match=r"logging\.googleapis\.com cannot be reached"):
        verify(settings, definitions, now=NOW, timeout=5, endpoint="127.0.0.1:1")


def test_an_answer_that_does_not_come_is_an_error_that_names_the_option() -> None:
    done = threading.Event()
    try:
        said = refused({"ListTimeSeries": lambda *_: done.wait(60)}, timeout=5)
    finally:
        done.set()
    assert said == "monitoring.googleapis.com did not answer within 5 s; try again, or with a longer --timeout"


def test_calls_run_at_the_same_time() -> None:
    """The first five answers come only when five have been asked for together."""
    together = threading.Barrier(5)
    first = threading.Semaphore(5)

    def wait(*_: Any) -> None:
        if first.acquire(blocking=False):
            together.wait(timeout=15)

    found, _ = answered(dict.fromkeys(LISTS, wait))
    assert found.findings == ()


@pytest.mark.parametrize(
    ("code", "words", "remedy"),
    [
        (Code.UNAUTHENTICATED, "does not take the credentials", "run: gcloud auth application-default login"),
        (Code.NOT_FOUND, "there is no project loyalty-demo", "`gcloud projects list` names yours"),
        (Code.RESOURCE_EXHAUSTED, "the quota of monitoring.googleapis.com is used up", "?project=loyalty-demo"),
        (Code.INVALID_ARGUMENT, "refused monitoring.alertPolicies.list", "check --project, and try again"),
    ],
)
def test_an_error_says_what_is_wrong_and_ends_with_the_remedy(code: grpc.StatusCode, words: str, remedy: str) -> None:
    said = refused({"ListAlertPolicies": fails(code, "so it is")})
    assert words in said
    assert "so it is" in said
    assert said.endswith(remedy)


def test_an_api_that_is_not_enabled_is_named_with_the_project_that_must_enable_it() -> None:
    disabled = fails(
        Code.PERMISSION_DENIED,
        "Cloud Logging API has not been used",
        reason="SERVICE_DISABLED",
        service="logging.googleapis.com",
        consumer="projects/42",
    )
    said = refused({"ListLogMetrics": disabled})
    assert said.endswith("not enabled in 42; run: gcloud services enable logging.googleapis.com --project 42")


@pytest.mark.parametrize(
    ("reason", "remedy"),
    [
        ("CONSUMER_INVALID", "`gcloud projects list` names yours"),
        ("USER_PROJECT_DENIED", "set-quota-project PROJECT, with one that you may use"),
        ("IAM_PERMISSION_DENIED", "--role=roles/monitoring.viewer"),
    ],
)
def test_the_reason_of_a_denial_decides_the_remedy(reason: str, remedy: str) -> None:
    said = refused({"ListDashboards": fails(Code.PERMISSION_DENIED, "no", reason=reason, service="x")})
    assert said.endswith(remedy)


def test_what_a_server_says_cannot_rewrite_the_terminal_or_fill_it() -> None:
    said = refused({"ListDashboards": fails(Code.NOT_FOUND, "\x1b[2J\n\u202eevil" + "x" * 1000)})
    assert said.isprintable()
    assert len(said) < 500


def without_endpoint() -> str:
    settings, definitions = stack_of("demo")
    with pytest.raises(UserError) as caught:
        verify(settings, definitions, now=NOW, timeout=5)
    return str(caught.value)


@pytest.fixture
def nobody(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A machine on which nobody is logged in to Google Cloud."""
    for name in ("GOOGLE_APPLICATION_CREDENTIALS", "GOOGLE_CLOUD_PROJECT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(tmp_path))
    monkeypatch.setenv("NO_GCE_CHECK", "true")
    return tmp_path


@contextmanager
def sign_in(status: int, answer: dict[str, str]) -> Iterator[str]:
    """Answers every request for a token."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.send_response(status)
            self.end_headers()
            self.wfile.write(json.dumps(answer).encode())

        def log_message(self, *_: Any) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/token"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def credentials(folder: Path, token_url: str) -> None:
    """Where `gcloud auth application-default login` writes them."""
    body = {
        "type": "external_account_authorized_user",
        "audience": "//iam.googleapis.com/locations/global/workforcePools/pool/providers/provider",
        "client_id": "id",
        "client_secret": "SENTINEL",
        "refresh_token": "SENTINEL",
        "token_url": token_url,
        "token_info_url": token_url,
    }
    (folder / "application_default_credentials.json").write_text(json.dumps(body))


def test_without_credentials_the_error_says_how_to_log_in(nobody: Path) -> None:
    said = without_endpoint()
    assert said.startswith("there are no credentials for Google Cloud")
    assert said.endswith("run: gcloud auth application-default login")


def test_a_file_of_credentials_that_is_none_is_no_traceback(nobody: Path) -> None:
    (nobody / "application_default_credentials.json").write_text("{}")
    assert without_endpoint().endswith("run: gcloud auth application-default login")


def test_credentials_that_have_ended_say_so_at_once_and_not_as_an_unreachable_service(nobody: Path) -> None:
    with sign_in(400, {"error": "invalid_grant", "error_description": "Token has been revoked."}) as url:
        credentials(nobody, url)
        said = without_endpoint()
    assert "Token has been revoked" in said
    assert said.endswith("run: gcloud auth application-default login")
    assert "SENTINEL" not in said


def test_a_sign_in_that_cannot_be_reached_is_a_matter_of_the_network(nobody: Path) -> None:
    credentials(nobody, "http://127.0.0.1:1/token")
    said = without_endpoint()
    assert said.startswith("Google's sign-in cannot be reached")
    assert said.endswith("check the network and the proxy, and try again")
