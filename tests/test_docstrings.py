"""A function's docstring begins with what it does, a class's and a module's with what it is or does: no riddles."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import pytest

from tests.conftest import ROOT

PACKAGES = ("loyalty_monitoring", "loyalty_simulation", "loyalty_telemetry", "tools", "bench")
QUESTIONS = frozenset(["What", "Whether", "Where", "How", "Who", "When", "Which", "Why"])
NOUNS = frozenset(["The", "A", "An", "All", "Each", "Every", "One", "Text", "JSON", "By", "For", "Errors"])
Definition = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


def wrong(tree: ast.Module) -> Iterator[str]:
    """Yield name and first word of each docstring that begins otherwise. A property's may be a noun, or `Whether`."""
    for node in ast.walk(tree):
        if not isinstance(node, Definition) or not (text := ast.get_docstring(node)):
            continue
        word = text.split()[0].strip(":,.`")
        forbidden = QUESTIONS
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            is_property = any("property" in ast.unparse(one) for one in node.decorator_list)
            forbidden = QUESTIONS - {"Whether"} if is_property else QUESTIONS | NOUNS
        if word in forbidden:
            yield f"{getattr(node, 'name', 'module')}: {word}"


def test_docstrings_begin_with_a_verb_or_name_the_thing() -> None:
    files = [file for package in PACKAGES for file in (ROOT / package).rglob("*.py")]
    found = [f"{file.relative_to(ROOT)}: {text}" for file in files for text in wrong(ast.parse(file.read_text()))]
    assert found == []


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ('def f():\n    """Return the file."""', []),
        ('def f():\n    """The file."""', ["f: The"]),
        ('class C:\n    """A file."""', []),
        ('class C:\n    """What a file is."""', ["C: What"]),
        ('class C:\n    @property\n    def p(self):\n        """Whether it is there."""', []),
        ('"""How files are read."""', ["module: How"]),
    ],
)
def test_the_first_word_decides(code: str, found: list[str]) -> None:
    assert list(wrong(ast.parse(code))) == found
