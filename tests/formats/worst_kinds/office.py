"""Word documents, workbooks, Rich Text: those that take the most time or memory to read for their size."""

from __future__ import annotations

import tempfile
from base64 import b64encode
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from formats import make
from formats.worst_kinds.making import (
    RNG,
    FileKind,
    TextKind,
    encode_texts,
    nest,
    packed_kind,
    repeat,
    repeat_numbered,
    repeat_two,
    unpack,
)
from formats.worst_kinds.texts import HTML
from wordfiles import (
    convert_document,
    definition,
    document,
    item,
    level,
    list_instance,
    paragraph,
    row,
    style,
    styled_paragraph,
)


def word_kind(body: TextKind, **parts: TextKind) -> FileKind:
    """Return a kind of file: a Word document with this body and other parts."""

    def files(available: int) -> Mapping[str, bytes]:
        """Create all parts with equal sizes."""
        part_bytes = available // (1 + len(parts))
        return unpack(document(body(part_bytes), {name: part(part_bytes) for name, part in parts.items()}))

    return packed_kind(files)


_TEXT_BOX = "<w:r><w:pict><v:textbox><w:txbxContent>{}</w:txbxContent></v:textbox></w:pict></w:r>"
"""A run with a text box, without the content of the box."""
_BEGIN = '<w:r><w:fldChar w:fldCharType="begin"/></w:r>'
"""The beginning of a field."""
_CHOICE = "<mc:AlternateContent><mc:Choice>", "</mc:Choice></mc:AlternateContent>"
"""Start and end tags around one of several renderings of the same content."""
_DERIVED_STYLE = '<w:style w:type="paragraph" w:styleId="s№"><w:basedOn w:val="s{}"/></w:style>'
"""A style. № stands for its number, {} for the number of the style that it is based on."""


def _style_chain(size: int) -> str:
    """Create styles, each based on the next."""
    unit_bytes = len(_DERIVED_STYLE) + 12
    return "".join(
        _DERIVED_STYLE.replace("№", f"{n:06}").format(f"{n + 1:06}") for n in range(max(1, size // unit_bytes))
    )


def _lists(size: int) -> str:
    """Create list definitions, and one list for each."""
    unit = definition(0, level(0, "decimal", "%1")) + list_instance(0, 0)
    count = max(1, size // (len(unit) + 20))
    definitions = "".join(definition(n, level(0, "decimal", "%1")) for n in range(count))
    return definitions + "".join(list_instance(n, n) for n in range(count))


DOCX: Mapping[str, FileKind] = MappingProxyType(
    {
        "runs": word_kind(lambda size: f"<w:p>{repeat('<w:r><w:t>法</w:t></w:r>')(size)}</w:p>"),
        "paragraphs without words": word_kind(repeat("<w:p/>", paragraph("法"))),
        "short paragraphs": word_kind(repeat("<w:p><w:r><w:t>法</w:t></w:r></w:p>")),
        "paragraphs of measures": word_kind(repeat(paragraph("立案3件，" * 3000))),
        "line breaks": word_kind(repeat("<w:br/>", "<w:p><w:r><w:t>法</w:t>", "</w:r></w:p>")),
        "unknown elements": word_kind(repeat("<w:x/>", paragraph("法"))),
        "elements in elements": word_kind(nest("<w:x>", "</w:x>")),
        "elements in elements, at the maximum depth": word_kind(nest("<w:x>", "</w:x>", paragraph("法"), 90)),
        "tables in tables": word_kind(nest("<w:tbl><w:tr><w:tc>", "</w:tc></w:tr></w:tbl>", paragraph("法"), 32)),
        "cells": word_kind(
            repeat("<w:tc><w:p><w:r><w:t>法</w:t></w:r></w:p></w:tc>", "<w:tbl><w:tr>", "</w:tr></w:tbl>")
        ),
        "rows": word_kind(repeat(row("法", "治"), "<w:tbl>", "</w:tbl>")),
        "unclosed fields": word_kind(repeat_two(_BEGIN, "</w:p><w:p>", "<w:p>", "</w:p>")),
        "styles based on styles": word_kind(repeat(styled_paragraph("法", "s000000")), styles=_style_chain),
        "styles": word_kind(
            repeat_numbered(styled_paragraph("法", "№")), styles=repeat_numbered(style("№", "<w:rPr><w:b/></w:rPr>"))
        ),
        "lists": word_kind(repeat_numbered(item("法").replace('numId w:val="1"', 'numId w:val="№"')), numbering=_lists),
        "items": word_kind(
            repeat(item("法")), numbering=lambda _: definition(0, level(0, "decimal", "%1")) + list_instance(1, 0)
        ),
        "headings": word_kind(repeat(paragraph("甲", '<w:outlineLvl w:val="1"/>'))),
        "text boxes": word_kind(repeat(_TEXT_BOX.format(paragraph("法")), "<w:p>", "</w:p>")),
        "text boxes in text boxes": word_kind(
            repeat(_TEXT_BOX.format(f"<w:p>{_TEXT_BOX.format('<w:p/>')}</w:p>"), "<w:p>", "</w:p>")
        ),
        "alternatives": word_kind(nest(_CHOICE[0], _CHOICE[1], "<w:r/>", 45, "<w:p/>")),
        "notes": word_kind(
            repeat_numbered('<w:r><w:footnoteReference w:id="№"/></w:r>', "<w:p>", "</w:p>"),
            footnotes=repeat_numbered(f'<w:footnote w:id="№">{paragraph("法")}</w:footnote>'),
        ),
        "properties": word_kind(repeat("<w:x/>", "<w:p><w:pPr>", f"</w:pPr></w:p>{paragraph('法')}")),
        "a long attribute": word_kind(
            repeat("1", '<w:p><w:pPr><w:outlineLvl w:val="', f'"/></w:pPr></w:p>{paragraph("法")}')
        ),
        "breadcrumbs": word_kind(repeat(paragraph("法治" + "→" * 100 + "。"))),
        "noise": lambda size: b"PK\x03\x04" + RNG.randbytes(size),
    }
)

_SPREADSHEET = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_RELATIONS = '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
_HEADER = '<row><c t="inlineStr"><is><t>text</t></is></c></row>'
"""A header row: the texts of the records are in the first column."""
_CELL = '<c t="inlineStr"><is><t>法</t></is></c>'
"""A cell with one character."""


def sheet_kind(
    rows: TextKind, rest: TextKind | None = None, strings: TextKind | None = None, styles: TextKind | None = None
) -> FileKind:
    """Return a kind of file: a workbook of one sheet with these rows.

    `rest`: elements after the rows. `strings`, `styles`: content of the shared strings and of the style sheet.
    """

    def files(available: int) -> Mapping[str, str]:
        """Create all parts with equal sizes."""
        size = available // sum(part is not None for part in (rows, rest, strings, styles))
        after = rest(size) if rest else ""
        parts = {
            "worksheet": f'<worksheet xmlns="{_SPREADSHEET}"><sheetData>{rows(size)}</sheetData>{after}</worksheet>',
            "sharedStrings": f'<sst xmlns="{_SPREADSHEET}">{strings(size) if strings else ""}</sst>',
            "styles": f'<styleSheet xmlns="{_SPREADSHEET}">{styles(size) if styles else ""}</styleSheet>',
        }
        return _workbook_files(parts, '<sheet name="a" r:id="worksheet"/>')

    return packed_kind(files)


def _workbook_files(parts: Mapping[str, str], sheets: str, relations: str = "") -> dict[str, str]:
    """Return the files of a workbook.

    `parts`: parts by kind. `sheets`: the list of sheets. `relations`: further relations, beside that of each part.
    """
    listed = "".join(f'<Relationship Id="{kind}" Type="{_OFFICE}/{kind}" Target="{kind}.xml"/>' for kind in parts)
    top = f'<Relationship Id="a" Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/>'
    head = f'<workbook xmlns="{_SPREADSHEET}" xmlns:r="{_OFFICE}">'
    return {
        "_rels/.rels": f"{_RELATIONS}{top}</Relationships>",
        "xl/workbook.xml": f"{head}<sheets>{sheets}</sheets></workbook>",
        "xl/_rels/workbook.xml.rels": f"{_RELATIONS}{listed}{relations}</Relationships>",
        **{f"xl/{kind}.xml": content for kind, content in parts.items()},
    }


def _same_sheet(size: int) -> dict[str, str]:
    """Create a workbook with one sheet under many names."""
    rows = repeat(f"<row>{_CELL}</row>", _HEADER)(size // 2)
    parts = {"worksheet": f'<worksheet xmlns="{_SPREADSHEET}"><sheetData>{rows}</sheetData></worksheet>'}
    return _workbook_files(parts, repeat_numbered('<sheet name="№" r:id="worksheet"/>')(size // 2))


def _same_strings(size: int) -> dict[str, str]:
    """Create a workbook with one list of strings under many ids."""
    rows = f"{_HEADER}<row>{_CELL}</row>"
    parts = {
        "worksheet": f'<worksheet xmlns="{_SPREADSHEET}"><sheetData>{rows}</sheetData></worksheet>',
        "sharedStrings": f'<sst xmlns="{_SPREADSHEET}">{repeat("<si><t>a</t></si>")(size // 2)}</sst>',
    }
    more_relations = repeat_numbered(
        f'<Relationship Id="№" Type="{_OFFICE}/sharedStrings" Target="sharedStrings.xml"/>'
    )(size // 2)
    return _workbook_files(parts, '<sheet name="a" r:id="worksheet"/>', more_relations)


_MAX_COLUMNS = 16_000
"""Number of columns of the widest sheets of these kinds. The format allows 16,384."""


def _column(n: int) -> str:
    """Return the letters of column `n`, counted from 0: A for 0, AA for 26."""
    before = _column(n // 26 - 1) if n > 25 else ""
    return before + chr(ord("A") + n % 26)


def _merged_cells(size: int) -> str:
    """Create merged cells that cover all rows of a column but the first, in many columns."""
    columns = map(_column, range(min(_MAX_COLUMNS, size // 45)))
    cells = "".join(f'<mergeCell ref="{column}2:{column}1048576"/>' for column in columns)
    return f"<mergeCells>{cells}</mergeCells>"


def _below_merged_cells(size: int) -> str:
    """Create a row with many cells, and rows of one cell below it."""
    return f"{_HEADER}<row>{_CELL * min(_MAX_COLUMNS, size // 90)}</row>" + repeat(f"<row>{_CELL}</row>")(size // 2)


def _many_columns(size: int) -> str:
    """Create a header with many columns, and rows of one cell below it."""
    names = "".join(_CELL.replace("法", f"c{n}") for n in range(min(_MAX_COLUMNS, size // 90)))
    return f"<row>{_CELL.replace('法', 'text')}{names}</row>" + repeat(f"<row>{_CELL}</row>")(size // 2)


def _formats(size: int) -> str:
    """Create a number format of unclosed brackets, and cell formats that use it."""
    code = repeat("[", '<numFmts><numFmt numFmtId="200" formatCode="', '"/></numFmts>')(size // 2)
    return code + repeat('<xf numFmtId="200"/>', "<cellXfs>", "</cellXfs>")(size // 2)


XLSX: Mapping[str, FileKind] = MappingProxyType(
    {
        "short rows": sheet_kind(repeat(f"<row>{_CELL}</row>", _HEADER)),
        "cells": sheet_kind(repeat(_CELL, f"{_HEADER}<row>", "</row>")),
        "cells without values": sheet_kind(repeat("<c/>", f"{_HEADER}<row>", "</row>")),
        "rows without cells": sheet_kind(repeat("<row/>", _HEADER)),
        "the last column": sheet_kind(repeat('<row><c r="XFD1" t="str"><v>a</v></c></row>', _HEADER)),
        "the last row": sheet_kind(repeat(f'<row r="1048576">{_CELL}</row>', _HEADER)),
        "columns": sheet_kind(_many_columns),
        "one long text in every row": sheet_kind(
            repeat('<row><c t="s"><v>0</v></c></row>', _HEADER),
            strings=lambda _: f"<si><t>{'立案3件，' * 26_000}</t></si>",
        ),
        "texts": sheet_kind(repeat(f"<row>{_CELL}</row>", _HEADER), strings=repeat("<si><t>法</t></si>")),
        "one text of runs": sheet_kind(
            repeat('<row><c t="s"><v>0</v></c></row>', _HEADER),
            strings=repeat("<r><t>法</t></r>", "<si>", "</si>"),
        ),
        "merged cells": sheet_kind(_below_merged_cells, rest=_merged_cells),
        "unclosed formats": sheet_kind(repeat(f"<row>{_CELL}</row>", _HEADER), styles=_formats),
        "formats": sheet_kind(
            repeat(f"<row>{_CELL}</row>", _HEADER), styles=repeat("<xf/>", "<cellXfs>", "</cellXfs>")
        ),
        "elements in elements": sheet_kind(nest("<x>", "</x>")),
        "a long number": sheet_kind(repeat("1", f"{_HEADER}<row><c><v>", "</v></c></row>")),
        "escapes": sheet_kind(repeat("_x6cd5_", f'{_HEADER}<row><c t="str"><v>', "</v></c></row>")),
        "one sheet under many names": packed_kind(_same_sheet),
        "one part many times": packed_kind(_same_strings),
        "noise": DOCX["noise"],
    }
)


_RTF = r"{\rtf1\ansi\ansicpg936{\fonttbl{\f0\fcharset134 SimSun;}}\f0 "

RTF: Mapping[str, TextKind] = MappingProxyType(
    {
        "groups in groups": nest("{", "}", before=_RTF),
        "unclosed groups": repeat(r"{\b a", _RTF),
        "paragraphs": repeat("\\u27861?\\par\n", _RTF, "}"),
        "one paragraph": repeat("\\u27861?", _RTF, "}"),
        "cells": repeat(r"\cellx99 ", rf"{_RTF}\trowd", r"a\cell\row}"),
        "rows": repeat("\\trowd\\cellx99\\cellx199 a\\cell b\\cell\\row\n", _RTF, "}"),
        "tables in tables": nest(
            r"\itap2 {\trowd\cellx99 a\nestcell{\nesttableprops\trowd\cellx99\nestrow}", "}", before=_RTF
        ),
        "fonts": repeat_numbered(r"{\f№\fcharset134 a№;}", r"{\rtf1{\fonttbl", r"}\f0 a\par}"),
        "styles": repeat_numbered(r"{\s№\sbasedon№ a№;}", r"{\rtf1{\stylesheet", r"}\f0 a\par}"),
        "pictures": repeat("ff", _RTF + r"a\par{\pict\pngblip ", "}}"),
        "fields": repeat(r"{\field{\*\fldinst PAGE}{\fldrslt 1}}", _RTF, "}"),
        "notes": repeat(r"a{\footnote b}", _RTF, r"\par}"),
        "lists": repeat_numbered(r"{\pntext №.\tab}{\*\pn\pnlvlbody\pnstart1}a\par ", _RTF, "}"),
    }
)


def _web_archive(size: int) -> bytes:
    """Create nested parts in a web archive."""
    part = "Content-Type: multipart/related; boundary=b№\n\n--b№\n"
    return repeat_numbered(part, "MIME-Version: 1.0\n")(size).encode()


def _page_in_a_web_archive(size: int) -> bytes:
    """Create a web archive with a page of unclosed formatting."""
    page = b64encode(HTML["unclosed formatting"](size * 3 // 4).encode())
    return b"MIME-Version: 1.0\nContent-Type: text/html\nContent-Transfer-Encoding: base64\n\n" + page


def _word_97(size: int) -> bytes:
    """Append noise to an intact Word 97 document."""
    with tempfile.TemporaryDirectory() as folder:
        data = bytes(convert_document(make.docx(make.source()), ".docx", "doc:MS Word 97", Path(folder)))
    return data + RNG.randbytes(max(0, size - len(data)))


DOC: Mapping[str, FileKind] = MappingProxyType(
    {
        "an intact document and noise": _word_97,
        "noise": lambda size: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + RNG.randbytes(size),
        "web archives in web archives": _web_archive,
        "a page in a web archive": _page_in_a_web_archive,
        "a page": encode_texts({"": repeat("<p>a", "<html>")})[""],
        "Rich Text": encode_texts(RTF)["unclosed groups"],
    }
)
