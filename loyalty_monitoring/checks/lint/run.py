"""Lint: resources -> rules -> findings."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from pathlib import Path

from loyalty_monitoring.checks.lint.resources import our_project, project_of_files
from loyalty_monitoring.checks.lint.rule import Finding, Project, Resource, Rule
from loyalty_monitoring.checks.lint.rules import all_rules
from loyalty_monitoring.checks.lint.suppressions import suppressed
from loyalty_monitoring.common.errors import UserError, nearest
from loyalty_monitoring.common.shipped_files import shipped
from loyalty_monitoring.definitions.settings import Settings

# Findings that no rule makes: about a file as a whole.
FILE_RULES = {
    "definition": "A definition of the project does not load",
    "file-kind": "A file holds no resource of Cloud Monitoring",
    "file-syntax": "A file is not YAML or JSON that can be read safely",
    "suppression": "A suppression has no reason, names no rule, or allows nothing",
}


def lint_project(root: Path, settings: Settings) -> list[Finding]:
    """Findings in the project's own definitions, in the order of files and lines."""
    here = Path.cwd()

    def named_from_here(file: str) -> str:
        return str(Path(file).relative_to(here)) if Path(file).is_relative_to(here) else file

    findings = _lint(*our_project(root, settings))
    return [dataclasses.replace(finding, file=named_from_here(finding.file)) for finding in findings]


def lint_files(paths: Sequence[Path]) -> list[Finding]:
    """Findings in plain API resources below these files and folders."""
    return _lint(*project_of_files(paths))


def titles() -> dict[str, str]:
    """What each rule finds, in a few words, by its id."""
    return FILE_RULES | {rule.id: rule.title for rule in all_rules()}


def explanation(rule: str) -> str:
    """The page of a rule. Errors: UserError for an id that is none."""
    if rule not in titles():
        raise UserError(f"there is no rule {rule!r}{nearest(rule, set(titles()))}")
    return (shipped("docs/lint") / f"{rule}.md").read_text().rstrip()


def _lint(project: Project, findings: list[Finding]) -> list[Finding]:
    found = findings + [finding for rule in all_rules() for finding in _findings(rule, project)]
    known = {rule.id for rule in all_rules()}
    documents = [resource.document for resource in project.resources]
    return sorted(suppressed(found, documents, known), key=lambda one: (one.file, one.line, one.column, one.rule))


def _findings(rule: Rule, project: Project) -> Iterator[Finding]:
    for resource in project.of(rule.kind):
        for problem in rule.check(resource, project):
            yield _finding(rule, resource, problem.path, problem.message, problem.remedy)


def _finding(rule: Rule, resource: Resource, path: tuple[str | int, ...], message: str, remedy: str) -> Finding:
    place = resource.position(path)
    return Finding(str(place.file), place.line, place.column, rule.id, rule.severity, message, remedy)
