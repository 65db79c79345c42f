"""Debian's packages arrive whole, or set-up says why not; with a stand-in for apt-get, and packages made here."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.conftest import ROOT

UNPACK = (
    "import sys; sys.path.insert(0, sys.argv[1])\n"
    "from debian import unpack_debian_packages\nfrom pathlib import Path\n"
    "wanted = tuple(f'usr/bin/{name}' for name in sys.argv[3:])\n"
    "unpack_debian_packages(('prog',), wanted, Path(sys.argv[2]), split_off=('tool',))\n"
)
# Answers as apt-get does: the file's place, name, size and hash, or the file itself, after a while.
APT_GET = """#!/bin/sh
echo "$*" >> {folder}/called
case "$*" in
  *--print-uris*) for name; do cat {folder}/printed/$name 2>/dev/null && found=1; done; [ "$found" ] || exit 100 ;;
  *download*) sleep {seconds}; for name; do cp {folder}/pool/${{name}}_*.deb . 2>/dev/null; done; exit 0 ;;
  *update*) exit 0 ;;
  *) exit 100 ;;
esac
"""

pytestmark = pytest.mark.skipif(
    not (shutil.which("dpkg-deb") and shutil.which("apt-get")),
    reason="only Debian's relatives unpack Debian's packages",
)


class Distribution:
    """A distribution with one package or more, and a user's cache of it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.cache = folder / "cache"
        (folder / "bin").mkdir(parents=True)
        self.slow(0)
        self.publish("2.9", "prog 2.9")

    def slow(self, seconds: float) -> None:
        program = self.folder / "bin" / "apt-get"
        program.write_text(APT_GET.format(folder=self.folder, seconds=seconds))
        program.chmod(0o755)

    def publish(self, version: str, text: str, name: str = "prog") -> None:
        tree, pool, printed = self.folder / "tree", self.folder / "pool", self.folder / "printed"
        shutil.rmtree(tree, ignore_errors=True)
        (tree / "DEBIAN").mkdir(parents=True)
        (tree / "DEBIAN" / "control").write_text(
            f"Package: {name}\nVersion: {version}\nArchitecture: all\nMaintainer: nobody\nDescription: nothing\n"
        )
        (tree / "usr" / "bin").mkdir(parents=True)
        (tree / "usr" / "bin" / name).write_text(text)
        (tree / "usr" / "bin" / name).chmod(0o755)
        for folder in (pool, printed):
            folder.mkdir(exist_ok=True)
        for older in pool.glob(f"{name}_*"):
            older.unlink()
        deb = pool / f"{name}_{version}_all.deb"
        subprocess.run(["dpkg-deb", "--build", str(tree), str(deb)], check=True, capture_output=True)
        digest = subprocess.run(["sha256sum", str(deb)], check=True, capture_output=True, text=True).stdout.split()[0]
        (printed / name).write_text(
            f"'http://example.com/{deb.name}' {deb.name} {deb.stat().st_size} SHA256:{digest}\n"
        )

    def start(self, target: Path, *programs: str) -> subprocess.Popen[str]:
        environment = {
            **os.environ,
            "PATH": f"{self.folder / 'bin'}{os.pathsep}{os.environ['PATH']}",
            "XDG_CACHE_HOME": str(self.cache),
        }
        command = [sys.executable, "-c", UNPACK, str(ROOT / "tools"), str(target), *(programs or ("prog",))]
        return subprocess.Popen(
            command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
        )

    def set_up(self, target: Path, *programs: str) -> tuple[int, str]:
        process = self.start(target, *programs)
        out, error = process.communicate(timeout=120)
        return process.returncode, out + error

    def calls(self, word: str) -> int:
        lines = (self.folder / "called").read_text().splitlines()
        return sum(word in line and "--print-uris" not in line for line in lines)

    def cached(self) -> Path:
        (deb,) = self.cache.rglob("prog_*.deb")
        return deb


@pytest.fixture
def distribution(tmp_path: Path) -> Distribution:
    return Distribution(tmp_path / "distribution")


@pytest.mark.parametrize("offset", [0.0, 0.2, 0.5, 0.9])
def test_two_set_ups_share_an_empty_cache_and_one_of_them_downloads(
    distribution: Distribution, tmp_path: Path, offset: float
) -> None:
    distribution.slow(1)
    first = distribution.start(tmp_path / "one" / "prog")
    time.sleep(offset)
    second = distribution.start(tmp_path / "two" / "prog")
    for process in (first, second):
        out, error = process.communicate(timeout=120)
        assert process.returncode == 0, out + error
    assert distribution.calls("download") == 1
    for name in ("one", "two"):
        assert (tmp_path / name / "prog" / "prog").read_text() == "prog 2.9"
        assert [path.name for path in (tmp_path / name).iterdir()] == ["prog"]


@pytest.mark.parametrize("damage", ["empty", "truncated", "changed"])
def test_a_damaged_package_of_the_cache_is_not_unpacked_but_downloaded_again(
    distribution: Distribution, tmp_path: Path, damage: str
) -> None:
    assert distribution.set_up(tmp_path / "one")[0] == 0
    deb = distribution.cached()
    whole = deb.read_bytes()
    deb.write_bytes({"empty": b"", "truncated": whole[:-5], "changed": whole[:-5] + b"xxxxx"}[damage])
    status, said = distribution.set_up(tmp_path / "two")
    assert (status, "is damaged, and is downloaded again" in said) == (0, True)
    assert deb.read_bytes() == whole
    assert (tmp_path / "two" / "prog").read_text() == "prog 2.9"


def test_a_download_of_nothing_says_so_and_leaves_nothing(distribution: Distribution, tmp_path: Path) -> None:
    shutil.rmtree(distribution.folder / "pool")
    status, said = distribution.set_up(tmp_path / "one")
    assert status == 1
    assert "downloaded nothing for prog_2.9_all.deb; check the network" in said
    assert "Traceback" not in said
    assert not [path for path in distribution.cache.rglob("*") if path.name != ".lock" and path.is_file()]


def test_a_download_with_another_hash_is_never_unpacked(distribution: Distribution, tmp_path: Path) -> None:
    (deb,) = (distribution.folder / "pool").iterdir()
    data = deb.read_bytes()
    deb.write_bytes(data[:-5] + b"xxxxx")
    status, said = distribution.set_up(tmp_path / "one")
    assert status == 1
    assert "prog_2.9_all.deb is not the file that the package lists describe" in said
    assert not (tmp_path / "one").exists()
    deb.write_bytes(data)
    assert distribution.set_up(tmp_path / "one")[0] == 0


def test_a_package_that_no_list_has_is_an_error_with_a_remedy(distribution: Distribution, tmp_path: Path) -> None:
    (distribution.folder / "printed" / "prog").unlink()
    status, said = distribution.set_up(tmp_path / "one")
    assert status == 1
    assert "this distribution lacks one of the packages prog; put the program itself on PATH" in said
    assert distribution.calls("update") == 1, "our own lists were tried as well"


def test_a_program_that_newer_releases_split_off_is_taken_from_its_own_package(
    distribution: Distribution, tmp_path: Path
) -> None:
    """Debian 14 has promtool in a package of its own; before, it is in prometheus."""
    distribution.publish("3.5", "tool 3.5", "tool")
    assert distribution.set_up(tmp_path / "one", "prog", "tool")[0] == 0
    assert (tmp_path / "one" / "tool").read_text() == "tool 3.5"
    assert distribution.calls("download") == 2
    assert distribution.set_up(tmp_path / "two", "prog")[0] == 0
    assert distribution.calls("download") == 2, "nothing is fetched that nobody needs"


def test_a_program_that_no_package_has_is_an_error_with_a_remedy(distribution: Distribution, tmp_path: Path) -> None:
    distribution.publish("3.5", "tool 3.5", "tool")
    status, said = distribution.set_up(tmp_path / "one", "prog", "other")
    assert status == 1
    assert "no usr/bin/other in Debian's prog; install the program yourself and put it on PATH" in said
    assert not (tmp_path / "one").exists()


def test_the_version_is_the_one_that_the_lists_name(distribution: Distribution, tmp_path: Path) -> None:
    """Not the last one by text: 2.9 sorts behind 2.10."""
    assert distribution.set_up(tmp_path / "one")[0] == 0
    shutil.rmtree(distribution.cache)
    distribution.publish("2.10", "prog 2.10")
    assert distribution.set_up(tmp_path / "two")[0] == 0
    assert (tmp_path / "two" / "prog").read_text() == "prog 2.10"


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_a_set_up_that_was_interrupted_can_simply_be_run_again(
    distribution: Distribution, tmp_path: Path, how: signal.Signals
) -> None:
    distribution.slow(30)
    process = distribution.start(tmp_path / "one")
    deadline = time.monotonic() + 60
    while not list(distribution.cache.rglob(".downloading-*")) and time.monotonic() < deadline:
        time.sleep(0.05)
    os.killpg(process.pid, how)
    process.communicate(timeout=60)
    distribution.slow(0)
    status, said = distribution.set_up(tmp_path / "one")
    assert status == 0, said
    assert (tmp_path / "one" / "prog").read_text() == "prog 2.9"
    assert not list(distribution.cache.rglob(".downloading-*"))


PROVIDE = (
    "import sys; sys.path.insert(0, sys.argv[1])\nimport setup\n"
    "setup.LOCAL = setup.Path(sys.argv[2])\nsetup.have = lambda *_, folder: False  # on PATH\n"
    "setup.provide_prometheus()\n"
)


@pytest.mark.parametrize(("version", "status"), [("2.53.3", 0), ("3.5.3", 1)])
def test_a_prometheus_that_replay_would_refuse_is_refused_by_set_up(
    distribution: Distribution, tmp_path: Path, version: str, status: int
) -> None:
    distribution.publish(version, f"#!/bin/sh\necho 'prometheus, version {version} (branch: x)'\n", "prometheus")
    distribution.publish(version, "", "promtool")
    path = os.pathsep.join([str(distribution.folder / "bin"), "/usr/bin", "/bin"])
    command = [sys.executable, "-c", PROVIDE, str(ROOT / "tools"), str(tmp_path / "local")]
    environment = {"PATH": path, "XDG_CACHE_HOME": str(distribution.cache)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == status, done.stderr
    assert (tmp_path / "local" / "prometheus" / "prometheus").exists() == (status == 0)
    told = "this distribution has prometheus, version 3.5.3, and replay needs a 2.x. Put prometheus and promtool 2.42"
    assert (told in done.stderr) == (status == 1)


def test_without_apt_get_the_message_says_how_to_get_prometheus(tmp_path: Path) -> None:
    command = [sys.executable, "-c", PROVIDE, str(ROOT / "tools"), str(tmp_path)]
    done = subprocess.run(command, env={"PATH": str(tmp_path)}, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    for words in ("2.42 or a later 2.x", "https://prometheus.io/download/", "make packages"):
        assert words in done.stderr
