"""Sentences that were broken over lines: by a page end, by a mail program, by a copy from a web page.

A line ends a paragraph unless something says that it goes on: an open bracket, a comma, a sentence without its end,
a word of the document cut in two. In a text whose lines all have one width the width decides.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from searchkit.corpus import chrome, lines
from searchkit.corpus.blocks import Block
from searchkit.corpus.numbering import DASH, LISTED, marker

_CONNECTING = tuple("，,、（(《“‘〈【[「『—-~～/＋+=")
_CONTINUING = tuple("，,、。；;：:）)》”’〉】]」』！？!?%％‰·")
_NEVER_FIRST = re.compile(r"(?:[的了和与及等]|以及|并且|或者|地区?(?=[，。])|而且|[件户次名条项起个人家元万亿]{1,2}[，、；。,])")
_NEVER_LAST = re.compile(r"(?:[的和与及或在为把将对从被让以向由于至到使其该并]|以及|按照|根据|通过|围绕|关于|结合|依据|不断|进一步|继续|全面|积极)$")
_LATIN = re.compile(r"[0-9A-Za-z０-９Ａ-Ｚａ-ｚ.%％]")
_DIGIT_WIDTH = re.compile(r"[0-9０-９]$")
_OPENERS = {"（": "）", "(": ")", "《": "》", "“": "”", "【": "】", "〔": "〕"}
_LONGEST_HEADING = 48
_SAMPLE = 400_000
"""How much of a document its word pieces are taken from, in code points: enough to know the words, bounded."""
_LONGEST_WRAPPED = 200
_COHESION = 0.08
"""From here on two characters are one word: 行政 reaches 0.3, chance neighbours in a short report 0.02."""
_NARRATIVE = re.compile(
    r"(?:\d{4}年(?:以来|.{0,6}[,，])|今年|全年|年内|目前|截至|我[局委市区县镇街院厅办]|同时|此外|根据|按照|为(?!民|主|本)|通过|现将|一年来|近年来)"
)


@dataclass(frozen=True, slots=True)
class _Layout:
    """How the lines of a document are set."""

    width: float | None
    """Of full lines in Han characters, if all text is wrapped at one width."""
    marks_paragraphs: bool
    """Paragraphs are told apart by blank lines or by an indent."""
    mixed_indent: bool
    """Some lines are indented, others are not: an indent begins a paragraph."""


class _Words:
    """Pairs of characters in the document's lines: tell whether a line end cuts a word in two."""

    def __init__(self, blocks: Sequence[Block]) -> None:
        self._blocks = blocks
        self._pairs: Counter[tuple[str, str]] = Counter()
        self._chars: Counter[str] = Counter()

    def cut(self, before: str, behind: str) -> bool:
        """Tell whether the two characters around a line end belong together wherever the document has them.

        The measure is p(b|a) · p(a|b): 1 for characters that never part, near 0 for chance neighbours.
        """
        first, second = before[-1], behind[0]
        if not (lines.is_han(first) and lines.is_han(second)):
            return False
        if not self._chars:
            text = "\n".join(block.text for block in self._blocks)[:_SAMPLE]
            self._chars.update(text)
            self._pairs.update(pairwise(text))
        pairs = self._pairs[first, second]
        return pairs > 1 and pairs * pairs >= _COHESION * self._chars[first] * self._chars[second]


def join_broken(blocks: Sequence[Block], indents: Sequence[bool]) -> list[Block]:
    """Join the lines of each broken paragraph or heading.

    `blocks` hold squeezed text, blank lines as empty text; `indents` says which lines had white space before them.
    Gives blocks without empty ones. Joins without a blank between Han characters, with one between Latin words.
    Time is linear in the text.
    """
    layout, words = _layout(blocks, indents), _Words(blocks)
    done: list[Block] = []
    parts: list[str] = []
    gap = False
    for block, indented in zip(blocks, indents, strict=True):
        if not block.text:
            gap = True
            continue
        if parts and _goes_on(_End(done[-1], parts), block, _Gap(gap, indented), layout, words):
            parts.append(block.text)
        else:
            _finish(done, parts)
            done.append(block)
            parts = [block.text]
        gap = False
    _finish(done, parts)
    return done


@dataclass(frozen=True, slots=True)
class _End:
    """The paragraph so far."""

    block: Block
    parts: list[str]


@dataclass(frozen=True, slots=True)
class _Gap:
    """What stands between two lines."""

    blank: bool
    indent: bool


def _finish(done: list[Block], parts: list[str]) -> None:
    if len(parts) > 1:
        text = parts[0]
        pieces = [text]
        for part in parts[1:]:
            pieces.append((" " if _needs_blank(pieces[-1], part) else "") + part)
        done[-1] = replace(done[-1], text="".join(pieces), strong=False)


def _needs_blank(before: str, behind: str) -> bool:
    letters = re.compile(r"[A-Za-z]")
    return bool(letters.match(before[-1:]) and re.match(r"[A-Za-z0-9]", behind[:1]))


def _layout(blocks: Sequence[Block], indents: Sequence[bool]) -> _Layout:
    texts = [block.text for block in blocks if block.text and not block.level]
    marked = [indent for block, indent in zip(blocks, indents, strict=True) if block.text]
    share = sum(marked) / max(1, len(marked))
    low, high = 0.03, 0.8
    mixed = low < share < high
    width = _width(texts)
    blanks = sum(not block.text for block in blocks)
    separated = low * len(texts) < blanks < high * len(texts)
    return _Layout(width, mixed or separated, mixed)


def _width(texts: Sequence[str]) -> float | None:
    """Give the width that lines are wrapped at, in Han characters, if most long ones share it."""
    least, narrow, wide = 8, 15, 80
    if len(texts) < least:
        return None
    widths = sorted(_measure(text) for text in texts)
    full = widths[int(len(widths) * 0.9)]
    if not narrow <= full <= wide:
        return None
    at_full = [text for text in texts if full - 3 <= _measure(text) <= full + 3]
    open_ended = sum(not lines.ends_sentence(text) for text in at_full)
    return full if len(at_full) >= 0.4 * len(texts) and open_ended >= 0.6 * len(at_full) else None


def _measure(text: str) -> float:
    """Width in Han characters; a Latin character is half as wide."""
    if len(text) > _LONGEST_WRAPPED:
        return float(len(text))
    han = (len(text.encode("utf-8", "replace")) - len(text)) / 2
    return han + (len(text) - han) / 2


def _goes_on(end: _End, block: Block, gap: _Gap, layout: _Layout, words: _Words) -> bool:
    before, behind = end.parts[-1], block.text
    if block.level or end.block.level:
        return False
    found = marker(behind)
    connects = before.endswith(_CONNECTING)
    if found is not None and not (connects and found.style in {LISTED, DASH, "第一", "（1）", "①"}):
        return False
    if behind.startswith(_CONTINUING) and not lines.ends_sentence(before):
        return True
    if layout.width is not None:
        wrapped = _wrapped(before, gap, layout)
        if wrapped is not None:
            return wrapped
    if lines.ends_sentence(before) and not _open_bracket(before):
        return False
    if layout.mixed_indent and gap.indent and not connects:
        return False
    return connects or _unfinished(end, behind, block, words)


def _wrapped(before: str, gap: _Gap, layout: _Layout) -> bool | None:
    """Decide by width alone; None = the line was not full."""
    if layout.width is None or _measure(before) < layout.width - 4:
        return None
    ended = lines.ends_sentence(before)
    if gap.blank or (layout.mixed_indent and gap.indent):
        return not ended and not (layout.mixed_indent and gap.indent)
    return not ended or layout.marks_paragraphs


def _open_bracket(text: str) -> bool:
    tail = text[-200:]
    return any(tail.rfind(opener) > tail.rfind(closer) for opener, closer in _OPENERS.items())


def _unfinished(end: _End, behind: str, block: Block, words: _Words) -> bool:
    before = end.parts[-1]
    if _ends_document_part(behind) or lines.is_date(before):
        return False
    if _open_bracket(before) or (_LATIN.match(before[-1]) and _LATIN.match(behind[0]) and not end.block.strong):
        return True
    if end.block.strong != block.strong:
        return False
    so_far = sum(map(len, end.parts))
    if so_far > _LONGEST_HEADING or any(lines.is_prose(part) for part in end.parts):
        return _reads_on(before, behind, words)
    if _NARRATIVE.match(end.parts[0]) and marker(end.parts[0]) is None:
        return True
    return bool(_NEVER_LAST.search(before) or _NEVER_FIRST.match(behind)) or words.cut(before, behind)


def _reads_on(before: str, behind: str, words: _Words) -> bool:
    """Decide for running text without an end: it goes on unless a heading or a short line of another kind follows."""
    short = 36
    if lines.is_prose(behind) or lines.ends_sentence(behind) or len(behind) > short:
        return True
    return bool(_NEVER_LAST.search(before) or _NEVER_FIRST.match(behind)) or words.cut(before, behind)


def _ends_document_part(text: str) -> bool:
    """Tell whether a line is of a kind that never continues a sentence: date, body, salutation, chrome."""
    return (
        lines.is_date(text)
        or lines.is_signed_date(text)
        or lines.is_salutation(text)
        or chrome.is_chrome(text)
        or text.startswith(("附件：", "附件:", "附：", "附:"))
    )
