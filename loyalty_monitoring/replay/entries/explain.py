"""Explain why entries match a filter or do not: which of its terms removes how many of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from loyalty_monitoring.common.database import Connection, connect
from loyalty_monitoring.query_languages.logging_filter import FieldPath, Filter, parse_filter, to_sql
from loyalty_monitoring.query_languages.logging_filter.syntax import Expression
from loyalty_monitoring.query_languages.logging_filter.terms import field_of, term_text, terms
from loyalty_monitoring.replay.entries.filtering import filter_fields, refuse_undecided
from loyalty_monitoring.replay.entries.layout import KIND_FIELDS
from loyalty_monitoring.replay.entries.load import load_entries
from loyalty_monitoring.replay.entries.tables import entry_columns

_SHOWN = 3
_PART_BYTES = 64 * 2**20  # of text that is looked at together


@dataclass(frozen=True)
class ExplainedTerm:
    """A term of a filter. `before` entries came to it, `removed` of them did not pass.

    `found` are the most frequent values that those have of the term's field, each with its number of entries; empty
    where the field is not one of the few whose values repeat, such as `resource.type`.
    """

    text: str
    field: str
    before: int
    removed: int
    found: tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class Explanation:
    """Counts of entries by the term that removes them; `matched` passed every term."""

    entries: int
    matched: int
    terms: tuple[ExplainedTerm, ...]


@dataclass
class _Counting:
    terms: Sequence[Expression]
    left: list[int]
    found: list[Counter[str]] = field(default_factory=list)


def explain(filters: Mapping[str, str], files: Sequence[Path], *, strict: bool = False) -> dict[str, Explanation]:
    """Count what each term removes, in the order in which the filter is written, in one pass over the files.

    `filters` are texts in the Logging query language by any name. Errors: UserError for a filter or a file.
    """
    parsed = {name: parse_filter(text) for name, text in filters.items()}
    counting = {
        name: _Counting(terms(one), [0] * (len(terms(one)) + 1), [Counter() for _ in terms(one)])
        for name, one in parsed.items()
    }
    fields: set[FieldPath] = set().union(*map(filter_fields, parsed.values()))
    with connect() as con:

        def take(_: object) -> None:
            column = entry_columns(con)
            for name, one in parsed.items():
                refuse_undecided(con, one, column)
                _count(con, one, counting[name], column)

        load_entries(con, files, fields, strict=strict, take=take, least=_PART_BYTES)
    return {name: _explanation(of_filter) for name, of_filter in counting.items()}


def _count(con: Connection, parsed: Filter, of_filter: _Counting, column: Callable[[FieldPath], str]) -> None:
    conditions = [f"coalesce({to_sql(Filter(parsed.text, term), column)}, false)" for term in of_filter.terms]
    # A condition is worked out once, and only for entries that passed those before it.
    columns = ["true AS p0"]
    columns += [f"CASE WHEN p{n} THEN {one} ELSE false END AS p{n + 1}" for n, one in enumerate(conditions)]
    counts = ", ".join(f"count(*) FILTER (p{number})" for number in range(len(columns)))
    row = con.execute(f"SELECT {counts} FROM (SELECT {', '.join(columns)} FROM entries)").fetchone()
    assert row is not None
    of_filter.left[:] = [before + int(more) for before, more in zip(of_filter.left, row, strict=True)]
    for number, term in enumerate(of_filter.terms):
        looked_at = field_of(term)
        if looked_at in KIND_FIELDS and looked_at is not None and row[number] > row[number + 1]:
            before = " AND ".join(["true", *conditions[:number]])
            rows = con.execute(
                f"SELECT coalesce({column(looked_at)}->>'$', '(none)'), count(*) FROM entries "
                f"WHERE {before} AND NOT {conditions[number]} GROUP BY 1"
            ).fetchall()
            of_filter.found[number].update({str(value): int(times) for value, times in rows})


def _explanation(of_filter: _Counting) -> Explanation:
    found = []
    for number, term in enumerate(of_filter.terms):
        before, after = of_filter.left[number : number + 2]
        values = tuple(of_filter.found[number].most_common(_SHOWN))
        found.append(ExplainedTerm(term_text(term), ".".join(field_of(term) or ()), before, before - after, values))
    return Explanation(of_filter.left[0], of_filter.left[-1], tuple(found))
