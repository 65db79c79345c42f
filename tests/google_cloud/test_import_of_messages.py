"""Messages are imported without their packages' clients, and the packages stay whole for whoever imports them later."""

from __future__ import annotations

import subprocess
import sys

import pytest

_WITHOUT = """
import sys
from loyalty_monitoring.google_cloud.api_messages import MESSAGES

print(sorted(sys.modules.keys() & {"grpc", "google.auth", "requests"}))
"""
_LATER = {
    "package": """
import google.cloud.monitoring_v3
print(google.cloud.monitoring_v3.types.Snooze is MESSAGES["snooze"])
print(google.cloud.monitoring_v3.services.alert_policy_service.AlertPolicyServiceClient.__name__)
""",
    "below": """
from google.cloud.monitoring_v3.services.alert_policy_service import AlertPolicyServiceClient
import google.cloud.monitoring_v3 as package
print(package.Snooze is MESSAGES["snooze"])
print(AlertPolicyServiceClient.__name__)
""",
    "names": """
from google.cloud.monitoring_v3 import AlertPolicyServiceClient, Snooze
print(Snooze is MESSAGES["snooze"])
print(AlertPolicyServiceClient.__name__)
""",
}


@pytest.mark.parametrize("later", _LATER)
def test_messages_come_without_clients_and_clients_come_with_these_messages(later: str) -> None:
    program = [sys.executable, "-c", _WITHOUT + _LATER[later]]
    done = subprocess.run(program, capture_output=True, text=True, check=False)
    assert done.stderr == ""
    assert done.stdout.split() == ["[]", "True", "AlertPolicyServiceClient"]
