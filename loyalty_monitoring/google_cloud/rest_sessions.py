"""Bound the answers of REST services, in time and in size.

The timeout of requests is that of each read of the socket: a server that sends a byte now and then is waited for
without an end (https://requests.readthedocs.io/en/latest/user/advanced/#timeouts), and a small packed answer can be
endless, too.
"""

from __future__ import annotations

import threading
from typing import Any

import requests
import urllib3
from google.api_core import exceptions
from requests.adapters import HTTPAdapter

from loyalty_monitoring.google_cloud.paging import Deadline

_CHUNK = 2**16


class AnswerTooLargeError(requests.RequestException):
    """An answer has more bytes than anybody wants; `largest` are too few for it."""

    def __init__(self, largest: int) -> None:
        super().__init__(f"the answer has more than {largest // 2**20} MiB")


def bounded(session: requests.Session, deadline: Deadline, largest: int) -> requests.Session:
    """Return the session, which from now on receives answers whole, of `largest` bytes at most and before the deadline.

    What is late raises requests.Timeout, what is larger AnswerTooLargeError.
    """
    adapter = _Bounded(deadline, largest)
    session.mount("http://", adapter)
    session.mount("https://", adapter)
    return session


class _Bounded(HTTPAdapter):
    """Does each request in a thread of its own, since nothing else bounds the time in which a head arrives."""

    def __init__(self, deadline: Deadline, largest: int) -> None:
        super().__init__()
        self._deadline = deadline
        self._largest = largest

    def send(self, request: requests.PreparedRequest, *_: Any, **how: Any) -> requests.Response:
        found: list[requests.Response | Exception] = []

        def ask() -> None:
            try:
                answer = super(_Bounded, self).send(request, **{**how, "stream": True, "timeout": left})
                found.append(self._whole(answer))
            except urllib3.exceptions.HTTPError as error:
                found.append(requests.ConnectionError(error, request=request))
            except Exception as error:
                found.append(error)

        left = self._left(request)
        # It ends with its next read of the socket, and never holds up the end of the command.
        thread = threading.Thread(target=ask, daemon=True)
        thread.start()
        thread.join(left)
        match found:
            case [requests.Response() as response]:
                return response
            case [Exception() as error]:
                raise error
            case _:
                raise requests.Timeout(request=request)

    def _left(self, request: requests.PreparedRequest) -> float:
        try:
            return self._deadline.left()
        except exceptions.DeadlineExceeded as error:
            raise requests.Timeout(request=request) from error

    def _whole(self, response: requests.Response) -> requests.Response:
        content = bytearray()
        while chunk := response.raw.read1(_CHUNK, decode_content=True):
            content += chunk
            if len(content) > self._largest:
                response.close()
                raise AnswerTooLargeError(self._largest)
            self._left(response.request)
        response._content = bytes(content)
        response._content_consumed = True
        return response
