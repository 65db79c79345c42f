"""The report as a folder of files that needs no server and no network."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from loyalty_monitoring.common.atomic_files import folder_beside, why
from loyalty_monitoring.common.errors import Position, UserError

ASSETS = Path(__file__).parent / "assets"
LIVE = "live/reload.js"  # only for pages that are served
_MARK = ".report"
_TEXT = "Written by `loyalty-monitoring report`, which replaces this folder as a whole.\n"


def write_site(files: Iterable[tuple[str, str]], out: Path) -> Path:
    """Write all files, as they come, and the drawing's own below `out`, in one step; returns the first page.

    A report that is there already is replaced. Errors: UserError when it is anything else, which stays as it was.
    """
    if out.exists() and not (out / _MARK).is_file() and (not out.is_dir() or any(out.iterdir())):
        raise UserError("is no report and would be overwritten; choose another folder with --out", Position(out))
    with ExitStack() as stack:
        with _writing(out):
            out.parent.mkdir(parents=True, exist_ok=True)
            aside = stack.enter_context(folder_beside(out.absolute()))
            new, old = aside / "new", aside / "old"
            shutil.copytree(ASSETS, new / "assets")
            (new / _MARK).write_text(_TEXT)
        for name, text in files:
            with _writing(out):
                file = new / name
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(text, encoding="utf-8", newline="\n")
        with _writing(out):
            if out.exists():
                os.rename(out, old)
            os.rename(new, out)
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


@contextmanager
def _writing(out: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise UserError(
            f"cannot be written ({why(error)}); choose another folder with --out", Position(error.filename or out)
        ) from error
