"""The text after numbers: the name of what each counts (11个专业), what it is spent on, or a predicate.

The name after a number ends before the next verb or number. Several numbers can share it (8条500千伏线路).
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from searchkit.measures import wording
from searchkit.measures.names import MAX_TRAILING_NAME_LENGTH, MIN_NAME_LENGTH, NameText
from searchkit.measures.quantities import Quantity

_PUNCTUATION = re.compile(r"[,;。:!?、]")
"""A punctuation mark between sentences, clauses or items, folded."""
_YEAR_NUMBER = re.compile(r"\d{4}年度?")
"""A year in digits (2023年, 2023年度), which is removed from a predicate."""
_MAX_PURPOSE_LENGTH = 30
"""Maximum length in code points of the text after an amount that tells what it is spent on."""
_MAX_ADJECTIVES_LENGTH = 60
"""Maximum length in code points of several adjectives and their noun after a number."""


class FollowingText:
    """The text after each quantity of a sentence. Methods take `k`, the index of a quantity."""

    def __init__(self, text: str, folded: str, names: NameText, quantities: Sequence[Quantity], end: int) -> None:
        """`folded` is the text folded, of the same length. `end` is the end of the sentence."""
        self._text = text
        self._folded = folded
        self._names = names
        self._quantities = quantities
        self._end = end

    def find_name(self, k: int) -> tuple[str, int]:
        """Return the name after quantity k (11个专业) and the end of the text of the quantity and its name.

        Without a name, return "" and the end of the quantity. The end of the quantity is also returned if the name
        belongs to the next quantity, too (8条500千伏线路).
        """
        begin, following, is_clause_end = self.read(k)
        if following.startswith(("的", "等")) and not following.startswith("等级"):  # 330千伏等骨干电网项目
            begin, following = begin + 1, following[1:]
        no_name = "", self._quantities[k].end
        if k + 1 < len(self._quantities) and begin + len(following) == self._quantities[k + 1].start:
            shared = self._find_shared_name(k, following)
            if shared:
                return shared, no_name[1]
        if not following or wording.PREDICATE_START.match(following):
            return no_name
        # Whether 、 ends `following`, and more items follow before the next quantity.
        is_list = not is_clause_end and begin + len(following) + 1 < self.next_start(k)
        if not is_clause_end and begin + len(following) == self.next_start(k):
            change = wording.CHANGE_VERB.search(following)
            cut = change.start() if change else self._names.trim_end(begin, begin + len(following)) - begin
            name = self._names.cut(following.replace("(", "·"), is_clause_end=False)  # a bracket does not end it
            rest = following[len(name) :]
            is_whole = cut == len(following) and (not rest or (len(rest) == 1 and wording.NAME_TAIL.fullmatch(rest)))
            if is_whole and self._quantities[k + 1].kind == "count":  # 园区 is the name of both: 超200亿元园区6个
                has_own_name = bool(self.read(k + 1)[1]) and not self._is_before_predicate(k + 1)
                if following in wording.PLACE_NOUNS or (has_own_name and name == following):  # 4个方向8条走廊
                    return following, begin + len(following)
                is_name = len(following) >= MIN_NAME_LENGTH
                return (self._text[begin : begin + len(following)], no_name[1]) if is_name else no_name
            following = following[:cut].partition("的")[0] if cut < len(following) else following
        name = self._names.cut(following, is_clause_end=is_clause_end)
        if is_list or name.endswith("等"):  # 5个经济开发区和温州、金华等农业开发区
            first = wording.FIRST_ITEM.match(name)
            name = first[0] if first else name
        is_place = name in wording.PLACE_NOUNS and self._quantities[k].kind in ("count", "percent")
        if len(name) < MIN_NAME_LENGTH and not is_place:
            return no_name
        return re.sub("的(?!地)", " ", self._text[begin : begin + len(name)]), begin + len(name)

    def find_purpose(self, k: int) -> tuple[str, int]:
        """Return what the amount of quantity k is spent on, and the end of this text: 改造校舍 in 20亿元用于改造校舍.

        Return "" and the end of the quantity if the text does not state it.
        """
        begin = self._quantities[k].end
        limit = min(self.next_start(k), begin + _MAX_PURPOSE_LENGTH)
        purpose = wording.PURPOSE.match(self._folded, begin, limit)
        if purpose is None:
            return "", begin
        mark = _PUNCTUATION.search(self._folded, purpose.end(), limit)
        start, end = self._names.trim(purpose.end(), mark.start() if mark else limit)
        is_verb = wording.LIGHT_WORD.fullmatch(self._folded, start, end) or wording.BARE_VERB.fullmatch(
            self._folded, start, end
        )
        is_name = end - start >= MIN_NAME_LENGTH and not is_verb
        return (self._text[start:end], end) if is_name else ("", begin)

    def find_predicate(self, k: int) -> str:
        """Return the predicate after quantity k, for a quantity that has no name (646家使用该系统), or ""."""
        begin, following, _ = self.read(k)
        is_cut = begin + len(following) == self.next_start(k) < self._end
        if is_cut or len(following) < MIN_NAME_LENGTH or following.startswith("("):
            return ""
        name = self._text[begin : begin + min(len(following), MAX_TRAILING_NAME_LENGTH)]
        return _YEAR_NUMBER.sub("", name).strip("的 ")

    def add_predicate(self, name: str, end: int) -> str:
        """Return the name of the things that a share is of, and what they do: 行政村 通了客车 in 98.1%的行政村通了客车.

        `end` is the end of the name in the text. If no predicate follows the name, return the name.
        """
        predicate = wording.PREDICATE.match(self._folded, end, min(self._end, end + MAX_TRAILING_NAME_LENGTH * 2))
        if predicate is None:
            return name
        return f"{name} {self._text[slice(*predicate.span('verb'))]}".strip()

    def read(self, k: int) -> tuple[int, str, bool]:
        """Return the start and the text from quantity k to the next mark or quantity, and whether a clause ends there.

        The mark 、 ends no clause. It does not end the text either if it is inside of a name (5所市、县级医院). If the
        text begins with several adjectives, only the noun after them is returned.
        """
        begin, limit = self.start_after(k), self.next_start(k)
        mark = _PUNCTUATION.search(self._folded, begin, limit)
        if (
            mark
            and mark[0] == "、"
            and (
                mark.start() == begin + 1
                or self._is_between_places(mark)
                or wording.HALF_WORD.search(self._folded, begin, mark.start())
            )
        ):  # 5所市、县级医院
            next_mark = _PUNCTUATION.search(self._folded, mark.end(), limit)
            # 、 does not end the text, unless the text after it runs into the next quantity.
            is_open = next_mark is not None or limit == self._end or self._is_between_places(mark)
            if is_open and (next_mark.start() if next_mark else limit) >= mark.end() + MIN_NAME_LENGTH:
                mark = next_mark
        if mark and mark[0] == "、":
            listed = wording.LISTED_ADJECTIVES.match(self._folded, begin, min(limit, begin + _MAX_ADJECTIVES_LENGTH))
            if listed:
                return listed.start("noun"), listed["noun"], True
        if mark is None:
            return begin, self._folded[begin:limit], limit == self._end
        return begin, self._folded[begin : mark.start()], mark[0] != "、"

    def start_after(self, k: int) -> int:
        """Return the end of quantity k, or of a unit in brackets or 级 directly after it: 25万人(次), 110兆瓦级燃机."""
        end = self._quantities[k].end
        if self._folded[end : end + 1] not in ("(", "级"):
            return end
        remark = wording.UNIT_REMARK.match(self._folded, end, self.next_start(k))
        return remark.end() if remark else end

    def next_start(self, k: int) -> int:
        """Return the start of the quantity after quantity k, or the end of the sentence.

        An ordinal that is part of the name after quantity k (100个一类乡镇) is passed over.
        """
        n = k + 1
        if n < len(self._quantities) and self._is_ordinal(self._quantities[n], self._quantities[k].end):
            n += 1
        return self._quantities[n].start if n < len(self._quantities) else self._end

    def _find_shared_name(self, k: int, following: str) -> str:
        """Return the name after the next quantity if it is the name of quantity k, too (8条500千伏线路), or ""."""
        if self._quantities[k].kind != "count" or wording.LIMIT_LEAD.match(following) is None:
            return ""
        begin, text, is_clause_end = self.read(k + 1)
        text = text.removeprefix("的")
        if not text or begin + len(text) >= self.next_start(k + 1) < self._end or wording.PREDICATE_START.match(text):
            return ""
        name = self._names.cut(text, is_clause_end=is_clause_end)
        return name if len(name) >= MIN_NAME_LENGTH else ""

    def _is_before_predicate(self, k: int) -> bool:
        """Return whether the text after quantity k begins with a predicate."""
        return wording.PREDICATE_START.match(self._folded, self._quantities[k].end) is not None

    def _is_between_places(self, mark: re.Match[str]) -> bool:
        """Return whether a mark separates two kinds of places: 19个沿边市、县的进出口总额."""
        nearby = self._folded[mark.start() - 1], self._folded[mark.end() : mark.end() + 1]
        return wording.PLACE_NOUNS.issuperset(nearby)

    def _is_ordinal(self, quantity: Quantity, begin: int) -> bool:
        """Return whether a quantity after a number that ends at `begin` is part of a name: 100个一类乡镇, 建设一期."""
        is_adjacent = quantity.start == begin and quantity.value == 1
        return quantity.is_vague and (is_adjacent or quantity.unit == "期")
