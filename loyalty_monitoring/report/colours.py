"""One colour for each name, the same in every chart, on every page and after every choice.

A name's colour is its place among all names of the same labels in the report, so that names beside each other differ as
long as there are colours. The drawing turns places into colours and strokes (assets/colours.js).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from loyalty_monitoring.report.choices import natural


def places(label_sets: Iterable[Mapping[str, str]], templates: Iterable[str]) -> dict[str, int]:
    """Return the place of each set of labels, and of each name that a legend gives to a series without labels."""
    groups: dict[tuple[str, ...], set[tuple[str, ...]]] = {}
    for labels in label_sets:
        names = tuple(sorted(labels))
        groups.setdefault(names, set()).add(tuple(labels[name] for name in names))
    # Data sets of one chart stand beside each other, so names get their places as they come.
    found = {template: place for place, template in enumerate(dict.fromkeys(templates))}
    for names, values in groups.items():
        if names:
            ordered = sorted(values, key=lambda one: [natural(value) for value in one])
            found |= {_key(names, one): place for place, one in enumerate(ordered)}
    return found


def _key(names: Iterable[str], values: Iterable[str]) -> str:
    return "\n".join(f"{name}={value}" for name, value in zip(names, values, strict=True))
