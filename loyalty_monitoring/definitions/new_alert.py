"""A new alert as files: row, parameters, policy, runbook, its place on the overview, the first two cases, and a drill.

What a person must decide is marked with TODO. The files load, lint and can be proven as they are.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from loyalty_monitoring.common.errors import Position, UserError, nearest
from loyalty_monitoring.common.yaml_documents import Document
from loyalty_monitoring.definitions.contract_usage import selected_events
from loyalty_monitoring.definitions.load import Sources, definitions_of
from loyalty_monitoring.definitions.log_contract import Contract, Event
from loyalty_monitoring.definitions.settings import Settings

_SEVERITY = {"P0": "severity: CRITICAL\n", "P1": "severity: WARNING\n", "P2": ""}
# Not 1: a sum of ones is their count.
_SAMPLES = {"string": "x-1", "count": 2, "rate": 0.5, "number": 1, "boolean": True}
RUNBOOK_SECTIONS = (
    "What it means",
    "How bad is it",
    "First 5 minutes",
    "Likely causes",
    "How it closes",
    "How soon it rings, and why",
    "False alarms",
    "Who to tell",
    "Silence it",
    "How the alert works",
)


@dataclass(frozen=True)
class Wish:
    """More than `threshold` entries of `event`, as `metric` counts them, within `window` minutes."""

    name: str
    row: str
    priority: str
    metric: str
    event: str
    threshold: int
    window: int


def new_alert(sources: Sources, settings: Settings, wish: Wish) -> Mapping[Path, str]:
    """Return the files to write, with their whole content. Errors: UserError for what is taken or not there."""
    _check(sources, wish)
    others = [event for event in _counted(sources, settings, wish) if event != wish.event]
    root, name = sources.root, wish.name
    metric = sources.log_metrics[wish.metric]
    distribution = metric.data["metricDescriptor"].get("valueType") == "DISTRIBUTION"
    series = f"<<metric:{wish.metric}>>{'_count' if distribution else ''}"
    overview = sources.dashboards["overview"]
    return {
        root / "coverage.yaml": _appended(
            root / "coverage.yaml", f"{wish.row}: TODO what must be noticed, in one sentence.\n"
        ),
        root / "parameters.yaml": _appended(root / "parameters.yaml", _parameters(wish)),
        root / "alert_policies" / f"{name}.yaml": _policy(wish, settings, series, others),
        root / "runbooks" / f"{name}.md": _runbook(wish),
        Path(overview.file): _on_overview(overview, wish),
        root / "tests" / "cases" / f"{name}.yaml": _cases(wish, sources.contract),
        **_drill(root / "drills.yaml", wish, sources.contract.events[wish.event]),
        **_equivalent(root / "tests" / "equivalent_mutants.yaml", wish),
    }


def _check(sources: Sources, wish: Wish) -> None:
    if not re.fullmatch(r"[a-z][a-z0-9_]{2,59}", wish.name):
        raise UserError(f"{wish.name!r} is no name for an alert; use 3 to 60 lower-case letters, digits and _")
    if wish.name in sources.alert_policies:
        raise UserError("is there already; choose another name", Position(sources.alert_policies[wish.name].file))
    if not re.fullmatch(r"[A-Z][0-9]{1,3}", wish.row):
        raise UserError(f"{wish.row!r} is no row; write a letter and a number, such as A9")
    if wish.row in sources.coverage.data:
        raise UserError(f"the row {wish.row} is taken; choose another", sources.coverage.position((wish.row,)))
    if "overview" not in sources.dashboards:
        raise UserError(
            "has no overview.yaml, where every alert is shown; add it", Position(sources.root / "dashboards")
        )
    if wish.metric not in sources.log_metrics:
        raise UserError(f"there is no metric {wish.metric!r}{nearest(wish.metric, set(sources.log_metrics))}")
    if wish.event not in sources.contract.events:
        raise UserError(f"there is no event {wish.event!r}{nearest(wish.event, set(sources.contract.events))}")
    for parameter in (f"{wish.name}_count", f"{wish.name}_window"):
        if parameter in sources.parameters.data:
            place = sources.parameters.position((parameter,))
            raise UserError(f"the parameter {parameter} is there already; choose another name for the alert", place)


def _counted(sources: Sources, settings: Settings, wish: Wish) -> Sequence[str]:
    """Return the events that the metric counts. Errors: UserError where the wish's is none of them."""
    (metric,) = (one for one in definitions_of(sources, settings).log_metrics if one.name == wish.metric)
    counted = selected_events(sources.contract, [metric], settings.resource_type)[wish.metric]
    if wish.event not in counted:
        raise UserError(
            f"{wish.metric} counts {', '.join(counted) or 'no event of log_events.yaml'}, and never {wish.event}; "
            "choose another metric or event"
        )
    return counted


def _appended(file: Path, text: str) -> str:
    return file.read_text().rstrip("\n") + "\n" + text


def _parameters(wish: Wish) -> str:
    return f"""
{wish.name}_count:
  default: {wish.threshold}
  unit: count
  range: [1, {max(100_000, wish.threshold)}]
  why: TODO why this many, and not more or fewer.
{wish.name}_window:
  default: {wish.window}
  unit: min
  range: [5, 720]
  why: TODO why this long.
"""


def _policy(wish: Wish, settings: Settings, series: str, others: Sequence[str]) -> str:
    more = f"more than <<{wish.name}_count:text>> {wish.event} in <<{wish.name}_window:text>>"
    besides = (
        f"      # TODO {wish.metric} counts these as well, unless a matcher leaves them out: {', '.join(others)}.\n"
        if others
        else ""
    )
    again = "  notificationChannelStrategy:\n    - renotifyInterval: <<page_again_after:api_duration>>\n"
    return f"""# yaml-language-server: $schema=../schemas/alert_policy.schema.json
{settings.module.name}:
  rows: [{wish.row}]
  priority: {wish.priority}

displayName: "{settings.module.title}: {more}"
{_SEVERITY[wish.priority]}userLabels:
  priority: {wish.priority.lower()}
  row: {wish.row.lower()}
  environment: <<setting:environment>>
combiner: OR
conditions:
  - displayName: {more[0].upper()}{more[1:]}
    conditionPrometheusQueryLanguage:
      # Points arrive late, so the query looks at them as of arrival_allowance ago. TODO one incident for all, or one
      # for each of a label: sum by (LABEL) (...).
{besides}      query: |-
        sum(
          sum_over_time({series}{{monitored_resource="<<setting:resource_type>>"}}[<<{wish.name}_window:range>>]
          offset <<arrival_allowance:range>>)
        )
        > <<{wish.name}_count>>
      duration: 0s
      evaluationInterval: 60s
      # A new log-based metric is not visible for minutes; with validation the first deployment would fail:
      # https://github.com/hashicorp/terraform-provider-google/issues/11102
      disableMetricValidation: true
documentation:
  mimeType: text/markdown
  subject: "[{wish.priority}] {settings.module.title}: {more}"
  content: |-
    {more[0].upper()}{more[1:]}. TODO what that means for a customer.
    The newest <<arrival_allowance:text>> are left out, since their points may still be on the way.

    - Environment: <<setting:environment>>, project <<setting:project>>
    - Value: ${{metric.label.value}}

    ## What to do
    1. TODO the first thing to look at: `jsonPayload.event="{wish.event}"`.
  links:
    - displayName: "Runbook: {wish.name}"
      url: <<setting:runbook_url>>/{wish.name}.md
    - displayName: "Dashboard: <<title:overview>>"
      url: https://console.cloud.google.com/monitoring/dashboards?project=<<setting:project>>
alertStrategy:
  notificationPrompts: [OPENED, CLOSED]
{again if wish.priority == "P0" else ""}"""


def _runbook(wish: Wish) -> str:
    sections = dict.fromkeys(RUNBOOK_SECTIONS, "TODO")
    sections["First 5 minutes"] = _first_minutes(wish)
    sections["How it closes"] = f"By itself, when no more than `{wish.name}_count` are within `{wish.name}_window`."
    sections["How soon it rings, and why"] = (
        "Points of a log-based metric arrive minutes after their minute, so the query leaves out the newest "
        "`arrival_allowance`."
    )
    sections["Silence it"] = _silence(wish)
    sections["How the alert works"] = (
        f"The query adds up `{wish.metric}` over `{wish.name}_window`. "
        f"Its cases: `loyalty-monitoring prove {wish.name}`."
    )
    body = "\n".join(f"## {title}\n\n{text}\n" for title, text in sections.items())
    definition = f"alert_policies/{wish.name}.yaml"
    parameters = f"`{wish.name}_count`, `{wish.name}_window`, `arrival_allowance`"
    return f"""# {wish.name}: TODO what is wrong, in a few words

Alert {wish.row}, priority {wish.priority}. Definition: [{definition}](../{definition}).
Dashboard: [overview](../dashboards/overview.yaml) in Cloud Monitoring.
Its thresholds and windows stand in [parameters.yaml](../parameters.yaml), and a stack may override them: {parameters}.

{body}"""


def _first_minutes(wish: Wish) -> str:
    hours = math.ceil(wish.window / 60) + 2
    return f"""1. TODO

   ```logging
   jsonPayload.event="{wish.event}"
   ```

2. See what the alert sees, on a laptop in a checkout of this project:

   ```sh
   gcloud logging read 'jsonPayload.event="{wish.event}"' --freshness={hours}h --format=json | loyalty-monitoring replay --stack STACK --policy {wish.name} --to "$(date -u +%FT%TZ)" -
   ```"""  # noqa: E501


def _silence(wish: Wish) -> str:
    row = wish.row.lower()
    return f"""For two hours, with the roles Monitoring Snooze Editor and Monitoring Viewer. While it is silent no incident opens and nobody is told:

```sh
gcloud monitoring snoozes create --display-name="{wish.name}: WHY, WHO" --start-time="$(date -u +%FT%TZ)" --end-time=+PT2H --criteria-policies="$(gcloud monitoring policies list --filter='userLabels.row={row} AND userLabels.environment=ENVIRONMENT' --format='value(name)' | paste -sd, -)"
```"""  # noqa: E501


def _on_overview(overview: Document, wish: Wish) -> str:
    file = Path(overview.file)
    text = file.read_text()
    listed, times = re.subn(
        r"^( +- )<<policy_id:\w+>>\n(?! +- <<policy_id)",
        rf"\g<0>\1<<policy_id:{wish.name}>>\n",
        text,
        count=1,
        flags=re.M,
    )
    if not times:
        raise UserError("lists no alert; add an incidentList with `- <<policy_id:NAME>>`", Position(file))
    tiles = overview.data["mosaicLayout"]["tiles"]
    below = max(int(tile.get("yPos", 0)) + int(tile["height"]) for tile in tiles)
    return (
        listed.rstrip("\n")
        + f"""
    - yPos: {below}
      width: 48
      height: 16
      widget:
        title: "TODO in a few words ({wish.row}, {wish.priority}): {wish.name}"
        alertChart:
          name: <<policy:{wish.name}>>
"""
    )


def _drill(file: Path, wish: Wish, event: Event) -> Mapping[Path, str]:
    """Return drills.yaml with this alert's drill before the others, where the project has such a file."""
    if not file.exists():
        return {}
    # A text of the drill's own, so that its lines are of nothing real.
    fields = _fields(event, {**_SAMPLES, "string": "DRILL"})
    drill = f"""\
  # TODO texts that must be real, such as a task's name; `recovery`, where it does not end by itself; or, where
  # no line can make it true, the reason under `not_drillable`.
  {wish.name}:
    fault:
      - event: {event.name}
        count: {wish.threshold + 1}
        fields: {{{fields}}}
"""
    text, times = re.subn(r"^drills:\n", lambda found: found[0] + drill, file.read_text(), count=1, flags=re.M)
    if not times:
        raise UserError("has no line `drills:` with the drills below it; write it so", Position(str(file)))
    return {file: text}


def _equivalent(file: Path, wish: Wish) -> Mapping[Path, str]:
    """Return the list of mutants that do nothing with this alert's: lint wants a matcher that the metric has already.

    It stands with those of other alerts, where the project has any.
    """
    if not file.exists():
        return {}
    listed = f'    - "{wish.name}: monitored_resource (1): matcher removed"\n'
    text = file.read_text()
    alike = list(re.finditer(r"^ +- .*: monitored_resource \(\d+\): matcher removed\W*\n", text, re.MULTILINE))
    if alike:
        end = alike[-1].end()
        return {file: f"{text[:end]}{listed}{text[end:]}"}
    reason = "  The metric's filter lets no other resource type in, so the matcher changes nothing here."
    return {file: f"{text.rstrip()}\n\n- reason: >-\n  {reason}\n  mutants:\n{listed}"}


def _fields(event: Event, samples: Mapping[str, object], examples: Mapping[str, object] = MappingProxyType({})) -> str:
    """Return the event's fields with the contract's example of each where there is one, or a sample of its type."""
    values = {
        field: kind[0] if isinstance(kind, tuple) else examples.get(field, samples[kind])
        for field, kind in event.fields.items()
    }
    return ", ".join(f"{field}: {json.dumps(value)}" for field, value in values.items())


def _cases(wish: Wish, contract: Contract) -> str:
    """Return the first cases. They are as tight as they can be, so that a slip in the query is noticed."""
    event = contract.events[wish.event]
    fields = _fields(event, _SAMPLES, contract.examples)
    # Even: the first evaluation that can see the last line is at an odd minute, which evaluating seldom would miss.
    last = 60 + wish.window + wish.window % 2
    first, rings = last - wish.window, last + 11
    # In two minutes of one worker, where the threshold leaves as many.
    before = f"      - {{event: {event.name}, at: {last - 1}m, fields: {{{fields}}}}}\n"
    twice = before if wish.threshold > 1 else ""
    return f"""# yaml-language-server: $schema=../../schemas/cases.schema.json
# TODO `loyalty-monitoring prove {wish.name}` names the kinds of case that are missing: write each, or say here why
# there is none. How to write a case: docs/cases.md.
alert: {wish.name}
not_applicable: {{}}
cases:
  - claim: one more than the threshold, by two workers and just within the window, opens it for a minute
    kinds: [opens, closes]
    logs:
      - {{event: {event.name}, at: {first + 1}m, worker: another, fields: {{{fields}}}}}
{twice}      - {{event: {event.name}, at: {last}m, count: {wish.threshold - 1 or 1}, fields: {{{fields}}}}}
    until: {last + 40}m
    incidents:
      - {{opens: [{last}m, {rings}m], closes: [{last + 1}m, {rings + 1}m], value: {wish.threshold + 1}}}
  - claim: as many as the threshold are silent
    kinds: [just_short]
    logs:
      - {{event: {event.name}, at: {last}m, count: {wish.threshold}, fields: {{{fields}}}}}
    until: {last + wish.window + 30}m
    incidents: []
  - claim: the first and the last are a window apart, and no longer together
    kinds: [one_second]
    logs:
      - {{event: {event.name}, at: {first}m59.999s, fields: {{{fields}}}}}
      - {{event: {event.name}, at: {last}m, count: {wish.threshold}, fields: {{{fields}}}}}
    until: {last + wish.window + 30}m
    incidents: []
"""
