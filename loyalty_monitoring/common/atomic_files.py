"""Files that appear whole or not at all."""

from __future__ import annotations

import fcntl
import glob
import gzip
import os
import secrets
import shutil
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import IO

from loyalty_monitoring.common.errors import Position, UserError
from loyalty_monitoring.common.interruption import removed_at_end

_LEAST_ROOM = 256 * 2**20

Out = IO[bytes] | gzip.GzipFile


@contextmanager
def appearing_whole(file: Path, remedy: str = "choose another --out") -> Iterator[Out]:
    """Yield a stream into a neighbor of `file` that takes its name in the end; what was interrupted leaves nothing.

    Gzipped when the name ends in .gz. A neighbor that `kill -9` left is removed by the next writer of the file. Errors:
    UserError with the `remedy`, also when writing fails within the block.
    """
    partial = file.with_name(f".{file.name}.{secrets.token_hex(4)}.partial")
    with removed_at_end(partial):
        try:
            _remove_abandoned(file)
            with _locked(partial) as raw:
                if file.suffix == ".gz":
                    # Without name and time: equal lines, equal bytes.
                    with gzip.GzipFile(filename="", fileobj=raw, mode="wb", compresslevel=9, mtime=0) as packed:
                        yield packed
                else:
                    yield raw
                raw.flush()
                partial.replace(file)  # while it is locked, so that nobody takes it for an abandoned one
        except OSError as error:
            raise UserError(f"cannot be written: {why(error)}; {remedy}", Position(file)) from error
        finally:
            with suppress(OSError):
                partial.unlink()


def write_together(files: Mapping[Path, str], remedy: str = "choose another --out") -> None:
    """Write texts, of which none takes its name before all are on the disk. Errors: UserError with the `remedy`."""
    with ExitStack() as stack:
        for file, text in files.items():
            stream = stack.enter_context(appearing_whole(file, remedy))
            try:
                stream.write(text.encode())
                stream.flush()
            except OSError as error:
                raise UserError(f"cannot be written: {why(error)}; {remedy}", Position(file)) from error


@contextmanager
def made_folder(folder: Path, remedy: str = "choose another --out") -> Iterator[None]:
    """Make the folder, which goes again when the block fails before anything is in it. Errors: UserError with the
    `remedy`.
    """
    was_there = folder.exists()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"cannot be made ({why(error)}); {remedy}", Position(folder)) from error
    try:
        yield
    except BaseException:
        if not was_there:
            with suppress(OSError):
                folder.rmdir()
        raise


def why(error: OSError) -> str:
    """Return the system's words; those of the first file where several were copied."""
    if isinstance(error, shutil.Error) and error.args and isinstance(error.args[0], list):
        return str(error.args[0][0][-1]).partition("] ")[2].partition(": ")[0] or "some files cannot be copied"
    return error.strerror or str(error)


@contextmanager
def folder_beside(file: Path) -> Iterator[Path]:
    """Yield a new folder on the disk of `file`, removed after the block; one that `kill -9` left goes with the next."""
    partial = file.with_name(f".{file.name}.{secrets.token_hex(4)}.partial")
    _remove_abandoned(file)
    opened = _locked_folder(partial)
    try:
        with removed_at_end(partial):
            yield partial
    finally:
        shutil.rmtree(partial, ignore_errors=True)
        os.close(opened)


@contextmanager
def _locked(partial: Path) -> Iterator[IO[bytes]]:
    """Yield the new file, which is locked as long as this process lives."""
    while True:
        with partial.open("xb") as raw:
            fcntl.flock(raw, fcntl.LOCK_EX)
            if partial.exists():  # else another writer took it for an abandoned one before it was locked
                yield raw
                return


def _locked_folder(partial: Path) -> int:
    """Make the folder, and return its descriptor, by which it is locked as long as this process lives."""
    while True:
        partial.mkdir()
        with suppress(FileNotFoundError):  # see `_locked`
            opened = os.open(partial, os.O_RDONLY)
            try:
                fcntl.flock(opened, fcntl.LOCK_EX)
            except OSError:
                os.close(opened)
                partial.rmdir()
                raise
            if partial.exists():
                return opened
            os.close(opened)


def _remove_abandoned(file: Path) -> None:
    for other in file.parent.glob(f".{glob.escape(file.name)}.*.partial"):
        with suppress(OSError):
            opened = os.open(other, os.O_RDONLY | os.O_NOFOLLOW)
            try:
                fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)  # fails while its writer lives
                if other.is_dir():
                    shutil.rmtree(other, ignore_errors=True)
                else:
                    other.unlink()
            finally:
                os.close(opened)


def check_room(out: Out) -> None:
    """See that the disk to which `out` is written does not become full. Errors: UserError, before it is."""
    disk = os.fstatvfs(out.fileno())
    free = disk.f_bavail * disk.f_frsize
    if free < min(_LEAST_ROOM, disk.f_blocks * disk.f_frsize // 20):
        raise UserError(
            f"there is no room for more: only {free // 2**20} MiB are left on the disk; ask for less, or write to a "
            "larger disk"
        )
