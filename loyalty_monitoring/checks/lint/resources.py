"""Resources from files: our own definitions, or anyone's plain API resources in YAML or JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from loyalty_monitoring.checks.lint.rule import Finding, Kind, Project, Resource, Severity
from loyalty_monitoring.common.errors import Position, UserError
from loyalty_monitoring.common.yaml_documents import Document, load_documents, load_yaml
from loyalty_monitoring.definitions.load import definitions_of, read_sources
from loyalty_monitoring.definitions.model import Definitions
from loyalty_monitoring.definitions.settings import Settings, locator, stack_file

SILENT_PRIORITY = "silent-priority"

_ENDINGS = (".yaml", ".yml", ".json")


def our_project(root: Path, settings: Settings) -> tuple[Project, list[Finding]]:
    """The definitions of the project as they are deployed, with their places in the files."""
    try:
        sources = read_sources(root)
        definitions = definitions_of(sources, settings)
    except UserError as error:
        return Project((), frozenset()), [file_finding("definition", error)]
    resources: list[Resource] = []
    kinds: tuple[tuple[Kind, Sequence[Any], Mapping[str, Document]], ...] = (
        ("alert_policy", definitions.alert_policies, sources.alert_policies),
        ("dashboard", definitions.dashboards, sources.dashboards),
        ("log_metric", definitions.log_metrics, sources.log_metrics),
    )
    for kind, of_kind, documents in kinds:
        resources += [Resource(kind, one.body, documents[one.name]) for one in of_kind]
    silent = list(_silent_priorities(definitions, settings, root))
    return Project(tuple(resources), sources.runbooks, sources.contract), silent


def _silent_priorities(definitions: Definitions, settings: Settings, root: Path) -> Iterator[Finding]:
    """A warning for each priority whose alerts notify nobody in this stack."""
    locate = locator(load_yaml(stack_file(root, settings.stack)), settings.module.namespace)
    for priority in settings.silent_priorities:
        names = [policy.name for policy in definitions.alert_policies if policy.priority == priority]
        if names:
            place = locate(("silentPriorities",))
            message = f"{priority} reaches nobody in the stack {settings.stack}: {', '.join(names)}"
            remedy = (
                f"serve {priority} with a channel, or allow it with a comment in this file: "
                f"# lint: allow {SILENT_PRIORITY}: why"
            )
            yield Finding(str(place.file), place.line, place.column, SILENT_PRIORITY, "warning", message, remedy)


def project_of_files(paths: Sequence[Path]) -> tuple[Project, list[Finding]]:
    """The resources of files and folders. A file in a folder that holds no resource is passed over."""
    resources: list[Resource] = []
    findings: list[Finding] = []
    for path in paths:
        named = not path.is_dir()
        for file in [path] if named else _files(path):
            try:
                found = [one for document in load_documents(file) for one in _resources(document)]
            except UserError as error:
                findings.append(file_finding("file-syntax", error))
                continue
            if named and not found:
                nothing = "holds no alert policy, dashboard or log-based metric; name another file"
                findings.append(file_finding("file-kind", UserError(nothing, Position(file))))
            resources += found
    return Project(tuple(resources)), findings


def file_finding(rule: str, error: UserError, severity: Severity = "error") -> Finding:
    """A UserError's message ends with the remedy, after its last semicolon."""
    message, _, remedy = error.message.rpartition("; ")
    place = error.position or Position("")
    return Finding(str(place.file), place.line, place.column, rule, severity, message or remedy, remedy)


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.suffix in _ENDINGS and path.is_file())


def _resources(document: Document) -> Iterator[Resource]:
    if isinstance(document.data, list):
        for index, body in enumerate(document.data):
            if (kind := _kind(body)) is not None:
                yield Resource(kind, body, document, (index,))
    elif (kind := _kind(document.data)) is not None:
        yield Resource(kind, document.data, document)


def _kind(body: Any) -> Kind | None:
    """What a body is, by the fields that only one kind of resource has."""
    if not isinstance(body, dict):
        return None
    if "conditions" in body and ("combiner" in body or "displayName" in body):
        return "alert_policy"
    if body.keys() & {"mosaicLayout", "gridLayout", "rowLayout", "columnLayout"}:
        return "dashboard"
    if "metricDescriptor" in body or {"name", "filter"} <= body.keys():
        return "log_metric"
    return None
