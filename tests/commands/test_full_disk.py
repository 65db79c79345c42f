"""A disk that is full: every command that writes ends with one error, and leaves nothing half done.

The disk is a real one, of memory, where this process may mount it; elsewhere files must not grow beyond its size.
"""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from loyalty_monitoring.common.atomic_files import write_together
from loyalty_monitoring.common.errors import UserError
from tests.conftest import PROGRAM, PROJECT, ROOT

DAY = str(ROOT / "samples" / "2026-11-02.jsonl.gz")
EXAMPLE = ROOT / "examples" / "second_project"


@dataclass(frozen=True)
class Disk:
    """A small disk, and what a child process calls so that it is one."""

    folder: Path
    prepare: Callable[[], None]

    def left(self) -> list[str]:
        return sorted(str(one.relative_to(self.folder)) for one in self.folder.rglob("*"))


@contextmanager
def small_disk(folder: Path, size: int) -> Iterator[Disk]:
    folder.mkdir()
    mounted = (
        subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={size}", "none", str(folder)], capture_output=True, check=False
        ).returncode
        == 0
    )
    try:
        yield Disk(
            folder,
            (lambda: None) if mounted else lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size // 4, size // 4)),
        )
    finally:
        if mounted:
            subprocess.run(["umount", "--lazy", str(folder)], check=True)


def _run(disk: Disk, *arguments: str, folder: Path = PROJECT, **environment: str) -> str:
    """Return the command's one error."""
    done = subprocess.run(
        [PROGRAM, *arguments],
        cwd=folder,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        preexec_fn=disk.prepare,
        check=False,
    )
    assert done.returncode == 2, done.stderr
    assert done.stderr.count("\n") == 1
    assert "Traceback" not in done.stderr
    assert "should not have happened" not in done.stderr
    return done.stderr


@pytest.mark.parametrize(
    ("arguments", "size"),
    [
        (("points", DAY), 20_000),
        (("render",), 20_000),
        (("render", "--format", "terraform"), 20_000),
        (("runbooks",), 20_000),
        (("simulate", "--days", "1", "--merchants", "4", "--stores", "4"), 100_000),
        (("report", DAY), 300_000),
    ],
    ids=lambda value: " ".join(value[:3:2]) if isinstance(value, tuple) else None,
)
def test_what_is_written_to_a_full_disk_is_not_there_in_part(
    tmp_path: Path, arguments: tuple[str, ...], size: int
) -> None:
    with small_disk(tmp_path / "disk", size) as disk:
        error = _run(disk, *arguments, "--out", str(disk.folder / "out"))
        assert disk.left() == []
    assert "cannot be written" in error
    assert "No space left on device" in error or "File too large" in error


@pytest.mark.parametrize("command", ["replay", "prove", "cost"])
def test_a_full_disk_for_temporary_files_is_an_error_that_names_it(tmp_path: Path, command: str) -> None:
    arguments = {"replay": ("--no-cache", DAY), "prove": ("rate_limit_spike",), "cost": (DAY,)}[command]
    with small_disk(tmp_path / "disk", 100_000) as disk:
        error = _run(disk, command, *arguments, TMPDIR=str(disk.folder))
        assert disk.left() == []
    assert "TMPDIR" in error or "could not store" in error


def test_a_new_metric_is_written_with_all_its_files_or_none(tmp_path: Path) -> None:
    project = tmp_path / "project"
    shutil.copytree(EXAMPLE, project)
    before = {file: file.read_bytes() for file in project.rglob("*") if file.is_file()}
    wish = ("new", "metric", "misread", "--event", "scan_failed", "--row", "A1", "--label", "reason")
    made = subprocess.run([PROGRAM, *wish], cwd=project, capture_output=True, check=True)
    new = [file for file in project.rglob("*") if file.is_file() and before.get(file) != file.read_bytes()]
    sizes = sorted(file.stat().st_size for file in new)
    assert len(new) == made.stdout.count(b"wrote ") >= 2
    for file in new:
        file.unlink()
    for file, content in before.items():
        file.write_bytes(content)
    # The smallest fits.
    limit = sizes[0] + 1
    disk = Disk(project, lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)))
    assert "cannot be written" in _run(disk, *wish, folder=project)
    assert {file: file.read_bytes() for file in project.rglob("*") if file.is_file()} == before


def test_texts_that_are_written_together_are_all_there_or_none(tmp_path: Path) -> None:
    first, second = tmp_path / "a", tmp_path / "missing" / "b"
    first.write_text("old")
    with pytest.raises(UserError, match="cannot be written"):
        write_together({first: "new", second: "new"})
    assert [first.read_text(), *(one.name for one in tmp_path.iterdir())] == ["old", "a"]
    write_together({first: "new", tmp_path / "b": "other"})
    assert sorted(one.name for one in tmp_path.iterdir()) == ["a", "b"]
    assert (first.read_text(), (tmp_path / "b").read_text()) == ("new", "other")
