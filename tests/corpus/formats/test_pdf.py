"""The reader of PDF: places on pages to paragraphs."""

from __future__ import annotations

import io
import random
import shutil
import subprocess
import time
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
from typesetting import HEIGHT, WIDTH, Placed, Typesetter

from searchkit.corpus.blocks import Block
from searchkit.corpus.formats import registry as readers
from searchkit.corpus.formats.registry import READERS, FileContents, Reader
from searchkit.corpus.overrides import Stated
from searchkit.corpus.reading import DocumentRead, read_file
from searchkit.corpus.topics import Taxonomy
from searchkit.corpus.walk import CorpusFile, Stamp
from searchkit.errors import ReadError

pytest.importorskip("pypdfium2", reason="the extra that reads PDF is not installed")
canvas = pytest.importorskip("reportlab.pdfgen.canvas", reason="reportlab, which writes the fixtures, is not installed")
from reportlab.lib import pdfencrypt  # noqa: E402 - only where reportlab is installed
from reportlab.pdfbase import pdfmetrics  # noqa: E402
from reportlab.pdfbase.cidfonts import UnicodeCIDFont  # noqa: E402

from searchkit.corpus.formats import pdf  # noqa: E402 - only where pypdfium2 is installed

FONT = "STSong-Light"
SAMPLE = Path(__file__).parents[3] / "corpus" / "reports" / "dongli-health-2022.txt"
PARAGRAPHS = (
    "2023年，区卫生健康委坚持依法行政，全年立案129件，罚没款93.7182万元，办结率达到98.5%，没有一件被上级撤销。",
    "**一、主要做法**",
    "（一）加强组织领导。主要负责人履行推进法治建设第一责任人职责，全年4次研究法治建设工作，解决了11个问题。",
    "二是开展培训。组织行政执法人员参加公共法律知识培训和专业法律知识培训，共有93人参加，全部合格，持证上岗率100%。",
)


@pytest.fixture(scope="module", autouse=True)
def _font() -> None:
    pdfmetrics.registerFont(UnicodeCIDFont(FONT))


def width(text: str, size: float) -> float:
    """Measure text in the font of the fixtures."""
    return float(pdfmetrics.stringWidth(text, FONT, size))


def put(page: Any, line: Placed) -> None:  # noqa: ANN401 - reportlab has no types
    """Print a line on a page; strong ones are filled and drawn along their edges, as word processors do it."""
    page.saveState()
    text = page.beginText(line.x, HEIGHT - line.y)
    text.setFont(FONT, line.size)
    text.setTextRenderMode(2 if line.strong else 0)
    text.textOut(line.text)
    page.drawText(text)
    page.restoreState()


def made(draw: Callable[[Any], None], **options: Any) -> bytes:  # noqa: ANN401 - as reportlab takes them
    """Make a PDF of what `draw` does to a canvas."""
    file = io.BytesIO()
    page = canvas.Canvas(file, pagesize=(WIDTH, HEIGHT), invariant=1, **options)
    draw(page)
    page.save()
    return file.getvalue()


def printed(pages: Sequence[Sequence[Placed]], **options: Any) -> bytes:  # noqa: ANN401
    """Make a PDF of placed lines."""

    def draw(page: Any) -> None:  # noqa: ANN401
        for lines in pages:
            for line in lines:
                put(page, line)
            page.showPage()

    return made(draw, **options)


def blocks(data: bytes) -> list[Block]:
    """Blocks of the one document in a PDF."""
    (document,) = pdf.read(data, "a.pdf").documents
    return list(document.blocks)


def texts(data: bytes) -> list[str]:
    """Texts of the blocks of a PDF."""
    return [block.text for block in blocks(data)]


# Paragraphs


@pytest.mark.parametrize("indent", [0, 2])
def test_lines_become_paragraphs(indent: int) -> None:
    """Lines are joined into the paragraphs that were set, with or without an indent; the bold one is strong."""
    setter = Typesetter(indent, measure=width)
    found = blocks(printed(setter.pages(PARAGRAPHS, "滨海新区卫生健康委2023年法治政府建设情况报告")))
    assert [block.text for block in found[:1]] == ["滨海新区卫生健康委2023年法治政府建设情况报告"]
    expected = [text.strip("*") for text in PARAGRAPHS]
    assert [block.text for block in found[1:]] == expected
    assert [block.strong for block in found] == [False, False, True, False, False]


def test_paragraphs_go_on_over_pages() -> None:
    """A paragraph that a page end cuts is one, on the page it begins on; numbers and heads of pages are gone."""
    long = (
        "".join(f"第{n}项工作由区司法局会同有关部门按照年度计划组织实施，完成情况向社会公布，" for n in range(40))
        + "完。"
    )
    setter = Typesetter(lines=10, head="滨海新区2023年年度报告汇编", measure=width)
    found = blocks(printed(setter.pages([PARAGRAPHS[0], long, PARAGRAPHS[2], PARAGRAPHS[3]])))
    assert [block.text for block in found] == [PARAGRAPHS[0], long, PARAGRAPHS[2], PARAGRAPHS[3]]
    assert [found[0].page, found[1].page] == [1, 1]
    assert (found[3].page or 0) > 5


def test_full_lines_that_end_a_heading_or_go_on_in_a_title() -> None:
    """A heading that fills its line is not joined with the indented paragraph below; a long title is whole."""
    heading = "（八）着力统筹发展和安全，有效防范和化解各种重大风险"
    title = "滨海新区卫生健康委员会关于2023年度法治政府建设和行政执法工作情况的报告"
    found = texts(printed(Typesetter(measure=width).pages([heading, PARAGRAPHS[0], PARAGRAPHS[3]], title)))
    assert found == [title, heading, PARAGRAPHS[0], PARAGRAPHS[3]]


@pytest.mark.parametrize("foot", ["{}", "- {} -", "— {} —", "第{}页", "第 {} 页 共 9 页", "{}/9"])
def test_page_numbers_are_dropped(foot: str) -> None:
    """Page numbers of every form are no text, on a single page too."""
    assert texts(printed(Typesetter(foot=foot, measure=width).pages(PARAGRAPHS[:1]))) == [PARAGRAPHS[0]]


def test_a_line_in_the_margin_of_one_page_stays() -> None:
    """What stands in the margin once, such as the number of a document, is text."""
    number = Placed("津滨卫发〔2023〕12号", 200, 80, 16)
    (page,) = Typesetter(measure=width).pages(PARAGRAPHS[:1])
    assert texts(printed([[number, *page]])) == [number.text, PARAGRAPHS[0]]


def test_two_columns() -> None:
    """Columns are read one after the other, and a paragraph goes on from one to the next."""
    setter = Typesetter(size=10, leading=16, columns=20, lines=6, foot="", measure=width)
    columns = setter.pages([PARAGRAPHS[0], PARAGRAPHS[2], PARAGRAPHS[3]])
    assert len(columns) == 2
    right = [line._replace(x=line.x + 240) for line in columns[1]]
    wide = Placed("本栏目由区司法局供稿", 73.5, 90, 10)
    assert texts(printed([[wide, *columns[0], *right]])) == [wide.text, PARAGRAPHS[0], PARAGRAPHS[2], PARAGRAPHS[3]]


def test_rows_of_a_ruled_table() -> None:
    """A row of a table is one block, its cells parted by tabs, lines of one cell put together."""
    cells = [["项目", "2022年", "2023年"], ["行政处罚\n案件", "91", "129"], ["行政检查", "5,980", "6,120"]]

    def draw(page: Any) -> None:  # noqa: ANN401
        put(page, Placed("附表如下：", 100, 150, 12))
        for n in range(4):
            page.line(100, HEIGHT - 200 - 40 * n, 400, HEIGHT - 200 - 40 * n)
            page.line(100 + 100 * n, HEIGHT - 200, 100 + 100 * n, HEIGHT - 320)
        for row, texts in enumerate(cells):
            for column, text in enumerate(texts):
                for n, line in enumerate(text.split("\n")):
                    put(page, Placed(line, 102 + 100 * column, 215 + 40 * row + 14 * n, 12))

    assert texts(made(draw)) == [
        "附表如下：",
        "项目\t2022年\t2023年",
        "行政处罚案件\t91\t129",
        "行政检查\t5,980\t6,120",
    ]


def test_table_of_contents() -> None:
    """The entries of a table of contents are lines of their own, with leaders or only a gap before the number."""
    entries = ["一、主要做法", "二、存在的问题和不足", "三、下一步打算"]
    numbers = [Placed(f"{n}", 510, 140 + 28 * n, 16) for n in range(3)]
    named = [Placed(entry, 73.5, 140 + 28 * n, 16) for n, entry in enumerate(entries)]
    dots = [Placed("." * 40, 290, 140 + 28 * n, 16) for n in range(3)]
    expected = [f"{entry} {n}" for n, entry in enumerate(entries)]
    assert texts(printed([named + numbers])) == expected
    assert [text.replace(".", "").replace("  ", " ") for text in texts(printed([named + dots + numbers]))] == expected


def test_raised_and_uneven_type() -> None:
    """A raised measure stays in its line, and lines of type that was recognised on a scan need not be of one size."""
    (page,) = Typesetter(foot="", measure=width).pages(PARAGRAPHS[:1])
    uneven = [line._replace(size=15.2 + n % 2) for n, line in enumerate(page)]
    raised = Placed("2", page[-1].x + width(page[-1].text, 16) + 1, page[-1].y - 6, 8)
    assert texts(printed([uneven])) == [PARAGRAPHS[0]]
    assert texts(printed([[*page, raised]])) == [PARAGRAPHS[0] + "2"]


def test_latin_words() -> None:
    """A word that a line end parts loses its hyphen; whole words are parted by one blank."""
    lines = ["The report covers law enforce-", "ment of the district and of all", "townships."]
    placed = [Placed(line, 73.5, 100 + 40 * n, 30) for n, line in enumerate(lines)]
    assert texts(printed([placed])) == ["The report covers law enforcement of the district and of all townships."]


def test_askew_and_turned_text() -> None:
    """A watermark is dropped; a page that is set sideways, or shown turned, is read as the reader sees it."""

    def sideways(page: Any) -> None:  # noqa: ANN401
        page.saveState()
        page.translate(300, 300)
        page.rotate(45)
        put(page, Placed("内部资料", 0, HEIGHT, 60))
        page.restoreState()
        page.translate(WIDTH, 0)
        page.rotate(90)
        for n, line in enumerate(PARAGRAPHS[:2]):
            put(page, Placed(line.strip("*"), 20, HEIGHT - 400 + 30 * n, 10))
        page.setPageRotation(270)

    assert texts(made(sideways)) == [PARAGRAPHS[0], "一、主要做法"]


# What the document says


def test_bookmarks_are_headings() -> None:
    """A paragraph that a bookmark of its page names has the bookmark's level."""

    def draw(page: Any) -> None:  # noqa: ANN401
        (lines,) = Typesetter(measure=width).pages(PARAGRAPHS)
        for line in lines:
            put(page, line)
        for level, title in enumerate(["2023年报告", "一、 主要做法"]):
            page.bookmarkPage(title)
            page.addOutlineEntry(title, title, level=level)
        page.showPage()

    assert [block.level for block in blocks(made(draw))] == [0, 2, 0, 0]


@pytest.mark.parametrize(
    ("title", "hints"),
    [
        ("东丽区2022年法治政府建设年度报告", {"title": "东丽区2022年法治政府建设年度报告"}),
        ("Microsoft Word - 东丽区报告.docx", {}),
        ("东丽区报告.doc", {}),
        ("untitled", {}),
        ("", {}),
    ],
)
def test_title_of_the_document(title: str, hints: dict[str, str]) -> None:
    """The title in the document's properties is a hint, unless a program made it from a file's name."""

    def draw(page: Any) -> None:  # noqa: ANN401
        page.setTitle(title)
        put(page, Placed(PARAGRAPHS[0][:20], 100, 100, 12))

    (document,) = pdf.read(made(draw), "a.pdf").documents
    assert document.hints == hints


# What cannot be read


def test_passwords() -> None:
    """A file that opens without a password is read though it is encrypted; one that needs it is refused."""
    pages = Typesetter(measure=width).pages(PARAGRAPHS[:1])
    assert texts(printed(pages, encrypt=pdfencrypt.StandardEncryption("", "owner"))) == [PARAGRAPHS[0]]
    with pytest.raises(ReadError, match=r"^encrypted PDF: needs a password$"):
        blocks(printed(pages, encrypt=pdfencrypt.StandardEncryption("user", "owner")))


def picture(page: Any) -> None:  # noqa: ANN401
    """Draw a scanned page."""
    image = pytest.importorskip("PIL.Image").new("L", (60, 80), 200)
    page.drawImage(pytest.importorskip("reportlab.lib.utils").ImageReader(image), 0, 0, WIDTH, HEIGHT)
    page.showPage()


def test_scans() -> None:
    """A PDF of pictures is refused; one page that is a picture is named, the others are read."""
    with pytest.raises(ReadError, match=r"^scanned, no text layer: needs OCR$"):
        blocks(made(picture))

    def draw(page: Any) -> None:  # noqa: ANN401
        put(page, Placed("甲乙丙丁", 100, 100, 12))
        page.showPage()
        picture(page)

    contents = pdf.read(made(draw), "a.pdf")
    assert contents.problems == ("page 2: scanned, no text layer: needs OCR",)
    assert [block.text for block in contents.documents[0].blocks] == ["甲乙丙丁"]


@pytest.mark.parametrize("data", [b"", b"%PDF-", b"not", SAMPLE.read_bytes(), b"PK\x03\x04" + bytes(100)])
def test_other_files(data: bytes) -> None:
    """What is no PDF is refused in one line."""
    with pytest.raises(ReadError) as caught:
        blocks(data)
    assert str(caught.value) in {"not a PDF", "damaged PDF: cannot be opened"}


def outcome(data: bytes) -> str:
    """Read what may be hostile: the error's line, empty if there is a result."""
    try:
        assert isinstance(pdf.read(data, "a.pdf"), FileContents)
    except ReadError as error:
        return str(error)
    return ""


def objects(*bodies: bytes) -> bytes:
    """Make a PDF of objects, the first of which is its catalog."""
    file, places = b"%PDF-1.4\n", []
    for n, body in enumerate(bodies, 1):
        places.append(len(file))
        file += b"%d 0 obj\n%b\nendobj\n" % (n, body)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    head = b"xref\n0 %d\n0000000000 65535 f \n" % (len(bodies) + 1)
    return (
        file + head + table + b"trailer <</Size %d /Root 1 0 R>>\nstartxref\n%d\n%%%%EOF" % (len(places) + 1, len(file))
    )


def stream(data: bytes, entries: bytes = b"") -> bytes:
    """Make a stream object."""
    packed = zlib.compress(data, 9)
    return b"<</Length %d /Filter /FlateDecode %b>>\nstream\n%b\nendstream" % (len(packed), entries, packed)


CATALOG, PAGES = b"<</Type /Catalog /Pages 2 0 R>>", b"<</Type /Pages /Kids [3 0 R] /Count 1>>"
PAGE = b"<</Type /Page /Parent 2 0 R /MediaBox [0 0 600 800] /Contents 4 0 R /Resources <</XObject <</X 5 0 R>>>>>>"


@pytest.mark.parametrize(
    "data",
    [
        objects(CATALOG, b"<</Type /Pages /Kids [2 0 R 2 0 R] /Count 2>>"),
        objects(CATALOG, b"<</Type /Pages /Kids [2 0 R] /Count 2000000000>>"),
        objects(b"<</Type /Catalog /Pages 2 0 R /Outlines 6 0 R>>", PAGES, PAGE, stream(b"/X Do"),
                stream(b"/X Do", b"/Type /XObject /Subtype /Form /BBox [0 0 9 9] /Resources <</XObject <</X 5 0 R>>>>"),
                b"<</First 7 0 R /Last 7 0 R /Count 1>>", b"<</Title (A) /Parent 6 0 R /Next 7 0 R /First 7 0 R>>"),
        objects(CATALOG, PAGES, PAGE, stream(b"q " * 4_000_000)),
        objects(CATALOG, PAGES, PAGE.replace(b"600 800", b"-1e30 1e30"), stream(b"BT 1e30 0 0 0 0 0 Tm (A) Tj ET")),
    ],
    ids=["pages in a circle", "pages without end", "objects in a circle", "bomb", "numbers without measure"],
)  # fmt: skip
def test_hostile_files(data: bytes) -> None:
    """What is made to hang or to fill the memory is refused soon, or has no text."""
    started = time.process_time()
    assert outcome(data)
    assert time.process_time() - started < 20


def test_mutations() -> None:
    """Cut and altered files give a result or a ReadError of one line, in no long time."""
    data = printed(Typesetter(lines=8, measure=width).pages(PARAGRAPHS), pageCompression=0)
    chance = random.Random(1)  # noqa: S311 - no secret
    started = time.process_time()
    for n in range(400):
        broken = bytearray(data[: chance.randrange(len(data))] if n % 4 == 0 else data)
        for _ in range(chance.randrange(1, 30)):
            at = chance.randrange(len(broken) or 1)
            broken[at : at + chance.randrange(3)] = chance.randbytes(chance.randrange(4))
        assert "\n" not in outcome(bytes(broken))
    assert time.process_time() - started < 60


# The chain behind it


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> Callable[[Path], DocumentRead]:
    """Read a file through the whole chain."""
    known = MappingProxyType({**READERS, ".pdf": Reader("pdf")})
    monkeypatch.setattr(readers, "READERS", known)
    taxonomy = Taxonomy.load(None)

    def run(path: Path) -> DocumentRead:
        (document,) = read_file(CorpusFile(str(path), path.name, Stamp.of(path.stat())), Stated(), taxonomy).documents
        return document

    return run


def paragraphs(document: DocumentRead) -> list[tuple[str, str | None, tuple[str, ...]]]:
    """What must be the same in every format."""
    return [(paragraph.text, paragraph.number, paragraph.path) for paragraph in document.paragraphs]


def test_a_report_reads_the_same(read: Callable[[Path], DocumentRead], tmp_path: Path) -> None:
    """A report that was typeset gives the paragraphs, heading paths and facets of its text file."""
    title, *rest = [line.strip() for line in SAMPLE.read_text(encoding="utf-8").splitlines() if line.strip()]
    path = tmp_path / SAMPLE.with_suffix(".pdf").name
    path.write_bytes(printed(Typesetter(head="法治政府建设年度报告", measure=width).pages(rest, title)))
    expected, found = read(SAMPLE), read(path)
    assert paragraphs(found) == paragraphs(expected)
    for field in ("title", "year", "agency", "region", "doctype"):
        assert getattr(found.document, field) == getattr(expected.document, field)
    assert [p.page for p in found.paragraphs] == sorted(p.page or 0 for p in found.paragraphs)


@pytest.mark.skipif(shutil.which("soffice") is None, reason="LibreOffice is not installed")
def test_what_an_office_program_prints(shared: Path, read: Callable[[Path], DocumentRead], tmp_path: Path) -> None:
    """Real reports that LibreOffice printed to PDF give the paragraphs of their text files."""
    seeds = sorted((shared / "corpus" / "seeds").glob("*.txt"))
    profile = f"-env:UserInstallation={(tmp_path / 'profile').as_uri()}"
    kind = ["--infilter=Text (encoded):UTF8,LF,,,", "--convert-to", "pdf", "--outdir", str(tmp_path)]
    subprocess.run(
        [shutil.which("soffice") or "", profile, "--headless", *kind, *map(str, seeds)],
        check=True, capture_output=True, timeout=180,
    )  # fmt: skip
    pairs = [(paragraphs(read(seed)), paragraphs(read(tmp_path / f"{seed.stem}.pdf"))) for seed in seeds]
    total = sum(len(expected) for expected, _ in pairs)
    same = sum(len(set(expected) & set(found)) for expected, found in pairs)
    assert same >= 0.98 * total
