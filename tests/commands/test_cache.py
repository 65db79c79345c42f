"""The command `cache`, as a stranger uses it: replay twice, look, clear."""

from __future__ import annotations

import json
import os
from pathlib import Path

from tests.conftest import run
from tests.log_lines import START, hours, rejection, write


def _run(cache: Path, *arguments: str) -> str:
    environment = {**os.environ, "LOYALTY_MONITORING_CACHE": str(cache), "LOYALTY_MONITORING_CACHE_SIZE": "50MB"}
    done = run(*arguments, environment=environment)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_replay_diff_and_report_say_the_same_twice_and_without_a_cache(tmp_path: Path) -> None:
    file = str(write(tmp_path / "spike.jsonl", [rejection(START + hours(1), "s-1") for _ in range(101)]))
    cache = tmp_path / "cache"
    pages: dict[str, list[dict[str, bytes]]] = {}
    for option in ((), (), ("--no-cache",)):
        for command in (("replay", file), ("replay", "--format", "json", file)):
            pages.setdefault(" ".join(command), []).append({"": _run(cache, *command, *option).encode()})
        out = tmp_path / f"report-{len(pages['replay ' + file])}"
        _run(cache, "report", file, "--out", str(out), *option)
        drawn = {str(one.relative_to(out)): one.read_bytes() for one in out.rglob("*") if one.is_file()}
        pages.setdefault("report", []).append(drawn)
    for first, second, without in pages.values():
        assert first == second == without


def test_cache_says_what_is_kept_and_clears_it(tmp_path: Path) -> None:
    file = str(write(tmp_path / "spike.jsonl", [rejection(START + hours(1), "s-1")]))
    cache = tmp_path / "cache"
    _run(cache, "replay", "--policy", "rate_limit_spike", file)
    kept = json.loads(_run(cache, "cache", "--format", "json"))
    assert kept["folder"] == str(cache)
    assert {"answers", "blocks", "counts", "found", "points"} == set(kept["kinds"])
    assert kept["kinds"]["points"]["results"] > 0
    assert "at most 50 MB" in _run(cache, "cache")
    assert json.loads(_run(cache, "cache", "--clear", "--format", "json"))["kinds"] == {}
