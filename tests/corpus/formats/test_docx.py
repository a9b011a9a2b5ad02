"""Word documents."""

from __future__ import annotations

import random
import re
import time
import zipfile
from io import BytesIO
from pathlib import Path
from types import MappingProxyType

import pytest
from wordfiles import (
    MAIN,
    OUTLINE,
    STRICT,
    blocks,
    definition,
    document,
    item,
    level,
    list_instance,
    pack_zip,
    paragraph,
    row,
    run,
    style,
    styled_paragraph,
    texts,
)

from searchkit.corpus.blocks import Block, RawTable
from searchkit.corpus.formats import docx, registry
from searchkit.corpus.formats.registry import READERS, Reader
from searchkit.corpus.formats.text import BLANK
from searchkit.corpus.numbering import parse_ordinal
from searchkit.corpus.overrides import NO_METADATA
from searchkit.corpus.reading import read_file
from searchkit.corpus.topics import Taxonomy
from searchkit.corpus.walk import CorpusFile, Stamp
from searchkit.errors import ReadError
from searchkit.model import Cell

# Paragraphs and characters


def test_paragraphs_are_blocks_and_empty_ones_are_merged() -> None:
    """A paragraph is a block. A run of empty paragraphs is one empty block, or none at the start of the document."""
    body = (
        paragraph()
        + paragraph("　　一、成效")
        + paragraph()
        + paragraph(" ")
        + paragraph("立案129件。 ")
        + "<w:sectPr/>"
    )
    assert blocks(body) == [Block("　　一、成效"), BLANK, Block("立案129件。")]


def test_elements_that_stand_for_characters() -> None:
    """A tab, a non-breaking hyphen and a symbol become characters. A soft hyphen is dropped.

    White space around a text is kept only if `xml:space` says so. A symbol is dropped if its code is invalid, if it is
    a pictogram (004A of Wingdings, a smiley), or if its code is private-use and its font is no known symbol font.
    """
    body = paragraph(
        "<w:r><w:t>\n 立案 </w:t><w:tab/><w:t xml:space='preserve'>129 件</w:t><w:noBreakHyphen/><w:softHyphen/></w:r>"
        '<w:r><w:sym w:font="Wingdings" w:char="F0FE"/><w:sym w:font="Odd" w:char="F0FE"/>'
        '<w:sym w:font="SimSun" w:char="2014"/><w:sym w:font="SimSun" w:char="?"/>'
        '<w:sym w:font="Wingdings" w:char="004A"/></w:r>',
        '<w:tabs><w:tab w:val="left" w:pos="1"/></w:tabs>',
    )
    assert texts(body) == ["立案\t129 件-☑—"]


def test_line_and_page_breaks_end_a_line() -> None:
    """Each line within a paragraph is a block, as in the other formats."""
    body = paragraph(run("甲") + "<w:r><w:br/></w:r>" + run("乙") + '<w:r><w:br w:type="page"/></w:r>' + run("丙"))
    assert texts(body) == ["甲", "乙", "丙"]


def test_no_block_has_a_page() -> None:
    """Page breaks recorded by the program that saved the file are ignored."""
    body = paragraph("甲") + paragraph("<w:r><w:lastRenderedPageBreak/><w:t>乙</w:t></w:r>")
    assert blocks(body) == [Block("甲"), Block("乙")]


def test_bold_paragraphs_are_strong() -> None:
    """A block is strong if all its visible characters are bold, by their own properties or by a style.

    Bold type in the properties of the paragraph is that of the paragraph mark only.
    """
    bold = "<w:b/>"
    styles = (
        style("粗", "<w:rPr><w:b/></w:rPr>")
        + style("下", '<w:basedOn w:val="粗"/>')
        + style("字", "<w:rPr><w:b w:val='true'/></w:rPr>", kind="character")
    )
    body = (
        paragraph(run("一、", bold) + run(" ") + run("成效", bold))
        + paragraph(run("一是", bold) + run("立案。"))
        + styled_paragraph("按样式", "下")
        + paragraph(run("不粗", '<w:b w:val="0"/>'), '<w:pStyle w:val="粗"/>')
        + paragraph(run("字样", '<w:rStyle w:val="字"/>'))
        + paragraph("正文", "<w:rPr><w:b/></w:rPr>")
    )
    assert [block.strong for block in blocks(body, styles=styles)] == [True, False, True, False, True, False]


def test_heading_levels() -> None:
    """The outline level of the paragraph or its style decides, otherwise the name of the style or a base style."""
    styles = (
        style("heading 1", "")
        + style("标题 2", '<w:basedOn w:val="heading 1"/>')
        + style("我的", '<w:basedOn w:val="标题 2"/>')
        + style("大纲", '<w:pPr><w:outlineLvl w:val="3"/></w:pPr>')
        + style("正文级", '<w:basedOn w:val="heading 1"/><w:pPr><w:outlineLvl w:val="9"/></w:pPr>')
        + style("Title", "")
        + style("标题 1 字符", "")
    )
    names = ("heading 1", "标题 2", "我的", "大纲", "正文级", "Title", "标题 1 字符", "没有")
    body = "".join(styled_paragraph("题", name) for name in names) + paragraph("题", '<w:outlineLvl w:val="4"/>')
    assert [block.level for block in blocks(body, styles=styles)] == [1, 2, 2, 4, 0, 1, 0, 0, 5]


def test_cyclic_and_long_style_chains_end() -> None:
    """A cycle of styles ends, and a chain of 30,000 styles takes less than 5 seconds of CPU time."""
    styles = style("甲", '<w:basedOn w:val="乙"/>') + style("乙", '<w:basedOn w:val="甲"/><w:rPr><w:b/></w:rPr>')
    assert blocks(styled_paragraph("一", "甲"), styles=styles) == [Block("一", strong=True)]
    chain = "".join(style(str(n), f'<w:basedOn w:val="{n - 1}"/>') for n in range(30_000))
    start = time.process_time()
    assert texts(styled_paragraph("一", "29999"), styles=chain) == ["一"]
    assert time.process_time() - start < 5


def test_the_default_style_is_used() -> None:
    """Paragraphs without a style have the default style."""
    styles = style("Normal", "<w:rPr><w:b/></w:rPr>", is_default=True)
    assert blocks(paragraph("一"), styles=styles) == [Block("一", strong=True)]


# Visible and hidden text


def test_insertions_are_read_and_deletions_are_not() -> None:
    """Insertions are read and deletions are not. Moved text is read once, at its destination."""
    body = paragraph(
        f"<w:ins>{run('立案')}</w:ins><w:del><w:r><w:delText>结案</w:delText></w:r></w:del>"
        f"<w:moveFrom>{run('129')}</w:moveFrom>{run('件')}<w:moveTo>{run('。')}</w:moveTo>"
    )
    assert texts(body) == ["立案件。"]


def test_a_deleted_paragraph_mark_joins_two_paragraphs() -> None:
    """The text continues in the next paragraph, whose list number is used, or ends with the document."""
    body = (
        paragraph(run("立案"), "<w:rPr><w:del/></w:rPr>")
        + item("129件")
        + item("结案")
        + paragraph(f"<w:del>{run('删')}</w:del>", '<w:numPr><w:numId w:val="1"/></w:numPr><w:rPr><w:del/></w:rPr>')
        + item("复议")
        + paragraph("尾", "<w:rPr><w:moveFrom/></w:rPr>")
    )
    numbering = definition(0, level(0, "decimal", "%1、")) + list_instance(1, 0)
    assert texts(body, numbering=numbering) == ["1、立案129件", "2、结案", "3、复议", "尾"]


def test_hidden_text_is_not_read() -> None:
    """Hidden runs, hidden paragraphs and text in hidden styles are skipped. A hidden list item is not counted."""
    styles = style("藏", "<w:rPr><w:vanish/></w:rPr>")
    body = (
        paragraph(run("立案") + run("秘密", "<w:vanish/>") + run("129件", '<w:vanish w:val="0"/>'))
        + item("一")
        + paragraph(run("藏", "<w:vanish/>"), '<w:numPr><w:numId w:val="1"/></w:numPr><w:rPr><w:vanish/></w:rPr>')
        + styled_paragraph("藏", "藏")
        + item("二")
    )
    numbering = definition(0, level(0, "decimal", "%1、")) + list_instance(1, 0)
    assert texts(body, styles=styles, numbering=numbering) == ["立案129件", "1、一", "2、二"]


def field(code: str, result: str) -> str:
    """Return a field: a mark, its code, a mark, its result, a mark."""
    mark = '<w:r><w:fldChar w:fldCharType="{}"/></w:r>'.format
    return mark("begin") + code + mark("separate") + result + mark("end")


def test_field_results_are_read_and_field_codes_are_not() -> None:
    """Results of nested and simple fields and texts of links are read. Codes are not, nor is a field inside a code."""
    code = "<w:r><w:instrText>DATE</w:instrText></w:r>"
    link = f'<w:hyperlink r:id="r9">{run("规定")}</w:hyperlink>'
    body = paragraph(
        run("见")
        + field(code + field(code, run("码")), run("果") + field(code, run("内")))
        + f'<w:fldSimple w:instr="PAGE">{run("3")}</w:fldSimple>'
        + link
    )
    assert texts(body) == ["见果内3规定"]


def test_an_unclosed_field_hides_only_its_paragraph() -> None:
    """An unclosed field hides only the rest of its paragraph."""
    begin = '<w:r><w:fldChar w:fldCharType="begin"/></w:r>'
    assert texts(paragraph(run("甲") + begin + run("码")) + paragraph("乙")) == ["甲", "乙"]


def test_tables_of_contents_are_dropped() -> None:
    """Paragraphs in the styles of a table of contents are dropped."""
    styles = style("toc 1", "") + style("目录 2", "")
    body = (
        paragraph("目录")
        + styled_paragraph("一、成效\t1", "toc 1")
        + styled_paragraph("（一）执法\t2", "目录 2")
        + paragraph("一、成效")
    )
    assert texts(body, styles=styles) == ["目录", "一、成效"]


def test_content_controls_and_tags_are_read() -> None:
    """The text of controls, tags and formulas is read. Placeholder text and readings above characters are not."""
    body = (
        f"<w:sdt><w:sdtPr/><w:sdtContent>{paragraph('甲')}</w:sdtContent></w:sdt>"
        + paragraph(
            f"<w:sdt><w:sdtPr><w:showingPlcHdr/></w:sdtPr><w:sdtContent>{run('请输入')}</w:sdtContent></w:sdt>{run('乙')}"
        )
        + "<w:customXml>"
        + paragraph(f"<w:smartTag>{run('丙')}</w:smartTag>")
        + "</w:customXml>"
        + paragraph(run("") + "<m:oMath><m:r><m:t>x=1</m:t></m:r></m:oMath>")
        + paragraph(f"<w:r><w:ruby><w:rt>{run('zi')}</w:rt><w:rubyBase>{run('字')}</w:rubyBase></w:ruby></w:r>")
    )
    assert texts(body) == ["甲", "乙", "丙", "x=1", "字"]


@pytest.mark.parametrize(
    ("numerator", "denominator", "text"),
    [("35", "40", "办结率=35/40×100%"), ("12+23", "40", "办结率=(12+23)/40×100%")],
)
def test_fractions_have_a_slash(numerator: str, denominator: str, text: str) -> None:
    """The bar of a fraction becomes a slash. Brackets enclose a numerator or denominator with an operator."""
    parts = (
        f"<m:{name}><m:r><m:t>{part}</m:t></m:r></m:{name}>"
        for name, part in (("num", numerator), ("den", denominator))
    )
    rest = "<m:r><m:t>×100%</m:t></m:r>"
    assert texts(paragraph(run("办结率=") + f"<m:oMath><m:f>{''.join(parts)}</m:f>{rest}</m:oMath>")) == [text]


# Text boxes and notes


def test_text_boxes_are_read_once_after_their_paragraph() -> None:
    """A box with two renderings is read once, after the paragraph that contains it. A hidden box is not read."""
    box = f"<w:txbxContent>{paragraph('框一')}{paragraph('框二')}</w:txbxContent>"
    both = (
        f"<w:r><mc:AlternateContent><mc:Choice><w:drawing>{box}</w:drawing></mc:Choice>"
        f"<mc:Fallback><w:pict><v:shape><v:textbox>{box}</v:textbox></v:shape></w:pict></mc:Fallback>"
        "</mc:AlternateContent></w:r>"
    )
    old = f"<w:r><w:pict><v:shape><v:textbox>{box}</v:textbox></v:shape></w:pict></w:r>"
    hidden = f"<w:r><w:rPr><w:vanish/></w:rPr><w:pict>{box}</w:pict></w:r>"
    assert texts(paragraph(run("前") + both + run("后")) + paragraph("末")) == ["前后", "框一", "框二", "末"]
    assert texts(paragraph(old) + paragraph(hidden)) == ["框一", "框二", ""]


def test_notes_follow_the_paragraph_or_table_that_refers_to_them() -> None:
    """Footnotes and endnotes are separate blocks, each read once. Their reference marks are not part of the text."""
    note = '<w:r><w:footnoteReference w:id="{}"/></w:r>'.format
    end = '<w:r><w:endnoteReference w:id="2"/></w:r>'
    body = (
        paragraph(run("立案129件") + note(2) + run("。") + note(2) + note(9))
        + f"<w:tbl>{row('甲', paragraph(run('乙') + end))}{row('丙', '丁')}</w:tbl>"
        + paragraph("末")
    )
    footnotes = f'<w:footnote w:id="2">{paragraph("<w:r><w:footnoteRef/></w:r>" + run("注一") + note(2))}</w:footnote>'
    endnotes = f'<w:endnote w:id="2">{paragraph("注二")}</w:endnote>'
    block_texts = texts(body, footnotes=footnotes, endnotes=endnotes)
    assert block_texts == ["立案129件。", "注一", "甲\t乙", "丙\t丁", "注二", "末"]


# Tables


def test_a_data_table_is_one_block() -> None:
    """A data table is one block. Paragraphs and line breaks end lines of a cell. Empty cells are kept."""
    body = (
        f"<w:tbl><w:tblPr/>{row('指标', '2022年')}"
        + row(paragraph("立案") + paragraph("（件）"), paragraph(run("129") + "<w:r><w:br/></w:r>" + run("件")))
        + row("", "单独", "")
        + row(paragraph(run("合", "<w:b/>") + run("计")), paragraph(run("129")))
        + "</w:tbl>"
    )
    rows = (("指标", "2022年"), ("立案\n（件）", "129\n件"), ("", "单独", ""), ("合计", "129"))
    assert blocks(body) == [Block("", table=RawTable(tuple(tuple(map(Cell, texts)) for texts in rows)))]


def test_merged_cells_are_read_once() -> None:
    """The text of merged cells is not repeated. A deleted row is not read."""
    merged = "<w:tc><w:tcPr><w:vMerge{}/></w:tcPr>{}</w:tc>".format
    wide = f'<w:tc><w:tcPr><w:gridSpan w:val="2"/></w:tcPr>{paragraph("宽")}</w:tc>'
    cell = f"<w:tc>{paragraph('值')}</w:tc>"
    first, below = merged(' w:val="restart"', paragraph("类")), merged("", paragraph("类"))
    deleted = f"<w:trPr><w:del/></w:trPr>{cell}{cell}"
    rows = (first + cell, below + cell + cell, wide + cell, deleted)
    body = f"<w:tbl>{''.join(f'<w:tr>{cells}</w:tr>' for cells in rows)}</w:tbl>"
    assert texts(body) == ["类\t值", "值\t值", "宽\t值"]


def test_columns_without_width_do_not_count() -> None:
    """A grid column too narrow for text, which conversions and moved cells leave, is not a column of the table."""
    grid = "".join(f'<w:gridCol w:w="{width}"/>' for width in (2000, 1999, 1, 2000))

    def cell(text: str, span: int) -> str:
        return f'<w:tc><w:tcPr><w:gridSpan w:val="{span}"/></w:tcPr>{paragraph(text)}</w:tc>'

    rows = (
        cell("街道", 1) + cell("收件", 1) + cell("办结", 2),
        cell("东风街道", 1) + cell("10", 2) + cell("9", 1),
    )
    body = f"<w:tbl><w:tblGrid>{grid}</w:tblGrid>{''.join(f'<w:tr>{cells}</w:tr>' for cells in rows)}</w:tbl>"
    expected = (("街道", "收件", "办结"), ("东风街道", "10", "9"))
    assert blocks(body) == [Block("", table=RawTable(tuple(tuple(map(Cell, texts)) for texts in expected)))]


def test_layout_tables_are_not_joined() -> None:
    """In a table that contains a table, or a cell of more than 500 characters, each paragraph is a separate block."""
    inner = f"<w:tbl>{row('立案', '129件')}</w:tbl>"
    body = (
        f"<w:tbl>{row('左', paragraph('上') + inner + paragraph('下'))}</w:tbl><w:tbl>{row('甲', '长' * 501)}</w:tbl>"
    )
    assert texts(body) == ["左", "上", "立案\t129件", "下", "甲", "长" * 501]


def test_automatic_numbers_without_text() -> None:
    """In a table, a list number without text is the text of its cell; elsewhere it is counted, but not read."""
    numbering = definition(0, level(0, "decimal", "%1")) + list_instance(1, 0)
    body = item("") + f"<w:tbl>{row(item(''), '立案')}{row(item(''), '结案')}</w:tbl>"
    assert texts(body, numbering=numbering) == ["2\t立案", "3\t结案"]


# Files


def test_only_meaningful_titles_are_hints() -> None:
    """The title in the properties is a hint unless it is a default, a file name, short or without Han characters."""
    cases = {
        "某某区2023年法治政府建设年度报告": {"title": "某某区2023年法治政府建设年度报告"},
        "Microsoft Word - 文档1": {},
        "新建 Microsoft Word 文档": {},
        "新建 DOC 文档": {},
        "2023年工作报告.doc": {},
        "report of 2023": {},
        "总结": {},
    }
    for title, hints in cases.items():
        (raw_document,) = docx.read(document(paragraph("正文"), title=title), "a.docx").documents
        assert raw_document.hints == hints


def test_strict_documents_are_read() -> None:
    """A document with the main namespace of the strict variant is read like any other."""
    data = document(item("成效"), {"numbering": definition(0, *OUTLINE) + list_instance(1, 0)})
    with zipfile.ZipFile(BytesIO(data)) as archive:
        files = {name: archive.read(name).replace(MAIN.encode(), STRICT.encode()) for name in archive.namelist()}
    (raw_document,) = docx.read(pack_zip(files), "a.docx").documents
    assert raw_document.blocks == (Block("一、成效"),)


def test_parts_are_located_by_their_relationships() -> None:
    """Relationships locate the main document part. Without relationships, its default name is used."""
    data = document(paragraph("正文"))
    with zipfile.ZipFile(BytesIO(data)) as archive:
        files = {name: archive.read(name).decode() for name in archive.namelist()}
    renamed = {
        name.replace("word/document", "x/d2"): text.replace("word/document", "/x/d2") for name, text in files.items()
    }
    without_relationships = {"word/document.xml": files["word/document.xml"]}
    for parts in (renamed, without_relationships):
        (raw_document,) = docx.read(pack_zip(parts), "a.docx").documents
        assert raw_document.blocks == (Block("正文"),)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (pack_zip({"a.txt": "立案"}), "not a Word document: a zip archive of something else"),
        (pack_zip({"word/document.xml": "<a/>"}), "not a Word document"),
        (pack_zip({"word/document.xml": "<a"}), "not well-formed"),
        (pack_zip({"word/document.xml": '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'}), "document type"),
        (document(paragraph("立案"))[:-30], "not a zip archive, or damaged"),
        (
            document(
                "<w:sdt><w:sdtContent>" * 60 + "</w:sdtContent></w:sdt>" * 60 + "<w:ins>" * 500 + "</w:ins>" * 500
            ),
            "nested",
        ),
    ],
)
def test_other_files_are_refused(data: bytes, reason: str) -> None:
    """Damaged documents, those nested too deeply and files that are not Word documents are refused with a reason."""
    with pytest.raises(ReadError, match=reason):
        docx.read(data, "a.docx")


def test_deeply_nested_boxes_are_refused() -> None:
    """Boxes nested 5,000 deep are refused, before they exhaust Python's stack."""
    body = "<w:p><w:r><w:txbxContent>" * 5000 + "</w:txbxContent></w:r></w:p>" * 5000
    with pytest.raises(ReadError, match="nested deeper"):
        blocks(body)


def test_a_large_document_is_read_in_seconds() -> None:
    """40,000 paragraphs with list numbers are read in less than 10 seconds of CPU time."""
    numbering = definition(0, *OUTLINE) + list_instance(1, 0)
    body = "".join(item(f"推进依法行政，立案{n * n}件。", 2) for n in range(40_000))
    start = time.process_time()
    block_texts = texts(body, numbering=numbering)
    assert time.process_time() - start < 10
    assert block_texts[0] == "1.推进依法行政，立案0件。"
    assert len(block_texts) == 40_000


@pytest.mark.parametrize("seed", range(300))
def test_altered_documents_are_read_or_refused(seed: int) -> None:
    """A document with an altered part is read, or refused with a one-line message."""
    rng = random.Random(seed)  # noqa: S311 - not security-relevant
    body = item("成效") + f"<w:tbl>{row('甲', '乙')}</w:tbl>" + paragraph(field(run("码"), run("果")))
    note = f'<w:footnote w:id="1">{paragraph("注")}</w:footnote>'
    parts = {"numbering": definition(0, *OUTLINE) + list_instance(1, 0), "styles": style("甲", ""), "footnotes": note}
    with zipfile.ZipFile(BytesIO(document(body, parts, title="报告"))) as archive:
        files = {name: archive.read(name).decode() for name in archive.namelist()}
    name = rng.choice(sorted(files))
    tags = re.findall("<[^>]+>", files[name])
    for _ in range(rng.randrange(1, 4)):
        files[name] = files[name].replace(rng.choice(tags), rng.choice(("", rng.choice(tags), "<w:p/>")), 1)
    files[name] = re.sub('val="[^"]*"', lambda match: rng.choice((match[0], 'val="-1"', 'val=""')), files[name])
    try:
        docx.read(pack_zip(files), "a.docx")
    except ReadError as error:
        assert "\n" not in str(error)  # noqa: PT017 - some raise, some do not


# Comparison with text files

_NUMBER_PATTERNS = (
    re.compile(r"([一二三四五六七八九十]{1,3})、"),
    re.compile(r"（([一二三四五六七八九十]{1,3})）"),
    re.compile(r"(\d{1,2})\.(?!\d)"),
)
"""Printed numbers of the first three levels of `OUTLINE`: 一、 （一） 1."""


def convert_to_docx(text: str) -> tuple[bytes, int]:
    """Convert a text to a Word document. Return the document and the number of its automatic list numbers.

    Printed numbers become list numbers where Word would count the same.
    """
    counts, automatic_count, body = [0, 0, 0], 0, ""
    for line in text.split("\n"):
        for n, pattern in enumerate(_NUMBER_PATTERNS):
            match = pattern.match(line)
            if match and parse_ordinal(match[1]) == counts[n] + 1 and all(counts[:n]) and line[match.end() :].strip():
                counts[n:] = [counts[n] + 1] + [0] * (len(counts) - n - 1)
                body += item(line[match.end() :], n)
                automatic_count += 1
                break
        else:
            body += paragraph(line)
    return document(body, {"numbering": definition(0, *OUTLINE) + list_instance(1, 0), "styles": ""}), automatic_count


def test_real_reports_read_as_their_text_files(shared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Word documents with automatic list numbers yield the paragraphs, numbers and metadata of their text files."""
    monkeypatch.setattr(registry, "READERS", MappingProxyType({**READERS, ".docx": Reader("docx")}))
    taxonomy, automatic_total = Taxonomy.load(None), 0
    for path in sorted((shared / "corpus" / "seeds").glob("*.txt")):
        docx_path = tmp_path / f"{path.stem}.docx"
        data, automatic_count = convert_to_docx(path.read_text(encoding="utf-8"))
        docx_path.write_bytes(data)
        expected, from_docx = (
            read_file(CorpusFile(str(file), file.name, Stamp(0, 0, 0, 0)), NO_METADATA, taxonomy).documents[0]
            for file in (path, docx_path)
        )
        assert [(p.text, p.number, p.path, p.section, p.topics) for p in from_docx.paragraphs] == [
            (p.text, p.number, p.path, p.section, p.topics) for p in expected.paragraphs
        ]
        for name in ("title", "year", "published", "issuer", "agency", "region", "doctype"):
            assert getattr(from_docx.document, name) == getattr(expected.document, name)
        automatic_total += automatic_count
    assert automatic_total > 20
