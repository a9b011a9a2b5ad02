"""The vocabulary of extraction, from data files: units with their kinds, and fixed names that contain a number."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from msgspec import Struct, defstruct

from searchkit.errors import UsageError
from searchkit.files import FIXED_NAMES_FILE, UNITS_FILE, DataFile, read_data_file, read_toml
from searchkit.model import MEASURE_KINDS
from searchkit.text.folding import fold
from searchkit.text.numerals import SCALES

EXTRACTION_VERSION = 2
"""Version of the extraction rules. Increment it when the measures of a paragraph change."""


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit of the unit list."""

    name: str
    kind: str
    """One of `model.MEASURE_KINDS`."""
    is_vague: bool
    """After a small Chinese numeral it often counts nothing (两个方面)."""
    not_before: tuple[str, ...]
    """Characters that make it part of another word if they follow (人 before 民)."""


class Vocabulary:
    """Units and fixed names. Immutable and thread-safe."""

    def __init__(self, units: Mapping[str, Unit], fixed_names: Sequence[str]) -> None:
        """`units` are keyed by folded name; `fixed_names` are folded."""
        by_first: dict[str, list[Unit]] = {}
        for name in sorted(units, key=len, reverse=True):
            by_first.setdefault(name[0], []).append(units[name])
        self._by_first = by_first
        self._units = units
        self._fixed_names = _compile_alternatives(fixed_names)

    @classmethod
    def load(cls, units: Path | DataFile | None = None, fixed_names: Path | DataFile | None = None) -> Vocabulary:
        """Load both files, by default those of searchkit. Raises UsageError, which names the file and the key."""
        return cls(
            _parse_units(read_data_file("unit list", units or UNITS_FILE)),
            _parse_names(read_data_file("list of fixed names", fixed_names or FIXED_NAMES_FILE)),
        )

    def match_unit(self, folded: str, start: int) -> Unit | None:
        """Return the longest unit at an offset of a folded text, or None."""
        for unit in self._by_first.get(folded[start : start + 1], ()):
            end = start + len(unit.name)
            if folded.startswith(unit.name, start) and not folded.startswith(unit.not_before, end):
                is_longer = unit.name.isascii() and folded[end : end + 1].isascii() and folded[end : end + 1].isalnum()
                return None if is_longer else unit
        return None

    def split_scale(self, unit: str) -> tuple[int, str]:
        """Split a written unit into scale and base unit: 万元 is (10000, 元), 千克 is (1, 千克)."""
        scale, name = 1, fold(unit.strip())
        while name and name not in self._units and name[0] in SCALES:
            scale, name = scale * SCALES[name[0]], name[1:]
        return scale, name

    def find_fixed_names(self, folded: str) -> list[tuple[int, int]]:
        """Return the spans of the fixed names in a folded text, from left to right."""
        return [match.span() for match in self._fixed_names.finditer(folded)]


def _compile_alternatives(names: Sequence[str]) -> re.Pattern[str]:
    """Compile a pattern for any of the names that prefers longer ones.

    The names are grouped by first character, so that most offsets are rejected after one comparison.
    """
    if not names:
        return re.compile("(?!)")
    by_first: dict[str, list[str]] = {}
    for name in sorted(set(names), key=lambda name: (-len(name), name)):
        by_first.setdefault(name[0], []).append(re.escape(name[1:]))
    groups = "|".join(f"{re.escape(first)}(?:{'|'.join(rest)})" for first, rest in sorted(by_first.items()))
    firsts = re.escape("".join(sorted(by_first)))
    return re.compile(f"(?=[{firsts}])(?<![0-9.])(?:{groups})(?![0-9.])")


class _VagueUnits(Struct, frozen=True, forbid_unknown_fields=True):
    """Units that often count nothing."""

    units: str = ""


_UnitsByKind = defstruct("_UnitsByKind", [(kind, str, "") for kind in MEASURE_KINDS], forbid_unknown_fields=True)


class _UnitFile(Struct, forbid_unknown_fields=True):
    """A unit list. Every text contains items separated by white space."""

    units: _UnitsByKind  # type: ignore[valid-type]
    vague: _VagueUnits = _VagueUnits()
    not_before: dict[str, str] = {}


def _parse_units(file: DataFile) -> dict[str, Unit]:
    content = read_toml(file, _UnitFile)
    not_before = {fold(unit): tuple(fold(text).split()) for unit, text in content.not_before.items()}
    names = {fold(name): kind for kind in MEASURE_KINDS for name in getattr(content.units, kind).split()}
    if not names:
        raise UsageError(f"{file.name}, units: none is given; kinds of units are {', '.join(MEASURE_KINDS)}")
    vague = frozenset(fold(content.vague.units).split())
    return {name: Unit(name, kind, name in vague, not_before.get(name, ())) for name, kind in names.items()}


def _parse_names(file: DataFile) -> list[str]:
    lines = (line.partition("#")[0] for line in file.text.splitlines())
    return [fold(name) for line in lines for name in line.split()]
