"""A room imports only the rooms below it: `make lint` holds .importlinter against the packages."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT

PACKAGES = ("loyalty_monitoring", "loyalty_simulation", "loyalty_telemetry")


def lint_imports(folder: Path) -> subprocess.CompletedProcess[str]:
    command = Path(sys.executable).with_name("lint-imports")
    # Beside the checkout's own package, the folder's must be the one that is looked at.
    return subprocess.run(
        [command, "--no-logo", "--no-cache"],
        cwd=folder,
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        timeout=120,
    )


@pytest.fixture
def packages(tmp_path: Path) -> Path:
    for package in PACKAGES:
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__", "assets"))
    shutil.copy(ROOT / ".importlinter", tmp_path)
    return tmp_path


def test_the_rooms_keep_to_their_floors(packages: Path) -> None:
    done = lint_imports(packages)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("module", "line"),
    [
        ("loyalty_monitoring/common/errors.py", "import loyalty_monitoring.definitions.model"),
        ("loyalty_monitoring/proof/alerts/cases.py", "import loyalty_monitoring.report.logs"),
        ("loyalty_monitoring/replay/run.py", "import duckdb"),
        ("loyalty_monitoring/replay/run.py", "import loyalty_simulation.clock"),
        ("loyalty_simulation/clock.py", "import loyalty_monitoring.definitions.model"),
        ("loyalty_telemetry/__init__.py", "import loyalty_monitoring.common.errors"),
        ("loyalty_monitoring/attic/__init__.py", ""),
    ],
)
def test_an_import_from_above_or_beside_breaks_a_contract(packages: Path, module: str, line: str) -> None:
    file = packages / module
    file.parent.mkdir(exist_ok=True)
    text = file.read_text() if file.exists() else ""
    file.write_text(f"{text}\n{line}\n")
    done = lint_imports(packages)
    assert done.returncode == 1, done.stdout + done.stderr
