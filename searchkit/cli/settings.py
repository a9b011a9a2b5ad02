"""Defaults of options from the environment variable SEARCHKIT_INDEX and from the file searchkit.toml.

A value on the command line takes precedence over the variable, the variable over the file, and the file over the
default of the option.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import nullcontext, suppress
from pathlib import Path
from typing import Any

import click

from searchkit.cli.language import LANGUAGE_GIVEN, use_language
from searchkit.errors import UsageError

SETTINGS_FILE = "searchkit.toml"
"""Name of the file. It is searched for in the current folder, and in the folders above."""
INDEX_VARIABLE = "SEARCHKIT_INDEX"
"""Name of the environment variable with the folder of the index."""
_SETTING_OF = {
    "index_path": "index",
    "indexes": "index",
    "output_format": "format",
    "limit": "limit",
    "facet_limit": "facet_limit",
    "max_cells": "max_cells",
    "timeout": "timeout",
    "language": "lang",
    "color": "color",
}
"""Name of a parameter of a command → name of its setting."""
_SUBCOMMANDS = {"watch": ("add", "list", "remove", "run")}
"""Commands with subcommands."""
_LISTS_OF_HITS = frozenset({"search", "similar", "measures"})
"""Commands to which the setting `limit` applies: their `--limit` is a number of hits."""


class Settings:  # every command creates this class; a NamedTuple would add 0.3 % to the time of `--version`
    """The file that applies to a command, with its values."""

    def __init__(self, path: Path, values: dict[str, Any]) -> None:
        """`values`: by name of the setting. `index` is relative to the current folder, or absolute."""
        self.path, self.values = path, values


class CommandDefaults(Mapping[str, Mapping[str, object]]):
    """Defaults of the options of some commands, for the `default_map` of click.

    Nothing is read until an option needs its default. Then the command line has been parsed, and shows which folder is
    the corpus.
    """

    def __init__(self, commands: Iterable[str]) -> None:
        self._commands = {*commands}

    def __getitem__(self, command: str) -> Mapping[str, object]:
        """Return the defaults of the options of a command. For a command with subcommands, the keys are their names."""
        if command not in self._commands:
            raise KeyError(command)
        return CommandDefaults(_SUBCOMMANDS[command]) if command in _SUBCOMMANDS else _OptionDefaults(command)

    def __iter__(self) -> Iterator[str]:
        return iter(self._commands)

    def __len__(self) -> int:
        return len(self._commands)


class _OptionDefaults(Mapping[str, object]):
    """Defaults of the options of the command that is being parsed."""

    def __init__(self, command: str) -> None:
        self._command = command

    def __getitem__(self, name: str) -> object:
        """Return the default of a parameter. Raises KeyError if there is none that the parameter accepts.

        The default is the value in the file. For `indexes`, the option `--index` of a server, the environment variable
        takes precedence. It is read here and not by click, which would split a path with a blank into two values.
        Raises UsageError as `_read_settings` does.
        """
        if name not in _SETTING_OF or (name == "limit" and self._command not in _LISTS_OF_HITS):
            raise KeyError(name)
        if name == "indexes" and os.environ.get(INDEX_VARIABLE):
            return [os.environ[INDEX_VARIABLE]]
        context = click.get_current_context()
        settings = applying_settings(context)
        value = settings.values.get(_SETTING_OF[name]) if settings else None
        parameter = next(item for item in context.command.params if item.name == name)
        lacks_it = isinstance(parameter.type, click.Choice) and value not in parameter.type.choices
        if value is None or lacks_it or (value == "ids" and context.params.get("aggregate")):
            raise KeyError(name)  # not every command has every format, and aggregates have no ids
        return [value] if parameter.multiple else value

    def __iter__(self) -> Iterator[str]:
        return iter(_SETTING_OF)

    def __len__(self) -> int:
        return len(_SETTING_OF)


class SettingsCommand(click.Command):
    """A command to which searchkit.toml applies, also if the command line has a value for each of its options."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the arguments. Then reads the file, unless a shell completes the command."""
        rest = super().parse_args(ctx, args)
        if not ctx.resilient_parsing:
            applying_settings(ctx)
        return rest


def applying_settings(context: click.Context) -> Settings | None:
    """Return the settings that apply to a command, None if there is no file.

    The first call reads them and uses their language. Raises UsageError as `_read_settings` does, unless a shell
    completes the command: its line is no place for a message.
    """
    if "settings" not in context.meta:
        context.meta["settings"] = None
        with suppress(UsageError) if context.resilient_parsing else nullcontext():
            context.meta["settings"] = _find_settings(context)
        _use_language_of(context.meta["settings"], context)
    settings: Settings | None = context.meta["settings"]
    return settings


def use_language_of_help(context: click.Context) -> None:
    """Use the language of the file for help, which is printed before the command line has been parsed.

    Raises UsageError as `_read_settings` does.
    """
    _use_language_of(_find_settings(context), context)


def _use_language_of(settings: Settings | None, context: click.Context) -> None:
    """Use the language of settings, if they have one and `--lang` is not given."""
    if settings and "lang" in settings.values and not context.meta.get(LANGUAGE_GIVEN):
        use_language(settings.values["lang"])


def _find_settings(context: click.Context) -> Settings | None:
    """Return the settings in the nearest file outside of the corpora, or None.

    A file inside a corpus is ignored, because somebody else may have written it. The corpora are the folder that the
    command builds from, and the folders from which these indexes were built: the indexes that the command line, the
    environment variable and the file itself name, and the index in the folder `index`. For the commands of `watch`,
    the indexes that are watched count, too.
    """
    try:
        current = Path.cwd()
    except OSError:  # the folder was deleted
        return None
    for folder in (current, *current.parents):
        path = folder / SETTINGS_FILE
        if not os.path.lexists(path):
            continue
        if _is_inside(folder, _corpora(context)):
            continue
        settings = _read_settings(path)
        if "index" not in settings.values or not _is_inside(folder, _corpus_of(settings.values["index"])):
            return settings
    return None


def _corpora(context: click.Context) -> Iterator[Path]:
    """Yield the corpora that `_find_settings` lists, except that of the index that the file itself names."""
    if "corpus" in context.params:
        yield Path(context.params["corpus"])
    served = [text.rpartition("=")[2] for text in context.params.get("indexes") or ()]  # NAME=FOLDER or FOLDER
    named = [context.params.get("index_path"), *served, os.environ.get(INDEX_VARIABLE), "index"]
    for index in (*filter(None, named), *_watched_indexes(context)):
        yield from _corpus_of(index)


def _watched_indexes(context: click.Context) -> Iterator[str]:
    """Yield the indexes that the watches search, if the command is one of `watch`."""
    if context.parent and context.parent.info_name == "watch":
        from searchkit.errors import SearchkitError
        from searchkit.search.watching import WatchFile

        with suppress(SearchkitError):  # the command will report it
            yield from {item.index for item in WatchFile().watches()}


def _corpus_of(index: str | Path) -> Iterator[Path]:
    """Yield the folder from which an index was built, if the index can be read."""
    from searchkit.engines.opening import open_directory
    from searchkit.errors import SearchkitError

    try:
        yield Path(open_directory(Path(index)).read_manifest().corpus)
    except SearchkitError:  # the command will report it
        return


def _is_inside(folder: Path, corpora: Iterable[Path]) -> bool:
    """Return whether a folder is one of some corpora, or is in one.

    An index stores the path of its corpus as the user wrote it. It does not store the folder that a relative path
    starts from, so such a path stands for every folder whose path ends with it.
    """
    resolved = folder.resolve()
    above = (resolved, *resolved.parents)
    return any(
        corpus.resolve() in above
        or (
            not corpus.is_absolute()
            and corpus.parts
            and any(item.parts[-len(corpus.parts) :] == corpus.parts for item in above)
        )
        for corpus in corpora
    )


def _read_settings(path: Path) -> Settings:
    """Return the content of a file. Raises UsageError if it cannot be read, or has an unknown or invalid setting."""
    from searchkit.cli.settingsfile import read_settings_file

    values = read_settings_file(path)
    if "index" in values:
        index = path.parent / os.path.expanduser(values["index"])  # noqa: PTH111 - Path would raise for ~unknown
        try:
            values["index"] = min(str(index), os.path.relpath(index), key=len)  # short in messages
        except ValueError:  # on Windows, another drive
            values["index"] = str(index)
    return Settings(path, values)
