"""loyalty_telemetry/events.py is what log_events.yaml says, and a wrong contract makes no functions."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

from loyalty_monitoring.common.errors import UserError
from loyalty_monitoring.definitions.log_contract import load_contract
from tests.conftest import EXAMPLE, ROOT, replace_text

sys.path.insert(0, str(ROOT / "tools"))

from telemetry_events import FILE, module_text


@pytest.fixture
def contract(tmp_path: Path) -> Path:
    shutil.copy(ROOT / "log_events.yaml", tmp_path)
    return tmp_path / "log_events.yaml"


def test_the_functions_are_what_the_contract_says() -> None:
    assert (ROOT / FILE).read_text() == module_text(load_contract(ROOT / "log_events.yaml")), "run: make generated"


def test_a_new_event_has_its_function(contract: Path) -> None:
    contract.write_text(contract.read_text().replace("  card_deactivated:\n", "  card_lost:\n"))
    text = module_text(load_contract(contract))
    assert '@event("card_service", "Card lost")\ndef card_lost(*, merchant_id: str, card_id: str, **more' in text


def test_the_contract_of_another_module_has_functions_too() -> None:
    compile(module_text(load_contract(EXAMPLE / "log_events.yaml")), "events.py", "exec")


def test_a_severity_that_no_function_can_log_is_refused(contract: Path) -> None:
    replace_text(contract, "WARNING: jsonPayload.cards_failed > 0", "ERROR: jsonPayload.cards_failed > 0")
    with pytest.raises(UserError, match="wallet_sync_completed: severity_when names ERROR"):
        module_text(load_contract(contract))


def test_a_ratio_of_a_field_that_is_not_there_is_an_error_of_the_contract(contract: Path) -> None:
    replace_text(contract, "[cards_failed, cards_total]", "[cards_failed, cards_all]")
    with pytest.raises(UserError, match="the ratio failure_rate of wallet_sync_completed needs the field cards_all"):
        load_contract(contract)
