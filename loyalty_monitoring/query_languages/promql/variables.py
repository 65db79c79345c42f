"""Find and replace the template variables of a dashboard in PromQL."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

# `${name}` is a whole matcher, `${name.value}` what was chosen:
# https://docs.cloud.google.com/monitoring/dashboards/filter-permanent
_VARIABLE = re.compile(r"\$\{(\w+)(\.value)?\}")


_NO_CHOICE: Mapping[str, str] = MappingProxyType({})


def variables(query: str) -> set[str]:
    """Return the template variables that a chart's query uses."""
    return {found[1] for found in _VARIABLE.finditer(query)}


def chosen(query: str, choice: Mapping[str, str] = _NO_CHOICE, labels: Mapping[str, str] | None = None) -> str:
    """Return the query as the dashboard sends it with a choice; a variable without one matches every value.

    `labels` maps a variable to its label, where the two have different names.
    """

    def written(found: re.Match[str]) -> str:
        name = found[1]
        value = choice.get(name)
        if found[2]:
            return ".*" if value is None else _escaped(value)
        label = (labels or {}).get(name, name)
        return f'{label}=~".*"' if value is None else f'{label}="{_escaped(value)}"'

    return _VARIABLE.sub(written, query)


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
