"""Read the requirements of a Monitoring filter on metric, resource and labels, as far as rules look at them.

Source: https://docs.cloud.google.com/monitoring/api/v3/filters
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from loyalty_monitoring.checks.lint.placeholders import has_placeholder

_TYPE = {
    name: re.compile(rf"""(?<![\w.]){name}\.type\s*=\s*(?:"((?:[^"\\]|\\.)*)"|'([^']*)'|([\w./-]+))""")
    for name in ("metric", "resource")
}
# The names of labels outside quotes: metric.labels.step, metric.label."step", resource.label.pod_name.
_LABEL = re.compile(r"""(?<![\w."'])(metric|resource)\.labels?\.(?:"([^"]+)"|'([^']+)'|([a-zA-Z_][\w-]*))""")
_QUOTED_VALUE = re.compile(r"""((?:[=:~(,]|!=)\s*)(?:"(?:[^"\\]|\\.)*"|'[^']*')""")
_USER = "logging.googleapis.com/user/"


@dataclass(frozen=True)
class LabelName:
    """A label of the metric or of the resource: `of` is "metric" or "resource"."""

    of: str
    name: str


def log_based_metric(filter_: str) -> str | None:
    """Return the name of the one user-defined log-based metric that a filter selects, without its prefix; None for
    others.
    """
    type_ = _type(filter_, "metric")
    if type_ is None or not type_.startswith(_USER) or has_placeholder(type_):
        return None
    return type_.removeprefix(_USER)


def resource_type(filter_: str) -> str | None:
    """Return the one resource type that a filter selects; None where it selects several or is not known yet."""
    type_ = _type(filter_, "resource")
    return None if type_ is None or has_placeholder(type_) else type_


def labels_in(written: str) -> list[LabelName]:
    """Return the labels that a filter, or a field to group by, names; each once, in their order."""
    without_values = _QUOTED_VALUE.sub(r"\1x", written)
    found = [LabelName(one[1], one[2] or one[3] or one[4]) for one in _LABEL.finditer(without_values)]
    return list(dict.fromkeys(one for one in found if not has_placeholder(one.name)))


def _type(filter_: str, name: str) -> str | None:
    found = [one[1] or one[2] or one[3] or "" for one in _TYPE[name].finditer(filter_)]
    return found[0] if len(set(found)) == 1 else None
