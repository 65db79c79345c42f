"""Results that were worked out before, kept in the user's cache folder under a key of all that they depend on.

A result is a file or a folder of files. It appears whole or not at all, so commands that run at the same time share it
and one that is killed leaves no half of it. A cache that cannot be read or written is slow, never an error and never a
wrong answer: whoever asks for a result must be able to work it out.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from loyalty_monitoring.common.errors import UserError
from loyalty_monitoring.common.sizes import bytes_of

FOLDER_VARIABLE, SIZE_VARIABLE = "LOYALTY_MONITORING_CACHE", "LOYALTY_MONITORING_CACHE_SIZE"
DEFAULT_SIZE = 2 * 2**30
_PARTIAL = ".partial"
_SEAL_BYTES = hashlib.sha256().digest_size
_ABANDONED_SECONDS = 3600  # a result that has been in the making for longer belongs to nobody any more


@dataclass(frozen=True)
class Cache:
    """A folder of results and how many bytes they may take together; None where nothing is kept."""

    folder: Path | None
    most_bytes: int = DEFAULT_SIZE

    def get(self, kind: str, key: str) -> Path | None:
        """Return the result of this kind and key, which counts as used now; None where there is none."""
        if self.folder is None:
            return None
        found = self.folder / kind / key
        try:
            os.utime(found)
        except OSError:
            return None
        return found

    def put(self, kind: str, key: str, write: Callable[[Path], object]) -> None:
        """Keep what `write` makes at the path that it is given, a file or a folder. What cannot be kept is not."""
        if self.folder is None:
            return
        target = self.folder / kind / key
        partial = target.with_name(f"{key}.{os.getpid()}.{time.monotonic_ns()}{_PARTIAL}")
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            target.parent.mkdir(mode=0o700, exist_ok=True)
            write(partial)
            # Another command may have been quicker; its result is the same.
            partial.rename(target)
        except OSError:
            pass
        finally:
            _remove(partial)

    def shrink(self) -> None:
        """Remove what was used longest ago, until the rest fits, and what others left unfinished."""
        results = sorted(self.results(), key=lambda result: result.used, reverse=True)
        kept = 0
        for result in results:
            kept += result.size
            abandoned = result.is_partial and time.time() - result.used > _ABANDONED_SECONDS
            if abandoned or (kept > self.most_bytes and not result.is_partial):
                _remove(result.path)

    def clear(self) -> None:
        """Remove every result."""
        for result in self.results():
            _remove(result.path)

    def results(self) -> list[Result]:
        """Return all results, unfinished ones too."""
        return [] if self.folder is None else list(_results(self.folder))


NO_CACHE = Cache(None)


@dataclass(frozen=True)
class Result:
    """`used` is in unix seconds, `size` in bytes."""

    kind: str
    path: Path
    size: int
    used: float

    @property
    def is_partial(self) -> bool:
        return self.path.name.endswith(_PARTIAL)


def user_cache() -> Cache:
    """Return the user's cache. Errors: UserError when the environment names a size that is none."""
    text = os.environ.get(SIZE_VARIABLE) or f"{DEFAULT_SIZE}"
    most_bytes = bytes_of(text)
    if most_bytes is None:
        raise UserError(f"{SIZE_VARIABLE} is {text!r}, which is no size; write it like 500MB or 2GiB, 0 keeps nothing")
    if most_bytes == 0:
        return NO_CACHE
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return Cache(Path(os.environ.get(FOLDER_VARIABLE) or base / "loyalty-monitoring" / "results"), most_bytes)


def key(*parts: object) -> str:
    """Return a key of plain data: equal data, equal key."""
    text = json.dumps(parts, sort_keys=True, separators=(",", ":"), default=list)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def digest(file: Path) -> str:
    """Return the SHA-256 of a file's bytes."""
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def sealed(content: bytes) -> bytes:
    """Return the bytes with a seal, by which `unsealed` tells whether the disk has damaged them."""
    return content + hashlib.sha256(content).digest()


def unsealed(file: Path) -> bytes | None:
    """Return the bytes that were sealed; None where the file is gone, which happens at any time, or damaged."""
    try:
        whole = file.read_bytes()
    except OSError:
        return None
    content, seal = whole[:-_SEAL_BYTES], whole[-_SEAL_BYTES:]
    return content if hashlib.sha256(content).digest() == seal else None


def _results(folder: Path) -> Iterator[Result]:
    for kind in _listed(folder):
        for path in _listed(kind):
            try:
                files = [path] if not path.is_dir() else [file for file in path.rglob("*") if file.is_file()]
                size = sum(file.stat().st_size for file in files)
                yield Result(kind.name, path, size, path.stat().st_mtime)
            except OSError:
                continue  # removed meanwhile


def _listed(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except OSError:
        return []


def _remove(path: Path) -> None:
    try:
        path.unlink()
    except IsADirectoryError:
        shutil.rmtree(path, ignore_errors=True)
    except OSError:
        pass
