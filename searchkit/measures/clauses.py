"""Clauses of a sentence: where each begins, what it is about, and which period and which bracket a number is in.

A clause without a number can name what the numbers of later clauses count: 粮食产量再创新高,达到9吨. This name is the
topic of the clause. A remark is a bracket about a quantity: it contains a quantity or directly follows one.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from operator import attrgetter

from searchkit.measures import wording
from searchkit.measures.names import MIN_NAME_LENGTH, NameText, strip_marks
from searchkit.measures.periods import MAX_EXAMINED_TIMES, TimeExpression, find_period, find_times
from searchkit.measures.quantities import Quantity

_BOUNDARY = re.compile(r"[,:(](?:(?<!\()|(?=其中|含|包括|不含))")
"""The end of a clause within a sentence: a comma, a colon, or an opening bracket before 其中 and the like."""
_BRACKET = re.compile(r"\([^()]*(?:\([^()]*\)[^()]*)*\)")
"""A text in brackets. It may contain other brackets, but these contain no further ones."""
_MAX_TOPIC_DISTANCE = 3
"""Maximum number of clauses that are searched for a topic before the clause of a number."""
_MAX_LEVEL_DISTANCE = 200
"""Number of code points after the time of an initial level (2022年 in 由2022年的71%提高到89%) that are searched
for 到 or 至."""


class Clauses:
    """The clauses of a sentence with quantities."""

    def __init__(self, text: str, folded: str, names: NameText, quantities: Sequence[Quantity], span: range) -> None:
        """`folded` is the text folded, of the same length. `span` is the span of the sentence."""
        self._text = text
        self._folded = folded
        self._names = names
        self._starts = [span.start, *_find_starts(folded, span, quantities)]
        self._times = find_times(folded, span.start, span.stop)
        self._topics: dict[int, str] = {}  # by index of the clause
        self._with_subject: set[int] = set()  # indexes of clauses whose topic is a subject before a verb
        self._remarks = _find_remarks(folded, span, quantities)
        self.has_remarks = bool(self._remarks)
        """Whether a bracket is about a quantity."""

    def start_of(self, offset: int) -> int:
        """Return the start of the clause that contains an offset."""
        return self._starts[bisect_right(self._starts, offset) - 1]

    def previous(self, offset: int) -> range:
        """Return the span of the clause before the one that contains an offset; an empty span for the first clause."""
        n = bisect_right(self._starts, offset) - 1
        return range(self._starts[n - 1], self._starts[n] - 1) if n else range(self._starts[0], self._starts[0])

    def topic_before(self, offset: int, named_end: int) -> str:
        """Return the topic of the nearest clause with a topic before the clause that contains an offset, or "".

        At most `_MAX_TOPIC_DISTANCE` clauses are searched, and none that begins before `named_end`, the end of the last
        quantity with a name.
        """
        n = bisect_right(self._starts, offset) - 1
        for clause in range(n - 1, max(-1, n - 1 - _MAX_TOPIC_DISTANCE), -1):
            if named_end > self._starts[clause]:
                break
            if clause not in self._topics:
                self._topics[clause] = self._find_topic(clause)
            if self._topics[clause]:
                return self._topics[clause]
        return ""

    def subject_before(self, offset: int, named_end: int) -> str:
        """Return the topic before an offset (see `topic_before`) if it can be a subject, otherwise "".

        It can if it is the subject of a verb in the clause directly before (产量 in 产量再创新高,达到9吨), or if it
        ends like a measure (`wording.MEASURE_NOUN`).
        """
        topic = self.topic_before(offset, named_end)
        is_subject = bisect_right(self._starts, offset) - 2 in self._with_subject
        return topic if is_subject or wording.MEASURE_NOUN.search(topic) else ""

    def trim_to_subject(self, begin: int, end: int) -> int:
        """Return the end of the subject in the name between two offsets, or `end` if no verb follows a subject."""
        subject = wording.SUBJECT_END.search(self._folded, begin + MIN_NAME_LENGTH, end)
        return self._names.trim_end(begin, subject.start()) if subject else end

    def remark_at(self, offset: int) -> range | None:
        """Return the bracket about a quantity that contains an offset, or None."""
        if not self._remarks:
            return None
        n = bisect_right(self._remarks, offset, key=attrgetter("start")) - 1
        return self._remarks[n] if n >= 0 and offset in self._remarks[n] else None

    def find_period(self, quantity: Quantity, year: int | None) -> str | None:
        """Return the time expression that applies to a quantity, as written. `year`: the reporting year.

        Return None if no time expression applies. Also return None if the one that applies is the reporting year or the
        time of an initial level: 2022年 in 由2022年的71%提高到89% is not the period of 89%. Time expressions in a
        remark that does not contain the quantity are ignored.
        """
        times: Sequence[TimeExpression] = self._times
        if self._remarks:
            remark = self.remark_at(quantity.start)
            stop = bisect_left(times, quantity.start, key=attrgetter("start"))
            nearest = times[max(0, stop - MAX_EXAMINED_TIMES) : stop]
            times = [time for time in nearest if self.remark_at(time.start) in (None, remark)]
        clause_start = self.start_of(quantity.start)
        time = find_period(times, clause_start=clause_start, number_start=quantity.start, year=year)
        if time is None or self._is_initial_time(time, quantity):
            return None
        return self._text[time.start : time.end]

    def _find_topic(self, n: int) -> str:
        """Return what clause n is about: its aspect (在工业总产值方面), its subject (产量 in 产量再创新高) or its name.

        Without an aspect, the name is returned if it ends like a measure (`wording.MEASURE_NOUN`) or if the clause has
        no subject, otherwise the subject. Return "" if the clause is adverbial, or if its subject has at most two
        characters.
        """
        start, stop = self._starts[n], self._starts[n + 1] - 1
        aspect = wording.ASPECT_CLAUSE.match(self._folded, start, stop)
        if aspect:
            return self._text[slice(*aspect.span(1))]
        if wording.ADVERBIAL_CLAUSE.match(self._folded, start, stop):
            return ""
        begin, end = self._names.trim(start, stop)
        is_measure = wording.MEASURE_NOUN.search(self._folded, begin, end)  # 农民从集体分得的收入
        subject = None if is_measure else wording.SUBJECT_END.search(self._folded, begin + MIN_NAME_LENGTH, end)
        end = self._names.trim_end(begin, subject.start()) if subject else end
        if subject and end - begin <= MIN_NAME_LENGTH:  # 效益提高
            return ""
        if subject:
            self._with_subject.add(n)
        return strip_marks(self._names.read(begin, end))

    def _is_initial_time(self, time: TimeExpression, quantity: Quantity) -> bool:
        """Return whether a time is that of the initial level, not of the quantity: 2022年 in 由2022年的71%提高到89%."""
        is_start = self._folded[time.start - 1 : time.start] in tuple("由从")
        between = self._folded[time.end : min(quantity.start, time.end + _MAX_LEVEL_DISTANCE)]
        return is_start and re.search("[到至]", between) is not None


def _find_starts(folded: str, span: range, quantities: Sequence[Quantity]) -> Iterator[int]:
    """Yield the starts of the clauses of a sentence, except that of the first clause.

    A bracket before 其中 and the like begins a clause only if it contains a quantity.
    """
    starts = [quantity.start for quantity in quantities]
    for mark in _BOUNDARY.finditer(folded, span.start, span.stop):
        closing = folded.find(")", mark.end(), span.stop) if mark[0] == "(" else -1
        if mark[0] != "(" or bisect_left(starts, closing) > bisect_left(starts, mark.end()):
            yield mark.end()


def _find_remarks(folded: str, span: range, quantities: Sequence[Quantity]) -> list[range]:
    """Return the spans of the brackets of a sentence that contain a quantity or directly follow one.

    Any other bracket, such as （2023年1至6月） in 全省（2023年1至6月）立案5件, is about what follows.
    """
    if folded.find("(", span.start, span.stop) < 0:
        return []
    ends = {quantity.end for quantity in quantities}
    starts = [quantity.start for quantity in quantities]
    remarks = []
    for match in _BRACKET.finditer(folded, span.start, span.stop):
        has_quantity = bisect_left(starts, match.end()) > bisect_left(starts, match.start())
        if has_quantity or match.start() in ends:
            remarks.append(range(*match.span()))
    return remarks
