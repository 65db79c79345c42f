"""Servers that do what none should: hang, drip, close in the middle, speak another language, never end.

Each gives HOST:PORT of a real socket of this machine.
"""

from __future__ import annotations

import contextlib
import json
import socket
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import grpc

from tests.google_cloud.grpc_server import serving

Behaviour = Callable[[socket.socket, threading.Event], None]
_DRIP_SECONDS = 0.02


@contextmanager
def raw(behave: Behaviour) -> Iterator[str]:
    """Hand each connection to `behave`, with an event that is set when the test is over."""
    over = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                threading.Thread(target=handle, args=(connection,), daemon=True).start()

        def handle(connection: socket.socket) -> None:
            with connection, contextlib.suppress(OSError):
                behave(connection, over)

        threading.Thread(target=serve, daemon=True).start()
        try:
            yield f"127.0.0.1:{server.getsockname()[1]}"
        finally:
            over.set()
            with contextlib.suppress(OSError):
                server.shutdown(socket.SHUT_RDWR)


def hangs(connection: socket.socket, over: threading.Event) -> None:
    """Take the connection, and say nothing."""
    over.wait()


def closes(connection: socket.socket, over: threading.Event) -> None:
    """Take what is sent, and go."""
    connection.recv(2**16)


def drips(beginning: bytes, drop: bytes) -> Behaviour:
    """Say a beginning, then `drop` a byte at a time for ever."""

    def behave(connection: socket.socket, over: threading.Event) -> None:
        connection.recv(2**16)
        connection.sendall(beginning)
        while not over.wait(_DRIP_SECONDS):
            for byte in drop:
                connection.sendall(bytes([byte]))
                if over.wait(_DRIP_SECONDS):
                    return

    return behave


def says(answer: bytes, endless: bytes = b"") -> Behaviour:
    """Say the same to everybody, then `endless` again and again."""

    def behave(connection: socket.socket, over: threading.Event) -> None:
        connection.recv(2**16)
        connection.sendall(answer)
        while endless and not over.is_set():
            connection.sendall(endless)

    return behave


def http(body: bytes, status: str = "200 OK", *headers: str, length: int | None = None) -> bytes:
    """Return an answer of HTTP; `length` is what it says of its body's."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body) if length is None else length}", *headers]
    return "\r\n".join([*lines, "Connection: close", "", ""]).encode() + body


HTML = http(b"<!doctype html><title>Sign in to the hotel's network</title>" * 20, "200 OK", "Content-Type: text/html")


def _bomb() -> bytes:
    packer = zlib.compressobj(9, wbits=31)
    return b"".join(packer.compress(bytes(2**20)) for _ in range(300)) + packer.flush()


_DRIPPING = b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n"
# What a server of REST may do; each is asked by GET or POST.
REST: dict[str, Callable[[], Behaviour]] = {
    "hangs": lambda: hangs,
    "closes": lambda: closes,
    "closes in the middle": lambda: says(http(b'{"alerts": [{"name": "a"', length=10_000)),
    "drips a head": lambda: drips(b"HTTP/1.1 200 OK\r\n", b"X-A: b\r\n"),
    "drips a body": lambda: drips(_DRIPPING + b"\r\n", b"[1, "),
    "never ends": lambda: says(b"HTTP/1.1 200 OK\r\n\r\n[", b'{"name": "a"},' * 1_000),
    "HTML": lambda: says(HTML),
    "HTML of a gateway": lambda: says(HTML.replace(b"200 OK", b"502 Bad Gateway")),
    "a list": lambda: says(http(b"[]")),
    "wrong types": lambda: says(http(json.dumps({"alerts": {"a": 1}, "nextPageToken": 5}).encode())),
    "deep": lambda: says(http(b"[" * 100_000)),
    "5,000 digits": lambda: says(http(b'{"alerts": [' + b"9" * 5_000 + b"]}")),
    "a circle of pages": lambda: says(http(b'{"alerts": [], "nextPageToken": "same"}')),
    "a circle of addresses": lambda: says(http(b"", "302 Found", "Location: /again")),
    "a small answer that is large": lambda: says(http(_bomb(), "200 OK", "Content-Encoding: gzip")),
    "no HTTP": lambda: says(b"\x00\xff\x15\x03\x01" * 50),
}

_SETTINGS = b"\x00\x00\x00\x04\x00\x00\x00\x00\x00"  # an empty frame of HTTP/2
# What a server of gRPC may do that is none, or is none for long.
GRPC: dict[str, Callable[[], Behaviour]] = {
    "hangs": lambda: hangs,
    "closes": lambda: closes,
    "hangs after a greeting": lambda: drips(_SETTINGS, b""),
    "drips": lambda: drips(_SETTINGS, b"\x00\x00\xff\x04\x00\x00\x00\x00\x00"),
    "drips greetings": lambda: drips(_SETTINGS, _SETTINGS),
    "never ends": lambda: says(_SETTINGS, _SETTINGS * 1_000),
    "HTML": lambda: says(HTML),
    "no HTTP": lambda: says(b"\x00\xff\x15\x03\x01" * 50),
}


def through(endpoint: str, after: int, then: str) -> Behaviour:
    """Pass on what a healthy server says, but after so many bytes close, hang or drip."""
    host, _, port = endpoint.partition(":")

    def behave(connection: socket.socket, over: threading.Event) -> None:
        with socket.create_connection((host, int(port))) as healthy:
            threading.Thread(target=_pass_on, args=(connection, healthy), daemon=True).start()
            left = after
            while said := healthy.recv(left if left > 0 else 1):
                connection.sendall(said)
                left -= len(said)
                if left > 0:
                    continue
                if then == "closes":
                    return
                over.wait(None if then == "hangs" else 0.5)
                if over.is_set():
                    return

    return behave


def _pass_on(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while said := source.recv(2**16):
            target.sendall(said)


@contextmanager
def answers(answer: Callable[[str, int], bytes]) -> Iterator[str]:
    """Answer every call of gRPC with what `answer` makes of the method's path and of how many calls came before."""
    count = 0

    class Handler(grpc.GenericRpcHandler):  # type: ignore[misc]
        def service(self, details: Any) -> Any:
            def handle(_: bytes, context: Any) -> bytes:
                nonlocal count
                count += 1
                time.sleep(0.005)
                return answer(details.method, count)

            return grpc.unary_unary_rpc_method_handler(handle)

    server = grpc.server(ThreadPoolExecutor(20), handlers=[Handler()])
    with serving(server) as endpoint:
        yield endpoint
