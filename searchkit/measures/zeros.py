"""Statements of zero: 无败诉案件, 未发生安全事故. They are measures with the value 0."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

# The lookaheads exclude words and names that merely begin with 无, 零 or 未有 (无证, 无需, 无为市, 零售, 零陵区,
# 未有效), 零 inside a number (一百零五), and 没有 before an adverb (没有严格规范执法行为).
_NEGATIONS = (
    "(?:没有|未)(?:发生|出现|收到|接到|产生|发现)|没有(?!严格|规范(?!性)|及时|认真|很好)|未有(?![效序力机])|未新增|"
    "无(?![证照障偿人线害纸籍效关论缝锡名界烟废法序党需须为棣]|极县)|"
    "(?<![一二两三四五六七八九十百千万亿点〇\\d])零(?![售部散星容陵点〇一二三四五六七八九])"
)
_COUNTED_NOUNS = (
    "案件|事项|文件|败诉|事故|事件|上访|信访|投诉|举报|复议|诉讼|应诉|处分|情况|行为|申请|纠错|撤销|变更|执法人员|申诉|赔偿|疫情|病例|"
    "伤亡|死亡|差错|通报|问责|追责|违纪|违法|违规|听证|案例|纠纷|舆情|超期|逾期|退件|积压|移送|处罚|强制|败诉案|事宜|积案"
)
_ZERO_STATEMENT = re.compile(
    rf"(?:^|(?<=[,;。:!?、]))(?P<lead>[^,;。:!?、“”]{{0,12}}?)(?P<none>{_NEGATIONS})"
    r"(?:[一1](?:[起件次例名宗个]|人(?!员)))?"  # one with a unit means "not a single one": 未发生一起安全事故
    rf"(?P<name>[^,;。:!?、“”无没未]{{0,18}}?(?:{_COUNTED_NOUNS}))(?=[,;。:!?、]|$)"
)
"""A clause that states a zero: 全年未发生安全事故. Groups: lead 全年, none 未发生, name 安全事故."""
_NOT_ASSERTED = re.compile(
    r"[有并从毫若如因虽全皆绝互别高南虚]$"  # with 无, the character is another word: 有无, 并无
    r"|如|若|因|对|凡|只要|即使"  # a condition: 如无
    r"|防|避免|杜绝|确保|力争|争取|努力|做到|实现|保证"  # a wish: 确保无
    r"|(?:查处|查办|查获|打击|整治|治理|取缔|取消|惩治|惩处|纠正|制止|严禁|禁止|遏制|存在|严查|清退|消除|"
    r"(?<!经)(?<!经全面)清理)(?:了|各类|一批)?$"  # an action against 无照经营, not a result as in 经清理无…
    r"|个别|有的|有些|少数|部分"  # only some: 有的单位没有
)
"""Matches in the group `lead` of a clause that does not state a zero."""


class ZeroStatement(NamedTuple):
    """Offsets of a statement of zero: code points of the text, 0-based, end-exclusive."""

    start: int
    name_start: int
    """Start of the name of what is absent. The name ends at `end`."""
    end: int


def find_zero_statements(folded: str) -> Iterator[ZeroStatement]:
    """Yield the statements of zero in a folded text, from left to right.

    A statement is a clause that contains a negation and ends with one of the `_COUNTED_NOUNS`. At most 12 characters
    precede the negation. At most 18 characters of the name precede the noun. Wishes and conditions are skipped.
    Linear in the length of the text.
    """
    if not any(word in folded for word in ("无", "没有", "未", "零")):
        return
    for match in _ZERO_STATEMENT.finditer(folded):
        if not _NOT_ASSERTED.search(match["lead"]):
            yield ZeroStatement(match.start("none"), match.start("name"), match.end())
