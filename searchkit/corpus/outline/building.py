"""From lines of content to paragraphs with their heading path.

A heading alone on its line goes into the path of what stands under it; a run-in heading goes into the path and stays
in its paragraph. Where a heading has nothing under it, it is a paragraph. Levels follow the numbering a document shows:
a style stands where it stood before, a new style that counts from 1 opens a level, and one that counts on from another
style's last number continues that level. Signature and date at the end belong to no heading.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from searchkit.corpus import lines
from searchkit.corpus.blocks import Block
from searchkit.corpus.numbering import DASH, LISTED, Marker, marker
from searchkit.corpus.outline import headings
from searchkit.corpus.outline.levels import Entry, Levels, Look, Place
from searchkit.corpus.outline.splitting import split_items

_SIGNATURE_REACH = 12
"""How many lines at the end are searched for the signature."""
_SIGNATURE_LINES = 3
_OWN_ONLY = frozenset({DASH, LISTED})
"""Styles whose run-in heading holds for its own paragraph only."""
_PARTS = frozenset({"一、", "第一部分", "第一章"})
"""Styles of the parts of a report."""
_END = re.compile("特此(?:报告|汇报)|专此(?:报告|汇报)|以上报告|附件|附[：:]")
"""Paragraphs that belong to no heading."""
_CLOSING = re.compile(
    r"各位(?:代表|委员|同志)|以上(?:是|就是)|总之|综上|总的[来看]|回顾(?:过去|[一二两三四五]年|这?\d|一年|这)"
    r"|(?:在|同时|但|我们|当前|必须)?[^。，]{0,8}(?:肯定|总结)成绩|[^。]{0,16}清醒(?:地)?(?:认识|看到)"
)
"""Paragraphs that look back on a whole part: they belong to no item of it."""


@dataclass(frozen=True, slots=True)
class Item:
    """One paragraph and where it stands."""

    text: str
    """As printed, its number and run-in heading included."""
    number: str | None
    """Its own number as printed (`13.`, `（一）`, `一是`), or None."""
    path: tuple[str, ...]
    """Headings from the outermost in, without numbers."""
    page: int | None = None
    """Page it starts on, from 1, where the format has pages."""


_Marked = tuple[Block, Marker | None]
"""A line of content and the marker it begins with."""


@dataclass(frozen=True, slots=True)
class _Line:
    """A line of content and what its shape says."""

    block: Block
    marker: Marker | None
    rest: str
    """Text without the marker."""
    heading: str | None
    """Heading words without the number, or None."""
    alone: bool
    """The heading is the whole line."""


def outline(body: Sequence[Block]) -> tuple[Item, ...]:
    """Give the paragraphs of cleaned content (`cleaning.clean`) in order, each with number and path.

    Any sequence of blocks gives a result; every character of them but white space is in a text or a path.
    Time is linear in the text.
    """
    blocks = [block for block in split_items(body) if block.text.strip()]
    signature = _signature(blocks)
    shaped = _shape(blocks[:signature])
    items = _Walk(shaped).items()
    items += [Item(block.text, None, (), block.page) for block in blocks[signature:]]
    return tuple(items)


def _signature(blocks: Sequence[Block]) -> int:
    """Give the index of the first line of signature, date and what follows them; len(blocks) if there is none."""
    floor = max(0, len(blocks) - _SIGNATURE_REACH)
    start = len(blocks)
    for i in range(len(blocks) - 1, floor - 1, -1):
        text = blocks[i].text
        if lines.is_date(text) or lines.is_signed_date(text):
            start = i
            break
        if lines.is_prose(text) and not text.startswith("附"):
            break
    if start == len(blocks) and start:
        last = blocks[-1].text if len(blocks) > 1 else ""
        before = blocks[-2].text if len(blocks) > 1 else ""
        unnumbered = marker(last) is None and not blocks[-1].level
        return start - 1 if unnumbered and lines.names_body(last) and lines.ends_sentence(before) else start
    while start > max(floor, 1) and len(blocks) - start <= _SIGNATURE_REACH and _signs(blocks[start - 1]):
        start -= 1
    return start


def _signs(block: Block) -> bool:
    longest = 30
    text = block.text
    short = len(text) <= longest and not block.level and marker(text) is None and not lines.ends_sentence(text)
    return (short and "，" not in text) or (lines.is_bracketed(text) and len(text) <= longest)


def _shape(blocks: Sequence[Block]) -> list[_Line]:
    marked: list[_Marked] = [(block, marker(block.text)) for block in blocks]
    edged = [None, *marked, None]
    return _with_siblings([_line(*around) for around in zip(edged, marked, edged[2:], strict=False)])


def _line(before: _Marked | None, line: _Marked, behind: _Marked | None) -> _Line:
    """Judge a line by its shape and by the lines around it."""
    block, found = line
    rest = block.text[found.end :] if found else block.text
    if block.level and len(rest) <= headings.MAX_HEADING_LENGTH * 2 and "。" not in rest.rstrip("。"):
        return _Line(block, found, rest, rest.rstrip("：:。") or block.text, alone=True)
    if found is None:
        return _plain(before, block, behind)
    heading = headings.of_line(rest, numbered=True) if rest or found.style == "一、" else None
    if found.printed and not rest and behind is not None:
        return _Line(block, found, rest, found.printed.rstrip("、.．"), alone=True)
    if heading is None and behind is not None and rest.endswith("。") and _stands_above(found, behind):
        heading = _stopped(block, found, rest)
    if heading is not None:
        return _Line(block, found, rest, heading, alone=True)
    if found.style == LISTED and _lists(rest, found):
        return _Line(block, found, rest, None, alone=False)
    heading = headings.run_in(rest)
    if heading is None and found.style in _PARTS:
        heading = headings.of_part(rest)
    return _Line(block, found, rest, heading, alone=False)


def _stands_above(found: Marker, behind: _Marked) -> bool:
    """Tell whether the line below can be what a numbered heading heads: text, or the first of another list."""
    block, below = behind
    return not block.level and (below is None or (below.ordinal <= 1 and below.style != found.style))


def _stopped(block: Block, found: Marker, rest: str) -> str | None:
    """Give the heading of a numbered line that ends with a full stop: it only names a matter, or a part."""
    if headings.run_in(f"{rest}{rest[:8]}") == rest[:-1]:
        return rest[:-1]
    of_part = block.strong or found.style in _PARTS
    return rest[:-1] if of_part and rest.find("。") == len(rest) - 1 <= headings.MAX_HEADING_LENGTH else None


def _lists(rest: str, found: Marker) -> bool:
    """Tell whether a paragraph that begins with 一是 holds 二是 as well: the phrase is no heading for all of it."""
    digits = "一二三四五六七八九十"
    return found.ordinal < len(digits) and f"{digits[found.ordinal]}是" in rest


def _plain(before: _Marked | None, block: Block, behind: _Marked | None) -> _Line:
    """Judge a line without a number: a heading is short, has no end, and running text or a number follows it."""
    nothing = _Line(block, None, block.text, headings.lead(block.text), alone=False)
    if behind is None:
        return nothing
    if block.strong:
        words = block.text.rstrip("。：: ")
        leads_in = block.text.endswith(("：", ":")) and "，" in words
        good = (
            len(words) <= headings.MAX_HEADING_LENGTH
            and "。" not in words
            and not words.endswith(("，", ",", "、", "！"))
            and not leads_in
        )
        return _Line(block, None, block.text, words, alone=True) if good and words else nothing
    heading = headings.of_line(block.text, numbered=False)
    if heading is None or not _follows_heading(behind) or not _ends_above(before) or lines.is_date(block.text):
        return nothing
    return _Line(block, None, block.text, heading, alone=True)


def _follows_heading(behind: _Marked) -> bool:
    """Tell whether a line can stand below a heading without a number: running text, or a heading itself."""
    block, found = behind
    return lines.is_prose(block.text) or lines.ends_sentence(block.text) or found is not None or block.level > 0


def _ends_above(before: _Marked | None) -> bool:
    """Tell whether a line is over, so that a heading without a number can stand below it."""
    if before is None:
        return True
    block, found = before
    return lines.ends_sentence(block.text) or found is not None or block.level > 0 or block.strong


def _with_siblings(shaped: list[_Line]) -> list[_Line]:
    """Judge run-in headings once more by the list they stand in.

    An item whose siblings mostly have one may have lost its full stop; a first sentence that is a little too long is
    a heading if every item of its list begins like that.
    """
    least = 2
    for members in _lists_of(shaped):
        items = [i for i in members if not shaped[i].alone]
        with_heading = [i for i in items if shaped[i].heading]
        without = [i for i in items if not shaped[i].heading]
        loose = {i: headings.run_in(shaped[i].rest, loose=True) for i in items}
        if len(items) > least and all(loose.values()):
            for i in without:
                shaped[i] = replace(shaped[i], heading=loose[i])
        elif len(with_heading) >= least:
            for i in without:
                shaped[i] = replace(shaped[i], heading=headings.without_stop(shaped[i].rest))
    return shaped


def _lists_of(shaped: Sequence[_Line]) -> Iterable[list[int]]:
    """Give the line numbers of each list: one style, counting on until it starts anew."""
    found: dict[tuple[str, int], list[int]] = {}
    runs: dict[str, int] = {}
    for i, line in enumerate(shaped):
        if line.marker is None or not line.marker.ordinal:
            continue
        style = line.marker.style
        if line.marker.ordinal == 1:
            runs[style] = runs.get(style, 0) + 1
        found.setdefault((style, runs.get(style, 0)), []).append(i)
    return found.values()


class _Walk:
    """Goes through the lines once, keeps the open headings, and gives the paragraphs."""

    def __init__(self, shaped: Sequence[_Line]) -> None:
        self._shaped = shaped
        self._levels = Levels([Place(line.marker, line.block.level) for line in shaped])
        self._items: list[Item] = []
        self._waiting: list[tuple[Entry, _Line]] = []
        """Headings alone on their lines under which nothing has come yet."""

    def items(self) -> list[Item]:
        """The paragraphs, in order."""
        for i, line in enumerate(self._shaped):
            if line.alone:
                self._heading(i, line)
            else:
                self._paragraph(i, line)
        self._settle(keep=0)
        return self._items

    def _heading(self, i: int, line: _Line) -> None:
        entry = self._levels.open(
            i, line.heading, look=Look.STRONG if line.block.strong else Look.LINE, bare=not self._under()
        )
        self._settle(keep=len(self._levels.entries) - 1)
        self._waiting.append((entry, line))

    def _under(self) -> bool:
        """Tell whether something stands under the innermost heading."""
        return not (self._waiting and self._levels.entries and self._waiting[-1][0] is self._levels.entries[-1])

    def _paragraph(self, i: int, line: _Line) -> None:
        if line.marker is not None or line.heading is not None:
            self._levels.open(i, line.heading, look=Look.RUN_IN, bare=not self._under())
            self._settle(keep=len(self._levels.entries) - 1)
        elif _END.match(line.block.text):
            self._settle(keep=0)
            self._levels.close_all()
        elif _CLOSING.match(line.block.text):
            self._levels.close_run_ins()
            self._settle(keep=len(self._levels.entries))
        self._waiting.clear()
        number = line.marker.printed if line.marker else None
        self._items.append(Item(line.block.text, number, self._levels.path(), line.block.page))
        if line.marker is not None and line.marker.style in _OWN_ONLY:
            self._levels.close_last()

    def _settle(self, keep: int) -> None:
        """Turn the innermost waiting heading into a paragraph if it is closed: the first `keep` open entries stay."""
        if not self._waiting:
            return
        entry, line = self._waiting[-1]
        if not any(entry is other for other in self._levels.entries[:keep]):
            # It becomes a paragraph under the headings above it, so these wait no longer.
            self._waiting.clear()
            number = line.marker.printed if line.marker else None
            self._items.append(Item(line.block.text, number, entry.parents, line.block.page))
