"""Find the values that a dashboard's variables may have, and which choices settle others."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from loyalty_monitoring.replay.prometheus import Evaluator
from loyalty_monitoring.report.data_sets import DataSets, Variable

_MOST_VALUES = 100  # of a variable: each is evaluated for every chart that uses it
LABEL = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")

Choice = tuple[tuple[str, str], ...]  # variable and value, ordered by variable


@dataclass(frozen=True)
class Choices:
    """Variables of a dashboard with their values.

    `values` of each variable, of which `left_out` more exist; `parents` maps variable, value, other variable to the one
    value of the other with which it occurs; `combinations` are all choices whose answers are not settled by others.
    """

    values: Mapping[str, tuple[str, ...]]
    left_out: Mapping[str, int]
    parents: Mapping[str, Mapping[str, Mapping[str, str]]]
    combinations: tuple[Choice, ...]


def choices(prometheus: Evaluator, sets: DataSets, first: int, last: int) -> Choices:
    """Return the choices that the replayed time series allow."""
    names = sorted({variable.label for variable in sets.variables if LABEL.fullmatch(variable.label)})
    label_sets = prometheus.label_sets(names, first, last) if names else []
    everything = {
        variable.name: sorted(
            {labels[variable.label] for labels in label_sets if labels.get(variable.label)}, key=natural
        )
        for variable in sets.variables
    }
    values = {name: tuple(found[:_MOST_VALUES]) for name, found in everything.items()}
    left_out = {name: len(found) - len(values[name]) for name, found in everything.items()}
    single = [((name, value),) for name, found in values.items() for value in found]
    parents: dict[str, dict[str, dict[str, str]]] = {}
    pairs: list[Choice] = []
    for parent, child in combinations(sets.variables, 2):
        if not any({parent.name, child.name} <= set(query.uses) for query in sets.queries):
            continue
        for value in values[child.name]:
            beside = _beside(label_sets, child, value, parent)
            if len(beside) == 1:
                parents.setdefault(child.name, {}).setdefault(value, {})[parent.name] = beside[0]
            else:
                pairs += [_ordered({parent.name: other, child.name: value}) for other in beside]
    return Choices(values, left_out, parents, (*single, *pairs[:_MOST_VALUES]))


def key(choice: Choice) -> str:
    """Return a choice as the page names it: "" for none, otherwise `variable=value`, joined with `&`."""
    return "&".join(f"{name}={value}" for name, value in choice)


def _ordered(choice: Mapping[str, str]) -> Choice:
    return tuple(sorted(choice.items()))


def _beside(label_sets: Sequence[Mapping[str, str]], child: Variable, value: str, parent: Variable) -> list[str]:
    found = {
        labels[parent.label] for labels in label_sets if labels.get(child.label) == value and labels.get(parent.label)
    }
    return sorted(found, key=natural)


def natural(value: str) -> list[tuple[int, str]]:
    """Return a key that orders s-2 before s-10."""
    return [
        (int(part), "") if part.isdecimal() and part.isascii() else (-1, part) for part in re.split(r"(\d+)", value)
    ]
