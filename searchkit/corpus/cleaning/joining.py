"""Join sentences that were broken across lines by a page end, a mail program or a copy from a web page.

A line ends a paragraph unless there is evidence that the next line continues it: an open bracket, a comma, an
unfinished sentence, or a word that the line end cuts in two. After a full line of a text that is wrapped at one width,
the width decides.
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
from searchkit.corpus.numbering import DASH, LISTED, Marker, parse_marker

_OPEN_LINE_ENDS = tuple("，,、（(《“‘〈【[「『—-~～/＋+=")
"""Marks at the end of a line whose sentence continues on the next line."""
_CONTINUATION_STARTS = tuple("，,、。；;：:）)》”’〉】]」』！？!?%％‰·")
"""Marks at the start of a line that continues the sentence of the line above, unless it is a bullet (`_BULLET`)."""
_BULLET = re.compile("[·•●■◆▪] ")
"""A bullet and a blank at the start of an item: `· 强化监督`; not the dot inside a name, ·白克力."""
# The lookaheads exclude words that may begin a sentence: 了解, 和平区, 和谐, 和解, 和县, 与会代表, 及时, 等级. They do
# not exclude a particle or conjunction before another word: 了 before 解决, 和 before 解决 or 县级, 及 before 时间.
_NEVER_AT_LINE_START = re.compile(
    r"(?:的|了(?!解(?![决除放释])|结(?![构果合]))|和(?!睦|谐|平[区县镇乡街路]|[田静政硕顺](?:县|地区)|龙市|林格尔|布克赛尔|解(?![决释除放读答析困难聘冻密])"
    r"|县(?![级区乡镇直域市城委政人公司法检财纪（(、，]))"
    r"|与(?!会[代人领专嘉]|时俱进|此同时|[^，。]{1,12}相比[，,])|及(?!时(?![间限效])|早|格)|等(?!级|待(?!遇)|候(?!选))"
    r"|以及|并且|或者|地区?(?=[，。])|而且|起来|"  # particles and conjunctions
    r"\d*[件户次名条项起个人家元份万亿]{1,2}[，、；。,])"  # a unit, with the end of its number: 5件，
)
"""The start of a line that continues the sentence of the line above."""
# The lookbehinds exclude words that may end a line: 行为, 应对, 存在, 方向, 出让, 更进一步, and 目的, but not 项目的.
_NEVER_AT_LINE_END = re.compile(
    r"(?:[或将把至于以其不未之各每第]|(?<![^项题栏科数节条细类瞩注]目)的|(?<!植)被|(?<![出转礼])让|(?<![权力利的]行)使"
    r"|(?<![行作认成因称])(?<!发有)为|(?<![应核面校比结])对|(?<![普涉以])及|(?<![存潜内现外])(?<![题责键命]所)在"
    r"|(?<![方转导面趋意走去投倾])(?<!值取)(?<!金流)向"
    r"|(?<!参)与|(?<![自理来事案缘])由|(?<![合归])并|(?<![服遵听盲])从|(?<![缓总平中调温饱祥])和|(?<!应)该"
    r"|大力|切实|着力|持续|稳步|以及|按照|(?<![律实策])根据|(?<![审顺全验评][议利票收审])通过|围绕|关于"
    r"|不断|(?<![更再])进一步|继续"
    # 结合 and 依据 after punctuation or an adverb, 并结合, 严格依据; not the nouns in 医养结合, 执法依据
    r"|(?:(?<![\u4e00-\u9fff])|(?<=[并要须应将均格分密]))(?:结合|依据))$"
)
"""The end of a line whose sentence continues on the next line: prepositions, conjunctions, adverbs and the like."""
_INLINE_LIST_STYLES = frozenset({LISTED, DASH, "第一", "（1）", "①"})
"""Styles of lists inside a sentence. After a line with an open end, such as a comma (`_OPEN_LINE_ENDS`), a line that
begins with such a list number may continue the sentence. A list number of another style begins a new item."""
_LATIN_LETTER = re.compile("[A-Za-z]")
_LATIN_LETTER_OR_DIGIT = re.compile("[A-Za-z0-9]")
_LATIN_OR_NUMBER = re.compile(r"[0-9A-Za-z０-９Ａ-Ｚａ-ｚ.%％]")
"""A character of a Latin word or of a number, half-width or full-width."""
_FINAL_DIGIT = re.compile(r"[0-9０-９]$")
"""A digit at the end of a line."""
UNIT_START = re.compile(
    r"[年月日件户次人名个家项条起份支期万亿千百余多元%％倍宗辆吨亩座艘套篇栋]"
    r"|例(?![如行会])|场(?![所地馆景面])|批(?![准发评复示])|台(?![湾账])|处(?![于罚理分置])|所(?![有以需在属得])"
)
"""The start of a unit, scale or word after a number: 件, 场次; not 场所, 批准."""
_LABELLED_FIGURE = re.compile(r"[^，,。；;：:]{2,30}[：:]\s?\d[\d.,]{0,20}[^\d\s，,。；;：:]{0,4}")
"""A line of a list that is a label and its figure: `调解组织：12`, `罚款总额：3.5万元`; not `万元，结案：35`."""
_CLOSING_BRACKETS = {"（": "）", "(": ")", "《": "》", "“": "”", "【": "】", "〔": "〕"}
"""The closing bracket or quote of each opening one."""
_MAX_SHORT_LINE_LENGTH = 48
"""Maximum length of a heading without a list number, in code points. Longer lines are running text. A heading
with a list number that is run together with the paragraph before it must be shorter, too (`_continues_prose`)."""
_MAX_NUMBERED_LINE_LENGTH = 60
"""Maximum length of a heading with a list number, in code points, including the number."""
_MIN_CLAUSE_LENGTH = 4
"""Minimum length of the last clause of a heading, in code points: 打造发展高地. Applies to headings with a list number
and at least `_MAX_HEADING_CLAUSES` clauses."""
_MAX_UNNUMBERED_HEADING_LENGTH = 32
"""Maximum length, in code points, of a heading without a list number that is joined like a heading. Longer lines may
still be headings, but are joined like running text."""
_MAX_HEADING_CLAUSES = 3
"""Maximum number of clauses of a heading without a list number. With a list number, one more is allowed."""
_MIN_WRAPPED_SHARE = 0.4
"""Minimum share of full lines among all lines of a wrapped text."""
_MIN_OPEN_SHARE = 0.6
"""Minimum share of lines that end inside a sentence among the full lines of a wrapped text."""
_WRAP_SLACK, _CUT_SLACK = 4, 0.5
"""How much narrower than the width of the text a full line may be, in the unit of this width: the first if a typesetter
wrapped the lines, the second if a program cut them. A typesetter ends a line up to 4 characters early, so that no
punctuation mark begins the next line. A program cuts all lines at the same width, but a line can be too narrow by the
width of a Latin letter, half a Han character."""
_MAX_INEXACT_SHARE = 0.03
"""Maximum number of nearly full lines that end inside a sentence, relative to the number of full lines, in a text whose
lines a program cut."""
_MAX_FRAGMENT_LENGTH = 2
"""A line of at most this number of code points is taken for the rest of the line above (`_splits_token`). Longer lines
may be complete."""
_COMPLETE_SHORT_LINES = frozenset({"附件", "附", "注", "无", "无。", "暂无", "没有", "略", "略。"})
"""Complete lines that are as short as a fragment: labels, and the text of a part that has nothing to report."""
_MAX_SAMPLE_LENGTH = 100_000
"""Number of code points at the start of a document that `_PairStatistics` counts. The bound limits the cost."""
_PAIR_TABLE_QUERIES = 200
"""If the frequencies of this many pairs are asked for, a table of all pairs is cheaper than searching the text for each
pair."""
_MAX_WRAPPED_LINE_LENGTH = 200
"""Maximum length of a line that may have been wrapped, in code points."""
_MIN_COHESION = 0.08
"""Minimum cohesion of two characters of one word: 行政 has 0.3, chance neighbours in a short report 0.02."""
_NARRATIVE_START = re.compile(
    r"(?:\d{4}年(?:以来|.{0,6}[,，])|今年|全年|年内|目前|截至|我[局委市区县镇街院厅办]|同时|此外|根据|按照|为(?!民|主|本)|通过|现将|一年来|近年来)"
)
"""The start of a paragraph that is running text, not a heading: `2023年，`, `我局`, `为`."""
_NARRATIVE_HEADING = re.compile(
    r"(?:今年|全年|目前|\d{4}年以来|一年来|近年来|我[局委市区县镇街院厅办])"
    r"(?!.*(?:认真|积极|及时|解决|制定|完成|整改|明确|研究|采取|查找|分析|针对))[^，,、：:]{0,16}"
    r"(?:打算|计划|安排|思路|问题|不足|困难|情况|做法|措施|成效|亮点|经验|任务|重点|建议)"
)
"""A heading that begins like running text and ends with a noun of part headings: 今年工作打算, 我区基本情况; not
现将有关情况, whose sentence continues (报告如下), nor 我局研究解决存在的问题, whose sentence may continue."""
_PREDICATE_START = re.compile(
    r"[是有为如较仍还也不进得均已将向在由按作予并依]|报告|汇报|通报|总结|说明|汇总|公示|总体|主要|基本|突出|明显|良好"
)
"""The start of a line that continues a sentence after its subject: 是, 有, 报告如下."""


@dataclass(frozen=True, slots=True)
class _LineLayout:
    """How the lines of a document are laid out."""

    width: float | None
    """Width of full lines in the unit of `width_of`; None if the text is not wrapped at one width."""
    width_of: Callable[[str], float]
    """Returns the width of a line: in Han characters, as in print, or in code points, as some programs count."""
    slack: float
    """How much narrower than `width` a full line may be (`_WRAP_SLACK` or `_CUT_SLACK`)."""
    has_paragraph_marks: bool
    """Whether blank lines or indents separate paragraphs."""
    has_mixed_indent: bool
    """Whether some lines are indented and others are not. An indent then begins a paragraph."""


class _PairStatistics:
    """Statistics of character pairs in a document. They show whether a line end cuts a word in two."""

    def __init__(self, blocks: Sequence[Block]) -> None:
        self._blocks = blocks
        self._text = ""
        self._queries = 0
        self._char_counts: dict[str, int] = {}
        self._pair_counts: Counter[tuple[str, str]] = Counter()

    def splits_word(self, before: str, after: str) -> bool:
        """Return whether the two characters around a line end form a word of the document.

        The pair must occur at least twice, and its cohesion, p(b|a) · p(a|b), must be at least `_MIN_COHESION`. The
        cohesion is 1 for characters that always occur together and near 0 for chance neighbours.
        """
        first, second = before[-1], after[0]
        if not (lines.is_han(first) and lines.is_han(second)):
            return False
        pairs = self._count_pair(first, second)
        return pairs > 1 and pairs * pairs >= _MIN_COHESION * self._count_char(first) * self._count_char(second)

    def _count_char(self, char: str) -> int:
        """Return the frequency of a character in the sample. It is computed at the first call, and kept."""
        if char not in self._char_counts:
            self._char_counts[char] = self._text.count(char)
        return self._char_counts[char]

    def _count_pair(self, first: str, second: str) -> int:
        """Return the frequency of a pair. The first queries search the text; later ones use a table built once."""
        self._queries += 1
        if self._queries == 1:
            self._text = "\n".join(block.text for block in self._blocks)[:_MAX_SAMPLE_LENGTH]
        if self._queries < _PAIR_TABLE_QUERIES:
            return self._text.count(first + second)
        if not self._pair_counts:
            self._pair_counts.update(pairwise(self._text))
        return self._pair_counts[first, second]


def join_broken_lines(
    blocks: Sequence[Block], indents: Sequence[bool], rows: Sequence[bool] | None = None
) -> list[Block]:
    """Join the lines of each broken paragraph or heading.

    `blocks` contain cleaned text, empty for blank lines and tables; `indents` states which lines began with white
    space, and `rows` which are rows of a table, with tabs between their cells (None: no line is). Rows are not joined.
    The result contains no blank line. A paragraph ends before a table or a row. Lines are joined with a blank if a
    Latin letter is before the line end and a Latin letter or digit after it, otherwise without. Time is linear in the
    text.
    """
    layout, words = _detect_line_layout(blocks, indents), _PairStatistics(blocks)
    joined: list[Block] = []
    current: _OpenParagraph | None = None
    after_blank_line = False
    for block, indented, is_row in zip(blocks, indents, rows or [False] * len(blocks), strict=True):
        if block.table is not None or is_row:
            joined += [block] if current is None else [current.to_block(), block]
            current = None
            continue
        if not block.text:
            after_blank_line = True
            continue
        if current is not None and _continues(current, block, _Gap(after_blank_line, indented), layout, words):
            current.add(block)
        else:
            if current is not None:
                joined.append(current.to_block())
            current = _OpenParagraph(block)
        after_blank_line = False
    if current is not None:
        joined.append(current.to_block())
    return joined


class _OpenParagraph:
    """A paragraph to which further lines may be added."""

    def __init__(self, block: Block) -> None:
        self.block = block
        """The first line."""
        self.last = block.text
        """Text of the last line."""
        self.length = len(block.text)
        """Number of code points of all lines."""
        self.is_prose = lines.is_prose(block.text)
        """Whether one of the lines is prose."""
        self._parts = [block.text]
        self._strong = block.strong

    def add(self, block: Block) -> None:
        """Append a line."""
        self._parts += (
            [" ", block.text]
            if _LATIN_LETTER.match(self.last[-1]) and _LATIN_LETTER_OR_DIGIT.match(block.text)
            else [block.text]
        )
        self.last = block.text
        self.length += len(block.text)
        self.is_prose = self.is_prose or lines.is_prose(block.text)
        self._strong = self._strong and block.strong

    def text(self) -> str:
        """Return the lines joined."""
        return "".join(self._parts)

    def to_block(self) -> Block:
        """Return the paragraph as one block."""
        return self.block if len(self._parts) == 1 else replace(self.block, text=self.text(), strong=self._strong)


@dataclass(frozen=True, slots=True)
class _Gap:
    """The white space between two lines."""

    has_blank_line: bool
    is_indented: bool
    """Whether the second line is indented."""


def _detect_line_layout(blocks: Sequence[Block], indents: Sequence[bool]) -> _LineLayout:
    """Detect how lines are wrapped and how paragraphs are separated.

    Indents separate paragraphs if more than 3 % and less than 80 % of the lines have one. Blank lines separate
    paragraphs if their number is more than 3 % and less than 80 % of the number of other lines that are no headings.
    Tables are counted as blank lines.
    """
    texts = [block.text for block in blocks if block.text and not block.level]
    line_indents = [indent for block, indent in zip(blocks, indents, strict=True) if block.text]
    indent_share = sum(line_indents) / max(1, len(line_indents))
    min_share, max_share = 0.03, 0.8
    has_mixed_indent = min_share < indent_share < max_share
    (width, share), (length, length_share) = _detect_width(texts, _print_width), _detect_width(texts, len)
    width_of: Callable[[str], float] = _print_width
    if length is not None and (width is None or length_share > share):
        width, width_of = length, len
    slack = _WRAP_SLACK if width is None else _detect_slack(texts, width_of, width)
    blank_lines = sum(not block.text for block in blocks)
    has_separators = min_share * len(texts) < blank_lines < max_share * len(texts)
    return _LineLayout(width, width_of, slack, has_mixed_indent or has_separators, has_mixed_indent)


def _detect_slack(texts: Sequence[str], width_of: Callable[[str], float], width: float) -> float:
    """Return `_CUT_SLACK` if a program cut all lines at one width, otherwise `_WRAP_SLACK`.

    Nearly full lines that end inside a sentence show that a typesetter wrapped the lines (`_MAX_INEXACT_SHARE`).
    """
    widths = [width_of(text) for text in texts]
    full = sum(line_width >= width - _CUT_SLACK for line_width in widths)
    nearly_full = [
        text
        for text, line_width in zip(texts, widths, strict=True)
        if width - _WRAP_SLACK <= line_width < width - _CUT_SLACK
    ]
    continued = sum(not lines.ends_sentence(text) and not _may_be_heading(text) for text in nearly_full)
    return _CUT_SLACK if continued <= _MAX_INEXACT_SHARE * full else _WRAP_SLACK


def _detect_width(texts: Sequence[str], width_of: Callable[[str], float]) -> tuple[float | None, float]:
    """Return the width at which lines are wrapped, or None, and the share of lines with that width.

    The candidate is the 90th percentile of the widths. It is the width of a wrapped text if the share of lines with
    this width, give or take 2, is at least `_MIN_WRAPPED_SHARE`, and at least `_MIN_OPEN_SHARE` of these lines end
    inside a sentence. A text of fewer than 8 lines, or with a candidate below 15 or above 80, has neither a width nor a
    share (None, 0).
    """
    min_lines, min_width, max_width, slack = 8, 15, 80, 2
    if len(texts) < min_lines:
        return None, 0.0
    widths = [width_of(text) for text in texts]
    full = sorted(widths)[int(len(widths) * 0.9)]
    if not min_width <= full <= max_width:
        return None, 0.0
    full_lines = [text for text, width in zip(texts, widths, strict=True) if full - slack <= width <= full + slack]
    open_ended = sum(not lines.ends_sentence(text) for text in full_lines)
    share = len(full_lines) / len(texts)
    return (full if share >= _MIN_WRAPPED_SHARE and open_ended >= _MIN_OPEN_SHARE * len(full_lines) else None), share


def _may_be_heading(text: str) -> bool:
    """Return whether a line has a list number, no full stop, and at most two clauses."""
    max_clauses = 2  # parts between commas
    return parse_marker(text) is not None and "。" not in text and len(re.split("[，,]", text)) <= max_clauses


def _print_width(text: str) -> float:
    """Return the width in Han characters. A Latin character is half as wide.

    Of a line that is too long to have been wrapped, return the number of code points.
    """
    if len(text) > _MAX_WRAPPED_LINE_LENGTH:
        return float(len(text))
    # A Han character has three bytes in UTF-8, so each adds two to the difference. Encoding is the cheapest count.
    han = (len(text.encode("utf-8", "replace")) - len(text)) / 2
    return han + (len(text) - han) / 2


def _continues(paragraph: _OpenParagraph, block: Block, gap: _Gap, layout: _LineLayout, words: _PairStatistics) -> bool:
    """Return whether the next line continues a paragraph.

    It does not continue if one of the two has a heading level, if both are a label and its figure, or if the line
    begins with a list number or a bullet (`_starts_item`). Otherwise, after a full line of a wrapped text, the width
    decides. After any other line, the paragraph continues only if its sentence is unfinished.
    """
    before, after = paragraph.last, block.text
    if _LABELLED_FIGURE.fullmatch(before) and _LABELLED_FIGURE.fullmatch(after):
        return False
    is_open = before.endswith(_OPEN_LINE_ENDS) and (before[-1] != "“" or _has_open_bracket(before))
    if block.level or paragraph.block.level or _starts_item(after, is_open=is_open):
        return False
    by_width = _continues_by_width(before, after, gap, layout)
    if by_width is not None:
        return by_width
    if lines.ends_sentence(before) or (layout.has_mixed_indent and gap.is_indented and not is_open):
        return False
    return is_open or after.startswith(_CONTINUATION_STARTS) or _continues_unfinished(paragraph, block, words)


def _starts_item(after: str, *, is_open: bool) -> bool:
    """Return whether a line begins with a list number or a bullet and is therefore a new item.

    If the line before is open, such as after a comma, numbers of `_INLINE_LIST_STYLES` begin no new item. A bullet
    before a blank always begins one.
    """
    if _BULLET.match(after):
        return True
    marker = parse_marker(after)
    return marker is not None and not (is_open and marker.style in _INLINE_LIST_STYLES)


def _continues_by_width(before: str, after: str, gap: _Gap, layout: _LineLayout) -> bool | None:
    """Return whether a paragraph continues after a full line; None if the line before is not full.

    After a full line that ends inside a sentence, the paragraph continues, unless a date or an indent begins a new
    paragraph. A sentence that ends at the full width seldom ends the paragraph. It ends the paragraph if a blank line,
    an indent, a date or a salutation follows, or if a typesetter wrapped the lines and neither blank lines nor indents
    separate the paragraphs of the text. Indents only count if `has_mixed_indent`.
    """
    if layout.width is None or layout.width_of(before) < layout.width - layout.slack:
        return None
    is_sentence_end = lines.ends_sentence(before)
    if lines.is_date(after) or (is_sentence_end and lines.is_salutation(after)):
        return False
    if gap.has_blank_line or (layout.has_mixed_indent and gap.is_indented):
        return not is_sentence_end and not (layout.has_mixed_indent and gap.is_indented)
    return not is_sentence_end or layout.has_paragraph_marks or layout.slack < _WRAP_SLACK


def _has_open_bracket(text: str) -> bool:
    """Return whether a bracket or quote that opens in the last 200 code points does not close.

    Every second “ without ” between them closes a quote, because both are typed with the same key: “放管服“.
    """
    tail = text[-200:]
    opened = {opener: tail.count(opener, tail.rfind(closer) + 1) for opener, closer in _CLOSING_BRACKETS.items()}
    return any(count % 2 if opener == "“" else count for opener, count in opened.items())


def _continues_unfinished(paragraph: _OpenParagraph, block: Block, words: _PairStatistics) -> bool:
    """Return whether a line continues a paragraph whose last line ends without a stop or a comma.

    Such a paragraph is running text that was broken, or a heading. The tests run from certain to uncertain evidence.
    """
    before, after = paragraph.last, block.text
    if _never_continues_sentence(after) or lines.is_date(before) or lines.is_session(before):
        return False
    if _has_open_bracket(before):
        return True
    if paragraph.block.strong != block.strong:
        return False
    marker = parse_marker(paragraph.block.text)
    is_single_character = marker is not None and paragraph.length - marker.end == 1  # 一、加 is not a complete line
    if _splits_token(before, after) or is_single_character:
        return True
    max_length = _MAX_SHORT_LINE_LENGTH if marker is None else _MAX_NUMBERED_LINE_LENGTH
    if paragraph.length > max_length or paragraph.is_prose or _is_too_complex(paragraph.text(), marker):
        return _continues_prose(before, after, words)
    is_narrative = (
        marker is None
        and _NARRATIVE_START.match(paragraph.block.text) is not None
        and not _is_narrative_heading(paragraph.text(), after)
    )
    return is_narrative or _is_inseparable(before, after, words)


def _is_narrative_heading(text: str, after: str) -> bool:
    """Return whether a line that begins like running text is a heading: its text, a sentence of its own, follows it."""
    return (
        _NARRATIVE_HEADING.fullmatch(text) is not None
        and lines.is_prose(after)
        and _PREDICATE_START.match(after) is None
    )


def _splits_token(before: str, after: str) -> bool:
    """Return whether the line end cuts a number from its rest or unit, cuts a Latin word, or leaves a short rest.

    A rest is short if it has at most `_MAX_FRAGMENT_LENGTH` code points. The exceptions are a complete line (附件), and
    a short line after the name of a body. A line that begins with 附 is never cut.
    """
    if before.startswith("附"):  # an entry of the list of annexes is complete: 附件1
        return False
    if len(after) <= _MAX_FRAGMENT_LENGTH:  # after a public body, it may be a person's name
        return after not in _COMPLETE_SHORT_LINES and not lines.is_body_line(before)
    if _FINAL_DIGIT.search(before) and UNIT_START.match(after):
        return True
    is_cut = before[-1] not in "%％" and _LATIN_OR_NUMBER.match(before[-1]) is not None
    return is_cut and _LATIN_OR_NUMBER.match(after) is not None


def _is_inseparable(before: str, after: str, words: _PairStatistics) -> bool:
    """Return whether the line end cuts a word or a phrase in two.

    It cuts a phrase if no complete line ends like `before`, or if no complete line begins like `after`.
    """
    return bool(_NEVER_AT_LINE_END.search(before) or _NEVER_AT_LINE_START.match(after)) or words.splits_word(
        before, after
    )


def _is_too_complex(text: str, marker: Marker | None) -> bool:
    """Return whether a short line is running text and not a heading.

    It is running text if it has too many clauses, or several clauses and a measure. A line with a list number is also
    running text if its last clause was cut; a line without a list number, if it has more than
    `_MAX_UNNUMBERED_HEADING_LENGTH` code points.
    """
    clauses = re.split("[，,]", text)
    if len(clauses) > 1 and lines.has_measure(text):
        return True
    if marker is None:
        return len(clauses) > _MAX_HEADING_CLAUSES or len(text) > _MAX_UNNUMBERED_HEADING_LENGTH
    # A last clause of fewer than `_MIN_CLAUSE_LENGTH` code points was cut.
    return len(clauses) > _MAX_HEADING_CLAUSES + 1 or (
        len(clauses) >= _MAX_HEADING_CLAUSES and len(clauses[-1]) < _MIN_CLAUSE_LENGTH
    )


def _continues_prose(before: str, after: str, words: _PairStatistics) -> bool:
    """Return whether running text without a final stop continues.

    The text continues unless the line ends with a heading, or a short line follows that may be a heading: at most 36
    code points, neither prose nor the end of a sentence nor a number. Such a line continues the text only if the line
    end cuts a phrase or a word (`_is_inseparable`).
    """
    last = before[before.rfind("。") + 1 :]
    if len(last) < min(len(before), _MAX_SHORT_LINE_LENGTH) and parse_marker(last) is not None:
        return False  # a heading run together with the paragraph before it
    max_short_length = 36
    if lines.is_prose(after) or lines.ends_sentence(after) or len(after) > max_short_length or after.isdecimal():
        return True
    return _is_inseparable(before, after, words)


def _never_continues_sentence(text: str) -> bool:
    """Return whether a line never continues a sentence: date, public body with date, salutation, chrome, attachment."""
    return (
        lines.is_date(text)
        or lines.is_dated_signature(text)
        or lines.is_salutation(text)
        or chrome.is_chrome(text)
        or text.startswith(("附件：", "附件:", "附：", "附:"))
    )
