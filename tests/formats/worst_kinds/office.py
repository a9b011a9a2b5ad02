"""The worst Word documents, workbooks and Rich Text."""

from __future__ import annotations

import tempfile
from base64 import b64encode
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from formats import make
from formats.worst_kinds.making import (
    CHANCE,
    Kind,
    Text,
    as_utf8,
    counted,
    halves,
    packed,
    times,
    unpacked,
    within,
)
from formats.worst_kinds.texts import HTML
from wordfiles import converted, definition, document, item, level, list_of, paragraph, row, style, styled


def word(body: Text, **parts: Text) -> Kind:
    """Make a Word document of what stands in its body and in its other parts."""

    def files(room: int) -> Mapping[str, bytes]:
        """Make all parts of one size."""
        each = room // (1 + len(parts))
        return unpacked(document(body(each), {name: part(each) for name, part in parts.items()}))

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
        "paragraphs of measures": word(times(paragraph("立案3件，" * 3000))),
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
    """Make a header of many columns, and short rows."""
    names = "".join(_CELL.replace("法", f"c{n}") for n in range(min(_MANY_COLUMNS, size // 90)))
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
