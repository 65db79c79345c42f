"""The embedded database that does the heavy work. The only module that imports duckdb."""

from __future__ import annotations

import atexit
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import duckdb

from loyalty_monitoring.common.errors import UserError
from loyalty_monitoring.common.sizes import bytes_of
from loyalty_monitoring.common.temporary_folders import temporary_folder

Connection = duckdb.DuckDBPyConnection
InvalidInput = duckdb.InvalidInputException
DatabaseError = duckdb.Error
Progress = Callable[[str, float], None]

MEMORY = "LOYALTY_MONITORING_MEMORY"
DEFAULT_MEMORY = "600MB"
# A batch of entries and what is made of it need about 250 MB, so that less would be a matter of luck.
_LEAST_MEMORY = 300 * 10**6
_ALWAYS: dict[str, str | bool] = {
    # Nothing here needs the network; a mistyped file name must not become a download.
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
    # Compressing costs about as much as reading, and begins anew with what was added; the default is 16 MB.
    "checkpoint_threshold": "128MB",
    # A list in IN would become a join, which keeps a filter's other conditions from being decided early.
    "disabled_optimizers": "in_clause",
}
_idle: list[Connection] = []
atexit.register(_idle.clear)


@contextmanager
def connect(*, threads: int | None = None) -> Iterator[Connection]:
    """Yield a database whose tables live in memory and overflow into a temporary folder, which is always removed.

    The environment's LOYALTY_MONITORING_MEMORY bounds what the database holds; the process around it needs about 250 MB
    more. What does not fit is written to disk. Errors: UserError when memory or disk do not do.
    """
    memory = _memory_limit()
    with temporary_folder() as folder:
        settings: dict[str, str | int] = {
            "memory_limit": f"{memory}B",
            "threads": threads or max(2, os.cpu_count() or 2),
            "temp_directory": str(folder / "overflow"),
        }
        with _instance(settings) as instance, instance.cursor() as connection, _explained(memory):
            # Compressed tables hold ten million entries almost without touching the disk.
            # https://duckdb.org/docs/stable/sql/statements/attach
            connection.execute("ATTACH ':memory:' AS work (COMPRESS); USE work")
            yield connection


@contextmanager
def _instance(settings: Mapping[str, str | int]) -> Iterator[Connection]:
    """Yield an instance that nobody else uses, made or used before: to make one takes 15 ms, as long as a few entries
    take to be counted. What failed, or was interrupted, is not used again.
    """
    try:
        instance = _idle.pop()
    except IndexError:
        instance = duckdb.connect(":memory:", config={**_ALWAYS, **settings})
    else:
        for name, value in settings.items():
            instance.execute(f"SET {name} = {quoted(str(value))}")
    try:
        yield instance
        instance.execute("DETACH work")
    except BaseException:
        instance.close()
        raise
    if Path(str(settings["temp_directory"])).exists():  # it holds on to the temporary files that it wrote
        instance.close()
    else:
        _idle.append(instance)


def small_questions() -> Connection:
    """Return a connection for questions that need no tables, to a database that is made once: that takes 15 ms.

    One for each question: a connection answers one thread at a time, and refuses the others.
    """
    return _small().cursor()


@cache
def _small() -> Connection:
    context = connect(threads=1)
    connection = context.__enter__()
    atexit.register(context.__exit__, None, None, None)
    return connection


@contextmanager
def _explained(memory: int) -> Iterator[None]:
    try:
        yield
    except (duckdb.OutOfMemoryException, MemoryError) as error:
        raise UserError(
            f"the database needs more than the {memory / 10**6:.0f} MB of memory that it may use, or more room for "
            f"temporary files; allow more with {MEMORY}=2GB, or set TMPDIR to a folder on a larger disk"
        ) from error
    except duckdb.IOException as error:
        reason = str(error).splitlines()[0].removeprefix("IO Error: ")
        reason = _NO_ROOM if _NO_ROOM in reason else reason  # without DuckDB's account in JSON
        raise UserError(
            f"the database cannot write its temporary files ({reason}); make room, or set TMPDIR to a folder on a "
            "larger disk"
        ) from error


_NO_ROOM = "No space left on device"


def _memory_limit() -> int:
    text = os.environ.get(MEMORY) or DEFAULT_MEMORY
    size = bytes_of(text)
    if size is None:
        raise UserError(f"{MEMORY} is {text!r}, which is no size; write it like 600MB or 2GiB")
    if size < _LEAST_MEMORY:
        raise UserError(
            f"{MEMORY} is {text}, and less than {_LEAST_MEMORY // 10**6}MB does not hold a batch of the largest "
            f"entries; allow more, or unset it to have {DEFAULT_MEMORY}"
        )
    return size


def release_memory(con: Connection) -> None:
    """Give back what rows had that were removed. https://duckdb.org/docs/stable/sql/statements/checkpoint"""
    con.execute("CHECKPOINT work")


@contextmanager
def any_order(con: Connection) -> Iterator[None]:
    """Let rows be stored in any order within the block, which halves the time of storing them."""
    con.execute("SET preserve_insertion_order = false")
    try:
        yield
    finally:
        con.execute("SET preserve_insertion_order = true")


def quoted(text: str) -> str:
    """Return `text` as an SQL string literal."""
    return "'" + text.replace("'", "''") + "'"


def identifier(name: str) -> str:
    """Return `name` as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'
