"""The functions of the language: what they are given is checked here.

https://cloud.google.com/logging/docs/view/logging-query-language#functions
"""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import quote, unquote

from lark import Token, Tree

from loyalty_monitoring.common.errors import nearest
from loyalty_monitoring.query_languages.logging_filter import literals, re2
from loyalty_monitoring.query_languages.logging_filter.log_entry import ENTRY, FieldPath, Kind, kind_of
from loyalty_monitoring.query_languages.logging_filter.syntax import (
    Cast,
    Expression,
    Extract,
    InNetwork,
    LogName,
    Operand,
    Sample,
    Tokens,
)
from loyalty_monitoring.query_languages.logging_filter.tokens import (
    NeverMatches,
    Node,
    NotSupported,
    error,
    field_of,
    pattern_of,
    text_of,
)

RESTRICTIONS = {
    "log_id": 'log_id("LOG_ID")',
    "source": "source(projects/PROJECT_ID)",
    "sample": "sample(field, 0.25)",
    "ip_in_net": 'ip_in_net(field, "10.0.0.0/8")',
    "search": 'SEARCH("words") or SEARCH(field, "words")',
}
OPERANDS = {
    "cast": "cast(field, INT64) >= 5",
    "regexp_extract": 'regexp_extract(field, "(a+)") = "aa"',
}
_CAST_KINDS = {
    "STRING": Kind.TEXT,
    "INT64": Kind.INT64,
    "FLOAT64": Kind.NUMBER,
    "BOOL": Kind.BOOLEAN,
    "TIMESTAMP": Kind.TIME,
    "DURATION": Kind.DURATION,
}

# The delimiters of BigQuery's LOG_ANALYZER, which SEARCH uses:
# https://cloud.google.com/bigquery/docs/text-analysis-search
# A code such as %20 is one delimiter, so it comes before the percent sign.
DELIMITER = (
    r"%(?:2526|2520|20|21|26|28|29|0[Aa]|2[Bb]|2[Cc]|3[Aa]|3[Bb]|3[Dd]|5[Bb]|5[Dd]|7[Cc])"
    r"""|[\[\]<>(){}|!;,'"*&?+/:=@.\-$%\\_\s]"""
)


def restriction(call: Tree[Token]) -> Expression:
    """Return a call that stands alone and is true or false."""
    name, arguments = _parts(call)
    match name.lower(), arguments:
        case "log_id", [Token() as log_id]:
            # logName holds it URL-encoded; whether the filter does, too, does not matter.
            return LogName("", f"/logs/{quote(unquote(text_of(log_id)), safe='')}".lower())
        case "source", [Token() as resource]:
            return LogName(_source(resource), "")
        case "sample", [field, Token() as fraction]:
            return Sample(
                _field(field, (Kind.TEXT, Kind.DYNAMIC, Kind.INT32, Kind.INT64)),
                _fraction(fraction),
            )
        case "ip_in_net", [field, Token(type="STRING") as network]:
            return InNetwork(_field(field, (Kind.TEXT, Kind.DYNAMIC)), _network(network))
        case "search", [Token(type="STRING") as words]:
            return _search(ENTRY, words)
        case "search", [field, Token(type="STRING") as words]:
            return _search(_field(field, (Kind.TEXT, Kind.DYNAMIC, Kind.OBJECT)), words)
    if usage := OPERANDS.get(name.lower()):
        raise error(f"{name}(...) is not compared with a value; write such as {usage}", name)
    raise _misused(name)


def operand(call: Tree[Token]) -> Operand:
    """Return a call that stands left of an operator."""
    name, arguments = _parts(call)
    match name.lower(), arguments:
        case "cast", [operand, Token(type="WORD") as kind]:
            return _cast(operand, kind)
        case "cast", [_, _, option]:
            raise error("an option of cast, such as TIMEZONE, is not supported; leave it out", option, NotSupported)
        case "regexp_extract", [operand, Token() as token]:
            pattern = pattern_of(token)
            if not re2.has_one_group(pattern):
                raise error(
                    "the pattern of regexp_extract must have exactly one group ( ); use (?: ) for others", token
                )
            return Extract(_text_operand(operand), pattern)
    if usage := RESTRICTIONS.get(name.lower()):
        raise error(f"{name} cannot be compared; write {usage} alone", name)
    raise _misused(name)


def kind_of_operand(left: Operand) -> Kind:
    match left:
        case Cast(kind=name):
            return _CAST_KINDS[name]
        case Extract():
            return Kind.TEXT
    return kind_of(left)


def _parts(call: Tree[Token]) -> tuple[Token, list[Node]]:
    name, *arguments = call.children
    assert isinstance(name, Token)
    return name, [argument for argument in arguments if argument is not None]


def _misused(name: Token) -> Exception:
    usages = RESTRICTIONS | OPERANDS
    if usage := usages.get(name.lower()):
        return error(f"{name} is not used like this; write {usage}", name)
    return error(f"there is no function {name}{nearest(str(name), set(usages))}", name)


def _field(node: Node, kinds: tuple[Kind, ...]) -> FieldPath:
    path = field_of(node)
    if kind_of(path) not in kinds:
        raise error(f"{node} is {kind_of(path).value}, which this function does not take; name another field", node)
    return path


def _operand_or_field(node: Node) -> Operand:
    return operand(node) if isinstance(node, Tree) else field_of(node)


def _cast(operand: Node, kind: Token) -> Cast:
    if kind.upper() not in _CAST_KINDS:
        raise error(f"there is no type {kind}{nearest(kind.upper(), set(_CAST_KINDS))}", kind)
    value = _operand_or_field(operand)
    source, target = kind_of_operand(value), _CAST_KINDS[kind.upper()]
    if source is target:
        return Cast(value, kind.upper())
    if target is Kind.TEXT and source in (Kind.TIME, Kind.DURATION):
        raise error(
            f"cast of {source.value} to STRING is not supported, because its text is not documented; compare it as "
            f"{source.value}",
            operand,
            NotSupported,
        )
    if source in (Kind.OBJECT, Kind.TIME, Kind.DURATION) or (source is Kind.SEVERITY and target is not Kind.TEXT):
        raise error(
            f"cast of {source.value} to {kind.upper()} is not supported; compare it as it is", operand, NotSupported
        )
    return Cast(value, kind.upper())


def _text_operand(node: Node) -> Operand:
    value = _operand_or_field(node)
    if kind_of_operand(value) not in (Kind.TEXT, Kind.DYNAMIC):
        raise error("regexp_extract takes a text; cast the value to STRING first", node)
    return value


def _source(token: Token) -> str:
    text = str(token) if token.type == "WORD" else text_of(token)
    if not re.fullmatch(r"(projects|folders|organizations)/[^/\s]+", text):
        raise error(f"{text!r} is no resource; write projects/ID, folders/ID or organizations/ID", token, NeverMatches)
    if re.fullmatch(r"projects/\d+", text):
        raise error(
            "a project's number is not supported, because logName has its id; write projects/PROJECT_ID",
            token,
            NotSupported,
        )
    return f"{text}/logs/".lower()


def _fraction(token: Token) -> float:
    value = literals.number(str(token)) if token.type == "WORD" else None
    if value is None or not 0 < value <= 1:
        raise error(f"{token} is no fraction; write a number above 0 and up to 1", token)
    return value


def _network(token: Token) -> str:
    text = text_of(token)
    try:
        return str(ipaddress.ip_network(text))
    except ValueError as problem:
        raise error(f"{text!r} is no network ({problem}); write such as 10.0.0.0/8", token, NeverMatches) from problem


def _search(field: FieldPath, token: Token) -> Tokens:
    text = text_of(token).lower()
    if text.count("`") % 2:
        raise error('a backtick is not closed; write SEARCH("`a phrase`")', token)
    pieces = text.split("`")
    phrases = [phrase for phrase in pieces[1::2] if phrase.strip()]
    tokens = [word for piece in pieces[::2] for word in re.split(DELIMITER, piece) if word]
    if not tokens and not phrases:
        raise error("SEARCH has no word to search for; write one", token)
    return Tokens(field, tuple(dict.fromkeys(tokens)), tuple(dict.fromkeys(phrases)))
