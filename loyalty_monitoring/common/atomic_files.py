"""Files that appear whole or not at all."""

from __future__ import annotations

import gzip
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from loyalty_monitoring.common.errors import Position, UserError

Out = IO[bytes] | gzip.GzipFile


@contextmanager
def appearing_whole(file: Path, remedy: str = "choose another --out") -> Iterator[Out]:
    """A stream into a neighbor of `file` that takes its name in the end; what was interrupted leaves nothing.

    Gzipped when the name ends in .gz. Errors: UserError with the `remedy`, also when writing fails within the block.
    """
    partial = file.with_name(f".{file.name}.{os.getpid()}.partial")
    try:
        with partial.open("wb") as raw:
            if file.suffix == ".gz":
                # Without name and time: equal lines, equal bytes.
                with gzip.GzipFile(filename="", fileobj=raw, mode="wb", compresslevel=9, mtime=0) as packed:
                    yield packed
            else:
                yield raw
        partial.replace(file)
    except OSError as error:
        raise UserError(f"cannot be written: {error.strerror}; {remedy}", Position(file)) from error
    finally:
        partial.unlink(missing_ok=True)
