"""Text layers that cannot be read: they are repaired from the names of the glyphs, or reported as unreadable."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from pdffiles import coded_pdf

from searchkit.corpus.formats.characters import UNREADABLE_REASON
from searchkit.corpus.formats.page.layout import extract_text
from searchkit.corpus.formats.page.placed import Glyph, PlacedPage
from searchkit.corpus.formats.registry import FileContents, read_bytes
from searchkit.errors import ReadError

TEXT = "全年立案处罚案件\n共计罚款万元整"
LINES = tuple(TEXT.split("\n"))
CHARS = "".join(dict.fromkeys(TEXT))
"""The distinct characters of the text, line break included. Each has a glyph."""
PRIVATE = "".join(chr(0xE000 + n) for n in range(len(CHARS)))
"""Private-use characters, to which a broken font maps the glyphs."""
NAMES = tuple(f"uni{ord(char):04X}" for char in CHARS)
"""Names of the glyphs that state the characters."""
MEANINGLESS_NAMES = tuple(f"g{n}" for n in range(len(CHARS)))
"""Names of the glyphs that state no characters."""


def read_pdf(data: bytes) -> FileContents:
    """Read a PDF."""
    pytest.importorskip("pypdfium2", reason="the extra that reads PDF is not installed")
    return read_bytes(data, "a.pdf")


def texts(contents: FileContents) -> tuple[str, ...]:
    """Return the texts of the blocks of the only document."""
    (document,) = contents.documents
    return tuple(block.text for block in document.blocks)


def place(text: str) -> PlacedPage:
    """Return a page on which each line of a text is a row of glyphs."""
    glyphs = [
        Glyph(char, 20.0 + 10 * column, 30.0 + 10 * column, 100.0 + 20 * row, 10)
        for row, line in enumerate(text.split("\n"))
        for column, char in enumerate(line)
    ]
    return PlacedPage(1, 600, 800, glyphs)


# PDF


@pytest.mark.parametrize("subtype", ["Type1", "TrueType", "Type3"])
@pytest.mark.parametrize("mapped", [PRIVATE, ""], ids=["private use", "no map"])
@pytest.mark.parametrize("names", [NAMES, tuple(f"u{ord(char):05X}" for char in CHARS)], ids=["uniXXXX", "uXXXXX"])
def test_fonts_are_repaired_from_the_names_of_their_glyphs(subtype: str, mapped: str, names: Sequence[str]) -> None:
    """If the map of a font is missing or states private-use characters, the names of its glyphs replace the map."""
    contents = read_pdf(coded_pdf([TEXT], mapped, names, subtype))
    assert (texts(contents), contents.problems, contents.documents[0].warnings) == (LINES, (), ())


def test_a_map_to_characters_is_used_whatever_the_names() -> None:
    """A map to readable characters is kept, even if the names of the glyphs state none, or other characters."""
    assert texts(read_pdf(coded_pdf([TEXT], CHARS, MEANINGLESS_NAMES))) == LINES
    assert texts(read_pdf(coded_pdf([TEXT], CHARS, NAMES[::-1]))) == LINES


@pytest.mark.parametrize("names", [MEANINGLESS_NAMES, ()], ids=["meaningless names", "no names"])
@pytest.mark.parametrize("mapped", [PRIVATE, "", "\ufffd" * len(CHARS)], ids=["private use", "no map", "unknown"])
def test_a_file_of_unreadable_pages_is_refused(names: Sequence[str], mapped: str) -> None:
    """A file in which no character can be read is refused."""
    with pytest.raises(ReadError) as caught:
        read_pdf(coded_pdf([TEXT], mapped, names))
    assert str(caught.value) == UNREADABLE_REASON


def test_unreadable_pages_are_problems() -> None:
    """A page without readable characters is a problem; the other pages are read."""
    second = "".join(chr(0x4F60 + n) for n in range(20))
    count = len(dict.fromkeys(TEXT + second))
    mapped = "".join(chr(0xE000 + n) for n in range(count - 20)) + second
    contents = read_pdf(coded_pdf([TEXT, second], mapped))
    assert contents.problems == (f"page 1: {UNREADABLE_REASON}",)
    assert texts(contents) == (second,)


def test_only_the_glyphs_with_names_are_repaired() -> None:
    """A glyph without a meaningful name is read as U+FFFD, and a warning counts such characters."""
    names = [*MEANINGLESS_NAMES[:1], *NAMES[1:]]
    contents = read_pdf(coded_pdf([TEXT], PRIVATE, names))
    assert texts(contents) == (f"\ufffd{LINES[0][1:]}", LINES[1])
    assert contents.documents[0].warnings == ("1 unreadable character on page 1: read as \ufffd",)


def test_real_unreadable_file(shared: Path) -> None:
    """A file whose map states private-use characters is refused."""
    path = shared / "cases" / "pua.pdf"
    if not path.is_file():
        pytest.skip(f"{path} is missing")
    with pytest.raises(ReadError) as caught:
        read_pdf(path.read_bytes())
    assert str(caught.value) == UNREADABLE_REASON


# Pages of any format


def test_unreadable_lines_are_a_problem() -> None:
    """A line of mostly unreadable characters is left out and counted; the other lines are read."""
    text = extract_text([place(f"全年立案153件。\n{PRIVATE[:8]}件\n罚款20万元。\n\ufffd\ufffd{PRIVATE[:3]}")])
    assert [block.text for block in text.blocks] == ["全年立案153件。", "罚款20万元。"]
    assert text.problems == (f"page 1: 2 unreadable lines: {UNREADABLE_REASON}",)


def test_unreadable_characters_are_marked() -> None:
    """A private-use character in a readable line becomes U+FFFD, and a warning counts such characters."""
    text = extract_text([place("全年立\ue123案153件，罚\U000f1234款20万元。")])
    assert [block.text for block in text.blocks] == ["全年立\ufffd案153件，罚\ufffd款20万元。"]
    assert text.problems == ()
    assert text.warnings == ("2 unreadable characters on page 1: read as \ufffd",)


@pytest.mark.parametrize("bullet", ["\uf06c", "\uf0b7", "\uf0d8 ", "\uf0fc"])
def test_bullets_are_dropped(bullet: str) -> None:
    """List bullets, which word processors print with private-use characters, are dropped."""
    text = extract_text([place(f"{bullet}全年立案153件。\n{bullet}罚款20万元。")])
    assert [block.text for block in text.blocks] == ["全年立案153件。", "罚款20万元。"]
    assert (text.problems, text.warnings) == ((), ())
