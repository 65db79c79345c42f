"""The price table: dated data, checked when it is read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from loyalty_monitoring.errors import UserError, nearest
from loyalty_monitoring.yaml_source import Document, Path_, load_yaml

SHIPPED = Path(__file__).with_name("prices.yaml")
_OLD_AFTER_DAYS = 365
_UNITS: Mapping[str, tuple[str, ...]] = {
    "metric_ingestion": ("MiB",),
    "alert_queries": ("metric reference", "condition"),
    "alert_points": ("million points",),
    "log_storage": ("GiB",),
}
_CERTAINTIES = ("documented", "second-hand")


@dataclass(frozen=True)
class Origin:
    """Where a fact comes from; `read` is the day on which the source was read."""

    source: str
    read: date
    certainty: str


@dataclass(frozen=True)
class Tier:
    """Up to this amount a month, None is without end, a unit costs `usd`."""

    up_to: float | None
    usd: float


@dataclass(frozen=True)
class Price:
    """What a unit costs a month: the first `free` units nothing, the others what their tier says, from a day on."""

    unit: str
    free: float
    tiers: tuple[Tier, ...]
    since: date
    origin: Origin


@dataclass(frozen=True)
class PriceTable:
    file: Path
    checked: date
    metric_ingestion: Price
    alert_queries: Price
    alert_points: Price
    log_storage: Price
    counter_bytes: int
    distribution_bytes: int
    bytes_origin: Origin
    series_limit: int
    limit_origin: Origin

    def is_old(self, today: date) -> bool:
        return (today - self.checked).days > _OLD_AFTER_DAYS

    @property
    def prices(self) -> dict[str, Price]:
        return {name: getattr(self, name) for name in _UNITS}


def load_prices(file: Path = SHIPPED) -> PriceTable:
    """Read a price table. Errors: UserError with file, line and what to write instead."""
    document = load_yaml(file)
    table = _Reader(document, document.data, ())
    prices = table.section("prices")
    found = {name: _price(prices.section(name), units) for name, units in _UNITS.items()}
    prices.end()
    sizes, limit = table.section("bytes_per_point"), table.section("active_series_per_metric")
    result = PriceTable(
        file=file,
        checked=table.day("checked"),
        metric_ingestion=found["metric_ingestion"],
        alert_queries=found["alert_queries"],
        alert_points=found["alert_points"],
        log_storage=found["log_storage"],
        counter_bytes=sizes.whole("counter"),
        distribution_bytes=sizes.whole("distribution"),
        bytes_origin=_origin(sizes),
        series_limit=limit.whole("limit"),
        limit_origin=_origin(limit),
    )
    for section in (sizes, limit, table):
        section.end()
    return result


def _price(section: _Reader, units: tuple[str, ...]) -> Price:
    price = Price(
        unit=section.one_of("unit", units),
        free=section.number("free"),
        tiers=_tiers(section),
        since=section.day("from"),
        origin=_origin(section),
    )
    section.end()
    return price


def _tiers(section: _Reader) -> tuple[Tier, ...]:
    items = section.take("tiers")
    if not isinstance(items, list) or not items:
        raise section.error("tiers", "must be a list of at least one tier, such as `- {usd: 0.5}`")
    tiers: list[Tier] = []
    reached = 0.0
    for index, item in enumerate(items):
        tier = _Reader(section.document, item, (*section.path, "tiers", index))
        last = index == len(items) - 1
        if last and "up_to" in tier.data:
            raise tier.error("up_to", "the last tier has no end; remove up_to, or add a tier without it")
        up_to = None if last else tier.number("up_to")
        if up_to is not None and up_to <= reached:
            raise tier.error("up_to", f"must be more than the tier before it ends at ({reached:g}); order the tiers")
        reached = up_to or reached
        tiers.append(Tier(up_to, tier.number("usd")))
        tier.end()
    return tuple(tiers)


def _origin(section: _Reader) -> Origin:
    source = section.take("source")
    if not isinstance(source, str) or not source.startswith("https://"):
        raise section.error("source", "must be the https:// address of the page that says so")
    return Origin(source, section.day("read"), section.one_of("certainty", _CERTAINTIES))


class _Reader:
    """A mapping of the file, whose keys are taken one by one; a key that nobody took is an error."""

    def __init__(self, document: Document, data: Any, path: Path_) -> None:
        self.document, self.path = document, path
        if not isinstance(data, dict):
            raise UserError("must be a mapping of keys to values", document.position(path))
        self.data: dict[str, Any] = data
        self._taken: set[str] = set()

    def take(self, key: str) -> Any:
        self._taken.add(key)
        if key not in self.data:
            raise self.error(key, "is missing; add it")
        return self.data[key]

    def section(self, key: str) -> _Reader:
        return _Reader(self.document, self.take(key), (*self.path, key))

    def number(self, key: str) -> float:
        value = self.take(key)
        if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
            raise self.error(key, f"{value!r} is no amount; write a number of 0 or more")
        return float(value)

    def whole(self, key: str) -> int:
        value = self.take(key)
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            raise self.error(key, f"{value!r} is no count; write a whole number of 1 or more")
        return value

    def day(self, key: str) -> date:
        value = self.take(key)
        try:
            return date.fromisoformat(str(value))
        except ValueError as error:
            raise self.error(key, f"{value!r} is no day; write it like 2026-11-23") from error

    def one_of(self, key: str, known: tuple[str, ...]) -> str:
        value = self.take(key)
        if value not in known:
            raise self.error(key, f"{value!r} is not known{nearest(str(value), known)}")
        return str(value)

    def end(self) -> None:
        for key in self.data:
            if key not in self._taken:
                raise self.error(key, f"is not known{nearest(key, self._taken)}")

    def error(self, key: str, message: str) -> UserError:
        path = (*self.path, key)
        return UserError(f"{'.'.join(map(str, path))}: {message}", self.document.position(path))
