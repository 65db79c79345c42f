"""Say in one line what went wrong, when it was not foreseen where it happened."""

from __future__ import annotations

import errno
import os
import tempfile
import traceback
from collections.abc import Iterator
from datetime import UTC, datetime

from loyalty_monitoring.common.errors import UserError

_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_NO_MEMORY = (errno.ENOMEM, errno.EAGAIN)
_NO_FILES = (errno.EMFILE, errno.ENFILE)
_NO_MEMORY_WORDS = (
    "std::bad_alloc", "can't start new thread", "failed to map segment", "cannot allocate memory", "can't allocate",
)  # fmt: skip


def explain(error: BaseException) -> str:
    """Return one line with the remedy; for an error of the program, with the file that has the details."""
    # Libraries wrap our own errors, and what the system refuses, into theirs.
    for cause in _chain(error):
        if isinstance(cause, UserError):
            return str(cause)
        if (words := _refused_by_the_system(cause)) is not None:
            return words
    if isinstance(error, OSError):
        return f"{_place(error)}cannot be read or written ({error.strerror or error}); check the name and the rights"
    if isinstance(error, RecursionError):
        return "something in the input is nested too deeply to be read; make it flatter"
    message = str(error).partition("\n")[0][:200]
    return f"this should not have happened ({type(error).__name__}: {message}); {_written(error)}"


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _refused_by_the_system(error: BaseException) -> str | None:
    if isinstance(error, OSError) and error.errno in _NO_ROOM:
        return (
            f"{_place(error)}no space left ({error.strerror}); make room, or set TMPDIR to a folder on a larger disk, "
            "and run the command again"
        )
    if isinstance(error, OSError) and error.errno in _NO_FILES:
        return f"{error.strerror}; allow the process more of them (ulimit -n), and run the command again"
    if (
        isinstance(error, MemoryError)
        or (isinstance(error, OSError) and error.errno in _NO_MEMORY)
        or any(words in str(error).lower() for words in _NO_MEMORY_WORDS)
    ):
        return "there is not enough memory; allow the process more (ulimit -v), or close something, and try again"
    return None


def _place(error: OSError) -> str:
    return "" if error.filename is None else f"{os.fsdecode(error.filename)}: "


def _written(error: BaseException) -> str:
    name = f"loyalty-monitoring-error-{datetime.now(UTC):%Y%m%dT%H%M%S}-"
    try:
        file, path = tempfile.mkstemp(prefix=name, suffix=".txt")
        with open(file, "w", encoding="utf-8", errors="backslashreplace") as out:
            traceback.print_exception(error, file=out)
    except OSError:
        frames = traceback.extract_tb(error.__traceback__)[-3:]
        where = " ".join(f"{os.path.basename(frame.filename)}:{frame.lineno}" for frame in frames)
        return f"please report it as an issue of the project, with this place: {where}"
    return f"the details are in {path}: please look through them, and report it with them as an issue of the project"
