"""Writes the catalogues of translations, `searchkit/locale/*/LC_MESSAGES/searchkit.po` and `.mo`: `make catalogue`.

New texts of the source are added without a translation, texts that the source no longer has are removed, and the
translations of the others stay. `tests/test_translation.py` checks that no text lacks a translation.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator, Mapping
from dataclasses import fields
from datetime import datetime, timezone
from pathlib import Path

import click
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from sentences import library_sentences, parse_package

from searchkit import __version__, model, names
from searchkit.cli.main import cli
from searchkit.compare.findings import FINDING_KINDS
from searchkit.corpus.tables.grid import ROW_PATTERN
from searchkit.output.cells import CELL_MARKS
from searchkit.output.terminal import REASONS
from searchkit.query.suggester import HEADING, WORD
from searchkit.translation import CATALOGUE_FOLDER, COLUMN, DOMAIN, FACET, FINDING, LOCALES, SENTENCE, SEPARATORS
from searchkit.web.openapi import SUMMARIES
from searchkit.web.words import PAGE, WORDS_OF_PAGES

Message = tuple[str | None, str | tuple[str, str]]
"""Context and text of a message; of a message about a number of things, the singular and the plural."""

CLICK_MESSAGES = (
    *("Usage:", "Options", "Commands", "Show this message and exit.", "Show the version and exit.", "required"),
    *("default: {default}", "env var: {var}", "(dynamic)", "file", "directory", "path", "Missing command."),
    *("Invalid value: {message}", "Invalid value for {param_hint}: {message}", "Missing argument", "Missing option"),
    *("Missing parameter", "Missing {param_type}", "No such option: {name}", "No such option {name!r}."),
    *("No such command {name!r}.", "Could not open file {filename!r}: {message}", "unknown error"),
    *("Argument {name!r} takes {nargs} values.", "Option {name!r} does not take a value."),
    *("{value!r} is not a valid {number_type}.", "{value} is not in the range {range}."),
    *("{name} {filename!r} does not exist.", "{name} {filename!r} is a file.", "{name} {filename!r} is a directory."),
    *("{name} {filename!r} is not readable.", "{name} {filename!r} is not writable."),
    "Choose from:\n\t{choices}",
    ("Got unexpected extra argument ({args})", "Got unexpected extra arguments ({args})"),
    ("Did you mean {possibility}?", "(Did you mean one of: {possibilities}?)"),
    ("Option {name!r} requires an argument.", "Option {name!r} requires {nargs} arguments."),
    ("{value!r} is not {choice}.", "{value!r} is not one of {choices}."),
)
"""Texts of click, in any of the versions that setup.cfg allows."""
_NO_DATE = datetime(2026, 1, 1, tzinfo=timezone.utc)
"""Date in the header of a catalogue. It does not change, so that the same texts give the same file."""
RECORDS = (model.Document, model.Paragraph, model.ExtractedMeasure, model.Table)
"""Records whose fields can be columns of the output."""
COLUMNS = (
    *("analyzer", "built", "bytes", "column", "corpus", "district", "documents", "engine", "format", "index", "name"),
    *(
        "file",
        "options",
        "paragraph",
        "problems",
        "query",
        "quote",
        "reason",
        "row",
        "seen",
        "added",
        "ran",
        "settings",
    ),
    *("share", "table_rows", "tables", "term", "total", "verified", "group", *names.AGGREGATES),
)
"""Names of other columns, and of kinds of records."""
STATUSES = (
    *names.MEASURE_STATUSES,
    *("not read", "duplicate", "left out", "undecided"),
    *("read", "running", "all", "damaged"),
)
"""Statuses of measures, kinds of problems, and what has been verified of an index."""
SYSTEM_REASONS = (
    *("Permission denied", "No such file or directory", "No space left on device", "Is a directory", "Not a directory"),
    *("File exists", "Read-only file system", "Input/output error", "File name too long", "Too many open files"),
    *("Operation not permitted", "Disk quota exceeded", "Cannot allocate memory", "Address already in use"),
    *("Connection refused", "Too many levels of symbolic links", "Device or resource busy"),
)
"""Reasons that the operating system gives for an error."""
PARSER_PROBLEMS = (
    # tomllib
    "{name} is not TOML: {problem} (at line {line}, column {column})",
    "{name} is not TOML: {problem} (at end of document)",
    *("Expected '=' after a key in a key/value pair", "Expected newline or end of document after a statement"),
    *("Invalid value", "Invalid statement", "Invalid date or datetime", "Invalid initial character for a key part"),
    *("Cannot overwrite a value", "Cannot declare {key} twice", "Duplicate inline table key {key}"),
    *("Unclosed array", "Unclosed inline table", "Unterminated string", "Illegal character {character}"),
    *("Expected {character}", "Unescaped {character} in a string"),
    *("Expected ']' at the end of a table declaration", "Expected ']]' at the end of an array declaration"),
    # msgspec
    *("Object contains unknown field `{name}`", "Object missing required field `{name}`", "Invalid enum value {value}"),
    *(
        "Expected `{expected}`, got `{found}`",
        "Expected `{expected}` {bound}",
        "Expected `{expected}` of length {bound}",
    ),
    *("int", "float", "str", "bool", "array", "object", "int | null", "float | null", "str | null"),
    # json
    *("{problem}: line {line} column {column} (char {position})", "Expecting value", "Extra data"),
    *("Expecting property name enclosed in double quotes", "Expecting {character} delimiter"),
    *("Unterminated string starting at", "Invalid control character at", "Invalid {escape} escape"),
    # PyYAML
    *("expected {expected}, but got {found}", "expected {expected}, but found {found}", "could not find expected ':'"),
    *("mapping values are not allowed here", "found character {character} that cannot start any token"),
    *("found unexpected end of stream", "found unexpected document indicator", "found unexpected ':'"),
)
"""What parsers of files that users write say about an error."""
FINGERPRINTS = (
    *("engine", "words", "synonyms", "topics", "work topics", "units", "fixed names", "indicators"),
    *("analyzer", "readers", "measures"),
)
"""Inputs of an index, after a change of which all files are read again."""
OTHER_SENTENCES = (
    *SYSTEM_REASONS,
    *map(str.lower, SYSTEM_REASONS),
    *("[Errno {number}] {reason}", "[Errno {number}] {reason}: {path}"),
    *SUMMARIES.values(),
    *("line {number}", "1 {noun}", "{names} and {n} more", "{one}, and {other}"),
    *(
        "{path} ({description}){place}",
        "{count} hidden rows",
        "1 hidden row",
        "{count} hidden columns",
        "1 hidden column",
    ),
    "process {pid} on {host} since {since}",
    *("an anchor", "a tag", "a nested value"),
    *FINGERPRINTS,
    *PARSER_PROBLEMS,
)
"""Sentences, and parts of sentences, that are not strings of the source."""


def source_messages() -> dict[Message, str]:
    """Return the messages of the source, each with the module, the package or the library that it comes from."""
    found: dict[Message, str] = {}
    modules = parse_package()
    for name, tree in modules.items():
        found |= dict.fromkeys(_marked_messages(tree), name)
    found |= {(SENTENCE, template): name for template, name in library_sentences(modules).items()}
    found |= dict.fromkeys([(SENTENCE, text) for text in OTHER_SENTENCES], "docs/catalogue.py")
    found |= dict.fromkeys(_help_texts(cli), "searchkit/cli")
    found |= dict.fromkeys([(None, text) for text in CLICK_MESSAGES], "click")
    return found | _named_messages()


def _marked_messages(tree: ast.AST) -> Iterator[Message]:
    """Yield the texts that are passed to `_`, `gettext` or `ngettext` as literals, those of `ngettext` as a pair."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            texts = [item.value for item in node.args if isinstance(item, ast.Constant) and isinstance(item.value, str)]
            if node.func.id in {"_", "gettext"} and texts:
                yield None, texts[0]
            elif node.func.id == "ngettext" and len(texts) == 2:  # noqa: PLR2004 - singular and plural
                yield None, (texts[0], texts[1])


def _help_texts(command: click.Command) -> Iterator[Message]:
    """Yield the help texts of a command, its options and its subcommands, and the texts of defaults of options."""
    options = [item for item in command.params if isinstance(item, click.Option)]
    yield from ((None, inspect.cleandoc(text)) for text in (command.help, *(item.help for item in options)) if text)
    yield from ((None, item.show_default) for item in options if isinstance(item.show_default, str))
    if isinstance(command, click.Group):
        for name in command.commands:
            yield from _help_texts(command.commands[name])


def _named_messages() -> dict[Message, str]:
    """Return the messages that are not passed to `gettext` as literals, but looked up by name.

    They are names of columns, facets, findings and statuses, meanings of marks, reasons, and words of the pages.
    """
    columns = [item.name for record in RECORDS for item in fields(record)]
    return {
        **{(COLUMN, name): "searchkit/model.py" for name in (*columns, *COLUMNS)},
        **{(FACET, name): "searchkit/names.py" for name in (*names.BUILT_IN_FACETS, WORD, HEADING)},
        **{(FINDING, kind): "searchkit/compare/findings.py" for kind in FINDING_KINDS},
        **{(None, meaning): "searchkit/output/cells.py" for _, meaning in CELL_MARKS.values()},
        **{(None, reason): "searchkit/output/terminal.py" for reason in REASONS.values()},
        **{(None, status): "searchkit/names.py" for status in STATUSES},
        (None, ROW_PATTERN): "searchkit/corpus/tables/grid.py",
        **{(None, separator): "searchkit/translation.py" for separator in SEPARATORS},
        **{(f"{PAGE}.{key}", text): "searchkit/web/words.py" for key, text in WORDS_OF_PAGES.items()},
    }


def po_path(language: str) -> Path:
    """Return the path of the catalogue of a language."""
    return Path(CATALOGUE_FOLDER, LOCALES[language], "LC_MESSAGES", f"{DOMAIN}.po")


def read_catalogue(language: str) -> Catalog:
    """Return the catalogue of a language, empty if there is none."""
    path = po_path(language)
    if not path.exists():
        return Catalog(LOCALES[language])
    with path.open("rb") as file:
        return read_po(file, LOCALES[language], DOMAIN)


def build_catalogue(old: Catalog, messages: Mapping[Message, str]) -> Catalog:
    """Return a catalogue of `messages` with the translations of the catalogue `old`."""
    new = Catalog(
        old.locale,
        DOMAIN,
        project=DOMAIN,
        version=__version__,
        msgid_bugs_address="see README.md",
        creation_date=_NO_DATE,
        revision_date=_NO_DATE,
        last_translator="the authors of searchkit",
        language_team="zh",
        fuzzy=False,
    )
    new.header_comment = "# Translations of the texts of searchkit. `make catalogue` adds and removes texts."
    for (context, text), name in sorted(messages.items(), key=lambda item: (item[1], str(item[0]))):
        before = old.get(text if isinstance(text, str) else text[0], context)
        string = before.string if before is not None and before.id == text else None
        new.add(text, string or ("" if isinstance(text, str) else ("",)), [(name, 0)], context=context)
    return new


def save(language: str, catalogue: Catalog) -> None:
    """Write a catalogue, and compile it."""
    path = po_path(language)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        write_po(file, catalogue, width=0, include_lineno=False)
    with path.with_suffix(".mo").open("wb") as file:
        write_mo(file, catalogue)


def untranslated(catalogue: Catalog) -> list[str]:
    """Return the texts of the messages without a translation."""
    return [str(message.id) for message in catalogue if message.id and not any(message.string or ())]


def main() -> None:
    """Bring all catalogues up to date, and print the texts without a translation."""
    messages = source_messages()
    for language, locale in LOCALES.items():
        if locale:
            catalogue = build_catalogue(read_catalogue(language), messages)
            save(language, catalogue)
            for text in untranslated(catalogue):
                print(f"{po_path(language)}: no translation of {text}")  # noqa: T201


if __name__ == "__main__":
    main()
