"""Detect the issuer and the doctype of a report."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import cache

from searchkit.files import read_word_lists
from searchkit.places.bodies import is_body
from searchkit.places.gazetteer import gazetteer
from searchkit.text.folding import fold
from searchkit.text.years import ANY_YEAR

_TITLE_YEAR = (
    rf"{ANY_YEAR}\s*(?:年度|年)?"
    r"(?:[上下]半年|第?[一二三四1-4]季度|(?:\d{1,2}\s?[-—–~至]\s?)?\d{1,2}月(?:份|(?!\d)))?"
)
"""2023年度, 二〇二三年上半年, 2023年一季度, 2023年1-6月."""
_TITLE_PREFIX = re.compile(rf"\s*(?:关于)?(?:[报上呈]报|报送|印发|公布|公开|发布)?\s*(?:{_TITLE_YEAR})?度?的?\s*")
"""The text before a body at the start of a title: 关于报送2023年度."""
_AFTER_BODY_NAME = re.compile(
    rf"关于|{_TITLE_YEAR}|上半年|下半年|年度|贯彻|落实|推进|依法|法治|法制|行政|政府信息|政务公开|信息公开|政府工作报告|"
    r"工作报告|工作总结|工作情况|执法|普法|重大|规范性|权责|政府网站|建设|预算|履行|开展|安全生产|[（(《“—-]"
)
"""The start of the text after a body in a title: 2024年 in 临海市卫生健康局2024年法治政府建设年度报告."""
_BODY_REPRESENTED = r"([^，,。：:；;、\s]{0,24}?(?:人民政府|国务院|政府|人民委员会))"
"""A government, with at most 24 characters before its last word: 市人民政府."""
_SPEAKER_BODY = re.compile(rf"我代表{_BODY_REPRESENTED}|受{_BODY_REPRESENTED}(?:的)?委托")
"""The body that a speaker represents: 我代表市人民政府, 受省政府委托. 受国务院表彰 does not match."""
_ISSUER_FIELD = re.compile(
    r"(发布单位|发布机构|发布机关|发布主体|发文机关|发文机构|发文单位|制发机关|公开机构|公开主体|公开单位|责任单位|供稿单位|"
    r"信息来源|文章来源|稿件来源|来源|作者)\s*[:：]\s*(?=(.{0,100}))"
)
"""发布单位：市司法局. The groups are the label and the text after it, which can contain further fields."""
_FIELD_END = re.compile(r"\s{2,}|　|\t|[|｜【\[]|\s+[一-鿿]{2,5}\s*[:：]|\s+\d|\s+(?:字号|字体|浏览|点击|打印)")
"""The end of a value in a line of several fields: wide white space, a bar, bracket, label, number or button."""
_LABEL_LENGTHS = range(2, 6)
"""Possible lengths of the label of a field, in code points: 作者, 发布时间."""
_AFTER_SIGNATURE = re.compile(rf"\s*(?:[（(][^（()）]{{1,12}}[)）])?\s*(?:{ANY_YEAR}年\S{{1,3}}月\S{{1,3}}日)?\s*$")
"""The text after the name of a body at the end of a report: （盖章）, 2024年1月20日. Can be empty."""
_MAX_SIGNATURE_LENGTH = 80
"""Maximum length of a paragraph that can be a signature, in code points."""
_GOVERNMENT_DOCTYPES = frozenset(
    {"法治政府建设年度报告", "政府工作报告", "依法行政工作报告", "政府信息公开工作年度报告"}
)
"""Doctypes of reports that governments issue. Other bodies issue some of them, too."""
_SUBJECT_STARTS = ("法治", "依法", "政府", "关于", "推进", "建设", "年度")
"""Starts of the text after the place, or after place and year, in a title that names no body: 法治 in
鼓楼区2023年法治…."""


def find_issuer_in_title(title: str) -> str | None:
    """Return the body that a title begins with, as written, or None. Text such as 关于2023年度 may precede the body.

    For 临海市卫生健康局2024年法治政府建设年度报告, it is 临海市卫生健康局.
    """
    prefix = _TITLE_PREFIX.match(title)
    rest = title[prefix.end() if prefix else 0 :]
    folded = fold(rest)
    for cut in _AFTER_BODY_NAME.finditer(folded):
        before = folded[: cut.start()].rstrip()
        if is_body(before) and not _name_continues(folded, cut.start()):
            return rest[: len(before)]
    return None


def find_issuer_in_fields(lines: Iterable[str]) -> str | None:
    """Return the publishing body in lines such as `发布单位: 市卫生健康局`, or None.

    The first such field decides. A source (来源) or author (作者) counts only if no other field names a body.
    """
    candidates: list[tuple[bool, str]] = []  # whether the field is a source or author, and the body
    for line in lines:
        for match in _ISSUER_FIELD.finditer(line):
            value = _field_value(match[2])
            if is_body(fold(value)):
                candidates.append(("来源" in match[1] or match[1] == "作者", value))
    return min(candidates, key=lambda pair: pair[0])[1] if candidates else None


def _field_value(text: str) -> str:
    """Return the value of a field, without the further fields of the line. `text`: the text after the label.

    The label of the next field can directly follow a body: the value of 临海市司法局浏览次数：12 is 临海市司法局.
    """
    value = _FIELD_END.split(text.strip(), maxsplit=1)[0].strip()
    stem, colon, _ = value.replace("：", ":").partition(":")
    if not colon:
        return value
    return next((body for n in _LABEL_LENGTHS if is_body(fold(body := stem[:-n].strip()))), "")


def find_issuer_in_speech(lines: Iterable[str]) -> str | None:
    """Return the body that the speaker represents, or None: 省人民政府 for 我代表省人民政府."""
    for line in lines:
        if match := _SPEAKER_BODY.search(line[:2000]):
            return match[1] or match[2]
    return None


def find_issuer_in_signature(paragraphs: Sequence[str]) -> str | None:
    """Return the name of a body that is one of the final eight paragraphs, or None. The last such paragraph decides.

    A remark about the stamp, and a date, may follow the name.
    """
    for line in reversed(paragraphs[-8:]):
        text = _AFTER_SIGNATURE.sub("", line.strip()) if len(line) <= _MAX_SIGNATURE_LENGTH else ""
        if is_body(fold(text)):
            return text
    return None


def find_doctype(title: str) -> str | None:
    """Return the doctype that a title states, or None."""
    text = fold("".join(title.split()))
    return next((name for name, words in _doctype_patterns() if words.search(text)), None)


def is_government_report(title: str, doctype: str | None) -> bool:
    """Return whether a title states a report of a government: 鼓楼区2023年法治政府建设年度报告.

    A work report always is one. Any other doctype must be one that governments issue. In the title, the subject must
    then follow the place, or place and year, without a body between them.
    """
    if doctype not in _GOVERNMENT_DOCTYPES:
        return False
    text = fold("".join(title.split()))
    place_end = 0  # the end of the first place, and of those that follow it directly: 天津市东丽区
    for mention in gazetteer().find_mentions(text[:30]):
        place_end = mention.end if mention.start == place_end or not place_end else place_end
    return doctype == "政府工作报告" or (
        place_end > 0 and _TITLE_PREFIX.sub("", text[place_end:], count=1).startswith(_SUBJECT_STARTS)
    )


def _name_continues(text: str, cut: int) -> bool:
    """Return whether the body's name continues after the cut: 临海市政府|行政执法局, 城市管理局|行政执法支队."""
    return any(
        text.startswith(word, cut)
        for word in (
            *("行政执法局", "行政执法支队", "行政执法大队", "行政审批", "行政服务中心", "行政复议局"),
            *("执法局", "执法大队", "执法支队", "法制办", "法制局"),
        )
    )


@cache
def _doctype_patterns() -> tuple[tuple[str, re.Pattern[str]], ...]:
    """Return the doctypes of doctypes.txt, each with a pattern for its words, in the order of the file."""
    return tuple(
        (words[0], re.compile("|".join(map(_doctype_pattern, words[1:])))) for words in read_word_lists("doctypes.txt")
    )


def _doctype_pattern(words: str) -> str:
    """Return the pattern for words such as 法治…建设. The ellipsis matches one to eight characters."""
    gap = ".{1,8}?"
    return gap.join(map(re.escape, fold(words).split("…")))
