"""Strict substitution of `<<...>>` in the strings of a definition.

`<<` occurs neither in PromQL nor in the Logging query language, and Cloud Monitoring's own variables are `${...}`, so
nothing needs escaping. What may stand inside:

| written                     | becomes                                                      |
|-----------------------------|--------------------------------------------------------------|
| `<<email_window>>`          | the parameter as a number: seconds, a ratio 0..1, a count    |
| `<<email_window:range>>`    | a duration in PromQL: `24h`                                  |
| `<<email_window:text>>`     | as a sentence says it: `24 hours`, `1%`, `100`               |
| `<<silent_hold:api_duration>>` | a duration in the API's JSON: `1800s`                     |
| `<<setting:project>>`       | a setting of the stack                                       |
| `<<metric:email_status>>`   | the metric's name in PromQL                                  |
| `<<events:order_placed>>`   | the Logging query for entries that keep the contract; `a, b` is a list |
| `<<celery:tasks>>`          | the RE2 alternation of the watched Celery tasks              |
| `<<policy:rate_limit_spike>>` | the policy's resource name, known after deployment         |
| `<<policy_id:rate_limit_spike>>` | the same without the project                            |
| `<<title:task_health>>`     | the title of a dashboard                                     |

A string that is one single reference to a number becomes a number.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from loyalty_monitoring.common.errors import Found, UserError, nearest, raise_all
from loyalty_monitoring.common.yaml_documents import Document, Path_
from loyalty_monitoring.definitions.parameters import Parameter

_REFERENCE = re.compile(r"<<([^<>\n]*)>>")
_FORMS = frozenset({"text", "range", "api_duration"})

Resolver = Callable[[str], str]


@dataclass(frozen=True)
class Substituted:
    """A document's data with every reference replaced, and the names of the parameters that were put in."""

    data: Any
    parameters: frozenset[str]


def substitute(
    document: Document, parameters: Mapping[str, Parameter], resolvers: Mapping[str, Resolver]
) -> Substituted:
    """Return the document's data with every reference replaced.

    `resolvers` maps a kind such as `metric` to the function of what stands behind its colon; the function raises
    KeyError with a text for an unknown name. Errors: UserError with the place of the string, UserErrors with the
    places of all.
    """

    used: set[str] = set()
    problems = Found()

    def resolved(inside: str) -> str | int | float:
        result = _resolved(inside, parameters, resolvers)
        used.update({_head(inside)} & parameters.keys())
        return result

    def replaced(value: Any, path: Path_) -> Any:
        if isinstance(value, dict):
            return {key: replaced(item, (*path, key)) for key, item in value.items()}
        if isinstance(value, list):
            return [replaced(item, (*path, index)) for index, item in enumerate(value)]
        return problems.tried(lambda: text(value, path), value) if isinstance(value, str) else value

    def text(value: str, path: Path_) -> str | int | float:
        if "<<" not in value and ">>" not in value:
            return value
        try:
            whole = _REFERENCE.fullmatch(value)
            if whole:
                return resolved(whole[1])
            result = _REFERENCE.sub(lambda found: str(resolved(found[1])), value)
        except KeyError as error:
            raise UserError(str(error.args[0]), document.position(path)) from error
        if "<<" in _REFERENCE.sub("", value) or ">>" in _REFERENCE.sub("", value):
            raise UserError(
                "'<<' and '>>' enclose a reference such as <<email_window>>; close it, or write it without",
                document.position(path),
            )
        return result

    data = replaced(document.data, ())
    raise_all(problems.errors)
    return Substituted(data, frozenset(used))


def _head(inside: str) -> str:
    return inside.partition(":")[0].strip()


def _resolved(inside: str, parameters: Mapping[str, Parameter], resolvers: Mapping[str, Resolver]) -> str | int | float:
    head, colon, tail = (part.strip() for part in inside.partition(":"))
    if colon and head in resolvers:
        return resolvers[head](tail)
    if head not in parameters:
        known = set(parameters) if not colon else set(parameters) | {f"{kind}:" for kind in resolvers}
        raise KeyError(f"unknown parameter {head!r} in <<{inside}>>{nearest(head, known)}")
    if colon and tail not in _FORMS:
        raise KeyError(f"unknown form {tail!r} in <<{inside}>>{nearest(tail, _FORMS)}")
    try:
        return parameters[head].form(tail or "number")
    except KeyError:
        unit = parameters[head].unit
        raise KeyError(
            f"{head!r} has the unit {unit} and no form {tail!r}; use <<{head}>> or <<{head}:text>>"
        ) from None
