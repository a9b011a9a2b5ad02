"""tantivy-py on searchkit's tokens: terms joined by spaces, its whitespace tokenizer, positions for phrases.

Choices in favour of tantivy's speed: the text is stored as bytes, so that it is not indexed a second time. There is one
writer thread with a heap that is large enough for one segment, and one commit. The reader is loaded once, and queries
are built before they are timed. tantivy-py has no single call for hits and facets, so a search consists of two calls:
`search` for the ten best hits, without a count, so that tantivy can skip blocks of postings, and `aggregate` for the
facets. The counts of one single-valued facet add up to the exact total. Topics are three single-valued columns whose
counts are summed, which is about twice as fast as one multi-valued column. The multi-valued column is measured too, as
"tantivy, plain topics". A filtered facet is counted under the other filters, by a separate call.

Advantages of tantivy: it ranks by one field, and the facet values of its result are not put in order (by count, then by
value), as those of searchkit are.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tantivy

from bench.corpora import FACETS, MAX_TOPICS, Item, analyzer, items
from bench.peers import LIMIT, MAX_VALUES, Answer, Peer, Prepared
from bench.queries import Query

_MUST, _SHOULD = tantivy.Occur.Must, tantivy.Occur.Should
_HEAP = 1_000_000_000
"""Size in bytes of the memory that the writer fills before it writes a segment."""
_TOPICS = tuple(f"topic_{n}" for n in range(1, MAX_TOPICS + 1))
"""Names of the single-valued columns of topics: `topic_1` has the first topic of each paragraph."""
_PLAIN = {name: (name,) for name in FACETS}
"""Facet → the column of the same name. Only the column of the topics is multi-valued."""
COLUMNS = {**_PLAIN, "topic": _TOPICS}
"""Facet → single-valued columns whose counts are summed. This is the fastest configuration that was found."""


def build(name: str, data: Path, folder: Path) -> None:
    """Index the items of a corpus."""
    index = create(folder)
    add_all(index, items(name, data))


def open_peers(name: str, data: Path, folder: Path) -> Mapping[str, Peer]:  # noqa: ARG001 - needs only the folder
    """Open the index as two peers: topics as single-valued columns, and as one multi-valued column."""
    index = tantivy.Index.open(str(folder))
    register(index)
    return {"tantivy": TantivyPeer(index, COLUMNS), "tantivy, plain topics": TantivyPeer(index, _PLAIN)}


def create(folder: Path) -> Any:  # noqa: ANN401 - tantivy.Index; the types of tantivy-py are partial
    """Create an empty index."""
    schema = tantivy.SchemaBuilder()
    schema.add_text_field("terms", tokenizer_name="spaces", index_option="position")
    schema.add_bytes_field("text", stored=True)
    for column in (*FACETS, *_TOPICS):
        schema.add_text_field(column, fast=True, tokenizer_name="raw", index_option="basic")
    index = tantivy.Index(schema.build(), str(folder))
    register(index)
    return index


def register(index: Any) -> None:  # noqa: ANN401 - as `create`
    """Register the tokenizer of the terms with an index."""
    index.register_tokenizer("spaces", tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.whitespace()).build())


def add_all(index: Any, new_items: Iterable[Item]) -> None:  # noqa: ANN401 - as `create`
    """Add items, commit, and wait for merges. Raises RuntimeError if there is more than one segment."""
    writer = index.writer(heap_size=_HEAP, num_threads=1)
    for item in new_items:
        writer.add_document(document(item))
    writer.commit()
    writer.wait_merging_threads()
    index.reload()
    if index.searcher().num_segments > 1:
        raise RuntimeError("tantivy has several segments, which slows it down: increase _HEAP")


def document(item: Item) -> Any:  # noqa: ANN401 - as `create`
    """Convert an item to a tantivy document.

    A missing value of a single-valued column is an empty string, because full columns are counted faster.
    """
    result = tantivy.Document()
    result.add_text("terms", item.terms)
    result.add_bytes("text", item.text.encode())
    result.add_text("district", item.district)
    result.add_text("year", item.year)
    result.add_text("agency", item.agency)
    for topic in item.topics:
        result.add_text("topic", topic)
    for n, column in enumerate(_TOPICS):
        result.add_text(column, item.topics[n] if n < len(item.topics) else "")
    return result


@dataclass(frozen=True)
class TantivyPeer:
    """An open index, and the columns that each facet is counted from."""

    index: Any
    columns: Mapping[str, tuple[str, ...]]

    def prepare(self, query: Query) -> Prepared | None:
        """Build the query for the best hits, and the aggregations that count the facets.

        One aggregation counts all facets without a filter. Each facet with a filter has an aggregation of its own.

        Returns None if `text_query` does.
        """
        searcher, text = self.index.searcher(), self.text_query(query)
        if text is None:
            return None
        filters = {name: self._filter(name, value) for name, value in query.filters}
        best = _with_filters(text, filters.values())
        aggregations = [(best, _aggregation(self.columns, [name for name in FACETS if name not in filters]))]
        for filtered in filters:
            others = [value for name, value in filters.items() if name != filtered]
            aggregations.append((_with_filters(text, others), _aggregation(self.columns, [filtered])))

        def run() -> tuple[list[bytes], list[Any]]:
            """Run the search and the aggregations."""
            hits = searcher.search(best, LIMIT, False).hits  # noqa: FBT003 - no count; a keyword argument costs time
            texts = [searcher.doc(address).get_first("text") for _, address in hits]
            return texts, [searcher.aggregate(matching, terms) for matching, terms in aggregations]

        return Prepared(run, self._read)

    def text_query(self, query: Query) -> Any:  # noqa: ANN401 - tantivy.Query
        """Return the query without its filters. A subclass returns None for a query that its index does not support."""
        if query.kind == "everything":
            return tantivy.Query.all_query()
        if query.kind == "phrase":
            return self._phrase(query.words[0])
        terms = [tantivy.Query.term_query(self.index.schema, "terms", word, "freq") for word in query.words]
        occur = _MUST if query.kind == "all" else _SHOULD
        return terms[0] if len(terms) == 1 else tantivy.Query.boolean_query([(occur, term) for term in terms])

    def _phrase(self, text: str) -> Any:  # noqa: ANN401 - tantivy.Query
        """Return a phrase query of the tokens. It misses occurrences that are segmented differently in the text."""
        terms = [token.term for token in analyzer().tokenize(text)]
        if len(terms) == 1:
            return tantivy.Query.term_query(self.index.schema, "terms", terms[0], "freq")
        return tantivy.Query.phrase_query(self.index.schema, "terms", terms)

    def _filter(self, name: str, value: str) -> Any:  # noqa: ANN401 - tantivy.Query
        """Return a filter query, which adds nothing to the score."""
        return tantivy.Query.const_score_query(tantivy.Query.term_query(self.index.schema, name, value, "basic"), 0.0)

    def _read(self, results: tuple[list[bytes], list[Any]]) -> Answer:
        """Convert the texts of the hits and the results of the aggregations to an answer."""
        texts, parts = results
        merged = {column: part for result in parts for column, part in result.items()}
        facets: dict[str, dict[str, int]] = {}
        for name in FACETS:
            counts: dict[str, int] = {}
            for column in self.columns[name]:
                for bucket in merged[column]["buckets"]:
                    counts[bucket["key"]] = counts.get(bucket["key"], 0) + bucket["doc_count"]
            facets[name] = {value: count for value, count in counts.items() if value}
        single_valued = parts[0]["agency"]  # counted under all filters; each paragraph has exactly one value
        total = sum(bucket["doc_count"] for bucket in single_valued["buckets"]) + single_valued["sum_other_doc_count"]
        return Answer(total, tuple(bytes(text).decode() for text in texts), facets)


def _with_filters(text: Any, filters: Iterable[Any]) -> Any:  # noqa: ANN401 - tantivy.Query
    """Return a query that matches what the query `text` and all filter queries match."""
    parts = [(_MUST, text), *((_MUST, condition) for condition in filters)]
    return text if len(parts) == 1 else tantivy.Query.boolean_query(parts)


def _aggregation(columns: Mapping[str, tuple[str, ...]], names: Iterable[str]) -> dict[str, Any]:
    """Return an aggregation that counts the values of some facets. `columns` is `COLUMNS` or `_PLAIN`."""
    return {column: {"terms": {"field": column, "size": MAX_VALUES}} for name in names for column in columns[name]}
