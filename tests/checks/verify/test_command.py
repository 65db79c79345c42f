"""The command as a stranger runs it: exit codes, text and JSON, and nothing that could rewrite the terminal."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import grpc
import pytest

from loyalty_monitoring.checks.verify.output import as_json
from tests.checks.verify.server import fails
from tests.checks.verify.test_verify import deployed, verified
from tests.conftest import PROJECT, run


def _run(*arguments: str, endpoint: str = "", folder: Path = PROJECT) -> subprocess.CompletedProcess[str]:
    environment = {"LOYALTY_MONITORING_ENDPOINT": endpoint, "PATH": "/usr/bin:/bin"}
    return run("verify", *arguments, folder=folder, environment=environment)


def test_no_drift_exits_with_0_and_drift_with_1_and_an_error_with_2() -> None:
    cloud = deployed(whole=True)
    cloud.last_points = dict.fromkeys(cloud.last_points)
    with cloud.served() as endpoint:
        same = _run(endpoint=endpoint)
        cloud.alert_policies["high_churn"].enabled = False
        drift = _run(endpoint=endpoint)
        cloud.fail["ListDashboards"] = fails(grpc.StatusCode.NOT_FOUND, "no")
        error = _run(endpoint=endpoint)
    assert (same.returncode, drift.returncode, error.returncode) == (0, 1, 2)
    assert same.stdout.endswith("project loyalty-demo, stack demo: 0 drifts, 0 known differences, 7 notes\n")
    assert drift.stdout.startswith("drift  alert policy high_churn: is disabled and opens no incident\n")
    assert drift.stdout.splitlines()[1] == "    run: pulumi up --refresh --stack demo"
    assert error.stdout == ""
    assert error.stderr.startswith("loyalty-monitoring: there is no project loyalty-demo")


def test_json_has_the_findings_and_each_metrics_newest_point() -> None:
    cloud = deployed(whole=True)
    cloud.alert_policies["high_churn"].enabled = False
    minute = datetime.now(UTC).replace(second=0, microsecond=0) - timedelta(minutes=5)
    cloud.last_points |= {"loyalty/email_status": minute, "loyalty/rate_limited_requests": None}
    with cloud.served() as endpoint:
        told = json.loads(_run("--format", "json", "--endpoint", endpoint).stdout)
    assert list(told) == ["project", "stack", "findings", "data", "policies"]
    assert (told["project"], told["stack"]) == ("loyalty-demo", "demo")
    assert list(told["findings"][0].values()) == [
        "drift",
        "alert_policy",
        "high_churn",
        "is disabled and opens no incident",
        "run: pulumi up --refresh --stack demo",
    ]
    data = {of["metric"]: of for of in told["data"]}
    assert data["email_status"] == {
        "metric": "email_status",
        "last_point": f"{minute:%Y-%m-%dT%H:%M:%SZ}",
        "blind_alerts": [],
    }
    assert data["rate_limited_requests"] == {
        "metric": "rate_limited_requests",
        "last_point": None,
        "blind_alerts": ["rate_limit_spike"],
    }


def test_names_of_others_are_shown_but_cannot_rewrite_the_terminal() -> None:
    hostile = "\x1b[2J\x07\u202e[bold]\nevil"
    cloud = deployed(whole=True)
    copy = type(cloud.alert_policies["high_churn"])(cloud.alert_policies["high_churn"])
    copy.name, copy.display_name = f"projects/p/alertPolicies/{hostile}", hostile
    cloud.alert_policies["copy"] = copy
    cloud.alert_policies["high_churn"].documentation.content = hostile
    cloud.dashboards["overview"].mosaic_layout.tiles[0].widget.title = hostile
    with cloud.served() as endpoint:
        text = _run(endpoint=endpoint).stdout
    assert "?[2J??[bold]?evil" in text
    assert all(line.isprintable() for line in text.splitlines())
    told = json.loads(as_json(verified(cloud, whole=True)))
    assert hostile in {finding["name"] for finding in told["findings"]}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--project", "../other"), "the project is '../other'; expected a Google Cloud project id"),
        (("--stack", "dmo"), "did you mean 'demo'"),
        (("--timeout", "0"), "--timeout"),
        (("--format", "xml"), "--format"),
    ],
)
def test_a_mistake_is_one_clear_error_and_exit_code_2(arguments: tuple[str, ...], words: str) -> None:
    done = _run(*arguments)
    assert done.returncode == 2
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_another_project_than_the_stacks_is_looked_into_as_if_the_stack_were_there() -> None:
    cloud = deployed(whole=True)
    with cloud.served() as endpoint:
        told = json.loads(_run("--project", "another-one", "--format", "json", endpoint=endpoint).stdout)
    assert told["project"] == "another-one"
    assert {request.name for method, request in cloud.asked if method == "ListAlertPolicies"} == {
        "projects/another-one"
    }


def test_help_shows_an_example_without_loading_googles_clients() -> None:
    program = "import sys; from loyalty_monitoring.cli import cli; cli(['verify', '--help'], standalone_mode=False); "
    program += "print(sorted({'google', 'grpc', 'duckdb'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=PROJECT, check=False)
    assert "loyalty-monitoring verify --stack production" in done.stdout
    assert done.stdout.endswith("[]\n")
