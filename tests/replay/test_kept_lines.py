"""The newest matches of a filter are found while points are counted, and are those of a reading of their own."""

from __future__ import annotations

import gzip
import json
import random
import zipfile
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from loyalty_monitoring.common.cache import NO_CACHE, Cache
from loyalty_monitoring.replay import kept_files, kept_points
from loyalty_monitoring.replay.entries import load, log_files
from loyalty_monitoring.replay.entries.match import Matches, newest_matches
from loyalty_monitoring.replay.entries.newest import Place, Places, Search, together
from loyalty_monitoring.replay.entries.runs import Run
from loyalty_monitoring.replay.kept_answers import answering
from tests.log_lines import START, minutes, rejection, write

STORE = 'jsonPayload.store_id="s-{}"'
BROAD = 'jsonPayload.event="rate_limit_exceeded"'
# One that few fields decide, one that is looked for everywhere, one of a message that is known, and one that is none.
FILTERS = (BROAD, STORE.format(1), 'SEARCH("s-2")', "jsonPayload.store_id:*", "severity>=ERROR", "(((")


def _lines(number: int, seed: int) -> list[dict[str, Any]]:
    """Entries in no order, many of them of the same second."""
    drawn = random.Random(seed)
    return [rejection(START + timedelta(seconds=drawn.randrange(90)), f"s-{drawn.randrange(3)}") for _ in range(number)]


def _newest(files: Sequence[Path], searches: Sequence[Search], cache: Cache) -> dict[Search, Matches]:
    with answering((), files, (), cache, searches=searches) as (_, points):
        return dict(points.newest)


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The number of lines of each batch that reaches the database, which is made small."""
    found: list[int] = []
    quickly = load.load_quickly

    def counting(con: Any, paths: Sequence[str], run: Run, layout: Any) -> int:
        found.extend(batch.lines for batch in run.batches)
        return quickly(con, paths, run, layout)

    monkeypatch.setattr(load, "load_quickly", counting)
    monkeypatch.setattr(log_files, "BATCH_BYTES", 4096)
    return found


@pytest.mark.parametrize("seed", range(3))
def test_what_is_found_in_passing_is_what_a_reading_finds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    drawn = random.Random(seed)
    monkeypatch.setattr(log_files, "BATCH_BYTES", drawn.choice([2048, 8192, 2**20]))
    monkeypatch.setattr(kept_files, "_GROUP_BYTES", drawn.choice([1, 2**20]))
    monkeypatch.setattr("loyalty_monitoring.replay.metric_points._PART_BYTES", drawn.choice([1, 5_000, 2**20]))
    plain = write(tmp_path / "plain.jsonl", _lines(drawn.randrange(1, 30), seed))
    packed, members = tmp_path / "packed.gz", tmp_path / "members.zip"
    packed.write_bytes(gzip.compress(write(tmp_path / "other", _lines(20, seed + 50)).read_bytes() + b"no json\n"))
    with zipfile.ZipFile(members, "w") as archive:
        for number in range(2):
            archive.write(write(tmp_path / f"{number}", _lines(10, seed + 100 + number)))
    files = [plain, packed, plain, members]
    drawn.shuffle(files)
    bounds = [None, START, START + minutes(0.5), START + minutes(1), START + minutes(9)]
    searches = [
        Search(text, drawn.choice(bounds[:3]), drawn.choice([None, *bounds[2:]]), drawn.choice([1, 3, 20, 500]))
        for text in FILTERS
    ]
    expected = newest_matches(searches, files)
    cache = Cache(tmp_path / "cache")
    assert _newest(files, searches, NO_CACHE) == expected
    assert _newest(files, searches, cache) == expected
    assert _newest(files, searches, cache) == expected
    assert _newest(files[1:], searches, cache) == newest_matches(searches, files[1:])


def test_only_the_batches_of_the_newest_matches_are_read_again(tmp_path: Path, read: list[int]) -> None:
    lines = [rejection(START + timedelta(seconds=number), "s-1") for number in range(400)]
    file = write(tmp_path / "day.jsonl", lines)
    search = Search(BROAD, None, None, 3)
    found = _newest([file], [search], NO_CACHE)[search]
    assert found.total == 400
    assert [one["timestamp"] for one in found.newest] == [one["timestamp"] for one in reversed(lines[-3:])]
    whole, again = sum(read[:-1]), read[-1]
    assert whole == 400
    assert 3 <= again < 40


def test_the_second_time_nothing_is_read(tmp_path: Path, read: list[int]) -> None:
    file, cache = write(tmp_path / "day.jsonl", _lines(50, 1)), Cache(tmp_path / "cache")
    searches = [Search(text, None, None, 5) for text in FILTERS]
    first = _newest([file], searches, cache)
    read.clear()
    assert _newest([file], searches, cache) == first
    assert read == []


def test_of_a_new_filter_the_points_are_not_counted_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file, cache = write(tmp_path / "day.jsonl", _lines(50, 1)), Cache(tmp_path / "cache")
    _newest([file], [Search(BROAD, None, None, 5)], cache)
    monkeypatch.setattr(kept_points, "import_points", None)
    search = Search(STORE.format(1), None, None, 5)
    assert _newest([file], [search], cache) == newest_matches([search], [file])


def test_an_entry_of_a_year_that_is_not_evaluated_is_no_newest_one(tmp_path: Path) -> None:
    late = {**rejection(START, "s-1"), "timestamp": "2300-01-01T00:00:00Z"}
    file, search = write(tmp_path / "day.jsonl", [rejection(START, "s-1"), late]), Search(BROAD, None, None, 5)
    found = _newest([file], [search], NO_CACHE)[search]
    assert (found.total, len(found.newest)) == (1, 1)


def test_a_file_that_changes_is_searched_anew(tmp_path: Path) -> None:
    file, cache = write(tmp_path / "day.jsonl", _lines(50, 1)), Cache(tmp_path / "cache")
    search = Search(BROAD, None, None, 5)
    _newest([file], [search], cache)
    with file.open("a") as opened:
        opened.write(json.dumps(rejection(START + minutes(5), "s-9")) + "\n")
    found = _newest([file], [search], cache)[search]
    assert found.total == 51
    assert found.newest[0]["jsonPayload"]["store_id"] == "s-9"


def test_of_equally_old_matches_all_places_are_looked_at() -> None:
    parts = [Places(3, (Place(9, 0, 0, 1), Place(7, 0, 1, 2))), Places(4, (Place(7, 1, 0, 3), Place(6, 1, 1, 1)))]
    assert together(2, parts) == Places(7, (Place(9, 0, 0, 1), Place(7, 1, 0, 3), Place(7, 0, 1, 2)))
    assert together(1, parts).newest == (Place(9, 0, 0, 1),)
