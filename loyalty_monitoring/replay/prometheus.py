"""The real Prometheus: filled by a file or by remote write, asked over its HTTP API, always stopped.

Flags and API: https://prometheus.io/docs/prometheus/latest/querying/api/ and `prometheus --help`.
"""

from __future__ import annotations

import ctypes
import http.client
import json
import os
import re
import secrets
import shutil
import signal
import socket
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from operator import lt
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlencode

from loyalty_monitoring.common import interruption
from loyalty_monitoring.common.errors import UserError
from loyalty_monitoring.common.temporary_folders import temporary_folder
from loyalty_monitoring.query_languages.promql.quoted_names import legacy_names

_LOCAL = Path(__file__).resolve().parents[2] / ".local" / "prometheus"
# The other types, such as timeout and unavailable, say nothing about the query:
# https://prometheus.io/docs/prometheus/latest/querying/api/#format-overview
_REFUSALS = ("bad_data", "execution")
_END = 9_214_646_400  # 2262, the last year that nanoseconds since 1970 reach, in seconds
_NAMES_AT_ONCE = 100  # each question costs a millisecond, whatever it asks
_PLACE = "__place__"  # a label of answers alone
_MOST_STEPS = 11_000  # the API's limit for the points of one series in one answer
_READY_SECONDS = 60.0
_STOP_SECONDS = 5.0
_BLOCK_HOURS = 39_366
_BACKFILL_SECONDS = 60.0  # and one more for each megabyte
_QUERY_SECONDS = 600
_RECEIVING = (
    "--web.enable-remote-write-receiver",
    "--web.enable-admin-api",  # for a snapshot
    "--no-storage.tsdb.wal-compression",
)
_PR_SET_PDEATHSIG = 1
_COLUMN = re.compile(r"\b\d+:\d+: ")
# Go collects its garbage four times less often while there is memory: https://pkg.go.dev/runtime#hdr-Environment_Variables
_RUNTIME = {"GOGC": "400", "GOMEMLIMIT": "2GiB"}


@dataclass(frozen=True)
class Series:
    """One label set of an answer, without `__name__`; `samples` are (unix seconds, value) in order of time."""

    labels: Mapping[str, str]
    samples: Sequence[tuple[int, float]]


class QueryRefused(UserError):
    """Prometheus answered, and refuses the query: it does not parse, or cannot be evaluated."""


class SamplesRefused(UserError):
    """Prometheus answered, and takes a sample of a request under no circumstances."""


class Evaluator(Protocol):
    """Evaluates PromQL over the points of a replay."""

    def query_range(self, query: str, first: int, last: int, step: int) -> list[Series]:
        """Return the answers at `first`, `first + step`, ... up to `last` (unix seconds, inclusive)."""

    def label_sets(self, labels: Sequence[str], first: int, last: int) -> list[dict[str, str]]:
        """Return what the series with a sample about the window have of these labels, each set of them once.

        A series that has none of them is left out.
        """

    def remembered(self, question: Sequence[object], queries: Iterable[str] | None, work_out: Callable[[], Any]) -> Any:
        """Return what `work_out` makes of the answers to these queries, or what it made of the same points before.

        It is plain data; `question` says what it is. None for `queries` stands for all of the points.
        """


class Prometheus:
    """A running server on a loopback port. Made by `prometheus_with` and `receiving` only."""

    def __init__(self, port: int, prefix: str) -> None:
        self._port, self._prefix = port, prefix
        self._idle: list[http.client.HTTPConnection] = []  # as many as were in use at a time: Prometheus takes 512

    def close(self) -> None:
        """Close the connections."""
        while self._idle:
            self._idle.pop().close()

    def query_range(self, query: str, first: int, last: int, step: int) -> list[Series]:
        """Return the answers of a PromQL query at `first`, `first + step`, ... up to `last` (unix seconds, inclusive).

        Names in quotes are sent in the form that this Prometheus has (`quoted_names`). Errors: QueryRefused with
        Prometheus's own words and the query as it is written; UserError when Prometheus does not answer.
        """
        sent = legacy_names(query)
        found: dict[tuple[tuple[str, str], ...], list[tuple[int, float]]] = {}
        for start in range(first, last + 1, step * _MOST_STEPS):
            end = min(last, start + step * (_MOST_STEPS - 1))
            asked = {"query": sent, "start": start, "end": end, "step": step}
            with _understood():
                for result in self._ask("query_range", asked, query):
                    labels = tuple(sorted((k, v) for k, v in result["metric"].items() if k != "__name__"))
                    times, values = zip(*result["values"], strict=True)
                    found.setdefault(labels, []).extend(zip(map(int, times), map(float, values), strict=True))
        return [Series(dict(labels), _in_order(samples)) for labels, samples in sorted(found.items())]

    def query_instants(self, questions: Sequence[tuple[str, int]]) -> list[list[Series]]:
        """Return the answers of PromQL queries, each at its own instant (unix seconds); one or more, asked as one.

        Errors: those of `query_range`.
        """
        # A subquery of one step, at an instant that is its own, is the query at that instant:
        # https://prometheus.io/docs/prometheus/latest/querying/basics/#modifier
        parts = [
            f'label_replace(last_over_time(({legacy_names(query)}\n)[1ms:1s] @ {at}), "{_PLACE}", "{place}", "", "")'
            for place, (query, at) in enumerate(questions)
        ]
        try:
            results = self._ask("query", {"query": " or ".join(parts), "time": questions[0][1]})
        except QueryRefused:  # of a number there is no subquery; and what is refused is told of the query as it stands
            return [self.query_range(query, at, at, 1) for query, at in questions]
        answers: list[list[Series]] = [[] for _ in questions]
        with _understood():
            for result in results:
                place = int(result["metric"][_PLACE])
                labels = {k: v for k, v in sorted(result["metric"].items()) if k not in ("__name__", _PLACE)}
                answers[place].append(Series(labels, [(questions[place][1], float(result["value"][1]))]))
        return answers

    def label_sets(self, labels: Sequence[str], first: int, last: int) -> list[dict[str, str]]:
        """Return what the series with a sample about the window have of these labels, each set of them once."""
        found: set[tuple[tuple[str, str], ...]] = set()
        for label in labels:
            series = self._ask("series", {"match[]": f'{{{label}!=""}}', "start": first, "end": last})
            found |= {tuple((name, one[name]) for name in labels if name in one) for one in series}
        return [dict(one) for one in sorted(found)]

    def remembered(self, question: Sequence[object], queries: Iterable[str] | None, work_out: Callable[[], Any]) -> Any:
        """Return what `work_out` makes: a server remembers nothing."""
        return work_out()

    def answers(self) -> bool:
        """Return whether the server is still there."""
        try:
            return "version" in self._data("status/buildinfo", {})
        except UserError:
            return False

    def take(self, request: bytes, headers: Mapping[str, str]) -> None:
        """Store the samples of a request of remote write. Errors: SamplesRefused, UserError."""
        connection = self._connection()
        try:
            connection.request("POST", f"{self._prefix}/api/v1/write", request, dict(headers))
            answer = connection.getresponse()
            words = answer.read().decode(errors="replace").strip()
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            raise _not_stored(str(error)) from error
        self._idle.append(connection)
        if answer.status == 400:
            raise SamplesRefused(f"Prometheus refuses points ({words})")
        if answer.status // 100 != 2:
            raise _not_stored(f"{answer.status}: {words}")

    def snapshot(self) -> str:
        """Write all that the server holds as blocks, and return the folder's name in its folder `snapshots`."""
        # https://prometheus.io/docs/prometheus/latest/querying/api/#snapshot
        with _understood():
            answer = self._answer("admin/tsdb/snapshot", {"skip_head": "false"})
            if answer["status"] != "success":
                raise _not_stored(answer["error"])
            return str(answer["data"]["name"])

    def check(self, given: Given) -> None:
        """See that the server is one whose answers we know, and that it holds what it was given.

        Where points were lost on the way, no query would tell: the answer would be that nothing happened. Errors:
        UserError.
        """
        version = str(self._data("status/buildinfo", {}).get("version", "of no version"))
        if not version.startswith("2."):
            raise UserError(
                f"this Prometheus is {version}, and others than 2.x evaluate differently; put 2.42 or a later 2.x "
                "on PATH: https://prometheus.io/download/"
            )
        samples: Counter[str] = Counter()
        names = list(given.samples)
        for start in range(0, len(names), _NAMES_AT_ONCE):
            query = " or ".join(map(_samples_of, names[start : start + _NAMES_AT_ONCE]))
            samples += self._counts(query, "name")
        # This function of ranges leaves the series their names.
        series = self._counts(f'count by (__name__) (last_over_time({{__name__=~".+"}}[{_END}s]))', "__name__")
        for words, wanted, found in (("samples", given.samples, samples), ("time series", given.series, series)):
            if wanted != found:
                raise UserError(
                    f"Prometheus holds {found.total():,} {words} of the {wanted.total():,} that it was given, so its "
                    "answers would be wrong; is another program called promtool or prometheus on the PATH? "
                    "`make setup` installs both in one version"
                )

    def _counts(self, query: str, label: str) -> Counter[str]:
        """Return what a query counts of all that the server holds, by this label of its results."""
        with _understood():
            results = self._ask("query", {"query": query, "time": _END})
            return Counter({one["metric"].get(label, ""): int(one["value"][1]) for one in results})

    def _ask(self, endpoint: str, parameters: Mapping[str, object], query: str = "") -> list[dict[str, Any]]:
        with _understood():
            data = self._data(endpoint, parameters, query)
            found: list[dict[str, Any]] = data["result"] if isinstance(data, dict) else data
        return found

    def _data(self, endpoint: str, parameters: Mapping[str, object], query: str = "") -> Any:
        with _understood():
            answer = self._answer(endpoint, parameters)
            if answer["status"] != "success":
                # Where names were mapped, Prometheus counts columns that nobody wrote.
                same = query == parameters.get("query")
                message = answer["error"] if same else _COLUMN.sub("", answer["error"])
                if answer["errorType"] in _REFUSALS:
                    raise QueryRefused(f"Prometheus refuses the query ({message}); mend it:\n{query or endpoint}")
                raise UserError(
                    f"Prometheus could not answer ({message}); run the command again. Asked:\n{query or endpoint}"
                )
            return answer["data"]

    def _answer(self, endpoint: str, parameters: Mapping[str, object]) -> Any:
        connection = self._connection()
        try:
            body = urlencode(parameters)
            headers = {"Content-Type": "application/x-www-form-urlencoded"}
            method = "POST" if parameters else "GET"
            connection.request(method, f"{self._prefix}/api/v1/{endpoint}", body, headers)
            answer = json.loads(connection.getresponse().read())
        except (OSError, http.client.HTTPException, ValueError) as error:
            connection.close()
            raise UserError(f"Prometheus did not answer ({error}); run the command again") from error
        self._idle.append(connection)
        return answer

    def _connection(self) -> http.client.HTTPConnection:
        """Return a connection that nobody uses; to open one for each question takes a third of the time of most."""
        try:
            return self._idle.pop()
        except IndexError:
            return http.client.HTTPConnection("127.0.0.1", self._port, timeout=_QUERY_SECONDS)


def _in_order(samples: list[tuple[int, float]]) -> list[tuple[int, float]]:
    """Return the samples in order of time, one of each instant: series that differ in their names alone are one."""
    times = [at for at, _ in samples]
    if all(map(lt, times, times[1:])):
        return samples
    return sorted(dict(samples).items())


def _not_stored(words: str) -> UserError:
    return UserError(f"Prometheus could not store the points ({words}); is there enough room for temporary files?")


def _samples_of(name: str) -> str:
    """Return a query of how many samples there are of a name, which it has as a label."""
    text = json.dumps(name)
    return f'label_replace(sum(count_over_time({{__name__={text}}}[{_END}s])), "name", {text}, "", "")'


@contextmanager
def _understood() -> Iterator[None]:
    try:
        yield
    except (KeyError, IndexError, TypeError, ValueError, AttributeError) as error:
        raise UserError(
            f"what answers as Prometheus speaks another language ({type(error).__name__}: {error}); is another program "
            "called prometheus on the PATH? `make setup` installs the right one"
        ) from error


@dataclass(frozen=True)
class Given:
    """Number of samples and of time series that Prometheus was given, by name."""

    samples: Counter[str]
    series: Counter[str]


@contextmanager
def prometheus_with(data: Path, given: Given) -> Iterator[Prometheus]:
    """Yield a server over blocks that `backfill` or `receiving` made; it writes into the folder.

    The processes are gone when the block is left, however it is left.
    """
    with temporary_folder() as folder, _server(folder, data) as server:
        server.check(given)
        yield server


@contextmanager
def receiving(data: Path) -> Iterator[Prometheus]:
    """Yield a server that takes samples; when the block is left, the folder `data` is made of blocks with them."""
    with temporary_folder() as folder:
        with _server(folder, folder / "data", *_RECEIVING) as server:
            yield server
            snapshot = server.snapshot()
        shutil.move(folder / "data" / "snapshots" / snapshot, data)


def engine() -> str:
    """Return the identity of the installed Prometheus: its programs, by place, size and time."""
    programs = [Path(_program(name)) for name in ("prometheus", "promtool")]
    return "\n".join(f"{one.resolve()} {one.stat().st_size} {one.stat().st_mtime_ns}" for one in programs)


def _program(name: str) -> str:
    found = shutil.which(name) or shutil.which(name, path=str(_LOCAL))
    if found is None:
        raise UserError(
            f"{name} is not on PATH; run `make setup` in a clone of the project, or `apt-get install prometheus` on "
            "Debian or Ubuntu, or put 2.42 or a later 2.x there: https://prometheus.io/download/"
        )
    return found


def backfill(open_metrics: Path, data: Path) -> None:
    """Make the folder `data` of blocks with the samples of an OpenMetrics file, which ends with `# EOF`."""
    promtool = _program("promtool")
    data.mkdir()
    # Few blocks: the default of one block for two hours costs a pass over the file for each. The flag is hidden, and
    # what it allows is rounded down to 2 h * 3^n.
    command = [
        promtool,
        "tsdb",
        "create-blocks-from",
        "openmetrics",
        f"--max-block-duration={_BLOCK_HOURS}h",
        "--quiet",
    ]
    limit = _BACKFILL_SECONDS + open_metrics.stat().st_size / 1e6
    try:
        done = subprocess.run(
            [*command, str(open_metrics), str(data)],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            env=os.environ | _RUNTIME,
            process_group=0,
            preexec_fn=_dies_with_parent(),
            timeout=limit,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise UserError(
            f"promtool did not store the points within {limit:.0f} s; is another program called promtool on the PATH? "
            "`make setup` installs the right one"
        ) from error
    except OSError as error:
        raise _not_started(promtool, error) from error
    if done.returncode:
        words = (done.stderr or done.stdout).decode(errors="replace").strip()[-2000:]
        raise UserError(
            f"promtool could not store the points and ended with {done.returncode} ({words}); is there enough room for "
            "temporary files?"
        )


def _not_started(program: str, error: OSError) -> UserError:
    return UserError(f"{program} cannot be started ({error.strerror or error}); install it again with `make setup`")


@contextmanager
def _server(folder: Path, data: Path, *more: str) -> Iterator[Prometheus]:
    prometheus = _program("prometheus")
    config, log = folder / "prometheus.yml", folder / "log"
    config.write_text("global: {}\n")
    port = _free_port()
    # Between the choice of the port and its use another server can take it, another replay's even. Only ours answers
    # below this path, so nobody's points can be taken for ours.
    prefix = f"/{secrets.token_hex(8)}"
    command = [
        prometheus,
        f"--config.file={config}",
        f"--storage.tsdb.path={data}",
        f"--web.listen-address=127.0.0.1:{port}",
        f"--web.route-prefix={prefix}",
        # A connection lives as long as the server, however long nobody asks.
        "--web.read-timeout=10000h",
        # Samples may be of any year; none is ever deleted or rewritten. More years are too many nanoseconds.
        "--storage.tsdb.retention.time=292y",
        # With one length of blocks, none is compacted. The flags are hidden.
        f"--storage.tsdb.min-block-duration={_BLOCK_HOURS}h",
        f"--storage.tsdb.max-block-duration={_BLOCK_HOURS}h",
        # Whole months of many series are asked for at once; the machine's memory is the limit.
        "--query.max-samples=500000000",
        f"--query.timeout={_QUERY_SECONDS}s",
        # Prometheus's default, said aloud: how long a selector without a range sees a point.
        "--query.lookback-delta=5m",
        "--log.level=warn",
        *more,
    ]
    with log.open("wb") as out:
        try:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                env=os.environ | _RUNTIME,
                # Ctrl-C is ours to handle: whoever is asked must not be gone before.
                process_group=0,
                preexec_fn=_dies_with_parent(),
            )
        except OSError as error:
            raise _not_started(prometheus, error) from error
    try:
        _wait_until_ready(process, port, f"{prefix}/-/ready", log)
        with closing(Prometheus(port, prefix)) as asked:
            yield asked
    finally:
        if interruption.caught():
            process.kill()
        process.terminate()
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_until_ready(process: subprocess.Popen[bytes], port: int, path: str, log: Path) -> None:
    deadline = time.monotonic() + _READY_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=1)
        try:
            connection.request("GET", path)
            if connection.getresponse().status == 200:
                return
        except (OSError, http.client.HTTPException):
            pass
        finally:
            connection.close()
        time.sleep(0.01)
    words = log.read_text(errors="replace").strip()[-2000:]
    raise UserError(f"Prometheus did not start; run the command again. Its last words:\n{words}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _dies_with_parent() -> Callable[[], None]:
    """Return a function for the child to call first: the kernel ends it when this process ends, even by kill -9 (man 2
    prctl).

    Precisely, when the thread ends that started the child; it stays inside the block until the child has ended.
    """
    # macOS has nothing of the kind: there, only a kill -9 leaves the child behind.
    prctl = getattr(ctypes.CDLL(None), "prctl", None)
    parent = os.getpid()

    def ask() -> None:
        if prctl is not None:
            prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # the parent ended before the kernel was asked
            os._exit(1)

    return ask
