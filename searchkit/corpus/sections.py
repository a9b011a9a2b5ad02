"""Classifies paragraphs by section (成效, 问题, 计划, 履职, 其他), by the headings above them and their first words.

Headings decide first. The outermost heading that names 问题, 计划 or 履职 wins, so a plan about the duties of the head
of a body remains a plan. Otherwise the innermost heading that names 成效 or 其他 wins. A heading that names two
sections (存在问题及下一步打算) leaves the choice between them to the inner headings, and then to the wording of the
paragraph.

A part whose headings name no section is 成效. After the review or the plan of the year, however, it can continue the
plan (see `_SectionClassifier._find_plan_continuations`). Outside headings that name 问题, 计划 or 履职, a paragraph
whose first words announce problems (我们也清醒地看到…) or next steps (下一步我局将…) is 问题 or 计划, and so are the
paragraphs that continue it. The introduction before the first heading, signature and date, and a glossary from its
heading to the end are 其他.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import groupby
from typing import Protocol

from searchkit.corpus.lines import is_glossary_title
from searchkit.corpus.numbering import parse_ordinal
from searchkit.text.folding import fold, fold_all
from searchkit.text.years import ARABIC_YEAR

ACHIEVEMENTS, PROBLEMS, PLANS, DUTIES, MISCELLANEOUS = "成效", "问题", "计划", "履职", "其他"
"""The sections: work done, shortcomings, plans, how the head of the body fulfils legal duties, and everything else."""


class HeadedParagraph(Protocol):
    """A paragraph with its heading path."""

    @property
    def text(self) -> str:
        """Text of the paragraph."""

    @property
    def path(self) -> tuple[str, ...]:
        """Headings, outermost first."""


# All patterns match folded text: half-width punctuation, simplified characters.
_PROBLEM_NOUN = "问题|不足|困难|差距|短板|薄弱环节|挑战|弱项|矛盾"
"""Nouns for shortcomings."""

# Headings.
_PROBLEM_HEADING = re.compile(
    rf"存在.{{0,12}}(?:{_PROBLEM_NOUN})|面临.{{0,8}}(?:{_PROBLEM_NOUN})|不足之处|短板弱项"
    rf"|(?:{_PROBLEM_NOUN})(?:和|与|及|以及|、)(?:主要|突出|面临的)?(?:{_PROBLEM_NOUN}|原因|成因)"
    r"|^(?:当前|目前|工作中|尚存|仍有)?的?(?:主要|突出)?(?:问题|不足|困难|差距|薄弱环节)$"
    r"|(?:不够|有待|还需|仍需|亟待|亟需)[^,。]{0,16}$"
    r"|(?:不足|不强|不高|滞后|薄弱|不到位|有差距|欠缺|不平衡|不充分|不深|不严|不力|不均|不全|不完善|不规范|难度较大|参差不齐)$"
)
"""存在的主要问题, 面临的困难, 问题和不足, 普法工作有待加强, 队伍建设滞后."""
_SOLVED_PROBLEM_HEADING = re.compile(
    r"(?:问题|反馈|督察|巡察).{0,6}整改(?:落实)?(?:完成|进展)?(?:情况|成效|工作)"
    r"|(?:解决|破解|化解|聚焦|坚持|紧盯|围绕|整改|针对|补齐|克服).{0,12}(?:问题|短板|难题|困难|矛盾|不足)"
)
"""A heading about problems that were solved, which names no shortcoming: 问题整改情况, 解决群众难题."""
_PLAN_HEADING = re.compile(
    r"下一?步|下一?阶段|下一年|下届|来年|明年|今后|努力方向|改进(?:措施|方向|举措|意见)|整改(?:措施|方向|打算|计划|思路)"
    r"|(?:工作|年度|主要|重点)(?:的)?(?:总体)?(?:计划|安排|打算|思路|设想|展望|谋划|建议|部署)|总体(?:要求|思路|部署|目标|考虑)"
    r"|(?:主要|预期|奋斗|发展)目标|目标任务|未来.{0,8}(?:工作|发展|展望|目标|任务|打算)|^展望|工作任务$|主要任务$|(?:思路|打算|设想|谋划)$"
)
"""下一步工作安排, 明年工作, 工作打算, 总体要求, 主要目标."""
_EXECUTED_PLAN_HEADING = re.compile(
    r"(?:计划|安排|部署|任务|目标)[^,。]{0,4}?(?:完成|执行|落实|推进|开展|进展|实现|达成)"
)
"""A heading about a plan that was carried out: 年度计划执行情况, 目标任务完成情况."""
_REVIEW_HEADING = re.compile(
    r"回顾|成效|成绩|成就|亮点|总结|进展|情况$|(?:完成|开展|落实|推进|执行|建设|履职|实施)(?:的)?(?:基本|总体)?情况"
    r"|工作(?:的)?(?:基本|主要|总体)?情况"
)
"""工作回顾, 主要成效, 履职情况."""
_WORK_DONE_HEADING = re.compile(r"主要(?:工作)?(?:举措|做法|措施|工作$)|工作(?:举措|做法|措施)")
"""A heading with these words names the review unless it names a plan: 下一步主要工作 and 今后五年工作举措 are plans."""
_LOOK_BACK_HEADING = re.compile(r"回顾|总结")
"""A heading that certainly names the review: 2023年工作回顾. 干出新成效 may be a slogan of the plan."""
_COMPLETED_WORK_HEADING = re.compile(r"回顾|总结|成效|成绩|成就|情况|完成")
"""A heading about completed work, which is not a plan whatever its year: 2023年工作完成情况."""
_DUTY_HEADING = re.compile(
    r"第一责任|(?:主要负责人|主要领导|党政负责人|主要负责同志)[^,。]{0,14}(?:履行|履职|职责|述法)"
)
"""党政主要负责人履行推进法治建设第一责任人职责情况."""
_OTHER_HEADING = re.compile(
    r"^(?:基本|总体|单位|机构|部门|队伍)?(?:基本)?(?:情况|概况|简介|概述)$|^(?:附件|附录|前言|引言|注释)|^其他(?:需要|事项|情况)|名词解释"
    r"|报告》?(?:\([^)]*\))?(?:的)?(?:修改|起草|编制)(?:情况|过程)?的?(?:说明|汇报)"
    r"|(?:主体|机构|人员|编制|职能|职责)(?:设置|配置|配备|编制|基本)?(?:情况|概况)$"
)
"""基本情况, 附件, 其他需要报告的事项, 名词解释, 报告起草说明, 机构设置情况."""
_YEAR = re.compile(rf"(?<!\d)({ARABIC_YEAR}|[一二][〇○零一二三四五六七八九]{{3}})年")
"""2023年, 二〇二三年."""
_THIS_YEAR_HEADING = re.compile(r"^(?!.*(?:去年|上年)).*今年(?!前|以来|上半年|头|\d{1,2}月|一季度)")
"""今年工作安排. 今年以来, 今年上半年 and headings that compare with 去年 look back."""
_NEXT_YEAR_HEADING = re.compile("明年|来年")
_WORK_HEADING = re.compile(r"工作|任务|目标|重点|计划|经济社会发展|实事")
"""A heading about the work of a year: 2024年重点任务."""

# First words of paragraphs.
_ITEM_NUMBER = (
    r"^(?:[一二三四五六七八九十]是|第[一二三四五六七八九十][,、]?|[(]?[一二三四五六七八九十\d]{1,3}[)、.])?\s*"
)
"""An optional list number at the start of a paragraph: `一是`, `第三,`, `(二)`, `2.`."""
_PLAN_OPENING = re.compile(
    _ITEM_NUMBER + r"[^。,]{0,14}?(?:下一步|下步|下一?阶段|接下来|今后|明年|来年|新的一年)[^。]{0,60}?"
    r"(?:将|要(?!求)|继续|进一步|重点|着力|坚持|加强|打算|计划|以|应当|:)"
)
"""下一步,我局将…, 明年要…."""
_PLANNED_YEAR_OPENING = re.compile(
    _ITEM_NUMBER + rf"[^。,]{{0,8}}?({ARABIC_YEAR})年[^。]{{0,30}}?(?:将|计划|拟|打算|要(?!求))"
)
"""2024年,我们将…. The group is the year."""
_SELF_CRITICISM = re.compile(rf"(?:清醒|充分认识到|也要看到|也应看到|肯定成绩)[^。]{{0,90}}?(?:{_PROBLEM_NOUN})")
"""我们也清醒地看到,工作中还有不足."""
_PROBLEM_OPENING = re.compile(
    rf"{_ITEM_NUMBER}[^。]{{0,100}}?(?:虽然|尽管|但|同时|看到|认识到|意识到|对照)[^。]{{0,60}}?(?:存在|仍有|还有|面临)[^。]{{0,40}}?(?:{_PROBLEM_NOUN})"
    rf"|^.{{0,20}}?存在.{{0,12}}?(?:{_PROBLEM_NOUN})(?:有|是|:|,|如下|主要)|^[^。]{{0,60}}?(?:仍|还|尚)(?:然)?存在[^。]{{0,40}}?(?:{_PROBLEM_NOUN})"
)
"""同时,工作仍存在一些问题. 虽然取得成绩,但仍有差距."""
_DUTY_OPENING = re.compile(r"^[^。]{0,40}(?:履行|落实|压实|担负|扛起)[^。]{0,30}第一责任人")
"""局主要负责人切实履行法治建设第一责任人职责."""
_NUMBERED_ITEM = re.compile(_ITEM_NUMBER.replace(")?", ")", 1))
"""A list number at the start of a paragraph. The pattern is `_ITEM_NUMBER` without the ? that makes it optional."""
_WEAKNESS = re.compile(
    r"不够|不足|不强|不高|不深|不到位|不完善|不规范|有待|薄弱|欠缺|差距|滞后|短板|困难|难以|仍存|还存在|尚未|缺乏|缺少|不平衡|不充分"
    r"|参差不齐|偏低|较低|较大|不力|空编|弱化|问题"
)
"""Words of shortcomings: 不够, 有待, 薄弱."""
_INTENTION = re.compile(
    r"下一步|将(?!军)|要(?!求|素|点|案)|继续|进一步|持续|不断|加大|强化|深化|健全|完善|推进|加强|提升|提高|着力|力争|确保|计划"
)
"""Words of intentions: 将, 继续, 加强. They also occur in reviews and do not prove a plan."""
_FUTURE_WORD = re.compile(r"要(?!求|素|点|案)|将(?!军)|必须|继续|力争|争取|到20\d\d年|今年|今后")
"""Words that look ahead: 必须, 力争, 今年. Text with more of these than of `_PAST_WORD` looks ahead."""
_PAST_WORD = re.compile(r"了|已|累计|同比|截至|一年来|五年来")
"""Words that look back: 已, 累计, 同比."""

# Introductions and closing lines.
_INTRODUCTION_FORMULA = re.compile(r"(?:报告|汇报|总结|通报)如下|情况如下|请予?审议|公布如下|现将")
"""The end of the introduction: 现将有关情况报告如下, 请予审议."""
_SIGNATURE_LINE = re.compile(r"^[^。;!?]{0,40}(?:局|委|委员会|府|会|办|办公室|处|队|所|院|镇|街道|厅|中心|部|科|站)$")
"""台州市司法局."""
_ENDS_WITH_DATE = re.compile(
    r"^[^。;]{0,30}(?:(?:19|20)\d{6}|\d{4}年\d{1,2}月(?:\d{1,2}日)?|\d{4}[-./]\d{1,2}[-./]\d{1,2}"
    r"|[〇零○一二三四五六七八九]{4}年.{1,3}月.{0,4}日?)\)?$"
)
"""A short line that ends with a date: 2024年1月31日, 台州市司法局20240131, 二〇二四年一月三十一日."""
_UNPUNCTUATED_LINE = re.compile(r"^[^,。;!?:]{1,25}$")
"""A line of at most 25 characters without punctuation: 台州市司法局."""
_CLOSING_LINE = re.compile(
    r"^(?:特此报告|此报告|专此报告|以上报告|妥否|附件|附:|附表|联系人|\(联系人|\(此件|抄送|主送)"
)
"""特此报告, 附件:, 抄送:."""
_MAX_SIGNATURE_LENGTH = 45
"""Maximum length of a signature or date, in characters."""
_MAX_SALUTATION_LENGTH = 40
"""Maximum length of salutations and similar short paragraphs before the first heading, in characters."""
_MIN_BODY_PARAGRAPHS = 4
"""Minimum number of paragraphs of more than `_MAX_SALUTATION_LENGTH` between the introduction and the first heading.
With fewer, all paragraphs before this heading are introduction. The introduction ends with the first paragraph that
matches `_INTRODUCTION_FORMULA` or, without such a paragraph, with the first paragraph."""
_YEAR_PARAGRAPHS = 4
"""Maximum number of paragraphs at the start of a report that can state the year that it reviews."""
_EXAMINED_LENGTH = 400
"""Number of characters at the start of a paragraph that are examined."""


def classify_sections(
    items: Sequence[HeadedParagraph], year: int | None = None, *, is_work_report: bool = False
) -> tuple[str, ...]:
    """Return the section of each paragraph of a document, in reading order. Each is one of `names.SECTIONS`.

    `year` is the year of the document, or None if it is unknown. A work report plans this year. Every other report
    reviews it, unless its headings state that it reviews another one (2022年工作总结). Cost: linear in the number of
    paragraphs. Only the first 400 characters of each paragraph are examined.
    """
    if len(items) == 1 and not items[0].path:  # a record without headings is all introduction
        return (MISCELLANEOUS,)
    return tuple(_SectionClassifier(items, year, is_work_report=is_work_report).classify())


@lru_cache(maxsize=4096)
def is_part_heading(heading: str) -> bool:
    """Return whether a heading names a part of the report (下一步工作安排, 工作完成情况) rather than a subject."""
    return bool(_named_sections(fold(heading)))


@lru_cache(maxsize=4096)
def _named_sections(heading: str) -> frozenset[str]:
    """Return the sections that a folded heading names."""
    named = set()
    is_solved = _SOLVED_PROBLEM_HEADING.search(heading)
    if _PROBLEM_HEADING.search(heading) and not is_solved:
        named.add(PROBLEMS)
    if _PLAN_HEADING.search(heading) and not _EXECUTED_PLAN_HEADING.search(heading):
        named.add(PLANS)
    if not named and _DUTY_HEADING.search(heading):
        named.add(DUTIES)
    elif not named and _OTHER_HEADING.search(heading):
        named.add(MISCELLANEOUS)
    elif _REVIEW_HEADING.search(heading) or (PLANS not in named and _WORK_DONE_HEADING.search(heading)):
        named.add(ACHIEVEMENTS)
    return frozenset(named)


def _find_years(text: str) -> list[int]:
    """Return the years in a folded text, in order, in Arabic or Chinese digits."""
    return [parse_ordinal(match[1]) for match in _YEAR.finditer(text)]


def _first_years(texts: Iterable[str]) -> list[int]:
    """Return the first year of each text that contains one."""
    return [years[0] for years in map(_find_years, texts) if years]


class _SectionClassifier:
    """Classifies the paragraphs of a document in one pass, and keeps the section that earlier paragraphs announced."""

    def __init__(self, items: Sequence[HeadedParagraph], year: int | None, *, is_work_report: bool) -> None:
        self._texts = fold_all([item.text[:_EXAMINED_LENGTH] for item in items])
        headings = list({heading for item in items for heading in item.path})
        folded = dict(zip(headings, fold_all(headings), strict=True))
        self._paths = [tuple(folded[heading] for heading in item.path) for item in items]
        self._first_headed = next((i for i, path in enumerate(self._paths) if path), len(items))
        self._is_work_report = is_work_report
        self._reviewed_year = year - 1 if year and is_work_report else self._find_reviewed_year(year)
        self._plans_next_year = any(_NEXT_YEAR_HEADING.search(heading) for heading in folded.values())
        self._heading_sections = {heading: self._sections_of_heading(heading) for heading in folded.values()}
        self._plan_continuations = self._find_plan_continuations()
        self._announced = ""
        """The section that the first words of an earlier paragraph announced, 问题 or 计划; empty if none."""
        self._announced_path: tuple[str, ...] = ()
        """Heading path of the paragraph that announced it. Unused if `_announced` is empty."""

    def classify(self) -> list[str]:
        """Return the section of each paragraph."""
        start, end = self._introduction_end(), min(self._signature_start(), self._glossary_start())
        classified: list[str] = []
        for i in range(len(self._texts)):
            in_body = start <= i < end
            classified.append(
                self._classify(i, classified[-1] if classified else MISCELLANEOUS) if in_body else MISCELLANEOUS
            )
        return classified

    def _classify(self, i: int, previous: str) -> str:
        """Return the section of paragraph `i` of the body. `previous` is the section of the paragraph before it."""
        if i in self._plan_continuations:
            return PLANS
        weak = ""  # the section of the innermost heading that names 成效 or 其他, which the wording can override
        candidates: frozenset[str] = frozenset()  # the sections of the last heading that names several
        for heading in self._paths[i]:
            named = self._heading_sections[heading]
            named = (named & candidates) or named
            if len(named) > 1:
                candidates = named
            elif named and (named <= candidates or (not candidates and not named <= {ACHIEVEMENTS, MISCELLANEOUS})):
                return next(iter(named))
            elif named and not candidates:
                weak = next(iter(named))
        if candidates:
            return self._choose_by_wording(candidates, i, previous)
        continued = previous if i > self._first_headed and not self._paths[i] and previous != MISCELLANEOUS else ""
        return self._classify_by_wording(i) or weak or continued or ACHIEVEMENTS

    def _sections_of_heading(self, heading: str) -> frozenset[str]:
        """Return the sections that a heading names.

        A plan for years that a work report reviews is 成效. The work of a year after the year reviewed is 计划.
        """
        named = _named_sections(heading)
        if named == {PLANS} and self._names_reviewed_year(heading):
            return frozenset({ACHIEVEMENTS})
        if (
            named <= {ACHIEVEMENTS, PLANS}
            and self._names_later_year(heading)
            and _WORK_HEADING.search(heading)
            and not _COMPLETED_WORK_HEADING.search(heading)
        ):
            return frozenset({PLANS})
        return named

    def _names_later_year(self, heading: str) -> bool:
        """Return whether a heading is about a year after the year reviewed.

        The heading states the year in digits, as 明年 or, in a work report, as 今年. If a work report plans 明年, 今年
        is the year that it reviews.
        """
        if years := _find_years(heading):
            return bool(self._reviewed_year and years[0] > self._reviewed_year)
        if _NEXT_YEAR_HEADING.search(heading):
            return True
        return self._is_work_report and not self._plans_next_year and _THIS_YEAR_HEADING.search(heading) is not None

    def _names_reviewed_year(self, heading: str) -> bool:
        """Return whether a heading of a work report contains years, all of them before the year planned."""
        years = _find_years(heading) if self._is_work_report and self._reviewed_year else []
        return bool(years) and max(years) <= (self._reviewed_year or 0)

    def _find_plan_continuations(self) -> set[int]:
        """Return the indexes of paragraphs of the plan whose outermost headings do not name it.

        The plan of the year may have no heading of its own. Its chapters then follow the review or an overview of the
        plan. In a work report, they follow the first chapter, and their headings may promise achievements (干出新成效).
        A chapter is all that is below one outermost heading. It counts only if it looks ahead (`_looks_ahead`), unless
        both the review and the plan precede it.
        """
        continuations: set[int] = set()
        reviewed = planned = looked_back = False
        for heading, group in groupby(range(self._first_headed, len(self._paths)), lambda i: self._paths[i][:1]):
            if not heading:
                continue
            members = list(group)
            named = self._heading_sections[heading[0]]
            may_be_slogan = self._is_work_report and looked_back and not _LOOK_BACK_HEADING.search(heading[0])
            if named and not (may_be_slogan and named <= {ACHIEVEMENTS} and self._looks_ahead(members)):
                reviewed |= bool(named & {ACHIEVEMENTS, PROBLEMS})
                planned = PLANS in named
                looked_back |= bool(_LOOK_BACK_HEADING.search(heading[0]))
            elif (planned and reviewed) or ((planned or looked_back) and self._looks_ahead(members)):
                planned = True
                continuations.update(members)
            looked_back |= self._is_work_report
        return continuations

    def _looks_ahead(self, members: Sequence[int]) -> bool:
        """Return whether the paragraphs `members` contain more words that look ahead than words that look back."""
        ahead = sum(len(_FUTURE_WORD.findall(self._texts[i])) for i in members)
        return ahead > sum(len(_PAST_WORD.findall(self._texts[i])) for i in members)

    def _choose_by_wording(self, candidates: frozenset[str], i: int, previous: str) -> str:
        """Choose by wording between the sections that a combined heading names."""
        text = self._texts[i]
        opening = (self._paths[i][-1] if len(self._paths[i]) > 1 else "") + text[:60]
        if PLANS in candidates and (_PLAN_OPENING.search(text) or self._plans_later_year(text)):
            return PLANS
        if PROBLEMS in candidates and (self._admits_problems(text) or _PROBLEM_HEADING.search(text[:40])):
            return PROBLEMS
        if PROBLEMS in candidates and len(_WEAKNESS.findall(opening)) > len(_INTENTION.findall(opening)):
            return PROBLEMS
        if PLANS in candidates and ((PROBLEMS in candidates and _INTENTION.search(opening)) or self._looks_ahead([i])):
            return PLANS
        if previous in candidates and previous != PLANS:
            return previous
        return next(name for name in (ACHIEVEMENTS, PROBLEMS, PLANS, DUTIES, MISCELLANEOUS) if name in candidates)

    def _classify_by_wording(self, i: int) -> str:
        """Return the section that the first words of a paragraph announce.

        If they announce none, return the section announced earlier under the same headings, if the paragraph continues
        it, and otherwise an empty string.
        """
        text, path = self._texts[i], self._paths[i]
        if _PLAN_OPENING.search(text) or self._plans_later_year(text):
            named = PLANS
        elif self._admits_problems(text):
            named = PROBLEMS
        elif _DUTY_OPENING.search(text):
            return DUTIES
        elif self._announced and path == self._announced_path and self._continues(text):
            return self._announced
        else:
            named = ""
        self._announced, self._announced_path = named, path
        return named

    def _continues(self, text: str) -> bool:
        """Return whether a paragraph belongs to the announced section.

        A plan continues with intentions. Problems continue with list items or shortcomings, but not in a paragraph that
        begins with an intention (继续, 加强).
        """
        if self._announced == PLANS:
            return bool(_INTENTION.search(text[:60])) and not re.match("各位代表", text)
        return bool(_NUMBERED_ITEM.match(text) or _WEAKNESS.search(text[:120])) and not _INTENTION.match(text)

    def _admits_problems(self, text: str) -> bool:
        """Return whether the first words of a paragraph announce problems: 我们也清醒地看到,还有不足."""
        return bool(_SELF_CRITICISM.search(text[:200]) or _PROBLEM_OPENING.search(text[:240]))

    def _plans_later_year(self, text: str) -> bool:
        """Return whether the first words of a paragraph plan a year after the year reviewed: 2024年,我们将."""
        year = _PLANNED_YEAR_OPENING.search(text)
        return bool(year and self._reviewed_year and int(year.group(1)) > self._reviewed_year)

    def _find_reviewed_year(self, year_of_document: int | None) -> int | None:
        """Return the year that the report reviews, or None if it is unknown.

        It is the first year in outermost headings about completed work, else the year of the document, else the first
        year in the first paragraphs or in outermost headings about work done.
        """
        headings = [path[0] for path in self._paths if path]
        reviews = [*filter(_COMPLETED_WORK_HEADING.search, headings)]
        if years := _first_years(reviews):
            return years[0]
        first_texts = self._texts[: min(self._first_headed + 1, _YEAR_PARAGRAPHS)]
        others = (*first_texts, *filter(_WORK_DONE_HEADING.search, headings))
        return year_of_document or next(iter(_first_years(others)), None)

    def _introduction_end(self) -> int:
        """Return the number of paragraphs at the start that are introduction."""
        formulas = [i for i, text in enumerate(self._texts[: self._first_headed]) if _INTRODUCTION_FORMULA.search(text)]
        start = formulas[0] + 1 if formulas else min(1, self._first_headed)
        if self._first_headed == len(self._texts):
            return start
        substantial = sum(len(text) > _MAX_SALUTATION_LENGTH for text in self._texts[start : self._first_headed])
        return self._first_headed if substantial < _MIN_BODY_PARAGRAPHS else start

    def _glossary_start(self) -> int:
        """Return the index of the first paragraph of the glossary at the end; without one, the number of paragraphs."""
        titles = {path[0] for path in self._paths if path and is_glossary_title(path[0])}
        start = next((i for i, path in enumerate(self._paths) if path and path[0] in titles), len(self._paths))
        is_at_end = all(not path or path[0] in titles for path in self._paths[start:])
        return start if is_at_end else len(self._paths)

    def _signature_start(self) -> int:
        """Return the index at which signature, date and other closing lines begin."""
        end = len(self._texts)
        has_date = False
        while end > 1:
            text = self._texts[end - 1].strip()
            is_short = len(text) <= _MAX_SIGNATURE_LENGTH
            if is_short and _ENDS_WITH_DATE.search(text):
                has_date = True
            # Above the date, any short line without punctuation is signature (names lose characters in conversion).
            elif not (
                _CLOSING_LINE.search(text)
                or (is_short and (_SIGNATURE_LINE.search(text) or (has_date and _UNPUNCTUATED_LINE.search(text))))
            ):
                break
            end -= 1
        return end
