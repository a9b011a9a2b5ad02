"""Sets the tables of the table corpus on pages: PDF and OFD, with and without rules."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from description import Sample, SampleCell, expand

sys.path.append(str(Path(__file__).parents[1] / "corpus" / "formats"))

from typesetting import HEIGHT, PrintedLine, half_width_ascii, wrap_text

_LEFT, _WIDTH, _TOP, _BOTTOM = 72.0, 451.0, 90.0, 770.0
"""Left edge, width, top and bottom of the text area of a page, in points. The origin is the upper left corner."""
_SIZE, _SMALL, _LEADING, _PADDING = 14.0, 10.0, 24.0, 4.0
"""Font sizes of paragraphs and of cells, distance of the lines of paragraphs, and padding of a cell, in points. In a
table of ten or more columns, cells have a smaller font."""

Rule = tuple[float, float, float, float]
"""Start (x, y) and end (x, y) of a rule, in points from the upper left corner of the page."""


@dataclass
class _Page:
    lines: list[PrintedLine] = field(default_factory=list)
    rules: list[Rule] = field(default_factory=list)


class _Setter:
    """Sets lines and tables on pages, from top to bottom."""

    def __init__(self, *, is_ruled: bool) -> None:
        self.pages = [_Page()]
        self._y = _TOP
        self._is_ruled = is_ruled

    def _break_page(self) -> None:
        self.pages.append(_Page())
        self._y = _TOP

    def add_lines(self, text: str, size: float = _SIZE, *, is_centred: bool = False) -> None:
        """Set a paragraph."""
        indent = 0.0 if is_centred else 2 * size
        for n, line in enumerate(wrap_text(text, size, _WIDTH, indent, half_width_ascii)):
            if self._y + _LEADING > _BOTTOM:
                self._break_page()
            x = _LEFT + (0 if n else indent)
            if is_centred:
                x = _LEFT + (_WIDTH - half_width_ascii(line, size)) / 2
            self.pages[-1].lines.append(PrintedLine(line, x, self._y + size, size))
            self._y += _LEADING

    def add_table(self, sample: Sample) -> None:
        """Set a table on at least `Sample.pages` pages. Its header is repeated on each page."""
        grid = expand(sample.all_rows)
        size = _SMALL if len(grid[0]) < 10 else 7.0
        edges = _column_edges(grid, size)
        heights = _row_heights(grid, edges, size)
        header = len(sample.header)
        start = header
        per_page = -(-(len(grid) - header) // sample.pages)
        while start < len(grid):
            end, height = start, sum(heights[:header])
            while end < len(grid) and end - start < per_page and self._y + height + heights[end] <= _BOTTOM:
                height += heights[end]
                end += 1
            if end == start:
                self._break_page()
                continue
            rows = [*range(header), *range(start, end)]
            self._draw(grid, rows, edges, heights, size)
            start = end
            if start < len(grid):
                self._break_page()

    def _draw(
        self, grid: list[list[SampleCell]], rows: list[int], edges: list[float], heights: list[float], size: float
    ) -> None:
        """Draw some rows of a table on the last page.

        `grid`: the cells at each place of the table; a cell over several places is at each of them. `rows`: indexes of
        the rows. `edges`: the left edge of each column, and the right edge of the last one. `heights`: of all rows.
        """
        page = self.pages[-1]
        tops = [self._y]
        for r in rows:
            tops.append(tops[-1] + heights[r])
        for k, r in enumerate(rows):
            for c, cell in enumerate(grid[r]):
                is_first = (not c or grid[r][c - 1] is not cell) and (not k or grid[rows[k - 1]][c] is not cell)
                if not is_first:
                    continue
                last_column = c
                while last_column + 1 < len(grid[r]) and grid[r][last_column + 1] is cell:
                    last_column += 1
                last_row = k
                while last_row + 1 < len(rows) and grid[rows[last_row + 1]][c] is cell:
                    last_row += 1
                x, x2, y, y2 = edges[c], edges[last_column + 1], tops[k], tops[last_row + 1]
                if self._is_ruled:
                    page.rules += [(x, y, x2, y), (x, y2, x2, y2), (x, y, x, y2), (x2, y, x2, y2)]
                lines = (
                    wrap_text(cell.text, size, x2 - x - 2 * _PADDING + 0.1, 0, half_width_ascii) if cell.text else []
                )
                top = (y + y2 - len(lines) * size * 1.4) / 2
                for n, line in enumerate(lines):
                    width = half_width_ascii(line, size)
                    offset = _PADDING if c == 0 else (x2 - x - width) / 2
                    page.lines.append(PrintedLine(line, x + offset, top + n * size * 1.4 + size * 1.1, size))
        self._y = tops[-1] + 10


def _column_edges(grid: list[list[SampleCell]], size: float) -> list[float]:
    widths = []
    for c in range(len(grid[0])):
        texts = [row[c].text for row in grid if row[c].columns == 1]
        widths.append(
            max((min(half_width_ascii(text, size), 12 * size) for text in texts), default=size) + 3 * _PADDING
        )
    scale = _WIDTH / sum(widths)
    edges = [_LEFT]
    for width in widths:
        edges.append(edges[-1] + width * scale)
    return edges


def _row_heights(grid: list[list[SampleCell]], edges: list[float], size: float) -> list[float]:
    heights = []
    for row in grid:
        lines = 1
        for c, cell in enumerate(row):
            if cell.rows == 1 and (not c or row[c - 1] is not cell):
                width = edges[c + cell.columns] - edges[c] - 2 * _PADDING + 0.1
                lines = max(lines, len(wrap_text(cell.text, size, width, 0, half_width_ascii)) if cell.text else 1)
        heights.append(lines * size * 1.4 + 2 * _PADDING)
    return heights


def _set(samples: Sequence[Sample], *, is_ruled: bool) -> Iterator[_Page]:
    """Set a report with the samples on pages. `is_ruled`: whether its tables have rules."""
    from writers import END, HEADING, TEXT, TITLE

    setter = _Setter(is_ruled=is_ruled)
    setter.add_lines(TITLE, 20, is_centred=True)
    setter.add_lines(HEADING)
    setter.add_lines(TEXT)
    for sample in samples:
        for line in filter(None, (sample.caption, sample.note)):
            setter.add_lines(line, 12, is_centred=True)
        setter.add_table(sample)
        for line in sample.after:
            setter.add_lines(line, 10.5)
        setter.add_lines(END)
    yield from setter.pages


def pdf(samples: Sequence[Sample], *, is_ruled: bool) -> bytes:
    """Write a PDF."""
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.cidfonts import UnicodeCIDFont
    from test_pdf import FONT, draw_pdf, print_line

    if FONT not in pdfmetrics.getRegisteredFontNames():
        pdfmetrics.registerFont(UnicodeCIDFont(FONT))

    def draw(canvas: object) -> None:
        for page in _set(samples, is_ruled=is_ruled):
            for line in page.lines:
                print_line(canvas, line)
            for x, y, x2, y2 in page.rules:
                canvas.line(x, HEIGHT - y, x2, HEIGHT - y2)  # type: ignore[attr-defined]
            canvas.showPage()  # type: ignore[attr-defined]

    return bytes(draw_pdf(draw))


def ofd(samples: Sequence[Sample], *, is_ruled: bool) -> bytes:
    """Write an OFD package."""
    import test_ofd

    scale = 25.4 / 72
    pages = []
    for page in _set(samples, is_ruled=is_ruled):
        objects = [test_ofd.build_text_object(line, n) for n, line in enumerate(page.lines)]
        path = " ".join(
            f"M {x * scale:.3f} {y * scale:.3f} L {x2 * scale:.3f} {y2 * scale:.3f}" for x, y, x2, y2 in page.rules
        )
        grid = (
            f'<ofd:PathObject Boundary="0 0 210 297"><ofd:AbbreviatedData>{path}</ofd:AbbreviatedData></ofd:PathObject>'
        )
        pages.append(test_ofd.build_page("".join(objects) + (grid if path else "")))
    return bytes(test_ofd.build_package(test_ofd.build_document(pages)))
