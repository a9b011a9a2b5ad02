"""The reference engine: an ordinary Whoosh index with our analyzer and our scoring. Plain, slow, trusted.

Words are looked up in Whoosh's postings; strings are found by scanning the texts; facets are counted one
paragraph after the other. Only what Whoosh-Reloaded 2.7.5 has too is used of Whoosh.

Whoosh keeps parts of its index as pickles. Reading one could run code, so unpickling is confined to the few
classes that Whoosh writes (`_decoding`): any other name in a pickle is refused as damage.
"""

from __future__ import annotations

import json
import operator
import sys
import threading
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from functools import cached_property, reduce
from operator import attrgetter
from pathlib import Path
from typing import Any, NamedTuple
from weakref import finalize

import numpy as np
from whoosh import fields, index
from whoosh.filedb.filestore import FileStorage

from searchkit.engines.contract import MeasureColumns, MeasureRequest, Request, Response, ScoredParagraph, decoding
from searchkit.engines.ranking import (
    RESCORED,
    Explanation,
    Lengths,
    count_all_grams,
    count_grams,
    idf,
    saturation,
    wanted_grams,
    weighted,
)
from searchkit.errors import IndexDamaged
from searchkit.model import (
    Document,
    ExtractedMeasure,
    Measure,
    Paragraph,
    document_from_json,
    paragraph_from_json,
    to_json,
)
from searchkit.query.facets import Counter as FacetCounter
from searchkit.query.facets import Facet, FacetCounts, Filter, selected_values, values_of
from searchkit.query.tree import TEXT_FIELDS, And, Everything, Node, Not, Or, Prefix, ScoringClause, Substring, Word
from searchkit.text.analyzer import Analyzer
from searchkit.text.folding import fold


def _schema() -> fields.Schema:
    words = fields.KEYWORD()  # not scorable: Whoosh's lengths are rounded, ours are in the records
    return fields.Schema(kind=fields.ID(stored=True), text=words, heading=words, title=words, record=fields.STORED)


class Report(NamedTuple):
    """A document with all that belongs to it."""

    file: str
    """Name of the corpus file that it was read from."""
    document: Document
    paragraphs: list[Paragraph]
    measures: list[Sequence[ExtractedMeasure]]
    """Of each paragraph."""


class WhooshWriter:
    """Collects documents in memory and writes them, those of the other index too, as one Whoosh segment."""

    def __init__(self, folder: Path, analyzer: Analyzer, base: Path | None) -> None:
        self._folder = folder
        self._analyzer = analyzer
        self._held = _reports(base) if base else []
        self._added: list[Report] = []

    def add(
        self,
        document: Document,
        paragraphs: Sequence[Paragraph],
        measures: Sequence[Sequence[ExtractedMeasure]],
        file: str,
    ) -> None:
        """Add a document with its paragraphs and their measures. `file`: name of the corpus file it was read from."""
        self._added.append(Report(file, document, list(paragraphs), list(measures)))

    def remove(self, files: Collection[str]) -> None:
        """Leave out the documents of these files that the other index holds."""
        self._held = [report for report in self._held if report.file not in files]

    def add_index(self, folder: Path) -> None:
        """Take over what a writer of this engine committed to `folder`; that folder is of no use afterwards."""
        self._added += _reports(folder)

    def commit(self) -> None:
        """Write everything to the folder; the writer is finished."""
        writer = index.create_in(str(self._folder), _schema()).writer(limitmb=512)
        try:
            for report in sorted([*self._held, *self._added], key=attrgetter("file")):  # sorting is stable
                self._write(report, writer)
        except BaseException:
            writer.cancel()
            raise
        writer.commit()

    def rollback(self) -> None:
        """Write nothing more; the folder can be removed."""
        self._held, self._added = [], []

    def _write(self, report: Report, writer: Any) -> None:  # noqa: ANN401 - Whoosh has no types
        record = _dump({"file": report.file, "document": to_json(report.document)})
        writer.add_document(kind="document", record=record)
        title, title_length = self._words(report.document.title or "")
        for paragraph, measures in zip(report.paragraphs, report.measures, strict=True):
            text, text_length = self._words(paragraph.text)
            heading, heading_length = self._words("\n".join(paragraph.path))
            folded = fold(paragraph.text)
            lengths = (text_length, heading_length, title_length, *(count_all_grams(folded, size) for size in (1, 2)))
            own = {"paragraph": to_json(paragraph), "measures": [asdict(measure) for measure in measures]}
            record = _dump({"lengths": lengths, **own})
            writer.add_document(kind="paragraph", text=text, heading=heading, title=title, record=record)

    def _words(self, text: str) -> tuple[str, int]:
        terms = [token.term for token in self._analyzer.tokens(text)]
        return " ".join(terms), len(terms)


class WhooshEngine:
    """An open Whoosh index. The first search reads all records into memory."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        with _decoding(self._folder):
            self._reader = FileStorage(str(folder)).open_index(schema=_schema()).reader()
        self._closing = finalize(self, self._reader.close)
        self._lock = threading.Lock()

    def search(self, request: Request) -> Response:
        """Answer a request exactly. Cost: grows with the size of the index."""
        with self._lock, _unpickling_confined():
            matches = sorted(self._match(request.match))
            facets = {str(facet): self._count(facet, matches, request) for facet in request.facets}
            return self._respond(request, self._admitted(matches, request.filters), facets)

    def measure_columns(self, request: MeasureRequest) -> MeasureColumns:
        """All measures that answer a request. Cost: grows with the size of the index."""
        with self._lock, _unpickling_confined():
            table = self._table
            matches = self._admitted(sorted(self._match(request.match)), request.filters)
            scores = {i: _by_words(scored) for i, scored in self._scores(request.scoring, matches).items()}
        found = [(i, measure) for i in matches for measure in table.measures[i] if _is_wanted(measure, request)]
        numbers: dict[str, int] = {}
        indicator_of = [numbers.setdefault(measure.indicator, len(numbers)) for _, measure in found]

        def fetch(chosen: Sequence[int]) -> list[Measure]:
            """The measures of these measures."""
            return [Measure(measure, table.paragraphs[i]) for i, measure in map(found.__getitem__, chosen)]

        def texts(chosen: Sequence[int]) -> list[str]:
            """The texts that these measures stand in."""
            return [table.paragraphs[i].text for i, _ in map(found.__getitem__, chosen)]

        by_paragraph = np.array([scores[i] for i, _ in found], np.float64)
        return MeasureColumns([*numbers], np.array(indicator_of, np.int64), by_paragraph, fetch, texts)

    def paragraph(self, paragraph_id: str) -> Paragraph | None:
        """The paragraph with that id, or None."""
        position = self._table.positions.get(paragraph_id)
        return None if position is None else self._table.paragraphs[position]

    def measures(self, paragraph_ids: Sequence[str]) -> list[tuple[Measure, ...]]:
        """The measures of each of these paragraphs by their place in it; none for an id that is unknown."""
        positions = map(self._table.positions.get, paragraph_ids)
        return [() if i is None else self._measures(i) for i in positions]

    def documents(self) -> Iterator[Document]:
        """All documents in corpus order."""
        with _decoding(self._folder):
            records = [json.loads(stored["record"])["document"] for stored in self._stored("document")]
        return map(document_from_json, records)

    def paragraphs(self, filters: Sequence[Filter] = ()) -> Iterator[Paragraph]:
        """All paragraphs that the filters admit, in corpus order."""
        return (p for p in self._table.paragraphs if all(item.admits(p) for item in filters))

    def check(self) -> None:
        """Read every record and every posting. Raises IndexDamaged at the first thing that does not fit."""
        with self._lock, _decoding(self._folder):
            table = self._table
            for name in TEXT_FIELDS:
                total = sum(
                    frequency
                    for term in self._reader.field_terms(name)
                    for frequency in self._postings(name, term).values()
                )
                expected = getattr(table.totals, name)
                if total != expected:
                    message = f"{self._folder}: {total} tokens in the postings of {name}, {expected} in the records"
                    raise IndexDamaged(message)

    def close(self) -> None:
        """Close the index's files. An engine that is dropped does it by itself."""
        self._closing()

    def reports(self) -> list[Report]:
        """Everything, in corpus order. Raises IndexDamaged."""
        reports: list[Report] = []
        with _decoding(self._folder):
            for number in self._reader.all_doc_ids():
                stored = self._reader.stored_fields(number)
                record = json.loads(stored["record"])
                if stored["kind"] == "document":
                    reports.append(Report(record["file"], document_from_json(record["document"]), [], []))
                else:
                    reports[-1].paragraphs.append(paragraph_from_json(record["paragraph"]))
                    reports[-1].measures.append(_measures(record))
        return reports

    @cached_property
    def _table(self) -> _Table:
        with _decoding(self._folder):
            return _Table([(number, json.loads(stored["record"])) for number, stored in self._numbered("paragraph")])

    def _numbered(self, kind: str) -> Iterator[tuple[int, dict[str, Any]]]:
        for number in self._reader.all_doc_ids():
            stored = self._reader.stored_fields(number)
            if stored["kind"] == kind:
                yield number, stored

    def _stored(self, kind: str) -> Iterator[dict[str, Any]]:
        return (stored for _, stored in self._numbered(kind))

    def _postings(self, name: str, term: str | bytes) -> dict[int, int]:
        """Paragraph → frequency of a token in a field."""
        if (name, term) not in self._reader:
            return {}
        matcher = self._reader.postings(name, term)
        frequencies = {}
        while matcher.is_active():
            frequencies[self._table.at[matcher.id()]] = int(matcher.weight())
            matcher.next()
        return frequencies

    def _match(self, node: Node) -> set[int]:
        """Positions of the paragraphs that a query tree matches."""
        table = self._table
        everything = set(range(len(table.paragraphs)))
        match node:
            case Everything():
                found = everything
            case Word():
                found = set(self._postings(node.field, node.term))
            case Prefix():
                terms = self._reader.expand_prefix(node.field, node.text)
                found = {position for term in terms for position in self._postings(node.field, term)}
            case Substring():
                found = {i for i in everything if any(True for _ in node.find(table.folded(node.field, i)))}
            case Filter():
                found = {i for i in everything if node.admits(table.paragraphs[i])}
            case Not():
                found = everything - self._match(node.child)
            case And():
                found = set.intersection(*map(self._match, node.children))
            case Or():
                found = set.union(*map(self._match, node.children))
        return found

    def _admitted(self, matches: list[int], filters: Sequence[Filter]) -> list[int]:
        paragraphs = self._table.paragraphs
        return [i for i in matches if all(item.admits(paragraphs[i]) for item in filters)]

    def _count(self, facet: Facet, matches: list[int], request: Request) -> FacetCounts:
        others = [item for item in request.filters if item.name != facet.name]
        counter = FacetCounter(facet, selected_values(facet, request.filters))
        for i in self._admitted(matches, others):
            counter.add(self._table.paragraphs[i])
        return counter.result(request.max_values)

    def _respond(self, request: Request, matches: list[int], facets: dict[str, FacetCounts]) -> Response:
        scores = self._scores(request.scoring, matches)
        ranked = sorted(matches, key=lambda i: (-scores[i].score, i))
        texts = [(part.text, part.weight) for part in request.scoring]
        weights = {size: wanted_grams(texts, size) for size in (1, 2)}
        rescored = {i: self._rescore(weights, i, scores[i]) for i in ranked[:RESCORED]}
        scores |= rescored
        ranked[:RESCORED] = sorted(rescored, key=lambda i: (-scores[i].score, i))
        if request.sort != "score":
            ranked = self._sorted(ranked, request.sort)
        per_document: Counter[str] = Counter()
        if request.by_document:
            per_document.update(self._table.paragraphs[i].document for i in matches)
            best: dict[str, int] = {}
            for i in ranked:
                best.setdefault(self._table.paragraphs[i].document, i)
            ranked = list(best.values())
        end = None if request.limit is None else request.offset + request.limit
        hits = []
        for i in ranked[request.offset : end]:
            paragraph = self._table.paragraphs[i]
            explanation = scores[i] if request.explain else None
            measures = self._measures(i) if request.with_measures else ()
            matching = per_document.get(paragraph.document, 1)
            hits.append(ScoredParagraph(paragraph, scores[i].score, matching, explanation, measures))
        return Response(len(matches), len(per_document) if request.by_document else None, tuple(hits), facets)

    def _measures(self, i: int) -> tuple[Measure, ...]:
        return tuple(Measure(measure, self._table.paragraphs[i]) for measure in self._table.measures[i])

    def _sorted(self, ranked: list[int], sort: str) -> list[int]:
        descending = sort.startswith("-")
        facet = Facet(sort.removeprefix("-"))
        values = {i: values_of(self._table.paragraphs[i], facet)[:1] for i in ranked}
        # Sorting is stable, reversed too: equals stay in the order of their scores.
        have = sorted((i for i in ranked if values[i]), key=lambda i: values[i], reverse=descending)
        return have + [i for i in ranked if not values[i]]

    def _scores(self, wanted: Sequence[ScoringClause], matches: list[int]) -> dict[int, Explanation]:
        """Step one: BM25F over words."""
        table = self._table
        scores = {i: Explanation() for i in matches}
        average = weighted(table.totals.text, table.totals.heading, table.totals.title) / (len(table.paragraphs) or 1)
        weights: Counter[str] = Counter()
        for part in wanted:
            for term in part.terms:
                weights[term] += part.weight  # type: ignore[assignment]
        for term, weight in weights.items():
            by_field = [self._postings(name, term) for name in TEXT_FIELDS]
            holders = set().union(*by_field)
            value = weight * idf(len(holders), len(table.paragraphs))
            for i in holders.intersection(scores):
                lengths = table.lengths[i]
                tf = weighted(*(frequencies.get(i, 0) for frequencies in by_field))
                length = weighted(lengths.text, lengths.heading, lengths.title)
                scores[i].words[term] = value * saturation(tf, length, average)
        return scores

    def _rescore(self, weights: Mapping[int, Mapping[str, float]], i: int, words: Explanation) -> Explanation:
        """Step two: words, bigrams and characters."""
        table = self._table
        count = len(table.paragraphs)
        parts = []
        for size, length, total in (
            (2, table.lengths[i].bigrams, table.totals.bigrams),
            (1, table.lengths[i].characters, table.totals.characters),
        ):
            found = count_grams(table.folded("text", i), weights[size])
            parts.append(
                sum(
                    weight * idf(table.df(gram), count) * saturation(found[gram], length, total / count)
                    for gram, weight in weights[size].items()
                    if gram in found
                )
            )
        return Explanation(words.words, *parts)


class _Table:
    """All paragraphs of an index in memory, by position in corpus order."""

    def __init__(self, records: list[tuple[int, dict[str, Any]]]) -> None:
        self.at = {number: position for position, (number, _) in enumerate(records)}
        """Whoosh's document number → position."""
        self.paragraphs = [paragraph_from_json(record["paragraph"]) for _, record in records]
        self.measures = [_measures(record) for _, record in records]
        self.lengths = [Lengths(*record["lengths"]) for _, record in records]
        self.positions = {paragraph.id: position for position, paragraph in enumerate(self.paragraphs)}
        sums = [sum(column) for column in zip(*(record["lengths"] for _, record in records), strict=True)]
        self.totals = Lengths(*sums)
        self._df: dict[str, int] = {}

    @cached_property
    def _texts(self) -> list[str]:
        return [fold(paragraph.text) for paragraph in self.paragraphs]

    def folded(self, name: str, position: int) -> str:
        """The folded text, headings or title of a paragraph."""
        if name == "text":
            return self._texts[position]
        paragraph = self.paragraphs[position]
        return fold("\n".join(paragraph.path) if name == "heading" else paragraph.title or "")

    def df(self, gram: str) -> int:
        """Paragraphs whose text holds the gram."""
        if gram not in self._df:
            self._df[gram] = sum(gram in text for text in self._texts)
        return self._df[gram]


def _measures(record: Mapping[str, Any]) -> tuple[ExtractedMeasure, ...]:
    return tuple(ExtractedMeasure(**measure) for measure in record["measures"])


def _is_wanted(measure: ExtractedMeasure, request: MeasureRequest) -> bool:
    return (
        (request.unit is None or measure.base_unit == request.unit)
        and (request.minimum is None or measure.base_value >= request.minimum)
        and (request.maximum is None or measure.base_value <= request.maximum)
    )


def _by_words(scored: Explanation) -> float:
    """The score of step one to the last bit: `sum` makes up for rounding since Python 3.12, the other engine never."""
    return reduce(operator.add, scored.words.values(), 0.0)


def _reports(folder: Path) -> list[Report]:
    """Everything that an index holds, in corpus order. Raises IndexDamaged."""
    engine = WhooshEngine(folder)
    try:
        return engine.reports()
    finally:
        engine.close()


def _dump(record: dict[str, object]) -> str:
    return json.dumps(record, ensure_ascii=False, separators=(",", ":"))


# What Whoosh's own pickles name: the description of a segment, with counts by field, and byte strings of old protocols.
_PICKLED = {
    ("whoosh.codec.whoosh3", "W3Codec"),
    ("whoosh.codec.whoosh3", "W3Segment"),
    ("collections", "defaultdict"),
    ("builtins", "int"),
    ("_codecs", "encode"),
}
_confined_threads = threading.local()


@contextmanager
def _decoding(folder: Path) -> Iterator[None]:
    """Decode what is stored: what cannot be decoded, or names any class but Whoosh's own, is damage."""
    with decoding(folder), _unpickling_confined():
        yield


@contextmanager
def _unpickling_confined() -> Iterator[None]:
    _install_hook()
    depth: int = getattr(_confined_threads, "depth", 0)
    _confined_threads.depth = depth + 1
    try:
        yield
    finally:
        _confined_threads.depth = depth


def _install_hook() -> None:
    """Hear of every class that this process unpickles (PEP 578); hooks cannot be taken out again."""
    global _is_hooked  # noqa: PLW0603
    if not _is_hooked:
        sys.addaudithook(_audit)
        _is_hooked = True


_is_hooked = False


def _audit(event: str, arguments: tuple[object, ...]) -> None:
    if event == "pickle.find_class" and getattr(_confined_threads, "depth", None) and arguments not in _PICKLED:
        message = f"the index names {arguments[0]}.{arguments[1]}, which no Whoosh index holds"
        raise IndexDamaged(message)
