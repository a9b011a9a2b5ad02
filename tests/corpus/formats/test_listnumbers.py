"""List numbers of Word documents."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from wordfiles import (
    OUTLINE,
    convert_document,
    definition,
    document,
    item,
    level,
    list_instance,
    paragraph,
    style,
    styled_paragraph,
    texts,
)

from searchkit.corpus.formats import doc, docx
from searchkit.corpus.formats.word.listnumbers import format_number


def printed_numbers(steps: list[tuple[int, int]], numbering: str, **parts: str) -> list[str]:
    """Return the list numbers before paragraphs. `steps`: level, from 0, and list of each paragraph."""
    block_texts = texts("".join(item("文", n, number) for n, number in steps), numbering=numbering, **parts)
    return [text.removesuffix("文") for text in block_texts]


def test_levels_count_and_restart_as_in_a_chinese_report() -> None:
    """Each level counts on, and restarts after a paragraph of a level above. Numbers precede the text as if typed."""
    steps = [(0, 1), (1, 1), (2, 1), (2, 1), (3, 1), (1, 1), (2, 1), (0, 1), (1, 1), (3, 1)]
    expected = ["一、", "（一）", "1.", "2.", "①", "（二）", "1.", "二、", "（一）", "①"]
    assert printed_numbers(steps, definition(0, *OUTLINE) + list_instance(1, 0)) == expected


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
def test_number_styles(style: str, number: int, printed: str) -> None:
    """Each style of numbers in Chinese documents has its numerals or symbols.

    A number is decimal if its style has no symbol for it, or if the style is unknown.
    """
    assert format_number(number, style) == printed


def test_lists_with_the_same_definition_continue_each_other() -> None:
    """A second list continues the first unless it states a start, which applies once."""
    start = '<w:lvlOverride w:ilvl="0"><w:startOverride w:val="5"/></w:lvlOverride>'
    numbering = definition(0, *OUTLINE) + list_instance(1, 0) + list_instance(2, 0) + list_instance(3, 0, start)
    assert printed_numbers([(0, 1), (0, 2), (0, 3), (0, 3), (0, 1)], numbering) == [
        "一、",
        "二、",
        "五、",
        "六、",
        "七、",
    ]


def test_a_list_may_override_a_level() -> None:
    """An override of a level replaces its style and pattern. Its numbers still continue those of the other list."""
    other = f'<w:lvlOverride w:ilvl="0">{level(0, "upperLetter", "%1)")}</w:lvlOverride>'
    assert printed_numbers(
        [(0, 1), (0, 2)], definition(0, *OUTLINE) + list_instance(1, 0) + list_instance(2, 0, other)
    ) == ["一、", "B)"]


def test_patterns_refer_to_upper_levels() -> None:
    """Patterns refer to the levels above. A skipped level counts as begun; `isLgl` makes all numbers decimal."""
    numbering = definition(
        0,
        level(0, "chineseCounting", "第%1章"),
        level(1, "decimal", "%1.%2", "<w:isLgl/>"),
        level(2, "decimal", "%1-%3"),
    ) + list_instance(1, 0)
    steps = [(1, 1), (1, 1), (0, 1), (1, 1), (2, 1)]
    assert printed_numbers(steps, numbering) == ["1.1 ", "1.2 ", "第二章 ", "2.1 ", "二-1 "]


def test_levels_with_a_restart_rule() -> None:
    """With `lvlRestart` 0, a level never restarts; with 1, it restarts only after a paragraph of the first level."""
    numbering = definition(
        0,
        level(0, "decimal", "%1、"),
        level(1, "decimal", "（%2）"),
        level(2, "decimal", "%3）", '<w:lvlRestart w:val="1"/>'),
        level(3, "decimal", "[%4]", '<w:lvlRestart w:val="0"/>'),
    ) + list_instance(1, 0)
    steps = [(0, 1), (1, 1), (2, 1), (3, 1), (1, 1), (2, 1), (0, 1), (2, 1), (3, 1)]
    assert printed_numbers(steps, numbering) == ["1、", "（1）", "1）", "[1]", "（2）", "2）", "2、", "1）", "[2]"]


def test_bullets_and_hidden_numbers_are_not_read() -> None:
    """Bullets, hidden numbers, and numbers of disabled lists, missing lists and missing levels are not read.

    A number whose style says that it is not hidden is read.
    """
    hidden = level(1, "decimal", "%2.").replace("</w:lvl>", "<w:rPr><w:vanish/></w:rPr></w:lvl>")
    numbering = definition(0, level(0, "bullet", "·"), hidden) + list_instance(1, 0)
    assert printed_numbers([(0, 1), (1, 1), (2, 1), (0, 0), (0, 7), (99, 1)], numbering) == [""] * 6
    shown = level(0, "decimal", "%1.").replace("</w:lvl>", '<w:rPr><w:vanish w:val="0"/></w:rPr></w:lvl>')
    assert printed_numbers([(0, 1)], definition(0, shown) + list_instance(1, 0)) == ["1."]


def test_a_style_implies_a_list() -> None:
    """A style implies a list; the level is the one that names the style. A paragraph can disable the list."""
    linked = level(1, "decimal", "（%2）", '<w:pStyle w:val="heading 2"/>')
    numbering = definition(0, level(0, "chineseCounting", "%1、"), linked) + list_instance(1, 0)
    numbered = '<w:pPr><w:numPr><w:numId w:val="1"/></w:numPr></w:pPr>'
    styles = style("heading 1", numbered) + style("heading 2", numbered) + style("下", '<w:basedOn w:val="heading 1"/>')
    off = paragraph("文", '<w:pStyle w:val="heading 1"/><w:numPr><w:numId w:val="0"/></w:numPr>')
    body = (
        styled_paragraph("文", "heading 1") + styled_paragraph("文", "heading 2") + styled_paragraph("文", "下") + off
    )
    assert texts(body, styles=styles, numbering=numbering) == ["一、文", "（1）文", "二、文", "文"]


def test_definitions_refer_to_numbering_styles() -> None:
    """A definition may refer to a numbering style for its levels. If it refers to itself, it has none."""
    numbering = (
        definition(0, *OUTLINE)
        + '<w:abstractNum w:abstractNumId="1"><w:numStyleLink w:val="列表"/></w:abstractNum>'
        + '<w:abstractNum w:abstractNumId="2"><w:numStyleLink w:val="自己"/></w:abstractNum>'
        + list_instance(1, 0)
        + list_instance(2, 1)
        + list_instance(3, 2)
    )
    styles = "".join(
        style(name, f'<w:pPr><w:numPr><w:numId w:val="{number}"/></w:numPr></w:pPr>', kind="numbering")
        for name, number in (("列表", 1), ("自己", 3))
    )
    assert printed_numbers([(0, 2), (1, 2), (0, 3)], numbering, styles=styles) == ["一、", "（一）", ""]


def test_the_fallback_of_a_format_is_used() -> None:
    """If a level has a number format with a fallback (`mc:Fallback`), the fallback is used."""
    rare = (
        '<mc:AlternateContent><mc:Choice><w:numFmt w:val="custom" w:format="001"/></mc:Choice>'
        '<mc:Fallback><w:numFmt w:val="decimal"/></mc:Fallback></mc:AlternateContent>'
    )
    only = f'<w:lvl w:ilvl="0"><w:start w:val="3"/>{rare}<w:lvlText w:val="%1、"/></w:lvl>'
    assert printed_numbers([(0, 1)], definition(0, only) + list_instance(1, 0)) == ["3、"]


def test_a_blank_separates_number_and_text_only_if_needed() -> None:
    """There is a blank only where number and text would run together, and never where Word prints no gap."""
    numbering = (
        definition(0, level(0, "decimal", "%1."), level(1, "decimal", "%1.%2", '<w:suff w:val="nothing"/>'))
        + definition(1, level(0, "chineseCounting", "第%1条"))
        + list_instance(1, 0)
        + list_instance(2, 1)
    )
    body = item("2023年") + item("　立案") + item("甲", 1) + item("总则", 0, 2)
    assert texts(body, numbering=numbering) == ["1. 2023年", "2.立案", "2.1甲", "第一条 总则"]


@pytest.mark.skipif(doc.find_libreoffice() is None, reason="LibreOffice is not installed")
def test_libreoffice_prints_the_same_numbers(tmp_path: Path) -> None:
    """LibreOffice, asked for plain text, prints the same numbers, apart from blanks."""
    rng = random.Random(7)  # noqa: S311 - not security-relevant
    start = '<w:lvlOverride w:ilvl="0"><w:startOverride w:val="5"/></w:lvlOverride>'
    numbering = (
        definition(0, *OUTLINE)
        + definition(1, level(0, "upperRoman", "第%1章"), level(1, "decimal", "%2)"), level(2, "lowerLetter", "%2-%3."))
        + list_instance(1, 0)
        + list_instance(2, 1)
        + list_instance(3, 0, start)
    )
    body = "".join(item(f"文{n}", rng.randrange(3), rng.randrange(1, 4)) for n in range(200))
    data = document(body, {"numbering": numbering, "styles": ""})
    libreoffice_lines = (
        convert_document(data, ".docx", "txt:Text (encoded):UTF8", tmp_path).decode("utf-8-sig").split("\n")
    )
    (raw_document,) = docx.read(data, "a.docx").documents
    without_blanks = [block.text.replace(" ", "") for block in raw_document.blocks]
    assert without_blanks == [line.replace(" ", "").strip() for line in libreoffice_lines if line.strip()]
