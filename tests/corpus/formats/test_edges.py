"""Page edges: running heads and feet are dropped and counted; lines of the text are kept."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from searchkit.corpus.formats.page.layout import PageText, extract_text
from searchkit.corpus.formats.page.placed import Glyph, PlacedPage
from searchkit.corpus.formats.registry import read_bytes

WIDTH, HEIGHT, SIZE, LEADING = 595.0, 842.0, 12.0, 20.0
"""Points: an A4 page, the type size and the distance between lines."""

Line = tuple[str, float]
"""The text of a line, and the distance of its baseline from the upper edge of the page, in points."""


def place(lines: Sequence[Line], number: int = 1, size: float = SIZE) -> PlacedPage:
    """Set lines on page `number`. Han characters are as wide as high, ASCII characters half as wide."""
    glyphs: list[Glyph] = []
    for text, baseline in lines:
        x = 60.0
        for char in text:
            advance = size / 2 if char.isascii() else size
            glyphs.append(Glyph(char, x, x + advance, baseline, size))
            x += advance
    return PlacedPage(number, WIDTH, HEIGHT, glyphs)


def body(lines: Sequence[str], top: float = 60) -> list[Line]:
    """Return lines below each other, the first with its baseline at `top`."""
    return [(line, top + LEADING * n) for n, line in enumerate(lines)]


def read(pages: Sequence[Sequence[Line]]) -> PageText:
    """Return the text of pages that contain these lines."""
    return extract_text([place(lines, number) for number, lines in enumerate(pages, 1)])


def texts(text: PageText) -> str:
    """Return the text of all blocks."""
    return "\n".join(block.text for block in text.blocks)


SENTENCES = [
    f"（{char}）这一段是正文，说明第{char}项工作的情况。" for char in "甲乙丙丁戊己庚辛壬癸子丑寅卯辰巳午未申酉"
]


def page_of_text(n: int) -> list[Line]:
    """Return 20 lines of text on page `n`, from 120 to 500 points below its upper edge."""
    return body([f"{line[:-1]}{'零一二三四五六七八九'[n]}。" for line in SENTENCES], top=120)


# Text


@pytest.mark.parametrize(
    "line_of",
    [
        lambda n: f"{n}. 受理第{n}号投诉，罚款{n}00元。",
        lambda n: f"{2018 + n // 12}年{n % 12 + 1}月 {100 + n} {n * 1.5}",
        lambda n: f"立案{n}件",
        lambda n: f"第{n}条 罚款{n}元以上的，应当报告。",
        lambda n: f"{n}",
        lambda n: f"3.{n} 指标{n}",
    ],
    ids=["list", "months", "counts", "articles", "numbers", "indicators"],
)
def test_lines_that_differ_only_in_their_numbers_are_text(line_of: Callable[[int], str]) -> None:
    """A list or a table over several pages keeps all lines, although lines at the same height differ only in digits."""
    lines = [line_of(n) for n in range(1, 161)]
    text = read([body(lines[start : start + 40], top=40) for start in range(0, 160, 40)])
    assert sorted("".join(texts(text).split())) == sorted("".join("".join(lines).split()))
    assert text.warnings == ()


@pytest.mark.parametrize("gap", [20, 30, 60])
def test_blocks_that_differ_only_in_their_numbers_are_text(gap: int) -> None:
    """Four pages with the same form and other numbers keep all lines, whatever the distance of the first two lines."""
    pages = [
        [(f"本季度立案{n}2件", 60.0), (f"罚款{n}.5万元", 60.0 + gap), (f"{2019 + n}年小计{n}7件", 780.0)]
        for n in range(1, 5)
    ]
    text = read(pages)
    assert text.warnings == ()
    for page in pages:
        for line, _ in page:
            assert line in texts(text)


@pytest.mark.parametrize("label", ["附件", "附件 ", "项目 ", "青山市情况报告附表", "案例 "])
def test_numbered_titles_are_text(label: str) -> None:
    """附件1, 附件2 … count up with the pages, but are titles."""
    text = read([[(f"{label}{n}", 50.0), *page_of_text(n)] for n in range(1, 6)])
    assert [f"{label}{n}" in texts(text) for n in range(1, 6)] == [True] * 5
    assert text.warnings == ()


def test_the_unit_of_a_table_is_text_on_each_page() -> None:
    """A unit that is repeated above a table over several pages is not a running head."""
    text = read([[("单位：万元", 50.0), *page_of_text(n)] for n in range(1, 5)])
    assert texts(text).count("单位：万元") == 4


def test_a_line_in_the_margins_of_two_pages_of_nine_is_text() -> None:
    """附表 on pages 2 and 8 of nine is text: a running head would be on most of the pages between them, too."""
    heads = {2: "附表", 8: "附表"}
    text = read([[*([(heads[n], 50.0)] if n in heads else []), *page_of_text(n)] for n in range(1, 10)])
    assert texts(text).count("附表") == 2


# Running heads and feet


@pytest.mark.parametrize(
    "head_of",
    [
        lambda _: "青山市2023年法治政府建设年度报告",
        lambda n: f"青山市人民政府公报 {n}",
        lambda n: f"第{n}页 共9页",
        lambda n: f"青山年鉴 · {n + 211}",
        lambda n: f"{n}/9",
        lambda n: f"- {n + 36} -",
        lambda n: "青山市人民政府公报" if n % 2 else "2023年第6期",
        lambda n: "总则" if n < 5 else "附则",
        lambda n: "" if n == 1 else "青山市统计局",
    ],
    ids=["title", "title and number", "page of", "offset", "slash", "dashes", "alternating", "chapters", "not first"],
)
@pytest.mark.parametrize("baseline", [50.0, 800.0])
def test_running_heads_and_feet_are_left_out_and_counted(head_of: Callable[[int], str], baseline: float) -> None:
    """Heads and feet that repeat, alternate, change by chapter or have ascending numbers are left out and counted."""
    heads = [head_of(n) for n in range(1, 10)]
    pages = [[*page_of_text(n), *([(head, baseline)] if head else [])] for n, head in enumerate(heads, 1)]
    text = read(pages)
    count, first = sum(map(bool, heads)), 1 if heads[0] else 2
    assert text.warnings == (f"left out: {count} lines of running heads and feet on pages {first} to 9",)
    assert text.problems == ()
    assert texts(text) == texts(read([page_of_text(n) for n in range(1, 10)]))


def test_a_single_page_number_is_left_out() -> None:
    """On a single page, a number that is set off from the text is a page number."""
    text = read([[*page_of_text(1), ("1", 800.0)]])
    assert text.warnings == ("left out: 1 line of running heads and feet on page 1",)
    assert texts(text).endswith("一。")


def test_text_in_another_direction_is_counted() -> None:
    """Watermarks and marginal notes in another direction are left out with a warning."""
    page = place(page_of_text(1), 3)
    skewed = [Glyph(char, 100 + 20 * n, 120 + 20 * n, 300 + 20 * n, 30, turn=None) for n, char in enumerate("内 部")]
    text = extract_text([PlacedPage(3, WIDTH, HEIGHT, [*page.glyphs, *skewed])])
    assert text.warnings == ("left out: 2 characters in another direction on page 3",)
    assert "内" not in texts(text)


# Files


@pytest.mark.parametrize(("name", "start", "count"), [("list.pdf", "", 96), ("months.pdf", "20", 102)])
def test_lists_and_tables_of_real_files_are_complete(shared: Path, name: str, start: str, count: int) -> None:
    """No item of a list and no row of a table over several pages is missing."""
    pytest.importorskip("pypdfium2", reason="the extra that reads PDF is not installed")
    path = shared / "cases" / name
    if not path.is_file():
        pytest.skip(f"{path} is missing")
    (document,) = read_bytes(path.read_bytes(), name).documents
    starts = [block.text for block in document.blocks if block.text]
    starts += [row[0].text for block in document.blocks if block.table for row in block.table.rows]
    assert len([text for text in starts if text.startswith(start) and text[0].isdigit()]) == count
