"""Parameters: each value stands once, is checked against its range, and can be said in several forms."""

from __future__ import annotations

import pytest

from loyalty_monitoring.common.errors import UserError, UserErrors
from loyalty_monitoring.definitions.parameters import Parameter, load_parameters
from tests.conftest import PROJECT, ROOT

PARAMETERS = PROJECT / "parameters.yaml"


@pytest.mark.parametrize(
    ("value", "unit", "number", "text"),
    [
        (26, "h", 93_600, "26 hours"),
        (1, "h", 3_600, "1 hour"),
        (70, "min", 4_200, "70 minutes"),
        (1.5, "h", 5_400, "1.5 hours"),
        (0.05, "ratio", 0.05, "5%"),
        (0.005, "ratio", 0.005, "0.5%"),
        (100, "count", 100, "100"),
        (1_000_000, "count", 1_000_000, "1000000"),
    ],
)
def test_a_value_is_said_as_a_number_and_in_words(value: float, unit: str, number: float, text: str) -> None:
    parameter = Parameter("p", value, unit, "because")
    assert (parameter.form("number"), parameter.form("text")) == (number, text)


def test_a_duration_is_written_for_promql_and_for_the_api() -> None:
    assert Parameter("p", 26, "h", "").form("range") == "26h"
    assert Parameter("p", 60, "min", "").form("range") == "1h"
    assert Parameter("p", 70, "min", "").form("range") == "70m"
    assert Parameter("p", 30, "min", "").form("api_duration") == "1800s"


def test_a_ratio_has_no_duration_form() -> None:
    with pytest.raises(KeyError):
        Parameter("p", 0.5, "ratio", "").form("range")


def test_a_sum_follows_the_override_of_its_parts() -> None:
    parameters = load_parameters(PARAMETERS, {"silent_window": 90})
    assert parameters["silent_after"].text == "120 minutes"


@pytest.mark.parametrize("value", [0, 25, "24", True, None, float("nan")])
def test_an_override_outside_its_range_is_refused(value: object) -> None:
    with pytest.raises(UserError, match=r"email_window.*expected a number from 1 to 24 h"):
        load_parameters(PARAMETERS, {"email_window": value})


@pytest.mark.parametrize("value", [1, 24])
def test_both_ends_of_a_range_are_allowed(value: int) -> None:
    assert load_parameters(PARAMETERS, {"email_window": value})["email_window"].value == value


def test_half_a_request_is_refused() -> None:
    with pytest.raises(UserError, match="whole numbers"):
        load_parameters(PARAMETERS, {"rate_limit_requests": 5.5})


def test_half_a_minute_is_refused() -> None:
    with pytest.raises(UserError, match="whole minutes"):
        load_parameters(PARAMETERS, {"silent_window": 60.5})


def test_a_mistyped_override_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(UserError, match="did you mean 'email_failure_ratio'"):
        load_parameters(PARAMETERS, {"email_failur_ratio": 0.02})


def test_a_sum_cannot_be_overridden() -> None:
    with pytest.raises(UserError, match="silent_after"):
        load_parameters(PARAMETERS, {"silent_after": 80})


def test_every_default_lies_in_its_own_range_and_has_a_reason() -> None:
    for parameter in load_parameters(ROOT / "parameters.yaml", {}).values():
        assert len(parameter.why) > 20, parameter.name


def test_all_wrong_overrides_are_said_together() -> None:
    with pytest.raises(UserErrors) as caught:
        load_parameters(PARAMETERS, {"email_failur_ratio": 0.02, "silent_after": 80, "rate_limit_requests": 5.5})
    wrong = ("'email_failur_ratio'", "'silent_after'", "'rate_limit_requests'")
    assert [name in error.message for name, error in zip(wrong, caught.value.errors, strict=True)] == [True] * 3
