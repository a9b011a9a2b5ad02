"""Find the opening of a report: its title and its head.

The head consists of the title and the lines around it, such as the document number, the session, the date and the
salutation. The content follows: the text of the report.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from searchkit.corpus import lines
from searchkit.corpus.blocks import Block
from searchkit.corpus.cleaning import chrome
from searchkit.corpus.numbering import DASH, parse_marker
from searchkit.corpus.tables.cells import parse_unit_note
from searchkit.text.years import ANY_YEAR, ARABIC_YEAR

_MAX_OPENING_LINES = 240
"""Maximum number of lines that are examined for the title. The rest of the head is looked for in the same number of
lines after the title or, if there is no title, from the first line on."""
_MAX_TITLE_LENGTH = 80
"""Maximum length of a line of a title, in code points. A last line that is a heading of level 1 may be longer."""
_MIN_TITLE_LENGTH = 6
"""Minimum length of the last line of a title, in code points."""
_MAX_TITLE_LINES = 4
"""Maximum number of lines that a title can be broken into. A blank line between them is counted, too, except directly
below the first of them."""
_MAX_SUBTITLE_LINES = 2
"""Maximum number of consecutive lines of the head without a typical shape, such as subtitles and names."""
_DOCUMENT_KINDS = (
    "报告|总结|汇报|白皮书|年报|公报|要点|计划|方案|情况|综述|通报|说明|述法|通知|意见|公告|材料|纲要|安排|讲话|发言"
)
"""Last words of titles, which name the kind of the document."""
_TITLE_LINE = re.compile(
    rf"[^。！？；;]*(?:{_DOCUMENT_KINDS})\s?(?:[（(][^（）()]{{1,60}}[)）]|[—-]{{1,2}}.{{0,20}})?》?(?:\[\^?\d{{1,2}}\])?"
)
"""A line of a title up to the kind of document, without stops. In this order may follow: a remark in brackets or a
subtitle after a dash, 》, a footnote mark."""
_FOOTNOTE_MARK = re.compile(r"\[\^?\d{1,2}\]$")
"""The mark of a footnote at the end of a title: `[1]`, `[^1]`."""
_REPORT_WORD = re.compile(r"报告|总结|汇报|白皮书|年报|述法")
"""Kinds of documents that are reports, unlike a 通知 or 方案."""
_SESSION_NOTE = re.compile(r"\s?[（(][^（）()]*(?:会议|大会)[^（）()]*[)）]$")
"""The meeting in brackets at the end of a title: `（在市人民代表大会上）`."""
_YEAR_OR_PERIOD = re.compile(rf"{ANY_YEAR}|本?年度|上半年")
"""A year or period in a title: 2023, 年度, 上半年."""
_BODY_WORD = re.compile(r"局|委|政府|厅|办|署|院|中心|支队|大队|总队|镇|乡|街道|部|所|区|县|市|省|公司")
"""A character or word in the name of a body or a place."""
_SUBJECT_WORD = re.compile("法治政府|政府(?:建设|工作|信息)|部门|依法治[省市县区]")
"""Words that contain a `_BODY_WORD` but name the subject of a title, not the body that issued the report."""
_CUT_TITLE_END = re.compile(r"(?:\d年|年度|关于|的|和|与|及)$")
"""End of a line that a title cannot end with, so that a blank line after it is inside the title."""
_UNFINISHED_TITLE_END = re.compile(
    r"(?:年|年度|关于|的|和|与|及|对|在|委员会|政府|办公室|办事处|[局委厅署院部处站所队办])$"
)
"""End of a line after which a title can continue on the next line: a year, a preposition or conjunction, 的, or the
name of the body that issued the report."""


@dataclass(frozen=True, slots=True)
class Opening:
    """The beginning of a document."""

    title: str | None
    """The title as printed, its lines joined, without footnote mark, session and 《》 around it. None if there is no
    title."""
    head: tuple[str, ...]
    """The lines before the content without the blank ones, title included, as printed, in order."""
    content_start: int
    """0-based index of the block after the head: the first block of the content, or a blank line above it. The number
    of blocks if there is no content."""


def find_opening(blocks: Sequence[Block], printed: Sequence[Block]) -> Opening:
    """Separate title and head from the content.

    `blocks` contain cleaned text with simplified characters, `printed` the same text with the characters as printed. A
    block with an empty text and no table is a blank line. Salutations (各位代表：) belong to the head: they only state
    to whom the report is given.
    """
    limit = _end_of_title_search(blocks)
    first, last = _find_title(blocks, limit)
    start, end = _strip_title(_join_title(blocks[first:last]))
    title = _join_title(printed[first:last])[start:end]
    content_start = _end_of_head(blocks, last)
    head = tuple(block.text for block in printed[:content_start] if block.text)
    return Opening(title or None, head, content_start)


def _strip_title(title: str) -> tuple[int, int]:
    """Return the span of a title without its footnote mark, the session in brackets, and the marks 《》 around it.

    The span is in code points, 0-based and end-exclusive.
    """
    end = len(_SESSION_NOTE.sub("", _FOOTNOTE_MARK.sub("", title)))
    is_quoted = title.startswith("《") and title.find("》", 0, end) == end - 1
    return (1, end - 1) if is_quoted else (0, end)


def _end_of_title_search(blocks: Sequence[Block]) -> int:
    """Return the index of the line at which the search for the title ends: the title is above this line.

    It is the first table, salutation, numbered heading or item, title of a table of contents (目录), or line of running
    text (`lines.is_prose`) that neither has the shape of the last line of a title nor names a session. Blank lines,
    page chrome (menus, buttons) and page numbers are skipped. If none of the first `_MAX_OPENING_LINES` lines is of
    these kinds, return the number of lines examined.
    """
    for i, block in enumerate(blocks[:_MAX_OPENING_LINES]):
        text = block.text
        if block.table is not None:
            return i
        if not text or chrome.is_chrome(text) or chrome.is_page_number(text):
            continue
        marker = parse_marker(text)
        if (marker is not None and marker.style != DASH) or lines.is_salutation(text) or _is_contents_title(text):
            return i
        if lines.is_prose(text) and not _is_title_line(block) and not lines.is_session(text):
            return i
    return min(len(blocks), _MAX_OPENING_LINES)


def _is_contents_title(text: str) -> bool:
    """Return whether a line is the title of a table of contents."""
    return text.replace(" ", "") in {"目录", "目次"}


def _is_title_line(block: Block) -> bool:
    """Return whether a line has the length and shape of the last line of a title."""
    text = block.text
    if not _MIN_TITLE_LENGTH <= len(text) <= _MAX_TITLE_LENGTH or chrome.is_chrome(text) or text[0] in "—-":
        return False
    return _TITLE_LINE.fullmatch(text) is not None and not lines.ends_sentence(text)


def _find_title(blocks: Sequence[Block], limit: int) -> tuple[int, int]:
    """Return the index of the first line of the title and the index after its last line; 0, 0 if there is no title.

    Each line that has the shape of the last line of a title (`_is_title_line`), or is a heading of level 1 with at
    least `_MIN_TITLE_LENGTH` code points, gets the score of the title that would end with it (`_score_title`). The line
    with the best score is the last line of the title. Of lines with equal scores, the one furthest down is taken,
    because navigation is above the title. A remark in brackets on the next line (`（审议稿）`) does not belong to the
    title.
    """
    best, best_score = -1, 0
    for i in range(limit):
        block = blocks[i]
        if not _is_title_line(block) and not (block.level == 1 and len(block.text) >= _MIN_TITLE_LENGTH):
            continue
        start = _start_of_title(blocks, i)
        score = _score_title(_join_title(blocks[start : i + 1]), block)
        if score >= best_score:
            best, best_score = i, score
    return (_start_of_title(blocks, best), best + 1) if best >= 0 else (0, 0)


def _score_title(title: str, block: Block) -> int:
    """Return 1, plus the number of features of a title, plus up to 3 for its length.

    The features are a word for a report, a year or period, a body, level 1 and emphasis. Names of sections of a site in
    menus (`年度报告`) have fewer features than titles.
    """
    features = (
        _REPORT_WORD.search(title),
        _YEAR_OR_PERIOD.search(title),
        _BODY_WORD.search(title),
        block.level == 1,
        block.strong,
    )
    return 1 + sum(map(bool, features)) + min(len(title), 30) // 10


def _start_of_title(blocks: Sequence[Block], last: int) -> int:
    """Return the index of the first of the lines that a title was broken into. `last` is the index of the last.

    The line above belongs to the title if a title can go on after its end (`_UNFINISHED_TITLE_END`), if it states a
    year, or if the title so far begins with 关于. It does not if it has the shape of a title itself, is too long,
    contains a blank, has another heading level than line `last`, or is of another kind, such as a date or a session. A
    title that states both a year and a body is complete, unless it begins with 关于 or 年. A blank line is skipped if
    the line above it cannot end a title (`_CUT_TITLE_END`). The result can be the index of such a blank line.
    """
    start = last
    while start and last - start < _MAX_TITLE_LINES - 1:
        if start > 1 and not blocks[start - 1].text and _CUT_TITLE_END.search(blocks[start - 2].text):
            start -= 1
        previous, title = blocks[start - 1], _join_title(blocks[start : last + 1])
        is_complete = (
            _YEAR_OR_PERIOD.search(title)
            and _BODY_WORD.search(_SUBJECT_WORD.sub("", title))
            and not title.startswith(("关于", "年"))  # the body, or the number of the year, is on the line above
        )
        text = previous.text
        if is_complete or not text or _is_title_line(previous) or previous.level != blocks[last].level:
            break
        if chrome.is_chrome(text) or chrome.is_page_number(text) or lines.ends_sentence(text) or lines.is_date(text):
            break
        if len(text) > _MAX_TITLE_LENGTH or lines.is_session(text) or lines.is_bracketed(text) or " " in text:
            break
        if not (title.startswith("关于") or _UNFINISHED_TITLE_END.search(text) or _YEAR_OR_PERIOD.search(text)):
            break
        start -= 1
    return start


def _join_title(blocks: Sequence[Block]) -> str:
    """Return the lines of a title as one text. No blank replaces the line breaks."""
    return "".join(block.text for block in blocks)


# A line that passes one of these tests has a typical shape of the head. `_belongs_to_head` knows other such lines, too.
_HEAD_TESTS: tuple[Callable[[str], bool], ...] = (
    chrome.is_chrome,
    chrome.is_page_number,
    lines.is_salutation,
    lines.is_session,
    lines.is_speaker,
    lines.is_bracketed,
    lines.is_date,
    chrome.is_imprint,
)


def _end_of_head(blocks: Sequence[Block], start: int) -> int:
    """Return the index after the last line of the head. `start` is the index after the title, or 0 without a title."""
    end, unrecognised = start, 0
    allows_unrecognised = start > 0
    for i in range(start, min(len(blocks), start + _MAX_OPENING_LINES)):
        text = blocks[i].text
        if blocks[i].table is not None or _is_note_of_table(blocks, i):
            break
        if not text:
            continue
        if _belongs_to_head(blocks, i, start):
            # Without a title, lines that have no typical shape belong to the head only if a session or a speaker is
            # above them or is the next line with a typical shape.
            allows_unrecognised = allows_unrecognised or lines.is_session(text) or lines.is_speaker(text)
            if unrecognised and not allows_unrecognised:
                break
            end, unrecognised = i + 1, 0
            continue
        unrecognised += 1
        # A subtitle or a name has no typical shape. It belongs to the head if a line that belongs to the head follows.
        if (
            unrecognised > _MAX_SUBTITLE_LINES
            or parse_marker(text)
            or lines.ends_sentence(text)
            or lines.is_prose(text)
        ):
            break
    return end


def _is_note_of_table(blocks: Sequence[Block], i: int) -> bool:
    """Return whether a line is a note on a table one or two lines below it: （单位：万元）."""
    has_table = any(block.table is not None for block in blocks[i + 1 : i + 3])
    return has_table and parse_unit_note(blocks[i].text) is not None


def _belongs_to_head(blocks: Sequence[Block], i: int, start: int) -> bool:
    """Return whether line i has a typical shape of the head or is a signature. `start` is as for `_end_of_head`."""
    text = blocks[i].text
    if start and text.startswith("—") and not lines.is_prose(text):  # a subtitle below the title
        return True
    return _is_document_number(text) or any(is_head(text) for is_head in _HEAD_TESTS) or _is_signature(blocks, i, start)


_DOCUMENT_NUMBER = re.compile(
    rf"[\u4e00-\u9fff]{{2,14}}\s?[〔\[（(【]\s?{ARABIC_YEAR}\s?[〕\]）)】]\s?第?\s?\d{{1,5}}\s?号"
)
"""A line that consists of a document number: 津政发〔2024〕5号."""


def _is_document_number(text: str) -> bool:
    """Return whether a line is a document number: 津政发〔2024〕5号."""
    return _DOCUMENT_NUMBER.fullmatch(text) is not None


def _is_signature(blocks: Sequence[Block], i: int, start: int) -> bool:
    """Return whether a line below the title is a signature: a body and a date, or a body with a date on the next line.

    One blank line before the date is skipped. Some sites print the signature below the title. Returns False if there is
    no title.
    """
    following = next((block.text for block in blocks[i + 1 : i + 3] if block.text), "")
    text = blocks[i].text
    return bool(start) and (lines.is_dated_signature(text) or (lines.is_body_line(text) and lines.is_date(following)))
