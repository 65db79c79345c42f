"""Makes everything the project needs, on a Debian or Ubuntu machine with Python 3.11 or later and make.

- `.venv` with the packages of requirements.lock, each checked against its hash, and the project itself;
- `.local/prometheus` with Prometheus and promtool, and `.local/redis` with a Redis server for tests, unless they are on
  PATH: Debian's packages are unpacked, which needs no root and starts no service;
- with --browser: `.local/browser`, for the tests of the report.

What is downloaded is kept in ~/.cache/loyalty-monitoring (or below XDG_CACHE_HOME); with it, set-up works offline.
Only the standard library is used, since nothing else is there yet.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

from browser import provide_browser
from console import fail, run, say
from debian import CACHE, unpack_debian_packages

ROOT = Path(__file__).resolve().parents[1]
VENV, LOCAL = ROOT / ".venv", ROOT / ".local"
LOCK = ROOT / "requirements.lock"


def main() -> None:
    if sys.version_info < (3, 11):
        fail(f"Python 3.11 or later is needed, this is {sys.version.split()[0]}; install a newer python3")
    wanted = fingerprint()
    stamp = VENV / ".complete"
    if not (stamp.is_file() and stamp.read_text() == wanted):
        stamp.unlink(missing_ok=True)
        make_environment()
        stamp.write_text(wanted)
    if not have("prometheus", "promtool", folder=LOCAL / "prometheus"):
        unpack_debian_packages(("prometheus",), ("usr/bin/prometheus", "usr/bin/promtool"), LOCAL / "prometheus")
    if not have("redis-server", folder=LOCAL / "redis"):
        # The program is in redis-tools, its name in redis-server; the libraries are those that few machines have.
        packages = ("redis-server", "redis-tools", "libatomic1", "libjemalloc2", "liblzf1")
        unpack_debian_packages(packages, ("usr/bin/redis-server", "usr/lib/*/lib*.so.*"), LOCAL / "redis")
    if "--browser" in sys.argv[1:]:
        provide_browser(LOCAL, VENV)


def fingerprint() -> str:
    """What the environment depends on: a change in it makes the set-up run again."""
    parts = (LOCK.read_bytes(), (ROOT / "pyproject.toml").read_bytes(), sys.version.encode(), str(ROOT).encode())
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


def make_environment() -> None:
    say("Making .venv")
    shutil.rmtree(VENV, ignore_errors=True)
    pip = pip_of_new_environment()
    wheels = CACHE / "wheels" / f"{sys.implementation.cache_tag}-{hashlib.sha256(LOCK.read_bytes()).hexdigest()[:16]}"
    if not (wheels / ".complete").is_file():
        say("Downloading the packages of requirements.lock (about 240 MB, once)")
        partial = wheels.with_suffix(".partial")
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        run(
            [*pip, "download", "-q", "--no-deps", "--only-binary=:all:", "--require-hashes", "-r", str(LOCK), "-d", str(partial)],
            "pip could not download the packages; check the network, or PIP_INDEX_URL where a mirror is used, and run "
            "`make setup` again",
        )
        (partial / ".complete").touch()
        shutil.rmtree(wheels, ignore_errors=True)
        partial.rename(wheels)
    say("Installing the packages")
    offline = ["--quiet", "--no-index", "--find-links", str(wheels)]
    run(
        [*pip, "install", *offline, "--no-deps", "--require-hashes", "-r", str(LOCK)],
        f"pip could not install the packages; remove {wheels} and run `make setup` again",
    )
    run(
        [*pip, "install", *offline, "--no-deps", "--no-build-isolation", "--editable", str(ROOT)],
        "pip could not install the project itself; its message above says why",
    )


def pip_of_new_environment() -> list[str]:
    """Makes the empty environment; returns the command that is its pip."""
    python = str(VENV / "bin" / "python")
    made = subprocess.run([sys.executable, "-m", "venv", str(VENV)], capture_output=True, text=True)
    if made.returncode == 0:
        return [python, "-m", "pip"]
    # Debian keeps what venv needs to install pip in a package of its own; pip's wheel can also run as it is.
    say("This Python cannot install pip by itself; using Debian's pip")
    shutil.rmtree(VENV, ignore_errors=True)
    run([sys.executable, "-m", "venv", "--without-pip", str(VENV)], "python3 -m venv failed; install python3-venv")
    folder = LOCAL / "pip"
    if not folder.is_dir():
        unpack_debian_packages(("python3-pip-whl",), ("usr/share/python-wheels",), folder)
    wheel = next((folder / "python-wheels").glob("pip-*.whl"))
    return [python, str(wheel / "pip")]


def have(*programs: str, folder: Path) -> bool:
    places = os.pathsep.join([os.environ.get("PATH", ""), str(folder)])
    return all(shutil.which(program, path=places) for program in programs)


if __name__ == "__main__":
    main()
