"""The records that go in and come out: documents, paragraphs and measures. Field names are those of the JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from operator import attrgetter
from typing import Generic, Literal, TypeVar, overload

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
class ExtractedMeasure:
    """One measure of a paragraph, by itself: what is counted, how many, and the words that say so.

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
    """One of `CHANGES` when the measure itself is a change (同比下降66.67%), else None."""
    period: str | None = None
    """The time that it is of as written (近三年), None for the reporting year."""
    zero: bool = False
    """It is a statement that there was none (无败诉案件), with the value 0."""
    start: int = 0
    """Where the quote begins in the paragraph's text: code points, 0-based. No two measures of a paragraph share it."""
    end: int = 0
    """Where the quote ends, exclusive."""
    part_of: int | None = None
    """`start` of the measure of the same paragraph that it is a part of (共420件，其中医疗卫生299件), or None."""


_Value = TypeVar("_Value")


class _Of(Generic[_Value]):
    """A field of a measure that is one of its measure or of its paragraph."""

    def __init__(self, part: Literal["extracted", "source"]) -> None:
        self._part = part

    def __set_name__(self, owner: type, name: str) -> None:
        self._get = attrgetter(f"{self._part}.{name}")

    @overload
    def __get__(self, measure: None, owner: type) -> _Of[_Value]: ...

    @overload
    def __get__(self, measure: object, owner: type) -> _Value: ...

    def __get__(self, measure: object | None, owner: type) -> _Value | _Of[_Value]:
        if measure is None:
            return self
        value: _Value = self._get(measure)
        return value


@dataclass(frozen=True, slots=True)
class Measure:
    """A measure with the paragraph that it stands in: what look-ups, comparisons and `export measures` give.

    Every field of its JSON form (`MEASURE_FIELDS`) is an attribute.
    """

    extracted: ExtractedMeasure
    source: Paragraph
    """The paragraph."""

    indicator = _Of[str]("extracted")
    value = _Of["int | float"]("extracted")
    unit = _Of["str | None"]("extracted")
    base_value = _Of["int | float"]("extracted")
    base_unit = _Of["str | None"]("extracted")
    bound = _Of[str]("extracted")
    kind = _Of[str]("extracted")
    change = _Of["str | None"]("extracted")
    period = _Of["str | None"]("extracted")
    zero = _Of[bool]("extracted")
    start = _Of[int]("extracted")
    end = _Of[int]("extracted")
    document = _Of[str]("source")
    number = _Of["str | None"]("source")
    path = _Of[tuple[str, ...]]("source")
    section = _Of[str]("source")
    topics = _Of[tuple[str, ...]]("source")
    page = _Of["int | None"]("source")
    title = _Of["str | None"]("source")
    year = _Of["int | None"]("source")
    agency = _Of["str | None"]("source")
    region = _Of[tuple[str, ...]]("source")
    district = _Of["str | None"]("source")
    doctype = _Of["str | None"]("source")
    facets = _Of[Mapping[str, str]]("source")

    @property
    def id(self) -> str:
        """`<paragraph id>@<start>`."""
        return f"{self.source.id}@{self.extracted.start}"

    @property
    def paragraph(self) -> str:
        """Id of the paragraph."""
        return self.source.id

    @property
    def quote(self) -> str:
        """The words of the paragraph from `start` to `end`."""
        return self.source.text[self.extracted.start : self.extracted.end]

    @property
    def part_of(self) -> str | None:
        """Id of the measure that it is a part of, or None."""
        return None if self.extracted.part_of is None else f"{self.source.id}@{self.extracted.part_of}"


MEASURE_FIELDS = (
    *("id", "document", "paragraph", "indicator", "value", "unit", "base_value", "base_unit", "bound", "kind"),
    *("change", "period", "zero", "quote", "start", "end", "part_of", "number", "path", "section", "topics", "page"),
    *("title", "year", "agency", "region", "doctype", "facets"),
)
"""Names of the fields of a measure's JSON form, in order; `district` stands behind `region`."""


def to_json(record: Document | Paragraph | Measure) -> dict[str, object]:
    """Give a record as a JSON object: its fields in order, `district` behind `region`, tuples as lists."""
    names = [item.name for item in fields(record)]
    if isinstance(record, Measure):
        names = [*MEASURE_FIELDS, *(name for name in names if name not in {"extracted", "source"})]
    out: dict[str, object] = {}
    for name in names:
        value = getattr(record, name)
        out[name] = list(value) if isinstance(value, tuple) else dict(value) if isinstance(value, Mapping) else value
        if name == "region":
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
