"""Recognition of numbers: a table of printed forms, and random numbers in Arabic digits and Chinese numerals."""

from __future__ import annotations

import time
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from searchkit.text.folding import fold
from searchkit.text.numerals import Numeral, find_numerals, format_plain, format_scale, number_across, parse_han_numeral

DIGITS = "零一二三四五六七八九"
FULL_WIDTH = str.maketrans("0123456789.,%", "０１２３４５６７８９．，％")
SCALES = {"": 1, "千": 10**3, "百万": 10**6, "千万": 10**7, "万": 10**4, "亿": 10**8, "万亿": 10**12}
ANY_TEXT = st.text(st.characters(exclude_categories=[]))
NUMERIC_TEXT = st.text(st.sampled_from("0129０５.．,，% ％点零〇一二两三四五九十百千万亿余多分之年米件\n"), max_size=30)


def find(text: str) -> list[tuple[str, str]]:
    """Return the numbers in a text as printed, each with its value."""
    return [(text[numeral.start : numeral.end], format_plain(numeral.value)) for numeral in find_numerals(text)]


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        # Arabic
        ("办案129件", [("129", "129")]),
        ("１２９件", [("１２９", "129")]),
        ("937,182元和1,234,567.89元", [("937,182", "937182"), ("1,234,567.89", "1234567.89")]),
        ("９３７，１８２元", [("９３７，１８２", "937182")]),
        ("增长0.50倍", [("0.50", "0.5")]),
        ("007", [("007", "7")]),
        ("1,23和1,2345和1234,567", [(n, n) for n in ("1", "23", "1", "2345", "1234", "567")]),
        # scales
        ("93.7182万元", [("93.7182万", "937182")]),
        ("９３．７１８２万元", [("９３．７１８２万", "937182")]),
        ("1.5亿和2万亿", [("1.5亿", "150000000"), ("2万亿", "2000000000000")]),
        ("5千人、3百万、2千万", [("5千", "5000"), ("3百万", "3000000"), ("2千万", "20000000")]),
        ("3余万人、20多亿元", [("3余万", "30000"), ("20多亿", "2000000000")]),
        ("5千余万元、3百多亿元", [("5千余万", "50000000"), ("3百多亿", "30000000000")]),
        ("5千余人、3百多户", [("5千", "5000"), ("3百", "300")]),
        ("2千米、3千克、5千瓦", [("2", "2"), ("3", "3"), ("5", "5")]),
        ("提高3百分点", [("3", "3")]),
        # percentages
        ("98.5%和９８．５％", [("98.5%", "98.5"), ("９８．５％", "98.5")]),
        ("100 %", [("100 %", "100")]),
        ("百分之九十八点五", [("百分之九十八点五", "98.5")]),
        ("百分之百", [("百分之百", "100")]),
        ("百分之一百二十", [("百分之一百二十", "120")]),
        # Chinese, with multipliers
        ("一百二十九件", [("一百二十九", "129")]),
        ("十件、十五件、二十件", [("十", "10"), ("十五", "15"), ("二十", "20")]),
        ("两千零五十人", [("两千零五十", "2050")]),
        ("三十两", [("三十", "30")]),
        ("百分之两", [("百分之两", "2")]),
        ("三点两", [("三点两", "3.2")]),
        ("三万五千户", [("三万五千", "35000")]),
        ("一百二、一万二", [("一百二", "120"), ("一万二", "12000")]),
        ("壹佰贰拾叁元", [("壹佰贰拾叁", "123")]),
        ("五百万、三万亿、十余万", [("五百万", "5000000"), ("三万亿", "3000000000000"), ("十余万", "100000")]),
        ("一亿三千万", [("一亿三千万", "130000000")]),
        ("一億三千萬", [("一億三千萬", "130000000")]),
        ("十二亿三千四百五十六万元", [("十二亿三千四百五十六万", "1234560000")]),
        ("一亿零五万", [("一亿零五万", "100050000")]),
        # Chinese, digit by digit
        ("二〇二三年、二零二三年", [("二〇二三", "2023"), ("二零二三", "2023")]),
        ("五二九点零七亿", [("五二九点零七亿", "52907000000")]),
        ("三点一四", [("三点一四", "3.14")]),
        # not numbers
        ("三四十个、百姓、万众同心、亿万", []),
        ("三五成群、一二三", []),
        ("法治政府", []),
        ("", []),
        # surrounding text
        ("1.2024年", [("1", "1"), ("2024", "2024")]),
        ("１．２０２４年", [("１", "1"), ("２０２４", "2024")]),
        ("1.2件", [("1.2", "1.2")]),
        ("33，212", [("33，212", "33212")]),
        ("12 万元", [("12 万", "120000")]),
        ("百分之5", [("百分之5", "5")]),
        ("检查12，345万元", [("12，345万", "123450000")]),
        ("由12，345.5%", [("12，345.5%", "12345.5")]),
        ("2023年1月，3件", [("2023", "2023"), ("1", "1"), ("3", "3")]),
    ],
)
def test_printed_forms_are_recognised(text: str, numbers: list[tuple[str, str]]) -> None:
    """The numbers of each text are found as printed, with their values. Other numerals (三四十个) are not found."""
    assert find(text) == numbers


@given(st.integers(0, 10**9), st.integers(0, 4), st.data())
def test_arabic_numbers_are_recognised(number: int, places: int, data: st.DataObject) -> None:
    """A number is found in plain form, with thousands separators, in full width, with a scale (20余万) or with %."""
    value = Decimal(number).scaleb(-places)
    printed = data.draw(st.sampled_from([f"{value:f}", f"{value:,f}"]))
    scale = data.draw(st.sampled_from(sorted(SCALES)))
    sign = data.draw(st.sampled_from(["", "%"])) if not scale else ""
    more = data.draw(st.sampled_from(["", "余", "多"])) if scale and scale[-1] in "万亿" else ""
    if data.draw(st.booleans()):
        printed, sign = printed.translate(FULL_WIDTH), sign.translate(FULL_WIDTH)
    myriads = scale.lstrip("百千")  # 万, 亿 or 万亿, before which 余 stands: 5千余万
    numeral = _find_only(printed + scale.removesuffix(myriads) + more + myriads + sign)
    assert numeral.value == value * SCALES[scale]
    assert (numeral.unscaled, numeral.scale) == (format_plain(value), SCALES[scale])
    assert (numeral.is_percent, numeral.is_han) == (bool(sign), False)


@given(st.integers(0, 10**9), st.data())
@settings(max_examples=100)
def test_chinese_numbers_are_recognised(number: int, data: st.DataObject) -> None:
    """A number is found in Chinese numerals, with 两 for 二, 〇 for 零, and in formal or traditional characters."""
    printed = to_chinese(number)
    decimals = data.draw(st.text(st.sampled_from("0123456789"), max_size=3))
    if decimals:
        printed += "点" + "".join(DIGITS[int(digit)] for digit in decimals)
    writing = data.draw(
        st.sampled_from(
            [("", ""), ("零", "〇"), ("一二三四五六七八九十百千", "壹贰叁肆伍陆柒捌玖拾佰仟"), ("万亿点", "萬億點")]
        )
    )
    printed = printed.translate(str.maketrans(*writing))
    if data.draw(st.booleans()):
        printed = _with_liang(printed)
    of_hundred = data.draw(st.sampled_from(["", "百分之"]))
    numeral = _find_only(of_hundred + printed)
    assert numeral.value == Decimal(f"{number}.{decimals or 0}")
    assert (numeral.is_percent, numeral.is_han) == (bool(of_hundred), True)


@given(st.integers(1000, 10**9), st.booleans())
def test_chinese_digits_without_multipliers_are_parsed(number: int, has_circle: bool) -> None:  # noqa: FBT001
    """Digits without multipliers are a number, with 零 or the circle 〇 for zero, unless they count up (一二三四)."""
    printed = "".join(DIGITS[int(digit)] for digit in str(number))
    value = parse_han_numeral(printed.replace("零", "〇") if has_circle else printed)
    assert value == (None if str(number) in "123456789" else number)


@given(ANY_TEXT | NUMERIC_TEXT)
@settings(max_examples=150)
def test_any_text_is_accepted(text: str) -> None:
    """Numbers come from left to right, do not overlap, are inside the text, finite and not negative."""
    position = 0
    for numeral in find_numerals(text):
        assert position <= numeral.start < numeral.end <= len(text)
        position = numeral.end
        assert numeral.value.is_finite()
        assert numeral.value >= 0
        assert numeral.digits == format_plain(numeral.value)


@given(ANY_TEXT | NUMERIC_TEXT)
@settings(max_examples=150)
def test_the_fields_of_a_number_do_not_depend_on_its_context(text: str) -> None:
    """A number has the same fields, except its span, by itself as in its text. So its fields can be cached."""
    for numeral in find_numerals(text):
        (alone,) = find_numerals(text[numeral.start : numeral.end])
        assert alone == numeral._replace(start=0, end=numeral.end - numeral.start)


@given(st.lists(NUMERIC_TEXT | ANY_TEXT | st.sampled_from(("万千瓦", "1.2024年", "千字节")), max_size=4).map("".join))
@settings(max_examples=150)
def test_the_number_across_a_position_is_found(text: str) -> None:
    """`number_across` returns the span of the number that begins before a position and ends after it, or None."""
    folded = fold(text)
    spans = [(numeral.start, numeral.end) for numeral in find_numerals(text)]
    for position in range(len(folded) + 1):
        crossing = [(start, end) for start, end in spans if start < position < end]
        assert [number_across(folded, position)] == (crossing or [None])


@pytest.mark.parametrize(
    "text",
    [
        "五二九" * 2_000,
        "一" * 5_000,
        "9" * 5_000 + "万",
        "1" * 1_000_001,
        "三点" + "一四" * 5_000,
        "一" + "亿" * 1_000,
        "1,111" * 20_000,
        "百分之" * 20_000,
        "1." * 20_000,
    ],
    ids=lambda text: f"{text[:4]}…{len(text)}",
)
def test_long_numbers_are_accepted(text: str) -> None:
    """Finding numbers of any length and computing their values does not fail."""
    for numeral in find_numerals(text):
        assert format_plain(numeral.value)


@pytest.mark.parametrize("text", ["亿" * 100_000, "一" + "亿" * 100_000, "零" * 100_000, "十" * 100_000, "1,1" * 9_999])
def test_long_runs_are_fast(text: str) -> None:
    """A very long run of numerals, as in a damaged file, takes less than two seconds."""
    start = time.process_time()
    for _ in find_numerals(text):
        pass
    assert time.process_time() - start < 2


@given(st.integers(10**15, 10**60), st.sampled_from(["", "万", "万亿"]))
def test_long_numbers_keep_all_digits(number: int, scale: str) -> None:
    """The value of a long number has all printed digits."""
    values = [numeral.value for numeral in find_numerals(f"编号{number}{scale}。")]
    assert values == [number * SCALES[scale]]


@given(st.decimals(-(10**15), 10**15, allow_nan=False, allow_infinity=False))
def test_plain_notation_has_no_exponent(value: Decimal) -> None:
    """`format_plain` returns the same number without exponent and without zeros at the end of the decimals."""
    text = format_plain(value)
    assert set(text) <= set("-0123456789.")
    assert Decimal(text) == value
    assert "." not in text or text[-1] not in "0."


@pytest.mark.parametrize(
    ("value", "text"),
    [("937182.0000", "937182"), ("93.7182", "93.7182"), ("1E+2", "100"), ("1E-7", "0.0000001"), ("100", "100")],
)
def test_plain_examples(value: str, text: str) -> None:
    """Zeros at the end of an integer stay, and zeros at the end of decimals are removed."""
    assert format_plain(Decimal(value)) == text


@pytest.mark.parametrize("characters", ["三四", "一二三", "百", "千", "二十三十", "一十百", "零百", "三四十", "十百"])
def test_ill_formed_numerals_are_none(characters: str) -> None:
    """Enumerations (三四), multipliers alone or after 零, and multipliers that do not descend are not numbers.

    Neither are two digits before a multiplier (三四十).
    """
    assert parse_han_numeral(characters) is None


def to_chinese(number: int) -> str:
    """Return a number below 10**12 in Chinese numerals, in groups of four digits.

    One 零 stands for the zeros between two digits of a group, or at the beginning of any group but the first.
    """
    if number == 0:
        return "零"
    printed = ""
    for scale, name in ((10**8, "亿"), (10**4, "万"), (1, "")):
        group = number // scale % 10**4
        if group:
            printed += ("零" if printed and group < 1000 else "") + _group_to_chinese(group) + name
    return printed.removeprefix("一") if printed.startswith("一十") else printed


def _group_to_chinese(number: int) -> str:
    """Return a number from 1 to 9999 in Chinese numerals."""
    printed = ""
    is_skipping = False
    for multiplier, name in ((1000, "千"), (100, "百"), (10, "十"), (1, "")):
        digit = number // multiplier % 10
        if digit:
            printed += ("零" if is_skipping and printed else "") + DIGITS[digit] + name
        is_skipping = not digit
    return printed


@pytest.mark.parametrize(("text", "scale"), SCALES.items())
def test_a_scale_is_formatted_as_written(text: str, scale: int) -> None:
    """`format_scale` returns 万 for 10**4 and 千万 for 10**7."""
    assert format_scale(scale) == text


def _with_liang(printed: str) -> str:
    """Replace 二 by 两 before 百, 千, 万 and 亿, also in their formal and traditional forms."""
    for multiplier in "百千万亿佰仟萬億":
        printed = printed.replace("二" + multiplier, "两" + multiplier)
    return printed


def _find_only(printed: str) -> Numeral:
    """Return the only number found in a sentence with a printed number. Assert that its span is the printed number."""
    text = f"共计{printed}。"
    (numeral,) = find_numerals(text)
    assert text[numeral.start : numeral.end] == printed
    return numeral
