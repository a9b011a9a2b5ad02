"""The tools: what each is for, its parameters, and how it reads an index."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from searchkit.assistants.arguments import number
from searchkit.errors import UsageError
from searchkit.index import IndexState
from searchkit.output.answers.answer import Answer
from searchkit.output.answers.kinds import (
    add_query,
    audit_answer,
    comparison_answer,
    coverage_answer,
    excerpt_answer,
    facets_answer,
    measures_answer,
    outline_answer,
    search_answer,
)
from searchkit.web.parameters import FILTER_NAMES, MAX_OFFSET, PARAMETERS, Parameter

Arguments = dict[str, Any]
MAX_HITS, MAX_MEASURES, MAX_CELLS, MAX_AROUND = 20, 50, 1_000, 5
"""Maximum numbers of hits, of measures, of cells of a comparison, and of paragraphs on each side of a paragraph."""


@dataclass(frozen=True, slots=True)
class Tool:
    """A tool of the server: a question that a model can ask about an index."""

    name: str
    title: str
    """Its name for people."""
    description: str
    """What the tool is for. A model reads it to choose a tool."""
    read: Callable[[IndexState, Arguments], Answer]
    """Answers a call. Its arguments are the state of an index, and the values that `arguments.read_arguments` returned
    for the call. Raises the exceptions of the methods of `IndexState`, and UsageError for an id that names nothing."""
    parameters: tuple[Parameter, ...] = ()
    """Its parameters, without `filters` and those that all tools have (`max_characters`; `index` if there are several
    indexes)."""
    required: tuple[str, ...] = ()
    """Names of the parameters that a call must have."""
    has_filters: bool = True
    """Whether it takes filters."""
    is_heavy: bool = False
    """Whether a call takes long. Of all calls of such tools, only `HEAVY_REQUESTS` (one) run at a time."""


def _search(index: IndexState, arguments: Arguments) -> Answer:
    """Answer with paragraphs."""
    return search_answer(index.search(arguments.pop("query"), **arguments), MAX_OFFSET)


def _measures(index: IndexState, arguments: Arguments) -> Answer:
    """Answer with measures."""
    return measures_answer(index.measures(arguments.pop("query"), **arguments), MAX_MEASURES)


def _compare(index: IndexState, arguments: Arguments) -> Answer:
    """Answer with a table."""
    return comparison_answer(index.compare(arguments.pop("query"), **arguments), MAX_CELLS)


def _read(index: IndexState, arguments: Arguments) -> Answer:
    """Answer with the paragraphs or the table that an id names, or with the outline of its report (`outline`)."""
    found = index.excerpt(arguments["id"], arguments["around"])
    if found is None:
        raise UsageError(f"there is no record {arguments['id']!r}; ids stand in brackets in the answers of search")
    document = index.document(found.document)
    if arguments.get("outline") and document:
        is_record = index.paragraph(found.document) is not None
        return outline_answer(document, index.outline(found.document), is_record=is_record)
    return excerpt_answer(found, document, MAX_AROUND)


def _facets(index: IndexState, arguments: Arguments) -> Answer:
    """Answer with the values of the facet `name`. If it is not given, answer with those of all facets but document."""
    return _add_query(facets_answer(index.facets(arguments.pop("name", ()), **arguments)), index, arguments)


def _coverage(index: IndexState, arguments: Arguments) -> Answer:
    """Answer with the numbers of reports."""
    return _add_query(coverage_answer(index.coverage(**arguments)), index, arguments)


def _add_query(answer: Answer, index: IndexState, arguments: Arguments) -> Answer:
    """Return an answer. If the call has a query, add to the answer how the query was read."""
    if "query" not in arguments:
        return answer
    filters = {name: value for name, value in arguments.items() if name in FILTER_NAMES}
    return add_query(answer, index.search(arguments["query"], limit=0, **filters))


def _audit(index: IndexState, arguments: Arguments) -> Answer:
    """Answer with contradictions."""
    limit = arguments.pop("limit")
    return audit_answer(index.audit(**arguments), limit)


_QUERY = PARAMETERS["query"]
_NAME = replace(PARAMETERS["name"], help=f"{PARAMETERS['name'].help} Without it, all facets are counted.")
_AROUND = replace(number("context", 0, MAX_AROUND), name="around", help="Paragraphs before and after that of the id.")
_OUTLINE = Parameter("outline", "Return the headings of the report of the id instead of its text.", kind="flag")
_ROWS = PARAMETERS["rows"]
_COVERAGE_COLS = replace(PARAMETERS["cols"], default="year")

TOOLS: Mapping[str, Tool] = {
    tool.name: tool
    for tool in (
        Tool(
            "search",
            "Search paragraphs",
            'Find paragraphs of Chinese government reports by words, "exact text" or numbers, best first. The year of '
            "a report is year, the year that a paragraph is about of_year.",
            _search,
            (_QUERY, number("limit", 8, MAX_HITS), PARAMETERS["offset"]),
            ("query",),
        ),
        Tool(
            "measures",
            "Look up figures",
            "Look up figures by what they count (立案, 地区生产总值): value, unit, year, status, sentence.",
            _measures,
            (_QUERY, PARAMETERS["unit"], PARAMETERS["min"], PARAMETERS["max"], number("limit", 15, MAX_MEASURES)),
            ("query",),
        ),
        Tool(
            "compare",
            "Compare a figure",
            "Tabulate one figure over places, years or other facets. Each value has the id of its sentence; what has "
            "no figure is named, with the reason.",
            _compare,
            (_QUERY, _ROWS, replace(PARAMETERS["cols"], default="of_year"), number("max_cells", 120, MAX_CELLS)),
            ("query",),
            is_heavy=True,
        ),
        Tool(
            "read",
            "Read a report",
            "Read what an id names: a paragraph with those around it, a figure, a table, a report, or its outline.",
            _read,
            (PARAMETERS["id"], _AROUND, _OUTLINE),
            ("id",),
            has_filters=False,
        ),
        Tool(
            "facets",
            "List places, years, topics",
            "List the values of a facet (places, years, bodies, topics) that a filter can have, with exact counts of "
            "paragraphs and reports, also of those that a query finds.",
            _facets,
            (_NAME, _QUERY, PARAMETERS["contains"], PARAMETERS["within"], number("limit", 30, 500)),
        ),
        Tool(
            "coverage",
            "See which reports there are",
            "Count the reports by two facets, places by years. No report is not the same as nothing done.",
            _coverage,
            (_ROWS, _COVERAGE_COLS, _QUERY),
            is_heavy=True,
        ),
        Tool(
            "audit",
            "Find contradictions",
            "List figures that contradict each other: parts and totals, shares, changes, two values of one figure.",
            _audit,
            (number("limit", 20, 100),),
            is_heavy=True,
        ),
    )
}
"""The tools by name."""
