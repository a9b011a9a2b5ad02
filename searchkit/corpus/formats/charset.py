"""Guesses the encoding of Chinese text: the encoding under which the text is most probable.

The bytes are decoded with each encoding, and the cost of the text, its negative log-likelihood, is computed. An ASCII
character has the probability 1/100. The 500 frequent Chinese characters share the probability 3/4, so each has 3/2000.
Other characters are rarer, and characters that no text contains are the rarest. The probabilities are estimates that
are only compared, so they need not add up to 1. A wrong encoding turns frequent characters into rare ones, so one line
of text is enough. The encoding that a text declares is only a hint.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter

from searchkit.text.folding import fold

UTF_8, GB18030, BIG5 = "utf-8", "gb18030", "big5hkscs"
"""Python's names of the encodings. GB18030 includes GB2312 and GBK; `big5hkscs`, used in Hong Kong, includes Big5."""
UTF_16 = ("utf-16-le", "utf-16-be")
"""Python's names of UTF-16 with the low byte first, and with the high byte first."""

FREQUENT_CHARS = frozenset(
    "一是人了不在有大中国和为这上他个地年来我会以到时要出的生学说道民家子也成行下于们后就发自之对得主长可"
    "过天作分方用多你着部能市等业全里工公经本都而高政法面门动日进区事代那去心小同北定开产前其军还然起种所"
    "如现理机体表力好外与当文两实重新三么只山水关明从化平建又制南内西没此将员名手最东头者月间无安看见各城"
    "十相但已些正口通想度加第她合院物性战由位常点海意场武使次向二治因立数样身情入原问把路被并利石老教万知"
    "级量任江及应省资委务元美特期世湖回系比气汉总展电科金先声提品设或义王社很统处四首共马形己儿司太目基领"
    "队直计别女权话少流命至报米给打变果书清活几州华解议更称程今张决导术府才保交放管结师便走达族反再题色五"
    "京河接条规式县白它改风光运信受什组听布百济党指论强做干取技黄神选记斯真却职号界件花类何眼兵传带空农边"
    "据集联古广完质阳难增历史专官每住商即步台认车林必死游举线备言皇土团收考求德叫近争研非具李众连调感转笑"
    "革该持始英克士尔让拉思根格造较际亲单朝红型价校约器字段周亚深候则属功积快图火准千究往极育装许参半令吃"
    "观鱼精办像帝八复影告随远群包整构料划算象容示投势热值网夫望源息语股铁断派速怎需片爱律纪支早况病境证编"
)
"""The 500 most frequent Chinese characters, simplified. Traditional characters are folded before the lookup. Source:
the words of jieba's dictionary, weighted by frequency."""
_PUNCTUATION = frozenset("　，。、；：！？（）《》“”")
"""Punctuation marks, and the ideographic space, that are as probable as frequent characters."""

_ASCII_COST, _FREQUENT_COST, _OTHER_COST, _BAD_COST = 4.6, 6.5, 12.0, 20.0
"""Cost of a character, -ln of its probability: 1/100 for an ASCII character, 3/2000 for a frequent Chinese character,
about 1/160,000 for another character, and almost 0 for a character that no text contains."""
_DECLARED_BONUS = 15.0
"""Subtracted from the cost of the declared encoding, or of GB18030 if neither GB18030 nor Big5 is declared.
Equals the evidence of about three characters."""
_MAX_COST_PER_BYTE = 5.0
"""If the cost per byte is higher, the bytes are not text, even in encodings that can decode nearly any bytes. Chinese
text costs less than 4, random bytes 6 or more."""
_BAD_CATEGORIES = frozenset({"Cc", "Cn", "Co", "Cs"})
"""Unicode categories of characters that no text contains: control, unassigned, private use, surrogate."""
_SAMPLE_BYTES = 1_000_000
"""Maximum number of bytes that are examined by `guess_encoding` and `is_plausible`."""
_DISTINGUISHING_BYTE = re.compile(rb"[\x00\x80-\xff]")
"""Finds the first byte at which the encodings can differ."""
_DECLARED_ENCODINGS = {
    **dict.fromkeys(("gb2312", "gbk", "gb18030", "gb_2312-80", "cp936", "x-gbk"), GB18030),
    **dict.fromkeys(("big5", "big5-hkscs", "big5hkscs", "cp950", "x-x-big5"), BIG5),
}
"""Name of an encoding in a page or file, in lower case → Python's name of the encoding that includes it."""
_BIG5_PUNCTUATION = str.maketrans("•､‾∼♁☉¥¢£", "‧﹑¯～⊕⊙￥￠￡")
"""Python's Big5 tables map some punctuation to other characters. This maps it to the characters that were meant."""
_BIG5_NUMBERS = str.maketrans("ロヮワヰヱヲンヴヵヶАБВГДЕЁЖЗИ", "①②③④⑤⑥⑦⑧⑨⑩⑴⑵⑶⑷⑸⑹⑺⑻⑼⑽")
"""Maps letters to numbers. For some bytes, Python decodes a letter where many programs decode a number such as ①."""
_OTHER_LETTERS = re.compile("[ぁ-んァ-レЙ-я]")
"""The kana and Cyrillic letters that `_BIG5_NUMBERS` does not map. If a text has none of them, its letters that
`_BIG5_NUMBERS` maps stand for numbers."""


def guess_encoding(data: bytes, declared: str = "") -> str:
    """Return the encoding of text without byte order mark: UTF-8, GB18030, Big5, or UTF-16 of either byte order.

    `declared`: the encoding that the text declares, such as `gb2312` in the head of a page. If the bytes are ambiguous,
    the declaration decides between GB18030 and Big5. Any other declaration, or none, counts as GB18030. For text in
    none of these encodings, the result is arbitrary, and decoding with it usually produces errors. Only the first
    megabyte from the first distinguishing byte on is examined. Cost: at most about 0.2 s.
    """
    sample = _take_sample(data)
    costs = {encoding: _text_cost(sample, encoding) for encoding in (GB18030, BIG5, UTF_8)}
    costs[_DECLARED_ENCODINGS.get(declared.lower(), GB18030)] -= _DECLARED_BONUS
    costs |= {encoding: _text_cost(sample, encoding) for encoding in UTF_16 if is_plausible(data, encoding)}
    return min(costs, key=lambda encoding: costs[encoding])


def is_plausible(data: bytes, encoding: str) -> bool:
    """Return whether the bytes, decoded with `encoding`, look like Chinese text rather than random bytes."""
    sample = _take_sample(data)
    return _text_cost(sample, encoding) <= _MAX_COST_PER_BYTE * len(sample)


def decode_as(data: bytes, encoding: str) -> str:
    """Decode text. Invalid bytes become U+FFFD; some Big5 punctuation and numbers are corrected."""
    text = data.decode(encoding, errors="replace")
    if encoding != BIG5:
        return text
    text = text.translate(_BIG5_PUNCTUATION)
    return text if _OTHER_LETTERS.search(text) else text.translate(_BIG5_NUMBERS)


def _take_sample(data: bytes) -> bytes:
    """Return at most `_SAMPLE_BYTES` bytes of `data`. The sample starts at an even offset.

    It starts at the first byte at which the encodings can differ, or one byte earlier. If there is no such byte, it
    starts at the first byte of `data`.
    """
    match = _DISTINGUISHING_BYTE.search(data)
    start = match.start() & ~1 if match else 0  # even, so that UTF-16 code units stay aligned
    return data[start : start + _SAMPLE_BYTES]


def _text_cost(sample: bytes, encoding: str) -> float:
    """Return the sum of the costs of all characters of a sample that is decoded with `encoding`."""
    counts = Counter(sample.decode(encoding, errors="replace"))
    chars = "".join(counts)
    return sum(_char_cost(char, folded) * counts[char] for char, folded in zip(chars, fold(chars), strict=True))


def _char_cost(char: str, folded: str) -> float:
    """Return the cost of a character. `folded` is its folded form."""
    if " " <= char <= "~" or char in "\t\r\n":
        return _ASCII_COST
    if folded in FREQUENT_CHARS or char in _PUNCTUATION:
        return _FREQUENT_COST
    return _BAD_COST if char == "\ufffd" or unicodedata.category(char) in _BAD_CATEGORIES else _OTHER_COST
