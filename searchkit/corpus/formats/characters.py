"""Characters that readers remove or replace: invisible ones, look-alikes, codes of symbol fonts, private-use ones."""

from __future__ import annotations

import re
import unicodedata

from searchkit.text.characters import remove_invisible

SOFT_HYPHEN = "\xad"
"""Marks where a word may be divided. It is visible at a line end only."""
UNREADABLE = "\ufffd"
"""Stands for a glyph that its font does not map to a character."""
UNREADABLE_REASON = "its fonts do not map glyphs to characters: needs OCR"
"""The reason why a page or a line with too many unreadable characters is not read."""
PRIVATE_USE = re.compile("[\ue000-\uf8ff\U000f0000-\U000ffffd\U00100000-\U0010fffd]")
"""Code points without a meaning in Unicode. Text in a font with a broken character map contains them."""

_SYMBOL_FONT = re.compile(r"(?P<dingbats>wing ?dings)[ -]?(?P<number>[23]?)|symbol", re.IGNORECASE)
"""Names of fonts whose codes `_SIGNS` may list: `Wingdings`, `ABCDEF+Wing Dings-2`, `Symbol`."""
_PICTURE_FONT = re.compile(r"wing ?dings|web ?dings|dingbats|symbol|marlett", re.IGNORECASE)
"""Names of symbol fonts. Their codes that `_SIGNS` does not list are pictures, which are not text."""
_SIGNS = {
    ("wingdings", 0x6E): "■", ("wingdings", 0x6F): "□", ("wingdings", 0x71): "□", ("wingdings", 0xA8): "□",
    ("wingdings", 0xFC): "√", ("wingdings", 0xFD): "☒", ("wingdings", 0xFE): "☑", ("wingdings 2", 0x50): "√",
    ("wingdings 2", 0x52): "☑", ("wingdings 2", 0x54): "☒", ("wingdings 2", 0xA3): "□", ("symbol", 0xA3): "≤",
    ("symbol", 0xB0): "°", ("symbol", 0xB1): "±", ("symbol", 0xB3): "≥", ("symbol", 0xB4): "×", ("symbol", 0xB7): "·",
    **{("symbol", ord(char)): char for char in "0123456789 %()+,./:;<=>[]"},
    **{("symbol", ord("a") + n): char for n, char in enumerate("αβχδεφγηιϕκλμνοπθρστυϖωξψζ")},
    **{("symbol", ord("A") + n): char for n, char in enumerate("ΑΒΧΔΕΦΓΗΙϑΚΛΜΝΟΠΘΡΣΤΥςΩΞΨΖ")},
}  # fmt: skip
"""Maps a font and the lowest byte of a code to the displayed character."""
_BULLET = re.compile("^\\s*[\uf06c\uf06e\uf075\uf076\uf077\uf0a7\uf0b7\uf0d8\uf0e8\uf0fc][\\s\u3000]*")
"""A list bullet of a word processor at the start of a line, in any font, with the blanks around it."""
_GBK_BLANK = "\ue5e5"
"""The code point to which GB18030 maps the bytes 0xA3A0. Texts in GBK use these bytes as ideographic space."""

_LOOK_ALIKES = re.compile("[\u2e9f\u2ef3\u2f00-\u2fd5\uf900-\ufad9\ufb00-\ufb06]")
"""Radicals, compatibility ideographs and ligatures: ⼀, 車, ﬁ."""
_RADICALS = str.maketrans(
    "⺁⺇⺋⺟⺠⻁⻄⻅⻆⻉⻋⻓⻔⻘⻙⻚⻛⻜⻝⻢⻣⻤⻥⻦⻨⻩⻬⻮⻰⻳",
    "厂几㔾母民虎西见角贝车长门青韦页风飞食马骨鬼鱼鸟麦黄齐齿龙龟",
)
"""Maps radicals to the characters that fonts display with the same glyph. For most of them, Unicode has no
decomposition."""


def clean_characters(text: str) -> str:
    """Remove characters without a visible form, including soft hyphens. Tabs and line ends stay."""
    text = remove_invisible(text)
    return text.replace(SOFT_HYPHEN, "") if SOFT_HYPHEN in text else text


def replace_look_alikes(text: str) -> str:
    """Replace ligatures, radicals and compatibility ideographs by the usual characters, and clean the text."""
    text = _LOOK_ALIKES.sub(lambda match: unicodedata.normalize("NFKC", match[0]), text)
    return clean_characters(text.translate(_RADICALS))


def read_sign(font: str, code: int) -> str | None:
    """Return the sign that a symbol font displays for a code: `☑`, empty for a picture; None in any other font."""
    match = _SYMBOL_FONT.search(font)
    name = "" if match is None else f"wingdings {match['number']}".rstrip() if match["dingbats"] else "symbol"
    sign = _SIGNS.get((name, code & 0xFF))
    return "" if sign is None and _PICTURE_FONT.search(font) else sign


def is_private(char: str) -> bool:
    """Return whether a character is a private-use code point."""
    return PRIVATE_USE.match(char) is not None


def mark_unreadable(line: str) -> str:
    """Replace the private-use code points of a line by `UNREADABLE`.

    The blank of GBK becomes a space, and a bullet at the start of the line is dropped.
    """
    line = _BULLET.sub("", line.replace(_GBK_BLANK, " "))
    return PRIVATE_USE.sub(UNREADABLE, line)
