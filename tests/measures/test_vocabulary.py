"""The data files of extraction (shipped, custom and broken ones), and quantities in queries."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from searchkit.errors import UsageError
from searchkit.files import UNITS_FILE
from searchkit.measures.extractor import Extractor
from searchkit.measures.vocabulary import Vocabulary
from searchkit.model import ExtractedMeasure, Paragraph
from searchkit.names import MEASURE_KINDS
from searchkit.text.numerals import parse_quantity

CUSTOM_UNITS = """
[units]
count = "头骆驼 件 个"
money = "铜板"
[vague]
units = "个"
[not_before]
"件" = "夫"
"""


EXCEPTIONS = {"万年", "千分点", "万平米", "万万平米"}
"""Units that `test_every_listed_unit_is_extracted` may miss.

12万年 is not a measure. 千分点 and 万平米 are units that begin with a scale, and 万万平米 has two scales.
`test_a_unit_that_begins_with_a_scale_is_split_as_in_a_text` covers 千分点 and 万平米.
"""


def measures(extractor: Extractor, text: str) -> tuple[ExtractedMeasure, ...]:
    """Return the measures of one paragraph."""
    (result,) = extractor.extract([Paragraph("r#1", "r", 1, text)])
    return result


def listed_units() -> list[tuple[str, str]]:
    """Return the shipped units with their kinds, parsed without a TOML parser."""
    text = UNITS_FILE.read_text(encoding="utf-8").partition("\n[units]\n")[2].partition("\n[vague]\n")[0]
    tables = re.findall(r'^(\w+) = "(?:"")?([^"]*)"', text, re.MULTILINE)
    return [(unit, kind) for kind, units in tables for unit in units.split()]


def test_every_listed_unit_is_extracted() -> None:
    """A number before any listed unit, alone or with 万, is a measure of the kind of that unit.

    `split_scale` splits the unit in the same way. Units of the kind percent are tested without 万. `EXCEPTIONS` lists
    the units that may be missed.
    """
    extractor, vocabulary = Extractor.load(), Vocabulary.load()
    listed = listed_units()
    assert {kind for _, kind in listed} == set(MEASURE_KINDS)
    missed = []
    for unit, kind in listed:
        for prefix, scale in (("", 1),) if kind == "percent" else (("", 1), ("万", 10**4)):
            extracted = measures(extractor, f"平均使用期限延长12{prefix}{unit}。")
            actual = [(measure.unit, measure.base_value, measure.base_unit, measure.kind) for measure in extracted]
            expected = [(prefix + unit, 12 * scale, unit, kind)]
            if actual != expected or vocabulary.split_scale(prefix + unit) != (scale, unit):
                missed.append(prefix + unit)
    assert set(missed) <= EXCEPTIONS


@pytest.mark.parametrize(("unit", "base"), [("千分点", (1, "千分点")), ("万平米", (10**4, "平米"))])
def test_a_unit_that_begins_with_a_scale_is_split_as_in_a_text(unit: str, base: tuple[int, str]) -> None:
    """Extraction and `split_scale` agree on scale and base unit."""
    (measure,) = measures(Extractor.load(), f"共计提高12{unit}。")
    assert Vocabulary.load().split_scale(unit) == base
    assert (measure.base_value, measure.base_unit) == (12 * base[0], base[1])


@pytest.mark.parametrize(
    ("unit", "base"),
    [
        ("元", (1, "元")),
        ("万元", (10**4, "元")),
        ("亿元", (10**8, "元")),
        ("万亿元", (10**12, "元")),
        ("百万元", (10**6, "元")),
        ("千人", (1000, "人")),
        ("千克", (1, "千克")),
        ("万千瓦时", (10**4, "千瓦时")),
        ("万", (10**4, "")),
        ("%", (1, "%")),
        ("％", (1, "%")),
        (" 万元 ", (10**4, "元")),
        ("台（套）", (1, "台(套)")),
        ("不认识", (1, "不认识")),
        ("", (1, "")),
    ],
)
def test_a_unit_is_split_into_scale_and_base_unit(unit: str, base: tuple[int, str]) -> None:
    """千, 万 and 亿 before a unit are a scale (千人, 万元). 千 in 千克 is part of the unit."""
    assert Vocabulary.load().split_scale(unit) == base


@pytest.mark.parametrize(
    ("text", "quantity"),
    [
        ("50", (50, None)),
        ("10万元", (100000, "元")),
        ("１０万元", (100000, "元")),
        ("10 万元", (100000, "元")),
        ("1,000元", (1000, "元")),
        ("二十万元", (200000, "元")),
        ("1.5亿", (150000000, None)),
        ("5%", (5, "%")),
        ("5 ％", (5, "%")),
        ("百分之五", (5, "%")),
        ("-0.5%", (-0.5, "%")),
        ("-3件", (-3, "件")),
        ("  12件  ", (12, "件")),
        ("12万千瓦时", (120000, "千瓦时")),
        ("5千米", (5, "千米")),
        ("3 blue moons", (3, "blue moons")),
    ],
)
def test_a_quantity_in_a_query_is_parsed(text: str, quantity: tuple[float, str | None]) -> None:
    """A number with or without a unit is parsed into its base value, a float, and its base unit."""
    value, unit = parse_quantity(text)
    assert (value, unit) == quantity
    assert isinstance(value, float)


@pytest.mark.parametrize(
    "text",
    [
        *("", "件", "abc", "万元", "-", "5到6件", "5 5", "1万2千元", "5/6", "--5", "半", "①", "9" * 300),
        *[pytest.param(text) for text in ("x5件", "<5", "约5件")],
    ],
)
def test_a_text_that_is_not_a_quantity_is_rejected(text: str) -> None:
    """A text that is not a number with at most one unit, or has too many digits, raises ValueError with an example."""
    with pytest.raises(ValueError, match="10万元"):
        parse_quantity(text)


def test_custom_units_replace_the_list(tmp_path: Path) -> None:
    """With a custom unit list, only its units are found.

    Its tables vague (三个方面) and not_before (件夫) apply.
    """
    path = tmp_path / "custom.toml"
    path.write_text(CUSTOM_UNITS, encoding="utf-8")
    extractor = Extractor.load(units=path)
    extracted = measures(extractor, "买入12头骆驼，付3万铜板，受理案件5件，检查80家，件数12件夫人，落实三个方面。")
    assert [(measure.value, measure.unit, measure.kind) for measure in extracted] == [
        (12, "头骆驼", "count"),
        (3, "万铜板", "money"),
        (5, "件", "count"),
    ]


def test_custom_fixed_names_replace_the_list(tmp_path: Path) -> None:
    """A custom list replaces the shipped one: 24小时 is a measure, 三百户计划 is a name. # starts a comment."""
    path = tmp_path / "names.txt"
    path.write_text("# 名称\n８号小店 三百户计划  # 12个\n", encoding="utf-8")
    text = "8号小店5家，三百户计划，提供24小时服务，中心12个。"
    assert [measure.value for measure in measures(Extractor.load(fixed_names=path), text)] == [5, 24, 12]
    path.write_text("", encoding="utf-8")
    assert [measure.value for measure in measures(Extractor.load(fixed_names=path), text)] == [5, 300, 24, 12]


@pytest.mark.parametrize(
    ("content", "key"),
    [
        (None, "no such file"),
        (b"\xff\xfe\x00", "UTF-8"),
        (b"[units", "TOML"),
        (b"", "units"),
        (b"[units]\n", "units"),
        (b"units = 'a'", "units"),
        (b"[units]\nmass = 'x'", "mass"),
        (b"[units]\ncount = 'a'\n[vague]\nunits = 1", "vague"),
        (b"[units]\ncount = 'a'\n[not_before]\na = 1", "not_before"),
        pytest.param(
            *(b"[units]\ncount = 1", "count"),
        ),
        pytest.param(
            *(b"[units]\ncount = 'a'\n[not_befor]\na = 'b'", "not_befor"),
        ),
    ],
)
def test_a_broken_unit_list_raises_a_usage_error(tmp_path: Path, content: bytes | None, key: str) -> None:
    """The message names the file, and the key or the fault of the file."""
    path = tmp_path / "broken.toml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UsageError, match=r"broken\.toml") as caught:
        Extractor.load(units=path)
    assert key in str(caught.value).replace(str(path), "")


@pytest.mark.parametrize("content", [None, b"\xff\xfe\x00"])
def test_a_broken_list_of_fixed_names_raises_a_usage_error(tmp_path: Path, content: bytes | None) -> None:
    """If the list is missing or not UTF-8, the message of the error names the file."""
    path = tmp_path / "broken.txt"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UsageError, match=r"broken\.txt"):
        Extractor.load(fixed_names=path)


def test_a_byte_order_mark_is_ignored(tmp_path: Path) -> None:
    """Both data files may begin with a byte order mark, which editors on Windows write."""
    (tmp_path / "units.toml").write_bytes(b"\xef\xbb\xbf" + CUSTOM_UNITS.encode())
    (tmp_path / "names.txt").write_bytes(b"\xef\xbb\xbf" + "三百户计划".encode())
    extractor = Extractor.load(tmp_path / "units.toml", tmp_path / "names.txt")
    assert [measure.value for measure in measures(extractor, "三百户计划受理案件5件。")] == [5]
