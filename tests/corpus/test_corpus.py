"""A folder of files to documents and paragraphs, all steps together."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from searchkit.corpus import listing
from searchkit.corpus import reading as corpus
from searchkit.corpus.formats import doc, markdown
from searchkit.corpus.listing import content_digest, list_corpus, reader_fingerprint
from searchkit.corpus.overrides import NOTHING
from searchkit.corpus.reading import MAX_PARAGRAPH_LENGTH, DocumentRead, read_corpus, read_file
from searchkit.corpus.topics import Taxonomy
from searchkit.corpus.walk import CorpusFile, Skipped, Stamp
from searchkit.errors import CorpusError, UsageError
from searchkit.indexing.build import build
from searchkit.indexing.messages import File, decode, encode
from searchkit.model import SECTIONS, document_from_json, paragraph_from_json, to_json

UNKNOWN = Stamp(0, 0, 0, 0)
TITLE = "滨海新区司法局2023年法治政府建设年度报告"
REPORT = f"""{TITLE}

2023年，区司法局认真履行职责。现将有关情况报告如下：
一、主要成效
（一）规范行政执法
全年开展执法监督检查35次，评查案卷120卷。
二、存在的问题
基层执法力量还不够强。
"""


def write(folder: Path, **files: str | bytes) -> Path:
    """Make a corpus; `__` in a name stands for the dot, `___` for the slash."""
    for name, content in files.items():
        path = folder / name.replace("___", "/").replace("__", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    return folder


def read(folder: Path) -> tuple[list[DocumentRead], list[Skipped]]:
    """Read a corpus."""
    results = [*read_corpus(list_corpus(folder))]
    return [r for r in results if isinstance(r, DocumentRead)], [r for r in results if isinstance(r, Skipped)]


def test_a_report(tmp_path: Path) -> None:
    """A report becomes its paragraphs with headings, section and topics, and a document with what it states."""
    ((found,), skipped) = read(write(tmp_path, sub___a__txt=REPORT))
    document = found.document
    assert (document.document, document.title, document.year) == ("sub/a.txt", TITLE, 2023)
    assert (document.region, document.agency, document.doctype) == (
        ("天津市", "滨海新区"),
        "司法局",
        "法治政府建设年度报告",
    )
    assert document.sha256 == hashlib.sha256(REPORT.encode()).hexdigest()
    assert document.paragraphs == len(found.paragraphs) == 3
    assert [p.id for p in found.paragraphs] == ["sub/a.txt#1", "sub/a.txt#2", "sub/a.txt#3"]
    assert [p.path for p in found.paragraphs] == [(), ("主要成效", "规范行政执法"), ("存在的问题",)]
    assert [p.section for p in found.paragraphs] == ["其他", "成效", "问题"]
    assert found.paragraphs[1].topics[0] == "行政执法"
    assert all((p.title, p.year, p.region) == (document.title, 2023, document.region) for p in found.paragraphs)
    assert skipped == []


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "gb18030"])
@pytest.mark.parametrize("end", ["\r\n", "\r"])
def test_encodings_and_line_ends_change_nothing(tmp_path: Path, encoding: str, end: str) -> None:
    """The same report in another encoding has the same paragraphs."""
    write(tmp_path, a__txt=REPORT, b__txt=REPORT.replace("\n", end).encode(encoding))
    (first, second), _ = read(tmp_path)
    assert [p.text for p in first.paragraphs] == [p.text for p in second.paragraphs]
    assert first.document.title == second.document.title


def test_formats_change_nothing(tmp_path: Path) -> None:
    """The same report as text, Markdown and HTML has the same paragraphs, headings and fields."""
    lines = [line for line in REPORT.split("\n") if line]
    html = "<html><body><h1>{}</h1>{}</body></html>".format(lines[0], "".join(f"<p>{line}</p>" for line in lines[1:]))
    write(tmp_path, a__txt=REPORT, b__md="# " + "\n\n".join(lines), c__html=html)
    documents, _ = read(tmp_path)
    first, *others = documents
    for other in others:
        assert [(p.text, p.path, p.section, p.topics) for p in other.paragraphs] == [
            (p.text, p.path, p.section, p.topics) for p in first.paragraphs
        ]
        assert (other.document.title, other.document.year) == (first.document.title, first.document.year)


def test_front_matter_wins_over_table_wins_over_text(tmp_path: Path) -> None:
    """What a person states counts, the nearer statement more; the rest is detected."""
    table = "file,year,agency,批次,note\nsub/a.md,2020,卫生健康局,一,x\nsub/none.md,2020,,,\n"
    write(tmp_path, metadata__csv=table.encode("gb18030"), sub___metadata__csv="file,批次\na.md,二\n")
    write(tmp_path, sub___a__md="---\nyear: 2019\nnote: y\nsource: 报纸\n---\n" + REPORT.replace("\n", "\n\n"))
    ((found,), skipped) = read(tmp_path)
    document = found.document
    assert (document.year, document.agency, document.region) == (2019, "卫生健康局", ("天津市", "滨海新区"))
    assert document.facets == {"批次": "二", "note": "y"}
    assert all((p.year, p.agency, p.facets) == (2019, "卫生健康局", document.facets) for p in found.paragraphs)
    assert document.warnings[0].startswith("source: '报纸'")
    assert skipped == [Skipped("metadata.csv", "line 3: no file sub/none.md", files=0)]


def test_a_stated_field_is_not_undecided(tmp_path: Path) -> None:
    """Detection's doubts go where somebody stated the answer, and stay where nobody did."""
    write(
        tmp_path,
        a__txt="全面推进工作，成效明显。\n",
        metadata__csv="file,title,district,year\na.txt,题,滨海新区,2023\n",
    )
    ((found,), _) = read(tmp_path)
    fields = {warning.split(" ")[0] for warning in found.document.warnings}
    assert not fields & {"title", "place", "year"}
    assert {"issuer", "agency"} <= fields
    assert (found.document.issuer, found.document.agency) == (None, None)


def test_records(tmp_path: Path) -> None:
    """A record is a document with one paragraph whose id is the document's; it says itself what is known."""
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
    write(tmp_path, a__jsonl="\n".join(json.dumps(line, ensure_ascii=False) for line in lines))
    (first, second), skipped = read(tmp_path)
    (paragraph,) = first.paragraphs
    assert first.document.document == paragraph.id == paragraph.document == "a.jsonl#x1"
    assert (paragraph.n, paragraph.text, paragraph.year) == (1, "天津市东丽区立案129件。", 2022)
    assert (paragraph.region, paragraph.section, paragraph.facets) == (("天津市", "滨海新区"), "计划", {"批次": "一"})
    assert (second.document.document, second.document.region, second.document.warnings) == ("a.jsonl#2", (), ())
    assert second.paragraphs[0].section in SECTIONS
    assert second.paragraphs[0].topics
    assert skipped == [Skipped("a.jsonl", "line 3: the id '2' is that of line 2", files=0)]


def test_exported_paragraphs_can_be_read_again(tmp_path: Path) -> None:
    """Paragraphs written as JSON Lines are a corpus with the same texts, headings, sections, topics and facets."""
    ((found,), _) = read(write(tmp_path / "one", a__txt="---\nmine: v\n---\n" + REPORT))
    lines = [json.dumps(to_json(p), ensure_ascii=False) for p in found.paragraphs]
    again, _ = read(write(tmp_path / "two", a__jsonl="\n".join(lines)))

    def core(read: DocumentRead) -> list[object]:
        return [(p.text, p.number, p.path, p.section, p.topics, p.year, p.region, p.facets) for p in read.paragraphs]

    assert [item for r in again for item in core(r)] == core(found)
    assert all(not r.document.warnings for r in again)


def test_results_survive_json(tmp_path: Path) -> None:
    """Documents and paragraphs come back equal from their JSON."""
    ((found,), _) = read(write(tmp_path, a__txt=REPORT))
    assert document_from_json(json.loads(json.dumps(to_json(found.document)))) == found.document
    assert [paragraph_from_json(json.loads(json.dumps(to_json(p)))) for p in found.paragraphs] == [*found.paragraphs]


def test_work_can_be_shared_among_processes(tmp_path: Path) -> None:
    """What goes to a process comes out as it went in, and file by file gives what the whole gives."""
    table = (
        "file,mine,year,title,province,published,doctype,source\n"
        "a.txt,v,2021,报告,四川省,2024-01-31,work-plan,https://a.example/\nb.jsonl,,never,,,,,\n"
    )
    write(tmp_path, a__txt=REPORT, b__jsonl='{"id":1,"text":"甲"}\nx', metadata__csv=table, c__bin="x")
    (tmp_path / os.fsdecode(b"\xff.txt")).write_text(REPORT, encoding="utf-8")
    listing = list_corpus(tmp_path)
    assert {type(value) for value in listing.stated(listing.documents[1]).fields.values()} == {str, int, tuple}
    assert listing.stated(listing.documents[2]).warnings
    results: list[DocumentRead | Skipped] = [*listing.skipped]
    for found in listing.documents:
        file = decode(encode(File.of(found, listing.stated(found))), File)
        assert (file.found, file.stated) == (found, listing.stated(found))
        read = read_file(file.found, file.stated, Taxonomy.load())
        results += [*read.documents, *read.skipped]
    assert results == [*read_corpus(list_corpus(tmp_path))]
    assert [item.file for item in results if isinstance(item, DocumentRead)] == ["\\xff.txt", "a.txt", "b.jsonl"]


def test_a_document_made_by_hand_is_its_own_file(tmp_path: Path) -> None:
    """A document that was read knows its file, also one of many in a file; one made by hand has its id for it."""
    ((found,), _) = read(write(tmp_path, a__jsonl='{"id":1,"text":"甲"}'))
    assert (found.document.document, found.file) == ("a.jsonl#1", "a.jsonl")
    assert DocumentRead(found.document, found.paragraphs).file == "a.jsonl#1"


def test_a_file_is_known_by_its_content(tmp_path: Path) -> None:
    """The digest of a file is that of its bytes, whether it can be read as a report or not, or why there are none."""
    for name, content in {"a.txt": REPORT.encode(), "b.txt": b"\0", "c.xyz": b"x"}.items():
        (tmp_path / name).write_bytes(content)
        found = CorpusFile(str(tmp_path / name), name, UNKNOWN)
        assert read_file(found, NOTHING, Taxonomy.load()).digest == content_digest(found)
        assert content_digest(found) == hashlib.sha256(content).hexdigest()
    gone = CorpusFile(str(tmp_path / "gone.txt"), "gone.txt", UNKNOWN)
    assert content_digest(gone) == "cannot be read: no such file or directory"
    assert read_file(gone, NOTHING, Taxonomy.load()).digest == content_digest(gone)


def test_what_decides_about_the_reading(monkeypatch: pytest.MonkeyPatch) -> None:
    """Other rules, another version of a library, LibreOffice or none: each shows, and nothing else does."""
    before = reader_fingerprint()
    assert reader_fingerprint() == before
    changes = ((listing, "_RULES", "x"), (listing, "__version__", "x"), (listing, "version", lambda _: "x"))
    for module, name, change in changes:
        with monkeypatch.context() as patched:
            patched.setattr(module, name, change)
            assert reader_fingerprint() != before
    said = set()
    for program in (None, "/usr/bin/soffice"):
        monkeypatch.setattr(doc, "converter", lambda program=program: program)
        said.add(reader_fingerprint())
    assert len(said) == 2


def test_a_mistake_of_ours_costs_one_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An exception that nobody foresaw, in a reader or behind it, skips the file, says where and asks for a report."""
    for n, name in enumerate(("a.txt", "b.txt", "c.md", "d.txt")):
        (tmp_path / name).write_text(REPORT.replace("\n", f"\n立案{n}件。\n", 1), encoding="utf-8")
    outline: Callable[..., object] = corpus.outline

    def fail(body: tuple[object, ...]) -> object:
        if "立案1件" in str(body):
            raise KeyError("body")
        return outline(body)

    def fail_at_once(_data: bytes, _name: str) -> object:
        raise LookupError

    monkeypatch.setattr(corpus, "outline", fail)
    monkeypatch.setattr(markdown, "read", fail_at_once)
    results = [*read_corpus(list_corpus(tmp_path))]
    skipped = {item.path: item.reason for item in results if isinstance(item, Skipped)}
    assert [item.file for item in results if isinstance(item, DocumentRead)] == ["a.txt", "d.txt"]
    for name, error in (("b.txt", "KeyError"), ("c.md", "LookupError")):
        reason = rf"cannot be read, for a mistake in searchkit \({error}, test_corpus\.py line \d+\): please report it"
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
def test_files_that_give_nothing_are_named(tmp_path: Path, content: bytes, reason: str, suffix: str) -> None:
    """Empty and binary files are skipped with a reason, and the others are read."""
    if suffix == "txt" and b"<" in content:
        return
    write(tmp_path, **{f"bad__{suffix}": content})
    write(tmp_path, good__txt=REPORT)
    documents, (skipped,) = read(tmp_path)
    assert [found.document.document for found in documents] == ["good.txt"]
    assert skipped.path == f"bad.{suffix}"
    assert skipped.reason.startswith(reason)


def test_a_file_that_cannot_be_opened_is_named(tmp_path: Path) -> None:
    """A file that went away or may not be read is skipped."""
    (tmp_path / "b.txt").mkdir()
    for name, reason in {"a.txt": "no such file or directory", "b.txt": "is a directory"}.items():
        read = read_file(CorpusFile(str(tmp_path / name), name, UNKNOWN), NOTHING, Taxonomy.load())
        assert (read.documents, read.skipped) == ((), (Skipped(name, f"cannot be read: {reason}"),))


def test_a_damaged_file_is_read_with_a_warning(tmp_path: Path) -> None:
    """The warning says where the damage is."""
    ((found,), _) = read(write(tmp_path, a__txt=REPORT.encode() + b"\xff"))
    assert any("not UTF-8" in warning for warning in found.document.warnings)


def test_folders_that_are_no_corpus(tmp_path: Path) -> None:
    """A missing folder, a file, an empty folder and one without anything readable: one line each, with what to do."""
    write(tmp_path, file__txt="x", pictures___a__jpg="x", bytes___a__txt=b"\x00", empty___x___README__md="x")
    for name, words in {
        "none": "no folder",
        "file.txt": "is not a folder",
        "empty": "holds no files. Put reports there",
        "pictures": "1 file, none of which can be read; *.jpg: no reader",
        "bytes": "1 file, none of which can be read; a.txt: not text",
    }.items():
        with pytest.raises(CorpusError) as caught:
            build(tmp_path / name, tmp_path / "index")
        assert words in str(caught.value)
        assert "\n" not in str(caught.value)


def test_a_bad_taxonomy_is_a_usage_error(tmp_path: Path) -> None:
    """A taxonomy that cannot be read stops the reading; it is the user's argument."""
    write(tmp_path, a__txt=REPORT)
    with pytest.raises(UsageError):
        [*read_corpus(list_corpus(tmp_path), tmp_path / "none.toml")]


def test_a_paragraph_without_end_is_cut_at_sentences(tmp_path: Path) -> None:
    """No paragraph is longer than the limit, cuts are at ends of sentences, nothing is lost."""
    text = "推进依法行政，立案129件。" * 5000
    ((found,), _) = read(write(tmp_path, a__txt=text))
    texts = [p.text for p in found.paragraphs]
    assert "".join(texts) == text
    assert max(map(len, texts)) <= MAX_PARAGRAPH_LENGTH
    assert all(t.endswith("。") for t in texts)


def test_a_paragraph_without_any_mark_is_cut_anyway(tmp_path: Path) -> None:
    """Even a text without punctuation has bounded paragraphs."""
    ((found,), _) = read(write(tmp_path, a__txt="依" * (3 * MAX_PARAGRAPH_LENGTH + 1)))
    assert "".join(p.text for p in found.paragraphs) == "依" * (3 * MAX_PARAGRAPH_LENGTH + 1)
    assert max(len(p.text) for p in found.paragraphs) == MAX_PARAGRAPH_LENGTH


def test_real_reports(shared: Path) -> None:
    """Every real report gives paragraphs in order with sections and topics, and none is skipped."""
    for folder in (shared / "corpus" / "seeds", shared / "corpus" / "gov" / "政府工作报告-国务院"):
        documents, skipped = read(folder)
        assert not skipped
        for found in documents:
            assert [p.n for p in found.paragraphs] == [*range(1, found.document.paragraphs + 1)]
            assert all(p.text.strip() and p.section in SECTIONS and 1 <= len(p.topics) <= 3 for p in found.paragraphs)
