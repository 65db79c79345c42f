"""Files of log entries become the table `entries`: nothing is lost, and what is refused is named."""

from __future__ import annotations

import gzip
import io
import json
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from loyalty_monitoring.common.database import Connection, connect
from loyalty_monitoring.common.errors import UserError
from loyalty_monitoring.replay.entries.counts import EntryCounts
from loyalty_monitoring.replay.entries.layout import layout_of
from loyalty_monitoring.replay.entries.load import load_entries
from loyalty_monitoring.replay.entries.log_files import MAX_LINE_BYTES, open_source
from loyalty_monitoring.replay.entries.memory_files import in_memory
from loyalty_monitoring.replay.entries.runs import Placed, Run
from loyalty_monitoring.replay.entries.single_lines import load_carefully
from loyalty_monitoring.replay.entries.tables import entry_columns
from loyalty_monitoring.replay.entries.typed_columns import load_quickly

EVENT = ("jsonPayload", "event")
CARD = ("jsonPayload", "card_id")
FIELDS = (EVENT, CARD, ("labels", "python_logger"))


@pytest.fixture(scope="module")
def con() -> Iterator[Connection]:
    with connect() as connection:
        yield connection


def entry(**changes: Any) -> dict[str, Any]:
    """A log entry; a change to None removes the key."""
    whole = {
        "timestamp": "2026-11-02T03:00:07.120Z",
        "severity": "INFO",
        "resource": {"type": "k8s_container", "labels": {"project_id": "demo", "pod_name": "worker-0"}},
        "labels": {"python_logger": "app.modules.loyalty.card_service"},
        "jsonPayload": {"event": "card_enrolled", "card_id": "c-1"},
    } | changes
    return {key: value for key, value in whole.items() if value is not None}


def line(**changes: Any) -> bytes:
    return json.dumps(entry(**changes)).encode() + b"\n"


def load(con: Connection, folder: Path, content: bytes, name: str = "day.jsonl", **options: Any) -> EntryCounts:
    file = folder / name
    file.write_bytes(content)
    return load_entries(con, [file], FIELDS, **options)


def table(con: Connection) -> list[tuple[Any, ...]]:
    return sorted(con.execute("SELECT * FROM entries").fetchall(), key=repr)


def values(con: Connection, *path: str) -> list[Any]:
    rows = con.execute(f"SELECT {entry_columns(con)(path)} FROM entries ORDER BY ALL").fetchall()
    return [row[0] for row in rows]


def test_an_entry_keeps_its_time_its_fields_and_their_json_types(con: Connection, tmp_path: Path) -> None:
    counts = load(con, tmp_path, line(jsonPayload={"event": "12", "card_id": 12}))
    instant = datetime(2026, 11, 2, 3, 0, 7, 120_000, tzinfo=UTC)
    assert counts == EntryCounts(1, 0, (), instant, instant)
    assert (values(con, *EVENT), values(con, *CARD)) == (['"12"'], ["12"])


def test_a_missing_field_is_null_in_the_table(con: Connection, tmp_path: Path) -> None:
    load(con, tmp_path, line(jsonPayload={"event": "x"}, labels=None))
    assert (values(con, *CARD), values(con, "labels", "python_logger")) == ([None], [None])


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"{", "is not JSON"),
        (b"{'a': 1}", "is not JSON"),
        (line().rstrip() + b" x", "is not JSON"),
        (line().rstrip() + line(), "is not JSON"),
        (b'{"timestamp": "\xff"}', "holds bytes that are not UTF-8 text"),
        (line().replace(b"c-1", b"c\x00"), "holds bytes that are not UTF-8 text"),
        (line().replace(b"c-1", b"c\x01"), "holds bytes that are not UTF-8 text"),
        (line().replace(b"c-1", b"c\r1"), "is not JSON"),
        (b"3", "is JSON, but not an object"),
        (b"null", "is JSON, but not an object"),
        (b'"{}"', "is JSON, but not an object"),
        (b"{}", "has no timestamp"),
        (line(timestamp=None), "has no timestamp"),
        (line(timestamp=1793588407), "has a timestamp that is not RFC 3339"),
        (line(timestamp="2026-11-02"), "has a timestamp that is not RFC 3339"),
        (line(timestamp="2026-11-02 03:00:07Z"), "has a timestamp that is not RFC 3339"),
        (line(timestamp="2026-11-02T03:00:07"), "has a timestamp that is not RFC 3339"),
        (line(timestamp="2026-11-02t03:00:07z"), "has a timestamp that is not RFC 3339"),
        (line(timestamp="2026-11-02T03:00:60Z"), "has a timestamp that is not RFC 3339"),
        (line(timestamp="2026-11-02T24:00:00Z"), "has a timestamp that is not RFC 3339"),
        (line(timestamp="2026-02-29T03:00:07Z"), "has a timestamp that is not RFC 3339"),
        (line(timestamp="2026-11-02T03:00:07.1234567890Z"), "has a timestamp that is not RFC 3339"),
        (line(timestamp="0000-12-31T23:59:59Z"), "has a timestamp that is not RFC 3339"),
        (line(timestamp="0001-01-01T00:00:00+00:01"), "has a timestamp that is not RFC 3339"),
        (line(timestamp="9999-12-31T23:59:59-00:01"), "has a timestamp that is not RFC 3339"),
        (line(timestamp="10000-01-01T00:00:00Z"), "has a timestamp that is not RFC 3339"),
        (line(resource=None), "has no resource.type"),
        (line(resource="k8s_container"), "has no resource.type"),
        (line(resource={"labels": {}}), "has no resource.type"),
        (line(resource={"type": 1}), "has a resource.type that is not a name"),
        (line(resource={"type": ""}), "has a resource.type that is not a name"),
        (line(resource={"type": "global", "labels": []}), "has resource.labels that are not an object"),
        (line(severity="info"), "has a severity that Cloud Logging does not know"),
        (line(severity="FATAL"), "has a severity that Cloud Logging does not know"),
        (line(severity=200), "has a severity that Cloud Logging does not know"),
        (line(labels=["x"]), "has labels that are not an object"),
        (line(textPayload="x"), "has more than one payload"),
        (line(jsonPayload="x"), "has a jsonPayload that is not an object"),
        (line(jsonPayload=None, textPayload={}), "has a textPayload that is not a string"),
        (line(jsonPayload=None, protoPayload="x"), "has a protoPayload that is not an object"),
    ],
)
def test_what_is_no_entry_is_rejected_and_named_with_file_line_and_reason(
    con: Connection, tmp_path: Path, content: bytes, reason: str
) -> None:
    counts = load(con, tmp_path, line() + b"\n" + content.rstrip(b"\n") + b"\n" + line())
    assert (counts.read, counts.rejected) == (3, 1)
    assert [(named.line, named.reason) for named in counts.first_rejected] == [(3, reason)]
    assert counts.first_rejected[0].file.endswith("day.jsonl")
    assert len(table(con)) == 2


@pytest.mark.parametrize(
    "changes",
    [
        {"timestamp": "2026-11-02T03:00:07.123456789Z"},
        {"timestamp": "2024-02-29T23:59:59Z"},
        {"timestamp": "2026-11-02T05:00:07.5+02:00"},
        {"timestamp": "0001-01-01T00:00:00Z"},
        {"timestamp": "9999-12-31T23:59:59.999999999Z"},
        {"severity": None},
        {"severity": "EMERGENCY"},
        {"resource": {"type": "global"}},
        {"labels": None},
        {"jsonPayload": None},
        {"jsonPayload": None, "textPayload": ""},
        {"jsonPayload": None, "protoPayload": {}},
        {"httpRequest": {"status": 429}, "unknown": [1]},
    ],
)
def test_whatever_the_reference_allows_is_an_entry(con: Connection, tmp_path: Path, changes: dict[str, Any]) -> None:
    counts = load(con, tmp_path, line(**changes))
    assert (counts.read, counts.rejected, len(table(con))) == (1, 0, 1)


def test_an_offset_is_applied_and_nanoseconds_never_round_into_the_next_minute(con: Connection, tmp_path: Path) -> None:
    counts = load(
        con,
        tmp_path,
        line(timestamp="2026-11-02T03:59:59.999999999Z") + line(timestamp="2026-11-02T00:30:00-02:30"),
    )
    assert counts.first_timestamp == datetime(2026, 11, 2, 3, 0, tzinfo=UTC)
    assert counts.last_timestamp == datetime(2026, 11, 2, 3, 59, 59, 999_999, tzinfo=UTC)


@pytest.mark.parametrize(
    ("content", "read"),
    [
        (b"", 0),
        (b"\n \n\t\r\n", 0),
        (line().rstrip(), 1),
        (b"\n" + line() + b"\n\n" + line() + b"\n", 2),
        (line().replace(b"\n", b"\r\n") * 2, 2),
        (b"\xef\xbb\xbf" + line(), 1),
        (b"  " + line(), 1),
        (b"[]", 0),
        (b"[\n]\n", 0),
        (b"\xef\xbb\xbf [" + line() + b"," + line() + b"]", 2),
        (json.dumps([entry(), entry()], indent=2).encode(), 2),
        (gzip.compress(line() * 3, mtime=0), 3),
        (gzip.compress(line(), mtime=0) + gzip.compress(line(), mtime=0), 2),
        (gzip.compress(json.dumps([entry()]).encode(), mtime=0), 1),
        (gzip.compress(b"", mtime=0), 0),
    ],
)
def test_every_shape_of_file_is_read_whole(con: Connection, tmp_path: Path, content: bytes, read: int) -> None:
    counts = load(con, tmp_path, content)
    assert (counts.read, counts.rejected, len(table(con))) == (read, 0, read)


def test_only_the_first_ten_rejected_lines_are_named_and_all_are_counted(con: Connection, tmp_path: Path) -> None:
    counts = load(con, tmp_path, (line() + b"x\n") * 25)
    assert (counts.read, counts.rejected, len(table(con))) == (50, 25, 25)
    assert [named.line for named in counts.first_rejected] == list(range(2, 22, 2))


def test_rejected_lines_of_several_files_are_named_in_the_order_of_the_files(con: Connection, tmp_path: Path) -> None:
    for name in ("b", "a"):
        (tmp_path / name).write_bytes(line() + b"x\n")
    counts = load_entries(con, [tmp_path / "b", tmp_path / "a"], FIELDS)
    assert [Path(named.file).name for named in counts.first_rejected] == ["b", "a"]
    assert (counts.read, counts.rejected) == (4, 2)


def test_strict_makes_the_first_rejected_line_an_error_with_its_position(con: Connection, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"day\.jsonl:2: is not JSON; .*--strict"):
        load(con, tmp_path, line() + b"{\n" + line(), strict=True)


def test_an_element_of_an_array_that_is_no_entry_is_named_with_its_line(con: Connection, tmp_path: Path) -> None:
    content = json.dumps([entry(), entry(severity="LOUD"), 3, entry()], indent=1)
    counts = load(con, tmp_path, content.encode())
    assert (counts.read, counts.rejected, len(table(con))) == (4, 2, 2)
    lines = content.split("\n")
    where = [named.line for named in counts.first_rejected]
    assert (where[1], lines[where[1] - 1]) == (lines.index(" 3,") + 1, " 3,")
    assert lines[where[0] - 1] == " {"
    assert [named.reason for named in counts.first_rejected] == [
        "has a severity that Cloud Logging does not know",
        "is JSON, but not an object",
    ]


@pytest.mark.parametrize("content", [b"[{}", b'[{"a": 1},', b"[", b"[{}{}]", b"[{},]", b"[{},,{}]"])
def test_a_broken_array_is_an_error_that_names_the_file(con: Connection, tmp_path: Path, content: bytes) -> None:
    with pytest.raises(UserError, match=r"day\.jsonl.*one LogEntry a line"):
        load(con, tmp_path, content)


def test_a_line_of_the_longest_length_counts_and_one_byte_more_is_rejected(con: Connection, tmp_path: Path) -> None:
    room = MAX_LINE_BYTES - len(line(insertId="")) + 1
    longest, longer = line(insertId="x" * room), line(insertId="x" * (room + 1))
    assert len(longest) == MAX_LINE_BYTES + 1
    assert load(con, tmp_path, line() + longest).rejected == 0
    for content in (longer + line(), line() + longer.rstrip(), line() + b"x" * 50_000_000 + b"\n"):
        counts = load(con, tmp_path, content)
        assert (counts.read, counts.rejected, len(table(con))) == (2, 1, 1)
        assert counts.first_rejected[0].reason == "is longer than 2 MiB"


@pytest.mark.parametrize("size", [2**24 - 3, 2**24, 2**25 + 1])
def test_a_large_file_without_a_final_newline_loses_nothing(con: Connection, tmp_path: Path, size: int) -> None:
    lines, rest = divmod(size - 1000, len(line()))
    last = line(insertId="x" * (rest + 1000 - len(line(insertId="")) + 1)).rstrip()
    content = line() * lines + last
    assert len(content) == size
    counts = load(con, tmp_path, content)
    assert (counts.read, counts.rejected) == (lines + 1, 0)


def test_a_damaged_gzip_file_is_an_error_and_not_a_shorter_day(con: Connection, tmp_path: Path) -> None:
    whole = gzip.compress(line() * 1000)
    for damaged in (whole[:-9], whole[:40], whole[:20] + b"\x00\x00" + whole[22:], whole + b"junk"):
        with pytest.raises(UserError, match=r"day\.jsonl.*damaged gzip file .*fetch it again"):
            load(con, tmp_path, damaged)


@pytest.mark.parametrize(
    ("name", "words"),
    [("missing.jsonl", r"cannot be read .*check its name"), (".", "is a folder; name the files in it")],
)
def test_a_file_that_cannot_be_read_is_an_error_with_its_name(
    con: Connection, tmp_path: Path, name: str, words: str
) -> None:
    with pytest.raises(UserError, match=words):
        load_entries(con, [tmp_path / name], FIELDS)


def test_utf_16_text_is_an_error_that_says_so(con: Connection, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="UTF-16 text; save it as UTF-8"):
        load(con, tmp_path, line().decode().encode("utf-16"))


def test_a_dash_is_standard_input(con: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(gzip.compress(line() + b"x\n"))))
    counts = load_entries(con, ["-"], FIELDS)
    assert (counts.read, counts.rejected, counts.first_rejected[0].file) == (2, 1, "standard input")


def test_a_file_name_with_quotes_is_just_a_name(con: Connection, tmp_path: Path) -> None:
    assert load(con, tmp_path, line(), name='it\'s "a" *day?.jsonl').read == 1


def test_progress_is_reported_and_never_runs_backwards_within_a_step(con: Connection, tmp_path: Path) -> None:
    seen: list[tuple[str, float]] = []
    content = gzip.compress(line() * 200_000, compresslevel=1)
    load(con, tmp_path, content, progress=lambda what, share: seen.append((what, share)))
    for step in {what for what, _ in seen}:
        shares = [share for what, share in seen if what == step]
        assert shares == sorted(shares)
        assert all(0 <= share <= 1 for share in shares)
    assert any("Reading" in what for what, _ in seen)


FIELD_SETS: list[tuple[tuple[str, ...], ...]] = [
    (("jsonPayload", "a"), ("jsonPayload", "A")),
    (("jsonPayload", "a"), ("jsonPayload",)),
    (("jsonPayload", "a"), ("jsonPayload", "a", "b")),
    (("jsonPayload", "a.b"), ("jsonPayload", 'q"/~')),
    (("jsonPayload", ""), ("jsonPayload", "é")),
    (("jsonPayload", "a"), ()),
    (("Severity",), ("jsonPayload", "a")),
    (("time",), ("kind",), ("@time",)),
    (("resource",), ("resource", "labels", "pod_name")),
    (("jsonPayload", "a", "b", "c"),),
]


@pytest.mark.parametrize("fields", FIELD_SETS)
def test_any_field_can_be_asked_for_whatever_its_name(
    con: Connection, tmp_path: Path, fields: tuple[tuple[str, ...], ...]
) -> None:
    payload = {"a": {"b": {"c": 1}}, "A": 2, "a.b": 3, 'q"/~': 4, "": 5, "é": 6}
    whole = entry(jsonPayload=payload, Severity=7, time=8, kind=9, **{"@time": 10})
    file = tmp_path / "day.jsonl"
    file.write_bytes(json.dumps(whole).encode())
    assert load_entries(con, [file], fields).rejected == 0
    for path in fields:
        expected: Any = whole
        for key in path:
            expected = expected[key]
        assert [json.loads(value) for value in values(con, *path)] == [expected]


def test_a_null_is_told_from_a_missing_field_below_a_field_that_is_kept_whole(con: Connection, tmp_path: Path) -> None:
    file = tmp_path / "day.jsonl"
    file.write_bytes(line(jsonPayload={"a": None}))
    load_entries(con, [file], [("jsonPayload",)])
    assert (values(con, "jsonPayload", "a"), values(con, "jsonPayload", "b")) == (["null"], [None])


def test_kinds_that_begin_after_the_sampled_lines_keep_their_fields(con: Connection, tmp_path: Path) -> None:
    late = [line(severity="ERROR", labels={"python_logger": f"late-{index % 3}"}) for index in range(30)]
    counts = load(con, tmp_path, line() * 150_000 + b"".join(late) + line() * 10)
    assert counts.read == 150_040
    logger = entry_columns(con)(("labels", "python_logger"))
    found = con.execute(
        f"SELECT {logger}, count(*), count(DISTINCT kind) FROM entries GROUP BY 1 ORDER BY 1"
    ).fetchall()
    expected = [('"app.modules.loyalty.card_service"', 150_010, 1), *((f'"late-{index}"', 10, 1) for index in range(3))]
    assert found == expected


def test_the_temporary_folder_goes_away_also_after_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))

    def interrupted() -> None:
        with connect() as connection:
            load(connection, tmp_path, gzip.compress(line()))
            assert list(tmp_path.glob("loyalty-monitoring-*"))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert not list(tmp_path.glob("loyalty-monitoring-*"))


# Lines that are nearly right: every piece may be missing, doubled or of another type.
_json = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats()
    | st.sampled_from(["", "x", "INFO", "ä\u2028"]),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(st.sampled_from(["type", "labels", "event", "card_id", "python_logger"]), inner, max_size=3)
    ),
    max_leaves=4,
)
_entries = st.fixed_dictionaries(
    {
        "timestamp": st.sampled_from(["2026-11-02T03:00:07Z", "2026-11-02T03:00:07.1+02:00", "2026-11-02", 5, None]),
        "resource": st.sampled_from([entry()["resource"], {"type": "global"}, {"type": None}]) | _json,
    },
    optional={
        "severity": st.sampled_from(["INFO", "ERROR", "info", None]),
        "labels": st.just({"python_logger": "x"}) | _json,
        "jsonPayload": st.just({"event": "x", "card_id": 1}) | _json,
        "textPayload": _json,
        "protoPayload": _json,
        "other": _json,
    },
)
_bytes = (
    st.just(line().rstrip())
    | _entries.map(lambda whole: json.dumps(whole, ensure_ascii=False).encode())
    | st.sampled_from([b"", b" ", b"\t\x0b\x0c", b"\x1c", b"null", b"[]", b"{}", b"{", b"\xef\xbb\xbf{}", b"\x02long"])
    | st.binary(max_size=6)
    | st.tuples(st.integers(0, 200), st.binary(min_size=1, max_size=2)).map(
        lambda cut: line().rstrip()[: cut[0]] + cut[1] + line().rstrip()[cut[0] :]
    )
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    first=st.sampled_from([line().rstrip(), b"x"]),
    lines=st.lists(_bytes, max_size=4),
    end=st.sampled_from([b"\n", b"\r\n"]),
    fields=st.sampled_from([FIELDS, (("jsonPayload",), ("labels", "python_logger")), ()]),
)
@example(first=line().rstrip(), lines=[line().rstrip(), b"\x0c"], end=b"\n", fields=FIELDS)
@example(first=line().rstrip(), lines=[b'{"a":1,}', line().rstrip()[:-1] + b",}"], end=b"\n", fields=FIELDS)
def test_the_quick_and_the_careful_way_agree_and_lose_nothing(
    con: Connection, tmp_path: Path, first: bytes, lines: list[bytes], end: bytes, fields: tuple[tuple[str, ...], ...]
) -> None:
    # What begins with a bracket is an array, so begin with something else.
    content = end.join([first, *lines, b""])
    file = tmp_path / "lines.jsonl"
    file.write_bytes(content)
    load_entries(con, [], fields)
    layout = layout_of(frozenset(fields))
    with open_source(file) as inside:
        (batch,) = next(inside).batches
    with in_memory(batch.raw) as path:
        quick = load_quickly(con, [path], Run((Placed(batch),)), layout)
        quick_table = table(con)
    con.execute("TRUNCATE entry_rows")
    with in_memory(batch.text) as path:
        used, rejected, named = load_carefully(con, path, Run((Placed(batch),)), layout)
    assert used == len(table(con))
    # A byte-order mark at the beginning of a line is no part of it: files are put one behind the other.
    parts = [part.removeprefix(b"\xef\xbb\xbf").strip(b" \t\x0b\x0c\r") for part in content.split(b"\n")]
    assert rejected + len(table(con)) == sum(map(bool, parts))
    assert len(named) == min(rejected, 10)
    if quick:
        assert (rejected, quick, quick_table) == (0, used, table(con))
    else:
        assert quick_table == []


@pytest.mark.parametrize("system", ["Linux", "macOS"])
def test_a_batch_can_be_read_twice_on_every_system(system: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """macOS has no memfd_create; there, the batch is a file of the temporary folder."""
    if system == "macOS":
        monkeypatch.delattr("os.memfd_create")
    text = b'{"severity":"INFO"}\n' * 5_000
    with in_memory(text) as path:
        assert [Path(path).read_bytes(), Path(path).read_bytes()] == [text, text]
