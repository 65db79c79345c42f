"""prose-number: a number in a name of a policy is a number of its condition.

Source, for what the names are for:
https://docs.cloud.google.com/monitoring/api/ref_v3/rest/v3/projects.alertPolicies#alertpolicy
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from http import HTTPStatus

from loyalty_monitoring.checks.lint.prose import Numbers, Quantity, numbers_of, quantities, said_of, titles
from loyalty_monitoring.checks.lint.rule import Problem, Project, Resource, Rule

# The percentage of an objective stands in the objective, not in the condition on its burn rate.
_OBJECTIVE = re.compile(r"\bSL[OAI]s?\b|objective|budget|burn", re.IGNORECASE)
# 10 GB, 10 thousand, 10 a minute: the condition may count in other units than the words.
_SCALES = tuple(1000.0**power for power in (1, 2, 3, 4)) + tuple(1024.0**power for power in (1, 2, 3, 4))
_PER = (60.0, 3_600.0, 86_400.0)
# "status >= 500" speaks of a response and not of a count.
_STATUS = re.compile(r"\bstatus|\bcodes?\b|\bhttps?\b", re.IGNORECASE)
_FAILED = re.compile(r"\berrors?\b|\bresponses?\b|\b[1-5]xx\b", re.IGNORECASE)
_NEAR = 40
_FURTHEST_ROUNDED = 0.03


def check(policy: Resource, project: Project) -> Iterator[Problem]:
    found = numbers_of(policy)
    for prose, path, index in titles(policy):
        conditions = said_of(found, index)
        if not conditions or _OBJECTIVE.search(prose):
            continue
        for quantity in quantities(prose):
            plain = (not quantity.unit and not quantity.compared) or _is_status(prose, quantity)
            if not plain and quantity.unit != "m" and not any(_has(one, quantity) for one in conditions):
                yield Problem(
                    path,
                    f"says {quantity.written}, which is no number of the condition in any form",
                    "let the name and the condition say the same",
                )


def _has(numbers: Numbers, quantity: Quantity) -> bool:
    number = quantity.number
    if quantity.seconds is not None:
        return numbers.has_time(quantity.seconds) or math.isclose(quantity.seconds, numbers.interval)
    if quantity.unit == "%":
        # 5% of failures is also 95% of successes, and 1 in 20.
        forms = [number, number / 100, 100 - number, 1 - number / 100, 100 / number if number else 0.0]
        return any(math.isclose(form, one, abs_tol=1e-9) for form in forms for one in numbers.plain)
    # More than 99 is 100 or more. A rate counts by the second.
    factors = [1.0, *_SCALES, *_PER, *(window for window in numbers.windows if window)]
    scaled = [form for factor in factors for form in (number * factor, number / factor)]
    return any(numbers.has_number(form) for form in (number - 1, number + 1)) or any(
        _rounded(form, one) for form in scaled for one in numbers.plain
    )


def _rounded(wanted: float, written: float) -> bool:
    """Return whether a number of the condition is the wanted one, as many digits of it as somebody wrote."""
    if math.isclose(wanted, written):
        return True
    decimals = len(f"{written!r}".partition(".")[2]) if not written.is_integer() else 0
    near = math.isclose(wanted, written, rel_tol=_FURTHEST_ROUNDED)
    return near and math.isclose(round(wanted, decimals), written)


def _is_status(prose: str, quantity: Quantity) -> bool:
    if quantity.unit or quantity.number not in _STATUSES:
        return False
    near = prose[max(0, quantity.start - _NEAR) : quantity.start + _NEAR]
    return bool(_STATUS.search(near)) or (quantity.number >= 400 and bool(_FAILED.search(near)))


_STATUSES = frozenset(float(status) for status in HTTPStatus)


RULE = Rule(
    "prose-number",
    "alert_policy",
    "warning",
    "A name says a number that its condition does not have",
    check,
)
