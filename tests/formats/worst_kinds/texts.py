"""Texts, Markdown, web pages, tables, records: those that take the most time or memory to read for their size."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from formats.worst_kinds.making import (
    RNG,
    FileKind,
    TextKind,
    encode_texts,
    nest,
    repeat,
    repeat_numbered,
    repeat_two,
)


def random_han(size: int) -> str:
    """Return random Chinese characters with a line end after every twelfth."""
    # A line has 37 bytes: 12 characters of 3 bytes, and the line end.
    return "\n".join("".join(map(chr, RNG.choices(range(0x4E00, 0x9FA0), k=12))) for _ in range(max(1, size // 37)))


def random_headings(size: int) -> str:
    """Return headings with random numbers in random numbering styles."""
    ones = "一二三四五六七八九十"
    forms = ("{}、法\n", "（{}）法\n", "第{}章 法\n", "第{}节 法\n", "{}是法。\n", "第{}，法\n")
    lines = [form.format(one) for form in forms for one in ones]
    return "".join(RNG.choices(lines, k=max(1, size // 13)))


def places_in_the_footer(size: int) -> str:
    """Repeat place names that occur in many provinces, in the text and in each line of a long page footer."""
    return "年度报告\n" + repeat("鼓楼区和新华区，")(size // 2) + "完。\n" + repeat("版权所有：鼓楼区政府\n")(size // 2)


def _equal_lines(size: int) -> str:
    """Return one paragraph of lines with equal widths."""
    line = "加强组织领导和统筹协调推进各项任务落实到位" + "工作部署要求和目标"
    return repeat(f"{line}\n")(size)


TEXT: Mapping[str, TextKind] = MappingProxyType(
    {
        "one character": repeat("法"),
        "one letter": repeat("a"),
        "one digit": repeat("1"),
        "one word": repeat("中华人民共和国"),
        "words that overlap": repeat("结婚的和尚未结婚的确实在干"),
        "characters outside the BMP": repeat("𠀀"),
        "lines of a character": repeat("法\n"),
        "lines of a digit": repeat("1\n"),
        "blank lines": repeat("法\n\n"),
        "white space": repeat("\u3000 \t\x0b\x0c\u2028\r", "法", "法"),
        "spaced characters": repeat("法 治 建设 "),
        "invisible characters": repeat("法\u200b\u202e\ufeff\x1f" + "法" * 60),
        "controls": repeat("法" * 50 + "\x01"),
        "digits of every kind": repeat("1２叁〇④⒌Ⅵ⑺"),
        "measures": repeat("立案3件，"),
        "measures and stops": repeat("3件。"),
        "measures without words": repeat("1件"),
        "measures a line": repeat("立案3件\n"),
        "Chinese numerals": repeat("一百二十九件，"),
        "long numerals": repeat("一二三四五六七八九十百千万亿点"),
        "thousands": repeat("1,111,", "", "1"),
        "ranges": repeat("1—2—"),
        "parts of totals": repeat("共3件，其中甲2件、乙1件，"),
        "rates side by side": repeat("甲乙和" * 3300 + "1%和" * 3300 + "。\n"),
        "shares that name their base": repeat("".join(f"占甲{chr(0x4E00 + n)}1%，" for n in range(3000)) + "。\n"),
        "times before measures": repeat("每月" * 4900 + "，3件" * 3300 + "。\n"),
        "one time and many measures": repeat("由2022年" + "甲乙3件，" * 3900 + "。\n"),
        "statements of zero": repeat("零" * 12 + "件" * 10 + "事，"),
        "fractions": repeat("三分之一和1/3，"),
        "unclosed quotes": repeat("“《「（〔[第1"),
        "brackets in brackets": nest("（", "）"),
        "fixed names": repeat("一带一路双随机三公"),
        "bookmark marks": repeat("[bookmark:版（下转第"),
        "numbering": random_headings,
        "numbers of lists": repeat("1.1.1 法\n2、法\n①法\n"),
        "headings in one line": repeat("完。一、法治。（一）法。1.法。"),
        "titles": repeat("鼓楼区2023年法治政府建设年度报告\n"),
        "dates": repeat("2023年12月26日\n"),
        "dates in one line": repeat("2023年12月26日"),
        "signatures": repeat("鼓楼区卫生健康委员会 2023年12月26日\n"),
        "salutations": repeat("各位代表，各位委员，同志们，代表：\n"),
        "meetings": repeat("★" * 25 + "大会" * 12 + "法" * 40 + "\n"),
        "problems announced": repeat("但" * 40 + "存在" * 30 + "法" * 80 + "。\n"),
        "next steps announced": repeat("下一步" * 5 + "下一步" + "法" * 300 + "。\n"),
        "breadcrumbs": repeat("法治" + ">" * 100 + "。\n"),
        "arrows": repeat("法治" + "→" * 100 + "。\n"),
        "leaders": repeat("." * 158 + "法)\n"),
        "buttons": repeat("打印关闭字号大中小分享到微信微博\n"),
        "facts": repeat("索引号：1发布日期：2023-01-01来源：法\n"),
        "links below": repeat("相关链接\n上一篇：法\n"),
        "places": repeat("郊区和鼓楼区，"),
        "places in the footer": places_in_the_footer,
        "lines of one paragraph": _equal_lines,
        "random characters": random_han,
        "entries of contents": repeat("一、法……1\n", "目录\n"),
        "front matter": repeat("法\n", repeat_numbered("№: 乙\n", "---\n", "---\n")(13_000)),
        "front matter in brackets": repeat("[", "---\na: "),
        "anchors": repeat_numbered("a№: &b№ [*b№]\n", "---\n", "---\n法\n"),
    }
)
"""Kinds of expensive plain text, by name: functions from a size to a text of about this size."""


def _noise(first: int, last: int) -> FileKind:
    """Return a kind of file: random bytes in a range."""
    return lambda size: bytes(RNG.choices(range(first, last + 1), k=size))


BYTES: Mapping[str, FileKind] = MappingProxyType(
    {
        "any bytes": RNG.randbytes,
        "high bytes": _noise(0x81, 0xFE),
        "UTF-16 without a mark": lambda size: ("法治 " * (size // 6)).encode("utf-16-le"),
        "UTF-8 with errors": lambda size: (("法" * 40).encode() + b"\xff") * (size // 121),
        "two encodings": lambda size: (
            "立案三件，".encode("gb18030") * (size // 20) + "立案三件，".encode() * (size // 30)
        ),
        "four bytes a character": lambda size: b"\x81\x30\x81\x30" * (size // 4),
        "NUL": bytes,
    }
)
"""Kinds of expensive text files whose encoding must be guessed, by name."""

MARKDOWN: Mapping[str, TextKind] = MappingProxyType(
    {
        "unclosed elements": repeat("<div>\n"),
        "elements side by side": repeat("<b>\n\n"),
        "quotes": repeat("> a\nb\n"),
        "quotes in quotes": repeat("> > > > > > > > a\n"),
        "underlined": repeat("a\n=\n"),
        "one underlined paragraph": repeat("a\n", "", "=\n"),
        "headings": repeat("# 甲\n"),
        "headings without words": repeat("#\n"),
        "headings and numbers": repeat("# 甲\n（一）乙丙。\n"),
        "lists": repeat("- a\n"),
        "numbered lists": repeat("1. a\n"),
        "lists in lists": nest("- ", "", "a\n"),
        "tables": repeat("|a|b|\n|-|-|\n|c|d|\n\n"),
        "a row of many cells": lambda size: f"{repeat('|a')(size // 2)}|\n{repeat('|-')(size // 2)}|\n",
        "rows of one cell": repeat("|a|\n", "|a|\n|-|\n"),
        "open brackets": repeat("[" * 19_000 + "\n\n"),
        "open pictures": repeat("![](" * 4_900 + "\n\n"),
        "emphasis": repeat("*a_" * 6_600 + "\n\n"),
        "emphasis of emphasis": repeat("*a **a " * 2_800 + "\n\n"),
        "code": repeat("".join("`" * n + " " for n in range(1, 190)) + "\n\n"),
        "comments": repeat("<!--a" * 3_900 + "\n\n"),
        "entities": repeat("&#x4e00;" * 2_400 + "\n\n"),
        "fences": repeat("```\n"),
        "code blocks of HTML": repeat("<pre>\n"),
        "breadcrumbs": TEXT["breadcrumbs"],
        "measures": TEXT["measures"],
        "front matter": repeat("法\n", repeat("甲: 乙\n", "---\n", "---\n")(65_000)),
        "front matter of many names": repeat("法\n", repeat_numbered("№: 乙\n", "---\n", "---\n")(65_000)),
        "a long text in front matter": repeat("法\n", repeat("甲\n\n ", "---\na: '", "'\n---\n")(65_000)),
        "front matter in brackets": repeat("[", "---\na: "),
    }
)

_DEEP_NESTING = 4_900
"""Just below the maximum nesting depth of a page."""

_FORMATTING = f"<p>{''.join(f'<font a={n}>' for n in range(_DEEP_NESTING))}</p>"
"""Unclosed elements that the parser reopens in every following paragraph."""

HTML: Mapping[str, TextKind] = MappingProxyType(
    {
        "elements in elements": nest("<div>", "", "<p>a", _DEEP_NESTING),
        "attributes": repeat_numbered("a№ ", "<p ", ">法"),
        "attributes without blanks": repeat_numbered('a№=""', "<p ", ">法"),
        "attributes separated by slashes": repeat_numbered("a№/", "<p ", ">法"),
        "attributes between signs": repeat_numbered('a№="<" ', "<p ", ">法"),
        "attributes of the page": repeat_numbered("<html a№></html>"),
        "elements in elements with wrong end tags": repeat("<div></x>"),
        "elements in elements with end tags in comments": repeat("<div><!--</div>-->"),
        "elements in elements with end tags in values": repeat("<div a='</div>'>"),
        "tables in tables": nest("<table><tr><td>a<td>", "", "<p>a", _DEEP_NESTING),
        "lists in lists": nest("<ul><li>", "", "<li>a", _DEEP_NESTING),
        "forms in forms": nest("<form><div></form>", "", "法", _DEEP_NESTING),
        "unclosed formatting": repeat_numbered("<font a=№><p>a"),
        "formatting that comes again": lambda size: repeat("<p>a</p>", _FORMATTING)(max(size, len(_FORMATTING))),
        "formatting in paragraphs": repeat("<b><p></b>"),
        "links in links": repeat("<a><p>"),
        "text between rows": repeat("a<b></b>", "<table>"),
        "options": repeat("<option>a", "<select>"),
        "paragraphs": repeat("<p>a"),
        "cells": repeat("<td>a", "<table><tr>"),
        "rows": repeat("<tr><td>a<td>b", "<table>"),
        "items": repeat("<li>a", "<ol>"),
        "line breaks": repeat("a<br>"),
        "spans": repeat("<span>法</span>"),
        "headings": repeat("<h1>甲</h1>"),
        "containers": repeat("<div id=zoom>法。</div>"),
        "entities": repeat("&#x6cd5;&nbsp;&amp;&notit;"),
        "comments": repeat("<!--a-->a"),
        "a title of dashes": repeat("-", "<title>", "</title>法"),
        "facts in cells": repeat("<tr><td>发布日期<td>2023-01-01", "<table>"),
        "labels without values": repeat("<p>发布日期<p>法"),
        "lines in one element": repeat("法\n", "<pre>"),
        "end tags without start tags": repeat("</p></br>"),
        "pictures": repeat("<svg><math>"),
        "breadcrumbs": repeat("<p>法治" + "&gt;" * 100 + "。</p>"),
        "measures": repeat("<p>立案3件，"),
        "metadata": repeat("<meta name=a content=b>"),
    }
)

CSV: Mapping[str, TextKind] = MappingProxyType(
    {
        "short rows": repeat("法\n", "text\n"),
        "short rows with ids": repeat_numbered("№,法\n", "id,text\n"),
        "rows too short": repeat("法\n", "text,b\n"),
        "the same id": repeat("1,法\n", "id,text\n"),
        "columns": repeat_numbered("№,", "text,", "\n法"),
        "columns and short rows": lambda size: repeat_numbered("№,", "text,")(size // 2) + repeat("\n法")(size // 2),
        "facets": repeat(f"法{',甲' * 900}\n", f"text,{','.join(f'c{n}' for n in range(900))}\n"),
        "more facets than are read": repeat_numbered(f"{',№' * 2_000},法\n", f"{',' * 2_000}text\n"),
        "cells without words": repeat(",", "text\n"),
        "unclosed quotes": repeat('"法\n', "text\n"),
        "adjacent quotes": repeat('b","c\n', 'text,c\n"'),
        "quotes in quotes": repeat('""', 'text\n"'),
        "the longest cells": repeat("法" * 131_000 + "\n", "text\n"),
        "cells of measures": repeat("每月" * 4900 + "、3件" * 3300 + "\n", "text\n"),
        "cells too long": repeat("法", "text\n"),
        "every delimiter": repeat("a,b;c|d\t", "text\n"),
        "places": repeat("法,鼓楼区/新华区\n", "text,region\n"),
        "lines in cells": repeat('"a\nb"\n', "text\n"),
        "wrong years": repeat("法,x,x,x\n", "text,year,published,source\n"),
    }
)


def with_tabs(texts: Mapping[str, TextKind]) -> dict[str, TextKind]:
    """Return the same kinds of texts with tabs instead of commas."""

    def changed(text: TextKind) -> TextKind:
        """Replace the commas of one text."""
        return lambda size: text(size).replace(",", "\t")

    return {name: changed(text) for name, text in texts.items()}


_RECORD_START = '{"id":1,"text":"'

JSON_LINES: Mapping[str, TextKind] = MappingProxyType(
    {
        "short records": repeat_numbered('{"id":"№","text":"法"}\n'),
        "lines that are not records": repeat("1\n"),
        "the same id": repeat('{"id":1,"text":"法"}\n'),
        "one record": repeat("法", _RECORD_START, '"}'),
        "one record of letters": repeat("a", _RECORD_START, '"}'),
        "one record of measures": repeat("立案3件，", _RECORD_START, '"}'),
        "one record of measures and stops": repeat("3件。", _RECORD_START, '"}'),
        "one record of times": repeat_two("每月", "，3件", _RECORD_START, '"}'),
        "one record of one time": repeat("甲乙3件，", _RECORD_START + "由2022年", '"}'),
        "one record of shares": repeat_numbered("占甲№乙1%，", _RECORD_START, '"}'),
        "one record of rates": repeat_two("甲乙和", "1%和", _RECORD_START, '"}'),
        "one record of escapes": repeat(r"\u6cd5", _RECORD_START, '"}'),
        "one record of white space": repeat("法  ", _RECORD_START, '"}'),
        "facets of one record": repeat_numbered('"№":"甲",', '{"id":1,"text":"法",', '"a":1}'),
        "facets of many records": repeat_numbered('{"id":"№","text":"法","№":"甲"}\n'),
        "the same facets": repeat_numbered(
            '{"id":"№","text":"法",' + ",".join(f'"c{n}":1' for n in range(900)) + "}\n"
        ),
        "lists in lists": nest("[", "]", before='{"id":1,"text":"法","a":'),
        "objects in objects": repeat('{"a":', '{"id":1,"text":"法","a":'),
        "long numbers": repeat("1", '{"id":1,"text":"法","a":', "}"),
        "numbers": repeat_numbered('{"id":"№","text":"法","a":1e№,"b":' + "9" * 4_000 + "}\n"),
        "headings of one record": repeat_numbered('"甲№",', '{"id":1,"text":"法","path":[', '"乙"]}'),
        "a long heading": repeat("存在", '{"id":1,"text":"法","path":["', '"]}'),
        "places of one record": repeat('"鼓楼区",', '{"id":1,"text":"法","region":[', '"新华区"]}'),
        "wrong fields": repeat_numbered(
            '{"id":"№","text":"法","year":"x","published":"x","region":[1],"path":{"a":1}}\n'
        ),
        "one unclosed line": repeat('{"a":"b",'),
    }
)

TEXTS = encode_texts(TEXT)
"""The kinds of `TEXT`, encoded in UTF-8."""
