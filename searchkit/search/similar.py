"""The query for paragraphs like a given one: the words that distinguish the given paragraph from others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from searchkit.engines.ranking import idf
from searchkit.model import Paragraph
from searchkit.query.facets import Filter
from searchkit.query.tree import And, Everything, Node, Not, Or, ScoringClause, Word
from searchkit.text.analyzer import Analyzer

_MAX_WORDS = 25
"""Maximum number of words of the query, as in the similarity search of Lucene (`MoreLikeThis`)."""
_MIN_DF = 2
"""Minimum number of paragraphs that contain a word of the query. A word that only the given paragraph contains finds no
other one."""


def similar_query(
    paragraph: Paragraph, analyzer: Analyzer, size: int, df: Callable[[str], int]
) -> tuple[Node, tuple[ScoringClause, ...]]:
    """Return the tree that paragraphs like this one match, and the clauses that score them.

    The query has the words of the text with the highest tf·idf, at most `_MAX_WORDS`. One of them is enough for a
    match. Paragraphs of the same document do not match. The weight of a word is its tf. Words of one character, and
    words with digits or other characters that are not letters, are left out, because they do not tell what a paragraph
    is about. If no word remains, no paragraph matches the tree. `size`: number of paragraphs of the index. `df` returns
    the number of paragraphs with a word. It is called for each distinct word that is not left out.
    """
    (terms,) = analyzer.index_terms([paragraph.text])
    tf = Counter(term for term in terms if len(term) > 1 and term.isalpha())
    idfs = {term: idf(count, size) for term in tf if (count := df(term)) >= _MIN_DF}
    words = sorted(idfs, key=lambda term: -tf[term] * idfs[term])[:_MAX_WORDS]
    if not words:
        return Not(Everything()), ()
    tree = And((Or(tuple(map(Word, words))), Not(Filter("document", (paragraph.document,)))))
    return tree, tuple(ScoringClause(word, (word,), tf[word]) for word in words)
