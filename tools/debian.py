"""Debian's packages, unpacked into a folder: without root, without installing them, offline once downloaded."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from console import fail, run, say

CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "loyalty-monitoring"
STATUS = Path("/var/lib/dpkg/status")


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


def unpack_with_dependencies(names: tuple[str, ...], target: Path) -> bool:
    """Unpacks packages and all that they need and this machine lacks, as a tree below `target`.

    False where the machine's distribution has no such package.
    """
    if not shutil.which("apt-get"):
        return False
    # What is needed changes only with what is installed.
    wanted = hashlib.sha256(STATUS.read_bytes() + " ".join(names).encode()).hexdigest()[:16]
    debs = CACHE / "debian" / f"{names[0]}-{wanted}"
    if not (debs / ".complete").is_file():
        options = usable_lists(names[0])
        if options is None:
            return False
        download_all(needed(names, options), options, debs)
    partial = target.with_suffix(".partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    for deb in sorted(debs.glob("*.deb")):
        run(["dpkg", "-x", str(deb), str(partial)], f"{deb} cannot be unpacked; remove {debs} and run it again")
    shutil.rmtree(target, ignore_errors=True)
    partial.rename(target)
    return True


def usable_lists(name: str) -> list[str] | None:
    """Options for apt-get with which it knows the package: the machine's lists, or our own; None when neither does."""
    for fetch in (False, True):
        options = own_package_lists(CACHE / "debian" / "lists") if fetch else []
        if fetch:
            run(["apt-get", "-qq", *options, "update"], "apt-get could not fetch the package lists; check the network")
        if simulated((name,), options) is not None:
            return options
    return None


def simulated(names: tuple[str, ...], options: list[str]) -> str | None:
    command = ["apt-get", "-s", *options, "--no-install-recommends", "install", *names]
    done = subprocess.run(command, capture_output=True, text=True)
    return done.stdout if done.returncode == 0 else None


def needed(names: tuple[str, ...], options: list[str]) -> list[str]:
    """The packages that an installation would add, such as `chromium=156.0-1`."""
    found = simulated(names, options) or ""
    return [f"{name}={version}" for name, version in re.findall(r"^Inst (\S+) (?:\[\S+\] )?\((\S+)", found, re.M)]


def download_all(packages: list[str], options: list[str], folder: Path) -> None:
    say(f"Downloading {len(packages)} of Debian's packages (once)")
    partial = folder.with_suffix(".partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    remedy = "apt-get could not download them; check the network, refresh the lists with `apt-get update`, run it again"
    # Root need not hand the work to a user who cannot write here.
    run(["apt-get", "-qq", *options, "-o", "APT::Sandbox::User=", "download", *packages], remedy, str(partial))
    (partial / ".complete").touch()
    shutil.rmtree(folder, ignore_errors=True)
    partial.rename(folder)
