"""However points get into Prometheus, it holds the same: sent by remote write or read from a file of text."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from loyalty_monitoring.common.database import Connection, connect
from loyalty_monitoring.common.errors import UserError
from loyalty_monitoring.definitions.metric_usage import series_names
from loyalty_monitoring.replay import blocks, prometheus, remote_write
from loyalty_monitoring.replay.arrival import RandomDelay, make_parts
from loyalty_monitoring.replay.blocks import store_points
from loyalty_monitoring.replay.late_evaluation import Asked, make_views
from loyalty_monitoring.replay.metric_points import points_of_files
from loyalty_monitoring.replay.prometheus import Given, Prometheus, SamplesRefused, prometheus_with
from tests.log_lines import write
from tests.replay.test_metric_points import entry, metric

EVER = 9_214_646_400  # 2262
LAST = datetime(2261, 12, 31, 23, 59, 59, tzinfo=UTC)
COUNTER = metric(
    labels={"label": "EXTRACT(jsonPayload.label)", "kind": "EXTRACT(jsonPayload.kind)"}, name="loyalty/counter"
)
SIZES = metric(
    labels={"label": "EXTRACT(jsonPayload.label)"},
    value="EXTRACT(jsonPayload.size)",
    buckets={"explicitBuckets": {"bounds": [-1.5, 0, 0.1, 1, 1e21]}},
    name="loyalty/sizes",
)
METRICS = [COUNTER, SIZES]
NAMES = {name for one in METRICS for name in series_names(one)}
LABELS = ["plain", "", 'a "quoted" one', "back\\slash", "two\nlines", "\\n", "Größe 😀", 'le="1",x="', "}", "x" * 300]
Sample = tuple[float, str]


def entries_at(times: Sequence[datetime], seed: int = 1) -> list[dict[str, Any]]:
    drawn = random.Random(seed)
    sizes = [0, -3, 0.1, 1, 7.25, 1e-9, 12345678.9, 1e21, 2**53]
    return [
        entry(0, label=drawn.choice(LABELS), kind=drawn.choice(LABELS), size=drawn.choice(sizes))
        | {"timestamp": time.isoformat()}
        for time in times
    ]


def minutes_from(start: datetime, seed: int = 1, many: int = 120) -> list[datetime]:
    """Instants with neighbours, gaps of one and two minutes, and far ones."""
    drawn = random.Random(seed)
    return [start + timedelta(minutes=drawn.randrange(200), seconds=drawn.randrange(60)) for _ in range(many)]


@contextmanager
def points_of(folder: Path, times: Sequence[datetime], *, late: bool = False) -> Iterator[Connection]:
    """The tables of points, with `late` also the views of a query that is asked with late points."""
    with connect() as con:
        points_of_files(con, METRICS, [write(folder / "e.jsonl", entries_at(times))], NAMES)
        if late:
            first, last = (int(one.timestamp()) // 60 * 60 for one in (min(times), max(times)))
            query = " or ".join(f"sum_over_time({name}[3m])" for name in sorted(NAMES))
            make_parts(con, METRICS, [RandomDelay(600, 3)])
            make_views(con, METRICS, [Asked(query, 60, ((first, last),))], NAMES)
        yield con


def held(server: Prometheus) -> dict[tuple[tuple[str, str], ...], list[Sample]]:
    """Each series with all of its samples, as exact as Prometheus prints them."""
    found = server._ask("query", {"query": f'{{__name__=~".+"}}[{EVER}s]', "time": EVER})
    return {tuple(sorted(one["metric"].items())): [(at, value) for at, value in one["values"]] for one in found}


def stored(con: Connection, data: Path, *, late: bool = False) -> tuple[Given, Mapping[Any, list[Sample]]]:
    given = store_points(con, METRICS, NAMES, data, with_views=late)
    with prometheus_with(data, given) as server:
        return given, held(server)


@pytest.fixture
def fills(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """How Prometheus was filled, in order."""
    found: list[str] = []
    fill, take = prometheus.backfill, Prometheus.take

    def filling(*rest: Any) -> None:
        found.append("text")
        fill(*rest)

    def taking(*rest: Any) -> None:
        found.append("request")
        take(*rest)

    monkeypatch.setattr(blocks, "backfill", filling)
    monkeypatch.setattr(Prometheus, "take", taking)
    return found


TIMES = {
    "an evening": minutes_from(datetime(2026, 11, 7, 18, tzinfo=UTC)),
    "the first minutes of 1970": [datetime(1970, 1, 1, tzinfo=UTC), *minutes_from(datetime(1970, 1, 1, tzinfo=UTC))],
    "the last of 2261": [LAST, *minutes_from(datetime(2261, 12, 31, 20, 40, tzinfo=UTC))],
    "years apart": [
        one
        for year in (1970, 1975, 2024, 2026, 2027, 2261)
        for one in minutes_from(datetime(year, 7, 1, tzinfo=UTC), seed=year, many=15)
    ],
}


@pytest.mark.parametrize(
    ("times", "late"),
    [*((one, False) for one in TIMES.values()), (TIMES["an evening"], True)],
    ids=[*TIMES, "an evening, late"],
)
def test_prometheus_holds_the_same_whether_points_are_sent_or_read_from_text(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fills: list[str], times: list[datetime], late: bool
) -> None:
    # Several slices of time, and several requests in each.
    monkeypatch.setattr(remote_write, "_NUMBERS_AT_ONCE", 300)
    monkeypatch.setattr(remote_write, "_REQUEST_BYTES", 5_000)
    with points_of(tmp_path, times, late=late) as con:
        given, as_text = stored(con, tmp_path / "text", late=late)
        assert fills == ["text"]
        monkeypatch.setattr(blocks, "_FEW", 0)
        assert stored(con, tmp_path / "sent", late=late) == (given, as_text)
    assert "text" not in fills[1:]
    assert len(fills) > 3
    assert sum(map(len, as_text.values())) == given.samples.total() > 1000
    assert len(as_text) == given.series.total()
    assert any(":late_" in dict(one)["__name__"] for one in as_text) == late


def test_no_points_are_stored_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocks, "_FEW", -1)
    with connect() as con:
        points_of_files(con, METRICS, [write(tmp_path / "e.jsonl", [])], NAMES)
        assert stored(con, tmp_path / "data")[1] == {}


def test_points_that_prometheus_refuses_are_read_from_text(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fills: list[str]
) -> None:
    """As later versions refuse what is ahead of their clock, here in the middle."""
    taken = iter([True, True])

    def take(*_: object) -> None:
        if not next(taken, False):
            raise SamplesRefused("out of bounds")

    with points_of(tmp_path, TIMES["an evening"]) as con:
        expected = stored(con, tmp_path / "text")
        monkeypatch.setattr(blocks, "_FEW", 0)
        monkeypatch.setattr(remote_write, "_REQUEST_BYTES", 5_000)
        monkeypatch.setattr(Prometheus, "take", take)
        assert stored(con, tmp_path / "data") == expected
    assert fills == ["text", "text"]


def test_prometheus_refuses_samples_that_come_after_much_newer_ones(tmp_path: Path) -> None:
    def request(year: int) -> bytes:
        with points_of(tmp_path, minutes_from(datetime(year, 7, 1, tzinfo=UTC), many=10)) as con:
            return next(remote_write.remote_write_requests(con, METRICS, NAMES))

    with prometheus.receiving(tmp_path / "data") as server:
        server.take(request(2026), remote_write.HEADERS)
        with pytest.raises(SamplesRefused, match="out of bounds"):
            server.take(request(2020), remote_write.HEADERS)


def test_an_error_of_the_server_is_told_and_is_no_refusal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fills: list[str]
) -> None:
    monkeypatch.setattr(blocks, "_FEW", 0)
    monkeypatch.setattr(prometheus, "_RECEIVING", ("--web.enable-admin-api",))  # it takes nothing at all
    with (
        points_of(tmp_path, TIMES["an evening"]) as con,
        pytest.raises(UserError, match=r"Prometheus could not store the points \(404"),
    ):
        store_points(con, METRICS, NAMES, tmp_path / "data")
    assert fills == ["request"]


@pytest.mark.parametrize("few", [10**9, 0], ids=["text", "sent"])
def test_a_label_with_the_name_of_the_buckets_bounds_is_told_and_never_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, few: int
) -> None:
    named = metric(labels={"le": "EXTRACT(jsonPayload.label)"}, value="EXTRACT(jsonPayload.size)")
    wanted = {f"{named.promql_name}_bucket"}
    monkeypatch.setattr(blocks, "_FEW", few)
    with connect() as con:
        points_of_files(con, [named], [write(tmp_path / "e.jsonl", [entry(0, label="x", size=1)])], wanted)
        with pytest.raises(UserError, match=r'label name \\*"le\\*" is not unique'):
            store_points(con, [named], wanted, tmp_path / "data")


def test_a_snapshot_that_fails_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocks, "_FEW", 0)
    monkeypatch.setattr(prometheus, "_RECEIVING", ("--web.enable-remote-write-receiver",))  # it makes none
    with (
        points_of(tmp_path, TIMES["an evening"]) as con,
        pytest.raises(UserError, match=r"could not store the points \(admin APIs disabled\); is there enough room"),
    ):
        store_points(con, METRICS, NAMES, tmp_path / "data")


def test_series_of_other_metrics_are_not_sent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocks, "_FEW", 0)
    wanted = {f"{SIZES.promql_name}_sum"}
    with points_of(tmp_path, TIMES["an evening"]) as con:
        given = store_points(con, METRICS, wanted, tmp_path / "data")
        with prometheus_with(tmp_path / "data", given) as server:
            assert {dict(one)["__name__"] for one in held(server)} == wanted == set(given.samples)
