"""Word segmentation: rjieba and `DictionarySegmenter` return the same words as jieba."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from math import log
from pathlib import Path
from typing import Any

import jieba
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jieba import finalseg

from searchkit.errors import SearchkitError
from searchkit.files import DATA_FOLDER
from searchkit.text import segmentation
from searchkit.text.folding import fold
from searchkit.text.segmentation import HAN_RANGE, DictionarySegmenter, JiebaDictionary, Segmenter, SegmenterProvider

ROOT = Path(__file__).parents[2]
CUSTOM_WORDS = ("红色橡子", "红色橡子局", "不会", "不会", "噢", "龘龘靐", "互联网+", "𠀀甲", "執")
"""Custom words: new ones, nested ones, one of the dictionary, a duplicate, a single character, rare characters."""


def default_words() -> tuple[str, ...]:
    """Return the words of the default word list, folded."""
    lines = (DATA_FOLDER / "words.txt").read_text(encoding="utf-8").splitlines()
    return tuple(fold(word) for line in lines if not line.startswith("#") for word in line.split())


def create_jieba(words: Iterable[str]) -> jieba.Tokenizer:
    """Return jieba with custom words, loaded from its dictionary and not from its cache."""
    tokenizer = jieba.Tokenizer()
    tokenizer.FREQ, tokenizer.total = jieba.Tokenizer.gen_pfdict(tokenizer.get_dict_file())
    tokenizer.initialized = True
    for word in words:
        tokenizer.add_word(word, segmentation._CUSTOM_WORD_FREQUENCY, "n")
    return tokenizer


def create_rjieba(words: Iterable[str]) -> Segmenter:
    """Return rjieba with custom words."""
    pytest.importorskip("rjieba")
    segmenter = segmentation._load_rjieba(words)
    assert segmenter is not None
    return segmenter


@pytest.fixture(scope="module")
def original() -> jieba.Tokenizer:
    """Return jieba without custom words."""
    return create_jieba(())


@pytest.fixture(scope="module", params=[(), CUSTOM_WORDS], ids=["dictionary", "custom words"])
def segmenters(request: pytest.FixtureRequest) -> Iterator[tuple[Any, ...]]:
    """`DictionarySegmenter`, rjieba, and jieba with the probabilities of rjieba. All must return the same words.

    Rjieba rounds emission probabilities, and counts a word once if it occurs twice in the dictionary or is added again.
    Both decide between equally probable segmentations: in 上少少少且, jieba itself would choose another one.
    """
    rounded = {
        state: {character: round(value, 6) for character, value in table.items()}
        for state, table in finalseg.emit_P.items()
    }
    jieba_tokenizer = create_jieba(request.param)
    jieba_tokenizer.total = sum(jieba_tokenizer.FREQ.values())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(finalseg, "emit_P", rounded)
        yield DictionarySegmenter(request.param), create_rjieba(request.param), jieba_tokenizer


# Dictionary and model.


def test_every_word_is_found(original: jieba.Tokenizer) -> None:
    """Each word of the 349,046 lines of the dictionary has jieba's weight, and each prefix that is no word has 0.

    There are no other words or prefixes.
    """
    segmenter = DictionarySegmenter(())
    log_total = log(sum(original.FREQ.values()))
    expected = {word: log(frequency) - log_total if frequency else 0.0 for word, frequency in original.FREQ.items()}
    assert sum(weight < 0 for weight in expected.values()) == 349_045  # one word occurs twice
    weights: dict[str, float] = {}
    for prefix in {word[:2] for word in expected}:
        weights.update(segmenter._load_weights(prefix))
    assert weights == expected


@pytest.mark.parametrize(
    ("word", "frequency"),
    [
        ("高富帅", 13),
        ("吉林", 89),
        ("一", 217_830),
        ("龢", 732),
        ("小S", 3),
        ("AT&T", 3),
        ("B超", 3),
        ("小", 57_969),
        ("龘靐", 0),
        ("鿕", 0),
    ]
    + [(word, 0) for word in ("AT", "AT&", "AT&T 3", "吉林 89", "小S女", "zz", "\0", " ", "𠀀", "\uffff")],
)
def test_words_are_found_in_all_parts_of_the_file(word: str, frequency: int, original: jieba.Tokenizer) -> None:
    """The word frequencies of jieba are found, also of words that are not in the order of the file (小S, AT&T, B超).

    Strings that are no words have the frequency 0.
    """
    assert original.FREQ.get(word, 0) == frequency
    dictionary = JiebaDictionary()
    assert dictionary.frequency(word) == frequency
    if len(word) > 1:
        assert dictionary.words(word[:2]).get(word, 0) == frequency


def test_the_model_is_that_of_jieba() -> None:
    """The hidden Markov model has jieba's start, transition and emission probabilities, the last ones rounded."""
    characters = {character for table in finalseg.emit_P.values() for character in table}
    assert len(characters) > 10_000
    for character in sorted(characters | {"鿕", "龘"}):
        expected = {state: finalseg.emit_P[state].get(character, finalseg.MIN_FLOAT) for state in "BMES"}
        emissions = segmentation._emissions(character)
        assert emissions.keys() == expected.keys()
        assert all(abs(emissions[state] - expected[state]) <= 1e-6 for state in "BMES"), character
    assert finalseg.start_P == segmentation._START
    steps = {(before, state): step for state, row in segmentation._TRANSITIONS.items() for before, step in row.items()}
    assert steps == {(before, state): step for before, row in finalseg.trans_P.items() for state, step in row.items()}
    assert {state: set(row) for state, row in segmentation._TRANSITIONS.items()} == {
        state: set(before) for state, before in finalseg.PrevStatus.items()
    }


@pytest.mark.parametrize("name", segmentation._FILE_CRC32)
def test_missing_or_changed_files_of_jieba_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """A file of jieba that is missing, empty or changed by one byte raises an error of one line with its path."""
    installed = find_spec("jieba")
    assert installed is not None
    assert installed.origin is not None
    data = bytearray((Path(installed.origin).parent / name).read_bytes())
    data[1000] ^= 1
    path = tmp_path / name
    monkeypatch.setattr(segmentation, "find_spec", lambda _: ModuleSpec("jieba", None, origin=str(tmp_path / "x.py")))
    for content in (None, b"", bytes(data)):
        if content is not None:
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(content)
        with pytest.raises(SearchkitError) as caught:
            segmentation._open_jieba_file(name)
        assert str(path) in str(caught.value)
        assert "\n" not in str(caught.value)


def test_a_missing_jieba_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """If jieba is not installed, the message contains the command that installs it."""
    monkeypatch.setattr(segmentation, "find_spec", lambda _: None)
    with pytest.raises(SearchkitError, match="pip install"):
        JiebaDictionary()


# Segmentation.


def test_segmenters_agree_on_the_sample_corpus() -> None:
    """All segmenters return the same words for the Chinese runs in corpus/reports."""
    assert_segmenters_agree(path for path in (ROOT / "corpus" / "reports").rglob("*") if path.is_file())


def test_segmenters_agree_on_real_reports(shared: Path) -> None:
    """All segmenters return the same words for one in four Chinese runs of every tenth real report.

    To compare all runs takes too long.
    """
    paths = sorted(path for path in (shared / "corpus").rglob("*") if path.is_file())
    assert_segmenters_agree(paths[::10], step=4)


def assert_segmenters_agree(paths: Iterable[Path], step: int = 1) -> None:
    """Assert that the segmenters agree on the Chinese runs of files, with the default words.

    Compares one in `step` runs in search mode, and one in `10 * step` in default mode.
    """
    runs: set[str] = set()
    for path in paths:
        runs.update(re.findall(f"[{HAN_RANGE}]+", fold(path.read_text(encoding="utf-8", errors="replace"))))
    assert len(runs) > 1000
    words = default_words()
    segmenters = DictionarySegmenter(words), create_rjieba(words), create_jieba(words)
    # Search mode includes the words of default mode, so a tenth of the runs is enough in default mode.
    for mode, every in (("search", step), ("default", 10 * step)):
        assert [run for run in sorted(runs)[::every] if not agree(segmenters, run, mode)] == []


def agree(segmenters: Iterable[Any], run: str, mode: str) -> bool:
    """Return whether the segmenters return the same words for a run."""
    first, second, third = (list(segmenter.tokenize(run, mode)) for segmenter in segmenters)
    return bool(first == second == third)


CHARACTERS = st.characters(min_codepoint=0x4E00, max_codepoint=0x9FD5)
COMMON = st.sampled_from(
    "的一是在不了有和人这中大为上个国我以要他时来用们生到作地于出就分对成会可主发年动同工也能下过子说产种面而方后多定行学法所民得经"
)
PARTS = st.sampled_from(
    (*CUSTOM_WORDS[:4], "龘龘靐", "红色", "橡子", "吉林工业大学", "高富帅", "高姓大名", "中华人民共和国")
)
REPEATED = st.lists(COMMON, min_size=1, max_size=3).flatmap(lambda few: st.text(st.sampled_from(few), max_size=9))
RUNS = (
    st.text(CHARACTERS, max_size=8)
    | st.text(COMMON, max_size=20)
    | REPEATED
    | st.lists(COMMON | CHARACTERS | PARTS).map("".join)
)
"""Runs of any characters, of common ones, of one to three that are repeated, and of words among characters."""


@given(RUNS)
@settings(deadline=None, max_examples=150)
def test_segmenters_agree_on_any_run(segmenters: tuple[Any, ...], run: str) -> None:
    """All segmenters return the same words for any run of Chinese characters."""
    assert agree(segmenters, run, "default")
    assert agree(segmenters, run, "search")


@given(st.lists(RUNS | st.sampled_from([" ", "\0", "\n", "\x01"])).map("".join))
@settings(deadline=None)
def test_cut_for_search_agrees_with_tokenize(segmenters: tuple[Any, ...], text: str) -> None:
    """`cut_for_search` returns the words of `tokenize` in search mode. Spaces and control characters are words."""
    dictionary_segmenter, rjieba, _ = segmenters
    words = list(dictionary_segmenter.cut_for_search(text))
    assert words == [word for word, _, _ in dictionary_segmenter.tokenize(text, "search")]
    assert words == list(rjieba.cut_for_search(text))


@given(st.text(CHARACTERS | COMMON | st.characters(exclude_categories=[])))
@settings(deadline=None)
def test_words_cover_the_text(segmenters: tuple[Any, ...], text: str) -> None:
    """The words of `DictionarySegmenter` in default mode are consecutive and cover the text."""
    words = list(segmenters[0].tokenize(text, "default"))
    assert "".join(word for word, _, _ in words) == text
    assert [text[start:end] for _, start, end in words] == [word for word, _, _ in words]


@pytest.mark.parametrize(
    ("run", "words"),
    [
        ("", []),
        ("龘", ["龘"]),
        ("行政执法监督", ["行政", "执法监督"]),
        ("他来到了网易杭研大厦", ["他", "来到", "了", "网易", "杭研", "大厦"]),
        ("提高红色橡子水平", ["提高", "红色橡子", "水平"]),
    ],
)
def test_runs_are_segmented_into_words(run: str, words: list[str]) -> None:
    """Dictionary words, a word that only the model finds (杭研), and a custom word are recognised."""
    segmenter = DictionarySegmenter(CUSTOM_WORDS)
    assert [word for word, _, _ in segmenter.tokenize(run, "default")] == words


def test_long_runs_are_segmented() -> None:
    """A run of a hundred thousand characters is segmented, with and without words in it."""
    segmenter = DictionarySegmenter(())
    for run in ("执法" * 50_000, "龘" * 100_000):
        assert "".join(word for word, _, _ in segmenter.tokenize(run, "default")) == run


def test_a_segmenter_is_thread_safe() -> None:
    """A segmenter shared by threads returns the same words as a segmenter of a single thread."""
    runs = re.findall(f"[{HAN_RANGE}]+", (DATA_FOLDER / "words.txt").read_text(encoding="utf-8"))
    expected = [list(DictionarySegmenter(CUSTOM_WORDS).tokenize(run, "search")) for run in runs]
    shared = DictionarySegmenter(CUSTOM_WORDS)
    with ThreadPoolExecutor(8) as pool:
        for words in pool.map(lambda _: [list(shared.tokenize(run, "search")) for run in runs], range(16)):
            assert words == expected


# Choice of the segmenter.


def test_rjieba_is_loaded_for_much_text(monkeypatch: pytest.MonkeyPatch) -> None:
    """A little text uses `DictionarySegmenter`. After enough text, in one or several calls, rjieba is used for good."""
    loaded: list[object] = []

    def load(words: object) -> object:
        """Record the words."""
        loaded.append(words)
        return "rjieba"

    monkeypatch.setattr(segmentation, "_load_rjieba", load)
    at_once, in_pieces = SegmenterProvider(("甲",)), SegmenterProvider(("乙",))
    assert at_once.for_text(10**6) == "rjieba"
    assert in_pieces.for_text(100) is in_pieces.for_text(100)
    assert isinstance(in_pieces.for_text(100), DictionarySegmenter)
    assert loaded == [("甲",)]
    assert [in_pieces.for_text(100) == "rjieba" for _ in range(100)].count(True) > 0
    assert in_pieces.for_text(1) == "rjieba"
    assert loaded == [("甲",), ("乙",)]


def test_rjieba_is_optional(monkeypatch: pytest.MonkeyPatch) -> None:
    """If rjieba is not installed, `DictionarySegmenter` is used for any amount of text."""
    monkeypatch.setitem(sys.modules, "rjieba", None)
    provider = SegmenterProvider(("红色橡子",))
    assert provider.for_text(10**6) is provider.for_text(1)
    assert list(provider.for_text(1).cut_for_search("红色橡子")) == ["红色", "橡子", "红色橡子"]


def test_jieba_is_not_imported() -> None:
    """Words are looked up without importing jieba, which would read a cache that other users can write."""
    code = (
        "import sys; sys.modules['rjieba'] = None\n"
        "from searchkit.text.segmentation import SegmenterProvider\n"
        "for length in (1, 10**6):\n"
        "    print(*SegmenterProvider(()).for_text(length).cut_for_search('他来到了网易杭研大厦'))\n"
        "print(*sorted(name for name in sys.modules if name.startswith(('jieba', 'pkg_resources', 'marshal.'))))\n"
    )
    done = subprocess.run([sys.executable, "-X", "utf8", "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["他 来到 了 网易 杭研 大厦"] * 2 + [""]
