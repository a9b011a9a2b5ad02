"""The worst texts, Markdown, pages of the web, tables and records."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from formats.worst_kinds.making import (
    CHANCE,
    Kind,
    Text,
    as_utf8,
    counted,
    halves,
    times,
    within,
)


def han(size: int) -> str:
    """Make Chinese characters by chance, with a line end behind every twelfth."""
    return "\n".join("".join(map(chr, CHANCE.choices(range(0x4E00, 0x9FA0), k=12))) for _ in range(max(1, size // 37)))


def numbers(size: int) -> str:
    """Make headings that count as reports do, in styles that change all the time."""
    ones = "一二三四五六七八九十"
    forms = ("{}、法\n", "（{}）法\n", "第{}章 法\n", "第{}节 法\n", "{}是法。\n", "第{}，法\n")
    lines = [form.format(one) for form in forms for one in ones]
    return "".join(CHANCE.choices(lines, k=max(1, size // 13)))


def places_in_the_foot(size: int) -> str:
    """Name places that many provinces have, in the text and in every line of a long foot."""
    return "年度报告\n" + times("鼓楼区和新华区，")(size // 2) + "完。\n" + times("版权所有：鼓楼区政府\n")(size // 2)


def _lines_that_never_end(size: int) -> str:
    """Make one paragraph of lines of one width."""
    line = "加强组织领导和统筹协调推进各项任务落实到位" + "工作部署要求和目标"
    return times(f"{line}\n")(size)


_MAX_LENGTH = 19_900
"""Code points of what is one paragraph, nearly."""

TEXT: Mapping[str, Text] = MappingProxyType(
    {
        "one character": times("法"),
        "one letter": times("a"),
        "one digit": times("1"),
        "one word": times("中华人民共和国"),
        "words that overlap": times("结婚的和尚未结婚的确实在干"),
        "characters outside the plane": times("𠀀"),
        "lines of a character": times("法\n"),
        "lines of a digit": times("1\n"),
        "blank lines": times("法\n\n"),
        "white space": times("\u3000 \t\x0b\x0c\u2028\r", "法", "法"),
        "spaced characters": times("法 治 建设 "),
        "invisible characters": times("法\u200b\u202e\ufeff\x1f" + "法" * 60),
        "controls": times("法" * 50 + "\x01"),
        "digits of every kind": times("1２叁〇④⒌Ⅵ⑺"),
        "measures": times("立案3件，"),
        "measures and stops": times("3件。"),
        "measures without words": times("1件"),
        "measures a line": times("立案3件\n"),
        "Chinese numerals": times("一百二十九件，"),
        "numerals without end": times("一二三四五六七八九十百千万亿点"),
        "thousands": times("1,111,", "", "1"),
        "ranges": times("1—2—"),
        "parts of totals": times("共3件，其中甲2件、乙1件，"),
        "rates side by side": times("甲乙和" * 3300 + "1%和" * 3300 + "。\n"),
        "shares that name what they are of": times("".join(f"占甲{chr(0x4E00 + n)}1%，" for n in range(3000)) + "。\n"),
        "times before measures": times("每月" * 4900 + "，3件" * 3300 + "。\n"),
        "one time and many measures": times("由2022年" + "甲乙3件，" * 3900 + "。\n"),
        "statements of zero": times("零" * 12 + "件" * 10 + "事，"),
        "fractions": times("三分之一和1/3，"),
        "quotes that do not end": times("“《「（〔[第1"),
        "brackets in brackets": within("（", "）"),
        "fixed names": times("一带一路双随机三公"),
        "bookmark marks": times("[bookmark:版（下转第"),
        "numbering": numbers,
        "numbers of lists": times("1.1.1 法\n2、法\n①法\n"),
        "headings in one line": times("完。一、法治。（一）法。1.法。"),
        "titles": times("鼓楼区2023年法治政府建设年度报告\n"),
        "dates": times("2023年12月26日\n"),
        "dates in one line": times("2023年12月26日"),
        "bodies that sign": times("鼓楼区卫生健康委员会 2023年12月26日\n"),
        "salutations": times("各位代表，各位委员，同志们，代表：\n"),
        "meetings": times("★" * 25 + "大会" * 12 + "法" * 40 + "\n"),
        "problems announced": times("但" * 40 + "存在" * 30 + "法" * 80 + "。\n"),
        "next steps announced": times("下一步" * 5 + "下一步" + "法" * 300 + "。\n"),
        "breadcrumbs": times("法治" + ">" * 100 + "。\n"),
        "arrows": times("法治" + "→" * 100 + "。\n"),
        "leaders": times("." * 158 + "法)\n"),
        "buttons": times("打印关闭字号大中小分享到微信微博\n"),
        "facts": times("索引号：1发布日期：2023-01-01来源：法\n"),
        "links below": times("相关链接\n上一篇：法\n"),
        "places": times("郊区和鼓楼区，"),
        "places in the foot": places_in_the_foot,
        "lines that never end": _lines_that_never_end,
        "line ends by chance": han,
        "entries of contents": times("一、法……1\n", "目录\n"),
        "front matter": times("法\n", counted("№: 乙\n", "---\n", "---\n")(13_000)),
        "front matter in brackets": times("[", "---\na: "),
        "anchors": counted("a№: &b№ [*b№]\n", "---\n", "---\n法\n"),
    }
)


def _noise(first: int, last: int) -> Kind:
    """Make bytes of a range by chance."""
    return lambda size: bytes(CHANCE.choices(range(first, last + 1), k=size))


BYTES: Mapping[str, Kind] = MappingProxyType(
    {
        "any bytes": CHANCE.randbytes,
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

MARKDOWN: Mapping[str, Text] = MappingProxyType(
    {
        "elements that do not end": times("<div>\n"),
        "elements side by side": times("<b>\n\n"),
        "quotes": times("> a\nb\n"),
        "quotes in quotes": times("> > > > > > > > a\n"),
        "underlined": times("a\n=\n"),
        "one underlined paragraph": times("a\n", "", "=\n"),
        "headings": times("# 甲\n"),
        "headings without words": times("#\n"),
        "headings and numbers": times("# 甲\n（一）乙丙。\n"),
        "lists": times("- a\n"),
        "numbered lists": times("1. a\n"),
        "lists in lists": within("- ", "", "a\n"),
        "tables": times("|a|b|\n|-|-|\n|c|d|\n\n"),
        "a row of many cells": lambda size: f"{times('|a')(size // 2)}|\n{times('|-')(size // 2)}|\n",
        "rows of one cell": times("|a|\n", "|a|\n|-|\n"),
        "open brackets": times("[" * 19_000 + "\n\n"),
        "open pictures": times("![](" * 4_900 + "\n\n"),
        "emphasis": times("*a_" * 6_600 + "\n\n"),
        "emphasis of emphasis": times("*a **a " * 2_800 + "\n\n"),
        "code": times("".join("`" * n + " " for n in range(1, 190)) + "\n\n"),
        "comments": times("<!--a" * 3_900 + "\n\n"),
        "entities": times("&#x4e00;" * 2_400 + "\n\n"),
        "fences": times("```\n"),
        "code blocks of HTML": times("<pre>\n"),
        "breadcrumbs": TEXT["breadcrumbs"],
        "measures": TEXT["measures"],
        "front matter": times("法\n", times("甲: 乙\n", "---\n", "---\n")(65_000)),
        "front matter of many names": times("法\n", counted("№: 乙\n", "---\n", "---\n")(65_000)),
        "a long text in front matter": times("法\n", times("甲\n\n ", "---\na: '", "'\n---\n")(65_000)),
        "front matter in brackets": times("[", "---\na: "),
    }
)

_DEEP = 4_900
"""Elements that a page may have within each other, nearly."""

_FORMATTING = f"<p>{''.join(f'<font a={n}>' for n in range(_DEEP))}</p>"
"""What the parser opens again in every paragraph that follows."""

HTML: Mapping[str, Text] = MappingProxyType(
    {
        "elements in elements": within("<div>", "", "<p>a", _DEEP),
        "attributes": counted("a№ ", "<p ", ">法"),
        "attributes without blanks": counted('a№=""', "<p ", ">法"),
        "attributes parted by strokes": counted("a№/", "<p ", ">法"),
        "attributes between signs": counted('a№="<" ', "<p ", ">法"),
        "attributes of the page": counted("<html a№></html>"),
        "elements in elements with other ends": times("<div></x>"),
        "elements in elements with ends in remarks": times("<div><!--</div>-->"),
        "elements in elements with ends in values": times("<div a='</div>'>"),
        "tables in tables": within("<table><tr><td>a<td>", "", "<p>a", _DEEP),
        "lists in lists": within("<ul><li>", "", "<li>a", _DEEP),
        "forms in forms": within("<form><div></form>", "", "法", _DEEP),
        "formatting that does not end": counted("<font a=№><p>a"),
        "formatting that comes again": lambda size: times("<p>a</p>", _FORMATTING)(max(size, len(_FORMATTING))),
        "formatting in paragraphs": times("<b><p></b>"),
        "links in links": times("<a><p>"),
        "text between rows": times("a<b></b>", "<table>"),
        "options": times("<option>a", "<select>"),
        "paragraphs": times("<p>a"),
        "cells": times("<td>a", "<table><tr>"),
        "rows": times("<tr><td>a<td>b", "<table>"),
        "items": times("<li>a", "<ol>"),
        "line breaks": times("a<br>"),
        "spans": times("<span>法</span>"),
        "headings": times("<h1>甲</h1>"),
        "containers": times("<div id=zoom>法。</div>"),
        "entities": times("&#x6cd5;&nbsp;&amp;&notit;"),
        "comments": times("<!--a-->a"),
        "a title of dashes": times("-", "<title>", "</title>法"),
        "facts in cells": times("<tr><td>发布日期<td>2023-01-01", "<table>"),
        "labels before nothing": times("<p>发布日期<p>法"),
        "lines in one element": times("法\n", "<pre>"),
        "ends without beginnings": times("</p></br>"),
        "pictures": times("<svg><math>"),
        "breadcrumbs": times("<p>法治" + "&gt;" * 100 + "。</p>"),
        "measures": times("<p>立案3件，"),
        "metadata": times("<meta name=a content=b>"),
    }
)

CSV: Mapping[str, Text] = MappingProxyType(
    {
        "short rows": times("法\n", "text\n"),
        "short rows with ids": counted("№,法\n", "id,text\n"),
        "rows too short": times("法\n", "text,b\n"),
        "the same id": times("1,法\n", "id,text\n"),
        "columns": counted("№,", "text,", "\n法"),
        "columns and short rows": lambda size: counted("№,", "text,")(size // 2) + times("\n法")(size // 2),
        "facets": times(f"法{',甲' * 900}\n", f"text,{','.join(f'c{n}' for n in range(900))}\n"),
        "more facets than are read": counted(f"{',№' * 2_000},法\n", f"{',' * 2_000}text\n"),
        "cells without words": times(",", "text\n"),
        "quotes that do not end": times('"法\n', "text\n"),
        "quotes that begin where others end": times('b","c\n', 'text,c\n"'),
        "quotes in quotes": times('""', 'text\n"'),
        "the longest cells": times("法" * 131_000 + "\n", "text\n"),
        "cells of measures": times("每月" * 4900 + "、3件" * 3300 + "\n", "text\n"),
        "cells too long": times("法", "text\n"),
        "every delimiter": times("a,b;c|d\t", "text\n"),
        "places": times("法,鼓楼区/新华区\n", "text,region\n"),
        "lines in cells": times('"a\nb"\n', "text\n"),
        "wrong years": times("法,x,x,x\n", "text,year,published,source\n"),
    }
)


def tabbed(texts: Mapping[str, Text]) -> dict[str, Text]:
    """Have tabs for commas."""

    def changed(text: Text) -> Text:
        """Change one."""
        return lambda size: text(size).replace(",", "\t")

    return {name: changed(text) for name, text in texts.items()}


_ONE = '{"id":1,"text":"'

JSON_LINES: Mapping[str, Text] = MappingProxyType(
    {
        "short records": counted('{"id":"№","text":"法"}\n'),
        "lines that are no records": times("1\n"),
        "the same id": times('{"id":1,"text":"法"}\n'),
        "one record": times("法", _ONE, '"}'),
        "one record of letters": times("a", _ONE, '"}'),
        "one record of measures": times("立案3件，", _ONE, '"}'),
        "one record of measures and stops": times("3件。", _ONE, '"}'),
        "one record of times": halves("每月", "，3件", _ONE, '"}'),
        "one record of one time": times("甲乙3件，", _ONE + "由2022年", '"}'),
        "one record of shares": counted("占甲№乙1%，", _ONE, '"}'),
        "one record of rates": halves("甲乙和", "1%和", _ONE, '"}'),
        "one record of escapes": times(r"\u6cd5", _ONE, '"}'),
        "one record of white space": times("法  ", _ONE, '"}'),
        "facets of one record": counted('"№":"甲",', '{"id":1,"text":"法",', '"a":1}'),
        "facets of many records": counted('{"id":"№","text":"法","№":"甲"}\n'),
        "the same facets": counted('{"id":"№","text":"法",' + ",".join(f'"c{n}":1' for n in range(900)) + "}\n"),
        "lists in lists": within("[", "]", before='{"id":1,"text":"法","a":'),
        "objects in objects": times('{"a":', '{"id":1,"text":"法","a":'),
        "long numbers": times("1", '{"id":1,"text":"法","a":', "}"),
        "numbers": counted('{"id":"№","text":"法","a":1e№,"b":' + "9" * 4_000 + "}\n"),
        "headings of one record": counted('"甲№",', '{"id":1,"text":"法","path":[', '"乙"]}'),
        "a long heading": times("存在", '{"id":1,"text":"法","path":["', '"]}'),
        "places of one record": times('"鼓楼区",', '{"id":1,"text":"法","region":[', '"新华区"]}'),
        "wrong fields": counted('{"id":"№","text":"法","year":"x","published":"x","region":[1],"path":{"a":1}}\n'),
        "one line that does not end": times('{"a":"b",'),
    }
)

TEXTS = as_utf8(TEXT)
