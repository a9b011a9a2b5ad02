"""The reference engine: a Whoosh index with the analyzer and the scoring of searchkit. Simple and slow on purpose.

Terms are looked up in Whoosh's postings. Strings are found by scanning the texts. Facets are counted paragraph by
paragraph. The engine uses only features of Whoosh that Whoosh-Reloaded 2.7.5 also has.

Whoosh stores parts of its index as pickles, and reading a pickle can run code. So the engine restricts unpickling to
the few names that occur in Whoosh's pickles (`_PICKLED_NAMES`). A pickle with any other name is reported as damage.
"""

from __future__ import annotations

import json
import math
import operator
import sys
import threading
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from functools import cached_property, partial, reduce
from itertools import chain
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar
from weakref import finalize

import numpy as np
from whoosh import fields, index
from whoosh.filedb.filestore import FileStorage

from searchkit.engines.contract import (
    MAX_FOLDED_IDS,
    Folded,
    MeasureAttributes,
    MeasureColumns,
    MeasureContext,
    MeasureRequest,
    Request,
    Response,
    ScoredParagraph,
    TimeAttributes,
    Vocabulary,
    decoding,
    own_heading_counts,
)
from searchkit.engines.indicators import Indicators
from searchkit.engines.ranking import (
    RESCORE_DEPTH,
    Explanation,
    Lengths,
    count_all_grams,
    count_grams,
    idf,
    query_grams,
    query_terms,
    saturation,
    weighted_sum,
)
from searchkit.engines.timing import check_time
from searchkit.errors import IndexDamaged
from searchkit.model import (
    Document,
    ExtractedMeasure,
    Measure,
    Paragraph,
    Table,
    TableCell,
    document_from_json,
    paragraph_from_json,
    reviewed_year,
    table_from_json,
    to_json,
)
from searchkit.query.facets import Facet, FacetCounter, FacetCounts, Filter, facet_values, selected_values
from searchkit.query.tree import (
    PASSAGE,
    TEXT_FIELDS,
    And,
    Everything,
    Node,
    Not,
    Or,
    Prefix,
    ScoringClause,
    Substring,
    Word,
)
from searchkit.text.analyzer import Analyzer
from searchkit.text.folding import fold

if TYPE_CHECKING:
    from numpy.typing import NDArray

_Value = TypeVar("_Value")
_Result = TypeVar("_Result")


def _schema() -> fields.Schema:
    """Return the fields of the Whoosh documents. The field `kind` says what each stores: a document or a paragraph."""
    words = fields.KEYWORD()  # not scorable, because Whoosh rounds lengths; the records contain exact lengths
    # `label`: the headings that begin at the paragraph, and the title if it is the first paragraph of its document.
    # The text and these labels are the passage of the paragraph (`query.tree.PASSAGE`).
    names = ("text", "heading", "title", "label")
    return fields.Schema(kind=fields.ID(stored=True), record=fields.STORED, **dict.fromkeys(names, words))


class StoredDocument(NamedTuple):
    """A document with its paragraphs, their measures and near-duplicate keys, and its tables."""

    file: str
    """Name of the corpus file that the document was read from."""
    document: Document
    paragraphs: list[Paragraph]
    measures: list[Sequence[ExtractedMeasure]]
    """Measures of each paragraph."""
    tables: Sequence[Table]
    keys: list[int]
    """Near-duplicate key of each paragraph, 0 if it has none."""


class WhooshWriter:
    """Collects the documents of the base index and added documents in memory, and writes them as a Whoosh index."""

    def __init__(self, folder: Path, analyzer: Analyzer, base: Path | None) -> None:
        self._folder = folder
        self._analyzer = analyzer
        self._from_base = _read_documents(base) if base else []
        self._added: list[StoredDocument] = []

    def add(
        self,
        document: Document,
        paragraphs: Sequence[Paragraph],
        measures: Sequence[Sequence[ExtractedMeasure]],
        file: str,
        tables: Sequence[Table] = (),
        keys: Sequence[int] = (),
    ) -> None:
        """Add a document with its paragraphs, the measures and the near-duplicate key of each of them, and its tables.

        `file`: name of the corpus file that the document was read from.
        """
        all_keys = list(keys) or [0] * len(paragraphs)
        self._added.append(StoredDocument(file, document, list(paragraphs), list(measures), tables, all_keys))

    def remove(self, files: Collection[str]) -> None:
        """Drop the documents of these files that come from the base index. Added documents stay."""
        self._from_base = [stored for stored in self._from_base if stored.file not in files]

    def add_index(self, folder: Path) -> None:
        """Add the documents of the index that another writer of this engine committed to `folder`."""
        self._added += _read_documents(folder)

    def commit(self) -> None:
        """Write everything to the folder. The writer cannot be used any more."""
        writer = index.create_in(str(self._folder), _schema()).writer(limitmb=512)
        try:
            for stored in sorted([*self._from_base, *self._added], key=attrgetter("file")):  # stable
                self._write(stored, writer)
        except BaseException:
            writer.cancel()
            raise
        writer.commit()

    def rollback(self) -> None:
        """Write nothing more. The folder can be removed."""
        self._from_base, self._added = [], []

    def _write(self, stored: StoredDocument, writer: Any) -> None:  # noqa: ANN401 - Whoosh has no types
        """Write a Whoosh document for a document, followed by one for each of its paragraphs."""
        tables = list(map(to_json, stored.tables))
        record = _to_json_text({"file": stored.file, "document": to_json(stored.document), "tables": tables})
        writer.add_document(kind="document", record=record)
        title, title_length = self._analyze(stored.document.title or "")
        own_headings = own_heading_counts(stored.paragraphs)
        for paragraph, measures, own, key in zip(
            stored.paragraphs, stored.measures, own_headings, stored.keys, strict=True
        ):
            text, text_length = self._analyze(paragraph.text)
            heading, heading_length = self._analyze("\n".join(paragraph.path))
            label, _ = self._analyze("\n".join(_passage_headings(paragraph, own)))
            folded = fold(paragraph.text)
            lengths = (text_length, heading_length, title_length, *(count_all_grams(folded, size) for size in (1, 2)))
            content = {"paragraph": to_json(paragraph), "measures": [asdict(measure) for measure in measures]}
            record = _to_json_text({"lengths": lengths, "own_headings": own, "key": key, **content})
            writer.add_document(kind="paragraph", text=text, heading=heading, title=title, label=label, record=record)

    def _analyze(self, text: str) -> tuple[str, int]:
        """Return the terms of a text, separated by spaces, and the number of terms."""
        terms = [token.term for token in self._analyzer.tokenize(text)]
        return " ".join(terms), len(terms)


class WhooshEngine:
    """An open Whoosh index. The first access to a paragraph reads the records of all paragraphs into memory.

    A doc id is the position of a paragraph in corpus order, from 0.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        with _restricted_decoding(self._folder):
            self._reader = FileStorage(str(folder)).open_index(schema=_schema()).reader()
        self._close_reader = finalize(self, self._reader.close)

    def search(self, request: Request) -> Response:
        """Answer a request exactly. Takes time in proportion to the size of the index."""
        with _lock, _restricted_unpickling():
            excluded = self._left_out(request)
            matches = sorted(self._match(request.match) - excluded)
            facets = {str(facet): self._count(facet, matches, request) for facet in request.facets}
            admitted, beyond = self._filter(matches, request.filters), None
            if request.beyond is not None and admitted:
                further = sorted(self._match(request.beyond) - excluded - set(admitted))
                beyond = frozenset(self._filter(further, request.filters))
            return self._respond(request, admitted, beyond, facets)

    def stream(self, request: Request) -> Iterator[ScoredParagraph]:
        """Yield the hits of `search`, all of which are loaded at once."""
        yield from self.search(request).hits

    def run_together(self, calls: Iterable[Callable[[], _Result]]) -> Iterator[_Result]:
        """Run each call when its result is asked for."""
        return (call() for call in calls)

    def measure_columns(self, request: MeasureRequest) -> MeasureColumns:
        """Return all measures that a request selects. Takes time in proportion to the size of the index."""
        with _lock, _restricted_unpickling():
            matches_of = self._match_measures(request.match)
            matched = [(i, self._store.measures_of(i)[index]) for i, index in sorted(matches_of)]
            matches = list(dict.fromkeys(i for i, _ in matched))
            scores = {i: _word_score(parts) for i, parts in self._word_scores(request.scoring, matches).items()}
        selected = [(i, measure) for i, measure in matched if _is_selected(measure, request)]
        measures = [measure for _, measure in selected]
        indicators, indicator_of = _encode([measure.indicator for measure in measures])
        attributes, attributes_of = _encode(list(map(_attributes_of, measures)))
        times, time_of = _encode(list(map(_time_of, measures)))

        def fetch(at: Sequence[int]) -> list[Measure]:
            """Return the measures at the given indices."""
            return [measure for _, measure in map(selected.__getitem__, at)]

        def contexts(at: Sequence[int]) -> list[MeasureContext]:
            """Return the contexts of the measures at the given indices."""
            return [MeasureContext(m.start, m.end, m.source.text, m.path, m.title) for m in fetch(at)]

        paragraph_scores = np.array([scores[i] for i, _ in selected], np.float64)
        return MeasureColumns(
            Indicators.of_texts(indicators),
            indicator_of,
            attributes,
            attributes_of,
            times,
            time_of,
            np.array([measure.part_of is not None for measure in measures], bool),
            np.array([reviewed_year(measure.year, measure.doctype) or 0 for measure in measures], np.int64),
            paragraph_scores,
            fetch,
            contexts,
        )

    def paragraph(self, paragraph_id: str) -> Paragraph | None:
        """Return the paragraph with the given id, or None."""
        doc_id = self._store.doc_id_by_paragraph_id.get(paragraph_id)
        return None if doc_id is None else self._store.paragraphs[doc_id]

    def measures(self, paragraph_ids: Sequence[str]) -> list[tuple[Measure, ...]]:
        """Return the measures of each given paragraph, in the order of the text. An unknown id has no measures."""
        doc_ids = map(self._store.doc_id_by_paragraph_id.get, paragraph_ids)
        return [() if i is None else self._store.measures_of(i) for i in doc_ids]

    def document(self, document_id: str) -> Document | None:
        """Return the document with the given id, or None. Reads the records of all documents."""
        return next((document for document in self.documents() if document.document == document_id), None)

    def documents(self) -> Iterator[Document]:
        """Return all documents in corpus order."""
        with _restricted_decoding(self._folder):
            records = [json.loads(stored["record"])["document"] for stored in self._stored_fields("document")]
        return map(document_from_json, records)

    def paragraphs(self, filters: Sequence[Filter] = ()) -> Iterator[Paragraph]:
        """Yield all paragraphs that the filters admit, in corpus order."""
        for paragraph in self._store.paragraphs:
            check_time()
            if all(item.admits(paragraph) for item in filters):
                yield paragraph

    def tables(self, filters: Sequence[Filter] = ()) -> Iterator[Table]:
        """Return all tables with at least one row whose paragraph the filters admit, in corpus order."""
        admitted = {(paragraph.document, paragraph.n) for paragraph in self.paragraphs(filters)}
        with _restricted_decoding(self._folder):
            tables = self._stored_tables()
        return (table for table in tables if any((table.document, n) in admitted for n in table.paragraphs))

    def vocabulary(self) -> Vocabulary:
        """Return the words and headings, as described in `Vocabulary`."""
        with _lock, _restricted_unpickling():
            names = _field_names(Word("", PASSAGE))
            terms = {term for name in TEXT_FIELDS for term in self._reader.field_terms(name)}
            words = {
                term: len({i for name in names for i in self._postings(name, term)})
                for term in terms
                if len(term) > 1 and not "0" <= term[0] <= "9"
            }
            headings = Counter(heading for paragraph in self._store.paragraphs for heading in set(paragraph.path))
        return Vocabulary({word: count for word, count in words.items() if count}, headings)

    def check(self, on_progress: Callable[[int, int], None] | None = None) -> None:
        """Read all records, and the postings of text, headings and titles. Reports progress at the end.

        Raises IndexDamaged if a record cannot be decoded, if the frequencies in the postings of a field do not add up
        to the lengths in the records, or if the row of a table is not a paragraph.
        """
        with _lock, _restricted_decoding(self._folder):
            store = self._store
            for name in TEXT_FIELDS:
                total = sum(
                    frequency
                    for term in self._reader.field_terms(name)
                    for frequency in self._postings(name, term).values()
                )
                expected = getattr(store.totals, name)
                if total != expected:
                    message = f"{self._folder}: {total} tokens in the postings of {name}, {expected} in the records"
                    raise IndexDamaged(message)
            rows = {(paragraph.document, paragraph.n) for paragraph in store.paragraphs}
            for table in self._stored_tables():
                if not all((table.document, n) in rows for n in table.paragraphs):
                    raise IndexDamaged(f"{self._folder}: table {table.id} has a row that is no paragraph")
            if on_progress is not None:
                on_progress(len(rows), len(rows))

    def close(self) -> None:
        """Close the files of the index. Garbage collection of the engine also closes the files."""
        self._close_reader()

    def stored_documents(self) -> list[StoredDocument]:
        """Return all documents with what belongs to them, in corpus order. Raises IndexDamaged."""
        documents: list[StoredDocument] = []
        with _restricted_decoding(self._folder):
            for docnum in self._reader.all_doc_ids():
                stored = self._reader.stored_fields(docnum)
                record = json.loads(stored["record"])
                if stored["kind"] == "document":
                    document, tables = document_from_json(record["document"]), record["tables"]
                    documents.append(
                        StoredDocument(record["file"], document, [], [], list(map(table_from_json, tables)), [])
                    )
                else:
                    documents[-1].paragraphs.append(paragraph_from_json(record["paragraph"]))
                    documents[-1].measures.append(_measures_from_json(record))
                    documents[-1].keys.append(record["key"])
        return documents

    @cached_property
    def _store(self) -> _ParagraphStore:
        """All paragraphs, read at the first access."""
        with _restricted_decoding(self._folder):
            return _ParagraphStore(
                [(docnum, json.loads(stored["record"])) for docnum, stored in self._stored_by_docnum("paragraph")]
            )

    def _stored_tables(self) -> list[Table]:
        """Return the tables of all documents, in corpus order."""
        records = [json.loads(stored["record"])["tables"] for stored in self._stored_fields("document")]
        return list(map(table_from_json, chain.from_iterable(records)))

    def _stored_by_docnum(self, kind: str) -> Iterator[tuple[int, dict[str, Any]]]:
        """Yield Whoosh's number and the stored fields of each Whoosh document of a kind: `document` or `paragraph`."""
        for docnum in self._reader.all_doc_ids():
            stored = self._reader.stored_fields(docnum)
            if stored["kind"] == kind:
                yield docnum, stored

    def _stored_fields(self, kind: str) -> Iterator[dict[str, Any]]:
        return (stored for _, stored in self._stored_by_docnum(kind))

    def _postings(self, name: str, term: str | bytes) -> dict[int, int]:
        """Return the frequency of a term in a field, for each doc that has the term in this field."""
        if (name, term) not in self._reader:
            return {}
        matcher = self._reader.postings(name, term)
        frequencies = {}
        while matcher.is_active():
            frequencies[self._store.doc_id_by_docnum[matcher.id()]] = int(matcher.weight())
            matcher.next()
        return frequencies

    def last_term(self, prefix: str, limit: int) -> str | None:
        """Return the last of the first `limit` terms with a prefix, or None if not more than `limit` terms have it."""
        names = ("text", "label", "heading", "title")
        with _lock, _restricted_unpickling():
            terms = sorted({term for name in names for term in self._expand_prefix(Prefix(prefix, name))})
        return terms[limit - 1].decode("utf-8") if len(terms) > limit else None

    def _expand_prefix(self, prefix: Prefix) -> list[bytes]:
        """Return the terms of a field of the Whoosh schema that match a prefix."""
        terms: Iterator[bytes] = self._reader.expand_prefix(prefix.field, prefix.text)
        return [term for term in terms if prefix.admits(term.decode("utf-8"))]

    def _match(self, node: Node) -> set[int]:
        """Return the doc ids that match a query tree."""
        check_time()
        store = self._store
        all_docs = set(range(len(store.paragraphs)))
        match node:
            case Everything():
                docs = all_docs
            case Word():
                docs = {i for name in _field_names(node) for i in self._postings(name, node.term)}
            case Prefix():
                prefixes = [replace(node, field=name) for name in _field_names(node)]
                terms = [(prefix.field, term) for prefix in prefixes for term in self._expand_prefix(prefix)]
                docs = {i for name, term in terms for i in self._postings(name, term)}
            case Substring():
                docs = {
                    i for i in all_docs if any(True for text in store.folded(node.field, i) for _ in node.find(text))
                }
            case Filter():
                docs = {i for i in all_docs if node.admits(store.paragraphs[i])}
            case Not():
                docs = all_docs - self._match(node.child)
            case And():
                docs = set.intersection(*map(self._match, node.children))
            case Or():
                docs = set.union(*map(self._match, node.children))
        return docs

    def _copies(self, paragraph_id: str | None) -> set[int]:
        """Return the doc id of a paragraph, and those with its near-duplicate key. Empty for None or an unknown id."""
        store = self._store
        doc_id = store.doc_id_by_paragraph_id.get(paragraph_id) if paragraph_id else None
        if doc_id is None:
            return set()
        key = store.keys[doc_id]
        return {i for i, other in enumerate(store.keys) if other == key} if key else {doc_id}

    def _match_measures(self, node: Node) -> set[tuple[int, int]]:
        """Return the measures that match a query tree: the doc id of each, and its index among those of its paragraph.

        Filters by of_year go by the year of the measure, all other leaves by its paragraph.
        """
        match node:
            case Filter(name="of_year"):
                every = self._match_measures(Everything())
                matched = {(i, index) for i, index in every if node.admits_measure(self._store.measures_of(i)[index])}
            case Not():
                matched = self._match_measures(Everything()) - self._match_measures(node.child)
            case And():
                matched = set.intersection(*map(self._match_measures, node.children))
            case Or():
                matched = set.union(*map(self._match_measures, node.children))
            case _:
                matched = {(i, index) for i in self._match(node) for index in range(len(self._store.measures[i]))}
        return matched

    def _filter(self, matches: list[int], filters: Sequence[Filter]) -> list[int]:
        """Return the matches that all filters admit."""
        paragraphs = self._store.paragraphs
        return [i for i in matches if all(item.admits(paragraphs[i]) for item in filters)]

    def _count(self, facet: Facet, matches: list[int], request: Request) -> FacetCounts:
        """Count a facet over the matches that pass all filters except those of the facet.

        Also counts all documents of each value, for `FacetValue.all_documents`: those of these matches and of the
        paragraphs of `Request.population` that pass the same filters.
        """
        others = [item for item in request.filters if item.name != facet.name]
        counter = FacetCounter(facet, selected_values(facet, request.filters))
        population = FacetCounter(facet)
        for docs, item in ((matches, counter), ({*matches, *self._match(request.population)}, population)):
            for i in self._filter([*docs], others):
                item.add(self._store.paragraphs[i])
        return counter.result(population, request.max_values)

    def _left_out(self, request: Request) -> set[int]:
        """Return the docs that `Request.without` and `Request.unlike` leave out."""
        docs = self._match(request.without) if request.without is not None else set()
        if docs and request.by_document:
            paragraphs = self._store.paragraphs
            documents = {paragraphs[i].document for i in docs}
            docs = {i for i, paragraph in enumerate(paragraphs) if paragraph.document in documents}
        return docs | self._copies(request.unlike)

    def _respond(
        self, request: Request, matches: list[int], beyond: frozenset[int] | None, facets: dict[str, FacetCounts]
    ) -> Response:
        """Score, sort, group and page the matches and the further hits.

        `beyond`: the further hits (`Request.beyond`), None if none are requested.
        """
        further = beyond or frozenset()
        ranked, scores, last = self._rank(request, [*matches, *further])
        score_ranks = _score_ranks([(i, i in last, scores[i].score) for i in ranked])
        for key in reversed(request.sort):
            ranked = sorted(ranked, key=score_ranks.__getitem__) if key == "score" else self._sort(ranked, key)
        match_counts: Counter[str] = Counter()
        if request.by_document:
            match_counts.update(self._store.paragraphs[i].document for i in matches)
            best: dict[str, int] = {}
            for i in ranked:
                best.setdefault(self._store.paragraphs[i].document, i)
            ranked = list(best.values())
        copies: dict[int, list[int]] = {}
        if request.fold:
            ranked, copies = self._fold(ranked)
        end = None if request.limit is None else request.offset + request.limit
        hits = []
        for i in ranked[request.offset : end]:
            paragraph = self._store.paragraphs[i]
            explanation = scores[i] if request.explain else None
            match_count = match_counts.get(paragraph.document, 1)
            own_headings = self._store.own_headings[i]
            score, is_beyond = scores[i].score, i in further
            ids = tuple(self._store.paragraphs[other].id for other in sorted(copies.get(i, ()))[:MAX_FOLDED_IDS])
            folded = Folded(len(copies.get(i, ())), ids)
            load = partial(self._store.measures_of, i)
            hits.append(
                ScoredParagraph(paragraph, score, match_count, explanation, own_headings, is_beyond, folded, load)
            )
        is_counted = request.by_document or request.count_documents
        documents = len({self._store.paragraphs[i].document for i in matches}) if is_counted else None
        total_any = None if beyond is None else len(matches) + len(beyond)
        return Response(len(matches), documents, tuple(hits), facets, total_any)

    def _fold(self, ranked: Sequence[int]) -> tuple[list[int], dict[int, list[int]]]:
        """Return the docs that stay, in order, and the docs that are folded under each of them, if any.

        A doc stays if it has no near-duplicate key, or if no doc before it has its key. Otherwise, it is folded under
        the first doc with its key.
        """
        keys = self._store.keys
        first: dict[int, int] = {}
        copies: dict[int, list[int]] = {}
        for i in ranked:
            best = first.setdefault(keys[i] or -1 - i, i)  # without a key: a negative number that no other doc has
            if best != i:
                copies.setdefault(best, []).append(i)
        return list(first.values()), copies

    def _rank(self, request: Request, docs: list[int]) -> tuple[list[int], dict[int, Explanation], set[int]]:
        """Return the docs, best first; their scores; and those of them that do not match `Request.first`.

        The docs that do not match `Request.first` come last.
        """
        last = set() if request.first is None else set(docs) - self._match(request.first)
        complete = set() if request.complete is None else self._match(request.complete)
        scores = self._word_scores(request.scoring, docs) | dict.fromkeys(last, Explanation())
        ranked = sorted(docs, key=lambda i: (i in last, -scores[i].score, i))
        gram_weights = {size: query_grams(request.scoring, size) for size in (1, 2)}
        best = ranked[:RESCORE_DEPTH]
        for i in best:
            if i not in last:
                explanation = self._rescore(gram_weights, i, scores[i])
                scores[i] = explanation.completed() if i in complete else explanation
        ranked[:RESCORE_DEPTH] = sorted(best, key=lambda i: (i in last, -scores[i].score, i))
        return ranked, scores, last

    def _sort(self, ranked: list[int], key: str) -> list[int]:
        """Return matches sorted by a facet (`Request.sort`). Ties stay in their order."""
        descending = key.startswith("-")
        facet = Facet(key.removeprefix("-"))
        values = {i: facet_values(self._store.paragraphs[i], facet)[:1] for i in ranked}
        # The sort is stable, also in reverse.
        with_value = sorted((i for i in ranked if values[i]), key=lambda i: values[i], reverse=descending)
        return with_value + [i for i in ranked if not values[i]]

    def _word_scores(self, clauses: Sequence[ScoringClause], matches: list[int]) -> dict[int, Explanation]:
        """Step one of ranking: return the scores by words (BM25F) of all matches."""
        store = self._store
        scores = {i: Explanation() for i in matches}
        average = weighted_sum(store.totals.text, store.totals.heading, store.totals.title) / (
            len(store.paragraphs) or 1
        )
        for term, boost in query_terms(clauses).items():
            by_field = [self._postings(name, term) for name in TEXT_FIELDS]
            docs = set().union(*by_field)
            weight = boost * idf(len(docs), len(store.paragraphs))
            for i in docs.intersection(scores):
                lengths = store.lengths[i]
                tf = weighted_sum(*(frequencies.get(i, 0) for frequencies in by_field))
                length = weighted_sum(lengths.text, lengths.heading, lengths.title)
                scores[i].words[term] = weight * saturation(tf, length, average)
        return scores

    def _rescore(self, gram_weights: Mapping[int, Mapping[str, float]], i: int, words: Explanation) -> Explanation:
        """Step two of ranking: return the scores of a paragraph by words, bigrams and characters.

        `gram_weights`: the characters (size 1) and the bigrams (size 2) of the query with their weights, by size.
        `words`: the result of step one.
        """
        lengths, totals = self._store.lengths[i], self._store.totals
        text, title = self._store.texts[i], fold(self._store.paragraphs[i].title or "")
        bigrams = self._gram_score(gram_weights[2], (text, title), lengths.bigrams, totals.bigrams)
        characters = self._gram_score(gram_weights[1], (text,), lengths.characters, totals.characters)
        return Explanation(words.words, bigrams, characters)

    def _gram_score(
        self, gram_weights: Mapping[str, float], texts: Sequence[str], length: int, total_length: int
    ) -> float:
        """Return the score of a paragraph by bigrams or by characters in some of its texts.

        `length` and `total_length`: the number of bigrams or characters in the text of the paragraph, and in those of
        all paragraphs.
        """
        store, doc_count = self._store, len(self._store.paragraphs)
        tf: Counter[str] = sum((count_grams(text, gram_weights) for text in texts), Counter())
        return sum(
            weight * idf(store.df(gram), doc_count) * saturation(tf[gram], length, total_length / doc_count)
            for gram, weight in gram_weights.items()
            if gram in tf
        )


def _score_ranks(ranked: Sequence[tuple[int, bool, float]]) -> dict[int, int]:
    """Return a rank for each doc. The ranks ascend in the order of `ranked`.

    Two docs have the same rank if they agree in three things: the score, whether they are among the best
    `RESCORE_DEPTH`, and whether they match `Request.first`.

    `ranked`: for each doc, best first: the doc, whether it comes last because it does not match `Request.first`, and
    its score.
    """
    ranks: dict[int, int] = {}
    rank, previous = 0, None
    for position, (i, *score) in enumerate(ranked):
        rank = rank if score == previous and position != RESCORE_DEPTH else position
        ranks[i], previous = rank, score
    return ranks


class _ParagraphStore:
    """All paragraphs of an index in memory, by doc id."""

    def __init__(self, records: list[tuple[int, dict[str, Any]]]) -> None:
        """Take Whoosh's number and the record of each paragraph, in corpus order."""
        self.doc_id_by_docnum = {docnum: doc_id for doc_id, (docnum, _) in enumerate(records)}
        """Doc id by Whoosh's number of the paragraph. Whoosh also numbers the records of documents."""
        self.paragraphs = [paragraph_from_json(record["paragraph"]) for _, record in records]
        self.measures = [_measures_from_json(record) for _, record in records]
        self.lengths = [Lengths(*record["lengths"]) for _, record in records]
        self.own_headings = [int(record["own_headings"]) for _, record in records]
        """Number of headings that belong to the passage of each paragraph."""
        self.keys = [int(record["key"]) for _, record in records]
        """Near-duplicate key of each paragraph, 0 if it has none."""
        self.doc_id_by_paragraph_id = {paragraph.id: doc_id for doc_id, paragraph in enumerate(self.paragraphs)}
        sums = [sum(column) for column in zip(*(record["lengths"] for _, record in records), strict=True)]
        self.totals = Lengths(*sums)
        """Sums of the lengths of all paragraphs."""
        self._df: dict[str, int] = {}

    @cached_property
    def texts(self) -> list[str]:
        """Folded text of each paragraph."""
        return [fold(paragraph.text) for paragraph in self.paragraphs]

    def folded(self, name: str, doc_id: int) -> list[str]:
        """Return the folded texts of a field of a paragraph. Strings do not match across two of them."""
        paragraph = self.paragraphs[doc_id]
        if name == PASSAGE:
            headings = _passage_headings(paragraph, self.own_headings[doc_id])
            return [self.texts[doc_id], *map(fold, headings)]
        if name == "text":
            return [self.texts[doc_id]]
        return [*map(fold, paragraph.path)] if name == "heading" else [fold(paragraph.title or "")]

    def measures_of(self, doc_id: int) -> tuple[Measure, ...]:
        """Return the measures of a paragraph."""
        return tuple(Measure(measure, self.paragraphs[doc_id]) for measure in self.measures[doc_id])

    def df(self, gram: str) -> int:
        """Return the number of paragraphs whose text contains a character or a bigram."""
        if gram not in self._df:
            self._df[gram] = sum(gram in text for text in self.texts)
        return self._df[gram]


def _passage_headings(paragraph: Paragraph, own_headings: int) -> list[str]:
    """Return the headings and the title that belong to the passage of a paragraph."""
    headings = paragraph.path[len(paragraph.path) - own_headings :]
    return [*headings, *([paragraph.title] if paragraph.n == 1 and paragraph.title else [])]


def _field_names(leaf: Word | Prefix) -> tuple[str, ...]:
    """Return the fields of the Whoosh schema that a leaf matches in."""
    return ("text", "label") if leaf.field == PASSAGE else (leaf.field,)


def _measures_from_json(record: Mapping[str, Any]) -> tuple[ExtractedMeasure, ...]:
    return tuple(
        ExtractedMeasure(**{**measure, "cell": measure["cell"] and _cell_from_json(measure["cell"])})
        for measure in record["measures"]
    )


def _cell_from_json(data: Mapping[str, Any]) -> TableCell:
    return TableCell(**{**data, "row": tuple(data["row"]), "column": tuple(data["column"])})


def _encode(values: Sequence[_Value]) -> tuple[list[_Value], NDArray[np.int64]]:
    """Return the distinct values, and the index of each value among them."""
    indices: dict[_Value, int] = {}
    codes = np.array([indices.setdefault(value, len(indices)) for value in values], np.int64)
    return [*indices], codes


def _attributes_of(measure: Measure) -> MeasureAttributes:
    """Return the attributes of a measure (`MeasureColumns.attributes`)."""
    return measure.unit, measure.base_unit, measure.bound, measure.kind, measure.change, measure.period, measure.zero


def _time_of(measure: Measure) -> TimeAttributes:
    """Return the time and status of a measure."""
    return measure.of_year, measure.since, measure.part, measure.stock, measure.status


def _is_selected(measure: Measure, request: MeasureRequest) -> bool:
    """Return whether a request admits a measure: by its filters, and by the status, unit and value of the measure.

    Totals of several years are left out if the request does so (`MeasureRequest.single_years`).
    """
    return (
        all(item.admits_measure(measure) for item in request.filters)
        and (not request.statuses or measure.status in request.statuses)
        and (request.unit is None or measure.base_unit == request.unit)
        and not (request.single_years and measure.since is not None)
        and _is_between(measure, request)
    )


def _is_between(measure: Measure, request: MeasureRequest) -> bool:
    """Return whether the value of a measure, converted if the request asks for it, is between the request's bounds."""
    value = float(measure.signed_value)
    if request.convertible:
        value *= dict(request.convertible).get(measure.base_unit or "", float("nan"))
    low = -math.inf if request.minimum is None else request.minimum
    high = math.inf if request.maximum is None else request.maximum
    return low <= value <= high


def _word_score(explanation: Explanation) -> float:
    """Return the score by words, to the last bit the same as in the columnar engine.

    `sum` could return another number, because it compensates rounding errors since Python 3.12.
    """
    return reduce(operator.add, explanation.words.values(), 0.0)


def _read_documents(folder: Path) -> list[StoredDocument]:
    """Return all documents of an index, in corpus order. Raises IndexDamaged."""
    engine = WhooshEngine(folder)
    try:
        return engine.stored_documents()
    finally:
        engine.close()


def _to_json_text(record: dict[str, object]) -> str:
    return json.dumps(record, ensure_ascii=False, separators=(",", ":"))


# The names that occur in the pickles that Whoosh writes. `W3Segment` describes a segment, and contains a `defaultdict`
# of `int` with counts by field. Byte strings in old pickle protocols are calls of `_codecs.encode`.
_PICKLED_NAMES = {
    ("whoosh.codec.whoosh3", "W3Codec"),
    ("whoosh.codec.whoosh3", "W3Segment"),
    ("collections", "defaultdict"),
    ("builtins", "int"),
    ("_codecs", "encode"),
}
_lock = threading.Lock()
"""Held by the methods that read postings, because Whoosh's readers are not thread-safe."""
_restricted_threads = threading.local()
"""`depth`: in each thread, the number of open blocks of `_restricted_unpickling`."""


@contextmanager
def _restricted_decoding(folder: Path) -> Iterator[None]:
    """Raise IndexDamaged for stored data that cannot be decoded, or that contain a pickle with an unexpected name."""
    with decoding(folder), _restricted_unpickling():
        yield


@contextmanager
def _restricted_unpickling() -> Iterator[None]:
    """Restrict unpickling in this thread to `_PICKLED_NAMES`."""
    _install_hook()
    depth: int = getattr(_restricted_threads, "depth", 0)
    _restricted_threads.depth = depth + 1
    try:
        yield
    finally:
        _restricted_threads.depth = depth


def _install_hook() -> None:
    """Install an audit hook (PEP 578), unless it is installed already. Audit hooks cannot be removed."""
    global _is_hooked  # noqa: PLW0603
    if not _is_hooked:
        sys.addaudithook(_audit_hook)
        _is_hooked = True


_is_hooked = False


def _audit_hook(event: str, arguments: tuple[object, ...]) -> None:
    """Refuse the look-up of an unexpected name by a pickle. Only acts inside blocks of `_restricted_unpickling`."""
    if event == "pickle.find_class" and getattr(_restricted_threads, "depth", None) and arguments not in _PICKLED_NAMES:
        message = f"the index names {arguments[0]}.{arguments[1]}, which no Whoosh index contains"
        raise IndexDamaged(message)
