"""Names of the values of metadata: of places, public bodies, topics, sections and kinds of reports.

A build stores them in the index, so that queries and filters can use them (`query.aliases`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import accumulate
from typing import NamedTuple

from searchkit.files import read_word_lists
from searchkit.places.bodies import is_body
from searchkit.places.gazetteer import NATIONWIDE, gazetteer
from searchkit.text.folding import fold

NAMES_VERSION = 1
"""Version of the rules and the data files that determine the names. Increment it when they change."""

_LEVELS = ("省", "市", "区", "县", "州", "盟", "旗", "镇", "乡", "街道")
"""Endings of the full name of a place."""
_GENERAL_BODIES = frozenset({"国务院", "人民政府", "街道办事处", "管理委员会", "海关"})
"""Agencies that reports of all other bodies name, too. In queries, their names are ordinary words."""
_MIN_SURE_LENGTH = 3
"""Minimum length of a full name that counts anywhere in a query (the evidence `sure`). A shorter one (和县) occurs by
chance where two words meet (市和县)."""
_MIN_REPORT_NAME_LENGTH = 5
"""Minimum length of a short name of a kind of report. A shorter one, such as 审计报告, can mean another report."""


class ValueName(NamedTuple):
    """A name of one or several values of a facet."""

    name: str
    """The name, folded."""
    facet: str
    """Name of the facet."""
    evidence: str
    """How far the name in a query is evidence for the values: one of `query.aliases.EVIDENCE`. `sure`: the name alone
    is enough. `short`, `phrase`, `word`: the name needs a certain context. `none`: only filters take the name."""
    values: tuple[str, ...]
    """The values. For district, each is an element of a region."""


def name_values(
    paths: Iterable[str], values: Mapping[str, Iterable[str]], synonyms: Callable[[str], Iterable[str]]
) -> Iterator[ValueName]:
    """Yield the names of the values of an index.

    `paths`: the regions as paths, such as 浙江省/杭州市/西湖区. `values`: the values of agency, topic, section and
    doctype. `synonyms` returns the synonyms of a folded word. The first call takes 30 ms, to load the gazetteer.
    """
    yield from _name_places(paths)
    yield from _name_bodies(values["agency"], synonyms)
    yield from (ValueName(fold(topic), "topic", "none", (topic,)) for topic in values["topic"])
    yield from _name_sections(values["section"])
    yield from _name_reports(values["doctype"])


def _name_places(paths: Iterable[str]) -> Iterator[ValueName]:
    """Yield the full and the short names of all elements of regions.

    A short name means the province that has it or, if there is none, the places that have it and are not inside another
    such place. It is left out if it is the short name of a province that the index lacks, or the full name of a place
    in the index.
    """
    elements = {element for path in paths for element in path.split("/")}
    ordinary = set(fold(" ".join(word for words in read_word_lists("place_words.txt") for word in words)).split())
    all_names = gazetteer().full_and_short_names(elements)
    full = {name: element for element, (full_names, _) in all_names.items() for name in full_names}
    for name, element in full.items():
        is_sure = len(name) >= _MIN_SURE_LENGTH and name not in ordinary and name.endswith(_LEVELS)
        evidence = "none" if element == NATIONWIDE[0] else "sure" if is_sure else "word"
        yield ValueName(name, "district", evidence, (element,))
    by_short_name: dict[str, set[str]] = {}
    for path in paths:
        for prefix in accumulate(path.split("/"), "{}/{}".format):
            for name in all_names[prefix.rpartition("/")[2]][1]:
                by_short_name.setdefault(name, set()).add(prefix)
    for name, prefixes in by_short_name.items():
        provinces = {prefix for prefix in prefixes if "/" not in prefix}
        is_of_missing_province = not provinces and any(len(region) == 1 for region in gazetteer().candidates(name))
        if name in full or is_of_missing_province:
            continue
        outermost = provinces or {p for p in prefixes if not any(p.startswith(f"{q}/") for q in prefixes)}
        places = tuple(sorted({prefix.rpartition("/")[2] for prefix in outermost}))
        is_ordinary = name in ordinary or len(places) > 1
        yield ValueName(name, "district", "word" if is_ordinary else "short", places)


def _name_bodies(agencies: Iterable[str], synonyms: Callable[[str], Iterable[str]]) -> Iterator[ValueName]:
    """Yield the names of bodies: the agencies and their forms in `data/agencies.txt`, then the synonyms of both."""
    forms = {names[0]: names[1:] for names in read_word_lists("agencies.txt")}
    values: dict[str, dict[str, None]] = {}
    for agency in sorted(agencies):
        for name in (agency, *forms.get(agency, ())):
            values.setdefault(fold(name), {})[agency] = None
    direct = dict(values)
    for name, canonical in direct.items():
        for synonym in synonyms(name):
            if synonym not in direct:
                values.setdefault(synonym, {}).update(canonical)
    for name, canonical in values.items():
        is_specific = _GENERAL_BODIES.isdisjoint(canonical) and is_body(name)
        yield ValueName(name, "agency", "short" if is_specific else "word", tuple(canonical))


def _name_sections(sections: Iterable[str]) -> Iterator[ValueName]:
    """Yield the names of sections: the sections and their forms in `data/section_names.txt`."""
    forms = {names[0]: names[1:] for names in read_word_lists("section_names.txt")}
    for section in sections:
        yield ValueName(fold(section), "section", "word" if section in forms else "none", (section,))
        yield from (ValueName(fold(name), "section", "phrase", (section,)) for name in forms.get(section, ()))


def _name_reports(doctypes: Iterable[str]) -> Iterator[ValueName]:
    """Yield the names of kinds of reports: each kind (法治政府建设年度报告), and its short name (法治政府建设报告)."""
    for doctype in doctypes:
        short = doctype.replace("年度报告", "报告").replace("工作报告", "报告")
        for name in dict.fromkeys((doctype, short) if len(short) >= _MIN_REPORT_NAME_LENGTH else (doctype,)):
            yield ValueName(fold(name), "doctype", "phrase", (doctype,))
