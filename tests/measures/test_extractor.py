"""Measures as a whole: places, order and values of any text, numbers read back, and time that grows with the text."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from searchkit.measures.extractor import Extractor
from searchkit.measures.vocabulary import Vocabulary
from searchkit.model import BOUNDS, CHANGES, KINDS, ExtractedMeasure, Paragraph
from searchkit.text.folding import fold
from searchkit.text.numerals import find_numerals

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
WORDS = [*MENTIONS.split(), "\n"]
PART = st.lists(st.sampled_from(WORDS), max_size=12, unique=True).map("".join)
REPORT = st.lists(PART, max_size=4).map("".join)
ANY_TEXT = st.text(st.characters(exclude_categories=[]))
MIXED = st.lists(PART | st.text(st.characters(exclude_categories=[]), max_size=3), max_size=6).map("".join)


def measures(text: str, **fields: object) -> tuple[ExtractedMeasure, ...]:
    """Give the measures of one paragraph."""
    (found,) = EXTRACTOR.extract([Paragraph("r#1", "r", 1, text, **fields)])  # type: ignore[arg-type]
    return found


def cost(text: str) -> float:
    """Give the seconds of computing that one paragraph takes."""
    started = time.process_time()
    measures(text)
    return time.process_time() - started


def in_chinese(number: int, *, is_first: bool = True) -> str:
    """Print 1 to 10**12 - 1 in Chinese: the largest step first, 零 where a step is skipped."""
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
def test_the_printer(number: int, printed: str) -> None:
    """The slow printer that the other tests rely on prints as reports do."""
    assert in_chinese(number) == printed


@given(st.integers(1, 10**11), st.sampled_from(["户次", "人次", "元", "亩"]))
@settings(max_examples=200)
def test_numbers_are_read_back(number: int, unit: str) -> None:
    """A number in Arabic, with separators, in full width or in Chinese is the same base value in the same unit."""
    forms = [f"{number}{unit}", f"{number:,}{unit}"]
    forms += [form.translate(FULL_WIDTH) for form in forms]
    for printed in (*forms, in_chinese(number) + unit):
        text = f"其他项目总计{printed}，已经公示。"
        (measure,) = measures(text)
        assert (measure.base_value, measure.base_unit, measure.bound) == (number, unit, "exact"), text
        assert text[measure.start : measure.end].endswith(printed), text


@given(st.integers(1, 9999), st.sampled_from(["", "5", "25", "05"]))
def test_percentages_are_read_back(whole: int, decimals: str) -> None:
    """% and 百分之 say the same."""
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
@settings(max_examples=200)
def test_decimals_are_read_back(whole: int, part: int, scale: str) -> None:
    """Digits behind the point are kept in Arabic, full width and Chinese, with 万 and 亿 in the unit."""
    decimals = f"{part:04}"
    arabic = f"{whole}.{decimals}{scale}元"
    han = f"{in_chinese(whole)}点{''.join(DIGITS[int(digit)] for digit in decimals)}{scale}元"
    power = {"": 1, "万": 10**4, "亿": 10**8}[scale]
    for printed in (arabic, arabic.translate(FULL_WIDTH), han):
        (measure,) = measures(f"其他支出总计{printed}。")
        assert (measure.value, measure.unit, measure.base_unit) == (float(f"{whole}.{decimals}"), f"{scale}元", "元")
        assert measure.base_value == pytest.approx(measure.value * power, rel=1e-12)


@given(REPORT | MIXED | ANY_TEXT, st.lists(REPORT, max_size=2), st.none() | st.integers(1949, 2030))
@settings(max_examples=600)
def test_measures_of_any_text(text: str, path: list[str], year: int | None) -> None:
    """No text fails. Measures are in order, lie in the text, begin at places of their own, and have known words."""
    found = measures(text, path=tuple(path), title="年度报告", year=year)
    starts = [measure.start for measure in found]
    assert starts == sorted(set(starts))
    for measure in found:
        assert 0 <= measure.start < measure.end <= len(text)
        assert measure.bound in BOUNDS
        assert measure.kind in KINDS
        assert measure.change is None or measure.change in CHANGES
        assert measure.period is None or measure.period in text
        assert measure.part_of is None or measure.part_of in starts
        assert measure.part_of != measure.start


@given(REPORT | MIXED)
@settings(max_examples=600)
def test_quotes_hold_their_numbers(text: str) -> None:
    """The words from start to end hold the digits of the value; those of a statement of zero say so."""
    for measure in measures(text):
        quote = fold(text[measure.start : measure.end])
        if measure.zero:
            assert quote.startswith(("无", "没有", "未", "零"))
            assert measure.indicator
        elif measure.unit is None and measure.kind == "other":
            assert "分之" in quote or "/" in quote
        else:
            assert measure.value in {float(numeral.printed) for numeral in find_numerals(quote)}


@given(REPORT | MIXED)
@settings(max_examples=600)
def test_base_values_are_values_times_the_scale(text: str) -> None:
    """93.7182万元 is 93.7182 times what 万元 has to 元, for every measure."""
    for measure in measures(text):
        if measure.unit is None:
            assert (measure.base_value, measure.base_unit) == (measure.value, None)
        else:
            scale, base = VOCABULARY.base(measure.unit)
            assert measure.base_unit == (base or None)
            assert measure.base_value == pytest.approx(measure.value * scale, rel=1e-12)


@given(st.lists(REPORT, max_size=4))
def test_paragraphs_do_not_depend_on_each_other(texts: list[str]) -> None:
    """The paragraphs of a document give what each of them gives alone, one tuple for each."""
    paragraphs = [Paragraph(f"r#{n}", "r", n, text) for n, text in enumerate(texts, 1)]
    assert EXTRACTOR.extract(paragraphs) == [measures(text) for text in texts]


@given(REPORT, REPORT)
def test_sentences_do_not_depend_on_what_follows(text: str, more: str) -> None:
    """What a sentence says does not change when another one is put behind it, outside of quotes and brackets."""
    text, more = (part.translate(dict.fromkeys(map(ord, "“”《》（）\n"))) for part in (text, more))
    alone = measures(f"{text}。")
    assert measures(f"{text}。{more}。")[: len(alone)] == alone


SLOW = [
    "保持在",
    "约",
    *(
        "、",
        "“",
        "为",
        "达到",
        "由",
        "由年",
        "从2年",
        "由期”",
        "的",
        "（",
        "每月",
        "了",
        "对",
        "共",
        "共计",
        "至",
        "分别",
    ),
    *("开展了", "在", "以上", "累计", " ", "\n", "\t", "近三年，甲5件、", "比上年增5件，", "“甲”5件，", "2020年5件、"),
]
FAST = [
    *(
        "一",
        "0",
        "，",
        "无",
        "年",
        "。",
        "；",
        "：",
        "”",
        "《",
        "》",
        "）",
        "〔",
        "增",
        "比",
        "自",
        "等",
        "并",
        "件",
        "万",
        "亿",
    ),
    *(
        "百",
        "千",
        "点",
        "甲",
        "a",
        "é",
        "😀",
        "1,234",
        "1.",
        "5—",
        "5%",
        "5件",
        "5件、",
        "5件和",
        "5件，",
        "甲5件；",
        "三个",
        "三分之",
    ),
    *(
        "百分之",
        "一点五",
        "2020年",
        "2020年至",
        "甲率、",
        "甲率、乙率达5%，",
        "其中甲5件，",
        "未发生",
        "没有案件",
        "，无",
        "无案件，",
        "截至",
    ),
    *(
        "审查",
        "向甲发送",
        "开展甲",
        "甲工作",
        "甲等5件，",
        "《甲》5件",
        "（1）",
        "5A",
        "5m2",
        "双随机",
        "一是",
        "（一）",
        "第5",
        "1/2",
        "5-6",
    ),
]


MAX_LENGTH = 5
"""Seconds of computing that a paragraph may take."""


@pytest.mark.parametrize("piece", FAST)
def test_long_runs_end(piece: str) -> None:
    """A damaged file can hold a long run of anything; a paragraph of it, as long as they get, takes little time."""
    assert cost((piece * 20_000)[:20_000]) < MAX_LENGTH
    assert cost(f"甲5件{(piece * 20_000)[:20_000]}甲5件。") < MAX_LENGTH


@pytest.mark.parametrize("piece", SLOW)
def test_long_runs_of_words_end(piece: str) -> None:
    """The same for runs of what rules look for before a number."""
    assert cost(f"{(piece * 20_000)[:20_000]}甲5件。") < MAX_LENGTH


@pytest.mark.parametrize(
    "sentence",
    [
        "全年监督检查312户次，立案21起，罚没款12.5万元，合格率、办结率均达98%，同比提高2.3个百分点。",
        "检查餐饮单位80家次、商场35家次、学校26所、",
        "共受理举报350件，其中食品210件，药品96件，价格44件，",
        "我局无败诉案件，未发生安全事故，",
    ],
)
def test_time_grows_with_the_text(sentence: str) -> None:
    """A text twice as long takes about twice the time, whether it has many sentences or one without an end."""
    times = 10_000 // len(sentence)
    once, twice = (min(cost(sentence * n) for _ in range(3)) for n in (times, 2 * times))
    assert twice < 3 * once
