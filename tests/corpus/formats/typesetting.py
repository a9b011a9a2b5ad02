"""A typesetter for tests. It sets paragraphs on pages as the standard for official documents does."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

WIDTH, HEIGHT = 595.0, 842.0
"""A4 in points."""
_LEFT, _TOP = 73.5, 120.0
"""Distance of lines without indent from the left edge, and of the first baseline from the upper edge, in points."""
_TOKEN = re.compile(r"[0-9A-Za-z.%]+|.")
"""A piece of text that `wrap_text` adds to a line at a time: a number, a Latin word or any other character."""
_NEVER_FIRST = "，,、。；;：:）)》”’！!？?%％"
"""Marks that `wrap_text` moves to the next line only together with the character before them."""


class PrintedLine(NamedTuple):
    """A line of text at a position on a page."""

    text: str
    x: float
    """Points from the left edge of the page."""
    y: float
    """Points from the upper edge of the page to the baseline."""
    size: float
    """Type size in points."""
    strong: bool = False


def half_width_ascii(text: str, size: float) -> float:
    """Return the width in points of a text of type size `size`. ASCII characters are half as wide as Han characters."""
    return sum(size / 2 if char.isascii() else size for char in text)


@dataclass(frozen=True)
class Typesetter:
    """Sets, by default, 22 lines of 28 Han characters on each page.

    The title, if there is one, is the first lines of the first page, centred, in larger type.
    """

    indent: int = 2
    """Indent of the first line of a paragraph, in Han characters."""
    size: float = 16.0
    """Type size of paragraphs in points."""
    leading: float = 28.0
    """Distance between baselines in points."""
    lines: int = 22
    """Maximum number of lines on a page, without its running head and page number."""
    columns: float = 28.0
    """Maximum width of a line, in Han characters."""
    head: str = ""
    """Running head of each page; no page has one if it is empty."""
    foot: str = "- {} -"
    """Text at the foot of each page; `{}` stands for the page number. No page has one if it is empty."""
    measure: Callable[[str, float], float] = half_width_ascii
    """Returns the width in points of a text of a type size."""

    def pages(self, paragraphs: Sequence[str], title: str = "") -> list[list[PrintedLine]]:
        """Return the lines of each page, from running head to page number. A paragraph in `**` is strong."""
        pages: list[list[PrintedLine]] = [[]]
        row = 0
        for line in (*self._title(title), *(line for text in paragraphs for line in self._paragraph(text))):
            if row == self.lines:
                pages.append([])
                row = 0
            pages[-1].append(line._replace(y=_TOP + row * self.leading))
            row += 1
        for number, page in enumerate(pages, 1):
            page.insert(0, PrintedLine(self.head, WIDTH / 2 - self.measure(self.head, 9) / 2, 50, 9))
            page.append(PrintedLine(self.foot.format(number), WIDTH / 2, HEIGHT - 60, 14))
        return [[line for line in page if line.text] for page in pages]

    def _title(self, title: str) -> Iterator[PrintedLine]:
        """Yield the centred lines of the title, each with the baseline 0."""
        for line in wrap_text(title, 22, self.columns * self.size, 0, self.measure) if title else ():
            yield PrintedLine(line, WIDTH / 2 - self.measure(line, 22) / 2, 0, 22)

    def _paragraph(self, text: str) -> Iterator[PrintedLine]:
        """Yield the lines of a paragraph, each with the baseline 0."""
        strong = text.startswith("**")
        indent = self.indent * self.size
        for n, line in enumerate(wrap_text(text.strip("*"), self.size, self.columns * self.size, indent, self.measure)):
            yield PrintedLine(line, _LEFT + (0 if n else indent), 0, self.size, strong)


def wrap_text(text: str, size: float, width: float, indent: float, measure: Callable[[str, float], float]) -> list[str]:
    """Split text of type size `size` into lines of at most `width` points, the first shorter by `indent`.

    A line ends before the first number, Latin word or other character that does not fit. Only a number or word that is
    wider than a line exceeds the width. If a mark of `_NEVER_FIRST` does not fit, it goes to the next line with the
    last character of this line, unless this is the only one. The last character can be a digit of a number (202|3，) or
    another mark (结束|”。).
    """
    lines, line, available = [], "", width - indent
    for token in _TOKEN.findall(text):
        if line and measure(line + token, size) > available + 0.01:
            carried = ""
            while token[0] in _NEVER_FIRST and len(line) > 1 and not carried:
                line, carried = line[:-1], line[-1]
            lines.append(line)
            line, available = carried, width
        line += token
    return [*lines, line]
