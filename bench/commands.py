"""Run a command as a stranger does, and measure it: seconds of CPU and memory of it and of what it starts."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from bench.child import ROOT

PROGRAM = str(Path(sys.executable).with_name("loyalty-monitoring"))
_FOLDERS = ("alert_policies", "dashboards", "log_metrics", "runbooks", "tests/cases")


@dataclass(frozen=True)
class Measured:
    """`cpu` is user and system time, `megabytes` the most that one process held."""

    seconds: float
    cpu: float
    megabytes: int


def measured(*arguments: str, folder: Path = ROOT, cache: Path | None = None) -> Measured:
    """Run `loyalty-monitoring` in a project. Without a cache nothing is kept. Errors: CalledProcessError."""
    environment = {**os.environ, "LOYALTY_MONITORING_CACHE_SIZE": "0" if cache is None else "4GiB"}
    environment["LOYALTY_MONITORING_CACHE"] = str(cache)
    started = time.perf_counter()
    command = [PROGRAM, *arguments]
    with subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.DEVNULL) as process:
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    kilobytes = usage.ru_maxrss // (1024 if sys.platform == "darwin" else 1)
    return Measured(time.perf_counter() - started, usage.ru_utime + usage.ru_stime, kilobytes // 1024)


def copy_of_project(folder: Path) -> Path:
    """Copy the definitions, and return the folder."""
    for name in _FOLDERS:
        shutil.copytree(ROOT / name, folder / name)
    for file in ROOT.glob("*.yaml"):
        shutil.copy(file, folder)
    return folder


def change(file: Path, old: str, new: str) -> None:
    """Replace a text that is there. Errors: ValueError when it is not."""
    text = file.read_text(encoding="utf-8")
    if old not in text:
        raise ValueError(f"{file} has no {old!r} any more; say another change here")
    file.write_text(text.replace(old, new), encoding="utf-8")
