"""Report: definitions and log files -> replay -> answers of all charts -> pages. Wires the others, decides nothing."""

from __future__ import annotations

import logging
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from loyalty_monitoring.common.cache import NO_CACHE, Cache
from loyalty_monitoring.common.database import Progress
from loyalty_monitoring.definitions.metric_usage import series_in_queries
from loyalty_monitoring.definitions.model import Dashboard
from loyalty_monitoring.replay.diagnosis import why_silent
from loyalty_monitoring.replay.entries.match import Matches
from loyalty_monitoring.replay.entries.newest import Search
from loyalty_monitoring.replay.kept_answers import KeptAnswers, answering
from loyalty_monitoring.replay.kept_files import Group
from loyalty_monitoring.replay.result import Margin
from loyalty_monitoring.replay.run import evaluate, window
from loyalty_monitoring.replay.running_servers import RunningServers
from loyalty_monitoring.replay.timeline import margin_text
from loyalty_monitoring.report.answer import Answer
from loyalty_monitoring.report.choices import Choice, Choices, choices, key
from loyalty_monitoring.report.colours import places
from loyalty_monitoring.report.data_sets import DataSets, data_sets, filters_of_logs_panels, legend_names
from loyalty_monitoring.report.evaluation import (
    Check,
    Panel,
    Span,
    chosen_answers,
    dashboard_answers,
    policy_panels,
)
from loyalty_monitoring.report.html_pages import Site, dashboard_page, incidents_page, policy_page
from loyalty_monitoring.report.logs import without_choice
from loyalty_monitoring.report.pages import (
    Data,
    DrawnDashboard,
    JudgedPolicy,
    charted_policies,
    dashboard_data,
    data_script,
    page_data,
    policy_data,
    title_of,
)
from loyalty_monitoring.report.sources import Sources

INDEX = "index.html"
_log = logging.getLogger("loyalty_monitoring.report")
_MOST_LINES = 100  # of a logs panel


def report(
    sources: Sources,
    files: Sequence[Path],
    *,
    start: datetime | None = None,
    end: datetime | None = None,
    strict: bool = False,
    cache: Cache = NO_CACHE,
    progress: Progress | None = None,
) -> Generator[tuple[str, str], None, None]:
    """Yield the pages and their data, each with its path in the site. Errors: UserError for a file or a window."""
    with drawing(sources, files, start=start, end=end, strict=strict, cache=cache, progress=progress) as drawn:
        for reason in drawn.reasons:
            _log.warning("%s", reason)
        paths = [*drawn.pages, *drawn.scripts()]
        for done, path in enumerate(paths):
            if progress is not None:
                progress(f"Drawing {path}", done / len(paths))
            text = drawn.draw(path)
            assert text is not None
            yield path, text


@contextmanager
def drawing(
    sources: Sources,
    files: Sequence[Path],
    *,
    start: datetime | None = None,
    end: datetime | None = None,
    strict: bool = False,
    version: int | None = None,
    cache: Cache = NO_CACHE,
    groups: Sequence[Group] | None = None,
    servers: RunningServers | None = None,
    progress: Progress | None = None,
) -> Iterator[Drawing]:
    """Yield what draws each page by itself, when all alerts are judged. `version` numbers pages that are served.

    `groups` are those of the files, and `servers` are shared with the drawing before, where whoever asks has them.
    Errors: UserError for a file or a window.
    """
    definitions = sources.definitions
    sets = {one.name: data_sets(one.body, definitions.log_metrics) for one in definitions.dashboards}
    queries = [policy.query for policy in definitions.alert_policies]
    queries += [query.promql for of in sets.values() for query in of.queries if query.promql is not None]
    wanted = series_in_queries(definitions.log_metrics, queries)
    filters = {text for dashboard in definitions.dashboards for text in filters_of_logs_panels(dashboard.body)}
    searches = {text: Search(without_choice(text), start, end, _MOST_LINES) for text in sorted(filters)}
    with answering(
        definitions.log_metrics,
        files,
        wanted,
        cache,
        strict=strict,
        groups=groups,
        searches=list(dict.fromkeys(searches.values())),
        servers=servers,
        progress=progress,
    ) as (answers, points):
        window_from, window_to = window(points.entries, start, end)
        incidents, near = evaluate(answers, definitions.alert_policies, window_from, window_to, progress)
        policies = [
            JudgedPolicy(
                policy,
                tuple(incident for incident in incidents if incident.policy == policy.name),
                sources.claims.get(policy.name, ()),
                sources.runbooks.get(policy.name, ""),
                _margin(near.get(policy.name), sources.thresholds.get(policy.name, {})),
                sources.thresholds.get(policy.name, {}),
                sources.audiences[policy.priority],
            )
            for policy in definitions.alert_policies
        ]
        logs = {text: points.newest[search] for text, search in searches.items()}
        reasons = why_silent(definitions.log_metrics, points.metrics, points.entries.origins)
        read = points.entries.read
        site = Site(definitions.dashboards, policies, sources.stack, read, reasons, version, sources.module)
        yield Drawing(answers, site, sets, logs, _span(window_from, window_to, points.entries.first_timestamp))


class Drawing:
    """Draws each page, and the script of each choice, by itself and when it is asked to."""

    def __init__(
        self, answers: KeptAnswers, site: Site, sets: Mapping[str, DataSets], logs: Mapping[str, Matches], span: Span
    ) -> None:
        self._answers, self._site, self._sets, self._logs, self._span = answers, site, sets, logs, span
        self._dashboards = {f"dashboards/{one.name}.html": one for one in site.dashboards}
        self._policies = {f"policies/{one.policy.name}.html": one for one in site.policies}
        self._choices: dict[str, Choices] = {}
        self._panels: dict[str, Sequence[Panel]] = {}

    @property
    def pages(self) -> tuple[str, ...]:
        """The paths of all pages."""
        return INDEX, *self._dashboards, *self._policies

    @property
    def reasons(self) -> Sequence[str]:
        """The sentences that say why nearly nothing was found in the logs, where that is so."""
        return self._site.reasons

    def scripts(self) -> Iterator[str]:
        """Yield the paths of the scripts that bring the answers of each choice when they are wanted."""
        for dashboard in self._site.dashboards:
            yield from self._scripts(dashboard)

    def draw(self, path: str, check: Check = None) -> str | None:
        """Return a page or a script; None where there is none of this path.

        `check` is called before each question, and may end the work by an error.
        """
        if path == INDEX:
            return incidents_page(self._site, self._page("incidents", "Incidents", self._site.policies, ""))
        if (dashboard := self._dashboards.get(path)) is not None:
            return self._dashboard_page(dashboard, check)
        if (judged := self._policies.get(path)) is not None:
            return self._policy_page(judged, check)
        for dashboard in self._site.dashboards:
            if path.startswith(f"data/{dashboard.name}/") and path in (scripts := self._scripts(dashboard)):
                return self._script(dashboard, scripts[path], check)
        return None

    def _page(self, page: str, title: str, policies: Sequence[JudgedPolicy], home: str) -> Data:
        return page_data(page, title, self._span, policies, home)

    def _policy_page(self, judged: JudgedPolicy, check: Check) -> str:
        panels = self._panels_of(judged, check)
        data = self._page("policy", judged.title, [judged], "../")
        data |= policy_data(judged, panels, self._colours([panel.answer for panel in panels]))
        return policy_page(self._site, data, judged)

    def _dashboard_page(self, dashboard: Dashboard, check: Check) -> str:
        sets, body = self._sets[dashboard.name], dashboard.body
        charted = charted_policies(body, self._site.policies).values()
        drawn = DrawnDashboard(
            dashboard,
            sets,
            self._choices_of(dashboard),
            tuple(dashboard_answers(self._answers, sets, self._span, check)),
            {key(choice): f"../{path}" for path, choice in self._scripts(dashboard).items()},
            {text: self._logs[text] for text in filters_of_logs_panels(body)},
            {judged.policy.name: self._panels_of(judged, check) for judged in charted},
        )
        answers = [*drawn.answers, *(panel.answer for panels in drawn.alerts.values() for panel in panels)]
        colours = self._colours(answers, [variable.label for variable in sets.variables])
        data = self._page("dashboard", title_of(dashboard), self._site.policies, "../")
        return dashboard_page(self._site, data | dashboard_data(drawn, self._site.policies, colours))

    def _script(self, dashboard: Dashboard, choice: Choice, check: Check) -> str:
        answers = chosen_answers(self._answers, self._sets[dashboard.name], choice, self._span, check)
        arguments = [key(choice), [answer and answer.as_json() for answer in answers]]
        return f"loyalty.answers({data_script(arguments)[1:-1]});\n"

    def _scripts(self, dashboard: Dashboard) -> Mapping[str, Choice]:
        combinations = self._choices_of(dashboard).combinations
        return {f"data/{dashboard.name}/{number}.js": choice for number, choice in enumerate(combinations)}

    def _choices_of(self, dashboard: Dashboard) -> Choices:
        if dashboard.name not in self._choices:
            sets = self._sets[dashboard.name]
            self._choices[dashboard.name] = choices(self._answers, sets, self._span.first, self._span.last)
        return self._choices[dashboard.name]

    def _panels_of(self, judged: JudgedPolicy, check: Check) -> Sequence[Panel]:
        name = judged.policy.name
        if name not in self._panels:
            self._panels[name] = policy_panels(self._answers, judged.policy, self._span, check)
        return self._panels[name]

    def _colours(self, answers: Iterable[Answer], variables: Iterable[str] = ()) -> Mapping[str, int]:
        groups = {tuple(sorted(series.labels)) for answer in answers for series in answer.series}
        groups |= {(label,) for label in variables}
        names = (name for dashboard in self._site.dashboards for name in legend_names(dashboard.body))
        return places(lambda labels: self._answers.label_sets(labels, self._span.first, self._span.last), groups, names)


def _span(start: datetime, end: datetime, first_entry: datetime | None) -> Span:
    began = int(first_entry.timestamp()) // 60 * 60 if first_entry else None
    return Span(int(start.timestamp()), int(end.timestamp()), began)


def _margin(margin: Margin | None, units: Mapping[float, str]) -> str:
    return "" if margin is None else margin_text(margin, units)
