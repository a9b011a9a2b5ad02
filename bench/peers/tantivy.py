"""tantivy-py, given searchkit's tokens: terms joined by spaces, its white-space tokenizer, positions for phrases.

How it is given its best. The text is stored as bytes, so that it is not indexed a second time. One writer thread,
one commit and merged segments; the reader is loaded once; queries are built before the clock runs. A search is two
calls, as tantivy-py has no one call for both: `search` for the ten best without a count (it may then skip blocks of
postings), and `aggregate` for the facets, whose counts of one single-valued facet add up to the exact total.
Topics are three single-valued columns that are summed, about twice as fast as one column of several values;
that plainer way is reported too. A facet that is filtered is counted under the other filters, by a call of its own.

In its favour: it ranks by words of the text alone, one field, and its answers are counts by name that nobody orders.
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
_HEAP = 1_000_000_000  # bytes the writer may fill before it writes a segment
_TOPICS = tuple(f"topic_{n}" for n in range(1, MAX_TOPICS + 1))
_PLAIN = {name: (name,) for name in FACETS}
COLUMNS = {**_PLAIN, "topic": _TOPICS}
"""Facet → the single-valued columns whose counts are its counts: the quickest way found."""


def build(name: str, data: Path, folder: Path) -> None:
    """Index the items of a corpus."""
    index = create(folder)
    add_all(index, items(name, data))


def open_peers(name: str, data: Path, folder: Path) -> Mapping[str, Peer]:  # noqa: ARG001 - all it needs is in the folder
    """With topics in single-valued columns, and in one column of several values."""
    index = tantivy.Index.open(str(folder))
    register(index)
    return {"tantivy": TantivyPeer(index, COLUMNS), "tantivy, plain topics": TantivyPeer(index, _PLAIN)}


def create(folder: Path) -> Any:  # noqa: ANN401 - tantivy.Index; the types of tantivy-py are partial
    """An empty index."""
    schema = tantivy.SchemaBuilder()
    schema.add_text_field("terms", tokenizer_name="spaces", index_option="position")
    schema.add_bytes_field("text", stored=True)
    for column in (*FACETS, *_TOPICS):
        schema.add_text_field(column, fast=True, tokenizer_name="raw", index_option="basic")
    index = tantivy.Index(schema.build(), str(folder))
    register(index)
    return index


def register(index: Any) -> None:  # noqa: ANN401 - as `create`
    """Make the tokenizer of the terms known to an index."""
    index.register_tokenizer("spaces", tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.whitespace()).build())


def add_all(index: Any, chosen: Iterable[Item]) -> None:  # noqa: ANN401 - as `create`
    """Add items, commit, and wait until the segments are merged. Raises RuntimeError if more than one is left."""
    writer = index.writer(heap_size=_HEAP, num_threads=1)
    for item in chosen:
        writer.add_document(document(item))
    writer.commit()
    writer.wait_merging_threads()
    index.reload()
    if index.searcher().num_segments > 1:
        raise RuntimeError("tantivy has left several segments, which slows it down: give its writer more memory")


def document(item: Item) -> Any:  # noqa: ANN401 - as `create`
    """An item as tantivy takes it. A missing value is an empty text: a full column is counted faster."""
    made = tantivy.Document()
    made.add_text("terms", item.terms)
    made.add_bytes("text", item.text.encode())
    made.add_text("district", item.district)
    made.add_text("year", item.year)
    made.add_text("agency", item.agency)
    for topic in item.topics:
        made.add_text("topic", topic)
    for n, column in enumerate(_TOPICS):
        made.add_text(column, item.topics[n] if n < len(item.topics) else "")
    return made


@dataclass(frozen=True)
class TantivyPeer:
    """An open index with the columns that each facet is counted from."""

    index: Any
    columns: Mapping[str, tuple[str, ...]]

    def prepare(self, query: Query) -> Prepared | None:
        """Build the queries and the aggregations."""
        searcher, text = self.index.searcher(), self.text_query(query)
        if text is None:
            return None
        filters = {name: self._filter(name, value) for name, value in query.filters}
        best = _combined(text, filters.values())
        counted = [(best, _terms(self.columns, [name for name in FACETS if name not in filters]))]
        for own in filters:
            others = [value for name, value in filters.items() if name != own]
            counted.append((_combined(text, others), _terms(self.columns, [own])))

        def run() -> tuple[list[bytes], list[Any]]:
            """Do what is timed."""
            found = searcher.search(best, LIMIT, False).hits  # noqa: FBT003 - the count; a keyword costs time
            texts = [searcher.doc(address).get_first("text") for _, address in found]
            return texts, [searcher.aggregate(matching, terms) for matching, terms in counted]

        return Prepared(run, self._read)

    def text_query(self, query: Query) -> Any:  # noqa: ANN401 - tantivy.Query
        """The query without its filters, None if this index cannot answer it."""
        if query.kind == "everything":
            return tantivy.Query.all_query()
        if query.kind == "phrase":
            return self._phrase(query.words[0])
        terms = [tantivy.Query.term_query(self.index.schema, "terms", word, "freq") for word in query.words]
        occur = _MUST if query.kind == "all" else _SHOULD
        return terms[0] if len(terms) == 1 else tantivy.Query.boolean_query([(occur, term) for term in terms])

    def _phrase(self, text: str) -> Any:  # noqa: ANN401 - tantivy.Query
        """The tokens of the string one behind the other; strings that the text cuts in another way are missed."""
        terms = [token.term for token in analyzer().tokens(text)]
        if len(terms) == 1:
            return tantivy.Query.term_query(self.index.schema, "terms", terms[0], "freq")
        return tantivy.Query.phrase_query(self.index.schema, "terms", terms)

    def _filter(self, name: str, value: str) -> Any:  # noqa: ANN401 - tantivy.Query
        """A condition that adds nothing to the score."""
        return tantivy.Query.const_score_query(tantivy.Query.term_query(self.index.schema, name, value, "basic"), 0.0)

    def _read(self, found: tuple[list[bytes], list[Any]]) -> Answer:
        texts, parts = found
        merged = {column: part for result in parts for column, part in result.items()}
        facets: dict[str, dict[str, int]] = {}
        for name in FACETS:
            counts: dict[str, int] = {}
            for column in self.columns[name]:
                for bucket in merged[column]["buckets"]:
                    counts[bucket["key"]] = counts.get(bucket["key"], 0) + bucket["doc_count"]
            facets[name] = {value: count for value, count in counts.items() if value}
        whole = parts[0]["agency"]  # counted under all filters, and each paragraph has one value of it
        total = sum(bucket["doc_count"] for bucket in whole["buckets"]) + whole["sum_other_doc_count"]
        return Answer(total, tuple(bytes(text).decode() for text in texts), facets)


def _combined(text: Any, filters: Iterable[Any]) -> Any:  # noqa: ANN401 - tantivy.Query
    parts = [(_MUST, text), *((_MUST, condition) for condition in filters)]
    return text if len(parts) == 1 else tantivy.Query.boolean_query(parts)


def _terms(columns: Mapping[str, tuple[str, ...]], names: Iterable[str]) -> dict[str, Any]:
    return {column: {"terms": {"field": column, "size": MAX_VALUES}} for name in names for column in columns[name]}
