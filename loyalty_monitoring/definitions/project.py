"""Reads monitoring.yaml: what of a project is its module's own, and not the engine's business."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from loyalty_monitoring.common.errors import UserError
from loyalty_monitoring.common.schema_check import check_schema
from loyalty_monitoring.common.yaml_documents import load_yaml
from loyalty_monitoring.definitions.log_contract import load_contract

# The namespace of a stack's settings where no Pulumi.yaml names the project.
_NAMESPACE = "loyalty-monitoring"


@dataclass(frozen=True)
class Dimension:
    """Something that a module's load grows with, such as its shops.

    `label` is the metric label with a value for each of them. An event that has one of `fields` comes the more often
    the more of them there are.
    """

    name: str
    label: str
    fields: frozenset[str]


@dataclass(frozen=True)
class Module:
    """The monitored module, as its project describes it.

    `name` stands before the names of metrics and is the key of our block in definitions; `title` is for people;
    `namespace` stands before the settings of a stack. `dimensions` go from the coarsest to the finest. Of
    `required_kinds` every alert needs a case; None is every kind.
    """

    name: str
    title: str
    namespace: str
    dimensions: tuple[Dimension, ...] = ()
    required_kinds: tuple[str, ...] | None = None


def load_module(root: Path) -> Module:
    """Read `monitoring.yaml` below `root`, and the project's name from `Pulumi.yaml`.

    Without the file, the module has the name of the last logger in the log contract's root, as in versions of a project
    that are older than the file. Errors: UserError with file, line, key.
    """
    file = root / "monitoring.yaml"
    if not file.is_file():
        name = _last_logger(root / "log_events.yaml")
        return Module(name, _title(name), _namespace(root / "Pulumi.yaml"))
    document = load_yaml(file)
    check_schema("monitoring", document)
    data = document.data
    return Module(
        name=data["module"],
        title=data.get("title", _title(data["module"])),
        namespace=_namespace(root / "Pulumi.yaml"),
        dimensions=tuple(_dimension(name, entry) for name, entry in data.get("scale", {}).items()),
        required_kinds=tuple(data["required_kinds"]) if "required_kinds" in data else None,
    )


def _dimension(name: str, entry: dict[str, Any]) -> Dimension:
    return Dimension(name, entry["label"], frozenset([entry["label"], *entry.get("fields", [])]))


def _title(name: str) -> str:
    return name.replace("_", " ").capitalize()


def _last_logger(contract: Path) -> str:
    return load_contract(contract).logger_root.rpartition(".")[2] if contract.is_file() else "module"


def _namespace(file: Path) -> str:
    """Return the project's name, which Pulumi puts before the settings of its stacks."""
    if not file.is_file():
        return _NAMESPACE
    document = load_yaml(file)
    name = document.data.get("name") if isinstance(document.data, dict) else None
    if not isinstance(name, str) or not name:
        raise UserError("lacks the project's `name`; add it, such as `name: parcels-monitoring`", document.position(()))
    return name
