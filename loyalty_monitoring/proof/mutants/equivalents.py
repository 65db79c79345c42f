"""The reviewed list of mutants that no case can kill: tests/equivalent_mutants.yaml."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from loyalty_monitoring.common.errors import Position, UserError
from loyalty_monitoring.common.schema_check import check_schema
from loyalty_monitoring.common.yaml_documents import load_yaml


@dataclass(frozen=True)
class Equivalent:
    """A reviewed mutant that behaves as the original: the reason, and the position in the file."""

    reason: str
    position: Position


def load_equivalents(file: Path) -> Mapping[str, Equivalent]:
    """Read the reviewed mutants by id. Errors: UserError with file and line; an id that stands twice is one."""
    document = load_yaml(file)
    check_schema("equivalent_mutants", document)
    found: dict[str, Equivalent] = {}
    for index, item in enumerate(document.data):
        for number, mutant in enumerate(item["mutants"]):
            position = document.position((index, "mutants", number))
            if mutant in found:
                raise UserError(f"{mutant!r} stands twice; remove one", position)
            found[mutant] = Equivalent(item["reason"], position)
    return found
