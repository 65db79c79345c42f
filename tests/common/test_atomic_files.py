"""Files that appear whole or not at all."""

from __future__ import annotations

import gzip
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from loyalty_monitoring.common.atomic_files import appearing_whole
from loyalty_monitoring.common.errors import UserError
from tests.conftest import ROOT


def test_a_file_appears_when_the_block_ends(tmp_path: Path) -> None:
    file = tmp_path / "lines"
    with appearing_whole(file) as out:
        out.write(b"one")
        assert not file.exists()
    assert file.read_bytes() == b"one"


def test_the_same_is_packed_to_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a.gz", "b.gz"):
        with appearing_whole(tmp_path / name) as out:
            out.write(b"one")
    assert (tmp_path / "a.gz").read_bytes() == (tmp_path / "b.gz").read_bytes()
    assert gzip.decompress((tmp_path / "a.gz").read_bytes()) == b"one"


@pytest.mark.parametrize("name", ["lines", "lines.gz"])
def test_what_fails_leaves_what_was_there(tmp_path: Path, name: str) -> None:
    file = tmp_path / name
    file.write_bytes(b"before")

    def fail() -> None:
        with appearing_whole(file) as out:
            out.write(b"half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert file.read_bytes() == b"before"
    assert list(tmp_path.iterdir()) == [file]


def test_a_folder_that_is_not_there_is_an_error_with_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cannot be written: No such file or directory; choose another --keep"):
        appearing_whole(tmp_path / "missing" / "file", "choose another --keep").__enter__()


@pytest.mark.parametrize("name", ["lines", "lines.gz"])
def test_a_disk_that_is_full_is_an_error_and_leaves_nothing(tmp_path: Path, name: str) -> None:
    program = """
import resource, secrets, sys
from pathlib import Path
from loyalty_monitoring.common.errors import UserError
from loyalty_monitoring.common.atomic_files import appearing_whole
resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000))
try:
    with appearing_whole(Path(sys.argv[1]), "make room") as out:
        for _ in range(100):
            out.write(secrets.token_bytes(1000))
except UserError as error:
    print(error)
"""
    file = tmp_path / name
    done = subprocess.run(
        [sys.executable, "-c", program, str(file)], capture_output=True, text=True, cwd=ROOT, check=True
    )
    assert (done.stdout, done.stderr) == (f"{file}: cannot be written: File too large; make room\n", "")
    assert list(tmp_path.iterdir()) == []


_UNTIL_KILLED = """
import sys, time
from pathlib import Path
from loyalty_monitoring.common import atomic_files
with getattr(atomic_files, sys.argv[1])(Path(sys.argv[2])) as out:
    print("up", flush=True)
    time.sleep(60)
"""


@pytest.mark.parametrize("kind", ["appearing_whole", "folder_beside"])
def test_what_kill_9_left_is_removed_by_the_next_writer_and_what_a_living_one_writes_is_not(
    tmp_path: Path, kind: str
) -> None:
    file = tmp_path / "a[b]*.gz"
    command = [sys.executable, "-c", _UNTIL_KILLED, kind, str(file)]
    with (
        subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT) as killed,
        subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT) as living,
    ):
        for process in (killed, living):
            assert process.stdout
            assert process.stdout.readline() == b"up\n"
        killed.kill()
        killed.wait()
        assert len(list(tmp_path.iterdir())) == 2
        with appearing_whole(file) as out:
            out.write(b"whole")
        assert len([path for path in tmp_path.iterdir() if path.name.endswith(".partial")]) == 1
        living.kill()


@pytest.mark.parametrize("made", ["appearing_whole", "folder_beside"])
def test_a_command_that_does_not_end_by_itself_leaves_nothing_half_written(tmp_path: Path, made: str) -> None:
    hangs = f"""
import sys, time
from pathlib import Path
from loyalty_monitoring.common import interruption
from loyalty_monitoring.common.atomic_files import {made}

def command():
    with {made}(Path(sys.argv[1])):
        print("begun", flush=True)
        while True:
            try:
                time.sleep(60)
            except BaseException:
                pass

interruption.run(command)
"""
    command = [sys.executable, "-c", hangs, str(tmp_path / "lines")]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout
        process.stdout.readline()
        assert len(list(tmp_path.iterdir())) == 1
        process.terminate()
        _, said = process.communicate(timeout=60)
    assert (process.returncode, said) == (143, b"loyalty-monitoring: interrupted\n")
    assert list(tmp_path.iterdir()) == []


def test_writers_of_one_file_at_the_same_time_take_nothing_from_each_other(tmp_path: Path) -> None:
    def write_often(_: int) -> None:
        for _ in range(100):
            with appearing_whole(tmp_path / "same") as out:
                out.write(b"whole")

    with ThreadPoolExecutor(4) as writers:
        list(writers.map(write_often, range(4)))
    assert [file.read_bytes() for file in tmp_path.iterdir()] == [b"whole"]
