"""What is particular to the columnar engine: its kernels against slow twins, its segments, its files."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from counting import Counting
from hypothesis import given
from hypothesis import strategies as st

from searchkit.corpus.reading import DocumentRead
from searchkit.engines.columnar import arrays, bigrams, building, postings, scoring, text, writer
from searchkit.engines.columnar.arrays import ArrayFile, write_arrays
from searchkit.engines.columnar.collection import IMPACTS, Collection
from searchkit.engines.columnar.docsets import DocSet
from searchkit.engines.columnar.engine import ColumnarEngine
from searchkit.engines.columnar.matching.strings import LabelMatcher, StringMatcher
from searchkit.engines.columnar.measures import MeasureBuilder, SegmentMeasures, measure_arrays, measures_problem
from searchkit.engines.columnar.text import Text, narrow_code_points, text_arrays
from searchkit.engines.contract import Engine, MeasureRequest, Request
from searchkit.engines.opening import open_writer
from searchkit.engines.ranking import count_all_grams
from searchkit.errors import IndexDamaged
from searchkit.index import Index
from searchkit.indexing.build import BuildOptions, write_index
from searchkit.model import Document, ExtractedMeasure, Measure, Paragraph
from searchkit.query.tree import Everything, Node, Not, Or, ScoringClause, Substring, Word
from searchkit.text.analyzer import Analyzer
from searchkit.text.folding import fold

Report = Callable[..., DocumentRead]
QUERIES = ("执法", "“检查执法”", "执 OR 查", "3件", "13件 -罚", "ab*", "*", "heading:二", "title:报告 检查")
CHARACTERS = "执法一二ａA1３,.件，。\n"


@pytest.fixture
def documents(report: Report) -> list[DocumentRead]:
    """Twenty documents of one to nine paragraphs that share words, strings and numbers."""
    texts = ("执法检查3件", "检查执法13件，罚款", "ab abc 执法", "查处，三件。", "罚没款1.5万元")
    reads = [report(f"{n:02d}.txt", *(texts[(n * k) % 5] for k in range(1 + n % 9))) for n in range(20)]
    return list(map(counted, reads))


def counted(read: DocumentRead) -> DocumentRead:
    """The document with its measures."""
    measures = Counting().extract(read.paragraphs)
    return replace(read, document=replace(read.document, measures=sum(map(len, measures))), measures=measures)


def measures_of(reads: Iterable[DocumentRead]) -> list[Measure]:
    """All measures in corpus order."""
    return [
        Measure(measure, paragraph)
        for read in reads
        for paragraph, own in zip(read.paragraphs, read.measures or (), strict=True)
        for measure in own
    ]


def selected(engine: Engine, query: Node | None = None, **options: Any) -> tuple[list[Measure], list[float], list[str]]:  # noqa: ANN401
    """The measures that an engine selects, with score and indicator of each."""
    wanted = (ScoringClause("执法", ("执法",)), ScoringClause("检查", ("检查",), 0.3))
    measures = engine.measure_columns(MeasureRequest(query or Everything(), wanted, **options))
    indicators = [measures.indicators[number] for number in measures.indicator_of.tolist()]
    return measures.fetch(range(len(indicators))), measures.scores.tolist(), indicators


def assert_same_answers(one: Index, other: Index) -> None:
    """Two indexes hold the same records in the same order and answer alike, to the last bit of each score."""
    assert list(other.documents()) == list(one.documents())
    assert list(other.paragraphs()) == list(one.paragraphs())
    for paragraph in one.paragraphs():
        assert other.paragraph(paragraph.id) == paragraph
    for query in QUERIES:
        for options in ({}, {"group": "document"}, {"sort": "-document"}, {"offset": 3, "limit": 5}):
            ours, theirs = (index.search(query, facets=["document", "year"], **options) for index in (other, one))  # type: ignore[arg-type]
            assert (ours.total, ours.facets, ours.documents) == (theirs.total, theirs.facets, theirs.documents)
            assert [(hit.id, hit.score) for hit in ours.hits] == [(hit.id, hit.score) for hit in theirs.hits]
    for query in (Everything(), Substring("执法"), Not(Substring("罚"))):
        for options in ({}, {"unit": "件"}, {"minimum": 3, "maximum": 13}):
            ours, theirs = (selected(index._snapshot._engine, query, **options) for index in (other, one))
            assert ours == theirs
    ids = [paragraph.id for paragraph in one.paragraphs()]
    assert other._snapshot._engine.measures(ids) == one._snapshot._engine.measures(ids)


# segments


@pytest.mark.parametrize(("limit", "size"), [("MAX_PARAGRAPHS", 7), ("MAX_PARAGRAPHS", 40), ("MAX_CHARACTERS", 50)])
def test_segments_change_nothing(
    limit: str, size: int, documents: list[DocumentRead], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Many small segments, some with part of a document, answer as one large one."""
    write_index(documents, tmp_path / "one", BuildOptions("columnar"))
    monkeypatch.setattr(writer, limit, size)
    write_index(documents, tmp_path / "many", BuildOptions("columnar"))
    assert len(list((tmp_path / "many").glob("data-*/*.segment"))) > 1
    with Index(tmp_path / "one") as one, Index(tmp_path / "many") as many:
        many.check()
        assert_same_answers(one, many)


def written(documents: Sequence[DocumentRead], folder: Path) -> dict[str, bytes]:
    """The files that a writer makes of documents, by name."""
    folder.mkdir()
    writing = open_writer("columnar", folder, Analyzer())
    for read in documents:
        writing.add(read.document, read.paragraphs, read.measures or (), read.file)
    writing.commit()
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_pieces_change_nothing(documents: list[DocumentRead], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However little of a segment is worked on at a time, its file is the same."""
    whole = written(documents, tmp_path / "whole")
    for module in (arrays, bigrams, building, postings, text):
        monkeypatch.setattr(
            module, "blocks", lambda length, _=0: (slice(n, min(n + 7, length)) for n in range(0, length, 7))
        )
    monkeypatch.setattr(bigrams, "_MIN_COUNT", 1)
    assert written(documents, tmp_path / "pieces") == whole


def in_steps(documents: Sequence[DocumentRead], folder: Path) -> Path:
    """Add documents to an index one after the other, each in a commit of its own, and every third one twice."""
    base: Path | None = None
    for step, read in enumerate(documents):
        for attempt in range(2 if step % 3 == 0 else 1):
            data = folder / f"{step:03d}-{attempt}"
            data.mkdir(parents=True)
            writing = open_writer("columnar", data, Analyzer(), base)
            writing.remove([read.file])
            writing.add(read.document, read.paragraphs, read.measures or (), read.file)
            writing.commit()
            base = data
    assert base is not None
    return base


def test_small_segments_are_merged(documents: list[DocumentRead], tmp_path: Path) -> None:
    """However many commits there were, few segments remain, and nothing of what was replaced."""
    last = in_steps(documents, tmp_path)
    engine = ColumnarEngine(last)
    engine.check()
    assert len(list(last.glob("*.segment"))) < 2 * writer.FAN_IN
    assert [document.document for document in engine.documents()] == [read.document.document for read in documents]
    assert list(engine.paragraphs()) == [paragraph for read in documents for paragraph in read.paragraphs]
    measures, scores, indicators = selected(engine)
    assert measures == measures_of(documents)
    assert indicators == [item.indicator for item in measures]
    write_index(documents, tmp_path / "fresh", BuildOptions("columnar"))
    with Index(tmp_path / "fresh") as fresh:
        assert selected(fresh._snapshot._engine) == (measures, scores, indicators)


def test_other_indexes_keep_their_files(documents: list[DocumentRead], tmp_path: Path) -> None:
    """What a later commit takes over or merges stays as it was for the one before."""
    in_steps(documents[:9], tmp_path)
    for data in sorted(tmp_path.iterdir()):
        engine = ColumnarEngine(data)
        engine.check()
        count = int(data.name[:3]) + 1
        assert len(list(engine.documents())) == count, data.name
        assert selected(engine)[0] == measures_of(documents[:count])


def test_parts_are_absorbed(documents: list[DocumentRead], tmp_path: Path) -> None:
    """What several writers made is one index, in the order of the files whatever the order of the parts."""
    for name, some in (("b", documents[10:]), ("a", documents[:10])):
        (tmp_path / name).mkdir()
        part = open_writer("columnar", tmp_path / name, Analyzer())
        for read in some:
            part.add(read.document, read.paragraphs, read.measures or (), read.file)
        part.commit()
    (tmp_path / "whole").mkdir()
    whole = open_writer("columnar", tmp_path / "whole", Analyzer())
    whole.add_index(tmp_path / "b")
    whole.add_index(tmp_path / "a")
    whole.commit()
    engine = ColumnarEngine(tmp_path / "whole")
    engine.check()
    assert list(engine.documents()) == [read.document for read in documents]
    assert selected(engine)[0] == measures_of(documents)


# measures


def test_measures_are_read_when_asked_for(documents: list[DocumentRead], tmp_path: Path) -> None:
    """A search and a paragraph read nothing of the measures; nor does a look-up that nothing matches."""
    engine = ColumnarEngine(in_steps(documents, tmp_path))
    read: set[str] = set()
    for segment in engine._collection.segments:
        segment.arrays = segment.arrays.__class__(segment.path)
        read_from = segment.arrays._mapped
        segment.arrays._mapped = lambda name, mapped=read_from: (read.add(name), mapped(name))[1]  # type: ignore[method-assign,misc]
    engine.search(Request(Substring("执法")))
    engine.paragraph("00.txt#1")
    assert not selected(engine, Substring("没有"))[0]
    assert read
    assert not {name for name in read if name.startswith(("measure", "indicator", "traits"))}
    assert selected(engine, Substring("执法"))[0]
    assert {name for name in read if name.startswith("measure")}


BROKEN = {
    "a measure stands on no words of its paragraph": {"length": [2, 9]},
    "the measures of a paragraph are not in order": {"start": [3, 3]},
    "a measure is a part of none": {"part_of": [0, 2]},
    "the value of a measure is no number": {"value": [math.inf, 1]},
}


@pytest.mark.parametrize("problem", [None, *BROKEN])
def test_problems_of_measures(problem: str | None) -> None:
    """What contradicts itself in the measures of a segment is named; what does not is none."""
    measures = [
        ExtractedMeasure("a", 1, None, 1, None, start=0, end=2),
        ExtractedMeasure("b", 1, None, 1, None, start=3, end=5, part_of=0),
    ]
    builder = MeasureBuilder()
    builder.extend([measures, [], [replace(measures[0], part_of=None)]])
    columns = builder.columns()
    for name, values in BROKEN.get(problem or "", {}).items():
        getattr(columns, name)[:2] = values
    assert measures_problem(columns, np.array([5, 0, 2])) == problem


@pytest.mark.parametrize("at", [[0, 2, 1, 3], [0, 1, 2, 9], [1, 1, 2, 3]])
def test_measures_that_are_not_there(tmp_path: Path, at: list[int]) -> None:
    """Paragraphs that claim measures which are not there, or those of others, are damage and not a list of billions."""
    builder = MeasureBuilder()
    builder.extend([[ExtractedMeasure("a", 1, None, 1, None)]] * 3)
    arrays = {**measure_arrays(builder.columns()), "measure_at": np.array(at, np.uint64)}
    write_arrays(tmp_path / "file", arrays)
    measures = SegmentMeasures(ArrayFile(tmp_path / "file"))
    for use in (
        lambda: measures.of_paragraph(1),
        lambda: measures.selected(DocSet.of_mask(np.ones(3, bool)), MeasureRequest(Everything())),
    ):
        with pytest.raises(ValueError, match="other measures than there are"):
            use()


# text


def opened(texts: Sequence[str]) -> Text:
    """Give the text of paragraphs as a segment has it."""
    lengths = np.array([len(text) for text in texts], np.int64)
    return Text(text_arrays(narrow_code_points("".join(texts)), lengths)[0])


@given(
    st.lists(st.text(CHARACTERS), min_size=1, max_size=12),
    st.lists(st.text(CHARACTERS, min_size=1, max_size=4).map(fold), min_size=1, max_size=8),
    st.fixed_dictionaries({"whole_numbers": st.booleans()}),
    st.sampled_from([64, 0]),
)
def test_strings_are_found_as_by_a_scan(
    texts: list[str], strings: list[str], kind: dict[str, bool], most_with_mark: int
) -> None:
    """A string is found in exactly the paragraphs whose folded text holds it, listed or not; texts come back."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bigrams, "MAX_WITH_MARK", most_with_mark)
        text = opened(texts)
    assert [text[number] for number in range(len(texts))] == texts
    for string in strings:
        node = Substring(string, **kind)
        expected = [number for number, own in enumerate(texts) if any(True for _ in node.find(fold(own)))]
        assert StringMatcher(text).match(node).tolist() == expected, string


@given(
    st.lists(st.text(CHARACTERS, max_size=6), max_size=8),
    st.lists(st.text(CHARACTERS, min_size=1, max_size=3).map(fold), min_size=1, max_size=8),
    st.booleans(),
)
def test_labels_are_found_as_by_a_scan(texts: list[str], strings: list[str], whole_numbers: bool) -> None:  # noqa: FBT001
    """Searched as one text, headings hold what each of them holds: nothing is found across two of them."""
    labels = LabelMatcher(texts)
    for string in strings:
        node = Substring(string, "heading", whole_numbers)
        expected = [number for number, own in enumerate(texts) if any(True for _ in node.find(fold(own)))]
        assert labels.match(node).tolist() == expected, string
    assert labels.match(Substring("\0", "heading")).tolist() == []


def test_a_token_is_no_string(report: Report, tmp_path: Path) -> None:
    """A number's token of two characters (0件 of 零件) is not taken for a string of the text."""
    write_index([report("a.txt", "零件", "10件")], tmp_path, BuildOptions("columnar"))
    write_index([report("b.txt", "零件")], tmp_path / "other", BuildOptions("columnar"))
    with Index(tmp_path) as index, Index(tmp_path / "other") as other:
        assert [hit.id for hit in index.search("“0件”").hits] == ["a.txt#2"]
        assert other.search("“0件”").total == 0


@given(st.lists(st.tuples(st.integers(1, 6), st.integers(1, 6)), unique=True), st.data())
def test_pairs_without_lists_have_neighbours_with_them(words: list[tuple[int, int]], data: st.DataObject) -> None:
    """Words without lists are frequent, the most frequent one among them, and no two of them make three characters."""
    codes = np.array(sorted(words), np.int64).reshape(-1, 2)
    counts = np.array(data.draw(st.lists(st.integers(0, 9), min_size=len(words), max_size=len(words))), np.int64)
    paragraphs = 3 * bigrams.UNLISTED
    without = ~bigrams.need_lists(codes, counts, paragraphs)
    assert (counts[without] > 3).all()
    pairs = codes[without].tolist()
    assert not any(second == first for _, second in pairs for first, _ in pairs)
    if (codes[:, 0] != codes[:, 1]).all() and counts.max(initial=0) > 3:
        assert counts[without].max() == counts.max()


def test_strings_without_lists_are_found(report: Report, tmp_path: Path) -> None:
    """A frequent word of two characters has no list, and is found alone, in longer strings and beside marks."""
    texts = ["行政执法", "执行政策", "依法行政，", "行政", "市行政", "行政事", "政行"] * 3
    write_index([report("a.txt", *texts)], tmp_path, BuildOptions("columnar"))
    with Index(tmp_path) as index:
        segment = index._snapshot._engine._collection.segments[0]  # type: ignore[attr-defined]
        number = segment.text.bigrams.find(*segment.text.codes_of("行政"))
        assert segment.text.bigrams.size(number) == 0
        for string in ("行政", "行政执", "法行政", "市行政", "执行政策", "行政，", "政行"):
            assert index.search(f"“{string}”").total == sum(string in own for own in texts), string


def test_offsets_far_apart_and_rare_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lists are right where gaps and offsets do not fit 16 bits, stored in either way."""
    texts = ["件" * 70_000 + "执法" + "件" * 140_000 + "执法", "法执法", *["执法"] * 30, "件法" * 9]
    joined = "\0".join(texts)
    for common in (1, 1000):
        monkeypatch.setattr(bigrams, "_common", lambda _, least=common: least)
        text = opened(texts)
        for string in ("执法", "法执", "件法", "件执法件", "法件"):
            expected = [number for number, own in enumerate(texts) if string in own]
            assert StringMatcher(text).match(Substring(string)).tolist() == expected
    assert "法件" in joined


@given(st.lists(st.text(CHARACTERS), min_size=1, max_size=9), st.lists(st.text(CHARACTERS, min_size=1, max_size=1)))
def test_gram_frequencies_are_counts(texts: list[str], singles: list[str]) -> None:
    """Document frequencies of characters and bigrams equal a count, those of what does not occur are 0."""
    text, folded = opened(texts), [fold(own) for own in texts]
    grams = [fold(single) for single in singles] + ["没"]
    assert text.gram_dfs(grams).tolist() == [sum(gram in own for own in folded) for gram in grams]
    pairs = [first + second for first, second in pairwise(grams)]
    assert text.gram_dfs(pairs).tolist() == [sum(pair in own for own in folded) for pair in pairs]


@given(st.lists(st.text(st.characters(), max_size=5), min_size=1, max_size=9))
def test_texts_come_back(texts: list[str]) -> None:
    """Any characters come back: those that take more than 16 bits, those of no text, and halves of such."""
    stored = opened(texts)
    assert [stored[number] for number in range(len(texts))] == texts


@given(st.lists(st.text(CHARACTERS + "𠀀 Ⅻ"), min_size=1, max_size=9))
def test_gram_lengths(texts: list[str]) -> None:
    """How many grams a paragraph has is what ranking says."""
    lengths = np.array([len(text) for text in texts], np.int64)
    made, _ = text_arrays(narrow_code_points("".join(texts)), lengths)
    for name, size in (("character_count", 1), ("bigram_count", 2)):
        assert made[name].tolist() == [count_all_grams(fold(text), size) for text in texts]


def test_more_characters_than_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the keys of an enormous alphabet leave no room for offsets, the lists are the same."""
    texts = ["执法检查", "检查执法", "法检"]
    expected, _ = text_arrays(narrow_code_points("".join(texts)), np.array([4, 4, 2]))
    monkeypatch.setattr(bigrams, "key_bits", lambda count: 31 if count < 12 else 4)
    wide, _ = text_arrays(narrow_code_points("".join(texts)), np.array([4, 4, 2]))
    assert wide["bigrams"].dtype == np.uint64
    for name in ("bigram_at", "bigram_df", "bigram_offsets", "character_df"):
        assert wide[name].tolist() == expected[name].tolist()


# words


def test_postings_are_those_of_the_pairs(tmp_path: Path) -> None:
    """Lists and rows give ids, frequencies (the high ones too) and places in text or outside as they went in."""
    size, chance = 200, np.random.default_rng(7)
    terms = ["很常见", "常见", "少见", "一次", "\x01题", "\x02标"]
    held: dict[tuple[int, int], tuple[int, bool]] = {}
    for number, share in enumerate((1.0, 0.5, 0.2, 0.0, 0.1, 0.1)):
        for holder in np.flatnonzero(chance.random(size) < share).tolist() or [5]:
            held[number, holder] = (
                int(chance.choice([1, 2, 14, 15, 127, 128, 255, 256, 70_000])),
                bool(chance.integers(2)),
            )
    columns = [np.array(column) for column in zip(*((*key, *value) for key, value in held.items()), strict=True)]
    lists = postings.posting_lists(terms, [postings.Pairs(*columns)])
    write_arrays(tmp_path / "file", postings.posting_arrays(lists, size))
    opened_postings = postings.Postings(ArrayFile(tmp_path / "file"), size)
    assert len(opened_postings) == len(terms)
    assert opened_postings.find("常") is None
    assert opened_postings.find("很常见的") is None
    for number, term in enumerate(terms):
        own = {holder: value for (of, holder), value in held.items() if of == number}
        found = opened_postings.find(term)
        assert found is not None
        assert opened_postings.term(found) == term
        assert opened_postings.df(found) == len(own)
        assert sorted(opened_postings.holders(found).tolist()) == sorted(own)
        in_text = opened_postings.owners(found) if term[0] < " " else opened_postings.in_text(found).ids
        assert in_text.tolist() == sorted(holder for holder, (_, is_in_text) in own.items() if is_in_text)
        row = np.zeros(size, np.uint8)
        opened_postings.fill(found, row)
        frequencies = (row & (postings.IN_TEXT - 1)).astype(np.int64)
        ids, high = opened_postings.heavy(found)
        frequencies[ids] = high
        assert frequencies.tolist() == [own.get(holder, (0, False))[0] for holder in range(size)]
    pairs = opened_postings.pairs()
    back = {
        (terms.index(opened_postings.term(term)), holder): (tf, in_text)
        for term, holder, tf, in_text in zip(*(getattr(pairs, name).tolist() for name in pairs.__slots__), strict=True)
    }
    assert back == held


def test_terms_of_all_segments_are_those_of_each(tmp_path: Path) -> None:
    """Terms that are lists, rows or both, with frequencies beyond a byte, deleted holders, or missing: as counted."""
    sizes, chance = (300, 40, 700), np.random.default_rng(5)
    starts = [0, 300, 340, 1040]
    live = chance.random(1040) < 0.8
    shares = {"处处": (0.9, 0.9, 0.9), "时有": (0.1, 0.6, 0.1), "偶尔": (0.01, 0.05, 0.01), "一处": (0.0, 0.1, 0.0)}
    tf, in_text = np.zeros((4, 1040), np.int64), np.zeros((4, 1040), bool)
    opened_segments = []
    for place, (size, start) in enumerate(zip(sizes, starts, strict=False)):
        columns: list[list[int]] = [[], [], [], []]
        for number, term in enumerate(shares):
            for holder in np.flatnonzero(chance.random(size) < shares[term][place]).tolist():
                most = 300 if number == 0 and place == 1 else 20
                own = (number, holder, int(chance.integers(1, most)), bool(chance.integers(2)))
                tf[number, start + holder], in_text[number, start + holder] = own[2:]
                for column, value in zip(columns, own, strict=True):
                    column.append(value)
        pairs = postings.Pairs(*(np.array(column, kind) for column, kind in zip(columns, "lll?", strict=True)))
        lists = postings.posting_lists(list(shares), [pairs])
        write_arrays(tmp_path / str(place), postings.posting_arrays(lists, size))
        opened_segments.append(postings.Postings(ArrayFile(tmp_path / str(place)), size))
    terms = postings.Terms(opened_segments, starts, live)
    some = np.array([0, 5, 299, 300, 339, 340, 341, 1039])
    for number, term in enumerate(shares):
        assert terms.df(term) == np.count_nonzero(tf[number] * live)
        assert terms.in_text(term).ids.tolist() == np.flatnonzero(in_text[number]).tolist()
        assert terms.frequencies(term, slice(290, 350)).tolist() == tf[number, 290:350].tolist()
        assert terms.frequencies(term, some).tolist() == tf[number, some].tolist()
        holders = terms.holders(term)
        assert (holders is None) == (number < 2)
        if holders is not None:
            assert sorted(holders.tolist()) == np.flatnonzero(tf[number]).tolist()
    assert (terms.df("没有"), len(terms.in_text("没有")), terms.frequencies("没有", some).any()) == (0, 0, False)


# scores and counts


@pytest.fixture(scope="module")
def mixed(tmp_path_factory: pytest.TempPathFactory) -> Collection:
    """Eight hundred paragraphs of one to forty words, some in most of them, some in few, in three segments."""
    words = {"执法": 0.6, "检查": 0.3, "企业": 0.2, "处罚": 0.02, "听证": 0.015, "罚款": 0.02}
    chance = np.random.default_rng(3)
    folder = tmp_path_factory.mktemp("mixed")
    writing = open_writer("columnar", folder, Analyzer())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(writer, "MAX_PARAGRAPHS", 300)
        for number in range(80):
            made = [
                [word * int(chance.geometric(0.4)) for word, share in words.items() if chance.random() < share]
                for _ in range(10)
            ]
            texts = ["".join(some) + "的" * int(chance.integers(1, 30)) for some in made]
            name = f"{number:02d}.txt"
            paragraphs = [Paragraph(f"{name}#{n}", name, n, text) for n, text in enumerate(texts, 1)]
            writing.add(Document(name), paragraphs, [()] * len(paragraphs), name)
        writing.commit()
    return Collection(folder)


@pytest.mark.parametrize("few", [20, 4096])
@pytest.mark.parametrize("weight", [0.0, 0.05, 1.0, 3.0])
@pytest.mark.parametrize(
    "terms", ["执法", "执法 检查", "处罚 执法", "听证 处罚 执法", "罚款 听证 处罚 检查 企业", "处罚 听证", "没有"]
)
def test_the_best_are_the_best(
    terms: str, weight: float, few: int, mixed: Collection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Many matches or few, a mask or a list, words rare or not: the best are those of sorting all scores."""
    monkeypatch.setattr(scoring, "RESCORED", 7)
    monkeypatch.setattr(scoring, "_FEW", few)
    monkeypatch.setattr(scoring, "_PIECE", 2 * few)
    first, *others = terms.split()
    wanted = [ScoringClause(first, (first,), weight), *(ScoringClause(term, (term,)) for term in others)]
    scorer = scoring.Scorer(mixed, wanted)
    for node in (Everything(), Word("执法"), Or(tuple(map(Word, terms.split()))), Not(Word("检查"))):
        found = mixed.matcher.match(node)
        positions = found.ids
        scores = scorer.all(positions)
        expected = sorted(zip((-scores).tolist(), positions.tolist(), strict=True))[:7]
        for way in (found, DocSet.of_ids(positions, found.size)):
            best, own = scorer.best(way)
            assert sorted(zip((-own).tolist(), best.tolist(), strict=True)) == expected


def test_bounds_are_not_exceeded(report: Report, tmp_path: Path) -> None:
    """An impact is the share of a word's weight that a paragraph reaches, rounded up by less than one."""
    texts = ["执法" * (1 + n * n) + "的" * (n % 7) for n in range(12)]
    write_index([report("a.txt", *texts, title="检查")], tmp_path / "index", BuildOptions("columnar"))
    with Index(tmp_path / "index") as index:
        collection = Collection(tmp_path / "index" / index.manifest.data)
        for term in ("执法", "检查", "没有"):
            tf = collection.terms.frequencies(term, slice(0, 12)).astype(float)
            share = tf / (tf + collection.norms(np.arange(12))) * IMPACTS
            impact = collection.impact(term)
            assert ((share <= impact) & (impact < share + 1.001)).all()


def test_counts_of_documents_are_counts(report: Report, tmp_path: Path) -> None:
    """Facets of a mask, or of positions, are those of a recount, at every boundary of documents and of 64 bits."""
    sizes = [1, 62, 1, 1, 63, 64, 65, 3, 127, 128, 2]
    reads = [
        report(f"{n:02d}.txt", *["罚款" if k % 24 == 5 else "执法" if k % 3 else "检查" for k in range(size)])
        for n, size in enumerate(sizes)
    ]
    write_index(reads, tmp_path / "index", BuildOptions("columnar"))
    with Index(tmp_path / "index") as index:
        for query, word in (("执法", "执法"), ("检查", "检查"), ("*", ""), ("罚款 -没有", "罚款")):
            counted = {v.value: v.count for v in index.search(query, facets=["document"]).facets["document"].values}
            expected = Counter(p.document for read in reads for p in read.paragraphs if word in p.text)
            assert counted == dict(expected)


# files


def test_arrays_come_back(tmp_path: Path) -> None:
    """Arrays are read as they were written, empty ones too, and cannot be changed."""
    written = {"a": np.arange(5, dtype=np.uint16), "b": np.empty(0, np.uint8), "c": np.array([2**63], np.uint64)}
    write_arrays(tmp_path / "file", written)
    read = ArrayFile(tmp_path / "file")
    for name, array in written.items():
        assert name in read
        assert (read[name].dtype, read[name].tolist()) == (array.dtype, array.tolist())
    with pytest.raises(ValueError, match="read-only"):
        read["a"][0] = 1
    with pytest.raises(IndexDamaged, match="file"):
        read["d"]


@pytest.mark.parametrize("array", [np.array([1.5]), np.array([["x"]]), np.zeros((2, 2), np.uint8), np.array([None])])
def test_only_plain_numbers_are_stored(array: np.ndarray, tmp_path: Path) -> None:  # type: ignore[type-arg]
    """Nothing but one-dimensional unsigned integers gets into a file, so nothing else can come out."""
    with pytest.raises(ValueError, match="cannot be stored"):
        write_arrays(tmp_path / "file", {"x": array})


MAGIC = b"skarray3"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        MAGIC,
        b"not this" + bytes(100),
        MAGIC + (10**12).to_bytes(8, "little") + bytes(100),
        MAGIC + (2).to_bytes(8, "little") + b"[]" + bytes(100),
        MAGIC + (27).to_bytes(8, "little") + b'{"a": ["<u4", 99999, 0, 0]}' + bytes(100),
        MAGIC + (20).to_bytes(8, "little") + b'{"a": ["|O", 1, 0, 0]} ' + bytes(100),
        MAGIC + (20).to_bytes(8, "little") + b'{"a": ["<u4",-1, 0, 0]}' + bytes(100),
        MAGIC + (20).to_bytes(8, "little") + b'{"a": 1234567890123}' + bytes(100),
    ],
    ids=range(9),
)
def test_other_files_are_damage(data: bytes, tmp_path: Path) -> None:
    """A file that no writer of ours left is refused by name, whatever its header claims."""
    (tmp_path / "file").write_bytes(data)
    with pytest.raises(IndexDamaged, match="file"):
        ArrayFile(tmp_path / "file")["a"]


@given(st.lists(st.integers(0, 2**63 - 1)))
def test_narrow_keeps_values(values: list[int]) -> None:
    """Numbers are the same in the narrowest type that holds them, and no narrower one would do."""
    array = arrays.narrow(np.array(values, np.int64))
    assert array.tolist() == values
    assert array.itemsize == 1 or max(values) >= 1 << (4 * array.itemsize)
