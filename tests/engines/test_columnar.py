"""The columnar engine: its functions on arrays compared with simple implementations, its segments, and its files."""

from __future__ import annotations

import errno
import math
import os
import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from counting import NumberExtractor
from hypothesis import given, settings
from hypothesis import strategies as st
from xxhash import xxh3_64_digest

from searchkit.corpus.reading import ParsedDocument
from searchkit.engines.columnar import arrays, bigrams, building, faceting, postings, scoring, text, writer
from searchkit.engines.columnar.arrays import ArrayFile, MemoryArrays, write_arrays
from searchkit.engines.columnar.docsets import DocSet
from searchkit.engines.columnar.engine import ColumnarEngine
from searchkit.engines.columnar.faceting import FacetCollector
from searchkit.engines.columnar.matching import strings
from searchkit.engines.columnar.matching.strings import HeadingMatcher, StringMatcher
from searchkit.engines.columnar.measures import MeasureBuilder, SegmentMeasures, find_measure_problem, measure_arrays
from searchkit.engines.columnar.reader import MAX_IMPACT, IndexReader
from searchkit.engines.columnar.tables import TableBuilder, find_table_problem
from searchkit.engines.columnar.text import SegmentText, narrow_code_points, text_arrays
from searchkit.engines.contract import Engine, MeasureRequest, Request
from searchkit.engines.opening import open_writer
from searchkit.engines.ranking import count_all_grams
from searchkit.errors import IndexDamaged
from searchkit.index import Index
from searchkit.indexing.build import BuildOptions, write_index
from searchkit.model import Cell, Document, ExtractedMeasure, Measure, Paragraph, Table, TableCell
from searchkit.query.facets import Facet, facet_values
from searchkit.query.tree import And, Everything, Node, Not, Or, ScoringClause, Substring, Word
from searchkit.text.analyzer import Analyzer
from searchkit.text.folding import fold

Report = Callable[..., ParsedDocument]
QUERIES = ("执法", "“检查执法”", "执 OR 查", "3件", "13件 -罚", "ab*", "*", "heading:二", "title:报告 检查")
CHARACTERS = "执法一二ａA1３,.件，。\n"


@pytest.fixture
def documents(report: Report) -> list[ParsedDocument]:
    """Twenty documents of one to nine paragraphs that share words, strings and numbers."""
    texts = ("执法检查3件", "检查执法13件，罚款", "ab abc 执法", "查处，三件。", "罚没款1.5万元")
    parsed = [report(f"{n:02d}.txt", *(texts[(n * k) % 5] for k in range(1 + n % 9))) for n in range(20)]
    return list(map(with_measures, parsed))


def with_measures(document: ParsedDocument) -> ParsedDocument:
    """Return the document with the measures that `NumberExtractor` finds."""
    measures = NumberExtractor().extract(document.paragraphs)
    record = replace(document.document, measures=sum(map(len, measures)))
    return replace(document, document=record, measures=measures)


def measures_of(documents: Iterable[ParsedDocument]) -> list[Measure]:
    """Return all measures of the documents, in the order of the documents."""
    return [
        Measure(measure, paragraph)
        for document in documents
        for paragraph, measures in zip(document.paragraphs, document.measures or (), strict=True)
        for measure in measures
    ]


def select_measures(
    engine: Engine,
    query: Node | None = None,
    **options: Any,  # noqa: ANN401
) -> tuple[list[Measure], list[float], list[str]]:
    """Return the measures that an engine selects, with the score and the indicator of each."""
    clauses = (ScoringClause("执法", ("执法",)), ScoringClause("检查", ("检查",), 0.3))
    columns = engine.measure_columns(MeasureRequest(query or Everything(), clauses, **options))
    indicators = [columns.indicators[index] for index in columns.indicator_of.tolist()]
    return columns.fetch(range(len(indicators))), columns.scores.tolist(), indicators


def assert_same_answers(one: Index, other: Index) -> None:
    """Assert that two indexes return the same records in the same order, and the same answers, to the last bit."""
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
            ours, theirs = (select_measures(index._snapshot._engine, query, **options) for index in (other, one))
            assert ours == theirs
    ids = [paragraph.id for paragraph in one.paragraphs()]
    assert other._snapshot._engine.measures(ids) == one._snapshot._engine.measures(ids)


# segments


@pytest.mark.parametrize(
    ("limit", "size"), [("MAX_SEGMENT_DOCS", 7), ("MAX_SEGMENT_DOCS", 40), ("MAX_SEGMENT_CHARACTERS", 50)]
)
def test_the_number_of_segments_does_not_change_answers(
    limit: str, size: int, documents: list[ParsedDocument], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Several small segments, some with only a part of a document, return the same answers as one large segment."""
    write_index(documents, tmp_path / "one", BuildOptions("columnar"))
    monkeypatch.setattr(writer, limit, size)
    write_index(documents, tmp_path / "many", BuildOptions("columnar"))
    assert len(list((tmp_path / "many").glob("data-*/*.segment"))) > 1
    with Index(tmp_path / "one") as one, Index(tmp_path / "many") as many:
        many.check()
        assert_same_answers(one, many)


def write_files(documents: Sequence[ParsedDocument], folder: Path) -> dict[str, bytes]:
    """Return the contents of the files that a writer writes to a new folder, by name."""
    folder.mkdir()
    index_writer = open_writer("columnar", folder, Analyzer())
    for document in documents:
        index_writer.add(document.document, document.paragraphs, document.measures or (), document.file)
    index_writer.commit()
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_the_block_size_does_not_change_files(
    documents: list[ParsedDocument], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The files do not depend on the size of the blocks in which they are computed."""
    expected = write_files(documents, tmp_path / "default")
    for module in (arrays, bigrams, building, postings, text):
        monkeypatch.setattr(
            module, "block_slices", lambda length, _=0: (slice(n, min(n + 7, length)) for n in range(0, length, 7))
        )
    monkeypatch.setattr(bigrams, "_MIN_RANGE_PAIRS", 1)
    assert write_files(documents, tmp_path / "small") == expected


def commit_one_by_one(documents: Sequence[ParsedDocument], folder: Path) -> Path:
    """Add documents to an index, each in its own commit. Another commit replaces every third document by itself.

    Returns the data folder of the last commit.
    """
    base: Path | None = None
    for step, document in enumerate(documents):
        for attempt in range(2 if step % 3 == 0 else 1):
            data = folder / f"{step:03d}-{attempt}"
            data.mkdir(parents=True)
            index_writer = open_writer("columnar", data, Analyzer(), base)
            index_writer.remove([document.file])
            index_writer.add(document.document, document.paragraphs, document.measures or (), document.file)
            index_writer.commit()
            base = data
    assert base is not None
    return base


def test_small_segments_are_merged(documents: list[ParsedDocument], tmp_path: Path) -> None:
    """After many commits there are few segments, and a document that was replaced is returned once."""
    last = commit_one_by_one(documents, tmp_path)
    engine = ColumnarEngine(last)
    engine.check()
    assert len(list(last.glob("*.segment"))) < 2 * writer.MERGE_FACTOR
    assert [document.document for document in engine.documents()] == [
        document.document.document for document in documents
    ]
    assert [engine.document(document.document) for document in engine.documents()] == [*engine.documents()]
    assert list(engine.paragraphs()) == [paragraph for document in documents for paragraph in document.paragraphs]
    measures, scores, indicators = select_measures(engine)
    assert measures == measures_of(documents)
    assert indicators == [measure.indicator for measure in measures]
    write_index(documents, tmp_path / "fresh", BuildOptions("columnar"))
    with Index(tmp_path / "fresh") as fresh:
        assert select_measures(fresh._snapshot._engine) == (measures, scores, indicators)


def test_a_commit_does_not_change_its_base(documents: list[ParsedDocument], tmp_path: Path) -> None:
    """An index is unchanged after later commits that share or merge its segments."""
    commit_one_by_one(documents[:9], tmp_path)
    for data in sorted(tmp_path.iterdir()):
        engine = ColumnarEngine(data)
        engine.check()
        count = int(data.name[:3]) + 1
        assert len(list(engine.documents())) == count, data.name
        assert select_measures(engine)[0] == measures_of(documents[:count])


def test_added_indexes_are_in_corpus_order(documents: list[ParsedDocument], tmp_path: Path) -> None:
    """Several indexes are combined in the order of their files, whatever the order in which they are added."""
    for name, part in (("b", documents[10:]), ("a", documents[:10])):
        (tmp_path / name).mkdir()
        part_writer = open_writer("columnar", tmp_path / name, Analyzer())
        for document in part:
            part_writer.add(document.document, document.paragraphs, document.measures or (), document.file)
        part_writer.commit()
    (tmp_path / "combined").mkdir()
    combined_writer = open_writer("columnar", tmp_path / "combined", Analyzer())
    combined_writer.add_index(tmp_path / "b")
    combined_writer.add_index(tmp_path / "a")
    combined_writer.commit()
    engine = ColumnarEngine(tmp_path / "combined")
    engine.check()
    assert list(engine.documents()) == [document.document for document in documents]
    assert select_measures(engine)[0] == measures_of(documents)


# measures


def test_measures_are_read_only_when_needed(documents: list[ParsedDocument], tmp_path: Path) -> None:
    """A search, reading a paragraph, and a look-up without matches do not read the arrays of measures."""
    engine = ColumnarEngine(commit_one_by_one(documents, tmp_path))
    read: set[str] = set()
    for segment in engine._reader.segments:
        segment.arrays = segment.arrays.__class__(segment.path)
        map_array = segment.arrays._map
        segment.arrays._map = lambda name, below, map_array=map_array: (read.add(name), map_array(name, below))[1]  # type: ignore[method-assign,misc]
    engine.search(Request(Substring("执法")))
    engine.paragraph("00.txt#1")
    assert not select_measures(engine, Substring("没有"))[0]
    assert read
    assert not {name for name in read if name.startswith(("measure", "indicator"))}
    assert select_measures(engine, Substring("执法"))[0]
    assert {name for name in read if name.startswith("measure")}


def test_years_of_a_paragraph_out_of_order_are_detected(report: Report, tmp_path: Path) -> None:
    """`SegmentReader.find_problem` names years that are not ascending."""
    problems = []
    for name, years in (("right", (2022, 2023)), ("wrong", (2023, 2022))):
        (tmp_path / name).mkdir()
        commit_one_by_one([report("a.txt", ("执法", {"of_year": years}))], tmp_path / name)
        engine = ColumnarEngine(max((tmp_path / name).iterdir()))
        problems += [segment.find_problem() for segment in engine._reader.segments]
    assert problems == [None, "the years of a paragraph are not in order"]


INCONSISTENT_MEASURES = {
    "a measure lies outside the text of its paragraph": {"length": [2, 9]},
    "the measures of a paragraph are not in order": {"start": [3, 3]},
    "a measure is part of a measure that does not exist": {"part_of": [0, 2]},
    "the value of a measure is not a finite number": {"value": [math.inf, 1]},
    "the bound, change or status of a measure is unknown": {},
}
"""For each problem a column and its wrong values for the first two measures. For the last one, the test replaces the
times."""


@pytest.mark.parametrize("problem", [None, *INCONSISTENT_MEASURES])
def test_inconsistent_measures_are_detected(problem: str | None) -> None:
    """`find_measure_problem` names the inconsistency, and returns None for consistent measures."""
    measures = [
        ExtractedMeasure("a", 1, None, 1, None, start=0, end=2),
        ExtractedMeasure("b", 1, None, 1, None, start=3, end=5, part_of=0),
    ]
    builder = MeasureBuilder()
    builder.extend([measures, [], [replace(measures[0], part_of=None)]])
    columns = builder.columns()
    if problem == "the bound, change or status of a measure is unknown":
        columns = columns._replace(times=[(2023, None, None, False, "done")])
    for name, values in INCONSISTENT_MEASURES.get(problem or "", {}).items():
        getattr(columns, name)[:2] = values
    assert find_measure_problem(columns, np.array([5, 0, 2]), np.arange(1, 4), np.zeros(3, np.int64)) == problem


INCONSISTENT_CELLS = {"no such measure": [3, 0], "another document": [4, 0], "the measure itself": [1, 0]}
"""For each problem the wrong `part_of_n` of the first two cells."""


@pytest.mark.parametrize("problem", INCONSISTENT_CELLS)
def test_totals_in_other_rows_are_verified(problem: str) -> None:
    """`part_of_n` of a cell is the number of the paragraph with its total.

    The problem is named if that paragraph has no such total, or if the total is the measure of the cell itself. It is
    not named if the segment has no paragraph of the document with that number.
    """
    cell = TableCell(1, ("东风",), ("收件",), part_of_n=2)
    total = ExtractedMeasure("a", 1, None, 1, None, start=0, end=2, cell=replace(cell, total=True, part_of_n=None))
    builder = MeasureBuilder()
    builder.extend([[replace(total, part_of=0, cell=cell)], [total], [], [total]])
    columns = builder.columns()
    text_length, n, document_of = np.full(4, 2), np.array([1, 2, 3, 1]), np.array([0, 0, 0, 1])
    assert find_measure_problem(columns, text_length, n, document_of) is None
    columns.cells.part_of_n[:2] = INCONSISTENT_CELLS[problem]
    # The total of a split document may be in another segment, so a total outside the document is not detected.
    expected = None if problem == "another document" else "a measure is part of a measure that does not exist"
    assert find_measure_problem(columns, text_length, n, document_of) == expected


INCONSISTENT_TABLES = {
    "the rows of a table lie outside the segment": {"row_count": [2, 9]},
    "the rows of a table are not those of its document": {"doc": [0, 1]},
    "the rows of a table are not its paragraphs": {"row_count": [1, 1]},  # a stored table has another number of rows
}
"""For each problem a column and its wrong values for the two tables."""


@pytest.mark.parametrize("problem", [None, *INCONSISTENT_TABLES])
def test_inconsistent_tables_are_detected(problem: str | None) -> None:
    """`find_table_problem` names the inconsistency, and returns None for consistent tables."""
    builder = TableBuilder()
    for document, rows in (("a", 2), ("b", 1)):
        paragraphs = [Paragraph(f"{document}#{n}", document, n, "") for n in range(1, rows + 1)]
        table = Table(document, 1, None, (), ((Cell("a"),),) * rows, 0, 1)
        builder.extend([table], paragraphs, 0 if document == "a" else 2)
    columns = builder.columns()
    for name, values in INCONSISTENT_TABLES.get(problem or "", {}).items():
        getattr(columns, name)[:] = values
    assert find_table_problem(columns, np.array([0, 0, 1])) == problem


@pytest.mark.parametrize("offsets", [[0, 2, 1, 3], [0, 1, 2, 9], [1, 1, 2, 3]])
def test_wrong_measure_offsets_are_detected(tmp_path: Path, offsets: list[int]) -> None:
    """Offsets must ascend from 0 to the number of measures. If they do not, their use raises IndexDamaged."""
    builder = MeasureBuilder()
    builder.extend([[ExtractedMeasure("a", 1, None, 1, None)]] * 3)
    stored = {**measure_arrays(builder.columns()), "measure_offsets": np.array(offsets, np.uint64)}
    write_arrays(tmp_path / "file", stored)
    measures = SegmentMeasures(ArrayFile(tmp_path / "file"), 3)
    for use in (
        lambda: measures.of_doc(1),
        lambda: measures.select(DocSet.of_bitset(np.ones(3, bool)), MeasureRequest(Everything())),
    ):
        with pytest.raises(IndexDamaged):
            use()


# text


def open_text(texts: Sequence[str]) -> SegmentText:
    """Return the text of a segment with one doc per text."""
    lengths = np.array([len(text) for text in texts], np.int64)
    return SegmentText(MemoryArrays(text_arrays(narrow_code_points("".join(texts)), lengths)[0]))


@given(
    st.lists(st.text(CHARACTERS), min_size=1, max_size=12),
    st.lists(st.text(CHARACTERS, min_size=1, max_size=4).map(fold), min_size=1, max_size=8),
    st.fixed_dictionaries({"whole_numbers": st.booleans()}),
    st.sampled_from([64, 0]),
)
def test_strings_are_found_like_by_scanning(
    texts: list[str], strings: list[str], options: dict[str, bool], max_punctuation_df: int
) -> None:
    """A string matches the docs in whose folded text `Substring.find` finds it.

    Pairs with punctuation have lists of offsets (`MAX_PUNCTUATION_DF` is 64) or have none (0). The texts are returned
    as they were stored.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bigrams, "MAX_PUNCTUATION_DF", max_punctuation_df)
        segment_text = open_text(texts)
    assert [segment_text[doc_id] for doc_id in range(len(texts))] == texts
    for string in strings:
        node = Substring(string, **options)
        expected = [doc_id for doc_id, text in enumerate(texts) if any(True for _ in node.find(fold(text)))]
        assert StringMatcher(segment_text).match(node).tolist() == expected, string


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_a_text_is_scanned_block_by_block(size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A scan finds the same docs whatever the size of its blocks: a number does not end at the end of a block."""
    texts = ["3件", "13", "1.3件，3", "4，３", "3.", "。", "3,3"]
    monkeypatch.setattr(strings, "block_slices", lambda length: arrays.block_slices(length, size))
    matcher = StringMatcher(open_text(texts))
    for node in (Substring("3", whole_numbers=True), Substring("3"), Substring(","), Substring(".")):
        expected = [doc_id for doc_id, text in enumerate(texts) if any(True for _ in node.find(fold(text)))]
        assert matcher.match(node).tolist() == expected != []


@given(
    st.lists(st.text(CHARACTERS, max_size=6), max_size=8),
    st.lists(st.text(CHARACTERS, min_size=1, max_size=3).map(fold), min_size=1, max_size=8),
    st.booleans(),
)
def test_headings_are_found_like_by_scanning(headings: list[str], strings: list[str], whole_numbers: bool) -> None:  # noqa: FBT001
    """A string matches the headings in which `Substring.find` finds it. It does not match across two headings."""
    matcher = HeadingMatcher(headings)
    for string in strings:
        node = Substring(string, "heading", whole_numbers)
        expected = [index for index, heading in enumerate(headings) if any(True for _ in node.find(fold(heading)))]
        assert matcher.match(node).tolist() == expected, string
    assert matcher.match(Substring("\0", "heading")).tolist() == []


def test_a_string_does_not_match_a_converted_numeral(report: Report, tmp_path: Path) -> None:
    """The string 0件 does not match 零件, although the analyzer turns 零件 into the term 0件."""
    write_index([report("a.txt", "零件", "10件")], tmp_path, BuildOptions("columnar"))
    write_index([report("b.txt", "零件")], tmp_path / "other", BuildOptions("columnar"))
    with Index(tmp_path) as index, Index(tmp_path / "other") as other:
        assert [hit.id for hit in index.search("“0件”").hits] == ["a.txt#2"]
        assert other.search("“0件”").total == 0


@given(st.lists(st.tuples(st.integers(1, 6), st.integers(1, 6)), unique=True), st.data())
def test_words_without_lists_do_not_overlap(words: list[tuple[int, int]], data: st.DataObject) -> None:
    """Words of two characters without a list of offsets are frequent, and no two of them can overlap by one character.

    If a word is frequent enough and no word repeats a character, a word with the highest count has no list.
    """
    codes = np.array(sorted(words), np.int64).reshape(-1, 2)
    counts = np.array(data.draw(st.lists(st.integers(0, 9), min_size=len(words), max_size=len(words))), np.int64)
    doc_count = 3 * bigrams.UNLISTED_WORD_RATIO
    without_list = ~bigrams.needs_list(codes, counts, doc_count)
    assert (counts[without_list] > 3).all()
    pairs = codes[without_list].tolist()
    assert not any(second == first for _, second in pairs for first, _ in pairs)
    if (codes[:, 0] != codes[:, 1]).all() and counts.max(initial=0) > 3:
        assert counts[without_list].max() == counts.max()


def test_words_without_lists_are_found(report: Report, tmp_path: Path) -> None:
    """A frequent word of two characters has no list. It is found alone, in longer strings and before punctuation."""
    texts = ["行政执法", "执行政策", "依法行政，", "行政", "市行政", "行政事", "政行"] * 3
    write_index([report("a.txt", *texts)], tmp_path, BuildOptions("columnar"))
    with Index(tmp_path) as index:
        segment = index._snapshot._engine._reader.segments[0]  # type: ignore[attr-defined]
        pair_ord = segment.text.bigrams.ord_of(*segment.text.encode("行政"))
        assert segment.text.bigrams.list_length(pair_ord) == 0
        for string in ("行政", "行政执", "法行政", "市行政", "执行政策", "行政，", "政行"):
            assert index.search(f"“{string}”").total == sum(string in text for text in texts), string


def test_gaps_and_offsets_beyond_16_bits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Strings are found if gaps or offsets do not fit 16 bits, in both encodings of lists."""
    texts = ["件" * 70_000 + "执法" + "件" * 140_000 + "执法", "法执法", *["执法"] * 30, "件法" * 9]
    for min_gaps_df in (1, 1000):
        monkeypatch.setattr(bigrams, "_min_gaps_df", lambda _, df=min_gaps_df: df)
        text = open_text(texts)
        for string in ("执法", "法执", "件法", "件执法件", "法件"):
            expected = [doc_id for doc_id, doc_text in enumerate(texts) if string in doc_text]
            assert StringMatcher(text).match(Substring(string)).tolist() == expected
    assert "法件" in "\0".join(texts)


@given(st.lists(st.text(CHARACTERS), min_size=1, max_size=9), st.lists(st.text(CHARACTERS, min_size=1, max_size=1)))
def test_gram_dfs_are_counts(texts: list[str], characters: list[str]) -> None:
    """Document frequencies of characters and bigrams equal a naive count, which is 0 for grams that do not occur."""
    text, folded = open_text(texts), [fold(text) for text in texts]
    grams = [fold(character) for character in characters] + ["没"]
    assert text.gram_dfs(grams).tolist() == [sum(gram in text for text in folded) for gram in grams]
    pairs = [first + second for first, second in pairwise(grams)]
    assert text.gram_dfs(pairs).tolist() == [sum(pair in text for text in folded) for pair in pairs]


@given(st.lists(st.text(st.characters(), max_size=5), min_size=1, max_size=9))
def test_any_characters_are_stored(texts: list[str]) -> None:
    """Any text is returned unchanged, also with code points above 16 bits, unassigned ones and lone surrogates."""
    stored = open_text(texts)
    assert [stored[doc_id] for doc_id in range(len(texts))] == texts


@given(st.lists(st.text(CHARACTERS), min_size=1, max_size=9))
def test_characters_of_some_docs(texts: list[str]) -> None:
    """The characters of some docs, or of none, are those of their texts."""
    stored = open_text(texts)
    for chosen in (range(len(texts)), range(0, len(texts), 2), range(0)):
        characters, lengths = stored.characters(np.array(chosen, np.int64))
        assert "".join(map(chr, characters)) == "".join(texts[doc_id] for doc_id in chosen)
        assert lengths.tolist() == [len(texts[doc_id]) for doc_id in chosen]


@given(st.lists(st.text(CHARACTERS + "𠀀 Ⅻ"), min_size=1, max_size=9))
def test_gram_counts(texts: list[str]) -> None:
    """The stored numbers of grams equal the results of `count_all_grams`."""
    lengths = np.array([len(text) for text in texts], np.int64)
    stored, _ = text_arrays(narrow_code_points("".join(texts)), lengths)
    for name, size in (("character_count", 1), ("bigram_count", 2)):
        assert stored[name].tolist() == [count_all_grams(fold(text), size) for text in texts]


def test_keys_that_leave_no_room_for_offsets(monkeypatch: pytest.MonkeyPatch) -> None:
    """The lists are the same if the alphabet is so large that keys and offsets do not fit one integer."""
    texts = ["执法检查", "检查执法", "法检"]
    expected, _ = text_arrays(narrow_code_points("".join(texts)), np.array([4, 4, 2]))
    # Each character of a pair takes 31 bits and an offset 4: 66 bits. `bit_width` is called with the number of codes in
    # the alphabet, which is below 12, and with the length of the text in codes, which is not.
    monkeypatch.setattr(bigrams, "bit_width", lambda count: 31 if count < 12 else 4)
    wide, _ = text_arrays(narrow_code_points("".join(texts)), np.array([4, 4, 2]))
    assert wide["bigram_keys"].dtype == np.uint64
    for name in ("bigram_list_offsets", "bigram_df", "bigram_lists", "character_df"):
        assert wide[name].tolist() == expected[name].tolist()


# terms


def test_stored_postings_equal_the_given_entries(tmp_path: Path) -> None:
    """Sparse and dense postings return doc ids, frequencies (overflow included) and `in_passage` as they were given."""
    size, rng = 200, np.random.default_rng(7)
    terms = ["很常见", "常见", "少见", "一次", "\x01题", "\x02标"]  # the last two are of a title and of a heading
    given_entries: dict[tuple[int, int], tuple[int, bool]] = {}
    for index, ratio in enumerate((1.0, 0.5, 0.2, 0.0, 0.1, 0.1)):
        for doc in np.flatnonzero(rng.random(size) < ratio).tolist() or [5]:
            given_entries[index, doc] = (
                int(rng.choice([1, 2, 14, 15, 127, 128, 255, 256, 70_000])),
                bool(rng.integers(2)),
            )
    columns = [
        np.array(column) for column in zip(*((*key, *value) for key, value in given_entries.items()), strict=True)
    ]
    sorted_postings = postings.sort_postings(terms, [postings.PostingEntries(*columns)])
    write_arrays(tmp_path / "file", postings.posting_arrays(sorted_postings, size))
    stored = postings.SegmentPostings(ArrayFile(tmp_path / "file"), size)
    assert stored.term_count == len(terms)
    assert stored.ord_of("常") is None
    assert stored.ord_of("很常见的") is None
    for index, term in enumerate(terms):
        expected = {doc: value for (entry_term, doc), value in given_entries.items() if entry_term == index}
        term_ord = stored.ord_of(term)
        assert term_ord is not None
        assert stored.term(term_ord) == term
        assert stored.df(term_ord) == len(expected)
        assert sorted(stored.all_doc_ids(term_ord).tolist()) == sorted(expected)
        in_passage = stored.doc_ids(term_ord) if term[0] < " " else stored.passage_docs(term_ord).ids
        assert in_passage.tolist() == sorted(doc for doc, (_, is_in_passage) in expected.items() if is_in_passage)
        dense = np.zeros(size, np.uint8)
        stored.expand_into(term_ord, dense)
        frequencies = (dense & (postings.IN_PASSAGE_BIT - 1)).astype(np.int64)
        overflow_ids, overflow_tf = stored.overflow(term_ord)
        frequencies[overflow_ids] = overflow_tf
        assert frequencies.tolist() == [expected.get(doc, (0, False))[0] for doc in range(size)]
        assert stored.frequencies(term_ord).tolist() == frequencies.tolist()
    entries = stored.entries()
    returned = {
        (terms.index(stored.term(term_ord)), doc): (tf, in_passage)
        for term_ord, doc, tf, in_passage in zip(*(column.tolist() for column in entries), strict=True)
    }
    assert returned == given_entries


def test_index_terms_are_those_of_the_segments(tmp_path: Path) -> None:
    """Frequencies and docs of a term in several segments equal the values of arrays with an element per doc.

    The postings of a term are sparse, dense or both, and some frequencies overflow. Some docs are deleted. A term that
    does not occur has no docs.
    """
    sizes, rng = (300, 40, 700), np.random.default_rng(5)
    doc_bases = [0, 300, 340, 1040]
    live_docs = rng.random(1040) < 0.8
    ratios = {"处处": (0.9, 0.9, 0.9), "时有": (0.1, 0.6, 0.1), "偶尔": (0.01, 0.05, 0.01), "一处": (0.0, 0.1, 0.0)}
    tf, in_passage = np.zeros((4, 1040), np.int64), np.zeros((4, 1040), bool)
    segments = []
    for segment_index, (size, base) in enumerate(zip(sizes, doc_bases, strict=False)):
        columns: list[list[int]] = [[], [], [], []]
        for index, term in enumerate(ratios):
            for doc in np.flatnonzero(rng.random(size) < ratios[term][segment_index]).tolist():
                end = 300 if index == 0 and segment_index == 1 else 20  # frequencies above 127 need 32 bits
                entry = (index, doc, int(rng.integers(1, end)), bool(rng.integers(2)))
                tf[index, base + doc], in_passage[index, base + doc] = entry[2:]
                for column, value in zip(columns, entry, strict=True):
                    column.append(value)
        entries = postings.PostingEntries(
            *(np.array(column, dtype) for column, dtype in zip(columns, "lll?", strict=True))
        )
        sorted_postings = postings.sort_postings(list(ratios), [entries])
        path = tmp_path / str(segment_index)
        write_arrays(path, postings.posting_arrays(sorted_postings, size))
        segments.append(postings.SegmentPostings(ArrayFile(path), size))
    terms = postings.IndexTerms(segments, doc_bases, live_docs)
    doc_ids = np.array([0, 5, 299, 300, 339, 340, 341, 1039])
    for index, term in enumerate(ratios):
        assert terms.df(term) == np.count_nonzero(tf[index] * live_docs)
        assert terms.passage_docs(term).ids.tolist() == np.flatnonzero(in_passage[index]).tolist()
        assert terms.frequencies(term, slice(290, 350)).tolist() == tf[index, 290:350].tolist()
        assert terms.frequencies(term, doc_ids).tolist() == tf[index, doc_ids].tolist()
        rare_doc_ids = terms.rare_doc_ids(term)
        assert (rare_doc_ids is None) == (index < 2)
        if rare_doc_ids is not None:
            assert sorted(rare_doc_ids.tolist()) == np.flatnonzero(tf[index]).tolist()
    assert (terms.df("没有"), len(terms.passage_docs("没有")), terms.frequencies("没有", doc_ids).any()) == (
        0,
        0,
        False,
    )


# scores and counts


@pytest.fixture(scope="module")
def mixed(tmp_path_factory: pytest.TempPathFactory) -> IndexReader:
    """Eight hundred paragraphs in three segments, with frequent and rare words, repeated a random number of times."""
    words = {"执法": 0.6, "检查": 0.3, "企业": 0.2, "处罚": 0.02, "听证": 0.015, "罚款": 0.02}
    rng = np.random.default_rng(3)
    folder = tmp_path_factory.mktemp("mixed")
    index_writer = open_writer("columnar", folder, Analyzer())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(writer, "MAX_SEGMENT_DOCS", 300)
        for number in range(80):
            repeated = [
                [word * int(rng.geometric(0.4)) for word, ratio in words.items() if rng.random() < ratio]
                for _ in range(10)
            ]
            texts = ["".join(words_of_text) + "的" * int(rng.integers(1, 30)) for words_of_text in repeated]
            name = f"{number:02d}.txt"
            paragraphs = [Paragraph(f"{name}#{n}", name, n, text) for n, text in enumerate(texts, 1)]
            title = None if number % 3 == 0 else "听证报告" if number % 7 == 0 else "执法检查报告"
            index_writer.add(Document(name, title), paragraphs, [()] * len(paragraphs), name)
        index_writer.commit()
    return IndexReader(folder)


@pytest.mark.parametrize("near_ratio", [1, 1 << 40])
@pytest.mark.parametrize("max_exact_docs", [20, 4096])
@pytest.mark.parametrize("weight", [0.0, 0.05, 1.0, 3.0])
@pytest.mark.parametrize(
    "terms", ["执法", "执法 检查", "处罚 执法", "听证 处罚 执法", "罚款 听证 处罚 检查 企业", "处罚 听证", "没有"]
)
def test_the_best_docs_have_the_highest_scores(
    terms: str, weight: float, max_exact_docs: int, near_ratio: int, mixed: IndexReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The best docs are those that come first if all matches are sorted by score.

    The test includes few and many matches, bitsets and ids, rare and frequent words. `max_exact_docs` decides whether
    ids are scored without upper bounds, `near_ratio` whether maximum impacts of groups of docs exclude docs.
    """
    monkeypatch.setattr(scoring, "RESCORE_DEPTH", 7)
    monkeypatch.setattr(scoring, "_MAX_EXACT_DOCS", max_exact_docs)
    monkeypatch.setattr(scoring, "_NEAR_RATIO", near_ratio)
    monkeypatch.setattr(scoring, "_MAX_BOUND_BLOCK_DOCS", 2 * max_exact_docs)
    first, *others = terms.split()
    clauses = [ScoringClause(first, (first,), weight), *(ScoringClause(term, (term,)) for term in others)]
    scorer = scoring.Scorer(mixed, clauses)
    for node in (Everything(), Word("执法"), Or(tuple(map(Word, terms.split()))), Not(Word("检查"))):
        matches = mixed.matcher.match(node)
        doc_ids = matches.ids
        scores = scorer.score(doc_ids)
        expected = sorted(zip((-scores).tolist(), doc_ids.tolist(), strict=True))[:7]
        for docs in (matches, DocSet.of_ids(doc_ids, matches.size)):
            best, best_scores = scorer.best(docs)
            assert sorted(zip((-best_scores).tolist(), best.tolist(), strict=True)) == expected


@pytest.mark.parametrize("near_ratio", [1, 1 << 40])
@pytest.mark.parametrize("max_exact_docs", [20, 4096])
@pytest.mark.parametrize("terms", ["执法 检查", "处罚 执法", "听证 处罚", "罚款 听证 处罚 检查 企业"])
def test_likely_docs_do_not_change_the_best_docs(
    terms: str, max_exact_docs: int, near_ratio: int, mixed: IndexReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The best docs have the highest scores, whichever docs are passed as likely to be among them."""
    monkeypatch.setattr(scoring, "RESCORE_DEPTH", 7)
    monkeypatch.setattr(scoring, "_MAX_EXACT_DOCS", max_exact_docs)
    monkeypatch.setattr(scoring, "_NEAR_RATIO", near_ratio)
    monkeypatch.setattr(scoring, "_MAX_BOUND_BLOCK_DOCS", 2 * max_exact_docs)
    words = tuple(map(Word, terms.split()))
    scorer = scoring.Scorer(mixed, [ScoringClause(word.term, (word.term,)) for word in words])
    docs, with_both = mixed.matcher.match(Or(words)), mixed.matcher.match(And(words[:2]))
    doc_ids = docs.ids
    scores = scorer.score(doc_ids)
    order = mixed.rank(doc_ids, scores)[:7]
    expected = sorted(zip(doc_ids[order].tolist(), scores[order].tolist(), strict=True))
    for likely in (None, with_both, DocSet.of_ids(with_both.ids, docs.size), mixed.matcher.match(words[0])):
        best, best_scores = scorer.best(docs, likely)
        assert list(zip(best.tolist(), best_scores.tolist(), strict=True)) == expected


@pytest.mark.parametrize("max_codes", [0, 1, 100])
def test_characters_are_found_by_comparing_or_by_looking_up(
    max_codes: int, mixed: IndexReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rescoring returns the same scores, in whichever of the two ways it finds the query's characters in the texts."""
    clauses = [ScoringClause(text, ()) for text in ("执法检查报告", "听证", "的的的", "罚款没有")]
    scorer, doc_ids = scoring.Scorer(mixed, clauses), np.arange(0, mixed.size, 3)
    expected = scorer.rescore(doc_ids)
    monkeypatch.setattr(scoring, "_MIN_COMPARED_LENGTH", 0)
    monkeypatch.setattr(scoring, "_MAX_COMPARED_CODES", max_codes)
    for scores, expected_scores in zip(scorer.rescore(doc_ids), expected, strict=True):
        assert scores.tolist() == expected_scores.tolist()
        assert scores.any()


@pytest.mark.parametrize(("text", "count"), [("", 0), ("天", 0), ("天天", 1), ("天天天，天天", 3), ("天地天天地", 1)])
def test_overlapping_bigrams_of_a_title_are_counted(text: str, count: int) -> None:
    """Each offset of a bigram counts, also if two occurrences share a character."""
    assert scoring._count_pairs_of_one(text, "天天") == count


@settings(max_examples=50)
@given(data=st.data())
def test_a_tree_is_looked_up_in_some_docs(data: st.DataObject, mixed: IndexReader) -> None:
    """`contains` returns for each of some docs whether it matches a tree, also for words of titles."""
    words = [Word(term, field) for term in ("执法", "检查", "听证", "报告") for field in ("passage", "title")]
    leaves = st.sampled_from([*words, Substring("法检"), Everything()])
    node = data.draw(st.recursive(leaves, lambda nodes: st.lists(nodes, min_size=1, max_size=3).map(tuple).flatmap(
        lambda children: st.sampled_from([And(children), Or(children)])), max_leaves=6))  # fmt: skip
    doc_ids = mixed.matcher.match(Everything()).ids
    chosen = doc_ids.compress(data.draw(st.lists(st.booleans(), min_size=len(doc_ids), max_size=len(doc_ids))))
    expected = mixed.matcher.match(node).contains(chosen)
    assert mixed.matcher.contains(node, chosen, {}).tolist() == expected.tolist()


def test_a_leaf_of_two_trees_is_matched_once(mixed: IndexReader, monkeypatch: pytest.MonkeyPatch) -> None:
    """Trees that are matched with the same `leaves`, as those of a request are, share the docs of their leaves."""
    matched: list[Node] = []
    matcher = mixed.matcher
    match_leaf = matcher._match_leaf

    def record(node: Word) -> DocSet:
        """Record a leaf that is matched."""
        matched.append(node)
        return match_leaf(node)

    monkeypatch.setattr(matcher, "_match_leaf", record)
    words, leaves = (Word("执法"), Word("检查")), dict[Node, DocSet]()
    both, one = matcher.match(And(words), leaves), matcher.match(Or((*words, Word("企业"))), leaves)
    assert matched == [*words, Word("企业")]
    assert set(both.ids.tolist()) <= set(one.ids.tolist())


def test_impacts_are_upper_bounds(report: Report, tmp_path: Path) -> None:
    """An impact is 255·tf/(tf+norm), rounded up by less than one."""
    texts = ["执法" * (1 + n * n) + "的" * (n % 7) for n in range(12)]
    write_index([report("a.txt", *texts, title="检查")], tmp_path / "index", BuildOptions("columnar"))
    with Index(tmp_path / "index") as index:
        reader = IndexReader(tmp_path / "index" / index.manifest.data)
        for term in ("执法", "检查", "没有"):
            tf = reader.terms.frequencies(term, slice(0, 12)).astype(float)
            exact = tf / (tf + reader.norms(np.arange(12))) * MAX_IMPACT
            impacts = reader.impacts(term)
            assert ((exact <= impacts) & (impacts < exact + 1.001)).all()


def test_paragraphs_of_each_document_are_counted(report: Report, tmp_path: Path) -> None:
    """The counts of the facet `document` equal a naive count of paragraphs.

    The matches are a bitset or ids. The documents begin and end at, before and after bounds of 64-bit words.
    """
    sizes = [1, 62, 1, 1, 63, 64, 65, 3, 127, 128, 2]
    documents = [
        report(f"{n:02d}.txt", *["罚款" if k % 24 == 5 else "执法" if k % 3 else "检查" for k in range(size)])
        for n, size in enumerate(sizes)
    ]
    write_index(documents, tmp_path / "index", BuildOptions("columnar"))
    with Index(tmp_path / "index") as index:
        for query, word in (("执法", "执法"), ("检查", "检查"), ("*", ""), ("罚款 -没有", "罚款")):
            counts = {v.value: v.count for v in index.search(query, facets=["document"]).facets["document"].values}
            expected = Counter(p.document for document in documents for p in document.paragraphs if word in p.text)
            assert counts == dict(expected)


# files


def test_a_descriptor_is_closed_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """If closing a file fails, its arrays are still read, and its descriptor is not closed again.

    By then, the number of the descriptor may be that of another file.
    """
    write_arrays(tmp_path / "file", {"a": np.arange(3, dtype=np.uint8)})
    closed: list[int] = []

    def close(descriptor: int) -> None:
        closed.append(descriptor)
        raise OSError(errno.EIO, "Input/output error")

    array_file = ArrayFile(tmp_path / "file")
    with monkeypatch.context() as patched:
        patched.setattr(os, "close", close)
        assert array_file["a"].tolist() == [0, 1, 2]
        array_file._close()
    assert len(closed) == 1
    os.close(closed[0])


def test_arrays_are_stored(tmp_path: Path) -> None:
    """Arrays, empty ones included, are returned as they were written, and are read-only."""
    stored = {"a": np.arange(5, dtype=np.uint16), "b": np.empty(0, np.uint8), "c": np.array([2**63], np.uint64)}
    write_arrays(tmp_path / "file", stored)
    array_file = ArrayFile(tmp_path / "file")
    for name, array in stored.items():
        assert name in array_file
        assert (array_file[name].dtype, array_file[name].tolist()) == (array.dtype, array.tolist())
    with pytest.raises(ValueError, match="read-only"):
        array_file["a"][0] = 1
    with pytest.raises(IndexDamaged, match="file"):
        array_file["d"]


@pytest.mark.parametrize("array", [np.array([1.5]), np.array([["x"]]), np.zeros((2, 2), np.uint8), np.array([None])])
def test_only_unsigned_integers_are_stored(array: np.ndarray, tmp_path: Path) -> None:  # type: ignore[type-arg]
    """Writing refuses everything but one-dimensional arrays of unsigned integers."""
    with pytest.raises(ValueError, match="cannot be stored"):
        write_arrays(tmp_path / "file", {"x": array})


MAGIC = b"skarray4"


def array_file(header: bytes) -> bytes:
    """Return the content of a file with a header, its length and its checksum."""
    return MAGIC + len(header).to_bytes(8, "little") + xxh3_64_digest(header)[::-1] + header + bytes(100)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        MAGIC,
        b"not this" + bytes(100),
        MAGIC + (10**12).to_bytes(8, "little") + bytes(100),
        MAGIC + (2).to_bytes(8, "little") + bytes(8) + b"{}" + bytes(100),
        array_file(b"[]"),
        array_file(b'{"a": ["<u4", 99999, 0, 0]}'),
        array_file(b'{"a": ["|O", 1, 0, 0]}'),
        array_file(b'{"a": ["<u4", -1, 0, 0]}'),
        array_file(b'{"a": 1234567890123}'),
        array_file(b'{"a": ["<u4", 1, 0, 0]}'),
        array_file(b'{"a": ["<u4", 1, 0, 0], "block_checksums": ["<u8", 1, 0, 7]}'),
    ],
    ids=[
        "empty",
        "only the magic",
        "another magic",
        "header longer than the file",
        "checksum of the header",
        "header is a list",
        "array longer than the file",
        "array of objects",
        "negative number of elements",
        "entry is a number",
        "no checksums",
        "wrong checksum of the checksums",
    ],
)
def test_invalid_files_are_damaged(data: bytes, tmp_path: Path) -> None:
    """A file that was not written by `write_arrays` is reported by name, whatever its header says."""
    (tmp_path / "file").write_bytes(data)
    with pytest.raises(IndexDamaged, match="file"):
        ArrayFile(tmp_path / "file")["a"]


def test_blocks_are_verified_when_they_are_read(tmp_path: Path) -> None:
    """Reading a damaged block raises an error, however it is read. Other blocks and other arrays can be read."""
    path, length = tmp_path / "file", 100_000
    write_arrays(path, {"a": np.arange(length, dtype=np.uint32), "b": np.arange(10, dtype=np.uint8)})
    start = ArrayFile(path)._data_start
    content = bytearray(path.read_bytes())
    content[start + 4 * 50_000] ^= 1
    path.write_bytes(content)
    stored = ArrayFile(path)
    checked = stored.checked("a")
    assert stored["b"].tolist() == list(range(10))
    assert checked.read(40_000, 40_003).tolist() == [40_000, 40_001, 40_002]
    assert checked.take(np.array([3, 99_999])).tolist() == [3, 99_999]
    assert checked.join([1, 90_000], [3, 90_001]).tolist() == [1, 2, 90_000]
    for read in (
        lambda: checked.read(10_000, 60_000),
        lambda: checked.take(np.array([3, 50_001])),
        lambda: checked.join([1, 49_999], [3, 50_010]),
        checked.all,
        lambda: stored["a"],
        stored.verify,
    ):
        with pytest.raises(IndexDamaged, match=re.escape(str(path))):
            read()
    assert checked.take(np.array([3, 99_999])).tolist() == [3, 99_999]


@pytest.mark.parametrize(("start", "end"), [(-1, 2), (2, 1), (0, 11), (11, 12)])
def test_reading_beyond_an_array_is_damage(tmp_path: Path, start: int, end: int) -> None:
    """Reading a range that is not inside the array raises IndexDamaged, because only damaged offsets lead to it."""
    write_arrays(tmp_path / "file", {"a": np.arange(10, dtype=np.uint8)})
    with pytest.raises(IndexDamaged):
        ArrayFile(tmp_path / "file").checked("a").read(start, end)


@given(st.lists(st.integers(0, 2**63 - 1)))
def test_narrowest_keeps_values(values: list[int]) -> None:
    """`narrowest` does not change values, and no narrower type could store them."""
    array = arrays.narrowest(np.array(values, np.int64))
    assert array.tolist() == values
    assert array.itemsize == 1 or max(values) >= 1 << (4 * array.itemsize)  # half the bits are too few


# numbers of documents of facet values

LENGTHS = (1, 1, 62, 64, 1, 200, 63, 65, 129, 3, 300, 1, 40, 128, 1, 5)
"""Numbers of paragraphs of documents: within a 64-bit word, at its edges, over several words."""
TOPICS = ("行政执法", "普法宣传", "队伍建设")


@pytest.fixture(scope="module", params=[10**6, 50], ids=["whole", "split"])
def uneven(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> IndexReader:
    """Documents with `LENGTHS` paragraphs in one segment, or in segments of 50 docs, which split some documents."""
    rng = np.random.default_rng(5)
    folder = tmp_path_factory.mktemp("uneven")
    index_writer = open_writer("columnar", folder, Analyzer())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(writer, "MAX_SEGMENT_DOCS", min(request.param, writer.MAX_SEGMENT_DOCS))
        for number, length in enumerate(LENGTHS):
            name, year = f"{number:02d}.txt", [None, 2021, 2022][number % 3]
            paragraphs = [
                Paragraph(
                    f"{name}#{n}",
                    name,
                    n,
                    "执法",
                    section=str(rng.choice(["成效", "问题"])),
                    topics=tuple(map(str, rng.permutation(TOPICS)[: int(rng.integers(3))])),
                    of_year=tuple(range(1990, 1990 + int(rng.integers(150)), 30)),
                    year=year,
                )
                for n in range(1, length + 1)
            ]
            index_writer.add(Document(name, year=year), paragraphs, [()] * length, name)
        index_writer.commit()
    return IndexReader(folder)


@pytest.mark.parametrize("share", [0.0, 0.002, 0.02, 0.3, 1.0])
@pytest.mark.parametrize("is_dense", [True, False])
@pytest.mark.parametrize("limits", [(1, 0), (1 << 15, 10**9)])
def test_each_way_to_count_documents_of_facet_values_is_exact(
    uneven: IndexReader,
    share: float,
    is_dense: bool,  # noqa: FBT001
    limits: tuple[int, int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Facet counts of docs and of documents equal naive counts, in each way to count and with small and large blocks.

    The docs are a bitset or ids, and the documents are counted in a table or by sorting.
    """
    monkeypatch.setattr(faceting, "_BLOCK_WORDS", limits[0])
    monkeypatch.setattr(faceting, "_TABLE_RATIO", limits[1])
    for seed in range(8):
        mask = np.random.default_rng(seed).random(uneven.size) < share
        docs = DocSet.of_bitset(mask) if is_dense else DocSet.of_ids(mask.nonzero()[0], uneven.size)
        paragraphs = [
            segment.paragraph(local_id) for segment, local_id in map(uneven.locate, mask.nonzero()[0].tolist())
        ]
        for facet in map(Facet, ("topic", "section", "of_year", "year", "document")):
            pairs = [
                (value, paragraph.document) for paragraph in paragraphs for value in facet_values(paragraph, facet)
            ]
            counts, documents = (Counter(value for value, _ in items) for items in (pairs, set(pairs)))
            collector = FacetCollector(uneven, docs)
            result = collector.count(facet, frozenset(), None, collector.count_documents(facet))
            assert {str(item.value): item.count for item in result.values} == counts
            assert {str(item.value): (item.documents, item.all_documents) for item in result.values} == {
                value: (count, count) for value, count in documents.items()
            }
            assert result.missing == sum(not facet_values(paragraph, facet) for paragraph in paragraphs)


def test_docs_of_whole_documents(uneven: IndexReader) -> None:
    """`whole_documents` returns all docs of the documents that have a doc in a set, also docs in other segments."""
    names = [segment.paragraph(local_id).document for segment, local_id in map(uneven.locate, range(uneven.size))]
    for chosen in ([], [0], [uneven.size - 1], [5, 400, 401, 700]):
        docs = uneven.whole_documents(DocSet.of_ids(np.array(chosen, np.intp), uneven.size))
        documents = {names[doc_id] for doc_id in chosen}
        assert docs.ids.tolist() == [doc_id for doc_id, name in enumerate(names) if name in documents]
