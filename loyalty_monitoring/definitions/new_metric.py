"""A new log-based metric as files: its definition, and the first log lines that it must and must not count."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from loyalty_monitoring.common.errors import Position, UserError, nearest
from loyalty_monitoring.definitions.load import Sources
from loyalty_monitoring.definitions.log_contract import Contract, Event
from loyalty_monitoring.definitions.settings import Settings

_SAMPLES = {"string": "x-1", "count": 1, "rate": 0.5, "number": 1, "boolean": True}
_VALUE_TYPES = {"string": "STRING", "count": "INT64", "number": "STRING", "rate": "STRING", "boolean": "BOOL"}


@dataclass(frozen=True)
class MetricWish:
    """The number of entries of `event`, for each combination of `labels`, which are fields of the event."""

    name: str
    row: str
    event: str
    labels: Sequence[str]


def new_metric(sources: Sources, settings: Settings, wish: MetricWish) -> Mapping[Path, str]:
    """Return the files to write, with their whole content. Errors: UserError for what is taken or not there."""
    if not re.fullmatch(r"[a-z][a-z0-9_]{2,59}", wish.name):
        raise UserError(f"{wish.name!r} is no name for a metric; use 3 to 60 lower-case letters, digits and _")
    if wish.name in sources.log_metrics:
        raise UserError("is there already; choose another name", Position(sources.log_metrics[wish.name].file))
    cases = sources.root / "tests" / "cases" / "metrics" / f"{wish.name}.yaml"
    if cases.exists():
        raise UserError("is there already; choose another name", Position(cases))
    if wish.event not in sources.contract.events:
        raise UserError(f"there is no event {wish.event!r}{nearest(wish.event, set(sources.contract.events))}")
    event = sources.contract.events[wish.event]
    for label in wish.labels:
        if label not in event.fields:
            raise UserError(f"{event.name} has no field {label!r}{nearest(label, set(event.fields))}")
    if wish.row not in sources.coverage.data:
        raise UserError(f"coverage.yaml has no row {wish.row!r}{nearest(wish.row, set(sources.coverage.data))}")
    return {
        sources.root / "log_metrics" / f"{wish.name}.yaml": _metric(wish, settings, event),
        cases: _cases(wish, sources.contract, event, settings.resource_type),
    }


def _metric(wish: MetricWish, settings: Settings, event: Event) -> str:
    keys, extractors = "", ""
    for label in wish.labels:
        kind = event.fields[label]
        value_type = "STRING" if isinstance(kind, tuple) else _VALUE_TYPES[kind]
        keys += f"    - key: {label}\n      valueType: {value_type}\n      description: TODO what it is.\n"
        extractors += f"  {label}: EXTRACT(jsonPayload.{label})\n"
    labels = f"  labels:\n{keys}labelExtractors:\n{extractors}" if keys else ""
    return f"""# yaml-language-server: $schema=../schemas/log_metric.schema.json
{settings.module.name}:
  rows: [{wish.row}]

name: {settings.module.name}/{wish.name}
description: TODO what is counted, in one sentence.
filter: |-
  <<events:{wish.event}>>
metricDescriptor:
  metricKind: DELTA
  valueType: INT64
  unit: "1"
{labels}"""


def _cases(wish: MetricWish, contract: Contract, event: Event, resource_type: str) -> str:
    values = {field: kind[0] if isinstance(kind, tuple) else _SAMPLES[kind] for field, kind in event.fields.items()}
    texts = [field for field, kind in event.fields.items() if kind == "string"]
    # No two texts are the same, so that a label of another field is noticed.
    values |= {field: f"{field}-1" for field in texts}
    empty = dict.fromkeys(texts, "")
    same, others = _loggers(contract.logger_root, event.logger)
    loggers = "".join(f"      - {{logger: {one}, counts: same}}\n" for one in same)
    loggers += "".join(f"      - {{logger: {one}}}\n" for one in others)
    severities = "".join(
        f"      - {{severity: {one}}}\n" for one in ("DEBUG", "INFO", "WARNING", "ERROR") if one != event.severity
    )
    emptied = f"""\
      - claim: an entry of {event.name} whose texts are empty counts as well
        fields: {json.dumps(empty)}
        counts:
          {wish.name}: {_labels(wish, values | empty)}
"""
    return f"""# yaml-language-server: $schema=../../../schemas/metric_cases.schema.json
# TODO lines of other files that log {event.name} count {wish.name} as well now: `loyalty-monitoring check` names them.
metrics:
  {wish.name}: {{type: counter, unit: "1"}}
lines:
  - claim: an entry of {event.name} counts once in {wish.name}
    log:
      event: {event.name}
      logger: {contract.logger_root}.{event.logger}
      severity: {event.severity}
      fields: {json.dumps(values)}
    counts:
      {wish.name}: {_labels(wish, values)}
    each_field: [missing, retyped]
    but:
{loggers}      - {{without: [logger]}}
{severities}      - {{without: [severity]}}
      - {{resource_type: another_type}}
      - {{resource_type: {resource_type}_x}}
      - {{event: {event.name}_again}}
      - {{event: un{event.name}}}
      - {{without: [event]}}
{emptied if empty else ""}"""


def _labels(wish: MetricWish, values: Mapping[str, object]) -> str:
    labels = ", ".join(f"{label}: {json.dumps(str(values[label]))}" for label in wish.labels)
    return f"{{labels: {{{labels}}}}}"


def _loggers(root: str, logger: str) -> tuple[list[str], list[str]]:
    """Return loggers whose entries count as well, and such as only look like them."""
    dots = [place for place, letter in enumerate(f"{root}.") if letter == "."]
    whole = f"{root}.{logger}"
    same = [f"{root}.tasks.{logger}", f"{root}.api.v2.{logger}"]
    # Each dot is one, and no other letter.
    blurred = [f"{whole[:place]}_{whole[place + 1 :]}" for place in dots]
    strangers = [
        f"{root}.tasks..{logger}",
        f"{whole}_test",
        f"{root}.un{logger}",
        f"{root}_v2.{logger}",
        f"old.{whole}",
    ]
    return same, [*strangers, *blurred]
