"""From a folder of files to documents and paragraphs, all steps together."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from searchkit.corpus import listing, reading
from searchkit.corpus.formats import doc, markdown
from searchkit.corpus.listing import content_digest, list_corpus, reader_fingerprint
from searchkit.corpus.overrides import NO_METADATA
from searchkit.corpus.reading import MAX_PARAGRAPH_LENGTH, ParsedDocument, read_corpus, read_file
from searchkit.corpus.topics import Taxonomy
from searchkit.corpus.walk import CorpusFile, Skipped, Stamp
from searchkit.errors import CorpusError, UsageError
from searchkit.indexing.build import build
from searchkit.indexing.messages import TaskFile, decode_message, encode_message
from searchkit.model import document_from_json, paragraph_from_json, to_json
from searchkit.names import SECTIONS

NO_STAMP = Stamp(0, 0, 0, 0)
TITLE = "滨海新区司法局2023年法治政府建设年度报告"
REPORT = f"""{TITLE}

2023年，区司法局认真履行职责。现将有关情况报告如下：
一、主要成效
（一）规范行政执法
全年开展执法监督检查35次，评查案卷120卷。
二、存在的问题
基层执法力量还不够强。
"""


def write_corpus(folder: Path, **files: str | bytes) -> Path:
    """Write files to a folder and return it. `files`: contents by name, with `__` for a dot and `___` for a slash."""
    for name, content in files.items():
        path = folder / name.replace("___", "/").replace("__", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    return folder


def read_folder(folder: Path) -> tuple[list[ParsedDocument], list[Skipped]]:
    """Return the documents of a corpus folder, and what was skipped in it."""
    results = [*read_corpus(list_corpus(folder))]
    return [r for r in results if isinstance(r, ParsedDocument)], [r for r in results if isinstance(r, Skipped)]


def test_a_report_becomes_a_document_and_paragraphs(tmp_path: Path) -> None:
    """A report yields a document with its metadata, and paragraphs with headings, section and topics."""
    ((parsed,), skipped) = read_folder(write_corpus(tmp_path, sub___a__txt=REPORT))
    document = parsed.document
    assert (document.document, document.title, document.year) == ("sub/a.txt", TITLE, 2023)
    assert (document.region, document.agency, document.doctype) == (
        ("天津市", "滨海新区"),
        "司法局",
        "法治政府建设年度报告",
    )
    assert document.sha256 == hashlib.sha256(REPORT.encode()).hexdigest()
    assert document.paragraphs == len(parsed.paragraphs) == 3
    assert [p.id for p in parsed.paragraphs] == ["sub/a.txt#1", "sub/a.txt#2", "sub/a.txt#3"]
    assert [p.path for p in parsed.paragraphs] == [(), ("主要成效", "规范行政执法"), ("存在的问题",)]
    assert [p.section for p in parsed.paragraphs] == ["其他", "成效", "问题"]
    assert parsed.paragraphs[1].topics[0] == "行政执法"
    assert all((p.title, p.year, p.region) == (document.title, 2023, document.region) for p in parsed.paragraphs)
    assert skipped == []


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "gb18030"])
@pytest.mark.parametrize("end", ["\r\n", "\r"])
def test_encodings_and_line_ends_do_not_matter(tmp_path: Path, encoding: str, end: str) -> None:
    """The same report in another encoding and with other line ends yields the same title and texts."""
    write_corpus(tmp_path, a__txt=REPORT, b__txt=REPORT.replace("\n", end).encode(encoding))
    (first, second), _ = read_folder(tmp_path)
    assert [p.text for p in first.paragraphs] == [p.text for p in second.paragraphs]
    assert first.document.title == second.document.title


def test_the_format_does_not_matter(tmp_path: Path) -> None:
    """The same report as text, Markdown and HTML has the same title, year, texts, headings, sections and topics."""
    lines = [line for line in REPORT.split("\n") if line]
    html = "<html><body><h1>{}</h1>{}</body></html>".format(lines[0], "".join(f"<p>{line}</p>" for line in lines[1:]))
    write_corpus(tmp_path, a__txt=REPORT, b__md="# " + "\n\n".join(lines), c__html=html)
    documents, _ = read_folder(tmp_path)
    first, *others = documents
    for other in others:
        assert [(p.text, p.path, p.section, p.topics) for p in other.paragraphs] == [
            (p.text, p.path, p.section, p.topics) for p in first.paragraphs
        ]
        assert (other.document.title, other.document.year) == (first.document.title, first.document.year)


def test_front_matter_overrides_metadata_csv_which_overrides_the_text(tmp_path: Path) -> None:
    """Precedence: first front matter, then the metadata.csv of the same folder, then that of the folder above.

    Fields that none of them states are detected. A stated value that cannot be used is a warning, and a row of a
    metadata.csv whose file is missing is a problem.
    """
    table = "file,year,agency,批次,note\nsub/a.md,2020,卫生健康局,一,x\nsub/none.md,2020,,,\n"
    write_corpus(tmp_path, metadata__csv=table.encode("gb18030"), sub___metadata__csv="file,批次\na.md,二\n")
    write_corpus(tmp_path, sub___a__md="---\nyear: 2019\nnote: y\nsource: 报纸\n---\n" + REPORT.replace("\n", "\n\n"))
    ((parsed,), skipped) = read_folder(tmp_path)
    document = parsed.document
    assert (document.year, document.agency, document.region) == (2019, "卫生健康局", ("天津市", "滨海新区"))
    assert document.facets == {"批次": "二", "note": "y"}
    assert all((p.year, p.agency, p.facets) == (2019, "卫生健康局", document.facets) for p in parsed.paragraphs)
    assert document.warnings[0].startswith("source: '报纸'")
    assert skipped == [Skipped("metadata.csv", "line 3: no file sub/none.md", files=0)]


TABLE = "文件,年份,地区,部门,标题,主题,文种,批次\na.txt,2021,湖南长沙,司法局,本局报告,行政执法、普法宣传,年度报告,一\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "utf-16", "utf-16-le", "utf-16-be"])
def test_chinese_columns_of_metadata_csv_are_fields(tmp_path: Path, encoding: str) -> None:
    """Chinese column headings mean the built-in fields, whatever the encoding of the table.

    Every paragraph has the stated topics. 批次, which means no field, is a user-defined facet.
    """
    write_corpus(tmp_path, metadata__csv=TABLE.encode(encoding), a__txt=REPORT)
    ((parsed,), skipped) = read_folder(tmp_path)
    document = parsed.document
    assert (document.title, document.year, document.region) == ("本局报告", 2021, ("湖南省", "长沙市"))
    assert (document.agency, document.doctype, document.facets) == ("司法局", "年度报告", {"批次": "一"})
    assert {p.topics for p in parsed.paragraphs} == {("行政执法", "普法宣传")}
    assert skipped == []


def test_metadata_csv_states_which_column_contains_the_text(tmp_path: Path) -> None:
    """The rows of a file are records if a text column is stated for it, and a table if 无 is stated.

    Without a statement, the column 内容 is recognised as the text. A file that lacks the stated column is skipped, and
    the reason names the column.
    """
    rows = "街道,办理意见,内容\n东风,已办结三件,3\n西关,正在办理,4\n"
    write_corpus(tmp_path, a__csv=rows, b__csv=rows, c__csv=rows, d__csv=rows)
    write_corpus(tmp_path, metadata__csv="文件,正文列\na.csv,办理意见\nb.csv,无\nc.csv,意见\nd.csv,\n")
    documents, skipped = read_folder(tmp_path)
    texts = {parsed.document.document: [p.text for p in parsed.paragraphs] for parsed in documents}
    assert texts["a.csv#2"] == ["已办结三件"]
    assert texts["b.csv"] == ["街道 东风 ｜ 办理意见 已办结三件 ｜ 内容 3", "街道 西关 ｜ 办理意见 正在办理 ｜ 内容 4"]
    assert texts["d.csv#3"] == ["4"]
    assert skipped == [Skipped("c.csv", "no column 意见, which metadata.csv states to contain the text")]


@pytest.mark.parametrize(
    ("table", "reason"),
    [
        ("file\tregion\na.txt\t石泉\n".encode("gbk"), "not read: either UTF-8 or GBK; save it as UTF-8"),
        ("文件,批次\na.txt,行政执法\n".encode("gbk") + b"\xff", "not read: not UTF-8; save it as UTF-8"),
        ("file,批次\na.txt,乙\n".encode("big5"), "not read: not UTF-8; save it as UTF-8"),
    ],
)
def test_a_metadata_csv_in_a_doubtful_encoding_is_refused(tmp_path: Path, table: bytes, reason: str) -> None:
    """A metadata.csv whose encoding is doubtful has no effect and is a problem, whose reason states what to do."""
    write_corpus(tmp_path, metadata__csv=table, a__txt=REPORT)
    ((parsed,), skipped) = read_folder(tmp_path)
    assert (parsed.document.facets, parsed.document.region) == ({}, ("天津市", "滨海新区"))
    assert skipped == [Skipped("metadata.csv", reason, files=0)]


def test_a_metadata_csv_in_big5_is_read(tmp_path: Path) -> None:
    """A metadata.csv in Big5 is read if it has enough text to detect the encoding."""
    table = "檔案說明,文件,批次\n這是今年的第一批工作報告,a.txt,第一批\n"
    write_corpus(tmp_path, metadata__csv=table.encode("big5"), a__txt=REPORT)
    ((parsed,), _) = read_folder(tmp_path)
    assert parsed.document.facets["批次"] == "第一批"


WORK_REPORT = """政府工作报告
——2022年12月28日在贵阳市第十五届人民代表大会第三次会议上
市长 张三

各位代表：
现在，我代表市人民政府，向大会报告工作，请予审议。
一、2022年主要工作
全市生产总值增长8%，受国务院表彰，建成高速公路3条。
二、2023年主要工作
我们要继续努力，新建学校5所。
名词解释
1.“双减”：减轻学生作业负担。
2.“四上”企业：规模以上工业企业等。
"""


def test_a_work_report_is_read(tmp_path: Path) -> None:
    """A work report given in December is of the year that it plans; its parts, speaker and glossary are recognised."""
    write_corpus(tmp_path, a__txt=WORK_REPORT)
    ((parsed,), _) = read_folder(tmp_path)
    document = parsed.document
    assert (document.year, document.region, document.agency) == (2023, ("贵州省", "贵阳市"), "人民政府")
    assert [(p.path[:1], p.section) for p in parsed.paragraphs] == [
        ((), "其他"),
        (("2022年主要工作",), "成效"),
        (("2023年主要工作",), "计划"),
        (("名词解释",), "其他"),
        (("名词解释",), "其他"),
    ]


def test_work_reports_have_topics_of_their_own(tmp_path: Path) -> None:
    """Work reports get the topics of one taxonomy, other reports those of another.

    For a record, its doctype decides.
    """
    record = {"id": 1, "text": "新建学校5所。", "doctype": "政府工作报告"}
    other = {"id": 2, "text": "新建学校5所。"}
    write_corpus(tmp_path, a__txt=WORK_REPORT, b__txt=REPORT, c__jsonl="\n".join(map(json.dumps, (record, other))))
    general, work = tmp_path.parent / "general.toml", tmp_path.parent / "work.toml"
    general.write_text('[[topic]]\nname = "甲"\n', encoding="utf-8")
    work.write_text('[[topic]]\nname = "乙"\n', encoding="utf-8")
    read = [item for item in read_corpus(list_corpus(tmp_path), general, work) if isinstance(item, ParsedDocument)]
    topics = {item.document.document: {p.topics for p in item.paragraphs} for item in read}
    assert topics == {"a.txt": {("乙",)}, "b.txt": {("甲",)}, "c.jsonl#1": {("乙",)}, "c.jsonl#2": {("甲",)}}


def test_a_stated_field_has_no_warning(tmp_path: Path) -> None:
    """Detection warnings about stated fields are dropped; the others are kept."""
    write_corpus(
        tmp_path,
        a__txt="全面推进工作，成效明显。\n",
        metadata__csv="file,title,district,year\na.txt,题,滨海新区,2023\n",
    )
    ((parsed,), _) = read_folder(tmp_path)
    fields = {warning.split(" ")[0] for warning in parsed.document.warnings}
    assert not fields & {"title", "region", "year"}
    assert {"issuer", "agency"} <= fields
    assert (parsed.document.issuer, parsed.document.agency) == (None, None)


def test_a_record_is_a_document_with_one_paragraph(tmp_path: Path) -> None:
    """The paragraph has the id of the document. The record states the metadata; none are detected in its text.

    A section and topics that it does not state follow from the text. A record with the id of an earlier one is a
    problem.
    """
    lines = [
        {
            "id": "x1",
            "title": "题",
            "text": "天津市东丽区立案129件。",
            "year": 2022,
            "district": "滨海新区",
            "批次": "一",
            "section": "计划",
        },
        {"id": 2, "text": "开展普法宣传。"},
        {"id": 2, "text": "重复"},
    ]
    write_corpus(tmp_path, a__jsonl="\n".join(json.dumps(line, ensure_ascii=False) for line in lines))
    (first, second), skipped = read_folder(tmp_path)
    (paragraph,) = first.paragraphs
    assert first.document.document == paragraph.id == paragraph.document == "a.jsonl#x1"
    assert (paragraph.n, paragraph.text, paragraph.year) == (1, "天津市东丽区立案129件。", 2022)
    assert (paragraph.region, paragraph.section, paragraph.facets) == (("天津市", "滨海新区"), "计划", {"批次": "一"})
    assert (second.document.document, second.document.region, second.document.warnings) == ("a.jsonl#2", (), ())
    assert second.paragraphs[0].section in SECTIONS
    assert second.paragraphs[0].topics
    assert skipped == [Skipped("a.jsonl", "line 3: the id '2' is already used by line 2", files=0)]


def test_exported_paragraphs_can_be_read_again(tmp_path: Path) -> None:
    """Paragraphs exported as JSON Lines form a corpus with the same texts, headings, sections, topics and facets."""
    ((parsed,), _) = read_folder(write_corpus(tmp_path / "one", a__txt="---\nmine: v\n---\n" + REPORT))
    lines = [json.dumps(to_json(p), ensure_ascii=False) for p in parsed.paragraphs]
    again, _ = read_folder(write_corpus(tmp_path / "two", a__jsonl="\n".join(lines)))

    def without_ids(document: ParsedDocument) -> list[object]:
        return [
            (p.text, p.number, p.path, p.section, p.topics, p.year, p.region, p.facets) for p in document.paragraphs
        ]

    assert [item for r in again for item in without_ids(r)] == without_ids(parsed)
    assert all(not r.document.warnings for r in again)


def test_documents_and_paragraphs_survive_json(tmp_path: Path) -> None:
    """Documents and paragraphs are equal after conversion to JSON and back."""
    ((parsed,), _) = read_folder(write_corpus(tmp_path, a__txt=REPORT))
    assert document_from_json(json.loads(json.dumps(to_json(parsed.document)))) == parsed.document
    assert [paragraph_from_json(json.loads(json.dumps(to_json(p)))) for p in parsed.paragraphs] == [*parsed.paragraphs]


def test_files_can_be_read_in_other_processes(tmp_path: Path) -> None:
    """Messages to workers are lossless, and reading file by file yields the same as reading the corpus."""
    table = (
        "file,mine,year,title,province,published,doctype,source\n"
        "a.txt,v,2021,报告,四川省,2024-01-31,work-plan,https://a.example/\nb.jsonl,,never,,,,,\n"
    )
    write_corpus(tmp_path, a__txt=REPORT, b__jsonl='{"id":1,"text":"甲"}\nx', metadata__csv=table, c__bin="x")
    (tmp_path / os.fsdecode(b"\xff.txt")).write_text(REPORT, encoding="utf-8")
    listing = list_corpus(tmp_path)
    assert {type(value) for value in listing.stated_metadata(listing.documents[1]).fields.values()} == {str, int, tuple}
    assert listing.stated_metadata(listing.documents[2]).warnings
    results: list[ParsedDocument | Skipped] = [*listing.skipped]
    for corpus_file in listing.documents:
        task_file = decode_message(
            encode_message(TaskFile.pack(corpus_file, listing.stated_metadata(corpus_file))), TaskFile
        )
        assert (task_file.corpus_file, task_file.metadata) == (corpus_file, listing.stated_metadata(corpus_file))
        parsed = read_file(task_file.corpus_file, task_file.metadata, Taxonomy.load())
        results += [*parsed.documents, *parsed.skipped]
    assert results == [*read_corpus(list_corpus(tmp_path))]
    assert [item.file for item in results if isinstance(item, ParsedDocument)] == ["\\xff.txt", "a.txt", "b.jsonl"]


def test_the_file_of_a_document_defaults_to_its_id(tmp_path: Path) -> None:
    """`ParsedDocument.file` is the file that the document was read from. If none is stated, it is the document's id."""
    ((parsed,), _) = read_folder(write_corpus(tmp_path, a__jsonl='{"id":1,"text":"甲"}'))
    assert (parsed.document.document, parsed.file) == ("a.jsonl#1", "a.jsonl")
    assert ParsedDocument(parsed.document, parsed.paragraphs).file == "a.jsonl#1"


def test_the_digest_is_that_of_the_content(tmp_path: Path) -> None:
    """The digest is the SHA-256 of the bytes, even if they are not a report.

    For a missing file, the digest is the reason why the file cannot be read.
    """
    for name, content in {"a.txt": REPORT.encode(), "b.txt": b"\0", "c.xyz": b"x"}.items():
        (tmp_path / name).write_bytes(content)
        file = CorpusFile(str(tmp_path / name), name, NO_STAMP)
        assert read_file(file, NO_METADATA, Taxonomy.load()).digest == content_digest(file)
        assert content_digest(file) == hashlib.sha256(content).hexdigest()
    missing = CorpusFile(str(tmp_path / "gone.txt"), "gone.txt", NO_STAMP)
    assert content_digest(missing) == "cannot be read: no such file or directory"
    assert read_file(missing, NO_METADATA, Taxonomy.load()).digest == content_digest(missing)


def test_the_fingerprint_covers_rules_libraries_and_libreoffice(monkeypatch: pytest.MonkeyPatch) -> None:
    """The fingerprint changes with the versions of rules, searchkit and libraries, and the presence of LibreOffice.

    Without a change, it is the same again.
    """
    before = reader_fingerprint()
    assert reader_fingerprint() == before
    changes = ((listing, "_READER_VERSION", "x"), (listing, "__version__", "x"), (listing, "version", lambda _: "x"))
    for module, name, change in changes:
        with monkeypatch.context() as patched:
            patched.setattr(module, name, change)
            assert reader_fingerprint() != before
    fingerprints = set()
    for program in (None, "/usr/bin/soffice"):
        monkeypatch.setattr(doc, "find_libreoffice", lambda program=program: program)
        fingerprints.add(reader_fingerprint())
    assert len(fingerprints) == 2


def test_an_unexpected_exception_skips_only_its_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An unexpected exception, in a reader or later, skips the file. The reason states where it was raised."""
    for n, name in enumerate(("a.txt", "b.txt", "c.md", "d.txt")):
        (tmp_path / name).write_text(REPORT.replace("\n", f"\n立案{n}件。\n", 1), encoding="utf-8")
    build_outline: Callable[..., object] = reading.build_outline

    def fail_in_outline(body: tuple[object, ...]) -> object:
        if "立案1件" in str(body):
            raise KeyError("body")
        return build_outline(body)

    def fail_in_reader(_data: bytes, _name: str) -> object:
        raise LookupError

    monkeypatch.setattr(reading, "build_outline", fail_in_outline)
    monkeypatch.setattr(markdown, "read", fail_in_reader)
    results = [*read_corpus(list_corpus(tmp_path))]
    skipped = {item.path: item.reason for item in results if isinstance(item, Skipped)}
    assert [item.file for item in results if isinstance(item, ParsedDocument)] == ["a.txt", "d.txt"]
    for name, error in (("b.txt", "KeyError"), ("c.md", "LookupError")):
        reason = (
            rf"cannot be read because of a bug in searchkit \({error}, test_corpus\.py line \d+\): please report it"
        )
        assert re.fullmatch(reason, skipped[name])


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "no text"),
        (b"\n \n", "no text"),
        (b"\xef\xbb\xbf", "no text"),
        (bytes(range(128, 256)) * 40, "not text"),
        (b"<!-- x -->", "no text"),
    ],
)
@pytest.mark.parametrize("suffix", ["txt", "md", "html"])
def test_files_without_text_are_skipped(tmp_path: Path, content: bytes, reason: str, suffix: str) -> None:
    """A file that is binary, or has only white space or a comment, is skipped with a reason. Another file is read.

    A comment is tested in Markdown and HTML, because in plain text it is text.
    """
    if suffix == "txt" and b"<" in content:
        return
    write_corpus(tmp_path, **{f"bad__{suffix}": content})
    write_corpus(tmp_path, good__txt=REPORT)
    documents, (skipped,) = read_folder(tmp_path)
    assert [parsed.document.document for parsed in documents] == ["good.txt"]
    assert skipped.path == f"bad.{suffix}"
    assert skipped.reason.startswith(reason)


def test_a_file_that_cannot_be_opened_is_skipped(tmp_path: Path) -> None:
    """A file that has disappeared, or that a folder has replaced, is skipped with the reason."""
    (tmp_path / "b.txt").mkdir()
    for name, reason in {"a.txt": "no such file or directory", "b.txt": "is a directory"}.items():
        parsed = read_file(CorpusFile(str(tmp_path / name), name, NO_STAMP), NO_METADATA, Taxonomy.load())
        assert (parsed.documents, parsed.skipped) == ((), (Skipped(name, f"cannot be read: {reason}"),))


def test_a_damaged_file_is_read_with_a_warning(tmp_path: Path) -> None:
    """A file with invalid bytes is read, and a warning names the problem."""
    ((parsed,), _) = read_folder(write_corpus(tmp_path, a__txt=REPORT.encode() + b"\xff"))
    assert any("not UTF-8" in warning for warning in parsed.document.warnings)


def test_a_folder_without_reports_is_an_error(tmp_path: Path) -> None:
    """A missing folder, a file, and folders without reports or without readable files are errors of one line."""
    write_corpus(tmp_path, file__txt="x", pictures___a__jpg="x", bytes___a__txt=b"\x00", empty___x___README__md="x")
    for name, words in {
        "none": "no folder",
        "file.txt": "is not a folder",
        "empty": "contains no files. Put reports there",
        "pictures": "1 file, none of which can be read; *.jpg: no reader",
        "bytes": "1 file, none of which can be read; a.txt: not text",
        "x" * 256: "File name too long",
    }.items():
        with pytest.raises(CorpusError) as caught:
            build(tmp_path / name, tmp_path / "index")
        assert words in str(caught.value)
        assert "\n" not in str(caught.value)


def test_a_missing_taxonomy_is_a_usage_error(tmp_path: Path) -> None:
    """A taxonomy that cannot be read raises UsageError, because it is an argument of the user."""
    write_corpus(tmp_path, a__txt=REPORT)
    with pytest.raises(UsageError):
        [*read_corpus(list_corpus(tmp_path), tmp_path / "none.toml")]


def test_a_long_paragraph_is_split_at_sentences(tmp_path: Path) -> None:
    """No paragraph exceeds the limit, splits are at ends of sentences, and no text is lost."""
    text = "推进依法行政，立案129件。" * 5000
    ((parsed,), _) = read_folder(write_corpus(tmp_path, a__txt=text))
    texts = [p.text for p in parsed.paragraphs]
    assert "".join(texts) == text
    assert max(map(len, texts)) <= MAX_PARAGRAPH_LENGTH
    assert all(t.endswith("。") for t in texts)


def test_a_long_paragraph_without_punctuation_is_split_anyway(tmp_path: Path) -> None:
    """Paragraphs are limited even in a text without punctuation."""
    ((parsed,), _) = read_folder(write_corpus(tmp_path, a__txt="依" * (3 * MAX_PARAGRAPH_LENGTH + 1)))
    assert "".join(p.text for p in parsed.paragraphs) == "依" * (3 * MAX_PARAGRAPH_LENGTH + 1)
    assert max(len(p.text) for p in parsed.paragraphs) == MAX_PARAGRAPH_LENGTH


def test_real_reports(shared: Path) -> None:
    """Each report of two folders yields numbered paragraphs with sections and topics, and none is skipped."""
    for folder in (shared / "corpus" / "seeds", shared / "corpus" / "gov" / "政府工作报告-国务院"):
        documents, skipped = read_folder(folder)
        assert not skipped
        for parsed in documents:
            assert [p.n for p in parsed.paragraphs] == [*range(1, parsed.document.paragraphs + 1)]
            assert all(p.text.strip() and p.section in SECTIONS and 1 <= len(p.topics) <= 3 for p in parsed.paragraphs)
