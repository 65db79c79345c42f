"""Terraform's language, as far as it can be evaluated without a plan. The only module that imports tree_sitter.

tree-sitter-hcl keeps the place of every value, which findings need, and reads some megabytes a second. python-hcl2
knows lines of blocks only and gives expressions as texts, which would have to be parsed once more.

A value that is only known at apply stands as "${...}" in what comes out, like a value that any template engine still
fills in: rules that need it stay silent. `locals`, defaults of variables, and the values that files of the same folder
give them (terraform.tfvars, *.auto.tfvars) are used. Source:
https://developer.hashicorp.com/terraform/language/expressions
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from tree_sitter import Language, Node, Parser
from tree_sitter_hcl import language

from loyalty_monitoring.checks.lint.placeholders import has_placeholder
from loyalty_monitoring.common.errors import Position, UserError
from loyalty_monitoring.common.yaml_documents import Path_, read_text

_SHOWN = 60
_DEEPEST = 60
_ESCAPE = re.compile(r"\\(?:([nrt\"\\])|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8}))|\$\$\{|%%\{")
_ESCAPED = {"n": "\n", "r": "\r", "t": "\t", '"': '"', "\\": "\\"}
_HOLE = re.compile("\0(\\d+)\0")
# The type of resource whose name others refer to, and the attributes that are this name.
_NAMED, _NAMES = "google_logging_metric", ("name", "id")


@dataclass(frozen=True)
class TerraformSource:
    """A file of Terraform: its path, its text, its lines in UTF-8 and its tree."""

    file: Path
    text: str
    lines: tuple[bytes, ...]
    root: Node


@dataclass(frozen=True)
class Block:
    """A block such as `resource "TYPE" "NAME" { ... }`, and where it stands; a `dynamic` one may make none."""

    source: TerraformSource
    node: Node
    type: str
    labels: tuple[str, ...]
    is_dynamic: bool = False

    @property
    def body(self) -> Node | None:
        return next((child for child in self.node.children if child.type == "body"), None)


@dataclass
class TerraformModule:
    """The files of one folder together: locals, defaults and values of variables, names of log-based metrics.

    All are expressions, with the source that they stand in.
    """

    locals: dict[str, tuple[TerraformSource, Node]] = field(default_factory=dict)
    defaults: dict[str, tuple[TerraformSource, Node]] = field(default_factory=dict)
    values: dict[str, tuple[TerraformSource, Node]] = field(default_factory=dict)
    names: dict[str, tuple[TerraformSource, Node]] = field(default_factory=dict)


def parse(file: Path, text: str) -> TerraformSource:
    """Return the tree of a file. Errors: UserError at the first place that is no Terraform."""
    raw = text.encode()
    return TerraformSource(file, text, tuple(raw.split(b"\n")), Parser(_language()).parse(raw).root_node)


def mistake_in(source: TerraformSource) -> UserError | None:
    """Return the first place where a file is no Terraform."""
    if not source.root.has_error:
        return None
    node = next(_errors(source.root), source.root)
    return UserError("is not valid Terraform; mend the syntax at this line", place_of(source, node))


def place_of(source: TerraformSource, node: Node) -> Position:
    row, column = node.start_point
    return Position(source.file, row + 1, len(source.lines[row][:column].decode(errors="replace")) + 1)


def blocks_in(source: TerraformSource, body: Node | None) -> Iterator[Block]:
    """Yield the blocks of a body; a `dynamic` one is the block that it makes, once."""
    for child in body.children if body is not None else ():
        if child.type != "block":
            continue
        names = [one for one in child.children if one.type in ("identifier", "string_lit")]
        type_, *labels = (_name(one) for one in names)
        block = Block(source, child, type_, tuple(labels))
        if type_ == "dynamic" and labels:
            content = next((one for one in blocks_in(source, block.body) if one.type == "content"), None)
            if content is not None:
                yield Block(source, content.node, labels[0], (), is_dynamic=True)
            continue
        yield block


def attributes_in(body: Node | None) -> Iterator[tuple[str, Node, Node]]:
    """Name, the node of the name, and the expression of each attribute of a body."""
    for child in body.children if body is not None else ():
        if child.type == "attribute":
            name = next((one for one in child.children if one.type == "identifier"), None)
            value = next((one for one in child.children if one.type == "expression"), None)
            if name is not None and value is not None:
                yield _text(name), name, value


def read_module(folder: Path) -> TerraformModule:
    """Return the locals, variables and resources of a folder; a file that cannot be read adds nothing."""
    module = TerraformModule()
    for file in sorted((*folder.glob("*.tf"), *folder.glob("*.tf.json"))):
        try:
            written = read_text(file)
        except UserError:
            continue
        if file.suffix == ".tf":
            _add(parse(file, written), module)
        else:
            _add_json(file, written, module)
    for file in _files_of_values(folder):
        try:
            _add_values(file, read_text(file), module)
        except UserError:
            continue
    return module


def _files_of_values(folder: Path) -> list[Path]:
    """Return the files of a folder that give its variables their values without being named, the last one wins.

    Source: https://developer.hashicorp.com/terraform/language/values/variables#variable-definition-precedence
    """
    named = [folder / f"terraform.tfvars{ending}" for ending in ("", ".json")]
    automatic = sorted(one for ending in ("", ".json") for one in folder.glob(f"*.auto.tfvars{ending}"))
    return [one for one in (*named, *automatic) if one.is_file()]


def _add_values(file: Path, written: str, module: TerraformModule) -> None:
    if file.suffix == ".json":
        data = _json_object(written)
        found = {name: _json_expression(file, value) for name, value in data.items()}
        module.values |= {name: one for name, one in found.items() if one is not None}
        return
    source = parse(file, written)
    body = next((child for child in source.root.children if child.type == "body"), None)
    module.values |= {name: (source, value) for name, _, value in attributes_in(body) if not value.has_error}


def _add(source: TerraformSource, module: TerraformModule) -> None:
    body = next((child for child in source.root.children if child.type == "body"), None)
    for block in blocks_in(source, body):
        if block.type == "locals":
            for name, _, value in attributes_in(block.body):
                module.locals[name] = (source, value)
        elif block.type == "variable" and block.labels:
            for name, _, value in attributes_in(block.body):
                if name == "default":
                    module.defaults[block.labels[0]] = (source, value)
        elif block.type == "resource" and len(block.labels) == 2 and block.labels[0] == _NAMED:
            for name, _, value in attributes_in(block.body):
                if name == "name":
                    module.names[block.labels[1]] = (source, value)


def _add_json(file: Path, written: str, module: TerraformModule) -> None:
    data = _json_object(written)

    def below(*keys: str) -> dict[str, Any]:
        inside: Any = data
        for key in keys:
            inside = inside.get(key) if isinstance(inside, dict) else None
        return inside if isinstance(inside, dict) else {}

    found = {name: _json_expression(file, value) for name, value in below("locals").items()}
    module.locals |= {name: one for name, one in found.items() if one is not None}
    for name, of_one in below("variable").items():
        if isinstance(of_one, dict) and (one := _json_expression(file, of_one.get("default"))) is not None:
            module.defaults[name] = one
    for name, of_one in below("resource", _NAMED).items():
        if isinstance(of_one, dict) and (one := _json_expression(file, of_one.get("name"))) is not None:
            module.names[name] = one


def _json_object(written: str) -> dict[str, Any]:
    try:
        data = json.loads(written)
    except (ValueError, RecursionError):
        return {}
    return data if isinstance(data, dict) else {}


def _json_expression(file: Path, value: Any) -> tuple[TerraformSource, Node] | None:
    """Return a value of JSON as an expression of the language, which it is as well."""
    source = parse(file, f"x = {json.dumps(value)}")
    body = next((child for child in source.root.children if child.type == "body"), None)
    return None if source.root.has_error else next(((source, node) for _, _, node in attributes_in(body)), None)


def resources_in(source: TerraformSource) -> Iterator[Block]:
    body = next((child for child in source.root.children if child.type == "body"), None)
    return (block for block in blocks_in(source, body) if block.type == "resource" and len(block.labels) == 2)


@dataclass
class TerraformEvaluator:
    """Evaluates expressions with what a module knows."""

    module: TerraformModule
    open: set[str] = field(default_factory=set)

    def value(
        self, source: TerraformSource, node: Node, path: Path_ = (), positions: dict[Path_, Position] | None = None
    ) -> Any:
        """Return the value of an expression; with `positions`, those of what is inside it are added below `path`."""
        if len(path) > _DEEPEST:
            return unknown(node)
        children = _inside(node)
        if node.type == "expression":
            if children and children[0].type == "variable_expr":
                return self.traversal(node, children)
            if len(children) != 1:
                return unknown(node)
            return self.value(source, children[0], path, positions)
        if node.type in ("literal_value", "template_expr", "collection_value"):
            return self.value(source, children[0], path, positions) if children else unknown(node)
        evaluate = _EVALUATE.get(node.type)
        return evaluate(self, source, node, path, positions) if evaluate is not None else unknown(node)

    def template_of(self, source: TerraformSource, node: Node) -> Template | None:
        """Return the template of an expression that is a text with or without `${...}`; None for anything else."""
        while node.type in ("expression", "literal_value", "template_expr"):
            children = _inside(node)
            if len(children) != 1:
                return None
            node = children[0]
        if node.type not in ("string_lit", "quoted_template", "heredoc_template"):
            return None
        return _template(self, source, node)

    def followed(self, source: TerraformSource, node: Node) -> tuple[TerraformSource, Node]:
        """Return the expression that `local.NAME` stands for, as often as one leads to another."""
        for _ in range(_DEEPEST):
            parts = _parts(_inside(node)) if node.type == "expression" else None
            if parts is None or len(parts) != 2 or parts[0] != "local" or parts[1] not in self.module.locals:
                break
            source, node = self.module.locals[str(parts[1])]
        return source, node

    def traversal(self, node: Node, children: list[Node]) -> Any:
        """Evaluate a traversal such as `local.a["b"]`, whose parts are these children of a node."""
        parts = _parts(children)
        if parts is None or len(parts) < 2:
            return unknown(node)
        head, name, *rest = parts
        found: tuple[TerraformSource, Node] | None = None
        if head == "local":
            found = self.module.locals.get(str(name))
        elif head == "var":
            found = self.module.values.get(str(name)) or self.module.defaults.get(str(name))
        elif head == _NAMED and rest and rest[-1] in _NAMES:
            found, rest = self.module.names.get(str(name)), []
        key = f"{head}.{name}"
        if found is None or key in self.open:
            return unknown(node)
        self.open.add(key)
        value = self.value(*found)
        self.open.discard(key)
        for part in rest:
            if isinstance(value, dict) and part in value:
                value = value[str(part)]
            elif isinstance(value, list) and isinstance(part, int) and 0 <= part < len(value):
                value = value[part]
            else:
                return unknown(node)
        # A variable without a value by default gets one from somewhere else.
        return unknown(node) if value is None and head == "var" else value


@dataclass(frozen=True)
class Template:
    """A text whose parts are texts, and values in place of `${...}`; `first` is the place of its first character."""

    parts: tuple[tuple[bool, Any], ...]
    first: Position

    @property
    def text(self) -> str:
        return "".join(part if is_text else as_text(part) for is_text, part in self.parts)

    @property
    def json_text(self) -> str:
        """The text as JSON: a value that is not known yet is put in quotes where it stands outside of a text."""
        written = ""
        for is_text, part in self.parts:
            value = part if is_text else as_text(part)
            if not is_text and has_placeholder(value):
                inside = len(re.findall(r'(?<!\\)(?:\\\\)*"', written)) % 2 == 1
                value = json.dumps(value)[1:-1] if inside else json.dumps(value)
            written += value
        return written


def unknown(node: Node) -> str:
    """Return the placeholder for a value that is only known at apply."""
    text = " ".join(_text(node).split())
    return f"${{{text}}}" if len(text) <= _SHOWN and not set(text) & set("{}\"'\\") else "${(known at apply)}"


def as_text(value: Any) -> str:
    """Return a value as a template writes it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value) if isinstance(value, str | int | float) else "${(known at apply)}"


@cache
def _language() -> Language:
    return Language(language())


def _errors(node: Node) -> Iterator[Node]:
    if node.is_error or node.is_missing:
        yield node
    for child in node.children:
        if child.has_error or child.is_missing:
            yield from _errors(child)


def _text(node: Node) -> str:
    return (node.text or b"").decode(errors="replace")


def _name(node: Node) -> str:
    return _text(node).strip('"')


def _inside(node: Node) -> list[Node]:
    return [child for child in node.children if child.is_named and child.type != "comment"]


def _parts(children: list[Node]) -> list[str | int] | None:
    """Return the steps of `local.a["b"][0].c`; None for anything that is no such chain."""
    if not children or children[0].type != "variable_expr":
        return None
    parts: list[str | int] = [_text(children[0])]
    for child in children[1:]:
        if child.type == "get_attr":
            parts.append(_text(child.children[-1]))
        elif child.type == "index":
            inside = _text(child).strip("[]. \n\t")
            parts.append(int(inside) if inside.isdigit() else inside.strip('"'))
        else:
            return None
    return parts


def _string(evaluator: TerraformEvaluator, source: TerraformSource, node: Node, *_: Any) -> Any:
    template = _template(evaluator, source, node)
    if len(template.parts) == 1 and not template.parts[0][0] and node.type == "quoted_template":
        return template.parts[0][1]
    return template.text


def _template(evaluator: TerraformEvaluator, source: TerraformSource, node: Node) -> Template:
    """Return the template of a text in quotes, or of a heredoc, without what `<<-` indents."""
    raw, base = node.text or b"", node.start_byte
    heredoc = node.type == "heredoc_template"
    holes: list[Any] = []
    written, at = "", 0
    if heredoc:
        at = raw.find(b"\n") + 1
        end = raw.rfind(b"\n") + 1
    else:
        at, end = 1, len(raw) - 1
    row = node.start_point[0] + (1 if heredoc else 0)
    for child in node.children:
        if child.type in ("template_interpolation", "template_directive"):
            literal = raw[at : child.start_byte - base].decode(errors="replace")
            written += _plain(literal, heredoc)
            inside = next((one for one in child.children if one.type == "expression"), None)
            is_value = child.type == "template_interpolation" and inside is not None
            holes.append(evaluator.value(source, inside) if is_value and inside is not None else unknown(child))
            written += f"\0{len(holes) - 1}\0"
            at = child.end_byte - base
    written += _plain(raw[at:end].decode(errors="replace"), heredoc)
    indent = 0
    if heredoc and raw.startswith(b"<<-"):
        lines = [line for line in written.split("\n") if line.strip()]
        indent = min((len(line) - len(line.lstrip(" \t")) for line in lines), default=0)
        written = "\n".join(line[indent:] if line.strip() else line.strip(" \t") for line in written.split("\n"))
    parts: list[tuple[bool, Any]] = []
    for index, part in enumerate(_HOLE.split(written)):
        if index % 2:
            parts.append((False, holes[int(part)]))
        elif part:
            parts.append((True, part))
    column = indent + 1 if heredoc else node.start_point[1] + 2
    return Template(tuple(parts), Position(source.file, row + 1, column))


def _plain(text: str, heredoc: bool) -> str:
    def written(found: re.Match[str]) -> str:
        if found[0] in ("$${", "%%{"):
            return found[0][1:]
        if heredoc:
            return found[0]
        if found[1]:
            return _ESCAPED[found[1]]
        code = int(found[2] or found[3], 16)
        return chr(code) if code < 0x110000 else found[0]

    return _ESCAPE.sub(written, text.replace("\0", ""))


def _number(evaluator: TerraformEvaluator, source: TerraformSource, node: Node, *_: Any) -> Any:
    text = _text(node)
    try:
        return int(text) if text.isdigit() and len(text) < _SHOWN else float(text)
    except ValueError:
        return unknown(node)


def _tuple(
    evaluator: TerraformEvaluator,
    source: TerraformSource,
    node: Node,
    path: Path_,
    positions: dict[Path_, Position] | None,
) -> Any:
    items = [child for child in node.children if child.type == "expression"]
    result = []
    for index, item in enumerate(items):
        if positions is not None:
            positions[(*path, index)] = place_of(source, item)
        result.append(evaluator.value(source, item, (*path, index), positions))
    return result


def _object(
    evaluator: TerraformEvaluator,
    source: TerraformSource,
    node: Node,
    path: Path_,
    positions: dict[Path_, Position] | None,
) -> Any:
    result: dict[str, Any] = {}
    for element in node.children:
        if element.type != "object_elem":
            continue
        key_node, value_node = [child for child in element.children if child.type == "expression"][:2]
        parts = _parts(_inside(key_node))
        key = str(parts[0]) if parts is not None and len(parts) == 1 else as_text(evaluator.value(source, key_node))
        if positions is not None:
            positions[(*path, key)] = place_of(source, key_node)
        result[key] = evaluator.value(source, value_node, (*path, key), positions)
    return result


def _conditional(evaluator: TerraformEvaluator, source: TerraformSource, node: Node, *_: Any) -> Any:
    condition, then, otherwise = [child for child in node.children if child.type == "expression"][:3]
    chosen = evaluator.value(source, condition)
    if isinstance(chosen, bool):
        return evaluator.value(source, then if chosen else otherwise)
    return unknown(node)


def _operation(evaluator: TerraformEvaluator, source: TerraformSource, node: Node, *_: Any) -> Any:
    inner = node.children[0]
    operands = [_operand(evaluator, source, inner, children) for children in _operands(inner)]
    operator = next((_text(child) for child in inner.children if not child.is_named), "")
    numbers = [one for one in operands if isinstance(one, int | float) and not isinstance(one, bool)]
    if inner.type == "unary_operation" and len(numbers) == 1 and operator == "-":
        return -numbers[0]
    if len(numbers) == 2 and operator in _ARITHMETIC and not (operator in "/%" and not numbers[1]):
        return _ARITHMETIC[operator](numbers[0], numbers[1])
    if len(operands) == 2 and operator in ("==", "!=") and not any(map(_is_unknown, operands)):
        return (operands[0] == operands[1]) == (operator == "==")
    return unknown(node)


def _operands(node: Node) -> list[list[Node]]:
    """Return the operands of an operation, each as the nodes that it consists of."""
    groups: list[list[Node]] = [[]]
    for child in node.children:
        if child.is_named and child.type != "comment":
            groups[-1].append(child)
        elif not child.is_named and groups[-1]:
            groups.append([])
    return [group for group in groups if group]


def _operand(evaluator: TerraformEvaluator, source: TerraformSource, node: Node, children: list[Node]) -> Any:
    if children[0].type == "variable_expr":
        return evaluator.traversal(node, children)
    return evaluator.value(source, children[0]) if len(children) == 1 else unknown(node)


def _is_unknown(value: Any) -> bool:
    return isinstance(value, str) and has_placeholder(value)


def _call(
    evaluator: TerraformEvaluator,
    source: TerraformSource,
    node: Node,
    path: Path_,
    positions: dict[Path_, Position] | None,
) -> Any:
    name = _text(node.children[0])
    arguments = next((child for child in node.children if child.type == "function_arguments"), None)
    nodes = [child for child in arguments.children if child.type == "expression"] if arguments is not None else []
    if name in ("tolist", "toset", "tomap", "sensitive", "nonsensitive") and len(nodes) == 1:
        return evaluator.value(source, nodes[0], path, positions)
    function = _FUNCTIONS.get(name)
    if function is None:
        return unknown(node)
    values = [evaluator.value(source, one) for one in nodes]
    if name != "jsonencode" and any(_is_unknown(one) for one in values if name not in ("join", "format")):
        return unknown(node)
    try:
        return function(*values)
    except (TypeError, ValueError, IndexError, KeyError):
        return unknown(node)


def _joined(separator: str, *lists: Any) -> str:
    if not all(isinstance(one, list) for one in lists):
        raise TypeError
    return separator.join(as_text(item) for one in lists for item in one)


def _formatted(pattern: str, *values: Any) -> str:
    if re.sub(r"%[sdv]|%%", "", pattern).count("%"):
        raise ValueError
    return re.sub(r"%[dv]", "%s", pattern) % tuple(map(as_text, values))


def _merged(*maps: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for one in maps for key, value in dict(one).items()}


def _concatenated(*lists: list[Any]) -> list[Any]:
    if not all(isinstance(one, list) for one in lists):
        raise TypeError
    return [item for one in lists for item in one]


def _replaced(text: str, old: str, new: str) -> str:
    if old.startswith("/") and old.endswith("/"):
        raise ValueError
    return text.replace(old, new)


_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "jsonencode": lambda value: json.dumps(value),
    "join": _joined,
    "format": _formatted,
    "merge": _merged,
    "concat": _concatenated,
    "replace": _replaced,
    "lower": lambda text: str(text).lower(),
    "upper": lambda text: str(text).upper(),
    "trimspace": lambda text: str(text).strip(),
    "chomp": lambda text: str(text).rstrip("\r\n"),
    "tostring": as_text,
    "tonumber": lambda value: float(value) if "." in str(value) else int(value),
}
_ARITHMETIC: dict[str, Callable[[float, float], float]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / b,
    "%": lambda a, b: a % b,
}
_EVALUATE: dict[str, Callable[..., Any]] = {
    "string_lit": _string,
    "quoted_template": _string,
    "heredoc_template": _string,
    "numeric_lit": _number,
    "bool_lit": lambda evaluator, source, node, *_: _text(node) == "true",
    "null_lit": lambda *_: None,
    "tuple": _tuple,
    "object": _object,
    "conditional": _conditional,
    "operation": _operation,
    "function_call": _call,
}
