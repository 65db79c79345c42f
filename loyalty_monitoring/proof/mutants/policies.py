"""Mutants of an alert policy: its condition with one thing wrong, as a slip of the pen would leave it."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from loyalty_monitoring.definitions.model import AlertPolicy

_TOKEN = re.compile(
    r"""(?P<string>"(?:\\.|[^"\\])*")|(?P<duration>\d+[smhd](?:\d+[smhd])*)|(?P<number>\d+(?:\.\d+)?)"""
    r"""|(?P<word>[a-zA-Z_][a-zA-Z0-9_:]*)|(?P<sign>=~|!=|==|>=|<=|[-+*/<>={}()\[\],:])"""
)
_OTHERS: Mapping[str, tuple[str, ...]] = {
    ">": (">=", "<"),
    "<": ("<=", ">"),
    ">=": (">", "<"),
    "==": ("!=", ">"),
    "/": ("*", "-"),
    "*": ("+", "/"),
    "-": ("+",),
    "=": ("!=",),
    "=~": ("=", "!~"),
    "sum": ("max", "avg", "count"),
    "max": ("min", "sum", "avg"),
    "sum_over_time": ("max_over_time", "count_over_time", "last_over_time"),
    "last_over_time": ("max_over_time", "min_over_time", "avg_over_time", "sum_over_time"),
    "and": ("or", "unless"),
    "or": ("and",),
    "unless": ("and", "or"),
    "time": ("year",),
}
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_MINUTE = 60


@dataclass(frozen=True)
class PolicyMutant:
    """`change` says what is wrong: what stood there, which one of several, and what stands there now."""

    change: str
    policy: AlertPolicy

    @property
    def id(self) -> str:
        return f"{self.policy.name}: {self.change}"


@dataclass(frozen=True)
class _Token:
    kind: str
    text: str
    start: int
    end: int


def policy_mutants(policy: AlertPolicy) -> tuple[PolicyMutant, ...]:
    """Return every mutant of one policy, in the order of its query, then duration and evaluation interval."""
    found = [PolicyMutant(change, _with(policy, query=query)) for change, query in _queries(policy.query)]
    duration, interval = policy.duration_seconds, policy.evaluation_interval_seconds
    for seconds in (_MINUTE, 5 * _MINUTE) if duration == 0 else (0, duration - 5 * _MINUTE, duration + 5 * _MINUTE):
        found.append(PolicyMutant(f"duration {duration}s -> {seconds}s", _with(policy, duration=f"{seconds}s")))
    for seconds in (2 * interval, 10 * interval):
        change = f"evaluationInterval {interval}s -> {seconds}s"
        found.append(PolicyMutant(change, _with(policy, evaluationInterval=f"{seconds}s")))
    return tuple(found)


def _with(policy: AlertPolicy, **changed: Any) -> AlertPolicy:
    (condition,) = policy.body["conditions"]
    promql = {**policy.condition, **changed}
    conditions = [{**condition, "conditionPrometheusQueryLanguage": promql}]
    return dataclasses.replace(policy, body={**policy.body, "conditions": conditions})


def _queries(query: str) -> Iterator[tuple[str, str]]:
    tokens = [_Token(str(m.lastgroup), m[0], m.start(), m.end()) for m in _TOKEN.finditer(query)]
    seen: dict[str, int] = {}
    for index, token in enumerate(tokens):
        seen[token.text] = seen.get(token.text, 0) + 1
        name = f"{token.text} ({seen[token.text]})"
        for other in _replacements(tokens, index):
            yield f"{name} -> {other}", query[: token.start] + other + query[token.end :]
        for what, start, end in _removals(tokens, index):
            yield f"{name}: {what} removed", query[:start] + query[end:]


def _replacements(tokens: Sequence[_Token], index: int) -> Iterator[str]:
    """Yield what else could stand in the place of a token."""
    token = tokens[index]
    match token.kind:
        case "number":
            yield from _numbers(token.text)
        case "duration":
            yield from _durations(token.text, is_range=tokens[index - 1].text == "[")
        case "string":
            yield from _strings(token.text)
        case "word" if re.search(r"_(sum|count)$", token.text):
            yield re.sub(r"(sum|count)$", lambda end: "count" if end[0] == "sum" else "sum", token.text)
        case "word" if index > 1 and tokens[index - 1].text == "(" and tokens[index - 2].text in ("by", "on"):
            yield "location"
        case _:
            yield from _OTHERS.get(token.text, ())


def _numbers(text: str) -> Iterator[str]:
    number = float(text)
    if number == 0:
        yield from ("1", "-1")
    elif number.is_integer():
        yield from (f"{number + 1:.0f}", f"{number - 1:.0f}", f"{number * 60:.0f}")
    else:
        yield from (f"{number * 1.01:g}", f"{number * 0.99:g}", f"{number * 100:g}")


def _durations(text: str, *, is_range: bool) -> Iterator[str]:
    seconds = sum(int(number) * _SECONDS[unit] for number, unit in re.findall(r"(\d+)([smhd])", text))
    others = {2 * seconds, seconds // 2}
    if is_range:
        others |= {seconds + _MINUTE, seconds - _MINUTE} - {0}
    yield from (f"{other}s" for other in sorted(others))


def _strings(text: str) -> Iterator[str]:
    inner = text[1:-1]
    yield f'"{inner}x"'
    if "|" in inner:
        parts = inner.split("|")
        for left_out in parts:
            yield '"' + "|".join(part for part in parts if part != left_out) + '"'


def _removals(tokens: Sequence[_Token], index: int) -> Iterator[tuple[str, int, int]]:
    """Yield parts that could be forgotten: (description, start, end) in the query's text."""
    token = tokens[index]
    before = tokens[index - 1] if index else None
    match token.text:
        case "and" | "or" | "unless":
            yield "and what follows", token.start, _end_of_operand(tokens, index + 1)
        case "by":
            yield "grouping", token.start, next(one.end for one in tokens[index:] if one.text == ")")
        case "offset":
            yield "offset", token.start, tokens[index + 1].end
        case ">" | "<" | ">=" | "==" if tokens[index + 1].kind == "number":
            yield "comparison", token.start, tokens[index + 1].end
        case "bool":
            yield "bool", token.start, token.end
    is_matcher = token.kind == "word" and before is not None and before.text in "{," and index + 2 < len(tokens)
    if is_matcher and tokens[index + 1].text in ("=", "=~", "!=") and tokens[index + 2].kind == "string":
        end = tokens[index + 3].end if tokens[index + 3].text == "," else tokens[index + 2].end
        yield "matcher", token.start, end


def _end_of_operand(tokens: Sequence[_Token], index: int) -> int:
    """Return the end of the operand that begins at a token: names, then everything up to the closing parenthesis."""
    depth = 0
    while index < len(tokens):
        depth += {"(": 1, ")": -1}.get(tokens[index].text, 0)
        # `on (...)` belongs to the operator; the operand comes after it.
        followed = index + 1 < len(tokens) and tokens[index + 1].text == "("
        if depth == 0 and tokens[index].text == ")" and not followed:
            break
        index += 1
    return tokens[index].end
