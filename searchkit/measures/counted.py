"""Whether a number with an everyday unit counts something, or belongs to an idiom, an ordinal or a slogan.

Small Chinese numerals often count nothing: 坚持三个原则, 工程二期, 和群众打成一片. In 处分两名干部 and 立案一件, they
count something.
"""

from __future__ import annotations

import re

from searchkit.measures import wording
from searchkit.measures.names import MIN_NAME_LENGTH
from searchkit.measures.quantities import Quantity

_MAX_SLOGAN_LENGTH = 10
"""Number of code points on each side of a quantity that are searched for the same quantity."""


def is_idiom(folded: str, quantity: Quantity, preceding: str) -> bool:
    """Return whether a number and its unit are an idiom (一起 in 站在一起), or are in the slogan 发现一起、查处一起.

    `preceding` is the text before the number. If it ends with an act of the administration (立案一起), the number is no
    idiom, except in the slogan.
    """
    if quantity.value != 1:
        return False
    nearby = folded[max(0, quantity.start - _MAX_SLOGAN_LENGTH) : quantity.end + _MAX_SLOGAN_LENGTH]
    if folded.startswith("一起", quantity.start) and nearby.count("一起") > 1:  # 发现一起,查处一起
        return True
    is_idiom_by_itself = wording.IDIOM.match(folded, quantity.start) is not None
    return is_idiom_by_itself and wording.COUNTED_ACT.search(preceding) is None  # 立案一起


def is_enumeration(preceding: str, quantity: Quantity) -> bool:
    """Return whether the text before a number lists what the number counts: 甲、乙、丙等3个专业, 甲和乙2个中心."""
    preceding = preceding.rstrip()
    count = len(re.findall(r"、|和|及|与|》《", preceding)) + 1
    return count > 1 and (preceding.endswith("等") or count == quantity.value)


def is_counted(folded: str, quantity: Quantity, preceding: str, before: str, after: str) -> bool:
    """Return whether a vague quantity, a small Chinese numeral with an everyday unit, counts something.

    `preceding` is the text before the number in its clause. `before` and `after` are the names in the text before and
    after the number.
    """
    if quantity.unit == "期":  # 培训班四期 counts, 工程二期 is an ordinal
        return bool(wording.SERIAL_NOUN.search(before))
    next_character = folded[quantity.end : quantity.end + 1]
    is_followed_by_act = (  # 立案两件并办结一件
        next_character in ("和", "及", "与", "并") and wording.COUNTED_ACT.search(before) is not None
    )
    is_at_end = not next_character or next_character in ",;。:!?、()"
    if is_at_end or is_followed_by_act:
        return not is_enumeration(preceding, quantity) and _is_counted_at_end(folded, quantity, preceding, before)
    if quantity.value == 1:  # 一 before a noun is an article: 一家企业
        return False
    previous_character = folded[quantity.start - 1 : quantity.start]
    if quantity.unit == "次" and previous_character not in tuple(
        "第这那上历多再首"
    ):  # 三次召开 counts; 这三次 needs a verb before it, as below
        return bool(wording.REPEATED_ACT.match(folded, quantity.end))
    # 处分两名干部, 新建三座桥梁 count; 坚持三个原则 does not.
    is_act = quantity.unit in wording.COUNTED_UNITS and wording.COUNTED_ACT.search(preceding) is not None
    has_verb = is_act or wording.COUNTING_VERB.search(preceding) is not None
    return bool(after) and has_verb and not wording.ABSTRACT_NOUN.match(folded, quantity.end)


def _is_counted_at_end(folded: str, quantity: Quantity, preceding: str, before: str) -> bool:
    """Return whether a vague quantity at the end of a clause, or before 和 and the like, counts something: 立案两件."""
    if quantity.value == 1 and (quantity.unit in wording.INDEFINITE_UNITS or _is_repeated(folded, quantity)):
        return False
    if len(before) > MIN_NAME_LENGTH:
        return True
    if quantity.unit not in wording.COUNTED_UNITS:
        return False
    if quantity.value == 1:
        return wording.COUNTED_ACT.fullmatch(before) is not None
    return len(before) == MIN_NAME_LENGTH or wording.COUNTED_TOTAL.search(preceding) is not None


def _is_repeated(folded: str, quantity: Quantity) -> bool:
    """Return whether the same number and unit occur again nearby: 发现一户、解决一户 is a slogan.

    Only the text between the last mark ,;。!? before the number and the next comma after it is searched.
    """
    start, end = quantity.start, quantity.unit_end
    printed = folded[start:end]
    before = re.split("[,;。!?]", folded[max(0, start - _MAX_SLOGAN_LENGTH) : start])[-1]
    return printed in before or printed in folded[end : end + _MAX_SLOGAN_LENGTH].partition(",")[0]
