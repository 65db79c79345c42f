"""Checks a file against its JSON schema; the same schemas serve editors through the modeline on line 1."""

from __future__ import annotations

import json
from functools import cache
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from loyalty_monitoring.common.errors import UserError, nearest
from loyalty_monitoring.common.shipped_files import shipped
from loyalty_monitoring.common.yaml_documents import Document

if TYPE_CHECKING:
    from jsonschema.exceptions import ValidationError
    from jsonschema.protocols import Validator

_valid: set[bytes] = set()  # what need not be looked at again: digests of the kind and the data


def check_schema(kind: str, document: Document, data: Any = None, block: str | None = None) -> None:
    """Raise UserError at the first place, in file order, where the document is not as `schemas/KIND.schema.json` says.

    `data` is the document's data with references substituted, where they are; paths stay those of the file. `block` is
    the key under which this project writes what the Google API does not know of a definition.
    """
    data = document.data if data is None else data
    # The same file is looked at for each stack, and again for each of its versions.
    looked_at = blake2b(repr((kind, block, data)).encode(errors="surrogatepass")).digest()
    if looked_at in _valid:
        return
    errors = list(_validator(kind, block).iter_errors(data))
    if errors:
        # A mistyped key is an unknown one and a missing one; the unknown one says more.
        unknown = [error for error in errors if error.validator == "additionalProperties"]
        place, message = min((_explained(error, document) for error in unknown or errors), key=lambda item: item[0][1:])
        raise UserError(message, document.position(place[0]))
    _valid.add(looked_at)


def schema_of(kind: str) -> dict[str, Any]:
    """Return the JSON schema of a kind of file, `schemas/KIND.schema.json`."""
    schema: dict[str, Any] = json.loads((shipped("schemas") / f"{kind}.schema.json").read_text())
    return schema


@cache
def _validator(kind: str, block: str | None) -> Validator:
    from jsonschema import Draft202012Validator

    schema = schema_of(kind)
    written = schema.pop("x-block", None)
    if block is not None and written is not None:
        schema["properties"] = {block: schema["properties"].pop(written), **schema["properties"]}
        schema["required"] = [block if key == written else key for key in schema["required"]]
    validator: Validator = Draft202012Validator(schema)
    return validator


def _explained(error: ValidationError, document: Document) -> tuple[tuple[tuple[str | int, ...], int, int], str]:
    error = _most_telling(error)
    schema: Any = error.schema
    instance: Any = error.instance
    wanted: Any = error.validator_value
    path = tuple(error.absolute_path)
    where = ".".join(str(part) for part in path) or "the file"
    if error.validator == "additionalProperties" and isinstance(error.instance, dict):
        known = set(schema.get("properties", {}))
        unknown = next((key for key in error.instance if key not in known), None)
        if unknown is not None:
            path = (*path, unknown)
            message = f"unknown key {unknown!r} in {where}{nearest(unknown, known)}"
            return _place(path, document), message
    if error.validator == "required":
        missing = next(key for key in wanted if key not in instance)
        return _place(path, document), f"{where} lacks the key {missing!r}; add it"
    if error.validator == "enum":
        return _place(path, document), (
            f"{where} is {error.instance!r}{nearest(str(error.instance), {str(v) for v in wanted})}"
        )
    expected = schema.get("description") or f"{error.validator}: {json.dumps(wanted)[:200]}"
    return _place(path, document), f"{where} is {_short(error.instance)}; expected {expected}"


def _most_telling(error: ValidationError) -> ValidationError:
    # Of alternatives that all fail, the one that got furthest into the data is what the author meant.
    while error.context:
        error = max(error.context, key=lambda child: len(child.absolute_path))
    return error


def _place(path: tuple[str | int, ...], document: Document) -> tuple[tuple[str | int, ...], int, int]:
    position = document.position(path)
    return path, position.line, position.column


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else text[:57] + "..."
