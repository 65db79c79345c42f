"""The check before a deployment, in a process of its own: the program that `pulumi up` runs needs no database.

`python -m loyalty_monitoring.checks.lint.separately FOLDER` takes settings from its standard input. It says the first
mistake on standard output and ends with 1 when a rule of severity error finds something.
"""

from __future__ import annotations

import pickle
import subprocess
import sys
from pathlib import Path

from loyalty_monitoring.common.errors import UserError
from loyalty_monitoring.definitions.settings import Settings


def refuse_errors_separately(root: Path, settings: Settings) -> None:
    """Raise UserError for the first mistake that a rule of severity error finds in the definitions below `root`."""
    command = [sys.executable, "-m", __name__, str(root)]
    folder = Path(__file__).resolve().parents[3]
    done = subprocess.run(command, input=pickle.dumps(settings), capture_output=True, cwd=folder, check=False)
    if done.returncode:
        output = (done.stdout or done.stderr).decode(errors="replace").strip()
        raise UserError(output or "the definitions could not be checked; run `loyalty-monitoring lint`")


def _main(root: Path) -> int:
    from loyalty_monitoring.checks.lint.run import refuse_errors
    from loyalty_monitoring.definitions.load import definitions_of, read_sources

    settings = pickle.load(sys.stdin.buffer)  # noqa: S301 - the process that started this one wrote it
    sources = read_sources(root)
    try:
        refuse_errors(sources, definitions_of(sources, settings))
    except UserError as error:
        print(error)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(_main(Path(sys.argv[1])))
