"""The cache: what is kept is what was written, whole, and never more than allowed."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from loyalty_monitoring.common.cache import NO_CACHE, Cache, digest, key, user_cache
from loyalty_monitoring.common.errors import UserError


def _text(text: str):  # type: ignore[no-untyped-def]
    return lambda path: path.write_text(text)


def _folder(path: Path) -> None:
    path.mkdir()
    (path / "a").write_text("a" * 100)
    (path / "b").write_text("b" * 100)


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(tmp_path / "results", 1000)


def test_what_was_kept_comes_back(cache: Cache) -> None:
    assert cache.get("points", key("a")) is None
    cache.put("points", key("a"), _text("points of a"))
    found = cache.get("points", key("a"))
    assert found is not None
    assert found.read_text() == "points of a"


def test_a_folder_is_kept_whole(cache: Cache) -> None:
    cache.put("blocks", "k", _folder)
    found = cache.get("blocks", "k")
    assert found is not None
    assert {file.name for file in found.iterdir()} == {"a", "b"}
    assert [result.size for result in cache.results()] == [200]


def test_nobody_else_can_look_into_it(cache: Cache) -> None:
    cache.put("points", "k", _text("x"))
    assert cache.folder is not None
    assert stat.S_IMODE(cache.folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((cache.folder / "points").stat().st_mode) == 0o700


def test_a_key_tells_order_type_and_nesting_apart() -> None:
    keys = [key("a", "b"), key("b", "a"), key("ab"), key(["a", "b"]), key(1), key("1"), key({"a": 1}), key({"a": "1"})]
    assert len(set(keys)) == len(keys)
    assert key({"a": 1, "b": 2}) == key({"b": 2, "a": 1})


def test_a_digest_is_of_the_bytes_and_not_of_the_name(tmp_path: Path) -> None:
    for name, content in (("a", b"x"), ("b", b"x"), ("c", b"y")):
        (tmp_path / name).write_bytes(content)
    assert digest(tmp_path / "a") == digest(tmp_path / "b") != digest(tmp_path / "c")


def test_what_fails_while_it_is_written_leaves_nothing(cache: Cache) -> None:
    def half(path: Path) -> None:
        path.write_text("half")
        raise OSError("no space left on device")

    cache.put("points", "k", half)
    assert cache.get("points", "k") is None
    assert cache.results() == []


def test_what_is_killed_while_it_is_written_is_no_result(tmp_path: Path) -> None:
    program = (
        "import sys, time\n"
        "from pathlib import Path\n"
        "from loyalty_monitoring.common.cache import Cache\n"
        "def slow(path):\n"
        "    path.write_text('half'); print('writing', flush=True); time.sleep(60)\n"
        "Cache(Path(sys.argv[1])).put('points', 'k', slow)\n"
    )
    with subprocess.Popen([sys.executable, "-c", program, tmp_path / "r"], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.send_signal(signal.SIGKILL)
    cache = Cache(tmp_path / "r")
    assert cache.get("points", "k") is None
    (left,) = cache.results()
    assert left.is_partial
    os.utime(left.path, (time.time() - 7200, time.time() - 7200))
    cache.shrink()
    assert cache.results() == []


def test_two_who_keep_the_same_result_do_not_disturb_each_other(cache: Cache) -> None:
    def nested(path: Path) -> None:
        cache.put("blocks", "k", _folder)
        _folder(path)

    cache.put("blocks", "k", nested)
    found = cache.get("blocks", "k")
    assert found is not None
    assert len(list(found.iterdir())) == 2
    assert len(cache.results()) == 1


def test_exactly_the_allowed_size_stays_and_one_byte_more_goes(tmp_path: Path) -> None:
    for most, left in ((300, {"a", "b", "c"}), (299, {"b", "c"})):
        cache = Cache(tmp_path / str(most), most)
        for age, name in ((30, "a"), (20, "b"), (10, "c")):
            cache.put("points", name, _text("x" * 100))
            found = cache.get("points", name)
            assert found is not None
            os.utime(found, (time.time() - age, time.time() - age))
        cache.shrink()
        assert {result.path.name for result in cache.results()} == left


def test_what_is_used_again_is_no_longer_the_oldest(cache: Cache) -> None:
    for age, name in ((30, "a"), (20, "b")):
        cache.put("points", name, _text("x" * 600))
        found = cache.get("points", name)
        assert found is not None
        os.utime(found, (time.time() - age, time.time() - age))
    cache.get("points", "a")
    cache.shrink()
    assert [result.path.name for result in cache.results()] == ["a"]


def test_a_folder_that_cannot_be_made_is_slow_and_not_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    cache = Cache(tmp_path / "file" / "results")
    cache.put("points", "k", _text("x"))
    assert cache.get("points", "k") is None
    cache.shrink()
    cache.clear()


def test_without_a_folder_nothing_is_kept() -> None:
    cache = Cache(None)
    cache.put("points", "k", _text("x"))
    assert cache.get("points", "k") is None
    assert cache.results() == []


def test_clearing_removes_everything(cache: Cache) -> None:
    cache.put("points", "k", _text("x"))
    cache.put("blocks", "k", _folder)
    cache.clear()
    assert cache.results() == []


def test_the_environment_names_folder_and_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOYALTY_MONITORING_CACHE", str(tmp_path))
    monkeypatch.setenv("LOYALTY_MONITORING_CACHE_SIZE", "1.5GiB")
    assert user_cache() == Cache(tmp_path, 3 * 2**29)
    monkeypatch.setenv("LOYALTY_MONITORING_CACHE_SIZE", "0")
    assert user_cache() == NO_CACHE
    monkeypatch.setenv("LOYALTY_MONITORING_CACHE_SIZE", "much")
    with pytest.raises(UserError, match="write it like"):
        user_cache()
