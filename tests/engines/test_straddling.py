"""Words whose characters also stand where they are no words."""

from __future__ import annotations

from pathlib import Path

import pytest

from searchkit.engines.columnar import straddling
from searchkit.engines.columnar.commit import read_commit
from searchkit.engines.columnar.segment import Segment
from searchkit.engines.contract import Request
from searchkit.engines.opening import open_engine, open_writer
from searchkit.model import Document, Paragraph
from searchkit.query.tree import Substring
from searchkit.text.analyzer import Analyzer

WORDS = ("法律服务", "服务业", "人民政府", "行政", "政府网")
TEXTS = (
    "提供法律服务",
    "法律服务业务增长",
    "发展服务业",
    "市人民政府",
    "人民政府网站",
    "执行政策",
    "行政执法",
    "法律",
    "",
)


@pytest.fixture(params=[1, 10_000], ids=["words that many have", "all words"])
def index(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Paragraphs indexed; words of two characters have lists, longer ones if that many paragraphs have them."""
    monkeypatch.setattr(straddling, "_MANY", request.param)
    writer = open_writer("columnar", tmp_path, Analyzer())
    for number in range(3):
        paragraphs = [Paragraph(f"{number}#{n}", str(number), n, text) for n, text in enumerate(TEXTS, 1)]
        document = Document(str(number), paragraphs=len(paragraphs))
        writer.add(document, paragraphs, [()] * len(paragraphs), str(number))
    writer.commit()
    return tmp_path


def test_a_word_is_found_wherever_its_characters_stand(index: Path) -> None:
    """As a word, across words and inside of longer words, with lists or without."""
    engine = open_engine("columnar", index)
    for word in WORDS:
        found = engine.search(Request(Substring(word), limit=None))
        expected = [f"{document}#{n}" for document in range(3) for n, text in enumerate(TEXTS, 1) if word in text]
        assert [hit.paragraph.id for hit in found.hits] == expected


def test_lists_hold_what_the_postings_do_not(index: Path) -> None:
    """A list and the postings of its word have nothing in common, and together are all that holds the characters."""
    (name,) = read_commit(index).segments
    segment = Segment(index / name)
    lists = straddling.Straddling(segment.arrays)
    texts = [segment.text[position] for position in range(segment.size)]
    listed = set()
    for word in WORDS:
        term = segment.postings.find(word)
        apart = None if term is None else lists.ids(term)
        if term is not None and apart is not None:
            own = set(segment.postings.holders(term).tolist())
            assert not own & set(apart.tolist())
            assert own | set(apart.tolist()) == {n for n, text in enumerate(texts) if word in text}
            listed.add(word)
    assert listed == ({"行政"} if straddling._MANY == 1 else {"行政", "服务业", "人民政府"})  # 法律服务 is two words
