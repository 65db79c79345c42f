"""Resources from files: our own definitions, or anyone's resources of Cloud Monitoring, as their tools write them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from loyalty_monitoring.checks.lint.kinds import (
    IS_MEANT_AS_A_RESOURCE,
    MAY_HOLD_A_RESOURCE,
    other_things_in,
    resources_in,
)
from loyalty_monitoring.checks.lint.rule import LintFinding, Project, Resource, Severity
from loyalty_monitoring.checks.lint.shape import normalised
from loyalty_monitoring.checks.lint.terraform import (
    IS_OURS,
    Terraform,
    is_plan_or_state,
    is_raw_state,
    of_plan_or_state,
    of_raw_state,
)
from loyalty_monitoring.common.errors import Position, UserError, all_of
from loyalty_monitoring.common.yaml_documents import Document, load_foreign_documents, load_yaml, read_text
from loyalty_monitoring.definitions.load import Sources, definitions_of, read_sources
from loyalty_monitoring.definitions.model import Definitions
from loyalty_monitoring.definitions.settings import Settings, locator, stack_file
from loyalty_monitoring.google_cloud.api_messages import Kind

SILENT_PRIORITY = "silent-priority"

_ENDINGS = (".yaml", ".yml", ".json", ".tf")
_TERRAFORM = (".tf", ".tf.json")
# A tool that has resources below names of its own gives a metric without a name that one, or makes one of it.
NAMED_BY_ITS_TOOL = "${the name that its tool gives it}"
# Folders of tools, which hold copies of other people's files.
_PASSED_OVER = frozenset([".git", ".terraform", "node_modules", ".venv", "venv", "__pycache__"])


@dataclass
class Files:
    """Contents of files: resources, findings about files, and the number of files that hold nothing of ours."""

    resources: list[Resource] = field(default_factory=list)
    findings: list[LintFinding] = field(default_factory=list)
    read: int = 0
    passed_over: int = 0
    terraform: Terraform = field(default_factory=Terraform)


def our_project(root: Path, settings: Settings) -> tuple[Project, list[LintFinding]]:
    """Return the definitions of the project as they are deployed, with their places in the files."""
    try:
        sources = read_sources(root)
        definitions = definitions_of(sources, settings)
    except UserError as error:
        return Project((), frozenset()), [file_finding("definition", one) for one in all_of(error)]
    return project_of(sources, definitions), list(_silent_priorities(definitions, settings, root))


def project_of(sources: Sources, definitions: Definitions) -> Project:
    """Return the definitions of one stack, with their places in the files that were read."""
    resources: list[Resource] = []
    kinds: tuple[tuple[Kind, Sequence[Any], Mapping[str, Document]], ...] = (
        ("alert_policy", definitions.alert_policies, sources.alert_policies),
        ("dashboard", definitions.dashboards, sources.dashboards),
        ("log_metric", definitions.log_metrics, sources.log_metrics),
    )
    for kind, of_kind, documents in kinds:
        resources += [Resource(kind, one.body, documents[one.name]) for one in of_kind]
    return Project(tuple(resources), sources.runbooks, sources.contract)


def _silent_priorities(definitions: Definitions, settings: Settings, root: Path) -> Iterator[LintFinding]:
    """Yield a warning for each priority whose alerts notify nobody in this stack."""
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
            yield LintFinding(str(place.file), place.line, place.column, SILENT_PRIORITY, "warning", message, remedy)


def read_files(paths: Sequence[Path]) -> Files:
    """Read the resources of files and folders. A file in a folder that holds no resource is counted and left out."""
    files = Files()
    for path in paths:
        if path.is_dir():
            for file in _files(path):
                _read(file, files, named=False)
        else:
            _read(path, files, named=True)
    return files


def file_finding(rule: str, error: UserError, severity: Severity = "error") -> LintFinding:
    """Return the finding of a file that cannot be read."""
    place = error.position or Position("")
    return LintFinding(str(place.file), place.line, place.column, rule, severity, error.problem, error.remedy)


def _files(folder: Path) -> list[Path]:
    def below(path: Path) -> Iterator[Path]:
        for one in sorted(path.iterdir()):
            if one.is_dir() and not one.is_symlink():
                if one.name not in _PASSED_OVER:
                    yield from below(one)
            elif one.suffix in _ENDINGS and one.is_file():
                yield one

    return list(below(folder))


def _read(file: Path, files: Files, named: bool) -> None:
    files.read += 1
    text = ""
    try:
        text = read_text(file)
        if not named and not MAY_HOLD_A_RESOURCE.search(text):
            files.passed_over += 1
            return
        if file.name.endswith(_TERRAFORM):
            _read_terraform(file, text, files, named)
            return
        documents = load_foreign_documents(file, text)
    except UserError as error:
        # A template or another tool's file may be no YAML at all; a resource with a mistake in it may not go unread.
        if named or _is_meant_for_us(file, text):
            files.findings.append(file_finding("file-syntax", error))
        else:
            files.passed_over += 1
        return
    found = [resource for document in documents for resource in _resources(document)]
    files.resources += found
    files.findings += [one for resource in found for one in _unreadable(resource)]
    if not found and named:
        problems = [one for document in documents for one in document.problems]
        files.findings += [file_finding("file-syntax", UserError(one.message, one.position)) for one in problems[:1]]
        files.findings += [] if problems else [_no_resource(file, documents)]
    elif not found:
        files.passed_over += 1


def _read_terraform(file: Path, text: str, files: Files, named: bool) -> None:
    found, mistakes = files.terraform.resources(file, text) if IS_OURS.search(text) else ([], [])
    files.resources += found
    files.findings += [file_finding("file-syntax", mistake) for mistake in mistakes]
    if mistakes:
        return
    if not found and named:
        files.findings.append(_no_resource(file, ()))
    elif not found:
        files.passed_over += 1


def _is_meant_for_us(file: Path, text: str) -> bool:
    if file.name.endswith(_TERRAFORM):
        return bool(IS_OURS.search(text))
    return bool(IS_MEANT_AS_A_RESOURCE.search(text)) and not _is_template(text)


def _resources(document: Document) -> Iterator[Resource]:
    if is_plan_or_state(document.data):
        yield from of_plan_or_state(document)
        return
    if is_raw_state(document.data):
        yield from of_raw_state(document)
        return
    for found in resources_in(document.data):
        body = {key: value for key, value in found.body.items() if not _is_our_block(value)}
        if found.kind == "log_metric" and "name" not in body and found.is_below_a_name:
            body["name"] = NAMED_BY_ITS_TOOL
        yield Resource(found.kind, normalised(found.kind, body), document, found.path)


def _is_our_block(value: Any) -> bool:
    """Return whether this is a definition's own block beside the API's fields: ids of rows, and an alert's priority."""
    if not isinstance(value, dict) or not value.keys() <= {"rows", "priority"}:
        return False
    rows = value.get("rows")
    return isinstance(rows, list) and bool(rows) and all(isinstance(row, str) for row in rows)


def _unreadable(resource: Resource) -> Iterator[LintFinding]:
    """Yield findings for the parts of a resource that could not be read."""
    for problem in resource.document.problems:
        if problem.path[: len(resource.root)] == resource.root:
            yield file_finding("file-syntax", UserError(problem.message, problem.position))


def _no_resource(file: Path, documents: Sequence[Document]) -> LintFinding:
    others = sorted({words for document in documents for words in other_things_in(document.data)})
    holds = f"holds {' and '.join(others)}, and " if others else "holds "
    nothing = f"{holds}no alert policy, dashboard, log-based metric, notification channel or snooze; name another file"
    return file_finding("file-kind", UserError(nothing, Position(file)))


def _is_template(text: str) -> bool:
    """Return whether another tool still has to write this file, so that it is none of its own."""
    return any(_starts_with_a_brace(line) for line in text.splitlines()) or "{%" in text or "<%" in text


def _starts_with_a_brace(line: str) -> bool:
    return line.lstrip(" -").startswith(("{{", "#{{")) or ": {{" in line
