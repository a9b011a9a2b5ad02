"""Run the steps of cleaning in order: opening lines, page chrome, broken sentences.

The steps remove menus, buttons, properties of the page (索引号：…), breadcrumbs, page numbers, running heads,
`[bookmark: …]` marks, tables of contents, related links and footers. They also remove lines that only address the
audience (各位代表：) and, above the first text, lines that only address a public body. All other text is kept as
written, including the signature and date at the end. Only its white space and its line breaks change: each line passes
`lines.clean_line`, and broken sentences are joined.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from searchkit.corpus import lines
from searchkit.corpus.blocks import Block
from searchkit.corpus.cleaning import chrome
from searchkit.corpus.cleaning.joining import UNIT_START, join_broken_lines
from searchkit.corpus.cleaning.titles import find_opening
from searchkit.corpus.numbering import has_list_number
from searchkit.corpus.tables.recognition import recognise_tables

_CONTENTS_TITLES = frozenset({"目录", "目次"})
"""Titles of tables of contents, without blanks."""
_MAX_CONTENTS_LINES = 300
"""Maximum number of lines of a table of contents, and number of lines at the start of the content in which its title
is searched for."""
_MAX_ENTRY_LENGTH = 80
"""Maximum length of an entry of a table of contents, in code points."""
_TRAILING_PAGE_NUMBER = re.compile(r"[.．·…‥。\s\d\-—()（）]+$")
"""The dots and the page number at the end of an entry of a table of contents: `……12`."""
_DIGIT_RUN = re.compile(r"\d+")
"""One or more digits. Lines that differ only in these, such as page numbers, count as equal."""
_COUNTER = re.compile(r"[件户次人名年月日个家项万亿元起条余多余%％倍期支份辆吨亩]|宗(?![教旨族])")
"""A unit or counter at the start of a line. It shows that the number on the line before belongs to a sentence, even if
that number counts up like page numbers. Units that are parts of many other words, such as 场 (市场), are not among
them: the page may end inside such a word."""
_MAX_PAGE_STEP = 3
"""Maximum difference between page numbers that follow each other. Some pages have no line with their number."""


@dataclass(frozen=True, slots=True)
class Cleaned:
    """A document split into title, head, content and tail."""

    title: str | None
    """Full title as in the text, its lines joined; None if the text shows none."""
    head: tuple[str, ...]
    """Lines before the content, including the title: breadcrumb, 索引号, date, source, speaker, salutation."""
    body: tuple[Block, ...]
    """Content lines, headings and data tables in order. The text of a block is empty only if it has a table."""
    tail: tuple[str, ...]
    """Lines after the content: buttons, links, footer, imprint."""


def clean(blocks: Sequence[Block]) -> Cleaned:
    """Split a document into title, head, content and tail.

    Any sequence of blocks is accepted. A block with an empty text is a table, which is content, or a blank line. Lines
    are judged with simplified characters and returned as printed. Time is linear in the text.
    """
    cleaned: list[Block] = []
    indents: list[bool] = []
    rows: list[bool] = []
    for block in recognise_tables(blocks):
        for text in _split_lines(block.text):
            line = lines.clean_line(text)
            cleaned.append(block if line == block.text else Block(line, block.level, block.strong, block.page))
            indents.append(bool(line) and text[0].isspace())
            rows.append("\t" in text.strip())  # a row of a table, with tabs between its cells
    simplified = _simplify(cleaned)
    opening = find_opening(simplified, cleaned)
    end = _end_of_content(simplified, opening.content_start)
    dropped = _layout_lines(simplified, opening.content_start, end) | _repeated_lines(
        cleaned, opening.content_start, end, opening.title
    )
    dropped |= _contents_lines(simplified, opening.content_start, end)
    content = [i for i in range(opening.content_start, end) if i not in dropped]
    body = join_broken_lines([cleaned[i] for i in content], [indents[i] for i in content], [rows[i] for i in content])
    tail = tuple(block.text for block in cleaned[end:] if block.text)
    return Cleaned(opening.title, opening.head, tuple(body), tail)


def _simplify(blocks: list[Block]) -> list[Block]:
    """Return the blocks with simplified characters. One call for all blocks is cheaper than one for each."""
    text = "\n".join(block.text for block in blocks)
    simplified = lines.simplify(text)
    if simplified == text:
        return blocks
    return [replace(block, text=line) for block, line in zip(blocks, simplified.split("\n"), strict=True)]


def _split_lines(text: str) -> list[str]:
    """Split at line breaks. An empty text is one blank line."""
    return text.split("\n") if "\n" in text else [text]


def _end_of_content(blocks: Sequence[Block], start: int) -> int:
    """Return the index after the last line of content.

    Signature and date at the end are content. Imprint and page chrome are not.
    """
    tail_start = len(blocks)
    while tail_start > start and blocks[tail_start - 1].table is None and _may_be_tail(blocks[tail_start - 1].text):
        tail_start -= 1
    is_signed = False
    for i in range(tail_start, len(blocks)):
        text = blocks[i].text
        if lines.is_date(text) or lines.is_dated_signature(text):
            is_signed = True
        elif text and _is_after_content(text, is_signed=is_signed):
            return i
    return len(blocks)


def _is_after_content(text: str, *, is_signed: bool) -> bool:
    """Return whether a line at the end is not content.

    Page chrome and imprint are never content. After the date of the signature (`is_signed`), only attachments and names
    of public bodies are content.
    """
    if chrome.is_chrome(text) or chrome.is_imprint(text):
        return True
    return is_signed and not _is_attachment(text) and not lines.is_body_line(text)


def _is_attachment(text: str) -> bool:
    """Return whether a line after the date names an attachment: 附件：1.统计表, or an entry of a list of them."""
    return text.startswith("附") or re.match(r"\d{1,2}[.．、]", text) is not None


def _may_be_tail(text: str) -> bool:
    """Return whether a line can be after the last sentence.

    Such a line is blank, page chrome, the imprint or a page number, or neither ends a sentence nor is prose
    (`lines.ends_sentence`, `lines.is_prose`).
    """
    if not text or chrome.is_chrome(text) or chrome.is_imprint(text) or chrome.is_page_number(text):
        return True
    return not lines.ends_sentence(text) and not lines.is_prose(text)


def _layout_lines(blocks: Sequence[Block], start: int, end: int) -> set[int]:
    """Return the indexes of page numbers, buttons, salutations, imprint and dotted entries (`……12`) in the content.

    Headings that the format states are not among them, nor are figures (`_figures`). Below the first running text or
    list number, a body or office with a colon is a label, which is kept: `市公安局：`.
    """
    dropped = set()
    figures = _figures(blocks, start, end)
    has_text = False
    for i in range(start, end):
        text = blocks[i].text
        has_text = has_text or lines.is_prose(text) or has_list_number(text)
        if not text or blocks[i].level:
            continue
        if chrome.is_page_number(text):
            if i not in figures:
                dropped.add(i)
        elif _is_layout(text) or (lines.addresses_audience(text) if has_text else lines.is_salutation(text)):
            dropped.add(i)
    return dropped


def _is_layout(text: str) -> bool:
    """Return whether a line is not content: buttons, a dotted entry or the imprint."""
    return chrome.is_buttons(text) or chrome.has_dot_leader(text) or chrome.is_imprint(text)


def _figures(blocks: Sequence[Block], start: int, end: int) -> set[int]:
    """Return the indexes of lines of digits that are no page numbers.

    These are numbers of a broken sentence, and numbers that do not count up, such as the cells of a table that has a
    line for each cell: `立案`, `35`, `结案`, `30`. The only line of digits is taken for a page number, unless it is a
    number of a broken sentence.
    """
    numbers = [i for i in range(start, end) if blocks[i].text.isdecimal() and chrome.is_page_number(blocks[i].text)]
    values = [int(blocks[i].text) for i in numbers]
    steps = [0 < after - before <= _MAX_PAGE_STEP for before, after in pairwise(values)]
    figures = set()
    for i, *counts_up in zip(numbers, [False, *steps], [*steps, False], strict=False):
        is_page = any(counts_up) or len(numbers) == 1
        if not is_page or _is_broken_measure(blocks, i, _COUNTER if any(counts_up) else UNIT_START):
            figures.add(i)
    return figures


def _is_broken_measure(blocks: Sequence[Block], i: int, unit: re.Pattern[str]) -> bool:
    """Return whether a line of digits is a number of a sentence.

    It is if the line before ends inside a sentence and the line after begins with a unit: `办理案件`, `12`, `件`. Up to
    two blank lines before and up to two after the line of digits are ignored.
    """
    previous = next((block.text for block in reversed(blocks[max(0, i - 3) : i]) if block.text), "。")
    following = next((block.text for block in blocks[i + 1 : i + 4] if block.text), "")
    return not lines.ends_sentence(previous) and unit.match(following) is not None


def _repeated_lines(blocks: Sequence[Block], start: int, end: int, title: str | None) -> set[int]:
    """Return the indexes of running heads and feet.

    These are (a) repetitions of the title, and (b) lines that do not end a sentence and are the first or the last line
    of at least half of the pages, at least three times. In (b), lines that differ only in their numbers, such as page
    numbers, count as equal.
    """
    bare_title = title.replace(" ", "") if title else None
    dropped = {
        i
        for i in range(start, end)
        if bare_title is not None
        and len(blocks[i].text) < len(bare_title) * 2  # a quick test: at most one blank after each character
        and blocks[i].text.replace(" ", "") == bare_title
    }
    edges = _page_edges(blocks, start, end)
    counts = Counter(_DIGIT_RUN.sub("0", blocks[i].text) for i in edges)
    pages = len(edges) / 2
    min_repeats = 3
    for i in edges:
        if counts[_DIGIT_RUN.sub("0", blocks[i].text)] >= max(min_repeats, pages / 2) and not lines.ends_sentence(
            blocks[i].text
        ):
            dropped.add(i)
    return dropped


def _page_edges(blocks: Sequence[Block], start: int, end: int) -> list[int]:
    """Return the indexes of the first and last line of each page, two for each page. Empty if there are no pages.

    The only line of a page is the first and the last one.
    """
    edges: list[int] = []
    paged = [i for i in range(start, end) if blocks[i].text and blocks[i].page is not None]
    for previous, following in zip([None, *paged], [*paged, None], strict=True):
        if previous is None or following is None or blocks[previous].page != blocks[following].page:
            edges += [i for i in (previous, following) if i is not None]
    return edges


def _contents_lines(blocks: Sequence[Block], start: int, end: int) -> set[int]:
    """Return the indexes of the title of a table of contents (目录), and of its entries if most of them recur below."""
    for i in range(start, min(end, start + _MAX_CONTENTS_LINES)):
        if blocks[i].text.replace(" ", "") in _CONTENTS_TITLES:
            entries = _contents_entries(blocks, i + 1, end)
            later_texts = {_entry_text(blocks[k].text) for k in range(i + 1 + len(entries), end)}
            recurring = sum(_entry_text(blocks[k].text) in later_texts for k in entries)
            return {i, *entries} if recurring * 2 > len(entries) else {i}
    return set()


def _entry_text(text: str) -> str:
    """Return the text of an entry or a heading without page number and blanks."""
    return _TRAILING_PAGE_NUMBER.sub("", text[:_MAX_ENTRY_LENGTH]).replace(" ", "")


def _contents_entries(blocks: Sequence[Block], start: int, end: int) -> range:
    """Return the indexes of the lines from `start` until the first entry recurs or a line cannot be an entry.

    In the second case, the range ends where the first entry with a list number recurs, if it does: some contents begin
    with an entry that is no heading of the text (前言). The range is empty if neither happens within
    `_MAX_CONTENTS_LINES` lines and before `end`.
    """
    first_text = first_numbered = ""
    recurrence = 0
    for i in range(start, min(end, start + _MAX_CONTENTS_LINES)):
        text = blocks[i].text
        if blocks[i].table is not None:
            return range(start, recurrence or i)
        if not text:
            continue
        entry = _entry_text(text)
        if first_text and entry == first_text:
            return range(start, i)
        if (
            len(text) > _MAX_ENTRY_LENGTH
            or lines.is_salutation(text)
            or (lines.ends_sentence(text) and not chrome.has_dot_leader(text))
        ):
            return range(start, recurrence or i)
        if first_numbered and entry == first_numbered:
            recurrence = recurrence or i
        first_text = first_text or entry
        if not first_numbered and has_list_number(text):
            first_numbered = entry
    return range(start, start)
