"""Writes the reference: docs/cli.md, docs/records.md and docs/python.md. `make docs` runs this script.

Commands come from click's objects, types and descriptions from the source (`source.py`). `examples.py` describes the
records, and runs the commands that print the examples. Descriptions that the source lacks are in `descriptions.py`.
`tests/test_reference.py` checks that the committed pages are up to date.
"""

from __future__ import annotations

import ast
import inspect
import json
import re
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import MISSING
from importlib import import_module
from pathlib import Path
from types import ModuleType

import click
from descriptions import ARGUMENTS, FIELDS, STATUSES
from examples import OTHER_CLASSES, RECORDS, Record, Workspace
from source import Constant, Member, constant, find, json_type, members, module_of, resolve, signature, type_of_values

import searchkit
from searchkit.cli.main import cli

DOCS = Path(__file__).parent
NOTICE = "<!-- Written by docs/generate.py. Change what it is generated from, then run: make docs -->\n"
MAX_WIDTH = 100
"""Number of characters above which a signature, or a JSON value with its indentation, is split into lines."""

Cited = dict[tuple[str, str], Constant]
"""Constants and type aliases that a page mentions, by module and name. The end of the page lists them."""


def main() -> None:
    """Write all pages."""
    with tempfile.TemporaryDirectory() as folder:
        workspace = Workspace(Path(folder))
        for name, page in PAGES.items():
            (DOCS / name).write_text(page(workspace), encoding="utf-8", newline="\n")


# Markdown


def anchor(title: str) -> str:
    """Return the anchor of a heading."""
    return re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-")


def link(title: str) -> str:
    """Return a link to a heading of the same page."""
    return f"[{title}](#{anchor(title)})"


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table, or an empty string if there are no rows."""
    lines = [[" ".join(cell.replace("|", r"\|").split()) for cell in row] for row in rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in [heads, ["---"] * len(heads), *lines] if lines)


def fenced(language: str, text: str) -> str:
    """Return a block of code."""
    return f"```{language}\n{text.rstrip()}\n```\n"


def plain(text: str) -> str:
    """Return plain text as Markdown, with each paragraph in one line."""
    paragraphs = (" ".join(paragraph.split()) for paragraph in text.split("\n\n"))
    return re.sub(r"([*_<>\[\]])", r"\\\1", "\n\n".join(paragraphs))


def docstring(text: str) -> str:
    """Return a docstring as Markdown. The sections `Raises:`, `Args:` and `Returns:` become lists."""

    def section(match: re.Match[str]) -> str:
        """Return a section as its first line and a list."""
        return f"{match[1]}\n\n" + re.sub(r"^ {4}(\w+): ", r"- `\1`: ", match[2], flags=re.MULTILINE)

    return re.sub(r"^(Raises:|Args:|Returns:)\n((?: {4}.*\n?)+)", section, text, flags=re.MULTILINE).rstrip() + "\n"


def json_text(value: object, indent: int = 0) -> str:
    """Return JSON text. An array or object that fits into a line is one line, unless it is the outermost one.

    `indent`: number of blanks before the value, 0 for the outermost one.
    """
    flat = json.dumps(value, ensure_ascii=False)
    if not isinstance(value, dict | list) or not value or (indent and indent + len(flat) <= MAX_WIDTH):
        return flat
    if isinstance(value, dict):
        items = [f"{json.dumps(key)}: {json_text(item, indent + 1)}" for key, item in value.items()]
    else:
        items = [json_text(item, indent + 1) for item in value]
    lines = ",\n".join(f"{' ' * (indent + 1)}{item}" for item in items)
    return f"{flat[0]}\n{lines}\n{' ' * indent}{flat[-1]}"


# docs/cli.md


def cli_page(workspace: Workspace) -> str:
    """Return docs/cli.md."""
    group = click.Context(cli, info_name="searchkit", **cli.context_settings)
    rows = [(link(f"searchkit {name}"), plain(item.get_short_help_str(200))) for name, item in cli.commands.items()]
    parts = [f"# Commands\n\n{NOTICE}\n{plain(cli.help or '')}\n", table(["command", "description"], rows)]
    parts += [table(["option", "description", ""], option_rows(cli, group))]
    for name, command, parent in commands(cli, group):
        context = click.Context(command, info_name=name.split()[-1], parent=parent)
        usage = " ".join([context.command_path, *command.collect_usage_pieces(context)])
        parts += [f"## searchkit {name}\n", fenced("text", usage), f"{plain(command.help or '')}\n"]
        parts += [table(["argument", "description", ""], argument_rows(command, context))]
        parts += [table(["option", "description", ""], option_rows(command, context))]
    return "\n".join([*filter(None, parts), exit_statuses(workspace)])


def commands(group: click.Group, context: click.Context) -> Iterator[tuple[str, click.Command, click.Context]]:
    """Yield the name of each command of a group, the command, and the context of the group.

    The commands of a group in this group follow it, with names such as `watch add`.
    """
    for name, command in group.commands.items():
        yield name, command, context
        if isinstance(command, click.Group):
            inner = click.Context(command, info_name=name, parent=context)
            yield from ((f"{name} {sub}", found, above) for sub, found, above in commands(command, inner))


def option_rows(command: click.Command, context: click.Context) -> Iterator[tuple[str, str, str]]:
    """Yield the names with the metavar, the help text, and the default or range of each option of a command."""
    for option in command.get_params(context):
        if isinstance(option, click.Option):
            names, text = option.get_help_record(context) or ("", "")
            description = inspect.cleandoc(option.help or "")
            extra = text.removeprefix(description).strip().removeprefix("[").removesuffix("]")
            extra = re.sub(r"x>=(\d+)", r"at least \1", extra).replace("(one a core)", "one a core")
            name = f"`{names.replace('INTEGER RANGE', 'INTEGER')}`"
            yield name, plain(description) + (" May be repeated." if option.multiple else ""), plain(extra)


def argument_rows(command: click.Command, context: click.Context) -> Iterator[tuple[str, str, str]]:
    """Yield the name and the description of each argument of a command, and whether it is required, or its default."""
    for argument in command.params:
        if isinstance(argument, click.Argument):
            name = argument.metavar or (argument.name or "").upper()
            choices = ", ".join(f"`{item}`" for item in getattr(argument.type, "choices", ()))
            default = f"default: {argument.default}" if isinstance(argument.default, str) else "optional"
            path = context.command_path.partition(" ")[2]
            description = ARGUMENTS.get(f"{path} {name}", "")
            yield f"`{name}`", f"{description} {choices}".strip(), "required" if argument.required else default


def exit_statuses(workspace: Workspace) -> str:
    """Return the sections about exit statuses and errors. tests/test_docs.py also runs the commands in them."""
    session = ["$ searchkit build corpus/reports >/dev/null\n"]
    for _, command in STATUSES:
        output, errors, status = workspace.run(command)
        session += [f"$ {command}; echo $?\n{output}{errors}{status}\n"]
    rows = ((f"{status}", text) for status, (text, _) in enumerate(STATUSES))
    tree = fenced("text", inspect.cleandoc(module_of(searchkit.SearchkitError).__doc__ or ""))
    return (
        f"## Exit status\n\n{table(['status', 'meaning'], rows)}\n{fenced('console', ''.join(session))}\n"
        f"## Errors\n\nOn the command line, an error is one line on standard error; in Python, an exception.\n\n{tree}"
    )


# docs/records.md

LINKS = {record.classes[0]: link(record.title) for record in reversed(RECORDS) if record.classes}
"""First class of a record → link to the section of the first record with this class."""


RECORDS_INTRODUCTION = """\
The examples are real output for the sample reports in `corpus/reports` or for made-up ones,
with three changes: `["…"]` replaces records that have a section of their own; times and sizes are 0; the date of a
build, the analyzer's fingerprint and cursors are fixed. The tables list the fields in the order of the JSON. Unless the
section says otherwise, a field without a value is null or empty; it is not left out.
"""


def records_page(workspace: Workspace) -> str:
    """Return docs/records.md."""
    cited: Cited = {}
    parts = [
        f"# JSON records\n\n{NOTICE}\n{', '.join(link(record.title) for record in RECORDS)}.\n",
        RECORDS_INTRODUCTION,
    ]
    for record in RECORDS:
        parts += [f"## {record.title}\n\n{record.about}\n"]
        parts += [table(["field", "type", "description"], record_rows(record, workspace, cited))]
        parts += [f"`{record.command}`:\n", fenced("json", json_text(record.example(workspace)))]
    return "\n".join([*parts, "## Values\n", constants_table(cited)])


def record_rows(record: Record, workspace: Workspace, cited: Cited) -> Iterator[tuple[str, str, str]]:
    """Yield the name, the JSON type and the description of each field of a record."""
    for name, values in record.fields(workspace).items():
        member = find(record.classes, name)
        variant = record.variant_of(name, workspace)
        text = describe(record.title, name, member, cited) + (f" Only with `{variant}`." if variant else "")
        yield f"`{name}`", field_type(member, values), re.sub(r"\bNone\b", "null", text)


def field_type(member: Member | None, values: Sequence[object]) -> str:
    """Return the JSON type of a field.

    This is the declared type, with null if a value is null. If a value does not have the declared type, or if there is
    none, this is the type of the values.
    """
    actual = type_of_values(values)
    if member is None or member.annotation is None:
        return actual
    declared = json_type(member.annotation, member.module, LINKS)
    kinds = {"object" if kind.startswith("[") else kind.split()[0] for kind in declared.split(" or ")}
    kinds |= {"null", *(["integer"] if "number" in kinds else [])}
    if not {kind.split()[0] for kind in actual.split(" or ")} <= kinds:
        return actual
    return f"{declared} or null" if "null" in actual and "null" not in declared else declared


def describe(owner: str, name: str, member: Member | None, cited: Cited) -> str:
    """Return the description of a field. The values of a constant follow its name: One of `SECTIONS` (成效, …)."""
    text = FIELDS.get(f"{owner}.{name}") or (member.text if member else "") or FIELDS.get(name, "")

    def with_values(match: re.Match[str]) -> str:
        """Return the name of a constant, without its module, and its values. If it is no tuple, return the match."""
        module = import_module(f"searchkit.{match[1]}") if match[1] else member and member.module
        definition = constant(match[2], module) if module else None
        values = resolve(match[2], module) if module and definition else None
        if definition is None or not isinstance(values, tuple):
            return match[0]
        cite(match[2], definition.module, cited)
        return f"`{match[2]}` ({', '.join(f'`{value}`' for value in values)})"

    return re.sub(r"`(?:(names|model)\.)?([A-Z][A-Z_]+)`", with_values, text)


def constants_table(cited: Mapping[tuple[str, str], Constant]) -> str:
    """Return a table of constants and type aliases with their values and docstrings."""
    rows = []
    for _, definition in sorted(cited.items(), key=lambda item: item[0][1]):
        items = definition.value.elts if isinstance(definition.value, ast.Tuple) else [definition.value]
        values = ", ".join(f"`{ast.unparse(item)}`" for item in items)
        text = re.sub(r"^- ", "", definition.text, flags=re.MULTILINE) or FIELDS.get(definition.name, "")
        rows.append((f"`{definition.name}`", values, text))
    return table(["name", "value", "description"], rows)


# docs/python.md

DESCRIBED_IN = {searchkit.Paragraph: searchkit.Document, searchkit.Measure: searchkit.Document}
"""Class → class with the docstrings of the fields that both have."""


def python_page(_: Workspace) -> str:
    """Return docs/python.md."""
    cited: Cited = {}
    names = sorted(searchkit.__all__, key=lambda name: (name[0].isupper(), name))
    introduction = docstring(inspect.cleandoc(searchkit.__doc__ or ""))
    parts = [f"# Python interface\n\n{NOTICE}\n{introduction}\n{', '.join(map(link, names))}.\n"]
    for name in names:
        item = getattr(searchkit, name)
        if not isinstance(item, type):
            parts += [f"## {name}\n", *function_text(item, name, cited)]
        elif item.__name__ == name:
            parts += [f"## {name}\n", *class_text(item, cited)]
        else:
            call = f"{signature(item, name, MAX_WIDTH)} -> {item.__name__}"
            parts += [f"## {name}\n", fenced("python", call), f"Another name of the class {link(item.__name__)}.\n"]
    parts += ["# Other classes\n", "The classes above return or contain them. `searchkit` does not export them.\n"]
    for item in OTHER_CLASSES:
        parts += [f"## {item.__name__}\n", *class_text(item, cited)]
    return "\n".join([*parts, "# Types and values\n", constants_table(cited)])


def function_text(function: Callable[..., object], name: str, cited: Cited) -> Iterator[str]:
    """Yield the signature and the docstring of a function or method."""
    text = signature(function, name, MAX_WIDTH)
    cite(text, module_of(function), cited)
    yield fenced("python", text)
    yield docstring(inspect.getdoc(function) or "")


def class_text(cls: type, cited: Cited) -> Iterator[str]:
    """Yield the signature, docstring, attributes and methods of a class.

    An exception has a table of itself and its subclasses in the place of attributes and methods.
    """
    defined = members(cls)
    base = cls.__base__
    if "__init__" in defined:
        yield fenced("python", signature(cls, cls.__name__, MAX_WIDTH))
    yield docstring(inspect.getdoc(cls) or "")
    if "__init__" in defined:
        yield docstring(defined["__init__"].text)
    if issubclass(cls, searchkit.SearchkitError):
        rows = ((f"`{item.__name__}`", f"{item.exit_status}", inspect.getdoc(item) or "") for item in subclasses(cls))
        yield table([f"error, in `{cls.__module__}`", "exit status", "raised for"], rows)
        return
    if base is not None and base.__module__.startswith("searchkit"):
        yield f"The class has all attributes and methods of {link(base.__name__)}, and:\n"
    yield attributes_table(cls, cited)
    for name, member in defined.items():
        if not member.is_attribute and name != "__init__":
            yield f"### {cls.__name__}.{name}\n"
            yield from function_text(getattr(cls, name), name, cited)


def attributes_table(cls: type, cited: Cited) -> str:
    """Return a table of the fields and properties of a class, with defaults if all fields have one.

    The fields of `SearchOptions` have defaults.
    """
    defaults = defaults_of(cls)
    rows = []
    for name, member in members(cls).items():
        if not member.is_attribute:
            continue
        described = find([cls, *([DESCRIBED_IN[cls]] if cls in DESCRIBED_IN else [])], name)
        if described and described.annotation:
            kind = ast.unparse(described.annotation)
            cite(kind, described.module, cited)
            default = [f"`{defaults[name]!r}`"] if defaults else []
            rows.append([f"`{name}`", f"`{kind}`", *default, describe(cls.__name__, name, described, cited)])
    return table(["attribute", "type", *(["default"] if defaults else []), "description"], rows)


def defaults_of(cls: type) -> dict[str, object]:
    """Return the defaults of the fields of a dataclass, or an empty dictionary if a field has none or a factory."""
    fields = getattr(cls, "__dataclass_fields__", {})
    defaults = {name: item.default for name, item in fields.items()}
    return {} if MISSING in defaults.values() else defaults


def subclasses(cls: type[searchkit.SearchkitError]) -> Iterator[type[searchkit.SearchkitError]]:
    """Yield a class and all of its direct and indirect subclasses."""
    yield cls
    for item in cls.__subclasses__():
        yield from subclasses(item)


def cite(text: str, module: ModuleType, cited: Cited) -> None:
    """Add to `cited` the constants and type aliases of searchkit that an annotation or signature mentions."""
    for name in re.findall(r"\b[A-Z]\w+", text):
        definition = constant(name, module)
        if definition:
            cited[definition.module.__name__, definition.name] = definition


PAGES = {"cli.md": cli_page, "records.md": records_page, "python.md": python_page}

if __name__ == "__main__":
    main()
