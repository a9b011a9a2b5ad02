"""Names of measures: which indicators name the same measure, and whether they name its level, an addition or a change.

Look-up, comparison and audit all decide by `IndicatorNames` what is the same measure. The names that mean the same are
data (`data/indicators.toml`, or the file that replaced it in the build of the index). Synonyms of search do not matter.
An indicator has one or several parts, separated by spaces: 行政复议 维持.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from searchkit.model import Measure
from searchkit.text.folding import fold

Aspect = Literal["level", "addition", "change"]
"""What a measure states about the thing that it names: its level (高新技术企业5000家), an addition to it
(新增高新技术企业600家), or a change of it (高新技术企业增长12%)."""

_FILLERS = re.compile(r"\[\d{1,3}\]|各类|各项|各种|[^\w、 ]|_|了")
"""Marks of notes ([1]), words that mean nothing wherever they are in a name, and all punctuation except 、. They are
removed first."""
_PLACE = (
    "[我全本](?:省|市(?!场)|区(?!域)|县(?!域)|州(?!县)|盟|旗|镇|乡(?!村)|自治[区州县])|我国|自治[区州](?!域)|"
    "全国(?!人大|人民代表|政协|文明|百强|重点|先进|示范|劳动?模|优秀|双拥|性|统一|各)"
)
"""Pattern of the report's own place (全市) or the whole country before a name. Any other place narrows the name, and is
part of it."""
_TIME = (
    r"\d{4}年度?(?:全年|末|底)?|全年(?!龄)|年内|年末|年底|[今去上本当]年度?(?:末|底)?|"
    r"(?:过去|近)?[五5]年(?:来|间)?(?!规划|计划|行动|期|级|制|以)|目前|截至目前|到目前为止"
)
"""Pattern of a time before a name."""
_LEADING = re.compile(
    f"^(?:{_PLACE}|{_TIME}|依法(?!行政|治)|积极|累计|总共|共计|合计|据?初步(?:预计|核算|统计|测算)|共(?![享同产和青识建])|组织(?!部)|开展|进行|实施(?!方案|细则|意见|办法)|"
    "实现|完成(?!率)|预计|预期(?!寿命)|力争|确保|达到?(?!标))+"
)
"""Words that are not part of a name, at the beginning of one of its parts: 全市实现, 开展."""
_TRAILING_WORD = (
    "总数量|总数|总量|数量|总计|合计|共计|累计|情况|工作|案件|事项|预计|预期|目标|同比|分别|五年|全年|再|又|均|大幅度?|逐步|稳步|"
    "(?:约|将|要|可|已)(?=$)"
)
"""Pattern of a word after a name that is not part of the name. No such word consists of others, so that matching takes
linear time."""
_TRAILING = re.compile(f"(?<=..)(?:{_TRAILING_WORD})+$")
"""Words that are not part of a name, at the end of a part of three or more characters: 行政复议案件 is 行政复议."""
_FILLER_PART = re.compile(f"(?:{_TRAILING_WORD})+")
"""A part that adds nothing to other parts: 总量 in 地区生产总值 总量."""
_CHANGE_VERB = (
    "负增长|(?<!自然)(?<!负)增长|增加|提高|提升|上升|上涨|扩大|延长|下降|减少|削减|降低|回落|缩短|压缩|压减|精简|缩减|下跌|缩小|"
    "增幅|增速|涨幅|升幅|降幅|减幅|跌幅|净增|翻番"
)
"""Pattern of a verb or noun of change of two or more characters. 自然增长 is part of a name."""
_CHANGE_PREFIX = "(?:年均|平均|同比|环比|比?较?上年|比?较?去年|净|再|又|要|预计|分别|均)*"
_CHANGE_PREFIX_END = re.compile(f"(?<=..){_CHANGE_PREFIX}$")
"""Matches words at the end of a name whose word of change was removed: 净, after 增 was removed from 市场主体净 增."""
_CHANGE_END = re.compile(
    f"{_CHANGE_PREFIX}(?:{_CHANGE_VERB})(?:率|幅度?|速度?|量|额|变化|情况)?$|{_CHANGE_PREFIX}(?:变化|变动)(?:率|幅度?|情况)?$"
)
"""Words of change at the end of a name."""
_SHORT_CHANGE_END = re.compile(f"{_CHANGE_PREFIX}(?:[增涨升降减跌快慢少多高低翻])[了]?$")
"""Verbs of change of one character at the end of a name. They are removed only if the measure is known to be a change:
增 in 市场主体净 增."""
_ADDITION = re.compile("^(?:新增加?|净增加?|净新增)(?=.{2})|(?<=..)(?:新增|净增)$")
"""Words of an addition at the beginning or end of a name."""
_TOTAL_OF_ADDITION = re.compile(
    "^(?:新增加?|净增加?|净新增|新登记(?:注册)?|新设立?|新注册)(.{2,})\0(?:总量|总数|总户数)$"
)
"""Matches an addition with a word of a total after it. The total is one of the thing, not of the addition:
新登记市场主体 总量 is the total of 市场主体, group 1. The parts are separated by NUL."""
_LENGTH_END = re.compile("(?<=..)(?:通车|运营|营运|营业)?总?(?P<noun>里程)$")
"""A noun of length at the end of a name, with the words before it that can differ: 里程, 通车总里程."""
_MAX_NAME_LENGTH = 500
"""Maximum length in code points of a text that is analysed. Longer texts, which do not occur, are only folded."""
_MAX_REDUCED_NAMES = 200
"""Maximum number of names of a measure that are compared with each other to drop those that contain another one."""
_CACHE_SIZE = 8192
"""Number of indicators whose names are cached, about 0.5 KB each."""
_STRINGS_CACHE_SIZE = 256


@dataclass(frozen=True, slots=True)
class MeasureName:
    """The name of a measure, without words of place, time and change."""

    text: str
    """The name, the same for all names of one measure. For a listed measure, its first name in the list, without
    fillers; for any other, the sorted parts, separated by spaces."""
    aspect: Aspect
    """What the measure states about the thing. Two measures are the same only if `text` and `aspect` are equal."""
    parts: tuple[str, ...]
    """The parts of the name in the order of the indicator, without fillers and words of change: 行政复议, 维持 for
    行政复议 维持. Each listed word is replaced by the first word of its group (`NameLists.words`). Empty if the
    indicator has only words of change (同比增长)."""
    is_listed: bool
    """Whether the list of names has the measure. If so, no name that is only similar is taken for it."""

    def __hash__(self) -> int:  # five times as fast as the hash of all fields
        return hash(self.text)


@dataclass(frozen=True, slots=True)
class NameLists:
    """The content of a list of names, in the form in which an index stores it."""

    words: tuple[tuple[str, ...], ...]
    """Groups of words that mean the same inside of any name."""
    measures: tuple[tuple[str, ...], ...]
    """Groups of names that mean the same measure."""

    @classmethod
    def from_json(cls, data: Mapping[str, Sequence[Sequence[str]]]) -> NameLists:
        """Return the lists of a JSON object with the fields `words` and `measures`."""
        return cls(*(tuple(map(tuple, data[name])) for name in ("words", "measures")))


class IndicatorNames:
    """Decides which indicators name the same measure. Thread-safe."""

    def __init__(self, lists: NameLists) -> None:
        """Prepare the names. Takes about 10 ms for the list of searchkit."""
        self.lists = lists
        """The list of names."""
        self._variants = {_clean_marks(group[0]): tuple(dict.fromkeys(map(fold, group))) for group in lists.words}
        """The folded words that mean the same, by the first of them without marks."""
        self._first_of_word = {_clean_marks(word): _clean_marks(group[0]) for group in lists.words for word in group}
        self._word = _compile_words(self._first_of_word)
        """Matches a listed word in a text without marks (`_clean_marks`)."""
        self._raw_word = _compile_words(word for words in self._variants.values() for word in words)
        """Matches a listed word, with its marks, in a text that is only folded."""
        self.clashes: list[tuple[str, str, str]] = []
        """Names that are listed for two measures, each with the first names of both. The first measure keeps the name.
        """
        self._measure_of: dict[str, int] = {}
        """Index in `lists.measures` of the group of each listed name, by the joined parts of the name."""
        for n, group in enumerate(lists.measures):
            for name in group:
                other = self._measure_of.setdefault("".join(self._split(name)), n)
                if other != n:
                    self.clashes.append((name, lists.measures[other][0], group[0]))
        self._parse = lru_cache(_CACHE_SIZE)(self._parse_uncached)
        self._strings = lru_cache(_STRINGS_CACHE_SIZE)(self._strings_uncached)

    def name_of(self, measure: Measure) -> MeasureName:
        """Return the name of a measure. Cached; costs about 15 µs for a new indicator."""
        return self._parse(measure.indicator, measure.change is not None)

    def parse(self, text: str) -> MeasureName:
        """Return the name that a text, such as a query, states. Words of change after others make it a change."""
        return self._parse(text, None)

    def _parse_uncached(self, text: str, is_change: bool | None) -> MeasureName:  # noqa: FBT001 - the key of a cache
        """Return the name in a text. `is_change`: whether the measure is a change, None to decide it by the text."""
        if len(text) > _MAX_NAME_LENGTH:
            return MeasureName(fold(text), "change" if is_change else "level", (fold(text),), is_listed=False)
        whole = _TOTAL_OF_ADDITION.match(_clean_marks(text).replace(" ", "\0"))
        parts = self._split(whole[1] if whole else text)
        stated = _strip_change(parts, is_short_allowed=bool(is_change))
        if is_change is None:
            is_change = bool(stated) and stated != parts
        if is_change:
            parts = stated
        aspect: Aspect = "change" if is_change else "level"
        measure = self._measure_of.get("".join(parts))
        if measure is None and not is_change:
            joined = "\0".join(parts)
            rest = _ADDITION.sub("", joined, count=1)
            if rest != joined:
                parts = self._split(rest.replace("\0", " "))
                aspect, measure = "addition", self._measure_of.get("".join(parts))
        if measure is not None:
            first = self.lists.measures[measure][0]
            return MeasureName("".join(self._split(first)), aspect, tuple(parts), is_listed=True)
        return MeasureName(" ".join(sorted(parts)) or fold(text), aspect, tuple(parts), is_listed=False)

    def _split(self, text: str) -> list[str]:
        """Return the parts of a name without fillers. Each listed word is replaced by the first word of its group."""
        cleaned = _clean_marks(text)
        if self._first_of_word:
            cleaned = self._word.sub(lambda match: self._first_of_word[match[0]], cleaned)
        parts = [_TRAILING.sub("", _strip_leading(part)) for part in cleaned.split()]
        return [part for part in parts if not _FILLER_PART.fullmatch(part)] or parts

    def names(self, name: MeasureName) -> tuple[str, ...]:
        """Return all folded names of a measure that reports may write. An unlisted measure has one name."""
        measure = self._measure_of.get("".join(self._split(name.text))) if name.is_listed else None
        return (name.text,) if measure is None else tuple(dict.fromkeys(map(fold, self.lists.measures[measure])))

    def strings(self, name: MeasureName) -> list[list[tuple[str, ...]]]:
        """Return a condition that every folded text with a name of a measure satisfies, whatever the aspect.

        Each element of the result is a list of tuples of strings. A text satisfies the condition if, for at least one
        element, it contains at least one string of each tuple. A name that contains another name of the measure has no
        element, unless the measure has more than `_MAX_REDUCED_NAMES` names. Cached; a new name costs 0.3 ms.
        """
        return self._strings(name)

    def _strings_uncached(self, name: MeasureName) -> list[list[tuple[str, ...]]]:
        """Return the result of `strings`."""
        patterns = {self._canonical(text): self._pattern(text) for text in self.names(name)}
        if len(patterns) > _MAX_REDUCED_NAMES:
            return [*patterns.values()]
        reduced = [
            pattern
            for text, pattern in patterns.items()
            if not any(other != text and other in text for other in patterns)
        ]
        return [pattern for n, pattern in enumerate(reduced) if pattern not in reduced[:n]]

    def _canonical(self, folded: str) -> str:
        """Return a folded name without marks. Each listed word is replaced by the first word of its group."""
        return self._word.sub(lambda match: self._first_of_word[match[0]], _clean_marks(folded))

    def _pattern(self, folded: str) -> list[tuple[str, ...]]:
        """Return the element of a folded name in `strings`: the variants of listed words, and the text between them.

        The variants are those of `_shortest_variants`. The noun of a length (`_LENGTH_END`) has a tuple of its own.
        """
        length = _LENGTH_END.search(folded)
        if length:
            return [*self._pattern(folded[: length.start()]), (length["noun"],)]
        pieces: list[tuple[str, ...]] = []
        end = 0
        for match in self._raw_word.finditer(folded):
            pieces += [(folded[end : match.start()],), self._shortest_variants(match[0])]
            end = match.end()
        return [piece for piece in (*pieces, (folded[end:],)) if all(piece)]

    def _shortest_variants(self, word: str) -> tuple[str, ...]:
        """Return the words that mean the same as a folded word, without those that contain another one."""
        variants = self._variants[self._first_of_word[_clean_marks(word)]]
        return tuple(text for text in variants if not any(other != text and other in text for other in variants))


@lru_cache(maxsize=4096)
def is_change_word(text: str) -> bool:
    """Return whether a text, such as the last part of an indicator, consists of words of change: 同比增长."""
    return _CHANGE_END.fullmatch(text) is not None


def remove_aspect(text: str) -> str:
    """Return a text without the words of a change at its end and of an addition: 投资 for 投资增速. Marks are kept."""
    return _ADDITION.sub("", _CHANGE_END.sub("", text), count=1) or text


def _clean_marks(text: str) -> str:
    """Return a text folded and without `_FILLERS`."""
    return _FILLERS.sub("", fold(text))


def _strip_leading(part: str) -> str:
    """Remove the words before a name, unless nothing follows them."""
    match = _LEADING.match(part)
    return part[match.end() :] if match and match.end() < len(part) else part


def _strip_change(parts: list[str], *, is_short_allowed: bool) -> list[str]:
    """Return the parts of a name without the words of change at the end, which may be a part of their own.

    `is_short_allowed`: whether verbs of change of one character are removed, too.
    """
    rest = list(parts)
    while rest:
        text = _CHANGE_END.sub("", rest[-1])
        if text == rest[-1] and is_short_allowed:
            text = _SHORT_CHANGE_END.sub("", text)
        if text == rest[-1]:
            break
        rest[-1:] = [_TRAILING.sub("", text)] if text else []
        if text:
            break
    if rest and rest != parts:
        rest[-1] = _CHANGE_PREFIX_END.sub("", rest[-1])
    return rest


def _compile_words(words: Iterable[str]) -> re.Pattern[str]:
    """Compile a pattern for any of the words, the longest first. A Latin word is not part of a longer one."""
    alternatives = "|".join(
        rf"(?<![a-z0-9]){re.escape(word)}(?![a-z0-9])" if word.isascii() else re.escape(word)
        for word in sorted(words, key=len, reverse=True)
    )
    return re.compile(alternatives or "(?!)")
