"""What shells complete: names of facets, their values, and names of watches. `shells.py` has the scripts.

The names of user-defined facets come from the manifest of the index, the values from its file of suggestions. No other
part of the index is opened, and neither NumPy nor an engine is loaded, because a shell waits for the answer at each
press of Tab.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from searchkit.names import BUILT_IN_FACETS

if TYPE_CHECKING:
    from searchkit.manifest import Manifest

_MAX_COMPLETIONS = 200
"""Maximum number of values that complete a prefix: the most frequent ones."""


def complete_facet_value(context: click.Context, parameter: click.Parameter, prefix: str) -> list[str]:
    """Return the values of the facet of a filter option that begin with a prefix, most frequent first.

    A value is also returned if its pinyin, or the initials of its pinyin, begin with the prefix. The list is empty
    without a usable index.
    """
    return _values(context, parameter.name or "", prefix)


def complete_condition(context: click.Context, _parameter: click.Parameter, prefix: str) -> list[str]:
    """Return what completes a `--where`: NAME= of the user-defined facets that begin with the prefix.

    If the prefix contains =, returns NAME=VALUE for the values of the facet NAME that complete the text after =.
    """
    name, equals, value = prefix.partition("=")
    if equals:
        return [f"{name}={item}" for item in _values(context, name, value)]
    manifest = _read_manifest(context)
    return [f"{item}=" for item in (manifest.facets if manifest else ()) if item.startswith(prefix)]


def complete_facet_name(context: click.Context, _parameter: click.Parameter, prefix: str) -> list[str]:
    """Return the names of facets that begin with a prefix: the built-in ones, then the user-defined ones of the index.

    Without a usable index, returns only built-in ones.
    """
    manifest = _read_manifest(context)
    names = [*BUILT_IN_FACETS, *(manifest.facets if manifest else ())]
    return [name for name in names if name.startswith(prefix)]


def complete_facet_list(context: click.Context, parameter: click.Parameter, prefix: str) -> list[str]:
    """Return what completes a list of facets with commas between them, as `complete_facet_name` does for the last."""
    before, comma, last = prefix.rpartition(",")
    return [f"{before}{comma}{name}" for name in complete_facet_name(context, parameter, last)]


def complete_watch_name(context: click.Context, _parameter: click.Parameter, prefix: str) -> list[str]:
    """Return the names of watches that begin with a prefix, without those that are on the command line already."""
    from searchkit.errors import SearchkitError
    from searchkit.search.watching import WatchFile

    try:
        names = [watch.name for watch in WatchFile().watches()]
    except SearchkitError:
        return []
    given = context.params.get("names") or ()
    return [name for name in names if name.startswith(prefix) and name not in given]


def _values(context: click.Context, facet: str, prefix: str) -> list[str]:
    """Return the values of a facet that begin with a prefix, or whose pinyin, or initials of the pinyin, begin with it.

    Empty without a usable index.
    """
    from searchkit.errors import IndexUnusable
    from searchkit.manifest import SUGGESTIONS_FILE, map_file
    from searchkit.query.suggester import Suggester

    manifest = _read_manifest(context)
    if manifest is None:
        return []
    try:
        data = map_file(_index_path(context), manifest, SUGGESTIONS_FILE)
    except IndexUnusable:
        return []
    # The prefix is not folded (`text.folding`), because that would load NumPy. Whoever types a value types it in
    # simplified characters, as it is in the index.
    values = Suggester(data).complete_values(prefix.lower(), facet, _MAX_COMPLETIONS)
    return [item.text for item in values]


def _read_manifest(context: click.Context) -> Manifest | None:
    """Return the manifest of the index that a command would use, None if this index cannot be used."""
    from searchkit.errors import SearchkitError
    from searchkit.manifest import read_manifest

    try:
        return read_manifest(_index_path(context))
    except SearchkitError:
        return None


def _index_path(context: click.Context) -> Path:
    """Return the folder of the index that a command would use.

    It is the one that `--index` or SEARCHKIT_INDEX gives, otherwise that of searchkit.toml, otherwise `index`. The
    shell has not yet replaced ~ and variables in it.
    """
    path = context.params.get("index_path") or context.lookup_default("index_path") or "index"
    return Path(os.path.expandvars(os.path.expanduser(path)))  # noqa: PTH111 - Path would raise for ~unknown
