"""Text that the database reads as a file, though it is none."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from loyalty_monitoring.common.temporary_folders import temporary_folder


@contextmanager
def in_memory(text: bytes) -> Iterator[str]:
    """Yield a path at which only this process finds the text: a file without a name, where Linux has that."""
    if not hasattr(os, "memfd_create"):
        with temporary_folder() as folder:
            (folder / "entries").write_bytes(text)
            yield str(folder / "entries")
        return
    file = os.memfd_create("entries")
    try:
        view = memoryview(text)
        while view:
            view = view[os.write(file, view) :]
        yield f"/proc/self/fd/{file}"
    finally:
        os.close(file)
