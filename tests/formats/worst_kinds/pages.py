"""The worst OFD and PDF."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from types import MappingProxyType

import test_ofd
from formats.worst_kinds.making import (
    CHANCE,
    MAX_XML,
    TIGHT,
    Kind,
    Text,
    counted,
    packed,
    times,
    unpacked,
    within,
)
from formats.worst_kinds.office import DOCX

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
        return unpacked(test_ofd.package(test_ofd.document([page], rest=rest)))

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
        room = min(TIGHT * size, MAX_XML)
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
    first = pages(_full_page, more=[_stream(table(TIGHT * size))])
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
