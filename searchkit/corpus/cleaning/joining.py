"""Sentences that were broken over lines: by a page end, by a mail program, by a copy from a web page.

A line ends a paragraph unless something says that it goes on: an open bracket, a comma, a sentence without its end,
a word of the document cut in two. In a text whose lines all have one width the width decides.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from searchkit.corpus import lines
from searchkit.corpus.blocks import Block
from searchkit.corpus.cleaning import chrome
from searchkit.corpus.numbering import DASH, LISTED, Marker, marker

_CONNECTING = tuple("，,、（(《“‘〈【[「『—-~～/＋+=")
_CONTINUING = tuple("，,、。；;：:）)》”’〉】]」』！？!?%％‰·")
_NEVER_FIRST = re.compile(
    r"(?:[的了和与及等]|以及|并且|或者|地区?(?=[，。])|而且|\d*[件户次名条项起个人家元份万亿]{1,2}[，、；。,])"
)
_NEVER_LAST = re.compile(
    r"(?:[的或将把被让使至于以其不未之各每第]|(?<![行作认成因称])为|(?<![应核面校])对|(?<![普涉以])及|(?<![存潜内现])在|(?<![方转导面趋意走])向"
    r"|(?<!参)与|(?<![自理来])由|(?<!合)并|(?<!服)从|(?<![缓总平中调温饱])和|(?<!应)该|大力|切实|着力|持续|稳步"
    r"|以及|按照|根据|通过|围绕|关于|结合|依据|不断|进一步|继续)$"
)
_INNER_STYLES = frozenset({LISTED, DASH, "第一", "（1）", "①"})
_LETTER = re.compile("[A-Za-z]")
_WORD = re.compile("[A-Za-z0-9]")
_LATIN = re.compile(r"[0-9A-Za-z０-９Ａ-Ｚａ-ｚ.%％]")
_DIGIT = re.compile(r"[0-9０-９]$")
_COUNTED = re.compile(r"[年月日件户次人名个家项条起例份支期场万亿千百余多元%％倍]")
_OPENERS = {"（": "）", "(": ")", "《": "》", "“": "”", "【": "】", "〔": "〕"}
_MAX_HEADING_LENGTH = 48
_MAX_NUMBERED_LENGTH = 60
_MIN_CLAUSE_LENGTH = 4
_MAX_PLAIN_LENGTH = 32
"""The same for a line without a number."""
_MAX_CLAUSES = 3
_WRAPPED_SHARE = 0.4
_OPEN_SHARE = 0.6
"""From these shares on, of lines at full width and of such lines without an end, a text is wrapped."""
_SLACK, _EXACT = 4, 0.5
"""How much narrower than the others a full line may be: where punctuation must not begin the next, and where all
lines are cut at one width, whatever stands there."""
_INEXACT_SHARE = 0.03
"""Lines are cut at one width if, to the full ones, no more are nearly full and yet go on."""
_FRAGMENT = 2
"""Up to so many characters are the rest of a line, never a line of their own."""
_WHOLE = frozenset({"附件", "附", "注"})
_SAMPLE = 100_000
"""How much of a document its word pieces are taken from, in code points: enough to know the words, bounded."""
_MANY = 200
"""Questions about pairs of characters after which a table of them pays."""
_MAX_WRAPPED_LENGTH = 200
_COHESION = 0.08
"""From here on two characters are one word: 行政 reaches 0.3, chance neighbours in a short report 0.02."""
_NARRATIVE = re.compile(
    r"(?:\d{4}年(?:以来|.{0,6}[,，])|今年|全年|年内|目前|截至|我[局委市区县镇街院厅办]|同时|此外|根据|按照|为(?!民|主|本)|通过|现将|一年来|近年来)"
)


@dataclass(frozen=True, slots=True)
class _Layout:
    """How the lines of a document are set."""

    width: float | None
    """Of full lines, if all text is wrapped at one width; in the unit of `measure`."""
    measure: Callable[[str], float]
    """Width of a line: in Han characters (print) or in code points (programs that count these)."""
    slack: float
    """How much narrower than that a full line may be."""
    marks_paragraphs: bool
    """Paragraphs are told apart by blank lines or by an indent."""
    mixed_indent: bool
    """Some lines are indented, others are not: an indent begins a paragraph."""


class _Words:
    """Pairs of characters in the document's lines: tell whether a line end cuts a word in two."""

    def __init__(self, blocks: Sequence[Block]) -> None:
        self._blocks = blocks
        self._text = ""
        self._asked = 0
        self._singles: dict[str, int] = {}
        self._pairs: Counter[tuple[str, str]] = Counter()

    def cut(self, before: str, behind: str) -> bool:
        """Tell whether the two characters around a line end belong together wherever the document has them.

        The measure is p(b|a) · p(a|b): 1 for characters that never part, near 0 for chance neighbours.
        """
        first, second = before[-1], behind[0]
        if not (lines.is_han(first) and lines.is_han(second)):
            return False
        pairs = self._count(first, second)
        return pairs > 1 and pairs * pairs >= _COHESION * self._chars(first) * self._chars(second)

    def _chars(self, char: str) -> int:
        if char not in self._singles:
            self._singles[char] = self._text.count(char)
        return self._singles[char]

    def _count(self, first: str, second: str) -> int:
        """How often a pair occurs. Few questions are answered by searching, many from a table made once."""
        self._asked += 1
        if self._asked == 1:
            self._text = "\n".join(block.text for block in self._blocks)[:_SAMPLE]
        if self._asked < _MANY:
            return self._text.count(first + second)
        if not self._pairs:
            self._pairs.update(pairwise(self._text))
        return self._pairs[first, second]


def join_broken(blocks: Sequence[Block], indents: Sequence[bool]) -> list[Block]:
    """Join the lines of each broken paragraph or heading.

    `blocks` hold squeezed text, blank lines as empty text; `indents` says which lines had white space before them.
    Gives blocks without empty ones. Joins without a blank between Han characters, with one between Latin words.
    Time is linear in the text.
    """
    layout, words = _layout(blocks, indents), _Words(blocks)
    done: list[Block] = []
    current: _Paragraph | None = None
    gap = False
    for block, indented in zip(blocks, indents, strict=True):
        if not block.text:
            gap = True
            continue
        if current is not None and _goes_on(current, block, _Gap(gap, indented), layout, words):
            current.add(block)
        else:
            if current is not None:
                done.append(current.joined())
            current = _Paragraph(block)
        gap = False
    if current is not None:
        done.append(current.joined())
    return done


class _Paragraph:
    """The lines of one paragraph so far."""

    def __init__(self, block: Block) -> None:
        self.block = block
        self.last = block.text
        """Its last line."""
        self.length = len(block.text)
        """Code points of all its lines."""
        self.prose = lines.is_prose(block.text)
        self._parts = [block.text]
        self._strong = block.strong

    def add(self, block: Block) -> None:
        """Take another line."""
        self._parts += [" ", block.text] if _LETTER.match(self.last[-1]) and _WORD.match(block.text) else [block.text]
        self.last = block.text
        self.length += len(block.text)
        self.prose = self.prose or lines.is_prose(block.text)
        self._strong = self._strong and block.strong

    def text(self) -> str:
        """Give its lines joined."""
        return "".join(self._parts)

    def joined(self) -> Block:
        """Give it as one block."""
        return self.block if len(self._parts) == 1 else replace(self.block, text=self.text(), strong=self._strong)


@dataclass(frozen=True, slots=True)
class _Gap:
    """What stands between two lines."""

    blank: bool
    indent: bool


def _layout(blocks: Sequence[Block], indents: Sequence[bool]) -> _Layout:
    texts = [block.text for block in blocks if block.text and not block.level]
    marked = [indent for block, indent in zip(blocks, indents, strict=True) if block.text]
    share = sum(marked) / max(1, len(marked))
    low, high = 0.03, 0.8
    mixed = low < share < high
    (width, share), (points, points_share) = _width(texts, _print_width), _width(texts, len)
    measure: Callable[[str], float] = _print_width
    if points is not None and (width is None or points_share > share):
        width, measure = points, len
    slack = _SLACK if width is None else _slack(texts, measure, width)
    blanks = sum(not block.text for block in blocks)
    separated = low * len(texts) < blanks < high * len(texts)
    return _Layout(width, measure, slack, mixed or separated, mixed)


def _slack(texts: Sequence[str], measure: Callable[[str], float], width: float) -> float:
    widths = [measure(text) for text in texts]
    full = sum(wide >= width - _EXACT for wide in widths)
    near = [text for text, wide in zip(texts, widths, strict=True) if width - _SLACK <= wide < width - _EXACT]
    go_on = sum(not lines.ends_sentence(text) and not _may_be_heading(text) for text in near)
    return _EXACT if go_on <= _INEXACT_SHARE * full else _SLACK


def _width(texts: Sequence[str], measure: Callable[[str], float]) -> tuple[float | None, float]:
    """Give the width that lines are wrapped at, if most long ones share it, and the share of lines that have it."""
    least, narrow, wide, slack = 8, 15, 80, 2
    if len(texts) < least:
        return None, 0.0
    widths = [measure(text) for text in texts]
    full = sorted(widths)[int(len(widths) * 0.9)]
    if not narrow <= full <= wide:
        return None, 0.0
    at_full = [text for text, width in zip(texts, widths, strict=True) if full - slack <= width <= full + slack]
    open_ended = sum(not lines.ends_sentence(text) for text in at_full)
    share = len(at_full) / len(texts)
    return (full if share >= _WRAPPED_SHARE and open_ended >= _OPEN_SHARE * len(at_full) else None), share


def _may_be_heading(text: str) -> bool:
    few = 2
    return marker(text) is not None and "。" not in text and len(re.split("[，,]", text)) <= few


def _print_width(text: str) -> float:
    """Width in Han characters; a Latin character is half as wide."""
    if len(text) > _MAX_WRAPPED_LENGTH:
        return float(len(text))
    han = (len(text.encode("utf-8", "replace")) - len(text)) / 2
    return han + (len(text) - han) / 2


def _goes_on(end: _Paragraph, block: Block, gap: _Gap, layout: _Layout, words: _Words) -> bool:
    before, behind = end.last, block.text
    connects = before.endswith(_CONNECTING)
    if block.level or end.block.level or _starts_item(behind, connects=connects):
        return False
    wrapped = _wrapped(before, behind, gap, layout)
    if wrapped is not None:
        return wrapped
    if lines.ends_sentence(before) or (layout.mixed_indent and gap.indent and not connects):
        return False
    return connects or behind.startswith(_CONTINUING) or _unfinished(end, block, words)


def _starts_item(behind: str, *, connects: bool) -> bool:
    """Tell whether a line begins with a number; behind a comma, numbers of lists inside a sentence do not count."""
    found = marker(behind)
    return found is not None and not (connects and found.style in _INNER_STYLES)


def _wrapped(before: str, behind: str, gap: _Gap, layout: _Layout) -> bool | None:
    """Decide by width alone; None = the line was not full.

    A sentence that ends with a line of the exact width seldom ends the paragraph: most paragraphs have more lines.
    """
    if layout.width is None or layout.measure(before) < layout.width - layout.slack:
        return None
    ended = lines.ends_sentence(before)
    if lines.is_date(behind) or (ended and lines.is_salutation(behind)):
        return False
    if gap.blank or (layout.mixed_indent and gap.indent):
        return not ended and not (layout.mixed_indent and gap.indent)
    return not ended or layout.marks_paragraphs or layout.slack < _SLACK


def _open_bracket(text: str) -> bool:
    tail = text[-200:]
    return any(tail.rfind(opener) > tail.rfind(closer) for opener, closer in _OPENERS.items())


def _unfinished(end: _Paragraph, block: Block, words: _Words) -> bool:
    before, behind = end.last, block.text
    if _ends_document_part(behind) or lines.is_date(before) or lines.is_session(before):
        return False
    if _open_bracket(before):
        return True
    if end.block.strong != block.strong:
        return False
    numbered = marker(end.block.text)
    if _torn(before, behind) or (numbered is not None and end.length - numbered.end == 1):
        return True
    longest = _MAX_HEADING_LENGTH if numbered is None else _MAX_NUMBERED_LENGTH
    if end.length > longest or end.prose or _is_clauses(end.text(), numbered):
        return _reads_on(before, behind, words)
    told = numbered is None and _NARRATIVE.match(end.block.text) is not None
    return told or _belongs_together(before, behind, words)


def _torn(before: str, behind: str) -> bool:
    """Tell whether a line end cuts a number or Latin word, or leaves only a character or two behind it."""
    if before.startswith("附"):
        return False
    if len(behind) <= _FRAGMENT:
        return behind not in _WHOLE and not lines.names_body(before)
    if _DIGIT.search(before) and _COUNTED.match(behind):
        return True
    return _LATIN.match(before[-1]) is not None and _LATIN.match(behind) is not None


def _belongs_together(before: str, behind: str, words: _Words) -> bool:
    """Tell whether no line could end or begin like this, or a word is cut in two."""
    return bool(_NEVER_LAST.search(before) or _NEVER_FIRST.match(behind)) or words.cut(before, behind)


def _is_clauses(text: str, numbered: Marker | None) -> bool:
    """Tell whether a line that could be a heading by its length has more clauses than headings have."""
    clauses = re.split("[，,]", text)
    if len(clauses) > 1 and lines.holds_measure(text):
        return True
    if numbered is None:
        return len(clauses) > _MAX_CLAUSES or len(text) > _MAX_PLAIN_LENGTH
    # The last clause of a heading is whole: 打造发展高地. One of two or three characters was cut.
    return len(clauses) > _MAX_CLAUSES + 1 or (len(clauses) >= _MAX_CLAUSES and len(clauses[-1]) < _MIN_CLAUSE_LENGTH)


def _reads_on(before: str, behind: str, words: _Words) -> bool:
    """Decide for running text without an end: it goes on unless a heading or a short line of another kind follows."""
    last = before[before.rfind("。") + 1 :]
    if len(last) < min(len(before), _MAX_HEADING_LENGTH) and marker(last) is not None:
        return False  # a heading run together with the paragraph before it
    short = 36
    if lines.is_prose(behind) or lines.ends_sentence(behind) or len(behind) > short or behind.isdecimal():
        return True
    return _belongs_together(before, behind, words)


def _ends_document_part(text: str) -> bool:
    """Tell whether a line is of a kind that never continues a sentence: date, body, salutation, chrome."""
    return (
        lines.is_date(text)
        or lines.is_signed_date(text)
        or lines.is_salutation(text)
        or chrome.is_chrome(text)
        or text.startswith(("附件：", "附件:", "附：", "附:"))
    )
