"""Which Pythons and machines a locked package can be installed on, from the names of the index's files."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from pypi_simple import DistributionPackage

from tests.conftest import ROOT

sys.path.insert(0, str(ROOT / "tools"))

from wheels import LOCKS, MACHINES, PYTHONS, Pin, missing, read

HASH = "ab" * 32


def pin(line: str) -> Pin:
    from packaging.requirements import Requirement

    return Pin(Requirement(line), frozenset([HASH]))


def file(name: str, digest: str = HASH, python: str | None = None) -> DistributionPackage:
    kind = "wheel" if name.endswith(".whl") else "sdist"
    return DistributionPackage(
        filename=name,
        project="thing",
        version="1.0",
        package_type=kind,
        url=f"https://example.com/{name}",
        digests={"sha256": digest},
        requires_python=python,
        has_sig=None,
    )


def lacking(*files: DistributionPackage, line: str = "thing==1.0") -> list[tuple[str, int]]:
    return [(target.machine, target.python[1]) for target in missing(pin(line), list(files))]


def test_a_pure_wheel_is_for_every_python_and_machine() -> None:
    assert lacking(file("thing-1.0-py3-none-any.whl")) == []


def test_without_a_wheel_everything_is_missing() -> None:
    assert len(lacking(file("thing-1.0.tar.gz"))) == len(PYTHONS) * len(MACHINES)


def test_a_wheel_that_the_lock_has_no_hash_of_does_not_count() -> None:
    assert lacking(file("thing-1.0-py3-none-any.whl", "cd" * 32))


@pytest.mark.parametrize(
    ("name", "missing_on"),
    [
        ("thing-1.0-cp311-abi3-manylinux_2_17_x86_64.manylinux2014_x86_64.whl", {"Linux arm64", "macOS arm64"}),
        ("thing-1.0-cp311-abi3-manylinux_2_28_aarch64.whl", {"Linux x86_64", "macOS arm64"}),
        ("thing-1.0-cp311-abi3-macosx_11_0_arm64.whl", {"Linux x86_64", "Linux arm64"}),
        ("thing-1.0-cp311-abi3-macosx_10_9_universal2.whl", {"Linux x86_64", "Linux arm64"}),
        ("thing-1.0-cp311-abi3-musllinux_1_1_x86_64.whl", set(MACHINES)),
        ("thing-1.0-cp311-abi3-manylinux_2_39_x86_64.whl", set(MACHINES)),
    ],
)
def test_a_compiled_wheel_is_for_its_machine_and_for_newer_pythons(name: str, missing_on: set[str]) -> None:
    assert {machine for machine, _ in lacking(file(name))} == missing_on


def test_a_wheel_for_one_python_lacks_on_the_others() -> None:
    names = [
        "thing-1.0-cp312-cp312-manylinux_2_17_x86_64.whl",
        "thing-1.0-cp312-cp312-manylinux_2_17_aarch64.whl",
        "thing-1.0-cp312-cp312-macosx_11_0_arm64.whl",
    ]
    assert {python for _, python in lacking(*map(file, names))} == {11, 13, 14}


def test_a_marker_that_does_not_hold_needs_no_wheel() -> None:
    assert lacking(line="thing==1.0 ; sys_platform == 'win32'") == []
    assert {python for _, python in lacking(line="thing==1.0 ; python_full_version < '3.12'")} == {11}


def test_a_wheel_for_newer_pythons_only_is_missing_on_the_older() -> None:
    assert {python for _, python in lacking(file("thing-1.0-py3-none-any.whl", python=">=3.13"))} == {11, 12}


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_every_line_of_a_lock_is_read_with_its_hashes(lock: Path) -> None:
    pins = list(read(lock))
    assert len(pins) == sum("==" in line and not line.startswith((" ", "#")) for line in lock.read_text().splitlines())
    assert all(each.hashes for each in pins)
