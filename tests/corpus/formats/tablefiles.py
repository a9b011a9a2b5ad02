"""Tables written as .docx, HTML and Markdown, for tests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from wordfiles import document, paragraph

from searchkit.model import Cell

Rows = Sequence[Sequence[Cell | str]]
"""Rows of cells. A cell that covers several rows is only in the first of them. A string is a cell without spans."""
FORMATS = ("docx", "html", "md")
_TITLE = "东风区2023年法治政府建设情况报告"
_HEADING, _TEXT, _END = "一、执法情况", "执法工作按照年初计划进行，各部门均能依法履行职责。", "以上数据由各部门报送。"


@dataclass(frozen=True, slots=True)
class Report:
    """A report with one table."""

    rows: Rows
    before: tuple[str, ...] = ()
    """Lines before the table: caption, unit."""
    after: tuple[str, ...] = ()

    def write(self, suffix: str) -> bytes:
        """Return the report as a file of a format (`FORMATS`), with a title, a heading and text around the table."""
        rows = [[cell if isinstance(cell, Cell) else Cell(cell) for cell in row] for row in self.rows]
        before, after = (_HEADING, _TEXT, *self.before), (*self.after, _END)
        if suffix == "docx":
            lines = "".join(map(paragraph, (_TITLE, *before)))
            return document(f"{lines}{_word_table(rows)}{''.join(map(paragraph, after))}")
        if suffix == "html":
            start, end = ("".join(f"<p>{line}</p>" for line in lines) for lines in (before, after))
            return f"<html><body><h1>{_TITLE}</h1>{start}{_html_table(rows)}{end}</body></html>".encode()
        return "\n\n".join((f"# {_TITLE}", *before, _markdown_table(rows), *after)).encode()


def _word_table(rows: Sequence[Sequence[Cell]]) -> str:
    """Return a table of Word. A cell that covers several rows is repeated in each of them, without its text.

    `open_cells` has the cells that continue in the next row, each with its number of further rows, by their columns.
    """
    open_cells: dict[int, tuple[Cell, int]] = {}
    lines = []
    for row in rows:
        cells, remaining, column = "", list(row), 0
        while remaining or column in open_cells:
            above = open_cells.pop(column, None)
            cell = above[0] if above else remaining.pop(0)
            left = (above[1] if above else cell.row_span) - 1
            merge = '<w:vMerge w:val="restart"/>' if cell.row_span > 1 else ""
            merge = "<w:vMerge/>" if above else merge
            span = f'<w:gridSpan w:val="{cell.col_span}"/>'
            cells += f"<w:tc><w:tcPr>{span}{merge}</w:tcPr>{paragraph('' if above else cell.text)}</w:tc>"
            if left:
                open_cells[column] = cell, left
            column += cell.col_span
        lines.append(f"<w:tr>{cells}</w:tr>")
    return f"<w:tbl>{''.join(lines)}</w:tbl>"


def _html_table(rows: Sequence[Sequence[Cell]]) -> str:
    lines = (
        "".join(f"<td rowspan={cell.row_span} colspan={cell.col_span}>{cell.text}</td>" for cell in row) for row in rows
    )
    return f"<table>{''.join(f'<tr>{line}</tr>' for line in lines)}</table>"


def _markdown_table(rows: Sequence[Sequence[Cell]]) -> str:
    """Return a table without spans. Of the slots that a cell covers, only the upper left one has the text.

    `covered` has, for each column, the number of further rows that a cell above covers.
    """
    covered: dict[int, int] = {}
    lines = []
    for row in rows:
        texts: list[str] = []
        remaining = list(row)
        while remaining or covered.get(len(texts), 0):
            column = len(texts)
            if covered.get(column, 0):
                covered[column] -= 1
                texts.append("")
                continue
            cell = remaining.pop(0)
            for offset in range(cell.col_span):
                covered[column + offset] = cell.row_span - 1
            texts += [cell.text, *[""] * (cell.col_span - 1)]
        lines.append(f"| {' | '.join(texts)} |")
    return "\n".join((lines[0], "|" + "---|" * lines[0].count(" | ") + "---|", *lines[1:]))
