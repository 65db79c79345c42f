"""Debian's packages, unpacked into a folder: without root, without installing them, offline once downloaded."""

from __future__ import annotations

import contextlib
import hashlib
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

from cache import CACHE, downloaded
from console import fail, run, say

DEBS = CACHE / "debian"
UNPACKING = ".unpacking-"
STATUS = Path("/var/lib/dpkg/status")
RELEASE = Path("/etc/os-release")
# How `apt-get --print-uris` writes a file: 'ADDRESS' NAME SIZE ALGORITHM:HASH.
PRINTED = re.compile(r"^'[^']*' (\S+) (\d+) (SHA256|SHA512):([0-9a-f]+)$", re.MULTILINE)
CHECK_NETWORK = "check the network, refresh the lists with `apt-get update`, and run it again"


def there_is_apt() -> bool:
    return all(map(shutil.which, ("apt-get", "dpkg")))


class NoSuchPackage(Exception):
    """This machine's distribution does not have it."""


def unpack_debian_packages(
    names: tuple[str, ...], members: tuple[str, ...], target: Path, split_off: tuple[str, ...] = ()
) -> None:
    """Copy members (glob patterns) of Debian packages into `target`, without installing them.

    What `names` lack is looked for in `split_off`, packages that newer releases made of a part of them.
    """
    with aside(target) as folder:
        unpacked = folder / "unpacked"
        unpack(fetched(names), unpacked)
        if split_off and not all(any(unpacked.glob(member)) for member in members):
            unpack(fetched(split_off), unpacked)
        (folder / "wanted").mkdir()
        for member in members:
            found = list(unpacked.glob(member))
            if not found:
                fail(f"no {member} in Debian's {', '.join(names)}; install the program yourself and put it on PATH")
            for source in found:
                copy = shutil.copytree if source.is_dir() else shutil.copy2
                copy(source, folder / "wanted" / source.name)
        replace(target, folder / "wanted")


def fetched(names: tuple[str, ...]) -> list[Path]:
    key = hashlib.sha256(b"\0".join([RELEASE.read_bytes(), architecture(), *map(str.encode, names)])).hexdigest()[:16]
    try:
        return downloaded(DEBS / f"{names[0]}-{key}", lambda folder: download(names, folder, with_needed=False))
    except NoSuchPackage:
        fail(f"this distribution lacks one of the packages {', '.join(names)}; put the program itself on PATH")


def unpack_with_dependencies(names: tuple[str, ...], target: Path) -> bool:
    """Unpack packages and all that they need and this machine lacks, as a tree below `target`.

    False where the machine's distribution has no such package.
    """
    if not there_is_apt():
        return False
    # What is needed changes only with what is installed.
    key = hashlib.sha256(STATUS.read_bytes() + " ".join(names).encode()).hexdigest()[:16]
    try:
        debs = downloaded(DEBS / f"{names[0]}-{key}", lambda folder: download(names, folder, with_needed=True))
    except NoSuchPackage:
        return False
    with aside(target) as folder:
        unpack(debs, folder / "unpacked")
        replace(target, folder / "unpacked")
    return True


@contextlib.contextmanager
def aside(target: Path) -> Iterator[Path]:
    """Yield a folder beside `target`, in which that is made before it is put in place."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=UNPACKING, dir=target.parent) as folder:
        yield Path(folder)


def unpack(debs: list[Path], folder: Path) -> None:
    for deb in debs:
        run(["dpkg", "-x", str(deb), str(folder)], f"{deb} cannot be unpacked; is the disk full? Run it again")


def replace(target: Path, made: Path) -> None:
    shutil.rmtree(target, ignore_errors=True)
    made.rename(target)


def architecture() -> bytes:
    return subprocess.run(["dpkg", "--print-architecture"], capture_output=True).stdout


def download(names: tuple[str, ...], folder: Path, *, with_needed: bool) -> None:
    """Download packages into an empty folder, each compared with the size and hash in the signed package lists.

    The machine's lists may be missing or old; a plain user can fetch them into a folder of their own.
    Errors: NoSuchPackage.
    """
    say(f"Downloading Debian's {', '.join(names)}{' and what they need' if with_needed else ''} (once)")
    for options in package_lists():
        packages = needed(names, options) if with_needed else list(names)
        expected = printed(packages, options) if packages else {}
        # Root need not hand the work to a user who cannot write here.
        command = ["apt-get", "-qq", *options, "-o", "APT::Sandbox::User=", "download", *packages]
        if expected and subprocess.run(command, cwd=folder, stderr=subprocess.DEVNULL).returncode == 0:
            for name, (size, algorithm, digest) in expected.items():
                check_file(folder / name, size, algorithm, digest)
            return
    if not expected:
        raise NoSuchPackage
    fail(f"apt-get could not download {', '.join(packages)}; {CHECK_NETWORK}")


def check_file(file: Path, size: int, algorithm: str, digest: str) -> None:
    if not file.is_file() or file.stat().st_size == 0:
        fail(f"apt-get downloaded nothing for {file.name}; {CHECK_NETWORK}")
    with file.open("rb") as data:
        found = hashlib.file_digest(data, algorithm).hexdigest()
    if file.stat().st_size != size or found != digest:
        fail(f"{file.name} is not the file that the package lists describe; {CHECK_NETWORK}")


def package_lists() -> Iterator[list[str]]:
    """Yield options for apt-get: for the machine's lists, then for our own, which are fetched then."""
    yield []
    options = own_package_lists(DEBS / "lists")
    run(["apt-get", "-qq", *options, "update"], f"apt-get could not fetch the package lists; {CHECK_NETWORK}")
    yield options


def own_package_lists(folder: Path) -> list[str]:
    for part in ("lists/partial", "cache/archives/partial", "state"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    settings = {
        "Dir::State": folder / "state",
        "Dir::State::Lists": folder / "lists",
        "Dir::State::status": STATUS,
        "Dir::Cache": folder / "cache",
        "APT::Sandbox::User": "",
    }
    return [part for key, value in settings.items() for part in ("-o", f"{key}={value}")]


def needed(names: tuple[str, ...], options: list[str]) -> list[str]:
    """Return the packages that an installation would add, such as `chromium=156.0-1`; none where it is not possible."""
    command = ["apt-get", "-s", *options, "--no-install-recommends", "install", *names]
    done = subprocess.run(command, capture_output=True, text=True)
    found = re.findall(r"^Inst (\S+) (?:\[\S+\] )?\((\S+)", done.stdout, re.MULTILINE)
    return [f"{name}={version}" for name, version in found] if done.returncode == 0 else []


def printed(packages: list[str], options: list[str]) -> dict[str, tuple[int, str, str]]:
    """Return size, algorithm and hash of the packages' files, by the names under which apt-get writes them."""
    command = ["apt-get", "-qq", *options, "--print-uris", "download", *packages]
    done = subprocess.run(command, capture_output=True, text=True)
    return {
        name: (int(size), algorithm.lower(), digest) for name, size, algorithm, digest in PRINTED.findall(done.stdout)
    }
