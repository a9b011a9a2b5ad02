"""The pages about the index: which reports there are, what contradicts itself, and the state of the index."""

from __future__ import annotations

from typing import Any, NamedTuple

from searchkit import __version__
from searchkit.compare.facts import sentence_at
from searchkit.compare.findings import Finding
from searchkit.model import LEFT_OUT
from searchkit.names import BUILT_IN_FACETS
from searchkit.web.data import audit_measures, folder_name
from searchkit.web.frame import Frame, Link
from searchkit.web.links import page_links, paragraph_url, split_id
from searchkit.web.openapi import SUMMARIES
from searchkit.web.parameters import FILTER_NAMES, State

_MAX_SHOWN_ROWS, _MAX_SHOWN_COLS = 400, 100
"""Maximum numbers of rows and columns of a matrix on the page. The downloads have all."""
_FINDINGS_PER_PAGE = 40
_MAX_LISTED = 100
"""Maximum number of problems of each kind on the page."""
_NEED_PARAMETERS = {"compare", "document", "paragraph", "suggest", "analyze"}
"""Endpoints whose data needs parameters."""
_AXES = ("district", "district:1", "district:2", "year", "of_year", "agency", "doctype", "section", "topic")
"""Built-in facets that the page of coverage offers for rows and columns."""


class MatrixCell(NamedTuple):
    """A cell of the matrix: the number of reports with the values of its row and its column."""

    documents: int
    shade: int
    """From 0 (none) to 4."""
    url: str
    title: str


class FindingView(NamedTuple):
    """A finding of the audit."""

    kind: str
    message: str
    sentences: list[tuple[str, str, str]]
    """Each sentence with the id of its document and the URL of its paragraph."""


def coverage_page(frame: Frame) -> tuple[str, dict[str, Any]]:
    """Return the name of the template and its values for the numbers of reports by two facets."""
    state, words = frame.state, frame.words
    rows, cols = state["rows"], state["cols"] or "year"
    coverage = frame.index.coverage(rows, cols, **state.filter_arguments())
    width = len(coverage.cols)
    shown_cols = coverage.cols[:_MAX_SHOWN_COLS]
    most = max((cell.documents for cell in coverage.cells), default=0)
    table = []
    for y, row in enumerate(coverage.rows[:_MAX_SHOWN_ROWS]):
        cells = []
        by_row = _filter_change(state, rows, row)
        narrowed = state.replaced(**by_row)  # two filters by facets of the user share the parameter `where`
        for x, col in enumerate(shown_cols):
            cell = coverage.cells[y * width + x]
            changes = {**by_row, **_filter_change(narrowed, cols, col)}
            url = frame.url("search", **changes) if cell.documents else ""
            shade = min(4, 1 + 3 * cell.documents // max(most, 1)) if cell.documents else 0
            note = words("reports_n", n=cell.documents) if cell.documents else words["gap"]
            cells.append(MatrixCell(cell.documents, shade, url, f"{row} {col}：{note}"))
        table.append((row, cells))
    own = [name for name in frame.index.facet_names if name not in BUILT_IN_FACETS]
    axes = [(name, _axis_label(frame, name)) for name in (*_AXES, *own)]
    return "coverage", frame.page_context(
        f"{words['coverage_title']} · {frame.title}",
        coverage=coverage,
        chips=frame.chips(),
        clear_url=frame.clear_url,
        cols=shown_cols,
        table=table,
        gaps=sum(not cell.documents for cell in coverage.cells),
        axes=axes,
        rows_by=rows,
        cols_by=cols,
        row_label=words.facet(rows),
        carried=[(name, value) for name in ("query", *FILTER_NAMES) for value in state.all(name)],
        is_cut=len(coverage.rows) > _MAX_SHOWN_ROWS or width > _MAX_SHOWN_COLS,
        shown=(min(len(coverage.rows), _MAX_SHOWN_ROWS), len(shown_cols)),
        downloads=frame.downloads(),
    )


def _axis_label(frame: Frame, name: str) -> str:
    """Return the label of a facet. That of `district:1` ends in the number: Place 1."""
    label = frame.words.facet(name)
    depth = name.partition(":")[2]
    return f"{label} {depth}" if depth else label


def _filter_change(state: State, facet: str, label: str | int) -> dict[str, Any]:
    """Return the change of parameters that narrows a search to a row or a column."""
    return dict(state.with_filter(facet.partition(":")[0], [str(label)]))


def audit_page(frame: Frame) -> tuple[str, dict[str, Any]]:
    """Return the name of the template and its values for the findings of an audit."""
    state, words = frame.state, frame.words
    audit = audit_measures(frame.index, state)
    offset = min(state.number("offset") or 0, len(audit))
    shown = audit.findings[offset : offset + _FINDINGS_PER_PAGE]
    kinds = []
    start = 0
    for kind, count in audit.counts.items():
        is_current = start <= offset < start + count
        kinds.append(
            Link(f"{words.finding(kind)} {count}", frame.url(offset=str(start) if start else None), is_current)
        )
        start += count
    has_more = offset + len(shown) < len(audit)
    return "audit", frame.page_context(
        f"{words['audit_title']} · {frame.title}",
        total=len(audit),
        kinds=kinds,
        findings=[_finding_view(frame, item) for item in shown],
        chips=frame.chips(),
        clear_url=frame.clear_url,
        downloads=frame.downloads(),
        pages=page_links(frame, offset, _FINDINGS_PER_PAGE, len(shown), has_more=has_more),
        first=offset + 1,
        last=offset + len(shown),
    )


def _finding_view(frame: Frame, finding: Finding) -> FindingView:
    """Return a finding as the page shows it."""
    sentences = [(text, document, paragraph_url(frame, document, n)) for text, document, n in _quoted(frame, finding)]
    facts = [finding.district, str(finding.year or ""), frame.words.message(finding.message)]
    return FindingView(frame.words.finding(finding.kind), " · ".join(filter(None, facts)), sentences)


def _quoted(frame: Frame, finding: Finding) -> list[tuple[str, str, int]]:
    """Return the sentences of a finding, each with the id of the document and the number of the paragraph it is in.

    A sentence that several paragraphs have is there for each of them.
    """
    index = frame.index
    if finding.indicator is None:  # the ids are those of paragraphs, one for each sentence
        places = [split_id(index, paragraph_id) for paragraph_id in finding.ids]
        return [(text, *place) for text, place in zip(finding.sentences, places, strict=True)]
    found = index.measures_of([measure_id.rpartition("@")[0] for measure_id in finding.ids])
    by_id = {measure.id: measure for measures in found for measure in measures}
    measures = [by_id[measure_id] for measure_id in finding.ids]
    quoted = [(sentence_at(item.source.text, item.start, item.end), item.document, item.source.n) for item in measures]
    return list(dict.fromkeys(quoted))


def _content_lines(text: str) -> list[str]:
    """Return the lines of a file of words without comments and empty lines."""
    return [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#")]


def about_page(frame: Frame) -> tuple[str, dict[str, Any]]:
    """Return the name of the template and its values for the state of the index."""
    index, words = frame.index, frame.words
    info: dict[str, Any] = index.info()
    facts = [
        (words["built"], str(info["built"]).replace("T", " ").removesuffix("+00:00") + " UTC"),
        (words["corpus"], folder_name(info["corpus"])),
        (words["size"], f"{info['bytes'] / 1_000_000:,.1f} MB"),
        (words["engine"], info["engine"]),
        (words["format"], str(info["format"])),
        (words["analyzer"], info["analyzer"]),
        (words["facets"], words.join([words.facet(name) for name in index.facet_names])),
        (words["verified"], words[f"verified_{info['verified']}"]),
        (words["version"], __version__),
    ]
    undecided = [  # text that was left out on purpose is no undecided fact
        (document.document, warning)
        for document in index.documents()
        for warning in document.warnings
        if not warning.startswith(LEFT_OUT)
    ]
    lists = [
        (words["not_read"], [(item["path"], item["reason"]) for item in index.problems()]),
        (words["duplicates"], [(item["path"], item["reason"]) for item in index.duplicates()]),
        (words["undecided"], undecided),
    ]
    lexicon = index.analyzer.lexicon
    suffixes = [
        Link(name, frame.url(None, f".{suffix}"))
        for name, suffix in (("CSV", "csv"), ("Excel", "xlsx"), ("JSON", "json"))
    ]
    return "about", frame.page_context(
        f"{words['about_title']} · {frame.title}",
        counts=[
            (info["documents"], words["in_reports"]),
            (info["paragraphs"], words["paragraphs"]),
            (info["measures"], words["measures_n"]),
        ],
        facts=facts,
        lists=[(name, items[:_MAX_LISTED], len(items)) for name, items in lists],
        document_urls={path: frame.url("document", id=path) for path, _ in undecided[:_MAX_LISTED]},
        words=[word for line in _content_lines(lexicon.words) for word in line.split()],
        synonyms=[" = ".join(part.strip() for part in line.split("=")) for line in _content_lines(lexicon.synonyms)],
        api=[
            (f"/{name}.json", words.message(summary), "" if name in _NEED_PARAMETERS else f"{frame.root}{name}.json")
            for name, summary in SUMMARIES.items()
            if name != "about" and (name != "watches" or frame.is_private)
        ],
        watches_url=frame.url("watches") if frame.is_private else "",
        downloads=suffixes,
        openapi=frame.root + "openapi.json",
    )
