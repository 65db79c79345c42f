"""The price table: dated data, checked when it is read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from loyalty_monitoring.common.errors import UserError
from loyalty_monitoring.common.schema_check import check_schema
from loyalty_monitoring.common.yaml_documents import Document, Path_, load_yaml

SHIPPED = Path(__file__).with_name("prices.yaml")
_OLD_AFTER_DAYS = 365
_PRICES = ("metric_ingestion", "alert_queries", "alert_points", "log_storage")


@dataclass(frozen=True)
class Origin:
    """The source of a fact; `read` is the day on which the source was read."""

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
    """The monthly price of a unit: the first `free` units cost nothing, the others what their tier says, from
    a day on.
    """

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
        return {name: getattr(self, name) for name in _PRICES}


def load_prices(file: Path = SHIPPED) -> PriceTable:
    """Read a price table. Errors: UserError with file, line and what to write instead."""
    document = load_yaml(file)
    check_schema("prices", document)
    table = document.data
    found = {name: _price(document, ("prices", name), table["prices"][name]) for name in _PRICES}
    sizes, limit = table["bytes_per_point"], table["active_series_per_metric"]
    return PriceTable(
        file=file,
        checked=_day(document, (), table, "checked"),
        metric_ingestion=found["metric_ingestion"],
        alert_queries=found["alert_queries"],
        alert_points=found["alert_points"],
        log_storage=found["log_storage"],
        counter_bytes=sizes["counter"],
        distribution_bytes=sizes["distribution"],
        bytes_origin=_origin(document, ("bytes_per_point",), sizes),
        series_limit=limit["limit"],
        limit_origin=_origin(document, ("active_series_per_metric",), limit),
    )


def _price(document: Document, path: Path_, price: Mapping[str, Any]) -> Price:
    return Price(
        unit=price["unit"],
        free=float(price["free"]),
        tiers=tuple(_tiers(document, (*path, "tiers"), price["tiers"])),
        since=_day(document, path, price, "from"),
        origin=_origin(document, path, price),
    )


def _tiers(document: Document, path: Path_, tiers: list[Mapping[str, float]]) -> Iterator[Tier]:
    reached = 0.0
    for index, tier in enumerate(tiers):
        place = document.position((*path, index, "up_to"))
        up_to = tier.get("up_to")
        if index == len(tiers) - 1:
            if up_to is not None:
                raise UserError("the last tier has no end; remove its up_to, or add a tier without one", place)
        elif up_to is None:
            raise UserError("only the last tier has no end; add up_to to this one", place)
        elif up_to <= reached:
            raise UserError(f"this tier ends before it begins, at {reached:,.0f}; order the tiers by up_to", place)
        else:
            reached = float(up_to)
        yield Tier(None if up_to is None else float(up_to), float(tier["usd"]))


def _origin(document: Document, path: Path_, fact: Mapping[str, Any]) -> Origin:
    return Origin(fact["source"], _day(document, path, fact, "read"), fact["certainty"])


def _day(document: Document, path: Path_, fact: Mapping[str, Any], key: str) -> date:
    try:
        return date.fromisoformat(fact[key])
    except ValueError as error:
        place = document.position((*path, key))
        raise UserError(f"{fact[key]} is no day of the calendar; correct it", place) from error
