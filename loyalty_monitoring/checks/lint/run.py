"""Lint: resources -> rules -> findings."""

from __future__ import annotations

import dataclasses
import gc
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from loyalty_monitoring.checks.lint.resources import SILENT_PRIORITY, file_finding, our_project, project_of, read_files
from loyalty_monitoring.checks.lint.rule import LintFinding, Project, Resource, Rule
from loyalty_monitoring.checks.lint.rules import all_rules
from loyalty_monitoring.checks.lint.suppressions import suppressed
from loyalty_monitoring.checks.lint.terraform_names import in_terraform
from loyalty_monitoring.common.errors import Position, UserError, nearest
from loyalty_monitoring.common.shipped_files import shipped
from loyalty_monitoring.common.yaml_documents import Document, load_yaml
from loyalty_monitoring.definitions.load import Sources
from loyalty_monitoring.definitions.model import Definitions
from loyalty_monitoring.definitions.settings import Settings, load_stack_settings, stack_file

# Findings that no rule makes: about a file as a whole.
FILE_RULES = {
    "definition": "A definition of the project does not load",
    "file-kind": "A file holds no resource of Cloud Monitoring",
    "file-syntax": "A file is not YAML or JSON that can be read safely",
    SILENT_PRIORITY: "Alerts of a stack notify nobody",
    "suppression": "A suppression has no reason, names no rule, or allows nothing",
}


@dataclass(frozen=True)
class Linted:
    """The findings in the order of files and lines, and how many files were read and passed over."""

    findings: list[LintFinding]
    files: int
    passed_over: int


def lint_stacks(root: Path, stacks: Sequence[str]) -> list[LintFinding]:
    """Return findings in the project's definitions as each of the stacks deploys them, in the order of files and lines.

    What is found for some of the stacks only names them. Errors: UserError for a stack that has no file.
    """
    found: dict[tuple[object, ...], dict[str, LintFinding]] = {}
    for stack in stacks:
        for finding in _lint_stack(root, stack):
            found.setdefault((*_order(finding), finding.severity), {}).setdefault(stack, finding)
    findings = []
    for of_stack in found.values():
        first = next(iter(of_stack.values()))
        findings.append(first if len(of_stack) == len(stacks) else _for_stacks(first, list(of_stack)))
    return sorted(findings, key=_order)


def lint_project(root: Path, settings: Settings) -> list[LintFinding]:
    """Return findings in the project's own definitions as one stack deploys them, in the order of files and lines."""
    return _named_from_here(_lint(*our_project(root, settings), [load_yaml(stack_file(root, settings.stack))]))


def errors(sources: Sources, definitions: Definitions) -> list[LintFinding]:
    """Return findings of the rules of severity error in definitions that are loaded, as one stack deploys them."""
    project = project_of(sources, definitions)
    found = [finding for rule in all_rules() if rule.severity == "error" for finding in _findings(rule, project)]
    documents = [resource.document for resource in project.resources]
    known = {rule.id for rule in all_rules()} | {SILENT_PRIORITY}
    return sorted((one for one in suppressed(found, documents, known) if one.severity == "error"), key=_order)


def refuse_errors(sources: Sources, definitions: Definitions) -> None:
    """Raise UserError for the first mistake that a rule of severity error finds, since the API would refuse it."""
    found = errors(sources, definitions)
    if found:
        first = found[0]
        more = f" ({len(found) - 1} more)" if len(found) > 1 else ""
        raise UserError(
            f"{first.message}; {first.remedy} (rule {first.rule}{more}; `loyalty-monitoring lint` shows all)",
            Position(first.file, first.line, first.column),
        )


def _lint_stack(root: Path, stack: str) -> list[LintFinding]:
    there = stack_file(root, stack).is_file()
    try:
        settings = load_stack_settings(root, stack)
    except UserError as error:
        if not there:
            raise
        return _named_from_here([file_finding("definition", error)])
    return lint_project(root, settings)


def _for_stacks(finding: LintFinding, stacks: Sequence[str]) -> LintFinding:
    named = f"stack{'' if len(stacks) == 1 else 's'} {', '.join(stacks)}"
    return dataclasses.replace(finding, message=f"{named}: {finding.message}")


def _named_from_here(findings: Iterable[LintFinding]) -> list[LintFinding]:
    here = Path.cwd()

    def named(file: str) -> str:
        return str(Path(file).relative_to(here)) if Path(file).is_relative_to(here) else file

    return [dataclasses.replace(finding, file=named(finding.file)) for finding in findings]


def lint_files(paths: Sequence[Path]) -> list[LintFinding]:
    """Return findings in the resources below these files and folders."""
    return lint_paths(paths).findings


def lint_paths(paths: Sequence[Path]) -> Linted:
    """Return findings in the resources below these files and folders, and what was passed over."""
    with _few_collections():
        files = read_files(paths)
        findings = _lint(Project(tuple(files.resources)), files.findings)
    return Linted(findings, files.read, files.passed_over)


@contextmanager
def _few_collections() -> Iterator[None]:
    """Look for garbage seldom: values and places of files live to the end, and each search goes over all of them."""
    before = gc.get_threshold()
    gc.set_threshold(200_000, 20, 20)
    try:
        yield
    finally:
        gc.set_threshold(*before)


def titles() -> dict[str, str]:
    """Return the title of each rule, by its id."""
    return FILE_RULES | {rule.id: rule.title for rule in all_rules()}


def explanation(rule: str) -> str:
    """Return the page of a rule. Errors: UserError for an id that is none."""
    if rule not in titles():
        raise UserError(f"there is no rule {rule!r}{nearest(rule, set(titles()))}")
    return (shipped("docs/lint") / f"{rule}.md").read_text().rstrip()


def _lint(project: Project, findings: list[LintFinding], more: Iterable[Document] = ()) -> list[LintFinding]:
    found = findings + [finding for rule in all_rules() for finding in _findings(rule, project)]
    known = {rule.id for rule in all_rules()} | {SILENT_PRIORITY}
    documents = [*(resource.document for resource in project.resources), *more]
    return sorted(suppressed(found, documents, known), key=_order)


def _order(finding: LintFinding) -> tuple[str, int, int, str]:
    return finding.file, finding.line, finding.column, finding.rule


def _findings(rule: Rule, project: Project) -> Iterator[LintFinding]:
    resources = project.resources if rule.kind == "any" else project.of(rule.kind)
    for resource in (one for one in resources if one.is_known):
        for problem in rule.check(resource, project):
            yield _finding(rule, resource, problem.path, problem.message, problem.remedy)


def _finding(rule: Rule, resource: Resource, path: tuple[str | int, ...], message: str, remedy: str) -> LintFinding:
    place = resource.position(path)
    if resource.terraform:
        if resource.kind != "dashboard":
            message, remedy = in_terraform(message), in_terraform(remedy)
        message = f"{resource.terraform}: {message}"
    return LintFinding(str(place.file), place.line, place.column, rule.id, rule.severity, message, remedy)
