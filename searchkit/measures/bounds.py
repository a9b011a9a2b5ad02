"""The bound of a quantity: approximate (约, 左右), a lower bound (超过, 以上) or an upper bound (不足, 以下)."""

from __future__ import annotations

import re

_VERBS_AFTER_APPROX = "增长|增加|提高|减少|下降|降低|达到?|为|有|占|合"
"""Verbs that can follow a word of approximation: 约占."""
_BOUND_BEFORE = re.compile(
    r"(?:(?P<at_least>不少于|不低于|不小于|不下于?|(?:至少|最少|起码)[要应]?(?:有|为|达到?)?|超过了?|突破了?|高于|大于(?:或者?)?(?:等于)?|多于|逾|超|满|上|[≥>])"
    r"|(?P<at_most>不超过|不高于|不多于|不大于|不足|不到|低于|小于(?:或者?)?(?:等于)?|少于|(?:最多|至多)有?|控制在|严控在|[≤<])"
    rf"|(?P<approx>大约|约|将近|接近|近|大概)(?:{_VERBS_AFTER_APPROX})?了?)[\s“]?$"
)
"""Matches a bound at the end of the text before a number. The name of the matching group is the bound: 超过 is
at_least, 不足 is at_most, 约 is approx."""
_NOT_A_BOUND = re.compile(
    r"(?:最近|附近|邻近|临近|赶超|反超|制约|节约|集约|条约|合约|预约|公约|履约|签约|邀约|缔约|违约|守约|向上|以上|网上|线上|上|不满|圆满|充满|美满|届满)$"
)
"""Matches a word at the end of the text before a number that ends like a bound but is none: 最近, 节约, 以上."""
_BOUND_AFTER = re.compile(
    r"\s?(?:(?P<at_least>(?:及|或)?以上|之上|多(?![家个样元数种]))|(?P<at_most>(?:及|或)?以[内下]|之[内下])|(?P<approx>左右|上下))"
)
"""Matches a bound directly after a number and its unit: 以上, 以内. The name of the matching group is the bound."""
_MAX_BOUND_LENGTH = 6
"""Number of code points before a quantity that are searched for a bound."""


def find_bound(folded: str, start: int, end: int, bound: str) -> tuple[str, int]:
    """Return the bound of a quantity, and the end of the quantity with the words of the bound after it.

    `start` and `end` delimit the number and its unit. `bound` is the bound that the number itself has (1300余人次), or
    `exact`. A bound after the unit takes precedence over `bound`; a bound before the number counts only if `bound` is
    `exact`.
    """
    after = _BOUND_AFTER.match(folded, end)
    if after:
        return str(after.lastgroup), after.end()
    if bound != "exact":
        return bound, end
    preceding = folded[max(0, start - _MAX_BOUND_LENGTH) : start]
    before = _BOUND_BEFORE.search(preceding)
    return ("exact" if before is None or _NOT_A_BOUND.search(preceding) else str(before.lastgroup)), end
