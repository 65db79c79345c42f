"""Asks the index whether each locked package has a wheel for each Python and machine below; prints what is missing.

A file counts only if its hash is in the lock, since nothing else is ever installed. The index is pip's default one, or
PIP_INDEX_URL (packaging.python.org/en/latest/specifications/simple-repository-api).
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import product
from pathlib import Path

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.tags import Tag, compatible_tags, cpython_tags, mac_platforms
from packaging.utils import parse_wheel_filename
from pypi_simple import PYPI_SIMPLE_ENDPOINT, DistributionPackage, PyPISimple

ROOT = Path(__file__).resolve().parents[1]
LOCKS = (ROOT / "requirements.lock", ROOT / "requirements-dev.lock")
PYTHONS = ((3, 11), (3, 12), (3, 13), (3, 14))
# The oldest system of each kind that counts: glibc 2.35 is Ubuntu 22.04's, and Debian 12 has a newer one.
GLIBC, MACOS = 35, (14, 0)
MACHINES = {
    "Linux x86_64": ("linux", "x86_64"),
    "Linux arm64": ("linux", "aarch64"),
    "macOS arm64": ("darwin", "arm64"),
}
CALLS_AT_ONCE = 8


@dataclass(frozen=True)
class Pin:
    """One line of a lock, such as `cffi==2.1.1 ; platform_python_implementation != 'PyPy'`, with its hashes."""

    requirement: Requirement
    hashes: frozenset[str]


@dataclass(frozen=True)
class Target:
    """One Python on one machine."""

    python: tuple[int, int]
    machine: str

    @property
    def version(self) -> str:
        return ".".join(map(str, self.python))

    def environment(self) -> dict[str, str]:
        """Return the variables of dependency specifiers (packaging.python.org, Environment markers)."""
        system, architecture = MACHINES[self.machine]
        return {
            "python_version": self.version,
            "python_full_version": f"{self.version}.99",
            "implementation_name": "cpython",
            "platform_python_implementation": "CPython",
            "os_name": "posix",
            "sys_platform": system,
            "platform_system": system.capitalize(),
            "platform_machine": architecture,
        }

    def tags(self) -> frozenset[Tag]:
        system, architecture = MACHINES[self.machine]
        if system == "darwin":
            platforms = list(mac_platforms(MACOS, architecture))
        else:
            platforms = [f"manylinux_2_{minor}_{architecture}" for minor in range(GLIBC, 4, -1)]
            platforms += [f"manylinux{year}_{architecture}" for year in (2014, 2010, 1)] + [f"linux_{architecture}"]
        interpreter = f"cp{self.python[0]}{self.python[1]}"
        return frozenset(
            [*cpython_tags(self.python, platforms=platforms), *compatible_tags(self.python, interpreter, platforms)]
        )


TARGETS = tuple(Target(python, machine) for machine, python in product(MACHINES, PYTHONS))


def main() -> None:
    pins = [pin for lock in LOCKS for pin in read(lock)]
    endpoint = os.environ.get("PIP_INDEX_URL") or PYPI_SIMPLE_ENDPOINT
    with PyPISimple(endpoint) as index, ThreadPoolExecutor(CALLS_AT_ONCE) as pool:
        pages = pool.map(lambda pin: index.get_project_page(pin.requirement.name).packages, pins)
        found = [(pin, missing(pin, files)) for pin, files in zip(pins, pages, strict=True)]
    for pin, targets in found:
        for machine in dict.fromkeys(target.machine for target in targets):
            pythons = ", ".join(target.version for target in targets if target.machine == machine)
            print(f"{pin.requirement.name}{pin.requirement.specifier}: no wheel for Python {pythons} on {machine}")
    lacking = sum(bool(targets) for _, targets in found)
    print(f"{len(pins)} locked packages, {len(TARGETS)} Pythons and machines: {lacking} without a wheel somewhere")


def read(lock: Path) -> Iterator[Pin]:
    """Yield the pins of one lock file, as uv writes them. Errors: SystemExit for a line of another form."""
    for entry in re.sub(r" \\\n", " ", lock.read_text(encoding="utf-8")).splitlines():
        if not entry.strip() or entry.lstrip().startswith(("#", "-r ")):
            continue
        requirement, *hashes = re.split(r"\s+--hash=sha256:", entry.split(" #")[0].strip())
        if not hashes:
            sys.exit(f"{lock}: no hash in the line: {entry}; write it with `make lock`")
        yield Pin(Requirement(requirement), frozenset(hashes))


def missing(pin: Pin, files: list[DistributionPackage]) -> list[Target]:
    """Return the Pythons and machines on which the pin is installed and has no wheel."""
    wheels = [
        (parse_wheel_filename(file.filename)[3], SpecifierSet(file.requires_python or ""))
        for file in files
        if file.package_type == "wheel" and (file.digests or {}).get("sha256") in pin.hashes
    ]
    return [
        target
        for target in TARGETS
        if wanted(pin, target)
        and not any(tags & target.tags() and f"{target.version}.99" in python for tags, python in wheels)
    ]


def wanted(pin: Pin, target: Target) -> bool:
    return pin.requirement.marker is None or pin.requirement.marker.evaluate(target.environment())


if __name__ == "__main__":
    main()
