"""A list of an API ends: by its last page, or by one of its limits."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
from google.api_core import exceptions
from google.cloud.logging_v2.types import ListLogMetricsRequest, ListLogMetricsResponse, LogMetric

from loyalty_monitoring.common.errors import UserError
from loyalty_monitoring.google_cloud import paging
from loyalty_monitoring.google_cloud.paging import Deadline, pages


class _Answer:
    def __init__(self, page: Any) -> None:
        self.pages = [page]


def _list(token_after: Callable[[str], str], description: str = "", seconds: float = 0.0) -> Callable[..., _Answer]:
    def list_log_metrics(request: Any, *, retry: Any, timeout: float) -> _Answer:
        time.sleep(seconds)
        metric = LogMetric(name=f"after-{request.page_token}", description=description)
        return _Answer(ListLogMetricsResponse(metrics=[metric], next_page_token=token_after(request.page_token)))

    return list_log_metrics


def _read(method: Callable[..., _Answer], seconds: float = 60.0) -> list[str]:
    request = ListLogMetricsRequest(parent="projects/p")
    return [metric.name for page in pages(method, request, Deadline(seconds)) for metric in page.metrics]


def test_all_pages_are_read_in_their_order() -> None:
    following = {"": "a", "a": "b", "b": ""}
    assert _read(_list(following.__getitem__)) == ["after-", "after-a", "after-b"]


@pytest.mark.parametrize("following", [{"": "a", "a": "a"}, {"": "a", "a": "b", "b": "a"}])
def test_a_list_that_leads_in_a_circle_is_an_error(following: dict[str, str]) -> None:
    with pytest.raises(UserError, match=r"list_log_metrics leads in a circle"):
        _read(_list(following.__getitem__))


def test_a_list_of_too_many_pages_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paging, "_MOST_PAGES", 5)
    with pytest.raises(UserError, match="more than 5 pages"):
        _read(_list(lambda token: token + "x"))


def test_a_list_of_too_many_bytes_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paging, "_MOST_BYTES", 2**20)
    with pytest.raises(UserError, match="more than 1 MiB"):
        _read(_list(lambda token: token + "x", description="x" * 300_000))


def test_the_time_is_that_of_all_pages_together() -> None:
    began = time.monotonic()
    with pytest.raises(exceptions.DeadlineExceeded):
        _read(_list(lambda token: token + "x", seconds=0.1), seconds=0.5)
    assert time.monotonic() - began < 30
