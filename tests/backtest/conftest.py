"""What the tests of backtest share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.backtest.big_query import Emulator, emulator


@pytest.fixture(scope="module")
def big_query(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    with emulator(tmp_path_factory.mktemp("bigquery")) as running:
        yield running
