"""Classify single lines by their shape, such as dates, signatures, salutations, speakers and titles of glossaries.

The functions that classify expect a line that `clean_line` returned, with its characters simplified by `simplify`.
Thresholds are in code points.
"""

from __future__ import annotations

import re
from functools import cache

from searchkit.corpus.numbering import has_list_number
from searchkit.text.folding import fold
from searchkit.text.years import ANY_YEAR, ARABIC_YEAR

_BOOKMARK = re.compile(r"\[bookmark:[^\]\n]{0,100}\]")
"""A bookmark of Word that a conversion to text printed: `[bookmark: _Toc123]`."""
_PAGE_REFERENCE = re.compile(r"\s?[（(]\s?(?:下转|上接|紧接|转)第[一二三四五六七八九十\d]{1,3}版\s?[)）]\s?")
"""Reference to the page on which a newspaper continues a text, or from which it does: `（下转第二版）`,
`（上接第一版）`."""
_SPACED_WORD = re.compile(r"(?<![\u4e00-\u9fff])(?:[\u4e00-\u9fff] ){3,}[\u4e00-\u9fff](?![\u4e00-\u9fff])")
"""Four or more single Han characters with blanks between them: `政 府 工 作 报 告`."""
_CLOSING_PUNCTUATION = "”’\"'）)】》〉」』］] "
"""Characters that may follow the stop of a sentence."""
_SENTENCE_STOPS = tuple("。！？!?；;：:…")
"""Marks that end a sentence. At the end of a line, a semicolon or a colon ends one, too."""
_LINE_END_LENGTH = 120
"""Number of code points at the end of a line that `ends_sentence` examines. The bound keeps its cost constant."""

_DATE_LINE = re.compile(
    rf"[（(]?\s?{ANY_YEAR}\s?(?:年\s?(?:\d{{1,2}}|[一二三四五六七八九十]{{1,2}})\s?月(?:\s?(?:\d{{1,2}}|[一二三四五六七八九十]{{1,3}})\s?日)?|[-./]\d{{1,2}}[-./]\d{{1,2}})\s?[)）]?"
    rf"|{ARABIC_YEAR}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])"
)
"""A date, with or without brackets (`2023年12月26日`, `（二〇二四年一月）`, `2024-01-30`), or `20240130`."""
_DATED_SIGNATURE = re.compile(
    rf".{{2,40}}?\s?{ANY_YEAR}年\s?(?:\d{{1,2}}|[一二三四五六七八九十]{{1,2}})月\s?(?:\d{{1,2}}|[一二三四五六七八九十]{{1,3}})日"
)
"""2 to 40 characters, such as the name of a body, and a full date."""
_BODY_NAME = re.compile(
    r".*(?:委员会|政府|办公室|办公厅|办事处|管理局|监督局|[局委办厅署院部处站所队校团社]|中心|支队|大队|总队|公司|小组|协会|工会|银行|[乡镇县市区省])(?:[(（][^()（）]{1,12}[)）])?"
)
"""A line that ends like the name of a body, optionally with a remark in brackets: `市司法局（代章）`."""
_SALUTATION = re.compile(
    r"(?:尊敬的|敬爱的)?[^。，；,;]{0,16}?(?:代表|委员|同志|领导|朋友|来宾|先生|女士|主席|主任)(?:们)?(?:[、，,\s]?(?:各位|同志|委员|列席|来宾|朋友)[^。；]{0,12})?\s?[:：!！]?"
    r"|[^。，；,;：:]{1,30}(?:局|委|委员会|政府|办公室|办|厅|部|院|人大|常委会|单位|部门)(?:\s?[:：])"
)
"""Persons with an optional list of others (`尊敬的各位代表、同志们：`), or a body with a colon (`市司法局：`)."""
_AUDIENCE = re.compile("各位|尊敬|敬爱|们|^(?:同志|朋友)")
"""Words of a salutation that addresses persons: 各位代表, 同志们. A label such as 分管领导： contains none of them."""
_SESSION_LINE = re.compile(
    rf"[\W_]*(?:{ANY_YEAR}年)?[^。；;]{{0,40}}(?:会议|大会|全会|会)(?:第[一二三四五六七八九十\d]+次(?:全体)?会议)?上?(?:的(?:报告|讲话))?[)）]?(?:\s?[（(]?[^。；;]{{0,30}}[)）]?)?"
)
"""Optional dash and year, a meeting, and an optional remark: `——在市第五届人民代表大会第二次会议上的报告（摘要）`."""
_HEAD_OF_GOVERNMENT = "总理|省长|市长|县长|区长|州长|盟长|旗长|镇长|乡长|主席|专员"
"""Offices of the heads of governments: 省长, 县长."""
_OFFICE = f"{_HEAD_OF_GOVERNMENT}|主任|局长|书记|部长|厅长|院长|检察长|委员|组长"
"""Offices of persons who give reports: 省长, 局长."""
_PERSON = r"(?:[\u4e00-\u9fff]\s?){2,4}(?:[·•][\u4e00-\u9fff·•]{1,12})?"
"""A name of 2 to 4 characters, with or without blanks. A second part after a dot permits 努尔·白克力."""
_SPEAKER_LINE = re.compile(
    r"[—\-－（(\s*]*(?:"
    rf"[^。，；,;：:]{{0,24}}(?:(?:{_OFFICE})(?:[、兼][^。，；,;：:]{{2,12}})?[\s·:：]{{0,3}}{_PERSON}"
    rf"|(?:{_HEAD_OF_GOVERNMENT})\s[\u4e00-\u9fff]{{5,8}}"
    rf"|自治[区州县旗](?:代理?)?(?:{_HEAD_OF_GOVERNMENT})[\u4e00-\u9fff]{{5,6}}"
    rf"|(?:{_HEAD_OF_GOVERNMENT}))"
    rf"|(?:报告|汇报)人\s?[:：]\s?{_PERSON})"
    r"(?:同志)?(?:\s?[（(]?\s?\d{4}年\d{1,2}月\d{1,2}日)?\s?[)）*]*"
)
"""An office and a name, and perhaps a date: `省人民政府省长 徐守盛`, `报告人：李 四`.

Names of minorities can be longer than `_PERSON`. After the office of a head of government and a blank, names of 5 to 8
characters are accepted; after that of an autonomous region, names of 5 or 6 characters also without the blank. The
office of a head of government matches without a name, too, because some sites print the name on the next line.
"""
_SURNAMES = (
    "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦尤许何吕施张孔曹严华金魏陶姜戚谢邹喻柏窦章苏潘葛范彭郎鲁韦马苗方俞任袁柳史唐"
    "费廉岑薛雷贺倪汤滕殷罗毕郝邬安常乐于傅皮卞齐康伍余元顾孟黄穆萧尹姚邵汪祁毛狄米戴宋茅庞熊纪舒屈项祝董梁杜阮蓝闵席季"
    "贾路娄江童颜郭梅盛林刁钟徐邱骆高夏蔡田樊胡凌霍虞万支柯卢莫房宗丁邓洪包左石崔吉龚程嵇邢裴陆荣翁荀惠曲封靳"
    "段焦巴牧谷车侯宁仇甘武符刘景詹束龙叶司黎薄白蒲邰鄂赖卓蔺屠蒙池乔阴苍闻翟谭贡姬申冉桑桂牛边温庄晏柴瞿阎习艾容向易"
    "廖耿关肖欧曾楚丰岳占冷敖商佟覃迟楼聂闫付仝苟麻蔚于"
)
"""Common surnames of one character."""
_NAMED_SPEAKER = re.compile(
    rf"[—\-－（(\s*]*[^。，；,;：:]{{0,20}}(?:(?:{_HEAD_OF_GOVERNMENT})(?:[\s·:：]{{1,3}}{_PERSON}|[{_SURNAMES}][\u4e00-\u9fff]{{1,2}})"
    rf"|自治[区州县旗](?:代理?)?(?:{_HEAD_OF_GOVERNMENT})[\u4e00-\u9fff]{{4,6}})(?:同志)?[)）*]*"
)
"""The head of a government with a name that a blank, dot or colon sets apart, or that begins with a surname. After the
office of an autonomous region, any 4 to 6 characters are a name. 市长热线工作 does not match: 热 is not a surname."""
_OFFICE_CHARACTER = re.compile("[长席理员]")
"""Every office of a head of government contains one of these characters. Most lines contain none and are decided by
this cheap search."""
_SPACED_OFFICE = re.compile(r"(?<=[省市县区州盟旗镇乡主专代]) (?=[省市县区州盟旗镇乡主专长席员])")
"""A blank inside an office that is stretched to the width of a name of three characters: 省 长."""
_ANNEX_LABEL = r"(?:附\s?(?:件|录|注|页|表)?\s?[一二三四五六\d]{0,2}\s?[：:、.．]?\s?)?"
"""An optional label before a title: `附件1：`, `附：`."""
_GLOSSARY_TITLE = re.compile(
    rf"[（(【\[*\s]*{_ANNEX_LABEL}(?:"
    r"[^。；;，,：:]{0,24}?(?:名词|词语|术语|用语|词汇|词条|概念|缩略语|缩写|简称|名称|提法|表述)[^。；;，,：:]{0,8}?"
    r"(?:解释|注释|释义|说明|注解|简释|诠释|浅释|解读|释疑)|[^。；;，,：:]{0,24}?(?:缩略语|名词|术语表|词汇表)"
    r"|(?:《?[^。；;，,：:》]{0,12}工作报告》?|《?报告》?)?(?:中|里)?(?:的|有关|相关|部分|主要|内容)*(?:注释|附注|注解|尾注|脚注|释义|注))"
    r"[）)】\]*：:\s]*(?:[（(][^（）()]{1,30}[)）])?"
)
"""Three forms of title, in brackets or not: terms and their explanation (`名词解释`), terms alone (`缩略语`), or notes
on the report (`《政府工作报告》注释`, `附注`)."""
_GLOSSARY_CHARACTER = re.compile("[释注义解说诠疑词语]")
"""Every title of a glossary contains one of these characters. Most lines contain none and are decided by this cheap
search."""
_GLOSSARY_ENTRY = re.compile(
    r"(?:\d{1,3}\s?[.．、)）:：]?|[\[［〔【（(]\s?\d{1,3}\s?[\]］〕】）)]|[①-⒛㈠-㈩]|[（(]?[一二三四五六七八九十]{1,3}[)）、.．])?"
    r"\s*[^。：:]{1,45}[：:]\s*\S|.{1,60}?(?:是指|指的是|，指|,指|：指|即指)"
)
"""One of two forms: an optional number, a term of at most 45 characters, a colon and text (1.放管服：简政放权); or at
most 60 characters followed by 是指, 指的是, 即指, ，指 or ：指."""
_MEASURE_PATTERN = re.compile(
    r"\d[\d,.]*\s?(?:[万亿千百余多]{0,3}(?:[件户次人名个家项元条起例份支期场单吨亩辆台套所处座倍天宗部种类篇批面]|公里|小时|平方)|%|％|个百分点)|百分之"
)
"""A number with a unit or a percent sign, or 百分之: 129件, 1.2万户次, 98%, 百分之九十."""
_BRACKETED_LINE = re.compile(r"[（(【\[][^。；;]{1,60}[)）】\]]")
"""At most 60 characters in brackets, without 。 or semicolon inside: `（审议稿）`."""


def clean_line(text: str) -> str:
    """Strip a line, reduce each run of white space to one blank, and remove layout marks.

    Layout marks are `[bookmark: …]` and references to another page of a newspaper (`（下转第二版）`). Also removes the
    blanks of a word of at least four characters with blanks between all of them (`政 府 工 作 报 告`). Linear time.
    """
    if "[bookmark:" in text:
        text = _BOOKMARK.sub("", text)
    if "版" in text:
        text = _PAGE_REFERENCE.sub("", text)
    text = " ".join(text.split())
    if " " in text:
        text = _SPACED_WORD.sub(lambda match: match[0].replace(" ", ""), text)
    return text


def simplify(text: str) -> str:
    """Return a text with its traditional characters simplified.

    Each character is replaced by one character, so all offsets stay valid. Other characters do not change. Cost for a
    text without traditional characters: 3 ns per code point.
    """
    characters, table = _traditional_characters()
    return text.translate(table) if characters.search(text) else text


@cache
def _traditional_characters() -> tuple[re.Pattern[str], dict[int, str]]:
    """Return a pattern that matches a traditional character, and the table that simplifies all of them."""
    ideographs = "".join(map(chr, (*range(0x3400, 0xA000), *range(0xF900, 0xFB00))))
    table = {ord(char): folded for char, folded in zip(ideographs, fold(ideographs), strict=True) if char != folded}
    return re.compile(f"[{''.join(map(chr, table))}]"), table


def is_han(char: str) -> bool:
    """Return whether a character is Han, kana, Chinese punctuation or a full-width form."""
    return "\u3000" <= char <= "\u9fff" or "\uff00" <= char <= "\uffef" or char in "“”‘’—…·"


def ends_sentence(line: str) -> bool:
    """Return whether a sentence ends at the end of a line.

    It does if the line ends with a mark of `_SENTENCE_STOPS`, perhaps with closing quotes or brackets after it, or with
    a remark in brackets after 。, ！, ？ or ；: `…成效显著。（掌声）`.
    """
    stripped = line[-_LINE_END_LENGTH:].rstrip(_CLOSING_PUNCTUATION)
    if stripped.endswith(_SENTENCE_STOPS):
        return True
    if line.endswith(("）", ")")):
        bracket_start = max(line.rfind("（", -_LINE_END_LENGTH), line.rfind("(", -_LINE_END_LENGTH))
        return bracket_start > 0 and line[bracket_start - 1] in "。！？；"
    return False


def is_prose(line: str) -> bool:
    """Return whether a line is running text: it contains 。 or ；, or is longer than 48 code points."""
    max_heading_length = 48
    return "。" in line or "；" in line or len(line) > max_heading_length


def has_measure(text: str) -> bool:
    """Return whether a text contains a count or rate: `1.2万户次`, `98%`. Headings rarely do."""
    return _MEASURE_PATTERN.search(text) is not None


def is_date(line: str) -> bool:
    """Return whether a line consists of a date: `2023年12月26日`, `20241231`, `（二〇二四年一月）`."""
    max_length = 24
    return len(line) <= max_length and _DATE_LINE.fullmatch(line) is not None


def is_dated_signature(line: str) -> bool:
    """Return whether a line consists of a short text, such as a body, and a date: `区卫生健康委 2023年12月26日`."""
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
    """Return whether a line only addresses the reader: `各位代表：`, `市司法局：`, `各位委员、同志们！`.

    Without a final colon or exclamation mark, only 各位代表, 各位委员 and 同志们 count. A line with a list number is a
    heading or an item: `1.市公安局：`.
    """
    max_length = 40
    if not 1 < len(line) <= max_length:
        return False
    if line[-1] in ":：!！":
        return _SALUTATION.fullmatch(line) is not None and not has_list_number(line)
    return line in {"各位代表", "各位委员", "同志们"}


def addresses_audience(line: str) -> bool:
    """Return whether a salutation addresses persons: `各位代表：`, `同志们！`; not `市司法局：`."""
    return is_salutation(line) and _AUDIENCE.search(line) is not None


def is_session(line: str) -> bool:
    """Return whether a line names the meeting at which a report was given: `——2014年1月20日在…第二次会议上`."""
    max_length = 90
    return len(line) <= max_length and ("会议" in line or "大会" in line) and _SESSION_LINE.fullmatch(line) is not None


def is_speaker(line: str) -> bool:
    """Return whether a line names the person who gave a report: `省人民政府省长 徐守盛`.

    Test only lines near the title, because the result is also True for headings such as 市长热线工作.
    """
    max_length = 40
    return len(line) <= max_length and _SPEAKER_LINE.fullmatch(_SPACED_OFFICE.sub("", line)) is not None


def names_speaker(line: str) -> bool:
    """Return whether a line consists of the office and name of a head of government: `市长 张明`, `——某县县长 李强`.

    The test is stricter than `is_speaker`, and false for headings such as 市长热线工作. Therefore it suits all lines of
    a report.
    """
    max_length = 40
    if len(line) > max_length or not _OFFICE_CHARACTER.search(line):
        return False
    return _NAMED_SPEAKER.fullmatch(_SPACED_OFFICE.sub("", line)) is not None


def is_glossary_title(line: str) -> bool:
    """Return whether a line is the title of a glossary after a report: `名词解释`, `附件：有关用语说明`, `附注`."""
    max_length = 44
    if len(line) > max_length or not _GLOSSARY_CHARACTER.search(line):
        return False
    return _GLOSSARY_TITLE.fullmatch(line.replace(" ", "")) is not None


def is_glossary_entry(line: str) -> bool:
    """Return whether a line begins with a term and its explanation: `1.“双减”：…`, `“四上”企业是指…`."""
    return _GLOSSARY_ENTRY.match(line) is not None


def is_bracketed(line: str) -> bool:
    """Return whether a line consists of at most 60 characters in brackets: `（2003年1月10日 徐荣凯）`, `（审议稿）`."""
    return _BRACKETED_LINE.fullmatch(line) is not None
