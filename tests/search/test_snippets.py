"""Where a query's parts stand, and the window that shows most of them, held to a twin that tries every window."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from searchkit.query.facets import Filter
from searchkit.query.tree import And, Everything, Node, Not, Or, Prefix, Substring, Word, leaves
from searchkit.search.snippets import MAX_LENGTH, Mark, Snippet, find_marks, highlighted, snippet
from searchkit.text.analyzer import Analyzer, Lexicon
from searchkit.text.folding import fold
from searchkit.text.numerals import find_numerals

PIECES = (
    "行政执法", "监督", "執法", "检查", "的", "红", "蓝", "ABC", "ａｂ", "。", "，", "；", " ", "的" * 60,
    "1,234,567.89元", "9" * 30 + "号", "一百二十九件", "３件", "在各有关部门的共同努力下", "开展了多种多样的活动" * 4,
)  # fmt: skip
"""A text made of these has no number that is too long for a window."""
TEXTS = st.lists(st.sampled_from(PIECES), max_size=40).map("".join)
LONG_PHRASE = "天蓝的各种各样的颜色在画里应有尽有"
LEAVES = st.one_of(
    st.builds(
        Substring,
        st.sampled_from(
            (
                "行政执法",
                "监督",
                "红",
                "蓝蓝",
                "执法",
                "3",
                "99",
                "开展了多种多样的活动" * 3,
                "在各有关部门的共同努力下",
                "c。",
            )
        ),
        st.sampled_from(("text", "text", "text", "title")),
    ),
    st.sampled_from(("3件", "129件", "三件", "9")).map(lambda text: Substring(text, whole_numbers=True)),
    st.builds(Word, st.sampled_from(("行政", "执法", "检查", "abc", "129件", "3", "的", "有关", "活动"))),
    st.builds(Prefix, st.sampled_from(("ab", "1", "行"))),
    st.sampled_from((Everything(), Filter("topic", ("红",)))),
)
TREES = st.recursive(
    LEAVES,
    lambda children: st.one_of(
        st.lists(children, min_size=2, max_size=6).map(lambda nodes: And(tuple(nodes))),
        st.lists(children, min_size=2, max_size=6).map(lambda nodes: Or(tuple(nodes))),
        children.map(Not),
    ),
    max_leaves=12,
)


@pytest.fixture(scope="module")
def analyzer() -> Analyzer:
    """Give an analyzer with the dictionary alone."""
    return Analyzer(Lexicon("", ""))


# Marks.


@given(TEXTS, TREES)
def test_marks_are_what_the_leaves_match(analyzer: Analyzer, text: str, tree: Node) -> None:
    """Each mark is an occurrence of its leaf in the text, and each occurrence is marked."""
    tokens = analyzer.tokens(text)
    expected: set[tuple[int, int]] = set()
    for leaf in leaves(tree):
        if leaf.field != "text":
            continue
        if isinstance(leaf, Substring):
            expected.update(leaf.find(fold(text)))
        elif isinstance(leaf, Word):
            expected.update((token.start, token.end) for token in tokens if token.term == leaf.term)
        else:
            expected.update((token.start, token.end) for token in tokens if token.term.startswith(leaf.text))
    marks = find_marks(text, tree, analyzer)
    assert {(mark.start, mark.end) for mark in marks} == expected
    assert marks == sorted(set(marks))


@given(TEXTS, st.sampled_from(("行政执法", "监督", "红", "3", "ab", "c。")))
def test_a_span_slices_to_what_was_matched(analyzer: Analyzer, text: str, wanted: str) -> None:
    """In the original text, however it is written, a span holds the string that was looked for, once or repeatedly."""
    spans = snippet(text, Substring(wanted), analyzer).spans
    for start, end in spans:
        assert fold(text[start:end]) == wanted * ((end - start) // len(wanted))
    assert sum(end - start for start, end in spans) == fold(text).count(wanted) * len(wanted)


def test_parts_are_told_apart(analyzer: Analyzer) -> None:
    """Marks carry the number of their leaf, counted from left to right; what is excluded has none."""
    tree = And((Substring("红"), Not(Substring("绿")), Or((Word("检查"), Prefix("ab"))), Substring("红", "title")))
    assert find_marks("红绿检查ABC", tree, analyzer) == [Mark(0, 1, 0), Mark(2, 4, 1), Mark(4, 7, 2)]


@pytest.mark.parametrize(
    ("text", "tree", "spans"),
    [
        ("查处3件、23件和三件", Substring("3件", whole_numbers=True), ["3件"]),
        ("查处3件、23件和三件", Word("3件"), ["3件", "三件"]),
        ("罚款９３．７１８２万元。", Word("937182元"), ["９３．７１８２万元"]),
        ("行政執法監督", Substring("执法监督"), ["執法監督"]),
        ("红蓝，红，蓝红", Or((Substring("红"), Substring("蓝"))), ["红蓝", "红", "蓝红"]),
        ("行政执法", Or((Substring("行政执"), Substring("政执法"))), ["行政执法"]),
        ("行政执法，行政", Or((Substring("行政执法"), Substring("政"))), ["行政执法", "政"]),
        ("红", Everything(), []),
        ("", Substring("红"), []),
    ],
)
def test_spans(analyzer: Analyzer, text: str, tree: Node, spans: list[str]) -> None:
    """Numbers whole, other writings of the same, neighbours and overlaps joined."""
    assert [text[start:end] for start, end in snippet(text, tree, analyzer).spans] == spans


# The window.


@given(TEXTS, TREES)
@settings(max_examples=300)
def test_the_window_is_a_piece_of_the_text(analyzer: Analyzer, text: str, tree: Node) -> None:
    """At most 120 code points, verbatim, at the place it says; all of a text that is short enough."""
    hit = snippet(text, tree, analyzer)
    assert hit.text == text[hit.start : hit.start + len(hit.text)]
    assert len(hit.text) <= MAX_LENGTH
    assert hit.text == text or len(text) > MAX_LENGTH
    assert bool(hit.text) == bool(text)


@given(TEXTS, TREES)
@settings(max_examples=300)
def test_the_window_cuts_no_number(analyzer: Analyzer, text: str, tree: Node) -> None:
    """Neither edge is inside a number, unless the number is too long for any window."""
    hit = snippet(text, tree, analyzer)
    for edge in (hit.start, hit.start + len(hit.text)):
        assert not _cuts_number(edge, _short_numbers(text))


@given(TEXTS, TREES)
@settings(max_examples=500)
def test_the_window_shows_the_most_parts(analyzer: Analyzer, text: str, tree: Node) -> None:
    """No other window that cuts no number holds more different parts of the query."""
    hit = snippet(text, tree, analyzer)
    marks = find_marks(text, tree, analyzer)
    assert _parts_within(marks, hit.start, hit.start + len(hit.text)) == _most_parts(text, marks)


@given(
    st.lists(
        st.tuples(st.integers(0, 3) | st.integers(90, 125), st.sampled_from((*"红黄绿", LONG_PHRASE))), max_size=8
    ),
    st.sampled_from("，的"),
)
@settings(max_examples=500)
def test_the_window_shows_the_most_parts_of_long_and_short(
    analyzer: Analyzer, places: list[tuple[int, str]], between: str
) -> None:
    """The same for parts that stand in one another, at distances about the length of a window."""
    text = between * 200 + "".join(between * gap + piece for gap, piece in places) + between * 200
    tree = And(tuple(map(Substring, ("红", "黄", "绿", LONG_PHRASE, "蓝"))))
    hit = snippet(text, tree, analyzer)
    marks = find_marks(text, tree, analyzer)
    assert _parts_within(marks, hit.start, hit.start + len(hit.text)) == _most_parts(text, marks)


@given(TEXTS, TREES)
def test_spans_are_joined_and_in_order(analyzer: Analyzer, text: str, tree: Node) -> None:
    """Spans cover exactly what is marked, from left to right, with a gap between any two."""
    spans = snippet(text, tree, analyzer).spans
    marked = {i for mark in find_marks(text, tree, analyzer) for i in range(mark.start, mark.end)}
    assert {i for start, end in spans for i in range(start, end)} == marked
    assert all(start < end for start, end in spans)
    assert all(end < following for (_, end), (following, _) in pairwise(spans))


def test_the_window_is_where_the_parts_are(analyzer: Analyzer) -> None:
    """Far from the beginning, two parts together come before one part earlier on, and context stands around them."""
    text = "检查。" + "的" * 200 + "，开展行政检查和执法监督，" + "的" * 200
    hit = snippet(text, And((Substring("检查"), Substring("监督"))), analyzer)
    assert "行政检查和执法监督" in hit.text
    assert len(hit.text) > 100
    assert hit.text.index("行政检查") <= MAX_LENGTH // 3


def test_the_window_begins_with_a_clause(analyzer: Analyzer) -> None:
    """Where a clause begins shortly before the match, so does the window, without the marks between the clauses."""
    text = "的" * 300 + "；、，开展检查" + "的" * 300
    assert snippet(text, Substring("检查"), analyzer).text.startswith("开展检查的")


def test_the_first_of_equal_windows_is_shown(analyzer: Analyzer) -> None:
    """Without a better one, the beginning of the text: it says most about the rest."""
    text = "红，" + "的" * 300 + "红"
    assert snippet(text, Substring("红"), analyzer).start == 0
    assert snippet(text, Everything(), analyzer).text == text[:MAX_LENGTH]


def test_a_long_phrase_does_not_hide_the_words_in_it(analyzer: Analyzer) -> None:
    """A phrase that the window cannot hold takes nothing from a word within it that the window can."""
    text = "，" * 200 + "红黄" + "，" * 105 + LONG_PHRASE + "，" * 200
    tree = And(tuple(map(Substring, ("红", "黄", LONG_PHRASE, "蓝"))))
    hit = snippet(text, tree, analyzer)
    assert _parts_within(find_marks(text, tree, analyzer), hit.start, hit.start + len(hit.text)) == 3


@pytest.mark.parametrize("padding", range(100, 125))
def test_numbers_at_the_edge_stay_whole(analyzer: Analyzer, padding: int) -> None:
    """Wherever a number falls on the edge of the window, it is shown whole or not at all."""
    for number in ("1,234,567.89万元", "一百二十九万", "百分之九十八点五", "２０２３"):
        text = "红" + "的" * padding + number + "的" * 100
        edge = snippet(text, Substring("红"), analyzer)
        assert not _cuts_number(len(edge.text), _short_numbers(text))


def test_a_match_longer_than_the_window_is_shown_from_its_beginning(analyzer: Analyzer) -> None:
    """A match of more than 120 characters fills the window."""
    text = "前" * 50 + "甲乙" * 100
    hit = snippet(text, Substring("甲乙" * 100), analyzer)
    assert hit.text == ("甲乙" * 100)[:MAX_LENGTH]
    assert hit.spans == ((50, 250),)


def test_a_match_within_a_number_shows_the_number(analyzer: Analyzer) -> None:
    """A match inside a number is shown with all of it, although the number has marks like those of a clause."""
    text = "的" * 300 + "1,234,567元" + "的" * 300
    assert "1,234,567元" in snippet(text, Substring("567"), analyzer).text


def test_a_match_too_long_ends_before_a_number(analyzer: Analyzer) -> None:
    """A match that has to be cut is not cut inside a number either."""
    match = "的" * 115 + "1234567890" + "的" * 20
    assert snippet("，" * 100 + match, Substring(match), analyzer).text == "的" * 115


def test_a_text_of_one_long_number_is_shown(analyzer: Analyzer) -> None:
    """What cannot be shown whole is shown cut."""
    hit = snippet("1" * 500, Substring("1"), analyzer)
    assert hit.text == "1" * MAX_LENGTH


# Highlighting.


@given(TEXTS, TREES)
def test_highlighted_pieces_make_up_the_window(analyzer: Analyzer, text: str, tree: Node) -> None:
    """The pieces concatenate to the window, and a piece is a match exactly where a span says so."""
    hit = snippet(text, tree, analyzer)
    pieces = highlighted(hit)
    assert "".join(piece for piece, _ in pieces) == hit.text
    is_marked = [any(start <= i < end for start, end in hit.spans) for i in range(len(text))]
    shown = [is_match for piece, is_match in pieces for _ in piece]
    assert shown == is_marked[hit.start : hit.start + len(hit.text)]
    assert all(piece for piece, _ in pieces)


@pytest.mark.parametrize(
    ("hit", "pieces"),
    [
        (Snippet(0, "甲红乙", ((1, 2),)), [("甲", False), ("红", True), ("乙", False)]),
        (Snippet(5, "红乙蓝", ((3, 6), (7, 12))), [("红", True), ("乙", False), ("蓝", True)]),
        (Snippet(5, "甲乙", ((0, 5), (7, 9))), [("甲乙", False)]),
        (Snippet(0, "", ()), []),
    ],
)
def test_highlighted_examples(hit: Snippet, pieces: list[tuple[str, bool]]) -> None:
    """Spans that reach over the edge are cut there; those outside make no piece."""
    assert highlighted(hit) == pieces


# The slow twin.


def _most_parts(text: str, marks: Sequence[Mark]) -> int:
    """Try every window that cuts no number; only numbers longer than a window may be cut."""
    numbers = _short_numbers(text)
    edges = [edge for edge in range(len(text) + 1) if not _cuts_number(edge, numbers)]
    best = 0
    for start in {max((e for e in edges if e <= mark.start), default=0) for mark in marks}:
        end = max(edge for edge in edges if edge <= start + MAX_LENGTH)
        best = max(best, _parts_within(marks, start, end))
    return best


def _parts_within(marks: Sequence[Mark], start: int, end: int) -> int:
    return len({mark.part for mark in marks if start <= mark.start and mark.end <= end})


def _short_numbers(text: str) -> list[tuple[int, int]]:
    numbers = [(numeral.start, numeral.end) for numeral in find_numerals(text)]
    return [(start, end) for start, end in numbers if end - start <= MAX_LENGTH]


def _cuts_number(edge: int, numbers: Sequence[tuple[int, int]]) -> bool:
    return any(start < edge < end for start, end in numbers)
