"""SQL that was compiled for DuckDB, in BigQuery's dialect: one compiler, two dialects.

sqlglot reads and writes both dialects; what it does not know of either is said here, function by function. JSON values
are texts in both, as `sql_json` has them. A function without a counterpart is an error, never a guess.

Source: cloud.google.com/bigquery/docs/reference/standard-sql/functions-all
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache

import sqlglot
from sqlglot import exp

from loyalty_monitoring.backtest.view import json_path
from loyalty_monitoring.common.errors import UserError
from loyalty_monitoring.query_languages.logging_filter import Filter, parse_filter
from loyalty_monitoring.replay.entries.filtering import null_matters


def parse_sayable(text: str) -> Filter:
    """Return a filter that does not ask whether a field is null or there at all: texts of JSON do not tell them apart
    in BigQuery. Errors: UserError.
    """
    parsed = parse_filter(text)
    if null_matters(parsed):
        raise UserError("GoogleSQL's JSON functions over texts do not tell a null from a missing field")
    return parsed


@cache
def google_sql(expression: str) -> str:
    """Return an SQL expression of DuckDB, as GoogleSQL. Errors: UserError for what GoogleSQL cannot say."""
    # Within a pair of parentheses, so that the outermost function can be replaced, too.
    whole = exp.Paren(this=sqlglot.parse_one(expression, dialect="duckdb"))
    for node in reversed(list(whole.walk())):  # what stands inside comes first
        rule = _FUNCTIONS.get(node.name.lower()) if isinstance(node, exp.Anonymous) else _NODES.get(type(node))
        if rule is not None and (translated := rule(node)) is not node:
            node.replace(translated)
    return _checked(whole).sql(dialect="bigquery")


def _checked(whole: exp.Expr) -> exp.Expr:
    for node in whole.walk():
        unknown = isinstance(node, exp.Anonymous) and node.name.upper() not in _OF_BIG_QUERY
        if unknown or isinstance(node, _ONLY_DUCKDB):
            name = node.name.lower() if unknown else type(node).__name__
            raise UserError(f"GoogleSQL has no counterpart of what it compiles to ({name})")
    return whole


def _call(name: str, *arguments: exp.Expr | str) -> exp.Expr:
    return exp.Anonymous(this=name, expressions=[_argument(value).copy() for value in arguments])


def _argument(value: exp.Expr | str) -> exp.Expr:
    return exp.Literal.string(value) if isinstance(value, str) else value


def _cast(node: exp.Expr) -> exp.Expr:
    """Return JSON values stay the texts that they are; huge integers are BigQuery's large decimals."""
    kind = node.args["to"]
    if kind.is_type(exp.DType.JSON):
        return _inner(node)
    if kind.is_type(exp.DType.INT128):
        node.set("to", exp.DataType.build("BIGNUMERIC", dialect="bigquery"))
    return node


def _inner(node: exp.Expr) -> exp.Expr:
    inner = node.this
    assert isinstance(inner, exp.Expr)
    return inner


def _json_extract(node: exp.Expr) -> exp.Expr:
    """Return GoogleSQL for `json_extract(value, '$[*]')`, a list of items, or for a JSON pointer, a value; null becomes
    NULL.
    """
    path = node.expression
    if isinstance(path, exp.JSONPath):
        if [type(part) for part in path.expressions] != [exp.JSONPathRoot, exp.JSONPathSubscript]:
            return node
        # A CASE around it does not keep every engine from looking at what is no list.
        is_list = _call("STARTS_WITH", node.this, "[")
        return _call("JSON_QUERY_ARRAY", exp.If(this=is_list, true=node.this.copy(), false=exp.null()))
    keys = [key.replace("~1", "/").replace("~0", "~") for key in path.name.split("/")[1:]]
    return _call("JSON_QUERY", node.this, json_path(keys))


def _is_null(node: exp.Expr) -> exp.Expr:
    return exp.Is(this=node, expression=exp.null())


def _any(node: exp.Expr) -> exp.Expr:
    """Return GoogleSQL for `list_bool_or(list_transform(items, lambda i: test))`; NULL for an empty list, as
    in DuckDB.
    """
    (inner,) = node.expressions
    if not isinstance(inner, exp.Transform):
        return node
    body, name = _lambda(inner.expression)
    return exp.Subquery(this=exp.select(_call("LOGICAL_OR", body)).from_(_unnest(inner.this, name)))


def _filter(node: exp.Expr) -> exp.Expr:
    body, name = _lambda(node.expression)
    return exp.Array(expressions=[exp.select(exp.column(name)).from_(_unnest(node.this, name)).where(body)])


def _flatten(node: exp.Expr) -> exp.Expr:
    inner = node.this
    if not isinstance(inner, exp.Transform):
        return node
    body, name = _lambda(inner.expression)
    item = f"{name}_item"
    both = exp.select(exp.column(item)).from_(_unnest(inner.this, name)).join(_unnest(body, item), join_type="cross")
    return exp.Array(expressions=[both])


def _lambda(function: exp.Expr) -> tuple[exp.Expr, str]:
    (variable,) = function.expressions
    return function.this, variable.name


def _unnest(items: exp.Expr, name: str) -> exp.Expr:
    return exp.Unnest(expressions=[items], alias=exp.TableAlias(columns=[exp.to_identifier(name)]))


def _full_match(node: exp.Expr) -> exp.Expr:
    return _call("REGEXP_CONTAINS", node.this, f"^(?:{node.expression.name})$")


def _regexp_extract(node: exp.Expr) -> exp.Expr:
    """Return GoogleSQL for a group of a pattern. Without a match it is "" in DuckDB and NULL in BigQuery, which allows
    one group.
    """
    if re.compile(node.expression.name).groups > 1:
        raise UserError("GoogleSQL's REGEXP_EXTRACT has one group, and this needs several")
    found = exp.Coalesce(this=_call("REGEXP_EXTRACT", node.this, node.expression), expressions=[exp.Literal.string("")])
    return exp.If(this=_is_null(node.this.copy()), true=exp.null(), false=found)


def _slice(node: exp.Expr) -> exp.Expr:
    """Return GoogleSQL for `text[2:-2]`, a text without its first and last character."""
    (part,) = node.expressions
    if not isinstance(part, exp.Slice) or part.sql(dialect="duckdb") != "2:-2":
        return node
    length = exp.Sub(this=_call("LENGTH", node.this.copy()), expression=exp.Literal.number(2))
    return _call("SUBSTR", node.this, exp.Literal.number(2), length)


def _split_part(node: exp.Expr) -> exp.Expr:
    """Return GoogleSQL for a part of a split text; "" where there are fewer parts, as in DuckDB."""
    text, delimiter, index = node.this, node.args["delimiter"], node.args["part_index"]
    offset = exp.Literal.number(int(index.name) - 1)
    parts = _call("SPLIT", text, delimiter)
    part = exp.Bracket(this=parts, expressions=[offset], offset=0, safe=True)
    found = exp.Coalesce(this=part, expressions=[exp.Literal.string("")])
    return exp.If(this=_is_null(text.copy()), true=exp.null(), false=found)


def _is_finite(node: exp.Expr) -> exp.Expr:
    (number,) = node.expressions
    either = exp.Or(this=_call("IS_INF", number), expression=_call("IS_NAN", number.copy()))
    return exp.Not(this=exp.Paren(this=either))


def _length(node: exp.Expr) -> exp.Expr:
    return _call("ARRAY_LENGTH", node.this) if isinstance(node.this, exp.Array) else node


Rule = Callable[[exp.Expr], exp.Expr]

_NODES: dict[type[exp.Expr], Rule] = {
    exp.Cast: _cast,
    exp.TryCast: _cast,
    exp.Contains: lambda node: exp.GT(
        this=_call("STRPOS", node.this, node.expression), expression=exp.Literal.number(0)
    ),
    exp.JSONExtract: _json_extract,
    exp.JSONExtractScalar: lambda node: _call("JSON_VALUE", node.this),
    exp.ArrayFilter: _filter,
    exp.Flatten: _flatten,
    exp.RegexpFullMatch: _full_match,
    exp.RegexpLike: lambda node: _call("REGEXP_CONTAINS", node.this, node.expression),
    exp.RegexpExtract: _regexp_extract,
    exp.Bracket: _slice,
    exp.Length: _length,
    exp.SplitPart: _split_part,
}
_FUNCTIONS: dict[str, Rule] = {
    "list_bool_or": _any,
    "isfinite": _is_finite,
    "nfc_normalize": lambda node: exp.Normalize(this=node.expressions[0]),
    "epoch_us": lambda node: _call("UNIX_MICROS", *node.expressions),
    "to_json": lambda node: _call("TO_JSON_STRING", *node.expressions),
}
_OF_BIG_QUERY = frozenset(
    {
        "ARRAY_LENGTH",
        "IS_INF",
        "IS_NAN",
        "JSON_QUERY",
        "JSON_QUERY_ARRAY",
        "JSON_VALUE",
        "LENGTH",
        "LOGICAL_OR",
        "REGEXP_CONTAINS",
        "REGEXP_EXTRACT",
        "SPLIT",
        "STARTS_WITH",
        "STRPOS",
        "SUBSTR",
        "TO_JSON_STRING",
        "UNIX_MICROS",
    }
)
# What is left of these after the translation, GoogleSQL does not have.
_ONLY_DUCKDB = (exp.Lambda, exp.Transform, exp.JSONPath, exp.Slice)
