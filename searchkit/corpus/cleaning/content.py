"""From the blocks of a file to its content: page chrome and layout go, broken sentences are joined, words stay.

What goes: menus, buttons, meta lines, breadcrumbs, page numbers, running heads, `[bookmark: …]` marks, tables of
contents, related links and footers, and lines that only address the reader (各位代表：). What stays is verbatim but for
white space: stripped at the ends, one blank inside. Signature and date at the end stay.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from searchkit.corpus import lines
from searchkit.corpus.blocks import Block
from searchkit.corpus.cleaning import chrome
from searchkit.corpus.cleaning.joining import join_broken
from searchkit.corpus.cleaning.titles import opening

_CONTENTS_TITLES = frozenset({"目录", "目次"})
_MAX_CONTENTS_LENGTH = 300
"""How many lines a table of contents may have."""
_MAX_ENTRY_LENGTH = 80
_TRAILING = re.compile(r"[.．·…‥。\s\d\-—()（）]+$")
_DIGITS = re.compile(r"\d+")
_COUNTED = re.compile(r"[件户次人名年月日个家项万亿元起条余多余%％倍期支份]")


@dataclass(frozen=True, slots=True)
class Cleaned:
    """A document without what is not content."""

    title: str | None
    """Full title as the text has it, its lines joined; None if the text shows none."""
    head: tuple[str, ...]
    """Lines before the content, title lines among them: breadcrumb, 索引号, date, source, speaker, salutation."""
    body: tuple[Block, ...]
    """Content lines and headings in order; no text is empty."""
    tail: tuple[str, ...]
    """Lines behind the content: buttons, links, footer, imprint."""


def clean(blocks: Sequence[Block]) -> Cleaned:
    """Split a document into title, head, content and tail. Empty blocks stand for blank lines.

    Any sequence of blocks gives a result; time is linear in the text.
    """
    squeezed: list[Block] = []
    indents: list[bool] = []
    for block in blocks:
        for text in _split(block.text):
            plain = lines.squeeze(text)
            squeezed.append(block if plain == block.text else Block(plain, block.level, block.strong, block.page))
            indents.append(bool(plain) and text[0].isspace())
    start = opening(squeezed)
    end = _end_of_content(squeezed, start.end)
    dropped = _layout_lines(squeezed, start.end, end) | _repeats(squeezed, start.end, end, start.title)
    dropped |= _contents(squeezed, start.end, end)
    kept = [i for i in range(start.end, end) if i not in dropped]
    body = join_broken([squeezed[i] for i in kept], [indents[i] for i in kept])
    tail = tuple(block.text for block in squeezed[end:] if block.text)
    return Cleaned(start.title, start.head, tuple(body), tail)


def _split(text: str) -> list[str]:
    """Cut at line breaks; an empty text stays one (blank) line."""
    return text.split("\n") if "\n" in text else [text]


def _end_of_content(blocks: Sequence[Block], start: int) -> int:
    """Give the index behind the last line of content: signature and date belong to it, imprint and chrome do not."""
    last = len(blocks)
    while last > start and _may_be_tail(blocks[last - 1].text):
        last -= 1
    signed = False
    for i in range(last, len(blocks)):
        text = blocks[i].text
        if lines.is_date(text) or lines.is_signed_date(text):
            signed = True
        elif text and _follows_content(text, signed=signed):
            return i
    return len(blocks)


def _follows_content(text: str, *, signed: bool) -> bool:
    """Tell whether a line at the end is no content; behind the date, only attachments and bodies still are."""
    if chrome.is_chrome(text) or chrome.is_imprint(text):
        return True
    return signed and not _is_attachment(text) and not lines.names_body(text)


def _is_attachment(text: str) -> bool:
    return text.startswith("附") or re.match(r"\d{1,2}[.．、]", text) is not None


def _may_be_tail(text: str) -> bool:
    if not text or chrome.is_chrome(text) or chrome.is_imprint(text) or chrome.is_page_number(text):
        return True
    return not lines.ends_sentence(text) and not lines.is_prose(text)


def _layout_lines(blocks: Sequence[Block], start: int, end: int) -> set[int]:
    """Give the lines inside the content that are page numbers, buttons, or address the reader."""
    dropped = set()
    for i in range(start, end):
        text = blocks[i].text
        if not text or blocks[i].level:
            continue
        if chrome.is_page_number(text):
            if not _is_measure(blocks, i):
                dropped.add(i)
        elif _is_layout(text):
            dropped.add(i)
    return dropped


def _is_layout(text: str) -> bool:
    return chrome.is_buttons(text) or chrome.has_leader(text) or lines.is_salutation(text) or chrome.is_imprint(text)


def _is_measure(blocks: Sequence[Block], i: int) -> bool:
    """Tell whether a bare number is the measure of a sentence that was broken around it."""
    if not blocks[i].text.isdecimal():
        return False
    before = next((block.text for block in reversed(blocks[max(0, i - 3) : i]) if block.text), "。")
    behind = next((block.text for block in blocks[i + 1 : i + 4] if block.text), "")
    return not lines.ends_sentence(before) and _COUNTED.match(behind) is not None


def _repeats(blocks: Sequence[Block], start: int, end: int, title: str | None) -> set[int]:
    """Give running heads and feet: the title again, and lines that stand at the edge of most pages."""
    wanted = title.replace(" ", "") if title else None
    dropped = {
        i
        for i in range(start, end)
        if wanted is not None and len(blocks[i].text) < len(wanted) * 2 and blocks[i].text.replace(" ", "") == wanted
    }
    edges = _page_edges(blocks, start, end)
    masked = Counter(_DIGITS.sub("0", blocks[i].text) for i in edges)
    pages = len(edges) / 2
    few = 3
    for i in edges:
        if masked[_DIGITS.sub("0", blocks[i].text)] >= max(few, pages / 2) and not lines.ends_sentence(blocks[i].text):
            dropped.add(i)
    return dropped


def _page_edges(blocks: Sequence[Block], start: int, end: int) -> list[int]:
    """Give the indexes of the first and last line of each page, where the format has pages."""
    edges: list[int] = []
    filled = [i for i in range(start, end) if blocks[i].text and blocks[i].page is not None]
    for before, behind in zip([None, *filled], [*filled, None], strict=True):
        if before is None or behind is None or blocks[before].page != blocks[behind].page:
            edges += [i for i in (before, behind) if i is not None]
    return edges


def _contents(blocks: Sequence[Block], start: int, end: int) -> set[int]:
    """Give the lines of a table of contents: its title and its entries, if most of them come again as headings."""
    for i in range(start, min(end, start + _MAX_CONTENTS_LENGTH)):
        if blocks[i].text.replace(" ", "") in _CONTENTS_TITLES:
            entries = _entries(blocks, i + 1, end)
            later = {_entry(blocks[k].text) for k in range(i + 1 + len(entries), end)}
            again = sum(_entry(blocks[k].text) in later for k in entries)
            return {i, *entries} if again * 2 > len(entries) else {i}
    return set()


def _entry(text: str) -> str:
    """Text of an entry or a heading without page number and blanks."""
    return _TRAILING.sub("", text[:_MAX_ENTRY_LENGTH]).replace(" ", "")


def _entries(blocks: Sequence[Block], start: int, end: int) -> range:
    """Give the lines behind the title of a table of contents up to the first one again, or to the first sentence."""
    first = ""
    for i in range(start, min(end, start + _MAX_CONTENTS_LENGTH)):
        text = blocks[i].text
        if not text:
            continue
        if first and _entry(text) == first:
            return range(start, i)
        if (
            len(text) > _MAX_ENTRY_LENGTH
            or lines.is_salutation(text)
            or (lines.ends_sentence(text) and not chrome.has_leader(text))
        ):
            return range(start, i)
        first = first or _entry(text)
    return range(start, start)
