"""A database is as a new one, whatever the one before it was used for."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from loyalty_monitoring.common.database import MEMORY, DatabaseError, connect, release_memory
from loyalty_monitoring.replay.entries.tables import only_row


def _setting(name: str) -> str:
    with connect() as con:
        return str(only_row(con, f"SELECT current_setting('{name}')")[0])


def test_a_database_has_nothing_of_the_one_before() -> None:
    for _ in range(2):
        with connect() as con:
            con.execute("CREATE TABLE kept AS SELECT range FROM range(1000000); CREATE TEMP TABLE passing AS FROM kept")
            con.begin()
            con.execute("CREATE VIEW seen AS FROM kept")
    with connect() as con:
        assert (
            con.execute(
                "SELECT table_name FROM duckdb_tables() UNION SELECT 'view' FROM duckdb_views() WHERE NOT internal"
            ).fetchall()
            == []
        )
        assert only_row(con, "SELECT sum(memory_usage_bytes) FROM duckdb_memory()")[0] < 10**6


def test_two_at_a_time_are_two() -> None:
    with connect() as one, connect() as other:
        one.execute("CREATE TABLE kept AS SELECT 1 AS number")
        other.execute("CREATE TABLE kept AS SELECT 2 AS number")
        assert (only_row(one, "FROM kept"), only_row(other, "FROM kept")) == ((1,), (2,))


def test_what_failed_is_not_used_again() -> None:
    with pytest.raises(DatabaseError), connect() as con:
        con.execute("SET preserve_insertion_order = false; SELECT error('no')")
    assert _setting("preserve_insertion_order") == "True"


def test_each_has_the_memory_and_the_folder_of_its_own_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    before = _setting("memory_limit")
    monkeypatch.setenv(MEMORY, "300MB")
    assert _setting("memory_limit") != before
    assert _setting("temp_directory").startswith(f"{tmp_path}{os.sep}")
    assert list(tmp_path.iterdir()) == []


def test_what_overflowed_to_the_disk_is_gone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setenv(MEMORY, "300MB")
    with connect() as con:
        con.execute("CREATE TEMP TABLE much AS SELECT md5(range::VARCHAR) AS text FROM range(9000000)")
        release_memory(con)
        assert list(tmp_path.glob("*/overflow/*"))
    assert list(tmp_path.iterdir()) == []
    assert _setting("threads")
