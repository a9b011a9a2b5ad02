"""Which words of a line are a heading: all of it, its first sentence (a run-in heading), or none."""

from __future__ import annotations

import re

from searchkit.corpus import lines

MAX_HEADING_LENGTH = 60
"""Longest heading on a line of its own, in code points without its number."""
_MAX_PLAIN_LENGTH = 40
"""The same without a number, where only its shape speaks for it."""
_MAX_RUN_IN_LENGTH = 37
_MAX_LOOSE_LENGTH = 46
_MAX_THREE_LENGTH = 30
"""Run-in headings of three clauses are short: 强化统筹，压实责任，抓好落实。"""
_MAX_CLAUSES = 2
_MIN_LENGTH = 3
_MAX_COLON_LENGTH = 24
_MIN_TEXT_LENGTH = 16
"""Least text behind a heading that only a blank parts from it."""

_STOP = re.compile("[。！？!?]")
_CLAUSE = re.compile("[，,；;]")
_QUOTED = re.compile("“[^”]{0,40}”|《[^》]{0,80}》|（[^）]{0,40}）|\\([^)]{0,40}\\)")
_NARRATIVE = re.compile(
    r"(?:年内|今年|全年|去年|本年度|截至|截止|目前|近年来|一年来|现有|共有|共计|累计|已|现将"
    r"|[我本][局委市区县镇街院厅办省州]|(?:\d{4}|[一二]0\d\d)年(?:以来|度?[,，]|\d|[上下]半年|我|[市区县省]))"
    r"|.{2,}了.{6,}|.*(?:如下|以下几个方面|主要有)$"
)
_COLON = re.compile(r"[：:]")
_LEAD_COLON = re.compile(r"(?:是|为|有|包括|如下|指出|强调|要求|认为|原因|例如|比如|其中|做法)$")
_ENDING = (
    "制度|工作|建设|能力|水平|管理|监督|机制|体系|体制|改革|责任|服务|质量|力度|宣传|培训|执法|行为|效能|作用|保障"
    "|意识|成效|审查|审核|决策|公开|化解|普法|监管|治理|环境|队伍|落实|职能|职责"
)
_OPENING = (
    r"为(?:了|充分|进一步|全面|切实|规范|贯彻|深入|加强|推进|推动|确保|落实|提高|提升|做好|更好|有效|保障|维护|适应|完善)"
    r"|[根依]据《|按照《|(?:根据|按照)(?:[市区县省]|国家|上级|要求)|我[局委市区县镇街院厅办]|年内|今年|全年|截至|目前[,，]|\d{4}年"
)
_LOST_STOP = re.compile(rf"[^，,。；;：:]{{4,30}}?(?:{_ENDING})(?={_OPENING})")
_PART = "回顾|情况|安排|任务|目标|思路|打算|总结|建议|措施|成效|问题|要求|计划|重点|展望"
_PART_END = re.compile(f"(?:{_PART})$")
_PART_OPENING = "“|\\d{4}年|(?:刚刚)?过去|今年|我[局委市区县镇街院厅办省州]|[一二两三四五]年来|按照|根据"
_LOST_BREAK = re.compile(rf"[^，,。；;：:\s]{{4,40}}?(?:{_PART})(?={_PART_OPENING})")
_SCATTERED = re.compile("[\u4e00-\u9fff] (?=[\u4e00-\u9fff])")
_MAX_HEAD_LENGTH = 200
_LIST_WORD = re.compile(r"[一二三四五]是")


def of_line(text: str, *, numbered: bool) -> str | None:
    """Give a heading that stands alone on its line, without final punctuation; None = the line is no heading.

    `text` comes without its number.
    """
    core = text.rstrip("：:。 ")
    ended = text[len(core) :].strip()
    longest = MAX_HEADING_LENGTH if numbered else _MAX_PLAIN_LENGTH
    if not core or core.isdecimal() or len(core) > longest or "。" in core or "；" in core or lines.ends_sentence(core):
        return None
    if not numbered and (ended or lines.holds_measure(core) or not re.match(r"[\w“《（(]", core)):
        return None
    if ended and not (ended in "：:" and len(core) <= _MAX_COLON_LENGTH and not _CLAUSE.search(core)):
        return None
    return core if not core.endswith(("，", ",", "、")) else None


def run_in(text: str, *, loose: bool = False) -> str | None:
    """Give the heading at the head of an item, or None. `text` comes without its number.

    A run-in heading is a first sentence that only names what the item is about: two clauses at most (three if they
    are very short), no measures with a unit, no narrative, and text must follow. A colon after a few words counts too.
    `loose` allows somewhat longer ones.
    """
    parted = before_blank(text)
    if parted is not None:
        return parted
    stop = _STOP.search(text, 0, 2 * MAX_HEADING_LENGTH)
    if stop is not None and _text_follows(text, stop.end()) and _names(text[: stop.start()], loose=loose):
        return text[: stop.start()]
    colon = _COLON.search(text, 0, _MAX_COLON_LENGTH + 1)
    if colon is not None and _text_follows(text, colon.end()):
        words = text[: colon.start()]
        if len(words) >= _MIN_LENGTH and not _CLAUSE.search(words) and not _LEAD_COLON.search(words) and _names(words):
            return words
    return None


def before_blank(text: str) -> str | None:
    """Give a heading that a blank parts from its text, as where a stop was lost: `加强组织领导 我局成立…`."""
    if " " not in text[:_MAX_RUN_IN_LENGTH]:
        return None
    words, _, rest = text.partition(" ")
    scattered = len(_SCATTERED.findall(text, 0, _MAX_HEAD_LENGTH)) > 1
    if scattered or len(words) <= _MIN_LENGTH or not lines.is_han(words[-1]) or len(rest) < _MIN_TEXT_LENGTH:
        return None
    apart = not _STOP.search(words) and not lines.ends_sentence(words) and not words.endswith(("，", ",", "、"))
    return words if apart and _names(words) and is_text(rest) else None


def is_text(words: str) -> bool:
    """Tell whether words are running text: a clause or a sentence ends in them."""
    return _CLAUSE.search(words) is not None or "。" in words


def lead(text: str) -> str | None:
    """Give the heading of a part that a blank parts from its text on a line without a number: `工作回顾 2023年，…`."""
    words = before_blank(text)
    return words if words is not None and _PART_END.search(words) and not _CLAUSE.search(words) else None


def of_part(text: str) -> str | None:
    """Give the heading of a part that nothing parts from its text: `2023年工作回顾2023年，我局…`."""
    found = _LOST_BREAK.match(text)
    return found[0] if found else None


def without_stop(text: str) -> str | None:
    """Give a run-in heading that lost its full stop: `落实法律顾问制度` of `落实法律顾问制度为充分发挥…，…`.

    Right only for items whose siblings have run-in headings.
    """
    found = _LOST_STOP.match(text)
    return found[0] if found is not None and _names(found[0]) else None


def _text_follows(text: str, at: int) -> bool:
    return len(text[at : at + 8].strip("”’）)。 ")) >= _MIN_LENGTH


def _names(words: str, *, loose: bool = False) -> bool:
    """Tell whether words name a matter rather than tell what happened."""
    plain = _QUOTED.sub(lambda found: "“" * len(found[0]), words)
    clauses = len(_CLAUSE.findall(plain)) + 1
    longest = _MAX_LOOSE_LENGTH if loose else _MAX_RUN_IN_LENGTH if clauses <= _MAX_CLAUSES else _MAX_THREE_LENGTH
    if not _MIN_LENGTH <= len(words) <= longest or clauses > _MAX_CLAUSES + 1:
        return False
    return not (lines.holds_measure(words) or _NARRATIVE.match(words) or _LIST_WORD.match(words))
