"""What extraction knows of words, from data files: units with their kinds, fixed names with a number in them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from msgspec import Struct, defstruct

from searchkit.errors import UsageError
from searchkit.files import FIXED_NAMES, UNITS, DataFile, read_data, read_toml
from searchkit.model import KINDS
from searchkit.text.folding import fold
from searchkit.text.numerals import SCALES

RULES = 1
"""Raise it when the same paragraph gives other measures than before."""


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


class _Vague(Struct, frozen=True, forbid_unknown_fields=True):
    """What is listed as often counting nothing."""

    units: str = ""


_Kinds = defstruct("_Kinds", [(kind, str, "") for kind in KINDS], forbid_unknown_fields=True)


class _File(Struct, forbid_unknown_fields=True):
    """A unit list: texts with white space between their parts."""

    units: _Kinds  # type: ignore[valid-type]
    vague: _Vague = _Vague()
    not_before: dict[str, str] = {}


def _units(file: DataFile) -> dict[str, Unit]:
    found = read_toml(file, _File)
    not_before = {fold(unit): tuple(fold(text).split()) for unit, text in found.not_before.items()}
    names = {fold(name): kind for kind in KINDS for name in getattr(found.units, kind).split()}
    if not names:
        raise UsageError(f"{file.name}, units: none is given; kinds of units are {', '.join(KINDS)}")
    are_vague = frozenset(fold(found.vague.units).split())
    return {name: Unit(name, kind, name in are_vague, not_before.get(name, ())) for name, kind in names.items()}


def _names(file: DataFile) -> list[str]:
    lines = (line.partition("#")[0] for line in file.text.splitlines())
    return [fold(name) for line in lines for name in line.split()]
