"""The pages of a document and of a paragraph with its neighbours: the text with its matches, measures and tables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from searchkit.index import IndexState
from searchkit.model import LEFT_OUT, Document, Measure, Paragraph, Table
from searchkit.search.outlining import outline
from searchkit.tabular import grid
from searchkit.web.data import RecordMissing
from searchkit.web.frame import Frame, Link
from searchkit.web.links import cite_text, format_value, paragraph_url

Spans = Sequence[tuple[int, int]]
_MAX_HEADING_LEVEL = 4
"""Level of the deepest headings of a page. Deeper ones look like these."""


class Piece(NamedTuple):
    """A piece of the text of a paragraph."""

    text: str
    is_match: bool = False
    measure: str = ""
    """Indicator, value and year of the measure whose quote contains the piece. Empty if no quote contains it."""


class Heading(NamedTuple):
    """A heading of the outline, and the number of paragraphs that match under it and its subheadings."""

    anchor: str
    text: str
    level: int
    """From 1."""
    matches: int


class Cell(NamedTuple):
    """A cell of a table."""

    text: str
    row_span: int
    col_span: int
    is_header: bool


@dataclass(frozen=True, slots=True)
class TableView:
    """A table at its place, with the number of the paragraph of each row."""

    caption: str
    header: Sequence[Sequence[Cell]]
    rows: Sequence[tuple[int, bool, Sequence[Cell]]]
    """Number of the paragraph, whether it matches, and the cells, for each row."""


@dataclass(frozen=True, slots=True)
class Block:
    """A paragraph or a table, with the headings that begin at it."""

    headings: Sequence[Heading]
    n: int
    pieces: Sequence[Piece] = ()
    is_match: bool = False
    cite: str = ""
    table: TableView | None = None
    page: int | None = None
    """Page of the file, if it is not that of the paragraph before."""


def document_page(frame: Frame) -> tuple[str, dict[str, Any]]:
    """Return the name of the template and its values for a document. Raises RecordMissing."""
    index, state = frame.index, frame.state
    record_id = index.resolve_id(state["id"]) if state["id"] else ""
    document = _find_document(index, record_id)
    if document is None:
        raise RecordMissing(f"no report {state['id']}")
    name = document.document
    paragraphs = list(index.paragraphs(document=name))
    measures = index.measures_of([paragraph.id for paragraph in paragraphs])
    matches, is_relaxed = _find_matches(frame, name)
    headings = _outline(paragraphs, matches)
    blocks = _blocks(frame, paragraphs, measures, list(index.tables(document=name)), matches, headings)
    title = document.title or frame.words["untitled"]
    page_title = " ".join(filter(None, [document.district, str(document.year or ""), title]))
    return "document", frame.page_context(
        f"{page_title} · {frame.title}",
        document=document,
        title=title,
        facts=_facts(frame, document),
        source=_safe_url(document.source),
        warnings=[warning for warning in document.warnings if not warning.startswith(LEFT_OUT)],
        years=_other_years(frame, name),
        outline=[heading for headings_at in headings.values() for heading in headings_at],
        blocks=blocks,
        match_count=len(matches) if state["query"] else None,
        is_relaxed=is_relaxed,
        first_match=min(matches, default=0),
        measures=_measure_rows(frame, [item for items in measures for item in items]),
        back=frame.url("search") if state["query"] or state.filters else "",
        downloads=frame.downloads(),
        place_url=frame.url("search", **{**dict.fromkeys(state.filters), "district": "/".join(document.region)})
        if document.region
        else "",
    )


def paragraph_page(frame: Frame) -> tuple[str, dict[str, Any]]:
    """Return the name of the template and its values for a paragraph with its neighbours. Raises RecordMissing."""
    index, state = frame.index, frame.state
    paragraph = _find_paragraph(index, index.resolve_id(state["id"])) if state["id"] else None
    if paragraph is None:
        raise RecordMissing(f"no paragraph {state['id']}")
    context = state.number("context") or 0
    around = index.neighbours(paragraph.id, context, context)
    matches, _ = _find_matches(frame, paragraph.document)
    return "paragraph", frame.page_context(
        f"{paragraph.title or paragraph.document} · {frame.title}",
        paragraph=paragraph,
        around=[(item.n, _pieces(item, matches.get(item.n, ()), ()), item.n == paragraph.n) for item in around],
        url=paragraph_url(frame, paragraph.document, paragraph.n),
        cite=cite_text(frame, paragraph),
    )


def _find_document(index: IndexState, record_id: str) -> Document | None:
    """Return the document with an id, or that of the paragraph, measure or table with this id, or None.

    An id cannot be split at #, @ or !, because the name of a file may contain them.
    """
    document = index.document(record_id)
    if document is not None:
        return document
    part = _find_paragraph(index, record_id) or index.table(record_id)
    return index.document(part.document) if part is not None else None


def _find_paragraph(index: IndexState, record_id: str) -> Paragraph | None:
    """Return the paragraph with an id, or that of the measure with this id, or None."""
    measure = index.measure(record_id) if "@" in record_id else None
    return index.paragraph(record_id) if measure is None else measure.source


def _find_matches(frame: Frame, document: str) -> tuple[dict[int, Spans], bool]:
    """Return the numbers of the paragraphs of a document that match the query, each with the spans of its matches.

    Also returns whether they match only some words of the query, because no paragraph of the document has all of them.
    """
    query = frame.state["query"]
    if not query:
        return {}, False
    options = frame.state.option_arguments(("literal", "match"))
    # Without `beyond=False`, paragraphs with only some of the words would follow those with all of them.
    results = frame.index.search(query, document=document, limit=None, beyond=False, **options)
    return {hit.n: hit.spans for hit in sorted(results.hits, key=lambda hit: hit.n)}, results.relaxed


def _outline(paragraphs: Sequence[Paragraph], matches: Mapping[int, Spans]) -> dict[int, list[Heading]]:
    """Return the headings that begin at a paragraph, by its number. Paragraphs without such headings are left out."""
    matching = {paragraph.id for paragraph in paragraphs if paragraph.n in matches}
    headings: dict[int, list[Heading]] = {}
    for number, item in enumerate(outline(paragraphs, matching), 1):
        heading = Heading(f"s{number}", item.heading, min(item.level, _MAX_HEADING_LEVEL), item.matches)
        headings.setdefault(item.first, []).append(heading)
    return headings


def _blocks(
    frame: Frame,
    paragraphs: Sequence[Paragraph],
    measures: Sequence[Sequence[Measure]],
    tables: Sequence[Table],
    matches: Mapping[int, Spans],
    headings: Mapping[int, Sequence[Heading]],
) -> list[Block]:
    """Return the paragraphs of a document, with tables in the places of their rows."""
    first_rows = {table.first_paragraph: table for table in tables}
    rows = {n for table in tables for n in table.paragraphs}
    blocks: list[Block] = []
    page = None
    for paragraph, items in zip(paragraphs, measures, strict=True):
        n, own = paragraph.n, headings.get(paragraph.n, ())
        if n in rows and n not in first_rows:
            continue  # a page that begins here is named at the next block
        new_page = paragraph.page if paragraph.page != page else None
        page = paragraph.page or page
        if n in first_rows:
            blocks.append(Block(own, n, table=_table_view(first_rows[n], matches), page=new_page))
        else:
            pieces = _pieces(paragraph, matches.get(n, ()), items)
            blocks.append(Block(own, n, pieces, n in matches, cite_text(frame, paragraph), page=new_page))
    return blocks


def _pieces(paragraph: Paragraph, spans: Spans, measures: Iterable[Measure]) -> list[Piece]:
    """Cut a text at the edges of matches and of quotes of measures."""
    text = paragraph.text
    edges = {0, len(text)}
    for start, end in spans:
        edges |= {start, end}
    quotes: list[tuple[int, int, str]] = []
    covered = 0
    for measure in measures:
        start = max(measure.start, covered)  # quotes can overlap
        if start < measure.end:
            name = " ".join(filter(None, [measure.indicator, format_value(measure), year_text(measure)]))
            quotes.append((start, measure.end, name))
            edges |= {start, measure.end}
            covered = measure.end
    cuts = sorted(edges)
    pieces = []
    next_quote = next_span = 0
    for left, right in pairwise(cuts):
        while next_quote < len(quotes) and quotes[next_quote][1] <= left:
            next_quote += 1
        while next_span < len(spans) and spans[next_span][1] <= left:
            next_span += 1
        is_match = next_span < len(spans) and spans[next_span][0] <= left
        in_quote = next_quote < len(quotes) and quotes[next_quote][0] <= left
        pieces.append(Piece(text[left:right], is_match, quotes[next_quote][2] if in_quote else ""))
    return pieces


def _table_view(table: Table, matches: Mapping[int, Spans]) -> TableView:
    """Return a table with its cells as they span rows and columns."""
    header = [[Cell(cell.text, cell.row_span, cell.col_span, is_header=True) for cell in row] for row in table.header]
    rows = []
    for number, (row, columns) in enumerate(zip(table.rows, _first_columns(table), strict=True)):
        n = table.first_paragraph + number
        cells = [
            Cell(cell.text, cell.row_span, cell.col_span, column < table.header_columns)
            for cell, column in zip(row, columns, strict=True)
        ]
        rows.append((n, n in matches, cells))
    return TableView(table.caption or "", header, rows)


def _first_columns(table: Table) -> list[list[int]]:
    """Return for each row the first column of each cell. Cells of earlier rows can cover columns of a row."""
    width = len(grid(table.rows)[0]) if table.rows else 0
    covered = [0] * width  # for each column the number of following rows that a cell above covers
    starts = []
    for row in table.rows:
        x, firsts = 0, []
        below = [max(count - 1, 0) for count in covered]
        for cell in row:
            while x < width and covered[x]:
                x += 1
            firsts.append(x)
            for place in range(x, min(x + cell.col_span, width)):
                below[place] = cell.row_span - 1
            x += cell.col_span
        covered = below
        starts.append(firsts)
    return starts


def _facts(frame: Frame, document: Document) -> list[tuple[str, str]]:
    """Return the metadata that is shown above the text of a document, as pairs of label and value."""
    words = frame.words
    facts = [
        ("report_year", str(document.year or "")),
        ("body", document.issuer or document.agency or ""),
        ("kind", document.doctype or ""),
        ("published", document.published or ""),
        ("doc_number", document.doc_number or ""),
        ("index_number", document.index_number or ""),
        ("length", words("length_of", paragraphs=document.paragraphs, measures=document.measures)),
    ]
    own = [(name, value) for name, value in document.facets.items()]
    return [*((words[name], value) for name, value in facts if value), *own]


def _safe_url(url: str | None) -> str:
    """Return a URL if its scheme is http or https, otherwise an empty text."""
    try:
        return url if url and urlsplit(url).scheme in {"http", "https"} else ""
    except ValueError:
        return ""


def _other_years(frame: Frame, document: str) -> list[Link]:
    """Return links to the reports of the same place, body and kind as a document, in the order of their years.

    They are the document itself, and at most two reports before it and two after it.
    """
    reports = frame.index.other_years(document)
    position = next((n for n, item in enumerate(reports) if item.is_given), 0)
    around = reports[max(position - 2, 0) : position + 3]
    return [
        Link(str(item.year), frame.url("document", id=item.document), item.is_given, item.title or "")
        for item in around
    ]


def year_text(measure: Measure) -> str:
    """Return the years and the months of a measure: 2022, 2018–2022, 2023 01-06."""
    span = "–".join(str(year) for year in (measure.since, measure.of_year) if year is not None)
    return " ".join(filter(None, [span, measure.part or ""]))


def _measure_rows(frame: Frame, measures: Sequence[Measure]) -> list[tuple[str, str, str, str, int, str]]:
    """Return a row for each measure of a report: indicator, value, year, status, paragraph, URL of the comparison."""
    words = frame.words
    return [
        (
            measure.indicator,
            format_value(measure),
            year_text(measure),
            words[measure.status],
            measure.source.n,
            frame.url("compare", query=measure.indicator, unit=measure.unit),
        )
        for measure in measures
    ]
