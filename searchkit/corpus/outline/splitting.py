"""Split lines that contain several items or headings because a line break was lost."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

from searchkit.corpus.blocks import Block
from searchkit.corpus.numbering import SHARED_NOUN, parse_marker, parse_ordinal

# These patterns begin with rare characters, so that a search skips most of the text quickly.
_INNER_HAN_ITEM = re.compile(
    r"[。！？：:）)”](?=\s?(?:(?P<han>[一二三四五六七八九十]{1,3})、(?![一二三四五六七八九十]{1,3}[、产次])"
    r"|[（(](?P<bracket>[一二三四五六七八九十]{1,3})[)）]))"
)
"""The mark before an item inside a line: 。 in …予以审议。一、工作回顾 and in …。（二）…. 一、二、三产业 is not an
item."""
_FIRST_ITEM_AFTER_BLANK = re.compile(
    r" (?<=[：:。] )(?=(?:[（(]一[)）]|第一[，,、]|一是|一、(?!二)|1[.．、](?!\d))(?P<rest>.{0,400}))", re.DOTALL
)
"""The blank that a lost line break left before the first item of a list: the blank in 如下： （一）…."""
_SECOND_ITEM = re.compile("[（(]二[)）]|第二[，,、]|二是|[。；;]二、|[。；;] ?2[.．、]")
"""The second item of a list. If it stands within 400 code points of the first, the list is part of a sentence and not
split. Otherwise the list goes on in the lines below."""
_ONES_DIGITS = "十一二三四五六七八九"
"""Last character of a Han number, by its ones digit: 十 for 20, 三 for 13."""
_INNER_DIGIT_ITEM = re.compile(r"[。！？](?=\s?(?P<digit>\d{1,2})[.．、](?!\d))")
"""The stop before a numbered item inside a line: 。 in 1.加强领导…。2.完善制度…."""


def split_items(blocks: Iterable[Block]) -> Iterator[Block]:
    """Split lines before the headings and items inside them. Linear time.

    `…请予审议。一、工作回顾` becomes two lines. `1.…。2.…。3.…。` becomes three if the numbers continue the number
    at the start of the line. Lists inside a sentence (`：（一）…；（二）…。`) are not split. Tables, and headings whose
    level the format states, are not changed.
    """
    expected = 1
    for block in blocks:
        if block.level or block.table is not None:
            yield block
            continue
        cuts, expected = _find_cuts(block.text, expected)
        if not cuts:
            yield block
            continue
        for start, end in zip([0, *cuts], [*cuts, len(block.text)], strict=True):
            text = block.text[start:end].strip()
            if text:
                yield replace(block, text=text, strong=False)


def _find_cuts(text: str, expected: int) -> tuple[list[int], int]:
    """Return the offsets at which to split a line, and the expected ordinal of the next heading in the style 一、."""
    marker = parse_marker(text)
    style, ordinal = (marker.style, marker.ordinal) if marker is not None else ("", 0)
    cuts, expected = _find_han_cuts(
        text, ordinal + 1 if style == "一、" else expected, ordinal if style == "（一）" else 0
    )
    if style in {"1.", "1、"}:
        for match in _INNER_DIGIT_ITEM.finditer(text):
            if parse_ordinal(match["digit"]) == ordinal + 1:
                cuts.append(match.end())
                ordinal += 1
    first_item = _FIRST_ITEM_AFTER_BLANK.search(text)
    if first_item is not None and not _SECOND_ITEM.search(first_item["rest"]):
        cuts.append(first_item.start())
    return sorted(set(cuts)), expected


def _find_han_cuts(text: str, expected: int, last_bracket: int) -> tuple[list[int], int]:
    """Return the cuts before 一、 and （一） items.

    `expected` is the expected ordinal of the next 一、 item, `last_bracket` the ordinal of the （一） item with which
    the line begins, or 0. Returns the cuts, and the next `expected`. 一、二审 and the like (`SHARED_NOUN`) are not
    items. A （一） item counts only after 。, ！ or ？, and only in two cases: it continues the number of
    the （一） item before it in this line, or it is the first one below a 一、 item that was cut in this line.
    """
    cuts: list[int] = []
    if not last_bracket and f"{_ONES_DIGITS[expected % 10]}、" not in text:
        return cuts, expected  # the usual case, in which nothing is searched
    for match in _INNER_HAN_ITEM.finditer(text):
        if match["han"]:
            if parse_ordinal(match["han"]) == expected and not SHARED_NOUN.match(text, match.start("han")):
                cuts.append(match.end())
                expected, last_bracket = expected + 1, 0
        elif match[0] in "。！？" and parse_ordinal(match["bracket"]) == last_bracket + 1 and (last_bracket or cuts):
            cuts.append(match.end())
            last_bracket += 1
    return cuts, expected
