"""Statements of zero: 无败诉案件, 未发生安全事故. They are measures with the value 0."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

# The lookaheads exclude words that merely begin with 无 or 零: 无证, 无照, 无障碍, 零售.
_NEGATIONS = (
    "没有发生|没有出现|没有收到|没有|未发生|未出现|未有|未收到|未接到|未产生|未发现|未新增|"
    "无(?![证照障偿人线害纸籍效关论缝锡名界烟废法])|零(?![售部])"
)
_COUNTED_NOUNS = (
    "案件|事项|文件|败诉|事故|事件|上访|信访|投诉|举报|复议|诉讼|应诉|处分|情况|行为|申请|纠错|撤销|变更|执法人员|申诉|赔偿|疫情|病例|"
    "伤亡|死亡|差错|通报|问责|追责|违纪|违法|违规|听证|案例|纠纷|舆情|超期|逾期|退件|积压|移送|处罚|强制|败诉案|事宜|积案"
)
_ZERO_STATEMENT = re.compile(
    rf"(?:^|(?<=[,;。:!?、]))(?P<lead>[^,;。:!?、“”]{{0,12}}?)(?P<none>{_NEGATIONS})"
    rf"(?:一[起件次例名宗个])?(?P<name>[^,;。:!?、“”无没未]{{0,18}}?(?:{_COUNTED_NOUNS}))(?=[,;。:!?、]|$)"
)
# Words before the negation (the group `lead`) with which a clause is no statement of zero: 无 or 零 ends another word
# (有无), or the clause states a condition (如无) or a wish (防止, 确保).
_NOT_ASSERTED = re.compile(
    r"[有并从毫若如因虽全皆绝互别高南虚]$|如|若|因|对|凡|只要|即使|防|避免|杜绝|确保|力争|争取|努力|做到|实现|保证"
)


class ZeroStatement(NamedTuple):
    """Offsets of a statement of zero: code points of the text, 0-based, end-exclusive."""

    start: int
    name_start: int
    """Start of the name of what is absent. The name ends at `end`."""
    end: int


def find_zero_statements(folded: str) -> Iterator[ZeroStatement]:
    """Yield the statements of zero in a folded text, from left to right.

    A statement is a clause of a negation and one of the `_COUNTED_NOUNS` at its end, with few other characters. Wishes
    and conditions are skipped. Linear in the length of the text.
    """
    if not any(word in folded for word in ("无", "没有", "未", "零")):
        return
    for match in _ZERO_STATEMENT.finditer(folded):
        if not _NOT_ASSERTED.search(match["lead"]):
            yield ZeroStatement(match.start("none"), match.start("name"), match.end())
