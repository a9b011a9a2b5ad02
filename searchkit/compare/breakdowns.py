"""Contradictions in the sentences of one paragraph: parts and their total, shares, values before and after a change.

Most lists of the parts of a total are not meant to be complete, and most lists are not parts of a total. Silence is
preferred to false alarms.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import combinations, pairwise, product

from searchkit.compare.facts import REAL_GROWTH, rounded_range, sentence_start
from searchkit.compare.findings import Finding, build_finding, build_paragraph_finding
from searchkit.model import Measure, Paragraph
from searchkit.query.agreement import format_number, precision, rounding_error
from searchkit.query.unit_conversion import PEOPLE_UNITS, unit_family, unit_scale

_COMPLETE_BREAKDOWN = re.compile(r"分别|分为|[:：]\s*$")
"""Words, or a colon at the end, between a total and its parts, after which the parts are complete. After 其中 and 包括
they need not be."""
_AND_SO_ON = re.compile(r"\s*[\w ]{0,4}等")
"""Text after the last part that means that there are more parts: 等, 的医院等."""
_NOT_SUMMABLE = re.compile(
    "[均总原占由从每超增减]|标准|累计|剔除|扣除|调整|口径|可比|实际|发展到|增加到|提高到|以上|以下|[率%]"
)
"""Words of a part that cannot be added to other parts: means (均, 每), shares (占, 率), other totals (总, 累计), values
before and after a change (原, 由, 从, 增加到), corrected values (剔除, 调整, 可比)."""
_MEAN = re.compile("均|率|比重|指数")
"""Words of a mean, a rate or an index, which is not the sum of its parts."""
_MAX_GAP_LENGTH = 20
"""Maximum number of characters between two parts of one list."""
_MAX_SUBSET_PARTS = 12
"""Maximum number of parts for which all subsets are summed. The number of subsets doubles with each part."""
_MAX_NEAR_SHORTFALL = 0.02
"""If three or more parts fall short of their total by at most this share of it, that is a mistake even if no word says
that the parts are complete. If more is missing, there are probably other parts."""
_MAX_EXCESS = 1.5
"""Maximum ratio of a part to its total. A larger part is a part of something else."""

_BOUNDED_RATE = re.compile("率|占|比例|比重|满意度")
"""Words of a percentage that is a share or a rate."""
_UNBOUNDED_RATE = re.compile(
    "[增减降升涨长超倍]|提高|同比|环比|完成|达产|计划|目标|预算|进度|压缩|提前|指标|履约|相当|[是为]上|定额|预期|数额|任务|"
    "负债|拨备|充足|产销|自给|使用率|利用率|毛入|毛在|入学率|入园率|收益|回报|利润|周转|杠杆|开工|到位|换手|置换|依存|补充|求人倍|"
    "密度|占补|平衡|兑现|执行|保值|成活|保有|出租|覆盖倍|实现率|支付率"
)
"""Words of a percentage that can be above 100 %: growth, completion of a plan, and rates such as 负债率 and 产销率."""
_MAX_RATE = 100
"""Maximum of a share or rate, in percent."""
_SHARE = re.compile(r"\s*(?:约)?占(?:比|总数的?|总量的?|总额的?|全部的?|其中的?|的)?[为达到]?\s*(?:[\d.．%％ ]|百分)")
"""Matches the beginning of the share of a part in its total: 占30%, 占总数的30%. Does not match a share in something
else, which is named: 占全国的30%."""
_SHARE_GAP = re.compile(r"[\s，,、（(]*")
"""What can stand between a part and its share."""

_ROSE_TO = re.compile(r"(?:增加|提高|上升|增长|扩大|提升|上涨|增|升|攀升)[至到]")
_FELL_TO = re.compile(r"(?:减少|下降|降低|缩小|压缩|缩短|回落|降|减|压减|缩减)[至到]")
"""Words between the values before and after an increase or a decrease."""
_REVERSED = re.compile("名|位|能耗|降幅|减幅|跌幅")
"""Words of values of which a smaller one can be an increase: ranks, and the size of a decrease."""
_YEARS_GROWTH = re.compile("年均|平均|累计|实际|可比|不变|扣除|剔除|口径|名义|环比|翻|倍")
"""Words of a change that is not the quotient of the two values beside it."""
_LIST = re.compile("分别|[。；;]|其中")
"""Words and marks after which numbers belong to different things."""
_PLAIN_CHANGE = re.compile(
    r"[，、,（(\s]{0,2}(?:同比|环比|比上年|较上年|年均|平均每年|每年平均|每年|年平均)*"
    r"(?:递增|增[长加幅]|上升|提高|下降|减少|降低|[增降减])?[长加]?(?:约|近|了)?\s*[\d.．百]"
)
"""The text from a value to its change, which names nothing else: ，年均增长22.2%."""
_MEAN_GROWTH = re.compile("年均|平均每年|每年平均|年平均")
_TERMS = (4, 5)
"""Numbers of years that a mean growth may span, beside the number of years between its two values. The years of the
values can be unknown."""
_MAX_YEARS = 10
"""Maximum number of years of a mean growth."""
_MEAN_SLACK = 1.0
"""Percentage points by which a mean growth may differ from the one computed from the two values, which may have been
revised."""
_RATIO = re.compile(
    r"(?<![\d.])(\d{1,2}(?:\.\d+)?)\s*[:：∶﹕]\s*(\d{1,2}(?:\.\d+)?)\s*[:：∶﹕]\s*(\d{1,2}(?:\.\d+)?)(?![\d.:：∶﹕])"
)
"""Three shares: 10.7∶37.6∶51.7."""
_MAX_RATIO_ERROR = 20
"""Maximum difference between the sum of three shares and 100. Numbers with another sum are not shares: 3∶3∶4."""
_INDUSTRIES = re.compile("产业[^。；]*(?:结构|比例|比重|比|构成)")
"""Words before the shares of the three industries."""
_MAX_GAP = 30
"""Maximum number of characters from a value to the end of its change in percent: 共50件，增加10件，增长20%. Also the
number of characters before three shares in which the words for the industries must be."""


def check_breakdowns(report: Sequence[Measure]) -> Iterator[Finding]:
    """Yield a finding for each total in the prose of a report whose parts should add up to it and do not."""
    by_id = {measure.id: measure for measure in report}
    breakdowns: dict[str, list[Measure]] = {}
    for measure in report:
        if measure.part_of in by_id:
            breakdowns.setdefault(measure.part_of, []).append(measure)
    for total_id, parts in breakdowns.items():
        total = by_id[total_id]
        if (
            not _MEAN.search(total.indicator)
            and all(_is_summable(total, part) for part in (total, *parts))
            and _is_list(parts)
        ):
            yield from _check_breakdown(total, parts)


def _check_breakdown(total: Measure, parts: Sequence[Measure]) -> Iterator[Finding]:
    """Yield a finding if the parts do not add up to the total, within the rounding of all numbers, but should."""
    parts_sum = round(sum(part.base_value for part in parts), 6)
    tolerance = rounding_error((total, *parts))
    if parts_sum > total.base_value + tolerance:
        is_wrong = _is_excess_wrong(total, parts, tolerance)
    else:
        is_wrong = parts_sum < total.base_value - tolerance and _is_shortfall_wrong(total, parts, parts_sum)
    if is_wrong:
        scale, unit = unit_scale(total), total.unit or ""
        stated, actual = format_number(total.value), format_number(parts_sum / scale)
        yield build_finding(
            "parts", f"{total.quote}: the parts add up to {actual}{unit}, not {stated}{unit}", total, *parts
        )


def _is_list(parts: Sequence[Measure]) -> bool:
    """Return whether parts are items of one list: close to each other, without other numbers between them."""
    text = parts[0].source.text
    pairs = list(pairwise(parts))
    return all(second.start - first.end <= _MAX_GAP_LENGTH for first, second in pairs) and not any(
        re.search(r"\d", text[first.end : second.start]) for first, second in pairs
    )


def _is_summable(total: Measure, part: Measure) -> bool:
    """Return whether a part is an exact actual value with the unit and period of the total, and can be added to others.

    If `part` is the total itself, its words are not checked.
    """
    return (
        part.bound == "exact"
        and part.kind in {"count", "money"}
        and part.section != "计划"
        and part.status == "actual"
        and not (
            part is not total and _NOT_SUMMABLE.search(f"{part.indicator.removeprefix(total.indicator)} {part.quote}")
        )
        and part.change is None
        and (part.base_unit, part.period) == (total.base_unit, total.period)
    )


def _is_excess_wrong(total: Measure, parts: Sequence[Measure], tolerance: float) -> bool:
    """Return whether parts that add up to more than their total are a mistake.

    A single part that exceeds the total is a mistake, unless it exceeds the total by so much that it must be a part of
    something else (`_MAX_EXCESS`). If no single part exceeds the total, there is no mistake in three cases. Some of the
    parts add up to the total: the other parts are a second breakdown, or parts of parts. The parts are people: a person
    can belong to several parts. There are more than `_MAX_SUBSET_PARTS` parts: they are not judged.
    """
    if any(part.base_value > total.base_value + tolerance for part in parts):
        return max(part.base_value for part in parts) <= total.base_value * _MAX_EXCESS
    if len(parts) > _MAX_SUBSET_PARTS or total.base_unit in PEOPLE_UNITS:
        return False
    values = [part.base_value for part in parts]
    return not any(
        abs(sum(subset) - total.base_value) <= tolerance
        for size in range(1, len(values))
        for subset in combinations(values, size)
    )


def _is_shortfall_wrong(total: Measure, parts: Sequence[Measure], parts_sum: float) -> bool:
    """Return whether parts that add up to less than their total are a mistake.

    They are a mistake only if nothing can be missing. Two or more parts are complete if the total follows all of them,
    or if 分别, 分为 or a colon is between the total and the parts. Without these words, three or more parts are a
    mistake if their sum is close to the total. If the total comes first, and 等 follows the last part, there are more
    parts, so there is no mistake.
    """
    first, last = min(part.start for part in parts), max(part.end for part in parts)
    if total.start > first:  # A 10件，B 20件，共30件
        return total.start > max(part.start for part in parts) and len(parts) > 1
    text = total.source.text
    if _AND_SO_ON.match(text, last):
        return False
    shortfall = total.base_value - parts_sum
    is_near = len(parts) > 2 and shortfall <= total.base_value * _MAX_NEAR_SHORTFALL  # noqa: PLR2004 - fewer prove little
    return is_near or (len(parts) > 1 and bool(_COMPLETE_BREAKDOWN.search(text, total.end, first)))


def check_rates(report: Sequence[Measure]) -> Iterator[Finding]:
    """Yield a finding for each share of more than 100 %, and for each that is not the quotient of part and total.

    The second check applies to a share directly after its part: 立案100件，其中A 40件，占30%.
    """
    by_id = {measure.id: measure for measure in report}
    previous: Measure | None = None
    for measure in report:
        if measure.base_unit == "%" and measure.section != "计划" and measure.status == "actual":
            if measure.change is None and measure.base_value > _MAX_RATE and _is_bounded(measure):
                yield build_finding("rate", f"{measure.quote}: more than {_MAX_RATE}%", measure)
            elif previous is not None and previous.part_of in by_id and _is_share_of(previous, measure):
                yield from _check_share(by_id[previous.part_of], previous, measure)
        previous = measure


def _is_bounded(measure: Measure) -> bool:
    """Return whether a percentage cannot be above 100 %."""
    words = f"{measure.indicator} {measure.quote}"
    return bool(_BOUNDED_RATE.search(words)) and not _UNBOUNDED_RATE.search(words)


def _is_share_of(part: Measure, share: Measure) -> bool:
    """Return whether the percentage `share`, directly after `part`, is the share of this part in its total."""
    text = part.source.text
    gap = _SHARE_GAP.match(text, part.end)
    return (
        part.paragraph == share.paragraph
        and part.bound == share.bound == "exact"
        and part.change is share.change is None
        and gap is not None
        and share.start <= gap.end() + 1
        and _SHARE.match(text, gap.end()) is not None
    )


def _check_share(total: Measure, part: Measure, share: Measure) -> Iterator[Finding]:
    """Yield a finding if a share is not the quotient of a part and its total, within the rounding of all numbers."""
    is_same = unit_family(total.base_unit) == unit_family(part.base_unit) and total.bound == "exact"
    if not is_same or total.base_value <= 0 or part.base_value <= 0:
        return
    (low, high), (total_low, total_high) = rounded_range(part), rounded_range(total)
    error = precision(share)
    if total_low <= 0 or low <= 0:
        return
    smallest, largest = 100 * low / total_high - error, 100 * high / total_low + error
    if not smallest <= share.base_value <= largest:
        quotient = format_number(round(100 * part.base_value / total.base_value, 2))
        message = f"{part.quote} of {total.quote} are {quotient}%, not {format_number(share.value)}%"
        yield build_finding("rate", message, share, part, total)


def check_directions(report: Sequence[Measure]) -> Iterator[Finding]:
    """Yield a finding for each pair of values before and after a change that contradict its words or its percentage.

    由100件下降到120件; 由100件增加到120件，增长10%.
    """
    for index, (old, new) in enumerate(pairwise(report)):
        if (
            old.status == "before"
            and new.status == "actual"
            and _is_pair(old, new, report[index - 1] if index else None)
        ):
            yield from _check_pair(old, new, report[index + 2] if index + 2 < len(report) else None)


def _is_pair(old: Measure, new: Measure, previous: Measure | None) -> bool:
    """Return whether two measures are the value before and after one change, and not items of two lists.

    Returns False, too, if one of them is not exact, or if a smaller value can be an increase (`_REVERSED`). `previous`:
    the measure before both, or None.
    """
    if old.paragraph != new.paragraph or unit_family(old.base_unit) != unit_family(new.base_unit):
        return False
    text = old.source.text
    start, between = sentence_start(old), text[old.end : new.start]
    is_in_list = previous is not None and (previous.paragraph, previous.status) == (old.paragraph, "before")
    return (
        old.bound == new.bound == "exact"
        and old.change is new.change is None
        and not (is_in_list and previous is not None and previous.start >= start)
        and not re.search(r"[。；;\d]", between)
        and not re.search(r"分别|各为", text[start : new.end])
        and not re.match(r"(?:左右)?[和、]\d", text[new.end : new.end + 4])
        and not _REVERSED.search(f"{old.indicator} {new.indicator} {new.unit} {between}")
    )


def _check_pair(old: Measure, new: Measure, change: Measure | None) -> Iterator[Finding]:
    """Yield a finding if the values before and after a change contradict its words or its percentage.

    `change`: the measure after both values, which may be the percentage; None if no measure follows.
    """
    between = old.source.text[old.end : new.end]
    (old_low, old_high), (new_low, new_high) = rounded_range(old), rounded_range(new)
    rose, fell = _ROSE_TO.search(between), _FELL_TO.search(between)
    word = None if rose and fell else (rose and new_high < old_low and rose) or (fell and new_low > old_high and fell)
    if word:
        message = f"{old.quote} {word[0]} {new.quote}: the values change in the other direction"
        yield build_finding("change", message, new, old)
    elif change is not None:
        yield from _check_growth_of_pair(old, new, change)


def check_growth(report: Sequence[Measure]) -> Iterator[Finding]:
    """Yield a finding for each value whose change in its unit and change in percent do not agree.

    共50件，增加10件，增长20%: from 40 to 50 is 25%.
    """
    for now, amount, percent in zip(report, report[1:], report[2:], strict=False):
        if percent.base_unit != "%":
            continue
        text = now.source.text
        is_plain = now.change is None and now.bound == amount.bound == percent.bound == "exact" and now.base_value > 0
        if (
            not is_plain
            or not _PLAIN_CHANGE.match(text[amount.end : percent.end])
            or now.base_unit == "%"
            or amount.base_unit == "%"
        ):
            continue
        if amount.change is None or amount.change != percent.change or now.paragraph != percent.paragraph:
            continue
        between = text[now.end : percent.end]
        words = f"{now.indicator} {now.quote} {between}"
        if unit_family(now.base_unit) != unit_family(amount.base_unit) or now.status != "actual":
            continue
        if _YEARS_GROWTH.search(words) or _LIST.search(words) or _is_real(now, words) or len(between) > _MAX_GAP:
            continue
        pairs = list(product(rounded_range(now), rounded_range(amount)))
        if any(value - difference <= 0 for value, difference in pairs):
            continue
        error = precision(percent)
        growths = [100 * difference / (value - difference) for value, difference in pairs]
        if not min(growths) - error <= percent.signed_value <= max(growths) + error:
            growth = format_number(round(100 * amount.signed_value / (now.base_value - amount.signed_value), 2))
            message = f"{now.quote}, {amount.quote} is {growth}%, not {percent.quote}"
            yield build_finding("change", message, now, amount, percent)


def _check_growth_of_pair(old: Measure, new: Measure, change: Measure) -> Iterator[Finding]:
    """Yield a finding if the growth that is stated after two values is not the growth from one to the other.

    A mean growth per year (年均增长) may be the mean over the years between the values, or over any of `_TERMS`.
    """
    text = new.source.text
    if change.paragraph != new.paragraph or change.change is None or change.bound != "exact":
        return
    if change.base_unit != "%" or new.base_unit == "%" or old.base_value <= 0:
        return
    stated = text[new.end : change.end]
    words = f"{old.indicator} {new.indicator} {text[sentence_start(new) : change.end]}"
    if not _PLAIN_CHANGE.match(stated) or _LIST.search(words) or _is_real(new, words):
        return
    is_mean = _MEAN_GROWTH.search(stated) is not None
    if _YEARS_GROWTH.search(_MEAN_GROWTH.sub("", stated)):
        return
    between = new.of_year - old.of_year if new.of_year and old.of_year else 0
    years = {between, *_TERMS} if is_mean else {1}
    growths = [_growth_range(old, new, number) for number in years if 0 < number <= _MAX_YEARS]
    error = _MEAN_SLACK if is_mean else precision(change)
    if any(low - error <= change.signed_value <= high + error for low, high in growths):
        return
    number = 1
    if is_mean:
        number = between if 1 < between <= _MAX_YEARS else max(_TERMS)
    growth = format_number(round(100 * ((new.base_value / old.base_value) ** (1 / number) - 1), 2))
    each = f" a year in {number} years" if is_mean else ""
    message = f"from {old.quote} to {new.quote} is {growth}%{each}, not {format_number(change.signed_value)}%"
    yield build_finding("change", message, change, old, new)


def _growth_range(old: Measure, new: Measure, years: int) -> tuple[float, float]:
    """Return the lowest and highest growth per year from one value to another, in percent.

    Returns minus and plus infinity if a value can be 0 or less.
    """
    (old_low, old_high), (new_low, new_high) = rounded_range(old), rounded_range(new)
    if old_low <= 0 or new_low <= 0:
        return float("-inf"), float("inf")
    low, high = (100 * ((a / b) ** (1 / years) - 1) for a, b in ((new_low, old_high), (new_high, old_low)))
    return low, high


def _is_real(measure: Measure, words: str) -> bool:
    """Return whether the growth of a measure is stated at constant prices."""
    return measure.kind == "money" and REAL_GROWTH.search(words) is not None


def check_ratios(paragraph: Paragraph) -> Iterator[Finding]:
    """Yield a finding for shares of the three industries whose sum differs from 100 by more than three roundings.

    三次产业结构为10∶38∶49. Numbers whose sum differs by more than `_MAX_RATIO_ERROR` are not shares.
    """
    text = paragraph.text
    for match in _RATIO.finditer(text) if "产业" in text else ():
        shares = [float(number) for number in match.groups()]
        digits = max(len(number.partition(".")[2]) for number in match.groups())
        is_of_industries = _INDUSTRIES.search(text, max(0, match.start() - _MAX_GAP), match.start())
        total = round(sum(shares), digits)
        if is_of_industries and 1.5 * 10**-digits + 1e-6 < abs(total - 100) <= _MAX_RATIO_ERROR:  # three roundings
            message = f"{match[0]}: the shares add up to {format_number(total)}, not 100"
            yield build_paragraph_finding("parts", message, paragraph, match.start(), tuple(shares))
