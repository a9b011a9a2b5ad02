"""Collects the names of the facet values of a new index, which are stored beside the files of the engine."""

from __future__ import annotations

from searchkit.corpus.metadata.names import name_values
from searchkit.engines.contract import Engine, Request
from searchkit.query.aliases import NAMED_FACETS, Alias, Aliases
from searchkit.query.facets import YEAR_FACETS, Facet
from searchkit.query.tree import Everything
from searchkit.text.analyzer import Analyzer

_MAX_DEPTH = 4
"""Maximum depth of a facet of districts. A region is rarely deeper."""


def collect_aliases(engine: Engine, analyzer: Analyzer) -> Aliases:
    """Return the names of the facet values of an index, with the synonyms of an analyzer.

    Takes some milliseconds, and 30 ms to load the gazetteer.
    """
    facets = [*map(Facet, NAMED_FACETS), *map(Facet, YEAR_FACETS)]
    facets += [Facet("district", depth) for depth in range(1, _MAX_DEPTH + 1)]
    request = Request(Everything(), facets=tuple(facets), max_values=None, limit=0)
    values = {
        name: {str(item.value) for item in counts.values} for name, counts in engine.search(request).facets.items()
    }
    paths = {path for depth in range(1, _MAX_DEPTH + 1) for path in values[f"district:{depth}"]}
    paths |= values["district"] - {path.rpartition("/")[2] for path in paths}  # regions deeper than _MAX_DEPTH
    named = {name: values[name] for name in NAMED_FACETS if name != "district"}
    years = {name: map(int, values[name]) for name in YEAR_FACETS}
    names = (Alias(*name) for name in name_values(paths, named, analyzer.synonyms) if name.name.strip())
    return Aliases.create({**named, "district": paths}, years, names)
