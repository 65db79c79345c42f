"""Bound how deep parentheses are nested in a filter, which parsers follow by calling themselves."""

from __future__ import annotations

import re

MAX_DEPTH = 50
# A quoted text may lack its end here: it then takes the rest, so that no text is read twice. The parser reports it.
DOUBLE_QUOTED = r'"(?:\\.|[^"\\])*"?'
SINGLE_QUOTED = r"'(?:\\.|[^'\\])*'?"
COMMENT = r"--[^\n]*"
TOO_DEEP = f"parentheses are nested deeper than {MAX_DEPTH}; flatten the filter"


def too_deep(text: str, *ignored: str) -> int | None:
    """Return the index of the first parenthesis that is nested deeper than MAX_DEPTH, None for none.

    `ignored` are the language's own patterns of what may hold parentheses that do not count.
    """
    depth = 0
    for found in re.finditer("|".join((*ignored, "[()]")), text, re.DOTALL):
        depth += (found[0] == "(") - (found[0] == ")")
        if depth > MAX_DEPTH:
            return found.start()
    return None
