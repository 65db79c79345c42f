"""Files of log entries: opened, unpacked, and made clean enough to be read line by line."""

from __future__ import annotations

import gzip
import json
import mmap
import re
import shutil
import sys
import tempfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import BinaryIO, Literal

from loyalty_monitoring.common.database import Connection, Progress, scratch_folder
from loyalty_monitoring.common.errors import Position, UserError
from loyalty_monitoring.common.temporary_folders import temporary_folder

# Cloud Logging takes entries of up to 256 KiB (cloud.google.com/logging/quotas#log-limits); as JSON, where one byte can
# become six (\u0001), such an entry stays below this.
MAX_LINE_BYTES = 2 * 2**20

# Neither can stand in JSON text, so a line that holds one is never taken for an entry.
BAD_BYTE = "\x02"
LONG_LINE = "\x02long"

_COPY_BYTES = 4 * 2**20
_GZIP_MAGIC = b"\x1f\x8b"
_UTF8_MARK = b"\xef\xbb\xbf"
_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")
_LOCATE_BYTES = 200 * 2**20


@dataclass(frozen=True)
class Source:
    """One file as plain text on disk: one entry a line, or one JSON array."""

    name: str
    path: Path
    folder: Path
    is_array: bool

    @cached_property
    def is_regular(self) -> bool:
        """Whether DuckDB's own JSON reader can be trusted with the file: an array, or lines that all end in a newline.

        Without the last newline, DuckDB 2.0 loses the last line of some files (one of 16 MiB - 3 bytes, for instance).
        Nor may a line be longer than an entry can be; in an array, lines mean nothing.
        """
        if self.is_array:
            return True
        with _mapped(self.path) as content:
            return content[-1:] in (b"", b"\n") and not any(too_long for _, _, too_long in _blocks(content))

    def count_lines(self) -> int:
        """The lines that end in a newline."""
        with self.path.open("rb") as opened:
            return sum(block.count(b"\n") for block in iter(lambda: opened.read(_COPY_BYTES), b""))

    def clean_copy(self) -> Path:
        """A copy, line for line, that is UTF-8 without NUL and carriage returns, and without long lines.

        What JSON text cannot hold becomes `BAD_BYTE`, so that exactly the lines stay valid that were valid before. A
        carriage return inside a line becomes a tab: like it, it is white space between tokens and invalid in a string.
        """
        copy = self.folder / "clean.jsonl"
        if not copy.exists():
            with _mapped(self.path) as content, copy.open("wb") as out:
                for start, end, too_long in _blocks(content):
                    out.write(LONG_LINE.encode() + b"\n" if too_long else _clean(content[start:end]))
                out.write(b"\n")
        return copy

    def lines_of_elements(self, numbers: list[int]) -> list[int]:
        """The line on which each element of the array begins; elements and lines count from 1, 0 is unknown."""
        if self.path.stat().st_size > _LOCATE_BYTES:
            return [0] * len(numbers)
        text = self.path.read_text(encoding="utf-8", errors="replace")
        decoder, separators = json.JSONDecoder(), re.compile(r"[\s,]*")
        position = text.index("[") + 1
        lines: dict[int, int] = {}
        for number in range(1, max(numbers) + 1):
            match = separators.match(text, position)
            position = match.end() if match else position
            if number in numbers:
                lines[number] = text.count("\n", 0, position) + 1
            _, position = decoder.raw_decode(text, position)
        return [lines[number] for number in numbers]


@contextmanager
def open_source(con: Connection, file: Path | Literal["-"], progress: Progress | None) -> Iterator[Source]:
    """The file, unpacked if need be. Errors: UserError when it cannot be read to its end."""
    name = "standard input" if str(file) == "-" else str(file)
    with tempfile.TemporaryDirectory(dir=scratch_folder(con)) as folder:
        try:
            path = _plain_file(file, name, Path(folder), progress)
            is_array = _begins_array(path, name)
        except OSError as error:
            reason = error.strerror or str(error)
            raise UserError(f"cannot be read ({reason}); check its name and rights", Position(name)) from error
        yield Source(name, path, Path(folder), is_array)


@contextmanager
def readable_again(files: Sequence[Path | Literal["-"]]) -> Iterator[list[Path]]:
    """The same files, where standard input and pipes are kept for as long as the block, to be read more than once."""
    with temporary_folder() as folder:
        kept: list[Path] = []
        for number, file in enumerate(files):
            path = Path(file)
            if str(file) == "-":
                path = _spool(sys.stdin.buffer, folder / f"{number}")
            elif _is_pipe(path):
                with path.open("rb") as pipe:
                    path = _spool(pipe, folder / f"{number}")
            kept.append(path)
        yield kept


def _plain_file(file: Path | Literal["-"], name: str, folder: Path, progress: Progress | None) -> Path:
    path = Path(file)
    if str(file) == "-":
        path = _spool(sys.stdin.buffer, folder / "input")
    elif _is_pipe(path):
        with path.open("rb") as pipe:
            path = _spool(pipe, folder / "input")
    with path.open("rb") as opened:
        head = opened.read(4)
    if head.startswith(_GZIP_MAGIC):
        path = _unpacked(path, name, folder / "unpacked", progress)
        with path.open("rb") as opened:
            head = opened.read(4)
    if head.startswith(_UTF16_MARKS):
        raise UserError("is UTF-16 text; save it as UTF-8", Position(name))
    if head.startswith(_UTF8_MARK):
        with path.open("rb") as opened:
            opened.seek(len(_UTF8_MARK))
            path = _spool(opened, folder / "unmarked")
    return path


def _is_pipe(path: Path) -> bool:
    """Such as <(command)."""
    return path.exists() and not path.is_file() and not path.is_dir()


def _spool(stream: BinaryIO, copy: Path) -> Path:
    with copy.open("wb") as out:
        shutil.copyfileobj(stream, out, _COPY_BYTES)
    return copy


def _unpacked(path: Path, name: str, copy: Path, progress: Progress | None) -> Path:
    size = path.stat().st_size
    try:
        with path.open("rb") as raw, gzip.open(raw) as packed, copy.open("wb") as out:
            while block := packed.read(_COPY_BYTES):
                out.write(block)
                if progress is not None:
                    progress(f"Unpacking {name}", raw.tell() / size)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise UserError(f"is a damaged gzip file ({error}); fetch it again", Position(name)) from error
    return copy


def _begins_array(path: Path, name: str) -> bool:
    """Whether the file is one JSON array: its first token is a bracket. Errors: UserError when it is cut off."""
    with _mapped(path) as content:
        first = re.match(rb"\s*\[", content)
        if first is None:
            return False
        tail = content[max(0, len(content) - _COPY_BYTES) :].rstrip()
        if not tail.endswith(b"]"):
            raise UserError(
                "begins as a JSON array but does not end as one; fetch it again, or write one LogEntry a line",
                Position(name, content[: first.end()].count(b"\n") + 1),
            )
        return True


@contextmanager
def _mapped(path: Path) -> Iterator[mmap.mmap | bytes]:
    if path.stat().st_size == 0:  # an empty file cannot be mapped
        yield b""
        return
    with path.open("rb") as opened, mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ) as content:
        yield content


def _blocks(content: mmap.mmap | bytes) -> Iterator[tuple[int, int, bool]]:
    """Start and end of blocks of whole lines, none longer than allowed, or of one line that is, and which it is."""
    start, size = 0, len(content)
    while start < size:
        end = content.rfind(b"\n", start, start + MAX_LINE_BYTES + 1) + 1
        too_long = end == 0 and size - start > MAX_LINE_BYTES
        if end == 0:
            end = content.find(b"\n", start) + 1 or size
        yield start, end, too_long
        start = end


_FORBIDDEN = bytes.maketrans(b"\x00\x01", b"\x02\x02")


def _clean(block: bytes) -> bytes:
    try:
        block.decode("utf-8")
    except UnicodeDecodeError:
        text = block.decode("utf-8", "surrogateescape")
        block = re.sub("[\udc80-\udcff]", BAD_BYTE, text).encode()
    return block.translate(_FORBIDDEN).replace(b"\r\n", b"\n").replace(b"\r", b"\t")
