"""`.venv` is what the lock files say, whatever the index offers by now."""

from __future__ import annotations

import functools
import hashlib
import os
import re
import shutil
import subprocess
import sys
import threading
import tomllib
import zipfile
from collections.abc import Iterator, Mapping
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.conftest import ROOT

PYPROJECT = """
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]

[project]
name = "program"
version = "1"
"""
# Builds the wheel of an editable install, without any package.
BACKEND = """
import zipfile

def build_editable(folder, config_settings=None, metadata_directory=None):
    with zipfile.ZipFile(f"{folder}/program-1-py3-none-any.whl", "w") as wheel:
        wheel.writestr("program-1.dist-info/METADATA", "Metadata-Version: 2.1\\nName: program\\nVersion: 1\\n")
        wheel.writestr("program-1.dist-info/WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        wheel.writestr("program-1.dist-info/RECORD", "")
    return "program-1-py3-none-any.whl"
"""


class Index:
    """A package index in a folder, in the form that pip reads (packaging.python.org, simple repository API)."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.url = ""
        self.asked: list[str] = []

    def add(self, name: str, version: str, *requires: str, extras: str = "") -> str:
        """Adds a wheel; returns its line in a lock file."""
        folder = self.folder / name
        folder.mkdir(parents=True, exist_ok=True)
        lines = [f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}"]
        lines += [f"Provides-Extra: {extra}" for extra in extras.split()]
        lines += [f"Requires-Dist: {required}" for required in requires]
        info = f"{name}-{version}.dist-info"
        with zipfile.ZipFile(folder / f"{name}-{version}-py3-none-any.whl", "w") as wheel:
            wheel.writestr(f"{name}.py", f"VERSION = {version!r}\n")
            wheel.writestr(f"{info}/METADATA", "\n".join(lines) + "\n")
            wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
            wheel.writestr(f"{info}/RECORD", "")
        files = sorted(folder.glob("*.whl"))
        links = [f'<a href="{file.name}#sha256={_sha256(file)}">{file.name}</a>' for file in files]
        (folder / "index.html").write_text("<!DOCTYPE html><html><body>" + "\n".join(links) + "</body></html>")
        return f"{name}=={version} --hash=sha256:{_sha256(folder / f'{name}-{version}-py3-none-any.whl')}\n"


def _sha256(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


@pytest.fixture
def index(tmp_path: Path) -> Iterator[Index]:
    index = Index(tmp_path / "simple")
    index.folder.mkdir()

    class Handler(SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:
            index.asked.append(self.path)

    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, directory=str(tmp_path)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    index.url = f"http://127.0.0.1:{server.server_port}/simple"
    yield index
    server.shutdown()


@pytest.fixture
def project(tmp_path: Path, index: Index) -> Path:
    """A project with the set-up's tools, and locks of five packages. One needs another's extra, as google-auth's."""
    project = tmp_path / "project"
    shutil.copytree(ROOT / "tools", project / "tools", ignore=shutil.ignore_patterns("__pycache__"))
    if (ROOT / ".local" / "pip").is_dir():  # where Python cannot install pip by itself
        shutil.copytree(ROOT / ".local" / "pip", project / ".local" / "pip")
    (project / "pyproject.toml").write_text(PYPROJECT)
    (project / "backend.py").write_text(BACKEND)
    runtime = [
        index.add("client", "1.0", "login[tls]>=1"),
        index.add("login", "1.0", "ciphers>=1 ; extra == 'tls'", extras="tls"),
        index.add("ciphers", "1.0"),
    ]
    development = [index.add("checker", "1.0", "client", "colours"), index.add("colours", "1.0")]
    (project / "requirements.lock").write_text("".join(runtime))
    (project / "requirements-dev.lock").write_text("-r requirements.lock\n" + "".join(development))
    return project


def add_newer_releases(index: Index) -> None:
    """Of each package one; login's has an extra that needs what no lock names."""
    for name in ("client", "ciphers", "checker", "colours"):
        index.add(name, "2.0")
    index.add("login", "2.0", "ciphers>=2 ; extra == 'tls'", "novelty ; extra == 'tls'", extras="tls fast")
    index.add("novelty", "1.0")


def set_up(project: Path, index: Index, home: Path, *, development: bool = False) -> subprocess.CompletedProcess[str]:
    script = f"import sys; sys.path.insert(0, 'tools'); import packages; packages.provide_packages({development=})"
    environment: Mapping[str, str] = {
        **{key: value for key, value in os.environ.items() if not key.startswith("PIP_")},
        "HOME": str(home),
        "XDG_CACHE_HOME": str(home / ".cache"),
        "PIP_INDEX_URL": index.url,
        "PIP_CONFIG_FILE": os.devnull,
    }
    command = [sys.executable, "-c", script]
    return subprocess.run(command, cwd=project, env=environment, capture_output=True, text=True, check=False)


def installed(project: Path) -> list[str]:
    """Name and version of what is there, but for what Python's venv brings."""
    names = [folder.stem.replace("-", "==") for folder in project.glob(".venv/lib/*/site-packages/*.dist-info")]
    return sorted(name for name in names if not name.startswith(("pip==", "setuptools==", "program==")))


def test_a_deployment_installs_little_and_development_comes_on_top_whatever_is_newer(
    project: Path, index: Index, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    add_newer_releases(index)
    done = set_up(project, index, home)
    assert done.returncode == 0, done.stderr
    assert installed(project) == ["ciphers==1.0", "client==1.0", "login==1.0"]
    assert not [path for path in index.asked if "checker" in path or "colours" in path]
    index.asked.clear()
    done = set_up(project, index, home, development=True)
    assert done.returncode == 0, done.stderr
    assert installed(project) == ["checker==1.0", "ciphers==1.0", "client==1.0", "colours==1.0", "login==1.0"]
    assert not [path for path in index.asked if "client" in path], "nothing is downloaded twice"
    assert set_up(project, index, home).stdout == "", "what is there for development stays"
    # And once more without any index.
    shutil.rmtree(project / ".venv")
    shutil.rmtree(index.folder)
    done = set_up(project, index, home, development=True)
    assert done.returncode == 0, done.stderr
    assert len(installed(project)) == 5


def test_a_file_with_another_hash_than_the_locks_is_refused(project: Path, index: Index, tmp_path: Path) -> None:
    lock = project / "requirements.lock"
    lock.write_text(re.sub(r"(login==1.0 --hash=sha256:)\w+", rf"\g<1>{'0' * 64}", lock.read_text()))
    done = set_up(project, index, tmp_path / "home")
    assert done.returncode == 1
    assert "pip could not download the packages" in done.stderr
    assert not (project / ".venv" / ".complete").exists()


def test_packages_that_do_not_fit_each_other_are_an_error(project: Path, index: Index, tmp_path: Path) -> None:
    lock = project / "requirements.lock"
    lock.write_text("".join(line for line in lock.read_text().splitlines(True) if not line.startswith("login")))
    done = set_up(project, index, tmp_path / "home")
    assert done.returncode == 1
    assert "do not fit each other; mend it with `make lock`" in done.stderr
    assert "client 1.0 requires login" in done.stderr


# --- the locks themselves


NAMES = ("requirements.lock", "requirements-dev.lock")


def pins(name: str) -> list[str]:
    return re.findall(r"^([a-z0-9-]+)(?:\[.*?\])?==", (ROOT / name).read_text(), re.MULTILINE)


def test_the_second_lock_comes_on_top_of_the_first() -> None:
    assert (ROOT / "requirements-dev.lock").read_text().startswith("-r requirements.lock\n")
    both = [re.findall(r"^[a-z0-9].*==.*", (ROOT / name).read_text(), re.MULTILINE) for name in NAMES]
    assert not set(both[0]) & set(both[1]), "one is in both only where it is needed on more machines for development"
    versions = [dict(re.findall(r"^([a-z0-9-]+).*?==(\S+)", "\n".join(lines), re.MULTILINE)) for lines in both]
    for name in versions[0].keys() & versions[1].keys():
        assert versions[0][name] == versions[1][name]


def test_the_locks_hold_what_the_project_names() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())

    def names(requirements: list[str]) -> set[str]:
        found = {re.split(r"[<>=\[ ;]", required)[0].replace(".", "-") for required in requirements}
        return found - {project["project"]["name"]}

    extras = project["project"]["optional-dependencies"]
    runtime = names([*project["project"]["dependencies"], *project["build-system"]["requires"], *extras["simulation"]])
    assert runtime <= set(pins("requirements.lock"))
    development = names(extras["dev"])
    assert development <= {*pins("requirements.lock"), *pins("requirements-dev.lock")}


def test_what_only_tests_need_is_not_in_the_first_lock() -> None:
    assert not {"bqemulator", "playwright", "pytest", "mypy", "pip-audit", "redis"} & set(pins("requirements.lock"))


def test_pulumi_install_takes_the_first_lock() -> None:
    lines = [line for line in (ROOT / "requirements.txt").read_text().splitlines() if not line.startswith("#")]
    assert lines == ["-r requirements.lock"]
