"""Makes what the project needs, on a machine with Python 3.11 or later and make; run by the Makefile.

    setup.py --packages    .venv with what runs the program and the commands: enough to deploy and to verify
    setup.py               that, and Prometheus with promtool in .local: enough to replay, to prove and to report
    setup.py --develop     that, what develops and tests the project, and a Redis server in .local
    setup.py --browser     that, and a browser in .local

Programs are taken from PATH where they are. On Debian and Ubuntu they are otherwise unpacked from the distribution's
packages, which needs no root and starts no service; elsewhere the message says how to get them.

What is downloaded is kept in ~/.cache/loyalty-monitoring (or below XDG_CACHE_HOME); with it, set-up works offline.
A run that was interrupted can be run again, and several at a time share the cache.
Only the standard library is used, since nothing else is there yet.
"""

from __future__ import annotations

import sys

if sys.version_info < (3, 11):
    sys.exit(
        f"setup: Python 3.11 or later is needed, this is {sys.version.split()[0]}; "
        "install a newer one, and name it where it is not python3: make PYTHON=python3.12 ..."
    )

import os
import shutil
import signal
import subprocess
from pathlib import Path

from browser import provide_browser
from cache import locked
from console import fail
from debian import UNPACKING, there_is_apt, unpack_debian_packages
from packages import LOCAL, VENV, provide_packages

# The program is in redis-tools, its name in redis-server; the libraries are those that few machines have.
REDIS = ("redis-server", "redis-tools", "libatomic1", "libjemalloc2", "liblzf1")
# Homebrew and Debian after 13 have 3.x, which evaluates differently: docs/replay-fidelity.md, Q5.
PROMETHEUS = (
    "Put prometheus and promtool 2.42 or a later 2.x on PATH: https://prometheus.io/download/. To deploy and to verify "
    "without them: make packages"
)
STEPS = ("--packages", "--programs", "--develop", "--browser")


def main(step: str = "--programs") -> None:
    if step not in STEPS:
        fail(f"{step} is none of {', '.join(STEPS)}")
    LOCAL.mkdir(exist_ok=True)
    with locked(LOCAL / ".lock", "Another set-up of this checkout is running; waiting for it"):
        for left in LOCAL.glob(f"{UNPACKING}*"):
            shutil.rmtree(left, ignore_errors=True)
        provide_packages(development=step in ("--develop", "--browser"))
        if step != "--packages":
            provide_prometheus()
        if step in ("--develop", "--browser"):
            provide_redis()
        if step == "--browser":
            provide_browser(LOCAL, VENV)


def provide_prometheus() -> None:
    folder = LOCAL / "prometheus"
    if have("prometheus", "promtool", folder=folder):
        return
    if not there_is_apt():
        fail(f"Prometheus and promtool are not on PATH, and replay needs them. {PROMETHEUS}")
    programs = ("usr/bin/prometheus", "usr/bin/promtool")
    unpack_debian_packages(("prometheus",), programs, folder, split_off=("promtool",))
    asked = subprocess.run([folder / "prometheus", "--version"], capture_output=True, text=True)
    if "version 2." not in asked.stdout:
        shutil.rmtree(folder)
        fail(f"this distribution has {asked.stdout.partition(' (')[0].strip()}, and replay needs a 2.x. {PROMETHEUS}")


def provide_redis() -> None:
    if have("redis-server", folder=LOCAL / "redis"):
        return
    if not there_is_apt():
        fail(
            "redis-server is not on PATH, and tests need it. macOS: brew install redis; others: "
            "https://redis.io/docs/latest/operate/oss_and_stack/install/. Nothing but `make test` needs it"
        )
    unpack_debian_packages(REDIS, ("usr/bin/redis-server", "usr/lib/*/lib*.so.*"), LOCAL / "redis")


def have(*programs: str, folder: Path) -> bool:
    places = os.pathsep.join([os.environ.get("PATH", ""), str(folder)])
    return all(shutil.which(program, path=places) for program in programs)


if __name__ == "__main__":
    # Children end with it, and what lies half-done aside is removed.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        main(*sys.argv[1:])
    except KeyboardInterrupt:
        print("setup: interrupted; run it again", file=sys.stderr)
        sys.exit(130)
    except OSError as error:
        fail(f"{error}; mend that (is the disk full?) and run it again")
