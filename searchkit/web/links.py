"""Links and texts that several pages have: to paragraphs, to other searches, to pages of a list; citations; values."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from searchkit.index import IndexState
from searchkit.model import Measure
from searchkit.names import BUILT_IN_FACETS, MEASURE_STATUSES
from searchkit.output.cells import number_text
from searchkit.search.snippets import Snippet, split_highlights
from searchkit.search.suggestions import Suggestion
from searchkit.web.frame import Frame
from searchkit.web.parameters import FILTER_NAMES

BOUND_SIGNS = {"exact": "", "approx": "≈", "at_least": "≥", "at_most": "≤"}
_CONDITIONS = ("unit", "min", "max", "status")
"""Conditions on measures that have a value. Their names are also those of parameters and of words of the pages."""
_CONDITION = re.compile(rf"(?<!\S)({'|'.join(_CONDITIONS)}):(\S+)")
"""Matches such a condition."""
CHANGE_SIGNS = {None: "", "increase": "↑", "decrease": "↓"}


def mark(text: str, spans: Sequence[tuple[int, int]]) -> list[tuple[str, bool]]:
    """Return the pieces of a text, each with whether it is a match."""
    return split_highlights(Snippet(0, text, tuple(spans))) if spans else [(text, False)]


def split_id(index: IndexState, paragraph_id: str) -> tuple[str, int]:
    """Return the id of the document and the number of a paragraph of the index.

    If a document is a record of a file, its paragraph has the id of the document, and the number 1. This id may itself
    end like that of a paragraph: a.csv#12.
    """
    if index.document(paragraph_id) is not None:
        return paragraph_id, 1
    document, _, n = paragraph_id.rpartition("#")
    return document, int(n)


def paragraph_url(frame: Frame, document: str, n: int) -> str:
    """Return the URL of a paragraph in its document."""
    return f"{frame.url('document', id=document)}#p{n}"


def cite_text(frame: Frame, paragraph: Any) -> str:  # noqa: ANN401
    """Return the citation of a paragraph, without the link, which the script adds."""
    parts = [paragraph.district, str(paragraph.year or ""), f"《{paragraph.title}》" if paragraph.title else ""]
    return " ".join([*filter(None, parts), frame.words("paragraph_n", n=paragraph.n)])


def format_value(measure: Measure) -> str:
    """Return value and unit with signs for a bound and a change: ≥5000份, ↓66.67%."""
    # The minus of a negative value says what an arrow would say.
    sign = ("" if measure.value < 0 else CHANGE_SIGNS[measure.change]) + BOUND_SIGNS[measure.bound]
    return f"{sign}{number_text(measure.value)}{measure.unit or ''}"


def suggestion_links(frame: Frame, suggestions: Iterable[Suggestion]) -> list[tuple[str, str, int]]:
    """Return text, URL and total of each suggested search."""
    return [(_describe(frame, item), _suggestion_url(frame, item), item.total) for item in suggestions]


def _describe(frame: Frame, item: Suggestion) -> str:
    """Return what a suggested search changes. For a correction (`did_you_mean`), return its whole query."""
    words = frame.words
    if item.kind == "did_you_mean":
        return item.query
    if item.kind == "value":
        facet, values = list(item.filters.items())[-1]  # the last filter is the new one
        return words("instead", text=f"{words.facet(facet)} {values[-1]}", words=item.text)
    if item.text in {"match:all", "quotes"}:
        return words["match_any" if item.text == "match:all" else "drop_quotes"]
    if item.kind != "drop_filter":
        return words("drop", text=item.text)
    if item.text == "no-cumulative":
        return words("drop", text=words["cumulative"])

    def name_condition(match: re.Match[str]) -> str:
        """Return a condition on measures with its name in the language of the page."""
        name, value = match.groups()
        if name == "status":  # one or several; a user-defined facet can have this name, too
            value = words.join([words[item] if item in MEASURE_STATUSES else item for item in value.split(",")])
        return f"{words[name]} {value}"

    text = _CONDITION.sub(name_condition, words.tree(item.text))
    return words("drop_filter", text=text.replace("no-cumulative", words["cumulative"]))


def _suggestion_url(frame: Frame, item: Suggestion) -> str:
    """Return the URL of a suggested search."""
    changes: dict[str, Any] = dict.fromkeys(FILTER_NAMES)
    where: list[str] = []
    for facet, values in item.filters.items():
        if facet in BUILT_IN_FACETS:
            changes[facet] = tuple(values)
        else:
            where += (f"{facet}={value}" for value in values)
    if item.text == "match:all":
        changes["match"] = "any"
    if item.kind == "drop_filter":  # the text of a condition on measures begins with its name: unit:件, no-cumulative
        names = {text.partition(":")[0].replace("-", "_") for text in item.text.split()}
        changes |= dict.fromkeys(names.intersection((*_CONDITIONS, "no_cumulative")))
    return frame.url(**{**changes, "query": item.query, "where": tuple(where)})


def page_links(frame: Frame, offset: int, limit: int, shown: int, *, has_more: bool) -> dict[str, str]:
    """Return the URLs of the pages before and after, each empty if there is none.

    `shown`: number of records on this page.
    """
    before = max(offset - limit, 0)
    return {
        "previous": frame.url(offset=str(before) if before else None) if offset else "",
        "next": frame.url(offset=str(offset + shown)) if has_more else "",
    }
