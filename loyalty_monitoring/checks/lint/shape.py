"""A body against the API's own message, field by field: what the API refuses, where it stands, and the nearest name.

JSON becomes a message by protobuf's JSON mapping (https://protobuf.dev/programming-guides/json/): names in camelCase or
as the .proto file has them, null is unset, enumerations by name or number, 64-bit numbers also as texts, durations as
texts that end with s. `google.protobuf.json_format` stops at the first mistake and knows no lines, hence this walk; a
test holds the two together.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from google.protobuf.descriptor import Descriptor, EnumDescriptor, FieldDescriptor

from loyalty_monitoring.checks.lint.placeholders import MayBeAbsent, has_placeholder, may_be_absent
from loyalty_monitoring.checks.lint.reference import Bounds, MessageReference, references
from loyalty_monitoring.common.errors import nearest
from loyalty_monitoring.common.yaml_documents import Path_
from loyalty_monitoring.definitions.model import Body
from loyalty_monitoring.google_cloud.api_messages import MESSAGES, Kind

UNKNOWN_FIELD, UNKNOWN_VALUE, EXCLUSIVE_FIELDS = "unknown-field", "unknown-value", "exclusive-fields"
WRONG_TYPE, MISSING_FIELD = "wrong-type", "missing-field"
LIMITS: Mapping[Kind, str] = {
    "alert_policy": "policy-limits",
    "dashboard": "dashboard-limits",
    "log_metric": "metric-limits",
    "notification_channel": "channel-limits",
    "snooze": "snooze-limits",
}

_DURATION = re.compile(r"-?\d+(?:\.\d{1,9})?s")
_TIME = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:[Zz]|[+-]\d\d:\d\d)")
_LONGEST = 315_576_000_000
_WHOLE = re.compile(r"[+-]?\d+(?:\.0*)?(?:[eE]\+?\d+)?")
_DECIMAL = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")
_SPECIAL = ("NaN", "Infinity", "-Infinity")
_BITS = {
    FieldDescriptor.CPPTYPE_INT32: (-(2**31), 2**31 - 1),
    FieldDescriptor.CPPTYPE_INT64: (-(2**63), 2**63 - 1),
    FieldDescriptor.CPPTYPE_UINT32: (0, 2**32 - 1),
    FieldDescriptor.CPPTYPE_UINT64: (0, 2**64 - 1),
}
_FLOATS = (FieldDescriptor.CPPTYPE_DOUBLE, FieldDescriptor.CPPTYPE_FLOAT)
# Written by the server alone, and of any type.
_NOT_JUDGED = ("google.protobuf.Any",)
_LABEL_CHARACTERS, _LABEL_BYTES = 63, 128
_SHOWN = 60
_NO_REFERENCE = MessageReference()


@dataclass(frozen=True)
class ShapeProblem:
    """A value that the API refuses, and the rule that says so."""

    rule: str
    path: Path_
    message: str
    remedy: str


def normalised(kind: Kind, data: Any) -> Any:
    """Return the body as the API reads it: null is left out, and the fields that it knows are in camelCase.

    Whatever the API does not know stays as it is.
    """
    return _normalised(MESSAGES[kind].pb().DESCRIPTOR, data)


def shape_problems(kind: Kind, body: Body) -> tuple[ShapeProblem, ...]:
    """Return all that the API's message and its reference refuse, in the order of the message's fields."""
    walk = _Walk(LIMITS[kind])
    return tuple(walk.message(MESSAGES[kind].pb().DESCRIPTOR, body, ()))


def field_names(message: Descriptor) -> dict[str, FieldDescriptor]:
    """Return the fields by their names in JSON, then by those of the .proto file (Python's trailing _ left out)."""
    names = {field.name.rstrip("_"): field for field in message.fields}
    return names | {field.json_name: field for field in message.fields}


def every_field_name() -> set[str]:
    """Return the names in JSON of all fields of all messages but dashboards, whose JSON Terraform takes as it is."""
    names, waiting, seen = set[str](), [MESSAGES[kind].pb().DESCRIPTOR for kind in LIMITS if kind != "dashboard"], set()
    while waiting:
        message = waiting.pop()
        if message.full_name not in seen:
            seen.add(message.full_name)
            names |= _json_names(message)
            waiting += [field.message_type for field in message.fields if field.message_type is not None]
    return names


def is_map(field: FieldDescriptor) -> bool:
    return field.message_type is not None and bool(field.message_type.GetOptions().map_entry)


_Names = dict[str, dict[str, FieldDescriptor]]
_names: _Names = {}


def _fields(message: Descriptor) -> dict[str, FieldDescriptor]:
    found = _names.get(message.full_name)
    if found is None:
        found = _names[message.full_name] = field_names(message)
    return found


def _normalised(message: Descriptor, data: Any) -> Any:
    if not isinstance(data, dict):
        return data
    fields = _fields(message)
    result: dict[str, Any] = MayBeAbsent() if isinstance(data, MayBeAbsent) else {}
    for key, value in data.items():
        field = fields.get(key)
        if field is None:
            result[key] = value
            continue
        if value is None:
            continue
        name = field.json_name
        if name != key and data.get(name) is not None:
            result[key] = value  # both spellings: the walk says so
        elif field.message_type is None or is_map(field):
            result[name] = {k: v for k, v in value.items() if v is not None} if isinstance(value, dict) else value
        elif isinstance(value, list):
            result[name] = [_normalised(field.message_type, item) for item in value]
        else:
            result[name] = _normalised(field.message_type, value)
    return result


class _Walk:
    """Looks at one body; `limits` is the rule for bounds that no other rule says."""

    def __init__(self, limits: str) -> None:
        self._limits = limits

    def message(self, message: Descriptor, value: Any, path: Path_) -> Iterator[ShapeProblem]:
        if not isinstance(value, dict):
            if not _may_be_anything(value):
                yield _wrong(path, value, f"an object ({message.name})")
            return
        reference = references().get(message.full_name, _NO_REFERENCE)
        fields = _fields(message)
        unknown, oneofs = [], dict[str, str]()
        for key, item in value.items():
            field = fields.get(key)
            if field is None:
                if key in reference.newer or _may_be_anything(key):
                    continue
                unknown.append(key)
                yield _unknown_field(message, key, (*path, key), {*_json_names(message), *reference.newer})
                continue
            if key != field.json_name and field.json_name in value:
                yield _twice(key, field.json_name, (*path, key))
                continue
            alternatives = field.containing_oneof.fields if field.containing_oneof is not None else ()
            if len(alternatives) > 1 and not may_be_absent(item):
                first = oneofs.setdefault(field.containing_oneof.name, key)
                if first != key:
                    yield _alternatives(first, key, (*path, key))
            bounds = reference.bounds(field.json_name)
            wrong = False
            for problem in self.field(field, item, (*path, key), bounds):
                wrong = wrong or len(problem.path) == len(path) + 1
                yield problem
            if bounds is not None and not wrong:
                yield from self._out_of_bounds(field, item, (*path, key), bounds)
        yield from _missing(message, reference, value, path, unknown)
        yield from self._not_above(reference, value, path)

    def field(
        self, field: FieldDescriptor, value: Any, path: Path_, bounds: Bounds | None = None
    ) -> Iterator[ShapeProblem]:
        if is_map(field):
            yield from self._map(field, value, path)
        elif field.is_repeated:
            if isinstance(value, list):
                for index, item in enumerate(value):
                    yield from self._single(field, item, (*path, index), bounds)
            elif not _may_be_anything(value):
                yield _wrong(path, value, "a list")
        else:
            yield from self._single(field, value, path, bounds)

    def _map(self, field: FieldDescriptor, value: Any, path: Path_) -> Iterator[ShapeProblem]:
        if isinstance(value, dict):
            of_values = field.message_type.fields_by_name["value"]
            for key, item in value.items():
                yield from self._single(of_values, item, (*path, key))
        elif not _may_be_anything(value):
            yield _wrong(path, value, "a mapping of names to texts")

    def _single(
        self, field: FieldDescriptor, value: Any, path: Path_, bounds: Bounds | None = None
    ) -> Iterator[ShapeProblem]:
        message = field.message_type
        if field.enum_type is not None:
            yield from _enumeration(field.enum_type, value, path, bounds)
        elif message is None:
            yield from _scalar(field, value, path)
        elif message.full_name in _NOT_JUDGED:
            if not isinstance(value, dict) and not _may_be_anything(value):
                yield _wrong(path, value, "an object")
        elif (well_known := _WELL_KNOWN.get(message.full_name)) is not None:
            yield from well_known(value, path)
        else:
            yield from self.message(message, value, path)

    def _out_of_bounds(self, field: FieldDescriptor, value: Any, path: Path_, bounds: Bounds) -> Iterator[ShapeProblem]:
        name, rule = field.json_name, bounds.rule or self._limits
        for message, remedy, at in _beyond(name, value, bounds):
            yield ShapeProblem(rule, (*path, *at), message, bounds.remedy or remedy)

    def _not_above(self, reference: MessageReference, value: Body, path: Path_) -> Iterator[ShapeProblem]:
        """Find numbers that must be more than another one, and are not; a missing one is 0."""
        for name, bounds in (reference.fields or {}).items():
            if bounds.above is None:
                continue
            number = _as_number(value.get(name, 0))
            if number is not None and number <= bounds.above:
                place = (*path, name) if name in value else path
                message = f"{name} is {number:g}; the API takes only more than {bounds.above:g}"
                most = f"{bounds.range[0]:g} to {bounds.range[1]:g}" if bounds.range else f"more than {bounds.above:g}"
                yield ShapeProblem(bounds.rule or self._limits, place, message, bounds.remedy or f"write {most}")


def _missing(
    message: Descriptor, reference: MessageReference, value: Body, path: Path_, unknown: list[str]
) -> Iterator[ShapeProblem]:
    fields = _fields(message)
    for name in reference.required:
        written = value.get(name)
        if written is None or (isinstance(written, str) and not written.strip()) or written == []:
            if any(f"{name!r}" in nearest(key, {name, *_json_names(message)}) for key in unknown):
                continue  # a mistyped name is an unknown and a missing one; the first says more
            place = (*path, name) if name in value else path
            expected = _example(fields[name])
            remedy = f"write it, such as `{name}: {expected}`" if expected else f"write {name}"
            yield ShapeProblem(
                MISSING_FIELD, place, f"{_called(message)} has no {name}, which the API requires", remedy
            )
    for oneof in reference.one_of:
        names = [field.json_name for field in message.oneofs_by_name[oneof].fields]
        if unknown or reference.newer & value.keys() or any(name in value for name in names):
            continue
        shown = ", ".join(names[:6]) + (" or another" if len(names) > 6 else "")
        yield ShapeProblem(
            MISSING_FIELD,
            path,
            f"{_called(message)} has no {oneof}, which the API requires",
            f"write one of {shown}",
        )


def _called(message: Descriptor) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", message.name).lower()


def _example(field: FieldDescriptor) -> str:
    if field.enum_type is not None:
        return next((one.name for one in field.enum_type.values if one.number), "")
    return "60s" if field.message_type is not None and field.message_type.name == "Duration" else ""


def _json_names(message: Descriptor) -> set[str]:
    return {field.json_name for field in message.fields}


def _may_be_anything(value: Any) -> bool:
    return isinstance(value, str) and has_placeholder(value)


def _unknown_field(message: Descriptor, key: str, path: Path_, known: set[str]) -> ShapeProblem:
    hint = nearest(str(key)[:_SHOWN], known).removeprefix("; ")
    return ShapeProblem(
        UNKNOWN_FIELD, path, f"{_shown(key)} is no field of the API's {message.name}", hint or "remove it"
    )


def _twice(key: str, name: str, path: Path_) -> ShapeProblem:
    return ShapeProblem(EXCLUSIVE_FIELDS, path, f"{key!r} and {name!r} are the same field", "keep one of them")


def _alternatives(first: str, second: str, path: Path_) -> ShapeProblem:
    return ShapeProblem(
        EXCLUSIVE_FIELDS, path, f"{second!r} stands beside {first!r}; the API takes one of them", "keep one of them"
    )


def _wrong(path: Path_, value: Any, expected: str, remedy: str = "") -> ShapeProblem:
    name = next((str(part) for part in reversed(path) if isinstance(part, str)), "the resource")
    return ShapeProblem(WRONG_TYPE, path, f"{name} is {_shown(value)}; the API takes {expected}", remedy or "write one")


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, list):
        return "a list"
    text = repr(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."


def _enumeration(enum: EnumDescriptor, value: Any, path: Path_, bounds: Bounds | None) -> Iterator[ShapeProblem]:
    newer = bounds.newer if bounds else frozenset[str]()
    if isinstance(value, str):
        if value in enum.values_by_name or value in newer or has_placeholder(value):
            return
        if re.fullmatch(r"-?\d+", value) and _is_32_bit(_whole(value)):
            return
        known = {one.name for one in enum.values if not one.name.endswith("_UNSPECIFIED")} | newer
        name = next((str(part) for part in reversed(path) if isinstance(part, str)), enum.name)
        hint = nearest(value[:_SHOWN].upper(), known).removeprefix("; ")
        if len(known) <= _FEW and "expected" not in hint:
            hint = f"{hint} there are {_listed(sorted(known))}"
        remedy = (bounds.remedy if bounds else "") or hint
        yield ShapeProblem(UNKNOWN_VALUE, path, f"{name} {_shown(value)} does not exist", remedy)
    elif not _is_32_bit(_whole(value)):
        yield _wrong(path, value, f"a name such as {next((one.name for one in enum.values if one.number), '')}")


_FEW = 8


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _scalar(field: FieldDescriptor, value: Any, path: Path_) -> Iterator[ShapeProblem]:
    kind = field.cpp_type
    if kind == FieldDescriptor.CPPTYPE_STRING:
        if not isinstance(value, str):
            yield _wrong(path, value, "a text", f'put it in quotes: "{value}"' if _is_plain(value) else "")
    elif _may_be_anything(value):
        return
    elif kind == FieldDescriptor.CPPTYPE_BOOL:
        if not isinstance(value, bool):
            yield _wrong(path, value, "true or false", "write one of them, without quotes")
    elif kind in _FLOATS:
        if not _is_decimal(value):
            yield _wrong(path, value, "a number", "write it without unit and letters")
    elif (number := _whole(value)) is None:
        yield _wrong(path, value, "a whole number")
    elif not _BITS[kind][0] <= number <= _BITS[kind][1]:
        yield _wrong(path, value, "a whole number that is not as large")


def _is_plain(value: Any) -> bool:
    return isinstance(value, bool | int | float)


def _is_decimal(value: Any) -> bool:
    if isinstance(value, str):
        return value in _SPECIAL or (_DECIMAL.fullmatch(value) is not None and math.isfinite(float(value)))
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < float("inf")


def _whole(value: Any) -> int | None:
    """Return the whole number that JSON writes as 8, 8.0 or "8"; None for anything else."""
    if isinstance(value, bool):
        return None
    if isinstance(value, str):
        if len(value) > _SHOWN or not _WHOLE.fullmatch(value):
            return None
        try:
            return int(value)
        except ValueError:
            value = float(value)
    if isinstance(value, float):
        return int(value) if value.is_integer() else None
    return value if isinstance(value, int) else None


def _is_32_bit(number: int | None) -> bool:
    least, most = _BITS[FieldDescriptor.CPPTYPE_INT32]
    return number is not None and least <= number <= most


def _as_number(value: Any) -> float | None:
    if not _is_decimal(value):
        return None
    try:
        return float(value)
    except OverflowError:
        return None


def _duration(value: Any, path: Path_) -> Iterator[ShapeProblem]:
    if _may_be_anything(value) or duration_seconds(value) is not None:
        return
    number = _as_number(value)
    yield _wrong(
        path,
        value,
        "a duration in seconds that ends with s",
        f"write {number:g}s" if number is not None else "write it so, such as 60s",
    )


def duration_seconds(value: Any) -> float | None:
    """Return the seconds of the API's Duration, such as "60s"; None where it is none."""
    if not isinstance(value, str) or len(value) > _SHOWN or not _DURATION.fullmatch(value):
        return None
    length = float(value[:-1])
    return length if abs(length) <= _LONGEST else None


def _timestamp(value: Any, path: Path_) -> Iterator[ShapeProblem]:
    if not _may_be_anything(value) and not (isinstance(value, str) and _is_time(value)):
        yield _wrong(path, value, "a time", "write it as 2026-11-02T03:00:00Z")


def _is_time(value: str) -> bool:
    from google.protobuf.timestamp_pb2 import Timestamp

    if not _TIME.fullmatch(value):
        return False
    try:
        Timestamp().FromJsonString(value.upper())
    except ValueError:
        return False
    return True


def _truth(value: Any, path: Path_) -> Iterator[ShapeProblem]:
    if not isinstance(value, bool) and not _may_be_anything(value):
        yield _wrong(path, value, "true or false", "write one of them, without quotes")


_WELL_KNOWN: dict[str, Callable[[Any, Path_], Iterator[ShapeProblem]]] = {
    "google.protobuf.Duration": _duration,
    "google.protobuf.Timestamp": _timestamp,
    "google.protobuf.BoolValue": _truth,
}


def _beyond(name: str, value: Any, bounds: Bounds) -> Iterator[tuple[str, str, Path_]]:
    """Return message, remedy and path of a value that is out of its bounds."""
    if isinstance(value, str):
        for message, remedy in _beyond_text(name, value, bounds):
            yield message, remedy, ()
    if isinstance(value, dict | list) and bounds.most is not None and len(value) > bounds.most:
        yield f"{name} has {len(value)} entries; at most {bounds.most} are taken", "drop some", ()
    if bounds.labels and isinstance(value, dict):
        yield from _not_labels(name, value)
    if bounds.ascending and isinstance(value, list):
        numbers = [number for number in map(_as_number, value) if number is not None]
        if any(later <= earlier for earlier, later in pairwise(numbers)):
            yield f"{name} do not rise", "sort them, each once", ()
    if bounds.range is not None and (number := _as_number(value)) is not None:
        least, most = bounds.range
        if not least <= number <= most and (bounds.above is None or number > bounds.above):
            yield f"{name} is {number:g}; the API takes {least:g} to {most:g}", "write a number in that range", ()
    if bounds.seconds is not None and (length := duration_seconds(value)) is not None:
        yield from ((message, remedy, ()) for message, remedy in _beyond_duration(name, length, bounds))


def _beyond_text(name: str, value: str, bounds: Bounds) -> Iterator[tuple[str, str]]:
    if bounds.characters is not None and len(value) > bounds.characters:
        yield f"{name} has {len(value):,} characters; at most {bounds.characters:,} are taken", "shorten it"
    elif bounds.bytes is not None and _bytes(value) > bounds.bytes:
        yield f"{name} has {_bytes(value):,} bytes; at most {bounds.bytes:,} are taken", "shorten it"
    if has_placeholder(value):
        return
    if bounds.texts and value and value not in bounds.texts:
        yield f"{name} is {_shown(value)}; the API takes only {', '.join(bounds.texts)}", f"write {bounds.texts[0]}"
    if bounds.pattern is not None and value and not bounds.pattern.fullmatch(value):
        yield f"{name} is {_shown(value)}; the API takes {bounds.words}", "write it so"


def _beyond_duration(name: str, length: float, bounds: Bounds) -> Iterator[tuple[str, str]]:
    assert bounds.seconds is not None
    least, most = bounds.seconds
    if bounds.or_zero and length == 0:
        return
    if not least <= length <= most:
        upper = f"{least:,g} s to {most:,g} s" if math.isfinite(most) else f"{least:,g} s or more"
        yield f"{name} is {length:g} s; the API takes {upper}", "write a duration in that range"
    elif bounds.multiple and length % bounds.multiple:
        what = "whole minutes" if bounds.multiple == 60 else f"a multiple of {bounds.multiple} s"
        lower = math.floor(length / bounds.multiple) * bounds.multiple
        near = [one for one in (lower, lower + bounds.multiple) if least <= one <= most]
        yield f"{name} is {length:g} s, which is not {what}", f"write {' or '.join(f'{one:g}s' for one in near)}"


def _not_labels(name: str, labels: Mapping[str, Any]) -> Iterator[tuple[str, str, Path_]]:
    allowed = f"lower-case letters, digits, _ and -, at most {_LABEL_CHARACTERS}"
    for key, value in labels.items():
        if not has_placeholder(key) and not (_is_label(key) and key[:1].isalpha()):
            yield (
                f"{name}: {_shown(key)} is no key of a label: {allowed}, a letter first",
                "write it so, such as `team` or `cost-center`",
                (key,),
            )
        if isinstance(value, str) and not has_placeholder(value) and not _is_label(value):
            yield f"{name}: {_shown(key)} has the value {_shown(value)}: {allowed}", "write it so, such as `eu`", (key,)


def _is_label(value: str) -> bool:
    if len(value) > _LABEL_CHARACTERS or _bytes(value) > _LABEL_BYTES:
        return False
    return all(sign in "_-" or sign.isdigit() or (sign.isalpha() and sign == sign.lower()) for sign in value)


def _bytes(value: str) -> int:
    return len(value.encode(errors="surrogatepass"))
