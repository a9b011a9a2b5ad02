"""Encodings: the same text comes out of the bytes of every encoding that Chinese text is saved in."""

from __future__ import annotations

import random
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from searchkit.corpus.formats.charset import FREQUENT, decode_as, guess
from searchkit.corpus.formats.registry import read_bytes
from searchkit.corpus.formats.text import decode
from searchkit.errors import ReadError
from searchkit.text.folding import fold

ROOT = Path(__file__).parents[3]
SHARED = ROOT.parent / "shared" / "corpus"
CHINESE = "滨海新区２０２３年立案１２９件，罚没款93.7182万元。"
TRADITIONAL = "臺北市政府二零二三年度施政報告：辦理行政裁罰案件129件，裁處罰鍰93萬元。"

UNICODE = ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"]
SIMPLIFIED = ["gbk", "gb18030"]
BIG5 = ["cp950", "big5hkscs"]


def in_big5(text: str) -> str:
    """Make text one that Big5 can hold: traditional where that is one to one; what it lacks is left out."""
    lines = (ROOT / "searchkit" / "data" / "folding.txt").read_text(encoding="utf-8").splitlines()
    before, after = (line for line in lines if not line.startswith("# "))
    back = defaultdict(list)
    for char, simple in zip(before, after, strict=True):
        if "\u4e00" <= char <= "\u9fff" and char.encode("big5", "ignore"):
            back[simple].append(char)
    table = {ord(s): chars[0] for s, chars in back.items() if len(chars) == 1 and not s.encode("big5", "ignore")}
    return text.translate(table).encode("big5", "ignore").decode("big5")


def confusions(texts: list[str], encodings: list[str]) -> Counter[tuple[str, int]]:
    """Count texts that come back as something else, by encoding and length."""
    wrong: Counter[tuple[str, int]] = Counter()
    for text in texts:
        for encoding in encodings:
            data = text.encode(encoding, "ignore")
            expected = decode_as(data, "big5hkscs") if encoding in BIG5 else data.decode(encoding)
            try:
                found = decode(data)
            except ReadError:
                wrong[encoding, len(text)] += 1
            else:
                wrong[encoding, len(text)] += found.text != expected.replace("\ufeff", "") or found.warnings != ()
    return +wrong


def excerpts(text: str, lengths: tuple[int, ...], rng: random.Random) -> Iterator[str]:
    """Cut the beginning of a text and a part of it, for each length."""
    for length in lengths:
        yield text[:length]
        start = rng.randrange(max(1, len(text) - length))
        yield text[start : start + length]


# Told apart


@pytest.mark.parametrize("encoding", [*UNICODE, *SIMPLIFIED])
def test_encodings_of_simplified_text(encoding: str) -> None:
    """A sentence in simplified characters is the same from every encoding, with and without byte order mark."""
    assert decode(CHINESE.encode(encoding)).text == CHINESE


@pytest.mark.parametrize("encoding", [*UNICODE, *SIMPLIFIED, "big5", *BIG5])
def test_encodings_of_traditional_text(encoding: str) -> None:
    """So is one in traditional characters, Big5 included."""
    assert decode(TRADITIONAL.encode(encoding)).text == TRADITIONAL


@pytest.mark.parametrize("encoding", [*UNICODE, "gb18030", *BIG5])
@pytest.mark.parametrize(
    "name", sorted(path.name for path in (ROOT / "corpus" / "reports").glob("*.*") if path.suffix != ".csv")
)
def test_encodings_of_every_sample(name: str, encoding: str) -> None:
    """Each sample report gives the same blocks from every encoding that can hold it."""
    text = (ROOT / "corpus" / "reports" / name).read_text(encoding="utf-8")
    text = in_big5(text) if encoding in BIG5 else text
    expected, found = read_bytes(text.encode(), name), read_bytes(text.encode(encoding, "ignore"), name)
    whole = text.encode(encoding, "ignore").decode(encoding).removeprefix("\ufeff") == text
    assert found == expected if whole else found.documents[0].blocks


@pytest.mark.skipif(not SHARED.is_dir(), reason="needs the real reports beside the checkout")
def test_encodings_of_real_reports() -> None:
    """No wrong decision on 205 real reports in 10 encodings: on 20, 50, 200 and 1,000 characters, some whole."""
    paths = sorted((SHARED / "gov").rglob("*.md"))
    rng = random.Random(1)  # noqa: S311 - no secret
    paths = [*sorted((SHARED / "seeds").glob("*.txt")), *rng.sample(paths, 200)]
    wrong: Counter[tuple[str, int]] = Counter()
    for n, path in enumerate(paths):
        text = path.read_text(encoding="utf-8")
        text = (text.split("---", 2)[2] if text.startswith("---") else text).strip()
        pieces = [*excerpts(text, (20, 50, 200, 1000), rng), *([text] if n < 15 else [])]
        wrong += confusions(pieces, [*UNICODE, *SIMPLIFIED])
        wrong += confusions([in_big5(text)] if n < 15 else [], BIG5)
        wrong += confusions([in_big5(piece) for piece in pieces[:8:2]] if n % 5 == 0 else [], BIG5)
    assert wrong == Counter()


@given(st.text(alphabet=sorted(FREQUENT), min_size=1))
def test_frequent_characters_in_gb18030_are_never_taken_for_another_encoding(text: str) -> None:
    """Text of frequent characters in GB18030 comes back whole, however short, unless its bytes happen to be UTF-8."""
    data = text.encode("gb18030")
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        assert decode(data).text == text


@given(st.text(alphabet=st.characters(min_codepoint=0x4E00, max_codepoint=0x9FA5), min_size=1))
def test_gb18030_is_never_taken_for_damaged_text(text: str) -> None:
    """Any Chinese characters in GB18030 are read as some text without damage: no byte of them is wrong."""
    assert decode(text.encode("gb18030")).warnings == ()


def test_frequent_characters_are_those_of_the_dictionary() -> None:
    """The list is what its description says: the 500 most frequent characters of jieba's dictionary, folded."""
    spec = find_spec("jieba")
    assert spec is not None
    counts: Counter[str] = Counter()
    for line in Path(str(spec.origin)).with_name("dict.txt").read_text(encoding="utf-8").splitlines():
        word, frequency = line.split(" ")[:2]
        for char in fold(word):
            counts[char] += int(frequency) if "\u4e00" <= char <= "\u9fff" else 0
    assert {char for char, _ in counts.most_common(500)} == FREQUENT


def test_big5_punctuation_is_that_of_windows() -> None:
    """Big5 has the tilde of ranges and the dots of names, and Hong Kong's characters and numbers in circles."""
    text = f"{TRADITIONAL}５～１０件‧﹑￥①②㈠嘅喺"
    data = text[:-5].encode("cp950", "ignore") + "①②".encode("big5hkscs") + "嘅喺".encode("big5hkscs")
    assert decode(data).text.endswith("５～１０件‧﹑￥①②嘅喺")


@pytest.mark.parametrize("encoding", ["big5", "cp950", "big5hkscs"])
def test_big5_numbers_are_those_of_either_table(encoding: str) -> None:
    """Numbers in circles have two places in Big5; the one where others have Japanese letters is known by the text."""
    text = f"{TRADITIONAL}①甲②乙⑩丙⑴丁"
    assert decode(text.encode(encoding)).text == text
    japanese = f"{TRADITIONAL}レストランワイン"
    assert decode(japanese.encode("big5hkscs")).text == japanese


def test_utf16_of_ascii() -> None:
    """UTF-16 without mark is known by its NULs too."""
    for encoding in ("utf-16-le", "utf-16-be"):
        assert decode("id,year\n1,2023\n".encode(encoding)).text == "id,year\n1,2023\n"


def test_ascii_is_not_taken_for_utf16() -> None:
    """Pairs of ASCII characters that would be Chinese in UTF-16 stay ASCII."""
    assert decode(b"Bush hid the facts").text == "Bush hid the facts"
    assert guess(b"Bush hid the facts\x80") != "utf-16-le"


# Damage


@pytest.mark.parametrize(("encoding", "name"), [("gb18030", "GB18030"), ("big5hkscs", "Big5"), ("utf-8", "UTF-8")])
def test_damage_is_marked_and_reported(encoding: str, name: str) -> None:
    """A bad byte in much text, or a cut character at its end, does not make it another encoding's or no text."""
    start = (TRADITIONAL * 10).encode(encoding)
    decoded = decode(start + b"\xff\n" + TRADITIONAL.encode(encoding))
    assert decoded.text == f"{TRADITIONAL * 10}\ufffd\n{TRADITIONAL}"
    assert decoded.warnings == (f"1 place is not {name}, the first at byte {len(start)}: read as \ufffd",)
    assert decode(start[:-1]).text[:-1] == (TRADITIONAL * 10)[:-1]


def test_utf16_without_mark_and_cut() -> None:
    """Half a character at the end is a warning."""
    decoded = decode((CHINESE * 3).encode("utf-16-le")[:-1])
    assert (decoded.text[:-1], len(decoded.warnings)) == ((CHINESE * 3)[:-1], 1)


def test_stray_nul_characters_are_dropped_with_a_warning() -> None:
    """A few NULs cost nothing but themselves, in every encoding."""
    for encoding in ("utf-8", "gb18030", "utf-16"):
        decoded = decode(f"{CHINESE * 3}\x00{CHINESE}\x00{CHINESE}".encode(encoding))
        assert (decoded.text, decoded.warnings) == (CHINESE * 5, ("2 NUL characters are dropped",))


@pytest.mark.parametrize(
    "data",
    [
        b"PK\x03\x04\x14\x00\x00\x00\x08\x00" + bytes(range(256)) * 4,
        b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x02\x00" + bytes(300),
        CHINESE.encode() + bytes(4096),
        b"%PDF-1.4\n" + bytes(range(128, 256)) * 20 + b"\x00\x01\x02\x03" * 50,
    ],
)
def test_binary_files_are_refused(data: bytes) -> None:
    """What is no text is refused in one line, not indexed as garbage."""
    with pytest.raises(ReadError, match=r"^not text: .{10,80}$"):
        decode(data)


def test_byte_order_marks_in_the_middle_are_no_text() -> None:
    """Files that were put together have marks inside."""
    data = b"\xef\xbb\xbf" + CHINESE.encode() + b"\n\xef\xbb\xbf" + CHINESE.encode()
    assert decode(data).text == f"{CHINESE}\n{CHINESE}"
    lines = b'\xef\xbb\xbf{"id": 1, "text": "a"}\n\xef\xbb\xbf{"id": 2, "text": "b"}'
    assert [document.key for document in read_bytes(lines, "a.jsonl").documents] == ["1", "2"]


def test_mixed_line_ends() -> None:
    """Line ends of all systems may stand in one file, in every encoding."""
    text = "一\r\n二\r三\n四\u2028五"
    for encoding in UNICODE:
        (document,) = read_bytes(text.encode(encoding), "a.txt").documents
        assert "".join(block.text for block in document.blocks) == "一二三四五"
        assert len(document.blocks) == 5


# What a page says of itself


def page(charset: str, text: str, encoding: str) -> bytes:
    """A page that states an encoding, and is in one."""
    return f'<html><head><meta charset="{charset}"></head><body><p>{text}</p></body></html>'.encode(encoding)


@pytest.mark.parametrize(
    ("charset", "encoding"),
    [("gb2312", "gb18030"), ("utf-8", "gbk"), ("gb2312", "utf-8"), ("big5", "gbk"), ("iso-8859-1", "gbk")],
)
def test_bytes_decide_where_a_page_is_wrong(charset: str, encoding: str) -> None:
    """What a page states of its encoding does not count against its bytes."""
    text = f"{CHINESE}朱镕基㐀" if encoding == "gb18030" else CHINESE
    (document,) = read_bytes(page(charset, text, encoding), "a.html").documents
    assert [block.text for block in document.blocks] == [text]


@pytest.mark.parametrize(
    "head", ['<meta http-equiv=Content-Type content="text/html; charset=BIG5">', "<meta charset=big5>"]
)
def test_a_page_decides_where_its_bytes_leave_doubt(head: str) -> None:
    """Two rare characters can be read either way: as the page says, else as GB18030."""
    data = "鬱鬯".encode("big5")
    assert read_bytes(head.encode() + data, "a.html").documents[0].blocks[0].text == "鬱鬯"
    assert read_bytes(data, "a.html").documents[0].blocks[0].text == data.decode("gb18030")


# Cost


@pytest.mark.parametrize("encoding", ["gb18030", "cp950", "utf-16-le"])
def test_large_files_cost_little_more_than_decoding(encoding: str) -> None:
    """Ten million characters are told and decoded in seconds, from the first million bytes beyond ASCII."""
    data = ("x" * 1_000_001).encode(encoding) + (TRADITIONAL * 250_000).encode(encoding)
    start = time.process_time()
    assert decode(data).text.endswith(TRADITIONAL)
    assert time.process_time() - start < 10
