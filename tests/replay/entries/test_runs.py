"""Batches that are loaded together give what each gives by itself."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from loyalty_monitoring.common.database import Connection, connect
from loyalty_monitoring.common.errors import Position, UserError
from loyalty_monitoring.replay.entries import load, log_files
from loyalty_monitoring.replay.entries.counts import EntryCounts
from loyalty_monitoring.replay.entries.layout import stored
from loyalty_monitoring.replay.entries.load import load_entries
from loyalty_monitoring.replay.entries.log_files import BATCH_BYTES, Batch
from loyalty_monitoring.replay.entries.runs import Placed, Run, read_ahead, runs_of
from loyalty_monitoring.replay.entries.tables import batch_of, positions
from tests.log_lines import START, minutes, rejection

STORE = ("jsonPayload", "store_id")
LINES = [json.dumps(rejection(START + minutes(number), f"s-{number}")).encode() for number in range(16)]


def _loaded(file: Path) -> tuple[EntryCounts, list[Any]]:
    with connect() as con:
        counts = load_entries(con, [file], [STORE], with_places=True, with_batches=True, is_checked=False)
        return counts, con.execute("SELECT * EXCLUDE (kind, resource, batch) FROM entries ORDER BY place").fetchall()


@pytest.mark.parametrize(
    ("bad", "rejected"),
    [
        pytest.param(b"nul", 1, id="word"),
        pytest.param(b'{"timestamp":"x"}', 1, id="no entry"),
        pytest.param(b"\xff\x00", 1, id="bytes"),
        pytest.param(b" ", 0, id="blank"),
        pytest.param(b"\v\f", 0, id="blank of another kind"),
        pytest.param(LINES[0] + b"\f", 1, id="form feed"),
        pytest.param(LINES[0] + b"\v", 1, id="vertical tab"),
        pytest.param(LINES[0] + b"\r", 0, id="carriage return"),
        pytest.param(b"\xef\xbb\xbf" + LINES[0], 0, id="mark"),
    ],
)
@pytest.mark.parametrize("place", [0, 1, 8, 16])
def test_a_rare_line_costs_no_other_wherever_its_batch_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: int, bad: bytes, rejected: int
) -> None:
    file = tmp_path / "day"
    file.write_bytes(b"\n".join([*LINES[:place], bad, *LINES[place:], b""]))
    counts, rows = _loaded(file)
    assert (counts.rejected, [one.line for one in counts.first_rejected]) == (rejected, [place + 1] * rejected)
    assert counts.read == len(rows) + rejected == len(LINES) + bool(bad.strip())
    monkeypatch.setattr(log_files, "BATCH_BYTES", 700)
    assert _loaded(file) == (counts, rows)


def test_an_unfinished_word_that_is_a_batch_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file, entries = tmp_path / "day", b"\n".join([*LINES, b""])
    file.write_bytes(entries + b"nul")
    monkeypatch.setattr(log_files, "BATCH_BYTES", len(entries))
    with connect() as con:
        counts = load_entries(con, [file], [STORE], is_checked=False)
    assert (counts.read, [one.line for one in counts.first_rejected]) == (len(LINES) + 1, [len(LINES) + 1])


def test_each_entry_of_a_run_has_its_batch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "day"
    file.write_bytes(b"\n".join([*LINES, *LINES, *LINES, b""]))
    monkeypatch.setattr(log_files, "BATCH_BYTES", 3 * len(LINES[0]))
    with log_files.open_source(file) as inside:
        lines = [batch.lines for found in inside for batch in found.batches]
    with connect() as con:
        load_entries(con, [file], [STORE], with_batches=True)
        found = con.execute("SELECT batch, count(*) FROM entries GROUP BY batch ORDER BY batch").fetchall()
    assert len(lines) > 10
    assert found == list(enumerate(lines))


@pytest.mark.parametrize(("size", "together"), [(500, 8), (250_000, 2)], ids=["short", "large"])
def test_fewer_large_entries_are_loaded_together(size: int, together: int) -> None:
    line = b"x" * (size - 1) + b"\n"
    batch = Batch(line * (BATCH_BYTES // size + 1), 1)
    runs = list(runs_of((Placed(batch, number=number) for number in range(16)), 8 * BATCH_BYTES))
    assert {len(run.batches) for run in runs} == {together}
    assert [run.placed[0].number for run in runs] == list(range(0, 16, together))


def _hours(folder: Path, bad: bytes = b"") -> list[Path]:
    """A file of each line, of which the fifth ends with `bad`, and one without any."""
    files = [folder / f"{number:02}" for number in range(len(LINES))]
    for number, (file, line) in enumerate(zip(files, LINES, strict=True)):
        file.write_bytes(line + b"\n" + bad * (number == 4))
    (folder / "empty").touch()
    return [*files[:3], folder / "empty", *files[3:]]


def test_small_files_are_loaded_together_and_each_entry_has_the_batch_of_its_own_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs: list[int] = []
    quickly = load.load_quickly

    def counting(*arguments: Any) -> int:
        runs.append(len(arguments[2].batches))
        return quickly(*arguments)

    monkeypatch.setattr(load, "load_quickly", counting)
    files = _hours(tmp_path)
    with connect() as con:
        counts = load_entries(con, files, [STORE], with_batches=True)
        found = con.execute(f"SELECT batch, {stored([STORE])[0]}->>'$' FROM entries ORDER BY batch").fetchall()
    assert runs == [len(LINES)]
    assert counts.files == tuple(map(str, files))
    of_files = [place for place, file in enumerate(files) if file.name != "empty"]
    assert [(batch_of(batch), store) for batch, store in found] == [
        ((place, 0), f"s-{number}") for number, place in enumerate(of_files)
    ]


@pytest.mark.parametrize("bad", [b"", b"nul\n"])
def test_a_rare_line_of_a_small_file_is_told_with_its_place_and_costs_no_other(tmp_path: Path, bad: bytes) -> None:
    files, day = _hours(tmp_path, bad), tmp_path / "day"
    day.write_bytes(b"\n".join([*LINES, b""]))
    with connect() as con:
        counts = load_entries(con, [day, *files], [STORE], with_places=True, is_checked=False)
        found = con.execute(f"SELECT place, {stored([STORE])[0]}->>'$' FROM entries").fetchall()
        lines = sorted((store, str(position)) for store, position in _positions(con, counts, found))
    assert counts.read == 2 * len(LINES) + counts.rejected
    assert [(one.file, one.line) for one in counts.first_rejected] == [(str(tmp_path / "04"), 2)] * bool(bad)
    places = [(f"{tmp_path}/{number:02}:1", f"{day}:{number + 1}") for number in range(len(LINES))]
    assert lines == sorted((f"s-{number}", place) for number, both in enumerate(places) for place in both)


def _positions(
    con: Connection, counts: EntryCounts, found: Sequence[tuple[int, str]]
) -> Iterator[tuple[str, Position]]:
    of_places = positions(con, counts, [place for place, _ in found])
    yield from ((store, of_places[place]) for place, store in found)


def test_progress_is_that_of_all_files_together(tmp_path: Path) -> None:
    told: list[float] = []
    with connect() as con:
        load_entries(con, _hours(tmp_path), [STORE], progress=lambda _, done: told.append(done))
    assert told == sorted(told)
    assert 0 < told[0] < 2 / len(LINES)
    assert told[-1] == 1


def test_no_more_files_are_open_at_a_time_than_a_process_may_have() -> None:
    one = [Placed(Batch(b"1\n", 1), place=number) for number in range(250)]
    assert [len(run.batches) for run in runs_of(one, BATCH_BYTES)] == [100, 100, 50]


def test_what_is_wrong_with_a_file_is_told_after_what_was_read_before(tmp_path: Path) -> None:
    def runs() -> Iterator[Run]:
        yield Run((Placed(Batch(b"1\n", 1)),))
        yield Run((Placed(Batch(b"2\n", 2)),))
        raise UserError("is damaged")

    ahead = read_ahead(runs())
    assert [next(ahead).batches[0].raw, next(ahead).batches[0].raw] == [b"1\n", b"2\n"]
    with pytest.raises(UserError, match="is damaged"):
        next(ahead)
    file = tmp_path / "day.gz"
    file.write_bytes(gzip.compress(b"\n".join([*LINES, b""]))[:-9])
    with connect() as con, pytest.raises(UserError, match="is a damaged gzip file"):
        load_entries(con, [file], [STORE])
