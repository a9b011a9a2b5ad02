"""What extraction knows of words, from data files: units with their kinds, fixed names with a number in them."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from searchkit.errors import UsageError
from searchkit.files import FIXED_NAMES, UNITS, DataFile, read_data
from searchkit.model import KINDS
from searchkit.text.folding import fold
from searchkit.text.numerals import SCALES

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

RULES = 1
"""Raise it when the same paragraph gives other figures than before."""


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit as it stands in the list."""

    name: str
    kind: str
    """One of `model.KINDS`."""
    is_vague: bool
    """In small Chinese numerals it often counts nothing (两个方面)."""
    not_before: tuple[str, ...]
    """It is another word when one of these follows (人 before 民)."""


class Vocabulary:
    """Units and fixed names. Immutable, safe for many threads."""

    def __init__(self, units: Mapping[str, Unit], fixed_names: Sequence[str]) -> None:
        """Take units by folded name, and folded fixed names."""
        by_first: dict[str, list[Unit]] = {}
        for name in sorted(units, key=len, reverse=True):
            by_first.setdefault(name[0], []).append(units[name])
        self._by_first = by_first
        self._units = units
        self._fixed = _alternatives(fixed_names)

    @classmethod
    def load(cls, units: Path | DataFile | None = None, fixed_names: Path | DataFile | None = None) -> Vocabulary:
        """Read the two files, or those that come with searchkit. Raises UsageError, which names file and key."""
        return cls(
            _units(read_data("unit list", units or UNITS)),
            _names(read_data("list of fixed names", fixed_names or FIXED_NAMES)),
        )

    def unit_at(self, folded: str, start: int) -> Unit | None:
        """Give the longest unit that stands at a place of a folded text, or None."""
        for unit in self._by_first.get(folded[start : start + 1], ()):
            end = start + len(unit.name)
            if folded.startswith(unit.name, start) and not folded.startswith(unit.not_before, end):
                goes_on = unit.name.isascii() and folded[end : end + 1].isascii() and folded[end : end + 1].isalnum()
                return None if goes_on else unit
        return None

    def base(self, unit: str) -> tuple[int, str]:
        """Split a unit as written into what it multiplies by and the base unit: 万元 is (10000, 元), 千克 (1, 千克)."""
        scale, name = 1, fold(unit.strip())
        while name and name not in self._units and name[0] in SCALES:
            scale, name = scale * SCALES[name[0]], name[1:]
        return scale, name

    def fixed_spans(self, folded: str) -> list[tuple[int, int]]:
        """Give where fixed names stand in a folded text, from left to right."""
        return [match.span() for match in self._fixed.finditer(folded)]


def _alternatives(names: Sequence[str]) -> re.Pattern[str]:
    """Match any of the names, the longest first. By first character, so that most places cost one look."""
    if not names:
        return re.compile("(?!)")
    by_first: dict[str, list[str]] = {}
    for name in sorted(set(names), key=lambda name: (-len(name), name)):
        by_first.setdefault(name[0], []).append(re.escape(name[1:]))
    groups = "|".join(f"{re.escape(first)}(?:{'|'.join(rest)})" for first, rest in sorted(by_first.items()))
    firsts = re.escape("".join(sorted(by_first)))
    return re.compile(f"(?=[{firsts}])(?<![0-9.])(?:{groups})(?![0-9.])")


def _units(file: DataFile) -> dict[str, Unit]:
    path, text = file
    try:
        tables: dict[str, Any] = tomllib.loads(text)
    except ValueError as error:
        raise UsageError(f"{path} is no TOML: {error}") from None
    _check_keys(path, "a table", tables, ("units", "vague", "not_before"))
    kinds, vague, follow = (_table(path, tables, name) for name in ("units", "vague", "not_before"))
    _check_keys(path, "a key of [units]", kinds, KINDS)
    _check_keys(path, "a key of [vague]", vague, ("units",))
    if not kinds:
        message = f"{path}: [units] is empty; it has {', '.join(KINDS)}"
        raise UsageError(message)
    not_before = {fold(unit): tuple(fold(text).split()) for unit, text in follow.items()}
    names = {fold(name): kind for kind, text in kinds.items() for name in text.split()}
    are_vague = frozenset(fold(vague.get("units", "")).split())
    return {name: Unit(name, kind, name in are_vague, not_before.get(name, ())) for name, kind in names.items()}


def _check_keys(path: str, what: str, keys: Iterable[str], known: Sequence[str]) -> None:
    for key in keys:
        if key not in known:
            message = f"{path}: {key} is not {what}; there are {', '.join(known)}"
            raise UsageError(message)


def _table(path: str, tables: Mapping[str, Any], name: str) -> dict[str, str]:
    table = tables.get(name, {})
    if not isinstance(table, dict):
        message = f"{path}: {name} is a table: [{name}]"
        raise UsageError(message)
    for key, value in table.items():
        if not isinstance(value, str):
            message = f"{path}: {key} in [{name}] is a text, white space between its parts"
            raise UsageError(message)
    return table


def _names(file: DataFile) -> list[str]:
    lines = (line.partition("#")[0] for line in file.text.splitlines())
    return [fold(name) for line in lines for name in line.split()]
