"""The newest matches of searches in log files, kept for all files together, and where they stand, kept by file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import astuple, replace
from pathlib import Path
from typing import cast

from loyalty_monitoring.common.cache import Cache, key
from loyalty_monitoring.replay.entries.match import Matches, newest_matches
from loyalty_monitoring.replay.entries.newest import Place, Places, Search, found_in_passing, together
from loyalty_monitoring.replay.kept_files import Group, kept_json, program, put_json

Found = Mapping[Search, Places]


def kept_places(cache: Cache, group: Group, searches: Sequence[Search]) -> Found | None:
    """Return where the newest matches are in a group's files, of all that can be found in passing; None where some are
    not kept.
    """
    found: dict[Search, Places] = {}
    for search in searches:
        if found_in_passing(search) is None:
            continue
        kept = kept_json(cache, "places", _key([group], search))
        if kept is None:
            return None
        found[search] = Places(kept[0], tuple(Place(*place) for place in kept[1]))
    return found


def keep_places(cache: Cache, group: Group, found: Found) -> None:
    """Keep where the newest matches are, unless the files changed meanwhile."""
    if group.is_unchanged():
        for search, places in found.items():
            put_json(cache, "places", _key([group], search), [places.total, list(map(astuple, places.newest))])


def kept_lines(cache: Cache, groups: Sequence[Group], searches: Sequence[Search]) -> dict[Search, Matches] | None:
    """Return the newest matches of all searches; None where some are not kept."""
    found: dict[Search, Matches] = {}
    for search in searches:
        kept = kept_json(cache, "lines", _key(groups, search))
        if kept is None:
            return None
        found[search] = Matches(kept[0], tuple(kept[1]), kept[2])
    return found


def read_lines(
    cache: Cache, groups: Sequence[Group], searches: Sequence[Search], places: Sequence[Found]
) -> dict[Search, Matches]:
    """Read and keep the newest matches of all searches; `places` are those of each group. Errors: those of
    `newest_matches`.
    """
    files = [cast(Path, file) for group in groups for file in group.files]
    of_all: dict[Search, list[Places]] = {}
    begin = 0
    for group, found in zip(groups, places, strict=True):
        for search, here in found.items():
            moved = tuple(replace(place, file=begin + place.file) for place in here.newest)
            of_all.setdefault(search, []).append(Places(here.total, moved))
        begin += len(group.files)
    known = {search: together(search.most, parts) for search, parts in of_all.items()}
    lines = newest_matches([one for one in searches if one in known], files, known)
    lines |= newest_matches([one for one in searches if one not in known], files)
    if all(group.is_unchanged() for group in groups):
        for search, found_lines in lines.items():
            put_json(cache, "lines", _key(groups, search), list(astuple(found_lines)))
    return lines


def _key(groups: Sequence[Group], search: Search) -> str | None:
    contents = [group.content for group in groups]
    if None in contents:
        return None
    bounds = [bound and bound.isoformat() for bound in (search.start, search.end)]
    return key("lines", program(), contents, search.filter, bounds, search.most)
