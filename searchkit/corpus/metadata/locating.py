"""Determine the region that a report is about, among the places that it mentions.

A place is an entry of the gazetteer. A region is the path of a place, the province first: 浙江省, 台州市, 临海市.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from urllib.parse import urlsplit

from searchkit.places.gazetteer import NATIONWIDE, Mention, Region, gazetteer, regions_in_force
from searchkit.text.folding import fold, fold_all
from searchkit.text.years import ANY_YEAR, ARABIC_YEAR

_MAX_BODY_LENGTH = 200_000
"""Maximum length of a body that is searched entirely, in code points. In a longer body, this number of code points at
the start and 5000 at the end are searched."""
_QUOTED_TITLE = re.compile(r"《[^》]{0,80}》")
"""The title of another document: 《湖南省行政程序规定》."""
_NATIONAL_OPENING = re.compile(
    r"我代表(?:中共中央和|党中央、)?(?:国务院|中央人民政府)|受(?:中共中央和|党中央、)?(?:国务院|中央人民政府)的?委托"
    r"|^\s*国务院(?:副?总理|总理兼)|^中华人民共和国国务院"
)
"""The State Council speaks: 我代表国务院, 受国务院委托, 国务院总理."""
_NATIONAL_SESSION = re.compile(r"在第.{1,3}届全国人民代表大会.{0,12}会议")
"""在第十四届全国人民代表大会第二次会议."""
_LEADING_YEAR = re.compile(rf"{ANY_YEAR}年?度?")
"""2023年度."""
_CENTRAL_BODY = re.compile(
    r"(?:中华人民共和国|国家[^，。\s]{1,12}?(?:局|委|署|办公室)|国务院|中国人民银行|最高人民)|"
    r"(?:司法|教育|科学技术|工业和信息化|公安|民政|财政|人力资源社会保障|人力资源和社会保障|自然资源|生态环境|住房城乡建设|"
    r"住房和城乡建设|交通运输|水利|农业农村|商务|文化和旅游|退役军人事务|应急管理|审计)(?:部(?!门)|署)|(?:海关|市场监管|税务|体育|"
    r"市场监督管理|广电|国家税务)总[局署]"
)
"""The start of the name of a body of the central government: 国家发展改革委, 司法部, 海关总署. 国家基本公共卫生服务
and 民政部门 name none."""
_PLACE_PREFIX = re.compile(
    rf"(?:关于)?(?:{ANY_YEAR}年?度?的?)?(?:中共|中华人民共和国|国家[^，。\s]{{2,10}}?局|"
    r"(?:财政部|审计署|生态环境部|商务部|自然资源部)驻?)?"
)
"""The text before a short name at the start of a line: 关于2023年度, 中共, 国家统计局 in 国家统计局天津调查总队."""
_SHORT_NAME_CONTEXT = re.compile(
    r"(?!街道|[镇乡村])(?:\d{4}|[^，。\s]{0,14}?(?:委|局|厅|政府|法治|省长|办事处|管委会|海关|工作报告))"
)
"""Text after a short name (沙坪坝, 安徽) that makes it a place: a year, or text of at most 14 characters and then a
word of a body or kind of report."""
_INNER_NAME_CONTEXT = re.compile(r"(?:\d{4}|[一二][〇零]|(?:人民)?政府(?!信息|采购)|工作报告)")
"""Text after a short name that makes it a place if the full name of a city or county precedes it: 2023 in
杭州市西湖2023年. In 杭州市西湖风景名胜区, 西湖 is no place, but a part of another name."""
_SESSION_PLACE = re.compile(
    r"在(?=[^，。,\s]{2,14}?(?:第[一二三四五六七八九十百\d]{1,4}[届次]|人民代表大会|人大|党代会))"
)
"""The text before a short name that a congress follows: 在 in 在湖南长沙第十六届人民代表大会."""
_BRANCH_OFFICE = re.compile(r"局([^局，。]{2,8}?)分局")
"""长沙市生态环境局岳麓分局. The group is the place of the branch, 岳麓."""
_LEVELS = ("省", "自治区", "盟", "州", "市", "旗", "县", "区")
"""Words for the levels of divisions, outermost first."""
_MAX_LINE_LENGTH = 400
"""Number of code points of a line that are examined."""
_MIN_FREQUENT_PERCENT = 40
"""A level is frequent if its mentions are at least this percentage of those of the most frequent level."""
_CITY_DEPTH = 2
"""Number of divisions in the region of a city or prefecture."""
_SESSION_WORD = re.compile(r"人民代表大会|人大|省长|市长|县长|区长|州长|旗长|盟长|主席|人民政府|政府工作报告")
"""A word for the session or the speaker of a speech, in a line above it: 在临海市第十七届人民代表大会…上, 市长."""
_SELF_REFERENCE = re.compile(r"(?<!各)(?:我|全|本)(自治区|[省市区县州旗盟])(?!域|场|级|政府采购)")
"""我区, 全市, 本省. 全市场 and 全区域 refer to no division."""
_LEVEL_PREFIX = re.compile(r"^(?:中共)?(自治区|新区|[省市区县州旗盟])(?!场监|政|民政|域|级|容)")
"""A name that starts with its level: 区卫健委, 市人民政府. Words such as 市场监管, 市政, 市民政 and 县域 do not
match."""
_OTHER_PLACE_CONTEXT = re.compile(
    r"(?:帮扶|支援|援助|对口|协作|协同|结对|赴|援|联合|会同|兄弟|学习|考察|跨省|跨区域|来自|与)[^，。；]{0,8}$"
)
"""The text before a place that the report does not speak of as its own: 对口支援, 赴, 来自."""
_CITED_DOCUMENT_NUMBER = re.compile(rf"([一-鿿]{{2,12}})[〔\[【(（]{ARABIC_YEAR}[〕\]】)）]\s*第?\d+\s*号")
"""浙政发〔2023〕12号, with the words before it. The group is the text before the bracket."""
_CITATION_WORD = re.compile("印发|转发|下发|根据|按照|依据|落实|贯彻|执行|关于|要求|通知|文件")
"""A word between a sentence and the document number that it cites: 根据 in 根据浙政发〔2023〕12号."""
_DIVISION_CODE = re.compile(r"(?<!\d)(?:1[12])?(\d{6})(?=\D|\d{3,})")
"""Six digits in an index number: LH331082-035/2025. The code of an organisation (11331082MB0F…) starts with 11 or 12
before these digits."""
_URL = re.compile(r"https?://[^\s，。；、\"'<>（）()]+|(?:www\.)?[a-z0-9.-]+\.gov\.cn")
"""A URL or the host of a government: https://www.linhai.gov.cn/…, www.linhai.gov.cn."""


@dataclass(frozen=True, slots=True)
class LocationEvidence:
    """The parts of a report that can identify its place, as written."""

    title: str
    issuers: Sequence[str]
    """Bodies that speak, publish or sign, strongest first."""
    head: Sequence[str]
    """Lines above the first sentence or heading, such as session, speaker and properties of the page."""
    paragraphs: Sequence[str]
    tail: Sequence[str]
    """Lines below the text, such as links, footer and imprint."""
    urls: str
    """URLs and lines with URLs, separated by blanks."""
    index_number: str
    """索引号, which a web page states: LH331082-035/2025-00028. Empty if unknown."""
    name: str
    """Path in the corpus."""
    year: int | None
    """The year reported on. It decides between places that had the same name at different times."""


@dataclass(frozen=True, slots=True)
class LocationResult:
    """The region of a report, empty if undecided, and warnings about it."""

    region: Region = ()
    warnings: tuple[str, ...] = ()


def locate(evidence: LocationEvidence) -> LocationResult:
    """Determine the region of a report.

    First, the function tests whether the report is about the whole country. If it is not, the title decides, then the
    issuers, then the head, then weaker evidence. If the title names a place, but the context does not decide which of
    the places with this name it is, the region is undecided.
    """
    title = _compact(evidence.title)
    if not title.startswith("《") and "印发《" not in title:
        # The quoted title is that of another document: 关于贯彻《湖南省…条例》情况的报告.
        title = _QUOTED_TITLE.sub("", title)
    issuers = [_compact(name) for name in evidence.issuers]
    head = fold_all([line[:_MAX_LINE_LENGTH] for line in evidence.head])
    if _is_national(evidence, title, issuers, head):
        return LocationResult(NATIONWIDE)
    if mention := _find_first_place(title):
        return _choose_place(title, mention, evidence)
    stated_level = _level_of_names([title, *issuers])
    warnings: list[str] = []
    for text in issuers:
        if (located := _locate_by_line(text, stated_level, evidence)).region:
            return located
        warnings.extend(located.warnings)
    level = stated_level or _level_of_text(evidence.paragraphs)
    # Lines about a session or a speaker come first.
    for text in sorted(filter(_names_one_place, head), key=lambda line: not _SESSION_WORD.search(line)):
        if (located := _locate_by_line(text, level, evidence)).region:
            return located
        warnings.extend(located.warnings)
    return _locate_by_weaker_evidence(evidence, level, warnings)


def _choose_place(text: str, mention: Mention, evidence: LocationEvidence) -> LocationResult:
    """Return the region that a mention in a line means. If the context does not decide, return a warning instead."""
    regions = regions_in_force(mention.places, evidence.year)
    best = regions[0] if len(regions) == 1 else _choose_by_context(regions, evidence)
    if best is not None:
        return LocationResult(_region_of_branch(text, best))
    return LocationResult((), (_ambiguity_warning(text[mention.start : mention.end], regions),))


def _region_of_branch(text: str, region: Region) -> Region:
    """Return the county of a city bureau's branch: 长沙市生态环境局岳麓分局 belongs to 岳麓区.

    Returns `region` if the text names no branch, or if not exactly one county inside `region` has the branch's name.
    """
    branch = _BRANCH_OFFICE.search(text)
    counties = gazetteer().candidates(branch[1].removesuffix("区")) if branch else ()
    candidates = [place for place in counties if len(place) > len(region) and place[: len(region)] == region]
    return candidates[0] if len(candidates) == 1 else region


def _locate_by_line(text: str, level: str | None, evidence: LocationEvidence) -> LocationResult:
    """Locate by the first place that a line names.

    The result has no region if there is no such place, if it cannot have `level`, or if several places have its name
    and the context does not decide. Only the last case yields a warning.
    """
    mention = _find_first_place(text)
    places = tuple(p for p in mention.places if _can_have_level(p.region, level)) if mention else ()
    return (
        _choose_place(text, Mention(mention.start, mention.end, places), evidence)
        if mention and places
        else LocationResult()
    )


def _locate_by_weaker_evidence(
    evidence: LocationEvidence, level: str | None, earlier_warnings: list[str]
) -> LocationResult:
    """Locate by the code in the index number, the body, the tail or the URL, in this order.

    The URL counts if its region has `level`, or if `level` is None and there are no warnings. The last resort, with a
    warning, is the path of the file or, if there is no warning so far, the only place that the text names.
    """
    if (region := _locate_by_code(evidence)) and _can_have_level(region, level):
        return LocationResult(region)
    counts = _count_places_of_body(level, evidence)
    body_region, warnings = _locate_by_body(counts, level, evidence)
    if body_region:
        return LocationResult(body_region)
    for line in evidence.tail:
        text = fold(line[:_MAX_LINE_LENGTH])
        if _names_one_place(text) and (located := _locate_by_line(text, level, evidence)).region:
            return located
    warnings = (*earlier_warnings, *warnings)
    url_region = _locate_by_url(evidence)
    if url_region and (_level_of_region(url_region) == level or (level is None and not warnings)):
        return LocationResult(url_region)
    region, warning = _locate_by_last_resort(evidence.name, level, () if warnings else tuple(counts))
    if region:
        return LocationResult(region, (*warnings, warning))
    return LocationResult(
        (), warnings or ("region undecided: neither title, head nor text names the place reported on",)
    )


def _locate_by_last_resort(
    name: str, level: str | None, named: Sequence[tuple[Region, ...]]
) -> tuple[Region | None, str]:
    """Return the region that the file's path names, or else the only one that the text names, and a warning.

    The last part of the path that names a region which can have `level` decides. Each item of `named` is the regions
    that one name in the text can mean. Returns None and an empty warning if neither decides.
    """
    for part in reversed(re.split(r"[/\\._\s-]+", name)):
        region = gazetteer().resolve(part) if len(part) > 1 else None
        if region and _can_have_level(region, level):
            return region, f"region {'/'.join(region)} taken from the file's path: the text does not name it"
    if len(named) == 1 and len(named[0]) == 1:
        return named[0][0], f"region {'/'.join(named[0][0])} taken from the only place that the text names"
    return None, ""


def _is_national(evidence: LocationEvidence, title: str, issuers: Sequence[str], head: Sequence[str]) -> bool:
    """Return whether a report is about the whole country.

    The first of these conditions that holds decides:

    1. The title begins with a central body (司法部2023年…): True.
    2. The title, a line about the session or the first issuer names a place, or the first issuer begins with a level
       (市人民政府): False, even if the text mentions the State Council.
    3. The first issuer is a central body, or the opening is national (`_opens_nationally`): True.

    Otherwise, False.
    """
    if _is_central(title):
        return True
    sessions = (line for line in head if _SESSION_WORD.search(line) and _names_one_place(line))
    if _find_first_place(title) or next(sessions, None) or any(map(_is_local, issuers[:1])):
        return False
    return any(map(_is_central, issuers[:1])) or _opens_nationally(evidence.paragraphs, (title, *head))


def _opens_nationally(paragraphs: Sequence[str], head: Sequence[str]) -> bool:
    """Return whether the State Council speaks, or `head` names a session of the national congress.

    The first paragraphs may name the session instead, if the text does not refer to a smaller place as its own (我市).
    """
    opening = fold_all([paragraph[:_MAX_LINE_LENGTH] for paragraph in paragraphs[:6]])
    if any(map(_NATIONAL_OPENING.search, (*head, *opening))) or any(map(_NATIONAL_SESSION.search, head)):
        return True
    return any(map(_NATIONAL_SESSION.search, opening)) and _level_of_text(paragraphs) is None


def _is_local(name: str) -> bool:
    """Return whether a name is a body of a place: 贵阳市人民政府, 市人民政府, 区卫健委."""
    return _LEVEL_PREFIX.match(name) is not None or _find_first_place(name) is not None


def _is_central(name: str) -> bool:
    """Return whether a name, after an optional year, is that of a central body: 司法部, 国家卫生健康委员会.

    国家税务总局天津市税务局 and 中华人民共和国天津海关 are not.
    """
    year = _LEADING_YEAR.match(name)
    return _CENTRAL_BODY.match(name, year.end() if year else 0) is not None and _find_first_place(name) is None


def _find_first_place(text: str) -> Mention | None:
    """Return the first place of a line, or a short name at its start or before the meeting of a congress.

    Of places that follow each other, each inside the one before, the last is returned (临海市 in 台州市临海市, 长沙 in
    湖南长沙).
    """
    first: Mention | None = None
    for mention in gazetteer().find_mentions(text[:_MAX_LINE_LENGTH]):
        if first is not None and not _contains_place(first, mention):
            break
        first = mention
    if first is not None:
        context = _SHORT_NAME_CONTEXT if len(first.places[0].region) == 1 else _INNER_NAME_CONTEXT
        return _narrow(text, first, context) or first
    prefix = _PLACE_PREFIX.match(text)
    short_name = gazetteer().find_leading(text, prefix.end() if prefix else 0)
    if short_name and (found := _narrow(text, short_name, _SHORT_NAME_CONTEXT)):
        return found
    return _find_session_place(text)


def _narrow(text: str, mention: Mention, context: re.Pattern[str]) -> Mention | None:
    """Return `mention`, or a place inside it that directly follows it, if the text after it matches `context`.

    If several match, the innermost is returned; if none does, None.
    """
    inner = gazetteer().find_inside(text, mention)
    if inner and (found := _narrow(text, inner, context)):
        return found
    return mention if context.match(text, mention.end) else None


def _find_session_place(text: str) -> Mention | None:
    """Return the short name of the place whose congress met, or None.

    It is 长沙 in 在湖南长沙第十六届人民代表大会第二次会议上.
    """
    session = _SESSION_PLACE.search(text, 0, _MAX_LINE_LENGTH)
    mention = gazetteer().find_leading(text, session.end()) if session else None
    while mention and (inner := gazetteer().find_inside(text, mention)):
        mention = inner
    return mention


def _contains_place(outer: Mention, inner: Mention) -> bool:
    """Return whether a place that `inner` can mean is inside a place that `outer` can mean."""
    return any(p.region[: len(q.region)] == q.region and p != q for p in inner.places for q in outer.places)


def _names_one_place(line: str) -> bool:
    """Return whether a line names one place (or a place in a place). A list of links names several."""
    mentions = list(gazetteer().find_mentions(line))
    if not mentions:
        return _find_session_place(line) is not None
    return all(_contains_place(a, b) or a.places == b.places for a, b in pairwise(mentions))


def _level_of_names(names: Sequence[str]) -> str | None:
    """Return the level that the title or a body's name begins with, or None: 区 for 区卫健委."""
    match = next(filter(None, map(_LEVEL_PREFIX.match, names)), None)
    return _level_of_word(match[1]) if match else None


def _level_of_text(paragraphs: Sequence[str]) -> str | None:
    """Return the level at which the text refers to itself, or None.

    It is the innermost level that is frequent: 区 if a text says both 我区 and 全市.
    """
    counts: Counter[str] = Counter()
    for text in fold_all([paragraph[:2000] for paragraph in paragraphs[:40]]):
        counts.update(_level_of_word(m[1]) for m in _SELF_REFERENCE.finditer(text))
    max_count = max(counts.values(), default=0)
    frequent = [level for level, count in counts.items() if 100 * count >= _MIN_FREQUENT_PERCENT * max_count]
    return max(frequent, key=lambda level: (_LEVELS.index(level), counts[level])) if frequent else None


def _level_of_word(word: str) -> str:
    """Return the level in `_LEVELS` that a word names: 区 for 新区."""
    return "自治区" if word == "自治区" else word[-1]


def _level_of_region(region: Region) -> str:
    """Return the level of a region: 自治区, or the last character of its name, which need not be in `_LEVELS`."""
    name = region[-1]
    return "自治区" if len(region) == 1 and name.endswith("自治区") else name[-1]


def _can_have_level(region: Region, level: str | None) -> bool:
    """Return whether a region can be of a level. 区 (我区) may be an autonomous region.

    Any region can be of the level None. A region whose name does not end with a level can be of any level.
    """
    region_level = _level_of_region(region)
    return (
        level is None
        or region_level == level
        or (level == "区" and region_level == "自治区")
        or region_level not in _LEVELS
    )


def _choose_by_context(regions: Sequence[Region], evidence: LocationEvidence) -> Region | None:
    """Choose among places of the same name: first the province, then the city, with the most evidence.

    Returns None if there is no evidence, if the best one has less than twice the evidence of the second, or if several
    places of the best city remain.
    """
    support = _count_support(regions, evidence)
    candidates = list(regions)
    for depth in (1, 2):
        scores = {region[:depth]: support[region[:depth]] for region in candidates}
        for city in {region[:2] for region in candidates} if depth == 1 else ():
            scores[city[:1]] += 2 * support[city]  # a city is evidence for its province
        ranked = sorted(scores.values(), reverse=True)
        if not ranked[0] or (len(ranked) > 1 and ranked[0] < 2 * ranked[1]):
            return None
        candidates = [region for region in candidates if scores[region[:depth]] == ranked[0]]
        if len(candidates) == 1:
            return candidates[0]
    return None


def _count_support(regions: Sequence[Region], evidence: LocationEvidence) -> Counter[Region]:
    """Weigh the evidence for each region that contains one of the candidates `regions`.

    Each document number of the region and each mention of another place inside it weighs 1. Each mention of the
    region's name weighs 1, too, but all these mentions together at most 20. The URL weighs 5, the code in the index
    number 30. The candidates themselves weigh nothing.
    """
    text = _full_text(evidence)
    support = _count_document_prefixes(text)
    for outer in {region[:depth] for region in regions for depth in range(1, len(region))}:
        support[outer] += min(20, _count_mentions(text, outer[-1]))
    for region, weight in ((_locate_by_url(evidence), 5), (_locate_by_code(evidence), 30)):
        for depth in range(1, len(region or ()) + 1):
            support[(region or ())[:depth]] += weight
    support.update(_count_enclosing_regions(text, evidence.year))
    for region in regions:
        support[region] = 0  # the shared name is not evidence for any candidate
    return support


@lru_cache(maxsize=1)  # called again for each line with an ambiguous place
def _count_enclosing_regions(text: str, year: int | None) -> Counter[Region]:
    """Count the mentions of places inside each region. Ambiguous names do not count."""
    counts: Counter[Region] = Counter()
    for mention in gazetteer().find_mentions(text):
        places = regions_in_force(mention.places, year)
        for depth in range(1, len(places[0])) if len(places) == 1 else ():
            counts[places[0][:depth]] += 1
    return counts


def _count_places_of_body(level: str | None, evidence: LocationEvidence) -> Counter[tuple[Region, ...]]:
    """Count the mentions of places that can have `level`, by the regions that the name can mean.

    The mention of a place as helped or visited (对口支援…) does not count, with two exceptions: all mentions of a
    province count, and so do all mentions of a city if one of them counts. Of these places, short names count, too.
    """
    text = _full_text(evidence)
    counts: Counter[tuple[Region, ...]] = Counter()
    for region in gazetteer().provinces:
        if _is_province_of_level(region, level) and (count := _count_mentions(text, region[0])):
            counts[(region,)] = count
    for mention in gazetteer().find_mentions(text):
        regions = tuple(r for r in regions_in_force(mention.places, evidence.year) if _can_have_level(r, level))
        if (
            regions
            and len(regions[0]) > 1
            # 14 code points are more than the longest match of the pattern.
            and not _OTHER_PLACE_CONTEXT.search(text[max(0, mention.start - 14) : mention.start])
        ):
            counts[regions] += 1
    for regions, count in counts.items():
        if len(regions) == 1 and len(regions[0]) == _CITY_DEPTH:
            counts[regions] = max(count, _count_mentions(text, regions[0][-1]))
    return counts


def _is_province_of_level(region: Region, level: str | None) -> bool:
    """Return whether a province can be the region of a report at `level`.

    If a report says 我市, a municipality such as 北京市 cannot: the reports of all cities mention 北京.
    """
    region_level = _level_of_region(region)
    return level is None or (level == region_level and level != "市") or (level == "区" and region_level == "自治区")


def _locate_by_body(
    counts: Counter[tuple[Region, ...]], level: str | None, evidence: LocationEvidence
) -> tuple[Region | None, tuple[str, ...]]:
    """Return the region that the text names at least twice, and twice as often as any other; or None and a warning.

    If the level is unknown, all other places that the text names must contain the region, and their mentions count for
    it. If no place is named twice, returns None and no warning.
    """
    ranked = counts.most_common(2)
    if level is None and (innermost := _innermost(counts)):
        ranked = [(innermost, sum(counts.values()))]
    if not ranked or ranked[0][1] < 2:  # noqa: PLR2004
        return None, ()
    (regions, first_count), second_count = ranked[0], ranked[1][1] if len(ranked) > 1 else 0
    if first_count < 2 * second_count or (level is None and second_count):
        counted = "; ".join(f"{'/'.join(r[0])} {n} times" for r, n in ranked)
        return None, (f"region undecided: the text names several: {counted}",)
    if len(regions) == 1:
        return regions[0], ()
    best = _choose_by_context(regions, evidence)
    return (best, ()) if best else (None, (_ambiguity_warning(regions[0][-1], regions),))


def _innermost(counts: Mapping[tuple[Region, ...], int]) -> tuple[Region, ...] | None:
    """Return the regions of the place that is inside all other places, or None.

    In a text that names 安徽省 and 宿州市, this place is 宿州市. An ambiguous name makes the result None.
    """
    if any(len(regions) > 1 for regions in counts):
        return None
    nested = sorted((regions[0] for regions in counts), key=len)
    is_chain = all(inner[: len(outer)] == outer for outer, inner in pairwise(nested))
    return (nested[-1],) if nested and is_chain else None


def _count_mentions(text: str, element: str) -> int:
    """Count the full and short names of a place in a text. 上海南站 and 黄河南岸 name neither 海南 nor 河南."""
    short_name = min(gazetteer().names_of(element), key=len)
    count = text.count(short_name)
    for lookalike in _LOOKALIKES.get(short_name, ()):
        count -= text.count(lookalike)
    return count


_LOOKALIKES = {
    "海南": ("上海南", "青海南"),
    "河南": ("黄河南", "淮河南"),
    "河北": ("黄河北", "淮河北", "河北区"),
    "江西": ("长江西", "内江西"),
    "湖南": ("太湖南",),
    "湖北": ("太湖北",),
}
"""Short name of a province → texts that contain the name by chance: 上海南 in 上海南站."""


def _count_document_prefixes(text: str) -> Counter[Region]:
    """Count the cited document numbers of each region, by their first one or two characters.

    浙政发〔2023〕12号 counts for 浙江省.
    """
    prefixes = gazetteer().document_prefixes
    counts: Counter[Region] = Counter()
    for match in _CITED_DOCUMENT_NUMBER.finditer(text):
        issuer = _CITATION_WORD.split(match[1])[-1]
        for length in (2, 1):
            if region := prefixes.get(issuer[:length]):
                counts[region] += 1
                break
    return counts


def _locate_by_url(evidence: LocationEvidence) -> Region | None:
    """Return the region of the first URL whose host has a label that the gazetteer knows, or None."""
    for match in _URL.finditer(evidence.urls):
        host = urlsplit(match[0]).netloc or match[0].split("/")[0]
        for label in reversed(host.split(".")[:-2] or [host]):  # without the last two labels, gov.cn
            if region := gazetteer().hosts.get(label):
                return region
    return None


def _locate_by_code(evidence: LocationEvidence) -> Region | None:
    """Return the region whose code occurs in the index number (LH331082-035/2025-00028), or None."""
    codes = gazetteer().codes
    return next((codes[m[1]] for m in _DIVISION_CODE.finditer(evidence.index_number) if m[1] in codes), None)


def _full_text(evidence: LocationEvidence) -> str:
    """Return title, issuers, head, body and URLs, folded. Of a very long body, only beginning and end are included."""
    body = "\n".join(evidence.paragraphs)
    body = body if len(body) <= _MAX_BODY_LENGTH else body[:_MAX_BODY_LENGTH] + body[-5000:]
    lines = (
        evidence.title,
        *evidence.issuers,
        *(line[:_MAX_LINE_LENGTH] for line in evidence.head),
        body,
        evidence.urls,
    )
    return fold("\n".join(lines))


def _compact(line: str) -> str:
    """Return the first `_MAX_LINE_LENGTH` code points of a line, folded and without white space."""
    return fold("".join(line[:_MAX_LINE_LENGTH].split()))


def _ambiguity_warning(name: str, regions: Sequence[Region]) -> str:
    """Return the warning about a place name that several regions have. It lists at most five of them."""
    candidates = ", ".join("/".join(r) for r in regions[:5])
    return f"region undecided: {name} can be {candidates}; no other place in the text decides"
