"""Builds the sample report in other formats from the text file in corpus/formats.

    python tests/formats/make.py

The formats are text in GB18030, Markdown, HTML, .docx, PDF, OFD, a zip archive, .csv and .xlsx. The output is
deterministic as long as zlib and the libraries that write PDF and .xlsx do not change.
"""

from __future__ import annotations

import csv
import io
import re
import sys
import zipfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from html import escape
from itertools import groupby
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

TESTS = Path(__file__).parents[1]
sys.path += [str(TESTS / "corpus" / "formats")]  # pytest has added it already

from typesetting import HEIGHT, PrintedLine, Typesetter  # noqa: E402 - needs the path above
from wordfiles import OUTLINE, definition, document, level, list_instance, paragraph, row, style  # noqa: E402

from searchkit.corpus.overrides import NO_METADATA  # noqa: E402 - as above
from searchkit.corpus.reading import ParsedDocument, read_file  # noqa: E402 - as above
from searchkit.corpus.topics import Taxonomy  # noqa: E402 - as above
from searchkit.corpus.walk import CorpusFile, Stamp  # noqa: E402 - as above

FOLDER = TESTS.parent / "corpus" / "formats"
"""Folder of the sample files."""
NAME = "dujiangyan-meteorology-2023"
"""Name of the sample files, without their suffixes."""
ENTRY = "2023年度报告/行政执法工作报告.docx"
"""Name of the file in the archive."""
PUBLISHED = "2024-01-22"
"""The publication date, which only the web page states."""

_NUMBER_PATTERNS = tuple(map(re.compile, ("[一二三四五六七八九十]+、", "（[一二三四五六七八九十]+）", r"\d+\.")))
"""Patterns of the numbers of the levels 1 to 3: 一、 （一） 1."""
_POINT_NUMBER = re.compile("[一二三四五六七八九十]是")
"""Pattern of the numbers of level 4: 一是."""
_LEFT, _WIDTH = 73.5, 448.0
"""Distance in points from the left edge of the page to the text, and width of the lines in points."""
_ABOVE, _BELOW = 19.0, 9.0
"""Distances in points from the baseline of a table row to the rules above and below the row."""
_ITEM, _POINTS = 3, 4
"""Levels of lines: 0 for text, 1 (一、) and 2 (（一）) for headings, 3 for items, 4 for items with 一是.

An item of level 3 begins with 1., or with any number of the levels 1 to 3 if the line contains a full stop.
"""
_MM = 25.4 / 72
"""Millimetres per point."""
_COLUMNS = ("id", "number", "path", "text", "section", "title", "year", "issuer", "agency", "region", "doctype")
"""Columns of the files of records."""


class Line(NamedTuple):
    """A line of the report."""

    text: str
    """The text as printed. Tabs separate the cells of a table row."""

    @property
    def level(self) -> int:
        """The level of the line; see `_ITEM`."""
        if _POINT_NUMBER.match(self.text):
            return _POINTS
        level = next((n for n, pattern in enumerate(_NUMBER_PATTERNS, 1) if pattern.match(self.text)), 0)
        return _ITEM if level and "。" in self.text else level

    @property
    def is_heading(self) -> bool:
        """Whether the line is a heading without text."""
        return 0 < self.level < _ITEM

    @property
    def cells(self) -> list[str]:
        """The cells of a table row; a single cell for other lines."""
        return self.text.split("\t")

    @property
    def is_row(self) -> bool:
        """Whether the line is a table row."""
        return "\t" in self.text


class Rule(NamedTuple):
    """A horizontal or vertical line on a page: its ends, in points from the upper left corner of the page."""

    x: float
    y: float
    x2: float
    y2: float


def split_report(text: str) -> tuple[str, list[Line]]:
    """Return the title of a text and its other non-blank lines."""
    title, *lines = [line.strip() for line in text.split("\n") if line.strip()]
    return title, [Line(line) for line in lines]


# Text


def markdown(text: str) -> bytes:
    """Build Markdown: headings with their numbers, and a table with pipes."""
    title, lines = split_report(text)
    parts = [f"# {title}"]
    for is_row, group in groupby(lines, key=lambda line: line.is_row):
        group_texts = [f"{'#' * (line.level + 1)} {line.text}" if line.is_heading else line.text for line in group]
        if is_row:
            head, *rows = ["| " + " | ".join(cells.split("\t")) + " |" for cells in group_texts]
            parts.append("\n".join([head, "|" + " --- |" * len(group_texts[0].split("\t")), *rows]))
        else:
            parts += group_texts
    return ("\n\n".join(parts) + "\n").encode()


_PAGE = """<!DOCTYPE html>
<!-- A sample: the report and the page are made up. -->
<html lang="zh-CN">
<head>
<meta charset="UTF-8">
<title>{title}_年度报告_都江堰市气象局</title>
<meta name="SiteName" content="都江堰市气象局">
<meta name="ColumnName" content="年度报告">
<meta name="ArticleTitle" content="{title}">
<meta name="PubDate" content="{published} 10:24">
<meta name="ContentSource" content="都江堰市气象局">
<style>.content p{{text-indent:2em}} .nav li{{display:inline}}</style>
<script>function setSize(n){{document.getElementById("zoom").style.fontSize=n+"px";}}</script>
</head>
<body>
<div class="top"><a href="#">长者模式</a> | <a href="#">无障碍浏览</a> | <a href="#">手机版</a></div>
<ul class="nav"><li><a href="#">首页</a></li><li><a href="#">政务公开</a></li><li><a href="#">互动交流</a></li></ul>
<div class="position">当前位置：<a href="#">首页</a> &gt; <a href="#">政务公开</a> &gt; <a href="#">年度报告</a></div>
<div class="article">
<h1>{title}</h1>
<div class="info">发布日期：{published} 10:24&nbsp;&nbsp;来源：都江堰市气象局&nbsp;&nbsp;字号：<a href="#">大</a> <a href="#">中</a> <a href="#">小</a></div>
<div class="content" id="zoom">
{body}
</div>
<div class="tools"><a href="javascript:window.print()">打印</a> <a href="javascript:window.close()">关闭</a></div>
</div>
<div class="footer"><p>主办：都江堰市气象局</p><p><a href="#">网站地图</a> | <a href="#">联系我们</a></p></div>
</body>
</html>
"""  # noqa: E501 - a literal page


_STRONG = "<p><strong>{}</strong></p>"


def html(text: str) -> bytes:
    """Build a web page as saved from the site of an agency: bold headings, a table, and page chrome."""
    title, lines = split_report(text)
    body: list[str] = []
    for is_row, group in groupby(lines, key=lambda line: line.is_row):
        if is_row:
            rows = ("".join(f"<td>{escape(cell)}</td>" for cell in line.cells) for line in group)
            body += ['<table border="1">', *(f"<tr>{cells}</tr>" for cells in rows), "</table>"]
        else:
            body += (_STRONG.format(escape(x.text)) if x.is_heading else f"<p>{escape(x.text)}</p>" for x in group)
    return _PAGE.format(title=escape(title), published=PUBLISHED, body="\n".join(body)).encode()


# Word


def docx(text: str) -> bytes:
    """Build a Word document: title and headings by style, all numbers by lists, and a table."""
    title, lines = split_report(text)
    body = [paragraph(title, '<w:pStyle w:val="Title"/>')]
    runs = 1  # number of lists: list 1 numbers the levels 1 to 3, and each run of 一是 items is a further list
    for group_level, group in groupby(lines, key=lambda line: -1 if line.is_row else line.level):  # -1: table rows
        if group_level < 0:
            body.append(f"<w:tbl>{''.join(row(*line.cells) for line in group)}</w:tbl>")
        else:
            runs += group_level == _POINTS
            body += (_build_paragraph(line, runs) for line in group)
    points = level(0, "chineseCounting", "%1是", '<w:suff w:val="nothing"/>')
    definitions = definition(0, *OUTLINE) + "".join(definition(n, points) for n in range(1, runs))
    lists = "".join(list_instance(n, n - 1) for n in range(1, runs + 1))
    styles = "".join(style(name, "<w:rPr><w:b/></w:rPr>") for name in ("Title", "heading 1", "heading 2"))
    return repack_without_time_stamps(document("".join(body), {"numbering": definitions + lists, "styles": styles}))


def _build_paragraph(line: Line, run: int) -> str:
    """Return a line as a paragraph of Word. `run` is the number of the list for 一是 items."""
    if not line.level:
        return paragraph(line.text)
    if line.level == _POINTS:
        return paragraph(_POINT_NUMBER.sub("", line.text, count=1), _list_properties(run, 0))
    level = next(n for n, level in enumerate(_NUMBER_PATTERNS) if level.match(line.text))
    heading = f'<w:pStyle w:val="heading {line.level}"/>' if line.is_heading else ""
    return paragraph(_NUMBER_PATTERNS[level].sub("", line.text, count=1), heading + _list_properties(1, level))


def _list_properties(number: int, depth: int) -> str:
    """Return the properties of a paragraph of list `number` at level `depth`, from 0."""
    return f'<w:numPr><w:ilvl w:val="{depth}"/><w:numId w:val="{number}"/></w:numPr>'


# Pages


def typeset_pages(text: str, setter: Typesetter) -> list[tuple[list[PrintedLine], list[Rule]]]:
    """Typeset a text with strong headings and ruled tables. Return the lines and rules of each page."""
    title, lines = split_report(text)
    texts = [f"**{line.text}**" if line.is_heading else line.text for line in lines]
    return [_add_grid(page) for page in setter.pages(texts, title)]


def _add_grid(page: Sequence[PrintedLine]) -> tuple[list[PrintedLine], list[Rule]]:
    """Place the cells of table rows side by side. Return all lines of the page, and the rules around the cells."""
    lines, rules = [], []
    for line in page:
        cells = line.text.split("\t")
        if len(cells) == 1:
            lines.append(line)
            continue
        top, bottom, step = line.y - _ABOVE, line.y + _BELOW, _WIDTH / len(cells)
        lines += [line._replace(text=cell, x=_LEFT + n * step + 4) for n, cell in enumerate(cells)]
        rules += [Rule(_LEFT, y, _LEFT + _WIDTH, y) for y in (top, bottom)]
        rules += [Rule(_LEFT + n * step, top, _LEFT + n * step, bottom) for n in range(len(cells) + 1)]
    return lines, rules


def register_font() -> None:
    """Register the font that test_pdf uses. The tests there use a fixture for this."""
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.cidfonts import UnicodeCIDFont
    from test_pdf import FONT

    pdfmetrics.registerFont(UnicodeCIDFont(FONT))


def pdf(text: str, **options: object) -> bytes:
    """Build a PDF with page numbers and a running head. Skips the test if a library is not installed.

    `options`: passed to reportlab.
    """
    from test_pdf import draw_pdf, print_line, width

    register_font()

    def draw(canvas: object) -> None:
        for lines, rules in typeset_pages(text, Typesetter(head="都江堰市气象局", measure=width)):
            for line in lines:
                print_line(canvas, line)
            for x, y, x2, y2 in rules:
                canvas.line(x, HEIGHT - y, x2, HEIGHT - y2)  # type: ignore[attr-defined]
            canvas.showPage()  # type: ignore[attr-defined]

    return draw_pdf(draw, **options)


def ofd(text: str) -> bytes:
    """Build an OFD package with page numbers and a running head."""
    import test_ofd

    pages = []
    for lines, rules in typeset_pages(text, Typesetter(head="都江堰市气象局")):
        objects = [test_ofd.build_text_object(line, n) for n, line in enumerate(lines)]
        path = " ".join(f"M {x * _MM:.3f} {y * _MM:.3f} L {x2 * _MM:.3f} {y2 * _MM:.3f}" for x, y, x2, y2 in rules)
        pages.append(test_ofd.build_page("".join(objects) + (_GRID.format(path) if rules else "")))
    return repack_without_time_stamps(test_ofd.build_package(test_ofd.build_document(pages)))


_GRID = '<ofd:PathObject Boundary="0 0 210 297"><ofd:AbbreviatedData>{}</ofd:AbbreviatedData></ofd:PathObject>'
"""A path object, which draws the rules of the tables of a page."""


# Records


def records(parsed: ParsedDocument) -> list[list[str]]:
    """Return the paragraphs of a report as rows, after a row with the names of the columns.

    The cell in the column `path` contains only the innermost heading.
    """
    report = parsed.document
    facts = (report.title, str(report.year), report.issuer, report.agency, "/".join(report.region), report.doctype)
    common = [fact or "" for fact in facts]
    rows = [
        [str(item.n), item.number or "", "".join(item.path[-1:]), item.text, item.section, *common]
        for item in parsed.paragraphs
    ]
    return [[*_COLUMNS], *rows]


def table(rows: Iterable[Sequence[str]]) -> bytes:
    """Build comma-separated values with a byte order mark, as spreadsheet programs do."""
    file = io.StringIO(newline="")
    csv.writer(file).writerows(rows)
    return file.getvalue().encode("utf-8-sig")


def workbook(rows: Iterable[Sequence[str]]) -> bytes:
    """Build a workbook with one sheet."""
    from xlsxwriter import Workbook

    file = io.BytesIO()
    with Workbook(file, {"in_memory": True}) as book:
        book.set_properties({"created": datetime(2024, 1, 22)})  # noqa: DTZ001 - a workbook has no time zone
        sheet = book.add_worksheet("段落")
        for n, cells in enumerate(rows):
            for column, cell in enumerate(cells):
                sheet.write_string(n, column, cell)
    return file.getvalue()


# Archives


def repack_without_time_stamps(archive: bytes) -> bytes:
    """Pack an archive again without time stamps and system information."""
    with zipfile.ZipFile(io.BytesIO(archive)) as source:
        return pack_without_time_stamps({name: source.read(name) for name in source.namelist()})


def pack_without_time_stamps(files: Mapping[str, bytes]) -> bytes:
    """Pack files into a zip archive without time stamps."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as target:
        for name, content in files.items():
            info = zipfile.ZipInfo(name)
            info.create_system, info.compress_type = 3, zipfile.ZIP_DEFLATED
            target.writestr(info, content)
    return file.getvalue()


# All formats

FROM_TEXT: Mapping[str, Callable[[str], bytes]] = MappingProxyType(
    {
        f"{NAME}-gb18030.txt": lambda text: text.replace("\n", "\r\n").encode("gb18030"),
        f"{NAME}.md": markdown,
        f"{NAME}.html": html,
        f"{NAME}.docx": docx,
        f"{NAME}.pdf": pdf,
        f"{NAME}.ofd": ofd,
        f"{NAME}.zip": lambda text: pack_without_time_stamps({ENTRY: docx(text)}),
    }
)
"""Maps a file name to the function that builds the file from the text."""
FROM_PARAGRAPHS: Mapping[str, Callable[[list[list[str]]], bytes]] = MappingProxyType(
    {f"{NAME}.csv": table, f"{NAME}.xlsx": workbook}
)
"""Maps a file name to the function that builds the file from the paragraphs."""


def source() -> str:
    """Return the text that all formats are built from."""
    return (FOLDER / f"{NAME}.txt").read_text(encoding="utf-8")


def paragraphs() -> list[list[str]]:
    """Return the paragraphs of the text, as `records` returns them."""
    path = FOLDER / f"{NAME}.txt"
    file = CorpusFile(str(path), path.name, Stamp.of(path.stat()))
    return records(read_file(file, NO_METADATA, Taxonomy.load(None)).documents[0])


def main() -> None:
    """Write the files."""
    text, rows = source(), paragraphs()
    for name, build in FROM_TEXT.items():
        (FOLDER / name).write_bytes(build(text))
    for name, build_table in FROM_PARAGRAPHS.items():
        (FOLDER / name).write_bytes(build_table(rows))


if __name__ == "__main__":
    main()
