"""Where a report speaks of: the one place whose report it is, told from the places it merely mentions."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from urllib.parse import urlsplit

from searchkit.places.gazetteer import NATION, Mention, Region, gazetteer, in_force
from searchkit.text.folding import fold, fold_all
from searchkit.text.years import YEAR

_BODY_LIMIT = 200_000
_LAW = re.compile(r"《[^》]{0,80}》")
_NATION = re.compile(
    r"(?:我代表|我?受)(?:中共中央和|党中央、)?(?:国务院|中央人民政府)|第.{1,3}届全国人民代表大会.{0,12}会议|^\s*国务院(?:副?总理|总理兼)|^中华人民共和国国务院"
)
_CENTRAL = re.compile(
    r"^(?:中华人民共和国|国家|国务院|中国人民银行|最高人民)|"
    r"^(?:司法|教育|科学技术|工业和信息化|公安|民政|财政|人力资源社会保障|人力资源和社会保障|自然资源|生态环境|住房城乡建设|"
    r"住房和城乡建设|交通运输|水利|农业农村|商务|文化和旅游|退役军人事务|应急管理|审计)(?:部|署)|^(?:海关|市场监管|税务|体育|"
    r"市场监督管理|广电|国家税务)总[局署]"
)
_BEFORE_PLACE = re.compile(r"(?:关于)?(?:\d{4}年度?)?(?:中共|中华人民共和国|国家税务总局)?")
_AFTER_SHORT = re.compile(r"(?!街道|[镇乡村])(?:\d{4}|[^，。\s]{0,14}?(?:委|局|厅|政府|法治|省长|办事处|管委会|海关))")
_BRANCH = re.compile(r"局([^局，。]{2,8}?)分局")
_DEPTH = ("省", "自治区", "盟", "州", "市", "旗", "县", "区")
_LINE = 400
_SESSION = re.compile(r"人民代表大会|人大|省长|市长|县长|区长|州长|旗长|盟长|主席|人民政府|政府工作报告")
_SELF = re.compile(r"(?<!各)(?:我|全|本)(自治区|[省市区县州旗盟])(?!域|场|级|政府采购)")
_SPOKEN_LEVEL = re.compile(r"^(?:中共)?(自治区|新区|[省市区县州旗盟])(?!场监|政|民政|域|级|容)")
_GUEST = re.compile(
    r"(?:帮扶|支援|援助|对口|协作|协同|结对|赴|援|联合|会同|兄弟|学习|考察|跨省|跨区域|来自|与)[^，。；]{0,8}$"
)
_NUMBER = re.compile(rf"([一-鿿]{{2,12}})[〔\[【(（]{YEAR}[〕\]】)）]\s*第?\d+\s*号")
_CITING = re.compile("印发|转发|下发|根据|按照|依据|落实|贯彻|执行|关于|要求|通知|文件")
_CODE = re.compile(r"(?<!\d)(?:1[12])?(\d{6})(?=\D|\d{3,})")
_ADDRESS = re.compile(r"https?://[^\s，。；、\"'<>（）()]+|(?:www\.)?[a-z0-9.-]+\.gov\.cn")


@dataclass(frozen=True, slots=True)
class Sources:
    """The parts of a report that can tell its place, strongest first, as written."""

    title: str
    issuers: Sequence[str]
    """Bodies that speak, publish or sign, the strongest first."""
    head: Sequence[str]
    paragraphs: Sequence[str]
    tail: Sequence[str]
    addresses: str
    """URLs, one after the other."""
    index_number: str
    name: str
    """Path in the corpus."""
    year: int | None
    """The year reported on: decides between places that had one name at different times."""


@dataclass(frozen=True, slots=True)
class Located:
    """The place, empty when undecided, and what a reader of the result should know."""

    region: Region = ()
    warnings: tuple[str, ...] = ()


def locate(sources: Sources) -> Located:
    """Decide whose report it is: title before issuer and head before body before address before file name."""
    title = _squeezed(sources.title)
    if "印发《" not in title:
        title = _LAW.sub("", title)
    issuers = [_squeezed(name) for name in sources.issuers]
    head = fold_all([line[:_LINE] for line in sources.head])
    if _is_national(sources, title, issuers, head):
        return Located(NATION)
    if mention := _lead(title):
        return _decided(title, mention, sources)
    stated = _stated_level([title, *issuers])
    notes: list[str] = []
    for text in issuers:
        if (located := _from_line(text, stated, sources)).region:
            return located
        notes.extend(located.warnings)
    level = stated or _own_level(sources.paragraphs)
    for text in sorted(filter(_names_one, head), key=lambda line: not _SESSION.search(line)):
        if (located := _from_line(text, level, sources)).region:
            return located
        notes.extend(located.warnings)
    return _from_the_rest(sources, level, notes)


def _decided(text: str, mention: Mention, sources: Sources) -> Located:
    regions = in_force(mention.places, sources.year)
    best = regions[0] if len(regions) == 1 else _by_context(regions, sources)
    if best is not None:
        return Located(_of_branch(text, best))
    return Located((), (_ambiguous(text[mention.start : mention.end], regions),))


def _of_branch(text: str, region: Region) -> Region:
    """Follow a city's bureau to the county of its branch: 长沙市生态环境局岳麓分局 is that of 岳麓区."""
    branch = _BRANCH.search(text)
    below = gazetteer().candidates(branch[1].removesuffix("区")) if branch else ()
    inside = [place for place in below if len(place) > len(region) and place[: len(region)] == region]
    return inside[0] if len(inside) == 1 else region


def _from_line(text: str, level: str | None, sources: Sources) -> Located:
    """Decide by a line that names a place of the right level."""
    mention = _lead(text)
    kept = tuple(p for p in mention.places if _fits(p.region, level)) if mention else ()
    return _decided(text, Mention(mention.start, mention.end, kept), sources) if mention and kept else Located()


def _from_the_rest(sources: Sources, level: str | None, seen: list[str]) -> Located:
    """Code in the index number, body, foot, address; then the file's own name, with a warning."""
    if (region := _from_code(sources)) and _fits(region, level):
        return Located(region)
    found, notes = _from_body(level, sources)
    if found:
        return Located(found)
    for line in sources.tail:
        text = fold(line[:_LINE])
        if _names_one(text) and (located := _from_line(text, level, sources)).region:
            return located
    notes = (*seen, *notes)
    address = _from_address(sources)
    if address and (_kind(address) == level or (level is None and not notes)):
        return Located(address)
    for part in reversed(re.split(r"[/\\._\s-]+", sources.name)):
        region = gazetteer().resolve(part) if len(part) > 1 else None
        if region and _fits(region, level):
            note = f"region {'/'.join(region)} taken from the file's path: the text does not name it"
            return Located(region, (*notes, note))
    return Located((), notes or ("region undecided: neither title, head nor text names the place reported on",))


def _is_national(sources: Sources, title: str, issuers: Sequence[str], head: Sequence[str]) -> bool:
    if any(_is_central(name) for name in (title, *issuers[:1])):
        return True
    lines = (title, *head, *fold_all([p[:_LINE] for p in sources.paragraphs[:6]]))
    return any(_NATION.search(line) for line in lines) and _lead(title) is None


def _is_central(name: str) -> bool:
    """司法部, 国家卫生健康委员会; not 国家税务总局天津市税务局, 中华人民共和国天津海关."""
    return bool(_CENTRAL.match(name)) and _lead(name) is None


def _lead(text: str) -> Mention | None:
    """Find the first place of a line, followed down as far as it goes (台州市临海市), or a short name at its start."""
    found: Mention | None = None
    for mention in gazetteer().mentions(text[:_LINE]):
        if found is not None and not _goes_on(found, mention):
            break
        found = mention
    if found is not None:
        return found
    start = _BEFORE_PLACE.match(text)
    begin = start.end() if start else 0
    short = gazetteer().leading(text[begin : begin + 10])
    # A short name (沙坪坝, 安徽) is a place only before a year or the name of a body.
    if short and _AFTER_SHORT.match(text, begin + short.end):
        return Mention(begin, begin + short.end, short.places)
    return None


def _goes_on(above: Mention, mention: Mention) -> bool:
    return any(p.region[: len(q.region)] == q.region and p != q for p in mention.places for q in above.places)


def _names_one(line: str) -> bool:
    """Tell whether a line names one place (or a place in a place); a list of links names many."""
    found = list(gazetteer().mentions(line))
    return bool(found) and all(_goes_on(a, b) or a.places == b.places for a, b in pairwise(found))


def _stated_level(names: Sequence[str]) -> str | None:
    """Tell the level that the title or a body's name begins with: 区 in 区卫健委."""
    found = next(filter(None, map(_SPOKEN_LEVEL.match, names)), None)
    return _last(found[1]) if found else None


def _own_level(paragraphs: Sequence[str]) -> str | None:
    """Tell the level that the text calls its own: the lowest that is said often (我区 beside 全市)."""
    counts: Counter[str] = Counter()
    for text in fold_all([paragraph[:2000] for paragraph in paragraphs[:40]]):
        counts.update(_last(m[1]) for m in _SELF.finditer(text))
    most = max(counts.values(), default=0)
    often = [level for level, count in counts.items() if count * 5 >= most * 2]
    return max(often, key=lambda level: (_DEPTH.index(level), counts[level])) if often else None


def _last(word: str) -> str:
    return "自治区" if word == "自治区" else word[-1]


def _kind(region: Region) -> str:
    name = region[-1]
    return "自治区" if len(region) == 1 and name.endswith("自治区") else name[-1]


def _fits(region: Region, level: str | None) -> bool:
    """Tell whether a place can call itself so; 区 (我区) may be an autonomous region."""
    kind = _kind(region)
    return level is None or kind == level or (level == "区" and kind == "自治区") or kind not in _DEPTH


def _by_context(regions: Sequence[Region], sources: Sources) -> Region | None:
    """Choose among places of one name: first the province, then the city, that the report clearly speaks of."""
    support = _support(regions, sources)
    left = list(regions)
    for depth in (1, 2):
        scores = {region[:depth]: support[region[:depth]] for region in left}
        for city in {region[:2] for region in left} if depth == 1 else ():
            scores[city[:1]] += 2 * support[city]  # a city speaks for its province
        ranked = sorted(scores.values(), reverse=True)
        if not ranked[0] or (len(ranked) > 1 and ranked[0] < 2 * ranked[1]):
            return None
        left = [region for region in left if scores[region[:depth]] == ranked[0]]
        if len(left) == 1:
            return left[0]
    return None


def _support(regions: Sequence[Region], sources: Sources) -> Counter[Region]:
    """Count what speaks for each place above the candidates: its name, its document numbers, its other places."""
    text = _text(sources)
    support = _signs(text)
    for above in {region[:depth] for region in regions for depth in range(1, len(region))}:
        support[above] += min(20, _count(text, above[-1]))
    for region, weight in ((_from_address(sources), 5), (_from_code(sources), 30)):
        for depth in range(1, len(region or ()) + 1):
            support[(region or ())[:depth]] += weight
    support.update(_named(text, sources.year))
    for region in regions:
        support[region] = 0  # that it is named is no reason for any of those that have the name
    return support


@lru_cache(maxsize=1)  # a document is asked about again for each line above and below it that names a place
def _named(text: str, year: int | None) -> Counter[Region]:
    """Count for each place how often the places in it are named, where a name can only be one."""
    counts: Counter[Region] = Counter()
    for mention in gazetteer().mentions(text):
        places = in_force(mention.places, year)
        for depth in range(1, len(places[0])) if len(places) == 1 else ():
            counts[places[0][:depth]] += 1
    return counts


def _from_body(level: str | None, sources: Sources) -> tuple[Region | None, tuple[str, ...]]:
    """Take the place of the right level that the text names far more than any other."""
    text = _text(sources)
    counts: Counter[tuple[Region, ...]] = Counter()
    if level in {None, "省", "自治区", "区"}:
        for region in gazetteer().provinces:
            if _kind(region) == level or (level != "省" and _kind(region) == "自治区") or level is None:
                counts[(region,)] = _count(text, region[0])
    for mention in gazetteer().mentions(text):
        regions = tuple(r for r in in_force(mention.places, sources.year) if _fits(r, level))
        if regions and len(regions[0]) > 1 and not _GUEST.search(text[max(0, mention.start - 14) : mention.start]):
            counts[regions] += 1
    ranked = counts.most_common(2)
    if not ranked or ranked[0][1] < 2:  # noqa: PLR2004
        return None, ()
    (regions, most), second = ranked[0], ranked[1][1] if len(ranked) > 1 else 0
    if most < 2 * second or (level is None and second):
        shown = "; ".join(f"{'/'.join(r[0])} {n} times" for r, n in ranked)
        return None, (f"region undecided: the text names several: {shown}",)
    if len(regions) == 1:
        return regions[0], ()
    best = _by_context(regions, sources)
    return (best, ()) if best else (None, (_ambiguous(regions[0][-1], regions),))


def _count(text: str, element: str) -> int:
    """How often a place is named, fully or shortly; 上海南站 and 黄河南岸 name neither 海南 nor 河南."""
    short = min(gazetteer().names(element), key=len)
    count = text.count(short)
    for longer in _LOOKALIKES.get(short, ()):
        count -= text.count(longer)
    return count


_LOOKALIKES = {
    "海南": ("上海南", "青海南"),
    "河南": ("黄河南", "淮河南"),
    "河北": ("黄河北", "淮河北", "河北区"),
    "江西": ("长江西", "内江西"),
    "湖南": ("太湖南",),
    "湖北": ("太湖北",),
}


def _signs(text: str) -> Counter[Region]:
    signs = gazetteer().signs
    found: Counter[Region] = Counter()
    for match in _NUMBER.finditer(text):
        issuer = _CITING.split(match[1])[-1]
        for length in (2, 1):
            if region := signs.get(issuer[:length]):
                found[region] += 1
                break
    return found


def _from_address(sources: Sources) -> Region | None:
    for match in _ADDRESS.finditer(sources.addresses):
        host = urlsplit(match[0]).netloc or match[0].split("/")[0]
        for label in reversed(host.split(".")[:-2] or [host]):
            if region := gazetteer().hosts.get(label):
                return region
    return None


def _from_code(sources: Sources) -> Region | None:
    """Find the division whose code the index number holds (LH331082-035/2025-00028)."""
    codes = gazetteer().codes
    return next((codes[m[1]] for m in _CODE.finditer(sources.index_number) if m[1] in codes), None)


def _text(sources: Sources) -> str:
    """Everything that is said above and in the body, folded; of a very long body its beginning and its end."""
    body = "\n".join(sources.paragraphs)
    body = body if len(body) <= _BODY_LIMIT else body[:_BODY_LIMIT] + body[-5000:]
    lines = (sources.title, *sources.issuers, *(line[:_LINE] for line in sources.head), body, sources.addresses)
    return fold("\n".join(lines))


def _squeezed(line: str) -> str:
    return fold("".join(line[:_LINE].split()))


def _ambiguous(name: str, regions: Sequence[Region]) -> str:
    shown = ", ".join("/".join(r) for r in regions[:5])
    return f"region undecided: {name} can be {shown}; no other place in the text decides"
