"""Collect what a report is made from: the project's definitions, cases and runbooks, and dashboards of anybody."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from loyalty_monitoring.common.errors import Position, UserError
from loyalty_monitoring.common.yaml_documents import load_documents
from loyalty_monitoring.definitions.audience import audience_text
from loyalty_monitoring.definitions.load import load_definitions
from loyalty_monitoring.definitions.model import PRIORITIES, Dashboard, Definitions, Priority
from loyalty_monitoring.definitions.parameters import parameters_of
from loyalty_monitoring.definitions.settings import load_stack_settings
from loyalty_monitoring.replay.quantities import PolicyUnits, policy_units
from loyalty_monitoring.report.runbooks import runbooks
from loyalty_monitoring.report.site import file_name

_LAYOUTS = frozenset(["mosaicLayout", "gridLayout", "rowLayout", "columnLayout"])


@dataclass(frozen=True)
class Sources:
    """Definitions to draw, and the title of the `module`.

    `claims`, `runbooks` (Markdown) and the units of `thresholds`, by their numbers, are those of each policy.
    `audiences` say whom each priority reaches.
    """

    definitions: Definitions
    stack: str
    claims: Mapping[str, tuple[str, ...]]
    runbooks: Mapping[str, str]
    module: str
    audiences: Mapping[Priority, str]
    thresholds: PolicyUnits = field(default_factory=dict)


def sources(root: Path, stack: str, dashboards: Sequence[Path], claims: Mapping[str, tuple[str, ...]]) -> Sources:
    """Read what a report draws from the project at `root`; `claims` are those of the cases, by alert policy.

    Errors: UserError with the place of a mistake.
    """
    settings = load_stack_settings(root, stack)
    definitions = load_definitions(root, settings)
    parameters = parameters_of(root, settings)
    pages = {
        policy.name: (root / "runbooks" / f"{policy.name}.md").read_text() for policy in definitions.alert_policies
    }
    with_others = dataclasses.replace(definitions, dashboards=definitions.dashboards + _others(definitions, dashboards))
    thresholds = policy_units(definitions.alert_policies, parameters)
    rendered = runbooks(pages, settings, parameters)
    audiences = {priority: audience_text(settings, priority) for priority in PRIORITIES}
    return Sources(with_others, stack, claims, rendered, settings.module.title, audiences, thresholds)


def watched_folders(root: Path) -> tuple[Path, ...]:
    """Return the folders whose files decide what a report shows."""
    names = ("alert_policies", "dashboards", "log_metrics", "runbooks", "tests/cases")
    return (root, *(root / name for name in names))


def _others(definitions: Definitions, files: Sequence[Path]) -> tuple[Dashboard, ...]:
    taken = [dashboard.name for dashboard in definitions.dashboards]
    found: list[Dashboard] = []
    for file in files:
        for document in load_documents(file):
            body = document.data
            if not isinstance(body, dict) or not body.keys() & _LAYOUTS:
                raise UserError(
                    "is no dashboard: it has none of mosaicLayout, gridLayout, rowLayout and columnLayout; export one "
                    "with `gcloud monitoring dashboards describe`",
                    Position(file),
                )
            name = file_name(file.stem, taken)
            taken.append(name)
            found.append(Dashboard(name, (), body, file))
    return tuple(found)
