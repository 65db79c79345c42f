"""Points as requests of remote write, by which Prometheus takes many of them in a tenth of the time that text needs.

The protocol: https://prometheus.io/docs/specs/prw/remote_write_spec/ (1.0), whose messages are
https://protobuf.dev/programming-guides/encoding/ in https://github.com/google/snappy/blob/main/format_description.txt.
All samples of a request are made at once: one by one, each would cost a microsecond.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from loyalty_monitoring.common.database import Connection, quoted
from loyalty_monitoring.definitions.model import LogMetric
from loyalty_monitoring.replay.metric_points import bucket_bounds
from loyalty_monitoring.replay.open_metrics import SECONDS_INTO_MINUTE, series_names_of

HEADERS = {
    "Content-Type": "application/x-protobuf",
    "Content-Encoding": "snappy",
    "X-Prometheus-Remote-Write-Version": "0.1.0",
}
_REQUEST_BYTES = 4_000_000
# Numbers of all points that are read for one slice of time, on average; a distribution has one for each bucket.
_NUMBERS_AT_ONCE = 4_000_000
# Prometheus takes no sample that is older than the newest one by more than half of a block, which here is 2 years.
_MOST_MINUTES = 366 * 24 * 60
# A field of a message is a key (number << 3 | type) and its value; type 2 is preceded by its length.
_TIME_SERIES, _LABEL, _NAME, _VALUE = b"\x0a", b"\x0a", b"\x0a", b"\x12"
_TIME_BYTES = 7  # 7 bits each: milliseconds from 1970 up to the year 19800
# TimeSeries.samples of {value: double = 1; timestamp: int64 = 2}, each as long as any other.
_SAMPLE = np.dtype(
    [("key", "2u1"), ("value_key", "u1"), ("value", "<f8"), ("time_key", "u1"), ("time", f"{_TIME_BYTES}u1")]
)
_LABEL_TEXT = re.compile(r'([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"', re.ASCII | re.DOTALL)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_MILLISECONDS_INTO_MINUTE = round(float(SECONDS_INTO_MINUTE) * 1000)


def remote_write_requests(
    con: Connection, metrics: Sequence[LogMetric], wanted: Collection[str], *, with_views: bool = False
) -> Iterator[bytes]:
    """Yield requests with what `write_open_metrics` writes; each series' samples come in order of time."""
    parts: list[bytes] = []
    size = 0
    for part in _time_series(con, metrics, wanted, with_views):
        parts.append(part)
        size += len(part)
        if size > _REQUEST_BYTES:
            yield _compressed(b"".join(parts))
            parts, size = [], 0
    if parts:
        yield _compressed(b"".join(parts))


def _time_series(
    con: Connection, metrics: Sequence[LogMetric], wanted: Collection[str], with_views: bool
) -> Iterator[bytes]:
    for first, last in _slices(con):
        for number, metric in enumerate(metrics):
            names = [name for name in series_names_of(metric) if name in wanted]
            points = f"metric = {number} AND minute BETWEEN {first} AND {last}"
            yield from _of_names(con, metric, names, "spaced", points)
            for name in names if with_views else ():
                yield from _of_names(con, metric, [name], "views", f"{points} AND name = {quoted(name)}")


def _slices(con: Connection) -> Iterator[tuple[int, int]]:
    """Yield the first and the last minute of slices of equal length; no point is left out."""
    # In `views` the zeros beside a point are rows of their own.
    found = con.execute(
        "SELECT sum(1 + coalesce(len(below), 0))::BIGINT, min(minute) - 1, max(minute) + 1 FROM spaced"
    ).fetchone()
    assert found is not None
    numbers, first, last = found
    if not numbers:
        return
    minutes = min((last - first) // (numbers // _NUMBERS_AT_ONCE + 1) + 1, _MOST_MINUTES)
    for start in range(first, last + 1, minutes):
        yield start, start + minutes - 1


def _of_names(con: Connection, metric: LogMetric, names: Sequence[str], table: str, condition: str) -> Iterator[bytes]:
    """Yield the series of these names of a metric, of the rows of a table for which the condition holds."""
    if not names:
        return
    view, order = ("view", "view, series, minute") if table == "views" else ("''", "series, minute")
    series = con.execute(
        f"""SELECT {view} AS view, series, labels, (count(*) + sum(zero_before::INTEGER + zero_after::INTEGER))::BIGINT
        FROM {table} JOIN series USING (series) WHERE {condition} GROUP BY ALL ORDER BY ALL"""
    ).fetchall()
    if not series:
        return
    columns = ["minute", "zero_before", "zero_after", "n", *(["total"] if metric.is_distribution else [])]
    ordered = f"FROM {table} WHERE {condition} ORDER BY {order}"
    points = con.execute(f"SELECT {', '.join(columns)} {ordered}").fetchnumpy()
    spread = _Spread(points["minute"], points["zero_before"], points["zero_after"])
    ends = np.cumsum([count for *_, count in series]).tolist()
    heads = [(at, _pairs(labels)) for at, _, labels, _ in series]

    def written(name: str, values: NDArray[np.generic], more: str | None = None) -> Iterator[bytes]:
        samples = memoryview(spread.samples(values).tobytes())
        start = 0
        for (view, pairs), end in zip(heads, ends, strict=True):
            own = [("__name__", name + view), *([] if more is None else [("le", more)])]
            head = _labels([*pairs, *own])
            some = samples[start * _SAMPLE.itemsize : end * _SAMPLE.itemsize]
            yield b"".join((_TIME_SERIES, _varint(len(head) + len(some)), head, some))
            start = end

    for name in names:
        if metric.is_distribution and name.endswith("_bucket"):
            bounds = bucket_bounds(metric.body.get("bucketOptions", {}))
            below = con.execute(f"SELECT unnest(below) AS below FROM (SELECT below {ordered})").fetchnumpy()["below"]
            for bound, values in zip(bounds, below.reshape(-1, len(bounds)).T, strict=True):
                yield from written(name, values, repr(bound))
            yield from written(name, points["n"], "+Inf")
        else:
            yield from written(name, points["total" if metric.is_distribution and name.endswith("_sum") else "n"])


class _Spread:
    """Points with the zeros beside them: which point each sample is of, and when it is."""

    def __init__(
        self, minutes: NDArray[np.integer], zero_before: NDArray[np.bool_], zero_after: NDArray[np.bool_]
    ) -> None:
        each = 1 + zero_before.astype(np.int64) + zero_after
        firsts = np.cumsum(each) - each
        self._point = np.repeat(np.arange(len(each)), each)
        offset = np.arange(len(self._point)) - (firsts + zero_before)[self._point]
        self._is_zero = offset != 0
        at = (minutes.astype(np.int64)[self._point] + offset) * 60_000 + _MILLISECONDS_INTO_MINUTE
        self._times = np.empty((len(at), _TIME_BYTES), np.uint8)
        for place in range(_TIME_BYTES - 1):
            self._times[:, place] = at >> 7 * place & 0x7F | 0x80
        self._times[:, -1] = at >> 7 * (_TIME_BYTES - 1)

    def samples(self, values: NDArray[np.generic]) -> NDArray[np.void]:
        """Return each sample as it is sent."""
        found = np.empty(len(self._point), _SAMPLE)
        found["key"] = 2 << 3 | 2, _SAMPLE.itemsize - 2
        found["value_key"] = 1 << 3 | 1
        found["value"] = np.where(self._is_zero, 0, values[self._point])
        found["time_key"] = 2 << 3
        found["time"] = self._times
        return found


def _pairs(labels: str) -> list[tuple[str, str]]:
    """Return the labels that OpenMetrics text names. One that is there twice stays so, for Prometheus to refuse."""
    return [(name, _ESCAPED.sub(_unescaped, value)) for name, value in _LABEL_TEXT.findall(labels)]


def _unescaped(escaped: re.Match[str]) -> str:
    return "\n" if escaped[1] == "n" else escaped[1]


def _labels(labels: Iterable[tuple[str, str]]) -> bytes:
    """Return the labels in order of their names, as the protocol wants them; a label without a value is none."""
    return b"".join(
        _field(_LABEL, (_field(_NAME, (name.encode(),)), _field(_VALUE, (value.encode(),))))
        for name, value in sorted(labels)
        if value
    )


def _field(key: bytes, parts: Iterable[bytes]) -> bytes:
    whole = b"".join(parts)
    return key + _varint(len(whole)) + whole


def _varint(number: int) -> bytes:
    found = bytearray()
    while number > 0x7F:
        found.append(number & 0x7F | 0x80)
        number >>= 7
    found.append(number)
    return bytes(found)


def _compressed(message: bytes) -> bytes:
    """Return the message in Snappy's format, as one literal: what goes over loopback need not be small."""
    return _varint(len(message)) + b"\xfc" + (len(message) - 1).to_bytes(4, "little") + message
