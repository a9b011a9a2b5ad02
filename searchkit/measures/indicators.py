"""Indicators: the name of what each quantity counts, in the words of the sentence.

The name is in the clause of the quantity, before the number (监督检查5980户次) or after it (11个专业). If it is unclear
by itself, the context is prepended: the previous quantity, the total that the quantity is part of, the previous clause,
or the heading.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from operator import attrgetter

from searchkit.measures import wording
from searchkit.measures.periods import MAX_EXAMINED_TIMES, TimeExpression, find_period, find_times
from searchkit.measures.quantities import Quantity
from searchkit.measures.words import cuts_word, is_inside_word

_CLAUSE_BOUNDARY = re.compile(r"[,:]|\((?=其中|含|包括|不含)")
"""The end of a clause within a sentence: a comma, a colon, or a bracket before 其中 and the like."""
_PUNCTUATION = re.compile(r"[,;。:!?、]")
"""A punctuation mark between sentences, clauses or items, folded."""
_BRACKET = re.compile(r"\([^()]*(?:\([^()]*\)[^()]*)*\)")
"""A text in brackets, which may contain other brackets of one more level."""
_SENTENCE = re.compile(r"[^。!?;]+")
"""A sentence without its punctuation mark. A semicolon ends a sentence, too."""
_FIRST_HAN = "\u4e00"
"""The first Chinese character. Characters from this one on are Chinese."""
_TIME_ENDS = frozenset("年月日末底初间")
"""Last characters of a time expression. A word never begins inside of one."""
_CONJUNCTIONS = frozenset(("和", "、", "及", "与", "以及"))
"""Words between numbers that share the text before them: 32.6%和31.7%."""
_YEAR_NUMBER = re.compile(r"\d{4}年度?")
"""2023年度."""
_MAX_TRAILING_NAME_LENGTH = 20
"""Maximum length in code points of a name after a number."""
_MAX_INDICATOR_LENGTH = 200
"""Maximum length in code points of each part of an indicator. A longer part, which no report has, is cut at its start,
because its end is next to the number."""
_MIN_NAME_LENGTH = 2
"""Minimum length of a name, in code points."""
_LENDING_KINDS = frozenset(("count", "other"))
"""Kinds of measures that can name the subject of later ones: in 新增企业3家,总投资5亿元, 企业 is the subject."""
_MAX_SLOGAN_LENGTH = 10
"""Number of code points around a quantity that are searched for the same quantity."""
_MAX_TAIL_LENGTH = 8
"""Maximum length in code points of the text after 的 that still belongs to the name: 98户学校的监管整合."""


@dataclass(frozen=True, slots=True)
class ParagraphContext:
    """A paragraph, with the headings, title and year that apply to its measures."""

    text: str
    folded: str
    """The text folded, of the same length."""
    headings: Sequence[str] = ()
    title: str = ""
    year: int | None = None
    """The reporting year."""


@dataclass(slots=True)
class NamedQuantity:
    """A quantity with the name of what it counts."""

    quantity: Quantity
    indicator: str
    start: int
    """Start of the quote: the start of the name if the name is before the number, otherwise that of the number."""
    change: str | None = None
    """`increase`, `decrease`, or None if the quantity is no change."""
    part_of: Quantity | None = None
    """The total that the quantity is part of."""
    period: str | None = None
    """The time expression that applies, as written; None if the quantity is of the reporting year."""


@dataclass(frozen=True, slots=True)
class _NameParts:
    """The parts that an indicator is built from."""

    before: str
    """The name in the text before the number, or ""."""
    after: str
    """The name in the text after the number, or ""."""
    start: int
    """Start of the quote."""
    change: re.Match[str] | None
    """The match of `wording.CHANGE_VERB`."""
    is_predicate: bool = False
    """Whether `after` is a predicate of the things counted, not their name: 使用该系统 in 646家使用该系统."""
    begin: int = 0
    """Start of the text before the number, including the words that are no part of the name."""


@dataclass(slots=True)
class _Names:
    """The names in a sentence so far, from which the names of later quantities are completed."""

    subject: str = ""
    """The first name that is clear by itself, or its context."""
    lends_subject: bool = True
    """Whether the subject can be the context of other names."""
    last_name: str = ""
    """The last name, without the verb of a change."""
    last_quantity: Quantity | None = None
    """The last quantity that is no change."""
    total: Quantity | None = None
    """The total whose parts are being listed."""
    total_name: str = ""
    list_verb: str = ""
    """The verb that the items of a list share: 调处化解甲1件、乙4件."""


def name_quantities(context: ParagraphContext, quantities: Sequence[Quantity]) -> list[NamedQuantity]:
    """Name the quantities of a paragraph. Leaves out quantities that count nothing.

    Linear in the length of the text.
    """
    named: list[NamedQuantity] = []
    n = 0
    for sentence in _SENTENCE.finditer(context.folded):
        first = n
        while n < len(quantities) and quantities[n].start < sentence.end():
            n += 1
        if n > first:
            named.extend(_Sentence(context, quantities[first:n], sentence.start(), sentence.end()).name_all())
    return [item for item in named if not wording.PAGE_COUNTER.fullmatch(item.indicator)]


class _Sentence:
    """Names the quantities of one sentence, from left to right."""

    def __init__(self, context: ParagraphContext, quantities: Sequence[Quantity], start: int, end: int) -> None:
        self._context = context
        self._text = context.text
        self._folded = context.folded
        self._quantities = quantities
        self._start = start
        self._end = end
        self._clause_starts = [start, *_find_clause_starts(context.folded, start, end, quantities)]
        self._times = find_times(context.folded, start, end)
        self._clause_topics: dict[int, str] = {}  # by n, the topic of the clause before clause n
        self._consumed_end = start  # end of the text that the previous quantities have used
        self._named_end = start  # end of the last quantity that has a name
        self._names = _Names()
        self._brackets = _find_remarks(context.folded, start, end, quantities)
        self._bracket: range | None = None  # the bracket that the current quantity is in
        self._names_outside = _Names()  # the names before that bracket

    def name_all(self) -> Iterator[NamedQuantity]:
        """Yield the quantities that count something."""
        k = 0
        while k < len(self._quantities):
            if self._brackets:
                self._enter_or_leave_bracket(self._quantities[k].start)
            length = self._run_length(k)
            yield from self._name_run(k, length)
            k += length

    def _enter_or_leave_bracket(self, offset: int) -> None:
        """At the start of a bracket, save the names before it. At its end, restore them. `offset`: of a quantity."""
        bracket = self._bracket_of(offset)
        if bracket == self._bracket:
            return
        if self._bracket is not None:
            self._names = self._names_outside
            self._consumed_end = max(self._consumed_end, self._bracket.stop)
        self._bracket, self._names_outside = bracket, replace(self._names)

    def _run_length(self, k: int) -> int:
        """Return the number of quantities from index k on that only conjunctions separate (32.6%和31.7%)."""
        n = k + 1
        while n < len(self._quantities):
            if self._folded[self._quantities[n - 1].end : self._quantities[n].start].strip() not in _CONJUNCTIONS:
                break
            n += 1
        return n - k

    def _name_run(self, k: int, length: int) -> Iterator[NamedQuantity]:
        """Name `length` quantities from index k on, which share the text before them."""
        quantity, last = self._quantities[k], self._quantities[k + length - 1]
        begin, is_listed = self._find_begin(k)
        preceding = self._folded[begin : quantity.start]
        self._update_total(preceding, k)
        change = self._find_change(preceding, quantity)
        if (
            change
            and quantity.kind == "count"
            and self._find_name_after(k + length - 1)[0]
            and not wording.BASELINE.search(preceding)
        ):
            change = None  # 提高1200万教师待遇 counts teachers
        name_start, name_end = self._trim_name(begin, begin + change.start() if change else quantity.start)
        after, consumed_end = ("", last.end) if change else self._find_name_after(k + length - 1)
        before = self._text[name_start:name_end]
        is_negated = quantity.value == 1 and wording.NEGATION.search(preceding) is not None  # 没有一起投诉
        if is_negated or (
            quantity.is_vague and not change and not self._is_counted(quantity, preceding, before, after)
        ):
            self._consumed_end = quantity.end
            self._names.last_name = self._names.subject = after or self._names.last_name
            return
        is_predicate = not before and not after and change is None
        if is_predicate:
            after = self._find_predicate(k + length - 1)
        before = self._apply_list_verb(before, is_listed=is_listed)
        if after and self._is_enumeration(preceding, quantity):
            before = ""
        self._consumed_end = max(last.end, consumed_end)
        spans = self._split_names(name_start, name_end, length, quantity)
        previous_name = self._names.last_name
        for i in range(max(length, len(spans))):
            item = self._quantities[k + i] if i < length else quantity
            start = name_start if before and not i else item.start
            if spans:
                before, start = self._item_name(spans, i), spans[i].start if length == 1 else start
                self._names.last_name = previous_name
            yield self._build(item, _NameParts(before, after, start, change, is_predicate, begin))

    # the text before a number

    def _find_begin(self, k: int) -> tuple[int, bool]:
        """Return the start of the text before quantity k, and whether the clause has a quantity before it."""
        quantity = self._quantities[k]
        clause = self._clause_start(quantity.start)
        begin = max(clause, self._consumed_end)
        closing = self._folded.rfind(")", begin, quantity.start)
        if closing >= 0 and self._folded.find("(", begin, closing) < 0:  # the clause begins inside of a bracket
            begin = closing + 1
        if k == 0 or self._quantities[k - 1].end <= clause:
            return begin, False
        return max(begin, self._folded.rfind("、", begin, quantity.start) + 1), True

    def _clause_start(self, offset: int) -> int:
        """Return the start of the clause that contains an offset."""
        return self._clause_starts[bisect_right(self._clause_starts, offset) - 1]

    def _update_total(self, preceding: str, k: int) -> None:
        """Set the total when a list of its parts begins before quantity k. Reset it when another total follows."""
        if self._names.total is not None and wording.BREAKDOWN_END.search(preceding):
            self._names.total = None
        between = self._folded[self._quantities[k - 1].end : self._quantities[k].start] if k else ""
        if self._names.last_quantity is not None and wording.BREAKDOWN_START.search(between):
            self._names.total, self._names.total_name = self._names.last_quantity, self._names.last_name

    def _find_change(self, preceding: str, quantity: Quantity) -> re.Match[str] | None:
        """Match the verb at the end of the text before a number that makes the number a change, or return None."""
        change = wording.CHANGE_VERB.search(preceding)
        if change is None:
            growth = (
                wording.GROWTH_AFTER_PERCENT.match(self._folded, quantity.end) if quantity.kind == "percent" else None
            )
            # 8%的增长目标: the verb follows the number. It is added to the text before the number, so that it matches.
            return wording.CHANGE_VERB.search(preceding + "增长") if growth and growth[0].startswith("的") else None
        is_doubtful = change["verb"] in wording.SHORT_CHANGE_VERBS and not wording.BASELINE.search(preceding)
        return None if is_doubtful or wording.LEVEL_REACHED.search(preceding) else change

    def _trim_name(self, begin: int, end: int) -> tuple[int, int]:
        """Return the span of the name between two offsets, without the words around it that are no part of a name."""
        folded = self._folded
        begin, end = self._trim_baseline(begin, end)
        end = self._trim_end(begin, end)
        total = _last_match(wording.TOTAL_WORD.finditer(folded, begin, end))
        if total is not None and total.end() < end and not self._cuts_word(total, end):
            begin = total.end()
        addressee = wording.ADDRESSEE.match(folded, begin, end)
        begin = self._skip_lead_in(addressee.end() if addressee else begin, end)
        verbs = [*wording.LIGHT_VERB.finditer(folded, begin, end)]
        while verbs and self._cuts_word(verbs[-1], end):
            verbs.pop()
        verb = verbs[-1] if verbs else None
        if (
            verb is not None
            and end - verb.end() >= _MIN_NAME_LENGTH
            and folded[verb.end() : end] not in ("工作", "活动")
        ):
            has_topic = verb[0] in wording.COMPLETION_VERBS and verb.start() - begin >= _MIN_NAME_LENGTH
            if not has_topic or wording.ACTOR.search(folded, begin, verb.start()):
                begin = self._skip_lead_in(verb.end(), end)
        conjunction = folded.rfind("并", begin, end)
        if conjunction > begin and end - conjunction > len("并立案处罚") - 1:  # at least four characters after 并
            begin = conjunction + 1
        end = self._trim_end(begin, end)
        if end - begin > len("审查工作") and folded.endswith("工作", begin, end):  # 工作 adds nothing to a longer name
            end -= len("工作")
        if folded[begin - 1 : begin] == "“" and folded.find("”", begin, end) >= 0:  # the name begins with a quotation
            begin -= 1
        return begin, max(begin, end)

    def _trim_baseline(self, begin: int, end: int) -> tuple[int, int]:
        """Return the span after the baseline of a comparison (比上年), or before it if nothing follows it."""
        baseline = _last_match(wording.BASELINE.finditer(self._folded, begin, end))
        if baseline is None:
            return begin, end
        rest = self._folded[baseline.end() : end].strip()
        return (baseline.end(), end) if rest else (begin, baseline.start())

    def _trim_end(self, begin: int, end: int) -> int:
        """Return the end of the name, without the words between the name and its number."""
        folded = self._folded
        while end > begin and (folded[end - 1] in wording.TRAILING_ENDS or folded[end - 1].isspace()):
            word = wording.TRAILING_WORD.search(folded, max(begin, end - wording.MAX_TRAILING_WORD_LENGTH), end)
            if word is None:
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

    def _apply_list_verb(self, before: str, *, is_listed: bool) -> str:
        """Prefix an item of a list with the verb of the first item. Set that verb if the name can begin a list."""
        verb = wording.TRANSITIVE_VERB.match(before)
        if is_listed and before:
            return before if verb or not self._names.list_verb else f"{self._names.list_verb} {before}"
        self._names.list_verb = verb[0] if verb else ""
        return before

    def _is_enumeration(self, preceding: str, quantity: Quantity) -> bool:
        """Return whether the text before a number lists what the number counts: 甲、乙、丙等3个专业, 甲和乙2个中心."""
        preceding = preceding.rstrip()
        count = len(re.findall(r"、|和|及|与|》《", preceding)) + 1
        return count > 1 and (preceding.endswith("等") or count == quantity.value)

    # the text after a number

    def _find_name_after(self, k: int) -> tuple[str, int]:
        """Return the name after quantity k (11个专业) and the end of the text it uses, or "" and the quantity's end."""
        begin, following, is_clause_end = self._text_after(k)
        if self._folded.startswith("的", begin) and following:
            begin, following = begin + 1, following[1:]
        no_name = "", self._quantities[k].end
        if not following or wording.PREDICATE_START.match(following):
            return no_name
        if not is_clause_end and begin + len(following) == self._next_start(k):
            change = wording.CHANGE_VERB.search(following)
            cut = change.start() if change else self._trim_end(begin, begin + len(following)) - begin
            if cut == len(following) and self._quantities[k + 1].kind == "count":  # 超200亿元园区6个: the name of both
                is_name = len(following) >= _MIN_NAME_LENGTH
                return (self._text[begin : begin + len(following)], no_name[1]) if is_name else no_name
            following = following[:cut].partition("的")[0] if cut < len(following) else following
        name = self._cut_name(following, is_clause_end=is_clause_end)
        if len(name) < _MIN_NAME_LENGTH:
            return no_name
        return self._text[begin : begin + len(name)].replace("的", " "), begin + len(name)

    def _text_after(self, k: int) -> tuple[int, str, bool]:
        """Return start and text from quantity k to the next punctuation or quantity, and whether it ends a clause.

        The mark 、 ends no clause.
        """
        begin, limit = self._quantities[k].end, self._next_start(k)
        mark = _PUNCTUATION.search(self._folded, begin, limit)
        if mark is None:
            return begin, self._folded[begin:limit], limit == self._end
        return begin, self._folded[begin : mark.start()], mark[0] != "、"

    def _next_start(self, k: int) -> int:
        """Return the start of the quantity after quantity k, or the end of the sentence."""
        return self._quantities[k + 1].start if k + 1 < len(self._quantities) else self._end

    def _cut_name(self, following: str, *, is_clause_end: bool) -> str:
        """Return the name at the start of the text after a number."""
        ends = wording.NAME_END.finditer(following, 1)
        end = next((end for end in ends if len(end[0]) > 1 or not is_inside_word(following, end.start())), None)
        name = following[: end.start()] if end else following
        if end and is_clause_end:
            tail_length = len(following) - end.end()
            if (
                end[0] == "的" and _MIN_NAME_LENGTH <= tail_length <= _MAX_TAIL_LENGTH
            ) or wording.GENERIC_NAME.fullmatch(name):
                name = following
        return re.sub(r"[后时中]$", "", name[:_MAX_TRAILING_NAME_LENGTH].rstrip("的 "))

    def _find_predicate(self, k: int) -> str:
        """Return the predicate after quantity k, for a quantity that has no name: 646家使用该系统."""
        begin, following, _ = self._text_after(k)
        if begin + len(following) == self._next_start(k) < self._end or len(following) < _MIN_NAME_LENGTH:
            return ""
        name = self._text[begin : begin + min(len(following), _MAX_TRAILING_NAME_LENGTH)]
        return _YEAR_NUMBER.sub("", name).strip("的 ")

    def _is_counted(self, quantity: Quantity, preceding: str, before: str, after: str) -> bool:
        """Return whether a vague quantity counts something. It is a small Chinese numeral with an everyday unit.

        `preceding` is the text before the number in its clause. `before` and `after` are the names in the text before
        and after the number.
        """
        if quantity.unit == "期":  # 培训班四期 counts, 工程二期 is an ordinal
            return bool(wording.SERIAL_NOUN.search(before))
        next_character = self._folded[quantity.end : quantity.end + 1]
        is_followed_by_act = (  # 立案两件并办结一件
            next_character in ("和", "及", "与", "并") and wording.COUNTED_ACT.search(before) is not None
        )
        is_at_end = not next_character or next_character in ",;。:!?、()"
        if is_at_end or is_followed_by_act:
            return not self._is_enumeration(preceding, quantity) and self._is_counted_at_end(
                quantity, preceding, before
            )
        if quantity.value == 1:  # 一 before a noun is an article: 一家企业
            return False
        previous_character = self._folded[quantity.start - 1 : quantity.start]
        if quantity.unit == "次" and previous_character not in tuple(
            "第这那上历多再首"
        ):  # 三次召开 counts, 第三次 does not
            return bool(wording.REPEATED_ACT.match(self._folded, quantity.end))
        # 处分两名干部, 新建三座桥梁 count; 坚持三个原则 does not.
        is_act = quantity.unit in wording.COUNTED_UNITS and wording.COUNTED_ACT.search(preceding) is not None
        has_verb = is_act or wording.COUNTING_VERB.search(preceding) is not None
        return bool(after) and has_verb and not wording.ABSTRACT_NOUN.match(self._folded, quantity.end)

    def _is_counted_at_end(self, quantity: Quantity, preceding: str, before: str) -> bool:
        """Return whether a vague quantity at the end of a clause counts something: 立案两件, 处分一人."""
        if quantity.value == 1 and (quantity.unit in wording.INDEFINITE_UNITS or self._is_repeated(quantity)):
            return False
        if len(before) > _MIN_NAME_LENGTH:
            return True
        if quantity.unit not in wording.COUNTED_UNITS:
            return False
        if quantity.value == 1:
            return wording.COUNTED_ACT.fullmatch(before) is not None
        return len(before) == _MIN_NAME_LENGTH or wording.COUNTED_TOTAL.search(preceding) is not None

    def _is_repeated(self, quantity: Quantity) -> bool:
        """Return whether the same number and unit occur again nearby in the clause: 发现一户、解决一户 is a slogan."""
        start, end = quantity.start, quantity.unit_end
        printed = self._folded[start:end]
        before = self._folded[max(self._start, start - _MAX_SLOGAN_LENGTH) : start].rpartition(",")[2]
        return printed in before or printed in self._folded[end : end + _MAX_SLOGAN_LENGTH].partition(",")[0]

    # several names, several numbers

    def _split_names(self, begin: int, end: int, length: int, quantity: Quantity) -> list[range]:
        """Return the spans of the names of several numbers, or of several rates that share a number, otherwise []."""
        if length == 1 and quantity.kind != "percent":
            return []
        each = wording.DISTRIBUTIVE.search(self._folded, begin, end)
        cuts = [
            match.span()
            for match in wording.NAME_SEPARATOR.finditer(self._folded, begin, each.start() if each else end)
        ]
        bounds = [begin, *(offset for cut in cuts for offset in cut), end]
        spans = [range(bounds[i], bounds[i + 1]) for i in range(0, len(bounds), 2)]
        if not cuts or any(len(span) < _MIN_NAME_LENGTH for span in spans):
            return []
        if length > 1:
            return spans if len(spans) == length else []
        are_rates = all(wording.RATE_SUFFIX.search(self._folded[span.start : span.stop]) for span in spans)
        return spans if are_rates else []

    def _item_name(self, spans: Sequence[range], i: int) -> str:
        """Return name i of several, with the words that only the last one has (养老保险、失业保险参保人数)."""
        name, last = (self._text[spans[n].start : spans[n].stop] for n in (i, len(spans) - 1))
        each = wording.DISTRIBUTIVE.search(last)
        if each:  # 甲县、乙县分别完成投资3亿元、5亿元
            verb = wording.LEADING_LIGHT_WORD.match(last, each.end())
            item = last[: each.start()] if i == len(spans) - 1 else name
            return f"{item} {last[verb.end() if verb else each.end() :]}".strip()
        head = wording.SHARED_HEAD.search(last)
        return name if head is None or wording.SHARED_HEAD.search(name) else f"{name} {head[0]}"

    # the indicator

    def _build(self, quantity: Quantity, parts: _NameParts) -> NamedQuantity:
        """Build the indicator of a quantity from its parts and the context, and update the state of the sentence."""
        name = _strip_marks(parts.before[-_MAX_INDICATOR_LENGTH:])
        if wording.EMPTY_NAME.fullmatch(name):
            name = ""
        if parts.after:
            is_named = len(name) > _MIN_NAME_LENGTH and not wording.LIGHT_WORD.fullmatch(name)
            name = _strip_marks(f"{name} {parts.after}" if is_named else parts.after)[-_MAX_INDICATOR_LENGTH:]
        is_part = (
            self._names.total is not None and quantity.base_unit == self._names.total.base_unit and parts.change is None
        )
        part_of = self._names.total if is_part else None
        if not is_part and parts.change is None and quantity.kind != "percent":
            self._names.total = None
        context = "" if name and parts.change is not None else self._find_context(name, quantity, parts)
        if context and name and name not in context and context != name:
            name = f"{context[-_MAX_INDICATOR_LENGTH:]} {name}"
        name = name or context[-_MAX_INDICATOR_LENGTH:]
        self._names.last_name, self._names.last_quantity = (
            name,
            quantity if parts.change is None else self._names.last_quantity,
        )
        if len(name) > _MIN_NAME_LENGTH + 1 and not self._names.subject:
            self._names.subject = context or name
            self._names.lends_subject = parts.change is None and quantity.kind in _LENDING_KINDS
        self._named_end = quantity.end
        change = None
        if parts.change is not None:
            change = "increase" if parts.change["increase"] else "decrease"
            name = f"{name} {parts.change['compared'] or ''}{parts.change['verb'].removesuffix('了')}".strip()
        return NamedQuantity(
            quantity, name, min(parts.start, quantity.start), change, part_of, self._find_period(quantity)
        )

    def _find_context(self, name: str, quantity: Quantity, parts: _NameParts) -> str:
        """Return the words to prepend to a name that is unclear by itself. Return "" if the name needs none.

        The context is the total, the previous name, or a topic of the text before. It may contain the name.
        """
        if name and self._names.total is not None:  # 受理行政复议案件9件,其中人身损害3件: the total
            has_common_word = any(name[i : i + 2] in self._names.total_name for i in range(len(name) - 1))
            is_clear = has_common_word or name[-1] in self._names.total_name
            return "" if is_clear else _extract_object(self._names.total_name)
        if name.startswith("占"):  # 救助女性30人,占20%
            return self._names.last_name
        if wording.DEPENDENT_RATE.fullmatch(name):  # 受理投诉5件,办结率100%
            return _extract_object(self._names.last_name)
        topic = self._previous_clause_topic(quantity.start)
        if wording.BARE_VERB.fullmatch(name):  # 行政复议申请,受理9件
            context = _extract_object(topic or self._names.last_name)
            return "" if wording.COUNTED_ACT.fullmatch(context) else context
        if not name or (parts.is_predicate and len(name) <= len("参加培训")):  # a predicate of at most four characters
            return self._names.last_name or topic or self._previous_sentence_topic or self._heading_topic()
        return self._find_context_of_noun(name, topic, parts)

    def _find_context_of_noun(self, name: str, topic: str, parts: _NameParts) -> str:
        """Return the context of the name of a fine, or of a short or generic name. Other names need no context.

        `topic` is the topic of the previous clause.
        """
        if wording.FINE.fullmatch(name):
            last = self._names.last_name
            return "" if wording.CASE_SUFFIX.search(last) or wording.FINE.fullmatch(last) else _extract_object(last)
        if len(name) <= _MIN_NAME_LENGTH:
            is_clear = name == "立案" and not wording.CAMPAIGN.search(self._names.subject)
            return "" if is_clear or not self._is_borrowing(name, parts) else _extract_object(self._names.subject)
        has_common_word = any(name[i : i + 2] in self._names.subject for i in range(len(name) - 1))
        # A generic name of at most four characters, such as 培训人数
        if len(name) <= len("国家任务") and wording.GENERIC_NAME.fullmatch(name) and not has_common_word:
            borrowed = _extract_object(self._names.subject) if self._is_borrowing(name, parts) else ""
            return borrowed or ("" if self._names.subject else topic or self._heading_topic())
        return ""

    def _is_borrowing(self, name: str, parts: _NameParts) -> bool:
        """Return whether the subject of the sentence can be the context of a name.

        A `wording.RELATIVE_NAME` can always take the subject. Other names cannot if they follow a verb of spending: in
        发放补贴5万元, 补贴 does not refer to the subject.
        """
        if self._names.lends_subject and not wording.SPENDING_VERB.search(self._folded, parts.begin, parts.start):
            return True
        return wording.RELATIVE_NAME.fullmatch(name) is not None

    @cached_property
    def _previous_sentence_topic(self) -> str:
        """The topic of the last clause of the previous sentence."""
        end = max(self._start - 1, 0)
        begin, end = self._trim_name(max(self._folded.rfind(mark, 0, end) for mark in ",;。:!?") + 1, end)
        return _strip_marks(self._text[begin:end])

    def _previous_clause_topic(self, offset: int) -> str:
        """Return the topic of the clause before the one that contains an offset, or "" if it has a named quantity."""
        n = bisect_right(self._clause_starts, offset) - 1
        if n == 0 or self._named_end > self._clause_starts[n - 1]:
            return ""
        if n not in self._clause_topics:
            begin, end = self._trim_name(self._clause_starts[n - 1], self._clause_starts[n] - 1)
            self._clause_topics[n] = _strip_marks(self._text[begin:end])
        return self._clause_topics[n]

    def _heading_topic(self) -> str:
        """Return the topic of the innermost heading, or the title if there is no heading."""
        if not self._context.headings:
            return self._context.title
        heading = re.split(r"[,，;；:：。]", self._context.headings[-1])[0]
        verb = wording.LEADING_LIGHT_WORD.match(heading)
        heading = (heading[verb.end() :] if verb else heading).removesuffix("工作")
        return "" if wording.GENERIC_HEADING.search(heading) else heading

    def _find_period(self, quantity: Quantity) -> str | None:
        """Return the time expression that applies to a quantity, as written, or None.

        Time expressions in other brackets are ignored.
        """
        clause_start = self._clause_start(quantity.start)
        times: Sequence[TimeExpression] = self._times
        if self._brackets:
            stop = bisect_left(times, quantity.start, key=attrgetter("start"))
            nearest = times[max(0, stop - MAX_EXAMINED_TIMES) : stop]
            times = [time for time in nearest if self._bracket_of(time.start) in (None, self._bracket)]
        time = find_period(times, clause_start=clause_start, number_start=quantity.start, year=self._context.year)
        if time is None or self._is_initial_time(time, quantity):
            return None
        return self._text[time.start : time.end]

    def _bracket_of(self, offset: int) -> range | None:
        """Return the bracket that contains an offset, or None."""
        n = bisect_right(self._brackets, offset, key=attrgetter("start")) - 1
        return self._brackets[n] if n >= 0 and offset in self._brackets[n] else None

    def _is_initial_time(self, time: TimeExpression, quantity: Quantity) -> bool:
        """Return whether a time is that of the initial level, not of the quantity: 2022年 in 由2022年的71%提高到89%."""
        is_start = self._folded[time.start - 1 : time.start] in tuple("由从")
        between = self._folded[time.end : min(quantity.start, time.end + _MAX_INDICATOR_LENGTH)]
        return is_start and re.search("[到至]", between) is not None


def _find_clause_starts(folded: str, start: int, end: int, quantities: Sequence[Quantity]) -> Iterator[int]:
    """Yield the starts of the clauses of a sentence after the first. A bracket is a clause if it has a quantity."""
    starts = [quantity.start for quantity in quantities]
    for mark in _CLAUSE_BOUNDARY.finditer(folded, start, end):
        closing = folded.find(")", mark.end(), end) if mark[0] == "(" else -1
        if mark[0] != "(" or bisect_left(starts, closing) > bisect_left(starts, mark.end()):
            yield mark.end()


def _find_remarks(folded: str, start: int, end: int, quantities: Sequence[Quantity]) -> list[range]:
    """Return the spans of the brackets of a sentence that are about a quantity: those with one in it or before it.

    Any other bracket, such as 全省（2023年1至6月）立案5件, is about what follows.
    """
    if folded.find("(", start, end) < 0:
        return []
    ends = {quantity.end for quantity in quantities}
    starts = [quantity.start for quantity in quantities]
    remarks = []
    for match in _BRACKET.finditer(folded, start, end):
        has_quantity = bisect_left(starts, match.end()) > bisect_left(starts, match.start())
        if has_quantity or match.start() in ends:
            remarks.append(range(*match.span()))
    return remarks


def _extract_object(name: str) -> str:
    """Return the part of a name that serves as context: without its leading verb, and only up to 等."""
    verb = wording.TRANSITIVE_VERB.match(name)
    if verb:
        name = name[verb.end() :].strip() or name
    return name.partition("等")[0]


def _strip_marks(name: str) -> str:
    """Remove punctuation and a conjunction at the ends, and unbalanced quotation marks and brackets."""
    name = name.strip("、，,:： ·").rstrip("⁰¹²³⁴⁵⁶⁷⁸⁹")
    if len(name) > _MIN_NAME_LENGTH and name[-1] in "和及与并":
        name = name[:-1]
    if name.count("“") != name.count("”"):
        name = name.replace("“", "").replace("”", "")
    opening, closing = sum(map(name.count, "(（")), sum(map(name.count, ")）"))
    return name if opening == closing else re.split("[(（]", name.strip("()（）、，,: "))[0]


def _last_match(matches: Iterator[re.Match[str]]) -> re.Match[str] | None:
    """Return the last match, or None."""
    match = None
    for match in matches:  # noqa: B007
        pass
    return match
