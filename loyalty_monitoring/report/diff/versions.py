"""Two versions of the project: folders, or revisions of its git repository."""

from __future__ import annotations

import io
import subprocess
import tarfile
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from loyalty_monitoring.common.errors import Position, UserError
from loyalty_monitoring.common.temporary_folders import temporary_folder
from loyalty_monitoring.definitions.load import load_definitions
from loyalty_monitoring.definitions.model import Definitions
from loyalty_monitoring.definitions.parameters import Parameter, parameters_of
from loyalty_monitoring.definitions.settings import RESOURCE_TYPES, Settings, load_stack_settings, stack_names
from loyalty_monitoring.replay.quantities import PolicyUnits, policy_units


@dataclass(frozen=True)
class Version:
    """One version's definitions for a stack.

    `replayed` are the definitions that read the logs at hand: those of the stack, or, where the logs come from another
    type of resource than the stack's, those that the stack would have there; `replayed_as` is that type then. `units`
    are those of each policy's numbers.
    """

    name: str
    settings: Settings
    definitions: Definitions
    parameters: Mapping[str, Parameter]
    replayed: Definitions
    replayed_as: str | None
    units: PolicyUnits


def load_versions(
    root: Path, name: str, stacks: Collection[str] = (), logged: Collection[str] = ()
) -> dict[str, Version]:
    """Return the stacks of a version, by name: those of `stacks` that it has; without `stacks`, all of them.

    `name` is a folder that holds the project, or a revision of the repository at `root`, such as HEAD, main or a
    commit. `logged` are the types of resource in the logs, the most frequent first. Errors: UserError when it is
    neither, or when its definitions do not load.
    """
    with _folder(root, name) as folder:
        there = stack_names(folder)
        return {stack: _version(folder, name, stack, logged) for stack in there if not stacks or stack in stacks}


def chosen_stacks(stacks: Sequence[str], old: Mapping[str, Version], new: Mapping[str, Version]) -> list[str]:
    """Return the stacks to compare: those asked for, or all that either version has. Errors: UserError for an unknown
    one.
    """
    there = old.keys() | new.keys()
    for stack in stacks:
        if stack not in there:
            raise UserError(
                f"neither version has a stack {stack!r}; name one that has a file Pulumi.STACK.yaml in one of them"
            )
    if not there:
        raise UserError("neither version has a stack; add a file Pulumi.STACK.yaml")
    return list(dict.fromkeys(stacks)) or sorted(there)


def _version(folder: Path, name: str, stack: str, logged: Collection[str]) -> Version:
    settings = load_stack_settings(folder, stack)
    definitions = load_definitions(folder, settings)
    replayed_as = None
    if settings.resource_type not in logged:
        replayed_as = next((kind for kind in logged if kind in RESOURCE_TYPES), None)
    replayed = definitions
    if replayed_as is not None:
        replayed = load_definitions(folder, replace(settings, resource_type=replayed_as))
    parameters = parameters_of(folder, settings)
    units = policy_units(definitions.alert_policies, parameters)
    return Version(name, settings, definitions, parameters, replayed, replayed_as, units)


@contextmanager
def _folder(root: Path, name: str) -> Iterator[Path]:
    if name and Path(name).is_dir():
        if not (Path(name) / "Pulumi.yaml").is_file():
            raise UserError("is a folder without Pulumi.yaml; name one that holds the whole project", Position(name))
        yield Path(name).resolve()
        return
    with temporary_folder() as folder:
        top = Path(_git(root, name, "rev-parse", "--show-toplevel").decode().strip())
        archive = _git(top, name, "archive", "--format=tar", _tree(root, name))
        with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
            _unpack(tar, folder)
        try:
            yield folder
        except UserError as error:
            # The folder is gone when the message is read; the revision is what helps.
            raise UserError(str(error).replace(f"{folder}/", f"{name}:")) from error


def _unpack(tar: tarfile.TarFile, folder: Path) -> None:
    """Unpack plain files only: a link of a revision could lead out of the folder."""
    for member in tar:
        content = tar.extractfile(member) if member.isfile() else None
        if content is not None:
            file = folder / member.name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content.read())


def _tree(root: Path, name: str) -> str:
    """Return the project's folder at that revision, as git names it."""
    commit = _git(root, name, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}")
    folder = _git(root, name, "rev-parse", "--show-prefix")
    return f"{commit.decode().strip()}:{folder.decode().strip()}"


def _git(root: Path, name: str, *arguments: str) -> bytes:
    try:
        done = subprocess.run(["git", "-C", str(root), *arguments], capture_output=True, check=False)
    except FileNotFoundError as error:
        raise UserError("git is not installed, and a revision was named; install it, or name two folders") from error
    if done.returncode:
        words = done.stderr.decode(errors="replace").strip()
        raise UserError(
            f"{name!r} is neither a folder nor a revision of this repository{words and f' ({words})'}; "
            "name one, such as HEAD or main; a shallow clone lacks older ones"
        )
    return done.stdout
