"""One trial: a command, a file and a fault, all by a seed and a number; and what must hold afterwards."""

from __future__ import annotations

import contextlib
import json
import os
import random
import re
import resource
import shutil
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.torture import faults
from tests.torture.hostile import DEFINITIONS, NAMES, Hostile, hostile

HANG_SECONDS = 180.0
# docs/reliability.md promises two seconds; a machine that does other things meanwhile is given more.
END_SECONDS = 2.0
PATIENCE_SECONDS = 15.0
# Commands whose finding is exit status 1.
_FINDS = {"lint", "prove", "contract", "verify", "mutants", "drill", "check"}
_FILTERS = ("resource.type:*", "severity>=ERROR", '"exceeded"', 'jsonPayload.store_id=~"s-.*"', 'timestamp>"2000"')
# How a library ends a process that cannot even have a thread: docs/reliability.md.
_NO_ADDRESS_SPACE = {127, 134, 139, -signal.SIGABRT, -signal.SIGSEGV}
_OWN_ERROR = re.compile(r"^(?:loyalty-monitoring|Error): (?!interrupted)", re.MULTILINE)
_UNREACHABLE = "127.0.0.1:9"
_MARK = "LOYALTY_TORTURE"


@dataclass(frozen=True)
class Outcome:
    """What a trial was, how it ended, and what did not hold; `late` are seconds from a signal to the end."""

    number: int
    command: str
    kind: str
    fault: str
    status: int
    seconds: float
    late: float
    problems: tuple[str, ...]


def trial(seed: int, number: int, work: Path, project: Path, *, quick: bool) -> Outcome:
    """Run trial `number`; nothing of it stays in `work` but what a problem needs to be seen again."""
    rng = random.Random(f"{seed}/{number}")
    folder = work / f"trial-{number}"
    (folder / "tmp").mkdir(parents=True)
    inside = os.fsencode(folder) + b"/" + rng.choice(NAMES[:20])
    os.mkdir(inside)
    made = hostile(rng)
    file = inside + b"/" + rng.choice(NAMES)
    with open(file, "wb") as out:
        out.write(made.content)
    name, arguments = _command(rng, file, folder, project, quick)
    fault, start = faults.choose(rng, folder, quick)
    if name in ("serve", "mutants") and not start.signal:  # they would not end, or not soon
        start.signal, start.after, fault = signal.SIGTERM, rng.uniform(2.0, 5.0), f"{fault}, then SIGTERM"
    broken = _break_definition(rng, project) if rng.random() < 0.1 and name != "match" else None
    if broken is not None:
        fault = f"{fault}; a definition is not what it was"
    start.environment[_MARK] = f"{seed}/{number}"
    try:
        status, seconds, late, out_text, error_text = _run(name, arguments, start, folder, project, file, rng)
    finally:
        if broken is not None:
            broken()
    problems = list(_problems(name, arguments, start, status, late, error_text))
    problems += _counts(name, arguments, start, fault, status, out_text, made)
    problems += _left(start.environment[_MARK], folder, inside, killed=start.signal == signal.SIGKILL)
    outcome = Outcome(number, name, made.kind, fault, status, round(seconds, 2), round(late, 2), tuple(problems))
    if problems:
        with (folder / "what").open("w", encoding="utf-8", errors="backslashreplace") as what:
            what.write(f"{outcome}\n{arguments}\n--- stderr\n{error_text}\n--- stdout\n{out_text[:5000]!r}\n")
    else:
        shutil.rmtree(os.fsencode(folder))
    return outcome


def _command(rng: random.Random, file: bytes, folder: Path, project: Path, quick: bool) -> tuple[str, list[bytes]]:
    end = [b"--", file]
    policy = [b"--policy", b"rate_limit_spike"]
    table: dict[str, Callable[[], list[bytes]]] = {
        "match": lambda: [*rng.choice(([b"--count"], [], [b"--strict"])), rng.choice(_FILTERS).encode(), *end],
        "replay": lambda: [*rng.choice((policy, policy, [])), *rng.choice(([b"--format", b"json"], [])), *end],
        "report": lambda: [b"--out", os.fsencode(folder / "report"), *end],
        "contract": lambda: [b"check", *rng.choice(([b"--format", b"json"], [])), *end],
        "cost": lambda: end,
        "import": lambda: [*rng.choice(([], [b"--strict"], [b"--time", b"2026-11-07"])), *end],
        "diff": lambda: [b"--format", b"json", b".", b".", *end],
        "serve": lambda: [b"--port", b"0", *end],
        "fired": lambda: [*rng.choice(([], [b"--incidents", file])), *rng.choice(([b"--format", b"json"], [])), *end],
        "drill": lambda: [b"--project", b"p", b"--yes"],
        "mutants": list,
        "points": lambda: [b"--out", os.fsencode(folder / "points.om"), *end],
        "runbooks": lambda: [b"--out", os.fsencode(folder / "runbooks")],
        "check": lambda: rng.choice(([], [b"--all", b"--no-mutants"])),
        "lint": lambda: rng.choice(([], end, [b"--format", b"sarif"])),
        "render": lambda: [b"--out", os.fsencode(folder / "rendered")],
        "prove": lambda: [b"rate_limit_spike"],
        "simulate": lambda: [
            b"--merchants", b"4", b"--stores", b"4",
            b"--out", os.fsencode(folder / f"out.jsonl{rng.choice(('', '.gz'))}"),
        ],
        "verify": lambda: [b"--timeout", b"3", b"--endpoint", _UNREACHABLE.encode()],
        "backtest": lambda: [
            b"--days", b"1", b"--timeout", b"3", b"--endpoint", _UNREACHABLE.encode(),
            b"--keep", os.fsencode(folder / "kept.gz"),
        ],
    }  # fmt: skip
    often = ["match"] * 8 + ["replay"] * 4 + ["report", "contract", "import", "cost", "serve", "diff"] * 2
    name = rng.choice([*often, *table])
    if quick and name in ("diff", "prove", "simulate", "report", "serve", "cost", "mutants", "check"):
        name = "match" if rng.random() < 0.5 else name
    return name, table[name]()


def _break_definition(rng: random.Random, project: Path) -> Callable[[], None]:
    """Put something else into one of the project's files; returns what puts the file back."""
    file = rng.choice(sorted([*project.glob("*/*.yaml"), *project.glob("*.yaml")]))
    good = file.read_bytes()
    file.write_bytes(rng.choice(DEFINITIONS))

    def mend() -> None:
        file.write_bytes(good)

    return mend


def _run(
    name: str, arguments: list[bytes], start: faults.Start, folder: Path, project: Path, file: bytes, rng: random.Random
) -> tuple[int, float, float, bytes, str]:
    """Start, wait, disturb. Status (negative: ended by a signal), seconds, and what was written."""
    began = time.monotonic()
    afresh = rng.random() < 0.25 or bool(start.limits)
    with (folder / "out").open("wb") as out, (folder / "error").open("wb") as error:
        child = os.fork()
        if child == 0:
            _become(name, arguments, start, project, out.fileno(), error.fileno(), Path(os.fsdecode(file)), afresh)
    disturbed, late, status = 0.0, 0.0, None
    while status is None:
        ended, code = os.waitpid(child, os.WNOHANG)
        now = time.monotonic()
        if ended:
            status = os.waitstatus_to_exitcode(code)
            break
        if not disturbed and start.after and now - began > start.after:
            disturbed = now
            if start.cut_off:
                os.truncate(file, rng.randrange(os.path.getsize(file) + 1))
            if start.signal:
                os.kill(child, start.signal)
        if now - began > HANG_SECONDS:
            os.killpg(child, signal.SIGKILL)
            os.waitpid(child, 0)
            return 999, now - began, late, b"", (folder / "error").read_text(errors="replace")
        time.sleep(0.005)
    if disturbed and start.signal:
        late = time.monotonic() - disturbed
    error_text = (folder / "error").read_text(errors="replace")
    return status, time.monotonic() - began, late, (folder / "out").read_bytes(), error_text


def _become(
    name: str,
    arguments: list[bytes],
    start: faults.Start,
    project: Path,
    out: int,
    error: int,
    file: Path,
    afresh: bool,
) -> None:
    """In the child: the command, as the console would start it, or without importing everything once more."""
    status = 70
    try:
        program = [os.fsencode(Path(sys.executable).parent / "loyalty-monitoring"), name.encode(), *arguments]
        os.chdir(project)
        faults.prepare(start, out, error, file)
        if afresh:
            os.execve(program[0], program, start.environment)
        os.environ.clear()
        os.environ.update(start.environment)
        sys.argv = [os.fsdecode(argument) for argument in program]
        sys.stdin = open(0, closefd=False) if start.stdin != "closed" else None  # noqa: SIM115
        encoding, _, errors = start.environment.get("PYTHONIOENCODING", "utf-8").partition(":")
        sys.stdout = (
            open(1, "w", encoding=encoding, errors=errors or None, closefd=False)  # noqa: SIM115
            if start.stdout != "closed"
            else None
        )
        sys.stderr = open(2, "w", encoding=encoding, errors="backslashreplace", closefd=False)  # noqa: SIM115
        import tempfile

        tempfile.tempdir = None
        from loyalty_monitoring.__main__ import main

        main()
        status = 0
    except SystemExit as exit:
        status = exit.code if isinstance(exit.code, int) else 0 if exit.code is None else 1
    except BaseException:
        import traceback

        traceback.print_exc()
    finally:
        with contextlib.suppress(BaseException):
            sys.stderr.flush()
        os._exit(status)


def _problems(
    name: str, arguments: list[bytes], start: faults.Start, status: int, late: float, error: str
) -> list[str]:
    allowed = {0, 2} | ({1} if name in _FINDS else set())
    if start.signal:
        allowed |= {128 + start.signal, -start.signal} if start.signal == signal.SIGKILL else {128 + start.signal}
        if start.signal != signal.SIGKILL and (not error or _OWN_ERROR.search(error)):
            allowed.add(-start.signal)  # before Python had begun with the command, or after it had told its own error
    if any(which == resource.RLIMIT_AS for which, _ in start.limits):
        allowed |= _NO_ADDRESS_SPACE
    found = []
    if status == 999:
        found.append(f"still runs after {HANG_SECONDS:g} s")
    elif status not in allowed:
        found.append(f"exit status {status}")
    if "should not have happened" in error:
        found.append("an error that was not foreseen")
    early = start.signal and start.after < 1.0 and "KeyboardInterrupt" in error
    if ("Traceback" in error or "Exception ignored" in error or "Fatal Python error" in error) and not early:
        found.append("a traceback")
    if start.signal in (signal.SIGINT, signal.SIGTERM) and late > PATIENCE_SECONDS:
        found.append(f"ended {late:.1f} s after the signal")
    return found


def _counts(
    name: str, arguments: list[bytes], start: faults.Start, fault: str, status: int, out: bytes, made: Hostile
) -> list[str]:
    """Nothing is counted twice, and nothing is lost."""
    if status != 0 or made.usable is None or start.cut_off or start.stdout != "file":
        return []
    if name == "match" and b"resource.type:*" in arguments:
        found = int(out) if b"--count" in arguments else out.count(b"\n")
        return [] if found == made.usable else [f"{found} entries instead of {made.usable}"]
    if name == "replay" and b"json" in arguments:
        told = json.loads(out)["entries"]
        found = told["read"] - told["rejected"]
        return [] if found == made.usable else [f"{found} entries used instead of {made.usable}"]
    return []


def _left(mark: str, folder: Path, inside: bytes, *, killed: bool) -> list[str]:
    """Processes and files that are there still."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        processes = _processes(mark)
        files = [path.name for path in (folder / "tmp").iterdir()]
        if not (processes or files) or time.monotonic() > deadline:
            break
        time.sleep(0.05)
    found = [f"a process is left: {' '.join(processes)}"] if processes else []
    found += [f"a temporary file is left: {name}" for name in files]
    # What `kill -9` leaves beside an output is removed by the next run of the command.
    beside = [path.name for path in folder.iterdir() if path.name.startswith(".")]
    return found if killed else [*found, *(f"left beside the output: {name}" for name in beside)]


def _processes(mark: str) -> list[str]:
    wanted = f"{_MARK}={mark}".encode()
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            with contextlib.suppress(OSError):
                if wanted in (entry / "environ").read_bytes().split(b"\0"):
                    found.append((entry / "cmdline").read_bytes().replace(b"\0", b" ")[:100].decode(errors="replace"))
    return found
