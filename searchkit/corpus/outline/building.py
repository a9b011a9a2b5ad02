"""Build paragraphs with heading paths from lines of content.

A heading on a line of its own is added to the path of the paragraphs below it. A run-in heading, the first words of a
paragraph, is added to the path and stays in the paragraph. A heading without anything below it becomes a paragraph.
Levels follow the numbering of the document: a style of numbers (一、, （一）) that occurred before keeps its level, a
new style that starts at 1 opens a level, and a style that continues the numbers of another style continues its level.
Each row of a table is a paragraph; the caption is its innermost heading. A glossary at the end is a part of its own,
whatever its numbering. Signature and date at the end belong to no heading. The name of the speaker is not a heading.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate

from searchkit.corpus import lines
from searchkit.corpus.blocks import Block, DataTable
from searchkit.corpus.numbering import DASH, LISTED, Marker, parse_marker
from searchkit.corpus.outline import headings
from searchkit.corpus.outline.levels import HeadingForm, LevelTracker, LineNumbering, OpenEntry
from searchkit.corpus.outline.splitting import split_items
from searchkit.corpus.tables.captions import attach_captions, is_table_note
from searchkit.corpus.tables.grid import TableGrid

_SIGNATURE_SEARCH_LINES = 12
"""Number of lines at the end that are searched for the signature."""
_MIN_GLOSSARY_SHARE = 0.4
"""Minimum share of lines that explain a term, below the title of a glossary in the first half of a document."""
_SINGLE_PARAGRAPH_STYLES = frozenset({DASH, LISTED})
"""Styles whose run-in heading applies to its own paragraph only."""
_PART_STYLES = frozenset({"一、", "第一部分", "第一章"})
"""Styles of the parts of a report."""
_UNHEADED_START = re.compile("特此(?:报告|汇报)|专此(?:报告|汇报)|以上报告|附件|附[：:]")
"""Start of paragraphs that belong to no heading."""
_SUMMARY_START = re.compile(
    r"各位(?:代表|委员|同志)|以上(?:是|就是)|总之|综上|总的[来看]|回顾(?:过去|[一二两三四五]年|这?\d|一年|这)"
    r"|(?:在|同时|但|我们|当前|必须)?[^。，]{0,8}(?:肯定|总结)成绩|[^。]{0,16}清醒(?:地)?(?:认识|看到)"
)
"""Start of paragraphs that sum up a part. They belong to the part, not to one of its items."""


@dataclass(frozen=True, slots=True)
class OutlineItem:
    """A paragraph with its heading path."""

    text: str
    """As printed, including its number and run-in heading."""
    number: str | None
    """Its number as printed (`13.`, `（一）`, `一是`), or None."""
    path: tuple[str, ...]
    """Headings without numbers, outermost first."""
    page: int | None = None
    """Page on which it starts, from 1; None if the format has no pages."""
    table: DataTable | None = None
    """The table of which the paragraph is a row, or None. The rows of a table are consecutive."""


_MarkedBlock = tuple[Block, Marker | None]
"""A line of content, and the marker at its start or None."""


@dataclass(frozen=True, slots=True)
class _ClassifiedLine:
    """A line of content, classified by its shape."""

    block: Block
    marker: Marker | None
    rest: str
    """Text after the marker. Without a marker, the entire line."""
    heading: str | None
    """Heading without its number, or None."""
    is_heading_line: bool
    """Whether the heading is the entire line."""
    is_glossary: bool = False
    """Whether the heading is the title of the glossary. The glossary goes on to the end of the document."""


def build_outline(body: Sequence[Block]) -> tuple[OutlineItem, ...]:
    """Return the paragraphs of cleaned content (`cleaning.content.clean`) in order, with numbers and heading paths.

    Any sequence of blocks is accepted. Every character of the content occurs in a text or a path, except white space
    and, of headings on lines of their own that have something below them, the number and final punctuation. The text
    of a header cell of a table occurs in the rows that have a cell below it. Time is linear in the text.
    """
    blocks = attach_captions([block for block in split_items(body) if block.text.strip() or _is_table(block)])
    signature = _signature_start(blocks)
    classified = _classify_lines(blocks[:signature])
    items = _OutlineBuilder(classified).build()
    items += [item for block in blocks[signature:] for item in _paragraphs(block, None, ())]
    return tuple(items)


def _is_table(block: Block) -> bool:
    """Return whether a block is a data table."""
    return isinstance(block.table, DataTable)


def _paragraphs(block: Block, number: str | None, path: tuple[str, ...]) -> Iterator[OutlineItem]:
    """Yield the paragraph of a line, or those of the rows of a table."""
    table = block.table
    if not isinstance(table, DataTable):
        yield OutlineItem(block.text, number, path, block.page)
        return
    grid = TableGrid(table.header, table.rows, table.header_columns)
    for row in range(len(table.rows)):
        row_path = (*path, table.caption) if table.caption else path
        yield OutlineItem(grid.row_text(row).text, None, row_path, block.page, table)


def _signature_start(blocks: Sequence[Block]) -> int:
    """Return the index of the first line of the signature. It and everything after it belong to no heading.

    The last `_SIGNATURE_SEARCH_LINES` lines are searched from the end, up to running text that does not begin with 附,
    for a line that consists of a date, or of a body and a date. The lines directly above it for which
    `_is_signature_line` is true belong to the signature. Without such a date, the signature is the last line if it is a
    body's name below a complete sentence. Returns len(blocks) if there is no signature.
    """
    search_start = max(0, len(blocks) - _SIGNATURE_SEARCH_LINES)
    start = len(blocks)
    for i in range(len(blocks) - 1, search_start - 1, -1):
        text = blocks[i].text
        if lines.is_date(text) or lines.is_dated_signature(text):
            start = i
            break
        if lines.is_prose(text) and not text.startswith("附"):
            break
    if start == len(blocks) and start:
        last = blocks[-1].text if len(blocks) > 1 else ""
        previous = blocks[-2].text if len(blocks) > 1 else ""
        is_unnumbered = parse_marker(last) is None and not blocks[-1].level
        return start - 1 if is_unnumbered and lines.is_body_line(last) and lines.ends_sentence(previous) else start
    while (
        start > max(search_start, 1)
        and len(blocks) - start <= _SIGNATURE_SEARCH_LINES
        and _is_signature_line(blocks[start - 1])
    ):
        start -= 1
    return start


def _is_signature_line(block: Block) -> bool:
    """Return whether a line above the date of a signature belongs to the signature: 临海市司法局, （此件公开发布）."""
    max_length = 30
    text = block.text
    if _is_table(block):
        return False
    is_short = (
        len(text) <= max_length and not block.level and parse_marker(text) is None and not lines.ends_sentence(text)
    )
    return (is_short and "，" not in text) or (lines.is_bracketed(text) and len(text) <= max_length)


def _classify_lines(blocks: Sequence[Block]) -> list[_ClassifiedLine]:
    """Classify each line by its shape and its neighbours, find the glossary, and then reconsider each list.

    A table, a note on a table and the name of the speaker have neither marker nor heading.
    """
    marked: list[_MarkedBlock] = [(block, parse_marker(block.text)) for block in blocks]
    padded = [None, *marked, None]
    classified = [
        _ClassifiedLine(line[0], None, line[0].text, None, is_heading_line=False)
        if lines.names_speaker(line[0].text) or _is_table(line[0]) or is_table_note(line[0].text)
        else _classify_line(previous, line, following)
        for previous, line, following in zip(padded, marked, padded[2:], strict=False)
    ]
    glossary = _find_glossary(marked)
    if glossary is not None:
        block, marker = marked[glossary]
        rest = _text_after_marker(marked[glossary])
        classified[glossary] = _ClassifiedLine(
            block, marker, rest, rest.rstrip("：: "), is_heading_line=True, is_glossary=True
        )
    return _reconsider_by_siblings(classified)


def _find_glossary(marked: Sequence[_MarkedBlock]) -> int | None:
    """Return the index of the title of the glossary at the end, or None.

    The first title that counts is used. In the first half, it may be an entry of a table of contents, and counts only
    if at least the share `_MIN_GLOSSARY_SHARE` of the lines below it explain terms.
    """
    titles = [
        i
        for i, line in enumerate(marked)
        if len(line[0].text) <= headings.MAX_HEADING_LENGTH and lines.is_glossary_title(_text_after_marker(line))
    ]
    if not titles:
        return None
    explains = [lines.is_glossary_entry(block.text) for block, _ in marked]
    entries_before = [0, *accumulate(explains)]
    for i in titles:
        following = len(marked) - i - 1
        entries = entries_before[-1] - entries_before[i + 1]
        if i and following and (following <= i or entries >= _MIN_GLOSSARY_SHARE * following):
            return i
    return None


def _text_after_marker(line: _MarkedBlock) -> str:
    """Return the text of a line without the marker at its start."""
    block, marker = line
    return block.text[marker.end :] if marker else block.text


def _classify_line(
    previous: _MarkedBlock | None, line: _MarkedBlock, following: _MarkedBlock | None
) -> _ClassifiedLine:
    """Classify a line by its shape and by the lines around it."""
    block, marker = line
    rest = block.text[marker.end :] if marker else block.text
    # A heading that the format states may be longer than others. But some authors format entire paragraphs as headings.
    if block.level and len(rest) <= headings.MAX_HEADING_LENGTH * 2 and "。" not in rest.rstrip("。"):
        return _ClassifiedLine(block, marker, rest, rest.rstrip("：:。") or block.text, is_heading_line=True)
    if marker is None:
        return _classify_unnumbered(previous, block, following)
    heading = headings.parse_heading_line(rest, is_numbered=True)
    if marker.printed and not rest and following is not None:  # the line is only a number: 第一部分
        return _ClassifiedLine(block, marker, rest, marker.printed.rstrip("、.．"), is_heading_line=True)
    if heading is None and following is not None and rest.endswith("。") and _can_head(marker, following):
        heading = _parse_stopped_heading(block, marker, rest)
    if heading is not None:
        return _ClassifiedLine(block, marker, rest, heading, is_heading_line=True)
    if marker.style == LISTED and _contains_next_item(rest, marker):
        return _ClassifiedLine(block, marker, rest, None, is_heading_line=False)
    heading = headings.parse_run_in_heading(rest)
    if heading is None and marker.style in _PART_STYLES:
        heading = headings.parse_joined_part_heading(rest)
    return _ClassifiedLine(block, marker, rest, heading, is_heading_line=False)


def _can_head(marker: Marker, following: _MarkedBlock) -> bool:
    """Return whether a numbered heading can have the next line below it: text, or the first item of another list.

    A heading that the format states cannot be below it.
    """
    block, next_marker = following
    return not block.level and (next_marker is None or (next_marker.ordinal <= 1 and next_marker.style != marker.style))


def _parse_stopped_heading(block: Block, marker: Marker, rest: str) -> str | None:
    """Return the heading of a numbered line that ends with 。, or None.

    It is a heading if it only names a subject, or if it is one sentence that is emphasised or numbered like a part.
    """
    # A run-in heading needs text after it. The start of the line serves as this text.
    if headings.parse_run_in_heading(f"{rest}{rest[:8]}") == rest[:-1]:
        return rest[:-1]
    is_part = block.strong or marker.style in _PART_STYLES
    return rest[:-1] if is_part and rest.find("。") == len(rest) - 1 <= headings.MAX_HEADING_LENGTH else None


def _contains_next_item(rest: str, marker: Marker) -> bool:
    """Return whether a paragraph that begins with 一是 also contains 二是. Then neither phrase is a heading."""
    digits = "一二三四五六七八九十"
    return marker.ordinal < len(digits) and f"{digits[marker.ordinal]}是" in rest


def _classify_unnumbered(
    previous: _MarkedBlock | None, block: Block, following: _MarkedBlock | None
) -> _ClassifiedLine:
    """Classify a line without a number.

    A heading is short, has no final punctuation, is not a date, and stands between lines for which
    `_can_precede_heading` and `_can_follow_heading` are true. An emphasised line is a heading whatever the lines around
    it, if it is short, contains at most one sentence, does not end in the middle of one or introduce a list
    (…，做法如下：), and is not the last line. A line that is not a heading can begin with the heading of a part and a
    blank: 工作回顾 2023年，….
    """
    text_line = _ClassifiedLine(
        block, None, block.text, headings.parse_spaced_part_heading(block.text), is_heading_line=False
    )
    if following is None:
        return text_line
    if block.strong:
        words = block.text.rstrip("。：: ")
        is_lead_in = block.text.endswith(("：", ":")) and "，" in words
        is_heading = (
            len(words) <= headings.MAX_HEADING_LENGTH
            and "。" not in words
            and not words.endswith(("，", ",", "、", "！"))
            and not is_lead_in
        )
        return (
            _ClassifiedLine(block, None, block.text, words, is_heading_line=True) if is_heading and words else text_line
        )
    heading = headings.parse_heading_line(block.text, is_numbered=False)
    if (
        heading is None
        or not _can_follow_heading(following)
        or not _can_precede_heading(previous)
        or lines.is_date(block.text)
    ):
        return text_line
    return _ClassifiedLine(block, None, block.text, heading, is_heading_line=True)


def _can_follow_heading(following: _MarkedBlock) -> bool:
    """Return whether a line can follow a heading without a number.

    It can if it is running text, a table or a note on one, has a number, or is a heading that the format states.
    """
    block, marker = following
    is_text = lines.is_prose(block.text) or lines.ends_sentence(block.text) or is_table_note(block.text)
    return is_text or marker is not None or block.level > 0 or _is_table(block)


def _can_precede_heading(previous: _MarkedBlock | None) -> bool:
    """Return whether a heading without a number can follow a line.

    It can follow the end of a sentence, a table, a line with a number, an emphasised line and a heading that the format
    states, and begin the text.
    """
    if previous is None:
        return True
    block, marker = previous
    is_complete = lines.ends_sentence(block.text) or _is_table(block)
    return is_complete or marker is not None or block.level > 0 or block.strong


def _reconsider_by_siblings(classified: list[_ClassifiedLine]) -> list[_ClassifiedLine]:
    """Reconsider the run-in headings of each list.

    If each of three or more items begins with a sentence that is a heading by the larger maximum length (`loose`),
    these sentences are headings. Otherwise, if at least two items have headings, the heading of any other item may have
    lost its full stop.
    """
    min_items = 2
    for members in _find_lists(classified):
        items = [i for i in members if not classified[i].is_heading_line]
        with_heading = [i for i in items if classified[i].heading]
        without = [i for i in items if not classified[i].heading]
        loose_headings = {i: headings.parse_run_in_heading(classified[i].rest, loose=True) for i in items}
        if len(items) > min_items and all(loose_headings.values()):
            for i in without:
                classified[i] = replace(classified[i], heading=loose_headings[i])
        elif len(with_heading) >= min_items:
            for i in without:
                classified[i] = replace(classified[i], heading=headings.parse_unstopped_heading(classified[i].rest))
    return classified


def _find_lists(classified: Sequence[_ClassifiedLine]) -> Iterable[list[int]]:
    """Return the line indexes of each list: the numbered lines of one style until the style restarts at 1."""
    lists: dict[tuple[str, int], list[int]] = {}
    restarts: dict[str, int] = {}
    for i, line in enumerate(classified):
        if line.marker is None or not line.marker.ordinal:
            continue
        style = line.marker.style
        if line.marker.ordinal == 1:
            restarts[style] = restarts.get(style, 0) + 1
        lists.setdefault((style, restarts.get(style, 0)), []).append(i)
    return lists.values()


class _OutlineBuilder:
    """Builds the paragraphs in one pass over the lines, and keeps track of the open entries.

    An entry is a heading or an item of a list (`levels.OpenEntry`). It is open as long as new lines belong below it.
    """

    def __init__(self, classified: Sequence[_ClassifiedLine]) -> None:
        self._lines = classified
        self._levels = LevelTracker([LineNumbering(line.marker, line.block.level) for line in classified])
        self._items: list[OutlineItem] = []
        self._pending: list[tuple[OpenEntry, _ClassifiedLine]] = []
        """Headings on lines of their own that have nothing below them yet."""

    def build(self) -> list[OutlineItem]:
        """Return the paragraphs, in order."""
        for i, line in enumerate(self._lines):
            if line.is_heading_line:
                self._add_heading(i, line)
            else:
                self._add_paragraph(i, line)
        self._flush_pending(keep=0)
        return self._items

    def _add_heading(self, i: int, line: _ClassifiedLine) -> None:
        """Open line `i`, a heading on a line of its own. A pending heading that it closes becomes a paragraph."""
        if line.is_glossary and line.heading:
            self._flush_pending(keep=0)
            self._pending = [(self._levels.open_last_part(line.heading), line)]
            return
        entry = self._levels.open(
            i,
            line.heading,
            form=HeadingForm.STRONG if line.block.strong else HeadingForm.LINE,
            is_parent_empty=not self._has_content(),
        )
        self._flush_pending(keep=len(self._levels.entries) - 1)
        self._pending.append((entry, line))

    def _has_content(self) -> bool:
        """Return whether the innermost heading has anything below it."""
        return not (self._pending and self._levels.entries and self._pending[-1][0] is self._levels.entries[-1])

    def _add_paragraph(self, i: int, line: _ClassifiedLine) -> None:
        """Add the paragraph of line `i`, or the rows of its table. A list number or run-in heading opens an entry."""
        if line.marker is not None or line.heading is not None:
            self._levels.open(i, line.heading, form=HeadingForm.RUN_IN, is_parent_empty=not self._has_content())
            self._flush_pending(keep=len(self._levels.entries) - 1)
        elif _UNHEADED_START.match(line.block.text):
            self._flush_pending(keep=0)
            self._levels.close_all()
        elif _SUMMARY_START.match(line.block.text):
            self._levels.close_run_ins()
            self._flush_pending(keep=len(self._levels.entries))
        self._pending.clear()
        number = line.marker.printed if line.marker else None
        self._items.extend(_paragraphs(line.block, number, self._levels.path()))
        if line.marker is not None and line.marker.style in _SINGLE_PARAGRAPH_STYLES:
            self._levels.close_innermost()

    def _flush_pending(self, keep: int) -> None:
        """Turn the innermost pending heading into a paragraph unless it is among the first `keep` open entries."""
        if not self._pending:
            return
        entry, line = self._pending[-1]
        if not any(entry is other for other in self._levels.entries[:keep]):
            # It becomes a paragraph below the outer headings, so these are no longer pending.
            self._pending.clear()
            number = line.marker.printed if line.marker else None
            self._items.append(OutlineItem(line.block.text, number, entry.parents, line.block.page))
