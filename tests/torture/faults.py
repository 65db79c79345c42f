"""What may be wrong around a command: each fault changes how it is started, or what happens while it runs."""

from __future__ import annotations

import os
import random
import resource
import signal
import sys
from dataclasses import dataclass, field
from pathlib import Path

_PROGRAMS = {
    "does nothing": "#!/bin/sh\nexit 0\n",
    "fails in bytes": "#!/bin/sh\nprintf '\\377\\376' >&2\nexit 1\n",
    "crashes": "#!/bin/sh\nkill -SEGV $$\n",
    "is no program": "\x7fELF",
    "floods": "#!/bin/sh\nhead -c 3000000 /dev/zero\nexit 3\n",
}


@dataclass
class Start:
    """How a command is started, and what is done to it: at `after` seconds a signal, or a file that is cut off."""

    environment: dict[str, str]
    limits: list[tuple[int, int]] = field(default_factory=list)
    stdout: str = "file"  # or "full", "closed", "reader gone"
    stdin: str = "null"  # or "closed", "file"
    after: float = 0.0
    signal: int = 0
    cut_off: bool = False


def choose(rng: random.Random, folder: Path, quick: bool) -> tuple[str, Start]:
    """A fault, by name, for a command whose temporary files are in folder/tmp."""
    start = Start(dict(os.environ) | {"TMPDIR": str(folder / "tmp")})
    for name in ("LOYALTY_MONITORING_MEMORY", "LOYALTY_MONITORING_ENDPOINT"):
        start.environment.pop(name, None)
    kind = rng.choice(
        ("none", "none", "none", "signal", "signal", "disk", "output", "input", "program", "locale", "limit", "cut off")
    )
    match kind:
        case "signal":
            start.signal = rng.choice((signal.SIGINT, signal.SIGTERM, signal.SIGKILL))
            start.after = rng.uniform(0.0, 1.0 if quick else 2.5)
            return f"{signal.Signals(start.signal).name}", start
        case "disk":
            size = rng.choice((0, 1_000, 100_000, 1_000_000, 20_000_000))
            if rng.random() < 0.2:
                start.environment["TMPDIR"] = str(folder / "not there")
                return "no folder for temporary files", start
            start.limits.append((resource.RLIMIT_FSIZE, size))
            return "files cannot grow", start
        case "output":
            start.stdout = rng.choice(("full", "closed", "reader gone"))
            return f"standard output {start.stdout}", start
        case "input":
            start.stdin = rng.choice(("closed", "file"))
            return f"standard input {start.stdin}", start
        case "program":
            name, how = rng.choice(("promtool", "prometheus")), rng.choice(sorted(_PROGRAMS))
            programs = folder / "programs"
            programs.mkdir()
            (programs / name).write_text(_PROGRAMS[how])
            (programs / name).chmod(0o755)
            start.environment["PATH"] = rng.choice((f"{programs}:{os.environ['PATH']}", str(programs), ""))
            return f"{name} {how}", start
        case "locale":
            start.environment |= rng.choice(
                (
                    {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
                    {"PYTHONIOENCODING": "ascii"},
                    {"PYTHONIOENCODING": "latin-1"},
                    {"PYTHONIOENCODING": "utf-16"},
                    {"TZ": "Pacific/Apia", "LANG": "tr_TR.UTF-8"},
                    {"COLUMNS": "1", "LINES": "1", "TERM": "dumb", "FORCE_COLOR": "1"},
                )
            )
            return "locale", start
        case "limit":
            which = rng.choice(("memory", "files", "setting", "stack"))
            if which == "memory":
                start.limits.append((resource.RLIMIT_AS, rng.choice((1_200, 1_600, 2_500)) * 2**20))
            elif which == "files":
                start.limits.append((resource.RLIMIT_NOFILE, rng.choice((8, 12, 16, 24, 64))))
            elif which == "stack":
                start.limits.append((resource.RLIMIT_STACK, 2**20))
            else:
                values = ("300MB", "1GB", "1MB", "many", "-1", "0", "9" * 400)
                start.environment["LOYALTY_MONITORING_MEMORY"] = rng.choice(values)
            return f"limit of {which}", start
        case "cut off":
            start.cut_off, start.after = True, rng.uniform(0.0, 1.0)
            return "a file is cut off while it is read", start
    return "none", start


def prepare(start: Start, out: int, error: int, input_file: Path | None) -> None:
    """In the child, before it becomes the command."""
    os.setsid()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)
    null = os.open(os.devnull, os.O_RDWR)
    source = null if start.stdin != "file" or input_file is None else os.open(input_file, os.O_RDONLY)
    if start.stdout == "full":
        out = os.open("/dev/full", os.O_WRONLY)
    elif start.stdout == "reader gone":
        reads, out = os.pipe()
        os.close(reads)
    os.dup2(source, 0)
    os.dup2(out, 1)
    os.dup2(error, 2)
    if start.stdin == "closed":
        os.close(0)
    if start.stdout == "closed":
        os.close(1)
    os.closerange(3, 256)
    for which, size in start.limits:
        resource.setrlimit(which, (size, size))
    if sys.platform == "linux":
        Path("/proc/self/oom_score_adj").write_text("500")
