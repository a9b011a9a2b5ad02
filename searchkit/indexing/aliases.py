"""Collects the names of the facet values of a new index, which are stored beside the files of the engine.

A query or filter can use any name of a value: 卫健委 for 卫生健康委员会.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from searchkit.corpus.metadata.names import name_values
from searchkit.engines.contract import Engine, Request
from searchkit.names import SECTIONS, YEAR_FACETS
from searchkit.query.aliases import NAMED_FACETS, Alias, Aliases
from searchkit.query.facets import Facet
from searchkit.query.tree import Everything
from searchkit.text.analyzer import Analyzer

_TOPIC_NAME = re.compile(r"""(?m)^\s*name\s*=\s*["']([^"']+)["']""")
"""Matches the line of a taxonomy that names a topic. Parsing the files would take as long as a small build."""
_MAX_DEPTH = 4
"""Maximum depth to which districts are counted. A region rarely has more levels."""


def collect_aliases(
    engine: Engine, analyzer: Analyzer, taxonomies: Iterable[str], previous: Aliases | None = None
) -> Aliases:
    """Return the names of the facet values of an index. The names of agencies include synonyms from the analyzer.

    Topics are those of `taxonomies`, the texts of taxonomy files: counting the topics in the index would take most of
    the time. `previous`: names of an older index with the same synonyms. They are returned if the values are the same.
    Otherwise takes 30 ms to load the gazetteer, and some milliseconds to find the names.
    """
    facets = [Facet(name) for name in (*NAMED_FACETS, *YEAR_FACETS) if name not in {"topic", "section"}]
    facets += [Facet("district", depth) for depth in range(1, _MAX_DEPTH + 1)]
    request = Request(Everything(), facets=tuple(facets), max_values=None, limit=0)
    values = {
        name: {str(item.value) for item in counts.values} for name, counts in engine.search(request).facets.items()
    }
    values["topic"] = {name for text in taxonomies for name in _TOPIC_NAME.findall(text)}
    values["section"] = set(SECTIONS)
    paths = {path for depth in range(1, _MAX_DEPTH + 1) for path in values[f"district:{depth}"]}
    paths |= values["district"] - {path.rpartition("/")[2] for path in paths}  # regions deeper than _MAX_DEPTH
    named = {name: values[name] for name in NAMED_FACETS if name != "district"}
    years = {name: [int(year) for year in values[name]] for name in YEAR_FACETS}
    if previous is not None and previous.has_values({**named, "district": paths}, years):
        return previous
    names = (Alias(*name) for name in name_values(paths, named, analyzer.synonyms) if name.name.strip())
    return Aliases.create({**named, "district": paths}, years, names)
