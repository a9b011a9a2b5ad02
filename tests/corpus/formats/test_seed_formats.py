"""Real reports in other formats score like their text files, according to the scorer of the hand-labelled reports."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from html import escape
from pathlib import Path
from types import MappingProxyType

import pytest
import test_ofd
from formats.make import register_font
from test_docx import convert_to_docx
from typesetting import Typesetter
from wordfiles import convert_documents

from searchkit.corpus.formats import doc
from searchkit.corpus.listing import list_corpus
from searchkit.corpus.reading import ParsedDocument, read_corpus
from searchkit.measures.extractor import Extractor
from searchkit.model import Measure, to_json

MAX_LOSS = 0.01
"""Maximum loss of any score compared to the text files."""


@pytest.fixture(scope="module")
def seeds(shared: Path) -> Mapping[str, str]:
    """Return the texts of the hand-labelled reports, by name."""
    if not (shared / "tools" / "score_reports.py").is_file():
        pytest.skip("the scorer of real reports is missing")
    names = [json.loads(path.read_text(encoding="utf-8"))["file"] for path in (shared / "gold").glob("*.json")]
    return {name: (shared / "corpus" / "seeds" / name).read_text(encoding="utf-8") for name in sorted(names)}


@pytest.fixture(scope="module")
def score(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[Mapping[str, bytes]], dict[str, float]]:
    """Return a function `score(files)`, which returns the scores of files in a format, by the name of the score."""
    extractor = Extractor.load()

    def run(files: Mapping[str, bytes]) -> dict[str, float]:
        folder = tmp_path_factory.mktemp("reports")
        for name, data in files.items():
            (folder / name).write_bytes(data)
        command = [sys.executable, str(shared / "tools" / "score_reports.py"), "--gold", str(shared / "gold"), "--json"]
        for kind, lines in export_json_lines(folder, extractor).items():
            target = tmp_path_factory.mktemp("records") / kind
            target.write_text("\n".join(lines), encoding="utf-8")
            command += [f"--{kind}", str(target)]
        completed = subprocess.run(command, capture_output=True, text=True, check=True, encoding="utf-8")
        return {name: float(value) for name, value in json.loads(completed.stdout).items()}

    return run


def export_json_lines(folder: Path, extractor: Extractor) -> dict[str, list[str]]:
    """Return documents, paragraphs and measures of a folder as JSON Lines, with the names of the text files."""
    lines: dict[str, list[str]] = {"documents": [], "paragraphs": [], "measures": []}
    for parsed in read_corpus(list_corpus(folder)):
        assert isinstance(parsed, ParsedDocument), parsed
        measures_by_paragraph = extractor.extract(parsed.paragraphs)
        measures = [
            Measure(measure, p)
            for p, paragraph_measures in zip(parsed.paragraphs, measures_by_paragraph, strict=True)
            for measure in paragraph_measures
        ]
        name = {"document": str(Path(parsed.file).with_suffix(".txt"))}
        exported = {"documents": [parsed.document], "paragraphs": parsed.paragraphs, "measures": measures}
        for kind, records in exported.items():
            lines[kind] += [json.dumps({**to_json(record), **name}, ensure_ascii=False) for record in records]
    return lines


@pytest.fixture(scope="module")
def text_scores(seeds: Mapping[str, str], score: Callable[[Mapping[str, bytes]], dict[str, float]]) -> dict[str, float]:
    """Return the scores of the text files."""
    return score({name: text.encode() for name, text in seeds.items()})


def build_docx(text: str) -> bytes:
    """Return a Word document. List numbers that Word would count in the same way are automatic, not text."""
    return convert_to_docx(text)[0]


def build_page(text: str) -> bytes:
    """Return an HTML page in which each line is a paragraph. The page is in UTF-8, and states another charset."""
    body = "".join(f"<p>&emsp;&emsp;{escape(line.strip())}</p>\n" for line in text.split("\n") if line.strip())
    return f'<html><head><meta charset="gb2312"></head><body><div class="content">{body}</div></body></html>'.encode()


def typesettable_lines(text: str) -> Iterator[str]:
    """Yield the lines that are not blank, with one blank for each run of white space, as the typesetter needs them."""
    return (" ".join(line.split()) for line in text.split("\n") if line.strip())


def build_pdf(text: str) -> bytes:
    """Return a typeset PDF."""
    import test_pdf  # skips the test if a library is missing

    register_font()
    title, *rest = typesettable_lines(text)
    return test_pdf.typeset_pdf(Typesetter(measure=test_pdf.width).pages(rest, title))


def build_ofd(text: str) -> bytes:
    """Return a typeset OFD package."""
    title, *rest = typesettable_lines(text)
    return test_ofd.build_package(test_ofd.typeset_document(Typesetter().pages(rest, title)))


FORMATS: Mapping[str, Callable[[str], bytes]] = MappingProxyType(
    {
        "-gb.txt": lambda text: text.encode("gb18030"),
        ".html": build_page,
        ".docx": build_docx,
        ".ofd": build_ofd,
        ".pdf": build_pdf,
    }
)
"""Suffix → function that returns a report in the format. `-gb.txt` stands for .txt files in GB18030."""


def check_no_loss(scores: Mapping[str, float], text_scores: Mapping[str, float]) -> None:
    """Check that no score is lower than that of the text files by more than `MAX_LOSS`."""
    assert scores.keys() == text_scores.keys()
    lost = {name: (value, scores[name]) for name, value in text_scores.items() if scores[name] < value - MAX_LOSS}
    assert lost == {}, "lower scores: that of the text files, that of the files in this format"


@pytest.mark.parametrize("suffix", FORMATS)
def test_formats_score_as_text(
    suffix: str,
    seeds: Mapping[str, str],
    score: Callable[[Mapping[str, bytes]], dict[str, float]],
    text_scores: Mapping[str, float],
) -> None:
    """No score (of facts, paragraphs, headings, sections, topics, measures) is lower than for text (`MAX_LOSS`)."""
    ending = suffix.removeprefix("-gb")
    check_no_loss(
        score({str(Path(name).with_suffix(ending)): FORMATS[suffix](text) for name, text in seeds.items()}), text_scores
    )


@pytest.mark.skipif(doc.find_libreoffice() is None, reason="LibreOffice is not installed")
@pytest.mark.parametrize("target", ["pdf", "doc:MS Word 97"])
def test_libreoffice_conversions_score_as_text(
    target: str,
    seeds: Mapping[str, str],
    score: Callable[[Mapping[str, bytes]], dict[str, float]],
    text_scores: Mapping[str, float],
    tmp_path: Path,
) -> None:
    """PDF and Word 97 documents that LibreOffice converts from Word documents score like text."""
    suffix = f".{target.partition(':')[0]}"
    names = [str(Path(name).with_suffix(suffix)) for name in seeds]
    converted = convert_documents([*map(build_docx, seeds.values())], ".docx", target, tmp_path)
    check_no_loss(score(dict(zip(names, converted, strict=True))), text_scores)
