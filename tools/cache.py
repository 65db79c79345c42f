"""Keep downloads of the set-up for all checkouts of this user, and check them before use.

A folder of the cache is complete or not there: it is filled aside and then renamed. Beside its files lies a list of
their hashes and sizes, written last, which is compared with them before each use.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from console import fail, say

CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "loyalty-monitoring"
_CHECKSUMS = "SHA256SUMS"
_ASIDE = ".downloading-"


def downloaded(folder: Path, download: Callable[[Path], None]) -> list[Path]:
    """Return the files of a cached folder. Where it is missing or damaged, `download` fills an empty folder in its
    place.

    Set-ups of other checkouts may do the same at the same time: they wait for each other, and one of them downloads.
    """
    files = intact(folder)
    if files:
        return files
    with _only_one(folder.parent):
        files = intact(folder)
        if files:
            return files
        if folder.exists():
            say(f"{folder} is damaged, and is downloaded again")
        aside = Path(tempfile.mkdtemp(prefix=_ASIDE, dir=folder.parent))
        try:
            download(aside)
            if not any(aside.iterdir()):
                fail("the download is empty; check the network, and the proxy or mirror in use, and run it again")
            _write_checksums(aside)
            shutil.rmtree(folder, ignore_errors=True)
            # Fails where locks do not work and another set-up was faster: then its files are there.
            with contextlib.suppress(OSError):
                aside.rename(folder)
        finally:
            shutil.rmtree(aside, ignore_errors=True)
        files = intact(folder)
        if not files:
            fail(f"{folder} cannot be read back as it was written; is the disk full? Free some space and run it again")
        return files


def intact(folder: Path) -> list[Path]:
    """Return the files of a folder if all are there as they were downloaded, else none."""
    files = []
    try:
        for line in (folder / _CHECKSUMS).read_text(encoding="utf-8").splitlines():
            digest, size, name = line.split(" ", 2)
            if (folder / name).stat().st_size != int(size) or sha256(folder / name) != digest:
                return []
            files.append(folder / name)
    except (OSError, ValueError):
        return []
    return files


def sha256(file: Path) -> str:
    with file.open("rb") as data:
        return hashlib.file_digest(data, "sha256").hexdigest()


def _write_checksums(folder: Path) -> None:
    files = sorted(file for file in folder.iterdir() if file.is_file())
    lines = [f"{sha256(file)} {file.stat().st_size} {file.name}\n" for file in files]
    (folder / _CHECKSUMS).write_text("".join(lines), encoding="utf-8")


@contextlib.contextmanager
def _only_one(folder: Path) -> Iterator[None]:
    """Hold a lock in one process at a time; it goes when the process ends. What a killed one left is removed."""
    folder.mkdir(parents=True, exist_ok=True)
    with locked(folder / ".lock", "Another set-up is downloading; waiting for it") as held:
        for left in folder.glob(f"{_ASIDE}*") if held else ():
            shutil.rmtree(left, ignore_errors=True)
        yield


@contextlib.contextmanager
def locked(file: Path, waiting: str) -> Iterator[bool]:
    """Yield whether the lock is held: some network file systems have none, and there nothing may rely on it."""
    with file.open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(waiting)
            fcntl.flock(lock, fcntl.LOCK_EX)
        except OSError:
            yield False
            return
        yield True
