"""Detect the metadata of a report: title, year, date of publication, issuer, agency, region, doctype and numbers."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from searchkit.corpus.lines import simplify
from searchkit.corpus.metadata.dates import (
    DetectedYear,
    find_publication_date,
    find_session,
    find_session_year,
    find_year_in_title,
    infer_report_year,
    infer_speech_year,
)
from searchkit.corpus.metadata.issuers import (
    find_doctype,
    find_issuer_in_fields,
    find_issuer_in_signature,
    find_issuer_in_speech,
    find_issuer_in_title,
    is_government_report,
)
from searchkit.corpus.metadata.locating import LocationEvidence, LocationResult, locate
from searchkit.corpus.metadata.planned_year import WorkReportEvidence, find_planned_year
from searchkit.model import WORK_REPORT
from searchkit.places.bodies import find_agency
from searchkit.places.gazetteer import NATIONWIDE
from searchkit.text.folding import fold_all
from searchkit.text.years import ARABIC_YEAR

_ABOUT_WORK_REPORT = re.compile("政府工作报告》?[^，。]{0,12}?(?:任务|落实|完成|分工|分解|解读|责任|督查|意见|问答)")
"""A title of a report about a work report: 2022年政府工作报告重点任务完成情况."""
_SPEECH_DOCTYPES = frozenset({None, WORK_REPORT, "国民经济和社会发展计划报告", "预算执行情况报告"})
"""Doctypes of reports that can be speeches to a congress. None is an undecided doctype."""
_SPEECH_OPENING = re.compile(
    r"(?:向大会|向.{0,20}人民代表大会).{0,20}(?:报告|工作)"
    r"|(?:我代表.{0,20}(?:政府|国务院)|受.{0,20}(?:政府|国务院)的?委托).{0,80}报告"
)
"""The opening of a speech to a congress: 向大会报告工作, 我代表市人民政府作工作报告, 受国务院委托,现将…情况报告.
It does not match 受到市政府通报表扬。现将…情况报告如下, which can open any report."""
_MAX_SHORT_PARAGRAPH_LENGTH = 60
"""Maximum length of a paragraph that can be a heading or a line with the date of a session of a congress, in code
points."""
_MAX_TITLE_CHARACTERS = 300
"""Number of code points of `Evidence.title` that are examined."""
_MAX_LINE_CHARACTERS = 2000
"""Number of code points that are examined of any other line, except a paragraph. Of a paragraph at the beginning or the
end, this number of code points is simplified."""
_EDGE_PARAGRAPHS = 8
"""Number of paragraphs at the beginning, and at the end, whose traditional characters are simplified."""
_SITE_NAME = re.compile(r"\s*[-_|–—]\s*[^-_|–—]{2,30}(?:网|网站|政府|门户|平台|局|委)$")
"""The name of the site after the title of a page: `- 临海市人民政府`, `_中国政府网`."""
_DOCUMENT_NUMBER_LINE = re.compile(rf"^[一-鿿]{{2,15}}[〔\[【(（]\s*{ARABIC_YEAR}\s*[〕\]】)）]\s*(?:第\s*)?\d+\s*号$")
"""A line that consists of a document number: 浙政发〔2023〕12号."""
_DOCUMENT_NUMBER_FIELD = re.compile(
    rf"(?:文\s*号|发文字号|文件编号|文件字号)\s*[:：]\s*([一-鿿]{{2,15}}[〔\[【(（]\s*{ARABIC_YEAR}\s*[〕\]】)）]\s*(?:第\s*)?\d+\s*号)"
)
"""文号：浙政发〔2023〕12号. The group is the number."""
_INDEX_NUMBER_FIELD = re.compile(r"(?:索\s*引\s*号|索取号)\s*[:：]\s*([0-9A-Za-z][^\s\u4e00-\u9fff：:]*)")
"""索引号：LH331082-035/2025-00028. The group is the number."""
_SOURCE_FIELD = re.compile(
    r"(?:原文链接|原文地址|来源链接|网址|链接|来源|source)\s*[:：]\s*(https?://\S+)", re.IGNORECASE
)
"""原文链接：https://www.linhai.gov.cn/…. The group is the URL."""
_SIGNING_DATE = re.compile(rf"^(?:\s*|[^，。；]{{0,40}}\s)({ARABIC_YEAR}年\d{{1,2}}月\d{{1,2}}日)\s*$")
"""A line that consists of a date, or of a name and a date: 2024年1月31日, 临海市司法局 2024年1月31日."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """The input of detection. Texts are as written and need not be folded."""

    name: str
    """Path in the corpus. As a last resort, it decides the region."""
    title: str | None = None
    """Title found in the text, or the stated title."""
    head: Sequence[str] = ()
    """Lines above the body, title included: navigation, 索引号, date, source, salutation."""
    paragraphs: Sequence[str] = ()
    """Paragraphs of the body, except rows of tables."""
    tail: Sequence[str] = ()
    """Lines below the body: buttons, links, footer, imprint."""
    hints: Mapping[str, str] = field(default_factory=dict)
    """Metadata that the file format states, as in `RawDocument.hints`: `title`, `published`, `issuer`, `source`."""
    headings: Sequence[str] = ()
    """Headings in order, with or without their numbers. Often only they state a year."""


@dataclass(frozen=True, slots=True)
class DetectedMetadata:
    """Detected values of the fields of `model.Document` with the same names.

    A field that cannot be decided is None, or () for `region`. `warnings` then contains an entry if the field is title,
    year, issuer, agency, region or doctype. It contains one for `published` only if the text states a day of signing.
    """

    title: str | None
    year: int | None
    published: str | None
    issuer: str | None
    agency: str | None
    region: tuple[str, ...]
    doctype: str | None
    doc_number: str | None
    index_number: str | None
    source: str | None
    warnings: tuple[str, ...]


def detect_metadata(evidence: Evidence) -> DetectedMetadata:
    """Detect the fields of a document. Never raises.

    Traditional characters are simplified for the detection. Title, issuer and numbers are returned as printed.
    """
    title = evidence.title or _strip_site_name(evidence.hints.get("title", "")[:_MAX_LINE_CHARACTERS])
    printed = _limit_lengths(evidence, title)
    simplified = _simplify(printed)
    detected = _detect_fields(simplified)
    if simplified is printed:
        return replace(detected, title=title)
    issuer, doc_number = (_as_printed(value, printed) for value in (detected.issuer, detected.doc_number))
    return replace(detected, title=title, issuer=issuer, doc_number=doc_number)


def _simplify(evidence: Evidence) -> Evidence:
    """Return the evidence with simplified characters.

    Of the paragraphs, only the first and last `_EDGE_PARAGRAPHS` are simplified, each up to `_MAX_LINE_CHARACTERS`. If
    neither these beginnings nor the other texts contain a traditional character, the same object is returned.
    """
    edges = (*evidence.paragraphs[:_EDGE_PARAGRAPHS], *evidence.paragraphs[-_EDGE_PARAGRAPHS:])
    lines = (evidence.title or "", *evidence.head, *evidence.tail, *evidence.headings, *evidence.hints.values())
    text = "\n".join((*lines, *(paragraph[:_MAX_LINE_CHARACTERS] for paragraph in edges)))
    if simplify(text) == text:  # one call for all texts is cheaper than one for each
        return evidence
    paragraphs = [*evidence.paragraphs]
    for i in {*range(len(paragraphs))[:_EDGE_PARAGRAPHS], *range(len(paragraphs))[-_EDGE_PARAGRAPHS:]}:
        paragraphs[i] = simplify(paragraphs[i][:_MAX_LINE_CHARACTERS]) + paragraphs[i][_MAX_LINE_CHARACTERS:]
    return replace(
        evidence,
        title=evidence.title and simplify(evidence.title),
        head=[*map(simplify, evidence.head)],
        paragraphs=paragraphs,
        tail=[*map(simplify, evidence.tail)],
        hints={key: value if key == "source" else simplify(value) for key, value in evidence.hints.items()},
        headings=[*map(simplify, evidence.headings)],
    )


def _as_printed(value: str | None, evidence: Evidence) -> str | None:
    """Return `value`, which is in simplified characters, as the report prints it.

    Returns `value` itself if title, head, tail, hints and the paragraphs at the beginning and the end lack it.
    """
    if not value:
        return value
    edges = (*evidence.paragraphs[:_EDGE_PARAGRAPHS], *evidence.paragraphs[-_EDGE_PARAGRAPHS:])
    for line in (evidence.title or "", *evidence.head, *evidence.tail, *edges, *evidence.hints.values()):
        start = simplify(line[:_MAX_LINE_CHARACTERS]).find(value)
        if start >= 0:
            return line[start : start + len(value)]
    return value


def _detect_fields(evidence: Evidence) -> DetectedMetadata:
    """Detect the fields of a document with simplified characters."""
    title = evidence.title
    doctype = _detect_doctype(evidence)
    lines = (*evidence.head, *evidence.tail)
    published = find_publication_date(evidence.head, evidence.tail, evidence.hints)
    source = evidence.hints.get("source") or _first_match(_SOURCE_FIELD, lines)
    index_number = _first_match(_INDEX_NUMBER_FIELD, lines)
    year = _detect_year(doctype, evidence, published, source or "")
    issuer = _detect_issuer(doctype, evidence)
    location = _detect_region(issuer, evidence, year.value, (index_number or "", source or ""))
    agency = _detect_agency(issuer, doctype, evidence.title or "", location.region)
    warnings = [*filter(None, (year.warning,)), *location.warnings]
    fields = {"title": title, "issuer": issuer, "agency": agency, "doctype": doctype}
    warnings += [f"{name} undecided: neither title, head nor text states it" for name in fields if not fields[name]]
    if published is None and (
        signing_date := next((m[1] for p in evidence.paragraphs[-5:] if (m := _SIGNING_DATE.match(p))), None)
    ):
        warnings.append(f"published undecided: only the day of signing, {signing_date}, is given")
    return DetectedMetadata(
        title=title,
        year=year.value,
        published=published,
        issuer=issuer,
        agency=agency,
        region=location.region,
        doctype=doctype,
        doc_number=_find_document_number(evidence.head, evidence.paragraphs),
        index_number=index_number,
        source=source,
        warnings=tuple(warnings),
    )


def _limit_lengths(evidence: Evidence, title: str | None) -> Evidence:
    """Cut all lines except the paragraphs to the lengths that are examined.

    The cost then stays linear for a file that consists of one very long line.
    """
    return replace(
        evidence,
        title=title and title[:_MAX_TITLE_CHARACTERS],
        head=[line[:_MAX_LINE_CHARACTERS] for line in evidence.head],
        tail=[line[:_MAX_LINE_CHARACTERS] for line in evidence.tail],
        headings=[line[:_MAX_LINE_CHARACTERS] for line in evidence.headings],
        hints={key: value[:_MAX_LINE_CHARACTERS] for key, value in evidence.hints.items()},
    )


def _detect_agency(issuer: str | None, doctype: str | None, title: str, region: tuple[str, ...]) -> str | None:
    """Return the kind of public body that issued a report, or None: 司法局 for 临海市司法局.

    For a report on the whole country, 国务院 replaces 人民政府 and None.
    """
    # The report of a government has the agency 人民政府, even if an office of the government published it.
    is_government = is_government_report(title, doctype)
    agency = "人民政府" if is_government else find_agency(issuer) if issuer else None
    return "国务院" if region == NATIONWIDE and agency in {None, "人民政府"} else agency


def _opening_lines(evidence: Evidence) -> tuple[str, ...]:
    """Return the head and the first five headings: a subtitle or the line of the session may be taken for a heading."""
    return (*evidence.head, *evidence.headings[:5])


def _strip_site_name(title: str) -> str | None:
    """Return the title of a page without the name of its site, or None."""
    if not title.strip():
        return None
    text = " ".join(title.split())
    return text[: len(_SITE_NAME.sub("", simplify(text)))] or None


def _detect_doctype(evidence: Evidence) -> str | None:
    """Return the doctype that a title or the head states, or None.

    If they state none, the opening of a speech to a congress makes the report a work report. Otherwise
    现将…情况报告如下 can state the doctype. A report about a work report (`_ABOUT_WORK_REPORT`) is no work report.
    """
    texts = [evidence.title or "", evidence.hints.get("title", ""), *evidence.head[:20]]
    texts = [_ABOUT_WORK_REPORT.sub("", text) for text in texts]
    doctype = next((kind for text in texts if (kind := find_doctype(text))), None)
    opening = " ".join(p[:300] for p in evidence.paragraphs[:4])
    if doctype is None and _SPEECH_OPENING.search(opening):
        return WORK_REPORT
    if doctype is None and (
        match := re.search(r"将([^。]{0,80}?(?:情况|工作))[^。]{0,12}(?:报告|汇报|公布|通报)如下", opening)
    ):
        return find_doctype(_ABOUT_WORK_REPORT.sub("", match[1]))
    return doctype


def _is_speech(doctype: str | None, evidence: Evidence) -> bool:
    """Return whether a report is a speech of a government to a congress. Every work report counts as one."""
    return doctype == WORK_REPORT or (
        doctype in _SPEECH_DOCTYPES and any(_SPEECH_OPENING.search(p[:400]) for p in evidence.paragraphs[:4])
    )


def _detect_year(doctype: str | None, evidence: Evidence, published: str | None, url: str) -> DetectedYear:
    """Return the year of a report.

    A work report has the year that it plans, any other speech the year of its session, and any other report the year
    that it is about.
    """
    titles = fold_all([text for text in (evidence.title, evidence.hints.get("title")) if text])
    lines = fold_all(
        [*_opening_lines(evidence), *(p for p in evidence.paragraphs[:4] if len(p) <= _MAX_SHORT_PARAGRAPH_LENGTH)]
    )
    if doctype == WORK_REPORT:
        title_year, session = _first_year(titles), find_session((*lines, *titles))
        texts = _year_headings(evidence), evidence.paragraphs
        return find_planned_year(WorkReportEvidence(title_year, session, *texts, published, url))
    is_speech = _is_speech(doctype, evidence)
    # The session takes precedence over the title: 关于1955年国家决算和1956年国家预算的报告 states two other years.
    year = (find_session_year(lines) if is_speech else None) or _first_year(titles, with_dates=is_speech)
    if year:
        return DetectedYear(year)
    if is_speech:
        return infer_speech_year(_year_paragraphs(evidence), _year_headings(evidence), published, url)
    return infer_report_year(_year_paragraphs(evidence), _year_headings(evidence), published)


def _year_headings(evidence: Evidence) -> list[str]:
    """Return the headings, and the short paragraphs that may be headings, folded."""
    short = (p for p in evidence.paragraphs if len(p) <= _MAX_SHORT_PARAGRAPH_LENGTH and p[-1:] not in "。；")
    return fold_all([*evidence.headings, *short])


def _year_paragraphs(evidence: Evidence) -> list[str]:
    """Return the first 200 paragraphs, each cut to 5000 code points, folded."""
    return fold_all([p[:5000] for p in evidence.paragraphs[:200]])


def _first_year(titles: Sequence[str], *, with_dates: bool = False) -> int | None:
    """Return the year of the first title that states one, or None."""
    years = (find_year_in_title(text, with_dates=with_dates) for text in titles)
    return next((year for year in years if year is not None), None)


def _detect_issuer(doctype: str | None, evidence: Evidence) -> str | None:
    """Return the issuer, or None.

    The sources are the opening of a speech, the title, a field in head or tail (发布单位：…), the metadata of the file
    (`hints`) and the signature. The first of them that names an issuer decides. The title of a work report does not
    count.
    """
    is_speech = _is_speech(doctype, evidence)
    if is_speech and (issuer := find_issuer_in_speech(evidence.paragraphs[:8])):
        return issuer
    if evidence.title and doctype != WORK_REPORT and (issuer := find_issuer_in_title(evidence.title)):
        return issuer
    lines = (*evidence.head, *evidence.tail)
    return find_issuer_in_fields(lines) or evidence.hints.get("issuer") or find_issuer_in_signature(evidence.paragraphs)


def _detect_region(
    issuer: str | None, evidence: Evidence, year: int | None, identifiers: tuple[str, str]
) -> LocationResult:
    """Locate a report. `identifiers` are its index number and its URL, each empty if unknown."""
    index_number, source = identifiers
    fields = find_issuer_in_fields((*evidence.head, *evidence.tail))
    signature = find_issuer_in_signature(evidence.paragraphs)
    hint = evidence.hints.get("title", "")
    return locate(
        LocationEvidence(
            title=evidence.title or "",
            issuers=[name for name in dict.fromkeys((issuer, fields, signature)) if name],
            head=(*_opening_lines(evidence), *((hint,) if hint != evidence.title else ())),
            paragraphs=evidence.paragraphs,
            tail=evidence.tail,
            urls=" ".join((source, *evidence.hints.values(), *(line for line in evidence.tail if "http" in line))),
            index_number=index_number,
            name=evidence.name,
            year=year,
        )
    )


def _find_document_number(head: Iterable[str], paragraphs: Sequence[str]) -> str | None:
    """Return the number of the document itself, or None.

    The number has a label in the head (文号：…), or else is a line of the head or one of the first two paragraphs.
    Numbers inside sentences are ignored, because they cite other documents.
    """
    lines = [*head]
    if number := _first_match(_DOCUMENT_NUMBER_FIELD, lines):
        return number
    candidates = (line.strip() for line in (*lines, *paragraphs[:2]))
    return next((line for line in candidates if _DOCUMENT_NUMBER_LINE.match(line)), None)


def _first_match(pattern: re.Pattern[str], lines: Iterable[str]) -> str | None:
    """Return the first group of the first match in the lines, or None."""
    return next((match[1] for line in lines if (match := pattern.search(line))), None)
