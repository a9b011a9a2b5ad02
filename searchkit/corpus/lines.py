"""Single lines: their white space, their ends, and the kinds that are told by their shape alone."""

from __future__ import annotations

import re

from searchkit.text.years import ANY_YEAR, YEAR

_BOOKMARK = re.compile(r"\[bookmark:[^\]\n]{0,100}\]")
_TURN = re.compile(r"\s?[（(]\s?(?:下转|上接|紧接|转)第[一二三四五六七八九十\d]{1,3}版\s?[)）]\s?")
"""Where a newspaper continues a text on another page."""
_SPACED = re.compile(r"(?<![\u4e00-\u9fff])(?:[\u4e00-\u9fff] ){3,}[\u4e00-\u9fff](?![\u4e00-\u9fff])")
_CLOSERS = "”’\"'）)】》〉」』］] "
_STOPS = tuple("。！？!?；;：:…")
_TAIL_LENGTH = 120
"""How far back a bracket at the end of a line is looked for, in code points."""


_DATE = re.compile(
    rf"[（(]?\s?{ANY_YEAR}\s?(?:年\s?(?:\d{{1,2}}|[一二三四五六七八九十]{{1,2}})\s?月(?:\s?(?:\d{{1,2}}|[一二三四五六七八九十]{{1,3}})\s?日)?|[-./]\d{{1,2}}[-./]\d{{1,2}})\s?[)）]?"
    rf"|{YEAR}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])"
)
_ENDS_WITH_DATE = re.compile(
    rf".{{2,40}}?\s?{ANY_YEAR}年\s?(?:\d{{1,2}}|[一二三四五六七八九十]{{1,2}})月\s?(?:\d{{1,2}}|[一二三四五六七八九十]{{1,3}})日"
)
_BODY = re.compile(
    r".*(?:委员会|政府|办公室|办公厅|办事处|管理局|监督局|[局委办厅署院部处站所队校团社]|中心|支队|大队|总队|公司|小组|协会|工会|银行|[乡镇县市区省])(?:[(（][^()（）]{1,12}[)）])?"
)
_SALUTATION = re.compile(
    r"(?:尊敬的|敬爱的)?[^。，；,;]{0,16}?(?:代表|委员|同志|领导|朋友|来宾|先生|女士|主席|主任)(?:们)?(?:[、，,\s]?(?:各位|同志|委员|列席|来宾|朋友)[^。；]{0,12})?\s?[:：!！]?"
    r"|[^。，；,;：:]{1,30}(?:局|委|委员会|政府|办公室|办|厅|部|院|人大|常委会|单位|部门)(?:\s?[:：])"
)
_SESSION = re.compile(
    rf"[\W_]*(?:{ANY_YEAR}年)?[^。；;]{{0,40}}(?:会议|大会|全会|会)(?:第[一二三四五六七八九十\d]+次(?:全体)?会议)?上?(?:的(?:报告|讲话))?[)）]?(?:\s?[（(]?[^。；;]{{0,30}}[)）]?)?"
)
_SPEAKER = re.compile(
    r"[—\-－（(\s]*[^。，；,;：:]{0,24}(?:总理|省长|市长|县长|区长|州长|盟长|旗长|镇长|乡长|主席|主任|局长|书记|部长|厅长|院长|检察长|委员|组长)(?:[、兼][^。，；,;：:]{2,12})?[\s·:：]{0,3}(?:[\u4e00-\u9fff]\s?){2,4}(?:[·•][\u4e00-\u9fff·•]{1,12})?[)）]?"
)
_MEASURE = re.compile(
    r"\d[\d,.]*\s?(?:[万亿千百余多]{0,3}(?:[件户次人名个家项元条起例份支期场单吨亩辆台套所处座倍天宗部种类篇批面]|公里|小时|平方)|%|％|个百分点)|百分之"
)
_BRACKETED = re.compile(r"[（(【\[][^。；;]{1,60}[)）】\]]")


def squeeze(text: str) -> str:
    """Strip a line, make each run of white space in it one blank, and take out what is no text in it.

    That is `[bookmark: …]` marks and `（下转第二版）`, which tells where a newspaper continues.
    Blanks between all the characters of a word or title (`政 府 工 作 报 告`) are dropped. Linear time.
    """
    if "[bookmark:" in text:
        text = _BOOKMARK.sub("", text)
    if "版" in text:
        text = _TURN.sub("", text)
    text = " ".join(text.split())
    if " " in text:
        text = _SPACED.sub(lambda found: found[0].replace(" ", ""), text)
    return text


def is_han(char: str) -> bool:
    """Tell whether a character is a Han character or the punctuation and full-width forms that go with them."""
    return "\u3000" <= char <= "\u9fff" or "\uff00" <= char <= "\uffef" or char in "“”‘’—…·"


def ends_sentence(line: str) -> bool:
    """Tell whether a line ends where a sentence or clause ends: with a stop, or with a bracket behind one."""
    core = line[-_TAIL_LENGTH:].rstrip(_CLOSERS)
    if core.endswith(_STOPS):
        return True
    if line.endswith(("）", ")")):
        opening = max(line.rfind("（", -_TAIL_LENGTH), line.rfind("(", -_TAIL_LENGTH))
        return opening > 0 and line[opening - 1] in "。！？；"
    return False


def is_prose(line: str) -> bool:
    """Tell whether a line reads as running text: it holds a whole sentence, or is long."""
    long = 48
    return "。" in line or "；" in line or len(line) > long


def holds_measure(text: str) -> bool:
    """Tell whether text holds a count or rate: `1.2万户次`, `98%`. Headings name matters and hold none."""
    return _MEASURE.search(text) is not None


def is_date(line: str) -> bool:
    """Tell whether a line is a date and nothing else: `2023年12月26日`, `20241231`, `（二〇二四年一月）`."""
    longest = 24
    return len(line) <= longest and _DATE.fullmatch(line) is not None


def is_signed_date(line: str) -> bool:
    """Tell whether a line is a body and a date: `区卫生健康委 2023年12月26日`."""
    longest = 60
    return (
        len(line) <= longest and not is_prose(line) and _ENDS_WITH_DATE.fullmatch(line) is not None and "，" not in line
    )


def names_body(line: str) -> bool:
    """Tell whether a short line ends like the name of a public body: `区卫生健康委`, `临海市卫生健康局`."""
    longest = 40
    return (
        1 < len(line) <= longest and not ends_sentence(line) and "，" not in line and _BODY.fullmatch(line) is not None
    )


def is_salutation(line: str) -> bool:
    """Tell whether a line only addresses the reader: `各位代表：`, `市司法局：`, `各位委员、同志们！`."""
    longest = 40
    if not 1 < len(line) <= longest:
        return False
    if line[-1] in ":：!！":
        return _SALUTATION.fullmatch(line) is not None
    return line in {"各位代表", "各位委员", "同志们"}


def is_session(line: str) -> bool:
    """Tell whether a line names the meeting a report was given to: `——2014年1月20日在…第二次会议上`."""
    longest = 90
    return len(line) <= longest and ("会议" in line or "大会" in line) and _SESSION.fullmatch(line) is not None


def is_speaker(line: str) -> bool:
    """Tell whether a line names who gave a report: `省人民政府省长 徐守盛`."""
    longest = 40
    return len(line) <= longest and _SPEAKER.fullmatch(line) is not None


def is_bracketed(line: str) -> bool:
    """Tell whether all of a short line stands in brackets: `（2003年1月10日 徐荣凯）`, `（审议稿）`."""
    return _BRACKETED.fullmatch(line) is not None
