"""The report as a folder of files that needs no server and no network."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from loyalty_monitoring.common.atomic_files import folder_beside, why
from loyalty_monitoring.common.errors import Position, UserError

ASSETS = Path(__file__).parent / "assets"
LIVE = "live/reload.js"  # only for pages that are served
_MARK = ".report"
_TEXT = "Written by `loyalty-monitoring report`, which replaces this folder as a whole.\n"


def write_site(files: Mapping[str, str], out: Path) -> Path:
    """Write all files and the drawing's own below `out`, in one step; returns the first page.

    A report that is there already is replaced. Errors: UserError when it is anything else, which stays as it was.
    """
    if out.exists() and not (out / _MARK).is_file() and (not out.is_dir() or any(out.iterdir())):
        raise UserError("is no report and would be overwritten; choose another folder with --out", Position(out))
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with folder_beside(out.absolute()) as aside:
            new, old = aside / "new", aside / "old"
            _fill(new, files)
            if out.exists():
                os.rename(out, old)
            os.rename(new, out)
    except OSError as error:
        raise UserError(
            f"cannot be written ({why(error)}); choose another folder with --out", Position(error.filename or out)
        ) from error
    return out / "index.html"


def scripts() -> Sequence[str]:
    """Return the drawing's scripts, in the order in which they load; each uses what stands before it."""
    own = "units time series dom colours chart incidents widgets layout controls page runbook"
    return ["vendor/echarts.min.js", *(f"{name}.js" for name in own.split())]


def file_name(name: str, taken: Iterable[str]) -> str:
    """Return a name that is safe in every file system and in a link, and is not taken."""
    plain = re.sub(r"[^a-z0-9_-]+", "-", name.lower()).strip("-")[:80] or "page"
    others = set(taken)
    number = 2
    found = plain
    while found in others:
        found, number = f"{plain}-{number}", number + 1
    return found


def _fill(folder: Path, files: Mapping[str, str]) -> None:
    shutil.copytree(ASSETS, folder / "assets")
    (folder / _MARK).write_text(_TEXT)
    for name, text in files.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8", newline="\n")
