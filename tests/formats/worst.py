"""The worst files of every format that we can think of, through the build: none costs more than was promised.

    python tests/formats/worst.py [--sizes MB ...] [--formats SUFFIX ...] [--kinds WORDS] [--all] [--seed N]
                                  [--folder DIR] [--result FILE]

For each format there is a table of kinds: ways to make a file that costs a parser, or what comes behind it, as much as
can be for its size. Such a file is put between five sound reports, and the folder is built by one process. What may
not happen: a build that fails, prints a traceback or takes too long; a sound report that is not indexed; more time of
the processor, or more memory, than a file of that size is given (indexing/worker.py); an error that nobody foresaw; a
process that lives on.

All kinds are built at the first size, and at each larger size the two that took the most time and the most memory;
`--all` builds all of them. What was measured is written to a file. `--folder` keeps the hostile files.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import random
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import zipfile
import zlib
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from datetime import datetime, timezone
from importlib.metadata import version
from io import BytesIO
from pathlib import Path
from types import MappingProxyType

TESTS = Path(__file__).parents[1]
sys.path += [str(TESTS), str(TESTS / "corpus")]  # where they are already, if pytest runs this

import test_ofd  # noqa: E402 - found by what stands above
from formats import make  # noqa: E402
from wordfiles import converted, definition, document, item, level, list_of, paragraph, row, style, styled  # noqa: E402

from searchkit.corpus.readers import doc  # noqa: E402
from searchkit.corpus.readers.archives import LARGEST_XML, MOST_ENTRIES  # noqa: E402
from searchkit.indexing.worker import memory_for, seconds_for  # noqa: E402
from searchkit.searching import Index  # noqa: E402

RESULT = Path(__file__).with_name("worst.json")
SIZES, SEED, MEGABYTE = (1.0, 10.0, 50.0), 20240601, 1_000_000
_LIBRARIES = ("searchkit", "pypdfium2", "selectolax", "markdown-it-py", "numpy", "rjieba")
_START_UP = 10
"""Seconds of the processor for the start of the processes, the sound reports and the writing of the index."""
_TIMES = 2
"""A file may be done so often: with its neighbours, and by itself."""
_BASE = 400 << 20
"""Bytes: the memory of the build itself and of a worker that has read nothing yet, together."""
_WALL = 10
"""Seconds of the clock that a build may take for each second that the hostile file may use the processor."""
_EVERY = 0.05
"""Seconds between two looks at the processes."""
_BEFORE, _BEHIND = ("10-{}", "11-{}"), ("90-{}", "91-{}", "92-{}")
"""Names of the sound reports, which come before and behind the hostile file."""
_SOUND = (".txt", ".html", ".docx", ".pdf", ".md")
_HOSTILE = "50-hostile"
_BY_LIBREOFFICE = frozenset({".doc", ".rtf"})
"""Formats that need a second process, which has limits of its own."""
_UNFORESEEN = "mistake in searchkit"
_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")

CHANCE = random.Random(SEED)  # noqa: S311 - no secret
"""Begun anew for every file."""

Text = Callable[[int], str]
"""Makes a text of about so many bytes in UTF-8."""
Kind = Callable[[int], bytes]
"""Makes a file of about so many bytes."""


# Texts


def times(unit: str, before: str = "", behind: str = "") -> Text:
    """Have a unit again and again."""

    def make_text(size: int) -> str:
        """Fill the room between beginning and end."""
        room = size - len((before + behind).encode())
        return before + unit * max(1, room // len(unit.encode())) + behind

    return make_text


def counted(pattern: str, before: str = "", behind: str = "") -> Text:
    """Have a pattern again and again, with a number of six digits for each `№` in it."""

    def make_text(size: int) -> str:
        """Fill the room between beginning and end."""
        room = size - len((before + behind).encode())
        count = max(1, room // len(pattern.replace("№", "000000").encode()))
        return before + "".join(pattern.replace("№", f"{n:06}") for n in range(count)) + behind

    return make_text


def halves(first: str, second: str, before: str = "", behind: str = "") -> Text:
    """Have one unit again and again, then another one."""
    return lambda size: before + times(first)(size // 2) + times(second)(size // 2) + behind


def within(open_: str, close: str, inside: str = "", most: int = 10**9, before: str = "") -> Text:
    """Put something into itself again and again, at most so deep; what is left is filled with what stands inside."""

    def make_text(size: int) -> str:
        """Half of the room is for the depth, if something stands inside."""
        room = size // 2 if inside else size
        depth = min(most, max(1, room // len((open_ + close).encode())))
        left = size - depth * len((open_ + close).encode())
        return before + open_ * depth + (times(inside)(left) if inside else "") + close * depth

    return make_text


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


def as_utf8(texts: Mapping[str, Text]) -> dict[str, Kind]:
    """Write texts in UTF-8."""

    def encoded(text: Text) -> Kind:
        """Write one."""
        return lambda size: text(size).encode("utf-8", "surrogatepass")

    return {name: encoded(text) for name, text in texts.items()}


_LONGEST = 19_900
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
        "figures": times("立案3件，"),
        "figures and stops": times("3件。"),
        "figures without words": times("1件"),
        "figures a line": times("立案3件\n"),
        "Chinese numerals": times("一百二十九件，"),
        "numerals without end": times("一二三四五六七八九十百千万亿点"),
        "thousands": times("1,111,", "", "1"),
        "ranges": times("1—2—"),
        "parts of totals": times("共3件，其中甲2件、乙1件，"),
        "rates side by side": times("甲乙和" * 3300 + "1%和" * 3300 + "。\n"),
        "shares that name what they are of": times("".join(f"占甲{chr(0x4E00 + n)}1%，" for n in range(3000)) + "。\n"),
        "times before figures": times("每月" * 4900 + "，3件" * 3300 + "。\n"),
        "one time and many figures": times("由2022年" + "甲乙3件，" * 3900 + "。\n"),
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
        "figures": TEXT["figures"],
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
        "figures": times("<p>立案3件，"),
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
        "cells of figures": times("每月" * 4900 + "、3件" * 3300 + "\n", "text\n"),
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
        "one record of figures": times("立案3件，", _ONE, '"}'),
        "one record of figures and stops": times("3件。", _ONE, '"}'),
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


# Packed XML

_TIGHT, _TIGHTEST = 120, 185
"""XML is made so many times as large as the file; a remark in it sees to it that it is packed no tighter than that."""
_MOST_XML = LARGEST_XML - MEGABYTE


def repacked(files: Mapping[str, str | bytes], size: int) -> bytes:
    """Pack files: a remark makes large ones less tight, and noise fills what is left of the size."""
    target = BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            data = content.encode() if isinstance(content, str) else content
            if data.startswith(b"<") and len(data) > 9 * MEGABYTE:
                data += b"<!--" + CHANCE.randbytes(len(data) // _TIGHTEST).hex().encode() + b"-->"
            archive.writestr(name, data)
        room = size - target.tell() - 200 * len(files)
        if room > 0:
            archive.writestr("padding.bin", CHANCE.randbytes(room), zipfile.ZIP_STORED)
    return target.getvalue()


def _unpacked(data: bytes) -> dict[str, bytes]:
    """Give what an archive holds."""
    with zipfile.ZipFile(BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def fitted(files: Callable[[int], Mapping[str, str | bytes]], size: int) -> bytes:
    """Pack files whose parts hold so many bytes: as many as fit into the size."""
    room = _TIGHT * size
    data = repacked(files(min(_MOST_XML, room)), size)
    while len(data) > size * 11 // 10 and room > size:
        room = min(_MOST_XML, room) * size // len(data)
        data = repacked(files(room), size)
    return data


def packed(files: Callable[[int], Mapping[str, str | bytes]]) -> Kind:
    """Pack files whose parts hold so many bytes."""
    return lambda size: fitted(files, size)


def word(body: Text, **parts: Text) -> Kind:
    """Make a Word document of what stands in its body and in its other parts."""

    def files(room: int) -> Mapping[str, bytes]:
        """Make all parts of one size."""
        each = room // (1 + len(parts))
        return _unpacked(document(body(each), {name: part(each) for name, part in parts.items()}))

    return packed(files)


_TEXT_BOX = "<w:r><w:pict><v:textbox><w:txbxContent>{}</w:txbxContent></v:textbox></w:pict></w:r>"
_BEGIN = '<w:r><w:fldChar w:fldCharType="begin"/></w:r>'
_CHOICE = "<mc:AlternateContent><mc:Choice>", "</mc:Choice></mc:AlternateContent>"
_BASED = '<w:style w:type="paragraph" w:styleId="s№"><w:basedOn w:val="s{}"/></w:style>'


def _chain(size: int) -> str:
    """Make styles each of which is based on the one before."""
    one = len(_BASED) + 12
    return "".join(_BASED.replace("№", f"{n:06}").format(f"{n + 1:06}") for n in range(max(1, size // one)))


def _lists(size: int) -> str:
    """Make definitions of lists, and as many lists."""
    one = definition(0, level(0, "decimal", "%1")) + list_of(0, 0)
    count = max(1, size // (len(one) + 20))
    definitions = "".join(definition(n, level(0, "decimal", "%1")) for n in range(count))
    return definitions + "".join(list_of(n, n) for n in range(count))


DOCX: Mapping[str, Kind] = MappingProxyType(
    {
        "runs": word(lambda size: f"<w:p>{times('<w:r><w:t>法</w:t></w:r>')(size)}</w:p>"),
        "paragraphs without words": word(times("<w:p/>", paragraph("法"))),
        "short paragraphs": word(times("<w:p><w:r><w:t>法</w:t></w:r></w:p>")),
        "paragraphs of figures": word(times(paragraph("立案3件，" * 3000))),
        "line breaks": word(times("<w:br/>", "<w:p><w:r><w:t>法</w:t>", "</w:r></w:p>")),
        "elements that nobody knows": word(times("<w:x/>", paragraph("法"))),
        "elements in elements": word(within("<w:x>", "</w:x>")),
        "elements in elements, as deep as is read": word(within("<w:x>", "</w:x>", paragraph("法"), 90)),
        "tables in tables": word(within("<w:tbl><w:tr><w:tc>", "</w:tc></w:tr></w:tbl>", paragraph("法"), 32)),
        "cells": word(times("<w:tc><w:p><w:r><w:t>法</w:t></w:r></w:p></w:tc>", "<w:tbl><w:tr>", "</w:tr></w:tbl>")),
        "rows": word(times(row("法", "治"), "<w:tbl>", "</w:tbl>")),
        "fields that do not end": word(halves(_BEGIN, "</w:p><w:p>", "<w:p>", "</w:p>")),
        "styles based on styles": word(times(styled("法", "s000000")), styles=_chain),
        "styles": word(counted(styled("法", "№")), styles=counted(style("№", "<w:rPr><w:b/></w:rPr>"))),
        "lists": word(counted(item("法").replace('numId w:val="1"', 'numId w:val="№"')), numbering=_lists),
        "items": word(times(item("法")), numbering=lambda _: definition(0, level(0, "decimal", "%1")) + list_of(1, 0)),
        "headings": word(times(paragraph("甲", '<w:outlineLvl w:val="1"/>'))),
        "text boxes": word(times(_TEXT_BOX.format(paragraph("法")), "<w:p>", "</w:p>")),
        "text boxes in text boxes": word(
            times(_TEXT_BOX.format(f"<w:p>{_TEXT_BOX.format('<w:p/>')}</w:p>"), "<w:p>", "</w:p>")
        ),
        "alternatives": word(within(_CHOICE[0], _CHOICE[1], "<w:r/>", 45, "<w:p/>")),
        "notes": word(
            counted('<w:r><w:footnoteReference w:id="№"/></w:r>', "<w:p>", "</w:p>"),
            footnotes=counted(f'<w:footnote w:id="№">{paragraph("法")}</w:footnote>'),
        ),
        "properties": word(times("<w:x/>", "<w:p><w:pPr>", f"</w:pPr></w:p>{paragraph('法')}")),
        "a long attribute": word(
            times("1", '<w:p><w:pPr><w:outlineLvl w:val="', f'"/></w:pPr></w:p>{paragraph("法")}')
        ),
        "breadcrumbs": word(times(paragraph("法治" + "→" * 100 + "。"))),
        "noise": lambda size: b"PK\x03\x04" + CHANCE.randbytes(size),
    }
)

_SPREADSHEET = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_RELATIONS = '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
_HEADER = '<row><c t="inlineStr"><is><t>text</t></is></c></row>'
_CELL = '<c t="inlineStr"><is><t>法</t></is></c>'


def sheet(rows: Text, rest: Text | None = None, strings: Text | None = None, styles: Text | None = None) -> Kind:
    """Make a workbook of one sheet; `rest` stands behind its rows."""

    def files(room: int) -> Mapping[str, str]:
        """Make all parts of one size."""
        each = room // sum(part is not None for part in (rows, rest, strings, styles))
        behind = rest(each) if rest else ""
        parts = {
            "worksheet": f'<worksheet xmlns="{_SPREADSHEET}"><sheetData>{rows(each)}</sheetData>{behind}</worksheet>',
            "sharedStrings": f'<sst xmlns="{_SPREADSHEET}">{strings(each) if strings else ""}</sst>',
            "styles": f'<styleSheet xmlns="{_SPREADSHEET}">{styles(each) if styles else ""}</styleSheet>',
        }
        return _book(parts, '<sheet name="a" r:id="worksheet"/>')

    return packed(files)


def _book(parts: Mapping[str, str], sheets: str, relations: str = "") -> dict[str, str]:
    """Give the files of a workbook."""
    listed = "".join(f'<Relationship Id="{kind}" Type="{_OFFICE}/{kind}" Target="{kind}.xml"/>' for kind in parts)
    top = f'<Relationship Id="a" Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/>'
    head = f'<workbook xmlns="{_SPREADSHEET}" xmlns:r="{_OFFICE}">'
    return {
        "_rels/.rels": f"{_RELATIONS}{top}</Relationships>",
        "xl/workbook.xml": f"{head}<sheets>{sheets}</sheets></workbook>",
        "xl/_rels/workbook.xml.rels": f"{_RELATIONS}{listed}{relations}</Relationships>",
        **{f"xl/{kind}.xml": content for kind, content in parts.items()},
    }


def _same_sheet(room: int) -> dict[str, str]:
    """Have one sheet under thousands of names."""
    rows = times(f"<row>{_CELL}</row>", _HEADER)(room // 2)
    parts = {"worksheet": f'<worksheet xmlns="{_SPREADSHEET}"><sheetData>{rows}</sheetData></worksheet>'}
    return _book(parts, counted('<sheet name="№" r:id="worksheet"/>')(room // 2))


def _same_strings(room: int) -> dict[str, str]:
    """Have one list of texts as thousands of parts."""
    rows = f"{_HEADER}<row>{_CELL}</row>"
    parts = {
        "worksheet": f'<worksheet xmlns="{_SPREADSHEET}"><sheetData>{rows}</sheetData></worksheet>',
        "sharedStrings": f'<sst xmlns="{_SPREADSHEET}">{times("<si><t>a</t></si>")(room // 2)}</sst>',
    }
    again = counted(f'<Relationship Id="№" Type="{_OFFICE}/sharedStrings" Target="sharedStrings.xml"/>')(room // 2)
    return _book(parts, '<sheet name="a" r:id="worksheet"/>', again)


_MANY_COLUMNS = 16_000
"""As many as a sheet may have, nearly."""


def _column(n: int) -> str:
    """Give the letters of a column, the first of which is 0."""
    before = _column(n // 26 - 1) if n > 25 else ""
    return before + chr(ord("A") + n % 26)


def _merged_cells(size: int) -> str:
    """Merge the cells of many columns from the top to the bottom."""
    columns = map(_column, range(min(_MANY_COLUMNS, size // 45)))
    cells = "".join(f'<mergeCell ref="{column}2:{column}1048576"/>' for column in columns)
    return f"<mergeCells>{cells}</mergeCells>"


def _below_merged_cells(size: int) -> str:
    """Make a row that is full, and short rows below it."""
    return f"{_HEADER}<row>{_CELL * min(_MANY_COLUMNS, size // 90)}</row>" + times(f"<row>{_CELL}</row>")(size // 2)


def _wide(size: int) -> str:
    """Make a header of as many columns as there may be, and short rows."""
    names = counted('<c t="inlineStr"><is><t>c№</t></is></c>')(min(size // 2, _MANY_COLUMNS * 46))
    return f"<row>{_CELL.replace('法', 'text')}{names}</row>" + times(f"<row>{_CELL}</row>")(size // 2)


def _formats(size: int) -> str:
    """Make a format of brackets that do not end, and as many cells of it as there is room for."""
    code = times("[", '<numFmts><numFmt numFmtId="200" formatCode="', '"/></numFmts>')(size // 2)
    return code + times('<xf numFmtId="200"/>', "<cellXfs>", "</cellXfs>")(size // 2)


XLSX: Mapping[str, Kind] = MappingProxyType(
    {
        "short rows": sheet(times(f"<row>{_CELL}</row>", _HEADER)),
        "cells": sheet(times(_CELL, f"{_HEADER}<row>", "</row>")),
        "cells without values": sheet(times("<c/>", f"{_HEADER}<row>", "</row>")),
        "rows without cells": sheet(times("<row/>", _HEADER)),
        "the last column": sheet(times('<row><c r="XFD1" t="str"><v>a</v></c></row>', _HEADER)),
        "the last row": sheet(times(f'<row r="1048576">{_CELL}</row>', _HEADER)),
        "columns": sheet(_wide),
        "one long text in every row": sheet(
            times('<row><c t="s"><v>0</v></c></row>', _HEADER),
            strings=lambda _: f"<si><t>{'立案3件，' * 26_000}</t></si>",
        ),
        "texts": sheet(times(f"<row>{_CELL}</row>", _HEADER), strings=times("<si><t>法</t></si>")),
        "one text of runs": sheet(
            times('<row><c t="s"><v>0</v></c></row>', _HEADER),
            strings=times("<r><t>法</t></r>", "<si>", "</si>"),
        ),
        "merged cells": sheet(_below_merged_cells, rest=_merged_cells),
        "formats that do not end": sheet(times(f"<row>{_CELL}</row>", _HEADER), styles=_formats),
        "formats": sheet(times(f"<row>{_CELL}</row>", _HEADER), styles=times("<xf/>", "<cellXfs>", "</cellXfs>")),
        "elements in elements": sheet(within("<x>", "</x>")),
        "a long number": sheet(times("1", f"{_HEADER}<row><c><v>", "</v></c></row>")),
        "escapes": sheet(times("_x6cd5_", f'{_HEADER}<row><c t="str"><v>', "</v></c></row>")),
        "one sheet under many names": packed(_same_sheet),
        "one part many times": packed(_same_strings),
        "noise": DOCX["noise"],
    }
)


# Pages

_BOX = 'Boundary="0 0 200 280" Size="4"'
_OBJECT = f'<ofd:TextObject ID="№" {_BOX}><ofd:TextCode X="№" Y="8">法</ofd:TextCode></ofd:TextObject>'
_PAGE_REFERENCE = '<ofd:Page BaseLoc="Page.xml"/>'
_MANY_PAGES = 4_990
"""As many as are read, nearly."""


def ofd(objects: Text, rest: str = "") -> Kind:
    """Make a package of one page with some objects."""

    def files(room: int) -> Mapping[str, bytes]:
        """Fill the page."""
        page = test_ofd.page_of(objects(room))
        return _unpacked(test_ofd.package(test_ofd.document([page], rest=rest)))

    return packed(files)


def _ofd_files(page: str, root: str, more: Mapping[str, str] | None = None, bodies: int = 1) -> dict[str, str]:
    """Give the files of a package of one page that is named as often as `root`, the rest of the document, says."""
    space = test_ofd.NAMESPACE
    body = "<ofd:DocBody><ofd:DocRoot>Doc.xml</ofd:DocRoot></ofd:DocBody>"
    return {
        "OFD.xml": f"<ofd:OFD {space}>{body * bodies}</ofd:OFD>",
        "Doc.xml": f"<ofd:Document {space}>{root}</ofd:Document>",
        "Page.xml": page,
        **(more or {}),
    }


def _same_page(_: int) -> dict[str, str]:
    """Have one full page as often as pages are read."""
    text = "".join(f'<ofd:TextCode X="9" Y="{n * 5}">{"法" * 40}</ofd:TextCode>' for n in range(50))
    page = test_ofd.page_of(f"<ofd:TextObject {_BOX}>{text}</ofd:TextObject>")
    return _ofd_files(page, f"<ofd:Pages>{_PAGE_REFERENCE * _MANY_PAGES}</ofd:Pages>")


def _same_resources(room: int) -> dict[str, str]:
    """Have pages that all name one large file of resources."""
    page = test_ofd.page_of(_OBJECT, "<ofd:PageRes>Res.xml</ofd:PageRes>")
    fonts = times('<ofd:Font ID="1" FontName="a"/>', "<ofd:Fonts>", "</ofd:Fonts>")(room)
    resources = {"Res.xml": f"<ofd:Res {test_ofd.NAMESPACE}>{fonts}</ofd:Res>"}
    return _ofd_files(page, f"<ofd:Pages>{_PAGE_REFERENCE * _MANY_PAGES}</ofd:Pages>", resources)


def _same_document(room: int) -> dict[str, str]:
    """Have one document as often as there is room to name it."""
    return _ofd_files(test_ofd.page_of(_OBJECT), f"<ofd:Pages>{_PAGE_REFERENCE}</ofd:Pages>", bodies=room // 70)


def _objects_of_objects(_: int) -> dict[str, str]:
    """Have composite objects of two each, which hold two each, as deep as is read: nothing is drawn."""
    unit = '<ofd:CompositeGraphicUnit ID="{}"><ofd:Content>{}</ofd:Content></ofd:CompositeGraphicUnit>'
    units = "".join(unit.format(n, f'<ofd:CompositeObject ResourceID="{n + 1}"/>' * 2) for n in range(30))
    graphics = f"<ofd:CompositeGraphicUnits>{units}</ofd:CompositeGraphicUnits>"
    root = "<ofd:CommonData><ofd:PublicRes>Res.xml</ofd:PublicRes></ofd:CommonData>"
    root += f"<ofd:Pages>{_PAGE_REFERENCE}</ofd:Pages>"
    resources = {"Res.xml": f"<ofd:Res {test_ofd.NAMESPACE}>{graphics}</ofd:Res>"}
    return _ofd_files(test_ofd.page_of('<ofd:CompositeObject ResourceID="0"/>'), root, resources)


def _outside_a_table(size: int) -> str:
    """Have a line of characters that stand apart, half of them in a row of a table and half beside it."""
    count = min(190_000, size // 4)
    lines = "M 0 5 L 600000 5 M 0 15 L 600000 15 M 1 0 L 1 20 M 9 0 L 9 20 M 285000 0 L 285000 20"
    grid = f'<ofd:PathObject Boundary="0 0 9 9"><ofd:AbbreviatedData>{lines}</ofd:AbbreviatedData></ofd:PathObject>'
    text = f'<ofd:TextCode X="2" Y="10" DeltaX="g {count} 3">{"法" * count}</ofd:TextCode>'
    return f'{grid}<ofd:TextObject Boundary="0 0 9 9" Size="1">{text}</ofd:TextObject>'


def _wide_page(objects: Text) -> Kind:
    """Have objects on a page as wide as can be."""
    area = "<ofd:Area><ofd:PhysicalBox>0 0 900000 90000</ofd:PhysicalBox></ofd:Area>"
    root = f"<ofd:Pages>{_PAGE_REFERENCE}</ofd:Pages>"
    return packed(lambda room: _ofd_files(test_ofd.page_of(objects(room), area), root))


def _cells_of_a_table(size: int) -> str:
    """Have a row of a table with as many cells as are looked at, full of characters that stand apart."""
    count = min(190_000, size // 4)
    upright = "".join(f"M {n * 90} 0 L {n * 90} 20 " for n in range(1_990))
    lines = f"M 0 5 L 400000 5 M 0 15 L 400000 15 {upright}"
    grid = f'<ofd:PathObject Boundary="0 0 9 9"><ofd:AbbreviatedData>{lines}</ofd:AbbreviatedData></ofd:PathObject>'
    text = f'<ofd:TextCode X="2" Y="10" DeltaX="g {count} 0.9">{"法" * count}</ofd:TextCode>'
    return f'{grid}<ofd:TextObject Boundary="0 0 9 9" Size="1">{text}</ofd:TextObject>'


def _columns_of_a_page(size: int) -> str:
    """Have lines of ten pieces each, which are looked at for columns again and again."""
    count = min(190_000, size // 60)
    one = '<ofd:TextCode X="2" Y="{}" DeltaX="g 12 9">{}</ofd:TextCode>'
    text = "".join(one.format(n * 3 + 3, "法" * 10) for n in range(count // 10))
    return f'<ofd:TextObject Boundary="0 0 9 9" Size="1">{text}</ofd:TextObject>'


def _one_line(size: int) -> str:
    """Have one line of characters that stand apart."""
    count = min(190_000, size // 4)
    text = f'<ofd:TextCode X="2" Y="10" DeltaX="g {count} 3">{"法" * count}</ofd:TextCode>'
    return f'<ofd:TextObject Boundary="0 0 9 9" Size="1">{text}</ofd:TextObject>'


def _scaled(size: int) -> str:
    """Have a number without end for each character."""
    text = f'<ofd:TextCode X="1" Y="9">{"法" * (size // 6)}</ofd:TextCode>'
    return f'<ofd:TextObject Boundary="0 0 9 9" Size="1" HScale="{"0" * (size // 2)}1">{text}</ofd:TextObject>'


OFD: Mapping[str, Kind] = MappingProxyType(
    {
        "small texts": ofd(counted(_OBJECT)),
        "one text": ofd(
            times("法", '<ofd:TextObject Size="4"><ofd:TextCode X="1" Y="9">', "</ofd:TextCode></ofd:TextObject>")
        ),
        "texts without words": ofd(times("<ofd:TextObject/>", _OBJECT)),
        "lines": ofd(
            times("<ofd:PathObject><ofd:AbbreviatedData>M 0 0 L 9 0</ofd:AbbreviatedData></ofd:PathObject>", _OBJECT)
        ),
        "one path": ofd(
            times(
                "L 9 9 ", f"{_OBJECT}<ofd:PathObject><ofd:AbbreviatedData>", "</ofd:AbbreviatedData></ofd:PathObject>"
            )
        ),
        "blocks in blocks": ofd(within("<ofd:PageBlock>", "</ofd:PageBlock>")),
        "elements in elements": ofd(within("<ofd:x>", "</ofd:x>")),
        "bookmarks in bookmarks": ofd(
            lambda _: _OBJECT,
            rest=f"<ofd:Outlines>{'<ofd:OutlineElem>' * 20_000}{'</ofd:OutlineElem>' * 20_000}</ofd:Outlines>",
        ),
        "objects of objects": packed(_objects_of_objects),
        "one page many times": packed(_same_page),
        "resources of every page": packed(_same_resources),
        "one document many times": packed(_same_document),
        "a line beside a table": _wide_page(_outside_a_table),
        "a table of many cells": _wide_page(_cells_of_a_table),
        "columns": _wide_page(_columns_of_a_page),
        "one line": _wide_page(_one_line),
        "a number for each character": ofd(_scaled),
        "noise": DOCX["noise"],
    }
)

_FONT = (
    b"<</Type/Font/Subtype/Type0/BaseFont/STSong-Light/Encoding/UniGB-UCS2-H/DescendantFonts[<</Type/Font"
    b"/Subtype/CIDFontType0/BaseFont/STSong-Light/DW 1000"
    b"/CIDSystemInfo<</Registry(Adobe)/Ordering(GB1)/Supplement 0>>>>]>>"
)
_LONG = f"<{'6cd5' * 8_000}> Tj "
"""A text as long as is read in one piece."""
_HAN = "加强组织领导和统筹协调推进各项任务落实到位工作部署要求和".encode("utf-16-be").hex()
"""A line that does not end a sentence."""


def _stream(content: str, more: str = "") -> bytes:
    """Write a stream of a PDF."""
    data = zlib.compress(content.encode(), 9)
    return b"<<%b/Filter/FlateDecode/Length %d>>stream\n%b\nendstream" % (more.encode(), len(data), data)


def pdf_of(objects: Sequence[bytes], size: int) -> bytes:
    """Write a PDF of objects, numbered from 1, the first of which is the catalogue; noise fills what is left."""
    room = size - sum(map(len, objects)) - 40 * len(objects) - 300
    if room > 0:
        objects = [*objects, b"<</Length %d>>stream\n%b\nendstream" % (room, CHANCE.randbytes(room))]
    written = bytearray(b"%PDF-1.7\n")
    places = []
    for n, content in enumerate(objects, 1):
        places.append(len(written))
        written += b"%d 0 obj\n%b\nendobj\n" % (n, content)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    end = b"trailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, len(written))
    return bytes(written) + b"xref\n0 %d\n0000000000 65535 f \n%b" % (len(objects) + 1, table) + end


_PAGES = b"<</Type/Pages/Count %d/Kids[%b]/MediaBox[0 0 %d %d]/Resources<</Font<</F 3 0 R>>/XObject<<%b>>>>>>"
_PAGE_OF = b"<</Type/Page/Parent 2 0 R/Contents 4 0 R>>"


def pages(
    content: Text, count: int = 1, box: tuple[int, int] = (595, 842), more: Sequence[bytes] = (), forms: bytes = b""
) -> Kind:
    """Make a PDF whose pages, up to so many, all show one content; `more`: objects from number 5 on."""

    def make_file(size: int) -> bytes:
        """Make as many pages, and as much content, as there is room for."""
        first = 5 + len(more)
        made = min(count, max(1, size // 100))
        kids = b" ".join(b"%d 0 R" % n for n in range(first, first + made))
        room = min(_TIGHT * size, _MOST_XML)
        while len(stream := _stream(content(room))) > size and room > size:
            room = room * size // len(stream)
        tree = _PAGES % (made, kids, *box, forms)
        return pdf_of([b"<</Type/Catalog/Pages 2 0 R>>", tree, _FONT, stream, *more, *[_PAGE_OF] * made], size)

    return make_file


def _full_page(_: int) -> str:
    """Write a page full of lines that do not end."""
    lines = "".join(f"1 0 0 1 73 {770 - n * 28} Tm <{_HAN}> Tj " for n in range(26))
    return f"BT /F 16 Tf {lines}ET"


def _forms_of_forms(size: int) -> bytes:
    """Have forms of ten each, which show ten each."""
    depth = 25
    forms = [
        _stream("/X Do " * 10, f"/Type/XObject/Subtype/Form/BBox[0 0 9 9]/Resources<</XObject<</X {n + 6} 0 R>>>>")
        for n in range(depth)
    ]
    last = _stream("0 0 m 9 9 l S", "/Type/XObject/Subtype/Form/BBox[0 0 9 9]")
    return pages(lambda _: "/X Do", more=[*forms, last], forms=b"/X 5 0 R")(size)


def _deep_tree(size: int) -> bytes:
    """Have nodes of pages within nodes, with one page at the end."""
    depth = max(1, size // 80)
    nodes = [
        b"<</Type/Pages/Count 1/Parent %d 0 R/Kids[%d 0 R]>>" % (max(1, n - 1), n + 1) for n in range(2, depth + 2)
    ]
    return pdf_of([b"<</Type/Catalog/Pages 2 0 R>>", *nodes, _PAGE_OF.replace(b"/Contents 4 0 R", b"")], size)


def _tree_in_a_circle(size: int) -> bytes:
    """Have nodes of pages that all hold the first one."""
    kids = b"2 0 R " * max(1, size // 6)
    return pdf_of([b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Count 4000/Kids[%b]>>" % kids], size)


def _bookmarks(size: int) -> bytes:
    """Have bookmarks for the last one of many pages."""
    made, marks = max(1, min(_MANY_PAGES, size // 400)), max(1, min(9_900, size // 200))
    kids = b" ".join(b"%d 0 R" % n for n in range(5, 5 + made))
    first = 6 + made
    own = [
        b"<</Title(a%d)/Parent %d 0 R/Next %d 0 R/Dest[%d 0 R/Fit]>>" % (n, first - 1, n + 1, 4 + made)
        for n in range(first, first + marks)
    ]
    root = b"<</Type/Outlines/First %d 0 R/Last %d 0 R>>" % (first, first + marks - 1)
    catalogue = b"<</Type/Catalog/Pages 2 0 R/Outlines %d 0 R>>" % (first - 1)
    tree = _PAGES % (made, kids, 595, 842, b"")
    return pdf_of(
        [catalogue, tree, _FONT, _stream(f"BT /F 16 Tf 73 400 Td <{_HAN}3002> Tj ET"), *[_PAGE_OF] * made, root, *own],
        size,
    )


def _mapped(size: int) -> bytes:
    """Have a font whose table of characters does not end."""
    table = times("<0000> <ffff> <4e00>\n", "begincmap\n99999 beginbfrange\n", "endbfrange\nendcmap")
    font = _FONT.replace(b"/DescendantFonts", b"/ToUnicode 5 0 R/DescendantFonts")
    first = pages(_full_page, more=[_stream(table(_TIGHT * size))])
    return first(size).replace(_FONT, font)  # the places do not fit any more, so they are looked for


def _spread(size: int) -> str:
    """Write one line of characters that stand apart, half of them in a row of a table."""
    lines = "0 700 m 999999 700 l S 0 720 m 999999 720 l S 1 0 m 1 842 l S 9 0 m 9 842 l S 380000 0 m 380000 842 l S "
    return times(_LONG, f"{lines}BT /F 1 Tf 3 Tc 1 0 0 1 2 710 Tm ", "ET")(min(size, 24 * len(_LONG)))


_WIDE = 1_000_000, 842

PDF: Mapping[str, Kind] = MappingProxyType(
    {
        "small texts": pages(counted("BT /F 1 Tf 1 0 0 1 № 9 Tm <6cd5> Tj ET\n"), box=_WIDE),
        "small texts from right to left": pages(
            counted("BT /F 1 Tf 1 0 0 1 -№ 9 Tm <6cd5> Tj ET\n", "1 0 0 1 999999 0 cm "), box=_WIDE
        ),
        "one text": pages(times(_LONG, "BT /F 9 Tf 9 9 Td ", "ET")),
        "texts as many as are read": pages(
            lambda size: times("<6cd5> Tj ", "BT /F 9 Tf 9 9 Td ", "ET")(min(size, 1_900_000))
        ),
        "one paragraph over all pages": pages(_full_page, _MANY_PAGES),
        "one full content on all pages": pages(lambda _: f"BT /F 9 Tf 9 9 Td {_LONG * 23}ET", _MANY_PAGES),
        "a line beside a table": pages(_spread, box=_WIDE),
        "forms of forms": _forms_of_forms,
        "pages in pages": _deep_tree,
        "pages in a circle": _tree_in_a_circle,
        "bookmarks": _bookmarks,
        "lines": pages(times("0 0 m 9 0 l S ", "BT /F 9 Tf 9 400 Td <6cd56cbb> Tj ET ")),
        "rectangles": pages(counted("0 № 9 9 re S ", "BT /F 9 Tf 9 400 Td <6cd56cbb> Tj ET ")),
        "a path that does not end": pages(times("0 0 l ", "0 0 m ")),
        "states in states": pages(times("q ")),
        "states": pages(times("q Q ")),
        "operators that nobody knows": pages(times("a ")),
        "arrays in arrays": lambda size: pdf_of([b"<</Type/Catalog/Pages 2 0 R/A" + b"[" * size], 0),
        "objects without a table": lambda size: b"%PDF-1.7\n" + b"1 0 obj<</Type/Catalog>>endobj\n" * (size // 31),
        "words of a header": lambda size: b"%PDF-1.7\n" + b"obj endobj xref trailer<< startxref " * (size // 36),
        "a table of characters": _mapped,
        "noise": lambda size: b"%PDF-1.7\n" + CHANCE.randbytes(size),
    }
)


# Archives and Rich Text


def entries(name: str, content: Kind, each: int, most: int = MOST_ENTRIES - 1) -> Kind:
    """Make an archive of entries that all hold the same: each of so many bytes, unpacked, as many as there may be."""

    def make_file(size: int) -> bytes:
        """Pack until the size, or what may be unpacked, is reached."""
        data = content(min(each, _TIGHT * size))
        while (packed_size := len(zlib.compress(data)) + 2 * len(name) + 80) > size and len(data) > each // 100:
            data = content(len(data) // 2)
        count = max(1, min(most, size // packed_size, 490 * MEGABYTE // len(data)))
        return repacked({name.replace("№", f"{n:06}"): data for n in range(count)}, size)

    return make_file


_TEXTS = as_utf8(TEXT)

ZIP: Mapping[str, Kind] = MappingProxyType(
    {
        "small entries": entries("№.txt", _TEXTS["figures and stops"], 30),
        "entries without words": entries("№.txt", lambda _: b" ", 1),
        "entries of figures": entries("№.txt", _TEXTS["figures"], 9_900_000),
        "entries of lines": entries("№.txt", _TEXTS["lines of a character"], 9_900_000),
        "entries of places": entries("№.txt", _TEXTS["places in the foot"], 1_200_000),
        "entries of breadcrumbs": entries("№.txt", _TEXTS["breadcrumbs"], 100),
        "front matter": entries("№.md", as_utf8(MARKDOWN)["front matter"], 65_000),
        "entries of records": entries("№.jsonl", as_utf8(JSON_LINES)["short records"], 9_900_000),
        "bad records": entries("№.jsonl", as_utf8(JSON_LINES)["lines that are no records"], 9_900_000),
        "pages of the web": entries("№.html", as_utf8(HTML)["formatting that does not end"], 20_000),
        "Word documents": entries("№.docx", DOCX["short paragraphs"], 10_000),
        "PDF": entries("№.pdf", PDF["one paragraph over all pages"], 60_000),
        "archives in the archive": entries("№.zip", lambda _: b"PK", 2),
        "suffixes": entries("a.№", lambda _: b"a", 1),
        "long names": entries("a/" * 30_000 + "№.txt", lambda _: "法治。".encode(), 9),
        "noise": DOCX["noise"],
    }
)

_RTF = r"{\rtf1\ansi\ansicpg936{\fonttbl{\f0\fcharset134 SimSun;}}\f0 "

RTF: Mapping[str, Text] = MappingProxyType(
    {
        "groups in groups": within("{", "}", before=_RTF),
        "groups that do not end": times(r"{\b a", _RTF),
        "paragraphs": times("\\u27861?\\par\n", _RTF, "}"),
        "one paragraph": times("\\u27861?", _RTF, "}"),
        "cells": times(r"\cellx99 ", rf"{_RTF}\trowd", r"a\cell\row}"),
        "rows": times("\\trowd\\cellx99\\cellx199 a\\cell b\\cell\\row\n", _RTF, "}"),
        "tables in tables": within(
            r"\itap2 {\trowd\cellx99 a\nestcell{\nesttableprops\trowd\cellx99\nestrow}", "}", before=_RTF
        ),
        "fonts": counted(r"{\f№\fcharset134 a№;}", r"{\rtf1{\fonttbl", r"}\f0 a\par}"),
        "styles": counted(r"{\s№\sbasedon№ a№;}", r"{\rtf1{\stylesheet", r"}\f0 a\par}"),
        "pictures": times("ff", _RTF + r"a\par{\pict\pngblip ", "}}"),
        "fields": times(r"{\field{\*\fldinst PAGE}{\fldrslt 1}}", _RTF, "}"),
        "notes": times(r"a{\footnote b}", _RTF, r"\par}"),
        "lists": counted(r"{\pntext №.\tab}{\*\pn\pnlvlbody\pnstart1}a\par ", _RTF, "}"),
    }
)


def _web_archive(size: int) -> bytes:
    """Have parts within parts of a web archive."""
    part = "Content-Type: multipart/related; boundary=b№\n\n--b№\n"
    return counted(part, "MIME-Version: 1.0\n")(size).encode()


def _page_in_a_web_archive(size: int) -> bytes:
    """Have a page of formatting that does not end in a web archive."""
    page = b64encode(HTML["formatting that does not end"](size * 3 // 4).encode())
    return b"MIME-Version: 1.0\nContent-Type: text/html\nContent-Transfer-Encoding: base64\n\n" + page


def _word_97(size: int) -> bytes:
    """Make a document of Word 97 of a sound one and noise."""
    with tempfile.TemporaryDirectory() as folder:
        data = bytes(converted(make.docx(make.source()), ".docx", "doc:MS Word 97", Path(folder)))
    return data + CHANCE.randbytes(max(0, size - len(data)))


DOC: Mapping[str, Kind] = MappingProxyType(
    {
        "a sound one and noise": _word_97,
        "noise": lambda size: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + CHANCE.randbytes(size),
        "web archives in web archives": _web_archive,
        "a page in a web archive": _page_in_a_web_archive,
        "a page": as_utf8({"": times("<p>a", "<html>")})[""],
        "Rich Text": as_utf8(RTF)["groups that do not end"],
    }
)


def kinds() -> dict[str, dict[str, Kind]]:
    """Give the kinds of every format; those that LibreOffice has to read only where it is installed."""
    packed = dict(ZIP)
    found = {
        ".txt": {**_TEXTS, **BYTES},
        ".md": as_utf8(MARKDOWN),
        ".html": as_utf8(HTML),
        ".csv": as_utf8(CSV),
        ".tsv": as_utf8(tabbed(CSV)),
        ".jsonl": as_utf8(JSON_LINES),
        ".docx": dict(DOCX),
        ".xlsx": dict(XLSX),
        ".pdf": dict(PDF),
        ".ofd": dict(OFD),
        ".zip": packed,
    }
    if doc.converter() is not None:
        packed["Rich Text"] = entries("№.rtf", as_utf8(RTF)["paragraphs"], 300)
        found |= {".rtf": as_utf8(RTF), ".doc": dict(DOC)}
    return found


# Building and judging


@dataclass(frozen=True)
class Run:
    """What a build of one hostile file and its neighbours took, and what came of it."""

    suffix: str
    kind: str
    megabytes: float
    """Asked for."""
    size: int
    """Bytes of the hostile file."""
    seconds: float
    """Of the clock."""
    cpu_seconds: float
    """Of the processor, all processes together."""
    memory_mb: int
    """The most at one time, all processes together, in MiB."""
    said: str
    """Of the hostile file: `read`, `read in part`, or why it was not."""
    neighbours: int
    """How many of the sound reports were indexed."""
    broken: tuple[str, ...] = ()
    """What was promised and not kept."""


@dataclass
class Watched:
    """What is seen of the processes of a build while they run."""

    seconds: dict[tuple[int, int], float] = field(default_factory=dict)
    """Of the processor, by process and when it began."""
    memory: int = 0
    """Bytes, the most at one time."""

    def look(self, root: int) -> None:
        """Look once at a process and all that come from it."""
        memory = 0
        for pid in _tree(root):
            seen = _process(pid)
            if seen is not None:
                started, seconds, resident = seen
                self.seconds[pid, started] = seconds
                memory += resident
        self.memory = max(self.memory, memory)

    def living(self) -> list[int]:
        """Give the processes that have not ended."""
        return [pid for pid, started in self.seconds if (seen := _process(pid)) is not None and seen[0] == started]


@dataclass(frozen=True)
class Took:
    """What a build took."""

    status: int | None
    """None: it did not end."""
    seconds: float
    cpu_seconds: float
    memory: int
    """Bytes."""
    left: tuple[int, ...]
    """Processes that did not end with it."""


class Worst:
    """Builds hostile files among sound ones, and judges what came of it."""

    def __init__(self, folder: Path, seed: int = SEED) -> None:
        """Begin in `folder`, which is there."""
        self.runs: list[Run] = []
        self._folder, self._seed = folder, seed
        names = (*_BEFORE, *_BEHIND)
        self._sound = {
            name.format(f"sound{suffix}"): (make.FOLDER / f"{make.NAME}{suffix}").read_bytes()
            for name, suffix in zip(names, _SOUND, strict=True)
        }

    def run(self, suffix: str, kind: str, maker: Kind, megabytes: float) -> Run:
        """Build one kind of a size."""
        CHANCE.seed(f"{self._seed} {suffix} {kind} {megabytes}")
        corpus, index = self._folder / "files", self._folder / "index"
        for old in (corpus, index):
            shutil.rmtree(old, ignore_errors=True)
        corpus.mkdir()
        for sound, data in self._sound.items():
            (corpus / sound).write_bytes(data)
        hostile = corpus / f"{_HOSTILE}{suffix}"
        hostile.write_bytes(maker(int(megabytes * MEGABYTE)))
        size = hostile.stat().st_size
        took = self._build(corpus, index, _WALL * seconds_for(size))
        said, complaints = self._said(took.status, hostile.name)
        indexed = self._sound.keys() & _documents(index) if took.status == 0 else ()
        complaints += (f"{name} was not indexed" for name in sorted(self._sound.keys() - indexed))
        complaints += _over(suffix, size, took)
        seconds, used, memory = round(took.seconds, 1), round(took.cpu_seconds, 1), took.memory >> 20
        run = Run(suffix, kind, megabytes, size, seconds, used, memory, said, len(indexed), tuple(complaints))
        self.runs.append(run)
        return run

    def _build(self, corpus: Path, index: Path, longest: float) -> Took:
        """Build a folder by the command, which is ended if it takes longer than so many seconds."""
        command = [sys.executable, "-m", "searchkit", "build", str(corpus), "--index", str(index)]
        watched = Watched()
        before, started = _used(), time.monotonic()
        with (self._folder / "stdout").open("wb") as out, (self._folder / "stderr").open("wb") as err:
            process = subprocess.Popen([*command, "--jobs", "1", "--format", "json"], stdout=out, stderr=err)
            while process.poll() is None and time.monotonic() < started + longest:
                watched.look(process.pid)
                time.sleep(_EVERY)
            status = process.poll()
            process.kill()
            process.wait()
        seconds = time.monotonic() - started
        used = max(_used() - before, sum(watched.seconds.values()))
        return Took(status, seconds, used, watched.memory, tuple(_lingering(watched)))

    def _said(self, status: int | None, name: str) -> tuple[str, list[str]]:
        """Give what a build says of the hostile file, and what is wrong with what it says."""
        complaints = [] if status == 0 else ["takes too long" if status is None else f"exit status {status}"]
        if written := (self._folder / "stderr").read_text(encoding="utf-8", errors="replace"):
            complaints.append(f"stderr: {written[-300:]}")
        if status != 0:
            return "", complaints
        answer = json.loads((self._folder / "stdout").read_bytes())
        skipped = [item for item in answer["skipped"] if item["path"].partition("#")[0] == name]
        reasons = [str(item["reason"]) for item in skipped]
        complaints += [f"an error that nobody foresaw: {reason}" for reason in reasons if _UNFORESEEN in reason][:1]
        complaints += [f"a reason that is not one line: {reason!r}" for reason in reasons if "\n" in reason][:1]
        whole = next((str(item["reason"]) for item in skipped if item["files"]), "")
        return whole or (f"read in part, {len(skipped)} parts not" if skipped else "read"), complaints


def _documents(index: Path) -> set[str]:
    """Give the names of what was indexed."""
    with Index(index) as opened:
        return {item.document for item in opened.documents()}


def _over(suffix: str, size: int, took: Took) -> Iterator[str]:
    """Say what a build took beyond what a file of a size is given, and what it left behind."""
    seconds = _TIMES * seconds_for(size) + _START_UP
    memory = memory_for(size) * (2 if suffix in _BY_LIBREOFFICE else 1) + _BASE
    if took.cpu_seconds > seconds:
        yield f"{took.cpu_seconds:.1f} s of the processor, more than {seconds}"
    if took.memory > memory:
        yield f"{took.memory >> 20} MiB of memory, more than {memory >> 20}"
    if took.left:
        yield f"processes that live on: {len(took.left)}"


def _lingering(watched: Watched) -> list[int]:
    """Give the processes that have not ended a while after the build, and end them."""
    end = time.monotonic() + 3
    while (living := watched.living()) and time.monotonic() < end:
        time.sleep(_EVERY)
    for pid in living:
        with suppress(OSError):
            os.kill(pid, signal.SIGKILL)
    return living


def _used() -> float:
    """Give the seconds of the processor that processes took which this one has waited for, and those that they did."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _tree(root: int) -> list[int]:
    """Give a process and all that come from it."""
    found = [root]
    for pid in found:
        with suppress(OSError):  # it has ended meanwhile
            for task in Path(f"/proc/{pid}/task").iterdir():
                found += map(int, (task / "children").read_text().split())
    return found


def _process(pid: int) -> tuple[int, float, int] | None:
    """Give when a process began, its seconds of the processor and its resident bytes; None if it has ended."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()
    except OSError:
        return None
    if fields[0] in b"ZX":
        return None
    return int(fields[19]), (int(fields[11]) + int(fields[12])) / _TICKS, int(fields[21]) * _PAGE


# All of them


def worst_of(runs: Sequence[Run]) -> list[Run]:
    """Give the run that took the most time and the one that took the most memory."""
    by_time = max(runs, key=lambda run: run.cpu_seconds)
    by_memory = max(runs, key=lambda run: run.memory_mb)
    return [by_time] if by_time is by_memory else [by_time, by_memory]


def table(runs: Sequence[Run]) -> str:
    """Write runs as a table."""
    lines = [f"{'':6} {'MB':>6} {'CPU s':>7} {'wall s':>7} {'MiB':>6} {'sound':>5}  kind: what was said"]
    for run in runs:
        sign = "!" if run.broken else " "
        lines.append(
            f"{run.suffix:6} {run.megabytes:6.1f} {run.cpu_seconds:7.1f} {run.seconds:7.1f} {run.memory_mb:6}"
            f" {run.neighbours:5}{sign} {run.kind}: {run.said[:80]}"
        )
        lines += (f"{'':42} ! {what}" for what in run.broken)
    return "\n".join(lines) + "\n"


def write(runs: Sequence[Run], path: Path, seed: int) -> None:
    """Write what was measured."""
    found: dict[str, dict[str, object]] = {}
    for suffix in dict.fromkeys(run.suffix for run in runs):
        for size in dict.fromkeys(run.megabytes for run in runs if run.suffix == suffix):
            of_size = [run for run in runs if run.suffix == suffix and run.megabytes == size]
            worst = worst_of(of_size)
            found.setdefault(suffix, {})[str(size)] = {
                "kinds": len(of_size),
                "most_time": _as_json(worst[0]),
                "most_memory": _as_json(worst[-1]),
            }
    result = {
        "date": datetime.now(timezone.utc).date().isoformat(),
        "machine": f"{platform.system()} {platform.release()}, {platform.machine()}, {os.cpu_count()} processors",
        "python": platform.python_version(),
        "versions": {name: version(name) for name in _LIBRARIES},
        "libreoffice": doc.converter() is not None,
        "seed": seed,
        "builds": len(runs),
        "formats": found,
        "broken": [f"{run.suffix}, {run.kind}, {run.megabytes:g} MB: {what}" for run in runs for what in run.broken],
    }
    path.write_text(json.dumps(result, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def _as_json(run: Run) -> dict[str, object]:
    """Give the figures of a run."""
    return {name: value for name, value in asdict(run).items() if name not in {"suffix", "megabytes", "broken"}}


def run_format(
    worst: Worst, suffix: str, of_format: Mapping[str, Kind], sizes: Sequence[float], *, is_all: bool
) -> None:
    """Build the kinds of one format at the first size, and the worst of them, or all, at the others."""
    chosen = list(of_format)
    for megabytes in sizes:
        runs = []
        for kind in chosen:
            runs.append(worst.run(suffix, kind, of_format[kind], megabytes))
            sys.stdout.write(table(runs[-1:]).partition("\n")[2])
            sys.stdout.flush()
        if not is_all:
            chosen = [run.kind for run in worst_of(runs)]


def main() -> int:
    """Run, write what was measured, and say whether all was kept."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=float, nargs="+", default=SIZES, metavar="MB")
    parser.add_argument("--formats", nargs="+", metavar="SUFFIX")
    parser.add_argument("--kinds", default="", metavar="WORDS", help="only kinds whose names hold these words")
    parser.add_argument("--all", action="store_true", help="all kinds at all sizes")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--result", type=Path, default=RESULT)
    options = parser.parse_args()
    folder = options.folder or Path(tempfile.mkdtemp(prefix="worst-"))
    folder.mkdir(parents=True, exist_ok=True)
    worst = Worst(folder, options.seed)
    try:
        for suffix, of_format in kinds().items():
            chosen = {kind: maker for kind, maker in of_format.items() if options.kinds in kind}
            if chosen and (options.formats is None or suffix in options.formats):
                run_format(worst, suffix, chosen, options.sizes, is_all=options.all)
    finally:
        if options.folder is None:
            shutil.rmtree(folder)
        write(worst.runs, options.result, options.seed)
    sys.stdout.write("\n" + table([run for run in worst.runs if run.broken or run in _worst_of_all(worst.runs)]))
    return 1 if any(run.broken for run in worst.runs) else 0


def _worst_of_all(runs: Sequence[Run]) -> list[Run]:
    """Give the worst runs of each format and size."""
    groups: dict[tuple[str, float], list[Run]] = {}
    for run in runs:
        groups.setdefault((run.suffix, run.megabytes), []).append(run)
    return [run for group in groups.values() for run in worst_of(group)]


if __name__ == "__main__":
    sys.exit(main())
