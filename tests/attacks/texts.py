"""Generates hostile texts: queries by a grammar, changed ordinary queries, odd characters and numbers, long texts."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path

REPORTS = Path(__file__).parents[2] / "corpus" / "reports"
WORDS = (
    "行政执法",
    "双随机",
    "处罚",
    "普法",
    "立案",
    "法治政府建设",
    "的",
    "多少",
    "GDP",
    "abc",
    "首违不罚",
    "滨海新区",
    "杭州",
    "卫健委",
)
SEEDS = (
    "双随机 处罚",
    "滨海新区2023年立案多少件",
    '"行政执法监督" OR 普法 -培训',
    "year:[2021 TO 2023] 检查",
    "title:报告 text:(柔性执法 | 首违不罚)^2",
    "93.7182万元 罚款",
    "ab* OR 129件",
    "NOT 执法",
    "district:滨海新区 section:问题",
)
"""Ordinary queries, which are changed to hostile ones."""
_FIELDS = (
    "year",
    "of_year",
    "title",
    "heading",
    "text",
    "district",
    "topic",
    "section",
    "document",
    "doctype",
    "id",
    "x",
    "",
)
_ODD = (
    "\0", "\x1b[2J", "\x7f", "\ud800", "\udfff", "\ufffe", "\ufeff", "\u200b", "\u202e",
    "\u0301" * 5, "\U0001f468\u200d\U0001f469", "\U000e0001", "\U0010ffff",
    "ﬁ", "㍿", "Ⅷ", "①", "½", "٣", "零", "〇", "亿", "İ", "ß", "ǆ", "　", "\r\n", "\u2028",
    "<script>", "' OR 1=1--", "{{7*7}}", "%00",
    "../../etc/passwd", "$(id)", "\\", "\\u0000", "&amp;", "=cmd()", "#", "!1", "@0",
)  # fmt: skip
_NUMBERS = (
    "0", "-0", "1e400", "1e-400", "nan", "inf", "9" * 40, "0.0000000001", "1,2,3,4", "九千九百九十九万亿亿",
    "百分之", "12月", "2023年13月",
    "二〇二三", "３．５％", "几十", "1/0", "-5件", "10..5", "99999", "0000", "1亿亿亿亿亿元", "一百二十九件", "半",
)  # fmt: skip
_OPERATORS = (
    " AND ",
    " OR ",
    " NOT ",
    "|",
    "-",
    "+",
    " ",
    "^2",
    "^",
    "^1e308",
    "^-1",
    "*",
    "?",
    "~",
    "~2",
    ":",
    "&&",
    "||",
    "（",
    "）",
    "：",
    "“",
    "「",
)
_MAX_DEPTH = 5


@cache
def _read_reports() -> str:
    """Return the text of the sample reports in .txt and .md files."""
    paths = (path for path in sorted(REPORTS.rglob("*")) if path.suffix in {".txt", ".md"})
    return "\n".join(path.read_text(encoding="utf-8") for path in paths)


class HostileTexts:
    """A stream of hostile texts."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng

    def query(self) -> str:
        """Return a query."""
        draw = self._rng.random()
        if draw < 0.5:
            return self._expression(0)
        if draw < 0.85:
            return self._mutated(self._rng.choice(SEEDS))
        return self._rng.choice(self.extremes)()

    def value(self) -> str:
        """Return a text for the value of an option. Most are short."""
        choices: Sequence[Callable[[], str]] = (
            lambda: self._rng.choice(WORDS),
            lambda: self._rng.choice(_NUMBERS),
            lambda: self._rng.choice(_ODD),
            lambda: self._rng.choice(
                ("2023", "2020..2023", "..", "2023..2020", "year", "-year,score", "district:1", "all", "", "10", "-1")
            ),
            lambda: self._mutated(self._rng.choice(SEEDS)),
        )
        return self._rng.choice(choices)()

    def _atom(self) -> str:
        return self._rng.choice(self._rng.choice((WORDS, WORDS, _NUMBERS, _ODD)))

    def _expression(self, depth: int) -> str:
        """Return an expression of the grammar of queries, sometimes an invalid one."""
        if depth >= _MAX_DEPTH:
            return self._atom()
        kinds: Sequence[Callable[[], str]] = (
            self._atom,
            lambda: f'"{self._atom()}{self._atom()}"',
            lambda: f"({self._expression(depth + 1)})",
            lambda: f"{self._rng.choice(_FIELDS)}:{self._expression(depth + 1)}",
            lambda: f"{self._rng.choice(_FIELDS)}:[{self._atom()} TO {self._atom()}]",
            lambda: f"{self._expression(depth + 1)}{self._rng.choice(_OPERATORS)}{self._expression(depth + 1)}",
            lambda: f"-{self._expression(depth + 1)}",
            lambda: f"{self._expression(depth + 1)}{self._rng.choice(_OPERATORS)}",
        )
        return self._rng.choice(kinds)()

    def _mutated(self, text: str) -> str:
        """Return a text in which some characters are inserted, removed or repeated, cut to 1000 characters."""
        chars = list(text)
        for _ in range(self._rng.randint(1, 6)):
            at = self._rng.randrange(len(chars) + 1)
            change = self._rng.randrange(5)
            if change == 0:
                chars[at:at] = self._rng.choice(_ODD)
            elif change == 1:
                del chars[at : at + self._rng.randint(1, 3)]
            elif change == 2:
                chars[at:at] = chars[: self._rng.randint(0, len(chars))]
            elif change == 3:
                chars[at:at] = chr(self._rng.randrange(0x110000))
            else:
                chars[at:at] = self._rng.choice(_OPERATORS)
        return "".join(chars)[:1000]

    def _pasted(self, size: int) -> str:
        """Return `size` consecutive characters of the sample reports."""
        text = _read_reports()
        start = self._rng.randrange(len(text) - size)
        return text[start : start + size]

    def _pieces(self, size: int) -> list[str]:
        """Return consecutive pairs of characters of the sample reports, without blanks, brackets and |."""
        return re.findall("..", re.sub(r"[\s()\[\]|]", "", self._pasted(size)))

    @property
    def extremes(self) -> Sequence[Callable[[], str]]:
        """Functions that return extreme texts, most of them long or deep, of at most two thousand characters."""
        word, rng = self._rng.choice(WORDS), self._rng
        size = rng.choice((50, 300, 990))
        return (
            lambda: self._pasted(size),
            lambda: re.sub(r"\s", "", self._pasted(size)),
            lambda: " ".join(self._pasted(size // 2)),
            lambda: " ".join(self._pieces(size)),
            lambda: " OR ".join(self._pieces(size // 2)),
            lambda: " ".join(f'"{piece}"' for piece in self._pieces(size // 2)),
            lambda: " ".join(f"{rng.choice(_FIELDS)}:{piece}" for piece in self._pieces(size // 3)),
            lambda: "-" + " -".join(self._pieces(size)),
            lambda: "(" * (size // 2) + word + ")" * (size // 2),
            lambda: "-" * size + word,
            lambda: "NOT " * (size // 4) + word,
            lambda: " OR ".join([word] * (size // 8)),
            lambda: " ".join(f"{a}" for a in range(size // 4)),
            lambda: "".join(chr(rng.randrange(0x4E00, 0x9FA5)) for _ in range(size)),
            lambda: "法" * size,
            lambda: '"' * size,
            lambda: "9" * size + "件",
            lambda: "".join(rng.choice("一二三四五六七八九十百千万亿零〇两半点分之") for _ in range(size)),
            lambda: " ".join(f"{rng.choice('abcdefgh')}*" for _ in range(size // 3)),
            lambda: "*",
            lambda: "year:" * (size // 5),
            lambda: " ".join(rng.choice(WORDS) + str(rng.randrange(2000, 2030)) + "年" for _ in range(size // 9)),
            lambda: "".join(chr(rng.randrange(0x110000)) for _ in range(size)),
            lambda: "\n" * size + word,
            lambda: "a" * size + "^" * 10,
        )
