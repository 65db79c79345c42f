"""Makes everything the project needs, on a Debian or Ubuntu machine with Python 3.11 or later and make.

- `.venv` with the packages of requirements.lock, each checked against its hash, and the project itself;
- `.local/prometheus` with Prometheus and promtool, and `.local/redis` with a Redis server for tests, unless they are on
  PATH: Debian's packages are unpacked, which needs no root and starts no service.

What is downloaded is kept in ~/.cache/loyalty-monitoring (or below XDG_CACHE_HOME); with it, set-up works offline.
Only the standard library is used, since nothing else is there yet.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
VENV, LOCAL = ROOT / ".venv", ROOT / ".local"
LOCK = ROOT / "requirements.lock"
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "loyalty-monitoring"


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
        say("Downloading the packages of requirements.lock (about 150 MB, once)")
        partial = wheels.with_suffix(".partial")
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        run(
            [*pip, "download", "-q", "--only-binary=:all:", "--require-hashes", "-r", str(LOCK), "-d", str(partial)],
            "pip could not download the packages; check the network, or PIP_INDEX_URL where a mirror is used, and run "
            "`make setup` again",
        )
        (partial / ".complete").touch()
        shutil.rmtree(wheels, ignore_errors=True)
        partial.rename(wheels)
    say("Installing the packages")
    offline = ["--quiet", "--no-index", "--find-links", str(wheels)]
    run(
        [*pip, "install", *offline, "--require-hashes", "-r", str(LOCK)],
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


def unpack_debian_packages(names: tuple[str, ...], members: tuple[str, ...], target: Path) -> None:
    """Copies members (glob patterns) of Debian packages into `target`, without installing them."""
    debs = CACHE / "debian"
    debs.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=debs) as unpacked:
        for name in names:
            if not list(debs.glob(f"{name}_*.deb")):
                download_debian_package(name, debs)
            deb = sorted(debs.glob(f"{name}_*.deb"))[-1]
            run(["dpkg", "-x", str(deb), unpacked], f"{deb} cannot be unpacked; remove it and run `make setup` again")
        partial = target.with_suffix(".partial")
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        for member in members:
            found = list(Path(unpacked).glob(member))
            if not found:
                fail(f"no {member} in Debian's {', '.join(names)}; install the program yourself and put it on PATH")
            for source in found:
                copy = shutil.copytree if source.is_dir() else shutil.copy2
                copy(source, partial / source.name)
        shutil.rmtree(target, ignore_errors=True)
        partial.rename(target)


def download_debian_package(name: str, debs: Path) -> None:
    if not shutil.which("apt-get"):
        fail(f"Debian's package {name} is needed, and there is no apt-get; put what it holds on PATH")
    say(f"Downloading Debian's package {name}")
    with tempfile.TemporaryDirectory(dir=debs) as folder:
        options: list[str] = []
        command = ["apt-get", "-qq", "download", name]
        if subprocess.run(command, cwd=folder, capture_output=True).returncode:
            # The machine's package lists are missing or old; a plain user can fetch them into a folder of their own.
            options = own_package_lists(debs / "lists")
            remedy = "check the network and run `make setup` again, or install it with: apt-get install " + name
            run(["apt-get", "-qq", *options, "update"], f"apt-get could not fetch the package lists; {remedy}")
            run(["apt-get", "-qq", *options, "download", name], f"apt-get could not download {name}; {remedy}", folder)
        for deb in Path(folder).glob("*.deb"):
            # A colon in the version arrives as %3a; the name is only looked up by its beginning.
            shutil.move(str(deb), str(debs / deb.name))


def own_package_lists(folder: Path) -> list[str]:
    for part in ("lists/partial", "cache/archives/partial", "state"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    settings = {
        "Dir::State": folder / "state",
        "Dir::State::Lists": folder / "lists",
        "Dir::State::status": "/var/lib/dpkg/status",
        "Dir::Cache": folder / "cache",
        "APT::Sandbox::User": "",
    }
    return [part for key, value in settings.items() for part in ("-o", f"{key}={value}")]


def run(command: list[str], remedy: str, folder: str | None = None) -> None:
    if subprocess.run(command, cwd=folder).returncode:
        fail(remedy)


def say(text: str) -> None:
    print(f"setup: {text}", flush=True)


def fail(text: str) -> None:
    print(f"setup: {text}", file=sys.stderr)
    sys.exit(1)


if __name__ == "__main__":
    main()
