"""One proof of every case, made once and shared by all tests."""

from __future__ import annotations

import pytest

from loyalty_monitoring.definitions.load import read_sources
from loyalty_monitoring.definitions.settings import load_stack_settings
from loyalty_monitoring.proof.alerts.prove import Proof, prove
from tests.conftest import ROOT


@pytest.fixture(scope="session")
def proof() -> Proof:
    return prove(read_sources(ROOT), load_stack_settings(ROOT, "demo"))
