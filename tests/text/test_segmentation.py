"""Two segmenters give the words that jieba gives: rjieba, and ours, which looks them up in jieba's own files."""

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
from searchkit.files import DATA
from searchkit.text import segmentation
from searchkit.text.folding import fold
from searchkit.text.segmentation import CHINESE, Dictionary, DictionarySegmenter, Segmenter, Segmenters

ROOT = Path(__file__).parents[2]
OWN_WORDS = ("红色橡子", "红色橡子局", "不会", "不会", "噢", "龘龘靐", "互联网+", "𠀀甲", "執")
"""Words beside the dictionary's: new ones, one within another, one that it has, one twice, of one character, rare."""


def listed_words() -> tuple[str, ...]:
    """Give the words of the product's own list, folded."""
    lines = (DATA / "words.txt").read_text(encoding="utf-8").splitlines()
    return tuple(fold(word) for line in lines if not line.startswith("#") for word in line.split())


def by_jieba(words: Iterable[str]) -> jieba.Tokenizer:
    """Make jieba itself, with these words, from its dictionary and never from its cache."""
    made = jieba.Tokenizer()
    made.FREQ, made.total = jieba.Tokenizer.gen_pfdict(made.get_dict_file())
    made.initialized = True
    for word in words:
        made.add_word(word, segmentation._OWN_FREQUENCY, "n")
    return made


def by_rjieba(words: Iterable[str]) -> Segmenter:
    """Make rjieba with these words."""
    pytest.importorskip("rjieba")
    made = segmentation._load_rjieba(words)
    assert made is not None
    return made


@pytest.fixture(scope="module")
def original() -> jieba.Tokenizer:
    """Give jieba itself, with the dictionary's words only."""
    return by_jieba(())


@pytest.fixture(scope="module", params=[(), OWN_WORDS], ids=["dictionary", "own words"])
def three(request: pytest.FixtureRequest) -> Iterator[tuple[Any, ...]]:
    """Give the three that have to agree: ours, rjieba, and jieba with the numbers of rjieba.

    Rjieba rounds the probabilities of characters, and counts a word once that stands twice in the dictionary or is
    added to it again. This decides where two ways are equally probable, as in 上少少少且; jieba would go the other.
    """
    rounded = {
        state: {character: round(value, 6) for character, value in table.items()}
        for state, table in finalseg.emit_P.items()
    }
    python = by_jieba(request.param)
    python.total = sum(python.FREQ.values())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(finalseg, "emit_P", rounded)
        yield DictionarySegmenter(request.param), by_rjieba(request.param), python


# What is looked up.


def test_every_word_is_found(original: jieba.Tokenizer) -> None:
    """All 349,046 lines: each word has jieba's weight, what only begins words has none, and there are no others."""
    ours = DictionarySegmenter(())
    log_total = log(sum(original.FREQ.values()))
    expected = {word: log(frequency) - log_total if frequency else 0.0 for word, frequency in original.FREQ.items()}
    assert sum(weight < 0 for weight in expected.values()) == 349_045  # one word stands there twice
    found: dict[str, float] = {}
    for beginning in {word[:2] for word in expected}:
        found.update(ours._look_up(beginning))
    assert found == expected


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
def test_words_are_found_wherever_they_stand(word: str, frequency: int, original: jieba.Tokenizer) -> None:
    """Words out of order are found like any other, the first and the last too; what is no word is not found."""
    assert original.FREQ.get(word, 0) == frequency
    dictionary = Dictionary()
    assert dictionary.frequency(word) == frequency
    if len(word) > 1:
        assert dictionary.words(word[:2]).get(word, 0) == frequency


def test_model_is_that_of_jieba() -> None:
    """The hidden Markov model has jieba's probabilities: of each character in each state, and of each step."""
    characters = {character for table in finalseg.emit_P.values() for character in table}
    assert len(characters) > 10_000
    for character in sorted(characters | {"鿕", "龘"}):
        expected = {state: finalseg.emit_P[state].get(character, finalseg.MIN_FLOAT) for state in "BMES"}
        assert segmentation._emissions(character) == pytest.approx(expected, rel=0, abs=1e-6)
    assert finalseg.start_P == segmentation._START
    steps = {(before, state): step for state, row in segmentation._BEFORE.items() for before, step in row.items()}
    assert steps == {(before, state): step for before, row in finalseg.trans_P.items() for state, step in row.items()}
    assert {state: set(row) for state, row in segmentation._BEFORE.items()} == {
        state: set(before) for state, before in finalseg.PrevStatus.items()
    }


@pytest.mark.parametrize("name", segmentation._CRC)
def test_other_files_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """A file of jieba that is missing, empty or altered in one byte is refused in one line that names it."""
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
            segmentation._open(name)
        assert str(path) in str(caught.value)
        assert "\n" not in str(caught.value)


def test_without_jieba_there_are_no_words(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where jieba is not installed, the error says what to install."""
    monkeypatch.setattr(segmentation, "find_spec", lambda _: None)
    with pytest.raises(SearchkitError, match="pip install"):
        Dictionary()


# What is made of it.


def test_segmenters_agree_on_the_sample_corpus() -> None:
    """Ours, rjieba and jieba cut every Chinese run of corpus/ the same way."""
    assert_segmenters_agree(path for path in (ROOT / "corpus" / "reports").rglob("*") if path.is_file())


def test_segmenters_agree_on_real_reports(shared: Path) -> None:
    """Ours, rjieba and jieba cut one in twelve Chinese runs of all real reports the same way: all take 90 seconds."""
    assert_segmenters_agree((path for path in (shared / "corpus").rglob("*") if path.is_file()), step=12)


def assert_segmenters_agree(paths: Iterable[Path], step: int = 1) -> None:
    """Assert that the three cut Chinese runs of these files the same way, with the product's own words."""
    runs: set[str] = set()
    for path in paths:
        runs.update(re.findall(f"[{CHINESE}]+", fold(path.read_text(encoding="utf-8", errors="replace"))))
    assert len(runs) > 1000
    words = listed_words()
    three = DictionarySegmenter(words), by_rjieba(words), by_jieba(words)
    # Search mode gives what default mode gives, and the short words within: a tenth in default mode is enough.
    for mode, every in (("search", step), ("default", 10 * step)):
        assert [run for run in sorted(runs)[::every] if not agree(three, run, mode)] == []


def agree(three: Iterable[Any], run: str, mode: str) -> bool:
    """Tell whether segmenters cut a run into the same words."""
    ours, rust, python = (list(segmenter.tokenize(run, mode)) for segmenter in three)
    return bool(ours == rust == python)


CHARACTERS = st.characters(min_codepoint=0x4E00, max_codepoint=0x9FD5)
COMMON = st.sampled_from(
    "的一是在不了有和人这中大为上个国我以要他时来用们生到作地于出就分对成会可主发年动同工也能下过子说产种面而方后多定行学法所民得经"
)
PARTS = st.sampled_from(
    (*OWN_WORDS[:4], "龘龘靐", "红色", "橡子", "吉林工业大学", "高富帅", "高姓大名", "中华人民共和国")
)
FEW = st.lists(COMMON, min_size=1, max_size=3).flatmap(lambda few: st.text(st.sampled_from(few), max_size=9))
RUNS = (
    st.text(CHARACTERS, max_size=8)
    | st.text(COMMON, max_size=20)
    | FEW
    | st.lists(COMMON | CHARACTERS | PARTS).map("".join)
)
"""Runs of rare characters, of common ones, of few again and again, and of all between words; most need the model."""


@given(RUNS)
@settings(deadline=None, max_examples=500)
def test_segmenters_agree_on_any_run(three: tuple[Any, ...], run: str) -> None:
    """Ours, rjieba and jieba cut any run of Chinese characters the same way, known words or not."""
    assert agree(three, run, "default")
    assert agree(three, run, "search")


@given(st.lists(RUNS | st.sampled_from([" ", "\0", "\n", "\x01"])).map("".join))
@settings(deadline=None)
def test_search_mode_is_one(three: tuple[Any, ...], text: str) -> None:
    """`cut_for_search` gives the words of `tokenize` in search mode; spaces and control characters are words."""
    ours, rust, _ = three
    assert list(ours.cut_for_search(text)) == [word for word, _, _ in ours.tokenize(text, "search")]
    assert list(ours.cut_for_search(text)) == list(rust.cut_for_search(text))


@given(st.text(CHARACTERS | COMMON | st.characters(exclude_categories=[])))
@settings(deadline=None)
def test_words_make_up_the_text(three: tuple[Any, ...], text: str) -> None:
    """The words of default mode follow one another without a gap, whatever the text."""
    found = list(three[0].tokenize(text, "default"))
    assert "".join(word for word, _, _ in found) == text
    assert [text[start:end] for _, start, end in found] == [word for word, _, _ in found]


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
def test_runs_are_cut_into_words(run: str, words: list[str]) -> None:
    """Words of the dictionary, a word that only the model knows (杭研), and an own word."""
    ours = DictionarySegmenter(OWN_WORDS)
    assert [word for word, _, _ in ours.tokenize(run, "default")] == words


def test_long_runs_are_cut() -> None:
    """A run of a hundred thousand characters is cut like any other, with and without words in it."""
    ours = DictionarySegmenter(())
    for run in ("执法" * 50_000, "龘" * 100_000):
        assert "".join(word for word, _, _ in ours.tokenize(run, "default")) == run


def test_many_threads_cut_alike() -> None:
    """One segmenter gives every thread the words that it gives one alone."""
    runs = re.findall(f"[{CHINESE}]+", (DATA / "words.txt").read_text(encoding="utf-8"))
    alone = [list(DictionarySegmenter(OWN_WORDS).tokenize(run, "search")) for run in runs]
    together = DictionarySegmenter(OWN_WORDS)
    with ThreadPoolExecutor(8) as pool:
        for found in pool.map(lambda _: [list(together.tokenize(run, "search")) for run in runs], range(16)):
            assert found == alone


# Which of the two.


def test_rjieba_is_loaded_when_it_pays(monkeypatch: pytest.MonkeyPatch) -> None:
    """Little text is looked up; rjieba takes over for good where there is much of it, at once or in pieces."""
    loaded: list[object] = []

    def load(words: object) -> object:
        """Remember what was asked for."""
        loaded.append(words)
        return "rjieba"

    monkeypatch.setattr(segmentation, "_load_rjieba", load)
    at_once, in_pieces = Segmenters(("甲",)), Segmenters(("乙",))
    assert at_once.for_text(10**6) == "rjieba"
    assert in_pieces.for_text(100) is in_pieces.for_text(100)
    assert isinstance(in_pieces.for_text(100), DictionarySegmenter)
    assert loaded == [("甲",)]
    assert [in_pieces.for_text(100) == "rjieba" for _ in range(100)].count(True) > 0
    assert in_pieces.for_text(1) == "rjieba"
    assert loaded == [("甲",), ("乙",)]


def test_without_rjieba_ours_does_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where rjieba is not installed, much text is looked up like little."""
    monkeypatch.setitem(sys.modules, "rjieba", None)
    both = Segmenters(("红色橡子",))
    assert both.for_text(10**6) is both.for_text(1)
    assert list(both.for_text(1).cut_for_search("红色橡子")) == ["红色", "橡子", "红色橡子"]


def test_jieba_is_not_imported() -> None:
    """Words are looked up without jieba's own code, which would read a cache that others can write."""
    code = (
        "import sys; sys.modules['rjieba'] = None\n"
        "from searchkit.text.segmentation import Segmenters\n"
        "for length in (1, 10**6):\n"
        "    print(*Segmenters(()).for_text(length).cut_for_search('他来到了网易杭研大厦'))\n"
        "print(*sorted(name for name in sys.modules if name.startswith(('jieba', 'pkg_resources', 'marshal.'))))\n"
    )
    done = subprocess.run([sys.executable, "-X", "utf8", "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["他 来到 了 网易 杭研 大厦"] * 2 + [""]
