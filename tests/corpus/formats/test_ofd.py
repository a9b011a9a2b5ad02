"""The OFD reader: packages of XML with a position for each character."""

from __future__ import annotations

import io
import random
import time
import zipfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from xml.sax.saxutils import escape

import pytest
from typesetting import HEIGHT, WIDTH, PrintedLine, Typesetter

from searchkit.corpus.blocks import Block
from searchkit.corpus.formats import ofd, registry
from searchkit.corpus.formats.characters import UNREADABLE_REASON, replace_look_alikes
from searchkit.corpus.formats.page.layout import extract_text
from searchkit.corpus.formats.page.placed import Glyph, PlacedPage
from searchkit.corpus.formats.registry import READERS, FileContents, Reader
from searchkit.corpus.overrides import StatedMetadata
from searchkit.corpus.reading import ParsedDocument, read_file
from searchkit.corpus.topics import Taxonomy
from searchkit.corpus.walk import CorpusFile, Stamp
from searchkit.errors import ReadError

SAMPLE = Path(__file__).parents[3] / "corpus" / "reports" / "dongli-health-2022.txt"
MM = 25.4 / 72
"""Millimetres per point."""
NAMESPACE = 'xmlns:ofd="http://www.ofdspec.org/2016"'
PARAGRAPHS = (
    "2023年，区卫生健康委坚持依法行政，全年立案129件，罚没款93.7182万元，办结率达到98.5%，没有一件被上级撤销。",
    "**一、主要做法**",
    "（一）加强组织领导。主要负责人履行推进法治建设第一责任人职责，全年4次研究法治建设工作，解决了11个问题。",
)
"""Paragraphs to typeset. `**` around a paragraph makes it bold."""


def pack_zip(files: Mapping[str, str | bytes]) -> bytes:
    """Pack files into a zip archive."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return target.getvalue()


def build_text_object(line: PrintedLine, number: int = 0) -> str:
    """Return a line as a text object with its own box and the position of each character. `number`: its id."""
    size = line.size * MM
    steps = " ".join(f"{size / 2 if char.isascii() else size:.4f}" for char in line.text[:-1])
    box = f"{line.x * MM:.4f} {line.y * MM - size:.4f} {size * len(line.text):.4f} {size * 1.3:.4f}"
    weight = ' Weight="700"' if line.strong else ""
    delta = f' DeltaX="{steps}"' if steps else ""
    return (
        f'<ofd:TextObject ID="{number}" Boundary="{box}" Font="1" Size="{size:.4f}"{weight}>'
        f'<ofd:TextCode X="0" Y="{size:.4f}"{delta}>{escape(line.text)}</ofd:TextCode></ofd:TextObject>'
    )


def build_page(objects: str, head: str = "") -> str:
    """Return a page, or a template of pages. `head`: the elements before its content."""
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><ofd:Page {NAMESPACE}>{head}<ofd:Content>'
        f'<ofd:Layer Type="Body">{objects}</ofd:Layer></ofd:Content></ofd:Page>'
    )


def build_document(pages: Sequence[str], folder: str = "Doc_0", common: str = "", rest: str = "") -> dict[str, str]:
    """Return the files of a document with these pages, its root first.

    `common`: further elements of `CommonData`. `rest`: elements after the list of pages.
    """
    listed = "".join(f'<ofd:Page ID="p{n}" BaseLoc="Pages/Page_{n}/Content.xml"/>' for n in range(1, len(pages) + 1))
    box = f"<ofd:PageArea><ofd:PhysicalBox>0 0 {WIDTH * MM} {HEIGHT * MM}</ofd:PhysicalBox></ofd:PageArea>"
    root = (
        f"<ofd:Document {NAMESPACE}><ofd:CommonData>{box}{common}</ofd:CommonData>"
        f"<ofd:Pages>{listed}</ofd:Pages>{rest}</ofd:Document>"
    )
    contents = {f"{folder}/Pages/Page_{n}/Content.xml": page for n, page in enumerate(pages, 1)}
    return {f"{folder}/Document.xml": root} | contents


def build_package(*bodies: Mapping[str, str], info: str = "") -> bytes:
    """Pack documents into a package. `info`: the metadata of each document."""
    roots = (next(iter(body)) for body in bodies)
    listed = "".join(
        f"<ofd:DocBody><ofd:DocInfo>{info}</ofd:DocInfo><ofd:DocRoot>{r}</ofd:DocRoot></ofd:DocBody>" for r in roots
    )
    files = {"OFD.xml": f"<ofd:OFD {NAMESPACE}>{listed}</ofd:OFD>"}
    for body in bodies:
        files |= body
    return pack_zip(files)


def typeset_document(pages: Sequence[Sequence[PrintedLine]], **options: str) -> dict[str, str]:
    """Return the files of a document with these lines on its pages. `options`: as in `build_document`."""
    objects = ["".join(build_text_object(line, n) for n, line in enumerate(lines)) for lines in pages]
    return build_document([build_page(text) for text in objects], **options)


def blocks(data: bytes) -> list[Block]:
    """Return the blocks of the only document in a package. It must have no key: only several documents have one."""
    (raw_document,) = ofd.read(data, "a.ofd").documents
    assert raw_document.key is None
    return list(raw_document.blocks)


def texts(data: bytes) -> list[str]:
    """Return the texts of the blocks of the only document in a package."""
    return [block.text for block in blocks(data)]


# Text


def test_lines_become_paragraphs() -> None:
    """Lines are joined to paragraphs across pages. Bold paragraphs are strong. Page numbers and heads are dropped."""
    long = (
        "".join(f"第{n}项工作由区司法局会同有关部门按照年度计划组织实施，完成情况向社会公布，" for n in range(40))
        + "完。"
    )
    pages = Typesetter(lines=10, head="年度报告汇编").pages([*PARAGRAPHS, long], "滨海新区法治政府建设情况报告")
    assert blocks(build_package(typeset_document(pages))) == [
        Block("滨海新区法治政府建设情况报告", page=1),
        Block(PARAGRAPHS[0], page=1),
        Block("一、主要做法", strong=True, page=1),
        Block(PARAGRAPHS[2], page=1),
        Block(long, page=1),
    ]


def test_positions_of_characters() -> None:
    """Repeated steps, matrices, nested blocks and composite objects determine the position of characters."""
    composite = (
        '<ofd:TextObject Boundary="0 0 9 9" Size="5" CTM="2 0 0 2 10 0"><ofd:TextCode X="0" Y="0" DeltaX="g 2 5">'
        "甲乙丙</ofd:TextCode></ofd:TextObject>"
    )
    units = (
        f'<ofd:Res {NAMESPACE}><ofd:CompositeGraphicUnits><ofd:CompositeGraphicUnit ID="7"><ofd:Content>{composite}'
        "</ofd:Content></ofd:CompositeGraphicUnit></ofd:CompositeGraphicUnits></ofd:Res>"
    )
    upright = (
        '<ofd:PageBlock><ofd:PageBlock><ofd:TextObject Boundary="10 40 90 9" Size="10"><ofd:TextCode X="10" Y="0">丁戊'
        '</ofd:TextCode><ofd:TextCode X="30">己</ofd:TextCode></ofd:TextObject></ofd:PageBlock></ofd:PageBlock>'
    )
    objects = f'{upright}<ofd:CompositeObject ResourceID="7" Boundary="40 40 9 9"/>'
    body = build_document([build_page(objects)], common="<ofd:DocumentRes>Res.xml</ofd:DocumentRes>") | {
        "Doc_0/Res.xml": units
    }
    assert texts(build_package(body)) == ["丁戊己甲乙丙"]


def test_hidden_and_skewed_text_is_dropped() -> None:
    """Hidden text, text outside the page and skewed text are dropped."""
    line = PrintedLine("内部资料", 100, 100, 20)
    hidden = build_text_object(line).replace("<ofd:TextObject", '<ofd:TextObject Visible="false"')
    askew = build_text_object(line).replace("<ofd:TextObject", '<ofd:TextObject CTM="0.7 0.7 -0.7 0.7 0 0"')
    away = build_text_object(line._replace(x=5_000))
    shown = build_text_object(PrintedLine("正文", 100, 300, 16))
    assert texts(build_package(build_document([build_page(hidden + askew + away + shown)]))) == ["正文"]


def test_text_of_a_template_is_read_if_one_page_uses_it() -> None:
    """Text of a template that several pages use is dropped; text of a template that one page uses is read."""
    shared = build_text_object(PrintedLine("区司法局内部参考", 100, 400, 16))
    letter = build_text_object(PrintedLine("津滨卫发〔2023〕12号", 200, 150, 16))
    pages = [
        build_page(build_text_object(PrintedLine(text, 100, 200, 16)), f'<ofd:Template TemplateID="8"/>{first}')
        for text, first in (("甲", '<ofd:Template TemplateID="9"/>'), ("乙", ""))
    ]
    common = '<ofd:TemplatePage ID="8" BaseLoc="T/8.xml"/><ofd:TemplatePage ID="9" BaseLoc="/Doc_0/T/9.xml"/>'
    body = build_document(pages, common=common) | {
        "Doc_0/T/8.xml": build_page(shared),
        "Doc_0/T/9.xml": build_page(letter),
    }
    assert texts(build_package(body)) == ["津滨卫发〔2023〕12号", "甲", "乙"]


def test_lines_that_differ_only_in_numbers_are_kept() -> None:
    """Lines of a form that differ only in numbers from page to page are kept.

    Page numbers, and lines of a template that several pages use, are left out. A warning counts them.
    """
    head = build_text_object(PrintedLine("青山市司法局", 250, 50, 9))
    pages = [
        build_page(
            "".join(
                build_text_object(PrintedLine(text, 80, y, 16))
                for text, y in ((f"第{n}季度", 90), (f"立案{n}53件", 120), (f"罚款{n}0万元", 760), (f"- {n} -", 800))
            ),
            '<ofd:Template TemplateID="8"/>',
        )
        for n in range(1, 5)
    ]
    common = '<ofd:TemplatePage ID="8" BaseLoc="T/8.xml"/>'
    contents = ofd.read(
        build_package(build_document(pages, common=common) | {"Doc_0/T/8.xml": build_page(head)}), "a.ofd"
    )
    lines = [block.text for block in contents.documents[0].blocks]
    assert lines == [text for n in range(1, 5) for text in (f"第{n}季度", f"立案{n}53件", f"罚款{n}0万元")]
    assert contents.documents[0].warnings == ("left out: 8 lines of running heads and feet on pages 1 to 4",)


def test_unreadable_pages_are_problems() -> None:
    """A page of private-use characters is a problem, and a document of such pages is refused."""
    unreadable = build_page(build_text_object(PrintedLine("\ue001\ue002\ue003件", 100, 200, 16)))
    readable = build_page(build_text_object(PrintedLine("立案153件", 100, 200, 16)))
    contents = ofd.read(build_package(build_document([unreadable, readable])), "a.ofd")
    assert contents.problems == (f"page 1: {UNREADABLE_REASON}",)
    assert [block.text for block in contents.documents[0].blocks] == ["立案153件"]
    with pytest.raises(ReadError, match=f"^{UNREADABLE_REASON}$"):
        ofd.read(build_package(build_document([unreadable])), "a.ofd")


def test_symbol_fonts_display_signs() -> None:
    """The private-use characters of a symbol font are the signs that it displays."""
    resources = f'<ofd:Res {NAMESPACE}><ofd:Fonts><ofd:Font ID="1" FontName="Wingdings 2"/></ofd:Fonts></ofd:Res>'
    page = build_page(build_text_object(PrintedLine("\uf052是 \uf0a3否", 100, 200, 16)))
    body = build_document([page], common="<ofd:PublicRes>Res.xml</ofd:PublicRes>") | {"Doc_0/Res.xml": resources}
    assert texts(build_package(body)) == ["☑是 □否"]


def test_a_ruled_table_is_one_block() -> None:
    """A table with rules between its cells is one block, with the texts of its cells."""
    grid = " ".join(f"M 0 {10 * n} L 60 {10 * n}" for n in range(3)) + " ".join(
        f" M {20 * n} 0 L {20 * n} 20" for n in range(4)
    )
    path = f'<ofd:PathObject Boundary="20 50 60 20"><ofd:AbbreviatedData>{grid}</ofd:AbbreviatedData></ofd:PathObject>'
    cells = [["项目", "2022年", "2023年"], ["行政处罚", "91", "129"]]
    lines = [
        PrintedLine(text, (22 + 20 * column) / MM, (57 + 10 * row) / MM, 10)
        for row, cells_of_row in enumerate(cells)
        for column, text in enumerate(cells_of_row)
    ]
    (block,) = blocks(build_package(build_document([build_page(path + "".join(map(build_text_object, lines)))])))
    assert block.table
    assert [[cell.text for cell in row] for row in block.table.rows] == cells


def test_look_alikes_are_replaced() -> None:
    """Radicals, compatibility ideographs and ligatures are replaced. Full-width characters are kept."""
    assert (
        replace_look_alikes("⼀、⾏政⻔牌，車輛，ﬁnance，２０２３年，①㎡")
        == "一、行政门牌，車輛，finance，２０２３年，①㎡"
    )


def test_text_printed_twice_is_bold() -> None:
    """Characters printed twice at one position are read once and are bold. Double letters are kept."""
    glyphs = [Glyph(char, 10 + 5 * n, 15 + 5 * n, 30, 5) for n, char in enumerate("一、做法")]
    again = [glyph._replace(left=glyph.left + 0.3, right=glyph.right + 0.3) for glyph in glyphs]
    letters = [Glyph(char, 10 + n, 11 + n, 50, 5) for n, char in enumerate("all")]
    more = [Glyph(char, 10 + 5 * n, 15 + 5 * n, 70, 5) for n, char in enumerate("正文不是粗体")]
    blocks_of_page = extract_text([PlacedPage(1, 200, 300, [*glyphs, *again, *letters, *more])]).blocks
    assert [(block.text, block.strong) for block in blocks_of_page] == [
        ("一、做法", True),
        ("all", False),
        ("正文不是粗体", False),
    ]


def test_invisible_characters_are_dropped() -> None:
    """Control characters and characters without width are dropped, even if a line contains nothing else."""
    glyphs = [Glyph(char, 10 + 5 * n, 15 + 5 * n, 30, 5) for n, char in enumerate("\u200b甲\x07乙")]
    alone = [Glyph(char, 10, 15, 30 + 10 * n, 5) for n, char in enumerate(" \x00\u200b\u3000", 1)]
    assert [block.text for block in extract_text([PlacedPage(1, 200, 300, [*glyphs, *alone])]).blocks] == ["甲 乙"]
    assert extract_text([PlacedPage(1, 200, 300, alone)]).blocks == ()


# Metadata


@pytest.mark.parametrize(
    ("info", "hints"),
    [
        (
            "<ofd:Title>滨海新区年度报告</ofd:Title><ofd:Author>区司法局</ofd:Author>",
            {"title": "滨海新区年度报告", "issuer": "区司法局"},
        ),
        ("<ofd:Title>报告.docx</ofd:Title><ofd:Author>Administrator</ofd:Author>", {}),
        ("<ofd:CreationDate>2024-01-02</ofd:CreationDate>", {}),
    ],
)
def test_plausible_metadata_are_hints(info: str, hints: dict[str, str]) -> None:
    """Title and author are hints (evidence for the detection of metadata) if they look like those of a report.

    The file's creation date is ignored.
    """
    (raw_document,) = ofd.read(
        build_package(typeset_document([[PrintedLine("正文", 100, 100, 16)]]), info=info), "a.ofd"
    ).documents
    assert raw_document.hints == hints


def test_custom_tags_are_hints_and_bookmarks_are_headings() -> None:
    """A custom tag overrides the title of the metadata. A bookmark makes a heading of the paragraph with its title."""
    lines = [PrintedLine("东丽区年度报告", 100, 100, 16), PrintedLine("一、做法", 100, 140, 16)]
    tags = "<CustomTags><CustomTag><FileLoc>Tag.xml</FileLoc></CustomTag></CustomTags>"
    tag = f'<公文 {NAMESPACE}><标题><ofd:ObjectRef PageRef="p1">0</ofd:ObjectRef></标题></公文>'
    outline = (
        '<ofd:Outlines><ofd:OutlineElem Title="总"><ofd:OutlineElem Title="一、 做法"><ofd:Actions><ofd:Action>'
        '<ofd:Goto><ofd:Dest Type="XYZ" PageID="p1"/></ofd:Goto></ofd:Action></ofd:Actions></ofd:OutlineElem>'
        "</ofd:OutlineElem>"
        "</ofd:Outlines><ofd:CustomTags>Tags/CustomTags.xml</ofd:CustomTags>"
    )
    body = typeset_document([lines], rest=outline) | {"Doc_0/Tags/CustomTags.xml": tags, "Doc_0/Tags/Tag.xml": tag}
    (raw_document,) = ofd.read(build_package(body, info=f"<ofd:Title>{'别的标题' * 2}</ofd:Title>"), "a.ofd").documents
    assert raw_document.hints == {"title": "东丽区年度报告"}
    assert [block.level for block in raw_document.blocks] == [0, 2]


def test_each_document_of_a_package_has_a_key() -> None:
    """Each of several documents in a package has a key. One that cannot be read is a problem; the others are read."""
    first = typeset_document([[PrintedLine("甲", 100, 100, 16)]], folder="Doc_0")
    second = typeset_document([[PrintedLine("乙", 100, 100, 16)]], folder="Doc_1")
    contents = ofd.read(build_package(first, {"Doc_2/Document.xml": "<broken"}, second), "a.ofd")
    assert [(d.key, [b.text for b in d.blocks]) for d in contents.documents] == [("1", ["甲"]), ("3", ["乙"])]
    assert contents.problems == ("document 2: Doc_2/Document.xml: damaged: contains XML that is not well-formed",)


def test_gbk_and_unusual_names_are_read() -> None:
    """XML in GBK, other namespaces, names in another case and paths from the package root are read."""
    body = typeset_document([[PrintedLine("正文", 100, 100, 16)]])
    files: dict[str, str | bytes] = {"OFD.XML": "<OFD><DocBody><DocRoot>/DOC_0/Document.xml</DocRoot></DocBody></OFD>"}
    for name, text in body.items():
        plain_text = text.removeprefix('<?xml version="1.0" encoding="UTF-8"?>').replace(
            "http://www.ofdspec.org/2016", "urn:x"
        )
        files[name] = f'<?xml version="1.0" encoding="GBK"?>{plain_text}'.encode("gbk")
    assert texts(pack_zip(files)) == ["正文"]


# Unreadable files


def test_damaged_pages_are_problems() -> None:
    """Each damaged and each missing page is a problem. The document is not refused."""
    body = build_document([build_page(build_text_object(PrintedLine("甲", 100, 100, 16))), "<broken", build_page("")])
    del body["Doc_0/Pages/Page_3/Content.xml"]
    contents = ofd.read(build_package(body), "a.ofd")
    assert [problem.partition(":")[0] for problem in contents.problems] == ["page 2", "page 3"]


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"a.txt": "x"}, "not an OFD package: no OFD.xml"),
        ({"Encryptions.xml": "<a/>", "x.dat": b"\x00"}, "encrypted OFD: its parts cannot be read"),
        ({"OFD.xml": "<OFD/>"}, "no document in the package"),
        (
            {"OFD.xml": "<OFD><DocBody><Signatures>s.xml</Signatures></DocBody></OFD>"},
            "its document is missing from the package",
        ),
        ({"OFD.xml": "not XML"}, "OFD.xml: damaged: contains XML that is not well-formed"),
        (
            {"OFD.xml": '<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><OFD>&b;</OFD>'},
            "OFD.xml: unsafe: contains XML with a document type",
        ),
    ],
)
def test_packages_without_a_document_are_refused(files: dict[str, str | bytes], message: str) -> None:
    """A package without a readable document is refused with a one-line reason."""
    with pytest.raises(ReadError) as caught:
        ofd.read(pack_zip(files), "a.ofd")
    assert str(caught.value) == message


def test_packages_without_text_are_refused() -> None:
    """A package that contains only pictures is refused."""
    with pytest.raises(ReadError, match="needs OCR"):
        ofd.read(build_package(build_document([build_page('<ofd:ImageObject ID="1" ResourceID="2"/>')])), "a.ofd")


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04", SAMPLE.read_bytes()])
def test_other_files_are_refused(data: bytes) -> None:
    """Files that are not archives, or are truncated, are refused."""
    with pytest.raises(ReadError, match="not a zip archive"):
        ofd.read(data, "a.ofd")


def test_malicious_content_is_read_in_bounded_time() -> None:
    """Cyclic composite objects, huge numbers and deep nesting take less than 10 seconds; other text is read.

    The composite object contains itself nine times, so without a limit its parts grow ninefold with each level.
    """
    unit = f'<ofd:Res {NAMESPACE}><ofd:CompositeGraphicUnits><ofd:CompositeGraphicUnit ID="7"><ofd:Content>' + (
        '<ofd:CompositeObject ResourceID="7"/>' * 9
        + "</ofd:Content></ofd:CompositeGraphicUnit></ofd:CompositeGraphicUnits></ofd:Res>"
    )
    objects = (
        '<ofd:CompositeObject ResourceID="7"/><ofd:TextObject Size="1e999" CTM="1e308 nan 1 1 1 1" Boundary="1e308 x">'
        '<ofd:TextCode X="inf" DeltaX="g 999999999999 1 g">甲乙</ofd:TextCode></ofd:TextObject>'
         '<ofd:TextObject Size="1e-320"><ofd:TextCode X="1" Y="1">丙</ofd:TextCode></ofd:TextObject>'
        + "<ofd:PageBlock>" * 5_000 + "</ofd:PageBlock>" * 5_000
        + build_text_object(PrintedLine("正文", 100, 100, 16))
    )  # fmt: skip
    body = build_document([build_page(objects)], common="<ofd:PublicRes>r.xml</ofd:PublicRes>") | {"Doc_0/r.xml": unit}
    started = time.process_time()
    assert "正文" in texts(build_package(body))
    assert time.process_time() - started < 10


def test_altered_packages_are_read_or_refused() -> None:
    """Truncated and altered packages are read, or raise ReadError with a one-line message."""
    files = typeset_document(Typesetter(lines=8).pages(PARAGRAPHS))
    rng = random.Random(1)  # noqa: S311 - not security-relevant
    intact = build_package(files)
    for n in range(400):
        if n % 2:  # inside the XML
            name = rng.choice(sorted(files))
            data = build_package(
                {
                    key: alter(text.encode(), rng).decode("utf-8", "replace") if key == name else text
                    for key, text in files.items()
                }
            )
        else:
            data = alter(intact, rng)
        assert "\n" not in read_or_reason(data)


def alter(data: bytes, rng: random.Random) -> bytes:
    """Replace up to 11 pieces of at most two bytes."""
    broken = bytearray(data)
    for _ in range(rng.randrange(1, 12)):
        offset = rng.randrange(len(broken))
        broken[offset : offset + rng.randrange(3)] = rng.choice(
            [b"", b"9", b"-", b"<", b"\xff", b"e9", rng.randbytes(2)]
        )
    return bytes(broken)


def read_or_reason(data: bytes) -> str:
    """Read a package. Return the error message if it is refused, otherwise an empty text."""
    try:
        assert isinstance(ofd.read(data, "a.ofd"), FileContents)
    except ReadError as error:
        return str(error)
    return ""


# In a corpus


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> Callable[[Path], ParsedDocument]:
    """Return a function that reads a file as a build does."""
    monkeypatch.setattr(registry, "READERS", MappingProxyType({**READERS, ".ofd": Reader("ofd")}))
    taxonomy = Taxonomy.load(None)

    def run(path: Path) -> ParsedDocument:
        (document_read,) = read_file(
            CorpusFile(str(path), path.name, Stamp.of(path.stat())), StatedMetadata(), taxonomy
        ).documents
        return document_read

    return run


def paragraphs(document_read: ParsedDocument) -> list[tuple[str, str | None, tuple[str, ...]]]:
    """Return text, number and path of each paragraph, which must be equal in every format."""
    return [(paragraph.text, paragraph.number, paragraph.path) for paragraph in document_read.paragraphs]


def typeset_file(path: Path, target: Path) -> Path:
    """Typeset a text file as an OFD, with its first line as the title, and return the path of the OFD."""
    title, *rest = [" ".join(line.split()) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    target.write_bytes(build_package(typeset_document(Typesetter(head="法治政府建设年度报告").pages(rest, title))))
    return target


def test_a_typeset_report_reads_as_its_text_file(read: Callable[[Path], ParsedDocument], tmp_path: Path) -> None:
    """A typeset report has the paragraphs, heading paths, title and facets of its text file."""
    expected, from_ofd = read(SAMPLE), read(typeset_file(SAMPLE, tmp_path / SAMPLE.with_suffix(".ofd").name))
    assert paragraphs(from_ofd) == paragraphs(expected)
    for field in ("title", "year", "agency", "region", "doctype"):
        assert getattr(from_ofd.document, field) == getattr(expected.document, field)


def test_typeset_real_reports_read_as_their_text_files(
    shared: Path, read: Callable[[Path], ParsedDocument], tmp_path: Path
) -> None:
    """Typeset real reports have at least 95 % of the paragraphs of their text files."""
    seeds = sorted((shared / "corpus" / "seeds").glob("*.txt"))
    pairs = [
        (paragraphs(read(seed)), paragraphs(read(typeset_file(seed, tmp_path / f"{seed.stem}.ofd")))) for seed in seeds
    ]
    total = sum(len(expected) for expected, _ in pairs)
    same = sum(len(set(expected) & set(from_ofd)) for expected, from_ofd in pairs)
    assert same >= 0.95 * total
