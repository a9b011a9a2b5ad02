"""Reads searchkit's source for docs/generate.py: members of classes with their types and docstrings, constants."""

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
"""The name of the JSON type, by the name of the Python type."""


@dataclass(frozen=True)
class Member:
    """A field, property or method of a class."""

    name: str
    node: ast.stmt
    module: ModuleType
    text: str
    """The docstring, or an empty string."""

    @property
    def annotation(self) -> ast.expr | None:
        """The type of a field or property, or the return type of a method. None if the source has no annotation."""
        return self.node.annotation if isinstance(self.node, ast.AnnAssign) else getattr(self.node, "returns", None)

    @property
    def is_attribute(self) -> bool:
        """Whether the member is a field or property, not a method."""
        decorators = getattr(self.node, "decorator_list", [])
        return not isinstance(self.node, ast.FunctionDef) or any(ast.unparse(item) == "property" for item in decorators)


@dataclass(frozen=True)
class Constant:
    """A constant or type alias of a module."""

    name: str
    value: ast.expr
    module: ModuleType
    text: str
    """The docstring, or an empty string."""


def module_of(item: type | Callable[..., Any]) -> ModuleType:
    """Return the module that defines a class or function."""
    return import_module(item.__module__)


@cache
def tree(module: ModuleType) -> ast.Module:
    """Return the syntax tree of a module."""
    return ast.parse(inspect.getsource(module))


@cache
def members(cls: type) -> dict[str, Member]:
    """Return the public members that a class defines, in source order, without inherited ones.

    `__init__` is included if the class defines it.
    """
    module = module_of(cls)
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
    """Return the member called `name` of the first class in which this member has a docstring.

    If it has no docstring in any class, return the first member with the name. Return None if no class has the name.
    """
    matches = [member for cls in classes for member in _lookup(cls, name)]
    return next((member for member in matches if member.text), next(iter(matches), None))


def searchkit_bases(cls: type) -> list[type]:
    """Return a class and those of its bases that searchkit defines, in the order of look-up."""
    return [base for base in inspect.getmro(cls) if base.__module__.startswith(PACKAGE)]


def _lookup(cls: type, name: str) -> Iterator[Member]:
    """Yield the member called `name` of a class or of one of its bases.

    If there is none, look the name up in the class of each field in turn, and yield what the first such class has: a
    `Hit` has a field `paragraph`, so `text` of a hit is `Paragraph.text`. An assignment without a type, such as
    `unit = _Delegated[str]("extracted")`, does not count as a member, because it delegates to such a field.
    """
    bases = searchkit_bases(cls)
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
    """Follow members from class to class: `class_at(Index, "compare", "cell")` is the class that `cell` returns.

    The next class is the first class of searchkit in the type of a member. The name `*` stands for the first member
    that has such a class in its type.
    """
    for name in names:
        defined = {key: member for base in reversed(searchkit_bases(cls)) for key, member in members(base).items()}
        candidates = [defined[name]] if name != "*" else defined.values()
        cls = next(record for member in candidates for record in _records_in(member))
    return cls


def _records_in(member: Member) -> Iterator[type]:
    """Yield the classes of searchkit in the type of a member."""
    for node in ast.walk(member.annotation or ast.Constant(None)):
        if isinstance(node, ast.Name) and (record := record_named(node, member.module)):
            yield record


def record_named(annotation: ast.expr, module: ModuleType) -> type | None:
    """Return the class X if an annotation is `X` or `X | None` with a class of searchkit, otherwise None."""
    parts = [part for part in _alternatives(annotation) if not isinstance(part, ast.Constant)]
    value = resolve(parts[0].id, module) if len(parts) == 1 and isinstance(parts[0], ast.Name) else None
    return value if isinstance(value, type) and value.__module__.startswith(PACKAGE) else None


def resolve(name: str, module: ModuleType) -> object:
    """Return the value of a name in a module, or None if there is none.

    A name that the module imports from searchkit for type checkers only has a value too.
    """
    if hasattr(module, name):
        return getattr(module, name)
    origin = _imported(name, module)
    return origin and getattr(origin[1], origin[0])


@cache
def constant(name: str, module: ModuleType) -> Constant | None:
    """Return the constant or type alias with a name in a module, or None if the name is something else.

    A name that the module imports is looked up in the module that defines it.
    """
    origin = _imported(name, module)
    if origin:
        return constant(*origin)
    body = tree(module).body
    for node, after in zip(body, [*body[1:], None], strict=True):
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == name:
            return Constant(name, node.value, module, _docstring(after))
    return None


@cache
def _imported(name: str, module: ModuleType) -> tuple[str, ModuleType] | None:
    """Return the original name and the module of what a module imports from searchkit as `name`, or None."""
    for node in ast.walk(tree(module)):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(PACKAGE):
            for alias in node.names:
                if (alias.asname or alias.name) == name:
                    return alias.name, import_module(node.module or "")
    return None


def _docstring(node: ast.stmt | None) -> str:
    """Return the docstring that `node`, the statement after a field or constant, consists of, or an empty string."""
    value = node.value.value if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) else None
    return inspect.cleandoc(value) if isinstance(value, str) else ""


class _Raw(str):
    """An annotation as text. `inspect` would print a plain string in quotes."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


def signature(function: Callable[..., object], name: str, width: int) -> str:
    """Return the signature of a function, method or class, without `self`.

    A signature of more than `width` characters has a line for each parameter.
    """
    original = inspect.signature(function)
    parameters = [p.replace(annotation=_Raw(p.annotation)) for p in original.parameters.values() if p.name != "self"]
    returns = original.empty if isinstance(function, type) else _Raw(original.return_annotation)
    text = str(original.replace(parameters=parameters, return_annotation=returns))
    if len(name + text) > width:
        inside, _, after = text[1:].rpartition(")")
        lines = re.split(r", (?=[/*]|\w+:)", inside)  # a comma before `/`, `*` or `name:`, not one inside a type
        text = "".join(["(\n", *(f"    {line},\n" for line in lines), f"){after}"])
    return name + text


def json_type(annotation: ast.expr, module: ModuleType, links: Mapping[type, str]) -> str:
    """Return the JSON type of a field, such as `array of string`. `links` contains a link for each class of records."""
    names: list[str] = []
    for part in _alternatives(annotation):
        value = resolve(part.id, module) if isinstance(part, ast.Name) else None
        if isinstance(part, ast.Subscript):
            names.append(_container(part, module, links))
        elif isinstance(part, ast.Constant):
            names.append("null")
        elif isinstance(part, ast.Name) and part.id in JSON_NAMES:
            names.append(JSON_NAMES[part.id])
        elif isinstance(value, type):
            names.append(links.get(value, "object"))
        elif isinstance(part, ast.Name) and (alias := constant(part.id, module)):
            names += json_type(alias.value, alias.module, links).split(" or ")
        else:
            names.append("any")
    return join_types(names)


def _container(node: ast.Subscript, module: ModuleType, links: Mapping[type, str]) -> str:
    """Return the JSON type of an annotation such as `tuple[…]`, `Sequence[…]` or `Mapping[…]`."""
    parts = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
    inner = [json_type(p, module, links) for p in parts if not (isinstance(p, ast.Constant) and p.value is ...)]
    if ast.unparse(node.value) in {"Mapping", "dict"}:
        return f"object of {inner[1]}"
    return f"array of {inner[0]}" if len(inner) == 1 else f"array ({', '.join(inner)})"


def _alternatives(annotation: ast.expr) -> list[ast.expr]:
    """Return the alternatives of a union, such as X, Y and None for `X | Y | None`. Parses an annotation in quotes."""
    if isinstance(annotation, ast.Constant) and isinstance(annotation.value, str):
        return _alternatives(ast.parse(annotation.value, mode="eval").body)
    if isinstance(annotation, ast.BinOp):
        return [*_alternatives(annotation.left), *_alternatives(annotation.right)]
    return [annotation]


def type_of_values(values: Iterable[object]) -> str:
    """Return the JSON type of some values, such as `integer or null`."""
    names = {bool: "boolean", int: "integer", float: "number", str: "string", dict: "object", type(None): "null"}
    types = []
    for value in values:
        if isinstance(value, list):
            types.append(f"array of {type_of_values(value)}" if value else "array")
        else:
            types.append(names[type(value)])
    return join_types(types)


def join_types(names: Iterable[str]) -> str:
    """Join distinct JSON types by `or`, with null last.

    Leaves out a type that another one includes: integer if there is number, array if there is an array of a type.
    """
    distinct = dict.fromkeys(names)
    left_out = {"null"}
    if "number" in distinct:
        left_out.add("integer")
    if any(name.startswith("array ") for name in distinct):
        left_out.add("array")
    return " or ".join([*(name for name in distinct if name not in left_out), *["null"] * ("null" in distinct)])
