"""The project that a command works on, and how it shows its progress."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from loyalty_monitoring.common.errors import Position, UserError

if TYPE_CHECKING:
    from loyalty_monitoring.definitions.model import Definitions
    from loyalty_monitoring.definitions.settings import Settings


def load_stack(stack: str, project: str | None = None) -> tuple[Settings, Definitions]:
    from loyalty_monitoring.definitions.load import load_definitions
    from loyalty_monitoring.definitions.settings import in_project, load_stack_settings

    root = project_root()
    settings = load_stack_settings(root, stack)
    if project is not None:
        settings = in_project(settings, project)
    return settings, load_definitions(root, settings)


def project_root() -> Path:
    """The nearest folder, from the current one up, that holds a Pulumi.yaml beside alert_policies/."""
    here = Path.cwd()
    for folder in (here, *here.parents):
        if (folder / "Pulumi.yaml").is_file() and (folder / "alert_policies").is_dir():
            return folder
    raise UserError("no project here: run this inside the folder that holds Pulumi.yaml", Position(here))


def arrival_allowance(settings: Settings) -> timedelta:
    """How late points may arrive by the stack's parameters; as late as Google documents, where they do not say."""
    from loyalty_monitoring.definitions.parameters import load_parameters

    parameters = load_parameters(project_root() / "parameters.yaml", settings.parameter_overrides)
    found = parameters.get("arrival_allowance")
    # https://docs.cloud.google.com/logging/docs/logs-based-metrics/troubleshooting
    return timedelta(minutes=10) if found is None else timedelta(seconds=found.number)


@contextmanager
def progress_bar() -> Iterator[Callable[[str, float], None]]:
    """A function `progress(what, share done)` that draws a bar on standard error when a person is looking."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    columns = (TextColumn("{task.description:<40}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("", total=1.0)
        yield lambda what, done: bar.update(task, description=what, completed=done)
