"""The page of a search: the number of hits, the hits with their measures, and other searches."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from typing import Any, NamedTuple

from searchkit.search.results import Hit
from searchkit.search.snippets import split_highlights
from searchkit.web.data import search_arguments
from searchkit.web.faceting import TREE, facet_views, listed_facets
from searchkit.web.frame import Frame, Link
from searchkit.web.links import (
    cite_text,
    format_value,
    mark,
    page_links,
    paragraph_url,
    split_id,
    suggestion_links,
)
from searchkit.web.parameters import FILTER_NAMES

PAGE_SIZE = 20
"""Number of hits on a page, unless the parameter `limit` is a number above 0."""
_MAX_MEASURES = 4
"""Maximum number of measures beside a snippet."""
_OPERATORS = frozenset('"“”「」『』()（）[]［］|｜^＾*＊:：')
"""Characters of operators. A query with one of them may mean something else than its plain words."""


class SnippetMeasure(NamedTuple):
    """A measure beside a snippet."""

    name: str
    value: str
    url: str
    title: str


class HitView(NamedTuple):
    """A hit, as the template shows it. Pieces of text are pairs: the text, and whether it is a match."""

    url: str
    id: str
    anchor: str
    """Id of the HTML element of the hit."""
    place: str
    year: str
    title: Sequence[tuple[str, bool]]
    path: Sequence[Sequence[tuple[str, bool]]]
    pieces: Sequence[tuple[str, bool]]
    """The snippet."""
    starts_inside: bool
    """Whether text precedes the snippet."""
    ends_inside: bool
    """Whether text follows the snippet."""
    measures: Sequence[SnippetMeasure]
    section: Link | None
    tags: Sequence[Link]
    lacks: str
    """Sentence about the parts of the query that the hit lacks. Empty if it has all parts."""
    same: int
    """Number of near-duplicates that are folded under the hit."""
    same_links: Sequence[Link]
    """Links to the first three of them."""
    matches: int
    """Number of paragraphs of its report that match, if hits are grouped by report."""
    cite: str
    """Text that cites it."""
    context_url: str
    n: int
    """Number of the paragraph in its document."""


def search_page(frame: Frame) -> tuple[str, dict[str, Any]]:
    """Return the name of the template and its values for a search, or for the start page without query and filters."""
    state = frame.state
    names = ["year", TREE, *listed_facets(frame)]
    is_start = not state["query"] and not state.filters
    if is_start:
        counts = frame.index.facets(names)
        return "start", frame.page_context(
            frame.title, facets=facet_views(frame, counts), chips=[], examples=_examples(frame)
        )
    arguments = search_arguments(state)
    if "fold" not in state.values and not state["group"]:
        arguments["fold"] = True
    limit = state.number("limit") if "limit" in state.values else PAGE_SIZE
    offset = state.number("offset") or 0
    results = frame.index.search(
        state["query"],
        **arguments,
        facets=names,
        facet_limit=None,
        count_documents=True,
        limit=limit or PAGE_SIZE,
        offset=offset,
    )
    query = state["query"] or "*"
    return "search", frame.page_context(
        f"{query} · {frame.title}",
        facets=facet_views(frame, results.facets),
        chips=frame.chips(results.understood_filters),
        clear_url=frame.clear_url if state.filters or state["literal"] else "",
        results=results,
        hits=[_hit_view(frame, hit) for hit in results.hits],
        understood=frame.words.tree(results.understood) if _needs_explaining(state["query"]) else "",
        views=_switch(frame, "group", [("each_paragraph", ""), ("by_report", "document")]),
        orders=_switch(frame, "sort", [("relevance", "score"), ("newest", "-year"), ("oldest", "year")]),
        downloads=frame.downloads(limit="all"),
        suggestions=suggestion_links(frame, results.suggestions),
        parts=_part_links(frame) if not results.total else [],
        pages=page_links(frame, offset, limit or PAGE_SIZE, len(results.hits), has_more=results.next is not None),
        first=offset + 1,
        last=offset + len(results.hits),
    )


def _examples(frame: Frame) -> list[Link]:
    return [Link(query, frame.url("search", query=query)) for query in frame.words.example_queries()]


def _needs_explaining(query: str) -> bool:
    """Return whether a query may be read in another way than it was typed: it has operators."""
    query = unicodedata.normalize("NFKC", query)  # full-width operators (－立案, ＯＲ) are operators, too
    words = query.split()
    return not _OPERATORS.isdisjoint(query) or any(word in {"AND", "OR", "NOT"} or word[0] == "-" for word in words)


def _switch(frame: Frame, name: str, choices: Sequence[tuple[str, str]]) -> list[Link]:
    """Return the links that set a parameter, with the current one marked.

    `choices`: the key of the text of each link (`Words`), and the value that it sets. An empty value removes the
    parameter.
    """
    current = frame.state[name]
    return [Link(frame.words[text], frame.url(**{name: value or None}), value == current) for text, value in choices]


def _hit_view(frame: Frame, hit: Hit) -> HitView:
    """Return a hit as the page shows it."""
    words = frame.words
    paragraph, window = hit.paragraph, hit.window
    end = window.start + len(window.text)
    url = paragraph_url(frame, hit.document, hit.n)
    tags = [Link(topic, frame.toggle_url("topic", topic)) for topic in hit.topics]
    if hit.agency and hit.agency != "人民政府":  # which says no more than the place
        tags.append(Link(hit.agency, frame.toggle_url("agency", hit.agency)))
    section = None
    if hit.section and hit.section != "其他":  # which names no part of a report
        section = Link(hit.section, frame.toggle_url("section", hit.section))
    title = hit.title or words["untitled"]
    return HitView(
        url,
        hit.id,
        f"h-{hit.id}",
        hit.district or "",
        str(hit.year or ""),
        mark(title, hit.title_spans if hit.title else ()),
        [
            mark(heading, [(start, stop) for number, start, stop in hit.path_spans if number == level])
            for level, heading in enumerate(hit.path)
        ],
        split_highlights(window),
        window.start > 0,
        end < len(paragraph.text),
        _snippet_measures(frame, hit, window.start, end),
        section,
        tags,
        words("lacks", words=words.join(hit.lacks)) if hit.lacks else "",
        hit.folded.count,
        [Link(name, paragraph_url(frame, *split_id(frame.index, name))) for name in hit.folded.ids[:3]],
        hit.matches,
        cite_text(frame, paragraph),
        frame.url("paragraph", id=hit.id, context="2"),
        hit.n,
    )


def _snippet_measures(frame: Frame, hit: Hit, start: int, end: int) -> list[SnippetMeasure]:
    """Return at most `_MAX_MEASURES` measures of a snippet, in the order of the text.

    If there are more, those with a match in their quotes are preferred.
    """
    inside = [measure for measure in hit.measures if start <= measure.start and measure.end <= end]
    if len(inside) > _MAX_MEASURES:
        ranked = sorted(
            inside, key=lambda item: not any(item.start < stop and item.end > first for first, stop in hit.spans)
        )
        inside = sorted(ranked[:_MAX_MEASURES], key=lambda item: item.start)
    return [
        SnippetMeasure(
            measure.indicator,
            format_value(measure),
            frame.url("compare", query=measure.indicator, unit=measure.unit),
            f"{measure.indicator} {format_value(measure)}",
        )
        for measure in inside
    ]


def _part_links(frame: Frame) -> list[tuple[str, str, int]]:
    """Return the parts of the query, and its words that are understood as filters.

    With each of them come the URL and the number of hits of a search for it alone.
    """
    state = frame.state
    options = state.option_arguments(("literal", "match"))
    conditions = frame.index.conditions(state["query"], **options, **state.filter_arguments())
    everything: dict[str, Any] = {**dict.fromkeys(FILTER_NAMES), "query": None}
    return [
        (item.text, frame.url(**{**everything, "query": item.text}), item.alone)
        for item in conditions
        if item.kind != "filter"
    ]
