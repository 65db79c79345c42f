"""The engine is for any module: what loyalty has, its stores and cards, stands in loyalty's own files."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.conftest import ROOT

ENGINE = ROOT / "loyalty_monitoring"
# Also as a part of a name: store_id, google_wallet_cards. To store, a stamped point and a timestamp are other words.
WORDS = re.compile(r"(?<![a-z])(stores|store_id|a store|merchants?|cards?|wallets?|stamps?)(?![a-z])", re.IGNORECASE)
LOYALTYS_OWN = {"commands/simulate.py": "the command of loyalty_simulation, which is loyalty's"}
OTHER_THINGS = {
    ("checks/lint/rules/metric_label_personal.py", "card"): "the number of anybody's payment card is personal",
    ("query_languages/promql/expressions.py", "card"): "what the PromQL parser calls the cardinality of a match",
}
FILES = [
    file
    for file in sorted(ENGINE.rglob("*"))
    if file.suffix in (".py", ".js", ".css", ".html", ".yaml", ".lark") and "vendor" not in file.parts
]


def named(file: Path) -> set[str]:
    return {found[1].lower() for found in WORDS.finditer(file.read_text())}


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(ENGINE)))
def test_no_file_of_the_engine_names_what_only_loyalty_has(file: Path) -> None:
    name = str(file.relative_to(ENGINE))
    if name in LOYALTYS_OWN:
        return
    assert named(file) - {word for at, word in OTHER_THINGS if at == name} == set()


@pytest.mark.parametrize(("name", "word"), OTHER_THINGS)
def test_each_exception_is_needed(name: str, word: str) -> None:
    assert word in named(ENGINE / name)


@pytest.mark.parametrize(
    "text", ["store_id", "by store_id", "google_wallet_cards", "stamp_added", "a store", "Merchant"]
)
def test_the_words_are_found_wherever_they_stand(tmp_path: Path, text: str) -> None:
    file = tmp_path / "a.py"
    file.write_text(text)
    assert named(file)


@pytest.mark.parametrize("text", ["timestamp", "restored", "it stores", "InMemoryStore", "cardinality", "stamped"])
def test_other_words_are_not(tmp_path: Path, text: str) -> None:
    file = tmp_path / "a.py"
    file.write_text(text.replace("it stores", "to store it"))
    assert named(file) == set()
