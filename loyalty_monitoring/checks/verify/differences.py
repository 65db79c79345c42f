"""Find where two JSON bodies differ, whether that means anything, and print it on one line."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

_SHOWN = 60
_MOST_ITEMS = 5
_ABSENT = object()

# What a key means when it is not there: googleapis, google/monitoring/v3/alert.proto and
# google/monitoring/dashboard/v1/xychart.proto.
_DEFAULTS: Mapping[str, object] = {
    "duration": "0s",
    "evaluationInterval": "30s",
    "mode": "COLOR",
    "plotType": "LINE",
    "scale": "LINEAR",
    "targetAxis": "Y1",
    "timeshiftDuration": "0s",
}


@dataclass(frozen=True)
class BodyDifference:
    """A place, such as `conditions[0].displayName`, and what stands there on either side, if anything does."""

    path: str
    defined: Any
    deployed: Any

    @property
    def is_added(self) -> bool:
        return self.defined is _ABSENT

    @property
    def is_known(self) -> bool:
        """Whether both mean the same: a default that is spelled out or left out, or space around a text."""
        key = self.path.rpartition(".")[2]
        if self.defined is _ABSENT or self.deployed is _ABSENT:
            return _is_default(key, self.deployed if self.defined is _ABSENT else self.defined)
        both_texts = isinstance(self.defined, str) and isinstance(self.deployed, str)
        return both_texts and self.defined.strip() == self.deployed.strip()

    def __str__(self) -> str:
        path, defined, deployed = self.path, self.defined, self.deployed
        if defined is _ABSENT:
            return f"{path} is {shown(deployed)}, but is not defined"
        if deployed is _ABSENT:
            return f"{path} is not there, defined is {shown(defined)}"
        if isinstance(defined, list) and isinstance(deployed, list):
            parts = [f"{path} has {len(deployed)} items, defined are {len(defined)}"]
            parts += [f"not defined is {shown(item)}" for item in deployed if item not in defined]
            parts += [f"missing is {shown(item)}" for item in defined if item not in deployed]
            return "; ".join(parts[: 1 + _MOST_ITEMS])
        if isinstance(defined, str) and isinstance(deployed, str):
            # Long texts differ somewhere in the middle, which is what to show.
            pairs = zip(defined, deployed, strict=False)
            same = next((index for index, (a, b) in enumerate(pairs) if a != b), min(len(defined), len(deployed)))
            start = max(0, same - _SHOWN // 3) if max(len(defined), len(deployed)) > _SHOWN else 0
            before = "…" if start else ""
            return f"{path} is {before}{shown(deployed[start:])}, defined is {before}{shown(defined[start:])}"
        return f"{path} is {shown(deployed)}, defined is {shown(defined)}"


def differences(defined: Any, deployed: Any, path: str = "") -> Iterator[BodyDifference]:
    """Yield all differences, at the deepest places where both have the same shape."""
    if isinstance(defined, dict) and isinstance(deployed, dict):
        for key in sorted({*defined, *deployed}):
            place = f"{path}.{key}" if path else str(key)
            yield from differences(defined.get(key, _ABSENT), deployed.get(key, _ABSENT), place)
    elif isinstance(defined, list) and isinstance(deployed, list) and len(defined) == len(deployed):
        for index, (item, other) in enumerate(zip(defined, deployed, strict=True)):
            yield from differences(item, other, f"{path}[{index}]")
    elif defined != deployed:
        yield BodyDifference(path, defined, deployed)


def shown(value: Any) -> str:
    """Return a value as JSON, cut to what one can read."""
    text = json.dumps(value, ensure_ascii=False, sort_keys=True)
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"


def _is_default(key: str, value: Any) -> bool:
    if isinstance(value, dict):
        return all(_is_default(inner, item) for inner, item in value.items())
    return bool(value == _DEFAULTS.get(key, []))
