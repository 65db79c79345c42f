"""prose-duration: words that say "for 5 minutes" need a duration or a window of 5 minutes.

Source: https://docs.cloud.google.com/monitoring/alerts/concepts-indepth (alignment periods and retest windows)
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from loyalty_monitoring.checks.lint.prose import first_paragraph, numbers_of, quantities, said_of, titles
from loyalty_monitoring.checks.lint.rule import Problem, Project, Resource, Rule
from loyalty_monitoring.common.yaml_documents import Path_

_FOR = re.compile(r"\bfor\s+(?:(?:at least|more than|over|longer than|a minimum of)\s+)?\Z", re.IGNORECASE)
_NEAR = 40
# A sentence of the documentation that speaks of a state, and not of what to do: "wait for 5 minutes".
_STATE = re.compile(
    r"\b(?:above|below|over|under|(?:more|less|fewer|greater|higher|lower) than|exceed(?:s|ed|ing)?|fail(?:s|ed|ing)"
    r"|down|unavailable|unreachable|silent|missing|absent|stale|stuck)\b|[<>]",
    re.IGNORECASE,
)


def check(policy: Resource, project: Project) -> Iterator[Problem]:
    found = numbers_of(policy)
    for prose, path, index in _texts(policy):
        conditions = said_of(found, index)
        if not conditions or any(one.duration for one in conditions):
            continue
        for quantity in quantities(prose):
            length = quantity.seconds
            if not length or not _FOR.search(prose[max(0, quantity.start - _NEAR) : quantity.start]):
                continue
            if not any(one.has_time(length) for one in conditions):
                yield Problem(
                    path,
                    f"says for {quantity.written}, but the duration is 0 s and no window is {length:g} s long: one "
                    "point is enough",
                    f"write `duration: {length:g}s`, or say what one point means",
                )


def _texts(policy: Resource) -> Iterator[tuple[str, Path_, int | None]]:
    yield from titles(policy)
    paragraph, path = first_paragraph(policy)
    for sentence in re.split(r"(?<=[.!?])\s", paragraph):
        if _STATE.search(sentence):
            yield sentence, path, None


RULE = Rule(
    "prose-duration",
    "alert_policy",
    "warning",
    "Words say for how long, and the condition opens an incident at once",
    check,
)
