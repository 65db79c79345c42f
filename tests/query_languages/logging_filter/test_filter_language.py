"""The Logging query language against its documentation (cases.yaml), and against the laws of logic."""

from __future__ import annotations

import contextlib
import ipaddress
import json
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import yaml
from google.cloud.logging_v2.types import LogEntry
from hypothesis import given, settings
from hypothesis import strategies as st

from loyalty_monitoring.common.database import Connection, connect
from loyalty_monitoring.query_languages.logging_filter import FilterError, parse_filter, referenced_fields, to_sql
from loyalty_monitoring.query_languages.logging_filter.log_entry import FIELDS
from loyalty_monitoring.replay.entries.fields import ENTRY
from loyalty_monitoring.replay.entries.load import load_entries
from loyalty_monitoring.replay.entries.tables import entry_columns

TABLE = yaml.safe_load(Path(__file__).with_name("cases.yaml").read_text(encoding="utf-8"))
ENTRIES: dict[str, dict[str, Any]] = TABLE["entries"]
CASES = [
    (source, entry, text, verdict)
    for source, by_entry in TABLE["cases"].items()
    for entry, by_filter in by_entry.items()
    for text, verdict in by_filter.items()
]
FILTERS = sorted({text for _, _, text, _ in CASES})

# The same payload fields with values that no filter expects.
ODD_VALUES = [
    None,
    True,
    -1e300,
    10**30,
    "",
    "\0",
    'a"\\',
    "::1:::",
    "999.1.1.1/99",
    "9999999999999999999s",
    [],
    {},
    [[1, [None]]],
]
ODD = [
    {**ENTRIES["bare"], "insertId": f"odd-{index}", "jsonPayload": dict.fromkeys(ENTRIES["card"]["jsonPayload"], value)}
    for index, value in enumerate(ODD_VALUES)
]

# Messages whose fields hold what their type does not allow, at every place that a filter of the table looks at.
_MESSAGES = [ENTRIES[name]["protoPayload"] for name in ("job", "old_job", "app_request", "failed_call", "audit")]


def _damaged(value: Any, damage: Any) -> Iterator[Any]:
    """The value with one part of it replaced, for each part."""
    yield damage
    if isinstance(value, dict):
        for key, part in value.items():
            yield from ({**value, key: changed} for changed in _damaged(part, damage))
    elif isinstance(value, list):
        for index, part in enumerate(value):
            yield from ([*value[:index], changed, *value[index + 1 :]] for changed in _damaged(part, damage))


ODD += [
    {**ENTRIES["bare"], "insertId": "odd", "protoPayload": changed}
    for message in _MESSAGES
    for damage in (None, True, "", "9" * 25, -1.5, [], {}, [{"@type": 5, "value": [None]}], {"value": {"@type": []}})
    for changed in _damaged(message, damage)
    if isinstance(changed, dict)
]


def verdicts(con: Connection, file: Path, texts: list[str], *, whole: bool) -> list[dict[str, bool]]:
    """For each entry of the file, which of the filters match; `whole` keeps whole entries."""
    parsed = {text: parse_filter(text) for text in texts}
    fields = {path for one in parsed.values() for path in referenced_fields(one)}
    load_entries(con, [file], fields | {ENTRY} if whole else fields, strict=True)
    tests = [to_sql(one, entry_columns(con)) for one in parsed.values()]
    rows = con.execute(f"SELECT {', '.join(tests)} FROM entries").fetchall()
    return [dict(zip(texts, row, strict=True)) for row in rows]


def write(file: Path, entries: list[Any]) -> Path:
    file.write_text("".join(json.dumps(entry) + "\n" for entry in entries))
    return file


@pytest.fixture(scope="module")
def con() -> Iterator[Connection]:
    with connect() as connection:
        yield connection


@pytest.fixture(scope="module")
def entry_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("filter") / "entries.jsonl", list(ENTRIES.values()))


@pytest.fixture(scope="module")
def every_verdict(con: Connection, tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, bool]]:
    """All filters over all entries, in one query."""
    file = write(tmp_path_factory.mktemp("filter") / "all.jsonl", [*ENTRIES.values(), *ODD])
    return verdicts(con, file, FILTERS, whole=True)


@pytest.fixture(scope="module")
def found(every_verdict: list[dict[str, bool]]) -> dict[str, dict[str, bool]]:
    return dict(zip(ENTRIES, every_verdict, strict=False))


def test_the_table_is_large_and_every_row_has_a_source() -> None:
    assert len(CASES) >= 150
    assert {source for source, *_ in CASES} == set(TABLE["sources"])


@pytest.mark.parametrize(("source", "entry", "text", "verdict"), CASES)
def test_a_filter_matches_as_documented(
    found: dict[str, dict[str, bool]], source: str, entry: str, text: str, verdict: bool
) -> None:
    assert found[entry][text] is verdict, TABLE["sources"][source]


def test_every_verdict_is_true_or_false_whatever_the_values_are(every_verdict: list[dict[str, bool]]) -> None:
    assert len(every_verdict) == len(ENTRIES) + len(ODD)
    assert {value for row in every_verdict for value in row.values()} == {True, False}


def test_single_fields_and_whole_entries_give_the_same_verdicts(
    con: Connection, entry_file: Path, found: dict[str, dict[str, bool]]
) -> None:
    texts = [text for text in FILTERS if ENTRY not in referenced_fields(parse_filter(text))]
    by_fields = verdicts(con, entry_file, texts, whole=False)
    assert by_fields == [{text: found[name][text] for text in texts} for name in ENTRIES]


@pytest.mark.parametrize(("text", "message"), TABLE["errors"].items())
def test_what_is_not_supported_is_an_error_with_its_place(text: str, message: str) -> None:
    with pytest.raises(FilterError, match=f"^filter:{re.escape(message)}"):
        parse_filter(text)


def test_every_error_ends_with_a_remedy() -> None:
    for text in TABLE["errors"]:
        with pytest.raises(FilterError, match=r"(; .+|did you mean .+|expected one of: .+)$"):
            parse_filter(text)


def test_20001_characters_are_too_many() -> None:
    parse_filter("a" * 20_000)
    with pytest.raises(FilterError, match="20,001 characters, more than 20,000"):
        parse_filter("a" * 20_001)


def test_50_parentheses_may_nest_and_51_may_not(con: Connection, entry_file: Path) -> None:
    deep = "(a OR NOT " * 49 + "(b)" + ")" * 49
    assert len(verdicts(con, entry_file, [deep], whole=True)) == len(ENTRIES)
    with pytest.raises(FilterError, match="nested deeper than 50"):
        parse_filter("(" * 51 + "a" + ")" * 51)
    parse_filter('"' + "(" * 51 + '" -- ' + "(" * 51)


@pytest.mark.parametrize(
    "text",
    ["NOT " * 4_000 + "gold", " ".join(["gold"] * 300), " OR ".join(f"jsonPayload.count={n}" for n in range(200))],
    ids=["NOT", "words", "OR"],
)
def test_a_filter_of_any_width_runs(con: Connection, entry_file: Path, text: str) -> None:
    assert verdicts(con, entry_file, [text[:20_000]], whole=True)[0][text[:20_000]]


def test_a_filter_names_the_fields_it_looks_at() -> None:
    parsed = parse_filter('resource.type="x" AND NOT jsonPayload."a.b"=1 OR word')
    assert referenced_fields(parsed) == {("resource", "type"), ("jsonPayload", "a.b"), ()}


def test_null_is_told_from_absent_by_reading_the_object_around() -> None:
    assert referenced_fields(parse_filter("jsonPayload.x = NULL_VALUE")) == {("jsonPayload",)}


@pytest.mark.parametrize(
    ("text", "sql"),
    [
        ('jsonPayload.event =~ "^card_enrolled$"', "= '\"card_enrolled\"'"),
        ('jsonPayload.event =~ "^(a|b)$"', "IN ('\"a\"', '\"b\"')"),
        ('labels.x = ("a" OR "b")', "lower((c)::VARCHAR) IN ('\"a\"', '\"b\"')"),
        ('labels.x = "429"', "(c)::VARCHAR = '\"429\"'"),
        ('labels.python_logger =~ "^celery[.]app"', "starts_with((c)::VARCHAR, '\"celery.app')"),
    ],
)
def test_what_is_plain_becomes_a_plain_comparison(text: str, sql: str) -> None:
    written = to_sql(parse_filter(text), lambda _: "c")
    assert sql in written
    assert "regexp" not in written


def test_quotes_and_semicolons_stay_inside_sql_texts(con: Connection, tmp_path: Path) -> None:
    nasty = "'); DROP TABLE entries; --"
    file = write(tmp_path / "nasty.jsonl", [{**ENTRIES["card"], "insertId": nasty}])
    texts = [f'insertId = "{nasty}"', f'insertId : "{nasty}"', f'"{nasty}"', f'jsonPayload."{nasty}" = "{nasty}"']
    texts += [f'SEARCH(insertId, "`{nasty}`")', f'insertId =~ "{re.escape(nasty)}"', f'log_id("{nasty}")']
    assert list(verdicts(con, file, texts, whole=True)[0].values()) == [True, True, True, False, True, True, False]


def test_the_field_table_holds_every_field_of_the_api_with_its_type() -> None:
    def check(descriptor: Any, fields: Any) -> None:
        for field in descriptor.fields:
            if field.message_type and field.message_type.full_name.startswith("google.logging"):
                if not field.message_type.GetOptions().map_entry:
                    check(field.message_type, fields[field.json_name])
            elif not field.message_type:
                kinds = {9: "TEXT", 8: "BOOLEAN", 5: "INT32", 3: "INT64", 14: "SEVERITY"}
                assert fields[field.json_name].name == kinds[field.type], field.json_name
            else:
                assert field.json_name in fields

    check(LogEntry.pb().DESCRIPTOR, FIELDS)


PARTS = st.sampled_from([text for text in FILTERS if text.strip() and not text.strip().startswith("--")])


@settings(max_examples=12, deadline=None)
@given(PARTS, PARTS)
def test_the_laws_of_logic_hold(con: Connection, entry_file: Path, a: str, b: str) -> None:
    a, b = f"({a}\n)", f"({b}\n)"
    laws = [
        (f"NOT (NOT {a})", a),
        (f"NOT NOT {a}", a),
        (f"-{a}", f"NOT {a}"),
        (f"NOT ({a} AND {b})", f"NOT {a} OR NOT {b}"),
        (f"NOT ({a} OR {b})", f"NOT {a} AND NOT {b}"),
        (f"{a} {b}", f"{b} AND {a}"),
        (f"{a} OR {b} AND {a}", f"({a} OR {b}) AND {a}"),
    ]
    texts = list(dict.fromkeys([a, b, *(side for law in laws for side in law)]))
    for row in verdicts(con, entry_file, texts, whole=True):
        assert None not in row.values()
        assert all(row[left] is row[right] for left, right in laws)
        assert row[f"{a} {b}"] is (row[a] and row[b])


SCALARS = st.one_of(st.none(), st.booleans(), st.integers(-5, 5), st.sampled_from(["", "12", "x", 'a"\\', "Hidden"]))
PAYLOADS = st.dictionaries(
    st.sampled_from(["event", "count", "items", "inner", "words"]),
    st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("ab"), inner)),
)


@settings(max_examples=15, deadline=None)
@given(st.lists(PAYLOADS, min_size=1, max_size=3), st.lists(st.sampled_from(FILTERS), max_size=30, unique=True))
def test_another_entry_never_changes_a_verdict(
    con: Connection,
    tmp_path_factory: pytest.TempPathFactory,
    found: dict[str, dict[str, bool]],
    payloads: list[Any],
    texts: list[str],
) -> None:
    texts = list(dict.fromkeys(["jsonPayload.count = 12", *texts]))
    added = [{**ENTRIES["bare"], "jsonPayload": payload} for payload in payloads]
    file = write(tmp_path_factory.getbasetemp() / "more.jsonl", [*added, *ENTRIES.values()])
    rows = verdicts(con, file, texts, whole=True)
    assert rows[len(added) :] == [{text: by_filter[text] for text in texts} for by_filter in found.values()]
    assert all(value is not None for row in rows for value in row.values())


ADDRESSES = st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6))


@settings(max_examples=20, deadline=None)
@given(st.lists(ADDRESSES, min_size=1, max_size=20), st.integers(0, 128), st.data())
def test_ip_in_net_agrees_with_pythons_own_reckoning(
    con: Connection, addresses: list[Any], bits: int, data: st.DataObject
) -> None:
    near = data.draw(st.sampled_from(addresses))
    network = ipaddress.ip_network((near, min(bits, near.max_prefixlen)), strict=False)
    condition = to_sql(parse_filter(f'ip_in_net(jsonPayload.ip, "{network}")'), lambda _: "a::JSON")
    values = ", ".join(f"('\"{address}\"')" for address in addresses)
    rows = con.execute(f"SELECT {condition} FROM (VALUES {values}) t(a)").fetchall()
    assert [row[0] for row in rows] == [address in network for address in addresses]


def test_sample_takes_about_its_fraction_always_the_same_and_more_of_a_larger_one(con: Connection) -> None:
    def taken(fraction: float) -> set[str]:
        condition = to_sql(parse_filter(f"sample(insertId, {fraction})"), lambda _: "id")
        rows = con.execute(
            f"SELECT id FROM (SELECT to_json(i::VARCHAR) AS id FROM range(10000) r(i)) WHERE {condition}"
        )
        return {row[0] for row in rows.fetchall()}

    quarter = taken(0.25)
    assert 2_300 < len(quarter) < 2_700
    assert quarter == taken(0.25)
    assert quarter < taken(0.5)


TOKENS = [
    *"ab1 .:=<>!~()\"'-\\*\n,`%",
    "AND ",
    "OR ",
    "NOT ",
    "severity",
    "labels",
    "jsonPayload.a",
    "SEARCH(",
    "cast(",
]


@settings(max_examples=300, deadline=None)
@given(st.one_of(st.lists(st.sampled_from(TOKENS)).map("".join), st.text()))
def test_any_text_is_parsed_or_refused_never_a_crash(text: str) -> None:
    with contextlib.suppress(FilterError):
        to_sql(parse_filter(text), lambda _: "c")


def test_filters_are_parsed_by_many_threads_at_once() -> None:
    texts = [f'jsonPayload.a =~ "^{number}$"' for number in range(200)]
    with ThreadPoolExecutor(max_workers=8) as pool:
        assert [parsed.text for parsed in pool.map(parse_filter, texts)] == texts
