"""Values as people say them: durations in whole units, shares in percent; the units of what an alert compares.

The units are those of Cloud Monitoring (UCUM), which the drawing formats alike (assets/units.js):
https://docs.cloud.google.com/monitoring/api/ref_v3/rest/v3/projects.metricDescriptors#MetricDescriptor
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import MappingProxyType

from loyalty_monitoring.definitions.model import AlertPolicy
from loyalty_monitoring.definitions.parameters import Parameter
from loyalty_monitoring.query_languages.promql.comparisons import comparisons
from loyalty_monitoring.query_languages.promql.expressions import parsed

PolicyUnits = Mapping[str, Mapping[float, str]]
NO_UNITS: Mapping[float, str] = MappingProxyType({})
NO_POLICY_UNITS: PolicyUnits = MappingProxyType({})
NO_VALUE_UNITS: Mapping[str, str] = MappingProxyType({})
SECONDS, SHARE, COUNT = "s", "10^2.%", "1"
# In a definition's file the number of a comparison is a parameter: `> <<rate_limit_requests>>`.
_COMPARED = re.compile(r"[<>=]=?\s*(?:bool\s+)?<<(\w+)>>")
_LENGTHS = (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1))


def number_text(value: float) -> str:
    """Return as many digits as one reads at a glance: 93,610, 101, 0.326."""
    if not math.isfinite(value):
        return str(value)
    return f"{value:,.0f}" if value == int(value) or abs(value) >= 100 else f"{value:.3g}"


def quantity(value: float, unit: str) -> str:
    """Return the value in its unit: `1 d 2 h`, `5%`, `1,200`."""
    if not math.isfinite(value):
        return number_text(value)
    if unit == SECONDS:
        return _duration(value)
    return f"{number_text(value * 100)}%" if unit == SHARE else number_text(value)


def policy_units(policies: Iterable[AlertPolicy], parameters: Mapping[str, Parameter]) -> PolicyUnits:
    """Return the units of each policy's numbers, by the policy's name."""
    return {policy.name: threshold_units(policy.source, parameters) for policy in policies}


def value_units(policies: Iterable[AlertPolicy], units: PolicyUnits) -> Mapping[str, str]:
    """Return the unit of what each query gives when it opens: that of its threshold, unless it says yes or no."""
    return {policy.name: _value_unit(policy.query, units.get(policy.name, NO_UNITS)) for policy in policies}


def _value_unit(query: str, units: Mapping[float, str]) -> str:
    try:
        found = comparisons(parsed(query))
    except ValueError:
        return COUNT  # Prometheus may take it, but our parser cannot look into it
    if not found or any(one.role in ("inside", "or") for one in found):
        return COUNT
    return units.get(found[0].threshold, COUNT)


def threshold_units(file: Path, parameters: Mapping[str, Parameter]) -> dict[float, str]:
    """Return the unit of each number that the alert policy in a file compares with, where that is a parameter."""
    names = set(_COMPARED.findall(file.read_text(encoding="utf-8"))) & parameters.keys()
    return {float(parameters[name].number): _unit(parameters[name]) for name in names}


def _unit(parameter: Parameter) -> str:
    if parameter.is_duration:
        return SECONDS
    return SHARE if parameter.unit == "ratio" else COUNT


def _duration(seconds: float) -> str:
    """Return a duration in whole units; from an hour on, minutes are exact enough."""
    size = abs(seconds)
    if size < 59.5:
        return f"{number_text(seconds)} s"
    smallest = 60 if size >= 3_600 else 1
    rest = round(size / smallest) * smallest
    parts = []
    for name, length in _LENGTHS:
        if rest >= length:
            parts.append(f"{rest // length} {name}")
            rest %= length
    return f"{'-' if seconds < 0 else ''}{' '.join(parts)}"
