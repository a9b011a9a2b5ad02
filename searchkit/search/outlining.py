"""The outline of a document, the paragraphs around one of its paragraphs, and the same report of other years."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from searchkit.engines.contract import Request, own_heading_counts
from searchkit.errors import UsageError
from searchkit.model import Document, Measure, Paragraph, Table
from searchkit.query.facets import Filter
from searchkit.query.tree import Everything
from searchkit.search.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class OutlineEntry:
    """A heading of a document."""

    heading: str
    """The heading, without its number."""
    level: int
    """Level, 1 for the outermost headings."""
    first: int
    """Number of the first paragraph under it (`Paragraph.n`)."""
    paragraphs: int
    """Number of paragraphs under it, including those under its subheadings."""
    matches: int = 0
    """Number of these paragraphs that match the query. 0 without a query."""


@dataclass(frozen=True, slots=True)
class Excerpt:
    """Consecutive paragraphs of a document: all of them, or those around one."""

    requested: Document | Paragraph | Measure
    """The record whose id was requested."""
    paragraphs: tuple[Paragraph, ...]
    """The paragraphs, in the order of the text."""
    tables: tuple[Table, ...]
    """The tables with a row among the paragraphs."""
    measures: tuple[tuple[Measure, ...], ...]
    """The measures of each paragraph; if a measure was requested, that measure alone. Empty if they were not read."""

    @property
    def document(self) -> str:
        """Id of the document."""
        return self.requested.document


class ReportOfYear(NamedTuple):
    """One of the reports of the same place, body and kind (`other_years`)."""

    document: str
    """Id of the document."""
    title: str | None
    """Its title."""
    year: int | None
    """Its reporting year."""
    is_given: bool
    """Whether it is the report whose other years were asked for."""


def outline(paragraphs: Sequence[Paragraph], matching: Collection[str] = frozenset()) -> tuple[OutlineEntry, ...]:
    """Return the headings of a document in the order of the text.

    `paragraphs`: all of its paragraphs. `matching`: ids of those that match a query. A heading that occurs in several
    places is an entry for each.
    """
    headings: list[str] = []
    levels: list[int] = []
    members: list[list[Paragraph]] = []
    open_entries: list[int] = []
    # `own`: number of headings that begin at the paragraph. They are the last ones of its path.
    for paragraph, own in zip(paragraphs, own_heading_counts(paragraphs), strict=True):
        del open_entries[len(paragraph.path) - own :]
        for heading in paragraph.path[len(open_entries) :]:
            open_entries.append(len(headings))
            headings.append(heading)
            levels.append(len(open_entries))
            members.append([])
        for entry in open_entries:
            members[entry].append(paragraph)
    return tuple(
        OutlineEntry(heading, level, under[0].n, len(under), sum(item.id in matching for item in under))
        for heading, level, under in zip(headings, levels, members, strict=True)
    )


def neighbours(snapshot: Snapshot, paragraph_id: str, before: int, after: int) -> tuple[Paragraph, ...]:
    """Return a paragraph with those before and after it in its document, in the order of the text.

    `before` and `after`: maximum numbers of paragraphs. Returns an empty tuple if there is no such paragraph. Raises
    UsageError if a number is not a whole number, or negative. Reads the paragraphs of one document.
    """
    if not all(type(count) is int and count >= 0 for count in (before, after)):
        raise UsageError("before and after must be whole numbers, 0 or more")
    with snapshot.use_engine() as engine:
        paragraph = engine.paragraph(paragraph_id)
        if paragraph is None:
            return ()
        everything = list(engine.paragraphs((Filter("document", (paragraph.document,)),)))
    at = next(n for n, item in enumerate(everything) if item.id == paragraph_id)
    return tuple(everything[max(0, at - before) : at + after + 1])


def other_years(snapshot: Snapshot, document: Document) -> tuple[ReportOfYear, ...]:
    """Return the reports of the same place, body and kind, by year, and those of one year in corpus order.

    The given report is among them. If it has no year, or neither place nor body nor kind, it is the only one. Runs one
    search, grouped by document.
    """
    alone = (ReportOfYear(document.document, document.title, document.year, is_given=True),)
    values = (("district", "/".join(document.region)), ("agency", document.agency), ("doctype", document.doctype))
    filters = tuple(Filter(name, (value,)) for name, value in values if value)
    if document.year is None or not filters:
        return alone
    request = Request(Everything(), filters=filters, sort=("year",), limit=None, by_document=True)
    with snapshot.use_engine() as engine:
        hits = engine.search(request).hits
    # The filter on district also admits reports of places inside the region.
    facts = (document.region, document.agency, document.doctype)
    reports = (hit.paragraph for hit in hits)
    return (
        tuple(
            ReportOfYear(item.document, item.title, item.year, item.document == document.document)
            for item in reports
            if (item.region, item.agency, item.doctype) == facts and item.year is not None
        )
        or alone
    )
