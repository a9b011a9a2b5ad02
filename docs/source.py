"""Read searchkit's source for docs/generate.py: members of classes with their types and docstrings, constants."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from types import ModuleType
from typing import Any

PACKAGE = "searchkit"

JSON_NAMES = {"str": "string", "int": "integer", "float": "number", "bool": "boolean", "Path": "string"}
"""Types of Python and what they are in JSON."""


@dataclass(frozen=True)
class Member:
    """A field, property or method of a class."""

    name: str
    node: ast.stmt
    module: ModuleType
    text: str
    """Its docstring, or an empty string."""

    @property
    def annotation(self) -> ast.expr | None:
        """The type of a field or property; the return type of a method."""
        return self.node.annotation if isinstance(self.node, ast.AnnAssign) else getattr(self.node, "returns", None)

    @property
    def is_attribute(self) -> bool:
        """Whether it is a field or property, not a method."""
        decorators = getattr(self.node, "decorator_list", [])
        return not isinstance(self.node, ast.FunctionDef) or any(ast.unparse(item) == "property" for item in decorators)


@dataclass(frozen=True)
class Constant:
    """A constant or type alias of a module."""

    name: str
    value: ast.expr
    module: ModuleType
    text: str
    """Its docstring, or an empty string."""


def home(item: type | Callable[..., Any]) -> ModuleType:
    """Return the module that defines a class or function."""
    return import_module(item.__module__)


@cache
def tree(module: ModuleType) -> ast.Module:
    """Return the syntax tree of a module."""
    return ast.parse(inspect.getsource(module))


@cache
def members(cls: type) -> dict[str, Member]:
    """Return the public members that a class itself defines, and `__init__` if it has one, in source order."""
    module = home(cls)
    body = next(n for n in ast.walk(tree(module)) if isinstance(n, ast.ClassDef) and n.name == cls.__name__).body
    result = {}
    for node, after in zip(body, [*body[1:], None], strict=True):
        if isinstance(node, ast.FunctionDef):
            name, text = node.name, ast.get_docstring(node) or ""
        elif isinstance(node, ast.AnnAssign | ast.Assign):
            name = ast.unparse(node.target if isinstance(node, ast.AnnAssign) else node.targets[0])
            text = _docstring(after)
        else:
            continue
        if not name.startswith("_") or name == "__init__":
            result[name] = Member(name, node, module, text)
    return result


def find(classes: Iterable[type], name: str) -> Member | None:
    """Return the member of that name of the first class that describes it, or else of the first that has it."""
    matches = [member for cls in classes for member in _lookup(cls, name)]
    return next((member for member in matches if member.text), next(iter(matches), None))


def _lookup(cls: type, name: str) -> Iterator[Member]:
    """Yield the member of a class or of its bases, or else those of the records that are fields of the class.

    So the text of a hit is that of its paragraph. An assignment without a type (`unit = _Of[str]("extracted")`)
    forwards to such a record.
    """
    bases = [base for base in inspect.getmro(cls) if base.__module__.startswith(PACKAGE)]
    for base in bases:
        member = members(base).get(name)
        if member and not isinstance(member.node, ast.Assign):
            yield member
            return
    for base in bases:
        for member in members(base).values():
            record = isinstance(member.node, ast.AnnAssign) and record_named(member.node.annotation, member.module)
            if record and (matches := list(_lookup(record, name))):
                yield from matches
                return


def class_at(cls: type, *names: str) -> type:
    """Return the class that is reached by members: `class_at(Index, "compare", "cell")` is the class of a cell.

    `*` is the first member whose type has a class of searchkit.
    """
    for name in names:
        reached = [members(cls)[name]] if name != "*" else members(cls).values()
        cls = next(record for member in reached for record in _records_in(member))
    return cls


def _records_in(member: Member) -> Iterator[type]:
    """Yield the classes of searchkit in the type of a member."""
    for node in ast.walk(member.annotation or ast.Constant(None)):
        if isinstance(node, ast.Name) and (record := record_named(node, member.module)):
            yield record


def record_named(annotation: ast.expr, module: ModuleType) -> type | None:
    """Return the class of searchkit that an annotation consists of (`X` or `X | None`), None if there is none."""
    parts = [part for part in _alternatives(annotation) if not isinstance(part, ast.Constant)]
    found = resolve(parts[0].id, module) if len(parts) == 1 and isinstance(parts[0], ast.Name) else None
    return found if isinstance(found, type) and found.__module__.startswith(PACKAGE) else None


def resolve(name: str, module: ModuleType) -> object:
    """Return the object of a name in a module, also of a name imported for type checkers only. None if unknown."""
    if hasattr(module, name):
        return getattr(module, name)
    origin = _imported(name, module)
    return origin and getattr(origin[1], origin[0])


def constant(name: str, module: ModuleType) -> Constant | None:
    """Return the constant or type alias that a name in a module refers to, None if it is something else."""
    origin = _imported(name, module)
    if origin:
        return constant(*origin)
    body = tree(module).body
    for node, after in zip(body, [*body[1:], None], strict=True):
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == name:
            return Constant(name, node.value, module, _docstring(after))
    return None


def _imported(name: str, module: ModuleType) -> tuple[str, ModuleType] | None:
    """Return the name and module of searchkit that a module imports as `name`."""
    for node in ast.walk(tree(module)):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(PACKAGE):
            for alias in node.names:
                if (alias.asname or alias.name) == name:
                    return alias.name, import_module(node.module or "")
    return None


def _docstring(node: ast.stmt | None) -> str:
    """Return the text of the docstring below a field or constant, empty if `node` is something else."""
    value = node.value.value if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) else None
    return inspect.cleandoc(value) if isinstance(value, str) else ""


class _Raw(str):
    """An annotation, which `inspect` would put in quotes."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


def signature(function: Callable[..., object], name: str, width: int) -> str:
    """Return the signature of a function, method or class, without `self`; a line for each parameter if it is long."""
    whole = inspect.signature(function)
    parameters = [p.replace(annotation=_Raw(p.annotation)) for p in whole.parameters.values() if p.name != "self"]
    returns = whole.empty if isinstance(function, type) else _Raw(whole.return_annotation)
    text = str(whole.replace(parameters=parameters, return_annotation=returns))
    if len(name + text) > width:
        inside, _, after = text[1:].rpartition(")")
        lines = re.split(r", (?=[/*]|\w+:)", inside)
        text = "".join(["(\n", *(f"    {line},\n" for line in lines), f"){after}"])
    return name + text


def json_type(annotation: ast.expr, module: ModuleType, links: Mapping[type, str]) -> str:
    """Return the type that a field has in JSON, such as `array of string`; `links` has the names of records."""
    names: list[str] = []
    for part in _alternatives(annotation):
        found = resolve(part.id, module) if isinstance(part, ast.Name) else None
        if isinstance(part, ast.Subscript):
            names.append(_container(part, module, links))
        elif isinstance(part, ast.Constant):
            names.append("null")
        elif isinstance(part, ast.Name) and part.id in JSON_NAMES:
            names.append(JSON_NAMES[part.id])
        elif isinstance(found, type):
            names.append(links.get(found, "object"))
        elif isinstance(part, ast.Name) and (alias := constant(part.id, module)):
            names += json_type(alias.value, alias.module, links).split(" or ")
        else:
            names.append("any")
    return join_types(names)


def _container(node: ast.Subscript, module: ModuleType, links: Mapping[type, str]) -> str:
    """Return the JSON type of `tuple[…]`, `Sequence[…]`, `Mapping[…]` and the like."""
    parts = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
    inner = [json_type(p, module, links) for p in parts if not (isinstance(p, ast.Constant) and p.value is ...)]
    if ast.unparse(node.value) in {"Mapping", "dict"}:
        return f"object of {inner[1]}"
    return f"array of {inner[0]}" if len(inner) == 1 else f"array ({', '.join(inner)})"


def _alternatives(annotation: ast.expr) -> list[ast.expr]:
    """Return X, Y and None of `X | Y | None`; an annotation in quotes is read."""
    if isinstance(annotation, ast.Constant) and isinstance(annotation.value, str):
        return _alternatives(ast.parse(annotation.value, mode="eval").body)
    if isinstance(annotation, ast.BinOp):
        return [*_alternatives(annotation.left), *_alternatives(annotation.right)]
    return [annotation]


def type_of_values(values: Iterable[object]) -> str:
    """Return the JSON type of values that have no declared type."""
    names = {bool: "boolean", int: "integer", float: "number", str: "string", dict: "object", type(None): "null"}
    seen = []
    for value in values:
        if isinstance(value, list):
            seen.append(f"array of {type_of_values(value)}" if value else "array")
        else:
            seen.append(names[type(value)])
    return join_types(seen)


def join_types(names: Iterable[str]) -> str:
    """Join JSON types by `or`: each once, null last, without those that another one includes."""
    each = dict.fromkeys(names)
    included = {"null", *["integer"] * ("number" in each), *["array"] * any(name.startswith("array ") for name in each)}
    return " or ".join([*(name for name in each if name not in included), *["null"] * ("null" in each)])
