"""An estimate, for a person and for a machine."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from rich.console import Console
from rich.text import Text

from loyalty_monitoring.cost.estimate import AlertCost, Estimate, MetricCost
from loyalty_monitoring.cost.limits import level
from loyalty_monitoring.cost.money import GIB, MIB
from loyalty_monitoring.cost.prices import Origin
from loyalty_monitoring.cost.scale import NOTHING

_REACHES_SHOWN = 5


def as_json(of: Estimate, *, shipped: bool) -> str:
    """Return one JSON object; names end with their unit, amounts are of a month of 30 days."""
    usage, prices = of.sample.usage, of.prices
    return json.dumps(
        {
            "total": {
                "usd_now": round(of.usd_now, 4),
                "usd_once_all_is_charged": round(of.usd_all, 4),
                "all_is_charged_from": of.all_charged_from.isoformat(),
            },
            "parts": {
                "metric_ingestion_usd": round(of.usd_metrics, 4),
                "alert_queries_usd": round(of.usd_alert_queries, 4),
                "alert_points_usd": round(of.usd_alert_points, 4),
            },
            "log_storage": {"bytes": round(of.log_bytes), "usd": round(of.usd_log_storage, 4)},
            "size": {**of.size.counts, "pods": of.size.pods},
            "sample": {
                "shipped": shipped,
                "from": _rfc3339(of.sample.start),
                "to": _rfc3339(of.sample.end),
                "days": round(usage.days, 4),
                "entries": usage.entries,
                **usage.counts,
                "pods": usage.pods,
            },
            "warnings": list(of.warnings),
            "metrics": [_metric_json(metric, prices.series_limit) for metric in of.metrics],
            "alerts": [_alert_json(alert) for alert in of.alerts],
            "prices": {
                "checked": prices.checked.isoformat(),
                **{
                    name: {
                        "unit": price.unit,
                        "free": price.free,
                        "tiers": [{"up_to": tier.up_to, "usd": tier.usd} for tier in price.tiers],
                        "from": price.since.isoformat(),
                        **_origin_json(price.origin),
                    }
                    for name, price in prices.prices.items()
                },
                "bytes_per_point": {
                    "counter": prices.counter_bytes,
                    "distribution": prices.distribution_bytes,
                    **_origin_json(prices.bytes_origin),
                },
                "active_series_per_metric": {"limit": prices.series_limit, **_origin_json(prices.limit_origin)},
            },
        },
        indent=2,
    )


def print_text(of: Estimate, *, shipped: bool) -> None:
    """Print the total, then why; coloured for a person."""
    console = Console(highlight=False, soft_wrap=True)
    for line in _lines(of, shipped):
        console.print(line)


def _lines(of: Estimate, shipped: bool) -> Iterator[Text]:
    later = f", {_usd(of.usd_all)} from {of.all_charged_from} on" if of.all_charged_from > of.today else ""
    yield Text(f"{_usd(of.usd_now)} a month now{later}", style="bold")
    yield Text(
        f"  for {_counted(of.size.counts, ' and ', of.size.pods)} within 24 hours; "
        "list prices; the free allotments are taken as unused by anything else"
    )
    yield _sample_line(of, shipped)
    yield Text()
    for warning in of.warnings:
        yield Text.assemble(("warning", "bold yellow"), f"  {_plain(warning)}")
    if of.warnings:
        yield Text()
    yield from _parts(of)
    yield Text()
    yield from _metric_table(of)
    yield Text()
    yield from _alert_table(of)
    yield Text()
    yield from _growth(of)
    yield Text()
    yield from _price_lines(of)


def _sample_line(of: Estimate, shipped: bool) -> Text:
    usage = of.sample.usage
    what = "the shipped sample (samples/)" if shipped else "the sample"
    return Text(
        f"  from {what}: {usage.entries:,} entries of {usage.days:.1f} days, "
        f"{_counted(usage.counts, ', ', usage.pods)}",
        style="dim",
    )


def _parts(of: Estimate) -> Iterator[Text]:
    prices = of.prices
    points = sum(alert.forecast.points for alert in of.alerts)
    units = sum(alert.units for alert in of.alerts)
    unit = prices.alert_queries.unit
    conditions = sum(len(alert.forecast.usage.policy.body["conditions"]) for alert in of.alerts)
    rows = [
        (of.usd_metrics, f"points of metrics: {of.metric_bytes / MIB:,.1f} MiB, the first "
                         f"{prices.metric_ingestion.free:,.0f} are free", prices.metric_ingestion.since),
        (of.usd_alert_queries, f"{len(of.alerts)} alerts, {conditions} conditions: {units} {unit}s",
         prices.alert_queries.since),
        (of.usd_alert_points, f"points that alerts read: {points / 1e6:,.2f} million", prices.alert_points.since),
    ]  # fmt: skip
    for amount, what, since in rows:
        yield Text(f"{_usd(amount):>10}  {what}{f' (charged from {since} on)' if since > of.today else ''}")
    yield Text(
        f"{'':>10}  not counted: the logs themselves, {of.log_bytes / GIB:,.1f} GiB, {_usd(of.usd_log_storage)} "
        f"a month beyond {prices.log_storage.free:,.0f} GiB a project; you store them with or without this stack",
        style="dim",
    )


def _metric_table(of: Estimate) -> Iterator[Text]:
    limit = of.prices.series_limit
    head = f"{'metric':<38}{'points/month':>14}{'MiB':>9}{'active':>9}{'at most':>9}  of {limit:,}"
    yield Text(head + "   grows with", style="bold")
    for metric in sorted(of.metrics, key=lambda one: (-one.bytes, one.reach.metric)):
        forecast = metric.forecast
        style = {"over": "bold red", "near": "yellow", None: ""}[level(forecast.series_at_most, limit)]
        grows = "pods" if forecast.label_sets_grow == NOTHING else f"{forecast.label_sets_grow}, pods"
        unseen = "" if forecast.usage.written else "   (not in the sample)"
        yield Text(
            f"{metric.reach.metric:<38}{forecast.points:>14,.0f}{metric.bytes / MIB:>9,.2f}"
            f"{forecast.series:>9,.0f}{forecast.series_at_most:>9,}{forecast.series_at_most / limit:>11.1%}   "
            f"{grows}{unseen}",
            style=style,
        )


def _alert_table(of: Estimate) -> Iterator[Text]:
    unit = f"{of.prices.alert_queries.unit}s"
    yield Text(
        f"{'alert':<26}{'evaluations':>13}{unit:>19}{'series each time':>18}{'points/month':>14}{'USD/month':>11}",
        style="bold",
    )
    for alert in sorted(of.alerts, key=lambda one: (-one.usd, one.forecast.usage.policy.name)):
        of_alert = alert.forecast
        yield Text(
            f"{of_alert.usage.policy.name:<26}{of_alert.evaluations:>13,}{alert.units:>19,}"
            f"{of_alert.series:>18,.2f}{of_alert.points:>14,.0f}{alert.usd:>11,.2f}"
        )


def _growth(of: Estimate) -> Iterator[Text]:
    limit = of.prices.series_limit
    growing = [one for one in of.metrics if one.forecast.label_sets_grow != NOTHING]
    yield Text("What must change when it grows", style="bold")
    # The next ones to reach the limit, each piece of advice once.
    first = sorted(growing, key=lambda one: -one.forecast.series_at_most)[:_REACHES_SHOWN]
    advised: set[str] = set()
    for metric in first:
        yield Text(f"  {metric.reach.sentence(limit)}")
        if metric.reach.advice not in advised:
            advised.add(metric.reach.advice)
            yield Text(f"    {metric.reach.advice}", style="dim")
    others = len(growing) - len(first)
    if others > 0:
        yield Text(f"  {others} more metrics reach it later; --format json has them all.", style="dim")


def _age(days: int) -> str:
    """Return how old the prices are, once they are three months old."""
    if days < 90:
        return ""
    number, unit = (days // 365, "year") if days >= 365 else (days // 30, "month")
    return f", {number} {unit}{'s' if number > 1 else ''} old (see the pages below whether they still hold)"


def _price_lines(of: Estimate) -> Iterator[Text]:
    age = (of.today - of.prices.checked).days
    yield Text(f"Prices as of {of.prices.checked}{_age(age)}: {of.prices.file.name}", style="bold")
    for name, price in of.prices.prices.items():
        tiers = ", then ".join(f"${tier.usd:g}" for tier in price.tiers)
        mark = "" if price.origin.certainty == "documented" else " (second-hand)"
        yield Text(f"  {name:<17} {tiers} a {price.unit}, from {price.since}{mark}: {_plain(price.origin.source)}")


def _metric_json(of: MetricCost, limit: int) -> dict[str, Any]:
    forecast = of.forecast
    return {
        "metric": of.reach.metric,
        "distribution": forecast.usage.metric.is_distribution,
        "entries_in_sample": forecast.usage.entries,
        "points_per_month": round(forecast.points),
        "bytes_per_month": round(of.bytes),
        "active_series": round(forecast.series),
        "active_series_at_most": forecast.series_at_most,
        "share_of_limit": round(forecast.series_at_most / limit, 4),
        "label_sets_grow_with": forecast.label_sets_grow,
        "entries_grow_with": forecast.entries_grow,
        "pods": forecast.pods,
        "warning": level(forecast.series_at_most, limit),
        "limit_reached_at": {of.reach.unit: of.reach.count},
        "advice": of.reach.advice,
    }


def _alert_json(of: AlertCost) -> dict[str, Any]:
    usage = of.forecast.usage
    return {
        "policy": usage.policy.name,
        "conditions": len(usage.policy.body["conditions"]),
        "metric_references": usage.references,
        "interval_seconds": usage.policy.evaluation_interval_seconds,
        "evaluations_per_month": of.forecast.evaluations,
        "series_per_evaluation": round(of.forecast.series, 4),
        "points_per_month": round(of.forecast.points),
        "usd_once_charged": round(of.usd, 4),
        "clauses": [clause.query for clause, _ in usage.clauses],
    }


def _origin_json(origin: Origin) -> dict[str, str]:
    return {"source": origin.source, "read": origin.read.isoformat(), "certainty": origin.certainty}


def _counted(counts: Mapping[str, int], last: str, pods: int) -> str:
    """Return such as "10 depots, 5 belts and 3 pods", with `last` before the pods."""
    named = ", ".join(f"{count:,} {name}" for name, count in counts.items())
    return f"{named}{last if named else ''}{pods:,} pods"


def _usd(amount: float) -> str:
    return f"${amount:,.2f}"


def _rfc3339(instant: datetime) -> str:
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _plain(text: str) -> str:
    """Return text that others wrote without control characters, which could rewrite the terminal."""
    return "".join(character if character.isprintable() else "?" for character in text)
