"""Cross-word postings: docs whose text contains the characters of a word, but not the word as a token."""

from __future__ import annotations

from pathlib import Path

import pytest

from searchkit.engines.columnar import cross_word
from searchkit.engines.columnar.commit import read_commit
from searchkit.engines.columnar.segment import SegmentReader
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


@pytest.fixture(params=[1, 10_000], ids=["two-character words", "all words"])
def index(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An index of three documents, each with a paragraph for each of `TEXTS`.

    Words of two characters have cross-word postings. A longer word has them if more than 1/`_LONG_WORD_RATIO` of the
    docs have it as a token: none with the ratio 1, every one with 10,000.
    """
    monkeypatch.setattr(cross_word, "_LONG_WORD_RATIO", request.param)
    writer = open_writer("columnar", tmp_path, Analyzer())
    for number in range(3):
        paragraphs = [Paragraph(f"{number}#{n}", str(number), n, text) for n, text in enumerate(TEXTS, 1)]
        document = Document(str(number), paragraphs=len(paragraphs))
        writer.add(document, paragraphs, [()] * len(paragraphs), str(number))
    writer.commit()
    return tmp_path


def test_characters_of_a_word_are_found_anywhere(index: Path) -> None:
    """Substring queries match words, parts of longer words and characters across words."""
    engine = open_engine("columnar", index)
    for word in WORDS:
        response = engine.search(Request(Substring(word), limit=None))
        expected = [f"{document}#{n}" for document in range(3) for n, text in enumerate(TEXTS, 1) if word in text]
        assert [hit.paragraph.id for hit in response.hits] == expected


def test_postings_and_cross_word_postings_partition_the_matches(index: Path) -> None:
    """If a word has cross-word postings, its postings and these are disjoint.

    Together they are all docs whose text contains the word.
    """
    (name,) = read_commit(index).segments
    segment = SegmentReader(index / name)
    postings = cross_word.CrossWordPostings(segment.arrays, segment.size)
    texts = [segment.text[doc_id] for doc_id in range(segment.size)]
    words_with_postings = set()
    for word in WORDS:
        term_ord = segment.postings.ord_of(word)
        cross_word_ids = None if term_ord is None else postings.doc_ids(term_ord)
        if term_ord is not None and cross_word_ids is not None:
            token_ids = set(segment.postings.all_doc_ids(term_ord).tolist())
            assert not token_ids & set(cross_word_ids.tolist())
            assert token_ids | set(cross_word_ids.tolist()) == {n for n, text in enumerate(texts) if word in text}
            words_with_postings.add(word)
    # 法律服务 is not a term: it is segmented as two words. Neither is 政府网, a part of the words 人民政府 and 网站.
    all_words = {"行政", "服务业", "人民政府"}
    assert words_with_postings == ({"行政"} if cross_word._LONG_WORD_RATIO == 1 else all_words)
