"""Which part of a report a paragraph belongs to: 成效, 问题, 计划, 履职 or 其他.

Headings decide. The outermost heading that says 问题, 计划 or 履职 wins, so a plan about the duties of the head
stays a plan; without one, the innermost heading that says 成效 or 其他 does. A heading that names two parts
(存在问题及下一步打算) leaves the choice between the two to the inner headings and then to the wording. Parts whose
headings say nothing are 成效, but behind the review or the plan of the year they go on with the plan. Inside them, a
paragraph whose first words announce problems (我们也清醒地看到…) or next steps (下一步我局将…) is 问题 or 计划, and
so is what follows it in the same vein. What stands before the first heading, and signature and date, are 其他.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from itertools import groupby
from typing import Protocol

from searchkit.text.folding import fold, fold_all
from searchkit.text.years import YEAR

DONE, PROBLEM, PLAN, DUTY, OTHER = "成效", "问题", "计划", "履职", "其他"


class Located(Protocol):
    """A paragraph and where it stands."""

    @property
    def text(self) -> str:
        """Its text."""

    @property
    def path(self) -> tuple[str, ...]:
        """Its headings from the outermost in."""


# All patterns are for folded text: half width punctuation, simplified characters.
_TROUBLE = "问题|不足|困难|差距|短板|薄弱环节|挑战|弱项|矛盾"

# What headings say.
_PROBLEM = re.compile(
    rf"存在.{{0,12}}(?:{_TROUBLE})|面临.{{0,8}}(?:{_TROUBLE})|不足之处|短板弱项"
    rf"|(?:{_TROUBLE})(?:和|与|及|以及|、)(?:主要|突出|面临的)?(?:{_TROUBLE}|原因|成因)"
    r"|^(?:当前|目前|工作中|尚存|仍有)?的?(?:主要|突出)?(?:问题|不足|困难|差距|薄弱环节)$"
    r"|(?:不够|有待|还需|仍需|亟待|亟需)[^,。]{0,16}$"
    r"|(?:不足|不强|不高|滞后|薄弱|不到位|有差距|欠缺|不平衡|不充分|不深|不严|不力|不均|不全|不完善|不规范|难度较大|参差不齐)$"
)
_REPAIRED = re.compile(
    r"(?:问题|反馈|督察|巡察).{0,6}整改(?:落实)?(?:完成|进展)?(?:情况|成效|工作)"
    r"|(?:解决|破解|化解|聚焦|坚持|紧盯|围绕|整改|针对|补齐|克服).{0,12}(?:问题|短板|难题|困难|矛盾|不足)"
)
_PLAN = re.compile(
    r"下一?步|下一?阶段|下一年|下届|来年|明年|今后|努力方向|改进(?:措施|方向|举措|意见)|整改(?:措施|方向|打算|计划|思路)"
    r"|(?:工作|年度|主要|重点)(?:的)?(?:总体)?(?:计划|安排|打算|思路|设想|展望|谋划|建议|部署)|总体(?:要求|思路|部署|目标|考虑)"
    r"|(?:主要|预期|奋斗|发展)目标|目标任务|未来.{0,8}(?:工作|发展|展望|目标|任务|打算)|^展望|工作任务$|主要任务$|(?:思路|打算|设想|谋划)$"
)
_CARRIED_OUT = re.compile(r"(?:计划|安排|部署|任务|目标)[^,。]{0,4}?(?:完成|执行|落实|推进|开展|进展)")
_REVIEW = re.compile(
    r"回顾|成效|成绩|成就|亮点|总结|进展|情况$|(?:完成|开展|落实|推进|执行|建设|履职|实施)(?:的)?(?:基本|总体)?情况"
    r"|工作(?:的)?(?:基本|主要|总体)?情况|主要(?:工作)?(?:举措|做法|措施|工作$)|工作(?:举措|做法|措施)"
)
_LOOKS_BACK = re.compile(r"回顾|总结")
_PAST = re.compile(r"回顾|总结|成效|成绩|成就|情况|完成")
_DUTY = re.compile(r"第一责任|(?:主要负责人|主要领导|党政负责人|主要负责同志)[^,。]{0,14}(?:履行|履职|职责|述法)")
_OTHER = re.compile(
    r"^(?:基本|总体|单位|机构|部门|队伍)?(?:基本)?(?:情况|概况|简介|概述)$|^(?:附件|附录|前言|引言|注释)|^其他(?:需要|事项|情况)|名词解释"
    r"|(?:主体|机构|人员|编制|职能|职责)(?:设置|配置|配备|编制|基本)?(?:情况|概况)$"
)
_YEAR = re.compile(rf"(?<!\d){YEAR}(?=年)")
_OF_WORK = re.compile(r"工作|任务|目标|重点|计划|经济社会发展")

# What the first words of a paragraph say.
_NUMBER = r"^(?:[一二三四五六七八九十]是|第[一二三四五六七八九十][,、]?|[(]?[一二三四五六七八九十\d]{1,3}[)、.])?\s*"
_PLAN_LEAD = re.compile(
    _NUMBER + r"[^。,]{0,14}?(?:下一步|下步|下一?阶段|接下来|今后|明年|来年|新的一年)[^。]{0,60}?"
    r"(?:将|要(?!求)|继续|进一步|重点|着力|坚持|加强|打算|计划|以|应当|:)"
)
_PLAN_YEAR = re.compile(_NUMBER + rf"[^。,]{{0,8}}?({YEAR})年[^。]{{0,30}}?(?:将|计划|拟|打算|要(?!求))")
_SOBER = re.compile(rf"(?:清醒|充分认识到|也要看到|也应看到|肯定成绩)[^。]{{0,90}}?(?:{_TROUBLE})")
_PROBLEM_LEAD = re.compile(
    rf"{_NUMBER}[^。]{{0,100}}?(?:虽然|尽管|但|同时|看到|认识到|意识到|对照)[^。]{{0,60}}?(?:存在|仍有|还有|面临)[^。]{{0,40}}?(?:{_TROUBLE})"
    rf"|^.{{0,20}}?存在.{{0,12}}?(?:{_TROUBLE})(?:有|是|:|,|如下|主要)|^[^。]{{0,60}}?(?:仍|还|尚)(?:然)?存在[^。]{{0,40}}?(?:{_TROUBLE})"
)
_DUTY_LEAD = re.compile(r"^[^。]{0,40}(?:履行|落实|压实|担负|扛起)[^。]{0,30}第一责任人")
_LISTED = re.compile(_NUMBER.replace(")?", ")", 1))
_WEAK = re.compile(
    r"不够|不足|不强|不高|不深|不到位|不完善|不规范|有待|薄弱|欠缺|差距|滞后|短板|困难|难以|仍存|还存在|尚未|缺乏|缺少|不平衡|不充分"
    r"|参差不齐|偏低|较低|较大|不力|空编|弱化|问题"
)
_WILL = re.compile(
    r"下一步|将(?!军)|要(?!求|素|点|案)|继续|进一步|持续|不断|加大|强化|深化|健全|完善|推进|加强|提升|提高|着力|力争|确保|计划"
)
_AHEAD = re.compile(r"要(?!求|素|点|案)|将(?!军)|必须|继续|力争|争取|到20\d\d年|今年|今后")
_BEHIND = re.compile(r"了|已|累计|同比|截至|一年来|五年来")

# Where a report begins and ends.
_REPORTS = re.compile(r"(?:报告|汇报|总结|通报)如下|情况如下|请予?审议|公布如下|现将")
_SIGNED = re.compile(r"^[^。;!?]{0,40}(?:局|委|委员会|府|会|办|办公室|处|队|所|院|镇|街道|厅|中心|部|科|站)$")
_DATE = re.compile(
    r"^[^。;]{0,30}(?:(?:19|20)\d{6}|\d{4}年\d{1,2}月(?:\d{1,2}日)?|\d{4}[-./]\d{1,2}[-./]\d{1,2}"
    r"|[〇零○一二三四五六七八九]{4}年.{1,3}月.{0,4}日?)\)?$"
)
_LINE = re.compile(r"^[^,。;!?:]{1,25}$")
_CLOSING = re.compile(r"^(?:特此报告|此报告|专此报告|以上报告|妥否|附件|附:|附表|联系人|\(联系人|\(此件|抄送|主送)")
_SHORT = 45
"""A signature or date has no more characters than this."""
_SUBSTANTIAL = 40
"""Lines of the introduction with fewer characters are forms of address and the like."""
_LONG_FRONT = 4
"""Without a closing formula, more substantial paragraphs than this before the first heading are no introduction."""
_LOOKED_AT = 400
"""How much of a paragraph is looked at, in characters."""


def sections(items: Sequence[Located]) -> tuple[str, ...]:
    """Give the section of each paragraph of one document, which come in reading order. One of model.SECTIONS each.

    Cost: linear in the number of paragraphs; of each, only the first 400 characters are looked at.
    """
    return tuple(_Walk(items).sections())


@lru_cache(maxsize=4096)
def names_part(heading: str) -> bool:
    """Tell whether a heading names a part of the report (下一步工作安排, 工作完成情况) rather than a subject."""
    return bool(_says(fold(heading)))


@lru_cache(maxsize=4096)
def _says(heading: str) -> frozenset[str]:
    """Which sections a folded heading names."""
    found = set()
    repaired = _REPAIRED.search(heading)
    if _PROBLEM.search(heading) and not repaired:
        found.add(PROBLEM)
    if _PLAN.search(heading) and not _CARRIED_OUT.search(heading):
        found.add(PLAN)
    if not found and _DUTY.search(heading):
        found.add(DUTY)
    elif not found and _OTHER.search(heading):
        found.add(OTHER)
    elif _REVIEW.search(heading):
        found.add(DONE)
    return frozenset(found)


class _Walk:
    """One pass over a document; keeps what earlier paragraphs announced."""

    def __init__(self, items: Sequence[Located]) -> None:
        self._texts = fold_all([item.text[:_LOOKED_AT] for item in items])
        headings = list({heading for item in items for heading in item.path})
        folded = dict(zip(headings, fold_all(headings), strict=True))
        self._paths = [tuple(folded[heading] for heading in item.path) for item in items]
        self._first = next((i for i, path in enumerate(self._paths) if path), len(items))
        self._year = self._reviewed_year()
        self._said = {heading: self._read(heading) for heading in folded.values()}
        self._going_on = self._parts_that_go_on()
        self._running = ""
        self._running_path: tuple[str, ...] = ()

    def sections(self) -> list[str]:
        """The section of each paragraph."""
        front, end = self._front(), self._signature()
        out: list[str] = []
        for i in range(len(self._texts)):
            inside = front <= i < end
            out.append(self._section(i, out[-1] if out else OTHER) if inside else OTHER)
        return out

    def _section(self, i: int, previous: str) -> str:
        if i in self._going_on:
            return PLAN
        weak = ""
        choice: frozenset[str] = frozenset()
        for heading in self._paths[i]:
            said = self._said[heading]
            said = (said & choice) or said
            if len(said) > 1:
                choice = said
            elif said and (said <= choice or (not choice and not said <= {DONE, OTHER})):
                return next(iter(said))
            elif said and not choice:
                weak = next(iter(said))
        if choice:
            return self._between(choice, i, previous)
        closing = previous if i > self._first and not self._paths[i] and previous != OTHER else ""
        return self._by_wording(i) or weak or closing or DONE

    def _read(self, heading: str) -> frozenset[str]:
        """Read a heading, given the year that the report looks back on: the work of a later year is a plan."""
        said = _says(heading)
        year = _YEAR.search(heading)
        later = year and self._year and int(year.group()) > self._year
        if later and said <= {DONE} and _OF_WORK.search(heading) and not _PAST.search(heading):
            return frozenset({PLAN})
        return said

    def _parts_that_go_on(self) -> set[int]:
        """Paragraphs of silent outermost headings that continue the plan.

        Where the plan of the year has no heading of its own, its chapters follow the review or an overview of the plan.
        """
        going_on: set[int] = set()
        reviewed = planned = looked_back = False
        for heading, group in groupby(range(self._first, len(self._paths)), lambda i: self._paths[i][:1]):
            members = list(group)
            said = self._said[heading[0]] if heading else frozenset({OTHER})
            if said:
                reviewed |= bool(said & {DONE, PROBLEM})
                planned = PLAN in said
                looked_back |= bool(heading and _LOOKS_BACK.search(heading[0]))
            elif (planned and reviewed) or ((planned or looked_back) and self._looks_ahead(members)):
                planned = True
                going_on.update(members)
        return going_on

    def _looks_ahead(self, members: Sequence[int]) -> bool:
        ahead = sum(len(_AHEAD.findall(self._texts[i])) for i in members)
        return ahead > sum(len(_BEHIND.findall(self._texts[i])) for i in members)

    def _between(self, choice: frozenset[str], i: int, previous: str) -> str:
        """Decide by wording between the sections that a combined heading names."""
        text = self._texts[i]
        lead = (self._paths[i][-1] if len(self._paths[i]) > 1 else "") + text[:60]
        if PLAN in choice and (_PLAN_LEAD.search(text) or self._plans_year(text)):
            return PLAN
        if PROBLEM in choice and (self._admits(text) or _PROBLEM.search(text[:40])):
            return PROBLEM
        if PROBLEM in choice and len(_WEAK.findall(lead)) > len(_WILL.findall(lead)):
            return PROBLEM
        if PLAN in choice and ((PROBLEM in choice and _WILL.search(lead)) or self._looks_ahead([i])):
            return PLAN
        if previous in choice and previous != PLAN:
            return previous
        return next(name for name in (DONE, PROBLEM, PLAN, DUTY, OTHER) if name in choice)

    def _by_wording(self, i: int) -> str:
        """Decide by the first words, or go on with what an earlier paragraph under the same headings began."""
        text, path = self._texts[i], self._paths[i]
        if _PLAN_LEAD.search(text) or self._plans_year(text):
            said = PLAN
        elif self._admits(text):
            said = PROBLEM
        elif _DUTY_LEAD.search(text):
            return DUTY
        elif self._running and path == self._running_path and self._continues(text):
            return self._running
        else:
            said = ""
        self._running, self._running_path = said, path
        return said

    def _continues(self, text: str) -> bool:
        if self._running == PLAN:
            return bool(_WILL.search(text[:60])) and not re.match("各位代表", text)
        return bool(_LISTED.match(text) or _WEAK.search(text[:120])) and not _WILL.match(text)

    def _admits(self, text: str) -> bool:
        return bool(_SOBER.search(text[:200]) or _PROBLEM_LEAD.search(text[:240]))

    def _plans_year(self, text: str) -> bool:
        year = _PLAN_YEAR.search(text)
        return bool(year and self._year and int(year.group(1)) > self._year)

    def _reviewed_year(self) -> int | None:
        """Find the year that the report looks back on, as far as headings and first paragraphs say."""
        for path in self._paths:
            if path and _REVIEW.search(path[0]) and (year := _YEAR.search(path[0])):
                return int(year.group())
        for text in self._texts[: min(self._first + 1, _LONG_FRONT)]:
            if year := _YEAR.search(text):
                return int(year.group())
        return None

    def _front(self) -> int:
        """How many paragraphs at the start are introduction."""
        marks = [i for i, text in enumerate(self._texts[: self._first]) if _REPORTS.search(text)]
        start = marks[0] + 1 if marks else min(1, self._first)
        if self._first == len(self._texts):
            return start
        rest = sum(len(text) > _SUBSTANTIAL for text in self._texts[start : self._first])
        return self._first if rest < _LONG_FRONT else start

    def _signature(self) -> int:
        """Where signature, date and other closing lines begin."""
        end = len(self._texts)
        dated = False
        while end > 1:
            text = self._texts[end - 1].strip()
            short = len(text) <= _SHORT
            if short and _DATE.search(text):
                dated = True
            # The line above the date is the signature, whatever it says (names lose characters in conversion).
            elif not (_CLOSING.search(text) or (short and (_SIGNED.search(text) or (dated and _LINE.search(text))))):
                break
            end -= 1
        return end
