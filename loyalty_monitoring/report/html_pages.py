"""Page data in the HTML that carries it. The only module that imports jinja2."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from loyalty_monitoring.definitions.model import Dashboard
from loyalty_monitoring.replay.quantities import SECONDS, quantity
from loyalty_monitoring.report.markdown import html
from loyalty_monitoring.report.pages import Data, JudgedPolicy, data_script, title_of
from loyalty_monitoring.report.site import LIVE, scripts

# All that a page needs stands beside it. What cannot be prevented by escaping everything is prevented by this:
# https://developer.mozilla.org/docs/Web/HTTP/Guides/CSP
_FROM_DISK = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'"
)
_SERVED = f"{_FROM_DISK}; connect-src 'self'"


@dataclass(frozen=True)
class Site:
    """Settings that all pages of a report share.

    `reasons` say why nearly nothing was found in the logs, where that is so. `version` numbers the drawings of pages
    that are served, which ask their server whether there is a newer one; None is for pages that are not.
    """

    dashboards: Sequence[Dashboard]
    policies: Sequence[JudgedPolicy]
    stack: str
    entries: int
    reasons: Sequence[str]
    version: int | None
    module: str


def problem_page(problem: str, version: int) -> str:
    """Return what is served in the place of a page that could not be drawn."""
    return (
        _environment().get_template("problem.html").render(problem=problem, policy=_SERVED, version=version, live=LIVE)
    )


def incidents_page(site: Site, data: Data) -> str:
    return _page("incidents.html", site, data, "")


def dashboard_page(site: Site, data: Data) -> str:
    return _page("dashboard.html", site, data, "../")


def policy_page(site: Site, data: Data, judged: JudgedPolicy) -> str:
    return _page("policy.html", site, data, "../", drawn=judged)


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("loyalty_monitoring.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def _tabs(dashboards: Sequence[Dashboard]) -> list[tuple[Dashboard, str]]:
    """Return each dashboard with its tab: its title, without the "Module: " with which all of several begin."""
    titles = list(map(title_of, dashboards))
    prefix = titles[0][: titles[0].find(": ") + 2] if len(titles) > 1 and ": " in titles[0] else ""
    if not all(title.startswith(prefix) and len(title) > len(prefix) for title in titles):
        prefix = ""
    names = [title.removeprefix(prefix) for title in titles]
    return list(zip(dashboards, (name[:1].upper() + name[1:] if prefix else name for name in names), strict=True))


def _page(template: str, site: Site, data: Data, home: str, **more: object) -> str:
    return (
        _environment()
        .get_template(template)
        .render(
            data=data,
            script=Markup(data_script(data)),
            home=home,
            markdown=lambda text: Markup(html(text)),
            duration=lambda seconds: quantity(seconds, SECONDS),
            policy=_FROM_DISK if site.version is None else _SERVED,
            scripts=[*scripts(), *([] if site.version is None else [LIVE])],
            version=site.version,
            tabs=_tabs(site.dashboards),
            policies=site.policies,
            stack=site.stack,
            module=site.module,
            entries=f"{site.entries:,}",
            reasons=site.reasons,
            **more,
        )
    )
