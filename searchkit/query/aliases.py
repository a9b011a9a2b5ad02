"""Names of the facet values of an index: canonical names, short forms and synonyms. Written by a build.

A query is understood, and filters are resolved, by these names alone, so a search loads no gazetteer.
"""

from __future__ import annotations

import json
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from searchkit.errors import IndexDamaged
from searchkit.text.characters import remove_invisible

NAMED_FACETS = ("district", "agency", "topic", "section", "doctype")
"""Facets whose values have names. The order is that of their numbers in the file."""
EVIDENCE = SURE, SHORT, PHRASE, WORD, NONE = ("sure", "short", "phrase", "word", "none")
"""How far a name in a query is evidence for its values. A run is text without spaces.

- `sure`: the name alone, anywhere in the query: 滨海新区.
- `short`: a name at the beginning of a run, or after another name, a time or a word such as 关于: 杭州, 卫健委.
- `phrase`: a phrase (下一步打算, 政府工作报告). The query must have a sure or short name, too, or the phrase must be a
  whole run and the query have other parts.
- `word`: an ordinary word (西湖 in 杭州西湖). It needs a name directly before it or, if the word is a whole run (问题),
  a sure or short name anywhere in the query. If the word names a place, that other name must be a place that contains
  it. If it names a body, a name directly before it must be a place. If it names anything else, such as a section, and
  follows a name, the word must end its run.
- `none`: no evidence in a query, where the name is read as a word: 全国. A filter takes it like every other name.
"""


class Alias:
    """A name of one or several values of a facet."""

    # Not a dataclass, whose creation would take a millisecond in every command.
    __slots__ = ("evidence", "facet", "name", "values")

    def __init__(self, name: str, facet: str, evidence: str, values: tuple[str, ...]) -> None:
        """`name`: folded. `facet`: one of `NAMED_FACETS`. `evidence`: one of `EVIDENCE`.

        A value of district is the name of one division, without those that contain it: 西湖区 of 浙江省/杭州市/西湖区.
        """
        self.name, self.facet, self.evidence, self.values = name, facet, evidence, values


class Aliases:
    """The names and the values of an index. Looking up a name takes some microseconds."""

    def __init__(
        self, values: Mapping[str, Sequence[str]], years: Mapping[str, Sequence[int]], names: Mapping[str, str]
    ) -> None:
        """`values`: by facet. `years`: by facet of years, such as of_year.

        `names`: by first character, the names that begin with it, as lines of the file (`_parse_alias`).
        """
        self._values, self._years, self._names = values, years, names
        self._parsed: dict[str, tuple[Alias, ...]] = {}
        self._paths: dict[str, list[str]] = {}

    @classmethod
    def create(
        cls, values: Mapping[str, Iterable[str]], years: Mapping[str, Iterable[int]], names: Iterable[Alias]
    ) -> Aliases:
        """Return the names of an index. The values of district are paths: 浙江省/杭州市/西湖区."""
        lines: dict[str, list[str]] = {}
        for alias in sorted(names, key=lambda alias: (-len(alias.name), alias.name, alias.facet, alias.values)):
            fields = (alias.name, str(NAMED_FACETS.index(alias.facet)), alias.evidence, *alias.values)
            lines.setdefault(alias.name[0], []).append("\t".join(fields))
        return cls(
            {facet: sorted(items) for facet, items in values.items()},
            {facet: sorted(items) for facet, items in years.items()},
            {first: "\n".join(lines[first]) for first in sorted(lines)},
        )

    @classmethod
    def from_json(cls, data: bytes) -> Aliases:
        """Return the names of a file that `to_json` wrote."""
        content: Any = json.loads(data)
        values = {str(facet): str(text).split("\n") if text else [] for facet, text in content["values"].items()}
        years = {str(facet): [int(year) for year in items] for facet, items in content["years"].items()}
        return cls(values, years, {str(first): str(text) for first, text in content["names"].items()})

    def to_json(self) -> bytes:
        """Return the content of a file: JSON with few long strings, which are parsed faster than many short ones."""
        values = {facet: "\n".join(items) for facet, items in self._values.items()}
        content = {"values": values, "years": self._years, "names": self._names}
        return json.dumps(content, ensure_ascii=False, indent=1).encode()

    def has_values(self, values: Mapping[str, Iterable[str]], years: Mapping[str, Iterable[int]]) -> bool:
        """Return whether the index has exactly these values. The arguments are those of `create`."""
        return self._values == {facet: sorted(items) for facet, items in values.items()} and self._years == {
            facet: sorted(items) for facet, items in years.items()
        }

    def all(self) -> Iterator[Alias]:
        """Yield all names."""
        return (alias for first in self._names for alias in self._beginning_with(first))

    def at(self, folded: str, start: int) -> list[Alias]:
        """Return the names that a folded text has at `start`, the longest first, without those of evidence `none`."""
        return [
            alias
            for alias in self._beginning_with(folded[start])
            if alias.evidence != NONE and folded.startswith(alias.name, start)
        ]

    def can_understand(self, query: str) -> bool:
        """Return whether a query contains 年, a digit, or a name (not of evidence `none`). Takes some microseconds."""
        from searchkit.text.folding import fold  # noqa: PLC0415 - loads NumPy, which exports do not need

        folded = fold(remove_invisible(query))
        return (
            "年" in folded or any(map(str.isdecimal, folded)) or any(self.at(folded, at) for at in range(len(folded)))
        )

    def named(self, facet: str, name: str) -> tuple[str, ...]:
        """Return the values of a facet that have a name, which may be in traditional characters. Empty if none has."""
        from searchkit.text.folding import fold  # noqa: PLC0415 - loads NumPy, which exports do not need

        folded = fold(name)
        matches = (alias for alias in self._beginning_with(folded[:1]) if alias.name == folded and alias.facet == facet)
        return tuple(dict.fromkeys(value for alias in matches for value in alias.values))

    def values(self, facet: str) -> Sequence[str]:
        """Return the values of a facet, sorted. Those of district are paths: 浙江省/杭州市/西湖区."""
        return self._values.get(facet, ())

    def paths(self, element: str) -> list[str]:
        """Return the paths of the places whose last element is `element`: 浙江省/杭州市/西湖区 for 西湖区."""
        if not self._paths:
            for path in self.values("district"):
                self._paths.setdefault(path.rpartition("/")[2], []).append(path)
        return self._paths.get(element, [])

    def years(self, facet: str | None = None) -> Sequence[int]:
        """Return the years of a facet of years, ascending. None: those of all facets of years."""
        return (
            self._years.get(facet, ()) if facet else sorted({year for years in self._years.values() for year in years})
        )

    def years_between(self, first: int, last: int) -> list[int]:
        """Return the years of all facets of years from `first` to `last`, inclusive, ascending."""
        years = self.years()
        return list(years[bisect_left(years, first) : bisect_right(years, last)])

    def similar(self, text: str) -> list[tuple[str, str]]:
        """Return facet and value of each name that differs from a text in at most one character.

        For 杭洲, the value is 杭州市, which has the name 杭州. Names with the same pinyin may differ in more: 东丽区
        for 冬利区. A character can be another one, missing, in excess, or exchanged with its neighbour
        (`_differs_in_one_character`). The text itself comes first, if it is a name, then names with the same first
        character. Names of places and bodies below two characters, and others below three, are ignored.
        """
        from searchkit.text.folding import fold  # noqa: PLC0415 - loads NumPy, which exports do not need

        folded = fold(text)
        names = [
            alias
            for alias in self.all()
            if len(alias.name) >= (2 if alias.facet in {"district", "agency"} else _MIN_SIMILAR_LENGTH)
            and (_differs_in_one_character(alias.name, folded) or _sound_the_same(alias.name, folded))
        ]
        names.sort(key=lambda alias: (alias.name != folded, alias.name[0] != folded[:1], alias.name))
        return list(dict.fromkeys((alias.facet, value) for alias in names for value in alias.values))

    def nearest(self, facet: str, name: str, count: int = 3) -> list[str]:
        """Return the values of a facet whose names look most like a name that the facet does not have.

        First come values with a name that contains `name`, is contained in it, or has the same pinyin. Values whose
        names are too different are left out (`_MIN_LIKENESS`, `_LIKENESS_MARGIN`).
        """
        from difflib import SequenceMatcher  # noqa: PLC0415 - only for error messages

        from searchkit.text.folding import fold  # noqa: PLC0415 - loads NumPy, which exports do not need

        folded = fold(name)
        ratios: dict[str, float] = {}
        for alias in self.all():
            if alias.facet == facet:
                matcher = SequenceMatcher(None, alias.name, folded, autojunk=False)
                is_near = folded in alias.name or alias.name in folded or _sound_the_same(alias.name, folded)
                ratio = matcher.ratio() + is_near + 0.1 * (alias.name[0] == folded[:1])
                for value in alias.values:
                    ratios[value] = max(ratio, ratios.get(value, 0.0))
        ranked = sorted(ratios.items(), key=lambda item: (-item[1], item[0]))
        best = ranked[0][1] if ranked else 0.0
        return [value for value, ratio in ranked[:count] if ratio >= max(_MIN_LIKENESS, best - _LIKENESS_MARGIN)]

    def _beginning_with(self, first: str) -> tuple[Alias, ...]:
        """Return the names with a first character, the longest first. Raises IndexDamaged if they cannot be decoded."""
        if first not in self._names:
            return ()
        if first not in self._parsed:
            self._parsed[first] = tuple(_parse_alias(line, first) for line in self._names[first].split("\n"))
        return self._parsed[first]


def _parse_alias(line: str, first: str) -> Alias:
    """Return the name of a line of the file. Raises IndexDamaged if it is invalid or does not begin with `first`."""
    name, *fields = line.split("\t")
    try:
        facet, evidence, *values = fields
        alias = Alias(name, NAMED_FACETS[int(facet)], evidence, tuple(values))
    except (ValueError, IndexError):
        alias = None
    # An empty `first` is damage, too: no name begins with the blank in its place.
    if alias is None or not name.startswith(first or " ") or evidence not in EVIDENCE:
        raise IndexDamaged("damaged index (names of facet values); build it again with: searchkit build --full")
    return alias


def _differs_in_one_character(one: str, other: str) -> bool:
    """Return whether two texts are equal or differ in one character, or in two neighbours that are exchanged.

    If one text lacks a character of the other, the shorter one must have at least `_MIN_SIMILAR_LENGTH` characters.
    """
    shorter, longer = sorted((one, other), key=len)
    if len(longer) - len(shorter) == 1:
        at = next((n for n, character in enumerate(shorter) if longer[n] != character), len(shorter))
        return len(shorter) >= _MIN_SIMILAR_LENGTH and shorter[at:] == longer[at + 1 :]
    if len(longer) != len(shorter):
        return False
    different = [n for n, character in enumerate(one) if other[n] != character]
    if len(different) == 2:  # noqa: PLR2004 - two neighbours
        first, last = different
        return last - first == 1 and one[first] == other[last] and one[last] == other[first]
    return len(different) <= 1


def _sound_the_same(one: str, other: str) -> bool:
    """Return whether two texts have the same pinyin."""
    from searchkit.text.pinyin import syllables  # noqa: PLC0415 - only if a value is unknown or nothing was found

    return len(one) == len(other) and syllables(one) == syllables(other)


_MIN_SIMILAR_LENGTH = 3
"""Smallest length of the names of topics, sections and kinds of reports that `Aliases.similar` finds. Also the smallest
length of the shorter of two similar texts, if it lacks a character of the other one."""
_MIN_LIKENESS = 0.35
"""Smallest likeness of a value that `Aliases.nearest` returns. The likeness of a name is twice the matching characters
/ both lengths, plus 1 if one name contains the other or both sound the same, plus 0.1 for the same first character."""
_LIKENESS_MARGIN = 0.15
"""Values whose likeness is lower than the highest one by more than this are not returned."""

NO_ALIASES = Aliases({}, {}, {})
"""No names: nothing is understood."""
