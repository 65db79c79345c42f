"""`.venv`, exactly as the lock files say: nothing is resolved, so a newer release of anything changes nothing.

pip is what every Python brings, and what people have told where their mirror is; it installs a lock as it is with
`--no-deps`. Whether the lock is whole, `pip check` says.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

from cache import CACHE, downloaded
from console import fail, run, say
from debian import there_is_apt, unpack_debian_packages

ROOT = Path(__file__).resolve().parents[1]
VENV, LOCAL = ROOT / ".venv", ROOT / ".local"
RUNTIME = ROOT / "requirements.lock"
DEVELOPMENT = ROOT / "requirements-dev.lock"
CHECK_NETWORK = "check the network, or PIP_INDEX_URL where a mirror is used, and run it again"


def provide_packages(*, development: bool) -> None:
    """Make `.venv` with the packages of the lock, or of both locks, and the project itself; quick when it is there.

    The packages for development come on top of the others, which are not installed twice.
    """
    runtime, both = fingerprint(RUNTIME), fingerprint(RUNTIME, DEVELOPMENT)
    stamp = VENV / ".complete"
    there = stamp.read_text().split() if stamp.is_file() else []
    if there == [runtime, both] or (there == [runtime] and not development):
        return
    # Without a stamp, what an interrupted run leaves is made anew.
    stamp.unlink(missing_ok=True)
    if there != [runtime]:
        say("Making .venv")
        install_into(empty_environment(), RUNTIME)
        install_project()
    if development:
        install_into(python_with_pip(), DEVELOPMENT)
    checked = subprocess.run([*python_with_pip(), "check"], capture_output=True, text=True)
    if checked.returncode:
        fail(f"the locked packages do not fit each other; mend it with `make lock`\n{checked.stdout}{checked.stderr}")
    stamp.write_text("\n".join([runtime, both] if development else [runtime]))


def fingerprint(*locks: Path) -> str:
    """Return what the environment depends on: a change in it makes the set-up run again."""
    files = [lock.read_bytes() for lock in locks] + [(ROOT / "pyproject.toml").read_bytes()]
    return hashlib.sha256(b"\0".join([*files, sys.version.encode(), str(ROOT).encode()])).hexdigest()


def install_into(pip: list[str], lock: Path) -> None:
    """Install the packages of one lock file, not of those that it includes; each file's hash is compared."""
    lines = [line for line in lock.read_text(encoding="utf-8").splitlines() if not line.startswith("-r ")]
    own = "\n".join(lines).encode()

    def download(folder: Path) -> None:
        say(f"Downloading the packages of {lock.name} (once)")
        requirements = folder / "requirements"
        requirements.write_bytes(own)
        run(
            [*pip, "download", *quietly, *hashed, "--only-binary=:all:", "-r", str(requirements), "-d", str(folder)],
            f"pip could not download the packages; {CHECK_NETWORK}",
        )
        if not any(folder.glob("*.whl")):
            fail(f"pip downloaded nothing for {lock.name}; {CHECK_NETWORK}")

    quietly = ["--quiet", "--disable-pip-version-check"]
    hashed = ["--no-deps", "--require-hashes"]
    key = hashlib.sha256(own).hexdigest()[:16]
    wheels = CACHE / "wheels" / f"{sys.implementation.cache_tag}-{key}"
    files = downloaded(wheels, download)
    say(f"Installing the packages of {lock.name}")
    # Most of the modules are never imported, so Python compiles those that are when they are.
    offline = ["--no-index", "--find-links", str(wheels), "--no-compile"]
    run(
        [*pip, "install", *quietly, *hashed, *offline, "-r", str(wheels / "requirements")],
        f"pip could not install the {len(files) - 1} packages in {wheels}; its message above says why",
    )


def install_project() -> None:
    options = ["--quiet", "--disable-pip-version-check", "--no-index", "--no-deps", "--no-build-isolation"]
    run(
        [*python_with_pip(), "install", *options, "--editable", str(ROOT)],
        "pip could not install the project itself; its message above says why",
    )


def python_with_pip() -> list[str]:
    return [str(VENV / "bin" / "python"), "-m", "pip"]


def empty_environment() -> list[str]:
    """Make the environment with nothing but pip; return the command that is its pip."""
    shutil.rmtree(VENV, ignore_errors=True)
    made = subprocess.run([sys.executable, "-m", "venv", str(VENV)], capture_output=True, text=True)
    if made.returncode == 0:
        return python_with_pip()
    if not there_is_apt():
        fail(f"{sys.executable} -m venv failed: {made.stderr or made.stdout}\nuse a Python that can, and run it again")
    # Debian keeps what venv needs to install pip in a package of its own; pip's wheel can install itself.
    say("This Python cannot install pip by itself; using Debian's pip")
    shutil.rmtree(VENV, ignore_errors=True)
    run([sys.executable, "-m", "venv", "--without-pip", str(VENV)], "python3 -m venv failed; install python3-venv")
    folder = LOCAL / "pip"
    if not folder.is_dir():
        unpack_debian_packages(("python3-pip-whl",), ("usr/share/python-wheels",), folder)
    wheel = next((folder / "python-wheels").glob("pip-*.whl"))
    python = str(VENV / "bin" / "python")
    run([python, str(wheel / "pip"), "install", "--quiet", "--no-index", str(wheel)], "Debian's pip does not run")
    return python_with_pip()
