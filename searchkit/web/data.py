"""The data of every endpoint: the JSON objects that the command line prints, in every format.

The formats are JSON, JSON Lines, CSV, a workbook (.xlsx) and, for a comparison, a chart.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import IO, TYPE_CHECKING, Any

from searchkit.errors import UsageError
from searchkit.index import IndexState
from searchkit.model import Table, to_json
from searchkit.output.csv import delimited_line, delimited_lines
from searchkit.output.json import (
    analysis_to_json,
    comparison_records,
    comparison_to_json,
    completions_to_json,
    coverage_to_json,
    dumps,
    facet_records,
    facet_to_json,
    finding_to_json,
    group_to_json,
    hit_to_json,
    measures_to_json,
    news_to_json,
    paragraph_records,
    problem_records,
    results_to_json,
)
from searchkit.output.tables import table_rows
from searchkit.query.facets import FacetCounts
from searchkit.search.results import Hit
from searchkit.web.parameters import ALL, State
from searchkit.web.watches import read_news

if TYPE_CHECKING:  # only audits load it
    from searchkit.compare.audit import Audit

MEDIA_TYPES = {
    "json": "application/json",
    "jsonl": "application/jsonl; charset=utf-8",
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "svg": "image/svg+xml",
    "png": "image/png",
}
"""Suffixes of endpoints, each with its media type."""
CHARTS = ("svg", "png")
"""Suffixes of charts, which only `compare` has."""
HEAVY = {"compare", "audit", "coverage"}
"""Endpoints whose page takes long, and whose data takes long in every format."""
JsonRecords = Iterable[Mapping[str, object]]


class RecordMissing(Exception):
    """What a request asks for does not exist: no record has the id, or a chart has nothing to draw."""


@dataclass(frozen=True, slots=True)
class Data:
    """The data of an endpoint in each format. The functions make a format when they are called."""

    json: Callable[[], Iterable[str]]
    """Pieces of the JSON text."""
    records: Callable[[str], JsonRecords]
    """The records for a suffix: jsonl, csv or xlsx."""
    workbook: Callable[[IO[bytes]], None] | None = None
    """Writes a workbook with several sheets. None if the workbook is one sheet with the records."""
    csv: Callable[[], Iterable[str]] | None = None
    """The lines of CSV. None if they have the fields of the records."""
    chart: Callable[[str], bytes] | None = None
    """Draws a chart: svg or png."""
    next: str | None = None
    """Cursor of the next page, None if there is none."""

    def pieces(self, suffix: str, name: str) -> Iterator[bytes]:
        """Yield the data in the format of a suffix. `name`: name of the sheet of a workbook."""
        if suffix == "json":
            yield from (piece.encode("utf-8") for piece in self.json())
        elif suffix == "jsonl":
            yield from ((dumps(record) + "\n").encode("utf-8") for record in self.records(suffix))
        elif suffix == "csv":
            lines = delimited_lines(self.records(suffix), ",") if self.csv is None else self.csv()
            yield from (line.encode("utf-8") for line in lines)
        elif suffix == "xlsx":
            from searchkit.output.xlsx import write_records  # noqa: PLC0415 - an extra

            file = io.BytesIO()
            if self.workbook is not None:
                self.workbook(file)
            else:
                write_records(self.records(suffix), name, file)
            yield file.getvalue()
        elif self.chart is not None:
            yield self.chart(suffix)


def is_heavy(state: State, suffix: str) -> bool:
    """Return whether data may take long: all records or documents, a workbook, a chart, or an endpoint of `HEAVY`."""
    return (
        state.endpoint in HEAVY or suffix in {"xlsx", *CHARTS} or state["limit"] == ALL or state.endpoint == "documents"
    )


def is_streamed(state: State) -> bool:
    """Return whether the data of a request may be long, so that it is sent in pieces."""
    return state["limit"] == ALL or state.endpoint == "documents"


def read_data(index: IndexState, state: State, suffix: str) -> Data:
    """Return the data of an endpoint.

    Raises UsageError for a chart of an endpoint other than compare, RecordMissing if no record has the id, and the
    exceptions of the methods of `IndexState`.
    """
    if suffix in CHARTS and state.endpoint != "compare":
        raise UsageError(f"{state.endpoint} has no chart; compare has")
    return _READERS[state.endpoint](index, state, suffix)


def _json_object(make: Callable[[], object]) -> Callable[[], Iterable[str]]:
    """Return a function that returns the JSON text of one object. The object is made when the function is called."""
    return lambda: [dumps(make()), "\n"]


def _json_list(records: Callable[[], JsonRecords]) -> Callable[[], Iterable[str]]:
    """Return a function that yields the JSON text of a list, one record at a time."""

    def pieces() -> Iterator[str]:
        """Yield the pieces of the text."""
        yield "["
        for number, record in enumerate(records()):
            yield f"{',' if number else ''}{dumps(record)}"
        yield "]\n"

    return pieces


def search_arguments(state: State) -> dict[str, Any]:
    """Return the keyword arguments of `IndexState.search`, except `limit`, `offset`, `after`, `beyond` and facets."""
    names = ("literal", "match", "without", "group", "fold", "sort", "count_documents", "explain")
    return {**state.filter_arguments(), **state.option_arguments(names)}


def _read_search(index: IndexState, state: State, suffix: str) -> Data:
    """Return the hits of a search."""
    arguments = search_arguments(state)
    facets: dict[str, Any] = {"facets": list(state.all("facet")), "facet_limit": state.number("facet_limit")}
    highlight = bool(state["highlight"])
    if state["limit"] == ALL:
        return _all_hits(index, state, arguments, facets)
    page = state.option_arguments(("limit", "offset", "after"))
    # CSV and workbooks have only the hits that count in the total, not those with only some of the words.
    results = index.search(state["query"], **arguments, **facets, **page, beyond=suffix not in {"csv", "xlsx"})
    return Data(
        _json_object(lambda: results_to_json(results, highlight=highlight)),
        lambda suffix: (_hit_record(hit, suffix, highlight=highlight) for hit in results.hits),
        next=results.next,
    )


def _all_hits(index: IndexState, state: State, arguments: dict[str, Any], facets: dict[str, Any]) -> Data:
    """Return all hits of a search that count in its total. A hit is read when it is written to the answer."""
    arguments = {**arguments, "beyond": False, "after": state["after"] or None}
    highlight = bool(state["highlight"])
    results = index.search(state["query"], **arguments, **facets, limit=0)

    def hits() -> Iterator[Hit]:
        """Return an iterator over the hits."""
        return index.every_hit(state["query"], **arguments)

    def json() -> Iterator[str]:
        """Yield the pieces of the JSON text: the hits come between the totals and the facets."""
        head = results_to_json(results, highlight=highlight)
        ends = {"facets": head.pop("facets"), "next": None}
        del head["hits"], head["next"]
        yield dumps(head)[:-1] + ', "hits": ['
        for number, hit in enumerate(hits()):
            record = hit_to_json(hit, highlight=highlight) | ({"matches": hit.matches} if results.is_grouped else {})
            yield f"{',' if number else ''}{dumps(record)}"
        yield "], " + dumps(ends)[1:] + "\n"

    return Data(json, lambda suffix: (_hit_record(hit, suffix, highlight=highlight) for hit in hits()))


def _hit_record(hit: Hit, suffix: str, *, highlight: bool) -> dict[str, object]:
    """Return a hit as a record. CSV and workbooks leave out its measures."""
    return hit_to_json(hit, with_measures=suffix == "jsonl", highlight=highlight)


def _read_document(index: IndexState, state: State, _: str) -> Data:
    """Return what an id names: the paragraphs of a document, a table, a paragraph, or a measure with its paragraph."""
    return _show(index, state["id"], 0)


def _read_paragraph(index: IndexState, state: State, _: str) -> Data:
    """Return what `_read_document` returns. A paragraph or a measure comes with the paragraphs around it."""
    return _show(index, state["id"], state.number("context") or 0)


def _show(index: IndexState, record_id: str, context: int) -> Data:
    if not record_id:
        raise UsageError("give the id of a record: id=…")
    found = index.excerpt(record_id, context)
    if found is None:
        raise RecordMissing(f"no paragraph, document, table or measure {record_id}")
    if isinstance(found, Table):
        return _table(found)

    def records(suffix: str) -> JsonRecords:
        """Return the paragraphs. CSV and workbooks leave out their measures and tables."""
        if suffix != "jsonl":
            return map(to_json, found.paragraphs)
        return paragraph_records(found.paragraphs, found.tables, found.measures)

    return Data(_json_list(lambda: records("jsonl")), records)


def _table(table: Table) -> Data:
    """Return a table: in csv and in a workbook, its own rows."""

    def workbook(file: IO[bytes]) -> None:
        """Write the workbook."""
        from searchkit.output.xlsx import write_tables  # noqa: PLC0415 - an extra

        write_tables([table], file)

    def lines() -> Iterator[str]:
        """Return the rows as lines of CSV."""
        return (delimited_line(row, ",") for row in table_rows(table))

    return Data(_json_list(lambda: [to_json(table)]), lambda _: [to_json(table)], workbook, lines)


MEASURE_OPTIONS = (
    "literal",
    "match",
    "unit",
    "min",
    "max",
    "status",
    "no_cumulative",
    "sort",
    "one_per",
    "aggregate",
    "by",
)
"""Options of a look-up of measures, except `limit` and `offset`."""


def _read_measures(index: IndexState, state: State, _: str) -> Data:
    """Return the measures of a look-up, or the groups of an aggregate."""
    arguments = {**state.filter_arguments(), **state.option_arguments((*MEASURE_OPTIONS, "offset"))}
    results = index.measures(state["query"], **arguments, limit=state.number("limit"))

    def records(_: str) -> JsonRecords:
        """Return the groups or the measures."""
        return map(group_to_json, results.groups) if results.aggregate else map(to_json, results.hits)

    def workbook(file: IO[bytes]) -> None:
        """Write the workbook, in which each value has a link to its paragraph."""
        from searchkit.output.xlsx import write_measures  # noqa: PLC0415 - an extra

        write_measures(results.hits, file)

    return Data(_json_object(lambda: measures_to_json(results)), records, None if results.aggregate else workbook)


def compare_arguments(state: State) -> dict[str, Any]:
    """Return the keyword arguments of `IndexState.compare`."""
    options = state.option_arguments(("literal", "unit", "status", "against", "max_cells"))
    return {**state.filter_arguments(), **options, "rows": state["rows"], "cols": state["cols"] or "of_year"}


def _read_compare(index: IndexState, state: State, _: str) -> Data:
    """Return a comparison."""
    comparison = index.compare(state["query"], **compare_arguments(state))

    def workbook(file: IO[bytes]) -> None:
        """Write the workbook."""
        from searchkit.output.xlsx import write_workbook  # noqa: PLC0415 - an extra

        write_workbook(comparison, file)

    def chart(suffix: str) -> bytes:
        """Return the chart. Raises RecordMissing if there is nothing to draw."""
        from searchkit.output.chart import render_chart  # noqa: PLC0415 - an extra

        if comparison.indicator is None:
            raise RecordMissing("there is nothing to draw")
        return render_chart(comparison, suffix, state["chart_size"])

    return Data(
        _json_object(lambda: comparison_to_json(comparison)),
        lambda _: comparison_records(comparison),
        workbook,
        chart=chart,
    )


def _read_coverage(index: IndexState, state: State, _: str) -> Data:
    """Return the numbers of reports by two facets."""
    coverage = index.coverage(state["rows"], state["cols"] or "year", **state.filter_arguments())
    return Data(_json_object(lambda: coverage_to_json(coverage)), lambda _: (cell._asdict() for cell in coverage.cells))


def _read_audit(index: IndexState, state: State, _: str) -> Data:
    """Return the findings of an audit."""
    audit = audit_measures(index, state)

    def workbook(file: IO[bytes]) -> None:
        """Write the workbook."""
        from searchkit.output.xlsx import write_findings  # noqa: PLC0415 - an extra

        write_findings(audit, file)

    return Data(_json_list(lambda: map(finding_to_json, audit)), lambda _: map(finding_to_json, audit), workbook)


def audit_measures(index: IndexState, state: State) -> Audit:
    """Return the audit of the measures that pass the filters."""
    return index.audit(**state.filter_arguments())


def _read_watches(index: IndexState, _: State, __: str) -> Data:
    """Return what is new in the watches of the index."""
    found = [news for news, _ in read_news(index)]
    records = (
        {"id": hit.id, "watch": news.watch.name, **hit_to_json(hit, with_measures=False)}
        for news in found
        for hit in news.hits
    )
    return Data(_json_list(lambda: map(news_to_json, found)), lambda _: records)


def _read_facets(index: IndexState, state: State, _: str) -> Data:
    """Return the values of one facet, or of all facets but document."""
    counts = count_facets(index, state, [state["name"]] if state["name"] else [])
    return Data(
        _json_object(lambda: {name: facet_to_json(item) for name, item in counts.items()}),
        lambda _: facet_records(counts),
    )


def count_facets(index: IndexState, state: State, names: list[str]) -> Mapping[str, FacetCounts]:
    """Return the counts of facets under the query and the filters. If `names` is empty: of all facets but document."""
    options = state.option_arguments(("literal", "contains", "within"))
    limit = state.number("limit") if "limit" in state.values else None
    return index.facets(names, query=state["query"] or None, limit=limit, **options, **state.filter_arguments())


def _read_documents(index: IndexState, state: State, _: str) -> Data:
    """Return the documents that pass the filters."""
    arguments = state.filter_arguments()
    # Raises errors of the filters before the answer is sent in pieces.
    index.resolve_filters({name: value for name, value in arguments.items() if name != "where"}, arguments["where"])

    def records(_: str = "") -> JsonRecords:
        """Return the documents."""
        return map(to_json, index.documents(**arguments))

    return Data(_json_list(records), records)


def _read_suggest(index: IndexState, state: State, _: str) -> Data:
    """Return completions."""
    completions = index.suggest(state["prefix"], limit=state.number("limit"))
    return Data(
        _json_object(lambda: completions_to_json(state["prefix"], completions)),
        lambda _: (item._asdict() for item in completions),
    )


def _read_analyze(index: IndexState, state: State, _: str) -> Data:
    """Return the tokens of a text and, in JSON, how it is understood as a query."""
    analysis: dict[str, Any] = analysis_to_json(state["text"], index.analyzer, index.understand(state["text"]))
    return Data(_json_object(lambda: analysis), lambda _: analysis["tokens"])


def _read_info(index: IndexState, _: State, __: str) -> Data:
    """Return the state of the index: in JSON its properties and what was not read, otherwise the list of problems."""
    info = index.info()
    paths = {name: folder_name(info[name]) for name in ("index", "corpus")}
    facts = {**info, **paths, "problems": index.problems()}

    def records(_: str) -> JsonRecords:
        """Return the list of problems: what was not read, the duplicates, and the warnings of documents."""
        return problem_records(index.problems(), index.duplicates(), index.documents())

    return Data(_json_object(lambda: facts), records)


def folder_name(path: object) -> str:
    """Return the last part of the path of a folder: readers need not know where the server keeps its files."""
    return str(path).rstrip("/\\").replace("\\", "/").rpartition("/")[2]


_READERS: Mapping[str, Callable[[IndexState, State, str], Data]] = {
    "search": _read_search,
    "document": _read_document,
    "paragraph": _read_paragraph,
    "measures": _read_measures,
    "compare": _read_compare,
    "coverage": _read_coverage,
    "audit": _read_audit,
    "watches": _read_watches,
    "facets": _read_facets,
    "documents": _read_documents,
    "suggest": _read_suggest,
    "analyze": _read_analyze,
    "info": _read_info,
    "about": _read_info,
}


def join_pieces(pieces: Iterable[bytes], size: int = 65_536) -> Iterator[bytes]:
    """Yield pieces joined to pieces of at least `size` bytes. The last one can be smaller."""
    buffer = bytearray()
    for piece in chain(pieces, [b""]):
        buffer += piece
        if len(buffer) >= size:
            yield bytes(buffer)
            buffer.clear()
    if buffer:
        yield bytes(buffer)
