"""Suppressions: `# lint: allow RULE-ID: the reason` anywhere in a YAML or Terraform file allows the rule in that file.

JSON has no comments; convert the file to YAML to suppress a rule in it.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path

from loyalty_monitoring.checks.lint.rule import LintFinding
from loyalty_monitoring.common.yaml_documents import Document

_ALLOW = re.compile(r"#\s*lint:\s*allow\b\s*(?P<rule>[a-z0-9-]*)\s*(?::\s*(?P<reason>.*\S))?")
_SHORTEST_REASON = 10
_WITH_COMMENTS = (".yaml", ".yml", ".tf")


def suppressed(
    findings: Iterable[LintFinding], documents: Iterable[Document], known: Collection[str]
) -> list[LintFinding]:
    """Return the findings that no suppression allows, and those about the suppressions themselves."""
    by_file: defaultdict[str, list[LintFinding]] = defaultdict(list)
    for one in findings:
        by_file[one.file].append(one)
    for file, text in {document.file: document.text for document in documents}.items():
        for line, rule, reason in _suppressions(file, text):
            left = by_file[str(file)]
            problem = _problem(rule, reason, known)
            if problem is not None:
                left.append(LintFinding(str(file), line, 1, "suppression", "error", *problem))
                continue
            kept = [one for one in left if one.rule != rule]
            if len(kept) == len(left):
                message = f"allows {rule!r}, which finds nothing in this file"
                kept.append(LintFinding(str(file), line, 1, "suppression", "warning", message, "remove the comment"))
            by_file[str(file)] = kept
    return [one for of_file in by_file.values() for one in of_file]


def _suppressions(file: Path, text: str) -> Iterator[tuple[int, str, str]]:
    if file.suffix not in _WITH_COMMENTS or "lint:" not in text:
        return
    for number, line in enumerate(text.splitlines(), start=1):
        if found := _ALLOW.search(line):
            yield number, found["rule"], found["reason"] or ""


def _problem(rule: str, reason: str, known: Collection[str]) -> tuple[str, str] | None:
    if rule not in known:
        return f"allows {rule!r}, which is no rule", "write a rule's id, as the findings show it"
    if len(reason) < _SHORTEST_REASON:
        return f"allows {rule!r} without a reason", f"write `# lint: allow {rule}: why it is right here`"
    return None
