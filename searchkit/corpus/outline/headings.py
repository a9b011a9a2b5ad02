"""Distinguish headings from text: an entire line, its first sentence (a run-in heading), or no part of it."""

from __future__ import annotations

import re

from searchkit.corpus import lines

MAX_HEADING_LENGTH = 60
"""Maximum length of a heading on a line of its own, in code points without its number. A heading that the format states
may be twice as long."""
_MAX_UNNUMBERED_LENGTH = 40
"""Maximum length of a heading without a number on a line of its own, in code points. Only its shape shows that it is a
heading."""
_MAX_RUN_IN_LENGTH = 37
"""Maximum length of a run-in heading of one or two clauses, in code points without its number."""
_MAX_LOOSE_RUN_IN_LENGTH = 46
"""Maximum length of a run-in heading, in code points, if every item of its list begins with one."""
_MAX_THREE_CLAUSE_LENGTH = 30
"""Maximum length of a run-in heading of three clauses, in code points: 强化统筹，压实责任，抓好落实。"""
_MAX_USUAL_CLAUSES = 2
"""Usual maximum number of clauses of a run-in heading. A short heading may have one more."""
_MIN_HEADING_LENGTH = 3
"""Minimum length of a run-in heading, and of the text that must follow it, in code points. A heading that a blank
separates from its text must be longer."""
_MAX_COLON_HEADING_LENGTH = 24
"""Maximum length of a heading before a colon, in code points."""
_MIN_TEXT_LENGTH = 16
"""Minimum length of the text after a heading that only a blank separates from it, in code points."""

_STOP_MARK = re.compile("[。！？!?]")
"""A punctuation mark that ends a sentence."""
_CLAUSE_SEPARATOR = re.compile("[，,；;]")
"""A punctuation mark between the clauses of a sentence."""
_QUOTED_PHRASE = re.compile("“[^”]{0,40}”|《[^》]{0,80}》|（[^）]{0,40}）|\\([^)]{0,40}\\)")
"""A phrase in quotes or brackets. A comma inside does not separate clauses."""
_NARRATIVE_WORDING = re.compile(
    r"(?:年内|今年|全年|去年|本年度|截至|截止|目前|近年来|一年来|现有|共有|共计|累计|已|现将"
    r"|[我本][局委市区县镇街院厅办省州]|(?:\d{4}|[一二]0\d\d)年(?:以来|度?[,，]|\d|[上下]半年|我|[市区县省]))"
    r"|.{2,}了.{6,}|.*(?:如下|以下几个方面|主要有)$"
)
"""Narrative text: it starts with a time, the speaker or a total (今年, 2023年以来, 我局, 共有), reports a completed act
(召开了会议研究部署工作), or introduces a list (做法如下)."""
_COLON = re.compile(r"[：:]")
_LEAD_IN_END = re.compile(r"(?:是|为|有|包括|如下|指出|强调|要求|认为|原因|例如|比如|其中|做法)$")
"""The end of words before a colon that introduce a list or a quotation: 会议要求, 主要做法."""
_HEADING_NOUNS = (
    "制度|工作|建设|能力|水平|管理|监督|机制|体系|体制|改革|责任|服务|质量|力度|宣传|培训|执法|行为|效能|作用|保障"
    "|意识|成效|审查|审核|决策|公开|化解|普法|监管|治理|环境|队伍|落实|职能|职责"
)
"""Nouns that a run-in heading without its full stop can end with."""
_TEXT_STARTS = (
    r"为(?:了|充分|进一步|全面|切实|规范|贯彻|深入|加强|推进|推动|确保|落实|提高|提升|做好|更好|有效|保障|维护|适应|完善)"
    r"|[根依]据《|按照《|(?:根据|按照)(?:[市区县省]|国家|上级|要求)|我[局委市区县镇街院厅办]|年内|今年|全年|截至|目前[,，]|\d{4}年"
)
"""Words with which the text after a run-in heading without its full stop can begin: 为进一步, 我局, 2023年."""
_UNSTOPPED_HEADING = re.compile(rf"[^，,。；;：:]{{4,30}}?(?:{_HEADING_NOUNS})(?={_TEXT_STARTS})")
"""A run-in heading without its full stop, before its text: 落实法律顾问制度 before 为充分发挥."""
_PART_NOUNS = "回顾|情况|安排|任务|目标|思路|打算|总结|建议|措施|成效|问题|要求|计划|重点|展望"
"""Nouns that the heading of a part of the report ends with."""
_PART_NOUN_END = re.compile(f"(?:{_PART_NOUNS})$")
"""The end of the heading of a part: 回顾 in 2023年工作回顾."""
_PART_TEXT_STARTS = "“|\\d{4}年|(?:刚刚)?过去|今年|我[局委市区县镇街院厅办省州]|[一二两三四五]年来|按照|根据"
"""Words with which the text of a part can begin: 2023年, 过去, 我市."""
_JOINED_PART_HEADING = re.compile(rf"[^，,。；;：:\s]{{4,40}}?(?:{_PART_NOUNS})(?={_PART_TEXT_STARTS})")
"""The heading of a part directly before its text: 2023年工作回顾 before 2023年，我局."""
_SPACED_HAN = re.compile("[\u4e00-\u9fff] (?=[\u4e00-\u9fff])")
"""A blank between two Han characters. A text with several of them is spaced out (工 作 总 结): its blanks separate
nothing."""
_SPACING_SAMPLE_LENGTH = 200
"""Number of code points that are searched for `_SPACED_HAN`."""
_LISTED_WORD = re.compile(r"[一二三四五]是")
"""一是 at the start of an item that is part of a sentence. Such an item has no heading."""


def parse_heading_line(text: str, *, is_numbered: bool) -> str | None:
    """Return the heading that is the entire line, without a final colon; None if the line is not a heading.

    `text` is the line without its number.
    """
    core = text.rstrip("：:。 ")
    ending = text[len(core) :].strip()
    max_length = MAX_HEADING_LENGTH if is_numbered else _MAX_UNNUMBERED_LENGTH
    if (
        not core
        or core.isdecimal()
        or len(core) > max_length
        or "。" in core
        or "；" in core
        or lines.ends_sentence(core)
    ):
        return None
    if not is_numbered and (ending or lines.has_measure(core) or not re.match(r"[\w“《（(]", core)):
        return None
    if ending and not (
        ending in "：:" and len(core) <= _MAX_COLON_HEADING_LENGTH and not _CLAUSE_SEPARATOR.search(core)
    ):
        return None
    return core if not core.endswith(("，", ",", "、")) else None


def parse_run_in_heading(text: str, *, loose: bool = False) -> str | None:
    """Return the heading at the start of an item, or None. `text` is the item without its number.

    A run-in heading is a first sentence that only names the subject of the item. It has at most two clauses (three if
    they are very short), no measures with a unit and no narrative, and text must follow it. A few words before a colon,
    and words that a blank separates from the text (`parse_spaced_heading`), are a heading too. `loose` permits a
    somewhat longer heading.
    """
    spaced = parse_spaced_heading(text)
    if spaced is not None:
        return spaced
    stop = _STOP_MARK.search(text, 0, 2 * MAX_HEADING_LENGTH)
    if stop is not None and _text_follows(text, stop.end()) and _names_subject(text[: stop.start()], loose=loose):
        return text[: stop.start()]
    colon = _COLON.search(text, 0, _MAX_COLON_HEADING_LENGTH + 1)
    if colon is not None and _text_follows(text, colon.end()):
        words = text[: colon.start()]
        if (
            len(words) >= _MIN_HEADING_LENGTH
            and not _CLAUSE_SEPARATOR.search(words)
            and not _LEAD_IN_END.search(words)
            and _names_subject(words)
        ):
            return words
    return None


def parse_spaced_heading(text: str) -> str | None:
    """Return a heading that a blank separates from its text, or None: `加强组织领导 我局成立…`."""
    if " " not in text[:_MAX_RUN_IN_LENGTH]:
        return None
    words, _, rest = text.partition(" ")
    is_spaced_out = len(_SPACED_HAN.findall(text, 0, _SPACING_SAMPLE_LENGTH)) > 1
    if (
        is_spaced_out
        or len(words) <= _MIN_HEADING_LENGTH
        or not lines.is_han(words[-1])
        or len(rest) < _MIN_TEXT_LENGTH
    ):
        return None
    is_separate = (
        not _STOP_MARK.search(words) and not lines.ends_sentence(words) and not words.endswith(("，", ",", "、"))
    )
    return words if is_separate and _names_subject(words) and is_running_text(rest) else None


def is_running_text(words: str) -> bool:
    """Return whether words are running text: the end of a clause or sentence occurs in them."""
    return _CLAUSE_SEPARATOR.search(words) is not None or "。" in words


def parse_spaced_part_heading(text: str) -> str | None:
    """Return the heading of a part that a blank separates from its text on an unnumbered line: `工作回顾 2023年，…`."""
    words = parse_spaced_heading(text)
    return words if words is not None and _PART_NOUN_END.search(words) and not _CLAUSE_SEPARATOR.search(words) else None


def parse_joined_part_heading(text: str) -> str | None:
    """Return the heading of a part that nothing separates from its text: `2023年工作回顾2023年，我局…`."""
    match = _JOINED_PART_HEADING.match(text)
    return match[0] if match else None


def parse_unstopped_heading(text: str) -> str | None:
    """Return a run-in heading that lost its full stop: `落实法律顾问制度` in `落实法律顾问制度为充分发挥…，…`.

    Valid only for items whose siblings have run-in headings.
    """
    match = _UNSTOPPED_HEADING.match(text)
    return match[0] if match is not None and _names_subject(match[0]) else None


def _text_follows(text: str, offset: int) -> bool:
    """Return whether the 8 code points from `offset` contain a text of at least `_MIN_HEADING_LENGTH` code points.

    Closing quotes and brackets, 。 and blanks at both ends are not counted.
    """
    return len(text[offset : offset + 8].strip("”’）)。 ")) >= _MIN_HEADING_LENGTH


def _names_subject(words: str, *, loose: bool = False) -> bool:
    """Return whether words only name a subject: they are short, have few clauses, no measure and no narrative.

    `loose` permits up to `_MAX_LOOSE_RUN_IN_LENGTH` code points.
    """
    unquoted = _QUOTED_PHRASE.sub(lambda match: "“" * len(match[0]), words)
    clause_count = len(_CLAUSE_SEPARATOR.findall(unquoted)) + 1
    max_length = (
        _MAX_LOOSE_RUN_IN_LENGTH
        if loose
        else _MAX_RUN_IN_LENGTH
        if clause_count <= _MAX_USUAL_CLAUSES
        else _MAX_THREE_CLAUSE_LENGTH
    )
    if not _MIN_HEADING_LENGTH <= len(words) <= max_length or clause_count > _MAX_USUAL_CLAUSES + 1:
        return False
    return not (lines.has_measure(words) or _NARRATIVE_WORDING.match(words) or _LISTED_WORD.match(words))
