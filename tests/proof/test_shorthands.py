"""A shorthand stands for an event's fields; a value that does not fit is an error that says what would."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from loyalty_monitoring.common.errors import Position, UserError
from loyalty_monitoring.definitions.log_contract import load_contract
from loyalty_monitoring.proof.alerts.cases import load_case_files
from loyalty_monitoring.proof.shorthands import fields_of, load_shorthands
from tests.conftest import PROJECT, ROOT

CONTRACT = load_contract(ROOT / "log_events.yaml")
OURS = load_shorthands(ROOT / "tests" / "cases" / "shorthands.yaml", CONTRACT)
HERE = Position("case.yaml", 7)


@pytest.mark.parametrize(
    ("name", "value", "fields"),
    [
        ("run", "51 of 100", {"platform": "google", "cards_total": 100, "cards_failed": 51, "failure_rate": 0.51}),
        ("run", "0 of 0", {"platform": "google", "cards_total": 0, "cards_failed": 0, "failure_rate": 0}),
        ("mail", "bounced", {"template_code": "loyalty_welcome", "status": "bounced"}),
        ("rejected", "17", {"store_id": "17", "status": 429}),
        ("report", {"age": "27h"}, {"task": "loyalty.expire_points", "last_success_timestamp": {"age": "27h"}}),
    ],
)
def test_a_value_fills_the_fields_with_the_contracts_types(name: str, value: object, fields: dict[str, object]) -> None:
    assert fields_of(OURS[name], value, HERE) == fields


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("run", "51 out of 100", "run is '51 out of 100'; expected a wallet sync run"),
        ("run", 51, "run is 51; expected a wallet sync run"),
        ("mail", "lost", "mail is 'lost'; expected the new status of an e-mail: sent, failed"),
    ],
)
def test_a_value_that_does_not_fit_is_an_error_at_its_line(name: str, value: object, message: str) -> None:
    with pytest.raises(UserError) as caught:
        fields_of(OURS[name], value, HERE)
    assert caught.value.message.startswith(message)
    assert caught.value.position == HERE


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "mail: {event: email_changed, description: a status, fields: {}}",
            "did you mean 'email_status_changed'",
        ),
        ("run: {event: card_enrolled, description: a run, pattern: '([0-9]+', fields: {}}", "is no regular expression"),
        ("run: {event: card_enrolled, description: a run, fields: {cards: <1>}}", "<1> is no group of the pattern"),
        ("run: {event: card_enrolled, fields: {}}", "lacks the key 'description'"),
    ],
)
def test_a_mistake_in_the_file_is_one_error(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "shorthands.yaml"
    file.write_text(text + "\n")
    with pytest.raises(UserError) as caught:
        load_shorthands(file, CONTRACT)
    assert message in caught.value.message


def test_an_unknown_key_of_a_line_names_the_nearest(tmp_path: Path) -> None:
    for name in ("shorthands.yaml", "rate_limit_spike.yaml"):
        shutil.copy(PROJECT / "tests" / "cases" / name, tmp_path)
    file = tmp_path / "rate_limit_spike.yaml"
    file.write_text(file.read_text().replace("{rejected:", "{rejectd:", 1))
    with pytest.raises(UserError, match="unknown key 'rejectd'; did you mean 'rejected'"):
        load_case_files(tmp_path, CONTRACT)


def test_without_the_file_lines_say_their_event(tmp_path: Path) -> None:
    shutil.copy(PROJECT / "tests" / "cases" / "rate_limit_spike.yaml", tmp_path)
    with pytest.raises(UserError, match="unknown key 'rejected'"):
        load_case_files(tmp_path, CONTRACT)
