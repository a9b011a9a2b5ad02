"""The answer for each kind of result: what was found, its rows, what was left out and how to get it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from searchkit.model import Document, Table, to_json
from searchkit.output.answers.answer import Answer, Row, plain, quote, sanitize_all
from searchkit.output.answers.rows import (
    comparison_rows,
    coverage_rows,
    document_line,
    excerpt_rows,
    facet_rows,
    finding_rows,
    hit_row,
    measure_row,
    outline_rows,
    table_rows,
)
from searchkit.output.json import (
    comparison_to_json,
    coverage_to_json,
    dumps,
    facet_to_json,
    measures_to_json,
    results_to_json,
)
from searchkit.tabular import column_headers, grid

if TYPE_CHECKING:
    from searchkit.compare.audit import Audit
    from searchkit.compare.coverage import Coverage
    from searchkit.compare.table import Comparison
    from searchkit.query.facets import FacetCounts
    from searchkit.search.lookup import MeasureResults
    from searchkit.search.outlining import Excerpt, OutlineEntry
    from searchkit.search.results import Results
    from searchkit.search.suggestions import Suggestion

_MORE_TEXT = "raise max_characters"
_NARROW = "narrow the query by filters"


def search_answer(results: Results, max_offset: int) -> Answer:
    """Return the answer with the hits of a search. `max_offset`: the largest offset that the tool accepts."""
    listed = results.total if results.total_any is None else results.total_any
    facts = _without(results_to_json(replace(results, hits=())), "hits", "facets", "next")

    def ends(shown: int) -> list[str]:
        """Say how many paragraphs are left out, and how to read one in full."""
        first = results.offset + shown
        way = f"search with offset {first}" if first <= max_offset else _NARROW
        return [
            *_left_out(listed - first, "paragraphs", way),
            *["A paragraph in full: read with its id."] * bool(shown),
        ]

    if results.relaxed:
        count = f"No paragraph holds all of the query; {results.total} hold some of it."
    elif results.total_any is not None:
        count = f"{results.total} paragraphs hold all words, {results.total_any} some of them."
    else:
        count = f"{results.total} paragraphs match."
    hints = _suggestion_lines("search", results.suggestions)
    if not results.total and not hints:
        hints = ["Try fewer or other words or filters; facets lists the values that there are."]
    return Answer(facts, "hits", list(map(hit_row, results.hits)), [count, *_query_lines(results), *hints], ends)


def measures_answer(results: MeasureResults, max_limit: int) -> Answer:
    """Return the answer with the measures of a look-up. `max_limit`: the largest limit that the tool accepts."""
    facts = _without(measures_to_json(replace(results, hits=())), "hits")
    listed = len(results.hits)

    def ends(shown: int) -> list[str]:
        """Say how many measures are left out."""
        narrow = "narrow by filters, unit, min or max"
        raise_limit = f"raise limit (at most {max_limit}), or " if listed < max_limit else ""
        way = _MORE_TEXT if shown < listed else f"{raise_limit}{narrow}"
        return _left_out(results.total - shown, "figures", way)

    count = f"{results.total} figures{', which match only some of the query' * results.relaxed}."
    hints = _suggestion_lines("measures", results.suggestions)
    if not results.total and not hints:
        hints = ["Try the name of what is counted, such as 立案, fewer filters, or search for the words."]
    return Answer(facts, "hits", list(map(measure_row, results.hits)), [count, *_query_lines(results), *hints], ends)


def comparison_answer(comparison: Comparison, max_cells: int) -> Answer:
    """Return the answer with the cells of a comparison. `max_cells`: the largest `max_cells` that the tool accepts."""
    facts = _without(comparison_to_json(replace(comparison, rows=())), "cells")
    facts["rows"] = {"facet": comparison.rows_by, "values": list(comparison.rows)}
    hints = _suggestion_lines("compare", comparison.suggestions)
    if comparison.indicator is None:
        rows = []
        head = "No figure answers the query."
        hints = hints or ["Try the name of what is counted, or measures, which lists single figures."]
    else:
        unit = f" in {quote(comparison.unit)}" if comparison.unit else ""
        rows = list(comparison_rows(comparison))
        part = "; it matches only some of the query" if comparison.relaxed else ""
        axes = f"{quote(comparison.rows_by)} by {quote(comparison.cols_by)}"
        head = f"{axes}: {quote(comparison.indicator)}{unit}{part}."
    is_limited = any(note.code == "too_many_cells" for note in comparison.notes)
    more = [f"More rows and columns: raise max_cells (at most {max_cells}), or {_NARROW}."] * is_limited
    return Answer(facts, "cells", rows, [head, *_query_lines(comparison), *hints], _lines_left_out(rows, more))


def excerpt_answer(found: Excerpt | Table, document: Document | None, max_around: int) -> Answer:
    """Return the answer with the paragraphs or the table of an id.

    `document`: the document of the paragraphs or the table. `max_around`: the largest value of `around` that the tool
    accepts. If the answer has to leave out paragraphs, or if several paragraphs were found and the document goes on
    after them, it says with which id to read on.
    """
    facts, messages = _document_facts(document)
    if isinstance(found, Table):
        facts |= {"table": found.id, "caption": found.caption, "header": grid(found.header)}
        head = " | ".join(map(quote, column_headers(found.header)))
        rows = table_rows(found)
        messages = [*messages, f"[{plain(found.id)}] {plain(found.caption or '')} {head}"]
        return Answer(facts, "rows", rows, messages, lambda shown: _left_out(len(rows) - shown, "rows", _MORE_TEXT))

    def ends(shown: int) -> list[str]:
        """Say how many paragraphs are left out, and with which id to read on."""
        left = found.paragraphs[shown:]
        if not left:
            last = max((paragraph.n for paragraph in found.paragraphs[1:]), default=0)  # 0 for a single paragraph
            if document is None or not 0 < last < document.paragraphs:
                return []
            # With `around`, the paragraphs before the id are returned, too. The first of them is the next one to read.
            following = f"{found.document}#{min(last + 1 + max_around, document.paragraphs)}"
            return [f"The report goes on: read with id {quote(following)} and around {max_around}."]
        middle = left[min(max_around, len(left) - 1)]
        way = f"read with id {quote(middle.id)} and around {max_around}, or {_MORE_TEXT}"
        return _left_out(len(left), "paragraphs", way)

    return Answer(facts, "paragraphs", excerpt_rows(found), messages, ends)


def outline_answer(document: Document, entries: Iterable[OutlineEntry], *, is_record: bool = False) -> Answer:
    """Return the answer with the headings of a document. `is_record`: whether it is a record of a file."""
    facts, messages = _document_facts(document)
    rows = outline_rows(document.document, entries, is_record=is_record)

    def ends(shown: int) -> list[str]:
        """Say how many headings are left out, and how to read the text below one."""
        if not rows:
            return ["The report has no headings; read without outline shows its paragraphs."]
        how = "The text below a heading: read with its id and around."
        return [*_left_out(len(rows) - shown, "headings", _MORE_TEXT), how]

    return Answer(facts, "outline", rows, messages, ends)


def facets_answer(facets: Mapping[str, FacetCounts]) -> Answer:
    """Return the answer with the values of facets."""
    rows = [row for name, counts in facets.items() for row in facet_rows(name, counts)]
    unlisted = []
    for name, counts in facets.items():
        parts = [(counts.other, "of other values"), (counts.missing, "without a value")]
        texts = [f"{count} {what}" for count, what in parts if count]
        if texts:
            unlisted.append(f"{quote(name)}: paragraphs not listed: {', '.join(texts)}.")
    if any(counts.other for counts in facets.values()):
        unlisted.append("More values: raise limit, or give contains.")
    messages = [f"Facets: {quote(', '.join(facets))}."] if len(facets) > 1 else []
    messages += [] if rows else ["No paragraph has a value of this facet under these conditions; drop one of them."]
    return Answer(
        {"facets": {name: _without(facet_to_json(counts), "values") for name, counts in facets.items()}},
        "values",
        rows,
        messages,
        lambda shown: [*_left_out(len(rows) - shown, "values", _MORE_TEXT), *unlisted],
    )


def coverage_answer(coverage: Coverage) -> Answer:
    """Return the answer with the numbers of reports."""
    rows = list(coverage_rows(coverage))
    unplaced = f", {coverage.unplaced} of them in no line" if coverage.unplaced else ""
    axes = f"{quote(coverage.rows_by)} by {quote(coverage.cols_by)}"
    head = f"{coverage.documents} reports{unplaced}. Numbers of reports, {axes}:"
    facts = _without(coverage_to_json(replace(coverage, cells=())), "cells")
    return Answer(facts, "cells", rows, [head], _lines_left_out(rows))


def add_query(answer: Answer, results: Results) -> Answer:
    """Add to an answer of facets or coverage how its query was read. `results`: the results of this query."""
    names = ("relaxed", "understood_filters", "notes", "note_codes")
    facts = {name: value for name, value in results_to_json(results).items() if name in names}
    relaxed = "No paragraph holds all of the query; the numbers are of those that hold some of it."
    lines = [*[relaxed] * results.relaxed, *_query_lines(results)]
    return replace(answer, facts={**facts, **answer.facts}, messages=[*answer.messages, *lines])


def audit_answer(audit: Audit, limit: int) -> Answer:
    """Return the answer with the first `limit` findings."""
    rows = list(finding_rows(audit.findings[:limit]))
    counts = ", ".join(f"{kind} {count}" for kind, count in audit.counts.items())
    head = f"{len(audit)} findings: {counts}." if counts else "Nothing contradicts or repeats itself."

    def ends(shown: int) -> list[str]:
        """Say how many findings are left out."""
        way = _MORE_TEXT if shown < len(rows) else f"raise limit, or {_NARROW}"
        return _left_out(len(audit) - shown, "findings", way)

    return Answer({"counts": audit.counts}, "findings", rows, [head], ends)


def _document_facts(document: Document | None) -> tuple[dict[str, Any], list[str]]:
    """Return the facts about a document as data, and as a line."""
    if document is None:
        return {"document": None}, []
    return {"document": to_json(document)}, [f"[{plain(document.document)}] {document_line(document)}"]


def _without(data: Mapping[str, Any], *names: str) -> dict[str, Any]:
    """Return a JSON object without some fields."""
    return {name: value for name, value in data.items() if name not in names}


def _left_out(count: int, what: str, way: str) -> list[str]:
    """Return the line that says how many rows are left out, and how to get them."""
    return [f"Left out: {count} {what}. To see them: {way}."] if count > 0 else []


def _lines_left_out(rows: Sequence[Row], more: Sequence[str] = ()) -> Callable[[int], list[str]]:
    """Return the function that says how many lines of a table are left out. `more`: further lines."""
    return lambda shown: [*_left_out(len(rows) - shown, "lines", f"{_MORE_TEXT}, or {_NARROW}"), *more]


def _query_lines(results: Results | MeasureResults | Comparison) -> list[str]:
    """Return the lines about how a query was read."""
    lines = [f"Note: {quote(note)}" for note in results.notes]
    for item in results.understood_filters:
        values = f"{item.facet} {', '.join(plain(value) for value in item.values)}"
        effect = "narrow to" if item.strict else "only add to the score of"
        lines.append(f"The words {quote(item.words)} {effect} {quote(values)}; in quotation marks they are words.")
    return lines


def _suggestion_lines(tool: str, suggestions: Iterable[Suggestion]) -> list[str]:
    """Return a line for each suggestion: another search, and the number of its results."""
    lines = []
    for item in suggestions:
        filters = {name: list(values) for name, values in item.filters.items()}
        with_filters = f" and filters {dumps(sanitize_all(filters))}" if filters else ""
        lines.append(f"{tool} with query {quote(item.query)}{with_filters} finds {item.total}.")
    return lines
