"""The English sentences of the library, found in its source: errors, notes, warnings, reasons and findings.

A sentence is a string that

(a) is passed to an exception or to one of `_ARGUMENTS`,
(b) is added to a list of warnings, problems, reasons or notes, or
(c) is returned by a function whose docstring says that it returns sentences (`_SENTENCES_OF`).

Variables, constants and functions are followed to the strings that they stand for. The template of an f-string is
written as for `str.format`; the name of a placeholder is derived from its expression.
"""

from __future__ import annotations

import ast
import builtins
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

PACKAGE = Path(__file__).parent.parent / "searchkit"
_ARGUMENTS = {
    "Note": 1,
    "DetectedYear": 1,
    "LocationResult": 1,
    "Skipped": 1,
    "build_finding": 1,
    "build_paragraph_finding": 1,
}
_ARGUMENTS |= {
    "_state_year": 2,
    "print_error": 0,
    "_build_copy": 0,
    "OSError": 1,
    "ValueError": 0,
    "_Failure": 0,
    "read_data_file": 0,
    "_reject": 0,
    "_invalid_front_matter": 0,
    "FrontMatter": 2,
    "MetadataTable": 1,
    "Row": 2,
    "_count_of": 1,
    "_check_count": 0,
}
"""Position of the argument that is a sentence, by function or class. searchkit's exceptions are not listed: their first
argument is a sentence."""
_EXCEPTION = re.compile(r"(Error|Exception|IndexUnusable)$")
"""Matches the name of a class whose subclasses are exceptions."""
_LIST = re.compile(r"(warnings|problems|reasons|notes)\b")
"""Matches the end of the name of a list of sentences."""
_SENTENCES_OF = re.compile(r"\b(reasons?|warnings?|problems?|messages?|notes?|why|hint)\b", re.IGNORECASE)
"""Matches the first line of the docstring of a function that returns or yields sentences."""
_LETTER = re.compile(r"[^\W\d_]")
"""Matches a letter. A template without letters outside its placeholders is no sentence, unless a placeholder after a
colon can stand for one: `{path}: {reason}`."""
_PARTS: Mapping[type[ast.expr], Sequence[str]] = {
    ast.BoolOp: ("values",),
    ast.Dict: ("values",),
    ast.GeneratorExp: ("elt",),
    ast.IfExp: ("body", "orelse"),
    ast.List: ("elts",),
    ast.ListComp: ("elt",),
    ast.Starred: ("value",),
    ast.Tuple: ("elts",),
}
"""By kind of expression, its fields with expressions that can be its value (`a or b`), or that it contains
(`[a, b]`)."""
_WORDS = re.compile("[a-z]{2,} [a-z]|[a-z] [a-z]{2,}|[a-z] $|^ [a-z]")
"""Matches where one English word follows another word or a placeholder."""
_PLACEHOLDER = re.compile(r"\{\w*\}")


def parse_package() -> dict[str, ast.Module]:
    """Return the syntax trees of all modules of the package, by path from the folder of the project."""
    paths = sorted(PACKAGE.rglob("*.py"))
    return {path.relative_to(PACKAGE.parent).as_posix(): ast.parse(path.read_text("utf-8")) for path in paths}


def values_with_words(modules: Mapping[str, ast.Module]) -> Iterator[tuple[str, str]]:
    """Yield the templates of some modules, each with a placeholder whose value can be several English words."""
    finder = _Finder(modules)
    list(finder.find_all())
    for template, name, values in finder.values:
        if any(_WORDS.search(_PLACEHOLDER.sub("", value)) for value in values):
            yield template, name


def library_sentences(modules: Mapping[str, ast.Module]) -> dict[str, str]:
    """Return the templates of all sentences of some modules, each with a module that it is in."""
    return {template: name for name, template in _Finder(modules).find_all()}


class _Finder:
    """Finds the sentences in some modules."""

    def __init__(self, modules: Mapping[str, ast.Module]) -> None:
        self._modules = modules
        nodes = [node for tree in modules.values() for node in ast.walk(tree)]
        self._functions = {node.name: node for node in nodes if isinstance(node, ast.FunctionDef)}
        self._exceptions = {
            node.name
            for node in nodes
            if isinstance(node, ast.ClassDef) and any(_EXCEPTION.search(ast.unparse(base)) for base in node.bases)
        } | {"UsageError"}
        self._constants = {
            target.id: node.value
            for tree in modules.values()
            for node in tree.body
            if isinstance(node, ast.Assign)
            for target in node.targets
            if isinstance(target, ast.Name)
        }
        self._seen: set[int] = set()
        self.values: list[tuple[str, str, list[str]]] = []
        """The templates found so far, each with the name of a placeholder and the templates of its value."""

    def find_all(self) -> Iterator[tuple[str, str]]:
        """Yield the module and the template of each sentence."""
        for name, tree in self._modules.items():
            for template in self._find(tree, tree):
                if _LETTER.search(_PLACEHOLDER.sub("", template)) or ": {" in template:
                    yield name, template

    def _find(self, tree: ast.AST, scope: ast.AST) -> Iterator[str]:
        """Yield the templates of the sentences in a tree. `scope`: the function or the module that contains it."""
        for node in ast.iter_child_nodes(tree):
            for expression in self._expressions(node):
                yield from self._templates(expression, scope)
            if isinstance(node, ast.Return | ast.Yield) and node.value is not None and _returns_sentences(scope):
                yield from (text for text in self._templates(node.value, scope) if " " in text)  # one word is a code
            yield from self._find(node, node if isinstance(node, ast.FunctionDef) else scope)

    def _expressions(self, node: ast.AST) -> Iterator[ast.expr]:
        """Yield the expressions in a node whose values are sentences, or lists of them."""
        match node:
            case ast.Call(func=ast.Attribute(value=names, attr="append"), args=[sentence]) if _LIST.search(
                ast.unparse(names)
            ):
                yield sentence
            case ast.Call(func=function, args=arguments):
                name = ast.unparse(function).rpartition(".")[2]
                position = 0 if name in self._exceptions else _ARGUMENTS.get(name)
                if position is not None:
                    yield from arguments[position : position + 1]
            case ast.AugAssign(target=names, value=sentences) | ast.Assign(targets=[names], value=sentences) if (
                _LIST.search(ast.unparse(names))
            ):
                yield sentences

    def _templates(self, node: ast.expr, scope: ast.AST) -> Iterator[str]:
        """Yield the templates of what an expression can be, and of the values in an f-string."""
        match node:
            case ast.Constant(value=str(text)):
                yield _escape(text)
            case ast.JoinedStr(values=values):
                template, places = self._join_pieces(values)
                yield template
                for name, value in places:
                    inner = list(self._templates(value, scope))
                    self.values.append((template, name, inner))
                    yield from inner
            case ast.BinOp(left=left, op=ast.Add(), right=right):
                yield from self._templates(left, scope)
                yield from self._templates(right, scope)
            case _:
                for part in (*_parts(node), *self._meanings(node, scope)):
                    yield from self._templates(part, scope)

    def _join_pieces(self, nodes: Sequence[ast.expr]) -> tuple[str, list[tuple[str, ast.expr]]]:
        """Return the template of an f-string, and its placeholders with their values.

        The text of a constant of a module replaces its placeholder.
        """
        names: Counter[str] = Counter()
        pieces, places = [], []
        for node in nodes:
            value = node.value if isinstance(node, ast.FormattedValue) else node
            if isinstance(value, ast.Name):
                value = next(self._constant(value.id), value)
            if isinstance(value, ast.Constant) and isinstance(value.value, str):
                pieces.append(_escape(value.value))
            elif isinstance(node, ast.FormattedValue):
                name = _name_of(node.value)
                names[name] += 1
                places.append((f"{name}{names[name] if names[name] > 1 else ''}", node.value))
                pieces.append(f"{{{places[-1][0]}}}")
        return "".join(pieces), places

    def _meanings(self, node: ast.expr, scope: ast.AST) -> Iterator[ast.expr]:
        """Yield the expressions that a name stands for, or that a call of a function returns.

        For an element of a dictionary, yield the dictionary, and the default value of `get`.
        """
        match node:
            case ast.Name(id=name):
                yield from self._constant(name)
                yield from self._assigned(name, scope)
            case (
                ast.Subscript(value=ast.Name(id=name))
                | ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr="get"))
            ):
                dictionaries = (*self._constant(name), *self._assigned(name, scope))
                yield from (item for item in dictionaries if isinstance(item, ast.Dict))
                yield from node.args[1:] if isinstance(node, ast.Call) else ()
            case ast.Call(func=ast.Name(id=name)) if name in self._functions:
                yield from self._returned(self._functions[name])

    def _constant(self, name: str) -> Iterator[ast.expr]:
        """Yield the value of a constant of any module, if there is one with this name."""
        if name in self._constants:
            yield self._constants[name]

    def _assigned(self, name: str, scope: ast.AST) -> Iterator[ast.expr]:
        """Yield the values of a variable in a function. Each assignment is followed only once."""
        for node in ast.walk(scope) if isinstance(scope, ast.FunctionDef) else ():
            if isinstance(node, ast.Assign) and id(node) not in self._seen:
                for target, value in _pairs(node):
                    if isinstance(target, ast.Name) and target.id == name:
                        self._seen.add(id(node))
                        yield value

    def _returned(self, function: ast.FunctionDef) -> Iterator[ast.expr]:
        """Yield what a function with the return type `str` can return. Each function is followed only once."""
        if id(function) in self._seen or not isinstance(function.returns, ast.Name) or function.returns.id != "str":
            return
        self._seen.add(id(function))
        for node in ast.walk(function):
            if isinstance(node, ast.Return) and node.value is not None:
                yield node.value


def _pairs(node: ast.Assign) -> Iterator[tuple[ast.expr, ast.expr]]:
    """Yield the targets of an assignment, each with its value."""
    for target in node.targets:
        if isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple):
            yield from zip(target.elts, node.value.elts, strict=False)
        else:
            yield target, node.value


def _returns_sentences(scope: ast.AST) -> bool:
    """Return whether a scope is a function whose docstring says that it returns or yields sentences."""
    if not isinstance(scope, ast.FunctionDef):
        return False
    return _SENTENCES_OF.search((ast.get_docstring(scope) or "").partition("\n")[0]) is not None


def _name_of(node: ast.expr) -> str:
    """Return a name for the value of an expression: that of the variable, attribute or function that it begins with."""
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name.lower().strip("_")
        case ast.Call(func=ast.Attribute(value=ast.Constant()), args=[inner, *_]):  # ", ".join(names)
            return _name_of(inner)
        case ast.Call(func=ast.Name(id=name), args=[inner, *_]) if hasattr(builtins, name):  # len(names)
            return _name_of(inner)
        case ast.Call(func=ast.Attribute(value=inner) | inner) | ast.BinOp(left=inner) | ast.Subscript(value=inner):
            return _name_of(inner)
    return next(map(_name_of, _parts(node)), "value")


def _parts(node: ast.expr) -> Iterator[ast.expr]:
    """Yield the parts of an expression that can be its value, or that it contains (`_PARTS`)."""
    for name in _PARTS.get(type(node), ()):
        part = getattr(node, name)
        yield from part if isinstance(part, list) else [part]


def _escape(text: str) -> str:
    """Return a text as a template without placeholders."""
    return text.replace("{", "{{").replace("}", "}}")
