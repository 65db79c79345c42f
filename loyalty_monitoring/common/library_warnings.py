"""Warnings of libraries that whoever types a command cannot act upon."""

from __future__ import annotations

import sys
import warnings


def silence() -> None:
    """Keep Google's libraries from saying on standard error that this Python will be too old for them one day.

    From a year before a Python's end of life on, they warn whoever imports them (google.api_core, FutureWarning).
    docs/reliability.md says which Pythons are supported until when; the tests import the libraries without this, and
    show what they say in their summary. Whoever asks Python for warnings, by -W or PYTHONWARNINGS, gets them.
    """
    if not sys.warnoptions:
        warnings.filterwarnings("ignore", category=FutureWarning, module=r"google\.")
