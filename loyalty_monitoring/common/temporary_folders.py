"""Temporary folders that go away however this process ends, by kill -9 too."""

from __future__ import annotations

import os
import secrets
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

# Waits for a line, or for the end of the pipe, which the kernel brings about when this process ends in any way. In that
# case the other children are being killed at the same moment; they get that moment before the folder goes.
_REMOVE_WHEN_TOLD_OR_ALONE = 'PATH=/usr/bin:/bin; read -r line || sleep 0.2; rm -rf -- "$0"'


@contextmanager
def temporary_folder() -> Iterator[Path]:
    """Yield a new folder for temporary files; it and what is in it are gone when the block is left.

    A small shell removes it: in a session of its own, so that neither Ctrl-C nor a signal to this process's group
    reaches it, and it is there still when this process is not. It is there before the folder is.
    """
    folder = Path(tempfile.gettempdir()).absolute() / f"loyalty-monitoring-{secrets.token_hex(8)}"
    with subprocess.Popen(
        ["/bin/sh", "-c", _REMOVE_WHEN_TOLD_OR_ALONE, os.fsencode(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ) as remover:
        try:
            folder.mkdir(mode=0o700)
            yield folder
        finally:
            remover.communicate(b"\n")
