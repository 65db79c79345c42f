"""runbook-page: in our own project a runbook's link leads to a page that is there."""

from __future__ import annotations

from pathlib import Path

import pytest

from loyalty_monitoring.checks.lint.rule import Problem, Project, Resource
from loyalty_monitoring.checks.lint.rules import runbook_page
from loyalty_monitoring.common.yaml_documents import load_documents
from tests.checks.lint.conftest import Findings

BASE = "https://example.com/runbooks"


def policy(url: str, name: str = "Runbook", content: str = "It failed.") -> str:
    return f"""displayName: runs
conditions: []
documentation:
  content: {content}
  links:
    - displayName: {name}
      url: {url}
"""


def problems(file: Path, text: str) -> list[tuple[Problem, int]]:
    file.write_text(text)
    (document,) = load_documents(file)
    resource = Resource("alert_policy", document.data, document)
    found = runbook_page.check(resource, Project((resource,), frozenset(["high_churn.md", "email.md"])))
    return [(problem, resource.position(problem.path).line) for problem in found]


@pytest.mark.parametrize(
    "text",
    [
        policy(f"{BASE}/high_churn.md"),
        policy(f"{BASE}/high_churn.md#first-steps"),
        policy(f"{BASE}/high_churn.md?plain=1"),
        policy("https://wiki.example.com/high_churn.md"),
        policy("https://example.com/anything", name="Dashboard"),
        policy(f"{BASE}/email.md", content=f"See {BASE}/high_churn.md"),
    ],
)
def test_a_page_that_is_there_and_other_links_pass(tmp_path: Path, text: str) -> None:
    assert problems(tmp_path / "policy.yaml", text) == []


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (policy(f"{BASE}/high_chrun.md"), 7),
        (policy(f"{BASE}/high_chrun.md", name="Steps"), 7),
        (policy("https://wiki.example.com/high_chrun.md"), 7),
        (policy(f"{BASE}/"), 7),
        (policy(f"{BASE}/email.md", content=f"See {BASE}/high_chrun.md"), 4),
    ],
)
def test_a_page_that_is_not_there_is_an_error_at_the_link(tmp_path: Path, text: str, line: int) -> None:
    ((problem, at),) = problems(tmp_path / "policy.yaml", text)
    assert at == line
    assert "no page of runbooks/" in problem.message
    assert problem.remedy == "write the page, or link to one that is there"
    assert runbook_page.RULE.severity == "error"


def test_the_nearest_page_is_named(tmp_path: Path) -> None:
    ((problem, _),) = problems(tmp_path / "policy.yaml", policy(f"{BASE}/high_chrun.md"))
    assert problem.message.endswith("did you mean 'high_churn.md'?")


def test_other_peoples_runbooks_are_not_judged(findings: Findings) -> None:
    assert findings("runbook-page", policy(f"{BASE}/nowhere.md")) == []
