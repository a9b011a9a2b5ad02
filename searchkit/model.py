"""The records that go in and come out: documents, paragraphs and measures. Field names are those of the JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields

SECTIONS = ("成效", "问题", "计划", "履职", "其他")
"""Parts of a report: done and achieved, shortcomings, next steps, duties of the head, anything else."""

BOUNDS = ("exact", "approx", "at_least", "at_most")
"""What a printed number says of the real one: that it is it, is near it, is not above it, is not below it."""
KINDS = ("count", "money", "percent", "duration", "other")
CHANGES = ("increase", "decrease")


@dataclass(frozen=True, slots=True)
class Document:
    """One report. What could not be decided is None (or empty) and has an entry in `warnings`."""

    document: str
    """Path relative to the corpus, `/` separators, `<file>#<key>` for a record inside a file: its id."""
    title: str | None = None
    year: int | None = None
    """The year reported on."""
    published: str | None = None
    """ISO date."""
    issuer: str | None = None
    """Issuing body as written."""
    agency: str | None = None
    """Canonical kind of body: 卫生健康委员会, 司法局, 人民政府 …"""
    region: tuple[str, ...] = ()
    """Place from province down; a municipality stands once: ("天津市", "滨海新区")."""
    doctype: str | None = None
    doc_number: str | None = None
    index_number: str | None = None
    source: str | None = None
    """URL, if known."""
    sha256: str = ""
    """Of the file's bytes, hexadecimal."""
    paragraphs: int = 0
    """How many paragraphs it has."""
    measures: int = 0
    """How many measures were found in it."""
    warnings: tuple[str, ...] = ()
    facets: Mapping[str, str] = field(default_factory=dict)
    """The user's own facets, from front matter, metadata.csv or a record's fields."""

    @property
    def district(self) -> str | None:
        """Last element of `region`, or None."""
        return self.region[-1] if self.region else None


@dataclass(frozen=True, slots=True)
class Paragraph:
    """The unit that is indexed, filtered and returned."""

    id: str
    """`<document>#<n>`; for a record inside a file, the document's id itself."""
    document: str
    n: int
    """Position in the document, from 1."""
    text: str
    number: str | None = None
    """The paragraph's own number as printed: `13.`, `（一）`, `一是`, or None."""
    path: tuple[str, ...] = ()
    """Headings from the outermost in, without their numbers."""
    section: str = "其他"
    """One of `SECTIONS`."""
    topics: tuple[str, ...] = ()
    """One to three topics of the taxonomy, most important first."""
    page: int | None = None
    """Page it starts on, from 1, where the format has pages."""
    title: str | None = None
    year: int | None = None
    agency: str | None = None
    region: tuple[str, ...] = ()
    doctype: str | None = None
    facets: Mapping[str, str] = field(default_factory=dict)

    @property
    def district(self) -> str | None:
        """Last element of `region`, or None."""
        return self.region[-1] if self.region else None


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure of a paragraph, by itself: what is counted, how many, and the words that say so.

    Numbers are integers when they are whole. 93.7182万元 is the value 93.7182 in 万元 and the base value 937182 in 元.
    """

    indicator: str
    """What is counted, in the report's own words without number and unit; a space is between parts that stand apart."""
    value: int | float
    """The number as written: 93.7182 for 93.7182万元; percentages as 100 for 100%."""
    unit: str | None
    """As written: 万元, 户次, %; None for statements of zero without one."""
    base_value: int | float
    """The value with 万 and 亿 multiplied out."""
    base_unit: str | None
    """The unit without 万 and 亿."""
    bound: str = "exact"
    """One of `BOUNDS`."""
    kind: str = "count"
    """One of `KINDS`."""
    change: str | None = None
    """One of `CHANGES` when the figure itself is a change (同比下降66.67%), else None."""
    period: str | None = None
    """The time that it is of as written (近三年), None for the reporting year."""
    zero: bool = False
    """It is a statement that there was none (无败诉案件), with the value 0."""
    start: int = 0
    """Where the quote begins in the paragraph's text: code points, 0-based. No two figures of a paragraph share it."""
    end: int = 0
    """Where the quote ends, exclusive."""
    part_of: int | None = None
    """`start` of the figure of the same paragraph that it is a part of (共420件，其中医疗卫生299件), or None."""


@dataclass(frozen=True, slots=True)
class Measure:
    """A figure with the report that it stands in: what look-ups, comparisons and `export measures` give."""

    id: str
    """`<paragraph id>@<start>`"""
    document: str
    paragraph: str
    """Id of the paragraph."""
    indicator: str
    value: int | float
    unit: str | None
    base_value: int | float
    base_unit: str | None
    bound: str
    kind: str
    change: str | None
    period: str | None
    zero: bool
    quote: str
    """The words of the paragraph from `start` to `end`."""
    start: int
    end: int
    part_of: str | None = None
    """Id of the measure that it is a part of."""
    number: str | None = None
    path: tuple[str, ...] = ()
    section: str = "其他"
    topics: tuple[str, ...] = ()
    page: int | None = None
    title: str | None = None
    year: int | None = None
    agency: str | None = None
    region: tuple[str, ...] = ()
    doctype: str | None = None
    facets: Mapping[str, str] = field(default_factory=dict)

    @property
    def district(self) -> str | None:
        """Last element of `region`, or None."""
        return self.region[-1] if self.region else None


def measure(paragraph: Paragraph, figure: Figure) -> Measure:
    """Give a figure of a paragraph as a measure."""
    return Measure(
        id=f"{paragraph.id}@{figure.start}",
        document=paragraph.document,
        paragraph=paragraph.id,
        indicator=figure.indicator,
        value=figure.value,
        unit=figure.unit,
        base_value=figure.base_value,
        base_unit=figure.base_unit,
        bound=figure.bound,
        kind=figure.kind,
        change=figure.change,
        period=figure.period,
        zero=figure.zero,
        quote=paragraph.text[figure.start : figure.end],
        start=figure.start,
        end=figure.end,
        part_of=None if figure.part_of is None else f"{paragraph.id}@{figure.part_of}",
        number=paragraph.number,
        path=paragraph.path,
        section=paragraph.section,
        topics=paragraph.topics,
        page=paragraph.page,
        title=paragraph.title,
        year=paragraph.year,
        agency=paragraph.agency,
        region=paragraph.region,
        doctype=paragraph.doctype,
        facets=paragraph.facets,
    )


def to_json(record: Document | Paragraph | Measure) -> dict[str, object]:
    """Give a record as a JSON object: its fields in order, `district` behind `region`, tuples as lists."""
    out: dict[str, object] = {}
    for item in fields(record):
        value = getattr(record, item.name)
        out[item.name] = (
            list(value) if isinstance(value, tuple) else dict(value) if isinstance(value, Mapping) else value
        )
        if item.name == "region":
            out["district"] = record.district
    return out


def document_from_json(data: Mapping[str, object]) -> Document:
    """Rebuild a document from what `to_json` gave. Raises TypeError on fields it does not know."""
    return Document(**_arguments(data))  # type: ignore[arg-type]


def paragraph_from_json(data: Mapping[str, object]) -> Paragraph:
    """Rebuild a paragraph from what `to_json` gave. Raises TypeError on fields it does not know."""
    return Paragraph(**_arguments(data))  # type: ignore[arg-type]


def _arguments(data: Mapping[str, object]) -> dict[str, object]:
    return {key: tuple(value) if isinstance(value, list) else value for key, value in data.items() if key != "district"}
