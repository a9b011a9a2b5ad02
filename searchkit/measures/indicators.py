"""Indicators: the name of what each quantity counts, in the words of the sentence.

The name is in the clause of the quantity, before the number (监督检查5980户次) or after it (11个专业). If it is unclear
by itself, the context is prepended: the previous quantity, the total that the quantity is part of, the subject of a
previous clause, or the heading. Several numbers without names take those of the numbers before (分别增长10%和20%).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from searchkit.measures import wording
from searchkit.measures.clauses import Clauses
from searchkit.measures.counted import is_counted, is_enumeration, is_idiom
from searchkit.measures.following import FollowingText
from searchkit.measures.names import MAX_TRAILING_NAME_LENGTH, MIN_NAME_LENGTH, NameText, strip_marks
from searchkit.measures.quantities import Quantity

_SENTENCE = re.compile(r"[^。!?;]+")
"""A sentence without its punctuation mark. A semicolon ends a sentence, too."""
_CONJUNCTIONS = frozenset(("和", "、", "及", "与", "以及", "或", "或者"))
"""Words between numbers that share the text before them: 32.6%和31.7%."""
_MAX_INDICATOR_LENGTH = 200
"""Maximum length in code points of each part of an indicator. A longer part, which no report has, is cut at its start,
because its end is next to the number."""
_LENDING_KINDS = frozenset(("count", "other"))
"""Kinds of measures that can name the subject of later ones: in 新增企业3家,总投资5亿元, 企业 is the subject."""
_MAX_COUNTER_LENGTH = len("浏览次数")
"""Maximum length in code points of the name of a page counter."""
_MAX_DEPENDENT_LENGTH = 12
"""Maximum length in code points of the name of a share, a limit, an average, a rate or an act that is completed by a
name elsewhere in the text (`_Sentence._find_context_of_dependent`)."""
_NEARBY = 8
"""Number of code points before a number that are searched for `wording.AVERAGE`, `wording.OWNER`, `wording.SELECTION`
and `wording.RELATIVE_CLAUSE`."""
_MAX_OWN_NAMES = 30
"""Maximum number of names that are kept for later numbers without names."""
_MAX_SOURCE_LENGTH = 30
"""The text before a number in its clause can tell the source of what follows (据12个省的统计) only if it has fewer code
points than this."""


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
    """Start of the quote: the start of the name if the name is before the number and no other number is in it or
    between them, otherwise the start of the number."""
    change: str | None = None
    """`increase`, `decrease`, or None if the quantity is not a change."""
    part_of: Quantity | None = None
    """The total that the quantity is part of, or None."""
    period: str | None = None
    """The time expression that applies, as written; None if none applies, or if it is the reporting year."""


@dataclass(frozen=True, slots=True)
class _Words:
    """The words around a number, or around several numbers that only conjunctions separate."""

    begin: int
    """Start of the text before the number, in which its name is searched."""
    preceding: str
    """The text from `begin` to the number, folded."""
    start: int
    """Start of the name before the number. In 6%以上的经济增长目标, it is that of the name after the number: 经济."""
    stop: int
    """End of the name that begins at `start`."""
    before: str
    """The name before the number, or "". It is the text from `start` to `stop`, or a word such as 人均."""
    after: str
    """The name of what is counted in the text after the number, or ""."""
    consumed_end: int
    """End of the text that belongs to the number and its name."""
    change: re.Match[str] | None
    """The match of `wording.CHANGE_VERB` or `wording.GROWTH_RATE`, or None if the number is not a change."""
    is_listed: bool
    """Whether the clause has a quantity before the number. False if `is_nested`."""
    is_nested: bool
    """Whether the quantity before is part of the name (十个职工以上的企业有5户)."""


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
    """See `_Words.change`."""
    is_predicate: bool = False
    """Whether `after` is a predicate of the things counted, not their name: 使用该系统 in 646家使用该系统."""
    begin: int = 0
    """Start of the text before the number, including the words that are not part of the name."""
    is_listed: bool = False
    """See `_Words.is_listed`."""
    is_borrowed: bool = False
    """Whether `before` is a name from `_Sentence._borrow_names`, which needs no context."""


@dataclass(slots=True)
class _Names:
    """The names in a sentence so far, from which the names of later quantities are completed."""

    subject: str = ""
    """Set by the first name that has at least four characters: the context of this name or, if it needs no context, the
    name itself. A number that counts nothing replaces it by the noun after the number, or else by the last name
    (`_Sentence._pass_over`)."""
    lends_subject: bool = True
    """Whether the subject can be the context of other names."""
    last_name: str = ""
    """The last name, without the verb of a change."""
    last_quantity: Quantity | None = None
    """The last quantity that is not a change."""
    total: Quantity | None = None
    """The total whose parts are being listed."""
    total_name: str = ""
    list_verb: str = ""
    """The verb that the items of a list share: 调处化解甲1件、乙4件."""
    list_lead: str = ""
    """The text before the first number of a list whose names follow the numbers: 夺得 in 夺得2枚金牌、3枚银牌."""
    own: list[str] = field(default_factory=list)
    """The numbers' own names so far, in order: no names that a number took from other numbers or from an earlier clause
    (`_Sentence._borrow_names`). If no number has its own name, these are the names that were taken first."""
    run_length: int = 0
    """Number of quantities of the last run with names. Only conjunctions separate the quantities of a run."""

    def add(self, name: str) -> None:
        """Add a name to `own`. Of more than `_MAX_OWN_NAMES` names, the first ones are dropped."""
        self.own = [*self.own[1 - _MAX_OWN_NAMES :], name]


def name_quantities(context: ParagraphContext, quantities: Sequence[Quantity]) -> list[NamedQuantity]:
    """Name the quantities of a paragraph. Leaves out quantities that count nothing, and page counters (浏览次数).

    Linear in the length of the text.
    """
    named: list[NamedQuantity] = []
    n = 0
    previous_name = ""  # the last name of the previous sentence
    for span in _SENTENCE.finditer(context.folded):
        first = n
        while n < len(quantities) and quantities[n].start < span.end():
            n += 1
        if n > first:
            sentence = _Sentence(context, quantities[first:n], range(*span.span()), previous_name)
            named.extend(sentence.name_all())
            previous_name = sentence.last_name
        else:
            previous_name = ""
    return [
        item
        for item in named
        if len(item.indicator) > _MAX_COUNTER_LENGTH or not wording.PAGE_COUNTER.fullmatch(item.indicator)
    ]


class _Sentence:
    """Names the quantities of one sentence, from left to right."""

    def __init__(
        self, context: ParagraphContext, quantities: Sequence[Quantity], span: range, previous_name: str
    ) -> None:
        start, end = span.start, span.stop
        self._context = context
        self._previous_name = previous_name
        self._text = context.text
        self._folded = context.folded
        self._names_in = NameText(context.text, context.folded)
        self._quantities = quantities
        self._start = start
        self._end = end
        self._clauses = Clauses(context.text, context.folded, self._names_in, quantities, span)
        self._following = FollowingText(context.text, context.folded, self._names_in, quantities, end)
        self._consumed_end = start  # end of the text that the previous quantities have used
        self._last_begin = start  # start of the text before the previous quantities
        self._named_end = start  # end of the last quantity that has a name
        self._names = _Names()
        self._bracket: range | None = None  # the bracket that the current quantity is in
        self._names_outside = _Names()  # the names before that bracket

    @property
    def last_name(self) -> str:
        """The last name so far, or ""."""
        return self._names.last_name

    def name_all(self) -> Iterator[NamedQuantity]:
        """Yield the quantities that count something."""
        k = 0
        while k < len(self._quantities):
            if self._clauses.has_remarks:
                self._enter_or_leave_bracket(self._quantities[k].start)
            length = self._run_length(k)
            yield from self._name_run(k, length)
            k += length

    def _enter_or_leave_bracket(self, offset: int) -> None:
        """At the start of a bracket, save the names before it. At its end, restore them.

        `offset`: offset of the current quantity.
        """
        bracket = self._clauses.remark_at(offset)
        if bracket == self._bracket:
            return
        if self._bracket is not None:
            self._names = self._names_outside
            self._consumed_end = max(self._consumed_end, self._bracket.stop)
        self._bracket, self._names_outside = bracket, replace(self._names, own=self._names.own.copy())

    def _run_length(self, k: int) -> int:
        """Return the number of quantities from index k on that only conjunctions separate (32.6%和31.7%).

        A quantity of another kind than the one before it, with a name after it, is not included.
        """
        n = k + 1
        while n < len(self._quantities):
            if self._folded[self._quantities[n - 1].end : self._quantities[n].start].strip() not in _CONJUNCTIONS:
                break
            is_other_kind = self._quantities[n].kind != self._quantities[n - 1].kind
            if is_other_kind and self._following.find_name(n)[0]:  # 土地平整15平方公里、31.5万千瓦发电厂
                break
            n += 1
        return n - k

    def _name_run(self, k: int, length: int) -> Iterator[NamedQuantity]:
        """Yield the measures of `length` quantities from index k on, which share the text before them.

        Yield none if the first quantity is an idiom or counts nothing.
        """
        quantity = self._quantities[k]
        words = self._find_words(k, length)
        self._last_begin = words.begin
        if is_idiom(self._folded, quantity, words.preceding):
            return
        if self._is_uncounted(quantity, words):
            self._pass_over(quantity, words)
            return
        before, after = self._choose_names(quantity, words)
        is_predicate = not before and not after and words.change is None
        if is_predicate:
            after = self._following.find_predicate(k + length - 1)
        if not words.is_listed:
            is_lead = after and len(before) > MIN_NAME_LENGTH and wording.LIST_VERB.search(before)
            self._names.list_lead = before if is_lead else ""
        self._consumed_end = max(self._following.start_after(k + length - 1), words.consumed_end)
        spans = self._names_in.split(words.start, words.stop, length, quantity)
        borrowed = () if before or after else self._borrow_names(words.preceding, length, quantity.start)
        previous_name, has_own_name = self._names.last_name, bool(before or after)
        for i in range(max(length, len(spans))):
            item = self._quantities[k + i] if i < length else quantity
            has_start = before and not i and not borrowed and not words.is_nested
            start = words.start if has_start else item.start
            if spans:
                before, start = self._names_in.item_name(spans, i), spans[i].start if length == 1 else start
                self._names.last_name = previous_name
            elif borrowed:
                before = borrowed[i]
            yield self._build(
                item,
                _NameParts(
                    before, after, start, words.change, is_predicate, words.begin, words.is_listed, bool(borrowed)
                ),
            )
            if has_own_name and (spans or not i):
                self._names.add(self._names.last_name)
        if borrowed and not self._names.own:
            self._names.own = [*borrowed]
        self._names.run_length = length if has_own_name or borrowed else self._names.run_length

    def _find_words(self, k: int, length: int) -> _Words:
        """Return the words around `length` quantities from index k on."""
        quantity, last = self._quantities[k], self._quantities[k + length - 1]
        nested_begin = self._find_nested_begin(k)
        begin, is_listed = self._find_begin(k) if nested_begin is None else (nested_begin, False)
        preceding = self._folded[begin : quantity.start]
        self._update_total(preceding, k)
        change = self._find_change(preceding, quantity)
        if (
            change
            and quantity.kind == "count"
            and self._following.find_name(k + length - 1)[0]
            and not wording.BASELINE.search(preceding)
        ):
            change = None  # 提高1200万教师待遇 counts teachers
        start, stop = self._names_in.trim(
            begin, begin + change.start() if change else quantity.start, is_change=change is not None
        )
        if change is None and quantity.unit == "%":  # 经济增长速度达到5%
            change = wording.GROWTH_RATE.search(self._folded, start, stop)
            stop = self._names_in.trim_end(start, change.start()) if change else stop
        stop = self._names_in.trim_compared_level(start, stop, quantity)  # 甲达到乙的2倍: without 乙
        if change and change.end() > len(preceding):  # the verb is after the number: 6%以上的经济增长目标
            growth = wording.GROWTH_AFTER_PERCENT.match(
                self._folded, last.end, self._following.next_start(k + length - 1)
            )
            start, stop = growth.span("name") if growth and growth["name"] else (start, stop)
        before = self._names_in.read(start, stop)
        if change and quantity.kind == "money" and wording.DECISION.search(before):  # 省里决定增加1500万元投资
            before = ""
        average = (  # 储蓄余额8亿元,人均3712元
            wording.AVERAGE.search(preceding[-_NEARBY:]) if k and not before and preceding.endswith("均") else None
        )
        before = average[0] if average else before
        is_named_after = change is None or (  # 每年净增40万个岗位
            not before
            and quantity.kind in ("count", "percent", "money")
            and not self._folded.startswith("的", last.end)
        )
        after, consumed_end = self._following.find_name(k + length - 1) if is_named_after else ("", last.end)
        rank = wording.RANK.match(after) if after else None  # 国家级 in 4个国家级、21个省级示范基地
        if (
            rank
            and k + length < len(self._quantities)
            and self._quantities[k + length].start <= last.end + rank.end() + 1
        ):
            following = self._names_in.cut(self._following.read(k + length)[1], is_clause_end=False)
            after = f"{rank[0]} {wording.RANK.sub('', following)}".strip()
        # 造地10万亩的任务, 人均收入达到500元的水平
        is_aim = self._folded.startswith("的", last.end) and wording.AIM.match(after)
        if after and len(before) >= MIN_NAME_LENGTH and (is_aim or wording.LEVEL_NOUN.fullmatch(after)):
            before = wording.REACHED.split(before)[-1] or before
            after = ""
        if not after and quantity.kind == "money" and (not before or wording.ENDS_IN_SPENDING.search(before)):
            after, consumed_end = self._following.find_purpose(k + length - 1)
        is_nested = nested_begin is not None
        return _Words(begin, preceding, start, stop, before, after, consumed_end, change, is_listed, is_nested)

    def _is_uncounted(self, quantity: Quantity, words: _Words) -> bool:
        """Return whether a quantity counts nothing: 没有一起投诉, 坚持三个原则."""
        if quantity.value == 1 and wording.NEGATION.search(words.preceding):
            return True
        if words.change and quantity.unit == "番" and words.preceding[: words.change.start()].endswith("和"):
            return True  # 市场经济体制和翻两番
        if not quantity.is_vague or words.change:
            is_some = quantity.value == 1 and quantity.unit in wording.INDEFINITE_UNITS  # 提高一批
            return quantity.is_vague and is_some and not words.after
        return not is_counted(self._folded, quantity, words.preceding, words.before, words.after)

    def _pass_over(self, quantity: Quantity, words: _Words) -> None:
        """Continue after a quantity that counts nothing. The noun after it can be the subject of what follows."""
        is_in_name = quantity.start < self._consumed_end  # 一期 in 3个一期工程
        is_of_share = words.preceding.endswith("占") and len(words.preceding) < MAX_TRAILING_NAME_LENGTH
        if is_in_name or is_of_share:  # 占三个单位职工总数的四分之一
            return
        self._consumed_end = quantity.end
        if not wording.ADVERBIAL_NUMBER.match(words.preceding):
            self._names.last_name = self._names.subject = words.after or self._names.last_name

    def _choose_names(self, quantity: Quantity, words: _Words) -> tuple[str, str]:
        """Return the names before and after a number, without a name that belongs to another number.

        Adds the verb that the items of a list share to the name before the number. Adds the predicate after a share
        that directly follows its name (亏损企业三分之一实现扭亏). If the name before has at most two characters, and
        the number is a share or the name after it has one character, adds the predicate to the name after the number:
        行政村 通了客车 in 98.1%的行政村通了客车.
        """
        before, after = self._apply_list_verb(words.before, is_listed=words.is_listed), words.after
        is_adjacent = words.preceding[words.stop - words.begin :] in ("", "的")
        if not after and before and is_adjacent and self._is_share(quantity) and words.change is None:
            return before, self._following.add_predicate("", quantity.end)  # 亏损企业三分之一实现扭亏
        if not after:
            return before, after
        is_further_item = quantity.kind != "percent" and wording.ENDS_IN_CONJUNCTION.search(words.preceding) is not None
        is_owned = wording.OWNER.search(words.preceding[-_NEARBY:]) is not None  # 这表现了我国六万万人民的意志
        if is_further_item or is_owned or is_enumeration(words.preceding, quantity):
            before = ""
        is_unclear = self._is_share(quantity) or len(after) < MIN_NAME_LENGTH
        if is_unclear and len(before) <= MIN_NAME_LENGTH:
            after = self._following.add_predicate(after, words.consumed_end)
        return before, after

    @staticmethod
    def _is_share(quantity: Quantity) -> bool:
        """Return whether a quantity is a share: 80%, 三分之一."""
        return quantity.kind == "percent" or (quantity.unit is None and quantity.value < 1)

    # the text before a number

    def _find_begin(self, k: int) -> tuple[int, bool]:
        """Return the start of the text before quantity k, and whether the clause has a quantity before it."""
        quantity = self._quantities[k]
        clause = self._clauses.start_of(quantity.start)
        begin = max(clause, self._consumed_end)
        closing = self._folded.rfind(")", begin, quantity.start)
        if closing >= 0 and self._folded.find("(", begin, closing) < 0:  # the clause begins inside of a bracket
            begin = closing + 1
        if k == 0 or self._quantities[k - 1].end <= clause:
            return begin, False
        return max(begin, self._folded.rfind("、", begin, quantity.start) + 1), True

    def _find_nested_begin(self, k: int) -> int | None:
        """Return the start of the text before the previous quantity if that quantity is part of the name of quantity k.

        Return None if it is not.
        """
        if not k:
            return None
        begin, end = self._quantities[k - 1].end, self._quantities[k].start
        between = self._folded[begin:end] if end - begin <= MAX_TRAILING_NAME_LENGTH else ""
        if ("的" not in between and "比" not in between) or begin <= self._clauses.start_of(end):
            return None
        nested = wording.NESTED_QUANTITY.match(between)
        is_multiple = self._quantities[k].kind != "count" and nested and nested["headless"] is not None
        return self._last_begin if nested and not is_multiple else None  # in 是4亿元的2倍, 4亿元 is no part of a name

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
            # 8%的增长目标: the verb follows the number. `CHANGE_VERB` then matches 增长, appended to the text before.
            return wording.CHANGE_VERB.search(preceding + "增长") if growth and growth[0].startswith("的") else None
        is_short = change["verb"] in wording.SHORT_CHANGE_VERBS and quantity.kind != "percent"  # 亏损额减20%
        is_doubtful = is_short and not wording.BASELINE.search(preceding)
        is_level = wording.LEVEL_REACHED.search(preceding) or wording.COMPARED_WITH_OTHERS.search(preceding)
        return None if is_doubtful or is_level else change

    def _apply_list_verb(self, before: str, *, is_listed: bool) -> str:
        """Return the name before a number. A further item of a list without a verb gets the verb of the first item.

        A name that needs a subject (`wording.NEEDS_SUBJECT`: 金额, 通车) gets no verb. The verb of a name that is not a
        further item is kept for later items.
        """
        verb = wording.TRANSITIVE_VERB.match(before)
        if is_listed and before:
            is_complete = verb or not self._names.list_verb or wording.NEEDS_SUBJECT.fullmatch(before)
            return before if is_complete else f"{self._names.list_verb} {before}"
        self._names.list_verb = verb[0] if verb else ""
        return before

    # several names, several numbers

    def _borrow_names(self, preceding: str, length: int, offset: int) -> Sequence[str]:
        """Return the names that several numbers without names take from elsewhere, one for each, or an empty sequence.

        They are the last names of the numbers before (甲5亿元、乙6亿元,分别增长3%、4%) if 分别 or the like precedes the
        numbers, or if the last run of numbers with names was as long. If no number before has a name, they are the
        names in the clause before: 甲和乙,分别增长3%、4%. A single number takes none.

        `preceding` is the text before the first of the numbers, `offset` its end.
        """
        is_distributive = wording.DISTRIBUTIVE.search(preceding) is not None
        if length == 1:
            return ()
        is_shared = is_distributive or self._names.run_length == length
        if is_shared and len(self._names.own) >= length:
            return self._names.own[-length:]
        clause = self._clauses.previous(offset)
        if not clause or self._names.own or self._named_end > self._clauses.start_of(offset):
            return ()
        begin, end = self._names_in.trim(clause.start, clause.stop)
        spans = self._names_in.split(begin, self._clauses.trim_to_subject(begin, end), length, None)
        return [self._names_in.item_name(spans, i) for i in range(len(spans))]

    # the indicator

    def _build(self, quantity: Quantity, parts: _NameParts) -> NamedQuantity:
        """Build the indicator of a quantity from its parts and the context, and update the state of the sentence."""
        name = strip_marks(parts.before[-_MAX_INDICATOR_LENGTH:])
        if name and wording.EMPTY_NAME.fullmatch(name):
            name = ""
        if parts.after:
            is_named = (len(name) > MIN_NAME_LENGTH or name == "投资") and not wording.LIGHT_WORD.fullmatch(name)
            name = strip_marks(f"{name} {parts.after}" if is_named else parts.after)[-_MAX_INDICATOR_LENGTH:]
        is_part = (
            self._names.total is not None and quantity.base_unit == self._names.total.base_unit and parts.change is None
        )
        part_of = self._names.total if is_part else None
        if not is_part and parts.change is None and quantity.kind != "percent":
            self._names.total = None
        pronoun = wording.PRONOUN.match(name) if name.startswith(("它", "其", "这")) else None
        context = "" if parts.is_borrowed else self._find_context(name, quantity, parts)
        if pronoun:
            name = name[pronoun.end() :]
            context = context or self._clauses.topic_before(quantity.start, self._named_end) or self._names.last_name
        if context and name and name not in context and context != name:
            name = f"{context[-_MAX_INDICATOR_LENGTH:]} {name}"
        name = name or context[-_MAX_INDICATOR_LENGTH:]
        clause = self._clauses.start_of(quantity.start)
        is_source = quantity.start - clause < _MAX_SOURCE_LENGTH and wording.SURVEY.match(
            self._folded, clause, quantity.start
        )
        if not is_source:
            self._remember(name, context, quantity, is_change=parts.change is not None)
        change = None
        if parts.change is not None:
            change = "increase" if parts.change["increase"] else "decrease"
            growth = wording.GROWTH_RATE.search(name) if quantity.unit == "%" else None
            name = name[: growth.start()].rstrip("的 ") or name if growth else name
            if wording.KEPT_RATE.fullmatch(parts.change["verb"]):  # 压缩率 stays in the name
                name = f"{name} {parts.change['verb']}".strip()
        return NamedQuantity(
            quantity,
            name,
            min(parts.start, quantity.start),
            change,
            part_of,
            self._clauses.find_period(quantity, self._context.year),
        )

    def _remember(self, name: str, context: str, quantity: Quantity, *, is_change: bool) -> None:
        """Keep the name of a quantity, from which later names may be completed."""
        self._names.last_name = name
        if not is_change:
            self._names.last_quantity = quantity
        if len(name) > MIN_NAME_LENGTH + 1 and not self._names.subject:
            self._names.subject = context or name
            self._names.lends_subject = not is_change and quantity.kind in _LENDING_KINDS
        self._named_end = quantity.end

    def _find_context(self, name: str, quantity: Quantity, parts: _NameParts) -> str:
        """Return the words to prepend to a name that is unclear by itself. Return "" if the name needs no context.

        The context is the total, the previous name, the subject, or a topic of the text or the heading before. It may
        contain the name.
        """
        names = self._names
        if name and parts.change is not None:
            if wording.GROWTH_RATE.fullmatch(name):  # 工业增加值增长11%,增幅提高3个百分点
                return names.last_name
            # 第三产业显示出后劲,增加值增长10%
            return (
                self._clauses.topic_before(quantity.start, self._named_end)
                if wording.NEEDS_CONTEXT.fullmatch(name)
                else ""
            )
        is_selection = names.total is None and self._is_selection(quantity, parts)
        if name and (is_selection or self._is_about_things_just_counted(name, parts)):
            is_chain = is_selection and not parts.is_predicate and names.last_name.startswith(names.subject)
            return names.subject if is_chain else names.last_name
        if name and names.total is not None:  # 行政复议案件 is the context in 受理行政复议案件9件,其中人身损害3件
            has_common_word = any(name[i : i + 2] in names.total_name for i in range(len(name) - 1))
            is_clear = has_common_word or name[-1] in names.total_name
            return "" if is_clear else _extract_object(names.total_name)
        if not name or (parts.is_predicate and len(name) <= len("参加培训")):  # a predicate of at most four characters
            is_total = not name and wording.REPEATED_TOTAL.search(self._folded, parts.begin, quantity.start)
            subject = self._clauses.subject_before(quantity.start, self._named_end)
            if is_total and not wording.MEASURE_NOUN.search(subject):  # 支出 is one in 减免税收等方面的支出,共达5亿元
                subject = names.subject
            if wording.SHARE_OF.search(subject) and names.last_name:
                subject = f"{names.last_name} {subject}"
            return (
                subject
                or names.last_name
                or self._clauses.topic_before(quantity.start, self._named_end)
                or self._previous_sentence_topic
                or self._heading_topic()
            )
        return (
            self._find_context_of_dependent(name, quantity)
            or self._find_context_of_total(name, quantity)
            or self._find_context_of_noun(name, quantity, parts)
        )

    def _is_about_things_just_counted(self, name: str, parts: _NameParts) -> bool:
        """Return whether a name is about the things that the number directly before it counts: 4个项目建成3个."""
        if not parts.is_listed:
            return False
        is_adjacent = wording.CLAUSE_MARKS.isdisjoint(self._folded[parts.begin - 1 : parts.begin + 1])
        return is_adjacent and (wording.NEEDS_SUBJECT.fullmatch(name) or wording.BARE_VERB.fullmatch(name)) is not None

    def _is_selection(self, quantity: Quantity, parts: _NameParts) -> bool:
        """Return whether a quantity counts some of the things that the last quantity counts: 33个项目,有10个已建成."""
        last = self._names.last_quantity
        is_named_after = bool(parts.after) and not parts.is_predicate
        if is_named_after or last is None or (last.base_unit != quantity.base_unit and not self._is_share(quantity)):
            return False
        nearby = max(parts.begin, quantity.start - _NEARBY)
        marker = wording.SELECTION if parts.is_predicate else wording.RELATIVE_CLAUSE
        return marker.search(self._folded, nearby, quantity.start) is not None

    def _find_context_of_dependent(self, name: str, quantity: Quantity) -> str:
        """Return the context of a share, a comparison (高于), a limit, an average, a rate or a verb without an object.

        Return "" for other names.
        """
        if name.startswith(("占", "高于", "低于", "快于", "高出")):  # 救助女性30人,占20%
            return wording.GROWTH_RATE.sub("", self._names.last_name) or self._clauses.topic_before(
                quantity.start, self._named_end
            )
        if len(name) > _MAX_DEPENDENT_LENGTH:
            return ""
        is_limit = wording.LIMIT_NAME.match(name)  # 销售收入过百亿元的企业10家、过50亿元的12家
        is_share = wording.SHARE_OF.search(name) and "在" not in name  # 第三产业增长15%,在国民经济中的比重达到30%
        if is_limit or is_share or wording.AVERAGE.fullmatch(name):  # 储蓄余额8亿元,人均3712元
            subject = self._names.subject if is_limit else ""
            topic = self._names.last_name or self._clauses.topic_before(quantity.start, self._named_end)
            return subject or topic
        if wording.DEPENDENT_RATE.fullmatch(name):  # 受理投诉5件,办结率100%
            is_rate = wording.RATE_SUFFIX.search(self._names.last_name)
            return "" if is_rate and not self._names.subject else _extract_object(self._names.last_name)
        if wording.BARE_VERB.fullmatch(name):  # 行政复议申请,受理9件
            context = _extract_object(
                self._clauses.topic_before(quantity.start, self._named_end) or self._names.last_name
            )
            return "" if wording.COUNTED_ACT.fullmatch(context) else context
        return ""

    def _find_context_of_total(self, name: str, quantity: Quantity) -> str:
        """Return the things that were just counted in the same unit if a name only names their total.

        Return "" for other names, and if the last name is that of a mean.
        """
        last = self._names.last_quantity
        is_total = last is not None and last.base_unit == quantity.base_unit and wording.TOTAL_OF_LAST.fullmatch(name)
        is_mean = wording.MEAN_START.match(self._names.last_name)
        return _remove_addition(self._names.last_name) if is_total and not is_mean else ""

    def _find_context_of_noun(self, name: str, quantity: Quantity, parts: _NameParts) -> str:
        """Return the context of the name of a fine, of a unit that is read as a name, or of a short or generic name.

        An unknown unit is read as a name: 印张 in 456亿印张. Return "" for other names.
        """
        subject = self._names.subject
        if wording.FINE.fullmatch(name):
            last = self._names.last_name
            return "" if wording.CASE_SUFFIX.search(last) or wording.FINE.fullmatch(last) else _extract_object(last)
        is_after = bool(parts.after) and not parts.before
        if is_after and wording.LEVEL_VERB.search(self._folded, parts.begin, parts.start):
            topic = self._clauses.topic_before(quantity.start, self._named_end)  # 出版总量,1985年达到456亿印张
            if topic:
                return topic
        if len(name) <= MIN_NAME_LENGTH:
            if self._is_list_item(name, parts):
                return self._names.list_lead if is_after else ""  # 夺得2枚金牌、3枚银牌
            return self._find_context_of_short(name, quantity, parts)
        # A generic name of at most four characters, such as 培训人数
        is_generic = len(name) <= len("国家任务") and wording.GENERIC_NAME.fullmatch(name)
        if is_generic and not any(name[i : i + 2] in subject for i in range(len(name) - 1)):
            borrowed = _extract_object(subject) if self._is_borrowing(name, parts) else ""
            return borrowed or (
                "" if subject else self._clauses.topic_before(quantity.start, self._named_end) or self._heading_topic()
            )
        return ""

    def _is_list_item(self, name: str, parts: _NameParts) -> bool:
        """Return whether a short name is a further item of a list (企业3家、学校5所), not an act (法规4部、废止1部)."""
        is_listed = parts.is_listed and self._folded[parts.begin - 1] == "、"
        # `TRANSITIVE_VERB` requires two characters after the verb. Blanks stand for them.
        belongs = wording.NEEDS_SUBJECT.fullmatch(name) or wording.TRANSITIVE_VERB.match(f"{name}  ")
        return is_listed and not belongs

    def _find_context_of_short(self, name: str, quantity: Quantity, parts: _NameParts) -> str:
        """Return the context of a name of at most two characters: the previous name, the subject, the topic, or ""."""
        is_topic = wording.NEEDS_CONTEXT.fullmatch(name) is not None
        if is_topic and parts.is_listed and self._folded[parts.begin - 1] == "、":  # 播种面积6万亩、产量8万吨
            return _extract_object(self._names.last_name)
        if wording.HARVEST_CHANGE.fullmatch(name) and self._named_end > self._clauses.previous(quantity.start).start:
            return self._names.last_name
        subject = self._clauses.subject_before(quantity.start, self._named_end) if is_topic else ""
        subject = subject or self._names.subject
        if not subject:
            return (
                self._clauses.topic_before(quantity.start, self._named_end)
                if wording.NEEDS_CONTEXT.fullmatch(name)
                else ""
            )
        # 立案 alone counts the cases of the year, unless the subject is a campaign.
        is_clear = name == "立案" and not wording.CAMPAIGN.search(subject)
        return "" if is_clear or not self._is_borrowing(name, parts) else _extract_object(subject)

    def _is_borrowing(self, name: str, parts: _NameParts) -> bool:
        """Return whether the subject of the sentence can be the context of a name.

        A name that needs a subject (`wording.NEEDS_SUBJECT`) can always take it. Other names cannot if the subject is
        not lent (`_Names.lends_subject`), or if they follow a verb of spending: in 发放补贴5万元, 补贴 does not refer
        to the subject.
        """
        if self._names.lends_subject and not wording.SPENDING_VERB.search(self._folded, parts.begin, parts.start):
            return True
        return wording.NEEDS_SUBJECT.fullmatch(name) is not None

    @cached_property
    def _previous_sentence_topic(self) -> str:
        """The last name of the previous sentence or, if it has none, the text of its last clause."""
        end = max(self._start - 1, 0)
        if self._previous_name:
            return self._previous_name
        begin, end = self._names_in.trim(max(self._folded.rfind(mark, 0, end) for mark in ",;。:!?") + 1, end)
        return strip_marks(self._text[begin:end])

    def _heading_topic(self) -> str:
        """Return the topic of the innermost heading, or "" if the heading is generic.

        Return the title if there are no headings.
        """
        if not self._context.headings:
            return self._context.title
        heading = re.split(r"[,，;；:：。]", self._context.headings[-1])[0]
        verb = wording.LEADING_LIGHT_WORD.match(heading)
        heading = (heading[verb.end() :] if verb else heading).removesuffix("工作")
        return "" if wording.GENERIC_HEADING.search(heading) else heading


def _remove_addition(name: str) -> str:
    """Return the things of which some were added, as the context of their total: 高速公路 for 新增高速公路通车里程."""
    things = wording.NEWLY_COUNTED.sub("", _extract_object(name)).strip()
    return wording.LENGTH_NOUN.sub("", things)


def _extract_object(name: str) -> str:
    """Return the part of a name that serves as context: without its leading verb, and only up to 等."""
    verb = wording.TRANSITIVE_VERB.match(name)
    if verb:
        name = name[verb.end() :].strip() or name
    return name.partition("等")[0].removeprefix("的")
