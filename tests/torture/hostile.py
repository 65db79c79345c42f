"""Hostile files and names: what is in them is known where it can be, so that nothing is counted twice or lost."""

from __future__ import annotations

import gzip
import io
import json
import random
import zipfile
from dataclasses import dataclass
from typing import Any

# How a file may be called, and the folder above it.
NAMES: tuple[bytes, ...] = (
    b"day.jsonl", b"day[1].jsonl", b"day*.jsonl", b"day?.jsonl", b"{a,b}.jsonl", b"it's.jsonl", b'"quoted".jsonl',
    b"back\\slash.jsonl", b"new\nline.jsonl", b"\xff\xfe.jsonl", "tag \u00fc \u2028 \U0001f4a5.jsonl".encode(),
    b" .jsonl", b"-count.jsonl", b"--strict", b"%s%n.jsonl", b"$HOME.jsonl", b"~", b"a;b|c&d.jsonl", b"x" * 250,
    b"day.jsonl.gz", b"day.zip", b"day.parquet", b"day.csv", b"day.db", b"..jsonl", b"\x01\x02\x7f.jsonl", b"[!a].json",
    b"https:", b"s3:", b"read_text('x')", b"con.jsonl\x1b[31m",
)  # fmt: skip


@dataclass(frozen=True)
class Hostile:
    """`usable` is how many entries there are to be used, None where that is a matter of taste."""

    kind: str
    content: bytes
    usable: int | None


def entry(number: int, **changes: Any) -> dict[str, Any]:
    """An entry that the rate limit's metric counts."""
    whole = {
        "timestamp": f"2026-11-07T03:{number // 60 % 60:02}:{number % 60:02}Z",
        "severity": "WARNING",
        "insertId": str(number),
        "logName": "projects/p/logs/stdout",
        "resource": {"type": "k8s_container", "labels": {"project_id": "p", "pod_name": "w-0"}},
        "labels": {"python_logger": "app.modules.loyalty.rate_limiter"},
        "jsonPayload": {"event": "rate_limit_exceeded", "status": 429, "store_id": "s-1", "message": "x"},
    } | changes
    return {key: value for key, value in whole.items() if value is not None}


def _lines(entries: list[dict[str, Any]]) -> bytes:
    return b"".join(json.dumps(one, ensure_ascii=False).encode(errors="surrogatepass") + b"\n" for one in entries)


def _zip(members: dict[str, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return file.getvalue()


def hostile(rng: random.Random) -> Hostile:
    """One of them; equal states of `rng` give equal ones."""
    count = rng.choice((0, 1, 2, 101, 500))
    good = [entry(number) for number in range(count)]
    lines = _lines(good)
    kind = rng.choice(sorted(_KINDS))
    content, usable = _KINDS[kind](rng, good, lines)
    return Hostile(kind, content, usable)


Made = tuple[bytes, int | None]


def _sized(rng: random.Random, good: list[dict[str, Any]], lines: bytes) -> Made:
    """Entries of one size, from a kilobyte to what Cloud Logging takes, 20 MB in all at most."""
    size = rng.choice((1_000, 5_000, 20_000, 100_000, 262_144))
    where = rng.choice(("textPayload", "jsonPayload", "labels"))
    payloads: dict[str, dict[str, Any]] = {
        "textPayload": {"textPayload": "x" * size, "jsonPayload": None},
        "jsonPayload": {"jsonPayload": {"event": "x", "store_id": "s-1", "message": "\u00e9" * (size // 2)}},
        "labels": {"labels": {"long": "x" * size}},
    }
    changes = payloads[where]
    count = max(1, min(2_500, 20_000_000 // size))
    found = [entry(number, **changes) for number in range(count)]
    if rng.random() < 0.3:
        return json.dumps(found, indent=rng.choice((None, 2))).encode(), count
    return _lines(found), count


def _mutated(rng: random.Random, good: list[dict[str, Any]], lines: bytes) -> Made:
    """Bytes that are flipped, cut out or put in."""
    content = bytearray(lines or b"{}\n")
    for _ in range(rng.randint(1, 20)):
        place = rng.randrange(len(content))
        match rng.randrange(3):
            case 0:
                content[place] = rng.randrange(256)
            case 1:
                del content[place : place + rng.randint(1, 50)]
            case _:
                content[place:place] = bytes(rng.randrange(256) for _ in range(rng.randint(1, 5)))
        if not content:
            break
    return bytes(content), None


def _with_value(rng: random.Random, good: list[dict[str, Any]], lines: bytes) -> Made:
    """One field has a value that no type can hold."""
    values = (
        '"9999-12-31T23:59:59.999999999Z"', '"0001-01-01T00:00:00Z"', '"1969-12-31T23:59:59Z"',
        '"2262-01-01T00:00:00Z"', '"6100-01-01T00:00:00Z"', "1e999", "-1e999", "9" * 5000, "[" * 3000 + "]" * 3000,
        '{"a":' * 900 + "1" + "}" * 900,
        '"\\ud800"', '"\\u0000"', "null", "true", "[]", "{}", '""', '" "', "-0", "1E-400", '"' + "\\u0001" * 5000 + '"',
    )  # fmt: skip
    key = rng.choice(("timestamp", "severity", "resource", "labels", "jsonPayload", "textPayload", "protoPayload", "x"))
    odd = json.dumps(entry(0)).replace(f'"{key}":', f'"was_{key}":')[:-1] + f', "{key}": {rng.choice(values)}}}\n'
    return lines + odd.encode() * rng.randint(1, 3) + lines, None


def _nested(rng: random.Random, good: list[dict[str, Any]], lines: bytes) -> Made:
    depth = rng.choice((500, 1_001, 20_000, 200_000))
    opening, closing = rng.choice(((b"[", b"]"), (b'{"a":', b"}")))
    deep = opening * depth + b"1" + closing * depth
    return (b"[" + b",".join([*(json.dumps(one).encode() for one in good), deep]) + b"]"), None


def _of_zip(rng: random.Random, good: list[dict[str, Any]], lines: bytes) -> Made:
    members = {"a.jsonl": lines, "folder/b.json": json.dumps(good).encode(), "../c.jsonl": gzip.compress(lines)}
    return _zip(members), 3 * len(good)


def _cut_off(rng: random.Random, good: list[dict[str, Any]], lines: bytes) -> Made:
    packed = rng.choice((gzip.compress(lines), _zip({"a": lines}), json.dumps(good, indent=2).encode()))
    return packed[: rng.randrange(len(packed) + 1)], None


def _random(rng: random.Random, good: list[dict[str, Any]], lines: bytes) -> Made:
    beginning = rng.choice(
        (b"", b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"PK\x03\x04", b"[", b"{", b"\xff\xfe", b"\xef\xbb\xbf")
    )
    return beginning + rng.randbytes(rng.choice((0, 1, 100, 100_000))), None


_KINDS = {
    "lines": lambda rng, good, lines: (lines, len(good)),
    "no final newline": lambda rng, good, lines: (lines.rstrip(), len(good)),
    "CRLF": lambda rng, good, lines: (lines.replace(b"\n", b"\r\n"), len(good)),
    "blank lines": lambda rng, good, lines: (lines.replace(b"\n", b"\n \t\n\n"), len(good)),
    "byte-order marks": lambda rng, good, lines: (b"\xef\xbb\xbf" + lines + b"\xef\xbb\xbf" + lines, 2 * len(good)),
    "array": lambda rng, good, lines: (json.dumps(good).encode(), len(good)),
    "pretty array": lambda rng, good, lines: (json.dumps(good, indent=rng.randint(0, 4)).encode(), len(good)),
    "several arrays": lambda rng, good, lines: (json.dumps(good).encode() * 3, 3 * len(good)),
    "values of several lines": lambda rng, good, lines: (
        b"\n".join(json.dumps(one, indent=2).encode() for one in good),
        len(good),
    ),
    "an answer of entries.list": lambda rng, good, lines: (
        json.dumps({"entries": good, "nextPageToken": "x"}, indent=rng.choice((None, 2))).encode(),
        len(good),
    ),
    "gzip": lambda rng, good, lines: (gzip.compress(lines) + gzip.compress(lines), 2 * len(good)),
    "a line in 3 MB": lambda rng, good, lines: (lines + b'{"x": "' + b"x" * 3_000_000 + b'"}\n' + lines, None),
    "long blank": lambda rng, good, lines: (lines + b" " * 5_000_000 + b"\n" + lines, None),
    "NUL": lambda rng, good, lines: (lines + b"\x00" * rng.randint(1, 100_000) + b"\n" + lines, None),
    "UTF-16": lambda rng, good, lines: (lines.decode().encode("utf-16"), None),
    "YAML": lambda rng, good, lines: (b"---\ninsertId: i1\ntimestamp: '2026-03-01T10:00:00Z'\n", None),
    "zip": _of_zip,
    "sized": _sized,
    "mutated": _mutated,
    "odd value": _with_value,
    "nested": _nested,
    "cut off": _cut_off,
    "random": _random,
}

# Each line stands for eight of the line before: together they are larger than any memory.
_LAUGHS = b"a: &a [x]\n" + b"".join(
    b"%c: &%c [%s]\n" % (letter, letter, b",".join([b"*%c" % (letter - 1)] * 8)) for letter in range(98, 110)
)
# What a definition may become.
DEFINITIONS: tuple[bytes, ...] = (
    b"", b"\x00", b"\xff\xfe", b"[" * 5_000, b"a: &a [*a]", b"a: *b", b"- " * 3_000, b"{" * 1_500, b"? " * 2_000,
    b"x: !!python/object/apply:os.system [true]", b"x: " + b"9" * 10_000, b"loyalty: {rows: [A1]}\n" * 2,
    b"%YAML 9.9\n---\n", _LAUGHS,
    b"conditions:\n  - conditionPrometheusQueryLanguage: {query: '" + b"(" * 3_000 + b"'}\n",
    b"filter: '" + b"NOT " * 5_000 + b"a=1'\n", b"filter: '" + b"(" * 5_000 + b"'\n", b"displayName: \xed\xa0\x80\n",
)  # fmt: skip
