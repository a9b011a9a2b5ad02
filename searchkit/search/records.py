"""The records of an open index, one by one or all of them: documents, paragraphs, tables and measures."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from searchkit.errors import UsageError
from searchkit.manifest import Manifest
from searchkit.model import Document, Measure, Paragraph, Table
from searchkit.query.facets import Filter
from searchkit.query.filters import FilterValue, ResolvedFilters
from searchkit.search.options import parse_statuses
from searchkit.search.snapshot import Snapshot
from searchkit.text.analyzer import Analyzer

if TYPE_CHECKING:
    from searchkit.search.outlining import Excerpt, OutlineEntry, ReportOfYear


class Records:
    """Access to the records of an open index. Thread-safe."""

    def __init__(self, snapshot: Snapshot) -> None:
        """Take the open index in one committed state."""
        self._snapshot = snapshot

    def resolve_id(self, record_id: str) -> str:
        """Return the id of which `record_id` is the end: 2023/a.txt#13 for a.txt#13, if there is no other a.txt.

        The id is one of a document, a paragraph, a table or a measure. An end that follows a `/` (a.txt in 2023/a.txt)
        is preferred to one that begins inside a name (a.txt in data.txt). An id that exists is returned unchanged. So
        is a text that is the end of no id, or that has no part of the id of a document (#13). Raises UsageError if the
        ids of several documents have this end, or if `record_id` is not a text.
        """
        return self._snapshot.resolve_id(record_id)

    def every_measure(
        self,
        *,
        status: str | Sequence[str] = (),
        where: Mapping[str, FilterValue] | None = None,
        **filters: FilterValue,
    ) -> Iterator[Measure]:
        """Yield the measures that pass the filters, in corpus order. `status` and filters: as in `Index.measures`.

        The measures of a paragraph come in the order of their quotes.
        """
        snapshot = self._snapshot
        return snapshot.every_measure(snapshot.filters(filters, where), parse_statuses(status))

    def measures_of(self, paragraph_ids: Sequence[str]) -> list[tuple[Measure, ...]]:
        """Return the measures of each paragraph, in the order of their quotes. An unknown id has no measures.

        Raises UsageError if the argument is not a list of ids.
        """
        if isinstance(paragraph_ids, str) or not isinstance(paragraph_ids, Sequence):
            raise UsageError(f"measures_of takes a list of ids of paragraphs, not {paragraph_ids!r}")
        for paragraph_id in paragraph_ids:
            _check_id(paragraph_id)
        with self._snapshot.use_engine() as engine:
            return engine.measures(paragraph_ids)

    def measure(self, measure_id: str) -> Measure | None:
        """Return the measure with the given id (`<paragraph id>@<start>`), or None if there is none.

        Raises UsageError if the id is not a text.
        """
        _check_id(measure_id)
        measures = self.measures_of([measure_id.rpartition("@")[0]])[0]
        return next((measure for measure in measures if measure.id == measure_id), None)

    def paragraph(self, paragraph_id: str) -> Paragraph | None:
        """Return the paragraph with the given id, or None if there is none.

        Raises UsageError if the id is not a text.
        """
        _check_id(paragraph_id)
        with self._snapshot.use_engine() as engine:
            return engine.paragraph(paragraph_id)

    def document(self, document_id: str) -> Document | None:
        """Return the document with the given id, or None if there is none.

        Raises UsageError if the id is not a text.
        """
        _check_id(document_id)
        return self._snapshot.document(document_id)

    def excerpt(self, record_id: str, context: int = 0, *, with_measures: bool = True) -> Excerpt | Table | None:
        """Return what an id names, or None if there is none: a table, or paragraphs with their tables and measures.

        The paragraphs are all those of a document, or a paragraph with those around it. For a measure, they are the
        paragraph that contains it and those around that paragraph, and no other measure is returned. `record_id`: an
        id, or an end of one (`resolve_id`). `context`: maximum number of paragraphs before the paragraph, and after it;
        without effect for a document. `with_measures`: whether the measures of the paragraphs are returned. Raises
        UsageError if several documents have this end, if `record_id` is not a text, or if `context` is not a whole
        number, or is negative.
        """
        from searchkit.search.outlining import Excerpt  # noqa: PLC0415 - not loaded by searches

        if type(context) is not int or context < 0:
            raise UsageError(f"context must be a whole number, 0 or more, not {context!r}")
        record_id = self.resolve_id(record_id)
        measure = self.measure(record_id) if "@" in record_id else None
        paragraph = self.paragraph(record_id) if measure is None else measure.source
        document = self.document(paragraph.document if paragraph else record_id)
        if document is None:
            return self.table(record_id)
        paragraphs = tuple(self.paragraphs(document=document.document))
        if paragraph is not None:
            paragraphs = tuple(record for record in paragraphs if abs(record.n - paragraph.n) <= context)
        shown = {record.n for record in paragraphs}
        tables = tuple(item for item in self.tables(document=document.document) if shown.intersection(item.paragraphs))
        measures = self.measures_of([record.id for record in paragraphs]) if with_measures else []
        if measure is not None:
            measures = [tuple(item for item in items if item.id == measure.id) for items in measures]
        return Excerpt(measure or paragraph or document, paragraphs, tables, tuple(measures))

    def documents(
        self, *, where: Mapping[str, FilterValue] | None = None, **filters: FilterValue
    ) -> Iterator[Document]:
        """Yield the documents with a paragraph that passes the filters, in corpus order. Filters as in `search`.

        Without filters, yields all documents.
        """
        snapshot = self._snapshot
        return snapshot.documents(snapshot.filters(filters, where))

    def paragraphs(
        self, *, where: Mapping[str, FilterValue] | None = None, **filters: FilterValue
    ) -> Iterator[Paragraph]:
        """Yield the paragraphs that pass the filters, in corpus order. Filters as in `search`."""
        snapshot = self._snapshot
        return snapshot.paragraphs(snapshot.filters(filters, where))

    def tables(self, *, where: Mapping[str, FilterValue] | None = None, **filters: FilterValue) -> Iterator[Table]:
        """Yield the tables with at least one row that passes the filters, in corpus order. Filters as in `search`.

        A row is a paragraph, and is filtered like any other. A table is yielded with all its rows, also those that do
        not pass.
        """
        snapshot = self._snapshot
        return snapshot.tables(snapshot.filters(filters, where))

    def table(self, table_id: str) -> Table | None:
        """Return the table with the given id (`<document>!<table>`), or None if there is none.

        Raises UsageError if the id is not a text.
        """
        _check_id(table_id)
        return self._snapshot.table(table_id)

    @property
    def facet_names(self) -> tuple[str, ...]:
        """Names of all facets: the built-in ones, then the user-defined ones."""
        return self._snapshot.facet_names

    @property
    def manifest(self) -> Manifest:
        """The manifest: properties of the index and of its build."""
        return self._snapshot.manifest

    @property
    def analyzer(self) -> Analyzer:
        """The analyzer of the build. Raises IndexStale if this version of searchkit has another one."""
        return self._snapshot.analyzer

    def problems(self) -> list[dict[str, str]]:
        """Return `path` and `reason` of everything that the build did not read.

        These are files, links, folders, parts of a file, or all files with a suffix (`corpus.walk.Skipped`).
        """
        return [{**item} for item in self._snapshot.problems["problems"]]

    def duplicates(self) -> list[dict[str, str]]:
        """Return `path` and `reason` of each file or document of the index that repeats an earlier one."""
        return [{**item} for item in self._snapshot.problems["duplicates"]]

    def filters(
        self, filters: Mapping[str, FilterValue], where: Mapping[str, FilterValue] | None = None
    ) -> tuple[Filter, ...]:
        """Return the filters for facet names and values. Raises the exceptions of `resolve_filters`."""
        return self._snapshot.filters(filters, where)

    def resolve_filters(
        self, filters: Mapping[str, FilterValue], where: Mapping[str, FilterValue] | None = None
    ) -> ResolvedFilters:
        """Return the filters for facet names and values, with notes on how values were read.

        Raises UnknownFacet, and UsageError for an invalid value. Also raises UsageError for a value in `filters` that
        the index does not have, if its facet is one of `aliases.NAMED_FACETS`, such as `district`.
        """
        return self._snapshot.resolve(filters, where)

    def outline(
        self, document_id: str, query: str | None = None, *, literal: bool | str | Sequence[str] = False
    ) -> tuple[OutlineEntry, ...]:
        """Return the headings of a document in the order of the text, each with the number of paragraphs under it.

        With `query`, also the number of these paragraphs that a search for the query in the document finds (as
        `search` with `match="auto"`). `literal`: as in `SearchOptions`. Empty if there is no such document. Raises
        UsageError if the id or `query` is not a text, or if `literal` is invalid, and IndexStale.
        """
        from searchkit.search.outlining import outline  # noqa: PLC0415 - not loaded by searches

        _check_id(document_id)
        snapshot, filters = self._snapshot, (Filter("document", (document_id,)),)
        matching: frozenset[str] = frozenset()
        if query is not None:
            from searchkit.search.paragraphs import find_total  # noqa: PLC0415 - only with a query

            _, response = find_total(snapshot, query, filters, literal, limit=None)
            matching = frozenset(hit.paragraph.id for hit in response.hits)
        return outline(list(snapshot.paragraphs(filters)), matching)

    def neighbours(self, paragraph_id: str, before: int = 1, after: int = 1) -> tuple[Paragraph, ...]:
        """Return a paragraph with at most `before` paragraphs before it and `after` after it, in the order of the text.

        Empty if there is no such paragraph. Raises UsageError if the id is not a text, or if a number is not a whole
        number, or is negative.
        """
        from searchkit.search.outlining import neighbours  # noqa: PLC0415 - not loaded by searches

        _check_id(paragraph_id)
        return neighbours(self._snapshot, paragraph_id, before, after)

    def other_years(self, document_id: str) -> tuple[ReportOfYear, ...]:
        """Return the reports with the same place, body and kind as a document, by year, the document included.

        Returns the document alone if it has no year, or neither place nor body nor kind; nothing if there is no such
        document. Raises UsageError if the id is not a text.
        """
        from searchkit.search.outlining import other_years  # noqa: PLC0415 - not loaded by searches

        document = self.document(document_id)
        return () if document is None else other_years(self._snapshot, document)


def _check_id(value: object) -> None:
    """Raise UsageError if an id is not a text."""
    if not isinstance(value, str):
        raise UsageError(f"an id is a text such as 'report.txt#13', not {value!r}")
