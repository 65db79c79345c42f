"""The package stands alone: installed without this project, it imports, logs and is typed."""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

from tests.conftest import ROOT

PACKAGE = ROOT / "loyalty_telemetry"


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the wheel is unpacked, as pip does it."""
    folder = tmp_path_factory.mktemp("package")
    source = folder / "loyalty_telemetry"
    shutil.copytree(PACKAGE, source, ignore=shutil.ignore_patterns("__pycache__"))
    before = {file.name for file in source.iterdir()}
    code = f"from hatchling.build import build_wheel; build_wheel({str(folder)!r})"
    done = subprocess.run([sys.executable, "-c", code], cwd=source, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert {file.name for file in source.iterdir()} == before, "what builds it leaves nothing beside the files"
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as packed:
        packed.extractall(folder / "site")
    return folder / "site"


def test_all_modules_and_the_mark_that_it_is_typed_are_in_the_wheel(installed: Path) -> None:
    files = {file.name for file in (installed / "loyalty_telemetry").iterdir()}
    assert files == {file.name for file in PACKAGE.glob("*.py")} | {"py.typed"}


def test_it_works_where_this_project_is_not(installed: Path, tmp_path: Path) -> None:
    code = (
        "import sys; from loyalty_telemetry import *; from loyalty_telemetry import events; log_to_google_cloud();"
        "events.rate_limit_exceeded(store_id='s-1');"
        "sys.exit('loyalty_monitoring' in sys.modules or 'redis' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-W", "ignore::FutureWarning", "-c", code],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(installed)},
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert '"event": "rate_limit_exceeded"' in done.stdout


def test_it_needs_celery_and_googles_logging_and_nothing_else() -> None:
    project = tomllib.loads((PACKAGE / "pyproject.toml").read_text())["project"]
    assert project["dependencies"] == ["celery", "google-cloud-logging"]
    assert project["optional-dependencies"] == {"redis": ["celery[redis]", "redis"]}
    imported = {
        name.split(".")[0]
        for file in PACKAGE.glob("*.py")
        for node in ast.walk(ast.parse(file.read_text()))
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else []
        )
    }
    assert imported - sys.stdlib_module_names == {"celery", "google", "loyalty_telemetry"}
