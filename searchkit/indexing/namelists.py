"""Reads a list of names that mean the same measure (`data/indicators.toml`, which explains the format)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from msgspec import Struct

from searchkit.errors import UsageError
from searchkit.files import INDICATORS_FILE, DataFile, read_data_file, read_toml
from searchkit.query.naming import IndicatorNames, NameLists
from searchkit.text.folding import fold

_YEARS = re.compile(r"(?:\d{4})?\.\.(?:\d{4})?|\d{4}")
"""Years of a name: 1994..2011, 2015.., ..1992 or 2015."""


class _Group(Struct, forbid_unknown_fields=True):
    """Names that mean the same."""

    names: list[str]
    source: str
    """Where it is defined that they mean the same. For readers only."""
    years: dict[str, str] = {}
    """Years in which a name is or was the official one, by name. For readers only."""


class _File(Struct, forbid_unknown_fields=True):
    """The content of a list of names."""

    word: list[_Group] = []
    """Words that mean the same in any name."""
    measure: list[_Group] = []
    """Names of one measure."""


def read_name_lists(source: Path | DataFile | None = None) -> NameLists:
    """Read a list of names, by default that of searchkit.

    Raises UsageError, which names the file and the place, if the file cannot be read, is not such a list, has a group
    with too few names, an empty name, a name of two measures, invalid years, or an entry of `years` for a name that is
    not in `names` of the same group.
    """
    file = read_data_file("list of indicators", source or INDICATORS_FILE)
    content = read_toml(file, _File)
    for problem in (*_find_problems("word", content.word, 2), *_find_problems("measure", content.measure, 1)):
        raise UsageError(f"{file.name}, {problem}")
    lists = NameLists(_strip_names(content.word), _strip_names(content.measure))
    for name, first, second in IndicatorNames(lists).clashes:
        raise UsageError(f"{file.name}: {name} is a name of two measures, {first} and {second}")
    return lists


def _find_problems(table: str, groups: Sequence[_Group], min_names: int) -> Iterator[str]:
    """Yield a message for each group with too few names or an empty name, and for each invalid entry of `years`."""
    for n, group in enumerate(groups, 1):
        if len(group.names) < min_names or not all(re.search(r"\w", fold(name)) for name in group.names):
            yield f"{table} {n}: there must be {min_names} names or more, none of them empty"
        for name, years in group.years.items():
            if name not in group.names or not _YEARS.fullmatch(years):
                yield f"{table} {n}, years: {name} = {years} is not a name of the group with years like 1994..2011"


def _strip_names(groups: Sequence[_Group]) -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(map(str.strip, group.names)) for group in groups)
