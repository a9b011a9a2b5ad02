"""Names of quantities in the words around them: where a name begins and ends, and several names in one clause.

The name before a number is what remains of its clause without the words around it (累计受理案件共计5件: 案件). Which
name a quantity has, and how it is completed from its context, is decided in `indicators.py`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from searchkit.measures import wording
from searchkit.measures.quantities import Quantity
from searchkit.measures.words import cuts_word, first_word_length, is_inside_word

MIN_NAME_LENGTH = 2
"""Minimum length of a name, in code points."""
_PAIR = 2
"""Number of names, or of numbers, in a pair: 存、贷款余额."""
MAX_TRAILING_NAME_LENGTH = 28
"""Maximum length in code points of a name after a number."""
_MAX_TAIL_LENGTH = 8
"""Maximum length in code points of the text after 的 that still belongs to the name: 98户学校的监管整合."""
_MAX_MODIFIER_LENGTH = 3
"""Maximum length in code points of a modifier before a name that several modifiers share: 居民 in 居民和工商业用电."""
_FIRST_HAN = "\u4e00"
"""The first Chinese character. Characters from this one on count as Chinese."""
_TIME_ENDS = frozenset("年月日末底初间")
"""Last characters of a time expression. A time expression before a name (今年) is never the beginning of its first
word."""


class NameText:
    """A paragraph in which names are found. All offsets are in code points."""

    def __init__(self, text: str, folded: str) -> None:
        """`folded` is the text folded, of the same length."""
        self._text = text
        self._folded = folded

    def trim(self, begin: int, end: int, *, is_change: bool = False) -> tuple[int, int]:
        """Return the span of the name between two offsets, without the words around it that are not part of a name.

        `is_change`: whether the name is that of a change (增长5%).
        """
        folded = self._folded
        begin, end = self._trim_baseline(begin, end, is_change=is_change)
        end = self.trim_end(begin, end)
        total = _last_match(wording.TOTAL_WORD.finditer(folded, begin, end))
        if total is not None and total.end() < end and not self._cuts_word(total, end):
            begin = total.end()
        lead = wording.CHANGE_LEAD.match(folded, begin, end) if is_change else None
        begin = lead.end() if lead else begin
        addressee = wording.ADDRESSEE.match(folded, begin, end)
        begin = self._skip_lead_in(addressee.end() if addressee else begin, end)
        verbs = [*wording.LIGHT_VERB.finditer(folded, begin, end)]
        while verbs and self._cuts_word(verbs[-1], end):
            verbs.pop()
        verb = verbs[-1] if verbs else None
        if (
            verb is not None
            and end - verb.end() >= MIN_NAME_LENGTH
            and folded[verb.end() : end] not in ("工作", "活动")
        ):
            # The name after the verb is unclear without its topic before the verb: 乡镇企业完成增加值, 项目储备规模.
            is_unclear = wording.NEEDS_CONTEXT.fullmatch(folded, verb.end(), end)
            can_follow_topic = verb[0] in wording.COMPLETION_VERBS or is_unclear
            has_topic = can_follow_topic and verb.start() - begin >= MIN_NAME_LENGTH
            has_actor = wording.ACTOR.search(folded, begin, verb.start()) and not is_unclear
            if not has_topic or has_actor:
                begin = self._skip_lead_in(verb.end(), end)
        conjunction = folded.rfind("并", begin, end)
        if conjunction > begin and end - conjunction > len("并立案处罚") - 1:  # at least four characters after 并
            begin = conjunction + 1
        end = self.trim_end(begin, end)
        if end - begin > len("审查工作") and folded.endswith("工作", begin, end):  # 工作 adds nothing to a longer name
            end -= len("工作")
        if folded[begin - 1 : begin] == "“" and folded.find("”", begin, end) >= 0:  # the name begins with a quotation
            begin -= 1
        return begin, max(begin, end)

    def _trim_baseline(self, begin: int, end: int, *, is_change: bool) -> tuple[int, int]:
        """Return the span after the baseline of a comparison (比上年), or before the baseline if no name follows it.

        Without a baseline, return the span unchanged. Unless the name is that of a change, 年均 is a baseline only at
        the start.
        """
        baseline = _last_match(wording.BASELINE.finditer(self._folded, begin, end))
        if baseline is None or (baseline["yearly"] and not is_change and baseline.start() > begin):
            return begin, end
        rest = self._folded[baseline.end() : end].strip()
        is_name = not (wording.ADVERBS_OF_CHANGE.fullmatch(rest) or wording.EMPTY_NAME.fullmatch(rest))
        return (baseline.end(), end) if is_name else (begin, baseline.start())

    def trim_compared_level(self, begin: int, end: int, quantity: Quantity) -> int:
        """Return the end of the name (甲 in 甲达到乙的2倍) before the level that a multiple or share refers to (乙).

        Return `end` if the quantity refers to no other level.
        """
        if quantity.unit not in ("倍", "%") or self._folded[quantity.start - 1 : quantity.start] != "的":
            return end
        compared = wording.COMPARED_LEVEL.search(self._folded, begin + MIN_NAME_LENGTH, end)
        return self.trim_end(begin, compared.start()) if compared else end

    def read(self, begin: int, end: int) -> str:
        """Return the text of a name, without the times in it."""
        name = self._text[begin:end]
        return wording.TIME_IN_NAME.sub(" ", name).strip() if "年" in name else name

    def trim_end(self, begin: int, end: int) -> int:
        """Return the end of the name, without the words between the name and its number."""
        folded = self._folded
        while end > begin and (folded[end - 1] in wording.TRAILING_ENDS or folded[end - 1].isspace()):
            nearby = max(begin, end - wording.MAX_TRAILING_WORD_LENGTH)
            word = wording.TRAILING_WORD.search(folded, nearby, end)
            if word is None and folded[end - 1] in _TIME_ENDS:
                word = wording.TIME_AT_END.search(folded, nearby, end)
            if word is None or (word[0] in wording.ADVERBS and is_inside_word(folded, word.start())):  # 首都, 供应
                break
            end = word.start()
        return end

    def _skip_lead_in(self, begin: int, end: int) -> int:
        """Return the start of the name, after the words that lead to it."""
        while begin < end:
            lead_in = wording.LEAD_IN.match(self._folded, begin, end)
            if lead_in is None or self._cuts_word(lead_in, end):
                lead_in = wording.LEADING_LIGHT_WORD.match(self._folded, begin, end)
                if lead_in is None or lead_in.end() > end - 2 or self._cuts_word(lead_in, end):
                    break
            begin = lead_in.end()
        return begin

    def _cuts_word(self, lead_in: re.Match[str], end: int) -> bool:
        """Return whether words before a name are the beginning of its first word: 规范性文件, 将乐县."""
        last = lead_in[0][-1:]
        can_begin_word = last >= _FIRST_HAN and last not in _TIME_ENDS and lead_in[0] != "新建"  # 新建|村级公路
        return can_begin_word and cuts_word(self._folded, *lead_in.span(), end)

    def split(self, begin: int, end: int, length: int, quantity: Quantity | None) -> list[range]:
        """Return the spans of the names of several numbers, or of several names that share one number, otherwise [].

        `length` is how many numbers follow the names. `quantity` is the first of them, or None if they are in a later
        clause. Names that can share a number are rates, and amounts before a `wording.EACH_VERB`
        (地区生产总值、财政收入均突破2万亿元).
        """
        is_percent = quantity is not None and quantity.kind == "percent"
        is_each = quantity is not None and not is_percent and self._is_each(end, quantity.start)
        if length == 1 and not is_percent and not is_each:
            return []
        each = wording.DISTRIBUTIVE.search(self._folded, begin, end)
        stop = each.start() if each else end
        spans = self._split_at(wording.NAME_SEPARATOR, begin, stop, end)
        if len(spans) > length > _PAIR:  # 和 and 及 can be parts of names: 软件和信息技术服务业、互联网及相关服务业收入
            spans = self._split_at(wording.ITEM_SEPARATOR, begin, stop, end)
        if len(spans) == 1:
            return []
        has_head = len(spans) == length and wording.SHARED_HEAD.search(self._folded, spans[-1].start, spans[-1].stop)
        min_length = 1 if has_head else MIN_NAME_LENGTH  # 肉、奶产量分别达到3吨和5吨
        if any(len(span) < min_length for span in spans):
            return []
        if length > 1:
            return spans if len(spans) == length else []
        if is_each and any(wording.OWNED_AMOUNT.fullmatch(self._folded, span.start, span.stop) for span in spans[1:]):
            return []
        suffix = wording.AMOUNT_SUFFIX if is_each else wording.RATE_SUFFIX
        return spans if all(suffix.search(self._folded[span.start : span.stop]) for span in spans) else []

    def _is_each(self, end: int, start: int) -> bool:
        """Return whether the number at `start` applies to each of the names before it, as in 均突破2万亿元.

        `end`: where the last name ends.
        """
        first = max(0, min(end, start) - 2, start - wording.MAX_TRAILING_WORD_LENGTH)
        return wording.EACH_VERB.search(self._folded, first, start) is not None

    def _split_at(self, separator: re.Pattern[str], begin: int, stop: int, end: int) -> list[range]:
        """Return the spans between the separators before `stop`. The last span ends at `end`."""
        cuts = [match.span() for match in separator.finditer(self._folded, begin, stop)]
        bounds = [begin, *(offset for cut in cuts for offset in cut), end]
        return [range(bounds[i], bounds[i + 1]) for i in range(0, len(bounds), 2)]

    def item_name(self, spans: Sequence[range], i: int) -> str:
        """Return name i of several, completed by words of the last name or of the first one.

        The last name completes the first in 养老保险、失业保险参保人数 (by 参保人数), the first completes the last in
        旅游接待总人次和总收入 (by 旅游).
        """
        name, last = (self.read(spans[n].start, spans[n].stop) for n in (i, len(spans) - 1))
        each = wording.DISTRIBUTIVE.search(last)
        if each:  # 甲县、乙县分别完成投资3亿元、5亿元
            verb = wording.LEADING_LIGHT_WORD.match(last, each.end())
            item = last[: each.start()] if i == len(spans) - 1 else name
            return f"{item} {last[verb.end() if verb else each.end() :]}".strip()
        if i and wording.NEEDS_CONTEXT.fullmatch(name):  # 旅游接待总人次和总收入
            subject = self.read(spans[0].start, spans[0].stop)
            return f"{subject[: first_word_length(subject)]} {name}"
        if i == len(spans) - 1 or wording.COMPLETE_NAME.search(name) or wording.SHARED_HEAD.search(name):
            return name
        head = wording.SHARED_HEAD.search(last)
        if head is None and len(name) <= _MAX_MODIFIER_LENGTH:  # 居民和工商业综合用电成本
            first = first_word_length(last[: _MAX_MODIFIER_LENGTH + 1])
            is_modifier = MIN_NAME_LENGTH <= first <= _MAX_MODIFIER_LENGTH and len(last) > first + _MAX_MODIFIER_LENGTH
            return f"{name} {last[first:]}" if is_modifier else name
        if head is None:
            return name
        stem = last[: head.start()][-1:]
        is_half = (  # 存 is the first half of 存款 in 存、贷款余额
            len(spans) == _PAIR
            and head.start() == MIN_NAME_LENGTH
            and is_inside_word(name[-1:] + stem, 1)
            and not is_inside_word(name[-2:], 1)
        )
        return f"{name}{stem}{head[0]}" if is_half else f"{name} {head[0]}"

    def cut(self, following: str, *, is_clause_end: bool) -> str:
        """Return the name at the start of `following`, the text after a number.

        `is_clause_end`: whether a clause ends where `following` ends.
        """
        ends = wording.NAME_END.finditer(following, 1)
        end = next((end for end in ends if len(end[0]) > 1 or not is_inside_word(following, end.start())), None)
        name = following[: end.start()] if end else following
        if end and is_clause_end:
            tail_length = len(following) - end.end()
            if (
                end[0] == "的" and MIN_NAME_LENGTH <= tail_length <= _MAX_TAIL_LENGTH
            ) or wording.GENERIC_NAME.fullmatch(name):
                name = following
        return wording.NAME_TAIL.sub("", name[:MAX_TRAILING_NAME_LENGTH].rstrip("的 "))


def _last_match(matches: Iterator[re.Match[str]]) -> re.Match[str] | None:
    """Return the last match, or None."""
    match = None
    for match in matches:  # noqa: B007
        pass
    return match


def strip_marks(name: str) -> str:
    """Return a name without marks at its ends: punctuation, a last conjunction, the mark of a footnote.

    If quotation marks are unbalanced, removes all of them. If brackets are unbalanced, removes those at its ends, and
    the text from the first remaining bracket on.
    """
    name = name.strip("、，,:： ·").rstrip("⁰¹²³⁴⁵⁶⁷⁸⁹")
    if len(name) > MIN_NAME_LENGTH and name[-1] in "和及与并" and not name.endswith(("惠及", "涉及", "普及")):
        name = name[:-1]
    if name.count("“") != name.count("”"):
        name = name.replace("“", "").replace("”", "")
    opening, closing = sum(map(name.count, "(（")), sum(map(name.count, ")）"))
    return name if opening == closing else re.split("[(（]", name.strip("()（）、，,: "))[0]
