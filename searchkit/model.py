"""The records that go in and come out: documents and paragraphs. Field names are those of the JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields

SECTIONS = ("成效", "问题", "计划", "履职", "其他")
"""Parts of a report: done and achieved, shortcomings, next steps, duties of the head, anything else."""


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


def to_json(record: Document | Paragraph) -> dict[str, object]:
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
