"""The most expensive OFD packages and PDF files.

A kind of file is a function that returns a file of about a given size, a kind of text one that returns such a text.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from types import MappingProxyType

import test_ofd
from formats.worst_kinds.making import (
    MAX_PART_BYTES,
    RNG,
    XML_RATIO,
    FileKind,
    TextKind,
    nest,
    packed_kind,
    repeat,
    repeat_numbered,
    unpack,
)
from formats.worst_kinds.office import DOCX

_BOX = 'Boundary="0 0 200 280" Size="4"'
_OBJECT = f'<ofd:TextObject ID="№" {_BOX}><ofd:TextCode X="№" Y="8">法</ofd:TextCode></ofd:TextObject>'
"""A text object of one character. `repeat_numbered` replaces № by the number of the object, which is also its position.
Other kinds keep the №."""
_PAGE_REFERENCE = '<ofd:Page BaseLoc="Page.xml"/>'
"""A reference from the document to its only page."""
_MAX_PAGES = 4_990
"""Number of pages, just below the maximum of the readers."""


def ofd_kind(objects: TextKind, rest: str = "") -> FileKind:
    """Return a kind of file: a package of one page with these objects. `rest`: further elements of the document."""

    def files(size: int) -> Mapping[str, bytes]:
        """Fill the page."""
        page = test_ofd.build_page(objects(size))
        return unpack(test_ofd.build_package(test_ofd.build_document([page], rest=rest)))

    return packed_kind(files)


def _ofd_files(page: str, root: str, more: Mapping[str, str] | None = None, bodies: int = 1) -> dict[str, str]:
    """Return the files of a package with one page.

    `root`: the content of the document, which may refer to the page several times. `more`: further files. `bodies`:
    number of references to the document.
    """
    namespace = test_ofd.NAMESPACE
    body = "<ofd:DocBody><ofd:DocRoot>Doc.xml</ofd:DocRoot></ofd:DocBody>"
    return {
        "OFD.xml": f"<ofd:OFD {namespace}>{body * bodies}</ofd:OFD>",
        "Doc.xml": f"<ofd:Document {namespace}>{root}</ofd:Document>",
        "Page.xml": page,
        **(more or {}),
    }


def _same_page(_: int) -> dict[str, str]:
    """Create `_MAX_PAGES` references to one full page."""
    text = "".join(f'<ofd:TextCode X="9" Y="{n * 5}">{"法" * 40}</ofd:TextCode>' for n in range(50))
    page = test_ofd.build_page(f"<ofd:TextObject {_BOX}>{text}</ofd:TextObject>")
    return _ofd_files(page, f"<ofd:Pages>{_PAGE_REFERENCE * _MAX_PAGES}</ofd:Pages>")


def _same_resources(available: int) -> dict[str, str]:
    """Create pages that all refer to one large resource file."""
    page = test_ofd.build_page(_OBJECT, "<ofd:PageRes>Res.xml</ofd:PageRes>")
    fonts = repeat('<ofd:Font ID="1" FontName="a"/>', "<ofd:Fonts>", "</ofd:Fonts>")(available)
    resources = {"Res.xml": f"<ofd:Res {test_ofd.NAMESPACE}>{fonts}</ofd:Res>"}
    return _ofd_files(page, f"<ofd:Pages>{_PAGE_REFERENCE * _MAX_PAGES}</ofd:Pages>", resources)


def _same_document(available: int) -> dict[str, str]:
    """Create as many references to one document as fit."""
    return _ofd_files(test_ofd.build_page(_OBJECT), f"<ofd:Pages>{_PAGE_REFERENCE}</ofd:Pages>", bodies=available // 70)


def _objects_of_objects(_: int) -> dict[str, str]:
    """Create composite objects of two composite objects each, 30 levels deep, which draw nothing."""
    unit = '<ofd:CompositeGraphicUnit ID="{}"><ofd:Content>{}</ofd:Content></ofd:CompositeGraphicUnit>'
    units = "".join(unit.format(n, f'<ofd:CompositeObject ResourceID="{n + 1}"/>' * 2) for n in range(30))
    graphics = f"<ofd:CompositeGraphicUnits>{units}</ofd:CompositeGraphicUnits>"
    root = "<ofd:CommonData><ofd:PublicRes>Res.xml</ofd:PublicRes></ofd:CommonData>"
    root += f"<ofd:Pages>{_PAGE_REFERENCE}</ofd:Pages>"
    resources = {"Res.xml": f"<ofd:Res {test_ofd.NAMESPACE}>{graphics}</ofd:Res>"}
    return _ofd_files(test_ofd.build_page('<ofd:CompositeObject ResourceID="0"/>'), root, resources)


def _outside_a_table(size: int) -> str:
    """Create a line of separate characters. If it has the maximum length, half of it is inside a table row."""
    count = min(190_000, size // 4)
    lines = "M 0 5 L 600000 5 M 0 15 L 600000 15 M 1 0 L 1 20 M 9 0 L 9 20 M 285000 0 L 285000 20"
    grid = f'<ofd:PathObject Boundary="0 0 9 9"><ofd:AbbreviatedData>{lines}</ofd:AbbreviatedData></ofd:PathObject>'
    text = f'<ofd:TextCode X="2" Y="10" DeltaX="g {count} 3">{"法" * count}</ofd:TextCode>'
    return f'{grid}<ofd:TextObject Boundary="0 0 9 9" Size="1">{text}</ofd:TextObject>'


def _wide_page(objects: TextKind) -> FileKind:
    """Return a kind of file: objects on a page of nearly the maximum width (1,000,000 mm)."""
    area = "<ofd:Area><ofd:PhysicalBox>0 0 900000 90000</ofd:PhysicalBox></ofd:Area>"
    root = f"<ofd:Pages>{_PAGE_REFERENCE}</ofd:Pages>"
    return packed_kind(lambda size: _ofd_files(test_ofd.build_page(objects(size), area), root))


def _cells_of_a_table(size: int) -> str:
    """Create a table row with nearly 2,000 cells, full of separate characters."""
    count = min(190_000, size // 4)
    upright = "".join(f"M {n * 90} 0 L {n * 90} 20 " for n in range(1_990))
    lines = f"M 0 5 L 400000 5 M 0 15 L 400000 15 {upright}"
    grid = f'<ofd:PathObject Boundary="0 0 9 9"><ofd:AbbreviatedData>{lines}</ofd:AbbreviatedData></ofd:PathObject>'
    text = f'<ofd:TextCode X="2" Y="10" DeltaX="g {count} 0.9">{"法" * count}</ofd:TextCode>'
    return f'{grid}<ofd:TextObject Boundary="0 0 9 9" Size="1">{text}</ofd:TextObject>'


def _columns_of_a_page(size: int) -> str:
    """Create lines of ten separate characters each, for which columns are searched repeatedly."""
    count = min(190_000, size // 60)
    one = '<ofd:TextCode X="2" Y="{}" DeltaX="g 12 9">{}</ofd:TextCode>'
    text = "".join(one.format(n * 3 + 3, "法" * 10) for n in range(count // 10))
    return f'<ofd:TextObject Boundary="0 0 9 9" Size="1">{text}</ofd:TextObject>'


def _one_line(size: int) -> str:
    """Create one line of separate characters."""
    count = min(190_000, size // 4)
    text = f'<ofd:TextCode X="2" Y="10" DeltaX="g {count} 3">{"法" * count}</ofd:TextCode>'
    return f'<ofd:TextObject Boundary="0 0 9 9" Size="1">{text}</ofd:TextObject>'


def _long_number(size: int) -> str:
    """Create an object whose very long number is parsed for each character."""
    text = f'<ofd:TextCode X="1" Y="9">{"法" * (size // 6)}</ofd:TextCode>'
    return f'<ofd:TextObject Boundary="0 0 9 9" Size="1" HScale="{"0" * (size // 2)}1">{text}</ofd:TextObject>'


OFD: Mapping[str, FileKind] = MappingProxyType(
    {
        "small texts": ofd_kind(repeat_numbered(_OBJECT)),
        "one text": ofd_kind(
            repeat("法", '<ofd:TextObject Size="4"><ofd:TextCode X="1" Y="9">', "</ofd:TextCode></ofd:TextObject>")
        ),
        "texts without words": ofd_kind(repeat("<ofd:TextObject/>", _OBJECT)),
        "lines": ofd_kind(
            repeat("<ofd:PathObject><ofd:AbbreviatedData>M 0 0 L 9 0</ofd:AbbreviatedData></ofd:PathObject>", _OBJECT)
        ),
        "one path": ofd_kind(
            repeat(
                "L 9 9 ", f"{_OBJECT}<ofd:PathObject><ofd:AbbreviatedData>", "</ofd:AbbreviatedData></ofd:PathObject>"
            )
        ),
        "blocks in blocks": ofd_kind(nest("<ofd:PageBlock>", "</ofd:PageBlock>")),
        "elements in elements": ofd_kind(nest("<ofd:x>", "</ofd:x>")),
        "bookmarks in bookmarks": ofd_kind(
            lambda _: _OBJECT,
            rest=f"<ofd:Outlines>{'<ofd:OutlineElem>' * 20_000}{'</ofd:OutlineElem>' * 20_000}</ofd:Outlines>",
        ),
        "objects of objects": packed_kind(_objects_of_objects),
        "one page many times": packed_kind(_same_page),
        "resources of every page": packed_kind(_same_resources),
        "one document many times": packed_kind(_same_document),
        "a line beside a table": _wide_page(_outside_a_table),
        "a table of many cells": _wide_page(_cells_of_a_table),
        "columns": _wide_page(_columns_of_a_page),
        "one line": _wide_page(_one_line),
        "a number for each character": ofd_kind(_long_number),
        "noise": DOCX["noise"],
    }
)
"""Name of an expensive OFD package → its kind."""

_FONT = (
    b"<</Type/Font/Subtype/Type0/BaseFont/STSong-Light/Encoding/UniGB-UCS2-H/DescendantFonts[<</Type/Font"
    b"/Subtype/CIDFontType0/BaseFont/STSong-Light/DW 1000"
    b"/CIDSystemInfo<</Registry(Adobe)/Ordering(GB1)/Supplement 0>>>>]>>"
)
"""A Chinese font that need not be embedded. The codes of its characters are those of UTF-16: 6cd5 for 法."""
_LONG_TEXT = f"<{'6cd5' * 8_000}> Tj "
"""A text of 8,000 characters in one string."""
_HAN_LINE = "加强组织领导和统筹协调推进各项任务落实到位工作部署要求和".encode("utf-16-be").hex()
"""The codes of a line that does not end a sentence, in hexadecimal digits."""


def _stream(content: str, more: str = "") -> bytes:
    """Return a stream object of a PDF. `more`: further entries of its dictionary."""
    data = zlib.compress(content.encode(), 9)
    return b"<<%b/Filter/FlateDecode/Length %d>>stream\n%b\nendstream" % (more.encode(), len(data), data)


def build_pdf(objects: Sequence[bytes], size: int) -> bytes:
    """Return a PDF with these objects, numbered from 1. The first is the catalog; noise fills the file up to `size`."""
    available = size - sum(map(len, objects)) - 40 * len(objects) - 300
    if available > 0:
        objects = [*objects, b"<</Length %d>>stream\n%b\nendstream" % (available, RNG.randbytes(available))]
    output = bytearray(b"%PDF-1.7\n")
    offsets = []
    for n, content in enumerate(objects, 1):
        offsets.append(len(output))
        output += b"%d 0 obj\n%b\nendobj\n" % (n, content)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    end = b"trailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, len(output))
    return bytes(output) + b"xref\n0 %d\n0000000000 65535 f \n%b" % (len(objects) + 1, table) + end


_PAGE_TREE = b"<</Type/Pages/Count %d/Kids[%b]/MediaBox[0 0 %d %d]/Resources<</Font<</F 3 0 R>>/XObject<<%b>>>>>>"
"""The root of the page tree, object 2. To be filled in: number of pages, pages, width and height in points, forms."""
_PAGE = b"<</Type/Page/Parent 2 0 R/Contents 4 0 R>>"
"""A page with the content in object 4."""


def pdf_kind(
    content: TextKind, count: int = 1, box: tuple[int, int] = (595, 842), more: Sequence[bytes] = (), forms: bytes = b""
) -> FileKind:
    """Return a kind of file: a PDF with at most `count` pages, all with the same content.

    `more`: objects, numbered from 5. `forms`: form resources of the pages.
    """

    def make_file(size: int) -> bytes:
        """Create as many pages, and as much content for all of them, as fit."""
        first = 5 + len(more)
        page_count = min(count, max(1, size // 100))
        kids = b" ".join(b"%d 0 R" % n for n in range(first, first + page_count))
        available = min(XML_RATIO * size, MAX_PART_BYTES)
        while len(stream := _stream(content(available))) > size and available > size:
            available = available * size // len(stream)
        tree = _PAGE_TREE % (page_count, kids, *box, forms)
        return build_pdf([b"<</Type/Catalog/Pages 2 0 R>>", tree, _FONT, stream, *more, *[_PAGE] * page_count], size)

    return make_file


def _full_page(_: int) -> str:
    """Create a page full of lines that do not end a sentence."""
    lines = "".join(f"1 0 0 1 73 {770 - n * 28} Tm <{_HAN_LINE}> Tj " for n in range(26))
    return f"BT /F 16 Tf {lines}ET"


def _forms_of_forms(size: int) -> bytes:
    """Create 25 forms, each of which shows the next one ten times, and a last form with a line."""
    depth = 25
    forms = [
        _stream("/X Do " * 10, f"/Type/XObject/Subtype/Form/BBox[0 0 9 9]/Resources<</XObject<</X {n + 6} 0 R>>>>")
        for n in range(depth)
    ]
    last = _stream("0 0 m 9 9 l S", "/Type/XObject/Subtype/Form/BBox[0 0 9 9]")
    return pdf_kind(lambda _: "/X Do", more=[*forms, last], forms=b"/X 5 0 R")(size)


def _deep_tree(size: int) -> bytes:
    """Create nested page tree nodes, with one page at the end."""
    depth = max(1, size // 80)
    nodes = [
        b"<</Type/Pages/Count 1/Parent %d 0 R/Kids[%d 0 R]>>" % (max(1, n - 1), n + 1) for n in range(2, depth + 2)
    ]
    return build_pdf([b"<</Type/Catalog/Pages 2 0 R>>", *nodes, _PAGE.replace(b"/Contents 4 0 R", b"")], size)


def _cyclic_tree(size: int) -> bytes:
    """Create a page tree node that contains itself many times."""
    kids = b"2 0 R " * max(1, size // 6)
    return build_pdf([b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Count 4000/Kids[%b]>>" % kids], size)


def _bookmarks(size: int) -> bytes:
    """Create bookmarks for the last of many pages."""
    page_count, bookmark_count = max(1, min(_MAX_PAGES, size // 400)), max(1, min(9_900, size // 200))
    kids = b" ".join(b"%d 0 R" % n for n in range(5, 5 + page_count))
    first = 6 + page_count
    bookmarks = [
        b"<</Title(a%d)/Parent %d 0 R/Next %d 0 R/Dest[%d 0 R/Fit]>>" % (n, first - 1, n + 1, 4 + page_count)
        for n in range(first, first + bookmark_count)
    ]
    root = b"<</Type/Outlines/First %d 0 R/Last %d 0 R>>" % (first, first + bookmark_count - 1)
    catalogue = b"<</Type/Catalog/Pages 2 0 R/Outlines %d 0 R>>" % (first - 1)
    tree = _PAGE_TREE % (page_count, kids, 595, 842, b"")
    return build_pdf(
        [
            catalogue,
            tree,
            _FONT,
            _stream(f"BT /F 16 Tf 73 400 Td <{_HAN_LINE}3002> Tj ET"),
            *[_PAGE] * page_count,
            root,
            *bookmarks,
        ],
        size,
    )


def _long_character_map(size: int) -> bytes:
    """Create a font with a very long character map."""
    table = repeat("<0000> <ffff> <4e00>\n", "begincmap\n99999 beginbfrange\n", "endbfrange\nendcmap")
    font = _FONT.replace(b"/DescendantFonts", b"/ToUnicode 5 0 R/DescendantFonts")
    without_map = pdf_kind(_full_page, more=[_stream(table(XML_RATIO * size))])
    return without_map(size).replace(_FONT, font)  # the offsets become invalid, so the library searches the objects


def _separate_characters(size: int) -> str:
    """Create one line of separate characters. If it has the maximum length, half of it is inside a table row."""
    lines = "0 700 m 999999 700 l S 0 720 m 999999 720 l S 1 0 m 1 842 l S 9 0 m 9 842 l S 380000 0 m 380000 842 l S "
    return repeat(_LONG_TEXT, f"{lines}BT /F 1 Tf 3 Tc 1 0 0 1 2 710 Tm ", "ET")(min(size, 24 * len(_LONG_TEXT)))


_WIDE_BOX = 1_000_000, 842
"""Width and height of a page with space for very long lines, in points."""

PDF: Mapping[str, FileKind] = MappingProxyType(
    {
        "small texts": pdf_kind(repeat_numbered("BT /F 1 Tf 1 0 0 1 № 9 Tm <6cd5> Tj ET\n"), box=_WIDE_BOX),
        "small texts from right to left": pdf_kind(
            repeat_numbered("BT /F 1 Tf 1 0 0 1 -№ 9 Tm <6cd5> Tj ET\n", "1 0 0 1 999999 0 cm "), box=_WIDE_BOX
        ),
        "one text": pdf_kind(repeat(_LONG_TEXT, "BT /F 9 Tf 9 9 Td ", "ET")),
        "as many texts as are read": pdf_kind(
            lambda size: repeat("<6cd5> Tj ", "BT /F 9 Tf 9 9 Td ", "ET")(min(size, 1_900_000))
        ),
        "one paragraph over all pages": pdf_kind(_full_page, _MAX_PAGES),
        "one full content on all pages": pdf_kind(lambda _: f"BT /F 9 Tf 9 9 Td {_LONG_TEXT * 23}ET", _MAX_PAGES),
        "a line beside a table": pdf_kind(_separate_characters, box=_WIDE_BOX),
        "forms of forms": _forms_of_forms,
        "pages in pages": _deep_tree,
        "pages in a circle": _cyclic_tree,
        "bookmarks": _bookmarks,
        "lines": pdf_kind(repeat("0 0 m 9 0 l S ", "BT /F 9 Tf 9 400 Td <6cd56cbb> Tj ET ")),
        "rectangles": pdf_kind(repeat_numbered("0 № 9 9 re S ", "BT /F 9 Tf 9 400 Td <6cd56cbb> Tj ET ")),
        "a long path": pdf_kind(repeat("0 0 l ", "0 0 m ")),
        "states in states": pdf_kind(repeat("q ")),
        "states": pdf_kind(repeat("q Q ")),
        "unknown operators": pdf_kind(repeat("a ")),
        "arrays in arrays": lambda size: build_pdf([b"<</Type/Catalog/Pages 2 0 R/A" + b"[" * size], 0),
        "objects without a cross-reference table": lambda size: (
            b"%PDF-1.7\n" + b"1 0 obj<</Type/Catalog>>endobj\n" * (size // 31)
        ),
        "keywords without objects": lambda size: b"%PDF-1.7\n" + b"obj endobj xref trailer<< startxref " * (size // 36),
        "a table of characters": _long_character_map,
        "noise": lambda size: b"%PDF-1.7\n" + RNG.randbytes(size),
    }
)
