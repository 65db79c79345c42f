"""The Logging query language against its documentation, and the laws of logic."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loyalty_monitoring.filter_language import FilterError, parse_filter, referenced_fields
from loyalty_monitoring.match import count_matches, matching_entries
from loyalty_monitoring.yaml_source import load_yaml

TABLE = load_yaml(Path(__file__).with_name("cases.yaml")).data
CASES = [(section, text, verdict) for section, cases in TABLE["cases"].items() for text, verdict in cases.items()]


@pytest.fixture(scope="module")
def entry_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("filter") / "entry.jsonl"
    file.write_text(json.dumps(TABLE["entry"]) + "\n")
    return file


def test_the_table_has_at_least_150_rows() -> None:
    assert len(CASES) >= 150


@pytest.mark.parametrize(("section", "text", "verdict"), CASES)
def test_a_filter_matches_as_documented(entry_file: Path, section: str, text: str, verdict: bool) -> None:
    assert count_matches(text, [entry_file]) == int(verdict), section


@pytest.mark.parametrize(("text", "words"), TABLE["errors"].items())
def test_what_is_not_in_the_language_is_an_error_with_its_place(text: str, words: str) -> None:
    with pytest.raises(FilterError, match=words):
        parse_filter(text)


def test_20001_characters_are_too_many() -> None:
    parse_filter("a" * 20_000)
    with pytest.raises(FilterError, match="20,000"):
        parse_filter("a" * 20_001)


def test_deep_nesting_is_refused_not_a_crash() -> None:
    with pytest.raises(FilterError, match="nested"):
        parse_filter("(" * 5_000 + "a" + ")" * 5_000)


def test_a_filter_names_the_fields_it_looks_at() -> None:
    parsed = parse_filter('resource.type="x" AND NOT jsonPayload."a.b":* OR word')
    assert referenced_fields(parsed) == {("resource", "type"), ("jsonPayload", "a.b"), ()}


def test_matching_entries_come_whole_and_in_the_order_of_the_file(tmp_path: Path) -> None:
    entries = [{**TABLE["entry"], "insertId": str(number)} for number in range(50)]
    file = tmp_path / "entries.jsonl"
    file.write_text("".join(json.dumps(entry) + "\n" for entry in entries))
    found = [json.loads(line) for line in matching_entries('insertId =~ "[02468]$"', [file])]
    assert found == entries[::2]


PARTS = st.sampled_from([text for _, text, _ in CASES if text.strip() and "--" not in text])


@settings(max_examples=40, deadline=None)
@given(PARTS, PARTS)
def test_the_laws_of_logic_hold(entry_file: Path, a: str, b: str) -> None:
    def matches(text: str) -> bool:
        return count_matches(text, [entry_file]) == 1

    assert matches(f"NOT (NOT ({a}))") == matches(a)
    assert matches(f"NOT (({a}) AND ({b}))") == matches(f"(NOT ({a})) OR (NOT ({b}))")
    assert matches(f"NOT (({a}) OR ({b}))") == matches(f"(NOT ({a})) AND (NOT ({b}))")
    assert matches(f"({a}) AND ({b})") == (matches(a) and matches(b))


TOKENS = [*"ab1 .:=<>!~()\"'-\\*\n,", "AND ", "OR ", "NOT ", "severity", "labels"]


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(TOKENS)).map("".join))
def test_any_text_is_parsed_or_refused_never_a_crash(text: str) -> None:
    with contextlib.suppress(FilterError):
        parse_filter(text)
