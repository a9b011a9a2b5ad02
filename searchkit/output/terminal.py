"""Results as text for the terminal: pages of hits and measures, tables of facets, single records."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from searchkit.output.cells import single_line, value_text
from searchkit.search.snippets import Snippet, split_highlights
from searchkit.text.characters import display_width, sanitize
from searchkit.translation import COLUMN, FACET, in_brackets, join, ngettext, pgettext, translate
from searchkit.translation import gettext as _

if TYPE_CHECKING:
    from searchkit.compare.coverage import Coverage
    from searchkit.compare.table import Comparison
    from searchkit.engines.ranking import Explanation
    from searchkit.model import Document, Measure, Paragraph
    from searchkit.query.facets import FacetCounts
    from searchkit.query.understood import UnderstoodFilter
    from searchkit.search.lookup import AggregateGroup, MeasureHit, MeasureResults
    from searchkit.search.results import Hit, Results
    from searchkit.search.suggestions import Suggestion

_MAX_SHOWN_COPIES = 3
"""Maximum number of near-duplicates that are named below a hit."""

_MIN_COLUMN_WIDTH = 8
"""Minimum width of a column that is narrowed to fit the terminal, in columns of the terminal."""

_BOUND_SIGNS = {"exact": "", "approx": "≈", "at_least": "≥", "at_most": "≤"}
"""Bound of a measure → sign before its value."""
_CHANGE_ARROWS = {None: "", "increase": "↑", "decrease": "↓"}
"""Change of a measure → arrow before its value."""
_BOLD_RED, _RESET, _DIM = "\x1b[1;31m", "\x1b[0m", "\x1b[2m"
"""Escape sequences of ANSI terminals."""


def format_table(
    rows: Sequence[Sequence[object]], headers: Sequence[str], style: str = "simple", *, width: int | None = None
) -> str:
    """Return an aligned table, or an empty string if there are no rows. A Chinese character is two columns wide.

    Numbers are not reformatted. `style`: name of a format of tabulate. If the table is wider than `width`, in columns
    of the terminal, its widest columns are narrowed, and their cells have several lines. If that would leave a column
    less than `_MIN_COLUMN_WIDTH`, each row is a list of its fields instead.
    """
    if not rows:
        return ""
    from tabulate import tabulate  # noqa: PLC0415 - the import takes 30 ms, and only tables need it

    safe_rows = [[sanitize(cell) if isinstance(cell, str) else cell for cell in row] for row in rows]
    safe_headers = list(map(sanitize, headers))
    widths = None if width is None else _fit_columns(safe_rows, safe_headers, width)
    if widths == []:
        return _record_list(safe_rows, safe_headers)
    return (
        tabulate(
            safe_rows,
            headers=safe_headers,
            tablefmt=style,
            disable_numparse=True,
            maxcolwidths=widths,
            maxheadercolwidths=widths and [width - 2 for width in widths],  # tabulate pads each line of a header
        )
        + "\n"
    )


def _fit_columns(rows: Sequence[Sequence[object]], headers: Sequence[str], width: int) -> list[int] | None:
    """Return a maximum width for each column, with which a table is at most `width` columns of the terminal wide.

    Returns None if the table fits as it is, and an empty list if a column would be too narrow.
    """
    # tabulate makes a column at least two characters wider than its header
    widths = [
        max(display_width(line) for cell in (f"{head}  ", *column) for line in str(cell).split("\n"))
        for head, *column in zip(headers, *rows, strict=True)
    ]
    available = width - 2 * (len(widths) - 1)
    if sum(widths) <= available:
        return None
    narrow, left = 0, available
    for number, needed in enumerate(sorted(widths)):  # the narrow columns keep their width, the others share the rest
        narrow = left // (len(widths) - number)
        if needed > narrow:
            break
        left -= needed
    return [min(needed, narrow) for needed in widths] if narrow >= _MIN_COLUMN_WIDTH else []


def _record_list(rows: Sequence[Sequence[object]], headers: Sequence[str]) -> str:
    """Return each row as lines with the name and the value of each field that is not empty. A blank line ends a row."""
    widest = max(map(display_width, headers))
    names = [f"{head}{' ' * (widest - display_width(head))}" for head in headers]
    return "".join(
        "".join(f"{name}  {cell}\n" for name, cell in zip(names, row, strict=True) if cell not in ("", None)) + "\n"
        for row in rows
    )


def format_results(
    results: Results, *, colour: bool, first: int = 1, highlight: bool = False, width: int | None = None
) -> str:
    """Return a page of hits: messages about the query, number of matches, suggestions, hits, a table for each facet.

    `first` is the number of the first hit. With `highlight`, matches are between » and «. `width` is that of tables, as
    in `format_table`.
    """
    lines = query_lines(results)
    if results.relaxed:
        lines.append(relaxed_line("paragraphs"))
    if results.total_any is None:
        counts_line = _("{n} paragraphs").format(n=results.total)
    else:
        counts_line = _("{n} paragraphs with all words, {any} with some").format(n=results.total, any=results.total_any)
    if results.documents is not None:
        counts_line = _("{paragraphs} in {n} documents").format(paragraphs=counts_line, n=results.documents)
    lines.append(_("{counts}, {ms} ms").format(counts=counts_line, ms=f"{results.took_ms:.0f}"))
    hints = suggestion_lines(results.suggestions, "paragraphs")
    if not results.total and not hints:
        hints = [_("No paragraph matches. Try other words; `searchkit facets` lists what the index has.")]
    lines += hints
    for number, hit in enumerate(results.hits, first):
        lines += ["", *_hit_lines(number, hit, colour=colour, highlight=highlight)]
    for name, counts in results.facets.items():
        lines += ["", format_facet(name, counts, width).rstrip("\n")]
    return "\n".join(lines) + "\n"


def format_hits(hits: Iterable[Hit], *, colour: bool) -> str:
    """Return hits as `format_results` does, each after a blank line."""
    return "".join(
        "\n" + "".join(f"{line}\n" for line in _hit_lines(number, hit, colour=colour, highlight=False))
        for number, hit in enumerate(hits, 1)
    )


def format_measure_results(results: MeasureResults, *, colour: bool, first: int = 1, width: int | None = None) -> str:
    """Return a page of measures: messages about the query, number of measures, groups of an aggregate, and hits.

    The numbers of measures that are left out follow the number of measures. Suggestions follow if there is no measure.
    `first` is the number of the first hit. `width` is that of tables, as in `format_table`.
    """
    lines = query_lines(results)
    if results.relaxed:
        lines.append(relaxed_line("measures"))
    counts_line = _("{n} measures of {indicator}") if results.indicator else _("{n} measures")
    counts_line = counts_line.format(n=results.total, indicator=results.indicator)
    lines.append(sanitize(_("{counts}, {ms} ms").format(counts=counts_line, ms=f"{results.took_ms:.0f}")))
    if results.left_out:
        lines.append(_("Left out: {reasons}.").format(reasons=_format_reasons(results.left_out)))
    if not results.total:
        hints = suggestion_lines(results.suggestions, "measures")
        lines += hints or ([] if results.left_out else [_("No measure matches any part of the query.")])
    if results.groups and results.total:
        lines += ["", *_group_lines(results.aggregate or "", results.groups, width)]
    for number, hit in enumerate(results.hits, first):
        lines += ["", *_measure_lines(number, hit, colour=colour)]
    return "\n".join(lines) + "\n"


REASONS = {
    "other_indicator": "of other indicators",
    "similar_indicator": "with similar names",
    "other_aspect": "that are a change, an addition or a level, which the query does not ask for",
    "other_unit": "in another kind of unit",
    "other_status": "with another status (target, rule, before)",
    "cumulative": "totals or means of several years",
    "part_of_year": "of a part of a year",
    "part_of_total": "part of a total",
    "repeated": "repeated",
    "other_value": "with another value for the same place, body and year",
    "not_latest": "of another year or rank lower",
}
"""Words for each reason for which measures are left out."""


def _format_reasons(left_out: Mapping[str, int]) -> str:
    """Return the numbers of measures that are left out, by reason."""
    texts = (
        _("{n} {reason}").format(n=count, reason=_(REASONS.get(reason, reason))) for reason, count in left_out.items()
    )
    return join(texts)


def facet_label(name: str) -> str:
    """Return the name of a facet for people, also of `district:1`."""
    facet, _colon, depth = name.partition(":")
    label = pgettext(FACET, facet)
    return _("{facet}:{depth}").format(facet=label, depth=depth) if depth else label


def _group_lines(aggregate: str, groups: Sequence[AggregateGroup], width: int | None) -> list[str]:
    """Return the lines of the groups of an aggregate: group (if any has a name), value, unit and number of measures."""
    rows = [
        ["" if group.group is None else str(group.group), value_text(group.value), group.unit or "", str(group.n)]
        for group in groups
    ]
    headers = [*(pgettext(COLUMN, name) for name in ("group", aggregate, "unit")), _("n")]
    first = 0 if any(row[0] for row in rows) else 1
    table = format_table([row[first:] for row in rows], headers[first:], width=width)
    return table.rstrip("\n").split("\n")


def suggestion_lines(suggestions: Iterable[Suggestion], what: str) -> list[str]:
    """Return a line for each suggestion: what it changes, and how much it finds. `what`: paragraphs or measures."""
    counted = _("{change} {n} paragraphs.") if what == "paragraphs" else _("{change} {n} measures.")
    return [sanitize(counted.format(change=_describe(item), n=item.total)) for item in suggestions]


def _describe(suggestion: Suggestion) -> str:
    """Return in words what a suggested search changes. Options and queries are as on the command line."""
    if suggestion.kind == "did_you_mean":
        return _("Did you mean {query}?").format(query=suggestion.query)
    if suggestion.kind == "value":
        facet, values = list(suggestion.filters.items())[-1]  # the last filter is the suggested one
        return _("With --{facet} {value} instead of {text}:").format(facet=facet, value=values[0], text=suggestion.text)
    if suggestion.text == "match:all":
        return _("With --match any:")
    return _("Without {text}:").format(text=suggestion.text)


def relaxed_line(kind: str) -> str:
    """Return the message that hits match only some words of a query. `kind`: `paragraphs` or `measures`."""
    if kind == "measures":
        return _("No measure matches the whole query; these match some of its words.")
    return _("No paragraph matches the whole query; these match some of its words.")


def query_lines(results: Results | MeasureResults | Comparison) -> list[str]:
    """Return the messages about a query, and lines about the filters that were understood from its words."""
    lines = [sanitize(translate(note)) for note in results.notes]
    strict, loose = (
        _format_understood([item for item in results.understood_filters if item.strict is is_strict])
        for is_strict in (True, False)
    )
    if strict:
        lines.append(_("Understood as {filters} (--literal searches for the words instead).").format(filters=strict))
    if loose:
        text = _("Nothing matches the other words under {filters}; these words only add to the score.")
        lines.append(text.format(filters=loose))
    return lines


def _format_understood(filters: Iterable[UnderstoodFilter]) -> str:
    """Return the values of filters as text, by facet."""
    values: dict[str, dict[str | int, None]] = {}
    for item in filters:
        values.setdefault(item.facet, {}).update(dict.fromkeys(item.values))
    return sanitize(
        _("; ").join(f"{pgettext(FACET, facet)} {_join_values([*items])}" for facet, items in values.items())
    )


def _join_values(values: Sequence[str | int]) -> str:
    """Return values as text; consecutive years as a range."""
    years = [value for value in values if isinstance(value, int)]
    if len(years) > 1 and years == list(range(years[0], years[-1] + 1)):
        return f"{years[0]}..{years[-1]}"
    return join(map(str, values))


def format_quantity(measure: Measure) -> str:
    """Return value and unit as written, with signs for a bound and a change: ≥5000份, ↓66.67%.

    A negative value has no arrow, because its minus says the same: -5.2%.
    """
    arrow = "" if measure.value < 0 else _CHANGE_ARROWS[measure.change]
    return f"{arrow}{_BOUND_SIGNS[measure.bound]}{measure.value}{measure.unit or ''}"


def format_time(measure: Measure) -> str:
    """Return the year, the months and the status of a measure in brackets, to follow its name.

    What is unknown is left out, and so is the status actual. Examples: (2022), (2018–2022), (2023 01-06, target),
    (rule). Empty if nothing is left.
    """
    span = "–".join(str(year) for year in (measure.since, measure.of_year) if year is not None)
    time = " ".join(part for part in (span, measure.part) if part)
    status = "" if measure.status == "actual" else _(measure.status)
    return in_brackets(_("{time}, {status}").format(time=time, status=status) if time and status else time or status)


def format_facet(name: str, counts: FacetCounts, width: int | None = None) -> str:
    """Return the counts of a facet as a table. A star marks the values that the search is filtered by.

    The table has a line for each listed value, a line for the other values, and a line for the paragraphs without a
    value. The last two lines are left out if their counts are 0. An empty table has the line `(none)`. The documents of
    a value are shown as a part of all its documents (3 of 12), with their share in percent, unless all documents of all
    values have a match. `width`: as in `format_table`.
    """
    is_part = any(item.documents < item.all_documents for item in counts.values)
    rows = [
        (
            f"{item.value}{' *' if item.selected else ''}",
            str(item.count),
            _("{n} of {all}").format(n=item.documents, all=item.all_documents) if is_part else str(item.documents),
            *([f"{item.share:.0%}"] if is_part else []),
        )
        for item in counts.values
    ]
    names = ("paragraphs", "documents", *(["share"] if is_part else []))
    headers = (facet_label(name), *(pgettext(COLUMN, item) for item in names))
    blank = ("",) * (len(headers) - 2)
    if counts.other:
        rows.append((_("(other values)"), str(counts.other), *blank))
    if counts.missing:
        rows.append((_("(no value)"), str(counts.missing), *blank))
    return _aligned_table(rows or [(_("(none)"), "0", *blank)], headers, width)


def format_coverage(coverage: Coverage, width: int | None = None) -> str:
    """Return the numbers of reports by two facets as a table. A cell without a report has a hyphen.

    Columns that do not fit `width`, in columns of the terminal, are in further tables below.
    """
    count = len(coverage.cols)
    rows = [
        [
            str(coverage.rows[start // count]),
            *(str(cell.documents or "-") for cell in coverage.cells[start : start + count]),
        ]
        for start in range(0, len(coverage.cells), count or 1)
    ]
    headers = [facet_label(coverage.rows_by), *map(str, coverage.cols)]
    table = "\n".join(
        _aligned_table(
            [[row[0], *row[part.start : part.stop]] for row in rows], [headers[0], *headers[part.start : part.stop]]
        )
        for part in _split_columns(rows, headers, width)
    )
    text = _("{n} documents, {unplaced} of them in no cell") if coverage.unplaced else _("{n} documents")
    return f"{table}\n{text.format(n=coverage.documents, unplaced=coverage.unplaced)}\n"


def format_measure(measure: Measure) -> str:
    """Return a measure in one line: quantity, indicator, time and status."""
    name = f"{measure.indicator}{format_time(measure)}".strip()
    return sanitize(f"{format_quantity(measure)}  {name}")


def format_paragraph(
    paragraph: Paragraph, quote: tuple[int, int] | None = None, *, is_requested: bool = True, colour: bool = False
) -> str:
    """Return the full text of a paragraph with its id, facets and headings. ▶ marks the requested paragraph.

    » and « mark the span `quote`. The years that the paragraph is about are shown unless they are the year of the
    report.
    """
    years = ""
    if paragraph.of_year not in {(), (paragraph.year,)}:
        years = " · " + _("about {years}").format(years=join(map(str, paragraph.of_year)))
    head = sanitize(f"{paragraph.id}  {_facets_text(paragraph)}{years}")
    mark = "▶ " if is_requested else "  "
    path = sanitize(" › ".join(paragraph.path))
    lines = [f"{mark}{_dim(head, colour=colour)}"]
    if path:
        lines.append(f"  {_dim(path, colour=colour)}")
    text = paragraph.text
    if quote is not None:
        start, end = quote
        marked = f"»{text[start:end]}«"
        text = f"{sanitize(text[:start])}{_BOLD_RED if colour else ''}{sanitize(marked)}{_RESET if colour else ''}"
        text += sanitize(paragraph.text[end:])
    return "\n".join([*lines, f"  {text if quote else sanitize(text)}", ""])


def format_document(document: Document, width: int | None = None) -> str:
    """Return the fields of a document as a table. Empty fields are left out. `width`: as in `format_table`."""
    from searchkit.model import to_json  # noqa: PLC0415

    fields = {name: value for name, value in to_json(document).items() if value not in (None, [], {}, "")}
    if document.warnings:
        fields["warnings"] = [translate(warning) for warning in document.warnings]
    rows = [[pgettext(COLUMN, name), value_text(value)] for name, value in fields.items()]
    return format_table(rows, [_("field"), _("value")], width=width)


def _hit_lines(number: int, hit: Hit, *, colour: bool, highlight: bool) -> list[str]:
    """Return the lines of a hit: number and snippet; headings with matches; id, facets, score and missing words.

    Lines with the near-duplicates and with the explanation of the score follow, if there are any. `number`: position of
    the hit in all results, from 1.
    """
    text = _highlight(hit.window, colour=colour, highlight=highlight)
    before = "…" if hit.window.start else ""
    after = "…" if hit.window.start + len(hit.snippet) < len(hit.paragraph.text) else ""
    matches = "  " + _("({n} matches)").format(n=hit.matches) if hit.matches > 1 else ""
    matches += "  " + _("without {words}").format(words=" ".join(hit.lacks)) if hit.lacks else ""
    lines = [
        f"{number:>3}  {before}{text}{after}",
        *(f"     › {heading}" for heading in _matching_headings(hit, colour=colour, highlight=highlight)),
        "     " + _dim(sanitize(f"{hit.id}  {_facets_text(hit.paragraph)}  {hit.score:.2f}{matches}"), colour=colour),
    ]
    if hit.folded.count:
        lines.append("     " + _dim(sanitize(_folded_line(hit)), colour=colour))
    if hit.explanation is not None:
        lines.append(sanitize(_explanation_line(hit.explanation)))
    return lines


def _folded_line(hit: Hit) -> str:
    """Return the number of the near-duplicates under a hit, and some of their ids, in one line."""
    count, ids = hit.folded.count, hit.folded.ids[:_MAX_SHOWN_COPIES]
    names = join(ids)
    if count > len(ids):
        names = _("{names} and {n} more").format(names=names, n=count - len(ids))
    return ngettext("= {n} copy: {ids}", "= {n} copies: {ids}", count).format(n=count, ids=names)


def _matching_headings(hit: Hit, *, colour: bool, highlight: bool) -> Iterator[str]:
    """Yield the headings of a hit, and its title, that contain a match. Skips headings that the text repeats."""
    for number, heading in enumerate(hit.paragraph.path):
        spans = tuple(span for heading_number, *span in hit.path_spans if heading_number == number)
        if spans and heading not in hit.paragraph.text:
            snippet = Snippet(0, heading, tuple((start, end) for start, end in spans))
            yield _highlight(snippet, colour=colour, highlight=highlight)
    if hit.title_spans and hit.paragraph.title:
        yield _highlight(Snippet(0, hit.paragraph.title, hit.title_spans), colour=colour, highlight=highlight)


def _explanation_line(explanation: Explanation) -> str:
    """Return the parts of a score as a sum, in one line."""
    text = _("= words ({words}) + bigrams {bigrams} + characters {characters}")
    if explanation.complete:
        text = _("= words ({words}) + bigrams {bigrams} + characters {characters} + all words {complete}")
    return "     " + text.format(
        words=", ".join(f"{term} {value:.2f}" for term, value in explanation.words.items()),
        bigrams=f"{explanation.bigrams:.2f}",
        characters=f"{explanation.characters:.2f}",
        complete=f"{explanation.complete:.2f}",
    )


def _measure_lines(number: int, hit: MeasureHit, *, colour: bool) -> list[str]:
    """Return the lines of a measure: number, quantity, indicator, time and facets, then the snippet, then id and score.

    `number`: position of the measure in all results, from 1.
    """
    facets = " · ".join(part for part in (hit.district, str(hit.year) if hit.year else None, hit.agency) if part)
    name = f"{hit.indicator}{format_time(hit)}".strip()
    return [
        f"{number:>3}  {sanitize('  '.join((format_quantity(hit), name, facets)))}",
        f"     {_highlight(hit.window, colour=colour)}",
        "     " + _dim(sanitize(f"{hit.id}  {hit.score:.2f}"), colour=colour),
    ]


def _highlight(snippet: Snippet, *, colour: bool, highlight: bool = False) -> str:
    """Return the text of a snippet. With `colour`, matches are bold and red. With `highlight`, » and « mark them."""
    before, after = ("»", "«") if highlight else ("", "")
    if colour:
        before, after = f"{_BOLD_RED}{before}", f"{after}{_RESET}"
    return "".join(
        f"{before}{sanitize(piece)}{after}" if is_match else sanitize(piece)
        for piece, is_match in split_highlights(snippet)
    )


def _split_columns(rows: Sequence[Sequence[str]], headers: Sequence[str], width: int | None) -> Iterator[range]:
    """Yield the range of columns of each table that fits a width. No range has column 0, which all tables repeat.

    Yields nothing without rows.
    """
    if not rows:
        return
    widths = [
        2 + max(display_width(head) + 2, *map(display_width, column))
        for head, *column in zip(headers, *rows, strict=True)
    ]
    start, used = 1, 0
    for number, needed in enumerate(widths[1:], 1):
        used += needed
        if width is not None and number > start and widths[0] - 2 + used > width:
            yield range(start, number)
            start, used = number, needed
    yield range(start, len(widths))


def _aligned_table(rows: Sequence[Sequence[str]], headers: Sequence[str], width: int | None = None) -> str:
    """Return the table that `format_table` returns, with cells of one line.

    It imports tabulate only if the table is wider than `width`, so that searches start faster.
    """
    if width is not None and _fit_columns(rows, headers, width) is not None:
        return format_table(rows, headers, width=width)
    cells = [[single_line(sanitize(cell)).strip() for cell in row] for row in (headers, *rows)]
    # tabulate makes a column at least two characters wider than its header
    widths = [max(display_width(head) + 2, *map(display_width, column)) for head, *column in zip(*cells, strict=True)]
    padded = [
        [cell + " " * (width - display_width(cell)) for cell, width in zip(row, widths, strict=True)] for row in cells
    ]
    padded.insert(1, ["-" * width for width in widths])
    return "".join(f"{'  '.join(row).rstrip()}\n" for row in padded)


def _facets_text(paragraph: Paragraph) -> str:
    """Return district, year, agency, section and topics of a paragraph in one line."""
    year = str(paragraph.year) if paragraph.year else None
    parts = [paragraph.district, year, paragraph.agency, paragraph.section, *paragraph.topics]
    return " · ".join(part for part in parts if part)


def _dim(text: str, *, colour: bool) -> str:
    """Return a text that a terminal shows dim if `colour` is on."""
    return f"{_DIM}{text}{_RESET}" if colour else text
