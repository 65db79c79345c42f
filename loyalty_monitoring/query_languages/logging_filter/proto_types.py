"""The messages that a protoPayload holds, by its `@type`: what kind of value each of their fields has.

They are read from the descriptors in Google's own packages. How a message looks in JSON is protobuf's JSON mapping,
https://protobuf.dev/programming-guides/json/. The only module that knows these packages; they are imported when a
filter first asks.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import Any

from loyalty_monitoring.query_languages.logging_filter.log_entry import Kind

PREFIX = "type.googleapis.com/"

# What a LogEntry's protoPayload is documented to be, and what stands in an AuditLog of BigQuery, of a failed call
# (`status.details`) and of a policy change (`serviceData`):
# cloud.google.com/logging/docs/reference/v2/rest/v2/LogEntry, cloud.google.com/bigquery/docs/reference/auditlogs
_MODULES = {
    "google.cloud.audit.audit_log_pb2": ("google.cloud.audit.AuditLog",),
    "google.cloud.audit.bigquery_audit_metadata_pb2": ("google.cloud.audit.BigQueryAuditMetadata",),
    "google.cloud.appengine_logging_v1.types.request_log": ("google.appengine.logging.v1.RequestLog",),
    "google.cloud.bigquery_logging_v1.types.audit_data": ("google.cloud.bigquery.logging.v1.AuditData",),
    "google.iam.v1.logging.audit_data_pb2": ("google.iam.v1.logging.AuditData",),
    "google.rpc.error_details_pb2": (
        "google.rpc.BadRequest",
        "google.rpc.DebugInfo",
        "google.rpc.ErrorInfo",
        "google.rpc.Help",
        "google.rpc.LocalizedMessage",
        "google.rpc.PreconditionFailure",
        "google.rpc.QuotaFailure",
        "google.rpc.RequestInfo",
        "google.rpc.ResourceInfo",
        "google.rpc.RetryInfo",
    ),
}

_ANY, _STRUCT = "google.protobuf.Any", "google.protobuf.Struct"
# Messages that JSON writes as one value.
_WRITTEN_AS = {
    "google.protobuf.Timestamp": Kind.TIME,
    "google.protobuf.Duration": Kind.DURATION,
    "google.protobuf.FieldMask": Kind.TEXT,
    "google.protobuf.BoolValue": Kind.BOOLEAN,
    "google.protobuf.BytesValue": Kind.TEXT,
    "google.protobuf.DoubleValue": Kind.NUMBER,
    "google.protobuf.FloatValue": Kind.NUMBER,
    "google.protobuf.Int32Value": Kind.INT32,
    "google.protobuf.Int64Value": Kind.INT64,
    "google.protobuf.StringValue": Kind.TEXT,
    "google.protobuf.UInt32Value": Kind.INT64,
    "google.protobuf.UInt64Value": Kind.INT64,
}
_OPEN = (_STRUCT, "google.protobuf.Value", "google.protobuf.ListValue")


@dataclass(frozen=True)
class FieldType:
    """The type of a field. `kind` is OBJECT for a message, of which `message` is the name; DYNAMIC for any JSON value.

    `open_any` tells an Any from a Struct, both DYNAMIC: what an Any holds has its `@type` in it. `enum` are the names
    of an enumeration by number.
    """

    kind: Kind
    message: str | None = None
    open_any: bool = False
    enum: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True)
class Field:
    """A field of a message: its name in JSON, and whether it is a list or an object by key of such values."""

    name: str
    type: FieldType
    is_list: bool = False
    is_map: bool = False


ANY = FieldType(Kind.DYNAMIC, open_any=True)
STRUCT = FieldType(Kind.DYNAMIC)


def known_messages() -> frozenset[str]:
    """Return the full names of all types of an Any whose fields are known."""
    return frozenset([*messages(), *well_known()])


def messages() -> tuple[str, ...]:
    """Return the full names of the messages that are known as the type of an Any."""
    return tuple(name for names in _MODULES.values() for name in names)


def value_of_any(name: str) -> FieldType | None:
    """Return the field that JSON keeps under `value` in an Any of this type; None for types whose fields stand beside
    `@type`.
    """
    if name in _OPEN:
        return STRUCT
    return FieldType(_WRITTEN_AS[name]) if name in _WRITTEN_AS else None


def well_known() -> tuple[str, ...]:
    """Return the types that an Any keeps under `value`."""
    return (*_OPEN, *_WRITTEN_AS)


def field(message: str, key: str) -> Field | None:
    """Return the field that a filter calls `key`: protobuf's own name or that of JSON, in any letter case."""
    return _fields(message).get(key.casefold())


@cache
def _fields(message: str) -> Mapping[str, Field]:
    found: dict[str, Field] = {}
    for descriptor in _pool().FindMessageTypeByName(message).fields:
        one = _field(descriptor)
        found |= {descriptor.name.casefold(): one, descriptor.json_name.casefold(): one}
    return found


@cache
def _pool() -> Any:
    from google.protobuf import descriptor_pool

    for module in _MODULES:
        import_module(module)
    return descriptor_pool.Default()


def _field(descriptor: Any) -> Field:
    message = descriptor.message_type
    if message is not None and message.GetOptions().map_entry:
        return Field(descriptor.json_name, _type(message.fields_by_name["value"]), is_map=True)
    repeated = descriptor.is_repeated
    return Field(descriptor.json_name, _type(descriptor), is_list=repeated)


def _type(descriptor: Any) -> FieldType:
    if descriptor.message_type is not None:
        name = descriptor.message_type.full_name
        if name == _ANY:
            return ANY
        return value_of_any(name) or FieldType(Kind.OBJECT, name)
    if descriptor.enum_type is not None:
        return FieldType(Kind.ENUM, enum=tuple((one.name, one.number) for one in descriptor.enum_type.values))
    return FieldType(_scalars()[descriptor.cpp_type])


@cache
def _scalars() -> Mapping[int, Kind]:
    from google.protobuf.descriptor import FieldDescriptor

    return {
        FieldDescriptor.CPPTYPE_INT32: Kind.INT32,
        FieldDescriptor.CPPTYPE_UINT32: Kind.INT64,
        FieldDescriptor.CPPTYPE_INT64: Kind.INT64,
        FieldDescriptor.CPPTYPE_UINT64: Kind.INT64,
        FieldDescriptor.CPPTYPE_DOUBLE: Kind.NUMBER,
        FieldDescriptor.CPPTYPE_FLOAT: Kind.NUMBER,
        FieldDescriptor.CPPTYPE_BOOL: Kind.BOOLEAN,
        FieldDescriptor.CPPTYPE_STRING: Kind.TEXT,
    }
