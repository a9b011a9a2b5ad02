"""The PDF reader: positioned glyphs to paragraphs."""

from __future__ import annotations

import io
import random
import shutil
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
from pdffiles import CATALOG, PAGES, pdf_of, stream
from typesetting import HEIGHT, WIDTH, PrintedLine, Typesetter

from searchkit.corpus.blocks import Block
from searchkit.corpus.formats import registry
from searchkit.corpus.formats.registry import READERS, FileContents, Reader
from searchkit.corpus.overrides import StatedMetadata
from searchkit.corpus.reading import ParsedDocument, read_file
from searchkit.corpus.topics import Taxonomy
from searchkit.corpus.walk import CorpusFile, Stamp
from searchkit.errors import ReadError

pytest.importorskip("pypdfium2", reason="the extra that reads PDF is not installed")
canvas = pytest.importorskip("reportlab.pdfgen.canvas", reason="reportlab, which writes the fixtures, is not installed")
from reportlab.lib import pdfencrypt  # noqa: E402 - only if reportlab is installed
from reportlab.pdfbase import pdfmetrics  # noqa: E402
from reportlab.pdfbase.cidfonts import UnicodeCIDFont  # noqa: E402

from searchkit.corpus.formats import pdf  # noqa: E402 - only if pypdfium2 is installed

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
    """Return the width of a text in the font of the fixtures, in points."""
    return float(pdfmetrics.stringWidth(text, FONT, size))


def print_line(page: Any, line: PrintedLine) -> None:  # noqa: ANN401 - reportlab has no types
    """Print a line on a page. Strong lines are filled and stroked, as word processors do it."""
    page.saveState()
    text = page.beginText(line.x, HEIGHT - line.y)
    text.setFont(FONT, line.size)
    text.setTextRenderMode(2 if line.strong else 0)
    text.textOut(line.text)
    page.drawText(text)
    page.restoreState()


def draw_pdf(draw: Callable[[Any], None], **options: Any) -> bytes:  # noqa: ANN401 - reportlab's options
    """Return a PDF with what `draw` draws on a canvas."""
    file = io.BytesIO()
    page = canvas.Canvas(file, pagesize=(WIDTH, HEIGHT), invariant=1, **options)
    draw(page)
    page.save()
    return file.getvalue()


def typeset_pdf(pages: Sequence[Sequence[PrintedLine]], **options: Any) -> bytes:  # noqa: ANN401
    """Return a PDF with these lines on its pages."""

    def draw(page: Any) -> None:  # noqa: ANN401
        for lines in pages:
            for line in lines:
                print_line(page, line)
            page.showPage()

    return draw_pdf(draw, **options)


def blocks(data: bytes) -> list[Block]:
    """Return the blocks of the only document in a PDF."""
    (document,) = pdf.read(data, "a.pdf").documents
    return list(document.blocks)


def texts(data: bytes) -> list[str]:
    """Return the texts of the blocks of a PDF."""
    return [block.text for block in blocks(data)]


# Paragraphs


@pytest.mark.parametrize("indent", [0, 2])
def test_lines_become_paragraphs(indent: int) -> None:
    """Lines are joined to paragraphs, with or without indents. The bold paragraph is strong."""
    setter = Typesetter(indent, measure=width)
    block_list = blocks(typeset_pdf(setter.pages(PARAGRAPHS, "滨海新区卫生健康委2023年法治政府建设情况报告")))
    assert [block.text for block in block_list[:1]] == ["滨海新区卫生健康委2023年法治政府建设情况报告"]
    expected = [text.strip("*") for text in PARAGRAPHS]
    assert [block.text for block in block_list[1:]] == expected
    assert [block.strong for block in block_list] == [False, False, True, False, False]


def test_paragraphs_continue_across_pages() -> None:
    """A paragraph across pages has the page it starts on. Page numbers and running heads are dropped."""
    long = (
        "".join(f"第{n}项工作由区司法局会同有关部门按照年度计划组织实施，完成情况向社会公布，" for n in range(40))
        + "完。"
    )
    setter = Typesetter(lines=10, head="滨海新区2023年年度报告汇编", measure=width)
    block_list = blocks(typeset_pdf(setter.pages([PARAGRAPHS[0], long, PARAGRAPHS[2], PARAGRAPHS[3]])))
    assert [block.text for block in block_list] == [PARAGRAPHS[0], long, PARAGRAPHS[2], PARAGRAPHS[3]]
    assert [block_list[0].page, block_list[1].page] == [1, 1]
    assert (block_list[3].page or 0) > 5


def test_a_full_line_may_end_a_heading_or_continue_a_title() -> None:
    """A heading that fills its line is not joined with the indented paragraph after it; a long title is joined."""
    heading = "（八）着力统筹发展和安全，有效防范和化解各种重大风险"
    title = "滨海新区卫生健康委员会关于2023年度法治政府建设和行政执法工作情况的报告"
    block_texts = texts(typeset_pdf(Typesetter(measure=width).pages([heading, PARAGRAPHS[0], PARAGRAPHS[3]], title)))
    assert block_texts == [title, heading, PARAGRAPHS[0], PARAGRAPHS[3]]


@pytest.mark.parametrize("foot", ["{}", "- {} -", "— {} —", "第{}页", "第 {} 页 共 9 页", "{}/9"])
def test_page_numbers_are_dropped(foot: str) -> None:
    """Page numbers of the usual forms are dropped, even on a single page."""
    assert texts(typeset_pdf(Typesetter(foot=foot, measure=width).pages(PARAGRAPHS[:1]))) == [PARAGRAPHS[0]]


def test_a_line_in_the_margin_of_one_page_is_text() -> None:
    """A line in the upper margin of the only page, such as a document number, is text."""
    number = PrintedLine("津滨卫发〔2023〕12号", 200, 80, 16)
    (page,) = Typesetter(measure=width).pages(PARAGRAPHS[:1])
    assert texts(typeset_pdf([[number, *page]])) == [number.text, PARAGRAPHS[0]]


def test_columns_are_read_one_after_another() -> None:
    """Columns are read one after another, and a paragraph continues in the next column."""
    setter = Typesetter(size=10, leading=16, columns=20, lines=6, foot="", measure=width)
    columns = setter.pages([PARAGRAPHS[0], PARAGRAPHS[2], PARAGRAPHS[3]])
    assert len(columns) == 2
    right = [line._replace(x=line.x + 240) for line in columns[1]]
    wide = PrintedLine("本栏目由区司法局供稿", 73.5, 90, 10)
    assert texts(typeset_pdf([[wide, *columns[0], *right]])) == [wide.text, PARAGRAPHS[0], PARAGRAPHS[2], PARAGRAPHS[3]]


def test_a_ruled_table_is_one_block() -> None:
    """A ruled table is one block, and the lines of a cell are joined."""
    cells = [["项目", "2022年", "2023年"], ["行政处罚\n案件", "91", "129"], ["行政检查", "5,980", "6,120"]]

    def draw(page: Any) -> None:  # noqa: ANN401
        print_line(page, PrintedLine("附表如下：", 100, 150, 12))
        for n in range(4):
            page.line(100, HEIGHT - 200 - 40 * n, 400, HEIGHT - 200 - 40 * n)
            page.line(100 + 100 * n, HEIGHT - 200, 100 + 100 * n, HEIGHT - 320)
        for row, texts in enumerate(cells):
            for column, text in enumerate(texts):
                for n, line in enumerate(text.split("\n")):
                    print_line(page, PrintedLine(line, 102 + 100 * column, 215 + 40 * row + 14 * n, 12))

    before, table = blocks(draw_pdf(draw))
    assert before.text == "附表如下："
    assert table.table
    assert [[cell.text for cell in row] for row in table.table.rows] == [
        ["项目", "2022年", "2023年"],
        ["行政处罚案件", "91", "129"],
        ["行政检查", "5,980", "6,120"],
    ]


def test_each_entry_of_a_table_of_contents_is_a_block() -> None:
    """Each entry of a table of contents is a block, with leaders or only a gap before the page number."""
    entries = ["一、主要做法", "二、存在的问题和不足", "三、下一步打算"]
    numbers = [PrintedLine(f"{n}", 510, 140 + 28 * n, 16) for n in range(3)]
    named = [PrintedLine(entry, 73.5, 140 + 28 * n, 16) for n, entry in enumerate(entries)]
    dots = [PrintedLine("." * 40, 290, 140 + 28 * n, 16) for n in range(3)]
    expected = [f"{entry} {n}" for n, entry in enumerate(entries)]
    assert texts(typeset_pdf([named + numbers])) == expected
    assert [
        text.replace(".", "").replace("  ", " ") for text in texts(typeset_pdf([named + dots + numbers]))
    ] == expected


def test_raised_and_uneven_type_stays_in_its_line() -> None:
    """A raised digit is not a line of its own, and type sizes may vary, as they do in OCR text."""
    (page,) = Typesetter(foot="", measure=width).pages(PARAGRAPHS[:1])
    uneven = [line._replace(size=15.2 + n % 2) for n, line in enumerate(page)]
    raised = PrintedLine("2", page[-1].x + width(page[-1].text, 16) + 1, page[-1].y - 6, 8)
    assert texts(typeset_pdf([uneven])) == [PARAGRAPHS[0]]
    assert texts(typeset_pdf([[*page, raised]])) == [PARAGRAPHS[0]]  # the mark of a note


def test_latin_words_are_joined() -> None:
    """A word split at a line end loses its hyphen; lines of Latin words are joined with one blank."""
    lines = ["The report covers law enforce-", "ment of the district and of all", "townships."]
    placed = [PrintedLine(line, 73.5, 100 + 40 * n, 30) for n, line in enumerate(lines)]
    assert texts(typeset_pdf([placed])) == ["The report covers law enforcement of the district and of all townships."]


def test_skewed_text_is_dropped_and_rotated_pages_are_read() -> None:
    """Skewed text, such as a watermark, is dropped. A page that is set sideways and displayed rotated is read."""

    def sideways(page: Any) -> None:  # noqa: ANN401
        page.saveState()
        page.translate(300, 300)
        page.rotate(45)
        print_line(page, PrintedLine("内部资料", 0, HEIGHT, 60))
        page.restoreState()
        page.translate(WIDTH, 0)
        page.rotate(90)
        for n, line in enumerate(PARAGRAPHS[:2]):
            print_line(page, PrintedLine(line.strip("*"), 20, HEIGHT - 400 + 30 * n, 10))
        page.setPageRotation(270)

    assert texts(draw_pdf(sideways)) == [PARAGRAPHS[0], "一、主要做法"]


# Bookmarks and properties


def test_bookmarks_are_headings() -> None:
    """A paragraph that a bookmark of its page names has the level of the bookmark."""

    def draw(page: Any) -> None:  # noqa: ANN401
        (lines,) = Typesetter(measure=width).pages(PARAGRAPHS)
        for line in lines:
            print_line(page, line)
        for level, title in enumerate(["2023年报告", "一、 主要做法"]):
            page.bookmarkPage(title)
            page.addOutlineEntry(title, title, level=level)
        page.showPage()

    assert [block.level for block in blocks(draw_pdf(draw))] == [0, 2, 0, 0]


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
def test_only_meaningful_titles_are_hints(title: str, hints: dict[str, str]) -> None:
    """The title in the document properties is a hint, unless it is a file name or a program's default."""

    def draw(page: Any) -> None:  # noqa: ANN401
        page.setTitle(title)
        print_line(page, PrintedLine(PARAGRAPHS[0][:20], 100, 100, 12))

    (document,) = pdf.read(draw_pdf(draw), "a.pdf").documents
    assert document.hints == hints


# Unreadable files


def test_files_that_need_a_password_are_refused() -> None:
    """An encrypted file that opens without a password is read; one that needs a password is refused."""
    pages = Typesetter(measure=width).pages(PARAGRAPHS[:1])
    assert texts(typeset_pdf(pages, encrypt=pdfencrypt.StandardEncryption("", "owner"))) == [PARAGRAPHS[0]]
    with pytest.raises(ReadError, match=r"^encrypted PDF: needs a password$"):
        blocks(typeset_pdf(pages, encrypt=pdfencrypt.StandardEncryption("user", "owner")))


def draw_picture(page: Any) -> None:  # noqa: ANN401
    """Draw a page that is only a picture, as a scanned page is."""
    image = pytest.importorskip("PIL.Image").new("L", (60, 80), 200)
    page.drawImage(pytest.importorskip("reportlab.lib.utils").ImageReader(image), 0, 0, WIDTH, HEIGHT)
    page.showPage()


def test_scanned_pages_are_problems() -> None:
    """A PDF of pictures is refused. A single page that is a picture is a problem; the other pages are read."""
    with pytest.raises(ReadError, match=r"^scanned, no text layer: needs OCR$"):
        blocks(draw_pdf(draw_picture))

    def draw(page: Any) -> None:  # noqa: ANN401
        print_line(page, PrintedLine("甲乙丙丁", 100, 100, 12))
        page.showPage()
        draw_picture(page)

    contents = pdf.read(draw_pdf(draw), "a.pdf")
    assert contents.problems == ("page 2: scanned, no text layer: needs OCR",)
    assert [block.text for block in contents.documents[0].blocks] == ["甲乙丙丁"]


@pytest.mark.parametrize("data", [b"", b"%PDF-", b"not", SAMPLE.read_bytes(), b"PK\x03\x04" + bytes(100)])
def test_other_files_are_refused(data: bytes) -> None:
    """Files of other formats, and PDF files that end after their header, are refused with a one-line message."""
    with pytest.raises(ReadError) as caught:
        blocks(data)
    assert str(caught.value) in {"not a PDF", "damaged PDF: cannot be opened"}


def read_or_reason(data: bytes) -> str:
    """Read a PDF. Return the error message if it is refused, otherwise an empty text."""
    try:
        assert isinstance(pdf.read(data, "a.pdf"), FileContents)
    except ReadError as error:
        return str(error)
    return ""


PAGE = b"<</Type /Page /Parent 2 0 R /MediaBox [0 0 600 800] /Contents 4 0 R /Resources <</XObject <</X 5 0 R>>>>>>"


@pytest.mark.parametrize(
    "data",
    [
        pdf_of(CATALOG, b"<</Type /Pages /Kids [2 0 R 2 0 R] /Count 2>>"),
        pdf_of(CATALOG, b"<</Type /Pages /Kids [2 0 R] /Count 2000000000>>"),
        pdf_of(b"<</Type /Catalog /Pages 2 0 R /Outlines 6 0 R>>", PAGES, PAGE, stream(b"/X Do"),
                stream(b"/X Do", b"/Type /XObject /Subtype /Form /BBox [0 0 9 9] /Resources <</XObject <</X 5 0 R>>>>"),
                b"<</First 7 0 R /Last 7 0 R /Count 1>>", b"<</Title (A) /Parent 6 0 R /Next 7 0 R /First 7 0 R>>"),
        pdf_of(CATALOG, PAGES, PAGE, stream(b"q " * 4_000_000)),
        pdf_of(CATALOG, PAGES, PAGE.replace(b"600 800", b"-1e30 1e30"), stream(b"BT 1e30 0 0 0 0 0 Tm (A) Tj ET")),
    ],
    ids=["cyclic pages", "huge page count", "cyclic objects", "bomb", "huge coordinates"],
)  # fmt: skip
def test_malicious_files_are_refused_in_bounded_time(data: bytes) -> None:
    """Malicious files are refused in less than 20 seconds of CPU time."""
    started = time.process_time()
    assert read_or_reason(data)
    assert time.process_time() - started < 20


def test_altered_files_are_read_or_refused() -> None:
    """Truncated and altered files are read, or raise ReadError with a one-line message: 400 in less than a minute."""
    data = typeset_pdf(Typesetter(lines=8, measure=width).pages(PARAGRAPHS), pageCompression=0)
    rng = random.Random(1)  # noqa: S311 - not security-relevant
    started = time.process_time()
    for n in range(400):
        altered = bytearray(data[: rng.randrange(len(data))] if n % 4 == 0 else data)
        for _ in range(rng.randrange(1, 30)):
            offset = rng.randrange(len(altered) or 1)
            altered[offset : offset + rng.randrange(3)] = rng.randbytes(rng.randrange(4))
        assert "\n" not in read_or_reason(bytes(altered))
    assert time.process_time() - started < 60


# In a corpus


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> Callable[[Path], ParsedDocument]:
    """Return a function that reads a file as a build does."""
    readers = MappingProxyType({**READERS, ".pdf": Reader("pdf")})
    monkeypatch.setattr(registry, "READERS", readers)
    taxonomy = Taxonomy.load(None)

    def run(path: Path) -> ParsedDocument:
        (document,) = read_file(
            CorpusFile(str(path), path.name, Stamp.of(path.stat())), StatedMetadata(), taxonomy
        ).documents
        return document

    return run


def paragraphs(document: ParsedDocument) -> list[tuple[str, str | None, tuple[str, ...]]]:
    """Return text, number and path of each paragraph, which must be equal in every format."""
    return [(paragraph.text, paragraph.number, paragraph.path) for paragraph in document.paragraphs]


def test_a_typeset_report_reads_as_its_text_file(read: Callable[[Path], ParsedDocument], tmp_path: Path) -> None:
    """A typeset report has the paragraphs, heading paths, title and facets of its text file, and ascending pages."""
    title, *rest = [line.strip() for line in SAMPLE.read_text(encoding="utf-8").splitlines() if line.strip()]
    path = tmp_path / SAMPLE.with_suffix(".pdf").name
    path.write_bytes(typeset_pdf(Typesetter(head="法治政府建设年度报告", measure=width).pages(rest, title)))
    expected, from_pdf = read(SAMPLE), read(path)
    assert paragraphs(from_pdf) == paragraphs(expected)
    for field in ("title", "year", "agency", "region", "doctype"):
        assert getattr(from_pdf.document, field) == getattr(expected.document, field)
    assert [p.page for p in from_pdf.paragraphs] == sorted(p.page or 0 for p in from_pdf.paragraphs)


@pytest.mark.skipif(shutil.which("soffice") is None, reason="LibreOffice is not installed")
def test_reports_printed_by_libreoffice_read_as_their_text_files(
    shared: Path, read: Callable[[Path], ParsedDocument], tmp_path: Path
) -> None:
    """Real reports that LibreOffice printed to PDF have at least 98 % of the paragraphs of their text files."""
    seeds = sorted((shared / "corpus" / "seeds").glob("*.txt"))
    profile = f"-env:UserInstallation={(tmp_path / 'profile').as_uri()}"
    kind = ["--infilter=Text (encoded):UTF8,LF,,,", "--convert-to", "pdf", "--outdir", str(tmp_path)]
    subprocess.run(
        [shutil.which("soffice") or "", profile, "--headless", *kind, *map(str, seeds)],
        check=True, capture_output=True, timeout=180,
    )  # fmt: skip
    pairs = [(paragraphs(read(seed)), paragraphs(read(tmp_path / f"{seed.stem}.pdf"))) for seed in seeds]
    total = sum(len(expected) for expected, _ in pairs)
    same = sum(len(set(expected) & set(from_pdf)) for expected, from_pdf in pairs)
    assert same >= 0.98 * total
