"""Writes reports with sample tables (`description.Sample`) in every format that can contain the tables."""

from __future__ import annotations

import csv
import io
import re
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from types import MappingProxyType
from unicodedata import east_asian_width

from description import Sample, SampleCell, expand

sys.path.append(str(Path(__file__).parents[1] / "corpus" / "formats"))

from wordfiles import document, paragraph, run

TITLE = "东风区2023年法治政府建设情况报告"
HEADING, TEXT, END = "一、执法情况", "执法工作按照年初计划进行，各部门均能依法履行职责。", "以上数据由各部门报送。"
_NUMBER = re.compile(r"-?\d{1,3}(?:,\d{3})+(\.\d+)?|-?(?:0|[1-9]\d{0,14})(\.\d+)?")
"""Matches a number with commas (group 1: its point and decimals) or without commas (group 2: the same)."""

Writer = Callable[[Sequence[Sample]], bytes]
"""Returns a report with some tables."""


def _chunks(sample: Sample) -> Iterable[list[list[SampleCell]]]:
    """Yield the rows of each page (`Sample.pages`), with the header of the table before them."""
    rows = sample.all_rows
    header, body = rows[: len(sample.header)], rows[len(sample.header) :]
    size = -(-len(body) // sample.pages)
    for start in range(0, len(body), size):
        yield header + body[start : start + size]


def _marked(cell: SampleCell, start: str, end: str) -> str:
    """Return the text of a cell. Its raised mark (`SampleCell.raised`), if any, is put between `start` and `end`."""
    mark = f"{start}{cell.raised.removeprefix('<')}{end}" if cell.raised else ""
    return mark + cell.text if cell.raised.startswith("<") else cell.text + mark


# Web pages, Word, Rich Text


def html(samples: Sequence[Sample], *, is_styled: bool = False, is_framed: bool = False) -> bytes:
    """Write a web page.

    `is_styled`: with thead and th; otherwise header cells are td like all others. `is_framed`: caption and notes are
    rows of the table, as in tables that are pasted from a sheet.
    """
    parts = [f"<html><head><title>{TITLE}</title></head><body><h1>{TITLE}</h1><p>{HEADING}</p><p>{TEXT}</p>"]
    for sample in samples:
        above, below = [line for line in (sample.caption, sample.note) if line], list(sample.after)
        if is_framed:
            framed = [*_full_rows(sample, above), *sample.all_rows, *_full_rows(sample, below)]
            parts.append(_html_table(sample, framed, is_styled=False))
        else:
            parts += [f'<p style="text-align:center">{line}</p>' for line in above]
            parts += [_html_table(sample, rows, is_styled=is_styled) for rows in _chunks(sample)]
            parts += [f"<p>{line}</p>" for line in below]
        parts.append(f"<p>{END}</p>")
    return "\n".join((*parts, "</body></html>")).encode()


def _full_rows(sample: Sample, lines: Iterable[str]) -> list[list[SampleCell]]:
    return [[SampleCell(line, columns=sample.width)] for line in lines]


def _html_table(sample: Sample, rows: Sequence[Sequence[SampleCell]], *, is_styled: bool) -> str:
    lines = []
    for n, row in enumerate(rows):
        tag = "th" if is_styled and n < len(sample.header) else "td"
        cells = "".join(
            f"<{tag}{f' rowspan={cell.rows}' * (cell.rows > 1)}{f' colspan={cell.columns}' * (cell.columns > 1)}>"
            f'<p class="MsoNormal"><span>{_marked(cell, "<sup>", "</sup>") or "&nbsp;"}</span></p></{tag}>'
            for cell in row
        )
        lines.append(f"<tr>{cells}</tr>")
    if is_styled:
        lines.insert(len(sample.header), "</thead><tbody>")
        return f"<table><thead>{''.join(lines)}</tbody></table>"
    return f'<table border="1"><tbody>{"".join(lines)}</tbody></table>'


def docx(samples: Sequence[Sample]) -> bytes:
    """Write a Word document. A table over several pages is written in one piece, because Word divides pages itself."""
    parts = [*map(paragraph, (TITLE, HEADING, TEXT))]
    for sample in samples:
        parts += [paragraph(line) for line in (sample.caption, sample.note) if line]
        parts.append(_word_table(sample.all_rows))
        parts += map(paragraph, (*sample.after, END))
    return document("".join(parts))


def _word_table(rows: Sequence[Sequence[SampleCell]]) -> str:
    lines = []
    previous: list[SampleCell] = []
    width = len(expand(rows)[0])
    step = 9000 // width
    for row in expand(rows):
        cells = ""
        for n, cell in enumerate(row):
            if n and row[n - 1] is cell:
                continue
            is_below = bool(previous) and previous[n] is cell
            merge = "<w:vMerge/>" if is_below else '<w:vMerge w:val="restart"/>' if cell.rows > 1 else ""
            span = f'<w:tcW w:w="{step * cell.columns}" w:type="dxa"/>'
            span += f'<w:gridSpan w:val="{cell.columns}"/>' if cell.columns > 1 else ""
            cells += f"<w:tc><w:tcPr>{span}{merge}</w:tcPr>{paragraph('' if is_below else _word_runs(cell))}</w:tc>"
        lines.append(f"<w:tr>{cells}</w:tr>")
        previous = row
    grid = f'<w:gridCol w:w="{step}"/>' * width
    return f"<w:tbl><w:tblGrid>{grid}</w:tblGrid>{''.join(lines)}</w:tbl>"


def _word_runs(cell: SampleCell) -> str:
    if not cell.raised:
        return cell.text
    runs = [run(cell.text), run(cell.raised.removeprefix("<"), '<w:vertAlign w:val="superscript"/>')]
    return "".join(reversed(runs) if cell.raised.startswith("<") else runs)


def rtf(samples: Sequence[Sample]) -> bytes:
    """Write Rich Text."""
    parts = [r"{\rtf1\ansi\ansicpg936\deff0{\fonttbl{\f0\fcharset134 SimSun;}}\f0\fs24 "]
    parts += [f"\\pard {_rtf_text(line)}\\par\n" for line in (TITLE, HEADING, TEXT)]
    for sample in samples:
        parts += [f"\\pard {_rtf_text(line)}\\par\n" for line in (sample.caption, sample.note) if line]
        parts.append(_rtf_table(sample.all_rows))
        parts += [f"\\pard {_rtf_text(line)}\\par\n" for line in (*sample.after, END)]
    return "".join((*parts, "}")).encode("ascii")


def _rtf_table(rows: Sequence[Sequence[SampleCell]]) -> str:
    lines = []
    previous: list[SampleCell] = []
    for row in expand(rows):
        step = 9000 // len(row)
        definitions, cells = "", ""
        for n, cell in enumerate(row):
            if n and row[n - 1] is cell:
                continue
            is_below = bool(previous) and previous[n] is cell
            merge = r"\clvmrg" if is_below else r"\clvmgf" if cell.rows > 1 else ""
            definitions += f"{merge}\\clbrdrt\\brdrs\\clbrdrb\\brdrs\\cellx{step * (n + cell.columns)}"
            mark = f"{{\\super {_rtf_text(cell.raised.removeprefix('<'))}}}" if cell.raised else ""
            text = "" if is_below else _rtf_text(cell.text)
            cells += f"{mark + text if cell.raised.startswith('<') else text + mark}\\cell "
        lines.append(f"\\trowd\\trgaph70{definitions}\\pard\\intbl {cells}\\row\n")
        previous = row
    return "".join(lines)


def _rtf_text(text: str) -> str:
    return "".join(
        char if char.isascii() and char not in "\\{}" else f"\\u{ord(char) - 65536 * (ord(char) > 32767)}?"
        for char in text
    )


# Formats without merged cells


def _slots(rows: Sequence[Sequence[SampleCell]], start: str = "", end: str = "") -> list[list[str]]:
    """Return the text of each slot. A cell that covers several slots is written into the first; the others are empty.

    `start` and `end` are written around a raised mark.
    """
    lines, seen = [], set()
    for row in expand(rows):
        line = []
        for cell in row:
            line.append("" if id(cell) in seen else _marked(cell, start, end))
            seen.add(id(cell))
        lines.append(line)
    return lines


def markdown(samples: Sequence[Sample]) -> bytes:
    """Write Markdown."""
    parts = [f"# {TITLE}", f"## {HEADING}", TEXT]
    for sample in samples:
        parts += [line for line in (sample.caption, sample.note) if line]
        for rows in _chunks(sample):
            lines = [f"| {' | '.join(line)} |" for line in _slots(rows, "<sup>", "</sup>")]
            parts.append("\n".join((lines[0], f"|{'---|' * sample.width}", *lines[1:])))
        parts += (*sample.after, END)
    return "\n\n".join(parts).encode()


def delimited(samples: Sequence[Sample], *, delimiter: str = ",") -> bytes:
    """Write values separated by a delimiter, with caption and notes in rows of their own, as spreadsheets do."""
    file = io.StringIO(newline="")
    writer = csv.writer(file, delimiter=delimiter)
    for sample in samples:
        rows = _slots(sample.all_rows)
        if sample.beside:
            right = _slots(sample.beside.all_rows)
            rows = [[*left, "", *line] for left, line in zip(rows, right, strict=True)]
        width = len(rows[0])
        for line in (sample.caption, sample.note):
            if line:
                writer.writerow([line, *[""] * (width - 1)])
        writer.writerows(rows)
        writer.writerows([line, *[""] * (width - 1)] for line in sample.after)
    return file.getvalue().encode("utf-8-sig")


def text_with_tabs(samples: Sequence[Sample]) -> bytes:
    """Write text with tabs between the cells."""
    return _text(samples, lambda rows: ["\t".join(row) for row in rows])


def text_with_columns(samples: Sequence[Sample]) -> bytes:
    """Write text with blanks between the cells, so that the columns are aligned."""
    return _text(samples, _align)


def _text(samples: Sequence[Sample], build: Callable[[list[list[str]]], list[str]]) -> bytes:
    lines = [TITLE, "", HEADING, TEXT]
    for sample in samples:
        lines += [line for line in (sample.caption, sample.note) if line]
        for rows in _chunks(sample):
            lines += build(_slots(rows))
        lines += [*sample.after, END]
    return "\n".join(lines).encode()


def _align(rows: list[list[str]]) -> list[str]:
    widths = [max(_text_width(row[n]) for row in rows) for n in range(len(rows[0]))]
    return [
        "   ".join(cell + " " * (width - _text_width(cell)) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]


def _text_width(text: str) -> int:
    return sum(2 if east_asian_width(char) in "FW" else 1 for char in text)


# Sheets


def xlsx(samples: Sequence[Sample]) -> bytes:
    """Write a workbook with a sheet for each table (and the one beside it), with merged cells and formatted numbers."""
    from xlsxwriter import Workbook

    file = io.BytesIO()
    with Workbook(file, {"in_memory": True}) as book:
        for n, sample in enumerate(samples, 1):
            sheet = book.add_worksheet(f"表{n}")
            row = 0
            for line in (sample.caption, sample.note):
                if line:
                    sheet.merge_range(row, 0, row, sample.width - 1, line)
                    row += 1
            _fill_sheet(book, sheet, sample, row, 0)
            if sample.beside:
                _fill_sheet(book, sheet, sample.beside, row, sample.width + 1)
            for k, line in enumerate(sample.after):
                sheet.write_string(row + len(sample.all_rows) + k, 0, line)
    return file.getvalue()


def _fill_sheet(book: object, sheet: object, sample: Sample, top: int, left: int) -> None:
    seen: set[int] = set()
    for r, row in enumerate(expand(sample.all_rows), top):
        for c, cell in enumerate(row, left):
            if id(cell) in seen:
                continue
            seen.add(id(cell))
            if cell.rows * cell.columns > 1:
                sheet.merge_range(r, c, r + cell.rows - 1, c + cell.columns - 1, "")  # type: ignore[attr-defined]
            _write_cell(book, sheet, (r, c), cell)


def _write_cell(book: object, sheet: object, place: tuple[int, int], cell: SampleCell) -> None:
    """Write a number with the format that shows it as its text. Any other text, and a text with a mark, is a string."""
    if cell.raised:
        raised = book.add_format({"font_script": 1})  # type: ignore[attr-defined]
        parts = [raised, cell.raised.removeprefix("<")]
        parts = [*parts, cell.text] if cell.raised.startswith("<") else [cell.text, *parts]
        sheet.write_rich_string(*place, *parts)  # type: ignore[attr-defined]
        return
    number, suffix = re.fullmatch(r"(.*?)(%|年|月|)", cell.text, re.DOTALL).groups()  # type: ignore[union-attr]
    match = _NUMBER.fullmatch(number)
    if match is None or (suffix in {"年", "月"} and "." in number):
        if cell.text:
            sheet.write_string(*place, cell.text)  # type: ignore[attr-defined]
        return
    decimals = len((match[1] or match[2] or ".")[1:])
    code = ("#,##0" if "," in number else "0") + ("." + "0" * decimals if decimals else "")
    code += {"%": "%", "": ""}.get(suffix, f'"{suffix}"')
    value = float(number.replace(",", "")) / (100 if suffix == "%" else 1)
    sheet.write_number(*place, round(value, 12), book.add_format({"num_format": code}))  # type: ignore[attr-defined]


def _pages(name: str, *, is_ruled: bool) -> Writer:
    def write(samples: Sequence[Sample]) -> bytes:
        import pages

        return bytes(getattr(pages, name)(samples, is_ruled=is_ruled))

    return write


WRITERS: Mapping[str, Writer] = MappingProxyType(
    {
        "html": html,
        "html-th": partial(html, is_styled=True),
        "html-framed": partial(html, is_framed=True),
        "docx": docx,
        "md": markdown,
        "csv": delimited,
        "tsv": partial(delimited, delimiter="\t"),
        "xlsx": xlsx,
        "txt-tabs": text_with_tabs,
        "txt-columns": text_with_columns,
        "rtf": rtf,
        "pdf-ruled": _pages("pdf", is_ruled=True),
        "pdf-unruled": _pages("pdf", is_ruled=False),
        "ofd-ruled": _pages("ofd", is_ruled=True),
        "ofd-unruled": _pages("ofd", is_ruled=False),
    }
)
"""Maps the name of a format to its writer. The part of the name before a dash is the suffix of its files."""
