"""Log files whose bytes were looked at, and results of them that are kept as JSON."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from itertools import chain
from pathlib import Path
from typing import Any, Literal

from loyalty_monitoring.common.cache import Cache, digest, key, sealed, unsealed

_PACKAGE = Path(__file__).resolve().parents[1]
# The text of a group. To count it costs about a second beside its reading, which takes no longer, and a file that comes
# at the end costs its group.
_GROUP_BYTES = 256 * 2**20
_PACKED, _UNPACKED = (".gz", ".zst", ".zip"), 12  # times the bytes on the disk


@dataclass(frozen=True)
class Group:
    """Log files that are counted together. `content` is a key of their bytes, None where they can be read only once."""

    files: tuple[Path | Literal["-"], ...]
    content: str | None
    seen: tuple[object, ...] = ()

    def is_unchanged(self) -> bool:
        """Return whether the files are still those whose bytes were looked at."""
        return self.content is not None and self.seen == tuple(map(_seen, self.files))


@cache
def program() -> str:
    """Return a key of what counts and evaluates: this package's source and the database's version."""
    sources = sorted(chain(_PACKAGE.rglob("*.py"), _PACKAGE.rglob("*.lark")))
    texts = [[str(file.relative_to(_PACKAGE)), file.read_text(encoding="utf-8")] for file in sources]
    return key(texts, version("duckdb"))


def groups_of(files: Sequence[Path | Literal["-"]], cache: Cache) -> tuple[Group, ...]:
    """Return the files in their order, in groups; without a cache they are one, and nobody looks at their bytes."""
    found: list[Group] = []
    together: list[Path] = []
    size = 0

    def end() -> None:
        nonlocal size
        if together:
            found.append(_group(together, cache))
            together.clear()
            size = 0

    for file in files:
        path = Path(file)
        if str(file) == "-" or not path.is_file():
            end()
            found.append(Group((file,), None))
            continue
        together.append(path)
        size += path.stat().st_size * (_UNPACKED if path.suffix in _PACKED else 1)
        if size >= _GROUP_BYTES and cache.folder is not None:
            end()
    end()
    return tuple(found)


def _group(files: Sequence[Path], cache: Cache) -> Group:
    if cache.folder is None:
        return Group(tuple(files), None)
    seen = tuple(map(_seen, files))  # first, so that a change while the bytes are looked at is noticed
    try:
        return Group(tuple(files), key([digest(file) for file in files]), seen)
    except OSError:
        return Group(tuple(files), None)  # whoever reads it says what is wrong


def _seen(file: Path | Literal["-"]) -> object:
    try:
        status = os.stat(file)
    except OSError:
        return None
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns


def kept_json(cache: Cache, kind: str, name: str | None) -> Any:
    """Return a result that is kept as JSON, None where there is none."""
    file = None if name is None else cache.get(kind, name)
    content = None if file is None else unsealed(file)
    return None if content is None else json.loads(content)


def put_json(cache: Cache, kind: str, name: str | None, value: object) -> None:
    """Keep a result as JSON; `name` is None where it has no key."""
    if name is not None:
        cache.put(kind, name, lambda path: path.write_bytes(sealed(json.dumps(value).encode())))
