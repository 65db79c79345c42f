"""Mutants of filters know the whole language, not only what our own filters have of it."""

from __future__ import annotations

import contextlib

import pytest

from loyalty_monitoring.proof.mutants.filters import filter_mutants, filter_text
from loyalty_monitoring.query_languages.logging_filter import FilterError, parse_filter
from tests.query_languages.logging_filter.test_filter_language import FILTERS


@pytest.mark.parametrize("text", [text for text in FILTERS if parse_filter(text).expression is not None])
def test_the_text_of_every_parsed_filter_parses_to_the_same(text: str) -> None:
    expression = parse_filter(text).expression
    assert expression is not None
    assert parse_filter(filter_text(expression)).expression == expression


def test_every_mutant_differs_from_its_filter_and_only_a_value_that_a_field_cannot_have_is_refused() -> None:
    for text in FILTERS:
        expression = parse_filter(text).expression
        for change, mutant in filter_mutants(text):
            with contextlib.suppress(FilterError):
                assert parse_filter(mutant).expression != expression, (text, change)


@pytest.mark.parametrize(
    ("text", "mutants"),
    [
        ("jsonPayload.a = b.c", ["NOT jsonPayload.a = b.c", "jsonPayload.a = b.cx"]),
        ("jsonPayload.a:*", ["NOT jsonPayload.a:*"]),
        ("cast(jsonPayload.a, INT64) > 5", ["cast(jsonPayload.a, INT64) >= 5", "cast(jsonPayload.a, INT64) > 6"]),
        (
            "protoPayload.numResponseItems > 5",
            ["protoPayload.numResponseItems < 5", "protoPayload.numResponseItems > 4"],
        ),
        ('ip_in_net(jsonPayload.a, "10.0.0.0/8")', ['NOT ip_in_net(jsonPayload.a, "10.0.0.0/8")']),
    ],
)
def test_what_is_changed(text: str, mutants: list[str]) -> None:
    assert set(mutants) <= {mutant for _, mutant in filter_mutants(text)}
