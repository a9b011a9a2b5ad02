"""Matches and snippets, compared with a reference implementation that tries the longest window at each match."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from searchkit.query.facets import Filter
from searchkit.query.tree import And, Everything, Node, Not, Or, Prefix, Substring, Word, positive_leaves
from searchkit.search.snippets import (
    MAX_SNIPPET_LENGTH,
    Highlighter,
    Match,
    Snippet,
    split_highlights,
)
from searchkit.text.analyzer import Analyzer, Lexicon
from searchkit.text.folding import fold
from searchkit.text.numerals import find_numerals

PIECES = (
    "行政执法", "监督", "執法", "检查", "的", "红", "蓝", "ABC", "ａｂ", "。", "，", "；", " ", "的" * 60,
    "1,234,567.89元", "9" * 30 + "号", "一百二十九件", "３件", "在各有关部门的共同努力下", "开展了多种多样的活动" * 4,
)  # fmt: skip
"""Pieces of random texts. No number in such a text is longer than a window (`MAX_SNIPPET_LENGTH`)."""
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
        st.sampled_from(("passage", "passage", "text", "title")),
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
    """Return an analyzer without domain words and synonyms."""
    return Analyzer(Lexicon("", ""))


# Matches.


@given(TEXTS, TREES)
def test_matches_are_the_occurrences_of_the_leaves(analyzer: Analyzer, text: str, tree: Node) -> None:
    """The matches in a text are exactly the occurrences of the leaves that are not negated and not on another field."""
    tokens = analyzer.tokenize(text)
    expected: set[tuple[int, int]] = set()
    for leaf in positive_leaves(tree):
        if leaf.field not in {"passage", "text"}:
            continue
        if isinstance(leaf, Substring):
            expected.update(leaf.find(fold(text)))
        elif isinstance(leaf, Word):
            expected.update((token.start, token.end) for token in tokens if token.term == leaf.term)
        else:
            expected.update((token.start, token.end) for token in tokens if token.term.startswith(leaf.text))
    matches = Highlighter(tree, analyzer).find(text)
    assert {(start, end) for start, end, _ in matches} == expected
    assert matches == sorted(set(matches))


@given(TEXTS, st.sampled_from(("行政执法", "监督", "红", "3", "ab", "c。")))
def test_a_span_contains_the_string_searched_for(analyzer: Analyzer, text: str, string: str) -> None:
    """The text of a span, folded, is the string once or several times. All occurrences of the string are in spans."""
    spans = Highlighter(Substring(string), analyzer).snippet(text).spans
    for start, end in spans:
        assert fold(text[start:end]) == string * ((end - start) // len(string))
    assert sum(end - start for start, end in spans) == fold(text).count(string) * len(string)


def test_matches_have_the_ordinal_of_their_leaf(analyzer: Analyzer) -> None:
    """Leaves are numbered from left to right. Leaves under NOT have no number and no matches."""
    tree = And((Substring("红"), Not(Substring("绿")), Or((Word("检查"), Prefix("ab"))), Substring("红", "title")))
    assert Highlighter(tree, analyzer).find("红绿检查ABC") == [(0, 1, 0), (2, 4, 1), (4, 7, 2)]


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
    """Numbers match as a whole. Variants (执法, 執法) match. Adjacent and overlapping matches become one span."""
    assert [text[start:end] for start, end in Highlighter(tree, analyzer).snippet(text).spans] == spans


# The window.


@given(TEXTS, TREES)
@settings(max_examples=100)
def test_the_window_is_a_slice_of_the_text(analyzer: Analyzer, text: str, tree: Node) -> None:
    """The window is a slice of the text of at most 120 code points. A text that fits into it is shown in full."""
    snippet = Highlighter(tree, analyzer).snippet(text)
    assert snippet.text == text[snippet.start : snippet.start + len(snippet.text)]
    assert len(snippet.text) <= MAX_SNIPPET_LENGTH
    assert snippet.text == text or len(text) > MAX_SNIPPET_LENGTH
    assert bool(snippet.text) == bool(text)


@given(TEXTS, TREES)
@settings(max_examples=100)
def test_the_window_cuts_no_number(analyzer: Analyzer, text: str, tree: Node) -> None:
    """Neither edge is inside a number, unless the number is longer than a window."""
    snippet = Highlighter(tree, analyzer).snippet(text)
    for edge in (snippet.start, snippet.start + len(snippet.text)):
        assert not _cuts_number(edge, _short_numbers(text))


@given(TEXTS, TREES)
@example("行政执法" * 8 + "的" * 60 + "9" * 30 + "号", And((Substring("行政执法"), Substring("99"))))
@settings(max_examples=150)
def test_the_window_shows_the_most_leaves(analyzer: Analyzer, text: str, tree: Node) -> None:
    """The window contains matches of as many leaves as any other window that cuts no number."""
    snippet = Highlighter(tree, analyzer).snippet(text)
    matches = Highlighter(tree, analyzer).find(text)
    assert _count_leaves(matches, snippet.start, snippet.start + len(snippet.text)) == _max_leaves(text, matches)


@given(
    st.lists(
        st.tuples(st.integers(0, 3) | st.integers(90, 125), st.sampled_from((*"红黄绿", LONG_PHRASE))), max_size=8
    ),
    st.sampled_from("，的"),
)
@settings(max_examples=150)
def test_the_window_shows_the_most_leaves_among_nested_and_distant_matches(
    analyzer: Analyzer, pieces: list[tuple[int, str]], filler: str
) -> None:
    """The window also shows the most leaves if the leaf 蓝 occurs in another leaf, or if matches are far apart.

    Far apart means that their distance is about the length of a window.
    """
    text = filler * 200 + "".join(filler * gap + piece for gap, piece in pieces) + filler * 200
    tree = And(tuple(map(Substring, ("红", "黄", "绿", LONG_PHRASE, "蓝"))))
    snippet = Highlighter(tree, analyzer).snippet(text)
    matches = Highlighter(tree, analyzer).find(text)
    assert _count_leaves(matches, snippet.start, snippet.start + len(snippet.text)) == _max_leaves(text, matches)


@given(TEXTS, TREES)
def test_spans_are_merged_and_ascending(analyzer: Analyzer, text: str, tree: Node) -> None:
    """Spans cover exactly the matches, in ascending order, with a gap between any two."""
    spans = Highlighter(tree, analyzer).snippet(text).spans
    matched = {i for start, end, _ in Highlighter(tree, analyzer).find(text) for i in range(start, end)}
    assert {i for start, end in spans for i in range(start, end)} == matched
    assert all(start < end for start, end in spans)
    assert all(end < following for (_, end), (following, _) in pairwise(spans))


def test_the_window_is_where_the_most_leaves_match(analyzer: Analyzer) -> None:
    """Two leaves far into the text win over one leaf at its beginning.

    At most a third of the window is before the first match.
    """
    text = "检查。" + "的" * 200 + "，开展行政检查和执法监督，" + "的" * 200
    snippet = Highlighter(And((Substring("检查"), Substring("监督"))), analyzer).snippet(text)
    assert "行政检查和执法监督" in snippet.text
    assert len(snippet.text) > 100
    assert snippet.text.index("行政检查") <= MAX_SNIPPET_LENGTH // 3


def test_the_window_begins_with_a_clause(analyzer: Analyzer) -> None:
    """If a clause begins shortly before the match, the window begins there, after the punctuation marks."""
    text = "的" * 300 + "；、，开展检查" + "的" * 300
    assert Highlighter(Substring("检查"), analyzer).snippet(text).text.startswith("开展检查的")


def test_the_first_of_equal_windows_is_shown(analyzer: Analyzer) -> None:
    """Of equally good windows the first is shown; without matches, the beginning of the text."""
    text = "红，" + "的" * 300 + "红"
    assert Highlighter(Substring("红"), analyzer).snippet(text).start == 0
    assert Highlighter(Everything(), analyzer).snippet(text).text == text[:MAX_SNIPPET_LENGTH]


def test_a_long_phrase_does_not_hide_the_words_in_it(analyzer: Analyzer) -> None:
    """If a phrase does not fit into the best window, the window can still show a leaf inside the phrase (蓝)."""
    text = "，" * 200 + "红黄" + "，" * 105 + LONG_PHRASE + "，" * 200
    tree = And(tuple(map(Substring, ("红", "黄", LONG_PHRASE, "蓝"))))
    snippet = Highlighter(tree, analyzer).snippet(text)
    matches = Highlighter(tree, analyzer).find(text)
    assert _count_leaves(matches, snippet.start, snippet.start + len(snippet.text)) == 3


@pytest.mark.parametrize("padding", range(100, 125))
def test_numbers_at_the_edge_stay_whole(analyzer: Analyzer, padding: int) -> None:
    """A number at the edge of the window is shown in full or not at all."""
    for number in ("1,234,567.89万元", "一百二十九万", "百分之九十八点五", "２０２３"):
        text = "红" + "的" * padding + number + "的" * 100
        snippet = Highlighter(Substring("红"), analyzer).snippet(text)
        assert not _cuts_number(len(snippet.text), _short_numbers(text))


def test_a_match_longer_than_the_window_is_shown_from_its_beginning(analyzer: Analyzer) -> None:
    """A match of more than 120 code points fills the window from its beginning. Its span is that of the full match."""
    text = "前" * 50 + "甲乙" * 100
    snippet = Highlighter(Substring("甲乙" * 100), analyzer).snippet(text)
    assert snippet.text == ("甲乙" * 100)[:MAX_SNIPPET_LENGTH]
    assert snippet.spans == ((50, 250),)


def test_a_match_within_a_number_shows_the_number(analyzer: Analyzer) -> None:
    """If the match is inside a number, the window contains the full number: a comma in a number ends no clause."""
    text = "的" * 300 + "1,234,567元" + "的" * 300
    assert "1,234,567元" in Highlighter(Substring("567"), analyzer).snippet(text).text


def test_a_match_too_long_is_cut_before_a_number(analyzer: Analyzer) -> None:
    """A match that is longer than a window is cut before the number at the end of the window."""
    match = "的" * 115 + "1234567890" + "的" * 20
    assert Highlighter(Substring(match), analyzer).snippet("，" * 100 + match).text == "的" * 115


def test_a_text_of_one_long_number_is_shown(analyzer: Analyzer) -> None:
    """A number that is longer than the window is cut."""
    snippet = Highlighter(Substring("1"), analyzer).snippet("1" * 500)
    assert snippet.text == "1" * MAX_SNIPPET_LENGTH


# Highlighting.


@given(TEXTS, TREES)
def test_highlighted_pieces_make_up_the_window(analyzer: Analyzer, text: str, tree: Node) -> None:
    """The pieces concatenate to the window. A piece is a match exactly where a span covers it."""
    snippet = Highlighter(tree, analyzer).snippet(text)
    pieces = split_highlights(snippet)
    assert "".join(piece for piece, _ in pieces) == snippet.text
    is_match_at = [any(start <= i < end for start, end in snippet.spans) for i in range(len(text))]
    highlighted = [is_match for piece, is_match in pieces for _ in piece]
    assert highlighted == is_match_at[snippet.start : snippet.start + len(snippet.text)]
    assert all(piece for piece, _ in pieces)


@pytest.mark.parametrize(
    ("snippet", "pieces"),
    [
        (Snippet(0, "甲红乙", ((1, 2),)), [("甲", False), ("红", True), ("乙", False)]),
        (Snippet(5, "红乙蓝", ((3, 6), (7, 12))), [("红", True), ("乙", False), ("蓝", True)]),
        (Snippet(5, "甲乙", ((0, 5), (7, 9))), [("甲乙", False)]),
        (Snippet(0, "", ()), []),
    ],
)
def test_highlighted_examples(snippet: Snippet, pieces: list[tuple[str, bool]]) -> None:
    """Spans that cross an edge of the window are cut there. Spans outside of it make no piece."""
    assert split_highlights(snippet) == pieces


# The reference implementation.


def _max_leaves(text: str, matches: Sequence[Match]) -> int:
    """Return the maximum number of leaves that match in one window.

    Windows that cut a number are left out, unless the number is longer than a window.
    """
    numbers = _short_numbers(text)
    edges = [edge for edge in range(len(text) + 1) if not _cuts_number(edge, numbers)]
    best = 0
    for start in {max((e for e in edges if e <= first), default=0) for first, _, _ in matches}:
        end = max(edge for edge in edges if edge <= start + MAX_SNIPPET_LENGTH)
        best = max(best, _count_leaves(matches, start, end))
    return best


def _count_leaves(matches: Sequence[Match], start: int, end: int) -> int:
    """Return the number of leaves with a match inside the window."""
    return len({leaf for first, last, leaf in matches if start <= first and last <= end})


def _short_numbers(text: str) -> list[tuple[int, int]]:
    """Return the spans of the numbers that fit into a window."""
    numbers = [(numeral.start, numeral.end) for numeral in find_numerals(text)]
    return [(start, end) for start, end in numbers if end - start <= MAX_SNIPPET_LENGTH]


def _cuts_number(edge: int, numbers: Sequence[tuple[int, int]]) -> bool:
    return any(start < edge < end for start, end in numbers)
