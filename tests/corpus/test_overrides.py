"""Stated metadata: front matter, metadata.csv, fields of records."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from searchkit.corpus.frontmatter import FrontMatter, split_front_matter
from searchkit.corpus.overrides import (
    StatedMetadata,
    parse_metadata,
    parse_record,
    read_metadata_table,
)


def test_front_matter_is_split_off() -> None:
    """Front matter is removed with its fences, the lines `---`, and every scalar is returned as written (007)."""
    front_matter = split_front_matter(
        "---\ntitle: 报告\nyear: 2023\nnumber: 007\nregion: [浙江省, 台州市]\n---\n正文\n"
    )
    assert front_matter == FrontMatter(
        "正文\n", {"title": "报告", "year": "2023", "number": "007", "region": ["浙江省", "台州市"]}
    )


@pytest.mark.parametrize(
    "text",
    [
        "正文\n---\na: b\n---\n",
        "---\n正文\n---\n",
        "---\na: b\n",
        "----\na: b\n---\n",
        "---\n各位代表：现在\n---\n正文",
        "---\n",
        "",
        "---",
    ],
)
def test_other_text_is_not_front_matter(text: str) -> None:
    """Fences below other text, of four dashes, without a closing fence or around lines without keys are text.

    各位代表：现在 is not a key, because its colon is Chinese.
    """
    assert split_front_matter(text) == FrontMatter(text)


@pytest.mark.parametrize(
    "inside",
    [
        "title: 'a",
        "a: [1",
        "a: b: c",
        "a: " + "[" * 20_000,
        "a: &x [*x, *x]\nb: *y",
        "a: !!python/object:os.system [ls]",
    ],
)
def test_bad_front_matter_is_a_warning(inside: str) -> None:
    """Front matter that is malformed, or has an anchor or a tag, is removed from the text, with a warning."""
    front_matter = split_front_matter(f"---\n{inside}\n---\n正文")
    assert front_matter.body == "正文"
    assert front_matter.warnings or parse_metadata(front_matter.values).warnings


def test_anchors_tags_and_nested_values_are_not_read() -> None:
    """Unsupported entries yield warnings; the entries around them are read."""
    steps = "\n".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 30))
    front_matter = split_front_matter(
        f"---\ntitle: 报告\na0: &a0 [x]\n{steps}\nb: !!python/name:os.system x\nc: {{d: 1}}\ne: [[f]]\ng: 2\n---\n正文"
    )
    assert (front_matter.body, front_matter.values) == ("正文", {"title": "报告", "g": "2"})
    assert len(front_matter.warnings) == 33
    assert front_matter.warnings[0] == "front matter: line 3 ('a0'): an anchor is not read"
    assert [warning.partition(": ")[2] for warning in front_matter.warnings[-3:]] == [
        "line 33 ('b'): a tag is not read",
        "line 34 ('c'): a nested value is not read",
        "line 35 ('e'): a nested value is not read",
    ]


@pytest.mark.parametrize(
    ("inside", "reason"),
    [
        ("a: " + "[" * 60_000, "not YAML that can be read"),
        ("a: " + "{a: " * 15_000, "not YAML that can be read"),
        ("\n".join(f"n{n}: v" for n in range(2000)), "more than 1000 names"),
    ],
)
def test_front_matter_is_limited(inside: str, reason: str) -> None:
    """Front matter that is nested too deeply or has too many names is ignored, with a warning."""
    assert split_front_matter(f"---\n{inside}\n---\n正文") == FrontMatter("正文", {}, (f"front matter: {reason}",))


def test_fields_have_english_and_chinese_names() -> None:
    """Every field can be stated in both languages, and values are converted to their types."""
    english = parse_metadata(
        {
            "title": " 年度 报告 ",
            "year": 2023,
            "date": "2024-01-03 11:10",
            "issuer": "市卫健局",
            "agency": "卫生健康局",
            "region": "浙江省/台州市/临海市",
            "doctype": "报告",
            "doc_number": "临卫〔2024〕1号",
            "index_number": "A-1",
            "source": "https://a.cn/1",
        }
    )
    chinese = parse_metadata(
        {
            "标题": "年度 报告",
            "年份": "2023年",
            "发布日期": "2024年1月3日",
            "发布机构": "市卫健局",
            "机关": "卫生健康局",
            "省": "浙江省",
            "市": "台州市",
            "区县": "临海市",
            "文种": "报告",
            "文号": "临卫〔2024〕1号",
            "索引号": "A-1",
            "来源": "https://a.cn/1",
        }
    )
    assert english == chinese
    assert english.fields == {
        "title": "年度 报告",
        "year": 2023,
        "published": "2024-01-03",
        "issuer": "市卫健局",
        "agency": "卫生健康局",
        "region": ("浙江省", "台州市", "临海市"),
        "doctype": "报告",
        "doc_number": "临卫〔2024〕1号",
        "index_number": "A-1",
        "source": "https://a.cn/1",
    }
    assert (english.facets, english.warnings) == ({}, ())


@pytest.mark.parametrize(
    ("name", "field", "value", "stated"),
    [
        ("标题", "title", "报告", "报告"),
        ("题名", "title", "报告", "报告"),
        ("年度", "year", "2023年度", 2023),
        ("年 份", "year", "2023", 2023),
        ("年份（报告）", "year", "2023", 2023),
        ("日期", "published", "2024/1/5", "2024-01-05"),
        ("发布时间", "published", "20240105", "2024-01-05"),
        ("发文机关", "issuer", "市司法局", "市司法局"),
        ("部门", "agency", "司法局", "司法局"),
        ("单位", "agency", "司法局", "司法局"),
        ("地区", "region", "湖南长沙", ("湖南省", "长沙市")),
        ("行政区划", "region", "福建省/福州市/鼓楼区", ("福建省", "福州市", "鼓楼区")),
        ("省份", "region", "湖南", ("湖南省",)),
        ("地市", "region", "长沙", ("湖南省", "长沙市")),
        ("县区", "region", "临海市", ("浙江省", "台州市", "临海市")),
        ("文种", "doctype", "政府工作报告", "政府工作报告"),
        ("报告类型", "doctype", "政府工作报告", "政府工作报告"),
        ("发文字号", "doc_number", "临卫〔2024〕1号", "临卫〔2024〕1号"),
        ("网址", "source", "https://a.cn/1", "https://a.cn/1"),
        ("Title", "title", "报告", "报告"),
        ("YEAR", "year", "2023", 2023),
    ],
)
def test_common_names_mean_fields(name: str, field: str, value: str, stated: object) -> None:
    """Usual names of columns, in Chinese or English, mean the built-in fields.

    White space, case and a remark in brackets are ignored.
    """
    assert parse_metadata({name: value}) == StatedMetadata({field: stated})


@pytest.mark.parametrize(
    ("name", "value", "topics"),
    [
        ("主题", "行政执法", ("行政执法",)),
        ("topic", "行政执法", ("行政执法",)),
        ("主题词", "行政执法、普法宣传；行政执法", ("行政执法", "普法宣传")),
        ("topics", ["行政执法", "普法宣传"], ("行政执法", "普法宣传")),
        ("主题", "甲, 乙|丙/丁", ("甲", "乙", "丙")),
        ("主题", "、", ()),
    ],
)
def test_topics_are_a_list_or_a_text_with_separators(name: str, value: object, topics: tuple[str, ...]) -> None:
    """Stated topics are a list or a text with separators. Repeated ones and those after the third are dropped.

    They do not become a user-defined facet.
    """
    assert parse_metadata({name: value}) == StatedMetadata(topics=topics)


def test_bad_topics_are_a_warning() -> None:
    """Topics that are not text yield a warning."""
    assert parse_metadata({"主题": {"a": "b"}}).warnings == ("topics: \"{'a': 'b'}\" is not text or a list of texts",)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("year", "20x3"),
        ("year", 1948),
        ("year", 2101),
        ("year", True),
        ("year", [2023]),
        ("year", 2023.5),
        ("published", "2023-02-30"),
        ("published", "去年"),
        ("source", "天津日报"),
        ("title", ["a"]),
        ("title", {"a": "b"}),
        ("region", {"a": "b"}),
        ("region", ["浙江省", 3]),
        ("region", [[]]),
        ("district", ["a"]),
        ("title", "长" * 2000),
    ],
)
def test_bad_values_are_warnings(name: str, value: object) -> None:
    """A value that cannot be used yields one short warning, and the field counts as not stated."""
    metadata = parse_metadata({name: value})
    assert not metadata.fields
    assert not metadata.facets
    (warning,) = metadata.warnings
    assert warning.startswith(f"{name}: ")
    assert len(warning) < 200


@pytest.mark.parametrize("value", [None, "", "  ", "~", "null", [], {}])
def test_empty_values_are_ignored(value: object) -> None:
    """An empty value, also in the writings ~ and null, states nothing."""
    assert parse_metadata({"year": value, "mine": value}) == StatedMetadata()


@pytest.mark.parametrize(
    ("values", "region"),
    [
        ({"district": "滨海新区"}, ("天津市", "滨海新区")),
        ({"city": "台州市", "district": "临海市"}, ("浙江省", "台州市", "临海市")),
        ({"province": "天津市", "city": "天津市", "district": "滨海新区"}, ("天津市", "滨海新区")),
        ({"region": ["福建省", "福州市", "鼓楼区"]}, ("福建省", "福州市", "鼓楼区")),
        ({"region": "无此省/无此市"}, ("无此省", "无此市")),
    ],
)
def test_unambiguous_places_are_completed(values: dict[str, object], region: tuple[str, ...]) -> None:
    """A place with one meaning is completed from the province down; an unknown one is kept as stated."""
    metadata = parse_metadata(values)
    assert (metadata.fields, metadata.warnings) == ({"region": region}, ())


def test_an_ambiguous_place_is_kept_with_a_warning() -> None:
    """鼓楼区 alone is kept as stated, and the warning says what to do."""
    metadata = parse_metadata({"district": "鼓楼区"})
    assert metadata.fields == {"region": ("鼓楼区",)}
    assert "from the province down" in metadata.warnings[0]


def test_region_takes_precedence_over_district() -> None:
    """If region and district differ, the region is used and a warning says so."""
    assert not parse_metadata({"region": "天津市/滨海新区", "district": "滨海新区"}).warnings
    metadata = parse_metadata({"region": "天津市/滨海新区", "district": "东丽区"})
    assert metadata.fields["region"] == ("天津市", "滨海新区")
    assert metadata.warnings[0].startswith("district: 东丽区")


def test_other_names_are_facets() -> None:
    """Any other name is a user-defined facet. Scalars become text."""
    metadata = parse_metadata({"批次": "第一批", "checked": True, "Score": 3, "part": 1.5})
    assert metadata.facets == {"批次": "第一批", "checked": "true", "Score": "3", "part": "1.5"}


@pytest.mark.parametrize("name", ["sha256", "section", "paragraphs", "ID", "path", "a\nb", "x" * 41, "a=b", "a:b"])
def test_names_that_cannot_be_facets(name: str) -> None:
    """Built-in names, control characters, long names and reserved characters are refused."""
    metadata = parse_metadata({name: "v"})
    assert not metadata.facets
    assert len(metadata.warnings) == 1
    assert "\n" not in metadata.warnings[0]


@pytest.mark.parametrize("value", [["a", "b"], {"a": "b"}, "长" * 201])
def test_a_facet_has_one_short_value(value: object) -> None:
    """Lists, mappings and long texts yield warnings."""
    assert not parse_metadata({"mine": value}).facets
    assert len(parse_metadata({"mine": value}).warnings) == 1


def test_override_takes_precedence_field_by_field() -> None:
    """For each field and facet, the overriding value is used if there is one, otherwise the overridden value.

    The same holds for the topics. The warnings of both are kept.
    """
    lower = StatedMetadata({"year": 2021, "title": "甲"}, {"a": "1", "b": "1"}, ("low",))
    upper = StatedMetadata({"year": 2022}, {"b": "2"}, ("up",), ("普法宣传",))
    assert upper.override(lower) == StatedMetadata(
        {"year": 2022, "title": "甲"}, {"a": "1", "b": "2"}, ("low", "up"), ("普法宣传",)
    )
    assert lower.override(upper).topics == ("普法宣传",)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@given(
    st.dictionaries(
        st.sampled_from(
            ["year", "年份", "date", "region", "省", "district", "title", "source", "topics", "path", "facets"]
        )
        | st.text(),
        json_values,
    )
)
def test_any_values_are_accepted(values: dict[str, object]) -> None:
    """No value raises an exception.

    Names and values of facets, and warnings, contain no character below U+0020, and no field is empty.
    """
    _, metadata = parse_record(values)
    assert not any(
        ord(char) < 32 for text in (*metadata.facets, *metadata.facets.values(), *metadata.warnings) for char in text
    )
    assert not any(not value for value in metadata.fields.values())


def test_records_state_metadata_of_their_paragraph() -> None:
    """Section, topics, path and number of a record are used; its derived fields (`n`, `measures`) are ignored."""
    paragraph, document = parse_record(
        {
            "n": 3,
            "measures": 2,
            "section": "计划",
            "topics": ["行政执法"],
            "path": ["下一步", "执法"],
            "number": "1.",
            "facets": {"批次": "一"},
        }
    )
    assert (paragraph.section, paragraph.topics, paragraph.path, paragraph.number) == (
        "计划",
        ("行政执法",),
        ("下一步", "执法"),
        "1.",
    )
    assert (document.facets, document.warnings) == ({"批次": "一"}, ())


def test_bad_parts_of_a_record_are_warnings() -> None:
    """An unknown section and a topic that is not text yield warnings."""
    paragraph, document = parse_record({"section": "无", "topic": {"a": 1}})
    assert (paragraph.section, paragraph.topics) == (None, ())
    assert [warning.split(":")[0] for warning in document.warnings] == ["topic", "section"]


@pytest.mark.parametrize("delimiter", [",", "\t", ";"])
def test_rows_of_a_table_state_metadata_of_files(delimiter: str) -> None:
    """Rows name files relative to the table's folder; the other columns are metadata."""
    rows = [("文件", "年份", "批次"), ("a.txt", "2023", "一"), ("./x/b.md", "", "二")]
    text = "".join(delimiter.join(row) + "\n" for row in rows) + "\n"
    table = read_metadata_table(text, "sub", {"sub/a.txt", "sub/x/b.md"})
    assert table.rows == {
        "sub/a.txt": StatedMetadata({"year": 2023}, {"批次": "一"}),
        "sub/x/b.md": StatedMetadata({}, {"批次": "二"}),
    }
    assert table.problems == ()


@pytest.mark.parametrize("name", ["文件", "文件名", "文件路径", "路径", "File", "filename", "文 件"])
def test_the_column_of_the_file_has_many_names(name: str) -> None:
    """The column with the names of the files is recognised by any of its names, Chinese or English."""
    table = read_metadata_table(f"年份,{name},地区\n2023,a.txt,湖南长沙\n", "", {"a.txt"})
    assert table.rows == {"a.txt": StatedMetadata({"year": 2023, "region": ("湖南省", "长沙市")})}


def test_unusable_lines_of_a_table_are_reported() -> None:
    """Lines that cannot be used are reported by number; the others are used."""
    table = read_metadata_table(
        "file,year\n../x.txt,2023\n,2023\n/etc/a.txt,1\na.txt,2023\na.txt,2024\n..\\b.txt,1\nc.txt,1\n", "", {"a.txt"}
    )
    assert list(table.rows) == ["a.txt"]
    assert [problem.split(":")[0] for problem in table.problems] == [f"line {n}" for n in (2, 3, 4, 6, 7, 8)]


def test_a_table_without_a_file_column_is_a_problem() -> None:
    """A table without a column of file names is reported as a problem."""
    assert read_metadata_table("name,year\na,1\n", "", {"a"}).problems == ("line 1: no column `file`",)
    assert read_metadata_table("", "", ()).problems == ("line 1: no column `file`",)


def test_a_huge_cell_is_a_problem() -> None:
    """An error of the csv module is a problem, not an exception."""
    table = read_metadata_table('file,a\nb.txt,1\nc.txt,"' + "x" * 200_000 + '"\n', "", {"b.txt", "c.txt"})
    assert list(table.rows) == ["b.txt"]
    assert table.problems[0].startswith("line 3: ")


def test_tables_are_limited() -> None:
    """A table with too many columns is ignored. After too many bad lines, the rest of a table is ignored."""
    wide = read_metadata_table("file," + ",".join(f"n{n}" for n in range(5000)) + "\na.txt,1\n", "", {"a.txt"})
    assert (wide.rows, wide.problems) == ({}, ("line 1: 5001 columns: more than 1000 are not read",))
    long = read_metadata_table("file,year\na.txt,2023\n" + "b.txt,2023\n" * 5000, "", {"a.txt"})
    assert (len(long.rows), len(long.problems)) == (1, 1001)
    assert long.problems[-1] == "line 1002: too many problems: the rest is not read"


@given(st.text(alphabet='file,a.txt/\n"\t;文件年份2023'))
def test_any_text_is_accepted_as_a_table(text: str) -> None:
    """No text raises an exception."""
    read_metadata_table("file,年份\n" + text, "x", {"x/a.txt"})
