"""Every rule is complete: a page with its parts, tests, a place in the list."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from loyalty_monitoring.checks.lint import rules
from loyalty_monitoring.checks.lint.index import index
from loyalty_monitoring.checks.lint.rule import Rule
from loyalty_monitoring.checks.lint.rules import all_rules
from loyalty_monitoring.checks.lint.run import FILE_RULES, titles
from loyalty_monitoring.cli import cli
from loyalty_monitoring.common.shipped_files import shipped

DOCS = shipped("docs/lint")

HERE = Path(__file__).parent
PARTS = ("What", "Why it hurts", "How to mend it", "Source")


def _ids(rule: Rule) -> str:
    return rule.id


@pytest.mark.parametrize("rule", all_rules(), ids=_ids)
def test_a_rule_has_a_page_a_test_file_and_a_module_of_its_name(rule: Rule) -> None:
    module = rule.id.replace("-", "_")
    assert Path(*rules.__path__, f"{module}.py").is_file()
    assert f'"{rule.id}"' in (HERE / f"test_{module}.py").read_text()
    page = (DOCS / f"{rule.id}.md").read_text()
    assert page.startswith(f"# {rule.id} ({rule.severity})\n")
    found = re.findall(r"^\*\*([A-Z][a-z ]+)\.\*\*", page, re.MULTILINE)
    assert tuple(found) == PARTS
    assert re.search(r"\*\*Source\.\*\* (?:\S|\n)", page)
    example = page.partition("```yaml\n")[2].partition("```")[0]
    assert "fails" in example
    assert "passes" in example


@pytest.mark.parametrize("rule", all_rules(), ids=_ids)
def test_the_title_is_one_plain_line_and_the_page_can_be_printed(rule: Rule) -> None:
    assert titles()[rule.id] == rule.title
    assert len(rule.title) <= 120
    assert rule.title[0].isupper()
    assert not rule.title.endswith(".")
    result = CliRunner().invoke(cli, ["lint", "--explain", rule.id])
    assert result.exit_code == 0
    assert result.output == (DOCS / f"{rule.id}.md").read_text().rstrip() + "\n"


def test_no_id_stands_for_two_rules_and_no_page_for_none() -> None:
    ids = [rule.id for rule in all_rules()]
    assert ids == sorted(set(ids))
    assert not set(ids) & FILE_RULES.keys()
    assert {page.stem for page in DOCS.glob("*.md")} == {*titles(), "README"}


def test_the_list_of_rules_is_current() -> None:
    assert (DOCS / "README.md").read_text() == index(), "run `python -m loyalty_monitoring.checks.lint.index`"
