"""The project that a command works on, and how it shows its progress."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from loyalty_monitoring.common.errors import Position, UserError

if TYPE_CHECKING:
    from loyalty_monitoring.definitions.load import Sources
    from loyalty_monitoring.definitions.model import Definitions
    from loyalty_monitoring.definitions.settings import Settings
    from loyalty_monitoring.replay.quantities import PolicyUnits


# Where the context keeps the folder of --project-dir.
_CHOSEN = "loyalty_monitoring.project_dir"


def load_stack(stack: str, project: str | None = None) -> tuple[Settings, Definitions]:
    """Load the settings and the definitions of a stack; `project` is another Google Cloud project than its own.

    Errors: UserError for what does not load, and for what a lint rule of severity error finds.
    """
    return load_stack_of(project_root(), stack, project)


def load_stack_of(root: Path, stack: str, project: str | None = None) -> tuple[Settings, Definitions]:
    """Do the same for the project at `root`."""
    settings, _, definitions = load_sources_of(root, stack, project)
    return settings, definitions


def load_sources_of(root: Path, stack: str, project: str | None = None) -> tuple[Settings, Sources, Definitions]:
    """Do the same, and return the files as they were read, for whoever substitutes them once more."""
    from loyalty_monitoring.checks.lint.run import refuse_errors
    from loyalty_monitoring.definitions.load import definitions_of, read_sources
    from loyalty_monitoring.definitions.settings import in_project, load_stack_settings

    settings = load_stack_settings(root, stack)
    if project is not None:
        settings = in_project(settings, project)
    sources = read_sources(root)
    definitions = definitions_of(sources, settings)
    refuse_errors(sources, definitions)
    return settings, sources, definitions


def project_root() -> Path:
    """Return the folder of --project-dir; without it the nearest, from the current one up, that is a project.

    A project holds a Pulumi.yaml beside alert_policies/. Errors: UserError where there is none.
    """
    context = click.get_current_context(silent=True)
    chosen: Path | None = context.meta.get(_CHOSEN) if context else None
    if chosen is not None:
        if not _is_project(chosen):
            raise UserError(
                "is no project: it has no Pulumi.yaml beside alert_policies/; name the folder that has both",
                Position(chosen),
            )
        return chosen
    here = Path.cwd()
    for above, folder in enumerate((here, *here.parents)):
        if _is_project(folder):
            return Path(*[".."] * above)  # messages name files from here
    raise UserError(
        "no project here: run this inside the folder that holds Pulumi.yaml and alert_policies/, or name it with "
        "--project-dir",
        Position(here),
    )


def _is_project(folder: Path) -> bool:
    return (folder / "Pulumi.yaml").is_file() and (folder / "alert_policies").is_dir()


def remember_project_dir(context: click.Context, arguments: Sequence[str]) -> None:
    """Find --project-dir before the arguments are parsed, for a command whose options depend on the project."""
    for index, argument in enumerate(arguments):
        name, equals, folder = argument.partition("=")
        if name == "--project-dir":
            folder = folder if equals else next(iter(arguments[index + 1 :]), "")
            context.meta[_CHOSEN] = Path(folder).resolve()


def project_dir_option() -> click.Option:
    """Return the option --project-dir, which every command has; the folder waits in the context for `project_root`."""

    def remember(context: click.Context, _: click.Parameter, folder: Path | None) -> None:
        if folder is not None:
            context.meta[_CHOSEN] = folder.resolve()

    return click.Option(
        ["--project-dir"],
        metavar="DIR",
        type=click.Path(file_okay=False, path_type=Path),
        help="The folder of the project; without it, the folder one stands in, or the nearest above it.",
        expose_value=False,
        is_eager=True,
        callback=remember,
    )


def arrival_allowance(settings: Settings) -> timedelta:
    """Return how late points may arrive, by the stack's parameters, or as late as Google documents."""
    from loyalty_monitoring.definitions import parameters

    return timedelta(seconds=parameters.arrival_allowance(project_root(), settings.parameter_overrides))


def units_of_numbers(settings: Settings, definitions: Definitions) -> PolicyUnits:
    """Return the units of the numbers that each alert policy compares with."""
    from loyalty_monitoring.definitions.parameters import parameters_of
    from loyalty_monitoring.replay.quantities import policy_units

    return policy_units(definitions.alert_policies, parameters_of(project_root(), settings))


_QUIET = "loyalty_monitoring.quiet"


def quiet_option() -> click.Option:
    """Return the option --quiet, which every command has."""

    def remember(context: click.Context, _: click.Parameter, quiet: bool) -> None:
        context.meta[_QUIET] = quiet

    return click.Option(
        ["--quiet", "-q"],
        is_flag=True,
        help="Show no progress and no summary; results, warnings and errors remain.",
        expose_value=False,
        callback=remember,
    )


def is_quiet() -> bool:
    """Return whether --quiet was given to the command that runs."""
    context = click.get_current_context(silent=True)
    return bool(context and context.meta.get(_QUIET))


def summarize(text: str) -> None:
    """Say on standard error what was done, unless --quiet was given."""
    if not is_quiet():
        click.echo(text, err=True)


@contextmanager
def progress_bar() -> Iterator[Callable[[str, float], None]]:
    """Yield a function `progress(what, share done)` that draws a bar on standard error when a person is looking."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    disable = is_quiet() or not console.is_terminal
    columns = (TextColumn("{task.description:<40}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=disable) as bar:
        task = bar.add_task("", total=1.0)
        yield lambda what, done: bar.update(task, description=what, completed=done)
