"""Collects the names of the facet values of a new index: `query.aliases`, in a file beside the files of the engine."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import accumulate

from searchkit.engines.contract import Engine, Request
from searchkit.files import read_word_lists
from searchkit.places.bodies import is_body
from searchkit.places.gazetteer import NATIONWIDE, gazetteer
from searchkit.query.aliases import NAMED_FACETS, NONE, PHRASE, SHORT, SURE, WORD, Alias, Aliases
from searchkit.query.facets import YEAR_FACETS, Facet
from searchkit.query.tree import Everything
from searchkit.text.analyzer import Analyzer
from searchkit.text.folding import fold

_MAX_DEPTH = 4
"""Maximum depth of a facet of districts. A region is rarely deeper."""
_LEVELS = ("省", "市", "区", "县", "州", "盟", "旗", "镇", "乡", "街道")
"""Last characters of the full name of a place."""
_GENERAL_BODIES = frozenset({"国务院", "人民政府", "街道办事处", "管理委员会", "海关"})
"""Bodies that reports of all other bodies name, too. Their names are ordinary words."""
_MIN_SURE_LENGTH = 3
"""A full name of two characters (和县) is no sure name, because any two words can meet so (市和县)."""
_MIN_REPORT_NAME_LENGTH = 5
"""Minimum length of a short name of a kind of report: 审计报告 would be another report."""


def collect_aliases(engine: Engine, analyzer: Analyzer) -> Aliases:
    """Return the names of the facet values of an index, with the synonyms of an analyzer.

    Takes some milliseconds, and 30 ms to load the gazetteer.
    """
    facets = [*map(Facet, NAMED_FACETS), *map(Facet, YEAR_FACETS)]
    facets += [Facet("district", depth) for depth in range(1, _MAX_DEPTH + 1)]
    request = Request(Everything(), facets=tuple(facets), max_values=None, limit=0)
    counts = engine.search(request).facets
    values = {name: {str(item.value) for item in counts[name].values} for name in counts}
    paths = {path for depth in range(1, _MAX_DEPTH + 1) for path in values[f"district:{depth}"]}
    ends = {path.rpartition("/")[2] for path in paths}
    paths |= values["district"] - ends  # a region deeper than _MAX_DEPTH
    names = [
        *_name_places(paths),
        *_name_bodies(values["agency"], analyzer),
        *(Alias(fold(topic), "topic", NONE, (topic,)) for topic in values["topic"]),
        *_name_sections(values["section"]),
        *_name_reports(values["doctype"]),
    ]
    named = {name: values[name] for name in NAMED_FACETS if name != "district"}
    years = {name: map(int, values[name]) for name in YEAR_FACETS}
    return Aliases.create({**named, "district": paths}, years, [alias for alias in names if alias.name.strip()])


def _name_places(paths: Iterable[str]) -> Iterator[Alias]:
    """Yield the names of all elements of regions.

    A short name means the province that has it or, if there is none, the places that have it and are not inside
    another such place. If it is the short name of a province that the index lacks, it means nothing.
    """
    elements = {element for path in paths for element in path.split("/")}
    ordinary = {fold(word) for words in read_word_lists("place_words.txt") for word in words}
    all_names = gazetteer().full_and_short_names(elements)
    full = {name: element for element, (full_names, _) in all_names.items() for name in full_names}
    for name, element in full.items():
        is_sure = len(name) >= _MIN_SURE_LENGTH and name not in ordinary and name.endswith(_LEVELS)
        evidence = NONE if element == NATIONWIDE[0] else SURE if is_sure else WORD
        yield Alias(name, "district", evidence, (element,))
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
        yield Alias(name, "district", WORD if is_ordinary else SHORT, places)


def _name_bodies(agencies: Iterable[str], analyzer: Analyzer) -> Iterator[Alias]:
    """Yield the names of bodies: those of `data/agencies.txt`, then synonyms."""
    forms = {names[0]: names[1:] for names in read_word_lists("agencies.txt")}
    values: dict[str, dict[str, None]] = {}
    for agency in sorted(agencies):
        for name in (agency, *forms.get(agency, ())):
            values.setdefault(fold(name), {})[agency] = None
    direct = dict(values)
    for name, canonical in direct.items():
        for synonym in analyzer.synonyms(name):
            if synonym not in direct:
                values.setdefault(synonym, {}).update(canonical)
    for name, canonical in values.items():
        is_specific = _GENERAL_BODIES.isdisjoint(canonical) and is_body(name)
        yield Alias(name, "agency", SHORT if is_specific else WORD, tuple(canonical))


def _name_sections(sections: Iterable[str]) -> Iterator[Alias]:
    """Yield the names of the parts of a report."""
    forms = {names[0]: names[1:] for names in read_word_lists("section_names.txt")}
    for section in sections:
        yield Alias(fold(section), "section", WORD if section in forms else NONE, (section,))
        yield from (Alias(fold(name), "section", PHRASE, (section,)) for name in forms.get(section, ()))


def _name_reports(doctypes: Iterable[str]) -> Iterator[Alias]:
    """Yield the names of kinds of reports: 法治政府建设年度报告, 法治政府建设报告."""
    for doctype in doctypes:
        short = doctype.replace("年度报告", "报告").replace("工作报告", "报告")
        for name in dict.fromkeys((doctype, short) if len(short) >= _MIN_REPORT_NAME_LENGTH else (doctype,)):
            yield Alias(fold(name), "doctype", PHRASE, (doctype,))
