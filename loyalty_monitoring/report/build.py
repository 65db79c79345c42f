"""Report: definitions and log files -> replay -> answers of all charts -> pages. Wires the others, decides nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path

from loyalty_monitoring.common.cache import NO_CACHE, Cache
from loyalty_monitoring.common.database import Progress
from loyalty_monitoring.definitions.metric_usage import series_in_queries
from loyalty_monitoring.definitions.model import Dashboard
from loyalty_monitoring.replay.entries.match import Matches
from loyalty_monitoring.replay.entries.newest import Search
from loyalty_monitoring.replay.kept_answers import KeptAnswers, answering
from loyalty_monitoring.replay.margins import margins
from loyalty_monitoring.replay.result import Margin
from loyalty_monitoring.replay.run import evaluate, window
from loyalty_monitoring.replay.timeline import margin_text
from loyalty_monitoring.report.choices import choices, key
from loyalty_monitoring.report.data_sets import DataSets, data_sets, filters_of_logs_panels
from loyalty_monitoring.report.evaluation import Span, chosen_answers, dashboard_answers, policy_panels
from loyalty_monitoring.report.html_pages import Site, dashboard_page, incidents_page, policy_page
from loyalty_monitoring.report.logs import without_choice
from loyalty_monitoring.report.pages import (
    DrawnDashboard,
    DrawnPolicy,
    colours_of,
    dashboard_data,
    data_script,
    page_data,
    policy_data,
)
from loyalty_monitoring.report.quantities import COUNT, quantity
from loyalty_monitoring.report.sources import Sources

Files = dict[str, str]

_MOST_LINES = 100  # of a logs panel


def report(
    sources: Sources,
    files: Sequence[Path],
    *,
    start: datetime | None = None,
    end: datetime | None = None,
    strict: bool = False,
    live: bool = False,
    cache: Cache = NO_CACHE,
    progress: Progress | None = None,
) -> Files:
    """Return the pages and their data, by their path in the site. Errors: UserError for a file or a window."""
    definitions = sources.definitions
    sets = [data_sets(dashboard.body, definitions.log_metrics) for dashboard in definitions.dashboards]
    queries = [policy.query for policy in definitions.alert_policies]
    queries += [query.promql for of_dashboard in sets for query in of_dashboard.queries if query.promql is not None]
    wanted = series_in_queries(definitions.log_metrics, queries)
    filters = {text for dashboard in definitions.dashboards for text in filters_of_logs_panels(dashboard.body)}
    searches = {text: Search(without_choice(text), start, end, _MOST_LINES) for text in sorted(filters)}
    with answering(
        definitions.log_metrics,
        files,
        wanted,
        cache,
        strict=strict,
        searches=list(dict.fromkeys(searches.values())),
        progress=progress,
    ) as (answers, points):
        window_from, window_to = window(points.entries, start, end)
        began = points.entries.first_timestamp
        span = Span(
            int(window_from.timestamp()),
            int(window_to.timestamp()),
            int(began.timestamp()) // 60 * 60 if began else None,
        )
        incidents = evaluate(answers, definitions.alert_policies, window_from, window_to, progress)
        near = margins(answers, definitions.alert_policies, window_from, window_to, incidents)
        policies = [
            DrawnPolicy(
                policy,
                tuple(policy_panels(answers, policy, span)),
                tuple(incident for incident in incidents if incident.policy == policy.name),
                sources.claims.get(policy.name, ()),
                sources.runbooks.get(policy.name, ""),
                _margin(near.get(policy.name), sources.thresholds.get(policy.name, {})),
                sources.thresholds.get(policy.name, {}),
            )
            for policy in definitions.alert_policies
        ]
        logs = {text: points.newest[search] for text, search in searches.items()}
        dashboards = []
        pages: Files = {}
        for done, (dashboard, of_dashboard) in enumerate(zip(definitions.dashboards, sets, strict=True)):
            if progress is not None:
                progress(f"Drawing {dashboard.name}", done / len(sets))
            drawn, scripts = _drawn(answers, dashboard, of_dashboard, span, logs)
            dashboards.append(drawn)
            pages |= scripts
    site = Site(dashboards, policies, sources.stack, points.entries.read, live, sources.module)
    colours = colours_of(dashboards, policies)
    pages["index.html"] = incidents_page(site, page_data("incidents", "Incidents", span, policies, ""))
    for drawn in dashboards:
        data = page_data("dashboard", drawn.title, span, policies, "../") | dashboard_data(drawn, policies, colours)
        pages[f"dashboards/{drawn.dashboard.name}.html"] = dashboard_page(site, data)
    for of_policy in policies:
        data = page_data("policy", of_policy.title, span, [of_policy], "../") | policy_data(of_policy, colours)
        pages[f"policies/{of_policy.policy.name}.html"] = policy_page(site, data, of_policy)
    return pages


def _span(start: datetime, end: datetime, first_entry: datetime | None) -> Span:
    began = int(first_entry.timestamp()) // 60 * 60 if first_entry else None
    return Span(int(start.timestamp()), int(end.timestamp()), began)


def _margin(margin: Margin | None, units: Mapping[float, str]) -> str:
    if margin is None:
        return ""
    unit = units.get(margin.threshold, COUNT)
    return margin_text(margin, lambda value: quantity(value, unit))


def _drawn(
    kept: KeptAnswers, dashboard: Dashboard, sets: DataSets, span: Span, logs: Mapping[str, Matches]
) -> tuple[DrawnDashboard, Files]:
    """Return a dashboard with nothing chosen, and the scripts that bring the answers of each choice when they are
    wanted.
    """
    offered = choices(kept, sets, span.first, span.last)
    scripts: Files = {}
    chosen: dict[str, str] = {}
    for number, choice in enumerate(offered.combinations):
        answers = chosen_answers(kept, sets, choice, span)
        arguments = [key(choice), [answer and answer.as_json() for answer in answers]]
        file = f"data/{dashboard.name}/{number}.js"
        scripts[file] = f"loyalty.answers({data_script(arguments)[1:-1]});\n"
        chosen[key(choice)] = f"../{file}"
    of_panels = {text: logs[text] for text in filters_of_logs_panels(dashboard.body)}
    drawn = DrawnDashboard(dashboard, sets, offered, tuple(dashboard_answers(kept, sets, span)), chosen, of_panels)
    return drawn, scripts
