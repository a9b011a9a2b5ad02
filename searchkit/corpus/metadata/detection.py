"""What a report says about itself: title, year, day, issuer, place, kind, numbers."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from searchkit.corpus.metadata.dates import published, year_in_title, year_of_report, year_of_session, year_of_speech
from searchkit.corpus.metadata.issuers import (
    doctype_of,
    is_of_government,
    issuer_in_fields,
    issuer_in_signature,
    issuer_in_speech,
    issuer_in_title,
)
from searchkit.corpus.metadata.locating import Located, Sources, locate
from searchkit.places.bodies import agency_of
from searchkit.places.gazetteer import NATION
from searchkit.text.folding import fold_all
from searchkit.text.years import YEAR

_SPEECH = "政府工作报告"
_SPOKEN_KINDS = frozenset({None, _SPEECH, "国民经济和社会发展计划报告", "预算执行情况报告"})
_SPOKEN = re.compile(
    r"(?:向大会|向.{0,20}人民代表大会).{0,20}(?:报告|工作)|(?:我代表|我?受).{0,20}(?:政府|国务院).{0,80}报告"
)
_SHORT = 60
_TITLE = 300
_LINE = 2000
_SITE = re.compile(r"\s*[-_|–—]\s*[^-_|–—]{2,30}(?:网|网站|政府|门户|平台|局|委)$")
_OWN_NUMBER = re.compile(rf"^[一-鿿]{{2,15}}[〔\[【(（]\s*{YEAR}\s*[〕\]】)）]\s*(?:第\s*)?\d+\s*号$")
_NUMBER_FIELD = re.compile(
    rf"(?:文\s*号|发文字号|文件编号|文件字号)\s*[:：]\s*([一-鿿]{{2,15}}[〔\[【(（]\s*{YEAR}\s*[〕\]】)）]\s*(?:第\s*)?\d+\s*号)"
)
_INDEX_FIELD = re.compile(r"(?:索\s*引\s*号|索取号)\s*[:：]\s*([0-9A-Za-z][^\s\u4e00-\u9fff：:]*)")
_SOURCE_FIELD = re.compile(
    r"(?:原文链接|原文地址|来源链接|网址|链接|来源|source)\s*[:：]\s*(https?://\S+)", re.IGNORECASE
)
_SIGNED = re.compile(rf"^\s*({YEAR}年\d{{1,2}}月\d{{1,2}}日)\s*$")


@dataclass(frozen=True, slots=True)
class Evidence:
    """What detection reads. Texts are as written; nothing needs to be folded."""

    name: str
    """Path in the corpus: a hint of last resort."""
    title: str | None = None
    """Title found in the text, or the one that overrides it."""
    head: Sequence[str] = ()
    """Lines above the body that are not content."""
    paragraphs: Sequence[str] = ()
    tail: Sequence[str] = ()
    """Lines below the body that are not content."""
    hints: Mapping[str, str] = field(default_factory=dict)
    """What the file format says: `title`, `published`, `issuer`, `source`."""
    headings: Sequence[str] = ()
    """Headings in order, with or without their numbers; a year often stands in them alone."""


@dataclass(frozen=True, slots=True)
class Detected:
    """The fields of `model.Document` of the same names; what could not be decided is None and stands in `warnings`."""

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


def detect(evidence: Evidence) -> Detected:
    """Read the document fields off `evidence`. Never fails; the body is read only where title and head leave doubt."""
    given = evidence.title or _site_title(evidence.hints.get("title", "")[:_LINE])
    evidence = _bounded(evidence, given)
    doctype = _doctype(evidence)
    lines = (*evidence.head, *evidence.tail)
    day = published(evidence.head, evidence.tail, evidence.hints)
    source = evidence.hints.get("source") or _first(_SOURCE_FIELD, lines)
    index_number = _first(_INDEX_FIELD, lines)
    year, notes = _year(doctype, evidence, day, source or "")
    issuer = _issuer(doctype, evidence)
    located = _region(issuer, evidence, year, (index_number or "", source or ""))
    agency = _agency(issuer, doctype, evidence.title or "", located.region)
    warnings = [*notes, *located.warnings]
    fields = {"title": given, "issuer": issuer, "agency": agency, "doctype": doctype}
    warnings += [f"{name} undecided: neither title, head nor text states it" for name in fields if not fields[name]]
    if day is None and (signed := next((m[1] for p in evidence.paragraphs[-5:] if (m := _SIGNED.match(p))), None)):
        warnings.append(f"published undecided: only the day of signing, {signed}, is given")
    return Detected(
        title=given,
        year=year,
        published=day,
        issuer=issuer,
        agency=agency,
        region=located.region,
        doctype=doctype,
        doc_number=_own_number(evidence.head, evidence.paragraphs),
        index_number=index_number,
        source=source,
        warnings=tuple(warnings),
    )


def _bounded(evidence: Evidence, title: str | None) -> Evidence:
    """Cut what is far too long to be a line of a head, so that a file of one line costs no more than its length."""
    return replace(
        evidence,
        title=title and title[:_TITLE],
        head=[line[:_LINE] for line in evidence.head],
        tail=[line[:_LINE] for line in evidence.tail],
        headings=[line[:_LINE] for line in evidence.headings],
        hints={key: value[:_LINE] for key, value in evidence.hints.items()},
    )


def _agency(issuer: str | None, doctype: str | None, title: str, region: tuple[str, ...]) -> str | None:
    # Whichever of its offices put the report of a government on the site.
    of_government = is_of_government(title, doctype)
    agency = "人民政府" if of_government else agency_of(issuer) if issuer else None
    return "国务院" if region == NATION and agency in {None, "人民政府"} else agency


def _opening(evidence: Evidence) -> tuple[str, ...]:
    """Give the head and the first headings: a subtitle or the line on the session may have been taken for one."""
    return (*evidence.head, *evidence.headings[:5])


def _site_title(title: str) -> str | None:
    """Give a page's title without the name of its site."""
    if not title.strip():
        return None
    plain = _SITE.sub("", " ".join(title.split()))
    return plain or None


def _doctype(evidence: Evidence) -> str | None:
    texts = [evidence.title or "", evidence.hints.get("title", ""), *evidence.head[:20]]
    found = next((kind for text in texts if (kind := doctype_of(text))), None)
    opening = " ".join(p[:300] for p in evidence.paragraphs[:4])
    if found is None and _SPOKEN.search(opening):
        return _SPEECH
    if found is None and (
        match := re.search(r"将([^。]{0,80}?(?:情况|工作))[^。]{0,12}(?:报告|汇报|公布|通报)如下", opening)
    ):
        return doctype_of(match[1])
    return found


def _is_spoken(doctype: str | None, evidence: Evidence) -> bool:
    """Tell whether a government speaks to a congress: then the year is that of the session."""
    return doctype == _SPEECH or (
        doctype in _SPOKEN_KINDS and any(_SPOKEN.search(p[:400]) for p in evidence.paragraphs[:4])
    )


def _year(doctype: str | None, evidence: Evidence, day: str | None, url: str) -> tuple[int | None, tuple[str, ...]]:
    spoken = _is_spoken(doctype, evidence)
    titles = fold_all([text for text in (evidence.title, evidence.hints.get("title")) if text])
    stated = next((year for text in titles if (year := year_in_title(text, spoken=spoken)) is not None), None)
    lines = fold_all([*_opening(evidence), *(p for p in evidence.paragraphs[:4] if len(p) <= _SHORT)])
    named = any(_SPEECH in text for text in titles)
    session = year_of_session(lines) if spoken and (stated is None or not named) else None
    if session or stated:
        # 关于1955年国家决算和1956年国家预算的报告: the years of a plan are not that of the session.
        return session or stated, ()
    headings = fold_all(
        [*evidence.headings, *(p for p in evidence.paragraphs if len(p) <= _SHORT and p[-1:] not in "。；")]
    )
    paragraphs = fold_all([p[:5000] for p in evidence.paragraphs[:200]])
    found = year_of_speech(paragraphs, headings, day, url) if spoken else year_of_report(paragraphs, headings, day)
    return found.value, ((found.note,) if found.note else ())


def _issuer(doctype: str | None, evidence: Evidence) -> str | None:
    spoken = _is_spoken(doctype, evidence)
    if spoken and (found := issuer_in_speech(evidence.paragraphs[:8])):
        return found
    if evidence.title and doctype != _SPEECH and (found := issuer_in_title(evidence.title)):
        return found
    lines = (*evidence.head, *evidence.tail)
    return issuer_in_fields(lines) or evidence.hints.get("issuer") or issuer_in_signature(evidence.paragraphs)


def _region(issuer: str | None, evidence: Evidence, year: int | None, extra: tuple[str, str]) -> Located:
    index_number, source = extra
    fields = issuer_in_fields((*evidence.head, *evidence.tail))
    signature = issuer_in_signature(evidence.paragraphs)
    hint = evidence.hints.get("title", "")
    return locate(
        Sources(
            title=evidence.title or "",
            issuers=[name for name in dict.fromkeys((issuer, fields, signature)) if name],
            head=(*_opening(evidence), *((hint,) if hint != evidence.title else ())),
            paragraphs=evidence.paragraphs,
            tail=evidence.tail,
            addresses=" ".join((source, *evidence.hints.values(), *(line for line in evidence.tail if "http" in line))),
            index_number=index_number,
            name=evidence.name,
            year=year,
        )
    )


def _own_number(head: Iterable[str], paragraphs: Sequence[str]) -> str | None:
    """Find the report's own number: labelled, or alone on a line at the beginning; sentences cite those of others."""
    lines = [*head]
    if labelled := _first(_NUMBER_FIELD, lines):
        return labelled
    alone = (line.strip() for line in (*lines, *paragraphs[:2]))
    return next((line for line in alone if _OWN_NUMBER.match(line)), None)


def _first(pattern: re.Pattern[str], lines: Iterable[str]) -> str | None:
    return next((match[1] for line in lines if (match := pattern.search(line))), None)
