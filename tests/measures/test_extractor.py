"""The extractor on arbitrary text: offsets, order and values of measures, round trips of numbers, and running time."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from searchkit.measures.extractor import Extractor
from searchkit.measures.numbers import find_numbers
from searchkit.measures.spacing import compact
from searchkit.measures.vocabulary import Vocabulary
from searchkit.model import ExtractedMeasure, Paragraph
from searchkit.names import MEASURE_BOUNDS, MEASURE_CHANGES, MEASURE_KINDS
from searchkit.text.folding import fold

EXTRACTOR = Extractor.load()
VOCABULARY = Vocabulary.load()
FULL_WIDTH = str.maketrans("0123456789.,", "０１２３４５６７８９．，")
DIGITS = "零一二三四五六七八九"
MENTIONS = (
    "全年 累计 共 共计 其中 包括 分别 分别为 均达 达到 增加到 同比 比上年 较去年 增长 下降 提高 减少 约 近 "
    "超过 不足 以上 以下 左右 余 多 监督检查 立案 处罚 受理 办结 罚款 执法人员 群众 合格率 办结率 满意度 面积 "
    "收入 培训班 开展 完成 组织 每月 近三年 2022年 2023年 自2021年以来 上半年 无 未发生 没有 零 安全事故 "
    "败诉案件 确保 如 件 户次 人次 万元 亿元 % 个 个百分点 期 次 年 天 小时 公里 倍 个月 12 3.5 1,234 ８６ 100 "
    "5 四 两 二十 百分之 三分之一 一百二十万 点五 万 亿 百 千 1/3 5—8 3∶1 第 第三 “ ” 《 》 （ ） 〔2022〕 "
    "、 ， 。 ； ： ！ 和 及 与 的 了 为 是 有 在 对 由 从 到 至 并 等 一是 1. （一） 双随机 三项制度 24小时 "
    "5A级"
)
"""Words of reports that the rules of extraction distinguish, separated by blanks."""
WORDS = [*MENTIONS.split(), "\n"]
# A part consists of words of reports, a report of parts. A mixed text also contains a few arbitrary characters.
PART = st.lists(st.sampled_from(WORDS), max_size=12, unique=True).map("".join)
REPORT = st.lists(PART, max_size=4).map("".join)
ANY_TEXT = st.text(st.characters(exclude_categories=[]))
MIXED = st.lists(PART | st.text(st.characters(exclude_categories=[]), max_size=3), max_size=6).map("".join)


def measures(text: str, **fields: object) -> tuple[ExtractedMeasure, ...]:
    """Return the measures of one paragraph."""
    (result,) = EXTRACTOR.extract([Paragraph("r#1", "r", 1, text, **fields)])  # type: ignore[arg-type]
    return result


def cpu_seconds(text: str) -> float:
    """Return the CPU time that the extraction of one paragraph takes."""
    started = time.process_time()
    measures(text)
    return time.process_time() - started


def in_chinese(number: int, *, is_first: bool = True) -> str:
    """Format 1 to 10**12 - 1 as a Chinese numeral: the largest step first, 零 where a step is skipped.

    `is_first` says that nothing is printed before, so that 10 to 19 begin with 十 instead of 一十.
    """
    if number < 10:
        return DIGITS[number]
    steps = ((10**8, "亿"), (10**4, "万"), (1000, "千"), (100, "百"), (10, "十"))
    step, name = next(pair for pair in steps if number >= pair[0])
    head, rest = divmod(number, step)
    printed = ("" if is_first and number < 20 else in_chinese(head, is_first=is_first)) + name
    gap = "零" if rest < step // 10 else ""
    return printed + gap + in_chinese(rest, is_first=False) if rest else printed


@pytest.mark.parametrize(
    ("number", "printed"),
    [
        (5, "五"),
        (10, "十"),
        (15, "十五"),
        (110, "一百一十"),
        (205, "二百零五"),
        (1015, "一千零一十五"),
        (20345, "二万零三百四十五"),
        (120000, "十二万"),
        (350000000, "三亿五千万"),
        (100050000, "一亿零五万"),
        (200100000, "二亿零一十万"),
    ],
)
def test_numbers_are_formatted_in_chinese(number: int, printed: str) -> None:
    """`in_chinese`, which other tests use, formats numbers as reports do."""
    assert in_chinese(number) == printed


@given(st.integers(1, 10**11), st.sampled_from(["户次", "人次", "元", "亩"]))
@settings(max_examples=80)
def test_all_forms_of_an_integer_are_equal(number: int, unit: str) -> None:
    """A number in Arabic digits, with separators, in full width or in Chinese has the same base value and unit."""
    forms = [f"{number}{unit}", f"{number:,}{unit}"]
    forms += [form.translate(FULL_WIDTH) for form in forms]
    for printed in (*forms, in_chinese(number) + unit):
        text = f"其他项目总计{printed}，已经公示。"
        (measure,) = measures(text)
        assert (measure.base_value, measure.base_unit, measure.bound) == (number, unit, "exact"), text
        assert text[measure.start : measure.end].endswith(printed), text


@given(st.integers(1, 9999), st.sampled_from(["", "5", "25", "05"]))
def test_all_forms_of_a_percentage_are_equal(whole: int, decimals: str) -> None:
    """A percentage with %, full-width ％ or 百分之, in Arabic digits or in Chinese, is the same measure."""
    value = f"{whole}.{decimals or 0}"
    han = f"百分之{in_chinese(whole)}" + ("点" + "".join(DIGITS[int(digit)] for digit in decimals) if decimals else "")
    for printed in (f"{value}%", f"{value}%".translate(FULL_WIDTH), f"{value} ％", f"百分之{value}", han):
        (measure,) = measures(f"合格率为{printed}。")
        assert (measure.value, measure.unit, measure.base_value, measure.kind) == (
            float(value),
            "%",
            float(value),
            "percent",
        )


@given(st.integers(1, 9999), st.integers(1, 9999), st.sampled_from(["", "万", "亿"]))
@settings(max_examples=80)
def test_all_forms_of_a_decimal_are_equal(whole: int, part: int, scale: str) -> None:
    """No decimal of a number in Arabic digits, in full width or in Chinese is lost. 万 and 亿 are part of the unit."""
    decimals = f"{part:04}"
    arabic = f"{whole}.{decimals}{scale}元"
    han = f"{in_chinese(whole)}点{''.join(DIGITS[int(digit)] for digit in decimals)}{scale}元"
    power = {"": 1, "万": 10**4, "亿": 10**8}[scale]
    for printed in (arabic, arabic.translate(FULL_WIDTH), han):
        (measure,) = measures(f"其他支出总计{printed}。")
        assert (measure.value, measure.unit, measure.base_unit) == (float(f"{whole}.{decimals}"), f"{scale}元", "元")
        assert measure.base_value == pytest.approx(measure.value * power, rel=1e-12)


@given(REPORT | MIXED | ANY_TEXT, st.lists(REPORT, max_size=2), st.none() | st.integers(1949, 2030))
@settings(max_examples=200)
def test_invariants_hold_for_any_text(text: str, path: list[str], year: int | None) -> None:
    """No text raises an exception.

    Measures are sorted by distinct starts within the text, and their fields have valid values.
    """
    result = measures(text, path=tuple(path), title="年度报告", year=year)
    starts = [measure.start for measure in result]
    assert starts == sorted(set(starts))
    for measure in result:
        assert 0 <= measure.start < measure.end <= len(text)
        assert measure.bound in MEASURE_BOUNDS
        assert measure.kind in MEASURE_KINDS
        assert measure.change is None or measure.change in MEASURE_CHANGES
        assert measure.period is None or measure.period in text
        assert measure.part_of is None or measure.part_of in starts
        assert measure.part_of != measure.start


@given(REPORT | MIXED)
@settings(max_examples=200)
def test_quotes_contain_their_numbers(text: str) -> None:
    """A quote contains the number of its measure.

    The quote of a statement of zero starts with a negation. The quote of a fraction without a unit contains 分之 or a
    slash.
    """
    source = compact(text, fold(text))
    numbers = {(source.original_start(number.start), float(number.unscaled)) for number in find_numbers(source.folded)}
    for measure in measures(text):
        quote = fold(text[measure.start : measure.end])
        if measure.zero:
            assert quote.startswith(("无", "没有", "未", "零"))
            assert measure.indicator
        elif measure.unit is None and measure.kind == "other":
            assert "分之" in quote or "/" in quote
        else:
            assert any(measure.start <= start < measure.end and value == measure.value for start, value in numbers)


@given(REPORT | MIXED)
@settings(max_examples=200)
def test_the_base_value_is_the_value_times_the_scale(text: str) -> None:
    """93.7182万元 is 93.7182 times the scale of 万元 in 元."""
    for measure in measures(text):
        if measure.unit is None:
            assert (measure.base_value, measure.base_unit) == (measure.value, None)
        else:
            scale, base = VOCABULARY.split_scale(measure.unit)
            assert measure.base_unit == (base or None)
            assert measure.base_value == pytest.approx(measure.value * scale, rel=1e-12)


@given(st.lists(REPORT, max_size=4))
def test_paragraphs_are_independent(texts: list[str]) -> None:
    """Extracting several paragraphs returns the same measures as extracting each of them alone."""
    paragraphs = [Paragraph(f"r#{n}", "r", n, text) for n, text in enumerate(texts, 1)]
    assert EXTRACTOR.extract(paragraphs) == [measures(text) for text in texts]


@given(REPORT, REPORT)
def test_sentences_are_independent_of_later_ones(text: str, more: str) -> None:
    """Sentences that are appended to a text do not change the measures of the text.

    Neither the text nor the appended sentences contain “”, 《》, （） or line breaks.
    """
    text, more = (part.translate(dict.fromkeys(map(ord, "“”《》（）\n"))) for part in (text, more))
    alone = measures(f"{text}。")
    assert measures(f"{text}。{more}。")[: len(alone)] == alone


BEFORE_NUMBER = [
    "保持在", "约", "、", "“", "为", "达到", "由", "由年", "从2年", "由期”", "的", "（", "每月", "了", "对", "共",
    "共计", "至", "分别", "开展了", "在", "以上", "累计", " ", "\n", "\t", "近三年，甲5件、", "比上年增5件，",
    "“甲”5件，", "2020年5件、",
]  # fmt: skip
"""Words and clauses that the rules search for before a number."""
ANYWHERE = [
    "一", "0", "，", "无", "年", "。", "；", "：", "”", "《", "》", "）", "〔", "增", "比", "自", "等", "并", "件",
    "万", "亿", "百", "千", "点", "甲", "a", "é", "😀", "1,234", "1.", "5—", "5%", "5件", "5件、", "5件和",
    "5件，", "甲5件；", "三个", "三分之", "百分之", "一点五", "2020年", "2020年至", "甲率、", "甲率、乙率达5%，",
    "其中甲5件，", "未发生", "没有案件", "，无", "无案件，", "截至", "审查", "向甲发送", "开展甲", "甲工作",
    "甲等5件，", "《甲》5件", "（1）", "5A", "5m2", "双随机", "一是", "（一）", "第5", "1/2", "5-6",
]  # fmt: skip
"""Characters, words and clauses that begin or end a match of a rule."""


LENGTH, MAX_SECONDS = 10_000, 1.25
"""Length of a paragraph of repetitions, and the maximum CPU time for it, in seconds. The longest possible paragraph has
twice the length, and would take four times as long if the time grew with the square of the length."""


@pytest.mark.parametrize("piece", ANYWHERE)
def test_long_repetitions_are_fast(piece: str) -> None:
    """Damaged files contain long repetitions. A paragraph of them is extracted in little time."""
    assert cpu_seconds((piece * LENGTH)[:LENGTH]) < MAX_SECONDS
    assert cpu_seconds(f"甲5件{(piece * LENGTH)[:LENGTH]}甲5件。") < MAX_SECONDS


@pytest.mark.parametrize("piece", BEFORE_NUMBER)
def test_long_repetitions_before_a_number_are_fast(piece: str) -> None:
    """Long repetitions of words that the rules search for before a number are extracted in little time."""
    assert cpu_seconds(f"{(piece * LENGTH)[:LENGTH]}甲5件。") < MAX_SECONDS


@pytest.mark.parametrize(
    "sentence",
    [
        "全年监督检查312户次，立案21起，罚没款12.5万元，合格率、办结率均达98%，同比提高2.3个百分点。",
        "检查餐饮单位80家次、商场35家次、学校26所、",
        "共受理举报350件，其中食品210件，药品96件，价格44件，",
        "我局无败诉案件，未发生安全事故，",
    ],
)
def test_time_is_linear_in_the_text(sentence: str) -> None:
    """A text of twice the length takes less than three times as long, in many sentences or in a single one."""
    repetitions = 10_000 // len(sentence)
    once, twice = (min(cpu_seconds(sentence * n) for _ in range(3)) for n in (repetitions, 2 * repetitions))
    assert twice < 3 * once
