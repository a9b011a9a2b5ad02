"""Classifies single lines by their shape: dates, signatures, salutations, speakers, ends of sentences."""

from __future__ import annotations

import re

from searchkit.text.years import ANY_YEAR, ARABIC_YEAR

_BOOKMARK = re.compile(r"\[bookmark:[^\]\n]{0,100}\]")
_PAGE_REFERENCE = re.compile(r"\s?[（(]\s?(?:下转|上接|紧接|转)第[一二三四五六七八九十\d]{1,3}版\s?[)）]\s?")
"""Reference to the page on which a newspaper continues a text."""
_SPACED_WORD = re.compile(r"(?<![\u4e00-\u9fff])(?:[\u4e00-\u9fff] ){3,}[\u4e00-\u9fff](?![\u4e00-\u9fff])")
_CLOSING_PUNCTUATION = "”’\"'）)】》〉」』］] "
_SENTENCE_STOPS = tuple("。！？!?；;：:…")
_LINE_END_LENGTH = 120
"""Number of code points at the end of a line that `ends_sentence` examines."""


_DATE_LINE = re.compile(
    rf"[（(]?\s?{ANY_YEAR}\s?(?:年\s?(?:\d{{1,2}}|[一二三四五六七八九十]{{1,2}})\s?月(?:\s?(?:\d{{1,2}}|[一二三四五六七八九十]{{1,3}})\s?日)?|[-./]\d{{1,2}}[-./]\d{{1,2}})\s?[)）]?"
    rf"|{ARABIC_YEAR}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])"
)
_DATED_SIGNATURE = re.compile(
    rf".{{2,40}}?\s?{ANY_YEAR}年\s?(?:\d{{1,2}}|[一二三四五六七八九十]{{1,2}})月\s?(?:\d{{1,2}}|[一二三四五六七八九十]{{1,3}})日"
)
_BODY_NAME = re.compile(
    r".*(?:委员会|政府|办公室|办公厅|办事处|管理局|监督局|[局委办厅署院部处站所队校团社]|中心|支队|大队|总队|公司|小组|协会|工会|银行|[乡镇县市区省])(?:[(（][^()（）]{1,12}[)）])?"
)
_SALUTATION = re.compile(
    r"(?:尊敬的|敬爱的)?[^。，；,;]{0,16}?(?:代表|委员|同志|领导|朋友|来宾|先生|女士|主席|主任)(?:们)?(?:[、，,\s]?(?:各位|同志|委员|列席|来宾|朋友)[^。；]{0,12})?\s?[:：!！]?"
    r"|[^。，；,;：:]{1,30}(?:局|委|委员会|政府|办公室|办|厅|部|院|人大|常委会|单位|部门)(?:\s?[:：])"
)
_SESSION_LINE = re.compile(
    rf"[\W_]*(?:{ANY_YEAR}年)?[^。；;]{{0,40}}(?:会议|大会|全会|会)(?:第[一二三四五六七八九十\d]+次(?:全体)?会议)?上?(?:的(?:报告|讲话))?[)）]?(?:\s?[（(]?[^。；;]{{0,30}}[)）]?)?"
)
_SPEAKER_LINE = re.compile(
    r"[—\-－（(\s]*[^。，；,;：:]{0,24}(?:总理|省长|市长|县长|区长|州长|盟长|旗长|镇长|乡长|主席|主任|局长|书记|部长|厅长|院长|检察长|委员|组长)(?:[、兼][^。，；,;：:]{2,12})?[\s·:：]{0,3}(?:[\u4e00-\u9fff]\s?){2,4}(?:[·•][\u4e00-\u9fff·•]{1,12})?[)）]?"
)
_MEASURE_PATTERN = re.compile(
    r"\d[\d,.]*\s?(?:[万亿千百余多]{0,3}(?:[件户次人名个家项元条起例份支期场单吨亩辆台套所处座倍天宗部种类篇批面]|公里|小时|平方)|%|％|个百分点)|百分之"
)
_BRACKETED_LINE = re.compile(r"[（(【\[][^。；;]{1,60}[)）】\]]")


def clean_line(text: str) -> str:
    """Strip a line, reduce each run of white space to one blank, and remove layout marks.

    Layout marks are `[bookmark: …]` and references to the next page of a newspaper (`（下转第二版）`). Blanks between
    all characters of a word or title (`政 府 工 作 报 告`) are removed. Linear time.
    """
    if "[bookmark:" in text:
        text = _BOOKMARK.sub("", text)
    if "版" in text:
        text = _PAGE_REFERENCE.sub("", text)
    text = " ".join(text.split())
    if " " in text:
        text = _SPACED_WORD.sub(lambda match: match[0].replace(" ", ""), text)
    return text


def is_han(char: str) -> bool:
    """Return whether a character is Han, or punctuation or a full-width form used in Chinese text."""
    return "\u3000" <= char <= "\u9fff" or "\uff00" <= char <= "\uffef" or char in "“”‘’—…·"


def ends_sentence(line: str) -> bool:
    """Return whether a line ends with a sentence or clause: with a stop, or with a bracket that follows a stop."""
    stripped = line[-_LINE_END_LENGTH:].rstrip(_CLOSING_PUNCTUATION)
    if stripped.endswith(_SENTENCE_STOPS):
        return True
    if line.endswith(("）", ")")):
        bracket_start = max(line.rfind("（", -_LINE_END_LENGTH), line.rfind("(", -_LINE_END_LENGTH))
        return bracket_start > 0 and line[bracket_start - 1] in "。！？；"
    return False


def is_prose(line: str) -> bool:
    """Return whether a line is running text: it contains the end of a sentence, or is long."""
    max_heading_length = 48
    return "。" in line or "；" in line or len(line) > max_heading_length


def has_measure(text: str) -> bool:
    """Return whether a text contains a count or rate: `1.2万户次`, `98%`. Headings contain none."""
    return _MEASURE_PATTERN.search(text) is not None


def is_date(line: str) -> bool:
    """Return whether a line consists of a date: `2023年12月26日`, `20241231`, `（二〇二四年一月）`."""
    max_length = 24
    return len(line) <= max_length and _DATE_LINE.fullmatch(line) is not None


def is_dated_signature(line: str) -> bool:
    """Return whether a line consists of a public body and a date: `区卫生健康委 2023年12月26日`."""
    max_length = 60
    return (
        len(line) <= max_length
        and not is_prose(line)
        and _DATED_SIGNATURE.fullmatch(line) is not None
        and "，" not in line
    )


def is_body_line(line: str) -> bool:
    """Return whether a short line ends like the name of a public body: `区卫生健康委`, `临海市卫生健康局`."""
    max_length = 40
    return (
        1 < len(line) <= max_length
        and not ends_sentence(line)
        and "，" not in line
        and _BODY_NAME.fullmatch(line) is not None
    )


def is_salutation(line: str) -> bool:
    """Return whether a line only addresses the reader: `各位代表：`, `市司法局：`, `各位委员、同志们！`."""
    max_length = 40
    if not 1 < len(line) <= max_length:
        return False
    if line[-1] in ":：!！":
        return _SALUTATION.fullmatch(line) is not None
    return line in {"各位代表", "各位委员", "同志们"}


def is_session(line: str) -> bool:
    """Return whether a line names the meeting that a report was given to: `——2014年1月20日在…第二次会议上`."""
    max_length = 90
    return len(line) <= max_length and ("会议" in line or "大会" in line) and _SESSION_LINE.fullmatch(line) is not None


def is_speaker(line: str) -> bool:
    """Return whether a line names the person who gave a report: `省人民政府省长 徐守盛`."""
    max_length = 40
    return len(line) <= max_length and _SPEAKER_LINE.fullmatch(line) is not None


def is_bracketed(line: str) -> bool:
    """Return whether a short line is entirely in brackets: `（2003年1月10日 徐荣凯）`, `（审议稿）`."""
    return _BRACKETED_LINE.fullmatch(line) is not None
