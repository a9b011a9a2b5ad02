"""What people state: front matter, metadata.csv, fields of records."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from searchkit.corpus.overrides import FrontMatter, Stated, interpret, interpret_record, read_table, split_front_matter


def test_front_matter() -> None:
    """What stands between the fences is taken off the text, every scalar as it was written."""
    found = split_front_matter("---\ntitle: 报告\nyear: 2023\nnumber: 007\nregion: [浙江省, 台州市]\n---\n正文\n")
    assert found == FrontMatter(
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
def test_other_text_is_left_alone(text: str) -> None:
    """A rule at the top, a fence that never closes and Chinese colons are text."""
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
    """What looks like front matter and is not YAML is left out of the text and named; nothing in it runs."""
    found = split_front_matter(f"---\n{inside}\n---\n正文")
    assert found.body == "正文"
    assert found.warnings or interpret(found.values).warnings


def test_front_matter_that_grows_is_cheap() -> None:
    """Anchors, tags and values inside others are left out and named; what stands beside them counts."""
    steps = "\n".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 30))
    found = split_front_matter(
        f"---\ntitle: 报告\na0: &a0 [x]\n{steps}\nb: !!python/name:os.system x\nc: {{d: 1}}\ne: [[f]]\ng: 2\n---\n正文"
    )
    assert (found.body, found.values) == ("正文", {"title": "报告", "g": "2"})
    assert len(found.warnings) == 33
    assert found.warnings[0] == "front matter: line 3 ('a0'): an anchor is not read"
    assert [warning.partition(": ")[2] for warning in found.warnings[-3:]] == [
        "line 33 ('b'): a tag is not read",
        "line 34 ('c'): a value inside another is not read",
        "line 35 ('e'): a value inside another is not read",
    ]


@pytest.mark.parametrize(
    ("inside", "reason"),
    [
        ("a: " + "[" * 60_000, "not YAML that can be read"),
        ("a: " + "{a: " * 15_000, "not YAML that can be read"),
        ("\n".join(f"n{n}: v" for n in range(2000)), "more than 1000 names"),
    ],
)
def test_front_matter_beyond_all_bounds(inside: str, reason: str) -> None:
    """Deep nesting and too many names cost the front matter and next to no time."""
    assert split_front_matter(f"---\n{inside}\n---\n正文") == FrontMatter("正文", {}, (f"front matter: {reason}",))


def test_fields_by_english_and_chinese_names() -> None:
    """Every field can be stated in both languages, and values are put into their types."""
    english = interpret(
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
    chinese = interpret(
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
    """A value that cannot be used leaves the field to detection and names it on one line."""
    stated = interpret({name: value})
    assert not stated.fields
    assert not stated.facets
    (warning,) = stated.warnings
    assert warning.startswith(f"{name}: ")
    assert len(warning) < 200


@pytest.mark.parametrize("value", [None, "", "  ", "~", "null", [], {}])
def test_empty_values_state_nothing(value: object) -> None:
    """An empty cell or a null leaves everything as it is."""
    assert interpret({"year": value, "mine": value}) == Stated()


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
def test_places_are_completed(values: dict[str, object], region: tuple[str, ...]) -> None:
    """A place that can only be one is given from the province down; an unknown one is taken as stated."""
    stated = interpret(values)
    assert (stated.fields, stated.warnings) == ({"region": region}, ())


def test_a_place_with_several_meanings_is_taken_with_a_warning() -> None:
    """鼓楼区 alone stands as stated, and the warning says what to do."""
    stated = interpret({"district": "鼓楼区"})
    assert stated.fields == {"region": ("鼓楼区",)}
    assert "from the province down" in stated.warnings[0]


def test_region_counts_more_than_district() -> None:
    """If both are stated and differ, the region counts and a warning says so."""
    assert not interpret({"region": "天津市/滨海新区", "district": "滨海新区"}).warnings
    stated = interpret({"region": "天津市/滨海新区", "district": "东丽区"})
    assert stated.fields["region"] == ("天津市", "滨海新区")
    assert stated.warnings[0].startswith("district: 东丽区")


def test_facets() -> None:
    """Any other name is a facet of the user's; scalars become text."""
    stated = interpret({"批次": "第一批", "checked": True, "Score": 3, "part": 1.5})
    assert stated.facets == {"批次": "第一批", "checked": "true", "Score": "3", "part": "1.5"}


@pytest.mark.parametrize(
    "name", ["sha256", "topics", "topic", "section", "paragraphs", "ID", "path", "a\nb", "x" * 41, "a=b", "a:b"]
)
def test_names_that_cannot_be_facets(name: str) -> None:
    """Built-in names, control characters, long names and marks of the command line are refused."""
    stated = interpret({name: "v"})
    assert not stated.facets
    assert len(stated.warnings) == 1
    assert "\n" not in stated.warnings[0]


@pytest.mark.parametrize("value", [["a", "b"], {"a": "b"}, "长" * 201])
def test_a_facet_has_one_short_value(value: object) -> None:
    """Lists, mappings and long texts are warnings."""
    assert not interpret({"mine": value}).facets
    assert len(interpret({"mine": value}).warnings) == 1


def test_what_is_put_on_top_counts() -> None:
    """Field by field, the upper statement counts; warnings of both stay."""
    lower = Stated({"year": 2021, "title": "甲"}, {"a": "1", "b": "1"}, ("low",))
    upper = Stated({"year": 2022}, {"b": "2"}, ("up",))
    assert upper.over(lower) == Stated({"year": 2022, "title": "甲"}, {"a": "1", "b": "2"}, ("low", "up"))


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
def test_anything_can_be_stated(values: dict[str, object]) -> None:
    """No statement fails; names and values that come out are clean, warnings are single lines."""
    _, stated = interpret_record(values)
    assert not any(
        ord(char) < 32 for text in (*stated.facets, *stated.facets.values(), *stated.warnings) for char in text
    )
    assert not any(not value for value in stated.fields.values())


def test_records_state_their_paragraph() -> None:
    """Section, topics, path and number of a record are taken over; its counts are not."""
    parts, stated = interpret_record(
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
    assert (parts.section, parts.topics, parts.path, parts.number) == ("计划", ("行政执法",), ("下一步", "执法"), "1.")
    assert (stated.facets, stated.warnings) == ({"批次": "一"}, ())


def test_bad_parts_of_a_record_are_warnings() -> None:
    """A section that does not exist and a topic that is no text are named."""
    parts, stated = interpret_record({"section": "无", "topic": {"a": 1}})
    assert (parts.section, parts.topics) == (None, ())
    assert [warning.split(":")[0] for warning in stated.warnings] == ["topic", "section"]


@pytest.mark.parametrize("mark", [",", "\t", ";"])
def test_table(mark: str) -> None:
    """Rows name their file relative to the table's folder; other columns are statements."""
    text = f"文件{mark}年份{mark}批次\na.txt{mark}2023{mark}一\n./x/b.md{mark}{mark}二\n\n"
    table = read_table(text, "sub", {"sub/a.txt", "sub/x/b.md"})
    assert table.rows == {"sub/a.txt": Stated({"year": 2023}, {"批次": "一"}), "sub/x/b.md": Stated({}, {"批次": "二"})}
    assert table.problems == ()


def test_table_problems() -> None:
    """Lines that cannot be used are named by number, the others count."""
    table = read_table(
        "file,year\n../x.txt,2023\n,2023\n/etc/a.txt,1\na.txt,2023\na.txt,2024\n..\\b.txt,1\nc.txt,1\n", "", {"a.txt"}
    )
    assert list(table.rows) == ["a.txt"]
    assert [problem.split(":")[0] for problem in table.problems] == [f"line {n}" for n in (2, 3, 4, 6, 7, 8)]


def test_table_without_file_column() -> None:
    """A table that names no files is named itself."""
    assert read_table("name,year\na,1\n", "", {"a"}).problems == ("line 1: no column `file`",)
    assert read_table("", "", ()).problems == ("line 1: no column `file`",)


def test_table_with_a_huge_cell() -> None:
    """What the csv module refuses is a problem, not an error."""
    table = read_table('file,a\nb.txt,1\nc.txt,"' + "x" * 200_000 + '"\n', "", {"b.txt", "c.txt"})
    assert list(table.rows) == ["b.txt"]
    assert table.problems[0].startswith("line 3: ")


def test_a_table_beyond_all_bounds() -> None:
    """Too many columns cost the table, too many bad lines the lines after them; nothing grows without limit."""
    wide = read_table("file," + ",".join(f"n{n}" for n in range(5000)) + "\na.txt,1\n", "", {"a.txt"})
    assert (wide.rows, wide.problems) == ({}, ("line 1: 5001 columns: more than 1000 are not read",))
    long = read_table("file,year\na.txt,2023\n" + "b.txt,2023\n" * 5000, "", {"a.txt"})
    assert (len(long.rows), len(long.problems)) == (1, 1001)
    assert long.problems[-1] == "line 1002: the rest is not read, after so many problems"


@given(st.text(alphabet='file,a.txt/\n"\t;文件年份2023'))
def test_table_never_fails(text: str) -> None:
    """Any text is a table of a kind."""
    read_table("file,年份\n" + text, "x", {"x/a.txt"})
