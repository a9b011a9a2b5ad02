"""Encodings: text is decoded correctly from each encoding that Chinese text is saved in."""

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

from searchkit.corpus.formats.charset import FREQUENT_CHARS, decode_as, guess_encoding
from searchkit.corpus.formats.registry import read_bytes
from searchkit.corpus.formats.text import decode_text
from searchkit.errors import ReadError
from searchkit.text.folding import fold

ROOT = Path(__file__).parents[3]
SHARED = ROOT.parent / "shared" / "corpus"
CHINESE = "滨海新区２０２３年立案１２９件，罚没款93.7182万元。"
TRADITIONAL = "臺北市政府二零二三年度施政報告：辦理行政裁罰案件129件，裁處罰鍰93萬元。"

UNICODE = ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"]
SIMPLIFIED = ["gbk", "gb18030"]
BIG5 = ["cp950", "big5hkscs"]


def convert_to_big5(text: str) -> str:
    """Convert text to characters that Big5 contains.

    A character that Big5 lacks is replaced by its traditional form if Big5 contains exactly one; otherwise it is
    removed.
    """
    lines = (ROOT / "searchkit" / "data" / "folding.txt").read_text(encoding="utf-8").splitlines()
    before, after = (line for line in lines if not line.startswith("# "))
    traditional_forms = defaultdict(list)
    for char, simple in zip(before, after, strict=True):
        if "\u4e00" <= char <= "\u9fff" and char.encode("big5", "ignore"):
            traditional_forms[simple].append(char)
    table = {
        ord(s): chars[0] for s, chars in traditional_forms.items() if len(chars) == 1 and not s.encode("big5", "ignore")
    }
    return text.translate(table).encode("big5", "ignore").decode("big5")


def count_wrong_decodings(texts: list[str], encodings: list[str]) -> Counter[tuple[str, int]]:
    """Count the texts that are refused, decoded incorrectly or decoded with a warning, by encoding and length."""
    wrong: Counter[tuple[str, int]] = Counter()
    for text in texts:
        for encoding in encodings:
            data = text.encode(encoding, "ignore")
            expected = decode_as(data, "big5hkscs") if encoding in BIG5 else data.decode(encoding)
            try:
                decoded = decode_text(data)
            except ReadError:
                wrong[encoding, len(text)] += 1
            else:
                wrong[encoding, len(text)] += decoded.text != expected.replace("\ufeff", "") or decoded.warnings != ()
    return +wrong


def excerpts(text: str, lengths: tuple[int, ...], rng: random.Random) -> Iterator[str]:
    """Yield the beginning of a text and a random part of it, for each length."""
    for length in lengths:
        yield text[:length]
        start = rng.randrange(max(1, len(text) - length))
        yield text[start : start + length]


# Detection


@pytest.mark.parametrize("encoding", [*UNICODE, *SIMPLIFIED])
def test_simplified_text_is_decoded(encoding: str) -> None:
    """Simplified text is decoded from each encoding of Unicode and of simplified Chinese."""
    assert decode_text(CHINESE.encode(encoding)).text == CHINESE


@pytest.mark.parametrize("encoding", [*UNICODE, *SIMPLIFIED, "big5", *BIG5])
def test_traditional_text_is_decoded(encoding: str) -> None:
    """Traditional text is decoded from each encoding of Unicode, from GBK and GB18030, and from Big5."""
    assert decode_text(TRADITIONAL.encode(encoding)).text == TRADITIONAL


@pytest.mark.parametrize("encoding", [*UNICODE, "gb18030", *BIG5])
@pytest.mark.parametrize(
    "name", sorted(path.name for path in (ROOT / "corpus" / "reports").glob("*.*") if path.suffix != ".csv")
)
def test_every_sample_is_decoded(name: str, encoding: str) -> None:
    """A sample is read as in UTF-8 from each encoding that has all its characters; from any other, it has blocks."""
    text = (ROOT / "corpus" / "reports" / name).read_text(encoding="utf-8")
    text = convert_to_big5(text) if encoding in BIG5 else text
    expected, decoded = read_bytes(text.encode(), name), read_bytes(text.encode(encoding, "ignore"), name)
    is_lossless = text.encode(encoding, "ignore").decode(encoding).removeprefix("\ufeff") == text
    assert decoded == expected if is_lossless else decoded.documents[0].blocks


@pytest.mark.skipif(not SHARED.is_dir(), reason="needs the real reports next to the checkout")
def test_real_reports_are_decoded() -> None:
    """Real reports, and parts of them of at most 1,000 characters, are decoded correctly from 10 encodings."""
    paths = sorted((SHARED / "gov").rglob("*.md"))
    rng = random.Random(1)  # noqa: S311 - not security-relevant
    paths = [*sorted((SHARED / "seeds").glob("*.txt")), *rng.sample(paths, 80)]
    wrong: Counter[tuple[str, int]] = Counter()
    for n, path in enumerate(paths):
        text = path.read_text(encoding="utf-8")
        text = (text.split("---", 2)[2] if text.startswith("---") else text).strip()
        pieces = [*excerpts(text, (20, 50, 200, 1000), rng), *([text] if n < 15 else [])]
        wrong += count_wrong_decodings(pieces, [*UNICODE, *SIMPLIFIED])
        wrong += count_wrong_decodings([convert_to_big5(text)] if n < 15 else [], BIG5)
        wrong += count_wrong_decodings([convert_to_big5(piece) for piece in pieces[:8:2]] if n % 5 == 0 else [], BIG5)
    assert wrong == Counter()


@given(st.text(alphabet=sorted(FREQUENT_CHARS), min_size=1))
def test_frequent_characters_in_gb18030_are_detected(text: str) -> None:
    """Frequent characters in GB18030 are decoded correctly at any length, unless the bytes are valid UTF-8."""
    data = text.encode("gb18030")
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        assert decode_text(data).text == text


@given(st.text(alphabet=st.characters(min_codepoint=0x4E00, max_codepoint=0x9FA5), min_size=1))
def test_gb18030_is_decoded_without_a_warning(text: str) -> None:
    """Chinese characters in GB18030 are decoded without a warning, even if another encoding is guessed."""
    assert decode_text(text.encode("gb18030")).warnings == ()


def test_frequent_characters_match_the_dictionary() -> None:
    """`charset.FREQUENT_CHARS` are the 500 most frequent characters of jieba's dictionary, folded."""
    spec = find_spec("jieba")
    assert spec is not None
    counts: Counter[str] = Counter()
    for line in Path(str(spec.origin)).with_name("dict.txt").read_text(encoding="utf-8").splitlines():
        word, frequency = line.split(" ")[:2]
        for char in fold(word):
            counts[char] += int(frequency) if "\u4e00" <= char <= "\u9fff" else 0
    assert {char for char, _ in counts.most_common(500)} == FREQUENT_CHARS


def test_big5_punctuation_is_mapped_as_on_windows() -> None:
    """Marks such as ～ and ‧ are decoded as on Windows; circled numbers and Hong Kong's characters are decoded, too."""
    text = f"{TRADITIONAL}５～１０件‧﹑￥"
    data = text.encode("cp950") + "①②嘅喺".encode("big5hkscs")
    assert decode_text(data).text == f"{text}①②嘅喺"


@pytest.mark.parametrize("encoding", ["big5", "cp950", "big5hkscs"])
def test_circled_numbers_of_both_big5_tables_are_read(encoding: str) -> None:
    """A circled number has two codes in Big5. One of them stands for a kana instead if the text has other kana, too."""
    text = f"{TRADITIONAL}①甲②乙⑩丙⑴丁"
    assert decode_text(text.encode(encoding)).text == text
    japanese = f"{TRADITIONAL}レストランワイン"
    assert decode_text(japanese.encode("big5hkscs")).text == japanese


def test_ascii_in_utf16_is_decoded() -> None:
    """ASCII characters in UTF-16 without a byte order mark are recognised by their NUL bytes."""
    for encoding in ("utf-16-le", "utf-16-be"):
        assert decode_text("id,year\n1,2023\n".encode(encoding)).text == "id,year\n1,2023\n"


def test_ascii_is_not_decoded_as_utf16() -> None:
    """Pairs of ASCII characters that would be Chinese in UTF-16 are decoded as ASCII."""
    assert decode_text(b"Bush hid the facts").text == "Bush hid the facts"
    assert guess_encoding(b"Bush hid the facts\x80") != "utf-16-le"


# Damage


@pytest.mark.parametrize(("encoding", "name"), [("gb18030", "GB18030"), ("big5hkscs", "Big5"), ("utf-8", "UTF-8")])
def test_invalid_bytes_are_replaced_and_reported(encoding: str, name: str) -> None:
    """An invalid byte in a long text is read as U+FFFD, with a warning. A truncated last character loses no other."""
    start = (TRADITIONAL * 10).encode(encoding)
    decoded = decode_text(start + b"\xff\n" + TRADITIONAL.encode(encoding))
    assert decoded.text == f"{TRADITIONAL * 10}\ufffd\n{TRADITIONAL}"
    assert decoded.warnings == (f"1 place is not {name}, the first at byte {len(start)}: read as \ufffd",)
    assert decode_text(start[:-1]).text[:-1] == (TRADITIONAL * 10)[:-1]


def test_truncated_utf16_without_mark_is_decoded() -> None:
    """A truncated character at the end adds a warning; the text before it is decoded."""
    decoded = decode_text((CHINESE * 3).encode("utf-16-le")[:-1])
    assert (decoded.text[:-1], len(decoded.warnings)) == ((CHINESE * 3)[:-1], 1)


def test_a_few_nul_characters_are_removed_with_a_warning() -> None:
    """A few NUL characters are removed, with a warning, in UTF-8, GB18030 and UTF-16."""
    for encoding in ("utf-8", "gb18030", "utf-16"):
        decoded = decode_text(f"{CHINESE * 3}\x00{CHINESE}\x00{CHINESE}".encode(encoding))
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
    """Files that are not text are refused with a one-line message."""
    with pytest.raises(ReadError, match=r"^not text: .{10,80}$"):
        decode_text(data)


def test_byte_order_marks_inside_the_text_are_removed() -> None:
    """Byte order marks inside concatenated files are removed."""
    data = b"\xef\xbb\xbf" + CHINESE.encode() + b"\n\xef\xbb\xbf" + CHINESE.encode()
    assert decode_text(data).text == f"{CHINESE}\n{CHINESE}"
    lines = b'\xef\xbb\xbf{"id": 1, "text": "a"}\n\xef\xbb\xbf{"id": 2, "text": "b"}'
    assert [document.key for document in read_bytes(lines, "a.jsonl").documents] == ["1", "2"]


def test_mixed_line_ends_are_split() -> None:
    """Line ends of all systems may occur in one file, in every encoding of Unicode."""
    text = "一\r\n二\r三\n四\u2028五"
    for encoding in UNICODE:
        (document,) = read_bytes(text.encode(encoding), "a.txt").documents
        assert "".join(block.text for block in document.blocks) == "一二三四五"
        assert len(document.blocks) == 5


# Declared encodings


def build_page(charset: str, text: str, encoding: str) -> bytes:
    """Return a page that declares the encoding `charset`, in the encoding `encoding`."""
    return f'<html><head><meta charset="{charset}"></head><body><p>{text}</p></body></html>'.encode(encoding)


@pytest.mark.parametrize(
    ("charset", "encoding"),
    [("gb2312", "gb18030"), ("utf-8", "gbk"), ("gb2312", "utf-8"), ("big5", "gbk"), ("iso-8859-1", "gbk")],
)
def test_a_wrong_declaration_is_ignored(charset: str, encoding: str) -> None:
    """A wrong declaration does not override the bytes."""
    text = f"{CHINESE}朱镕基㐀" if encoding == "gb18030" else CHINESE
    (document,) = read_bytes(build_page(charset, text, encoding), "a.html").documents
    assert [block.text for block in document.blocks] == [text]


@pytest.mark.parametrize(
    "head", ['<meta http-equiv=Content-Type content="text/html; charset=BIG5">', "<meta charset=big5>"]
)
def test_the_declaration_decides_ambiguous_bytes(head: str) -> None:
    """The bytes of 鬱鬯 in Big5 are also valid GB18030: the declaration decides; without one, they are GB18030."""
    data = "鬱鬯".encode("big5")
    assert read_bytes(head.encode() + data, "a.html").documents[0].blocks[0].text == "鬱鬯"
    assert read_bytes(data, "a.html").documents[0].blocks[0].text == data.decode("gb18030")


# Cost


@pytest.mark.parametrize("encoding", ["gb18030", "cp950", "utf-16-le"])
def test_detection_examines_a_bounded_number_of_bytes(encoding: str) -> None:
    """Ten million characters take less than 10 seconds, because only a million bytes are examined for the encoding."""
    data = ("x" * 1_000_001).encode(encoding) + (TRADITIONAL * 250_000).encode(encoding)
    start = time.process_time()
    assert decode_text(data).text.endswith(TRADITIONAL)
    assert time.process_time() - start < 10
