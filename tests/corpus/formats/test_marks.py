"""Raised and lowered characters in every format: marks of notes are dropped, powers and charges are kept.

The module also tests that invisible characters, such as soft hyphens, are removed.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Mapping
from types import MappingProxyType

import pytest
from wordfiles import document, paragraph, run

from searchkit.corpus.formats.marks import END, LOWERED, RAISED, resolve_marks
from searchkit.corpus.formats.page.layout import extract_text
from searchkit.corpus.formats.page.placed import Glyph, PlacedPage
from searchkit.corpus.formats.registry import read_bytes
from searchkit.measures.extractor import Extractor
from searchkit.model import Paragraph

_MARKED = re.compile(r"<(sup|sub)>(.*?)</\1>")
"""Raised or lowered text in the texts of this file."""
_DELIMITERS = {"sup": RAISED, "sub": LOWERED}
"""Tag → delimiter that starts the text."""

NOTES = {
    "生产总值<sup>2</sup>1349亿元": "生产总值1349亿元",
    "生产总值<sup>[2]</sup>1349亿元": "生产总值1349亿元",
    "生产总值<sup>①</sup>1349亿元": "生产总值1349亿元",
    "生产总值<sup>注2</sup>1349亿元": "生产总值1349亿元",
    "生产总值<sup>1,3</sup>1349亿元": "生产总值1349亿元",
    "生产总值<sup>[1]-[3]</sup>1349亿元": "生产总值1349亿元",
    "生产总值<sup>*</sup>1349亿元": "生产总值1349亿元",
    "GDP<sup>2</sup>1349亿元": "GDP1349亿元",
    "立案<sup>1</sup>，罚款<sup>2</sup>。": "立案，罚款。",
    "立案12<sup>3</sup>件": "立案12件",
    "2023年<sup>2</sup>1349亿元": "2023年1349亿元",
    "达到1349亿元<sup>3</sup>，增长5.2%<sup>4</sup>。": "达到1349亿元，增长5.2%。",
    "城镇化率<sup>2</sup>65.2%": "城镇化率65.2%",
    "共3户<sup>2</sup>，1349人": "共3户，1349人",
    "面积12平方公里<sup>2</sup>，1349户": "面积12平方公里，1349户",
    "企业<sup>3</sup>户均1349元": "企业户均1349元",
    "服务<sup>3</sup>人次均1349元": "服务人次均1349元",
    "市场主体<sup>1</sup>户数增长12.3%": "市场主体户数增长12.3%",
    "监督检查<sup>2</sup>次数同比下降": "监督检查次数同比下降",
    "服务<sup>2</sup>人次数增长": "服务人次数增长",
}
"""Texts with marks of notes → the same texts without the marks."""
POWERS = {
    "面积35.2m<sup>2</sup>": "面积35.2m²",
    "面积35.2 km<sup>2</sup>，1349户": "面积35.2 km²，1349户",
    "库容3亿m<sup>3</sup>": "库容3亿m³",
    "建筑面积12万米<sup>2</sup>": "建筑面积12万米²",
    "浓度35μg/m<sup>3</sup>": "浓度35μg/m³",
    "排放3.5×10<sup>8</sup>吨": "排放3.5×10⁸吨",
    "排放10<sup>8</sup>吨": "排放10⁸吨",
    "Cr<sup>6+</sup>浓度": "Cr⁶⁺浓度",
    "25<sup>o</sup>C": "25°C",
    "R<sup>2</sup>=0.95": "R²=0.95",
    "立案<sup>2</sup>件": "立案2件",
    "投资<sup>12</sup>亿元": "投资12亿元",
    "培育<sup>2</sup>家数字企业": "培育2家数字企业",
    "建成<sup>2</sup>个数百亿级产业": "建成2个数百亿级产业",
}
"""Texts whose raised characters are kept → the texts as read.

The characters are a power, a charge, a sign of degrees, or a number whose unit follows.
"""
LOWERED_TEXTS = {
    "PM<sub>2.5</sub>平均浓度": "PM2.5平均浓度",
    "PM<sub>2.5</sub>35微克": "PM2.5 35微克",
    "CO<sub>2</sub>排放": "CO2排放",
}
"""Texts with lowered characters → the texts as read: lowered digits are written like others, but do not merge with a
number after them."""
ALL = NOTES | POWERS | LOWERED_TEXTS


@pytest.mark.parametrize(("marked", "text"), ALL.items(), ids=ALL.values())
def test_marks_and_powers(marked: str, text: str) -> None:
    """Raised characters are kept if they are powers, charges, degrees or numbers whose unit follows (`POWERS`).

    Other raised characters are marks of notes. Lowered characters are kept.
    """
    assert resolve_marks(_MARKED.sub(lambda m: f"{_DELIMITERS[m[1]]}{m[2]}{END}", marked)) == text


def test_the_label_of_a_note_is_kept() -> None:
    """At the start of a text, a raised number is the label of the note, and is kept as a superscript."""
    assert resolve_marks(f"{RAISED}2{END}按不变价计算。") == "²按不变价计算。"


def test_numbers_around_a_note_do_not_merge() -> None:
    """A blank replaces the mark of a note between two numbers or two Latin words."""
    assert resolve_marks(f"增长5{RAISED}2{END}1349亿元") == "增长5 1349亿元"
    assert resolve_marks(f"GDP{RAISED}2{END}CPI") == "GDP CPI"


def test_delimiters_without_a_partner_are_removed() -> None:
    """Damaged markup leaves no delimiters in the text."""
    assert resolve_marks(f"{END}甲{RAISED}乙{LOWERED}2{END}丙{RAISED}") == "甲乙2丙"


# Formats


def as_html(marked: str) -> bytes:
    """Return a web page."""
    return f"<html><body><p>{marked}</p></body></html>".encode()


def as_styled_html(marked: str) -> bytes:
    """Return a web page as an office program exports it, with styles instead of tags."""
    alignments = {"sup": "super", "sub": "sub"}
    spans = _MARKED.sub(
        lambda m: f'<span style="font-size:8pt; vertical-align: {alignments[m[1]]}">{m[2]}</span>', marked
    )
    return as_html(spans)


def as_markdown(marked: str) -> bytes:
    """Return Markdown with HTML tags."""
    return f"{marked}\n".encode()


def as_docx(marked: str) -> bytes:
    """Return a Word document."""
    runs, position = "", 0
    for match in _MARKED.finditer(marked):
        alignment = "superscript" if match[1] == "sup" else "subscript"
        runs += run(marked[position : match.start()]) + run(match[2], f'<w:vertAlign w:val="{alignment}"/>')
        position = match.end()
    return document(paragraph(runs + run(marked[position:])))


WRITERS: Mapping[str, tuple[str, Callable[[str], bytes]]] = MappingProxyType(
    {
        "html": ("a.html", as_html),
        "styled html": ("a.html", as_styled_html),
        "markdown": ("a.md", as_markdown),
        "docx": ("a.docx", as_docx),
    }
)
"""Format → name of a file, and the function that writes a text with marks to it."""


def read_text(data: bytes, name: str) -> str:
    """Return the text of the only block with text in a file."""
    (raw,) = read_bytes(data, name).documents
    (block,) = (block for block in raw.blocks if block.text)
    return block.text


@pytest.mark.parametrize("kind", WRITERS)
@pytest.mark.parametrize(("marked", "text"), ALL.items(), ids=ALL.values())
def test_every_format_reads_marks(kind: str, marked: str, text: str) -> None:
    """HTML, Markdown and Word with the same marks have the same text."""
    name, write = WRITERS[kind]
    if name == "a.md" and "[" in marked:  # unescaped brackets would be markup
        marked = marked.replace("[", r"\[").replace("]", r"\]")
    assert read_text(write(marked), name) == text


@pytest.mark.parametrize(
    "text", ["生产总值^2^1349亿元", "生产总值[^2]1349亿元", "生产总值[^gdp]1349亿元", "生产总值^\\[2\\]^1349亿元"]
)
def test_markdown_notes(text: str) -> None:
    """Notes in the syntax of Markdown are dropped; single carets and powers are kept."""
    assert read_text(text.encode(), "a.md") == "生产总值1349亿元"
    assert read_text("面积35m^2^，排放10^8^吨，2^10 和 3^5".encode(), "a.md") == "面积35m²，排放10⁸吨，2^10 和 3^5"


def test_rich_text_of_spreadsheets() -> None:
    """Raised runs of a cell are notes or powers, too."""
    xlsxwriter = pytest.importorskip("xlsxwriter", reason="xlsxwriter, which writes the fixture, is not installed")
    target = io.BytesIO()
    with xlsxwriter.Workbook(target, {"in_memory": True}) as workbook:
        sheet, raised = workbook.add_worksheet(), workbook.add_format({"font_script": 1})
        sheet.write_row(0, 0, ["id", "text"])
        sheet.write(1, 0, "a")
        sheet.write_rich_string(1, 1, "生产总值", raised, "2", "1349亿元，面积35m", raised, "2", "。")
    (raw,) = read_bytes(target.getvalue(), "a.xlsx").documents
    assert raw.blocks[0].text == "生产总值1349亿元，面积35m²。"


def set_line(marked: str) -> PlacedPage:
    """Set a line on a page, with raised and lowered characters in smaller type."""
    glyphs: list[Glyph] = []
    x, position = 20.0, 0

    def add(text: str, size: float, shift: float) -> None:
        nonlocal x
        for char in text:
            advance = size / 2 if char.isascii() else size
            glyphs.append(Glyph(char, x, x + advance, 100 + shift, size))
            x += advance

    for match in _MARKED.finditer(marked):
        add(marked[position : match.start()], 10, 0)
        add(match[2], 6, -4 if match[1] == "sup" else 2)
        position = match.end()
    add(marked[position:], 10, 0)
    return PlacedPage(1, 600, 800, glyphs)


@pytest.mark.parametrize(("marked", "text"), ALL.items(), ids=ALL.values())
def test_small_raised_type_of_pages(marked: str, text: str) -> None:
    """On pages (PDF, OFD), small type above or below the line is raised or lowered."""
    (block,) = extract_text([set_line(marked)]).blocks
    assert block.text == text


def test_a_note_at_the_start_of_a_line_belongs_to_the_word_before() -> None:
    """A raised number at the start of a line is the mark of a note on the last word of the line before."""
    size, lines = 10, ["这一段话写满了一整行并且它的最后一个词是生产总值", "2", "1349亿元。"]
    glyphs = [Glyph(char, 20.0 + size * n, 30.0 + size * n, 100, size) for n, char in enumerate(lines[0])]
    glyphs.append(Glyph("2", 20, 23, 112, 6))
    glyphs += [Glyph(char, 23.0 + size * n, 33.0 + size * n, 116, size) for n, char in enumerate(lines[2])]
    assert [block.text for block in extract_text([PlacedPage(1, 280, 400, glyphs)]).blocks] == [lines[0] + lines[2]]


# Invisible characters


@pytest.mark.parametrize("char", ["\xad", "\u200b", "\u2060", "\ufeff", "\u200d"])
def test_invisible_characters_do_not_split_numbers(char: str) -> None:
    """Soft hyphens and zero-width characters are removed in every format of text."""
    text = f"全年立案15{char}3件。"
    table = io.StringIO()
    csv.writer(table).writerows([["id", "text"], ["a", text]])
    files: Mapping[str, bytes] = {
        "a.txt": text.encode(),
        "a.md": text.encode(),
        "a.html": as_html(text),
        "a.docx": document(paragraph(run(text))),
        "a.csv": table.getvalue().encode(),
        "a.jsonl": json.dumps({"id": "a", "text": text}).encode(),
    }
    assert {name: read_text(data, name) for name, data in files.items()} == dict.fromkeys(files, "全年立案153件。")


def test_soft_hyphens_on_pages() -> None:
    """A soft hyphen on a page has no width or that of a hyphen. It does not split the number."""
    for width in (0, 5):
        glyphs = [Glyph(char, 20.0 + 10 * n, 30.0 + 10 * n, 100, 10) for n, char in enumerate("立案15")]
        glyphs.append(Glyph("\xad", 60, 60 + width, 100, 10))
        glyphs += [Glyph(char, 60.0 + width + 10 * n, 70.0 + width + 10 * n, 100, 10) for n, char in enumerate("3件")]
        assert [block.text for block in extract_text([PlacedPage(1, 600, 800, glyphs)]).blocks] == ["立案153件"]


# Measures


@pytest.mark.parametrize(
    ("marked", "value", "unit"),
    [
        ("生产总值<sup>2</sup>1349亿元", 134_900_000_000, "元"),
        ("立案<sup>[1]</sup>153件", 153, "件"),
        ("罚款<sup>3</sup>93.5万元", 935_000, "元"),
        ("立案15\xad3件", 153, "件"),
        ("CO<sub>2</sub>1349吨", 1349, "吨"),
        ("办结<sup>2</sup>件", 2, "件"),
    ],
)
@pytest.mark.parametrize("kind", WRITERS)
def test_measures_do_not_contain_the_marks(kind: str, marked: str, value: float, unit: str) -> None:
    """Neither the mark of a note nor a lowered digit is part of the number after it. A soft hyphen splits no number."""
    name, write = WRITERS[kind]
    marked = marked.replace("[", r"\[").replace("]", r"\]") if name == "a.md" else marked
    text = read_text(write(marked), name)
    (measure,) = Extractor.load().extract([Paragraph(id="a#1", document="a", n=1, text=text)])[0]
    assert (measure.base_value, measure.base_unit) == (value, unit)
