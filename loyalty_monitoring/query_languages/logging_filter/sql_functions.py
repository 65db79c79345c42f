"""Functions that stand alone, and bare search terms, as SQL."""

from __future__ import annotations

import ipaddress
import re

from loyalty_monitoring.query_languages.logging_filter import literals
from loyalty_monitoring.query_languages.logging_filter.functions import DELIMITER
from loyalty_monitoring.query_languages.logging_filter.log_entry import DEFAULTS, SEVERITIES, Kind
from loyalty_monitoring.query_languages.logging_filter.sql_json import (
    any_item,
    is_number,
    is_plain,
    is_string,
    leaves,
    literal,
    pointer,
    text_of,
)
from loyalty_monitoring.query_languages.logging_filter.sql_values import holds
from loyalty_monitoring.query_languages.logging_filter.syntax import Comparison, InNetwork, LogName, Sample, Tokens

# Not texts, though JSON writes them so; a bare term is compared with them as what they are.
_TYPED = ("timestamp", "receiveTimestamp", "severity")
_OCTET = "(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
_IPV4 = rf"{_OCTET}([.]{_OCTET}){{3}}"
_GROUPS = "[0-9a-f]{1,4}(:[0-9a-f]{1,4})"
_IPV6 = f"({_GROUPS}*)?::({_GROUPS}*)?|{_GROUPS}{{7}}"


def anywhere(entry: str, text: str) -> str:
    """Return whether some value of the entry has the text: in it, if it is a text itself, and else by being it."""
    comparison = Comparison((), ":", text, True)
    tests = [any_item(leaves(_without_typed(entry)), lambda leaf: holds(Kind.DYNAMIC, leaf, comparison))]
    may_hold = _may_hold(entry, [text])
    if text.upper() in SEVERITIES:
        severity = f"coalesce(json_extract({entry}, '/severity')::VARCHAR, {literal(DEFAULTS[Kind.SEVERITY])})"
        tests.append(holds(Kind.SEVERITY, severity, comparison))
        may_hold = may_hold if text.upper() != "DEFAULT" else "true"
    if literals.number(text) is not None:
        may_hold = "true"  # 100 is also written 1e2
    if _is_time(text):
        may_hold = "true"
        tests += [
            f"coalesce({holds(Kind.TIME, f'json_extract({entry}, {pointer([key])})::VARCHAR', comparison)}, false)"
            for key in _TYPED[:2]
        ]
    return f"CASE WHEN {may_hold} THEN ({' OR '.join(tests)}) ELSE false END"


def search(value: str, tokens: Tokens) -> str:
    """Return whether every token and every phrase stands in some text of the value."""
    scope = value if tokens.field else _without_typed(value)
    texts = f"list_filter({leaves(scope)}, lambda t: {is_string('t::VARCHAR')})"
    tests = []
    if tokens.tokens:
        found = (
            f"flatten(list_transform({texts}, lambda t: regexp_split_to_array(lower(t->>'$'), {literal(DELIMITER)})))"
        )
        tests.append(f"list_has_all({found}, [{', '.join(map(literal, tokens.tokens))}])")
    tests += [_has_phrase(texts, phrase) for phrase in tokens.phrases]
    may_hold = _may_hold(value, [*tokens.tokens, *tokens.phrases])
    return f"CASE WHEN {may_hold} THEN ({' AND '.join(tests)}) ELSE false END"


def _has_phrase(texts: str, phrase: str) -> str:
    pattern = literal(f"(^|{DELIMITER}){re.escape(phrase)}($|{DELIMITER})")
    return any_item(texts, lambda text: f"regexp_matches(lower({text_of(text)}), {pattern})")


def log_name(value: str, name: LogName) -> str:
    text = f"lower({text_of(value)})"
    return f"starts_with({text}, {literal(name.begins)})" if name.begins else f"ends_with({text}, {literal(name.ends)})"


def sampled(value: str, sample: Sample) -> str:
    """Return the test of `sample`. Google's hash is not known: which entries are taken differs from Google's, how many
    does not.
    """
    share = f"md5_number_lower({text_of(value)})::DOUBLE / {2**64}::DOUBLE"
    return f"(({is_string(value)} OR {is_number(value)}) AND {share} <= {sample.fraction!r}::DOUBLE)"


def in_network(value: str, function: InNetwork) -> str:
    network = ipaddress.ip_network(function.network)
    text = f"lower({text_of(value)})"
    address, range_bits = f"split_part({text}, '/', 1)", f"split_part({text}, '/', 2)"
    longest = network.max_prefixlen
    bits = f"CASE WHEN contains({text}, '/') THEN TRY_CAST({range_bits} AS INTEGER) ELSE {longest} END"
    pattern = f"({_IPV4 if network.version == 4 else _IPV6})(/[0-9]{{1,3}})?"
    inside = _in_ipv4(address, network) if network.version == 4 else _in_ipv6(address, network)
    return (
        f"CASE WHEN {is_string(value)} AND regexp_full_match({text}, {literal(pattern)}) "
        f"THEN {bits} BETWEEN {network.prefixlen} AND {longest} AND {inside} ELSE false END"
    )


_Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def _in_ipv4(address: str, network: _Network) -> str:
    octet = f"TRY_CAST(split_part({address}, '.', {{}}) AS BIGINT) * {{}}"
    octets = [octet.format(index, 256 ** (4 - index)) for index in range(1, 5)]
    size = network.num_addresses
    return f"({' + '.join(octets)}) // {size} = {int(network.network_address) // size}"


def _in_ipv6(address: str, network: _Network) -> str:
    """Return the test of an IPv6 network: with all 32 digits written out, the network's digits are a prefix, the last
    perhaps in part.
    """
    sides = [f"string_split(nullif(split_part({address}, '::', {side}), ''), ':')" for side in (1, 2)]
    count = " - ".join(["8", *(f"coalesce(len({side}), 0)" for side in sides)])
    before, after = (
        f"coalesce(array_to_string(list_transform({side}, lambda g: lpad(g, 4, '0')), ''), '')" for side in sides
    )
    digits = f"({before} || repeat('0000', greatest({count}, 0)) || {after})"
    whole, rest = divmod(network.prefixlen, 4)
    wanted = f"{int(network.network_address):032x}"
    tests = [f"({count}) >= 0", f"length({digits}) = 32", f"starts_with({digits}, '{wanted[:whole]}')"]
    if rest:
        alike = [f"'{digit:x}'" for digit in range(16) if digit >> (4 - rest) == int(wanted[whole], 16) >> (4 - rest)]
        tests.append(f"substr({digits}, {whole + 1}, 1) IN ({', '.join(alike)})")
    return f"({' AND '.join(tests)})"


def _without_typed(entry: str) -> str:
    patch = "{" + ", ".join(f'"{key}": null' for key in _TYPED) + "}"
    return f"json_merge_patch({entry}, {literal(patch)})"


def _may_hold(value: str, texts: list[str]) -> str:
    """Return a quick test of the JSON text: false only where the texts cannot be in it. Escapes can hide a text."""
    plain = [text for text in texts if text.isascii() and is_plain(text)]
    tests = [f"contains(lower({value}), {literal(text.lower())})" for text in plain]
    return f"(({' AND '.join(tests)}) OR contains({value}, '\\'))" if tests else "true"


def _is_time(text: str) -> bool:
    try:
        literals.time(text)
    except ValueError:
        return False
    return True
