"""Reads a Log Analytics view through BigQuery's own client: what a query would cost, and the counts that it makes.

Sources: cloud.google.com/bigquery/docs/best-practices-costs (dry runs, maximum bytes billed) and
cloud.google.com/bigquery/docs/error-messages (reasons).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import google.auth.exceptions
import requests
from google.api_core import exceptions
from google.api_core.client_options import ClientOptions
from google.auth.credentials import AnonymousCredentials
from google.auth.transport.requests import AuthorizedSession
from google.cloud import bigquery

from loyalty_monitoring.backtest.aggregation import ALL_ENTRIES, aggregation
from loyalty_monitoring.backtest.counted_entries import make_counts_table, take_counts
from loyalty_monitoring.backtest.view import View
from loyalty_monitoring.common.database import Connection, Progress, connect, quoted
from loyalty_monitoring.common.errors import UserError
from loyalty_monitoring.common.temporary_folders import temporary_folder
from loyalty_monitoring.definitions.model import LogMetric
from loyalty_monitoring.google_cloud.clients import LOGIN, Needs, credentials, explained, plain
from loyalty_monitoring.google_cloud.paging import Deadline
from loyalty_monitoring.google_cloud.rest_sessions import AnswerTooLargeError, bounded
from loyalty_monitoring.replay.blocks import store_points
from loyalty_monitoring.replay.entries.counts import EntryCounts
from loyalty_monitoring.replay.prometheus import Prometheus, prometheus_with
from loyalty_monitoring.replay.result import Points

_SCOPE = "https://www.googleapis.com/auth/bigquery"
_PAGE_ROWS = 20_000
_ONE_CALL = 600.0  # seconds of trying, whatever the time for all
# "each page of results is limited to 20 MB": https://cloud.google.com/bigquery/quotas#query_jobs
_LARGEST_ANSWER = 64 * 2**20
# What the client raises where an answer has other types than BigQuery's.
_OF_ODD_ANSWERS = (ValueError, TypeError, AttributeError, LookupError, RecursionError)
# cloud.google.com/bigquery/docs/access-control: running a query, and reading what it names.
_JOBS = Needs("bigquery.jobs.create", "roles/bigquery.jobUser", "bigquery.googleapis.com")
_DATA = Needs("bigquery.tables.getData", "roles/bigquery.dataViewer", "bigquery.googleapis.com")


def estimate(
    view: View,
    metrics: Sequence[LogMetric],
    wanted: Collection[str],
    start: datetime,
    end: datetime,
    *,
    project: str,
    timeout: float,
    endpoint: str | None = None,
) -> int:
    """Return the bytes that the query would look through, by a dry run, which is free. `project` pays. Errors:
    UserError.
    """
    asking = _Asking(view, project, timeout, endpoint)
    return asking.estimate(aggregation(view, metrics, wanted), start, end)


@contextmanager
def backfilled_from_view(
    view: View,
    metrics: Sequence[LogMetric],
    wanted: Collection[str],
    start: datetime,
    end: datetime,
    *,
    project: str,
    max_bytes: int,
    timeout: float,
    endpoint: str | None = None,
    progress: Progress | None = None,
) -> Iterator[tuple[Prometheus, Points, int]]:
    """Yield a Prometheus with the points that the metrics make of the view's entries in [start, end), and the bytes
    that were looked through by BigQuery's estimate.

    No entry leaves BigQuery. A query that would look through more than `max_bytes` is not run. Errors: UserError.
    """
    query = aggregation(view, metrics, wanted)
    asking = _Asking(view, project, timeout, endpoint)
    _report(progress, "Asking BigQuery what it would cost", 0.0)
    needed = asking.estimate(query, start, end)
    if needed > max_bytes:
        raise UserError(
            f"the query would look through {needed:,} bytes of {view}, and --max-bytes allows {max_bytes:,}; allow "
            "more, or ask for fewer days or, with --policy, for fewer alerts"
        )
    with temporary_folder() as folder:
        counts = folder / "counts.jsonl"
        asking.write_rows(query, start, end, max_bytes, counts, progress)
        with connect() as con:
            entries = _load(con, counts)
            summaries = take_counts(con, metrics)
            given = store_points(con, metrics, wanted, folder / "data")
        with prometheus_with(folder / "data", given) as prometheus:
            yield prometheus, Points(entries, summaries), needed


class _Asking:
    """One view, asked by one project's client. `timeout` is in seconds, for all requests with their tries."""

    def __init__(self, view: View, project: str, timeout: float, endpoint: str | None) -> None:
        self._view, self._project, self._timeout, self._deadline = view, project, timeout, Deadline(timeout)
        signed_in = credentials(_SCOPE) if endpoint is None else AnonymousCredentials()
        # With the sessions that the client makes by itself, a server that drips is waited for without an end.
        session = requests.Session() if endpoint else AuthorizedSession(signed_in)
        self._client = bigquery.Client(
            project=project,
            credentials=signed_in,
            _http=bounded(session, self._deadline, _LARGEST_ANSWER),
            client_options=ClientOptions(api_endpoint=f"http://{endpoint}") if endpoint else None,
        )

    def estimate(self, query: str, start: datetime, end: datetime) -> int:
        config = _config(start, end, dry_run=True, use_query_cache=False)
        estimated: int = self._call(lambda **how: int(self._start(query, config, how).total_bytes_processed))
        return estimated

    def write_rows(
        self, query: str, start: datetime, end: datetime, max_bytes: int, out: Path, progress: Progress | None
    ) -> None:
        """Run the query and write its rows as JSON lines."""
        _report(progress, "Counting in BigQuery", 0.1)
        config = _config(start, end, maximum_bytes_billed=max_bytes)
        job = self._call(lambda **how: self._start(query, config, how))
        rows = self._call(lambda **how: job.result(page_size=_PAGE_ROWS, job_retry=None, **how))
        with out.open("w", encoding="utf-8") as stream:
            written = 0
            pages = iter(rows.pages)
            while (counts := self._call(lambda **_: _counts_of(next(pages, None)))) is not None:
                for count in counts:
                    stream.write(json.dumps(count, ensure_ascii=False) + "\n")
                written += len(counts)
                _report(progress, "Reading the counts", written / max(rows.total_rows or 0, written, 1))

    def _start(self, query: str, config: Any, how: dict[str, Any]) -> Any:
        return self._client.query(query, job_config=config, job_retry=None, **how)

    def _call(self, call: Callable[..., Any]) -> Any:
        try:
            left = self._deadline.left()
            return call(retry=bigquery.DEFAULT_RETRY.with_timeout(min(left, _ONE_CALL)), timeout=min(left, _ONE_CALL))
        except (exceptions.GoogleAPICallError, exceptions.RetryError) as error:
            raise UserError(self._explained(error)) from error
        except google.auth.exceptions.GoogleAuthError as error:
            raise UserError(f"Google does not take the credentials ({plain(error)}); {LOGIN}") from error
        except requests.Timeout as error:
            raise UserError(self._explained(exceptions.DeadlineExceeded("no time is left"))) from error
        except (requests.JSONDecodeError, AnswerTooLargeError, *_OF_ODD_ANSWERS) as error:
            raise UserError(
                f"bigquery.googleapis.com did not answer as its API does ({plain(error)}); check the network, the "
                "proxy and --endpoint, and try again"
            ) from error
        except requests.RequestException as error:
            raise UserError(
                f"bigquery.googleapis.com cannot be reached ({plain(error)}); check the network, the proxy and "
                "https://status.cloud.google.com, and try again"
            ) from error

    def _explained(self, error: Any) -> str:
        cause = error.cause if isinstance(error, exceptions.RetryError) and error.cause is not None else error
        reasons = {str(one.get("reason")) for one in getattr(cause, "errors", None) or () if isinstance(one, dict)}
        message = plain(getattr(cause, "message", cause))
        if isinstance(cause, requests.Timeout):
            return explained(exceptions.DeadlineExceeded("no time is left"), _JOBS, self._project, self._timeout)
        if isinstance(cause, requests.RequestException):
            return f"bigquery.googleapis.com cannot be reached ({plain(cause)}); check the network, and try again"
        if "bytesBilledLimitExceeded" in reasons:
            return f"BigQuery stopped the query, since it needs more than --max-bytes allows ({message}); allow more"
        if reasons & {"quotaExceeded", "rateLimitExceeded"}:
            return (
                f"the quota of bigquery.googleapis.com is used up ({message}); wait, or raise it: "
                f"https://console.cloud.google.com/iam-admin/quotas?project={self._project}"
            )
        if isinstance(cause, exceptions.NotFound):
            view = self._view
            return (
                f"there is no view {view} ({message}); `bq ls {view.project}:{view.dataset}` names those of a dataset, "
                "and docs/backtest.md says how to link a log bucket"
            )
        needs = _JOBS if _JOBS.permission in message else _DATA
        return explained(cause, needs, self._project if needs is _JOBS else self._view.project, self._timeout)


def _config(start: datetime, end: datetime, **how: Any) -> Any:
    parameters = [
        bigquery.ScalarQueryParameter("start", "TIMESTAMP", start),
        bigquery.ScalarQueryParameter("end", "TIMESTAMP", end),
    ]
    return bigquery.QueryJobConfig(query_parameters=parameters, **how)


def _counts_of(page: Any) -> list[dict[str, Any]] | None:
    """Return the rows of a page; None for none, which follows the last page."""
    return None if page is None else [_as_count(row) for row in page]


def _as_count(row: Any) -> dict[str, Any]:
    return {
        "metric": row["metric"],
        "minute": row["minute"],
        "type": row["type"],
        "resource": row["resource"],
        "labels": json.loads(row["labels"]),
        "bucket": row["bucket"],
        "matched": row["matched"],
        "valued": row["valued"],
        "total": row["total"],
        "first": row["first"].isoformat(),
        "last": row["last"].isoformat(),
    }


def _load(con: Connection, counts: Path) -> EntryCounts:
    """Fill the table `counted`; the number and times of all entries."""
    make_counts_table(con)
    columns = (
        "{metric: 'INTEGER', minute: 'INTEGER', type: 'VARCHAR', resource: 'VARCHAR', labels: 'VARCHAR[]', "
        "bucket: 'INTEGER', matched: 'BIGINT', valued: 'BIGINT', total: 'DOUBLE', "
        "first: 'TIMESTAMPTZ', last: 'TIMESTAMPTZ'}"
    )
    con.execute(
        "CREATE OR REPLACE TEMP TABLE told AS "
        f"SELECT * FROM read_json({quoted(str(counts))}, format='newline_delimited', columns={columns})"
    )
    con.execute(
        "INSERT INTO counted SELECT metric, minute, type::JSON, resource::JSON, labels, bucket, matched, valued, total "
        f"FROM told WHERE metric <> {ALL_ENTRIES}"
    )
    row = con.execute(
        f"SELECT coalesce(sum(matched), 0)::BIGINT, epoch_us(min(first)), epoch_us(max(last)) FROM told "
        f"WHERE metric = {ALL_ENTRIES}"
    ).fetchone()
    assert row is not None
    return EntryCounts(row[0], 0, (), _instant(row[1]), _instant(row[2]))


def _instant(micros: int | None) -> datetime | None:
    return None if micros is None else datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=micros)


def _report(progress: Progress | None, what: str, share: float) -> None:
    if progress is not None:
        progress(what, share)
