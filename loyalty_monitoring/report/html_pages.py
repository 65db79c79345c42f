"""Page data in the HTML that carries it. The only module that imports jinja2."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from loyalty_monitoring.report.markdown import html
from loyalty_monitoring.report.pages import Data, DrawnDashboard, DrawnPolicy, data_script
from loyalty_monitoring.report.site import LIVE, scripts

# All that a page needs stands beside it. What cannot be prevented by escaping everything is prevented by this:
# https://developer.mozilla.org/docs/Web/HTTP/Guides/CSP
_FROM_DISK = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'"
)
_SERVED = f"{_FROM_DISK}; connect-src 'self'"


@dataclass(frozen=True)
class Site:
    """Settings that all pages of a report share. `live` pages ask their server whether they were drawn anew."""

    dashboards: Sequence[DrawnDashboard]
    policies: Sequence[DrawnPolicy]
    stack: str
    entries: int
    live: bool
    module: str


def incidents_page(site: Site, data: Data) -> str:
    return _page("incidents.html", site, data, "")


def dashboard_page(site: Site, data: Data) -> str:
    return _page("dashboard.html", site, data, "../")


def policy_page(site: Site, data: Data, drawn: DrawnPolicy) -> str:
    return _page("policy.html", site, data, "../", drawn=drawn)


def _tabs(dashboards: Sequence[DrawnDashboard]) -> list[tuple[DrawnDashboard, str]]:
    """Return each dashboard with its tab: its title, without the "Module: " with which all of several begin."""
    titles = [drawn.title for drawn in dashboards]
    prefix = titles[0][: titles[0].find(": ") + 2] if len(titles) > 1 and ": " in titles[0] else ""
    if not all(title.startswith(prefix) and len(title) > len(prefix) for title in titles):
        prefix = ""
    names = [title.removeprefix(prefix) for title in titles]
    return list(zip(dashboards, (name[:1].upper() + name[1:] if prefix else name for name in names), strict=True))


def _page(template: str, site: Site, data: Data, home: str, **more: object) -> str:
    environment = Environment(
        loader=PackageLoader("loyalty_monitoring.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    return environment.get_template(template).render(
        data=data,
        script=Markup(data_script(data)),
        home=home,
        markdown=lambda text: Markup(html(text)),
        policy=_SERVED if site.live else _FROM_DISK,
        scripts=[*scripts(), *([LIVE] if site.live else [])],
        tabs=_tabs(site.dashboards),
        policies=site.policies,
        stack=site.stack,
        module=site.module,
        entries=f"{site.entries:,}",
        **more,
    )
