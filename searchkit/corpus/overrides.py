"""Metadata stated by a person: front matter, metadata.csv, the fields of a record.

Stated metadata takes precedence over detected metadata.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import date
from functools import lru_cache
from posixpath import join, normpath
from types import MappingProxyType
from typing import Any

from searchkit.model import SECTIONS, Document, Paragraph
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
_FINAL_BRACKETS = re.compile(r"[(（][^()（）]*[)）]$")
"""A remark at the end of the name of a field: （报告） in 年份（报告）."""
_TOPIC_SEPARATOR = re.compile("[、;；,，|/]")
"""Separates topics in one text: 行政执法、普法宣传."""
_NO_TEXT_COLUMN = frozenset({"none", "无", "-", "—", "/"})
"""Values of `text` which state that no column contains the text."""
_REGION_FIELDS = ("province", "city", "district")
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
"""Maximum length in code points. Values that a message quotes are cut at this length too."""
_MAX_FACET_VALUE_LENGTH = 200
"""Maximum length in code points."""
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

_FENCE = "---"
_FENCE_ENDS = frozenset({"---", "..."})
_MAX_FRONT_MATTER_LENGTH = 65_536
"""Number of code points at the start of a text that are searched for front matter."""
_MAX_FRONT_MATTER_DEPTH = 10
"""Maximum number of lists and mappings that enclose a value. Front matter with deeper values is ignored."""
_MAX_STATEMENTS = 1000
"""Maximum number of names in front matter, of columns of a metadata.csv, and of problems reported in a metadata.csv."""
_MAX_WARNINGS = 20
"""Maximum number of warnings about the values stated for one document. Further ones are counted in one warning.
Warnings about its region are not limited."""
_YAML_KEY = re.compile(r"[^\s:#,，。][^:,，。]{0,60}:(?:\s|$)")
"""The start of a line `name: value`. Names contain no comma or full stop, unlike sentences with a colon."""


@dataclass(frozen=True, slots=True)
class FrontMatter:
    """A text split into its front matter and the rest."""

    body: str
    values: Mapping[str, object] = field(default_factory=dict)
    """Values by name, as written: every scalar is a string."""
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class StatedMetadata:
    """Metadata that a person stated about a document, checked."""

    fields: Mapping[str, object] = field(default_factory=dict)
    """Fields of `model.Document`, by name and in their types."""
    facets: Mapping[str, str] = field(default_factory=dict)
    """User-defined facets."""
    warnings: tuple[str, ...] = ()
    """Statements that cannot be used: `year: '20x3' is not a year from 1949 to 2100`."""
    topics: tuple[str, ...] = ()
    """Topics of every paragraph, at most three; empty if none are stated."""
    text_column: str | None = None
    """Name of the column of a .csv or .xlsx file that contains the text of its records. Empty if no column does, so
    that the file has tables. None if nothing is stated."""

    def override(self, other: StatedMetadata) -> StatedMetadata:
        """Return `other` overridden by this metadata. Warnings of both are kept."""
        return StatedMetadata(
            {**other.fields, **self.fields},
            {**other.facets, **self.facets},
            (*other.warnings, *self.warnings),
            self.topics or other.topics,
            other.text_column if self.text_column is None else self.text_column,
        )


NO_METADATA = StatedMetadata()


def split_front_matter(text: str) -> FrontMatter:
    """Split YAML front matter off a text whose line ends are line feeds.

    Front matter lies between `---` on the first line and the next `---` or `...`. If its first entry is not of the form
    `name: value`, it is text. Front matter of that form that cannot be parsed is removed, with a warning.
    """
    if not text.startswith(_FENCE):
        return FrontMatter(text)
    lines = text[:_MAX_FRONT_MATTER_LENGTH].split("\n")
    end = next((n for n, line in enumerate(lines) if n and line.rstrip() in _FENCE_ENDS), 0)
    yaml_lines = lines[1:end]
    first_line = next((line for line in yaml_lines if line.strip() and not line.startswith("#")), "")
    if lines[0].rstrip() != _FENCE or not end or not _YAML_KEY.match(first_line):
        return FrontMatter(text)
    body = text[sum(len(line) + 1 for line in lines[: end + 1]) :]
    return replace(_parse_front_matter("\n".join(yaml_lines)), body=body)


def parse_metadata(values: Mapping[str, object]) -> StatedMetadata:
    """Check stated values. Fields have English and Chinese names; any other name is a user-defined facet.

    Empty values are ignored. A value that cannot be used yields a warning, and the field is left to detection.
    """
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
        warnings.append(f"topics: {_format_value(field_values['topics'])} is not text or a list of texts")
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
            warnings.append(f"{key}: {_format_value(values[key])} is not {expected}")
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
    document_values = {
        name: value for name, value in values.items() if name not in _PARAGRAPH_FIELDS and name not in _DERIVED_FIELDS
    }
    facets = values.get("facets")
    if isinstance(facets, dict):
        document_values = {**{str(name): value for name, value in facets.items()}, **document_values}
    document = parse_metadata(document_values)
    section = values.get("section")
    texts = {name: _parse_texts(values.get(name)) for name in ("number", "path", "topics", "topic")}
    problems = [
        f"{name}: {_format_value(values[name])} is not text or a list of texts"
        for name, parsed in texts.items()
        if parsed is None
    ]
    if section is not None and section not in SECTIONS:
        problems.append(f"section: {_format_value(section)} is none of {' '.join(SECTIONS)}")
    numbers = texts["number"] or ()
    paragraph = ParagraphMetadata(
        number=numbers[0] if numbers else None,
        path=texts["path"] or (),
        section=section if isinstance(section, str) and section in SECTIONS else None,
        topics=(texts["topics"] or texts["topic"] or ())[:_MAX_TOPICS],
    )
    return paragraph, replace(document, warnings=(*document.warnings, *problems))


@dataclass(frozen=True, slots=True)
class MetadataTable:
    """A metadata.csv, checked."""

    rows: Mapping[str, StatedMetadata]
    """Metadata by file name in the corpus."""
    problems: tuple[str, ...] = ()
    """Lines that cannot be used: `line 4: no file name`."""


def read_metadata_table(text: str, folder: str, names: Collection[str]) -> MetadataTable:
    """Read a metadata.csv in `folder`, the folder's name in the corpus (empty for the corpus itself).

    The first column named `file` (`文件`, `文件名` …) contains the path of a file relative to that folder. The file
    must be one of `names`. A column `text` (`正文列`) contains the name of the text column of the file. Columns
    are separated by commas, tabs or semicolons.
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
    """Return the name in the corpus of the file of a row, or else the problem with it. A blank row has neither."""
    if not any(cell.strip() for cell in row):
        return "", ""
    path = row[file_column].strip().replace("\\", "/") if file_column < len(row) else ""
    if not path:
        return "", "no file name"
    name = normpath(join(folder, path))
    if path.startswith("/") or name == ".." or name.startswith("../"):
        return "", f"{path} is outside the corpus"
    return name, ""


def _parse_front_matter(text: str) -> FrontMatter:
    """Parse front matter: a mapping whose values are scalars or lists of scalars. Every scalar is a string.

    The text is parsed in one pass. It cannot run code, because tags are not applied. Aliases cannot multiply its
    values, because anchors are not expanded. Values such as numbers of documents stay as written (007, 2024-01, no).
    """
    import yaml  # noqa: PLC0415 - most files have no front matter

    try:
        # The C loader crashes on deep nesting. This pure-Python loader only takes time quadratic in the depth.
        return _FrontMatterParser(yaml.parse(text, Loader=yaml.BaseLoader)).read()
    except yaml.MarkedYAMLError as error:
        location = f" at line {error.problem_mark.line + 2}" if error.problem_mark else ""
        return _invalid_front_matter(f"not YAML{location}: {error.problem or 'cannot be read'}")
    except (yaml.YAMLError, RecursionError, ValueError):
        return _invalid_front_matter("not YAML that can be read")


def _invalid_front_matter(problem: str) -> FrontMatter:
    return FrontMatter("", {}, (f"front matter: {problem}",))


class _FrontMatterParser:
    """Reads a mapping from the events of a YAML parser."""

    def __init__(self, events: Iterator[Any]) -> None:
        self._events = events
        self._unsupported = ""
        """Unsupported construct in the current entry, such as `an anchor`; empty if there is none."""

    def read(self) -> FrontMatter:
        """Return the mapping as `values`, with a warning for each entry that is not supported."""
        import yaml  # noqa: PLC0415 - as in `_parse_front_matter`

        event = next(
            event for event in self._events if not isinstance(event, (yaml.StreamStartEvent, yaml.DocumentStartEvent))
        )
        if not isinstance(event, yaml.MappingStartEvent):
            return _invalid_front_matter("not YAML in the form `name: value`")
        self._check_supported(event)
        values: dict[str, object] = {}
        warnings: list[str] = []
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            line = event.start_mark.line + 2
            key = self._read_value(event)
            value = self._read_value(next(self._events))
            if isinstance(key, str) and not self._unsupported:
                values[key] = value
            else:
                name = f" ({_format_value(key)})" if isinstance(key, str) else ""
                warnings.append(
                    f"front matter: line {line}{name}: {self._unsupported or 'a key that is not a scalar'} is not read"
                )
            self._unsupported = ""
            if len(values) + len(warnings) > _MAX_STATEMENTS:
                return _invalid_front_matter(f"more than {_MAX_STATEMENTS} names")
        return FrontMatter("", values, tuple(warnings))

    def _read_value(self, event: Any, depth: int = 0) -> object:  # noqa: ANN401 - the parser has no types
        """Return the value that begins with `event`: a string, a list, or None for an alias."""
        import yaml  # noqa: PLC0415 - as in `_parse_front_matter`

        self._check_supported(event)
        if isinstance(event, yaml.ScalarEvent):
            return str(event.value)
        if isinstance(event, yaml.AliasEvent):
            return None
        if depth == _MAX_FRONT_MATTER_DEPTH:
            raise ValueError
        if depth or isinstance(event, yaml.MappingStartEvent):
            self._unsupported = self._unsupported or "a nested value"
        ends = (yaml.SequenceEndEvent, yaml.MappingEndEvent)
        items: list[object] = []
        while not isinstance(item := next(self._events), ends):
            items.append(self._read_value(item, depth + 1))
        return items

    def _check_supported(self, event: Any) -> None:  # noqa: ANN401 - as above
        """Record an anchor, alias or tag of the event as unsupported."""
        if event.anchor:
            self._unsupported = self._unsupported or "an anchor"
        elif getattr(event, "tag", None):
            self._unsupported = self._unsupported or "a tag"


def _is_empty(value: object) -> bool:
    return value is None or value in ([], {}) or (isinstance(value, str) and value.strip() in {"", "~", "null"})


def _scalar_text(value: object) -> str | None:
    """Return a scalar as one line of text; None for a list, a mapping or a text that is too long."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, (str, int, float)):
        return None
    text = " ".join(remove_invisible(str(value)).split())
    return text if len(text) <= _MAX_SCALAR_LENGTH else None


def _parse_texts(value: object) -> tuple[str, ...] | None:
    """Return one text or a list of texts as a tuple; None for other values."""
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
    return None if isinstance(value, bool) else _scalar_text(value) or None


def _parse_year(value: object) -> int | None:
    match = _YEAR_FORMAT.fullmatch(_parse_text(value) or "")
    year = int(match[1]) if match else 0
    return year if MIN_REPORT_YEAR <= year <= MAX_REPORT_YEAR else None


def _parse_date(value: object) -> str | None:
    match = _DATE_FORMAT.match(_parse_text(value) or "")
    try:
        return date(*map(int, filter(None, match.groups()))).isoformat() if match else None
    except ValueError:
        return None


def _parse_url(value: object) -> str | None:
    text = _parse_text(value) or ""
    return text if re.match(r"https?://\S+$", text) else None


_FIELD_PARSERS = {"year": _parse_year, "published": _parse_date, "source": _parse_url}
_EXPECTED_VALUES = {
    "year": f"a year from {MIN_REPORT_YEAR} to {MAX_REPORT_YEAR}",
    "published": "a date such as 2024-01-31",
    "source": "an address that begins with http:// or https://",
}


def _parse_region(values: Mapping[str, object]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the stated region and the problems with it.

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
        return (), (f"{key}: {_format_value(values[key])} is not the name of a place or a list of names",)
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
    return gazetteer().resolve(path)


def _facet_problem(name: str, value: object) -> str:
    """Return why `name` with `value` cannot be a facet; empty if it can."""
    quoted = _format_value(name)
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
        return f"{quoted}: {_format_value(value)} is not a single value of at most {_MAX_FACET_VALUE_LENGTH} characters"
    return ""


def _format_value(value: object) -> str:
    """Return a value quoted for a message: short and on one line."""
    text = value if isinstance(value, str) else repr(value)[:_MAX_SCALAR_LENGTH]
    text = UNSAFE_IN_NAMES.sub(" ", text)
    return repr(text if len(text) <= _MAX_FACET_NAME_LENGTH else text[:_MAX_FACET_NAME_LENGTH] + "…")
