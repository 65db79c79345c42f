"""Score the mutants: killed, reviewed as equivalent, or alive."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from loyalty_monitoring.common.errors import Position
from loyalty_monitoring.proof.mutants.equivalents import Equivalent

# A slip that so many definitions have for one reason is no accident of one query.
_SEVERAL = 3


@dataclass(frozen=True)
class Tried:
    """A mutant's id and what killed it: a case's claim, a refusal, or None when it survived."""

    id: str
    killed_by: str | None


@dataclass(frozen=True)
class Score:
    """`alive` are ids of mutants that nothing noticed; `stale` are sentences about the list of equivalent ones.

    `alike` are, of mutants that are alive, where the list has the same slip of several others.
    """

    tried: tuple[Tried, ...]
    equivalent: tuple[str, ...]
    alive: tuple[str, ...]
    stale: tuple[str, ...]
    alike: Mapping[str, Position]

    @property
    def killed(self) -> int:
        return len(self.tried) - len(self.equivalent) - len(self.alive)

    @property
    def holds(self) -> bool:
        return not self.alive and not self.stale


def score(tried: Sequence[Tried], reviewed: Mapping[str, Equivalent], only: Collection[str] = ()) -> Score:
    """Hold the survivors against the reviewed list, and the list against what happened; with `only`, as far as it is
    about these definitions.
    """
    killers = {one.id: one.killed_by for one in tried}
    survivors = [one.id for one in tried if one.killed_by is None]
    stale = []
    for mutant, listed in reviewed.items():
        if only and _definition(mutant) not in only:
            continue
        if mutant not in killers:
            stale.append(f"{listed.position}: there is no mutant {mutant!r} any more; remove it from the list")
        elif killers[mutant] is not None:
            stale.append(
                f"{listed.position}: {mutant!r} is killed by the case {killers[mutant]!r}; remove it from the list"
            )
    alive = tuple(mutant for mutant in survivors if mutant not in reviewed)
    slips = _shared(reviewed)
    return Score(
        tuple(tried),
        equivalent=tuple(mutant for mutant in survivors if mutant in reviewed),
        alive=alive,
        stale=tuple(stale),
        alike={mutant: slips[_slip(mutant)] for mutant in alive if _slip(mutant) in slips},
    )


def _shared(reviewed: Mapping[str, Equivalent]) -> dict[str, Position]:
    """Return the slips that several definitions have for one reason, and where the last of each stands."""
    reasons: dict[tuple[str, str], list[Position]] = {}
    for mutant, listed in reviewed.items():
        reasons.setdefault((_slip(mutant), listed.reason), []).append(listed.position)
    return {slip: places[-1] for (slip, _), places in reasons.items() if len(places) >= _SEVERAL}


def _definition(mutant: str) -> str:
    return mutant.partition(": ")[0]


def _slip(mutant: str) -> str:
    return mutant.partition(": ")[2]


def alive_lines(result: Score) -> Iterator[str]:
    """Yield the survivors, and where the reason stands that another definition has for the same slip."""
    for mutant in result.alive:
        alike = result.alike.get(mutant)
        yield f"ALIVE  {mutant}" + (f" ({alike} has this slip of others, with its reason)" if alike else "")


def as_json(result: Score) -> str:
    """Return one JSON object: `holds`, `killed`, `equivalent`, `alive`, `stale`, and each mutant with its killer."""
    return json.dumps(
        {
            "holds": result.holds,
            "killed": result.killed,
            "equivalent": list(result.equivalent),
            "alive": list(result.alive),
            "stale": list(result.stale),
            "mutants": [{"id": one.id, "killed_by": one.killed_by} for one in result.tried],
        },
        indent=2,
        ensure_ascii=False,
    )


def lines(result: Score) -> Iterator[str]:
    """Yield the survivors, what is wrong with the list, how many mutants each definition had, and the totals."""
    by_definition: dict[str, int] = {}
    for one in result.tried:
        name = _definition(one.id)
        by_definition[name] = by_definition.get(name, 0) + 1
    for name, count in by_definition.items():
        yield f"{name:<32} {count:>4} mutants"
    yield ""
    yield from alive_lines(result)
    yield from result.stale
    if result.alive:
        yield "Write a case that kills them, or say in tests/equivalent_mutants.yaml why nothing can."
    yield (
        f"{len(result.tried)} mutants: {result.killed} killed, {len(result.equivalent)} reviewed as equivalent, "
        f"{len(result.alive)} alive"
    )
