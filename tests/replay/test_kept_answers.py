"""Nothing that is known is worked out again, and what is known is what would be worked out, byte for byte."""

from __future__ import annotations

import gzip
import random
import shutil
import zlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from loyalty_monitoring.common.cache import NO_CACHE, Cache
from loyalty_monitoring.common.errors import UserError
from loyalty_monitoring.definitions.metric_usage import series_in_queries
from loyalty_monitoring.definitions.model import AlertPolicy, Definitions, LogMetric
from loyalty_monitoring.replay import kept_answers, kept_files, kept_points, prometheus
from loyalty_monitoring.replay.result import ReplayResult
from loyalty_monitoring.replay.run import replay
from tests.log_lines import START, rejection, write

FILTER = 'jsonPayload.event="rate_limit_exceeded"'
STORE = {"store_id": "EXTRACT(jsonPayload.store_id)"}


def _metric(name: str, query: str = FILTER, *, value: str = "", labels: dict[str, str] | None = None) -> LogMetric:
    descriptor = {
        "metricKind": "DELTA",
        "valueType": "DISTRIBUTION" if value else "INT64",
        "labels": [{"key": key} for key in labels or {}],
    }
    body: dict[str, Any] = {"name": f"shop/{name}", "filter": query, "metricDescriptor": descriptor}
    if labels:
        body["labelExtractors"] = labels
    if value:
        body |= {"valueExtractor": value, "bucketOptions": {"explicitBuckets": {"bounds": [0, 430, 500]}}}
    return LogMetric(name, (), body, Path(f"log_metrics/{name}.yaml"))


def _policy(name: str, query: str) -> AlertPolicy:
    condition = {"query": query, "duration": "0s", "evaluationInterval": "60s"}
    return AlertPolicy(
        name, (), "P1", {"conditions": [{"conditionPrometheusQueryLanguage": condition}]}, Path(f"{name}.yaml")
    )


def _definitions(threshold: int = 3, query: str = FILTER, name: str = "rejections") -> Definitions:
    metrics = (_metric(name, query, labels=STORE), _metric("statuses", value="EXTRACT(jsonPayload.status)"))
    count, sums = f"{metrics[0].promql_name}", f"{metrics[1].promql_name}_sum"
    return Definitions(
        metrics,
        (
            _policy("many", f"sum by (store_id) (sum_over_time({count}[2m])) > {threshold}"),
            _policy("high", f"sum(sum_over_time({sums}[2m])) > 1000"),
        ),
        (),
    )


def _entries(seed: int = 1, many: int = 200) -> list[dict[str, Any]]:
    drawn = random.Random(seed)
    return [rejection(START + timedelta(seconds=drawn.randrange(7200)), f"s-{drawn.randrange(4)}") for _ in range(many)]


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(tmp_path / "cache [a]*")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return write(tmp_path / "day.jsonl", _entries())


class Seen:
    """What is worked out: metrics that are counted, times that Prometheus is filled and that it is asked."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.counted: list[str] = []
        self.filled, self.started, self.asked = 0, 0, [""]
        count, fill, ask = kept_points.count_files, kept_answers.store_points, prometheus.Prometheus.query_range
        run = prometheus.prometheus_with

        def counting(con: Any, metrics: Any, *rest: Any, **options: Any) -> Any:
            self.counted += [metric.name for metric in metrics]
            return count(con, metrics, *rest, **options)

        def filling(*rest: Any) -> Any:
            self.filled += 1
            return fill(*rest)

        def running(*rest: Any) -> Any:
            self.started += 1
            return run(*rest)

        def asking(self_: Any, query: str, *rest: Any) -> Any:
            self.asked.append(query)
            return ask(self_, query, *rest)

        patch.setattr(kept_points, "count_files", counting)
        patch.setattr(kept_answers, "store_points", filling)
        patch.setattr(kept_answers, "prometheus_with", running)
        patch.setattr(prometheus.Prometheus, "query_range", asking)
        self.clear()

    def clear(self) -> None:
        self.counted, self.filled, self.started, self.asked = [], 0, 0, []


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> Seen:
    return Seen(monkeypatch)


def test_the_second_time_nothing_is_read_and_prometheus_does_not_start(cache: Cache, file: Path, seen: Seen) -> None:
    first = replay(_definitions(), [file], cache=cache)
    assert sorted(seen.counted) == ["rejections", "statuses"]
    assert (seen.filled, seen.started) == (1, 1)
    seen.clear()
    again = replay(_definitions(), [file], cache=cache)
    assert (seen.counted, seen.filled, seen.started, seen.asked) == ([], 0, 0, [])
    assert again == first == replay(_definitions(), [file])


def test_a_changed_threshold_touches_no_entry_and_asks_one_query(cache: Cache, file: Path, seen: Seen) -> None:
    replay(_definitions(3), [file], cache=cache)
    seen.clear()
    found = replay(_definitions(4), [file], cache=cache)
    assert (seen.counted, seen.filled) == ([], 0)
    assert len(seen.asked) == 1
    assert "> 4" in seen.asked[0]
    assert found == replay(_definitions(4), [file])


def test_a_changed_filter_counts_its_own_metric_only(cache: Cache, file: Path, seen: Seen) -> None:
    replay(_definitions(), [file], cache=cache)
    seen.clear()
    narrow = f'{FILTER} AND jsonPayload.store_id="s-1"'
    found = replay(_definitions(query=narrow), [file], cache=cache)
    assert seen.counted == ["rejections"]
    assert all("statuses" not in query for query in seen.asked)
    assert found == replay(_definitions(query=narrow), [file])


def test_a_renamed_metric_is_not_counted_again_and_not_mixed_up(cache: Cache, file: Path, seen: Seen) -> None:
    replay(_definitions(), [file], cache=cache)
    seen.clear()
    found = replay(_definitions(name="refusals"), [file], cache=cache)
    assert seen.counted == []
    assert found == replay(_definitions(name="refusals"), [file])


def test_the_same_bytes_under_another_name_are_known(cache: Cache, file: Path, tmp_path: Path, seen: Seen) -> None:
    (tmp_path / "broken.jsonl").write_text(file.read_text() + "no json\n")
    first = replay(_definitions(), [tmp_path / "broken.jsonl"], cache=cache)
    seen.clear()
    (tmp_path / "broken.jsonl").rename(tmp_path / "other.jsonl")
    again = replay(_definitions(), [tmp_path / "other.jsonl"], cache=cache)
    assert seen.counted == []
    assert again.incidents == first.incidents
    assert [one.file for one in again.first_rejected] == [str(tmp_path / "other.jsonl")]
    assert again == replay(_definitions(), [tmp_path / "other.jsonl"])


def test_one_more_entry_is_another_log(cache: Cache, file: Path, seen: Seen) -> None:
    replay(_definitions(), [file], cache=cache)
    seen.clear()
    write(file, [*_entries(), rejection(START, "s-9")])
    assert replay(_definitions(), [file], cache=cache) == replay(_definitions(), [file])
    assert seen.counted[:2] == ["rejections", "statuses"]


def test_without_a_metric_other_logs_have_other_counts(cache: Cache, file: Path, tmp_path: Path) -> None:
    nothing = Definitions((), (), ())
    replay(nothing, [file], cache=cache)
    other = write(tmp_path / "other.jsonl", _entries(2, 7))
    assert replay(nothing, [other], cache=cache) == replay(nothing, [other])


def test_a_file_that_changes_while_it_is_read_is_not_kept(
    cache: Cache, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    count = kept_points.count_files

    def growing(*arguments: Any, **options: Any) -> Any:
        with file.open("a") as opened:
            opened.write("\n")
        return count(*arguments, **options)

    monkeypatch.setattr(kept_points, "count_files", growing)
    replay(_definitions(), [file], cache=cache)
    assert cache.results() == []


def test_what_is_rejected_is_told_each_time(
    cache: Cache, file: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file.write_text(file.read_text() + "no json\n")
    for _ in range(2):
        caplog.clear()
        replay(_definitions(), [file], cache=cache)
        assert "1 of 201 log entries could not be used" in caplog.text
    with pytest.raises(UserError, match="is not JSON"):
        replay(_definitions(), [file], strict=True, cache=cache)


def _half(content: bytes) -> bytes:
    return content[: len(content) // 2]


def _other_bit(content: bytes) -> bytes:
    middle = len(content) // 2
    return content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]


def _other_object(content: bytes) -> bytes:
    return b"{}"


@dataclass(frozen=True)
class Known:
    """A log, the cache after a replay of it, and what a fresh replay with another threshold finds."""

    file: Path
    folder: Path
    expected: ReplayResult


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> Known:
    folder = tmp_path_factory.mktemp("known")
    file = write(folder / "day.jsonl", _entries())
    replay(_definitions(3), [file], cache=Cache(folder / "cache"))
    return Known(file, folder / "cache", replay(_definitions(4), [file]))


@pytest.mark.parametrize(
    ("kind", "damage"),
    [
        *((kind, _half) for kind in ("answers", "blocks", "counts", "found", "points")),
        *((kind, _other_bit) for kind in ("answers", "counts", "found", "points")),
        *((kind, _other_object) for kind in ("answers", "counts", "found")),
    ],
)
def test_a_damaged_cache_is_slow_and_never_wrong(
    cache: Cache, known: Known, kind: str, damage: Callable[[bytes], bytes]
) -> None:
    assert cache.folder is not None
    shutil.copytree(known.folder, cache.folder)
    if kind in ("points", "counts"):
        shutil.rmtree(cache.folder / "found")
        shutil.rmtree(cache.folder / "blocks")
    for damaged in (cache.folder / kind).rglob("*"):
        if damaged.is_file():
            content = damaged.read_bytes()
            damaged.unlink()
            damaged.write_bytes(damage(content))
    assert replay(_definitions(4), [known.file], cache=cache) == known.expected


def test_standard_input_is_never_kept(cache: Cache, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with file.open("rb") as opened:
        monkeypatch.setattr("sys.stdin", type("Stdin", (), {"buffer": opened})())
        found = replay(_definitions(), ["-"], cache=cache)
    assert found.incidents == replay(_definitions(), [file]).incidents
    assert cache.results() == []


def test_small_files_are_kept_as_one_and_large_ones_by_themselves(
    cache: Cache, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seen: Seen
) -> None:
    files = [write(tmp_path / f"{number}.jsonl", _entries(number, 50)) for number in range(3)]
    assert len(kept_files.groups_of(files, cache)) == 1
    monkeypatch.setattr(kept_files, "_GROUP_BYTES", 1)
    assert len(kept_files.groups_of(files, cache)) == 3
    replay(_definitions(), files[:2], cache=cache)
    seen.clear()
    found = replay(_definitions(), files, cache=cache)
    assert seen.counted == ["rejections", "statuses"], "the file that came"
    assert found == replay(_definitions(), files)
    assert seen.counted == ["rejections", "statuses"] * 2, "without a cache all files are counted together"


def test_a_packed_file_counts_as_the_text_in_it(cache: Cache, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    packed = [tmp_path / f"{number}.jsonl.gz" for number in range(4)]
    for file in packed:
        file.write_bytes(b"x" * 1_000)
    monkeypatch.setattr(kept_files, "_GROUP_BYTES", 20_000)
    assert [len(group.files) for group in kept_files.groups_of(packed, cache)] == [2, 2]


def test_no_log_text_is_kept(cache: Cache, file: Path) -> None:
    write(file, [{**rejection(START, "s-1"), "labels": {"secret": "a-secret-in-the-log"}}])
    replay(_definitions(0), [file], cache=cache)
    for result in cache.results():
        for one in [result.path, *result.path.rglob("*")]:
            if one.is_file():
                content = one.read_bytes()
                assert b"a-secret-in-the-log" not in content
                if content[:1] == b"x":
                    assert b"a-secret-in-the-log" not in zlib.decompress(content)


@pytest.mark.parametrize("seed", range(4))
def test_whatever_is_edited_the_kept_answers_are_those_of_a_fresh_replay(
    cache: Cache, tmp_path: Path, seed: int
) -> None:
    drawn = random.Random(seed)
    files = [write(tmp_path / f"{number}.jsonl", _entries(number, 30)) for number in range(2)]
    threshold, query, name, until = 3, FILTER, "rejections", None
    for _ in range(5):
        match drawn.randrange(6):
            case 0:
                threshold = drawn.randrange(6)
            case 1:
                query = f'{FILTER} AND jsonPayload.store_id!="s-{drawn.randrange(4)}"'
            case 2:
                name = drawn.choice(["rejections", "refusals"])
            case 3:
                write(files[1], _entries(drawn.randrange(9), 30))
            case 4:
                packed = tmp_path / "packed.gz"
                if files[0] != packed:
                    packed.write_bytes(gzip.compress(files[0].read_bytes()))
                    files[0] = packed
            case _:
                until = START + timedelta(minutes=drawn.randrange(60, 120))
        definitions = _definitions(threshold, query, name)
        if drawn.random() < 0.3:
            definitions = replace(definitions, alert_policies=definitions.alert_policies[:1])
        kept = replay(definitions, files, end=until, cache=cache)
        assert kept == replay(definitions, files, end=until, cache=NO_CACHE)


def test_who_asks_again_after_an_error_hears_of_the_same(
    cache: Cache, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    definitions = _definitions()
    assert cache.folder is not None
    replay(definitions, [file], cache=cache)
    shutil.rmtree(cache.folder / "blocks")
    shutil.rmtree(cache.folder / "answers")

    first = int(START.timestamp())

    def full(*_: object) -> None:
        raise UserError("there is no room")

    monkeypatch.setattr(kept_answers, "store_points", full)
    wanted = series_in_queries(definitions.log_metrics, [one.query for one in definitions.alert_policies])
    with kept_answers.answering(definitions.log_metrics, [file], wanted, cache) as (answers, _):
        for policy in definitions.alert_policies:
            with pytest.raises(UserError, match="there is no room"):
                answers.query_range(policy.query, first, first, 60)
