"""Find which events of the log contract a metric selects, and which of their fields it reads."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from loyalty_monitoring.common.database import quoted, small_questions
from loyalty_monitoring.common.errors import nearest
from loyalty_monitoring.common.yaml_documents import Path_
from loyalty_monitoring.definitions.log_contract import Contract, Event, FieldType, events_filter
from loyalty_monitoring.definitions.model import Body, LogMetric
from loyalty_monitoring.query_languages.extractors import Extractor, parse_extractor
from loyalty_monitoring.query_languages.logging_filter import FieldPath, Filter, parse_filter, referenced_fields, to_sql
from loyalty_monitoring.query_languages.logging_filter.syntax import And, Comparison, Expression, Not, Or

# What an entry's event says about it, whatever its fields hold.
_KNOWN: dict[FieldPath, str] = {
    ("resource", "type"): "resource_type",
    ("severity",): "severity",
    ("labels", "python_logger"): "logger",
    ("jsonPayload", "event"): "event",
    ("textPayload",): "text",
}
# Fields that every entry of the module has beside those of its event.
_ALWAYS: dict[str, FieldType] = {"event": "string", "message": "string"}


@dataclass(frozen=True)
class Disagreement:
    """A metric and the contract do not fit; `path` leads to the place in the metric's body."""

    path: Path_
    message: str
    remedy: str


def selected_events(contract: Contract, metrics: Sequence[LogMetric], resource_type: str) -> dict[str, tuple[str, ...]]:
    """Return the events of which a metric's filter can match an entry, by the metric's file name."""
    filters = [parse_filter(metric.body["filter"]) for metric in metrics]
    found = _remainders(contract, [(one, resource_type) for one in filters])
    return {metric.name: tuple(remainders) for metric, remainders in zip(metrics, found, strict=True)}


def disagreements(contract: Contract, bodies: Sequence[Body]) -> list[tuple[Disagreement, ...]]:
    """Return, for each metric, the fields it reads that a selected event does not have, or not with that type.

    Errors: UserError when a filter or an extractor cannot be read.
    """
    filters = [parse_filter(body["filter"]) for body in bodies]
    types = [_pinned_resource_type(one) for one in filters]
    found = _remainders(contract, list(zip(filters, types, strict=True)))
    return [tuple(_disagreements(contract, *one)) for one in zip(bodies, types, found, strict=True)]


def _disagreements(
    contract: Contract, body: Body, resource_type: str, remainders: Mapping[str, Sequence[Expression]]
) -> Iterator[Disagreement]:
    labels = body.get("metricDescriptor", {}).get("labels", [])
    types = {label["key"]: label.get("valueType", "STRING") for label in labels}
    extractors: list[tuple[Path_, Extractor, str]] = [
        (("labelExtractors", key), parse_extractor(text), types.get(key, "STRING"))
        for key, text in body.get("labelExtractors", {}).items()
    ]
    if "valueExtractor" in body:
        extractors.append((("valueExtractor",), parse_extractor(body["valueExtractor"]), "a number"))
    for name, alternatives in remainders.items():
        event = contract.events[name]
        own = set(_leaves(parse_filter(events_filter(contract, (name,), resource_type)).expression))
        leaves = {leaf for rest in alternatives for leaf in _leaves(rest)} - own
        for leaf in sorted(leaves, key=repr):
            wanted = _wanted_by_comparison(leaf)
            for field in sorted(referenced_fields(Filter("", leaf))):
                yield from _checked(event, ("filter",), field, wanted)
        for path, extractor, value_type in extractors:
            wanted = _TEXT if extractor.pattern is not None else _WANTED_BY_TYPE[value_type]
            yield from _checked(event, path, extractor.field, wanted)


_TEXT, _NUMBER, _BOOLEAN = frozenset({"text"}), frozenset({"number"}), frozenset({"boolean"})
_ANY = _TEXT | _NUMBER | _BOOLEAN
_WANTED_BY_TYPE = {"STRING": _TEXT, "INT64": _NUMBER, "BOOL": _BOOLEAN, "a number": _NUMBER}


def _wanted_by_comparison(leaf: Expression) -> frozenset[str]:
    """Return the types of a field with which the comparison can hold."""
    if not isinstance(leaf, Comparison) or not isinstance(leaf.left, tuple) or leaf.operator == ":":
        return _ANY
    if leaf.operator in ("=~", "!~"):
        return _TEXT
    if leaf.quoted:
        return _TEXT
    return _BOOLEAN if leaf.text.lower() in ("true", "false") else _NUMBER


def _type(kind: FieldType) -> str:
    if isinstance(kind, tuple):
        return "number" if all(isinstance(value, int) for value in kind) else "text"
    return {"string": "text", "boolean": "boolean"}.get(kind, "number")


def _checked(event: Event, path: Path_, field: FieldPath, wanted: frozenset[str]) -> Iterator[Disagreement]:
    if field[:1] != ("jsonPayload",) or len(field) == 1:
        return
    fields = {**event.fields, **_ALWAYS}
    name = ".".join(field[1:])
    if name not in fields:
        yield Disagreement(
            path,
            f"reads jsonPayload.{name}, which the event {event.name} does not have",
            f"add the field to the event in log_events.yaml, or read another{nearest(name, set(fields))}",
        )
    elif _type(fields[name]) not in wanted:
        yield Disagreement(
            path,
            f"reads jsonPayload.{name} as {' or '.join(sorted(wanted))}, but in the event {event.name} "
            f"it is a {_type(fields[name])}",
            "change the type in log_events.yaml, or what the metric does with the field",
        )


# A filter, given the event -------------------------------------------------------------------------------------------


def _remainders(contract: Contract, filters: Sequence[tuple[Filter, str]]) -> list[dict[str, list[Expression]]]:
    """Return, for each event that each filter can match, the rest of the filter once the event is given.

    A filter stands beside the resource type that entries have. One query asks for all: each takes a while to be made.
    """
    leaves = [leaf for one, _ in filters for leaf in _leaves(one.expression) if _is_known(leaf)]
    answers = _answers(contract, list(dict.fromkeys(leaves)), sorted({resource_type for _, resource_type in filters}))
    found: list[dict[str, list[Expression]]] = []
    for parsed, resource_type in filters:
        remainders: dict[str, list[Expression]] = {}
        for event, known in answers[resource_type]:
            rest = _given(parsed.expression, known)
            if rest is not False:
                remainders.setdefault(event, []).append(And(()) if rest is True else rest)
        found.append(remainders)
    return found


_Answers = dict[str, list[tuple[str, dict[Expression, bool]]]]


def _answers(contract: Contract, leaves: Sequence[Expression], resource_types: Sequence[str]) -> _Answers:
    """Return, by resource type, each event in each severity that it can have, and whether each leaf holds for it."""
    kinds = [
        (event.name, severity, f"{contract.logger_root}.{event.logger}", resource_type)
        for resource_type in resource_types
        for event in contract.events.values()
        for severity in (event.severity, *(event.severity_when or ())[:1])
    ]
    rows = ", ".join(
        f"({number}, {', '.join(quoted(json.dumps(value)) for value in kind)}, NULL)"
        for number, kind in enumerate(kinds)
    )
    tests = [to_sql(Filter("", leaf), lambda path: f"{_KNOWN[path]}::JSON") for leaf in leaves]
    found: _Answers = {resource_type: [] for resource_type in resource_types}
    if not kinds:
        return found
    for *answer, number in _rows(
        f"SELECT {', '.join([*tests, 'number'])} "
        f"FROM (VALUES {rows}) AS kinds (number, event, severity, logger, resource_type, text) ORDER BY number"
    ):
        event, _, _, resource_type = kinds[number]
        found[resource_type].append((event, dict(zip(leaves, answer, strict=True))))
    return found


@lru_cache(maxsize=8)
def _rows(query: str) -> list[tuple[Any, ...]]:
    """Return the answer, which is the same for each stack and each rule."""
    return small_questions().execute(query).fetchall()


def _pinned_resource_type(parsed: Filter) -> str:
    """Return the one that the filter names; "" where any will do."""
    for leaf in _leaves(parsed.expression):
        if isinstance(leaf, Comparison) and leaf.left == ("resource", "type"):
            return leaf.text
    return ""


def _is_known(leaf: Expression) -> bool:
    return referenced_fields(Filter("", leaf)) <= _KNOWN.keys()


def _given(expression: Expression | None, known: Mapping[Expression, bool]) -> Any:
    """Return the expression with what is known put in: true, false, or what still depends on the entry."""
    match expression:
        case None:
            return True
        case Not(part):
            rest = _given(part, known)
            return not rest if isinstance(rest, bool) else Not(rest)
        case And(parts) | Or(parts):
            decides = isinstance(expression, Or)
            left = [_given(part, known) for part in parts]
            if decides in left:
                return decides
            open_parts = tuple(part for part in left if not isinstance(part, bool))
            return type(expression)(open_parts) if open_parts else not decides
    return known.get(expression, expression)


def _leaves(expression: Expression | None) -> Iterator[Expression]:
    match expression:
        case None:
            return
        case Not(part):
            yield from _leaves(part)
        case And(parts) | Or(parts):
            for part in parts:
                yield from _leaves(part)
        case _:
            yield expression
