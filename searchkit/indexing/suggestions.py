"""Collects the words, headings and facet values of a new index that are suggested, with their pinyin."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from searchkit.engines.contract import Engine, Request
from searchkit.query.aliases import NAMED_FACETS, Aliases
from searchkit.query.facets import Facet
from searchkit.query.suggester import Completion, encode_suggestions
from searchkit.query.tree import Everything
from searchkit.text.folding import fold

_DEPTHS = (1, 2, 3, 4)
"""Depths to which districts are counted. A region rarely has more levels."""
_MAX_FACETS = 32
"""Maximum number of user-defined facets whose values are suggested. Counting each takes time per document."""


def collect_suggestions(engine: Engine, aliases: Aliases, facets: Sequence[str]) -> bytes:
    """Return the content of the file of suggestions of an index (`query.suggester`).

    `aliases`: the names of the facet values. `facets`: names of the user-defined facets; only the first `_MAX_FACETS`
    are used. Takes about 10 µs for each word, heading and value, and some ns per posting.
    """
    vocabulary = engine.vocabulary()
    names: dict[tuple[str, str], set[str]] = {}
    for alias in aliases.all():
        for value in alias.values:
            names.setdefault((alias.facet, value), set()).add(alias.name)
    values = (
        (entry, {fold(entry.text), *names.get((entry.kind, entry.text), ())})
        for entry in _count_values(engine, facets[:_MAX_FACETS])
    )
    return encode_suggestions(values, vocabulary.words, vocabulary.headings)


def _count_values(engine: Engine, facets: Iterable[str]) -> Iterator[Completion]:
    """Yield the facet values of an index with their counts of paragraphs.

    A region is a path such as 福建省/福州市. Its elements, down to the last of `_DEPTHS`, are values of the facet
    district. An element counts the paragraphs of all regions that contain it: 福建省 also those of 福建省/福州市.
    """
    requested = [*(Facet(name) for name in (*NAMED_FACETS, *facets) if name != "district")]
    requested += [Facet("district", depth) for depth in _DEPTHS]
    response = engine.search(Request(Everything(), facets=tuple(requested), max_values=None, limit=0))
    elements: Counter[str] = Counter()
    for name, counts in response.facets.items():
        for item in counts.values:
            if name.startswith("district:"):
                *above, element = str(item.value).split("/")
                # At each depth, regions with fewer levels are values, too. They are counted at their own depth only.
                if name == f"district:{len(above) + 1}":
                    elements[element] += item.count
            else:
                yield Completion(str(item.value), name, item.count)
    yield from (Completion(element, "district", count) for element, count in elements.items())
