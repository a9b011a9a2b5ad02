"""Page edges: which lines are page numbers, running heads and running feet, and which belong to the text.

A running head or foot is the same text at the same height of nearly all pages, or of every other page, perhaps with a
page number that counts up with the pages. It is near the edge and set off from the text: by another type size, or by a
distance larger than those in the grid. The grid consists of the distances between the lines of text next to the edge.
Lines of a list or table that differ only in numbers other than page numbers are text, wherever they are.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from searchkit.corpus.cleaning.chrome import is_page_number
from searchkit.corpus.formats.page.placed import PlacedLine

_MARGIN_SHARE = 0.115
"""Share of a page's height, at each end, that may contain running heads and page numbers."""
_MARGIN_LINES = 2
"""Maximum number of heights at each end of a page, from the edge inwards, whose lines may be running heads, running
feet or page numbers."""
_MAX_LENGTH = 100
"""Maximum length of a running head or foot, in code points."""
_GRID_LINES = 4
"""Maximum number of distances between lines in the grid."""
_MIN_SET_OFF = 1.3
"""Minimum distance that sets off a line from the text, relative to the largest distance in the grid."""
_MIN_SET_OFF_ALONE = 2.5
"""Minimum distance, in em, that sets off a line if the page has too few lines for a grid."""
_MIN_SIZE_CHANGE = 0.08
"""Minimum relative difference from the type size of the next line that sets off a line from the text."""
_MAX_SIZE = 1.25
"""Maximum type size of a running head or foot, relative to the median of all lines. Larger type is that of titles."""
_MIN_PAGES = 2
"""Minimum number of pages with a running head or foot, or with page numbers that count up."""
_MIN_SHARE = 0.75
"""Minimum share of pages that print the text of a running head or foot, among the pages from the first to the last that
print it. If only even or only odd pages print it, the share is that among the even or the odd pages."""
_MIN_HEIGHT_SHARE, _MIN_HEIGHT_SHARE_OF_ALL = 0.6, 0.3
"""Minimum shares of pages that print a head or foot at the same height, whatever its text, which may change with the
chapter. `_MIN_HEIGHT_SHARE` is the share of the pages from the first to the last one with a head or foot there,
`_MIN_HEIGHT_SHARE_OF_ALL` the share of all pages."""
_MAX_DIGITS = 6
"""Maximum number of digits of a page number."""

_DIGIT_RUN = re.compile(r"\d+")
_MARKED_NUMBER = re.compile(r"[-—–―－─~·]\s?\d{1,4}\s?[-—–―－─~·]|.*[第页頁Pp]")
"""A page number that cannot be a number of the text, such as the cell of a table."""
_BEFORE_PAGE_NUMBER = re.compile(r"(?:^|[\s\-—–―－─·.~|/第(（\[【<《])$")
_AFTER_PAGE_NUMBER = re.compile(r"$|[\s\-—–―－─·.~|/页頁)）\]】>》]")
_LABEL = re.compile(
    r"(?:附件|附表|附录|附图|附|表|图|卷|册|章|节|篇|部分|专栏|案例|例)\s*$|^(?!第)[\u4e00-\u9fff]{1,3}\s*$"
)
"""The end of the text before a number that is not a page number: a word such as 附件 (政府工作报告附件 2), or one to
three Han characters that are the entire text before the number (项目 2) and do not begin with 第."""
_NEVER_A_HEAD = re.compile(r"[（(]?\s*(?:(?:计量)?单\s*位|[备附]?注\d*|续表|(?:数据|资料)来源|说明)(?:\s*[:：)）]|$)")
"""The start of a note that is repeated above or below a table that continues over pages."""

_Signature = tuple[tuple[str, str], ...]
"""For each number of a line: `constant` and the number, or `counts up` and its difference from the page number."""


@dataclass(frozen=True, slots=True, eq=False)
class _EdgeLine:
    """A line that may be a running head, a running foot or a page number."""

    line: PlacedLine
    page_index: int
    """Index among the pages with text."""
    edge: str
    """`top` or `bottom`."""
    template: str
    """Its text, with 0 for each number."""
    numbers: tuple[str, ...]
    countable: tuple[bool, ...]
    """For each number, whether it can be a page number."""
    is_set_off: bool
    """Whether it is set off from the text (`_is_set_off`)."""

    @property
    def height(self) -> int:
        """Its distance from the top of the page, in em of the line, rounded."""
        return round(self.line.baseline / self.line.size)


def drop_running_lines(
    lines_by_page: Sequence[Sequence[PlacedLine]], heights: Sequence[float]
) -> tuple[list[PlacedLine], Counter[int]]:
    """Return the lines of all pages that are text, and the number of dropped lines by page number.

    `heights`: the height of each page. Cost: n log n in the number of lines.
    """
    pages = [(lines, height) for lines, height in zip(lines_by_page, heights, strict=True) if lines]
    if not pages:
        return [], Counter()
    size = median(line.size for lines, _ in pages for line in lines)
    edge_lines = [
        edge_line for index, (lines, height) in enumerate(pages) for edge_line in _find_edge_lines(lines, height, index)
    ]
    dropped = _find_page_numbers(edge_lines, len(pages)) | _find_repeated_lines(edge_lines, pages, size)
    body = [line for lines, _ in pages for line in lines if id(line) not in dropped]
    return body, Counter(item.line.page for item in edge_lines if id(item.line) in dropped)


def _find_edge_lines(lines: Sequence[PlacedLine], height: float, page_index: int) -> Iterable[_EdgeLine]:
    """Yield the outermost lines of a page that are in its margins, and are not too long.

    Rows of ruled tables, and table rows in columns of text, are left out.
    """
    by_baseline: dict[float, list[PlacedLine]] = {}
    for line in lines:
        by_baseline.setdefault(line.baseline, []).append(line)
    downwards = sorted(by_baseline)
    top, bottom = _MARGIN_SHARE * height, (1 - _MARGIN_SHARE) * height
    for edge, baselines in (("top", downwards), ("bottom", downwards[::-1])):
        rows = [by_baseline[baseline] for baseline in baselines[: _MARGIN_LINES + _GRID_LINES + 1]]
        for n, row in enumerate(rows[:_MARGIN_LINES]):
            if top < row[0].baseline < bottom:
                break
            if (edge == "top") != (row[0].baseline <= top):  # in the other margin: the page has few lines
                continue
            is_set_off = _is_set_off(rows, n)
            for line in row:
                if len(line.text) <= _MAX_LENGTH and not (line.is_row and line.column):
                    yield _build_edge_line(line, page_index, edge, is_set_off=is_set_off)


def _build_edge_line(line: PlacedLine, page_index: int, edge: str, *, is_set_off: bool) -> _EdgeLine:
    """Return the edge line for a line, with its numbers."""
    matches = list(_DIGIT_RUN.finditer(line.text))
    return _EdgeLine(
        line,
        page_index,
        edge,
        _DIGIT_RUN.sub("0", line.text),
        tuple(match[0] for match in matches),
        tuple(_is_countable(line.text, match) for match in matches),
        is_set_off,
    )


def _is_countable(text: str, number: re.Match[str]) -> bool:
    """Return whether a number can be a page number: set off from the words around it, and not that of an annex."""
    before = text[: number.start()]
    return (
        len(number[0]) <= _MAX_DIGITS
        and _BEFORE_PAGE_NUMBER.search(before) is not None
        and _AFTER_PAGE_NUMBER.match(text, number.end()) is not None
        and _LABEL.search(before) is None
    )


def _is_set_off(rows: Sequence[Sequence[PlacedLine]], n: int) -> bool:
    """Return whether row `n`, counted from the edge inwards, is set off from the text.

    A row is the lines at one height. It is set off if the distance to the next row is clearly larger than those in the
    grid, if the type size of the next row differs, or if another row of the margin between it and the text is set off.
    A row that no other row follows is set off, too.
    """
    gaps = [abs(inner[0].baseline - outer[0].baseline) for outer, inner in pairwise(rows)]
    for k in range(n, min(_MARGIN_LINES, len(gaps))):
        grid = gaps[k + 1 : k + 1 + _GRID_LINES]
        limit = _MIN_SET_OFF * max(grid) if grid else _MIN_SET_OFF_ALONE * rows[k][0].size
        size, next_size = rows[k][0].size, rows[k + 1][0].size
        if gaps[k] > limit or abs(size - next_size) > _MIN_SIZE_CHANGE * next_size:
            return True
    return n >= len(gaps)  # no other row follows, so there is no text


def _find_page_numbers(edge_lines: Sequence[_EdgeLine], page_count: int) -> set[int]:
    """Return the identities (`id`) of the lines that are page numbers.

    A line of the form - 2 -, 第2页 or 第二页 is a page number. A bare number, such as 2 or 2/10, is a page number if at
    least `_MIN_PAGES` numbers count up with the pages in the same way. It is also a page number if it is set off from
    the text, and equals the number of its page or stands on the only page.
    """
    numbers = [item for item in edge_lines if is_page_number(item.line.text)]
    offsets = Counter((item.edge, item.template, _count_offset(item)) for item in numbers if item.numbers)
    dropped: set[int] = set()
    for item in numbers:
        if item.numbers and not _MARKED_NUMBER.match(item.line.text):
            offset = _count_offset(item)
            is_counted = offsets[item.edge, item.template, offset] >= _MIN_PAGES
            is_alone = item.is_set_off and (page_count == 1 or offset[0] == 0)
            if not is_counted and not is_alone:
                continue
        dropped.add(id(item.line))
    return dropped


def _count_offset(item: _EdgeLine) -> tuple[int, ...]:
    """Return the difference of the first number from the number of the page, and the other numbers."""
    values = [int(number[:_MAX_DIGITS]) for number in item.numbers]
    return values[0] - item.line.page, *values[1:]


def _find_repeated_lines(
    edge_lines: Sequence[_EdgeLine], pages: Sequence[tuple[Sequence[PlacedLine], float]], size: float
) -> set[int]:
    """Return the identities (`id`) of the lines that are running heads and feet.

    `size`: the median of the type sizes of all lines.
    """
    candidates = [
        item for item in edge_lines if item.line.size <= _MAX_SIZE * size and not _NEVER_A_HEAD.match(item.line.text)
    ]
    numbers = [lines[0].page for lines, _ in pages]
    used_heights = _find_used_heights(candidates, numbers)
    groups: dict[tuple[str, str, int], list[_EdgeLine]] = {}
    for item in candidates:
        groups.setdefault((item.edge, item.template, item.height), []).append(item)
    dropped: set[int] = set()
    for edge, template, height in groups:
        if (edge, height) not in used_heights:
            continue
        nearby = [item for h in (height - 1, height, height + 1) for item in groups.get((edge, template, h), ())]
        for repeated in _group_by_numbers(nearby):
            indexes = sorted({item.page_index for item in repeated})
            set_off = sum(item.is_set_off for item in repeated)
            if 2 * set_off >= len(repeated) and _is_regular(indexes, numbers, _MIN_SHARE):
                dropped.update(id(item.line) for item in repeated)
    return dropped


def _find_used_heights(edge_lines: Iterable[_EdgeLine], numbers: Sequence[int]) -> set[tuple[str, int]]:
    """Return the edges and heights at which enough pages have a line that is set off.

    `_MIN_HEIGHT_SHARE` and `_MIN_HEIGHT_SHARE_OF_ALL` define what is enough.
    """
    indexes: dict[tuple[str, int], set[int]] = {}
    for item in edge_lines:
        if item.is_set_off:
            for height in (item.height - 1, item.height, item.height + 1):
                indexes.setdefault((item.edge, height), set()).add(item.page_index)
    return {
        key
        for key, pages in indexes.items()
        if len(pages) >= _MIN_HEIGHT_SHARE_OF_ALL * len(numbers)
        and _is_regular(sorted(pages), numbers, _MIN_HEIGHT_SHARE)
    }


def _is_regular(indexes: Sequence[int], numbers: Sequence[int], min_share: float) -> bool:
    """Return whether the pages at `indexes` are at least `min_share` of all pages from the first to the last of them.

    If their numbers are all even or all odd, this share of the even or of the odd pages is enough. Fewer than
    `_MIN_PAGES` pages are never enough. `indexes`: ascending indexes in `numbers`, the numbers of all pages with text.
    """
    if len(indexes) < _MIN_PAGES:
        return False
    if len(indexes) >= min_share * (indexes[-1] - indexes[0] + 1):
        return True
    first, last = numbers[indexes[0]], numbers[indexes[-1]]
    is_alternating = all((numbers[index] - first) % 2 == 0 for index in indexes)
    return is_alternating and len(indexes) >= min_share * ((last - first) // 2 + 1)


def _group_by_numbers(edge_lines: Sequence[_EdgeLine]) -> Iterable[list[_EdgeLine]]:
    """Group lines of one template whose numbers are equal, or count up with the pages.

    If the template has no numbers, all lines are one group. Otherwise, groups of fewer than `_MIN_PAGES` lines are left
    out.
    """
    if not edge_lines[0].numbers:
        return [list(edge_lines)]
    slots = range(len(edge_lines[0].numbers))
    offsets = [Counter(_number_offset(item, slot) for item in edge_lines if item.countable[slot]) for slot in slots]
    groups: dict[_Signature, list[_EdgeLine]] = {}
    for item in edge_lines:
        groups.setdefault(_signature(item, offsets), []).append(item)
    return [group for group in groups.values() if len(group) >= _MIN_PAGES]


def _signature(item: _EdgeLine, offsets: Sequence[Mapping[str, int]]) -> _Signature:
    """Return the signature of a line. `offsets` count, for each number, its differences from the page numbers."""
    return tuple(
        ("counts up", offset)
        if item.countable[slot] and offsets[slot][offset := _number_offset(item, slot)] >= _MIN_PAGES
        else ("constant", number)
        for slot, number in enumerate(item.numbers)
    )


def _number_offset(item: _EdgeLine, slot: int) -> str:
    """Return the difference of number `slot` of a line from the number of its page, as text."""
    return str(int(item.numbers[slot][:_MAX_DIGITS]) - item.line.page)
