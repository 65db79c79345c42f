"""Files of log entries as batches of JSON values, one a line: opened, unpacked, cleaned, and bounded in size.

Read are: JSON values one after the other, each on a line or on several (as `jq` prints them); a JSON array, or several
(`gcloud logging read --format=json`); the answer of entries.list; and each of them in .gz, .zst or .zip, whatever the
name says. A file is read once, from its beginning to its end, so a pipe is as good as a file. Nothing is unpacked to
disk. The database sees only batches, which have no name anywhere, so no name of a file or folder can mean anything.
"""

from __future__ import annotations

import codecs
import gzip
import io
import json
import os
import re
import shutil
import struct
import sys
import tempfile
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, BinaryIO, Literal, cast

from loyalty_monitoring.common.database import Progress
from loyalty_monitoring.common.errors import Position, UserError
from loyalty_monitoring.common.temporary_folders import temporary_folder

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

# Cloud Logging takes entries of up to 256 KiB (cloud.google.com/logging/quotas#log-limits); as JSON, where one byte can
# become six (\u0001), such an entry stays below this.
MAX_LINE_BYTES = 2 * 2**20
# What is in memory at a time. A database's vector of 2,048 entries cannot be larger than a batch.
BATCH_BYTES = 8 * 2**20

# Neither can stand in JSON text, so a line that holds one is never taken for an entry.
BAD_BYTE = "\x02"
LONG_LINE = "\x02long"

_UTF8_MARK = b"\xef\xbb\xbf"
_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")
_GZIP, _ZSTANDARD, _ZIP = b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"PK\x03\x04"
# What the libraries raise for a damaged archive; zipfile lets through what it stumbles over.
_DAMAGE = (
    EOFError,
    zlib.error,
    zstd.ZstdError,
    zipfile.BadZipFile,
    struct.error,
    OSError,
    ValueError,
    OverflowError,
    KeyError,
)
# What is no text, and how it becomes some.
_OTHER_FORMATS = {
    b"BZh": "is packed by bzip2; unpack it with bunzip2",
    b"\xfd7zXZ": "is packed by xz; unpack it with unxz",
    b"PAR1": "is a Parquet file; write its rows as JSON lines of LogEntry objects",
    b"Obj\x01": "is an Avro file; write its rows as JSON lines of LogEntry objects",
    b"SQLite format 3": "is an SQLite database; write LogEntry objects, one a line",
    b"%PDF": "is a PDF file; write LogEntry objects, one a line",
}
_INPUT = "standard input"
_READABLE = "write one LogEntry a line, or a JSON array of them, as `gcloud logging read --format=json` prints"


@dataclass(frozen=True)
class Batch:
    """Some JSON values of a file, in its order, one a line; blank lines may stand between them.

    `raw` is what the file has, ends with a newline, and has no line above `MAX_LINE_BYTES`. `first` is the number of
    its first line among those of all batches of the file, from 1. A value that began on another line of the file than
    its number says has its line in `starts`.
    """

    raw: bytes
    first: int
    starts: Sequence[int] | None = None

    @cached_property
    def text(self) -> bytes:
        """The same lines as UTF-8 without NUL and carriage returns."""
        return _clean(self.raw)

    @cached_property
    def lines(self) -> int:
        """The number of lines."""
        return self.raw.count(b"\n")

    @property
    def size(self) -> int:
        """The bytes of `text`, which is not made where it is like `raw`, or has as many bytes."""
        return len(self.text) if b"\r" in self.raw or _UTF8_MARK[:1] in self.raw else len(self.raw)

    def line(self, number: int) -> int:
        """Return the line of the file on which the value begins."""
        return number if self.starts is None else self.starts[number - self.first]

    def pieces(self, size: int) -> Iterator[Batch]:
        """Yield the batch in pieces of about so many bytes."""
        begin, first = 0, self.first
        while begin < len(self.raw):
            end = self.raw.find(b"\n", begin + size) + 1 or len(self.raw)
            raw = self.raw[begin:end]
            lines = raw.count(b"\n")
            past = first - self.first
            yield Batch(raw, first, None if self.starts is None else self.starts[past : past + lines])
            begin, first = end, first + lines


@dataclass(frozen=True)
class LogFile:
    """One file, or one member of an archive; `batches` can be read once."""

    name: str
    batches: Iterator[Batch]


@contextmanager
def open_source(file: Path | Literal["-"], progress: Progress | None = None) -> Iterator[Iterator[LogFile]]:
    """Yield the log files in `file`. Errors: UserError when it cannot be read to its end, also between batches."""
    with _opened(file) as raw:
        yield _log_files(raw, shown_name(file), progress)


@contextmanager
def readable_again(files: Sequence[Path | Literal["-"]]) -> Iterator[list[Path]]:
    """Yield the same files, where standard input and pipes are kept for as long as the block, to be read more than
    once.
    """
    with temporary_folder() as folder:
        kept: list[Path] = []
        for number, file in enumerate(files):
            path = Path(file)
            if str(file) == "-" or _is_pipe(path):
                path = folder / f"{number}-{_INPUT if str(file) == '-' else path.name}"
                with _opened(file) as stream, path.open("wb") as copy:
                    shutil.copyfileobj(stream, copy, BATCH_BYTES)
            kept.append(path)
        yield kept


def shown_name(file: Path | Literal["-"]) -> str:
    """Return the name of a file for messages."""
    # What `readable_again` keeps of standard input is told as what it is.
    is_input = str(file) == "-" or Path(file).name.endswith(f"-{_INPUT}")
    return _INPUT if is_input else str(file)


def _is_pipe(path: Path) -> bool:
    """Return whether the file is a pipe of a shell, such as <(command)."""
    return path.exists() and not path.is_file() and not path.is_dir()


@contextmanager
def _opened(file: Path | Literal["-"]) -> Iterator[BinaryIO]:
    if str(file) == "-":
        if sys.stdin is None:
            raise UserError("standard input is closed; name a file, or send entries into the command")
        yield sys.stdin.buffer
        return
    with ExitStack() as stack:
        try:
            stream = stack.enter_context(Path(file).open("rb"))
        except OSError as error:
            raise _not_read(str(file), error) from error
        except ValueError as error:  # a NUL
            raise UserError(f"cannot be read ({error}); check its name", Position(str(file))) from error
        yield stream


def _not_read(name: str, error: OSError) -> UserError:
    if isinstance(error, IsADirectoryError):
        return UserError("is a folder; name the files in it, such as FOLDER/*.jsonl.gz", Position(name))
    reason = error.strerror or str(error)
    return UserError(f"cannot be read ({reason}); check its name and rights", Position(name))


# Unpacking ----------------------------------------------------------------------------------------------------------


class _Rest(io.RawIOBase):
    """A stream whose beginning was read already, and that tells how much of it was read."""

    def __init__(self, head: bytes, stream: BinaryIO, name: str, progress: Progress | None) -> None:
        self._head, self._stream, self._name, self._progress = head, stream, name, progress
        self._read, self._size = 0, _size(stream) if progress is not None else 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if self._head:
            found, self._head = self._head[: len(buffer)], self._head[len(buffer) :]
            buffer[: len(found)] = found
            size = len(found)
        else:
            size = _read_into(self._stream, buffer, self._name)
        self._read += size
        if self._progress is not None and self._size:
            self._progress(f"Reading {self._name}", min(1.0, self._read / self._size))
        return size


def _read(stream: BinaryIO, size: int, name: str) -> bytes:
    try:
        return stream.read(size)
    except OSError as error:
        raise _not_read(name, error) from error


def _read_into(stream: BinaryIO, buffer: Any, name: str) -> int:
    try:
        return cast(io.BufferedIOBase, stream).readinto(buffer)
    except OSError as error:
        raise _not_read(name, error) from error


def _size(stream: BinaryIO) -> int:
    """Return the bytes of a file; 0 for a pipe."""
    try:
        return os.fstat(stream.fileno()).st_size
    except (OSError, ValueError):
        return 0


def _log_files(raw: BinaryIO, name: str, progress: Progress | None) -> Iterator[LogFile]:
    head = _read(raw, 16, name)
    if head.startswith(_ZIP):
        yield from _members(raw, head, name)
        return
    rest = io.BufferedReader(_Rest(head, raw, name, progress), 2**20)
    if head.startswith(_GZIP):
        yield LogFile(name, _sound(_text(gzip.GzipFile(fileobj=rest), name), "gzip", name))
    elif head.startswith(_ZSTANDARD):
        # Larger windows than the library's default are what `zstd --long` writes.
        options = {int(zstd.DecompressionParameter.window_log_max): 31}
        yield LogFile(name, _sound(_text(zstd.ZstdFile(rest, options=options), name), "zstd", name))
    else:
        yield LogFile(name, _text(rest, name))


def _sound(batches: Iterator[Batch], kind: str, name: str) -> Iterator[Batch]:
    try:
        yield from batches
    except _DAMAGE as error:
        raise UserError(f"is a damaged {kind} file ({error}); fetch it again", Position(name)) from error


def _members(raw: BinaryIO, head: bytes, name: str) -> Iterator[LogFile]:
    """Yield the members of a zip archive, whose table of contents stands at its end."""
    with ExitStack() as stack:
        archive = raw
        if not raw.seekable():
            archive = stack.enter_context(tempfile.TemporaryFile())
            archive.write(head)
            shutil.copyfileobj(raw, archive, BATCH_BYTES)
        try:
            opened = stack.enter_context(zipfile.ZipFile(archive))
            for member in opened.infolist():
                if not member.is_dir():
                    inside = f"{name}/{member.filename}"
                    for found in _log_files(cast(BinaryIO, opened.open(member)), inside, None):
                        yield LogFile(found.name, _sound(found.batches, "zip", inside))
        except _DAMAGE as error:
            raise UserError(f"is a damaged zip file ({error}); fetch it again", Position(name)) from error
        except RuntimeError as error:  # encrypted, or packed in a way of its own
            raise UserError(f"cannot be unpacked ({error}); unpack it yourself", Position(name)) from error


# Text -> batches ----------------------------------------------------------------------------------------------------


def _text(stream: Any, name: str) -> Iterator[Batch]:
    """Yield the batches of a file that is unpacked."""
    first = stream.read(_HEAD_BYTES)
    for beginning, words in _OTHER_FORMATS.items():
        if first.startswith(beginning):
            raise UserError(words, Position(name))
    if first.startswith(_UTF16_MARKS):
        raise UserError("is UTF-16 text; save it as UTF-8", Position(name))
    if first.startswith((_GZIP, _ZSTANDARD, _ZIP)):
        raise UserError("is packed twice; unpack it once", Position(name))
    blocks = _blocks(first.removeprefix(_UTF8_MARK), stream)
    if not _has_one_value_a_line(first.removeprefix(_UTF8_MARK)):
        yield from _batches_of_values(_values(_whole_characters(blocks), name))
        return
    number = 1
    for block in _whole_lines(blocks):
        batch = Batch(block, number)
        yield batch
        number += batch.lines


def _blocks(first: bytes, stream: Any) -> Iterator[bytes]:
    for start in range(0, len(first), BATCH_BYTES):
        yield first[start : start + BATCH_BYTES]
    while block := stream.read(BATCH_BYTES):
        yield block


def _whole_lines(blocks: Iterator[bytes]) -> Iterator[bytes]:
    """Yield blocks that end where lines do. A line above `MAX_LINE_BYTES` is `LONG_LINE` instead."""
    rest, too_long = b"", False
    for block in blocks:
        if too_long:
            newline = block.find(b"\n")
            if newline < 0:
                continue
            rest, block, too_long = LONG_LINE.encode(), block[newline:], False
        end = block.rfind(b"\n") + 1
        lines = b"".join((rest, memoryview(block)[:end])) if end else b""
        rest = block[end:] if end else rest + block
        if len(rest) > MAX_LINE_BYTES:
            rest, too_long = b"", True
        if lines:
            yield _without_long_lines(lines)
    if too_long:
        rest = LONG_LINE.encode()
    if rest:
        yield rest + b"\n"


def _without_long_lines(block: bytes) -> bytes:
    parts: list[bytes] = []
    start = kept = 0
    while start < len(block):
        end = block.rfind(b"\n", start, start + MAX_LINE_BYTES + 1) + 1
        if not end:
            end = block.index(b"\n", start) + 1
            parts += [block[kept:start], LONG_LINE.encode(), b"\n"]
            kept = end
        start = end
    return b"".join([*parts, block[kept:]]) if parts else block


def _whole_characters(blocks: Iterator[bytes]) -> Iterator[bytes]:
    """Yield clean blocks that do not end within a character."""
    decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
    for block in blocks:
        yield _clean(decoder.decode(block).encode("utf-8", "surrogateescape"))
    if rest := decoder.decode(b"", final=True):
        yield _clean(rest.encode("utf-8", "surrogateescape"))


_FORBIDDEN = bytes.maketrans(b"\x00\x01", b"\x02\x02")


def _clean(block: bytes) -> bytes:
    """Return the block, line for line, as UTF-8 without NUL and carriage returns.

    What JSON text cannot hold becomes `BAD_BYTE`, so that exactly the lines stay valid that were valid before. A
    carriage return inside a line becomes a tab: like it, it is white space between tokens and invalid in a string.
    """
    # To look for one byte costs a tenth of what it takes to copy a block, and most logs have none of these.
    if not block.isascii():
        try:
            block.decode("utf-8")
        except UnicodeDecodeError:
            text = block.decode("utf-8", "surrogateescape")
            block = re.sub("[\udc80-\udcff]", BAD_BYTE, text).encode()
        if _UTF8_MARK[:1] in block and _UTF8_MARK in block:  # files that were put one behind the other
            block = block.removeprefix(_UTF8_MARK).replace(b"\n" + _UTF8_MARK, b"\n")
    if b"\0" in block or b"\1" in block:
        block = block.translate(_FORBIDDEN)
    if b"\r" in block:
        block = block.replace(b"\r\n", b"\n").replace(b"\r", b"\t")
    return block


# JSON values wherever they stand ------------------------------------------------------------------------------------

_WHITE = re.compile(rb"(?:[ \t\r\n\v\f]|\xef\xbb\xbf)*+")
# Up to the next bracket that is not in a string.
_BRACKET = re.compile(rb'[^"{}\[\]]*+(?:"[^"\\]*+(?:\\.[^"\\]*+)*+"[^"{}\[\]]*+)*+[{}\[\]]', re.DOTALL)
_SCALAR = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"|[^\s,"{}\[\]]+', re.DOTALL)
# cloud.google.com/logging/docs/reference/v2/rest/v2/entries/list#response-body
_ANSWER = re.compile(rb'\{\s*(?:"nextPageToken"\s*:\s*"[^"\\]*"\s*,\s*)?"entries"\s*:\s*\[')
# Other than a log's line, which may begin with [2026-11-07 or [INFO].
_ARRAY = re.compile(rb"\[\s*([\[\]{\"]|$)")
_EMPTY_ANSWER = re.compile(rb'\{\s*"nextPageToken"\s*:\s*"[^"\\]*"\s*\}')
_END_OF_ANSWER = re.compile(rb'\s*(?:,\s*"nextPageToken"\s*:\s*"[^"\\]*"\s*)?\}')
_LOOK_AHEAD = MAX_LINE_BYTES + 4096  # a value, and what stands about it
_HEAD_BYTES = 16 * 2**20  # by which it is decided what a file is; its first value is in there, white space and all
_LONGEST_VALUE = 64 * 2**20  # that is passed over; where one is longer, the rest of the file cannot be told


def _has_one_value_a_line(text: bytes) -> bool:
    """Return whether a file that begins so is read line by line. If in doubt, yes: then a broken line costs no other
    line.
    """
    start = _space(text, 0)
    if _ARRAY.match(text, start) or _ANSWER.match(text, start) or _EMPTY_ANSWER.match(text, start):
        return False
    if text[start : start + 1] != b"{":
        return True
    end = _end_of_value(text, start)
    if end < 0 or end - start > MAX_LINE_BYTES:
        return True
    line_end = text.find(b"\n", start)
    if 0 <= line_end < end:
        return not _is_json(text[start:end])
    next_value = _space(text, end)
    return text[next_value : next_value + 1] not in (b"{", b"[") or b"\n" in text[end:next_value]


def _is_json(text: bytes) -> bool:
    try:
        json.loads(text.decode(errors="replace"))
    except RecursionError:
        return True
    except ValueError as error:
        return "digits" in str(error)  # more than Python reads are JSON all the same
    return True


def _space(text: bytes, start: int) -> int:
    found = _WHITE.match(text, start)
    return found.end() if found else start


def _end_of_value(text: bytes, start: int) -> int:
    """Return the end of the object or array that begins at `start`, by its brackets; -1 when it does not end."""
    depth, position = 0, start
    while found := _BRACKET.match(text, position):
        position = found.end()
        depth += 1 if text[position - 1] in b"[{" else -1
        if depth <= 0:
            return position
    return -1


@dataclass(frozen=True)
class _Value:
    text: bytes
    line: int


def _values(blocks: Iterator[bytes], name: str) -> Iterator[_Value]:
    """Yield the values of a file: the elements of its arrays, the entries of its answers, and any other."""
    text, position, line, counted = b"", 0, 1, 0
    inside: list[str] = []  # "array", or "answer" for the array in an answer of entries.list
    comma = False  # whether a comma must come before the next element

    def more() -> bool:
        nonlocal text, position, counted
        block = next(blocks, b"")
        text, counted = text[position:] + block, counted - position
        position = 0
        return bool(block)

    def line_here() -> int:
        nonlocal line, counted
        line, counted = line + text.count(b"\n", max(counted, 0), position), position
        return line

    def unreadable(words: str) -> UserError:
        return UserError(f"{words}; {_READABLE}", Position(name, line_here()))

    ended = False
    while True:
        line_here()
        # Whatever is looked at below is in memory whole, unless the file ends before.
        while not ended and len(text) - position < _LOOK_AHEAD:
            ended = not more()
        position = _space(text, position)
        if position >= len(text):
            if not ended:
                continue
            if inside:
                raise unreadable("begins as a JSON array but does not end as one; fetch it again")
            return
        here = text[position : position + 1]
        if inside and here == b"]":
            if inside.pop() == "answer":
                end = _END_OF_ANSWER.match(text, position + 1)
                if end is None:
                    raise unreadable("is an answer of entries.list with something else behind its entries")
                position = end.end()
            else:
                position += 1
            comma = bool(inside)
            continue
        if comma:
            if here != b",":
                raise unreadable(f"has {_shown(text, position)} where a comma or the end of the array belongs")
            position, comma = position + 1, False
            behind = _space(text, position)
            if text[behind : behind + 1] == b"]":
                raise unreadable("has a comma before the end of the array")
            continue
        if found := _ANSWER.match(text, position):
            inside.append("answer")
            position = found.end()
            continue
        if found := _EMPTY_ANSWER.match(text, position):
            position, comma = found.end(), bool(inside)
            continue
        if here == b"[" and not inside:
            inside.append("array")
            position += 1
            continue
        if here in (b"{", b"["):
            end_of_value = _end_of_value(text, position)
            while end_of_value < 0 and not ended and len(text) - position < _LONGEST_VALUE:
                ended = not more()
                end_of_value = _end_of_value(text, position)
            if end_of_value < 0:
                raise unreadable("has a value that does not end")
            value = text[position:end_of_value]
        elif not inside:  # something else, up to the end of the line
            value = text[position:].partition(b"\n")[0]
        elif scalar := _SCALAR.match(text, position):
            value = scalar[0]
        else:
            raise unreadable(f"has {_shown(text, position)} where a value belongs")
        yield _Value(LONG_LINE.encode() if len(value) > MAX_LINE_BYTES else value, line_here())
        position += len(value)
        comma = bool(inside)


def _shown(text: bytes, position: int) -> str:
    return repr(text[position : position + 12].decode(errors="replace"))


_BREAKS = bytes.maketrans(b"\n\r", b"\t\t")  # like them, a tab is white space between tokens and invalid in a string


def _batches_of_values(values: Iterator[_Value]) -> Iterator[Batch]:
    texts: list[bytes] = []
    starts: list[int] = []
    first, size = 1, 0
    for value in values:
        texts.append(value.text.translate(_BREAKS))
        starts.append(value.line)
        size += len(value.text) + 1
        if size >= BATCH_BYTES:
            yield Batch(b"\n".join([*texts, b""]), first, tuple(starts))
            first += len(texts)
            texts, starts, size = [], [], 0
    if texts:
        yield Batch(b"\n".join([*texts, b""]), first, tuple(starts))
