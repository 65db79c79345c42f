"""Lists of Google's APIs, page after page, within one limit of time, of pages and of memory.

A server may give pages without end: with the same token again, empty ones, or large ones. The client's own iterator
gives each page the whole time again, and has no other limit.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

from google.api_core import exceptions
from google.api_core.retry import Retry, if_exception_type

from loyalty_monitoring.common.errors import UserError

# A project has at most 500 log-based metrics and 2,000 to 10,000 policies and dashboards
# (https://docs.cloud.google.com/monitoring/quotas), so what is beyond is no project.
_MOST_PAGES = 1_000
_MOST_BYTES = 256 * 2**20


class Deadline:
    """The end of the time that everything has together."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._end = time.monotonic() + seconds

    def left(self) -> float:
        """Return seconds. Errors: DeadlineExceeded when there are none."""
        left = self._end - time.monotonic()
        if left <= 0:
            raise exceptions.DeadlineExceeded("no time is left")
        return left


class PageTokens:
    """The page tokens of one list: none may come twice."""

    def __init__(self, of: str) -> None:
        self._of = of
        self._seen: set[str] = set()

    def see(self, token: str) -> None:
        """Check the next page token. Errors: UserError for one that came before, or for too many pages."""
        if token in self._seen:
            raise UserError(
                f"{self._of} leads in a circle: a page has the token of one before, so the list has no end; try again "
                "later, and check --endpoint or the proxy, since Google's own service does not do that"
            )
        self._seen.add(token)


def pages(method: Any, request: Any, deadline: Deadline) -> Iterator[Any]:
    """Yield the pages, as the client's own responses; `request` is one of its types, and is given the tokens.

    A service that is unavailable is asked again. Errors: what the client raises; UserError for a list without an end.
    """
    tokens, size = PageTokens(f"the list {method.__name__}"), 0
    predicate = if_exception_type(exceptions.ServiceUnavailable, exceptions.InternalServerError)
    for _ in range(_MOST_PAGES):
        left = deadline.left()
        retry = Retry(predicate=predicate, initial=0.1, maximum=5.0, multiplier=2.0, timeout=left)
        page = next(iter(method(request, retry=retry, timeout=left).pages))
        size += type(page).pb(page).ByteSize()
        if size > _MOST_BYTES:
            raise UserError(
                f"the list {method.__name__} has more than {_MOST_BYTES // 2**20} MiB, which no project has; check "
                "--endpoint or the proxy"
            )
        yield page
        if not page.next_page_token:
            return
        tokens.see(page.next_page_token)
        request.page_token = page.next_page_token
    raise UserError(
        f"the list {method.__name__} has more than {_MOST_PAGES:,} pages, which no project has; check --endpoint or "
        "the proxy"
    )
