"""YAML is read as JSON-like data with positions; whatever JSON cannot say is refused with file and line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from loyalty_monitoring.common.errors import UserError
from loyalty_monitoring.common.yaml_documents import load_yaml


def _load(tmp_path: Path, text: str | bytes):
    file = tmp_path / "some.yaml"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return load_yaml(file)


def test_each_value_knows_its_line_and_column(tmp_path: Path) -> None:
    document = _load(tmp_path, "a: 1\nb:\n  - c: x\n")
    position = document.position(("b", 0, "c"))
    assert (position.line, position.column) == (3, 5)


def test_a_path_that_is_missing_has_the_place_of_its_nearest_ancestor(tmp_path: Path) -> None:
    document = _load(tmp_path, "a: 1\nb:\n  c: x\n")
    assert document.position(("b", "nothing", 3)).line == 2


def test_a_date_stays_the_text_that_was_written(tmp_path: Path) -> None:
    assert _load(tmp_path, "a: 2026-11-02\n").data == {"a": "2026-11-02"}


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("", 0, "is empty"),
        ("a: 1\na: 2\n", 2, "stands twice"),
        ("a: &x 1\nb: *x\n", 1, "anchors and aliases"),
        ("a: yes\n", 1, "ambiguous"),
        ("a:\n", 1, "has no value"),
        ("a: .nan\n", 1, "not a plain decimal number"),
        ("a: 0x1F\n", 1, "not a plain decimal number"),
        ("a: !!python/object:os.system x\n", 1, "tag"),
        ("a: [1, 2\nb: 3\n", 2, "not valid YAML"),
        ("a: 1\n---\nb: 2\n", 3, "more than one document"),
        ("? [a]\n: 1\n", 1, "plain string"),
        (b"a: \xff\xfe\n", 1, "UTF-8"),
        ("[" * 60 + "]" * 60, 1, "nested deeper"),
    ],
)
def test_what_json_cannot_say_is_refused_with_its_line(tmp_path: Path, text: str, line: int, words: str) -> None:
    with pytest.raises(UserError, match=words) as caught:
        _load(tmp_path, text)
    assert caught.value.position is not None
    assert caught.value.position.line == line


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"none\.yaml: cannot read"):
        load_yaml(tmp_path / "none.yaml")


def test_json_may_write_a_character_as_two_escapes(tmp_path: Path) -> None:
    text = "card \U0001f3ab and a backslash \\ud83c\\udfab"
    (tmp_path / "a.json").write_text(json.dumps({"name": text}))
    assert load_yaml(tmp_path / "a.json").data == {"name": text}
