"""The public records: documents, paragraphs, tables and measures. Their fields have the same names in JSON."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, fields
from functools import cache
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar, overload

from searchkit.tabular import Tabular, TextTable, column_names, grid

WORK_REPORT = "政府工作报告"
"""Doctype of the yearly report of a government to its people's congress."""

NOTE_CODES = (
    *("query_too_long", "too_many_parts", "too_many_words", "too_many_synonyms", "too_many_prefix_words"),
    *("lower_case_operator", "invalid_syntax"),
    *("unknown_value", "ambiguous_place", "years_swapped", "unknown_year", "value_without_hit"),
    *("sum_of_percentages", "sum_of_states", "no_cell", "too_many_cells", "too_many_measures"),
)
"""Codes of notes. `query_too_long` to `too_many_prefix_words`: the query is cut. `lower_case_operator` and
`invalid_syntax`: a part of the query, or all of it, is read as words. The next five are about the values of filters:
the index does not have a value, a name is that of several places, a range of years was swapped, the index does not have
a year, a value has no hit. `sum_of_percentages` and `sum_of_states`: a sum means nothing. `no_cell`: measures fit no
cell of a table. `too_many_cells` and `too_many_measures`: a table, or the measures that it is made from, are cut."""


class Note(str):
    """A message about a query, a filter or a result, in English. It is a string with a code."""

    __slots__ = ("code",)
    code: str
    """One of `NOTE_CODES`."""

    def __new__(cls, code: str, text: str) -> Note:  # noqa: PYI034 - typing.Self is 3.11
        """Create a note."""
        note = super().__new__(cls, text)
        note.code = code
        return note

    def __reduce__(self) -> tuple[type[Note], tuple[str, str]]:
        """Return the class and the arguments that make a copy."""
        return Note, (self.code, str(self))


LEFT_OUT = "left out: "
"""Start of a warning about text that was left out on purpose, such as running heads."""


@dataclass(frozen=True, slots=True)
class Document:
    """A report. A field that could not be decided is None or empty."""

    document: str
    """Id: the path relative to the corpus with `/` separators, or `<path>#<key>` for a record of a file."""
    title: str | None = None
    """Title of the report."""
    year: int | None = None
    """Reporting year. For a government work report, the year that it plans."""
    published: str | None = None
    """ISO date of publication."""
    issuer: str | None = None
    """Issuing body as written."""
    agency: str | None = None
    """Canonical kind of body: 卫生健康委员会, 司法局, 人民政府 …"""
    region: tuple[str, ...] = ()
    """Divisions from the province down, with a municipality once: ("天津市", "滨海新区")."""
    doctype: str | None = None
    """Kind of report: 法治政府建设年度报告, 政府工作报告 …"""
    doc_number: str | None = None
    """Document number (文号)."""
    index_number: str | None = None
    """Index number for open government information (索引号)."""
    source: str | None = None
    """URL of the report."""
    sha256: str = ""
    """Hexadecimal SHA-256 of the file."""
    paragraphs: int = 0
    """Number of paragraphs."""
    measures: int = 0
    """Number of measures."""
    warnings: tuple[str, ...] = ()
    """Fields that could not be decided, stated metadata that cannot be used, problems in the file: one line each. Text
    that was left out on purpose, such as running heads, has a line that starts with `left out: `."""
    facets: Mapping[str, str] = field(default_factory=dict)
    """User-defined facets, from front matter, metadata.csv or the fields of a record."""

    @property
    def district(self) -> str | None:
        """Last element of `region`, or None if `region` is empty."""
        return self.region[-1] if self.region else None

    @property
    def warning_codes(self) -> tuple[str, ...]:
        """Code of each of `warnings`.

        `left_out`; `year_undecided` and so on for a field that could not be decided; `year_inferred` for a year that
        was inferred, not read; `source_invalid` and so on for stated metadata that cannot be used; otherwise `other`.
        """
        return tuple(map(_warning_code, self.warnings))


def reviewed_year(year: int | None, doctype: str | None) -> int | None:
    """Return the year that a report reports on. A work report of 2023 reviews 2022, any other report its own year."""
    return None if year is None else year - (doctype == WORK_REPORT)


_WARNING = re.compile(r"(\w+)(?: undecided| \d+ inferred|: )")
"""Matches the beginning of a warning about a field."""


def _warning_code(warning: str) -> str:
    """Return the code of a warning about a document (`Document.warning_codes`)."""
    if warning.startswith(LEFT_OUT):
        return "left_out"
    match = _WARNING.match(warning)
    if match is None:
        return "other"
    kind = "undecided" if match[0].endswith("undecided") else "inferred" if match[0].endswith("inferred") else "invalid"
    return f"{match[1]}_{kind}"


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A paragraph of a document. It is the unit of indexing, filtering and results."""

    id: str
    """`<document>#<n>`, or the document's id for a record of a file."""
    document: str
    """Id of the document."""
    n: int
    """Position in the document, from 1."""
    text: str
    """Text of the paragraph as in the report, with its list number, without line breaks and invisible characters."""
    number: str | None = None
    """List number at the beginning of the paragraph as printed (`13.`, `（一）`, `一是`), or None."""
    path: tuple[str, ...] = ()
    """Heading path, outermost first, without list numbers."""
    section: str = "其他"
    """One of `names.SECTIONS`."""
    topics: tuple[str, ...] = ()
    """At most three topics of the taxonomy, most important first."""
    of_year: tuple[int, ...] = ()
    """The years that the paragraph is about, ascending. Empty if they are unknown."""
    page: int | None = None
    """Page on which the paragraph starts, from 1. None if the format has no pages."""
    # The following fields are copied from the document. `Document` describes them.
    title: str | None = None
    year: int | None = None
    agency: str | None = None
    region: tuple[str, ...] = ()
    doctype: str | None = None
    facets: Mapping[str, str] = field(default_factory=dict)

    @property
    def district(self) -> str | None:
        """Last element of `region`, or None if `region` is empty."""
        return self.region[-1] if self.region else None


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell of a table."""

    text: str
    """As printed, on one line. Empty for an empty cell."""
    row_span: int = 1
    """Number of rows that the cell covers."""
    col_span: int = 1
    """Number of columns that the cell covers."""


@dataclass(frozen=True, slots=True)
class Table(Tabular):
    """A table of a document. Each of its rows is a paragraph; the paragraphs of a table are consecutive."""

    document: str
    """Id of the document."""
    table: int
    """Number of the table in the document, from 1."""
    caption: str | None
    """Caption as printed, or None."""
    header: tuple[tuple[Cell, ...], ...]
    """Header rows. As in HTML, a cell that covers several rows is only in the first of them. May be empty."""
    rows: tuple[tuple[Cell, ...], ...]
    """Rows below the header, at least one. A cell that covers several rows is only in the first of them. The row at an
    index i is the paragraph `first_paragraph` + i."""
    header_columns: int
    """Number of columns at the left whose cells are headers of their rows. May be 0."""
    first_paragraph: int
    """`n` of the paragraph of the first row."""

    @property
    def id(self) -> str:
        """`<document>!<table>`."""
        return f"{self.document}!{self.table}"

    @property
    def paragraphs(self) -> range:
        """`n` of the paragraph of each row."""
        return range(self.first_paragraph, self.first_paragraph + len(self.rows))

    def _text_table(self) -> TextTable:
        """Return the rows below the header. A cell that covers several places is in the first of them."""
        return TextTable(self.caption or self.id, column_names(self.header, self.rows), grid(self.rows))

    def _records(self) -> Iterator[dict[str, object]]:
        """Yield the rows as records of texts, by the headers of the columns."""
        names = column_names(self.header, self.rows)
        return (dict(zip(names, [*row, *[""] * (len(names) - len(row))], strict=True)) for row in grid(self.rows))

    def _columns(self) -> list[str]:
        """Return the names of the fields of `_records`."""
        return column_names(self.header, self.rows)


@dataclass(frozen=True, slots=True)
class TableCell:
    """The position of a measure in a table."""

    table: int
    """Number of the table in the document, from 1."""
    row: tuple[str, ...]
    """Headers of the row, outermost first."""
    column: tuple[str, ...]
    """Headers of the column, outermost first."""
    total: bool = False
    """Whether the row or the column is a total (合计)."""
    part_of_n: int | None = None
    """`n` of the paragraph of the total that `ExtractedMeasure.part_of` refers to. None if the total is in the same
    paragraph, or if there is none."""


@dataclass(frozen=True, slots=True)
class ExtractedMeasure:
    """A measure without its paragraph: what is counted, the value, and the span of the quote in the text.

    Values without decimals are ints. 93.7182万元 has the value 93.7182 in 万元 and the base value 937182 in 元.
    """

    indicator: str
    """What is counted, in the words of the report, without number, unit and the verb of a change. Words that are not
    adjacent in the report are separated by a space."""
    value: int | float
    """The number in `unit`: 93.7182 for 93.7182万元, 100 for 100%, 0.75 for 四分之三."""
    unit: str | None
    """The unit as written (万元, 户次, %, or only 万). None if no unit is stated: for fractions, statements of zero,
    and some cells of tables."""
    base_value: int | float
    """The value in `base_unit`: 937182 for 93.7182万元."""
    base_unit: str | None
    """The unit without its scale (千, 万, 亿): 元 for 万元. None if nothing remains (万), or if `unit` is None."""
    bound: str = "exact"
    """One of `names.MEASURE_BOUNDS`."""
    kind: str = "count"
    """One of `names.MEASURE_KINDS`."""
    change: str | None = None
    """One of `names.MEASURE_CHANGES` if the measure itself is a change (同比下降66.67%), otherwise None."""
    period: str | None = None
    """The period as written (近三年). None if the text states no period, or only the reporting year."""
    of_year: int | None = None
    """The year that the measure is of, or the last year of several. None if it is unknown, and for rules."""
    since: int | None = None
    """The first year, if the measure covers several years (五年累计), otherwise None."""
    part: str | None = None
    """Months, if the measure is of a part of the year: `01-06`, `11`. None for a whole year."""
    stock: bool = False
    """Whether the measure is of a state at a point of time (年末, 现有, 覆盖率), not of what happened in a period."""
    status: str = "actual"
    """One of `names.MEASURE_STATUSES`."""
    zero: bool = False
    """Whether the measure is a statement that there was none (无败诉案件). Its value is 0."""
    start: int = 0
    """Start of the quote in the text of the paragraph: code points, 0-based. No two measures of a paragraph have the
    same start."""
    end: int = 0
    """End of the quote in the text of the paragraph: code points, exclusive."""
    part_of: int | None = None
    """`start` of the measure that contains this one as a part (共420件，其中医疗卫生299件), or None. In a table, that
    measure may be in another paragraph (`TableCell.part_of_n`)."""
    cell: TableCell | None = None
    """Position of the measure in a table. None if the measure is in no table."""

    @property
    def signed_value(self) -> int | float:
        """`base_value`, negative if the measure is a decrease: -2.5 for 下降2.5%, and for -2.5 in a column of growth.

        Values are compared by it, because an increase and a decrease of one thing are one measure.
        """
        return -abs(self.base_value) if self.change == "decrease" else self.base_value


_Value = TypeVar("_Value")


class _Delegated(property, Generic[_Value]):
    """A read-only attribute of `Measure`: the attribute with the same name of its `extracted` or its `source`."""

    def __init__(self, part: Literal["extracted", "source"]) -> None:
        self._part = part

    def __set_name__(self, owner: type, name: str) -> None:
        path = f"{self._part}.{name}"
        super().__init__(attrgetter(path), doc=f"`{path}`.")  # a property with such a getter runs no Python code

    if TYPE_CHECKING:  # type checkers take the value of a property for Any

        @overload
        def __get__(self, measure: None, owner: type | None = None) -> _Delegated[_Value]: ...

        @overload
        def __get__(self, measure: object, owner: type | None = None) -> _Value: ...

        def __get__(self, measure: object | None, owner: type | None = None) -> _Value | _Delegated[_Value]: ...


@dataclass(frozen=True, slots=True)
class Measure:
    """A measure with its paragraph. Look-ups, comparisons and `export measures` return measures of this class.

    Every field of the JSON form (`MEASURE_FIELDS`) is an attribute.
    """

    extracted: ExtractedMeasure
    """The measure without its paragraph."""
    source: Paragraph
    """The paragraph."""

    indicator = _Delegated[str]("extracted")
    value = _Delegated["int | float"]("extracted")
    unit = _Delegated["str | None"]("extracted")
    base_value = _Delegated["int | float"]("extracted")
    signed_value = _Delegated["int | float"]("extracted")
    base_unit = _Delegated["str | None"]("extracted")
    bound = _Delegated[str]("extracted")
    kind = _Delegated[str]("extracted")
    change = _Delegated["str | None"]("extracted")
    period = _Delegated["str | None"]("extracted")
    of_year = _Delegated["int | None"]("extracted")
    since = _Delegated["int | None"]("extracted")
    part = _Delegated["str | None"]("extracted")
    stock = _Delegated[bool]("extracted")
    status = _Delegated[str]("extracted")
    zero = _Delegated[bool]("extracted")
    start = _Delegated[int]("extracted")
    end = _Delegated[int]("extracted")
    document = _Delegated[str]("source")
    number = _Delegated["str | None"]("source")
    path = _Delegated[tuple[str, ...]]("source")
    section = _Delegated[str]("source")
    topics = _Delegated[tuple[str, ...]]("source")
    page = _Delegated["int | None"]("source")
    title = _Delegated["str | None"]("source")
    year = _Delegated["int | None"]("source")
    agency = _Delegated["str | None"]("source")
    region = _Delegated[tuple[str, ...]]("source")
    district = _Delegated["str | None"]("source")
    doctype = _Delegated["str | None"]("source")
    facets = _Delegated[Mapping[str, str]]("source")

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
        """The text of the paragraph from `start` to `end`."""
        return self.source.text[self.extracted.start : self.extracted.end]

    @property
    def part_of(self) -> str | None:
        """Id of the measure that contains this one as a part, or None. In a table, it may be in another row."""
        if self.extracted.part_of is None:
            return None
        n = self.extracted.cell and self.extracted.cell.part_of_n
        return f"{self.source.id if n is None else f'{self.document}#{n}'}@{self.extracted.part_of}"

    @property
    def table(self) -> int | None:
        """Number of the table in the document, from 1. None outside tables."""
        return self.extracted.cell.table if self.extracted.cell else None

    @property
    def row(self) -> tuple[str, ...]:
        """Headers of the row in the table, outermost first. Empty outside tables."""
        return self.extracted.cell.row if self.extracted.cell else ()

    @property
    def column(self) -> tuple[str, ...]:
        """Headers of the column in the table, outermost first. Empty outside tables."""
        return self.extracted.cell.column if self.extracted.cell else ()

    @property
    def total(self) -> bool:
        """Whether the row or the column of the table is a total (合计). False outside tables."""
        return self.extracted.cell is not None and self.extracted.cell.total


MEASURE_FIELDS = (
    *("id", "document", "paragraph", "indicator", "value", "unit", "base_value", "base_unit", "bound", "kind"),
    *(
        "change",
        "period",
        "of_year",
        "since",
        "part",
        "stock",
        "status",
        "zero",
        "quote",
        "start",
        "end",
        "part_of",
        "table",
        "row",
        "column",
        "total",
    ),
    *("number", "path", "section", "topics", "page", "title", "year", "agency", "region", "doctype", "facets"),
)
"""Names of the fields of a measure in JSON, in order, without `district`, which follows `region`."""


def to_json(record: Document | Paragraph | Measure | Table) -> dict[str, object]:
    """Return a record as a JSON object: its fields in order.

    A measure has the fields `MEASURE_FIELDS`, then the fields that a subclass adds, such as the `score` of a
    `MeasureHit`. Documents, paragraphs and measures have `district` after `region`, and their tuples become lists. A
    table has its id first, and its tuples stay tuples, which are lists in JSON.
    """
    if isinstance(record, Table):
        return {"id": record.id, **asdict(record)}
    return pick_json(record, json_names(type(record)))  # type: ignore[arg-type]


def pick_json(record: Document | Paragraph | Measure, names: Iterable[str]) -> dict[str, object]:
    """Return some fields of a record as a JSON object, with their values as in `to_json`."""
    data: dict[str, object] = {}
    for name in names:
        value = getattr(record, name)
        if isinstance(value, tuple):
            value = list(value)
        elif name == "facets":
            value = dict(value)
        data[name] = value
    return data


@cache
def json_names(record_type: type[Any]) -> tuple[str, ...]:
    """Return the names of the fields of a class of records in JSON, in order."""
    names = [item.name for item in fields(record_type)]
    if issubclass(record_type, Measure):
        names = [*MEASURE_FIELDS, *(name for name in names if name not in {"extracted", "source"})]
    at = names.index("region") + 1
    return (*names[:at], "district", *names[at:])


def table_from_json(data: Mapping[str, Any]) -> Table:
    """Return the table of a JSON object from `to_json`. Raises TypeError if it has an unknown field."""
    rows = {name: tuple(tuple(Cell(**cell) for cell in row) for row in data[name]) for name in ("header", "rows")}
    return Table(**{name: value for name, value in data.items() if name != "id"} | rows)


def document_from_json(data: Mapping[str, object]) -> Document:
    """Return the document of a JSON object from `to_json`. Raises TypeError if it has an unknown field."""
    return Document(**_constructor_arguments(data))  # type: ignore[arg-type]


def paragraph_from_json(data: Mapping[str, object]) -> Paragraph:
    """Return the paragraph of a JSON object from `to_json`. Raises TypeError if it has an unknown field."""
    return Paragraph(**_constructor_arguments(data))  # type: ignore[arg-type]


def _constructor_arguments(data: Mapping[str, object]) -> dict[str, object]:
    """Return the fields of a JSON object without `district`, with lists as tuples."""
    return {key: tuple(value) if isinstance(value, list) else value for key, value in data.items() if key != "district"}
