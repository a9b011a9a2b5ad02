"""The time that a figure is of, when it is not the reporting year: 近三年, 2018年, “十三五”期间, 每月."""

from __future__ import annotations

import re

_HAN_YEAR = "[一二三四五六七八九〇○零]{4}"
_YEAR = rf"(?:(?:19|20)\d\d|{_HAN_YEAR})年?"
_COUNT = r"[一二两三四五六七八九十几数\d]{1,3}"
TIME = re.compile(
    r"自[^,;。:]{0,12}?(?:起至[^,;。:]{1,10}?(?:[年月][底末]|日|月|年)|以来|起)"
    r"|[“‘]十?[一二三四五六七八九]五[”’](?:期间|时期|末期|初期|规划期|期末|以来|末|间期)?"
    rf"|(?:近|过去|最近|前|后|未来|今后|这|连续)?{_COUNT}年(?:多?来|期?间|内|中|以来)"
    rf"|(?:近|过去的?|最近|前|后|未来|今后|这){_COUNT}年(?![级制])"
    rf"|{_YEAR}(?:[-—~至到和、]{_YEAR})+(?:两年|期间|[一二三四五]年)?"
    r"|(?:19|20)\d\d年(?:度|末|底|初|上半年|下半年|以来|\d{1,2}月(?:份|底|末)?(?:[-—至到]\d{1,2}月份?)?)?"
    rf"|{_HAN_YEAR}年?(?:度|末|底|初)?(?:[一二三四五六七八九十]{{1,2}}月)?"
    r"|前年|上年末?|上一年|明年|上半年|下半年|[一二三四前][一二三四]?个?季度|年均"
    r"|每(?:年|月|季度|季|周|日|天|半年)|\d{1,2}(?:[-—至到]\d{1,2})?月(?:份|底|末)?(?:[以之]?[前后]|以来)?"
)
"""Words that name a time, in a folded text."""
HINT = re.compile(rf"[年月季每自“‘]|{_HAN_YEAR}")
"""Without any of these a text names no time."""
_COMPARED = re.compile(r"(?:[比较与同是]|[低高]于|相当于|超过)$")
_OWN = re.compile(r"每.|年均")  # says something of its own clause only
_HAN_DIGITS = str.maketrans("零〇○一二三四五六七八九", "000123456789")


def period_of(folded: str, places: tuple[int, int, int], year: int | None) -> tuple[int, int] | None:
    """Give where the period of a figure stands in the text, or None for the reporting year, `year`.

    `places`: where the figure's sentence, its clause and its number begin. The nearest time before the number counts,
    but for those that it is compared with (比2022年增长); 每月 in another clause says nothing of it.
    """
    sentence, clause, start = places
    for low, high in ((clause, start), (sentence, clause)):
        found = None
        for match in TIME.finditer(folded, low, high):
            is_far = low == sentence and low != clause and _OWN.match(match[0])
            if not is_far and not _COMPARED.search(folded, max(low, match.start() - 3), match.start()):
                found = match
        if found is not None:
            return None if year is not None and _is_year(found[0], year) else found.span()
    return None


def _is_year(text: str, year: int) -> bool:
    """Whether a time is the reporting year, or its end, up to which figures are usually given."""
    digits = text.translate(_HAN_DIGITS)
    return digits[:4] == str(year) and digits[4:] in ("", "年", "年度", "年末", "年底")
