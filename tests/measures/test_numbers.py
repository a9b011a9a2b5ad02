"""Numbers with more than digits: compounds (1亿2000万), signs, 千分之五, round numbers (十几万), factors (10⁸)."""

from __future__ import annotations

from decimal import Decimal

import pytest
from extracting import measures
from hypothesis import given
from hypothesis import strategies as st

from searchkit.measures.extractor import Extractor
from searchkit.measures.numbers import find_numbers

SCALES = {"": 1, "千": 10**3, "万": 10**4, "百万": 10**6, "千万": 10**7, "亿": 10**8, "万亿": 10**12}


@pytest.mark.parametrize(
    ("text", "value", "unit"),
    [
        ("税收收入1亿2000万元。", 120000000, "元"),
        ("罚款3万5千元。", 35000, "元"),
        ("产煤3亿6千万吨。", 360000000, "吨"),
        ("总投资12亿3千万元。", 1230000000, "元"),
        ("发放补贴2亿零50万元。", 200500000, "元"),
        ("年产家具3万零500件。", 30500, "件"),
        ("规模达8万8千8百元。", 88800, "元"),
        ("培训学员1千零1人。", 1001, "人"),
        ("拨付资金1千2百万元。", 12000000, "元"),
        ("拨付资金2千零30万元。", 20300000, "元"),
        ("存款余额3万5千亿元。", 3500000000000, "元"),
        ("产值达3亿六千万元。", 360000000, "元"),
        ("建成公路2万5千公里。", 25000, "公里"),
        ("共收入500万3千元。", 5003000, "元"),
        # in Chinese numerals
        ("产值一亿二千万元。", 120000000, "元"),
        ("受理申请一千零十二件。", 1012, "件"),
        ("安置群众一百零十万三千人。", 1103000, "人"),
        ("储备黄金三十两。", 30, "两"),
    ],
)
def test_the_parts_of_a_compound_are_one_number(extractor: Extractor, text: str, value: float, unit: str) -> None:
    """1亿2000万元 is one measure, of 120,000,000 元."""
    (measure,) = measures(extractor, text)
    assert (measure.base_value, measure.base_unit, measure.bound) == (value, unit, "exact")


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("免费为680万65岁以上老人体检。", [6800000, 65]),
        ("7万亿、8万亿、9万亿三个台阶。", [7 * 10**12, 8 * 10**12, 9 * 10**12]),
        ("3500万三晋儿女。", [35000000]),
        ("新增1万5万2万人。", [10000, 50000, 20000]),
        ("达到20万2023年增长5%。", [200000, 5]),
        ("投资1.5亿2000万元。", [150000000, 20000000]),
    ],
)
def test_adjacent_numbers_are_separate(extractor: Extractor, text: str, values: list[float]) -> None:
    """A numeral continues the one before it only if it can be the smaller part of the same number: 680万65 is two."""
    assert [measure.base_value for measure in measures(extractor, text)] == values


def test_the_value_of_a_compound_has_its_largest_scale(extractor: Extractor) -> None:
    """1亿2000余万元 has the value 1.2 and the unit 亿元."""
    (measure,) = measures(extractor, "投资1亿2000余万元。")
    assert (measure.value, measure.unit, measure.bound) == (1.2, "亿元", "at_least")


@given(st.integers(1, 9999), st.integers(1, 9999), st.sampled_from([("亿", "万"), ("万", "")]))
def test_any_compound_is_the_sum_of_its_parts(high: int, low: int, scales: tuple[str, str]) -> None:
    """The value is the sum of both parts.

    The text has 零 before a second part of fewer than four digits (3亿零50万).
    """
    first, second = scales
    gap = "" if low >= 1000 else "零"
    (number,) = find_numbers(f"共{high}{first}{gap}{low}{second}件")
    assert number.value == high * SCALES[first] + low * SCALES[second]


@pytest.mark.parametrize(
    ("text", "value", "unit", "change"),
    [
        ("增长-2.1%。", -2.1, "%", "increase"),
        ("工业增加值同比增长－3.5％。", -3.5, "%", "increase"),
        ("增速为负2.3%。", -2.3, "%", "increase"),
        ("商品零售价格涨幅为-1.8%。", -1.8, "%", "increase"),
        ("进口额下降-2.1%。", -2.1, "%", "decrease"),
        ("负增长3.9%。", 3.9, "%", "decrease"),
        ("出口额负增长16.5%。", 16.5, "%", "decrease"),
        ("负增长率为3.9%。", 3.9, "%", "decrease"),
        ("净利润为负12.5亿元。", -1250000000, "元", None),
        ("利润总额-3.2亿元。", -320000000, "元", None),
        ("净资产收益率 -2.34%。", -2.34, "%", None),
        ("营业收入增减 （-2.34%）。", -2.34, "%", None),
        ("人口自然增长率为-0.48‰。", -0.48, "‰", None),
        ("最低气温零下12℃。", -12, "℃", None),
        ("最低气温零下五度。", -5, "度", None),
        ("最低气温-12℃。", -12, "℃", None),
        ("净增人口-2万人。", -20000, "人", None),
        # no signs
        ("减负30亿元。", 3000000000, "元", None),
        ("企业税负56.6亿元。", 5660000000, "元", None),
        ("担负任务3项。", 3, "项", None),
        ("负债总额12.5亿元。", 1250000000, "元", None),
        ("长江-12.5米深水航道。", 12.5, "米", None),
        ("误差率正负5%。", 5, "%", None),
    ],
)
def test_a_printed_sign_is_kept(extractor: Extractor, text: str, value: float, unit: str, change: str | None) -> None:
    """A minus sign, 负 or 零下 before a number makes its value negative.

    负 at the end of another word (减负, 税负, 正负) and a hyphen in a name (长江-12.5米深水航道) are no signs. `change`
    depends on the word for the change, not on the sign: 增长-2.1% is an increase of -2.1%. 负增长3.9% is a decrease of
    3.9%.
    """
    (measure,) = measures(extractor, text)
    assert (measure.base_value, measure.base_unit, measure.change) == (value, unit, change)


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("增长6%-7%。", [6]),
        ("增长6-7%。", [6]),
        ("检查100人-200人。", [100]),
        ("检查100 - 200人。", [100]),
        ("F-35型和C-123件。", []),
        ("第一季度-3件。", [3]),
        ("推行1+3+5件。", []),
        ("“互联网+5件”。", []),
        ("增长+5.2%。", [5.2]),
        ("收入 5699227.63 -16.55%。", [-16.55]),
        ("收入 1234 -5.6% 3.2%。", [-5.6, 3.2]),
    ],
)
def test_a_hyphen_is_not_a_sign_after_a_number_or_a_letter(
    extractor: Extractor, text: str, values: list[float]
) -> None:
    """After a number, also with its unit (100人-200人, 第一季度-3件), and after a letter (F-35), a hyphen is no sign.

    After a blank and directly before a number, a hyphen is a sign. A plus before a number does not change its value,
    and the numbers in 1+3+5件 and “互联网+5件” count nothing.
    """
    assert [measure.base_value for measure in measures(extractor, text)] == values


@pytest.mark.parametrize(
    ("text", "value", "unit"),
    [
        ("死亡率千分之6.5。", 6.5, "‰"),
        ("死亡率千分之六点五。", 6.5, "‰"),
        ("税率千分之五。", 5, "‰"),
        ("占百分之十二点五。", 12.5, "%"),
        ("占百分之零点五。", 0.5, "%"),
        ("占百分之5。", 5, "%"),
        ("误差万分之三。", 0.03, "%"),
        ("费率万分之2.5。", 0.025, "%"),
        ("死亡率十万分之二十。", 0.02, "%"),
        ("含量百万分之五。", 0.0005, "%"),
        ("含量万万分之七。", 0.000007, "%"),
        ("比例一千分之三。", 3, "‰"),
        ("合格率百分之百。", 100, "%"),
    ],
)
def test_a_part_of_a_power_of_ten_is_a_percentage(extractor: Extractor, text: str, value: float, unit: str) -> None:
    """百分之 is %, 千分之 is ‰. Parts per 10,000 or more are converted to %: 万分之三 is 0.03%."""
    (measure,) = measures(extractor, text)
    assert (measure.base_value, measure.base_unit, measure.kind) == (pytest.approx(value), unit, "percent")


@pytest.mark.parametrize("text", ["占五百分之二。", "占二百分之一件。", "占三分之五千件。", "占1又二分之一件。"])
def test_other_denominators_are_not_percentages(extractor: Extractor, text: str) -> None:
    """A fraction whose denominator is not a power of ten is not a percentage, and its numerator is not a measure."""
    assert measures(extractor, text) == []


@pytest.mark.parametrize(
    ("text", "value", "unit", "bound"),
    [
        ("二十几万人受益。", 200000, "人", "at_least"),
        ("引进企业十几家。", 10, "家", "at_least"),
        ("十余家企业参加。", 10, "家", "at_least"),
        ("百余户群众参加。", 100, "户", "at_least"),
        ("惠及群众千余户。", 1000, "户", "at_least"),
        ("投入资金千余万元。", 10000000, "元", "at_least"),
        ("投入资金5千余万元。", 50000000, "元", "at_least"),
        ("投入资金2亿5千余万元。", 250000000, "元", "at_least"),
        ("投入资金十余万亿元。", 10000000000000, "元", "at_least"),
        ("发动群众万余人次。", 10000, "人次", "at_least"),
        ("培训干部百多人。", 100, "人", "at_least"),
        ("近千人参加。", 1000, "人", "approx"),
        ("参加人数近百人。", 100, "人", "approx"),
        ("投入资金近千万元。", 10000000, "元", "approx"),
        ("约百人参加。", 100, "人", "approx"),
        ("参加人数不足百人。", 100, "人", "at_most"),
        ("上千名群众参加。", 1000, "名", "at_least"),
        ("超百家企业参加。", 100, "家", "at_least"),
        ("固定资产投资突破万亿元。", 1000000000000, "元", "at_least"),
        ("走访群众几百户。", 100, "户", "at_least"),
        ("几十家企业参加。", 10, "家", "at_least"),
        ("赤字一百几十亿元。", 11000000000, "元", "at_least"),
        ("三百几十人参加。", 310, "人", "at_least"),
        ("新增岗位数千个。", 1000, "个", "at_least"),
        ("受益群众一百零几万人。", 1000000, "人", "at_least"),
        ("满意率百分之九十几。", 90, "%", "at_least"),
    ],
)
def test_a_round_number_has_a_bound(extractor: Extractor, text: str, value: float, unit: str, bound: str) -> None:
    """A number with 几, 余, 多 or 数 has the bound at_least.

    A bare multiplier (千) is a number only with such a word (千余户) or after a word of a bound (近千人, 不足百人).
    """
    (measure,) = measures(extractor, text)
    assert (measure.base_value, measure.base_unit, measure.bound) == (value, unit, bound)


@pytest.mark.parametrize(
    "text",
    [
        *(
            "百姓生活改善。",
            "千家企业行动。",
            "附近百姓参加。",
            "近百年历史。",
            "近百分点。",
            "万家灯火。",
            "人数百姓。",
        ),
        *(
            "超百亿元企业名单。",
            "年产值上亿元的企业名单。",
            "四五十家企业。",
            "经济总量迈上万亿元台阶。",
            "通过千人计划。",
        ),
    ],
)
def test_other_multipliers_count_nothing(extractor: Extractor, text: str) -> None:
    """A multiplier in a word (百姓), a name (千人计划) or a class of things (超百亿元企业) is not a measure."""
    assert measures(extractor, text) == []


@pytest.mark.parametrize(
    ("text", "value"),
    [("发电量3×10⁸千瓦时。", 300000000), ("发电量10⁸千瓦时。", 10**8), ("发电量1.5 × 10³千瓦时。", 1500)],
)
def test_a_power_of_ten_is_a_factor(extractor: Extractor, text: str, value: float) -> None:
    """The superscript after 10 is an exponent: 3×10⁸ is 300,000,000."""
    (measure,) = measures(extractor, text)
    assert (measure.base_value, measure.base_unit) == (value, "千瓦时")


@given(st.text(st.sampled_from("0129.,-−负零下几数余多百千万亿一二十两点分之%⁰³×·第 元件上近约"), max_size=30))
def test_numbers_do_not_overlap(text: str) -> None:
    """The numbers of any text are ordered from left to right, do not overlap, and have finite values."""
    position = 0
    for number in find_numbers(text):
        assert position <= number.start < number.end <= len(text)
        assert isinstance(number.value, Decimal)
        assert number.value.is_finite()
        position = number.end
