"""Results for people to read: pages of hits and measures, tables of facets, single records."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from typing import TYPE_CHECKING

from searchkit.output.cells import one_line, plain
from searchkit.search.snippets import highlighted
from searchkit.text.characters import safe

if TYPE_CHECKING:
    from searchkit.model import Document, Measure, Paragraph
    from searchkit.query.facets import FacetCounts
    from searchkit.search.lookup import MeasureHit, MeasureResults
    from searchkit.search.results import Hit, Results
    from searchkit.search.snippets import Snippet

SHOWN_VALUES = 10
"""Values of a facet in a table; the rest is summed up in its last line."""

_BOUND = {"exact": "", "approx": "≈", "at_least": "≥", "at_most": "≤"}
_CHANGE = {None: "", "increase": "↑", "decrease": "↓"}
_BOLD, _PLAIN, _DIM = "\x1b[1;31m", "\x1b[0m", "\x1b[2m"


def table(rows: Sequence[Sequence[object]], headers: Sequence[str]) -> str:
    """An aligned table; Chinese characters take two columns."""
    if not rows:
        return ""
    from tabulate import tabulate  # noqa: PLC0415 - 30 ms that only tables need

    shown = [[safe(cell) if isinstance(cell, str) else cell for cell in row] for row in rows]
    return tabulate(shown, headers=list(map(safe, headers)), tablefmt="simple", disable_numparse=True) + "\n"


def results(found: Results, *, colour: bool) -> str:
    """A page of hits for people to read, with the facets below."""
    lines = [safe(note) for note in found.notes]
    if found.relaxed:
        lines.append("Nothing holds all of the query; these hold some of its words.")
    shown = f"{found.total} paragraphs"
    if found.documents is not None:
        shown += f" in {found.documents} documents"
    lines.append(f"{shown}, {found.took_ms:.0f} ms")
    for rank, hit in enumerate(found.hits, 1):
        lines += ["", *_hit(rank, hit, colour=colour)]
    for name, counts in found.facets.items():
        lines += ["", facet(name, counts).rstrip("\n")]
    return "\n".join(lines) + "\n"


def measure_results(found: MeasureResults, *, colour: bool) -> str:
    """A page of measures for people to read."""
    lines = [safe(note) for note in found.notes]
    if found.relaxed:
        lines.append("No measure stands with all of the query; these stand with some of its words.")
    lines.append(f"{found.total} measures, {found.took_ms:.0f} ms")
    for rank, hit in enumerate(found.hits, 1):
        lines += ["", *_measure(rank, hit, colour=colour)]
    return "\n".join(lines) + "\n"


def quantity(record: Measure) -> str:
    """The value of a measure with its unit as written, and marks for what is no exact amount: ≥5000份, ↓66.67%."""
    return f"{_CHANGE[record.change]}{_BOUND[record.bound]}{record.value}{record.unit or ''}"


def facet(name: str, counts: FacetCounts, most: int | None = SHOWN_VALUES) -> str:
    """The counts of one facet as a table; `most` values and a line for the others."""
    values = counts.values if most is None else counts.values[:most]
    rows = [(f"{item.value}{' *' if item.selected else ''}", item.count) for item in values]
    left = counts.other + sum(item.count for item in counts.values[len(values) :])
    if left:
        rows.append(("(other values)", left))
    if counts.missing:
        rows.append(("(no value)", counts.missing))
    return _numbered(rows or [("(none)", 0)], (name, "paragraphs"))


def paragraph(record: Paragraph, *, is_asked_for: bool = True, colour: bool = False) -> str:
    """A paragraph in full with where it stands."""
    head = safe(f"{record.id}  {_place(record)}")
    mark = "▶ " if is_asked_for else "  "
    path = safe(" › ".join(record.path))
    shown = [f"{mark}{_dim(head, colour=colour)}"]
    if path:
        shown.append(f"  {_dim(path, colour=colour)}")
    return "\n".join([*shown, f"  {safe(record.text)}", ""])


def document(record: Document) -> str:
    """A document's fields, one a line."""
    from searchkit.model import to_json as fields_of  # noqa: PLC0415

    rows = [[name, plain(value)] for name, value in fields_of(record).items() if value not in (None, [], {}, "")]
    return table(rows, ["field", "value"])


def _hit(rank: int, hit: Hit, *, colour: bool) -> list[str]:
    text = _highlighted(hit.window, colour=colour)
    before = "…" if hit.window.start else ""
    after = "…" if hit.window.start + len(hit.snippet) < len(hit.paragraph.text) else ""
    more = f"  ({hit.matches} matches)" if hit.matches > 1 else ""
    lines = [
        f"{rank:>3}  {before}{text}{after}",
        "     " + _dim(safe(f"{hit.id}  {_place(hit.paragraph)}  {hit.score:.2f}{more}"), colour=colour),
    ]
    if hit.explanation is not None:
        words = ", ".join(f"{term} {value:.2f}" for term, value in hit.explanation.words.items())
        lines.append(
            safe(
                f"     = words ({words}) + bigrams {hit.explanation.bigrams:.2f}"
                f" + characters {hit.explanation.characters:.2f}"
            )
        )
    return lines


def _measure(rank: int, hit: MeasureHit, *, colour: bool) -> list[str]:
    place = " · ".join(part for part in (hit.district, str(hit.year) if hit.year else None, hit.agency) if part)
    return [
        f"{rank:>3}  {safe('  '.join((quantity(hit), hit.indicator, place)))}",
        f"     {_highlighted(hit.window, colour=colour)}",
        "     " + _dim(safe(f"{hit.id}  {hit.score:.2f}"), colour=colour),
    ]


def _highlighted(window: Snippet, *, colour: bool) -> str:
    return "".join(
        f"{_BOLD}{safe(piece)}{_PLAIN}" if colour and is_match else safe(piece)
        for piece, is_match in highlighted(window)
    )


def _numbered(rows: Sequence[tuple[str, int]], headers: tuple[str, str]) -> str:
    """Names with a number each, looking as `table` would make them: a search need not load tabulate for its facets."""
    names = [one_line(safe(name)).strip() for name in (headers[0], *(name for name, _ in rows))]
    numbers = [headers[1], *(str(number) for _, number in rows)]
    left = max(_columns(names[0]) + 2, *map(_columns, names[1:]))
    right = max(len(numbers[0]) + 2, *map(len, numbers[1:]))
    lines = [f"{name}{' ' * (left - _columns(name))}  {number}\n" for name, number in zip(names, numbers, strict=True)]
    return "".join([lines[0], f"{'-' * left}  {'-' * right}\n", *lines[1:]])


def _columns(text: str) -> int:
    """Columns of a terminal that a text takes."""
    marks = sum(unicodedata.category(character) in {"Mn", "Me", "Cf"} for character in text)
    return len(text) - marks + sum(unicodedata.east_asian_width(character) in {"F", "W"} for character in text)


def _place(record: Paragraph) -> str:
    parts = [record.district, str(record.year) if record.year else None, record.agency, record.section, *record.topics]
    return " · ".join(part for part in parts if part)


def _dim(text: str, *, colour: bool) -> str:
    return f"{_DIM}{text}{_PLAIN}" if colour else text
