"""The near-duplicate key of a paragraph: equal for paragraphs that say the same about other years and other places.

Reports repeat paragraphs over years, and districts copy them from each other. The key depends on nothing but the text,
so it does not change with the other documents of an index.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterator, Sequence
from hashlib import blake2b

from searchkit.corpus.numbering import parse_marker
from searchkit.model import Paragraph, Table
from searchkit.places.gazetteer import Mention, Region, gazetteer
from searchkit.text.folding import fold_all
from searchkit.text.years import ANY_YEAR

_MAX_DEPTH = 4
"""Maximum number of different places that a text about one place names: the place, and divisions that contain it."""
_YEARS = re.compile(
    rf"(?=[12一二])(?<![\d.]){ANY_YEAR}(?:年?[-—–~至到和与及、]{{1,2}}{ANY_YEAR}){{0,5}}年(?:度(?!假))?"
)
"""Matches a year (2023年度, 二〇二三年), or several: 2021-2023年, 2021年至2023年. Without 年, a number is not a
year."""
_THOUSANDS = re.compile(r",(?<=\d,)(?=\d{3}(?!\d))")
"""Matches the separator in 3,000."""
_DIGITS = "0123456789〇○零一二三四五六七八九十百千万亿两"
"""Characters of numbers. Marks between two of them may separate numbers: 1.5, 三、四级."""
_PLAIN = r",。、;:!?“”‘’()《》·…\s"
_PLAIN_MARKS = re.compile(rf"[{_PLAIN}](?<![{_DIGITS}].)[{_PLAIN}]*", re.DOTALL)
"""Matches frequent marks that do not follow a digit. Removing them first is an optimisation: `_kept_marks` would
remove the same marks, but takes three times as long.

In the patterns of this module, a lookbehind stands after the first character or after a lookahead for it, so that the
search skips to that character before it tests the lookbehind.
"""
_NO_WORD = re.compile(r"[\W_]+")
"""Matches consecutive characters that are neither letters nor digits."""
_KEPT_MARKS = "%‰"
"""Marks that count, although Unicode classifies them as punctuation and not as symbols."""


def near_duplicate_keys(paragraphs: Sequence[Paragraph], tables: Collection[Table]) -> list[int]:
    """Return the near-duplicate key of each paragraph of a document: a positive integer of 63 bits, or 0 for none.

    The key is a hash of the text without its list number, years, names of places, punctuation and spaces; letters,
    other numbers and symbols are kept, and so are marks and spaces between two digits (1.5, 三、四级). Traditional and
    simplified characters are equal, and so are full-width and half-width ones. Names of places are kept if the text
    names several places that do not contain each other, because the text is then about these places. The rows of tables
    have the key 0, and so has a paragraph without any letter left. Linear in the length of the text, about 30 µs per
    paragraph.
    """
    rows = {n for table in tables for n in table.paragraphs}
    texts = fold_all([paragraph.text for paragraph in paragraphs])
    return [0 if item.n in rows else _hash(normalise(text)) for item, text in zip(paragraphs, texts, strict=True)]


def normalise(folded: str) -> str:
    """Return the part of a folded text that distinguishes it from other texts (see `near_duplicate_keys`)."""
    text = folded.lstrip()
    marker = parse_marker(text)
    text = _remove_place(text[marker.end :] if marker else text)
    text = _THOUSANDS.sub("", _YEARS.sub("", text))
    return _NO_WORD.sub(_kept_marks, _PLAIN_MARKS.sub("", text))


def _hash(text: str) -> int:
    """Return a hash of a normalised text in 63 bits, or 0 if the text has no letter."""
    if not any(map(str.isalpha, text)):
        return 0
    digest = blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "big") >> 1 or 1


def _remove_place(text: str) -> str:
    """Return a folded text without names of places, or unchanged if it names several places (`_is_one_place`)."""
    mentions = [*gazetteer().find_mentions(text)]
    if not mentions or not _is_one_place(mentions):
        return text
    ends = [0, *(mention.end for mention in mentions)]
    starts = [*(mention.start for mention in mentions), len(text)]
    return "".join(text[end:start] for end, start in zip(ends, starts, strict=True))


def _is_one_place(mentions: Collection[Mention]) -> bool:
    """Return whether all mentions can mean one place and divisions that contain it: 天津市 and 滨海新区.

    They cannot if they name more than `_MAX_DEPTH` places.
    """
    names = {frozenset(place.region for place in mention.places) for mention in mentions}
    if len(names) > _MAX_DEPTH:
        return False
    return any(all(_contains(regions, region) for regions in names) for regions in names for region in regions)


def _contains(regions: Collection[Region], region: Region) -> bool:
    """Return whether one of `regions` is `region` or contains it."""
    return any(region[: len(outer)] == outer for outer in regions)


def _kept_marks(match: re.Match[str]) -> str:
    """Return the characters of a match of `_NO_WORD` that count.

    Between two characters of `_DIGITS`, all marks count, and spaces count as one space if there is no mark among them.
    In other positions, only the marks that `_symbols` yields count.
    """
    text, start, end = match.string, match.start(), match.end()
    before, after = text[start - 1 : start], text[end : end + 1]
    if before and after and before in _DIGITS and after in _DIGITS:
        return "".join(match[0].split()) or " "
    return "".join(_symbols(match[0], is_before_digit=after.isdecimal()))


def _symbols(marks: str, *, is_before_digit: bool) -> Iterator[str]:
    """Yield symbols (≥ + ℃), `_KEPT_MARKS`, and a minus sign directly before a digit if `marks` has no other one."""
    for number, mark in enumerate(marks, 1):
        is_sign = mark == "-" and is_before_digit and number == len(marks) and marks.count("-") == 1
        if is_sign or mark in _KEPT_MARKS or unicodedata.category(mark).startswith("S"):
            yield mark
