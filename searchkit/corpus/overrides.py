"""Check the metadata that a person states, in front matter, in metadata.csv or in the fields of a record.

Stated metadata takes precedence over detected metadata.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import date
from functools import lru_cache
from posixpath import join, normpath
from types import MappingProxyType

from searchkit.corpus.reasons import quote_value
from searchkit.model import Document, Paragraph
from searchkit.names import SECTIONS
from searchkit.places.gazetteer import gazetteer
from searchkit.text.characters import UNSAFE_IN_NAMES, remove_invisible

MIN_REPORT_YEAR, MAX_REPORT_YEAR = 1949, 2100
"""Years that a report can be about, both inclusive."""

_FIELD_NAMES = {
    "title": "标题 题名 题目 名称 报告标题 报告名称 文章标题",
    "year": "年份 年度 年 报告年份 报告年度 所属年份 所属年度",
    "published": "date 日期 发布日期 发布时间 发文日期 公开日期 公布日期 公开时间 公布时间",
    "issuer": "发布机构 发布单位 发布机关 发文机关 发文机构 发文单位 印发机关 制发机关 公开机构",
    "agency": "机关 部门 机构 单位 部门名称 单位名称 机构名称 所属部门 所属单位",
    "region": "地区 区域 地域 地方 省市 行政区 行政区划 所在地区 所属地区 地区名称",
    "province": "省 省份 省区市 省级 所属省份",
    "city": "市 城市 地市 地级市 设区市 市州 州市 地市州 所属城市",
    "district": "区县 县区 区 县 县市 县市区 市县区 区市县 所属区县",
    "doctype": "文种 报告类型 报告种类 文档类型 文件类型 文件种类 公文种类",
    "doc_number": "文号 发文字号 文件编号 发文号 公文文号",
    "index_number": "索引号",
    "source": "来源 网址 链接 原文链接 原文网址 原文地址 来源网址 来源链接",
    "topics": "topic 主题 主题词 话题",
    "text": "正文列 文本列 内容列 textcolumn",
    "file": "filename 文件 文件名 文件名称 文件路径 路径 文档 文档名 文档名称",
}
"""Alternative names of each field, separated by blanks. The column `file` of a metadata.csv names the file of a row."""
_FIELD_ALIASES: Mapping[str, str] = MappingProxyType(
    {alias: field for field, aliases in _FIELD_NAMES.items() for alias in aliases.split()}
)
"""Alternative name → name of the field."""
_FINAL_BRACKETS = re.compile(r"[(（][^()（）]*[)）]$")
"""A remark at the end of the name of a field: （报告） in 年份（报告）."""
_TOPIC_SEPARATOR = re.compile("[、;；,，|/]")
"""Separates topics in one text: 行政执法、普法宣传."""
_NO_TEXT_COLUMN = frozenset({"none", "无", "-", "—", "/"})
"""Values of `text` which state that no column contains the text."""
_REGION_FIELDS = ("province", "city", "district")
"""Fields with the elements of the region, outermost first."""
_SCALAR_FIELDS = ("title", "year", "published", "issuer", "agency", "doctype", "doc_number", "index_number", "source")
"""Fields with a single value, except the fields of the region."""
_RESERVED_NAMES = (
    {item.name for record in (Document, Paragraph) for item in fields(record)} | {*_REGION_FIELDS, "topic", "file"}
)  # fmt: skip
"""Names that user-defined facets cannot have."""
_PARAGRAPH_FIELDS = frozenset({"number", "path", "section", "topics", "topic", "facets"})
"""Fields of a record that are about its paragraph. `facets` contains further fields of the document."""
_DERIVED_FIELDS = frozenset({"document", "n", "page", "of_year", "paragraphs", "measures", "sha256", "warnings"})
"""Fields of exported records that are computed again when the records are read."""
_MAX_TOPICS = 3
"""Maximum number of topics of a paragraph. More are ignored."""
_MAX_FACET_NAME_LENGTH = 40
"""Maximum length of the name of a facet, in code points."""
_MAX_FACET_VALUE_LENGTH = 200
"""Maximum length of the value of a facet, in code points."""
_MAX_SCALAR_LENGTH = 1000
"""Maximum length in code points of a value of any field."""
_RESERVED_CHARACTERS = ("=", ":")
"""Characters that separate a facet's name from its value or depth on the command line."""
_YEAR_FORMAT = re.compile(r"([12][0-9]{3})(?:年度?)?")
"""2023, 2023年 or 2023年度."""
_DATE_FORMAT = re.compile(
    r"([12][0-9]{3})(?:"
    r"\s*[-/.年]\s*([0-9]{1,2})\s*[-/.月]\s*([0-9]{1,2})"  # 2024-01-31, 2024/1/31, 2024.1.31, 2024年1月31日
    r"|([0-9]{2})([0-9]{2})"  # 20240131
    r")(?![0-9])"
)
"""A date at the start of a value. Text may follow it, such as a time of day: 2024-01-31 10:30."""

_MAX_STATEMENTS = 1000
"""Maximum number of columns of a metadata.csv, and of problems of a metadata.csv that are reported."""
_MAX_WARNINGS = 20
"""Maximum number of warnings about the values stated for one document. Further ones are counted in one warning.
Warnings about its region, and about the paragraph of a record, are not limited."""


@dataclass(frozen=True, slots=True)
class StatedMetadata:
    """Metadata that a person stated about a document, checked."""

    fields: Mapping[str, object] = field(default_factory=dict)
    """Fields of `model.Document`, by name and in their types."""
    facets: Mapping[str, str] = field(default_factory=dict)
    """Values of the user-defined facets, by name."""
    warnings: tuple[str, ...] = ()
    """Statements that cannot be used: `year: '20x3' is not a year from 1949 to 2100`."""
    topics: tuple[str, ...] = ()
    """Topics of every paragraph, at most three; empty if none are stated."""
    text_column: str | None = None
    """Name of the column of a .csv or .xlsx file that contains the text of its records. Empty if it is stated that no
    column does: the file is then read as tables. None if nothing is stated."""

    def override(self, other: StatedMetadata) -> StatedMetadata:
        """Return `other` overridden by this metadata. Warnings of both are kept."""
        if other is NO_METADATA or self is NO_METADATA:
            return self if other is NO_METADATA else other
        return StatedMetadata(
            {**other.fields, **self.fields},
            {**other.facets, **self.facets},
            (*other.warnings, *self.warnings),
            self.topics or other.topics,
            other.text_column if self.text_column is None else self.text_column,
        )


NO_METADATA = StatedMetadata()


def parse_metadata(values: Mapping[str, object]) -> StatedMetadata:
    """Check stated values. Fields have English and Chinese names; any other name is that of a user-defined facet.

    Empty values are ignored. Of several values of one field (year and 年份), the first is used. A value that cannot be
    used yields a warning, and the field is left to detection. A name that a facet cannot have, such as `sha256`, yields
    a warning too.
    """
    if not values:
        return NO_METADATA
    field_values: dict[str, object] = {}
    facets: dict[str, str] = {}
    warnings: list[str] = []
    for name, value in values.items():
        key = field_name(name)
        if _is_empty(value):
            continue
        if key in _SCALAR_FIELDS or key in {"region", *_REGION_FIELDS, "topics"}:
            field_values.setdefault(key, value)
        elif problem := _facet_problem(name.strip(), value):
            warnings.append(problem)
        else:
            facets[name.strip()] = _scalar_text(value) or ""
    document_fields, problems = _parse_scalars(field_values)
    warnings += problems
    topics = _parse_topics(field_values.get("topics"))
    if topics is None:
        warnings.append(f"topics: {quote_value(field_values['topics'])} is not text or a list of texts")
    region, place_problems = _parse_region(field_values)
    if region:
        document_fields["region"] = region
    excess = len(warnings) - _MAX_WARNINGS
    if excess > 0:
        warnings[_MAX_WARNINGS:] = [f"and {excess} more values that cannot be used"]
    return StatedMetadata(document_fields, facets, (*warnings, *place_problems), topics or ())


def _parse_scalars(values: Mapping[str, object]) -> tuple[dict[str, object], list[str]]:
    """Return the values of fields with a single value in their types, and a warning for each that cannot be used."""
    parsed: dict[str, object] = {}
    warnings: list[str] = []
    for key in filter(_SCALAR_FIELDS.__contains__, values):
        result = _FIELD_PARSERS.get(key, _parse_text)(values[key])
        if result is None:
            expected = _EXPECTED_VALUES.get(key, "one line of text")
            warnings.append(f"{key}: {quote_value(values[key])} is not {expected}")
        else:
            parsed[key] = result
    return parsed, warnings


def field_name(name: str) -> str:
    """Return the field with a Chinese or English name (文件, 年份, Year). Return an unknown name in lower case.

    White space, case, and a remark in brackets at the end (年份（报告）) are ignored.
    """
    key = "".join(name.split()).lower()
    return _FIELD_ALIASES.get(key) or _FIELD_ALIASES.get(_FINAL_BRACKETS.sub("", key)) or name.strip().lower()


@dataclass(frozen=True, slots=True)
class ParagraphMetadata:
    """Metadata that a record states about its paragraph."""

    number: str | None = None
    path: tuple[str, ...] = ()
    section: str | None = None
    topics: tuple[str, ...] = ()


def parse_record(values: Mapping[str, object]) -> tuple[ParagraphMetadata, StatedMetadata]:
    """Check the fields of a record. Return the metadata of its paragraph and of its document.

    Exported records can be read again: their derived fields are ignored, and the entries of `facets` are read as fields
    of the document.
    """
    if not values:
        return ParagraphMetadata(), NO_METADATA
    document_values = {
        name: value for name, value in values.items() if name not in _PARAGRAPH_FIELDS and name not in _DERIVED_FIELDS
    }
    facets = values.get("facets")
    if isinstance(facets, dict):
        document_values = {**{str(name): value for name, value in facets.items()}, **document_values}
    document = parse_metadata(document_values)
    section = values.get("section")
    texts = {name: _parse_texts(values[name]) for name in ("number", "path", "topics", "topic") if name in values}
    problems = [
        f"{name}: {quote_value(values[name])} is not text or a list of texts"
        for name, parsed in texts.items()
        if parsed is None
    ]
    if section is not None and section not in SECTIONS:
        problems.append(f"section: {quote_value(section)} is none of {' '.join(SECTIONS)}")
    numbers = texts.get("number") or ()
    paragraph = ParagraphMetadata(
        number=numbers[0] if numbers else None,
        path=texts.get("path") or (),
        section=section if isinstance(section, str) and section in SECTIONS else None,
        topics=(texts.get("topics") or texts.get("topic") or ())[:_MAX_TOPICS],
    )
    return paragraph, replace(document, warnings=(*document.warnings, *problems)) if problems else document


@dataclass(frozen=True, slots=True)
class MetadataTable:
    """A metadata.csv, checked."""

    rows: Mapping[str, StatedMetadata]
    """Metadata by file name in the corpus."""
    problems: tuple[str, ...] = ()
    """Lines that cannot be used (`line 4: no file name`), or why the table, or the rest of it, is not read."""


def read_metadata_table(text: str, folder: str, names: Collection[str]) -> MetadataTable:
    """Read a metadata.csv in `folder`, the folder's name in the corpus (empty for the corpus itself).

    The first column named `file` (`文件`, `文件名` …) contains the path of a file relative to that folder. The file
    must be one of `names`. A column `text` (`正文列`) contains the name of the text column of the file. Columns are
    separated by commas if the first line contains a comma, otherwise by tabs or, if it contains no tab, by semicolons.
    """
    rows: dict[str, StatedMetadata] = {}
    problems: list[str] = []
    first_line = text.split("\n", 1)[0]
    delimiter = next((mark for mark in ",\t;" if mark in first_line), ",")
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        header = [name.strip() for name in next(reader, [])]
        file_column = next((n for n, name in enumerate(header) if field_name(name) == "file"), None)
        if file_column is None:
            return MetadataTable({}, ("line 1: no column `file`",))
        if len(header) > _MAX_STATEMENTS:
            return MetadataTable({}, (f"line 1: {len(header)} columns: more than {_MAX_STATEMENTS} are not read",))
        for row in reader:
            name, problem = _row_file(row, file_column, folder)
            if name in rows:
                problem = f"{name} has a line already"
            elif name and name not in names:
                problem = f"no file {name}"
            elif name:
                values = {
                    key: value for key, value in zip(header, row, strict=False) if key and key != header[file_column]
                }
                stated_column = next((values.pop(key) for key in [*values] if field_name(key) == "text"), "")
                rows[name] = replace(parse_metadata(values), text_column=_parse_text_column(stated_column))
            if problem:
                problems.append(f"line {reader.line_num}: {problem}")
            if len(problems) == _MAX_STATEMENTS:
                problems.append(f"line {reader.line_num}: too many problems: the rest is not read")
                break
    except csv.Error as error:
        problems.append(f"line {reader.line_num}: {error}; the rest is not read")
    return MetadataTable(rows, tuple(problems))


def _parse_text_column(value: str) -> str | None:
    """Return the name of a text column, empty if the value states that there is none, or None without a value."""
    name = _parse_text(value)
    return "" if name and name.lower() in _NO_TEXT_COLUMN else name


def _row_file(row: Sequence[str], file_column: int, folder: str) -> tuple[str, str]:
    """Return the corpus name of the file that a row is about, and the problem with the row.

    One of the two is empty, and both are for a blank row.
    """
    if not any(cell.strip() for cell in row):
        return "", ""
    path = row[file_column].strip().replace("\\", "/") if file_column < len(row) else ""
    if not path:
        return "", "no file name"
    name = normpath(join(folder, path))
    if path.startswith("/") or name == ".." or name.startswith("../"):
        return "", f"{path} is outside the corpus"
    return name, ""


def _is_empty(value: object) -> bool:
    """Return whether a value states nothing: None, blank text, ~ or null as in YAML, or an empty list or mapping."""
    return value is None or value in ([], {}) or (isinstance(value, str) and value.strip() in {"", "~", "null"})


def _scalar_text(value: object) -> str | None:
    """Return a text, number or boolean as one line of text; None for any other value and for text that is too long."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, (str, int, float)):
        return None
    text = " ".join(remove_invisible(str(value)).split())
    return text if len(text) <= _MAX_SCALAR_LENGTH else None


def _parse_texts(value: object) -> tuple[str, ...] | None:
    """Return one text or a list of texts as a tuple, () for None; None for other values, and if a text is blank."""
    items = value if isinstance(value, list) else [] if value is None else [value]
    lines = [_parse_text(item) for item in items]
    return None if None in lines else tuple(line for line in lines if line)


def _parse_topics(value: object) -> tuple[str, ...] | None:
    """Return at most three topics, given as a list or as text such as 行政执法、普法宣传; None for other values."""
    texts = _parse_texts(value)
    if texts is None:
        return None
    topics = (topic.strip() for text in texts for topic in _TOPIC_SEPARATOR.split(text))
    return tuple(dict.fromkeys(filter(None, topics)))[:_MAX_TOPICS]


def _parse_text(value: object) -> str | None:
    """Return a text or a number as one line; None for anything else, and for text that is blank or too long."""
    return None if isinstance(value, bool) else _scalar_text(value) or None


def _parse_year(value: object) -> int | None:
    """Return a year from `MIN_REPORT_YEAR` to `MAX_REPORT_YEAR`; None for other values."""
    match = _YEAR_FORMAT.fullmatch(_parse_text(value) or "")
    year = int(match[1]) if match else 0
    return year if MIN_REPORT_YEAR <= year <= MAX_REPORT_YEAR else None


def _parse_date(value: object) -> str | None:
    """Return the date at the start of a value in ISO format; None if there is none."""
    match = _DATE_FORMAT.match(_parse_text(value) or "")
    try:
        return date(*map(int, filter(None, match.groups()))).isoformat() if match else None
    except ValueError:
        return None


def _parse_url(value: object) -> str | None:
    """Return an http or https URL; None for other values."""
    text = _parse_text(value) or ""
    return text if re.match(r"https?://\S+$", text) else None


_FIELD_PARSERS = {"year": _parse_year, "published": _parse_date, "source": _parse_url}
"""Parsers of the fields whose values must have a special form. The values of other fields are one line of text."""
_EXPECTED_VALUES = {
    "year": f"a year from {MIN_REPORT_YEAR} to {MAX_REPORT_YEAR}",
    "published": "a date such as 2024-01-31",
    "source": "an address that begins with http:// or https://",
}
"""Descriptions of the values of these fields for warnings."""


def _parse_region(values: Mapping[str, object]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the stated region and the problems with it. The region is () if none is stated or it is invalid.

    If the gazetteer can resolve the names, the region is a path from the province down. Otherwise it is as stated.
    """
    problems: list[str] = []
    if "region" in values:
        value = values["region"]
        parts = value.split("/") if isinstance(value, str) else value if isinstance(value, list) else [value]
        key = "region"
    else:
        key = next((name for name in reversed(_REGION_FIELDS) if name in values), "")
        parts = [values[name] for name in _REGION_FIELDS if name in values]
    names = [_parse_text(part) if isinstance(part, str) else None for part in parts]
    if not all(names):
        return (), (f"{key}: {quote_value(values[key])} is not the name of a place or a list of names",)
    region = tuple(dict.fromkeys(name for name in names if name))
    if not region:
        return (), ()
    resolved = _resolve_region("/".join(region))
    if resolved is None and len(region) == 1 and key != "province":
        problems.append(f"region: {region[0]} alone does not say which place is meant; state it from the province down")
    district = _parse_text(values.get("district"))
    if key == "region" and district and district not in {region[-1], (resolved or region)[-1]}:
        problems.append(f"district: {district} is not the end of the region {'/'.join(region)}, which takes precedence")
    return resolved or region, tuple(problems)


@lru_cache(maxsize=4096)
def _resolve_region(path: str) -> tuple[str, ...] | None:
    """Return the region that a path such as 湖南/长沙 means, or None if the gazetteer cannot resolve the path."""
    return gazetteer().resolve(path)


def _facet_problem(name: str, value: object) -> str:
    """Return why `name` with `value` cannot be a facet; empty if it can."""
    quoted = quote_value(name)
    if name.lower() in _RESERVED_NAMES:
        return f"{quoted} is a field that cannot be stated"
    is_plain = not UNSAFE_IN_NAMES.search(name)
    if (
        not is_plain
        or not 0 < len(name) <= _MAX_FACET_NAME_LENGTH
        or any(mark in name for mark in _RESERVED_CHARACTERS)
    ):
        return (
            f"{quoted} is not a valid facet name: at most {_MAX_FACET_NAME_LENGTH} characters, "
            f"none of them {' '.join(_RESERVED_CHARACTERS)}"
        )
    text = _scalar_text(value)
    if text is None or len(text) > _MAX_FACET_VALUE_LENGTH:
        return f"{quoted}: {quote_value(value)} is not a single value of at most {_MAX_FACET_VALUE_LENGTH} characters"
    return ""
