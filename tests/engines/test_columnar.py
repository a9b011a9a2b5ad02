"""What is particular to the columnar engine: its kernels against slow twins, its segments, its files."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from searchkit.analysis import Analyzer
from searchkit.corpus import DocumentRead
from searchkit.engines import open_writer
from searchkit.engines.columnar import arrays, bigrams, postings, scoring, sets, writer
from searchkit.engines.columnar.arrays import Array, ArrayFile, write_arrays
from searchkit.engines.columnar.engine import ColumnarEngine
from searchkit.engines.columnar.text import Text, code_points, text_arrays
from searchkit.errors import IndexDamaged
from searchkit.folding import fold
from searchkit.indexing import BuildOptions, write_index
from searchkit.query import Substring
from searchkit.ranking import count_all_grams
from searchkit.searching import Index

Report = Callable[..., DocumentRead]
QUERIES = ("执法", "“检查执法”", "执 OR 查", "3件", "13件 -罚", "ab*", "*", "heading:二", "title:报告 检查")
CHARACTERS = "执法一二ａA1３,.件，。\n"


@pytest.fixture
def documents(report: Report) -> list[DocumentRead]:
    """Twenty documents of one to nine paragraphs that share words, strings and numbers."""
    texts = ("执法检查3件", "检查执法13件，罚款", "ab abc 执法", "查处，三件。", "罚没款1.5万元")
    return [report(f"{n:02d}.txt", *(texts[(n * k) % 5] for k in range(1 + n % 9))) for n in range(20)]


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


# segments


@pytest.mark.parametrize(("limit", "size"), [("MOST_PARAGRAPHS", 7), ("MOST_PARAGRAPHS", 40), ("MOST_CHARACTERS", 50)])
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


def in_steps(documents: Sequence[DocumentRead], folder: Path) -> Path:
    """Add documents to an index one after the other, each in a commit of its own, and every third one twice."""
    base: Path | None = None
    for step, read in enumerate(documents):
        for attempt in range(2 if step % 3 == 0 else 1):
            data = folder / f"{step:03d}-{attempt}"
            data.mkdir(parents=True)
            writing = open_writer("columnar", data, Analyzer(), base)
            writing.remove([read.file])
            writing.add(read.document, read.paragraphs, read.file)
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


def test_other_indexes_keep_their_files(documents: list[DocumentRead], tmp_path: Path) -> None:
    """What a later commit takes over or merges stays as it was for the one before."""
    in_steps(documents[:9], tmp_path)
    for data in sorted(tmp_path.iterdir()):
        engine = ColumnarEngine(data)
        engine.check()
        count = int(data.name[:3]) + 1
        assert len(list(engine.documents())) == count, data.name


def test_parts_are_absorbed(documents: list[DocumentRead], tmp_path: Path) -> None:
    """What several writers made is one index, in the order of the files whatever the order of the parts."""
    for name, some in (("b", documents[10:]), ("a", documents[:10])):
        (tmp_path / name).mkdir()
        part = open_writer("columnar", tmp_path / name, Analyzer())
        for read in some:
            part.add(read.document, read.paragraphs, read.file)
        part.commit()
    (tmp_path / "whole").mkdir()
    whole = open_writer("columnar", tmp_path / "whole", Analyzer())
    whole.absorb(tmp_path / "b")
    whole.absorb(tmp_path / "a")
    whole.commit()
    engine = ColumnarEngine(tmp_path / "whole")
    engine.check()
    assert list(engine.documents()) == [read.document for read in documents]


# text


def opened(texts: Sequence[str]) -> Text:
    """Give the text of paragraphs as a segment has it."""
    lengths = np.array([len(text) for text in texts], np.int64)
    return Text(text_arrays(code_points("".join(texts)), lengths))


@settings(deadline=None)
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
        patch.setattr(bigrams, "MOST_WITH_MARK", most_with_mark)
        text = opened(texts)
    assert [text[number] for number in range(len(texts))] == texts
    for string in strings:
        node = Substring(string, **kind)
        expected = [number for number, own in enumerate(texts) if any(True for _ in node.find(fold(own)))]
        assert text.holding(node).tolist() == expected, string


def test_offsets_far_apart_and_rare_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lists are right where gaps and offsets do not fit 16 bits, stored in either way."""
    texts = ["件" * 70_000 + "执法" + "件" * 140_000 + "执法", "法执法", *["执法"] * 30, "件法" * 9]
    joined = "\0".join(texts)
    for common in (1, 1000):
        monkeypatch.setattr(bigrams, "_common", lambda _, least=common: least)
        text = opened(texts)
        for string in ("执法", "法执", "件法", "件执法件", "法件"):
            expected = [number for number, own in enumerate(texts) if string in own]
            assert text.holding(Substring(string)).tolist() == expected
    assert "法件" in joined


@given(st.lists(st.text(CHARACTERS), min_size=1, max_size=9), st.lists(st.text(CHARACTERS, min_size=1, max_size=1)))
def test_gram_frequencies_are_counts(texts: list[str], singles: list[str]) -> None:
    """Document frequencies of characters and bigrams equal a count, those of what does not occur are 0."""
    text, folded = opened(texts), [fold(own) for own in texts]
    grams = [fold(single) for single in singles] + ["没"]
    assert text.gram_dfs(grams).tolist() == [sum(gram in own for own in folded) for gram in grams]
    pairs = [first + second for first, second in pairwise(grams)]
    assert text.gram_dfs(pairs).tolist() == [sum(pair in own for own in folded) for pair in pairs]


@given(st.lists(st.text(CHARACTERS + "𠀀 Ⅻ"), min_size=1, max_size=9))
def test_gram_lengths(texts: list[str]) -> None:
    """How many grams a paragraph has is what ranking says."""
    lengths = np.array([len(text) for text in texts], np.int64)
    made = text_arrays(code_points("".join(texts)), lengths)
    for name, size in (("character_count", 1), ("bigram_count", 2)):
        assert made[name].tolist() == [count_all_grams(fold(text), size) for text in texts]


def test_more_characters_than_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the keys of an enormous alphabet leave no room for offsets, the lists are the same."""
    texts = ["执法检查", "检查执法", "法检"]
    expected = text_arrays(code_points("".join(texts)), np.array([4, 4, 2]))
    monkeypatch.setattr(bigrams, "key_bits", lambda count: 31 if count < 12 else 4)
    wide = text_arrays(code_points("".join(texts)), np.array([4, 4, 2]))
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
    write_arrays(tmp_path / "file", postings.posting_arrays(terms, postings.Pairs(*columns), size))
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
        in_text = opened_postings.owners(found) if term[0] < " " else opened_postings.in_text(found)
        assert sets.as_positions(in_text).tolist() == sorted(
            holder for holder, (_, is_in_text) in own.items() if is_in_text
        )
        frequencies = opened_postings.frequencies(found).tolist()
        assert frequencies == [own.get(holder, (0, False))[0] for holder in range(size)]
    pairs = opened_postings.pairs()
    back = {
        (terms.index(opened_postings.term(term)), holder): (tf, in_text)
        for term, holder, tf, in_text in zip(*(getattr(pairs, name).tolist() for name in pairs.__slots__), strict=True)
    }
    assert back == held


# sets


@given(st.lists(st.tuples(st.booleans(), st.sets(st.integers(0, 99))), min_size=1, max_size=4))
def test_sets_are_sets(given_sets: list[tuple[bool, set[int]]]) -> None:
    """Intersection, union and complement of masks and positions are those of Python's sets."""
    size = 100
    made = [np.array(sorted(chosen), np.intp) for _, chosen in given_sets]
    made = [
        sets.as_mask(found, size) if is_mask else found for found, (is_mask, _) in zip(made, given_sets, strict=True)
    ]
    chosen = [chosen for _, chosen in given_sets]

    def members(found: Array) -> set[int]:
        positions = sets.as_positions(found).tolist()
        assert positions == sorted(set(positions))
        assert sets.count(found) == len(positions)
        return set(positions)

    assert members(sets.intersection(made, size)) == set.intersection(*chosen)
    assert members(sets.union(made, size)) == set.union(*chosen)
    assert members(sets.complement(made[0], size)) == set(range(size)) - chosen[0]


# scores and counts


def test_the_best_are_the_best(report: Report, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether a segment's matches are masks or lists, the best by step one are those of sorting all scores."""
    monkeypatch.setattr(scoring, "RESCORED", 5)
    texts = [
        "执法" * (1 + n % 3) + "检查" * (n % 2) + "的" * (n % 11) + ("罚款" if n % 10 == 0 else "") for n in range(90)
    ]
    folder = tmp_path / "index"
    write_index([report(f"{n:02d}.txt", *texts[n : n + 5]) for n in range(0, 90, 5)], folder, BuildOptions("columnar"))
    with Index(folder) as index:
        for query in ("执法", "执法 检查", "罚款 OR 检查", "罚款"):
            ranked = index.search(query, explain=True, limit=None).hits
            words = [sum(hit.explanation.words.values()) for hit in ranked if hit.explanation]
            assert words[5:] == sorted(words[5:], reverse=True)
            assert min(words[:5]) >= max(words[5:], default=0.0)


def test_counts_by_bits_are_counts(report: Report, tmp_path: Path) -> None:
    """Facets of a set kept as a mask are those of a recount, at every boundary of documents and of 64 bits."""
    sizes = [1, 62, 1, 1, 63, 64, 65, 3, 127, 128, 2]
    reads = [
        report(f"{n:02d}.txt", *["执法" if k % 3 else "检查" for k in range(size)]) for n, size in enumerate(sizes)
    ]
    write_index(reads, tmp_path / "index", BuildOptions("columnar"))
    with Index(tmp_path / "index") as index:
        for query, word in (("执法", "执法"), ("检查", "检查"), ("*", "")):
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
