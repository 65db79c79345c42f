"""How a command ends: by the table of docs/reliability.md, without a traceback, and with nothing left behind."""

from __future__ import annotations

import gzip
import json
import os
import re
import resource
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from loyalty_monitoring.common import failures
from tests.conftest import PROGRAM, PROJECT, ROOT, run
from tests.log_lines import START, minutes, rejection
from tests.torture.hostile import entry

SAMPLES = sorted(str(file) for file in (ROOT / "samples").glob("*.jsonl.gz"))


def _run(*arguments: str, **how: object) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run([PROGRAM, *arguments], cwd=PROJECT, capture_output=True, check=False, **how)  # type: ignore[call-overload, no-any-return]


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """101 rejections of one minute: an incident."""
    file = tmp_path_factory.mktemp("logs") / "day.jsonl"
    file.write_text("".join(json.dumps(rejection(START + minutes(1), "s-\u00e9")) + "\n" for _ in range(101)))
    return file


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
@pytest.mark.parametrize(
    "arguments",
    [
        ("match", "--explain", "--metric", "all", *SAMPLES),
        ("report", "--out", "OUT/report", *SAMPLES),
        ("simulate", "--days", "30", "--out", "OUT/x.gz"),
    ],
    ids=lambda arguments: " ".join(arguments[:2]),
)
def test_a_signal_ends_it_with_its_status_and_one_word(
    tmp_path: Path, arguments: tuple[str, ...], number: signal.Signals
) -> None:
    temporary, out = tmp_path / "temporary", tmp_path / "out"
    temporary.mkdir()
    out.mkdir()
    with subprocess.Popen(
        [PROGRAM, *(argument.replace("OUT", str(out)) for argument in arguments)],
        cwd=PROJECT,
        env=os.environ | {"TMPDIR": str(temporary)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    ) as process:
        # When it has begun with its work: it has a folder for it, or a file.
        while not [*temporary.iterdir(), *out.iterdir()] and process.poll() is None:
            time.sleep(0.02)
        time.sleep(0.3)
        process.send_signal(number)
        _, said = process.communicate(timeout=60)
    if number == signal.SIGKILL:
        assert process.returncode == -number
    else:
        assert process.returncode == 128 + number
        assert said == b"loyalty-monitoring: interrupted\n"
        assert [path.name for path in out.iterdir()] == []
    deadline = time.monotonic() + 30
    while any(temporary.iterdir()) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert list(temporary.iterdir()) == []


@pytest.mark.parametrize("command", [("match", "severity>=DEBUG"), ("replay", "--policy", "rate_limit_spike")])
def test_a_full_output_is_an_error(day: Path, command: tuple[str, ...]) -> None:
    with open("/dev/full", "wb") as full:
        done = subprocess.run(
            [PROGRAM, *command, str(day)], cwd=PROJECT, stdout=full, stderr=subprocess.PIPE, check=False
        )
    assert done.returncode == 2
    assert b"no space left" in done.stderr
    assert done.stderr.count(b"\n") == 1


@pytest.mark.parametrize(
    "command", [("match", "--count", "x"), ("match", "severity>=DEBUG"), ("replay", "--format", "json"), ("replay",)]
)
def test_a_reader_that_is_gone_is_no_finding(day: Path, command: tuple[str, ...]) -> None:
    reads, writes = os.pipe()
    os.close(reads)
    done = subprocess.run(
        [PROGRAM, *command, str(day)], cwd=PROJECT, stdout=writes, stderr=subprocess.PIPE, check=False
    )
    os.close(writes)
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.parametrize(
    "command",
    [
        ("match", "severity>=DEBUG"),
        ("replay",),
        ("report", "--out", "OUT"),
        ("cost",),
    ],
    ids=lambda command: command[0],
)
@pytest.mark.parametrize("size", [50_000])
def test_files_that_cannot_grow_are_an_error_and_leave_nothing(
    tmp_path: Path, command: tuple[str, ...], size: int
) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    done = _run(
        *(argument.replace("OUT", str(tmp_path / "out")) for argument in command),
        SAMPLES[0],
        env=os.environ | {"TMPDIR": str(temporary)},
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size)),
    )
    assert done.returncode == 2
    assert re.search(rb"no space left|cannot be written|could not store|did not start", done.stderr), done.stderr
    assert b"Traceback" not in done.stderr
    assert list(temporary.iterdir()) == []
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_a_terminal_of_another_encoding_gets_what_it_can_show(day: Path, encoding: str) -> None:
    environment = os.environ | {"PYTHONIOENCODING": encoding}
    printed = _run("replay", "--format", "json", "--policy", "rate_limit_spike", str(day), env=environment).stdout
    # click writes UTF-8 where the environment says ASCII, which hardly any terminal means.
    found = json.loads(printed.decode("utf-8" if encoding == "ascii" else encoding))
    assert [one["labels"] for one in found["incidents"]] == [{"store_id": "s-\u00e9"}]
    assert _run("replay", "--policy", "rate_limit_spike", str(day), env=environment).returncode == 0
    assert _run("match", "severity>=DEBUG", str(day), env=environment).stdout == day.read_bytes()


@pytest.mark.parametrize("closed", [0, 1, 2])
def test_a_standard_stream_that_is_closed_is_thrown_away(day: Path, closed: int) -> None:
    done = _run("replay", "--policy", "rate_limit_spike", str(day), preexec_fn=lambda: os.close(closed))
    assert done.returncode == 0
    assert b"Traceback" not in done.stderr


def _deep(opening: str, closing: str, depth: int) -> bytes:
    return ("[" + json.dumps(entry(0)) + "," + opening * depth + "1" + closing * depth + "]").encode()


ODD: dict[str, tuple[bytes, int]] = {
    "deep": (_deep("[", "]", 100_000), 1),
    "deep objects": (_deep('{"a":', "}", 5_000), 1),
    "5,000 digits": (b"[" + json.dumps(entry(0)).encode() + b', {"x": ' + b"9" * 5_000 + b"}]", 1),
    "the year 6100": (
        json.dumps(entry(0)).encode() + b"\n" + json.dumps(entry(0, timestamp="6100-01-01T00:00:00Z")).encode(),
        2,
    ),
    "an entry cut off": (json.dumps(entry(0)).encode() + b'\n{"timestamp": "2026', 1),
}


@pytest.mark.parametrize("name", ODD)
@pytest.mark.parametrize(
    "command",
    [
        ("match", "--count", "resource.type:*"),
        ("replay", "--policy", "rate_limit_spike", "--format", "json"),
        ("contract", "check"),
    ],
    ids=lambda command: command[0],
)
def test_an_odd_entry_costs_itself_and_nothing_else(tmp_path: Path, command: tuple[str, ...], name: str) -> None:
    content, usable = ODD[name]
    file = tmp_path / "\udcff\udcfe.jsonl"  # no UTF-8
    file.write_bytes(content)
    done = run(*(argument.replace("OUT", str(tmp_path / "out")) for argument in command), str(file))
    assert done.returncode == (1 if command[0] == "contract" else 0), done.stderr
    assert "Traceback" not in done.stderr
    if command[0] == "match":
        assert int(done.stdout) == usable
    elif "6100" in name and command[0] == "replay":
        assert "after 2261" in done.stderr


@pytest.mark.parametrize("timestamp", ["0001-01-01T00:00:00Z", "1969-12-31T23:59:59Z", "2262-01-01T00:00:00Z"])
def test_years_in_which_nothing_is_evaluated_are_no_all_clear(tmp_path: Path, timestamp: str) -> None:
    file = tmp_path / "day.jsonl"
    file.write_text("".join(json.dumps(entry(0, timestamp=timestamp)) + "\n" for _ in range(150)))
    done = run("replay", "--policy", "rate_limit_spike", str(file))
    assert done.returncode == 2
    assert "before 1970 or after 2261" in done.stderr


@pytest.mark.parametrize("option", ["--from=0001-01-01", "--to=2262-01-02"])
def test_a_window_in_which_nothing_is_evaluated_is_an_error(day: Path, option: str) -> None:
    done = run("replay", "--policy", "rate_limit_spike", option, str(day))
    assert done.returncode == 2
    assert "not within 1970 and 2261" in done.stderr


@pytest.mark.parametrize("timestamp", ["1970-01-01T00:01:00Z", "2261-12-31T23:00:00Z"])
def test_years_in_which_prometheus_evaluates_ring(tmp_path: Path, timestamp: str) -> None:
    file = tmp_path / "day.jsonl"
    file.write_text("".join(json.dumps(entry(0, timestamp=timestamp)) + "\n" for _ in range(150)))
    done = run("replay", "--policy", "rate_limit_spike", "--format", "json", str(file))
    assert len(json.loads(done.stdout)["incidents"]) == 1, done.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ("match", "--count", "x", "FOLDER/missing"),
        ("match", "--count", "x", "FOLDER/day.jsonl"),
        ("import", "FOLDER/day.jsonl"),
        ("lint", "FOLDER"),
        ("points", "FOLDER/day.jsonl", "--out", "FOLDER/missing/points"),
        ("runbooks", "--out", "FOLDER/runbooks"),
        ("render", "--out", "FOLDER/rendered"),
    ],
    ids=lambda arguments: " ".join(arguments[:1]),
)
def test_a_name_of_a_file_cannot_rewrite_the_terminal_or_make_one_line_two(
    tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    folder = tmp_path / "a\x1b[2J\nb\u202ec"
    folder.mkdir()
    (folder / "day.jsonl").write_text('{"a\n')
    (folder / "policy.json").write_text('{"combiner": "ORR", "conditions": []}')
    done = run(*(argument.replace("FOLDER", str(folder)) for argument in arguments))
    said = done.stdout + done.stderr
    assert "a?[2J?b?c" in said
    assert all(line.isprintable() for line in said.splitlines())


# --- what was not foreseen


def _failing(error: Exception) -> Callable[[], None]:
    def fail() -> None:
        raise error

    return fail


def test_an_error_that_nobody_foresaw_is_one_line_with_the_file_of_details(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    try:
        _failing(ValueError("one\ntwo"))()
    except ValueError as error:
        words = failures.explain(error)
    (file,) = tmp_path.iterdir()
    assert "\n" not in words
    assert str(file) in words
    assert "report it" in words
    assert "Traceback" in file.read_text()
    assert file.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (OSError(28, "No space left on device", "/tmp/x"), "/tmp/x: no space left"),
        (OSError(24, "Too many open files"), "ulimit -n"),
        (MemoryError(), "not enough memory"),
        (RuntimeError("can't start new thread"), "not enough memory"),
        (OSError(5, "Input/output error", b"\xff"), "cannot be read or written"),
        (RecursionError(), "nested too deeply"),
    ],
)
def test_what_the_system_refuses_is_said_with_the_remedy(error: Exception, words: str) -> None:
    assert words in failures.explain(error)
    wrapped = ValueError("wrapped")
    wrapped.__cause__ = error
    if isinstance(error, MemoryError | RuntimeError) or getattr(error, "errno", 5) != 5:
        assert isinstance(error, RecursionError) or words in failures.explain(wrapped)


def test_a_log_that_is_cut_off_while_it_is_read_ends_by_the_table(tmp_path: Path) -> None:
    file = tmp_path / "day.jsonl"
    file.write_bytes(b"".join(gzip.decompress(Path(sample).read_bytes()) for sample in SAMPLES[:4]))
    with subprocess.Popen(
        [PROGRAM, "match", "--count", '"x"', str(file)], cwd=PROJECT, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        time.sleep(0.9)
        os.truncate(file, 1_000_003)
        _, said = process.communicate(timeout=120)
    assert process.returncode in (0, 2)
    assert b"Traceback" not in said
