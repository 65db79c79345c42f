"""The story of the sample logs, as `make samples` tells it."""

from __future__ import annotations

import re
import shlex
from functools import cache

from loyalty_monitoring.commands.simulate import simulate_command
from loyalty_simulation.story import Story
from loyalty_simulation.timeline import parse_occurrence
from tests.conftest import ROOT


@cache
def sample_story() -> Story:
    """Read from the Makefile, so that nobody can tell it in two ways."""
    (recipe,) = re.findall(r"^\t\S+ simulate ((?:.*\\\n)*.*)", (ROOT / "Makefile").read_text(), re.MULTILINE)
    options = simulate_command.make_context("simulate", shlex.split(recipe.replace("\\\n", " "))).params
    return Story(
        options["days"],
        options["merchants"],
        options["stores"],
        options["seed"],
        options["start"],
        tuple(parse_occurrence(fault) for fault in options["faults"]),
        options["new_project"],
    )
