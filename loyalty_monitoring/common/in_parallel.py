"""Work that waits for somebody else, two pieces at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

_In = TypeVar("_In")
_Out = TypeVar("_Out")


def in_parallel(function: Callable[[_In], _Out], items: Iterable[_In]) -> Iterator[_Out]:
    """Yield what the function makes of each item, in their order. Errors: those of the function, and nothing goes on.

    Whoever stops in between, or is interrupted, does not wait for what has begun: questions end with the server that
    was asked.
    """
    workers = ThreadPoolExecutor(max_workers=2)
    try:
        yield from workers.map(function, items)
    finally:
        workers.shutdown(wait=False, cancel_futures=True)
