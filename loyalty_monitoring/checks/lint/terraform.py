"""Resources of Cloud Monitoring in Terraform: `.tf`, `.tf.json`, and what `terraform show -json` prints.

Arguments have the names of the API's .proto files, so that each resource becomes the API's body field by field; what
Terraform has beside them is in `_BESIDE`. Sources:
https://registry.terraform.io/providers/hashicorp/google/latest/docs/resources/monitoring_alert_policy,
.../monitoring_dashboard, .../monitoring_notification_channel and .../logging_metric, and for plans and states
https://developer.hashicorp.com/terraform/internals/json-format
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from google.protobuf.descriptor import Descriptor, FieldDescriptor

from loyalty_monitoring.checks.lint.placeholders import MayBeAbsent, has_placeholder
from loyalty_monitoring.checks.lint.rule import Resource, items, text
from loyalty_monitoring.checks.lint.shape import UNKNOWN_FIELD, ShapeProblem, field_names, is_map, normalised
from loyalty_monitoring.checks.lint.terraform_values import (
    Block,
    Template,
    TerraformEvaluator,
    TerraformModule,
    TerraformSource,
    as_text,
    attributes_in,
    blocks_in,
    mistake_in,
    parse,
    place_of,
    read_module,
    resources_in,
)
from loyalty_monitoring.common.errors import Position, UserError, nearest
from loyalty_monitoring.common.yaml_documents import Document, Path_, load_foreign_documents
from loyalty_monitoring.google_cloud.api_messages import MESSAGES, Kind

KINDS: Mapping[str, Kind] = {
    "google_monitoring_alert_policy": "alert_policy",
    "google_monitoring_dashboard": "dashboard",
    "google_monitoring_notification_channel": "notification_channel",
    "google_logging_metric": "log_metric",
}
IS_OURS = re.compile(r"\bgoogle_(?:monitoring_(?:alert_policy|dashboard|notification_channel)|logging_metric)\b")

# Arguments of every resource (developer.hashicorp.com/terraform/language/meta-arguments), then those of one type.
_OF_ALL = frozenset(
    [
        *["count", "for_each", "depends_on", "provider", "lifecycle", "provisioner", "connection"],
        *["timeouts", "project", "id", "deletion_policy"],
    ]
)
_BESIDE: Mapping[str, frozenset[str]] = {
    "notification_channel": frozenset(["sensitive_labels", "force_delete"]),
    "dashboard": frozenset(["dashboard_json"]),
}
_SCALARS = frozenset(["google.protobuf.Duration", "google.protobuf.Timestamp", "google.protobuf.BoolValue"])
_AT_APPLY = "${(known at apply)}"
_VERSION = re.compile(r"_wo(?:_version)?\Z")


class Terraform:
    """Reads files of Terraform; the locals and variables of each folder are read once."""

    def __init__(self) -> None:
        self._modules: dict[Path, TerraformModule] = {}

    def resources(self, file: Path, written: str) -> tuple[list[Resource], list[UserError]]:
        """Return the resources of a `.tf` or `.tf.json` file, and the mistakes in its syntax."""
        try:
            return self._resources(file, written)
        except RecursionError:
            return [], [UserError("is nested too deep; flatten it", Position(file))]

    def _resources(self, file: Path, written: str) -> tuple[list[Resource], list[UserError]]:
        folder = file.parent
        if folder not in self._modules:
            self._modules[folder] = read_module(folder)
        evaluator = TerraformEvaluator(self._modules[folder])
        if file.name.endswith(".json"):
            return list(_of_json(load_foreign_documents(file, written)[0], evaluator)), []
        source = parse(file, written)
        mistake = mistake_in(source)
        found, mistakes = list[Resource](), [mistake] if mistake is not None else []
        for block in resources_in(source):
            if block.labels[0] in KINDS and not block.node.has_error:
                try:
                    found.append(_of_block(block, KINDS[block.labels[0]], evaluator))
                except UserError as error:
                    mistakes.append(error)
        return found, mistakes


def is_plan_or_state(data: Any) -> bool:
    """Return whether this is what `terraform show -json` prints."""
    return isinstance(data, dict) and "terraform_version" in data and "format_version" in data


def of_plan_or_state(document: Document) -> Iterator[Resource]:
    """Yield the resources that a plan makes or keeps, or that a state has."""
    data = document.data
    if "resource_changes" in data:
        for index, change in enumerate(items(data["resource_changes"])):
            details = change.get("change") if isinstance(change, dict) else None
            after = details.get("after") if isinstance(details, dict) else None
            if (
                isinstance(details, dict)
                and isinstance(after, dict)
                and change.get("mode") != "data"
                and text(change.get("type")) in KINDS
            ):
                values = _with_unknown(after, details.get("after_unknown"))
                path = ("resource_changes", index, "change", "after")
                yield _of_values(change["type"], text(change.get("address")), values, document, path)
        return
    for root in ("values", "planned_values"):
        if isinstance(data.get(root), dict):
            yield from _of_module(data[root].get("root_module"), (root, "root_module"), document)


def is_raw_state(data: Any) -> bool:
    """Return whether this is a file of Terraform's state itself, in the version of 0.12 and later."""
    return isinstance(data, dict) and data.get("version") == 4 and "lineage" in data and "resources" in data


def of_raw_state(document: Document) -> Iterator[Resource]:
    """Yield the resources of a state file, a format that Terraform does not document."""
    for index, one in enumerate(items(document.data["resources"])):
        if not isinstance(one, dict) or text(one.get("type")) not in KINDS or one.get("mode") == "data":
            continue
        name = ".".join(part for part in (text(one.get("module")), one["type"], text(one.get("name"))) if part)
        for number, instance in enumerate(items(one.get("instances"))):
            values = instance.get("attributes") if isinstance(instance, dict) else None
            if isinstance(values, dict):
                key = instance.get("index_key")
                address = name if key is None else f"{name}[{json.dumps(key)}]"
                path = ("resources", index, "instances", number, "attributes")
                yield _of_values(one["type"], address, values, document, path)


def _of_module(module: Any, path: Path_, document: Document) -> Iterator[Resource]:
    if not isinstance(module, dict):
        return
    for index, one in enumerate(items(module.get("resources"))):
        if isinstance(one, dict) and text(one.get("type")) in KINDS and one.get("mode") != "data":
            values = one.get("values")
            if isinstance(values, dict):
                place = (*path, "resources", index, "values")
                yield _of_values(one["type"], text(one.get("address")), values, document, place)
    for index, child in enumerate(items(module.get("child_modules"))):
        yield from _of_module(child, (*path, "child_modules", index), document)


def _with_unknown(after: Any, unknown: Any) -> Any:
    """Return the planned values, with a mark wherever the plan says that they are known after apply."""
    if unknown is True:
        return _AT_APPLY
    if isinstance(after, dict) and isinstance(unknown, dict):
        return {key: _with_unknown(after.get(key), unknown.get(key)) for key in {**after, **unknown}}
    if isinstance(after, list) and isinstance(unknown, list):
        more = [_with_unknown(None, one) for one in unknown[len(after) :]]
        return [_with_unknown(one, of_one) for one, of_one in zip(after, unknown, strict=False)] + more
    return after


def _of_values(type_: str, address: str, values: dict[str, Any], document: Document, path: Path_) -> Resource:
    kind = KINDS[type_]
    if kind == "dashboard":
        place = document.position((*path, "dashboard_json"))
        return _resource(
            kind,
            *_dashboard_of_text(text(values.get("dashboard_json")), place),
            address,
            document.file,
            document.text,
            (),
        )
    converter = _Converter(kind, from_provider=True)
    positions: dict[Path_, Position] = {(): document.position(path)}
    body = converter.of_data(_message(kind), values, (), lambda inside: document.position((*path, *inside)), positions)
    return _resource(kind, body, positions, address, document.file, document.text, ())


def _of_json(document: Document, evaluator: TerraformEvaluator) -> Iterator[Resource]:
    resources = document.data.get("resource") if isinstance(document.data, dict) else None
    for type_, by_name in resources.items() if isinstance(resources, dict) else ():
        if type_ not in KINDS or not isinstance(by_name, dict):
            continue
        for name, written in by_name.items():
            for index, one in enumerate(items(written) or [written]):
                if not isinstance(one, dict):
                    continue
                path: Path_ = ("resource", type_, name, *((index,) if isinstance(written, list) else ()))
                yield _of_json_block(type_, name, _evaluated(one, evaluator, document), document, path)


def _of_json_block(type_: str, name: str, values: dict[str, Any], document: Document, path: Path_) -> Resource:
    kind, address = KINDS[type_], f"{type_}.{name}"
    converter = _Converter(kind)
    positions: dict[Path_, Position] = {(): document.position(path)}
    if kind == "dashboard":
        place = document.position((*path, "dashboard_json"))
        body, positions = _dashboard_of_text(text(values.get("dashboard_json")), place)
    else:
        body = converter.of_data(
            _message(kind), values, (), lambda inside: document.position((*path, *inside)), positions
        )
    return _resource(kind, body, positions, address, document.file, document.text, tuple(converter.problems))


def _evaluated(value: Any, evaluator: TerraformEvaluator, document: Document) -> Any:
    """Evaluate the data of a `.tf.json` file, whose texts are templates."""
    if isinstance(value, dict):
        return {key: _evaluated(item, evaluator, document) for key, item in value.items()}
    if isinstance(value, list):
        return [_evaluated(item, evaluator, document) for item in value]
    if not isinstance(value, str) or not ("${" in value or "%{" in value):
        return value
    source = parse(document.file, f"x = <<TEMPLATE\n{value}\nTEMPLATE\n")
    body = next((child for child in source.root.children if child.type == "body"), None)
    for _, _, node in attributes_in(body):
        template = evaluator.template_of(source, node)
        if template is not None and not source.root.has_error:
            whole = [part for part in template.parts if part != (True, "\n")]
            return whole[0][1] if len(whole) == 1 and not whole[0][0] else template.text.removesuffix("\n")
    return _AT_APPLY


def _of_block(block: Block, kind: Kind, evaluator: TerraformEvaluator) -> Resource:
    address = ".".join(block.labels)
    converter = _Converter(kind, evaluator=evaluator)
    positions: dict[Path_, Position] = {(): place_of(block.source, block.node)}
    body = converter.of_body(_message(kind), block.source, block, (), positions)
    if kind == "dashboard":
        written = {name: value for name, _, value in attributes_in(block.body)}.get("dashboard_json")
        if written is not None:
            body, positions = _dashboard(block.source, written, evaluator)
    problems = tuple(converter.problems)
    return _resource(kind, body, positions, address, block.source.file, block.source.text, problems)


def _dashboard(source: TerraformSource, node: Any, evaluator: TerraformEvaluator) -> tuple[Any, dict[Path_, Position]]:
    """Return the dashboard that `dashboard_json` gives: of jsonencode({...}), of a text, or "${...}" where it is not
    known.
    """
    source, node = evaluator.followed(source, node)
    place = place_of(source, node)
    positions: dict[Path_, Position] = {(): place}
    inside = _encoded(node)
    if inside is not None:
        return evaluator.value(source, inside, (), positions), positions
    template = evaluator.template_of(source, node)
    if template is not None:
        return _dashboard_of_template(template)
    return _dashboard_of_text(as_text(evaluator.value(source, node)), place)


def _encoded(node: Any) -> Any:
    """Return the argument of `jsonencode(...)`; None for anything else."""
    children = [child for child in node.children if child.is_named and child.type != "comment"]
    if len(children) != 1 or children[0].type != "function_call":
        return None
    call = children[0]
    arguments = next((child for child in call.children if child.type == "function_arguments"), None)
    if arguments is None or (call.children[0].text or b"") != b"jsonencode":
        return None
    return next((child for child in arguments.children if child.type == "expression"), None)


def _dashboard_of_template(template: Template) -> tuple[Any, dict[Path_, Position]]:
    written, first = template.json_text, template.first
    try:
        documents = load_foreign_documents(Path(str(first.file)).with_suffix(".json"), written)
    except UserError as error:
        if has_placeholder(template.text):
            return _AT_APPLY, {(): first}
        line = first.line + max((error.position.line if error.position else 1) - 1, 0)
        raise UserError(f"dashboard_json {error.message}", Position(first.file, line, 1)) from error
    document = documents[0]
    positions = {
        path: Position(first.file, first.line + place.line - 1, place.column + first.column - 1)
        for path, place in document.positions.items()
    }
    return document.data, positions


def _dashboard_of_text(written: str, place: Position) -> tuple[Any, dict[Path_, Position]]:
    try:
        return json.loads(written), {(): place}
    except (ValueError, RecursionError):
        return _AT_APPLY, {(): place}


def _resource(
    kind: Kind,
    body: Any,
    positions: dict[Path_, Position],
    address: str,
    file: Path,
    written: str,
    problems: tuple[ShapeProblem, ...],
) -> Resource:
    document = Document(file, body, positions, written)
    if isinstance(body, dict):
        return Resource(kind, normalised(kind, body), document, (), address, problems)
    if not (isinstance(body, str) and has_placeholder(body)):
        raise UserError("dashboard_json is no JSON object; write the dashboard's body", positions[()])
    return Resource(kind, {}, document, (), address, problems, is_known=False)


def _message(kind: Kind) -> Descriptor:
    return MESSAGES[kind].pb().DESCRIPTOR


class _Converter:
    """Makes the API's body of a resource's arguments; `problems` are arguments that the resource does not have."""

    def __init__(self, kind: Kind, evaluator: TerraformEvaluator | None = None, from_provider: bool = False) -> None:
        self.problems: list[ShapeProblem] = []
        self._kind = kind
        self._evaluator = evaluator or TerraformEvaluator(TerraformModule())
        self._from_provider = from_provider

    def of_body(
        self, message: Descriptor, source: TerraformSource, block: Block, path: Path_, positions: dict[Path_, Position]
    ) -> dict[str, Any]:
        """Return the body of a block of a `.tf` file."""
        result: dict[str, Any] = MayBeAbsent() if block.is_dynamic else {}
        for name, name_node, node in attributes_in(block.body):
            field = self._field(message, name, path, place_of(source, name_node), positions)
            if field is not None:
                inside = (*path, field.json_name)
                positions[inside] = place_of(source, name_node)
                value = self._evaluator.value(source, node, inside, positions)
                if value is not None:
                    result[field.json_name] = _coerced(field, value)
        for inner in blocks_in(source, block.body):
            if not path and inner.type == "sensitive_labels" and self._kind == "notification_channel":
                self._add_secrets(result, (name for name, _, _ in attributes_in(inner.body)))
                continue
            place = place_of(source, inner.node)
            field = self._field(message, inner.type, path, place, positions)
            if field is None:
                continue
            inside = (*path, field.json_name)
            positions.setdefault(inside, place)
            if field.message_type is None or is_map(field) or field.message_type.full_name in _SCALARS:
                result[field.json_name] = _AT_APPLY
            elif field.is_repeated:
                one = result.setdefault(field.json_name, [])
                if isinstance(one, list):
                    at = (*inside, len(one))
                    positions[at] = place
                    one.append(self.of_body(field.message_type, source, inner, at, positions))
            else:
                result[field.json_name] = self.of_body(field.message_type, source, inner, inside, positions)
        return result

    def of_data(
        self, message: Descriptor, data: Mapping[str, Any], path: Path_, place: Any, positions: dict[Path_, Position]
    ) -> dict[str, Any]:
        """Return the body of data, as a `.tf.json` file, a plan and a state have it; `place` is that of a path in the
        data.
        """
        result: dict[str, Any] = {}
        for name, value in data.items():
            if not path and name == "sensitive_labels" and self._kind == "notification_channel":
                for one in items(value) or [value]:
                    self._add_secrets(result, one if isinstance(one, dict) else ())
                continue
            field = self._field(message, name, path, place((name,)), positions)
            if field is None or value is None or (self._from_provider and _is_unset(field, value)):
                continue
            inside = (*path, field.json_name)
            positions[inside] = place((name,))
            result[field.json_name] = self._of_datum(field, value, inside, name, place, positions)
        return result

    def _of_datum(
        self, field: FieldDescriptor, value: Any, path: Path_, name: str, place: Any, positions: dict[Path_, Position]
    ) -> Any:
        message = field.message_type
        if message is None or is_map(field) or message.full_name in _SCALARS or isinstance(value, str):
            return _coerced(field, value)
        blocks = value if isinstance(value, list) else [value]
        made = []
        for index, one in enumerate(blocks):
            below = (name, index) if isinstance(value, list) else (name,)
            at = (*path, index) if field.is_repeated else path
            positions[at] = place(below)
            inner = _below(place, below)
            made.append(self.of_data(message, one, at, inner, positions) if isinstance(one, dict) else one)
        return made if field.is_repeated else (made[0] if made else {})

    def _field(
        self, message: Descriptor, name: str, path: Path_, place: Position, positions: dict[Path_, Position]
    ) -> FieldDescriptor | None:
        fields = _arguments(message)
        if name in fields:
            return fields[name]
        beside = _BESIDE.get(self._kind, frozenset())
        known = path or name not in {*_OF_ALL, *beside}
        if known and not self._from_provider and not has_placeholder(name):
            positions[(*path, name)] = place
            names = {*fields, *(() if path else beside)} - ({"name"} if message.name == "AlertPolicy" else set())
            if self._kind == "dashboard":
                names = set(beside)
            hint = nearest(name, names).removeprefix("; ")
            problem = f"{name!r} is no argument of {'this resource' if not path else 'this block'}"
            self.problems.append(ShapeProblem(UNKNOWN_FIELD, (*path, name), problem, hint or "remove it"))
        return None

    def _add_secrets(self, body: dict[str, Any], names: Any) -> None:
        labels = body.setdefault("labels", {})
        if isinstance(labels, dict):
            for name in names:
                labels.setdefault(_VERSION.sub("", name), _AT_APPLY)


def _below(place: Any, path: Path_) -> Any:
    return lambda inside: place((*path, *inside))


@cache
def _arguments(message: Descriptor) -> dict[str, FieldDescriptor]:
    """Return the fields by the names that Terraform has for them."""
    return {name: field for name, field in field_names(message).items() if name == name.lower()}


def _is_unset(field: FieldDescriptor, value: Any) -> bool:
    """Return whether a provider writes this for what is unset."""
    oneof = field.containing_oneof is not None and len(field.containing_oneof.fields) > 1
    return value in ("", [], {}) or (oneof and value == 0)


def _coerced(field: FieldDescriptor, value: Any) -> Any:
    """Return the value in the type of its argument, into which Terraform converts it."""
    if is_map(field):
        return {key: _scalar(item, True) for key, item in value.items()} if isinstance(value, dict) else value
    if field.is_repeated and isinstance(value, list):
        return [_single(field, item) for item in value]
    return _single(field, value)


def _single(field: FieldDescriptor, value: Any) -> Any:
    message = field.message_type
    if message is not None and message.full_name == "google.protobuf.BoolValue":
        return _truth(value)
    if field.cpp_type == FieldDescriptor.CPPTYPE_BOOL:
        return _truth(value)
    is_text = message.full_name in _SCALARS if message is not None else field.cpp_type == FieldDescriptor.CPPTYPE_STRING
    return _scalar(value, is_text)


def _truth(value: Any) -> Any:
    return {"true": True, "false": False}.get(value, value) if isinstance(value, str) else value


def _scalar(value: Any, is_text: bool) -> Any:
    return as_text(value) if is_text and isinstance(value, bool | int | float) else value
