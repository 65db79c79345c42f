"""The embedded database that does the heavy work. The only module that imports duckdb."""

from __future__ import annotations

import os
import shutil
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

Connection = duckdb.DuckDBPyConnection
InvalidInput = duckdb.InvalidInputException
DatabaseError = duckdb.Error
Progress = Callable[[str, float], None]

_POLL_SECONDS = 0.1


@contextmanager
def connect(*, memory_limit: str = "600MB", threads: int | None = None) -> Iterator[Connection]:
    """A database whose tables live in memory and overflow into a temporary folder, which is always removed.

    `memory_limit` bounds what the database holds; the process around it needs about 250 MB more. What does not fit is
    written to disk.
    """
    folder = Path(tempfile.mkdtemp(prefix="loyalty-monitoring-"))
    try:
        connection = duckdb.connect(
            ":memory:",
            config={
                "memory_limit": memory_limit,
                "threads": threads or max(2, os.cpu_count() or 2),
                "temp_directory": str(folder),
                # Nothing here needs the network; a mistyped file name must not become a download.
                "autoinstall_known_extensions": False,
                "autoload_known_extensions": False,
            },
        )
        with connection:
            # Compressed tables hold ten million entries almost without touching the disk.
            # https://duckdb.org/docs/stable/sql/statements/attach
            connection.execute("ATTACH ':memory:' AS work (COMPRESS); USE work")
            connection.execute("SET enable_progress_bar = true; SET enable_progress_bar_print = false")
            # A list in IN would become a join, which keeps a filter's other conditions from being decided early.
            connection.execute("SET disabled_optimizers = 'in_clause'")
            yield connection
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def scratch_folder(con: Connection) -> Path:
    """A folder for temporary files that goes away with the connection."""
    row = con.execute("SELECT current_setting('temp_directory')").fetchone()
    assert row is not None
    folder = Path(str(row[0]))
    folder.mkdir(exist_ok=True)
    return folder


@contextmanager
def any_order(con: Connection) -> Iterator[None]:
    """Rows may be stored in any order meanwhile, which halves the time of storing them."""
    con.execute("SET preserve_insertion_order = false")
    try:
        yield
    finally:
        con.execute("SET preserve_insertion_order = true")


def execute(con: Connection, sql: str, report: Callable[[float], None] | None = None) -> None:
    """Run one statement; `report` is told the share done, from 0 to 1, while it runs."""
    if report is None:
        con.execute(sql)
        return
    done = threading.Event()

    def poll() -> None:
        while not done.wait(_POLL_SECONDS):
            report(max(0.0, con.query_progress() / 100))

    poller = threading.Thread(target=poll, daemon=True)
    poller.start()
    try:
        con.execute(sql)
    finally:
        done.set()
        poller.join()


def quoted(text: str) -> str:
    """`text` as an SQL string literal."""
    return "'" + text.replace("'", "''") + "'"


def identifier(name: str) -> str:
    """`name` as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'
