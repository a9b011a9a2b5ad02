"""The words that the extraction of measures needs, from data files: units with their kinds, and fixed names.

A fixed name contains a numeral that counts nothing: 三项制度, 一把手. Numbers in fixed names are not measures.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from msgspec import Struct, defstruct

from searchkit.errors import UsageError
from searchkit.files import FIXED_NAMES_FILE, UNITS_FILE, DataFile, read_data_file, read_toml
from searchkit.names import MEASURE_KINDS
from searchkit.text.folding import fold
from searchkit.text.numerals import SCALES

EXTRACTION_VERSION = 8
"""Version of the extraction rules. Increment it when the measures of a paragraph change."""
_MAX_PREFIX_LENGTH = 5
"""Maximum length in code points of a currency before a number."""


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit of the unit list."""

    name: str
    """The folded name of the unit."""
    base: str
    """The unit with which a measure in this unit is stored: 元 for 圆, otherwise `name`."""
    kind: str
    """One of `names.MEASURE_KINDS`."""
    is_vague: bool
    """Whether a small Chinese numeral before the unit often counts nothing: 个 in 两个方面.

    Such a number is a measure only if its context shows that it counts something.
    """
    is_halved: bool
    """Whether 半 before the unit is a number: 半年."""
    not_before: tuple[str, ...]
    """Texts that make the unit a part of another word if they follow it: 民 after 人."""
    subunits: Mapping[str, int]
    """Number of subunits in the unit, by name of the subunit: 元 has 角 10, 分 100."""


@dataclass(frozen=True, slots=True)
class Prefix:
    """A sign or name of a currency before a number."""

    start: int
    """Offset of the first character of the sign or name."""
    unit: Unit


class Vocabulary:
    """Units and fixed names. Immutable and thread-safe."""

    def __init__(
        self, units: Mapping[str, Unit], fixed_names: Sequence[str], prefixes: Mapping[str, str] | None = None
    ) -> None:
        """Create a vocabulary.

        `units` maps folded names to units, and `fixed_names` contains folded names. `prefixes` maps the folded signs
        and names of currencies to the names of their units.
        """
        by_first: dict[str, list[Unit]] = {}
        for name in sorted(units, key=len, reverse=True):
            by_first.setdefault(name[0], []).append(units[name])
        self._by_first = by_first
        self._units = units
        self._fixed_names = _compile_alternatives(fixed_names)
        self._prefixes = prefixes or {}
        self._prefix = _compile_prefixes(self._prefixes)
        self._prefix_ends = frozenset(prefix[-1] for prefix in self._prefixes)

    @classmethod
    def load(cls, units: Path | DataFile | None = None, fixed_names: Path | DataFile | None = None) -> Vocabulary:
        """Load the unit list and the list of fixed names, by default those of searchkit.

        Raises UsageError, which names the file and the key.
        """
        unit_file = read_data_file("unit list", units or UNITS_FILE)
        content = read_toml(unit_file, _UnitFile)
        by_name = _parse_units(unit_file, content)
        prefixes = {
            prefix: _resolve_unit(by_name, unit_file, "prefixes", name).name
            for name, text in content.prefixes.items()
            for prefix in fold(text).split()
        }
        names = _parse_names(read_data_file("list of fixed names", fixed_names or FIXED_NAMES_FILE))
        return cls(by_name, names, prefixes)

    def match_unit(self, folded: str, start: int) -> Unit | None:
        """Return the longest unit at an offset of a folded text that is not part of another word, or None."""
        for unit in self._by_first.get(folded[start : start + 1], ()):
            end = start + len(unit.name)
            if folded.startswith(unit.name, start) and not folded.startswith(unit.not_before, end):
                # A Latin letter or digit follows: the unit is part of a longer word, such as m in m2x.
                is_longer = unit.name.isascii() and folded[end : end + 1].isascii() and folded[end : end + 1].isalnum()
                return None if is_longer else unit
        return None

    def match_prefix(self, folded: str, end: int) -> Prefix | None:
        """Return the sign or name of a currency before an offset of a folded text, or None.

        Blanks between the sign and the offset are ignored.
        """
        while folded[end - 1 : end] == " ":
            end -= 1
        if folded[end - 1 : end] not in self._prefix_ends:
            return None
        match = self._prefix.search(folded, max(0, end - _MAX_PREFIX_LENGTH), end)
        if match is None:
            return None
        return Prefix(match.start(), self._units[self._prefixes[match[0]]])

    def subunits(self, unit: str) -> Mapping[str, int]:
        """Return the number of subunits in a folded unit, by name of the subunit."""
        return self._units[unit].subunits if unit in self._units else {}

    def split_scale(self, unit: str) -> tuple[int, str]:
        """Split a written unit into scale and base unit: 万元 is (10000, 元), 千克 is (1, 千克)."""
        scale, name = 1, fold(unit.strip())
        while name and name not in self._units and name[0] in SCALES:
            scale, name = scale * SCALES[name[0]], name[1:]
        return scale, self._units[name].base if name in self._units else name

    def find_fixed_names(self, folded: str) -> list[tuple[int, int]]:
        """Return the spans of the fixed names in a folded text, from left to right."""
        return [match.span() for match in self._fixed_names.finditer(folded)]


def _compile_prefixes(prefixes: Iterable[str]) -> re.Pattern[str]:
    """Compile a pattern for any of the prefixes at the end of a text.

    A prefix that ends a longer Latin word or follows a number does not match.
    """
    names = sorted(prefixes, key=len, reverse=True)
    alternatives = "|".join(map(re.escape, names))
    return re.compile(rf"(?<![a-z\d.一二两三四五六七八九十百千万亿])(?:{alternatives})$" if names else "(?!)")


def _compile_alternatives(names: Sequence[str]) -> re.Pattern[str]:
    """Compile a pattern for any of the names. It prefers longer names, and matches none next to a digit or a point.

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


class _UnitNames(Struct, frozen=True, forbid_unknown_fields=True):
    """A table of the unit list that selects some of the units."""

    units: str = ""
    """Names of the units, separated by blanks."""


_UnitsByKind = defstruct("_UnitsByKind", [(kind, str, "") for kind in MEASURE_KINDS], forbid_unknown_fields=True)
"""The table of the unit list with the units of each kind: a field for each of `MEASURE_KINDS`."""


class _UnitFile(Struct, forbid_unknown_fields=True):
    """A unit list. Every text contains items separated by white space. The file explains each table."""

    units: _UnitsByKind  # type: ignore[valid-type]
    vague: _UnitNames = _UnitNames()
    halved: _UnitNames = _UnitNames()
    not_before: dict[str, str] = {}
    same_as: dict[str, str] = {}
    prefixes: dict[str, str] = {}
    subunits: dict[str, dict[str, int]] = {}


def _parse_units(file: DataFile, content: _UnitFile) -> dict[str, Unit]:
    """Return the units by folded name. Each other spelling of a unit (圆 for 元) has an entry too.

    Raises UsageError if the file has no units, or if `same_as` names a unit that is not in the table of units.
    """
    not_before = {fold(unit): tuple(fold(text).split()) for unit, text in content.not_before.items()}
    kinds = {fold(name): kind for kind in MEASURE_KINDS for name in getattr(content.units, kind).split()}
    if not kinds:
        raise UsageError(f"{file.name}, units: the table is empty; kinds of units are {', '.join(MEASURE_KINDS)}")
    vague, halved = (frozenset(fold(names.units).split()) for names in (content.vague, content.halved))
    subunits = {
        fold(unit): {fold(name): size for name, size in sizes.items()} for unit, sizes in content.subunits.items()
    }
    by_name = {
        name: Unit(name, name, kind, name in vague, name in halved, not_before.get(name, ()), subunits.get(name, {}))
        for name, kind in kinds.items()
    }
    for base, spellings in content.same_as.items():
        unit = _resolve_unit(by_name, file, "same_as", base)
        for name in fold(spellings).split():
            by_name[name] = replace(unit, name=name, not_before=not_before.get(name, ()))
    return by_name


def _resolve_unit(by_name: Mapping[str, Unit], file: DataFile, key: str, name: str) -> Unit:
    """Return a listed unit. Raises UsageError, which names the key, if there is none."""
    if fold(name) not in by_name:
        raise UsageError(f"{file.name}, {key}: {name} is no unit of the list")
    return by_name[fold(name)]


def _parse_names(file: DataFile) -> list[str]:
    """Return the folded names in a list of fixed names. # begins a comment."""
    lines = (line.partition("#")[0] for line in file.text.splitlines())
    return [fold(name) for line in lines for name in line.split()]
