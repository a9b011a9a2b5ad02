"""Real reports in other formats score as they do as text, by the scorer that goes with the reports read by hand."""

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
from test_docx import as_word
from typesetting import Typesetter
from wordfiles import all_converted

from searchkit.corpus.formats import doc
from searchkit.corpus.listing import list_corpus
from searchkit.corpus.reading import DocumentRead, read_corpus
from searchkit.measures.extractor import Extractor
from searchkit.model import Measure, to_json

MAX_LOST = 0.01
"""Of any measure of the scorer, against text."""


@pytest.fixture(scope="module")
def seeds(shared: Path) -> Mapping[str, str]:
    """Texts of the reports that were read by hand, by name."""
    if not (shared / "tools" / "score_reports.py").is_file():
        pytest.skip("the scorer of real reports is not there")
    names = [json.loads(path.read_text(encoding="utf-8"))["file"] for path in (shared / "gold").glob("*.json")]
    return {name: (shared / "corpus" / "seeds" / name).read_text(encoding="utf-8") for name in sorted(names)}


@pytest.fixture(scope="module")
def score(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[Mapping[str, bytes]], dict[str, float]]:
    """`score(files)`: the measures of the scorer, by name, for reports in a format."""
    extractor = Extractor.load()

    def run(files: Mapping[str, bytes]) -> dict[str, float]:
        folder = tmp_path_factory.mktemp("reports")
        for name, data in files.items():
            (folder / name).write_bytes(data)
        command = [sys.executable, str(shared / "tools" / "score_reports.py"), "--gold", str(shared / "gold"), "--json"]
        for what, lines in exported(folder, extractor).items():
            target = tmp_path_factory.mktemp("records") / what
            target.write_text("\n".join(lines), encoding="utf-8")
            command += [f"--{what}", str(target)]
        done = subprocess.run(command, capture_output=True, text=True, check=True, encoding="utf-8")
        return {name: float(value) for name, value in json.loads(done.stdout).items()}

    return run


def exported(folder: Path, extractor: Extractor) -> dict[str, list[str]]:
    """Documents, paragraphs and measures of a folder as JSON Lines, each under the name of its text file."""
    lines: dict[str, list[str]] = {"documents": [], "paragraphs": [], "measures": []}
    for read in read_corpus(list_corpus(folder)):
        assert isinstance(read, DocumentRead), read
        found = extractor.extract(read.paragraphs)
        measures = [Measure(measure, p) for p, each in zip(read.paragraphs, found, strict=True) for measure in each]
        name = {"document": str(Path(read.file).with_suffix(".txt"))}
        for what, records in (("documents", [read.document]), ("paragraphs", read.paragraphs), ("measures", measures)):
            lines[what] += [json.dumps({**to_json(record), **name}, ensure_ascii=False) for record in records]
    return lines


@pytest.fixture(scope="module")
def as_text(seeds: Mapping[str, str], score: Callable[[Mapping[str, bytes]], dict[str, float]]) -> dict[str, float]:
    """What the text files score."""
    return score({name: text.encode() for name, text in seeds.items()})


def word(text: str) -> bytes:
    """A Word document, most of its numbers those of lists."""
    return as_word(text)[0]


def page(text: str) -> bytes:
    """A page of which every line is an element."""
    body = "".join(f"<p>&emsp;&emsp;{escape(line.strip())}</p>\n" for line in text.split("\n") if line.strip())
    return f'<html><head><meta charset="gb2312"></head><body><div class="content">{body}</div></body></html>'.encode()


def lines_of(text: str) -> Iterator[str]:
    """Lines that can be set: without tabs and runs of blanks."""
    return (" ".join(line.split()) for line in text.split("\n") if line.strip())


def pdf(text: str) -> bytes:
    """A PDF of set pages."""
    import test_pdf  # which skips the test where a library is missing

    register_font()
    title, *rest = lines_of(text)
    return test_pdf.printed(Typesetter(measure=test_pdf.width).pages(rest, title))


def ofd(text: str) -> bytes:
    """An OFD package of set pages."""
    title, *rest = lines_of(text)
    return test_ofd.package(test_ofd.printed(Typesetter().pages(rest, title)))


FORMATS: Mapping[str, Callable[[str], bytes]] = MappingProxyType(
    {"-gb.txt": lambda text: text.encode("gb18030"), ".html": page, ".docx": word, ".ofd": ofd, ".pdf": pdf}
)


def hold(found: Mapping[str, float], as_text: Mapping[str, float]) -> None:
    """Check that nothing is lost."""
    assert found.keys() == as_text.keys()
    lost = {name: (value, found[name]) for name, value in as_text.items() if found[name] < value - MAX_LOST}
    assert lost == {}, "as text, in this format"


@pytest.mark.parametrize("suffix", FORMATS)
def test_formats_score_as_text(
    suffix: str,
    seeds: Mapping[str, str],
    score: Callable[[Mapping[str, bytes]], dict[str, float]],
    as_text: Mapping[str, float],
) -> None:
    """Facts, paragraphs, headings, sections, topics and measures of real reports are found as well as in text."""
    ending = suffix.removeprefix("-gb")
    hold(score({str(Path(name).with_suffix(ending)): FORMATS[suffix](text) for name, text in seeds.items()}), as_text)


@pytest.mark.skipif(doc.converter() is None, reason="LibreOffice is not installed")
@pytest.mark.parametrize("target", ["pdf", "doc:MS Word 97"])
def test_what_libreoffice_makes_scores_as_text(
    target: str,
    seeds: Mapping[str, str],
    score: Callable[[Mapping[str, bytes]], dict[str, float]],
    as_text: Mapping[str, float],
    tmp_path: Path,
) -> None:
    """PDF and Word 97 documents that LibreOffice makes of Word documents are read as well as text."""
    suffix = f".{target.partition(':')[0]}"
    names = [str(Path(name).with_suffix(suffix)) for name in seeds]
    made = all_converted([*map(word, seeds.values())], ".docx", target, tmp_path)
    hold(score(dict(zip(names, made, strict=True))), as_text)
