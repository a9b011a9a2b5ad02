"""The registry of readers, and the readers of text, Markdown, HTML and JSON Lines: bytes to blocks."""

from __future__ import annotations

import json
import random
import time

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from searchkit.corpus.blocks import Block, RawTable
from searchkit.corpus.formats import markdown, registry
from searchkit.corpus.formats.html import parse_fragment
from searchkit.corpus.formats.registry import READERS, FileContents, Reader, read_bytes, suffix_of
from searchkit.corpus.formats.text import BLANK, decode_text, normalise_text
from searchkit.errors import ReadError
from searchkit.model import Cell
from searchkit.text.characters import remove_invisible

CHINESE = "滨海新区２０２３年立案１２９件，罚没款93.7182万元。"


def blocks(text: str, name: str) -> list[Block]:
    """Return the blocks of the only document in a file."""
    (document,) = read_bytes(text.encode(), name).documents
    return list(document.blocks)


def texts(text: str, name: str) -> list[str]:
    """Return the texts of the blocks of the only document in a file."""
    return [block.text for block in blocks(text, name)]


# The registry


CONTENT_BY_MODULE = {
    **dict.fromkeys(("text", "markdown", "html"), CHINESE),
    "jsonlines": json.dumps({"id": 1, "text": CHINESE}),
    "delimited": f"text\n{CHINESE}\n",
}
"""Module of a reader → content of a file with the text `CHINESE`."""


@pytest.mark.parametrize(
    "suffix", sorted(suffix for suffix, reader in READERS.items() if reader.module in CONTENT_BY_MODULE)
)
def test_every_text_suffix_has_a_reader(suffix: str) -> None:
    """Each registered suffix of a text format has a reader that returns the text."""
    (document,) = read_bytes(CONTENT_BY_MODULE[READERS[suffix].module].encode(), f"a{suffix.upper()}").documents
    assert [block.text for block in document.blocks] == [CHINESE]


def test_a_suffix_without_reader_is_refused() -> None:
    """For a suffix without a reader, ReadError is raised and names the suffix, or says that there is none."""
    with pytest.raises(ReadError, match=r"no reader for \.xyz"):
        read_bytes(b"", "a/b.xyz")
    with pytest.raises(ReadError, match="without a suffix"):
        read_bytes(b"", "a.b/c")


def test_the_last_suffix_decides_in_any_case() -> None:
    """The last suffix decides, whatever its case."""
    assert suffix_of("a.b/报告.2023.TXT") == ".txt"


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """If the package of a reader is not installed, the message names it."""
    monkeypatch.setattr(registry, "READERS", {".odd": Reader("no_such_module", needs="odd-package")})
    with pytest.raises(ReadError, match="pip install odd-package"):
        read_bytes(b"x", "a.odd")


# Decoding


def test_damaged_utf8_is_read_with_a_warning() -> None:
    """An invalid byte in a long text is replaced and reported; the encoding is still detected."""
    data = (CHINESE * 10).encode() + b"\xff" + CHINESE.encode()
    decoded = decode_text(data)
    assert decoded.text == CHINESE * 10 + "\ufffd" + CHINESE
    assert decoded.warnings == (
        f"1 place is not UTF-8, the first at byte {len((CHINESE * 10).encode())}: read as \ufffd",
    )


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("size", [40, 1000, 100_000])
def test_random_bytes_are_not_text(seed: int, size: int) -> None:
    """Random bytes are refused."""
    with pytest.raises(ReadError, match="not text"):
        decode_text(random.Random(seed).randbytes(size))  # noqa: S311 - not security-relevant


@pytest.mark.parametrize("data", [b"a\x00b", b"\x7fELF\x00\x00\x01", b"\x01\x02\x03ab", "立案\x1b[31m".encode()])
def test_control_characters_are_not_text(data: bytes) -> None:
    """A short text with a control character, such as NUL, is refused."""
    with pytest.raises(ReadError, match="not text"):
        decode_text(data)


def test_truncated_utf16_is_not_text() -> None:
    """UTF-16 with a byte order mark that ends inside a character is refused."""
    with pytest.raises(ReadError, match="damaged UTF-16"):
        decode_text(CHINESE.encode("utf-16")[:-1])


@given(st.text(alphabet=st.characters(codec="utf-8")))
def test_normalised_text_has_no_control_characters(text: str) -> None:
    """`normalise_text` leaves no control, zero-width or direction characters, except tab and line feed.

    Applied again, it changes nothing.
    """
    result = normalise_text(text)
    assert not any((ord(char) < 32 and char not in "\t\n") or 0x7F <= ord(char) < 0xA0 for char in result)
    assert not set(result) & set("\u200b\u200c\u200d\u2060\ufeff\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
    assert normalise_text(result) == result


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", "\x85", "\u2028", "\u2029", "\v", "\f"])
def test_every_line_end_ends_a_line(end: str) -> None:
    """Line ends of all kinds end a line."""
    assert texts(f"一{end}二", "a.txt") == ["一", "二"]


def test_tabs_and_line_ends_are_not_removed_as_invisible() -> None:
    """Only invisible characters are removed."""
    assert remove_invisible("立\u200b案\t129\n\ufeff件\ud800") == "立案\t129\n件"


# Plain text


def test_text_lines_are_blocks() -> None:
    """A line is a block, verbatim. A run of blank lines is one empty block, or none at the start of the document."""
    block_list = blocks("\n\n　　一、成效\n \n\n立案129件。 \n", "a.txt")
    assert block_list == [Block("　　一、成效"), BLANK, Block("立案129件。 "), BLANK]


@given(st.lists(st.text(alphabet="一二三 \t　a.", max_size=6)))
def test_text_lines_are_verbatim(lines: list[str]) -> None:
    """Each non-blank line is returned verbatim and in order.

    Texts with three lines that contain tabs are left out, because these lines can be a table.
    """
    assume(sum("\t" in line.strip() for line in lines) < 3)
    assert [t for t in texts("\n".join(lines), "a.txt") if t] == [line for line in lines if line.strip()]


def test_front_matter_of_a_text_is_overrides() -> None:
    """Front matter becomes overrides and is not part of the text."""
    (document,) = read_bytes("---\n年份: 2021\n---\n正文。".encode(), "a.txt").documents
    assert (document.overrides, [b.text for b in document.blocks]) == ({"年份": "2021"}, ["正文。"])


# Markdown


def test_markdown_headings_and_strong_paragraphs() -> None:
    """Headings have their level, with or without a blank after `#`. An entirely strong paragraph is strong."""
    source = "# 报告\n\n##一、成效\n\n**（一）执法**\n\n**执法。**全年立案129件。\n\n问题\n---\n"
    assert blocks(source, "a.md") == [
        Block("报告", level=1),
        Block("一、成效", level=2),
        Block("（一）执法", strong=True),
        Block("执法。全年立案129件。"),
        Block("问题", level=2),
    ]


@pytest.mark.parametrize("line", ["全年立案12件。", "全年立案12件；", "**执法。**全年立案12件。"])
@pytest.mark.parametrize("rule", ["---", "==="])
def test_a_sentence_above_a_rule_is_no_heading(line: str, rule: str) -> None:
    """A rule directly below a sentence does not make it a heading."""
    assert blocks(f"{line}\n{rule}\n2024年，继续。\n", "a.md") == [
        Block(line.replace("*", "")),
        Block("2024年，继续。"),
    ]


def test_markdown_numbers_stay_in_the_text() -> None:
    """Numbers that Markdown treats as list markers stay in the text."""
    source = "1. 立案\n2. 结案\n\n3、复议\n\n7) 应诉\n\n- 普法\n\n10.信访\n"
    assert texts(source, "a.md") == ["1. 立案", "2. 结案", "3、复议", "7) 应诉", "普法", "10.信访"]


def test_markdown_lines_are_blocks() -> None:
    """A line break in a paragraph is a block boundary, also in lists and quotations."""
    source = "**政府工作报告**\n——2023年1月10日\n省长 张三  \n各位代表\n\n> 甲\n> 乙\n\n1. 丙\n丁<br>戊\n"
    assert blocks(source, "a.md") == [
        Block("政府工作报告", strong=True),
        *map(Block, ("——2023年1月10日", "省长 张三", "各位代表", "甲", "乙", "1. 丙", "丁", "戊")),
    ]


def test_markdown_inline_markup_is_removed() -> None:
    """Links become their text, images and comments are dropped, code and escapes become their characters."""
    source = "见[规定](http://x.cn)和`条例`\\*，![图](a.png)**收入：**包括\n\n<!-- 记者摄 -->\n\n张**等人 <u>甲</u>\n"
    assert texts(source, "a.md") == ["见规定和条例*，收入：包括", "张**等人 甲"]


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("规格为600*600*25毫米", "规格为600*600*25毫米"),
        ("`600mm*600MM*25mm`，[600毫米*600毫米*25毫米](http://x.cn/1*2*3)", "600mm*600MM*25mm，600毫米*600毫米*25毫米"),
        ("共**12**34户，*600*亿元，12*元*34", "共1234户，600亿元，12元34"),
    ],
)
def test_markdown_stars_between_numbers_are_text(source: str, text: str) -> None:
    """A star between two numbers is a sign of multiplication, also after a unit of length, and not emphasis."""
    assert texts(source, "a.md") == [text]


def test_markdown_emphasis_across_paragraphs_is_removed() -> None:
    """Emphasis marks that are opened in one paragraph and closed in another are not part of the text."""
    assert blocks("**一、回顾\n\n——会议上。**\n", "a.md") == [Block("一、回顾", strong=True), Block("——会议上。")]


def test_markdown_tables_are_blocks() -> None:
    """A data table is a block. A row of any other table, such as a table of one row, is a block with tabs."""
    source = "| 指标 | 2022年 |\n|---|---|\n| 立案 | 129件 |\n\n<table><tr><td>结案</td><td>12件</td></tr></table>\n"
    rows = ((Cell("指标"), Cell("2022年")), (Cell("立案"), Cell("129件")))
    assert blocks(source, "a.md") == [Block("", table=RawTable(rows, header_rows=1)), Block("结案\t12件")]


def test_markdown_indented_lines_and_notes_are_text() -> None:
    """Indented lines are not code, `[1]:` is not a link definition, and a comment without an end hides no text."""
    source = "    这是报告。\n\n[1]:指赣江新区。\n\n```\n代码\n```\n\n<!-- 没有结束\n\n后文\n"
    assert texts(source, "a.md") == ["这是报告。", "[1]:指赣江新区。", "代码", " 没有结束", "后文"]


@given(st.text(alphabet="一。1.、（#*_`[]<>!-|\\&\n \t~=+:"))
def test_markdown_never_fails(source: str) -> None:
    """Any text is Markdown. Blocks are not empty and contain no line break."""
    assert all(block.text.strip() and "\n" not in block.text for block in blocks(source, "a.md"))


@given(st.lists(st.text(alphabet="立案件一二，。", min_size=1), min_size=1))
def test_markdown_without_markup_is_text(lines: list[str]) -> None:
    """Lines without markup are returned unchanged."""
    assert texts("\n\n".join(lines), "a.md") == lines


MARKED = st.lists(
    st.sampled_from(["**", "*", "一", "。", "、", " ", "\u3000", "a", "1. ", "- ", "> ", "#", "\n", "\n\n"])
)


@given(MARKED.map("".join))
@example("**一 **")
@example("**一。**二\n\n\u3000**一**")
@example("一\n---\n")
def test_markdown_shortcuts_agree_with_the_parser(source: str) -> None:
    """The shortcuts for lines between blank lines and for emphasis have the same results as the parser."""
    parser = markdown._parser.__wrapped__()  # another parser than the cached one
    parser.disable("line")  # the shortcut for lines between blank lines
    expected = list(markdown._BlockReader(parser.parse(source)))
    assert list(markdown._BlockReader(markdown._parser().parse(source))) == expected
    for line in filter(None, map(str.strip, source.split("\n"))):
        assert markdown._split_lines(line) == list(markdown._parse_inline(line))


# HTML


def build_page(body: str, head: str = "") -> str:
    """Return a web page."""
    return f"<!DOCTYPE html><html><head>{head}</head><body>{body}</body></html>"


def test_html_blocks_in_reading_order() -> None:
    """Block elements, headings, breaks and strong paragraphs become blocks in reading order."""
    body = """<h2>一、<b>成效</b></h2><p><strong>（一）执法</strong></p><p>立案<span>129</span>件。<br/>
      结案<b>12</b>件</p>
      散落<div>甲<ul><li>乙</li><li>丙</li></ul>丁</div><p style="font-weight: 700">戊</p><pre>己
庚</pre>"""
    assert blocks(build_page(body), "a.html") == [
        Block("一、成效", level=2),
        Block("（一）执法", strong=True),
        Block("立案129件。"),
        Block("结案12件"),
        Block("散落"),
        *map(Block, "甲乙丙丁"),
        Block("戊", strong=True),
        Block("己"),
        Block("庚"),
    ]


def test_html_figure_is_a_block() -> None:
    """Text inside and outside of a figure is not joined."""
    body = "<div>前面的话。<figure>图中的话。<figcaption>图注。</figcaption></figure>后面的话。</div>"
    assert texts(build_page(body), "a.html") == ["前面的话。", "图中的话。", "图注。", "后面的话。"]


def test_html_white_space_is_collapsed() -> None:
    """A line end between Chinese characters is removed, any other is a blank. Entities are resolved."""
    body = "<p>\n  依法\n  行政 App\n  Store&nbsp;&lt;试行&gt;&#8203;立&#x6848;\n</p>"
    assert texts(build_page(body), "a.html") == ["依法行政 App Store\xa0<试行>立案"]


def test_html_drops_scripts_menus_and_hidden_parts() -> None:
    """Scripts, menus, controls and hidden parts are dropped; a form around the entire page is not."""
    body = """<header>站名</header><nav>首页</nav><form><label>搜索</label><button>搜</button></form>
      <form id="aspnetForm"><script>var a="立案"</script><style>p{}</style><p hidden>隐</p><p style="display:none">藏
      <select><option>选</option></select><iframe src=a>框</iframe><noscript>无</noscript><!-- 注 -->
      <article><header><h1>题</h1></header><p>TEXT</p></article></form><footer>主办</footer>""".replace(
        "TEXT", "正文。" * 200
    )
    assert texts(build_page(body), "a.html") == ["题", "正文。" * 200]


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        ("<tr><td>首页<br>公告<td id=zoom><p>一。<p>二。<p>三", ["首页 公告\t一。 二。 三", "主办"]),
        ("<caption>公告</caption><tr><td id=zoom><p>一。<p>二。", ["一。", "二。"]),
        (
            "<caption><div class=content>公告。</div></caption><tr><td>一，<tr><td>二，",
            ["公告。", "一，", "二，", "主办"],
        ),
        ("<tr><td>首页<td><table><tr><td>一<td class=content>二。</table>", ["首页", "一\t二。", "主办"]),
    ],
)
def test_html_containers_in_tables(table: str, expected: list[str]) -> None:
    """A container (an element with a usual id or class of the main text) is the main text also in a table.

    It is not if its row has become one block. No text is lost in any case.
    """
    assert texts(build_page(f"<table>{table}</table><div>主办</div>"), "a.html") == expected


def test_html_tables_are_blocks() -> None:
    """A data table is one block. The cells of a layout table are separate blocks."""
    data = "<table><thead><tr><th>指标<th>2022年</thead><tr><td><p>立案</p><td>129<br>件<tr><td colspan=2>单独</table>"
    layout = f"<table><tr><td>菜单</td><td id=zoom>{data}<p>正文</p></td></tr></table>"
    rows = ((Cell("指标"), Cell("2022年")), (Cell("立案"), Cell("129\n件")), (Cell("单独", col_span=2),))
    table = Block("", table=RawTable(rows, header_rows=1))
    assert blocks(build_page(data), "a.html") == [table]
    assert blocks(build_page(layout), "a.html") == [Block("菜单"), table, Block("正文")]


def test_html_list_numbers_are_in_the_text() -> None:
    """Numbers that the browser prints are in the text, unless the item has its own number or the list is a menu."""
    body = "<ol start=3><li>立案<li><p>结案</p><p>又</p><li>（五）复议</ol><ul><li>普法</ul>"
    body += "<ol class=breadcrumb><li>首页</ol>"
    assert texts(build_page(body), "a.html") == ["3. 立案", "4. 结案", "又", "（五）复议", "普法", "首页"]


def test_html_keeps_the_main_text_and_facts() -> None:
    """Text around the main text is dropped, except headings and lines that state facts."""
    body = """<div>首页 > 公开</div><h1>年度报告</h1><p>索引号：A1</p><p>热点</p><div class="box">
      <div class="TRS_Editor other"><p>一、成效</p><p>立案129件。</p></div></div>
      <div class="links"><p>友情链接</p></div>"""
    assert texts(build_page(body), "a.html") == ["年度报告", "索引号：A1", "一、成效", "立案129件。"]


def test_html_without_main_text_is_kept() -> None:
    """If more than a tenth of the prose is outside a container, this container is not the main text."""
    body = "<div class=content><p>立案129件。</p></div><div><p>结案12件。</p></div>"
    assert texts(build_page(body), "a.html") == ["立案129件。", "结案12件。"]


def test_html_meta_elements_are_hints() -> None:
    """Meta elements with names of government sites or common names are hints: evidence for detection.

    The title without the name of the site is a hint, too.
    """
    head = """<title>年度工作报告_政府信息_某某市人民政府</title><meta name="PubDate" content="2024-01-03 11:10">
      <meta name="contentsource" content=" 市卫健局 "><meta property="og:url" content="https://a.cn/1">
      <meta name="SiteName" content="某某市">
      <meta name="ColumnName" content=""><meta name=source content="别处"><meta name=url content="javascript:1">"""
    (document,) = read_bytes(build_page("<p>年度工作报告</p>", head).encode(), "a.html").documents
    assert document.hints == {
        "title": "年度工作报告",
        "published": "2024-01-03 11:10",
        "issuer": "市卫健局",
        "source": "https://a.cn/1",
        "site": "某某市",
    }


@pytest.mark.parametrize(
    ("title", "lines", "expected"),
    [
        ("某市人民政府 - 2021-2025年实施纲要", ["2021-2025年实施纲要"], "2021-2025年实施纲要"),
        ("2023年工作报告-某市人民政府", [], "2023年工作报告"),
        ("工作报告", [], "工作报告"),
        ("__", [], "__"),
    ],
)
def test_html_title_is_cut_from_the_page_title(title: str, lines: list[str], expected: str) -> None:
    """The title is the part of the page title that the page shows, otherwise the first part."""
    body = "".join(f"<p>{line}</p>" for line in lines)
    (document,) = read_bytes(build_page(body, f"<title>{title}</title>").encode(), "a.html").documents
    assert document.hints["title"] == expected


FACTS = ["索引号：LH33-1/2025-00028", "文号：某卫发〔2025〕3号", "发布机构：某市卫生健康局", "发布日期：2025-01-03"]
LAYOUTS = {
    "rows": "<table>{0}</table>",
    "rows without colons": "<table>{1}</table>",
    "a list of terms": "<dl>{2}</dl>",
    "boxes": "{3}",
    "brackets": "<ul>{4}</ul>",
}
"""Markup around the facts. The numbers are indices of `forms` in `lay_out_facts`."""


def lay_out_facts(layout: str) -> str:
    """Return the facts in one of `LAYOUTS`."""
    pairs = [fact.split("：") for fact in FACTS]
    forms = (
        "<tr><td>{}：<td>{}",
        "<tr><td>{}<td>{}",
        "<dt>{}：<dd>{}",
        "<p><div>{}</div><div>{}</div>",
        "<li>【{}】{}",
    )
    return LAYOUTS[layout].format(*("".join(form.format(*pair) for pair in pairs) for form in forms))


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("where", ["above {} {}", "in <div>{1}{0}</div>", "below {1} {0}"])
def test_html_facts_become_labelled_lines(layout: str, where: str) -> None:
    """Facts such as 索引号 and 文号 become `label：value` lines. Those above or below the text come before it."""
    text = "<p>立案129件。</p>" * 5
    body = where.partition(" ")[2].format(lay_out_facts(layout), f"<div class=content>{text}</div>")
    lines = [line.replace("：\t", "：") for line in texts(build_page(body), "a.html")]
    assert [line for line in lines if "立案" not in line] == FACTS
    assert lines.count("立案129件。") == 5
    if where.startswith(("above", "below")):
        assert lines[-1] == "立案129件。"


def test_html_facts_of_other_documents_are_dropped() -> None:
    """A fact after the text is dropped if its label occurs twice there, was stated before, or is ambiguous (来源)."""
    links = "<p>索引号：B2</p><p>来源：别处</p>" + "<p>某通知 发布日期：2020-01-01</p>" * 2
    body = f"<p>索引号：A1</p><div class=content><p>立案129件。</p></div>{links}"
    assert texts(build_page(body), "a.html") == ["索引号：A1", "立案129件。"]


def test_html_labels_without_values_and_data_columns_are_unchanged() -> None:
    """An empty 文号 is not merged with the title. A table with labels of facts as column names is a data table."""
    body = "<p>文号：</p><h1>年度报告</h1><p>发布机构</p><p>本年立案129件。</p>"
    body += "<table><tr><td>名称<td>来源<td>件数<tr><td>甲<td>乙<td>3<tr><td>文号<td>发布日期</table>"
    assert texts(build_page(body), "a.html") == ["文号：", "年度报告", "发布机构", "本年立案129件。", ""]


def test_html_facts_have_linear_cost() -> None:
    """Labels that are followed by a hundred thousand blanks are read in less than five seconds of CPU time."""
    start = time.process_time()
    body = "".join(f"<p>{label}{'　' * 100_000}x</p>" for label in ("文号", "【文号", "索引号】", "日期"))
    read_bytes(build_page(f"{body}<div class=content><p>立案。</p></div>{body}").encode(), "a.html")
    assert time.process_time() - start < 5


@pytest.mark.parametrize(
    "remark",
    ["saved from url=(0021)https://a.cn/art/1.html", "\n Page saved with SingleFile\n url: https://a.cn/art/1.html"],
)
def test_html_source_is_where_the_page_was_saved_from(remark: str) -> None:
    """The URL in a browser's comment is the source of a saved page, unless the page states one."""
    saved = f"<!DOCTYPE html>\n<!-- {remark} -->\n<html><head>%s</head><body><p>立案。</p></body></html>"
    canonical_link = '<link rel="canonical" href="https://b.cn/2">'
    for head, source in (("", "https://a.cn/art/1.html"), (canonical_link, "https://b.cn/2")):
        (document,) = read_bytes((saved % head).encode(), "a.html").documents
        assert document.hints == {"source": source}


@given(st.text(alphabet='<>/apdivtrlo1"= 一。&;!-'))
def test_html_never_fails(source: str) -> None:
    """Any text is HTML. Blocks are not empty and contain no line break."""
    assert all(block.text.strip() and "\n" not in block.text for block in parse_fragment(source))


def test_html_nested_too_deeply_is_refused() -> None:
    """A page with 300,000 nested elements is refused in less than five seconds of CPU time."""
    start = time.process_time()
    with pytest.raises(ReadError, match="nested deeper"):
        read_bytes(b"<div>" * 300_000, "a.html")
    assert time.process_time() - start < 5


def test_html_end_tags_without_start_tags_close_nothing() -> None:
    """End tags of elements that are not open do not hide that a page is nested too deeply."""
    with pytest.raises(ReadError, match="nested deeper"):
        read_bytes(b"<div></b>" * 20_000, "a.html")
    assert read_bytes(b"<div><b>x</b></div></b>" * 20_000, "a.html").documents[0].blocks


def test_html_headers_are_read() -> None:
    """The element `header` is read, because some sites print the title of a report there."""
    (document,) = read_bytes("<header><h1>年度报告</h1></header><p>立案153件。</p>".encode(), "a.html").documents
    assert [block.text for block in document.blocks] == ["年度报告", "立案153件。"]


@pytest.mark.parametrize("attribute", ["a{}=1", "a{}"])
def test_html_with_too_many_attributes_is_refused(attribute: str) -> None:
    """An element with 2,000 attributes is refused, also in Markdown; a long attribute value is not."""
    names = " ".join(attribute.format(n) for n in range(2000))
    with pytest.raises(ReadError, match="more than 1000 attributes"):
        read_bytes(f"<p {names}>立案3件。</p>".encode(), "a.html")
    with pytest.raises(ReadError, match="more than 1000 attributes"):
        read_bytes(f"法\n\n<p {names}>立案3件。</p>\n".encode(), "a.md")
    (document,) = read_bytes(f"<p style='{names}'>立案3件。</p>".encode(), "a.html").documents
    assert [block.text for block in document.blocks] == ["立案3件。"]


@pytest.mark.parametrize("depth", [3, 6000])
def test_nested_tables_are_layout_tables(depth: int) -> None:
    """A cell beside one that contains a table is a block of its own. Markup that is nested too deeply is refused."""
    markup = "<table><tr><td>甲<td>" * depth + "<table><tr><td>立案<td>3件</table>"
    if depth > 5000:
        with pytest.raises(ReadError, match="nested deeper"):
            read_bytes((markup + "<br>" * 20_000).encode(), "a.html")
        return
    (document,) = read_bytes(markup.encode(), "a.html").documents
    assert [block.text for block in document.blocks] == ["甲"] * depth + ["立案\t3件"]


def test_deeply_nested_html_is_read() -> None:
    """Elements may be nested 4,000 deep, deeper than Python's stack allows for recursion."""
    assert texts("<div>" * 4000 + "底", "a.html") == ["底"]


# JSON Lines


def read_records(*lines: str) -> FileContents:
    """Return the contents of a JSON Lines file with these lines."""
    return read_bytes("\n".join(lines).encode(), "a.jsonl")


def test_lines_are_records() -> None:
    """A line is a record: one paragraph with its id. Its other fields are overrides, that is stated metadata."""
    contents = read_records(
        '{"id": 7, "title": "报告", "text": "立案\\n129件\\u0007", "year": 2023}', "", '{"_id": "b", "text": "结案"}'
    )
    first, second = contents.documents
    assert (first.key, first.blocks, first.is_record) == ("7", (Block("立案 129件"),), True)
    assert first.overrides == {"title": "报告", "year": 2023}
    assert (second.key, second.overrides) == ("b", {})


def test_invalid_records_are_problems_and_the_others_are_read() -> None:
    """Each invalid line is a problem with its number and reason."""
    contents = read_records(
        '{"id": 1, "text": "甲"}',
        "{bad",
        "[1]",
        '{"id": 2}',
        '{"text": "乙"}',
        '{"id": 3, "text": " "}',
        '{"id": "1", "text": "丙"}',
        '{"id": true, "text": "丁"}',
        '{"id": 4, "text": ' + "[" * 100_000,
        '{"id": 5, "text": 1' + "0" * 5000 + "}",
        '{"id": 6, "text": "戊"}',
    )
    assert [document.key for document in contents.documents] == ["1", "6"]
    assert [problem.split(":")[0] for problem in contents.problems] == [f"line {n}" for n in range(2, 11)]
    assert contents.problems[0].startswith("line 2: not JSON: ")
    assert contents.problems[5] == "line 7: the id '1' is already used by line 1"


def test_a_file_without_records_is_refused() -> None:
    """A file without a valid record is refused with the first problem as the reason."""
    with pytest.raises(ReadError, match="no line is a valid record; line 1: not JSON"):
        read_records("立案129件")


def test_line_ends_inside_strings_are_part_of_the_text() -> None:
    """U+2028 in a string does not end a record; in the text, it becomes a blank."""
    (document,) = read_records('{"id": 1, "text": "甲\u2028乙"}').documents
    assert document.blocks == (Block("甲 乙"),)


@given(st.dictionaries(st.text(min_size=1), st.text(), min_size=1))
def test_any_line_is_a_record_or_a_problem(items: dict[str, str]) -> None:
    """Whatever the ids and texts, each line is a record or a problem."""
    lines = [json.dumps({"id": key, "text": text}) for key, text in items.items()]
    try:
        contents = read_records(*lines)
    except ReadError:
        return
    assert len(contents.documents) + len(contents.problems) == len(lines)


@pytest.mark.parametrize("name", ["text", "正文", "内容", "content"])
def test_the_text_field_has_chinese_and_english_names(name: str) -> None:
    """The text field may have any name in `records.TEXT_NAMES`. A name earlier in the list takes precedence."""
    (document,) = read_records(json.dumps({"id": 1, name: "甲", "段落": "乙"})).documents
    assert (document.blocks, document.overrides) == ((Block("甲"),), {"段落": "乙"})


# Cost


@pytest.mark.parametrize("name", ["a.txt", "a.md", "a.html", "a.jsonl"])
def test_a_huge_line_is_read_in_seconds(name: str) -> None:
    """A file of 50 MB without a line end is read in less than 20 seconds of CPU time in each of these formats."""
    text = "推进依法行政，立案129件。" * (50_000_000 // 36)
    data = (json.dumps({"id": 1, "text": text}, ensure_ascii=False) if name == "a.jsonl" else text).encode()
    start = time.process_time()
    (document,) = read_bytes(data, name).documents
    assert time.process_time() - start < 20
    assert document.blocks == (Block(text),)


@pytest.mark.parametrize("piece", ["[", "*a_", "**a* ", "`a", "[a](", "<", "&", "\\", "> ", "- ", "<!--", "| a "])
@pytest.mark.parametrize("end", ["", "\n"])
def test_repeated_markup_has_linear_cost(piece: str, end: str) -> None:
    """Repeated markup has linear cost: in many lines, in one that is parsed as Markdown, and in one too long for it."""
    start = time.process_time()
    for length in (20_000, 100_000):
        read_bytes(((piece + end) * (length // len(piece + end))).encode(), "a.md")
    assert time.process_time() - start < 10
