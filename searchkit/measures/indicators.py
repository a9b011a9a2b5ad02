"""Indicators: what each quantity of a sentence counts, in the sentence's own words.

A quantity is named by what stands before it in its clause (监督检查5980户次) and by what stands behind it (11个专业);
when that is too little, by what the sentence speaks of: the quantity before it, the total that it is a part of, the
clause before, the heading.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from searchkit.measures import wording
from searchkit.measures.periods import Time, find_times, period_of
from searchkit.measures.quantities import Quantity

_CLAUSE_END = re.compile(r"[,:]|\((?=其中|含|包括|不含)")  # within a sentence
_STOP = re.compile(r"[,;。:!?、]")
_SENTENCE = re.compile(r"[^。!?;]+")
_BESIDE = frozenset(("和", "、", "及", "与", "以及"))
_YEAR = re.compile(r"\d{4}年度?")
_MAX_NAME_LENGTH = 20
_MAX_INDICATOR_LENGTH = 200
"""Of a longer one, which no report has, the end: the words that stand with the number."""
"""Code points taken from behind a number."""
_WORD = 2
"""Code points of the shortest word that can be a name."""
_TAIL = 8
"""Code points behind 的 that still belong to the name: 98户学校的监管整合."""


@dataclass(frozen=True, slots=True)
class Context:
    """What a paragraph's measures stand in."""

    text: str
    folded: str
    """The text folded, of the same length."""
    headings: Sequence[str] = ()
    title: str = ""
    year: int | None = None
    """The reporting year."""


@dataclass(slots=True)
class Named:
    """A quantity with what it counts."""

    quantity: Quantity
    indicator: str
    start: int
    """Where the quote begins: at the words before the number that name it, else at the number."""
    change: str | None = None
    part_of: Quantity | None = None
    """The total that it is a part of."""
    period: str | None = None


@dataclass(frozen=True, slots=True)
class _Pieces:
    """What an indicator is made of."""

    before: str
    behind: str
    start: int
    """Where the quote begins."""
    change: re.Match[str] | None
    """As `wording.CHANGE` found it."""
    is_predicate: bool = False
    """`behind` is what the sentence says of the things counted, not their name."""


def name_quantities(context: Context, quantities: Sequence[Quantity]) -> list[Named]:
    """Say what the quantities of a paragraph count. Those that by all signs count nothing are left out.

    Cost: linear in the text.
    """
    named: list[Named] = []
    n = 0
    for sentence in _SENTENCE.finditer(context.folded):
        first = n
        while n < len(quantities) and quantities[n].start < sentence.end():
            n += 1
        if n > first:
            named.extend(_Sentence(context, quantities[first:n], sentence.start(), sentence.end()).named())
    return [item for item in named if not wording.CHROME.fullmatch(item.indicator)]


class _Sentence:
    """One sentence, read from left to right."""

    def __init__(self, context: Context, quantities: Sequence[Quantity], start: int, end: int) -> None:
        self._context = context
        self._text = context.text
        self._folded = context.folded
        self._quantities = quantities
        self._start = start
        self._end = end
        self._clauses = [start, *(end.end() for end in _CLAUSE_END.finditer(context.folded, start, end))]
        self._times = find_times(context.folded, start, end)
        self._topics: dict[int, str] = {}  # of the clause before clause n
        self._claimed = start  # end of what the quantities before have taken
        self._named_end = start  # of the last quantity that has a name
        self._anchor = ""  # what the sentence speaks of: the first name that says enough by itself, or its context
        self._last = ""  # the last name, without a change
        self._last_quantity: Quantity | None = None
        self._total: Quantity | None = None  # whose parts are being listed
        self._total_name = ""
        self._verb = ""  # what was done to all that are listed: 调处化解甲1件、乙4件

    def named(self) -> Iterator[Named]:
        """Yield the quantities that count something."""
        k = 0
        while k < len(self._quantities):
            run = self._run(k)
            yield from self._name(k, run)
            k += run

    def _run(self, k: int) -> int:
        """How many quantities from number k on stand side by side (32.6%和31.7%)."""
        n = k + 1
        while n < len(self._quantities):
            if self._folded[self._quantities[n - 1].end : self._quantities[n].start].strip() not in _BESIDE:
                break
            n += 1
        return n - k

    def _name(self, k: int, run: int) -> Iterator[Named]:
        """Name the quantities from k to k + run, which share what stands before them."""
        quantity, last = self._quantities[k], self._quantities[k + run - 1]
        begin, is_listed = self._begin(k)
        raw = self._folded[begin : quantity.start]
        self._enter_breakdown(raw, k)
        change = self._change(raw, quantity)
        if change and quantity.kind == "count" and self._behind(k + run - 1)[0] and not wording.COMPARED.search(raw):
            change = None  # 提高1200万教师待遇 counts teachers
        low, high = self._core(begin, begin + change.start() if change else quantity.start)
        behind, claimed = ("", last.end) if change else self._behind(k + run - 1)
        before = self._text[low:high]
        is_none = quantity.value == 1 and wording.NONE.search(raw) is not None  # 没有一起投诉
        if is_none or (quantity.is_vague and not change and not self._is_counted(quantity, raw, before, behind)):
            self._claimed = quantity.end
            self._last = self._anchor = behind or self._last
            return
        is_predicate = not before and not behind and change is None
        if is_predicate:
            behind = self._predicate(k + run - 1)
        before = self._shared_verb(before, is_listed=is_listed)
        if behind and self._is_list(raw, quantity):
            before = ""
        self._claimed = max(last.end, claimed)
        parts = self._parts(low, high, run, quantity)
        outer = self._last
        for i in range(max(run, len(parts))):
            one = self._quantities[k + i] if i < run else quantity
            start = low if before and not i else one.start
            if parts:
                before, start = self._part(parts, i), parts[i].start if run == 1 else start
                self._last = outer
            yield self._finish(one, _Pieces(before, behind, start, change, is_predicate))

    # what stands before

    def _begin(self, k: int) -> tuple[int, bool]:
        """Where the words before quantity k begin, and whether it is an item of a list of its own."""
        quantity = self._quantities[k]
        clause = self._clause_start(quantity.start)
        begin = max(clause, self._claimed)
        if k == 0 or self._quantities[k - 1].end <= clause:
            return begin, False
        return max(begin, self._folded.rfind("、", begin, quantity.start) + 1), True

    def _clause_start(self, position: int) -> int:
        """Where the clause of a place begins."""
        return self._clauses[bisect_right(self._clauses, position) - 1]

    def _enter_breakdown(self, raw: str, k: int) -> None:
        """Remember the total when its parts begin to be listed; forget it when another total comes."""
        if self._total is not None and wording.NO_PART.search(raw):
            self._total = None
        between = self._folded[self._quantities[k - 1].end : self._quantities[k].start] if k else ""
        if self._last_quantity is not None and wording.BREAKDOWN.search(between):
            self._total, self._total_name = self._last_quantity, self._last

    def _change(self, raw: str, quantity: Quantity) -> re.Match[str] | None:
        """The verb at the end of what stands before a number that makes it a change, or None."""
        change = wording.CHANGE.search(raw)
        if change is None:
            growth = wording.GROWTH.match(self._folded, quantity.end) if quantity.kind == "percent" else None
            return wording.CHANGE.search(raw + "增长") if growth and growth[0].startswith("的") else None
        is_doubtful = change["verb"] in wording.SHORT_CHANGES and not wording.COMPARED.search(raw)
        return None if is_doubtful or wording.LEVEL.search(raw) else change

    def _core(self, begin: int, end: int) -> tuple[int, int]:
        """What is left of the words before a number without those that name nothing."""
        folded = self._folded
        begin, end = self._without_comparison(begin, end)
        end = self._without_trail(begin, end)
        total = _last(wording.TOTAL.finditer(folded, begin, end))
        if total is not None and total.end() < end:
            begin = total.end()
        toward = wording.TOWARD.match(folded, begin, end)
        begin = self._without_lead(toward.end() if toward else begin, end)
        light = _last(wording.LIGHT.finditer(folded, begin, end))
        if light is not None and end - light.end() >= _WORD and folded[light.end() : end] not in ("工作", "活动"):
            is_topic = light[0] in wording.DONE and light.start() - begin >= _WORD
            if not is_topic or wording.ACTOR.search(folded, begin, light.start()):
                begin = self._without_lead(light.end(), end)
        joint = folded.rfind("并", begin, end)
        if joint > begin and end - joint > len("并立案处罚") - 1:
            begin = joint + 1
        end = self._without_trail(begin, end)
        if end - begin > len("审查工作") and folded.endswith("工作", begin, end):
            end -= len("工作")
        if folded[begin - 1 : begin] == "“" and folded.find("”", begin, end) >= 0:
            begin -= 1
        return begin, max(begin, end)

    def _without_comparison(self, begin: int, end: int) -> tuple[int, int]:
        compared = _last(wording.COMPARED.finditer(self._folded, begin, end))
        if compared is None:
            return begin, end
        rest = self._folded[compared.end() : end].strip()
        return (compared.end(), end) if rest else (begin, compared.start())

    def _without_trail(self, begin: int, end: int) -> int:
        """Where the name ends when the words between it and its number are taken away, one by one."""
        while trail := wording.TRAIL.search(self._folded, max(begin, end - wording.MAX_TRAIL_LENGTH), end):
            end = trail.start()
        return end

    def _without_lead(self, begin: int, end: int) -> int:
        """Pass over what leads to a name without being a part of it."""
        while begin < end:
            lead = wording.LEAD.match(self._folded, begin, end)
            if lead is None:
                lead = wording.LIGHT_LEAD.match(self._folded, begin, end)
                if lead is None or lead.end() > end - 2:
                    break
            begin = lead.end()
        return begin

    def _shared_verb(self, before: str, *, is_listed: bool) -> str:
        """Give an item of a list the verb of the first one; remember the verb of what may begin a list."""
        verb = wording.VERB.match(before)
        if is_listed and before:
            return before if verb or not self._verb else f"{self._verb} {before}"
        self._verb = verb[0] if verb else ""
        return before

    def _is_list(self, raw: str, quantity: Quantity) -> bool:
        """Whether the words before a number list what it counts: 甲、乙、丙等3个专业, 甲和乙2个中心."""
        raw = raw.rstrip()
        items = len(re.findall(r"、|和|及|与|》《", raw)) + 1
        return items > 1 and (raw.endswith("等") or items == quantity.value)

    # what stands behind

    def _behind(self, k: int) -> tuple[str, int]:
        """The name behind quantity k (11个专业), empty if there is none, and where it ends."""
        begin, raw, is_whole = self._rest(k)
        if self._folded.startswith("的", begin) and raw:
            begin, raw = begin + 1, raw[1:]
        nothing = "", self._quantities[k].end
        if not raw or wording.PREDICATE.match(raw):
            return nothing
        if not is_whole and begin + len(raw) == self._next_start(k):
            change = wording.CHANGE.search(raw)
            cut = change.start() if change else self._without_trail(begin, begin + len(raw)) - begin
            if cut == len(raw) and self._quantities[k + 1].kind == "count":  # 超200亿元园区6个: the name of both
                return (self._text[begin : begin + len(raw)], nothing[1]) if len(raw) >= _WORD else nothing
            raw = raw[:cut].partition("的")[0] if cut < len(raw) else raw
        name = self._noun(raw, is_whole=is_whole)
        if len(name) < _WORD:
            return nothing
        return self._text[begin : begin + len(name)].replace("的", " "), begin + len(name)

    def _rest(self, k: int) -> tuple[int, str, bool]:
        """Where the words behind quantity k begin, they up to a mark or number, and whether the clause ends there."""
        begin, limit = self._quantities[k].end, self._next_start(k)
        stop = _STOP.search(self._folded, begin, limit)
        if stop is None:
            return begin, self._folded[begin:limit], limit == self._end
        return begin, self._folded[begin : stop.start()], stop[0] != "、"

    def _next_start(self, k: int) -> int:
        """Where the next quantity begins, or the sentence ends."""
        return self._quantities[k + 1].start if k + 1 < len(self._quantities) else self._end

    def _noun(self, raw: str, *, is_whole: bool) -> str:
        """What of the words behind a number is the name."""
        end = wording.NOUN_END.search(raw, 1)
        noun = raw[: end.start()] if end else raw
        if end and is_whole:
            tail = len(raw) - end.end()
            if (end[0] == "的" and _WORD <= tail <= _TAIL) or wording.GENERIC.fullmatch(noun):
                noun = raw
        return re.sub(r"[后时中]$", "", noun[:_MAX_NAME_LENGTH].rstrip("的 "))

    def _predicate(self, k: int) -> str:
        """What is said behind a number that nothing else names: 646家使用该系统."""
        begin, raw, _ = self._rest(k)
        if begin + len(raw) == self._next_start(k) < self._end or len(raw) < _WORD:
            return ""
        return _YEAR.sub("", self._text[begin : begin + min(len(raw), _MAX_NAME_LENGTH)]).strip("的 ")

    def _is_counted(self, quantity: Quantity, raw: str, before: str, behind: str) -> bool:
        """Whether a small Chinese numeral with an everyday unit counts things."""
        if quantity.unit == "期":
            return bool(wording.PERIODICAL.search(before))
        if quantity.end == len(self._folded) or self._folded[quantity.end] in ",;。:!?、)":
            is_some = quantity.value == 1 and quantity.unit in wording.SOME
            return len(before) > _WORD and not is_some and not self._is_list(raw, quantity)
        if quantity.value == 1:
            return False
        if quantity.unit == "次" and self._folded[quantity.start - 1 : quantity.start] not in tuple("第这那上历多再首"):
            return bool(wording.ACT.match(self._folded, quantity.end))
        return bool(behind and wording.COUNTING.search(raw)) and not wording.ABSTRACT.match(self._folded, quantity.end)

    # several names, several numbers

    def _parts(self, low: int, high: int, run: int, quantity: Quantity) -> list[range]:
        """Where the names of several numbers stand, or of several rates that share one; [] if there is but one."""
        if run == 1 and quantity.kind != "percent":
            return []
        each = wording.EACH.search(self._folded, low, high)
        cuts = [match.span() for match in wording.JOINT.finditer(self._folded, low, each.start() if each else high)]
        bounds = [low, *(place for cut in cuts for place in cut), high]
        parts = [range(bounds[i], bounds[i + 1]) for i in range(0, len(bounds), 2)]
        if not cuts or any(len(part) < _WORD for part in parts):
            return []
        if run > 1:
            return parts if len(parts) == run else []
        are_rates = all(wording.RATE.search(self._folded[part.start : part.stop]) for part in parts)
        return parts if are_rates else []

    def _part(self, parts: Sequence[range], i: int) -> str:
        """The name of one of several numbers, with what only the last one says (养老保险、失业保险参保人数)."""
        name, last = (self._text[parts[n].start : parts[n].stop] for n in (i, len(parts) - 1))
        each = wording.EACH.search(last)
        if each:  # 甲县、乙县分别完成投资3亿元、5亿元
            light = wording.LIGHT_LEAD.match(last, each.end())
            own = last[: each.start()] if i == len(parts) - 1 else name
            return f"{own} {last[light.end() if light else each.end() :]}".strip()
        head = wording.HEAD.search(last)
        return name if head is None or wording.HEAD.search(name) else f"{name} {head[0]}"

    # the indicator

    def _finish(self, quantity: Quantity, pieces: _Pieces) -> Named:
        """Put an indicator together from its pieces and what the sentence has said before."""
        name = _tidy(pieces.before[-_MAX_INDICATOR_LENGTH:])
        if wording.EMPTY.fullmatch(name):
            name = ""
        if pieces.behind:
            is_named = len(name) > _WORD and not wording.LIGHT_WORDS.fullmatch(name)
            name = _tidy(f"{name} {pieces.behind}" if is_named else pieces.behind)[-_MAX_INDICATOR_LENGTH:]
        is_part = self._total is not None and quantity.base_unit == self._total.base_unit and pieces.change is None
        part_of = self._total if is_part else None
        if not is_part and pieces.change is None and quantity.kind != "percent":
            self._total = None
        context = "" if name and pieces.change is not None else self._context_of(name, quantity, pieces)
        if context and name and name not in context and context != name:
            name = f"{context[-_MAX_INDICATOR_LENGTH:]} {name}"
        name = name or context[-_MAX_INDICATOR_LENGTH:]
        self._last, self._last_quantity = name, quantity if pieces.change is None else self._last_quantity
        if len(name) > _WORD + 1 and not self._anchor:
            self._anchor = context or name
        self._named_end = quantity.end
        change = None
        if pieces.change is not None:
            change = "increase" if pieces.change["increase"] else "decrease"
            name = f"{name} {pieces.change['compared'] or ''}{pieces.change['verb'].removesuffix('了')}".strip()
        return Named(quantity, name, min(pieces.start, quantity.start), change, part_of, self._period(quantity))

    def _context_of(self, name: str, quantity: Quantity, pieces: _Pieces) -> str:
        """What a name needs to be understood by itself, empty if nothing."""
        if name and self._total is not None:
            shared = any(name[i : i + 2] in self._total_name for i in range(len(name) - 1))
            return "" if shared or name[-1] in self._total_name else _object(self._total_name)
        if name.startswith("占"):
            return self._last
        if wording.DEPENDENT_RATE.fullmatch(name):
            return _object(self._last)
        topic = self._clause_before(quantity.start)
        if wording.BARE_VERB.fullmatch(name):
            return _object(topic or self._last)
        if not name or (pieces.is_predicate and len(name) <= len("参加培训")):
            return self._last or topic or self._sentence_before or self._headline()
        return self._context_of_word(name, topic)

    def _context_of_word(self, name: str, topic: str) -> str:
        """The context of a name of one or two words; longer ones need none."""
        if wording.FINE.fullmatch(name):
            return "" if wording.CASE.search(self._last) else _object(self._last)
        if len(name) <= _WORD:
            is_understood = name == "立案" and not wording.CAMPAIGN.search(self._anchor)
            return "" if is_understood else _object(self._anchor)
        is_sibling = any(name[i : i + 2] in self._anchor for i in range(len(name) - 1))
        if len(name) <= len("国家任务") and wording.GENERIC.fullmatch(name) and not is_sibling:
            return _object(self._anchor) or topic or self._headline()
        return ""

    @cached_property
    def _sentence_before(self) -> str:
        """What the last clause of the sentence before speaks of."""
        end = max(self._start - 1, 0)
        begin, end = self._core(max(self._folded.rfind(mark, 0, end) for mark in ",;。:!?") + 1, end)
        return _tidy(self._text[begin:end])

    def _clause_before(self, position: int) -> str:
        """What the clause before the one of a place speaks of, if it has no quantity."""
        n = bisect_right(self._clauses, position) - 1
        if n == 0 or self._named_end > self._clauses[n - 1]:
            return ""
        if n not in self._topics:
            begin, end = self._core(self._clauses[n - 1], self._clauses[n] - 1)
            self._topics[n] = _tidy(self._text[begin:end])
        return self._topics[n]

    def _headline(self) -> str:
        """What the nearest heading speaks of, or else the title."""
        if not self._context.headings:
            return self._context.title
        heading = re.split(r"[,，;；:：。]", self._context.headings[-1])[0]
        lead = wording.LIGHT_LEAD.match(heading)
        heading = (heading[lead.end() :] if lead else heading).removesuffix("工作")
        return "" if wording.COLOURLESS.search(heading) else heading

    def _period(self, quantity: Quantity) -> str | None:
        clause = self._clause_start(quantity.start)
        time = period_of(self._times, (self._start, clause, quantity.start), self._context.year)
        if time is None or self._is_past(time, quantity):
            return None
        return self._text[time.start : time.end]

    def _is_past(self, time: Time, quantity: Quantity) -> bool:
        """Whether a time is that of the number before this one: 由2022年的71%提高到89%."""
        is_start = self._folded[time.start - 1 : time.start] in tuple("由从")
        between = self._folded[time.end : min(quantity.start, time.end + _MAX_INDICATOR_LENGTH)]
        return is_start and re.search("[到至]", between) is not None


def _object(name: str) -> str:
    """What of a name its parts and companions keep: without the verb before it and the kind behind 等."""
    verb = wording.VERB.match(name)
    if verb:
        name = name[verb.end() :].strip() or name
    return name.partition("等")[0]


def _tidy(name: str) -> str:
    """Without punctuation at its ends, and without a quote mark or bracket that has lost its other half."""
    name = name.strip("、，,:： ·")
    if len(name) > _WORD and name[-1] in "和及与并":
        name = name[:-1]
    if name.count("“") != name.count("”"):
        name = name.replace("“", "").replace("”", "")
    opened, closed = sum(map(name.count, "(（")), sum(map(name.count, ")）"))
    return name if opened == closed else re.split("[(（]", name.strip("()（）、，,: "))[0]


def _last(matches: Iterator[re.Match[str]]) -> re.Match[str] | None:
    """The last match, or None."""
    found = None
    for found in matches:  # noqa: B007
        pass
    return found
