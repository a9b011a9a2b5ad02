"""Extraction of the numbers, amounts, dimensions, percentages and temperatures of a public suite.

The suite is in a folder next to the checkout, whose README names its source. `suite_excluded.json` lists the cases
that no government report could contain, by file and index, with the reason.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from searchkit.measures.extractor import Extractor
from searchkit.measures.spacing import compact
from searchkit.measures.vocabulary import Vocabulary
from searchkit.model import ExtractedMeasure, Paragraph
from searchkit.text.folding import fold
from searchkit.text.numerals import find_numerals

EXCLUDED = json.loads(Path(__file__).with_name("suite_excluded.json").read_text(encoding="utf-8"))
MIN_RATES = {
    "Currency": 0.95,
    "Dimension": 0.95,
    "Number": 0.95,
    "NumberRange": 0.95,
    "Percent": 0.95,
    "Temperature": 0.95,
}
"""Minimum share of correct cases by class of the suite. Each class is a file, such as CurrencyModel.json."""

UNITS: Mapping[str, Mapping[str | None, float]] = {
    "Chinese yuan": {"元": 1},
    "United States dollar": {"美元": 1},
    "New Taiwan dollar": {"台币": 1, "新台币": 1},
    "Japanese yen": {"日元": 1},
    "Dollar": {"美元": 1},
    "Bitcoin": {"个": 1},
    "Mu": {"亩": 1},
    "Centimeter": {"公分": 1, "cm": 1, "厘米": 1},
    "Meter": {"米": 1, "m": 1},
    "Kilometer": {"千米": 1, "公里": 1},
    "Jin": {"斤": 1},
    "Liang": {"两": 1},
    "Kilogram": {"千克": 1, "公斤": 1},
    "Kilobit": {"千比特": 1, "比特": 0.001},
    "Kilobyte": {"千字节": 1, "字节": 0.001},
    "Megahertz": {"兆赫兹": 1, "兆赫": 1},
    "Kilowatt": {"千瓦": 1},
    "Degree": {"度": 1},
    "C": {"℃": 1, "摄氏度": 1},
    "F": {"℉": 1, "度": 1},
    "%": {"%": 1, "‰": 0.1, "百分点": 1, "成": 10},
}
"""Maps a unit of the suite to the base units that a measure may have, each with the factor from measure to result."""
SHARES: Mapping[str | None, float] = {"%": 0.01, "‰": 0.001}
"""Maps a base unit to the factor from a measure to a result of the class `Number`, which can be 0.05 for 5%."""
_UNITLESS = re.compile(r" ?[-–~到至与]|[余几/]")
"""Matches after a number to which `append_units` appends no unit: the sign or word of a range, whose upper end has the
unit (20~100个, 20到100个), or the rest of the number (20余, 1/3)."""
EXTRACTOR = Extractor.load()
VOCABULARY = Vocabulary.load()


def extract(text: str) -> list[ExtractedMeasure]:
    """Return the measures of one paragraph, except statements of zero."""
    (result,) = EXTRACTOR.extract([Paragraph("r#1", "r", 1, text)])
    return [measure for measure in result if not measure.zero]


def sentence(name: str, case: Mapping[str, Any]) -> str:
    """Return the input of a case as a sentence of a report. `name` is the class of the case.

    The input is often a number alone, which counts nothing. The sentence then has the unit 件 after it if the class is
    `Number`, and after each number without a unit if the class is `NumberRange`.
    """
    text = case["input"].strip()
    results = [result["text"] for result in case["results"]]
    if name == "Number" and results == [unicodedata.normalize("NFKC", text)]:
        return f"全年受理案件{text}件。"
    if name == "NumberRange":
        return f"全年受理案件：{append_units(text)}。"
    return f"全年采购设备达到{text}。"


def append_units(text: str) -> str:
    """Append the unit 件 to each number without a unit, except percentages and numbers before `_UNITLESS`."""
    text = compact(text, fold(text)).text
    folded = fold(text)
    for numeral in reversed(list(find_numerals(text))):
        end = numeral.end
        if not numeral.is_percent and VOCABULARY.match_unit(folded, end) is None and not _UNITLESS.match(folded, end):
            text = f"{text[:end]}件{text[end:]}"
    return text


def is_equal(one: float, other: float) -> bool:
    """Return whether two values are equal up to rounding. Measures round fractions (1/3) to four decimals."""
    return abs(one - other) <= max(1e-9 * abs(other), 0.00006 if abs(other) < 1 and other % 0.0001 else 0)


def is_result(measure: ExtractedMeasure, name: str, resolution: Mapping[str, str]) -> bool:
    """Return whether a measure has the value and the unit of a result. `name` is the class of the result.

    Results of the classes `Number` and `NumberRange` have no unit, so any unit is right.
    """
    value = resolution["value"]
    if name == "NumberRange":
        return is_range(measure, value)
    if name == "Percent":
        return measure.base_unit in UNITS["%"] and is_equal(
            measure.base_value * UNITS["%"][measure.base_unit], float(value.rstrip("%"))
        )
    if name == "Number":
        values = (measure.base_value, measure.base_value * SHARES.get(measure.base_unit, 1))
        return any(is_equal(number, float(value)) for number in values)
    factors = UNITS[resolution["unit"]]
    return measure.base_unit in factors and is_equal(measure.base_value * factors[measure.base_unit], float(value))


def is_range(measure: ExtractedMeasure, interval: str) -> bool:
    """Return whether a measure has the value and the bound of an interval.

    [5,5] is exact 5, [5,8) and (5,) are at_least 5, and (,8] is at_most 8.
    """
    match = re.fullmatch(r"[\[(](?P<lower>[^,]*),(?P<upper>[^,]*)[\])]", interval)
    assert match, interval
    lower, upper = match["lower"], match["upper"]
    if lower == upper:
        return measure.bound == "exact" and is_equal(measure.base_value, float(lower))
    bound = "at_least" if lower else "at_most"
    return measure.bound == bound and is_equal(measure.base_value, float(lower or upper))


def cases(shared: Path, name: str) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """Yield the index of each case of a class, and the case, except those that are excluded or have no result.

    Skips the test if the suite is missing.
    """
    folder = shared / "recognizers"
    if not folder.is_dir():
        pytest.skip("the public suite of numbers is missing next to the checkout")
    excluded = EXCLUDED.get(f"{name}Model.json", {})
    for index, case in enumerate(json.loads((folder / f"{name}Model.json").read_text(encoding="utf-8"))):
        if case["results"] and str(index) not in excluded:
            yield index, case


@pytest.mark.parametrize("name", MIN_RATES)
def test_the_suite_is_extracted(shared: Path, name: str) -> None:
    """At least the minimum share of the cases of a class that are not excluded is correct.

    A case is correct if each of its results is an extracted measure.
    """
    failures, count = [], 0
    for index, case in cases(shared, name):
        count += 1
        text = sentence(name, case)
        measures = extract(text)
        if not all(
            any(is_result(measure, name, result["resolution"]) for measure in measures) for result in case["results"]
        ):
            extracted = [(measure.base_value, measure.base_unit, measure.bound) for measure in measures]
            expected = [result["resolution"] for result in case["results"]]
            failures.append(f"{index}: {text} → {extracted}, not {expected}")
    rate = 1 - len(failures) / count
    print(f"{name}: {count - len(failures)} of {count} ({rate:.0%})", *failures, sep="\n")  # noqa: T201
    assert rate >= MIN_RATES[name], "\n".join(failures)


def test_exclusions_have_reasons(shared: Path) -> None:
    """Every excluded case is in the suite and has a result, and its exclusion has a reason."""
    for file, reasons in EXCLUDED.items():
        suite = shared / "recognizers" / file
        if not suite.is_file():
            pytest.skip("the public suite of numbers is missing next to the checkout")
        data = json.loads(suite.read_text(encoding="utf-8"))
        for index, reason in reasons.items():
            assert data[int(index)]["results"], (file, index)
            assert reason
