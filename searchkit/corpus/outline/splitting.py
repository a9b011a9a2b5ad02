"""Items and headings that a lost line break left on one line."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

from searchkit.corpus.blocks import Block
from searchkit.corpus.numbering import marker, ordinal_value

# These begin with what is rare in a text, so that a search passes over the rest of it fast.
_INNER = re.compile(
    r"[。！？：:；;）)”](?=\s?(?:(?P<han>[一二三四五六七八九十]{1,3})、(?![一二三四五六七八九十]{1,3}[、产次])"
    r"|[（(](?P<bracket>[一二三四五六七八九十]{1,3})[)）]))"
)
_AFTER_BLANK = re.compile(
    r" (?<=[：:。] )(?=(?:[（(]一[)）]|第一[，,、]|一是|一、(?!二)|1[.．、](?!\d))(?P<rest>.{0,400}))", re.DOTALL
)
"""The first item of a list that goes on in the lines below: where its line break was lost, a blank is left."""
_SECOND = re.compile("[（(]二[)）]|第二[，,、]|二是|[。；;]二、|[。；;] ?2[.．、]")
_ONES = "十一二三四五六七八九"
"""How a Han number ends, by its ones."""
_INNER_DIGIT = re.compile(r"[。！？](?=\s?(?P<digit>\d{1,2})[.．、](?!\d))")


def split_items(blocks: Iterable[Block]) -> Iterator[Block]:
    """Cut lines before headings and items that stand in the middle of them.

    `…请予审议。一、工作回顾` becomes two lines; `1.…。2.…。3.…。` three, if the line begins with the number before.
    Lists inside a sentence (`：（一）…；（二）…。`) stay. Linear time.
    """
    expected = 1
    for block in blocks:
        if block.level:
            yield block
            continue
        cuts, expected = _cuts(block.text, expected)
        if not cuts:
            yield block
            continue
        for start, end in zip([0, *cuts], [*cuts, len(block.text)], strict=True):
            text = block.text[start:end].strip()
            if text:
                yield replace(block, text=text, strong=False)


def _cuts(text: str, expected: int) -> tuple[list[int], int]:
    """Give where to cut a line, and the ordinal that the next 一、 heading should have."""
    found = marker(text)
    style, ordinal = (found.style, found.ordinal) if found is not None else ("", 0)
    cuts, expected = _han_cuts(text, ordinal + 1 if style == "一、" else expected, ordinal if style == "（一）" else 0)
    if style in {"1.", "1、"}:
        for hit in _INNER_DIGIT.finditer(text):
            if ordinal_value(hit["digit"]) == ordinal + 1:
                cuts.append(hit.end())
                ordinal += 1
    after = _AFTER_BLANK.search(text)
    if after is not None and not _SECOND.search(after["rest"]):
        cuts.append(after.start())
    return sorted(set(cuts)), expected


def _han_cuts(text: str, expected: int, bracket: int) -> tuple[list[int], int]:
    """Give the cuts before 一、 and （一）. `expected` is the next ordinal of 一、, `bracket` the last of （一）."""
    cuts: list[int] = []
    if not bracket and f"{_ONES[expected % 10]}、" not in text:
        return cuts, expected  # as in most lines
    for hit in _INNER.finditer(text):
        if hit["han"]:
            if ordinal_value(hit["han"]) == expected and hit[0] in "。！？：:）)”":
                cuts.append(hit.end())
                expected, bracket = expected + 1, 0
        elif hit[0] in "。！？" and ordinal_value(hit["bracket"]) == bracket + 1 and (bracket or cuts):
            cuts.append(hit.end())
            bracket += 1
    return cuts, expected
