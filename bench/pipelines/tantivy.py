"""The pipeline of tantivy-py: words by rjieba, facets by `Searcher.aggregate`, snippets by its `SnippetGenerator`.

The words are stored, separated by spaces, because the SnippetGenerator marks words of the stored text. A filtered facet
is counted by a second aggregation without its filter, so that the other values can be seen, as in searchkit. For the
pipelines of `bench.pipelines.tokens`, the tokens of searchkit's analyzer are in a second field, `terms`, which is
searched instead of the words. The words stay indexed, because the SnippetGenerator needs their frequencies.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import tantivy

from bench.corpora import FACETS, Item, analyzer
from bench.peers import LIMIT, MAX_VALUES
from bench.pipelines import SNIPPET, Page, Pipeline, Question, words

_HEAP = 1_000_000_000
"""Size in bytes of the memory that the writer fills before it writes a segment."""


def build(items: Iterable[Item], folder: Path, *, same_tokens: bool = False) -> None:
    """Index the words of the items, and with `same_tokens` the tokens of searchkit's analyzer, too."""
    schema = tantivy.SchemaBuilder()
    schema.add_text_field("words", stored=True, tokenizer_name="spaces", index_option="position")
    if same_tokens:
        schema.add_text_field("terms", tokenizer_name="spaces", index_option="position")
    for name in FACETS:
        schema.add_text_field(name, fast=True, tokenizer_name="raw", index_option="basic")
    index = tantivy.Index(schema.build(), str(folder))
    _register(index)
    writer = index.writer(heap_size=_HEAP, num_threads=1)
    for item in items:
        document = _document(item)
        if same_tokens:
            document.add_text("terms", item.terms)
        writer.add_document(document)
    writer.commit()
    writer.wait_merging_threads()


def _document(item: Item) -> Any:  # noqa: ANN401 - tantivy.Document; the types of tantivy-py are partial
    """Convert an item to a tantivy document."""
    document = tantivy.Document()
    document.add_text("words", " ".join(words(item.text)))
    for name in ("district", "year", "agency"):
        document.add_text(name, getattr(item, name))
    for topic in item.topics:
        document.add_text("topic", topic)
    return document


def open_pipelines(folder: Path) -> dict[str, Pipeline]:
    """Open the index."""
    return {"tantivy": open_pipeline(folder)}


def open_pipeline(folder: Path, *, same_tokens: bool = False, with_snippets: bool = True) -> Pipeline:
    """Open the index as a pipeline. Without snippets, it does less than searchkit.

    With `same_tokens`, it searches the field `terms`, otherwise the field `words`.
    """
    index = tantivy.Index.open(str(folder))
    _register(index)
    searcher, schema = index.searcher(), index.schema

    def search(question: Question) -> Page:
        """Search, count, and create the snippets if there are to be any."""
        words_query = _text_query(schema, question, "words", words)
        text = _text_query(schema, question, "terms", _terms_of) if same_tokens else words_query
        filters = {name: tantivy.Query.term_query(schema, name, value) for name, value in question.filters.items()}
        query = _all_of([text, *filters.values()])
        result = searcher.search(query, LIMIT)
        counts = searcher.aggregate(query, _terms(name for name in FACETS if name not in filters))
        for name in filters:
            others = [condition for other, condition in filters.items() if other != name]
            counts |= searcher.aggregate(_all_of([text, *others]), _terms([name]))
        snippets = _snippets(searcher, words_query, schema, result) if with_snippets else ()
        return Page(result.count, snippets, {name: _buckets(counts[name]) for name in FACETS})

    return search


def _snippets(searcher: Any, text: Any, schema: Any, result: Any) -> tuple[str, ...]:  # noqa: ANN401 - types of tantivy
    """Return the snippets of the hits of a result. `text`: the query without its filters."""
    generator = tantivy.SnippetGenerator.create(searcher, text, schema, "words")
    generator.set_max_num_chars(SNIPPET)
    return tuple(generator.snippet_from_doc(searcher.doc(address)).to_html() for _, address in result.hits)


def _register(index: Any) -> None:  # noqa: ANN401 - tantivy.Index
    """Register the tokenizer of the words with an index."""
    index.register_tokenizer("spaces", tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.whitespace()).build())


@cache
def _terms_of(text: str) -> tuple[str, ...]:
    """Return the tokens of searchkit's analyzer that a query requires.

    They are cached, so that only the first run of a query includes this analysis.
    """
    return tuple(term for part in text.replace('"', " ").split() for term in analyzer().query_words(part))


def _text_query(schema: Any, question: Question, field: str, split: Callable[[str], Sequence[str]]) -> Any:  # noqa: ANN401 - tantivy.Schema, tantivy.Query
    """Return the query in a field, without its filters. `split` returns the tokens of a text.

    The result is a phrase query if the query is quoted and has several tokens, otherwise a query for all tokens.
    """
    if question.phrase is not None:
        phrase = list(split(question.phrase))
        if len(phrase) > 1:
            return tantivy.Query.phrase_query(schema, field, phrase)
    return _all_of([tantivy.Query.term_query(schema, field, token, "freq") for token in split(question.text)])


def _all_of(queries: list[Any]) -> Any:  # noqa: ANN401 - tantivy.Query
    """Return a query that matches what all queries match."""
    if len(queries) == 1:
        return queries[0]
    return tantivy.Query.boolean_query([(tantivy.Occur.Must, query) for query in queries])


def _terms(names: Iterable[str]) -> dict[str, Any]:
    """Return an aggregation that counts the values of each of the facets `names`."""
    return {name: {"terms": {"field": name, "size": MAX_VALUES}} for name in names}


def _buckets(counts: Mapping[str, Any]) -> dict[str, int]:
    """Return the number of paragraphs of each value of a facet. Paragraphs without a value are left out."""
    return {bucket["key"]: bucket["doc_count"] for bucket in counts["buckets"] if bucket["key"]}
