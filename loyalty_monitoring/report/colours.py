"""One colour for each name, the same in every chart, on every page and after every choice.

A name's colour is its place among all names of the same labels in the logs, so that names beside each other differ as
long as there are colours, and no page needs another for it. The drawing turns places into colours and strokes
(assets/colours.js), also those of names that no label of a log has.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from loyalty_monitoring.report.choices import LABEL, natural

Names = tuple[str, ...]


def places(
    of_labels: Callable[[Sequence[str]], Iterable[Mapping[str, str]]], groups: Iterable[Names], templates: Iterable[str]
) -> dict[str, int]:
    """Return the place of each set of labels, and of each name that a legend gives to a series without labels.

    `groups` are the names of the labels that are used together; `of_labels` returns the sets that the logs have.
    """
    # Data sets of one chart stand beside each other, so names get their places as they come.
    found = {template: place for place, template in enumerate(dict.fromkeys(templates))}
    for names in sorted(set(groups)):
        if names and all(map(LABEL.fullmatch, names)):
            values = {tuple(labels[name] for name in names) for labels in of_labels(names) if set(names) <= set(labels)}
            ordered = sorted(values, key=lambda one: [natural(value) for value in one])
            found |= {_key(names, one): place for place, one in enumerate(ordered)}
    return found


def _key(names: Iterable[str], values: Iterable[str]) -> str:
    return "\n".join(f"{name}={value}" for name, value in zip(names, values, strict=True))
