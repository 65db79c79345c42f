"""Every entry can be traced to its file and line, whatever the file looks like."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from loyalty_monitoring.common.database import Connection, connect
from loyalty_monitoring.replay.entries.load import load_entries
from loyalty_monitoring.replay.entries.tables import entry_columns, positions
from tests.log_lines import START, minutes, rejection

STORE = ("jsonPayload", "store_id")
ENTRIES = [json.dumps(rejection(START + minutes(number), f"s-{number}")) for number in range(3)]


@pytest.fixture(scope="module")
def con() -> Iterator[Connection]:
    with connect() as connection:
        yield connection


def _lines(con: Connection, *files: Path) -> dict[str, tuple[str, int]]:
    """The name of the file and the line of each store's entry."""
    counts = load_entries(con, files, [STORE], with_places=True)
    rows = con.execute(f"SELECT {entry_columns(con)(STORE)}->>'$', place FROM entries ORDER BY place").fetchall()
    found = positions(con, counts, [place for _, place in rows])
    return {store: (Path(found[place].file).name, found[place].line) for store, place in rows}


def _plain(entries: list[str]) -> bytes:
    return "".join(entry + "\n" for entry in entries).encode()


@pytest.mark.parametrize(
    ("content", "lines"),
    [
        pytest.param(_plain(ENTRIES), [1, 2, 3], id="plain"),
        pytest.param(gzip.compress(_plain(ENTRIES)), [1, 2, 3], id="gzipped"),
        pytest.param(_plain(ENTRIES)[:-1], [1, 2, 3], id="no final newline"),
        pytest.param(_plain(["", ENTRIES[0], " \t", "", *ENTRIES[1:]]), [2, 5, 6], id="blank lines"),
        pytest.param(_plain(ENTRIES).replace(b"\n", b"\r\n\r\n"), [1, 3, 5], id="blank lines of Windows"),
        pytest.param(_plain([ENTRIES[0], "no JSON", *ENTRIES[1:]]), [1, 3, 4], id="a line that is no entry"),
        pytest.param(_plain([ENTRIES[0], "x" * 3 * 2**20, *ENTRIES[1:]]), [1, 3, 4], id="a line that is too long"),
        pytest.param(_plain(["[", ",\n".join(ENTRIES), "]"]), [2, 3, 4], id="array"),
        pytest.param(f"[{ENTRIES[0]},{ENTRIES[1]},\n\n{ENTRIES[2]}]".encode(), [1, 1, 3], id="array, uneven lines"),
        pytest.param(_plain(["[", f"{ENTRIES[0]},", "5,", ",\n".join(ENTRIES[1:]), "]"]), [2, 4, 5], id="bad element"),
    ],
)
def test_each_entry_has_its_line(con: Connection, tmp_path: Path, content: bytes, lines: list[int]) -> None:
    file = tmp_path / "day.jsonl"
    file.write_bytes(content)
    assert _lines(con, file) == {f"s-{number}": ("day.jsonl", line) for number, line in enumerate(lines)}


def test_places_rise_in_the_order_of_files_and_lines(con: Connection, tmp_path: Path) -> None:
    first, second = tmp_path / "b.jsonl", tmp_path / "a.jsonl"
    first.write_bytes(_plain(ENTRIES[1:]))
    second.write_bytes(_plain(["", ENTRIES[0]]))
    found = _lines(con, first, second)
    assert found == {"s-1": ("b.jsonl", 1), "s-2": ("b.jsonl", 2), "s-0": ("a.jsonl", 2)}
    assert list(found) == ["s-1", "s-2", "s-0"]


def test_a_file_that_is_read_by_several_threads_keeps_its_lines(con: Connection, tmp_path: Path) -> None:
    file, count = tmp_path / "day.jsonl", 60_000
    file.write_bytes(_plain([ENTRIES[0].replace("s-0", f"s-{number}") for number in range(count)]))
    load_entries(con, [file], [STORE], with_places=True)
    wrong = con.execute(
        f"SELECT count(*), count(*) FILTER ({entry_columns(con)(STORE)}->>'$' <> 's-' || (place - 1)) FROM entries"
    ).fetchone()
    assert wrong == (count, 0)
