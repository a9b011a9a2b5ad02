"""List numbers of Word documents."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from wordfiles import (
    OUTLINE,
    converted,
    definition,
    document,
    item,
    level,
    list_of,
    paragraph,
    style,
    styled,
    texts,
)

from searchkit.corpus.formats import doc, docx
from searchkit.corpus.formats.word.listnumbers import ordinal


def labels(steps: list[tuple[int, int]], numbering: str, **parts: str) -> list[str]:
    """What is printed before paragraphs of (level, list)."""
    found = texts("".join(item("文", n, number) for n, number in steps), numbering=numbering, **parts)
    return [text.removesuffix("文") for text in found]


def test_the_outline_of_a_chinese_report() -> None:
    """Levels count on, begin anew under each item above, and stand before the text as if typed."""
    steps = [(0, 1), (1, 1), (2, 1), (2, 1), (3, 1), (1, 1), (2, 1), (0, 1), (1, 1), (3, 1)]
    expected = ["一、", "（一）", "1.", "2.", "①", "（二）", "1.", "二、", "（一）", "①"]
    assert labels(steps, definition(0, *OUTLINE) + list_of(1, 0)) == expected


@pytest.mark.parametrize(
    ("style", "number", "printed"),
    [
        ("decimal", 12, "12"),
        ("decimalZero", 3, "03"),
        ("decimalFullWidth", 12, "１２"),
        ("decimalEnclosedCircle", 20, "⑳"),
        ("decimalEnclosedCircleChinese", 21, "21"),
        ("decimalEnclosedParen", 2, "⑵"),
        ("decimalEnclosedFullstop", 3, "⒊"),
        ("ideographEnclosedCircle", 10, "㊉"),
        ("chineseCounting", 10, "十"),
        ("chineseCounting", 21, "二十一"),
        ("chineseCounting", 105, "一〇五"),
        ("chineseCountingThousand", 11, "十一"),
        ("chineseCountingThousand", 105, "一百零五"),
        ("chineseCountingThousand", 1010, "一千零一十"),
        ("chineseCountingThousand", 0, "零"),
        ("japaneseCounting", 12, "十二"),
        ("taiwaneseCountingThousand", 20, "二十"),
        ("ideographDigital", 20, "二〇"),
        ("chineseLegalSimplified", 12, "壹拾贰"),
        ("ideographLegalTraditional", 20, "貳拾"),
        ("ideographTraditional", 3, "丙"),
        ("ideographTraditional", 11, "11"),
        ("ideographZodiac", 12, "亥"),
        ("ideographZodiacTraditional", 60, "癸亥"),
        ("upperRoman", 1994, "MCMXCIV"),
        ("lowerRoman", 4, "iv"),
        ("upperRoman", 0, "0"),
        ("upperLetter", 26, "Z"),
        ("lowerLetter", 28, "bb"),
        ("lowerLetter", 30_000, "30000"),
        ("numberInDash", 1, "- 1 -"),
        ("none", 5, ""),
        ("unheardOf", 5, "5"),
    ],
)
def test_styles_of_numbers(style: str, number: int, printed: str) -> None:
    """Each style of Chinese documents has its signs; beyond them, and in unknown styles, decimals stand."""
    assert ordinal(number, style) == printed


def test_lists_of_one_definition_count_on() -> None:
    """A second list goes on from the first unless it says where it starts, and then it does so once."""
    start = '<w:lvlOverride w:ilvl="0"><w:startOverride w:val="5"/></w:lvlOverride>'
    numbering = definition(0, *OUTLINE) + list_of(1, 0) + list_of(2, 0) + list_of(3, 0, start)
    assert labels([(0, 1), (0, 2), (0, 3), (0, 3), (0, 1)], numbering) == ["一、", "二、", "五、", "六、", "七、"]


def test_a_list_may_change_a_level() -> None:
    """An override of a level gives another style or pattern."""
    other = f'<w:lvlOverride w:ilvl="0">{level(0, "upperLetter", "%1)")}</w:lvlOverride>'
    assert labels([(0, 1), (0, 2)], definition(0, *OUTLINE) + list_of(1, 0) + list_of(2, 0, other)) == ["一、", "B)"]


def test_numbers_of_several_levels() -> None:
    """Patterns name the levels above; a level that was passed over has begun; isLgl makes all of them decimal."""
    numbering = definition(
        0,
        level(0, "chineseCounting", "第%1章"),
        level(1, "decimal", "%1.%2", "<w:isLgl/>"),
        level(2, "decimal", "%1-%3"),
    ) + list_of(1, 0)
    steps = [(1, 1), (1, 1), (0, 1), (1, 1), (2, 1)]
    assert labels(steps, numbering) == ["1.1 ", "1.2 ", "第二章 ", "2.1 ", "二-1 "]


def test_levels_that_do_not_begin_anew() -> None:
    """Restart 0 counts through the document; another value names the level that starts it anew."""
    numbering = definition(
        0,
        level(0, "decimal", "%1、"),
        level(1, "decimal", "（%2）"),
        level(2, "decimal", "%3）", '<w:lvlRestart w:val="1"/>'),
        level(3, "decimal", "[%4]", '<w:lvlRestart w:val="0"/>'),
    ) + list_of(1, 0)
    steps = [(0, 1), (1, 1), (2, 1), (3, 1), (1, 1), (2, 1), (0, 1), (2, 1), (3, 1)]
    assert labels(steps, numbering) == ["1、", "（1）", "1）", "[1]", "（2）", "2）", "2、", "1）", "[2]"]


def test_bullets_and_hidden_numbers_are_not_read() -> None:
    """A bullet is no number; nor is one that is hidden, or of a list that is switched off or missing."""
    hidden = level(1, "decimal", "%2.").replace("</w:lvl>", "<w:rPr><w:vanish/></w:rPr></w:lvl>")
    numbering = definition(0, level(0, "bullet", "·"), hidden) + list_of(1, 0)
    assert labels([(0, 1), (1, 1), (2, 1), (0, 0), (0, 7), (99, 1)], numbering) == [""] * 6


def test_numbers_by_style() -> None:
    """A style brings its list; the level is the one that names the style; a paragraph may switch it off."""
    linked = level(1, "decimal", "（%2）", '<w:pStyle w:val="heading 2"/>')
    numbering = definition(0, level(0, "chineseCounting", "%1、"), linked) + list_of(1, 0)
    numbered = '<w:pPr><w:numPr><w:numId w:val="1"/></w:numPr></w:pPr>'
    styles = style("heading 1", numbered) + style("heading 2", numbered) + style("下", '<w:basedOn w:val="heading 1"/>')
    off = paragraph("文", '<w:pStyle w:val="heading 1"/><w:numPr><w:numId w:val="0"/></w:numPr>')
    body = styled("文", "heading 1") + styled("文", "heading 2") + styled("文", "下") + off
    assert texts(body, styles=styles, numbering=numbering) == ["一、文", "（1）文", "二、文", "文"]


def test_numbering_styles() -> None:
    """A definition may leave its levels to a numbering style; one that leaves them to itself has none."""
    numbering = (
        definition(0, *OUTLINE)
        + '<w:abstractNum w:abstractNumId="1"><w:numStyleLink w:val="列表"/></w:abstractNum>'
        + '<w:abstractNum w:abstractNumId="2"><w:numStyleLink w:val="自己"/></w:abstractNum>'
        + list_of(1, 0)
        + list_of(2, 1)
        + list_of(3, 2)
    )
    styles = "".join(
        style(name, f'<w:pPr><w:numPr><w:numId w:val="{number}"/></w:numPr></w:pPr>', kind="numbering")
        for name, number in (("列表", 1), ("自己", 3))
    )
    assert labels([(0, 2), (1, 2), (0, 3)], numbering, styles=styles) == ["一、", "（一）", ""]


def test_a_format_with_a_fallback() -> None:
    """Of a format that few programs know the fallback counts."""
    rare = (
        '<mc:AlternateContent><mc:Choice><w:numFmt w:val="custom" w:format="001"/></mc:Choice>'
        '<mc:Fallback><w:numFmt w:val="decimal"/></mc:Fallback></mc:AlternateContent>'
    )
    only = f'<w:lvl w:ilvl="0"><w:start w:val="3"/>{rare}<w:lvlText w:val="%1、"/></w:lvl>'
    assert labels([(0, 1)], definition(0, only) + list_of(1, 0)) == ["3、"]


def test_blanks_between_number_and_text() -> None:
    """A blank stands only where number and text would run together, and never where Word leaves no gap."""
    numbering = (
        definition(0, level(0, "decimal", "%1."), level(1, "decimal", "%1.%2", '<w:suff w:val="nothing"/>'))
        + definition(1, level(0, "chineseCounting", "第%1条"))
        + list_of(1, 0)
        + list_of(2, 1)
    )
    body = item("2023年") + item("　立案") + item("甲", 1) + item("总则", 0, 2)
    assert texts(body, numbering=numbering) == ["1. 2023年", "2.立案", "2.1甲", "第一条 总则"]


@pytest.mark.skipif(doc.converter() is None, reason="LibreOffice is not installed")
def test_list_numbers_are_those_of_libreoffice(tmp_path: Path) -> None:
    """Another program that counts, asked for plain text, prints the same numbers."""
    chance = random.Random(7)  # noqa: S311 - no secret
    start = '<w:lvlOverride w:ilvl="0"><w:startOverride w:val="5"/></w:lvlOverride>'
    numbering = (
        definition(0, *OUTLINE)
        + definition(1, level(0, "upperRoman", "第%1章"), level(1, "decimal", "%2)"), level(2, "lowerLetter", "%2-%3."))
        + list_of(1, 0)
        + list_of(2, 1)
        + list_of(3, 0, start)
    )
    body = "".join(item(f"文{n}", chance.randrange(3), chance.randrange(1, 4)) for n in range(200))
    data = document(body, {"numbering": numbering, "styles": ""})
    theirs = converted(data, ".docx", "txt:Text (encoded):UTF8", tmp_path).decode("utf-8-sig").split("\n")
    (found,) = docx.read(data, "a.docx").documents
    plain = [block.text.replace(" ", "") for block in found.blocks]
    assert plain == [line.replace(" ", "").strip() for line in theirs if line.strip()]
