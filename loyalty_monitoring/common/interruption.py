"""Ctrl-C and SIGTERM end a command within two seconds, whatever it is doing, with 130 and 143 and one word.

A signal becomes an exception, so that what is open is closed on the way out. Libraries turn that exception into others
(DuckDB: "RuntimeError: Query interrupted") or drop it, so that not it but `caught` decides how the command ends. And a
thread that Python's own signal handler wakes (https://docs.python.org/3/library/signal.html#signal.set_wakeup_fd) ends
the process in time when it does not end by itself: children die with it, temporary folders go (temporary_folders), and
so does what is half written (`removed_at_end`).
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import NoReturn

_SECONDS = 1.5
_ENDING = (signal.SIGINT, signal.SIGTERM)
_caught: list[int] = []
_last_words: list[Callable[[], str]] = []
_half_written: list[Path] = []
_installed = False


class Interrupted(BaseException):
    """Ctrl-C or SIGTERM; not an Exception, so that nothing takes it for a failure."""


def caught() -> bool:
    """Return whether this process has been told to end."""
    return bool(_caught)


def install() -> None:
    """Handle the two signals from now on. For the main thread of a command only."""
    global _installed
    if _installed:
        return
    _installed = True
    wakes, woken = os.pipe()
    os.set_blocking(woken, False)
    threading.Thread(target=_end_in_time, args=(wakes,), daemon=True).start()
    signal.set_wakeup_fd(woken, warn_on_full_buffer=False)
    for number in _ENDING:
        signal.signal(number, _raise)


def run(command: Callable[[], None]) -> None:
    """Call it; a signal ends it, and the process, as this module says."""
    _keep_standard_numbers()
    install()
    try:
        command()
    except BaseException:
        if not _caught:
            raise
    if _caught:
        _end(_caught[0])


@contextlib.contextmanager
def last_words(tell: Callable[[], str]) -> Iterator[None]:
    """Print what `tell` returns when a signal ends the block: what goes on without this process."""
    _last_words.append(tell)
    try:
        yield
    finally:
        if not _caught:
            _last_words.remove(tell)


@contextlib.contextmanager
def removed_at_end(path: Path) -> Iterator[None]:
    """Remove the file or folder when a signal ends the process, and the block does not end by itself in time."""
    _half_written.append(path)
    try:
        yield
    finally:
        _half_written.remove(path)


def _keep_standard_numbers() -> None:
    """Keep a file that is opened from becoming standard output because that was closed."""
    while (number := os.open(os.devnull, os.O_RDWR)) <= 2:
        pass
    os.close(number)


def _raise(number: int, _: FrameType | None) -> None:
    if _caught:
        return
    _caught.append(number)
    # What cannot be raised where the signal came, in a destructor for instance, is no news.
    sys.unraisablehook = lambda _: None
    raise Interrupted


def _end_in_time(wakes: int) -> None:
    while number := os.read(wakes, 1):
        if number[0] in _ENDING:
            time.sleep(_SECONDS)
            _end(number[0])


def _end(number: int) -> NoReturn:
    words = "".join(f"{tell()}\n" for tell in _last_words)
    with contextlib.suppress(OSError):
        os.write(2, f"{words}loyalty-monitoring: interrupted\n".encode(errors="replace"))
    for path in list(_half_written):
        shutil.rmtree(path, ignore_errors=True)  # a folder; a file stays
        with contextlib.suppress(OSError):
            path.unlink()
    os._exit(128 + number)
