"""Where a report begins: its title, and the lines around the title that are not content."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from searchkit.corpus import lines
from searchkit.corpus.blocks import Block
from searchkit.corpus.cleaning import chrome
from searchkit.corpus.numbering import DASH, marker
from searchkit.text.years import ANY_YEAR, YEAR

_REACH = 240
"""How many lines at the top are looked at."""
_MAX_TITLE_LENGTH = 80
_MIN_TITLE_LENGTH = 6
_MAX_TITLE_LINES = 4
_MAX_SUBTITLES = 2
_KINDS = (
    "报告|总结|汇报|白皮书|年报|公报|要点|计划|方案|情况|综述|通报|说明|述法|通知|意见|公告|材料|纲要|安排|讲话|发言"
)
_TITLE = re.compile(rf"[^。！？；;]*(?:{_KINDS})\s?(?:[（(][^（）()]{{1,60}}[)）]|[—-]{{1,2}}.{{0,20}})?》?")
_REPORT = re.compile(r"报告|总结|汇报|白皮书|年报|述法")
_SESSION_NOTE = re.compile(r"\s?[（(][^（）()]*(?:会议|大会)[^（）()]*[)）]$")
_YEAR = re.compile(rf"{ANY_YEAR}|本?年度|上半年")
_BODY = re.compile(r"局|委|政府|厅|办|署|院|中心|支队|大队|总队|镇|乡|街道|部|所|区|县|市|省|公司")
_SUBJECT = re.compile("法治政府|政府(?:建设|工作|信息)|部门|依法治[省市县区]")
"""Words of a title that name what it is about, not who gives it."""
_BROKEN_END = re.compile(r"(?:\d年|年度|关于|的|和|与|及)$")
"""How the first line of a title ends that a blank line parts from the second."""
_OPEN_END = re.compile(r"(?:年|年度|关于|的|和|与|及|对|在|委员会|政府|办公室|办事处|[局委厅署院部处站所队办])$")


@dataclass(frozen=True, slots=True)
class Opening:
    """How a document begins."""

    title: str | None
    """Its lines joined, or None."""
    head: tuple[str, ...]
    """All lines before the content, squeezed, in order."""
    end: int
    """0-based index of the first block of content."""


def opening(blocks: Sequence[Block]) -> Opening:
    """Split title and head from the content. `blocks` hold squeezed text; empty text stands for blank lines.

    Salutations (各位代表：) belong to the head: nobody looks for one, and it says to whom the report is given.
    """
    limit = _first_content(blocks)
    first, last = _title_lines(blocks, limit)
    title = _plain(_joined(blocks[first:last])) if last else None
    end = _end_of_head(blocks, last)
    head = tuple(block.text for block in blocks[:end] if block.text)
    return Opening(title or None, head, end)


def _plain(title: str) -> str:
    """Take the session in brackets and the marks around a whole title off."""
    title = _SESSION_NOTE.sub("", title)
    return title[1:-1] if title.startswith("《") and title.find("》") == len(title) - 1 else title


def _first_content(blocks: Sequence[Block]) -> int:
    """Give the index of the first line that is a sentence, a salutation or a numbered heading."""
    for i, block in enumerate(blocks[:_REACH]):
        text = block.text
        if not text or chrome.is_chrome(text) or chrome.is_page_number(text):
            continue
        found = marker(text)
        if (found is not None and found.style != DASH) or lines.is_salutation(text) or _is_contents(text):
            return i
        if lines.is_prose(text) and not _is_title(block) and not lines.is_session(text):
            return i
    return min(len(blocks), _REACH)


def _is_contents(text: str) -> bool:
    return text.replace(" ", "") in {"目录", "目次"}


def _is_title(block: Block) -> bool:
    text = block.text
    if not _MIN_TITLE_LENGTH <= len(text) <= _MAX_TITLE_LENGTH or chrome.is_chrome(text) or text[0] in "—-":
        return False
    return _TITLE.fullmatch(text) is not None and not lines.ends_sentence(text)


def _title_lines(blocks: Sequence[Block], limit: int) -> tuple[int, int]:
    """Give the first line of the title and the one behind its last, or 0, 0."""
    best, best_score = -1, 0
    for i in range(limit):
        block = blocks[i]
        if not _is_title(block) and not (block.level == 1 and len(block.text) >= _MIN_TITLE_LENGTH):
            continue
        start = _start_of_title(blocks, i)
        score = _score(_joined(blocks[start : i + 1]), block)
        if score >= best_score:
            best, best_score = i, score
    if best < 0:
        return 0, 0
    end = best + 1
    while end < limit and lines.is_bracketed(blocks[end].text) and len(blocks[end].text) <= len("（征求意见稿）"):
        end += 1
    return _start_of_title(blocks, best), best + 1


def _score(title: str, block: Block) -> int:
    """Count what a title names: kind, year, body. Menus hold columns only (`年度报告`)."""
    signs = (_REPORT.search(title), _YEAR.search(title), _BODY.search(title), block.level == 1, block.strong)
    return 1 + sum(map(bool, signs)) + min(len(title), 30) // 10


def _start_of_title(blocks: Sequence[Block], last: int) -> int:
    """Walk back over the lines that a title was broken into."""
    start = last
    while start and last - start < _MAX_TITLE_LINES - 1:
        if start > 1 and not blocks[start - 1].text and _BROKEN_END.search(blocks[start - 2].text):
            start -= 1
        before, title = blocks[start - 1], _joined(blocks[start : last + 1])
        complete = (
            _YEAR.search(title) and _BODY.search(_SUBJECT.sub("", title)) and not title.startswith(("关于", "年"))
        )
        text = before.text
        if complete or not text or _is_title(before) or before.level != blocks[last].level:
            break
        if chrome.is_chrome(text) or chrome.is_page_number(text) or lines.ends_sentence(text) or lines.is_date(text):
            break
        if len(text) > _MAX_TITLE_LENGTH or lines.is_session(text) or lines.is_bracketed(text) or " " in text:
            break
        if not (title.startswith("关于") or _OPEN_END.search(text) or _YEAR.search(text)):
            break
        start -= 1
    return start


def _joined(blocks: Sequence[Block]) -> str:
    return "".join(block.text for block in blocks)


_HEAD_KINDS: tuple[Callable[[str], bool], ...] = (
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
    """Give the index of the first line of content at or behind `start`."""
    end, strangers = start, 0
    for i in range(start, min(len(blocks), start + _REACH)):
        text = blocks[i].text
        if not text:
            continue
        if _belongs_to_head(blocks, i, start):
            end, strangers = i + 1, 0
            continue
        strangers += 1
        # A subtitle has no shape of its own: it is told by the session, speaker or date behind it.
        if not start or strangers > _MAX_SUBTITLES or marker(text) or lines.ends_sentence(text) or lines.is_prose(text):
            break
    return end


def _belongs_to_head(blocks: Sequence[Block], i: int, start: int) -> bool:
    text = blocks[i].text
    if start and text.startswith("—") and not lines.is_prose(text):
        return True
    return _is_doc_number(text) or any(kind(text) for kind in _HEAD_KINDS) or _is_signature(blocks, i, start)


_DOC_NUMBER = re.compile(rf"[\u4e00-\u9fff]{{2,14}}\s?[〔\[（(【]\s?{YEAR}\s?[〕\]）)】]\s?第?\s?\d{{1,5}}\s?号")


def _is_doc_number(text: str) -> bool:
    return _DOC_NUMBER.fullmatch(text) is not None


def _is_signature(blocks: Sequence[Block], i: int, start: int) -> bool:
    """Body and date below the title, as some sites print them there."""
    behind = next((block.text for block in blocks[i + 1 : i + 3] if block.text), "")
    text = blocks[i].text
    return bool(start) and (lines.is_signed_date(text) or (lines.names_body(text) and lines.is_date(behind)))
