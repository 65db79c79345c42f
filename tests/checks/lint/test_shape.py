"""The walk over a body says what protobuf's own JSON parser says: taken, or refused."""

from __future__ import annotations

import random
from typing import Any

import pytest
from google.protobuf import json_format
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from hypothesis import given, settings
from hypothesis import strategies as st

from loyalty_monitoring.checks.lint.reference import references
from loyalty_monitoring.checks.lint.shape import (
    EXCLUSIVE_FIELDS,
    UNKNOWN_FIELD,
    UNKNOWN_VALUE,
    WRONG_TYPE,
    normalised,
    shape_problems,
)
from loyalty_monitoring.google_cloud.api_messages import MESSAGES, Kind

OF_THE_PARSER = {UNKNOWN_FIELD, UNKNOWN_VALUE, WRONG_TYPE, EXCLUSIVE_FIELDS}
ODD: list[Any] = [
    *[None, True, False, 0, 1, -1, 2.5, 1e9, 2**31, 2**63, "", "5", "5.0", "5.5", "1e3", "0x1", "abc", "60", "60s"],
    *["1.5s", "-3s", "5m", "NaN", "Infinity", "true", "2026-11-02T03:00:00Z", "2026-13-02T03:00:00Z", "tomorrow"],
    *[[], {}, [1], ["a"], [None], [[]], [{}], {"a": "b"}, {"a": 1}, {"a": None}],
]


def taken_by_the_parser(kind: Kind, body: Any) -> bool:
    try:
        json_format.ParseDict(body, MESSAGES[kind].pb()())
    except json_format.ParseError:
        return False
    return True


def taken_by_the_walk(kind: Kind, body: Any) -> bool:
    return not any(one.rule in OF_THE_PARSER for one in shape_problems(kind, normalised(kind, body)))


def a_body(message: Descriptor, chance: random.Random, depth: int = 0) -> dict[str, Any]:
    """A body of some of a message's fields, right or wrong."""
    body: dict[str, Any] = {}
    for field in chance.sample(list(message.fields), min(len(message.fields), chance.randint(0, 4))):
        name = chance.choice(
            [field.json_name, field.json_name, field.json_name, field.name.rstrip("_"), f"{field.json_name}x"]
        )
        body[name] = a_value(field, chance, depth)
    return body


def a_value(field: FieldDescriptor, chance: random.Random, depth: int) -> Any:
    if chance.random() < 0.1:
        return chance.choice(ODD)
    message = field.message_type
    if message is not None and message.GetOptions().map_entry:
        return {chance.choice("abc"): chance.choice(["", "a"]) for _ in range(chance.randint(0, 2))}
    if field.is_repeated:
        return [a_single(field, chance, depth) for _ in range(chance.randint(0, 2))]
    return a_single(field, chance, depth)


def a_single(field: FieldDescriptor, chance: random.Random, depth: int) -> Any:
    if field.enum_type is not None:
        return chance.choice([*[value.name for value in field.enum_type.values], 1, "2", "NO_SUCH_VALUE"])
    message = field.message_type
    if message is not None:
        known = {"Duration": "60s", "Timestamp": "2026-11-02T03:00:00Z", "BoolValue": True, "Empty": {}, "Any": {}}
        return known[message.name] if message.name in known else a_body(message, chance, depth + 1)
    right: Any = {FieldDescriptor.CPPTYPE_STRING: "a", FieldDescriptor.CPPTYPE_BOOL: True}.get(field.cpp_type, 5)
    return chance.choice([right, right, right, chance.choice(ODD)])


def is_laxer_in_python(body: Any) -> bool:
    """Whether Python's parser takes what the API's (in C++) does not.

    That is a truth value for a double, an empty list or text for a message, a fraction for an enum; and fields that
    only the REST API has.
    """
    if isinstance(body, dict):
        newer = {name for one in references().values() for name in one.newer}
        return bool(newer & body.keys()) or any(map(is_laxer_in_python, body.values()))
    if isinstance(body, list):
        return not body or any(map(is_laxer_in_python, body))
    return isinstance(body, bool) or body == "" or (isinstance(body, float) and not body.is_integer())


@pytest.mark.parametrize("kind", MESSAGES)
@settings(max_examples=150, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_the_walk_and_the_parser_agree_on_any_body(kind: Kind, seed: int) -> None:
    body = a_body(MESSAGES[kind].pb().DESCRIPTOR, random.Random(seed))
    # Null is unset wherever it stands: in a map, too, where the parser refuses it.
    parser, walk = taken_by_the_parser(kind, normalised(kind, body)), taken_by_the_walk(kind, body)
    if parser != walk and is_laxer_in_python(body):
        assert parser
    else:
        assert parser == walk, body


def test_a_fraction_is_no_value_of_an_enum() -> None:
    assert taken_by_the_walk("log_metric", {"name": "m", "filter": "a", "version": 1})
    assert not taken_by_the_walk("log_metric", {"name": "m", "filter": "a", "version": 1.5})


def test_nothing_in_a_list_is_no_message() -> None:
    assert taken_by_the_walk("alert_policy", {"validity": {"details": [{}]}})
    assert not taken_by_the_walk("alert_policy", {"validity": {"details": [None]}})


def test_the_generated_bodies_are_both_right_and_wrong() -> None:
    bodies = [
        (kind, a_body(MESSAGES[kind].pb().DESCRIPTOR, random.Random(seed))) for kind in MESSAGES for seed in range(60)
    ]
    taken = [taken_by_the_parser(kind, body) for kind, body in bodies]
    assert 0.2 < sum(taken) / len(taken) < 0.9


def test_what_the_reference_table_names_is_there_in_the_messages() -> None:
    messages: dict[str, Descriptor] = {}
    waiting = [one.pb().DESCRIPTOR for one in MESSAGES.values()]
    while waiting:
        message = waiting.pop()
        if message.full_name not in messages:
            messages[message.full_name] = message
            waiting += [field.message_type for field in message.fields if field.message_type is not None]
    for name, reference in references().items():
        fields = {field.json_name for field in messages[name].fields}
        assert {*reference.required, *(reference.fields or {})} <= fields, name
        assert not reference.newer & fields, f"{name}: the classes know these fields now"
        assert set(reference.one_of) <= set(messages[name].oneofs_by_name), name
        assert reference.source.startswith("https://"), name
