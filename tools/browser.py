"""A browser without a window, for the tests of the report's pages and for its pictures."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from console import run, say
from debian import unpack_with_dependencies

PROGRAMS = ("chromium-headless-shell", "chromium", "google-chrome")
FONTS = """<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "urn:fontconfig:fonts.dtd">
<fontconfig>
  <dir>{root}/usr/share/fonts</dir>
  <dir>/usr/share/fonts</dir>
  <cachedir>{root}/fontconfig</cachedir>
  <alias><family>system-ui</family><prefer><family>DejaVu Sans</family></prefer></alias>
  <alias><family>sans-serif</family><prefer><family>DejaVu Sans</family></prefer></alias>
</fontconfig>
"""
LAUNCHER = """#!/bin/sh
# Made by tools/setup.py: Debian's browser, unpacked beside this file with the libraries and fonts that it needs.
export LD_LIBRARY_PATH="{libraries}${{LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}}"
export FONTCONFIG_FILE="{root}/fonts.conf"
exec "{root}/usr/lib/chromium/chromium-headless-shell" "$@"
"""


def provide_browser(local: Path, venv: Path) -> None:
    """Make `.local/browser` the browser of the tests, unless it is there: the machine's own, or Debian's, unpacked.

    Where the distribution has no such package, as Ubuntu, Playwright fetches the same program.
    """
    browser = local / "browser"
    if browser.exists():
        return
    browser.unlink(missing_ok=True)
    local.mkdir(exist_ok=True)
    installed = next((found for name in PROGRAMS if (found := shutil.which(name)) and runs(found)), None)
    if installed:
        browser.symlink_to(installed)
        return
    root = local / "chromium"
    if unpack_with_dependencies(("chromium-headless-shell", "fonts-dejavu-core"), root):
        (root / "fonts.conf").write_text(FONTS.format(root=root))
        libraries = sorted({str(file.parent) for file in root.glob("usr/lib/**/*.so*")})
        launcher = root / "launcher"
        launcher.write_text(LAUNCHER.format(root=root, libraries=":".join(libraries)))
        launcher.chmod(0o755)
        browser.symlink_to(launcher)
        return
    say("This distribution has no package chromium-headless-shell; Playwright fetches it")
    os.environ["PLAYWRIGHT_BROWSERS_PATH"] = str(local / "playwright")
    run(
        [str(venv / "bin" / "playwright"), "install", "--only-shell", "chromium"],
        "Playwright could not fetch a browser; install Chromium or Chrome, put it on PATH and run `make test` again",
    )
    browser.symlink_to(next((local / "playwright").glob("chromium_headless_shell-*/chrome-linux*/headless_shell")))


def runs(program: str) -> bool:
    """Return whether the browser starts: Ubuntu's package is a stub that asks for another installer."""
    return subprocess.run([program, "--version"], capture_output=True).returncode == 0
