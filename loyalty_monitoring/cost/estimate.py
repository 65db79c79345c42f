"""A sample of logs -> what is used -> a month of the system asked for -> USD, with the warnings that belong to it."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import pairwise
from pathlib import Path
from typing import Literal

from loyalty_monitoring.common.database import Progress, connect
from loyalty_monitoring.common.errors import UserError
from loyalty_monitoring.common.temporary_folders import temporary_folder
from loyalty_monitoring.cost.alerts import AlertForecast, AlertUsage, forecast_alert, measure_alerts
from loyalty_monitoring.cost.limits import Reach, level, reach
from loyalty_monitoring.cost.money import GIB, MIB, usd
from loyalty_monitoring.cost.prices import PriceTable
from loyalty_monitoring.cost.scale import MONTH_DAYS, Growth, MetricForecast, Size, forecast, growth, size
from loyalty_monitoring.cost.usage import Usage, measure
from loyalty_monitoring.definitions.log_contract import Contract
from loyalty_monitoring.definitions.metric_usage import series_in_queries, series_names
from loyalty_monitoring.definitions.model import Definitions
from loyalty_monitoring.definitions.project import Dimension
from loyalty_monitoring.replay.blocks import store_points
from loyalty_monitoring.replay.diagnosis import why_nothing_matched
from loyalty_monitoring.replay.entries.counts import EntryCounts
from loyalty_monitoring.replay.metric_points import points_of_files
from loyalty_monitoring.replay.prometheus import prometheus_with
from loyalty_monitoring.replay.run import window


@dataclass(frozen=True)
class MeasuredSample:
    """Measurements of log files."""

    start: datetime
    end: datetime
    usage: Usage
    alerts: tuple[AlertUsage, ...]


@dataclass(frozen=True)
class MetricCost:
    forecast: MetricForecast
    bytes: float
    reach: Reach


@dataclass(frozen=True)
class AlertCost:
    """USD once alerts are charged."""

    forecast: AlertForecast
    units: int
    usd: float


@dataclass(frozen=True)
class Estimate:
    """A month of 30 days. `usd_now` is what is charged on `today`, `usd_all` once every price of the table is."""

    sample: MeasuredSample
    size: Size
    growth: Growth
    prices: PriceTable
    today: date
    metrics: tuple[MetricCost, ...]
    alerts: tuple[AlertCost, ...]
    metric_bytes: float
    usd_metrics: float
    usd_alert_queries: float
    usd_alert_points: float
    log_bytes: float
    usd_log_storage: float
    warnings: tuple[str, ...]

    @property
    def usd_all(self) -> float:
        return self.usd_metrics + self.usd_alert_queries + self.usd_alert_points

    @property
    def usd_now(self) -> float:
        parts = {
            "metric_ingestion": self.usd_metrics,
            "alert_queries": self.usd_alert_queries,
            "alert_points": self.usd_alert_points,
        }
        return sum(part for name, part in parts.items() if self.prices.prices[name].since <= self.today)

    @property
    def all_charged_from(self) -> date:
        prices = self.prices
        return max(prices.metric_ingestion.since, prices.alert_queries.since, prices.alert_points.since)


_log = logging.getLogger("loyalty_monitoring.cost")
_NOTHING = "no metric matches an entry of the sample, so it says nothing about cost; give logs of this stack"


def measured(
    definitions: Definitions,
    files: Sequence[Path | Literal["-"]],
    dimensions: tuple[Dimension, ...] = (),
    progress: Progress | None = None,
) -> MeasuredSample:
    """Replay the files and measure. Errors: UserError for files without an entry."""
    metrics, policies = definitions.log_metrics, definitions.alert_policies
    wanted = series_in_queries(metrics, (policy.query for policy in policies))
    with temporary_folder() as folder:
        with connect() as con:
            counts, summaries = points_of_files(con, metrics, files, wanted, progress=progress)
            start, end = _window(counts)
            if not any(one.matched for one in summaries.values()):
                _log.warning("%s", "\n".join([_NOTHING, *why_nothing_matched(metrics, counts.origins)]))
            usage = measure(
                con,
                metrics,
                dimensions,
                days=(end - start).total_seconds() / 86_400,
                entries=counts.read - counts.rejected,
                log_bytes=counts.size,
            )
            given = store_points(con, metrics, wanted, folder / "data")
        if progress is not None:
            progress("Evaluating the alert policies", 0.0)
        with prometheus_with(folder / "data", given) as prometheus:
            alerts = measure_alerts(prometheus, policies, start, end)
    return MeasuredSample(start, end, usage, alerts)


def estimate(
    sample: MeasuredSample,
    contract: Contract,
    prices: PriceTable,
    *,
    today: date,
    wanted: Mapping[str, int | None],
) -> Estimate:
    """Return a month of a system with so many `wanted`, by dimension and "pods"; None is the sample's.

    Errors: UserError for a size that cannot be.
    """
    usage = sample.usage
    to = size(usage, wanted)
    by = growth(usage, to)
    fields = {name: tuple(event.fields) for name, event in contract.events.items()}
    metrics = tuple(_metric(forecast(one, usage.days, to, by, fields), prices, usage) for one in usage.metrics)
    labels = {name: frozenset(one.labels) for one in usage.metrics for name in series_names(one.metric)}
    alerts = tuple(_alert(forecast_alert(one, by, labels), prices) for one in sample.alerts)
    metric_bytes = sum(one.bytes for one in metrics)
    log_bytes = usage.log_bytes * max(by.factors.values(), default=1.0) * MONTH_DAYS / usage.days
    return Estimate(
        sample=sample,
        size=to,
        growth=by,
        prices=prices,
        today=today,
        metrics=metrics,
        alerts=alerts,
        metric_bytes=metric_bytes,
        usd_metrics=usd(prices.metric_ingestion, metric_bytes / MIB),
        usd_alert_queries=usd(prices.alert_queries, sum(one.units for one in alerts)),
        usd_alert_points=usd(prices.alert_points, sum(one.forecast.points for one in alerts) / 1e6),
        log_bytes=log_bytes,
        usd_log_storage=usd(prices.log_storage, log_bytes / GIB),
        warnings=tuple(_warnings(usage, to, metrics, prices, today)),
    )


def _window(counts: EntryCounts) -> tuple[datetime, datetime]:
    if counts.first_timestamp is None:
        raise UserError("the files hold no log entry; give logs of a day or more, or no FILE for the shipped sample")
    return window(counts, None, None)


def _metric(forecast: MetricForecast, prices: PriceTable, usage: Usage) -> MetricCost:
    size_of_point = prices.distribution_bytes if forecast.usage.metric.is_distribution else prices.counter_bytes
    return MetricCost(forecast, forecast.points * size_of_point, reach(forecast, usage.dimensions, prices.series_limit))


def _alert(forecast: AlertForecast, prices: PriceTable) -> AlertCost:
    units = 1 if prices.alert_queries.unit == "condition" else forecast.usage.references
    # What one alert costs by itself; a table with tiers or free units charges all of them together.
    return AlertCost(
        forecast, units, usd(prices.alert_queries, units) + usd(prices.alert_points, forecast.points / 1e6)
    )


def _warnings(usage: Usage, to: Size, metrics: Sequence[MetricCost], prices: PriceTable, today: date) -> Iterator[str]:
    if round(usage.days * 24) < 24:
        yield (
            f"the sample is {usage.days * 24:.1f} hours long; a month is guessed from less than a day, "
            "so give logs of whole days, better of a week"
        )
    for coarse, fine in pairwise(to.counts):
        if to.counts[coarse] > to.counts[fine] > 0:
            yield f"{to.counts[coarse]:,} {coarse} have only {to.counts[fine]:,} {fine}; give --{fine} as well"
    if prices.is_old(today):
        yield (
            f"the price table was checked on {prices.checked}, more than a year ago; "
            f"hold it against its sources, and give your own with --prices ({prices.file.name})"
        )
    limit = prices.series_limit
    for metric in metrics:
        at_most = metric.forecast.series_at_most
        found = level(at_most, limit)
        if found is None:
            continue
        share = f"{metric.reach.metric} can have {at_most:,} active series, {at_most / limit:.0%} of {limit:,}"
        lost = "; beyond the limit, points can be lost" if found == "over" else ""
        yield f"{share}{lost}. {metric.reach.advice}"
