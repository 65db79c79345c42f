"""Whatever a file of entries looks like, and is called: all of it is read, or it is said what is not."""

from __future__ import annotations

import contextlib
import gzip
import io
import json
import os
import random
import sys
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from loyalty_monitoring.common import database
from loyalty_monitoring.common.database import connect
from loyalty_monitoring.common.errors import UserError
from loyalty_monitoring.replay.entries import load, log_files, tables
from loyalty_monitoring.replay.entries.counts import EntryCounts
from loyalty_monitoring.replay.entries.load import load_entries
from loyalty_monitoring.replay.entries.log_files import open_source
from loyalty_monitoring.replay.entries.match import count_matches, matching_entries, newest_matches
from loyalty_monitoring.replay.entries.newest import Search
from tests.log_lines import START, hours, minutes, rejection, write
from tests.torture.hostile import NAMES

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

STORE = ("jsonPayload", "store_id")
ENTRIES = [rejection(START + minutes(number), f"s-{number}") for number in range(3)]
LINES = "".join(json.dumps(entry) + "\n" for entry in ENTRIES).encode()
ANSWER = json.dumps({"entries": ENTRIES, "nextPageToken": "x"}).encode()
PRETTY = "\n".join(json.dumps(entry, indent=2) for entry in ENTRIES).encode()


def _zip(**members: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return file.getvalue()


SHAPES = {
    "lines": LINES,
    "pretty-printed values": PRETTY,
    "values with nothing between them": b"".join(json.dumps(entry).encode() for entry in ENTRIES),
    "values with a space between them": b" ".join(json.dumps(entry).encode() for entry in ENTRIES),
    "an array": json.dumps(ENTRIES).encode(),
    "a pretty array": json.dumps(ENTRIES, indent=2).encode(),
    "an array a line": b"".join(json.dumps([entry]).encode() + b"\n" for entry in ENTRIES),
    "an answer of entries.list": ANSWER,
    "a pretty answer": json.dumps(json.loads(ANSWER), indent=2).encode(),
    "an answer whose token comes first": json.dumps({"nextPageToken": "x", "entries": ENTRIES}).encode(),
    "answers one after the other": ANSWER[:-1] + b'}\n{"nextPageToken": "y"}\n{"entries": []}',
    "answers in an array": b"[" + ANSWER + b"]",
    "CRLF": LINES.replace(b"\n", b"\r\n"),
    "pretty CRLF": PRETTY.replace(b"\n", b"\r\n"),
    "a byte-order mark": b"\xef\xbb\xbf" + PRETTY,
    "a byte-order mark in the middle": LINES[: LINES.index(b"\n") + 1]
    + b"\xef\xbb\xbf"
    + LINES[LINES.index(b"\n") + 1 :],
    "gzip": gzip.compress(PRETTY),
    "zstd": zstd.compress(PRETTY),
    "two frames of zstd": zstd.compress(LINES[: LINES.index(b"\n") + 1])
    + zstd.compress(LINES[LINES.index(b"\n") + 1 :]),
    "zip": _zip(**{"a.json": PRETTY}),
    "zip of three": _zip(**{f"{index}.json": json.dumps(entry).encode() for index, entry in enumerate(ENTRIES)}),
    "zip of gzip": _zip(**{"a.gz": gzip.compress(LINES)}),
}


def _count(file: Path) -> EntryCounts:
    with connect() as con:
        return load_entries(con, [file], [STORE])


@pytest.mark.parametrize("shape", SHAPES)
def test_every_shape_is_read_whole_by_its_content_and_not_by_its_name(tmp_path: Path, shape: str) -> None:
    file = tmp_path / "day.txt"
    file.write_bytes(SHAPES[shape])
    counts = _count(file)
    assert (counts.read, counts.rejected) == (3, 0)
    printed = [json.loads(line) for line in matching_entries('jsonPayload.store_id="s-1"', [file])]
    assert printed == [ENTRIES[1]]


def test_a_pipe_is_read_as_a_file_is(tmp_path: Path) -> None:
    for shape in ("lines", "zip", "zstd"):
        reads, writes = os.pipe()
        os.write(writes, SHAPES[shape])
        os.close(writes)
        assert count_matches("resource.type:*", [Path(f"/proc/self/fd/{reads}")]) == 3
        os.close(reads)


def test_an_entry_that_is_printed_on_several_lines_comes_out_on_one(tmp_path: Path) -> None:
    entry = ENTRIES[0] | {"jsonPayload": {"message": 'a  "b"\t\\ c', "n": [1, {"x": 1e5}], "digits": 2**70}}
    file = tmp_path / "one.json"
    file.write_text(json.dumps(entry, indent="\t"))
    (line,) = matching_entries("resource.type:*", [file])
    assert json.loads(line) == entry
    assert b"\n" not in line
    assert b"\t" not in line


@pytest.mark.parametrize("size", [1, 7, 100, 4096])
def test_where_a_batch_ends_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    monkeypatch.setattr(log_files, "BATCH_BYTES", size)
    file = tmp_path / "day"
    for shape, content in SHAPES.items():
        if size >= 7 or "z" not in shape:
            file.write_bytes(content)
            assert count_matches("resource.type:*", [file]) == 3, shape


HINTS = {
    "---\ninsertId: i1\ntimestamp: '2026-03-01T10:00:00Z'\n": "--format=json",
    '{"severity": "INFO", "message": "hello", "logging.googleapis.com/labels": {}}\n': "a container's output",
    '{"log": "hello\\n", "stream": "stdout", "time": "2026-03-01T10:00:00Z"}\n': "a container's output",
    "[2026-11-02 03:00:00,123: INFO/MainProcess] Task x[1] succeeded\n": "a line of a log",
    "2026-11-02T03:00:00.1Z stdout F hello\n": "a line of a log",
    '{"timestamp": "2026-11-02 03:00:07.120 UTC", "insert_id": "x", "json_payload": "{}"}\n': "backtest --view",
    '{"timestamp": "2026-11-02 03:00:07+00", "insertId": "x", "resource": {"type": "global"}}\n': "backtest --view",
    '{"timestamp": {"seconds": "1772359200"}, "resource": {"type": "global"}}\n': "a client library's object",
    "hello\n": "is not JSON",
    "3\n": "not an object",
}


@pytest.mark.parametrize("content", HINTS)
def test_a_file_of_which_nothing_can_be_used_is_an_error_that_names_what_it_is(tmp_path: Path, content: str) -> None:
    file = tmp_path / "day"
    file.write_text(content)
    with pytest.raises(UserError, match=r"none of \d+ log entries could be used") as error:
        count_matches("resource.type:*", [file])
    assert HINTS[content] in str(error.value)
    assert f"{file}:1: " in str(error.value)


def test_what_many_lines_are_is_said_once(tmp_path: Path) -> None:
    file = tmp_path / "day"
    of_a_log = "2026-11-02T03:00:00.1Z stdout F hello\n"
    file.write_text(of_a_log * 3 + "--- \n" + of_a_log)
    with pytest.raises(UserError) as error:
        count_matches("resource.type:*", [file])
    assert str(error.value).count("is not JSON") == 5
    assert str(error.value).count("a line of a log") == 1
    assert str(error.value).count("YAML") == 1


def test_what_was_not_used_is_told_beside_what_was(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    file = tmp_path / "day"
    file.write_bytes(LINES + b"x\n" * 12)
    assert count_matches("resource.type:*", [file]) == 3
    (record,) = caplog.records
    assert "12 of 15 log entries could not be used" in record.message
    assert f"{file}:4: is not JSON" in record.message
    assert "and 2 more" in record.message


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"BZh91AY", "bunzip2"),
        (b"\xfd7zXZ\x00", "unxz"),
        (b"PAR1", "Parquet"),
        (gzip.compress(gzip.compress(b"x", mtime=0), mtime=0), "packed twice"),
        (zstd.compress(LINES)[:-5], "damaged zstd file"),
        (_zip(a=LINES)[:-30], "damaged zip file"),
        (b'{"entries": [{}', "does not end"),
        (b'[{"a": 1} {"b": 2}]', "where a comma"),
    ],
)
def test_what_cannot_be_unpacked_or_is_cut_off_says_so(tmp_path: Path, content: bytes, words: str) -> None:
    file = tmp_path / "day"
    file.write_bytes(content)
    with pytest.raises(UserError, match=words):
        count_matches("resource.type:*", [file])


# --- names


@pytest.mark.parametrize("name", NAMES, ids=repr)
def test_a_name_is_a_name(tmp_path: Path, name: bytes) -> None:
    for other in ("day1.jsonl", "day2.jsonl", "a.jsonl", "b.jsonl", "dayx.jsonl"):
        (tmp_path / other).write_bytes(LINES * 2)
    for folder in (os.fsencode(tmp_path), os.fsencode(tmp_path) + b"/[d]*"):
        os.makedirs(folder, exist_ok=True)
        with open(folder + b"/" + name, "wb") as file:
            file.write(LINES)
        assert count_matches("resource.type:*", [Path(os.fsdecode(folder + b"/" + name))]) == 3


# --- sizes


def _sized(size: int, field: str) -> Callable[[int], dict[str, Any]]:
    def entry(number: int) -> dict[str, Any]:
        whole = rejection(START + minutes(number), f"s-{number}")
        if field == "textPayload":
            del whole["jsonPayload"]
            return whole | {"textPayload": "x " * (size // 2)}
        whole["jsonPayload"]["message"] = "x " * (size // 2)
        return whole

    return entry


@pytest.mark.parametrize("field", ["textPayload", "jsonPayload"])
@pytest.mark.parametrize(("size", "count"), [(1_000, 4_000), (5_000, 2_000), (262_144, 120)])
@pytest.mark.parametrize("as_array", [False, True], ids=["lines", "array"])
def test_entries_of_any_size_run_in_the_least_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int, count: int, field: str, as_array: bool
) -> None:
    monkeypatch.setenv(database.MEMORY, "300MB")
    make, file = _sized(size, field), tmp_path / "day"
    with file.open("w") as out:
        out.write("[" * as_array)
        for number in range(count):
            out.write("," * (as_array and number > 0) + json.dumps(make(number)) + "\n")
        out.write("]" * as_array)
    for query in ("resource.type:*", 'SEARCH("x")' if size < 2_000 else f"{field}:*"):
        assert count_matches(query, [file]) == count
    assert sum(1 for _ in matching_entries("resource.type:*", [file])) == count
    search = Search("resource.type:*", START, START + hours(24 * 365), 3)
    assert newest_matches([search], [file])[search].total == count


def test_of_long_names_that_never_repeat_neither_kinds_nor_origins_grow(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tables, "_MOST_OF_KINDS", 1_000)
    monkeypatch.setattr(load, "_RUN_BYTES", 1)  # each file is a part
    whole = [rejection(START + minutes(number), "s-1") for number in range(60)]
    for number, one in enumerate(whole):
        one["labels"] = {"python_logger": f"{number}" + "x" * 5_000}
    file = write(tmp_path / "day", whole)
    kept: list[object] = []
    with connect() as con:
        counts = load_entries(
            con,
            [file, file],
            [("labels", "python_logger"), STORE],
            take=lambda _: kept.append(con.execute("SELECT count(*) FROM kinds").fetchone()),
            least=1,
        )
    assert kept == [(60,), (60,)]
    assert len(counts.origins) == 60
    assert set(counts.origins.values()) == {2}
    assert max(len(logger) for _, logger in counts.origins) == 200


@pytest.mark.parametrize("text", ["many", "-1", "0", "1MB", "299MB"])
def test_too_little_memory_or_none_that_can_be_read_is_an_error_with_a_remedy(
    monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.setenv(database.MEMORY, text)
    with pytest.raises(UserError, match=r"LOYALTY_MONITORING_MEMORY is .*(write it like|allow more)"), connect():
        pass


def test_a_query_that_needs_more_than_the_memory_says_how_to_allow_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(database.MEMORY, "300MB")
    with pytest.raises(UserError, match="LOYALTY_MONITORING_MEMORY=2GB"), connect() as con:
        con.execute("SELECT list(range) FROM range(100_000_000)").fetchall()


# --- any bytes


def _batches(content: bytes, folder: Path) -> Iterator[bytes]:
    file = folder / "any"
    file.write_bytes(content)
    with open_source(file) as inside:
        for found in inside:
            for batch in found.batches:
                assert batch.text.endswith(b"\n")
                assert batch.text.decode() is not None
                assert not set(b"\x00\r") & set(batch.text)
                yield batch.text


@pytest.mark.parametrize("seed", range(60))
def test_any_bytes_are_read_or_refused(tmp_path: Path, seed: int) -> None:
    rng = random.Random(seed)
    content = bytearray(rng.choice(list(SHAPES.values())))
    for _ in range(rng.randint(1, 5)):
        place = rng.randrange(len(content))
        content[place : place + rng.randint(0, 3)] = rng.choice(
            (b"", b"[", b"]", b"{", b"}", b'"', b"\\", b",", b"\xff")
        )
    with contextlib.suppress(UserError):
        list(_batches(bytes(content), tmp_path))
