"""The period of a measure: the time that its sentence names, unless that is the reporting year."""

from __future__ import annotations

import pytest

from searchkit.measures.extractor import Extractor
from searchkit.model import Paragraph


def periods(extractor: Extractor, text: str, year: int | None = None) -> list[str | None]:
    """Return the periods of the measures of one paragraph of a report on `year`."""
    (measures,) = extractor.extract([Paragraph("r#1", "r", 1, text, year=year)])
    return [measure.period for measure in measures]


@pytest.mark.parametrize(
    ("text", "period"),
    [
        ("受理案件60件。", None),
        ("近三年办理提案96件。", "近三年"),
        ("过去五年培训干部300人次。", "过去五年"),
        ("三年来受理案件60件。", "三年来"),
        ("2019年办理提案15件。", "2019年"),
        ("2019年度办理提案15件。", "2019年度"),
        ("一九五七年生产钢材40万吨。", "一九五七年"),
        ("“十三五”期间建成污水处理厂12座。", "“十三五”期间"),
        ("“十四五”以来，投入资金300万元。", "“十四五”以来"),
        ("“十五”期间，投入资金300万元。", "“十五”期间"),
        ("自2021年以来培训干部300人次。", "自2021年以来"),
        ("2021年以来累计办理建议45件。", "2021年以来"),
        ("自2020年1月起，办理事项90件。", "自2020年1月起"),
        ("2021至2023年查处案件45件。", "2021至2023年"),
        ("截至2023年6月，持证人员128人。", "2023年6月"),
        ("2022年1月1日至6月30日，受理案件60件。", "2022年1月1日至6月30日"),
        ("2022年12月1日至2023年11月30日受理案件60件。", "2022年12月1日至2023年11月30日"),
        ("2019年至今受理案件60件。", "2019年至今"),
        ("2019年3月以来受理案件60件。", "2019年3月以来"),
        ("目前年办理提案15件。", None),
        ("消化以前年度结转资金300万元。", None),
        ("选派网上年货节志愿者500人。", None),
        ("上半年受理案件60件。", "上半年"),
        ("前三季度受理案件60件。", "前三季度"),
        ("一至三季度受理案件60件。", "一至三季度"),
        ("1-3季度受理案件60件。", "1-3季度"),
        ("4月份受理案件60件。", "4月份"),
        ("每月开展学法活动2次。", "每月"),
        ("每季度召开例会1次。", "每季度"),
        ("每周巡查3次。", "每周"),
        ("每年拨付经费20万元。", "每年"),
        ("到2025年，建成公园20座。", "2025年"),
        ("全年受理案件60件。", None),
        ("今年以来受理案件60件。", None),
        ("去年受理案件60件。", None),
        pytest.param("一年来受理案件60件。", None),
        pytest.param(
            "2022年1—6月受理案件60件。",
            "2022年1—6月",
        ),
    ],
)
def test_the_period_is_quoted_from_the_sentence(extractor: Extractor, text: str, period: str | None) -> None:
    """The period is the time that the sentence names, as written. 全年, 今年以来, 去年 and 一年来 are not periods."""
    assert periods(extractor, text) == [period]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2019年办理提案15件，2020年办理提案18件。", ["2019年", "2020年"]),
        ("近三年办理提案96件，答复96件。", ["近三年", "近三年"]),
        ("2020年以来，受理45件，其中办结40件。", ["2020年以来", "2020年以来"]),
        ("近三年办理提案96件。受理案件60件。", ["近三年", None]),
        ("每月巡查2次，立案20起。", ["每月", None]),
        ("受理案件60件，比2021年增长5%。", [None, None]),
        ("全自治区查处案件15起，罚款30万元。", [None, None]),
        ("自查发现问题12起，整改10起。", [None, None]),
        ("自治区起草法规3部。", [None]),
        ("自愿组织起来的企业12家，就业60人。", [None, None]),
        ("自去年7月1日起查处案件15起，罚款30万元。", ["自去年7月1日起", "自去年7月1日起"]),
        ("2022年投入300万元，较2021年增加40万元。", ["2022年", "2022年"]),
    ],
)
def test_the_nearest_time_is_the_period(extractor: Extractor, text: str, expected: list[str | None]) -> None:
    """The period is the nearest time before the number in its sentence.

    A recurring time (每月) of another clause and the year of a comparison (比2021年) are skipped. 自 and 起 in other
    words (自查, 12起) are no time.
    """
    assert periods(extractor, text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2023年立案86起。", [None]),
        ("2023年度立案86起。", [None]),
        ("二〇二三年立案86起。", [None]),
        ("2023年1月1日至12月31日立案86起。", [None]),
        ("2023年1月1日至11月30日立案86起。", ["2023年1月1日至11月30日"]),
        ("截至2023年底，持证执法员128人。", [None]),
        ("2022年立案86起。", ["2022年"]),
        ("2023年立案86起，2022年立案70起。", [None, "2022年"]),
        ("截至2023年6月，持证执法员128人。", ["2023年6月"]),
        ("2023年上半年立案86起。", ["2023年上半年"]),
    ],
)
def test_the_reporting_year_is_not_a_period(extractor: Extractor, text: str, expected: list[str | None]) -> None:
    """The reporting year (2023年), its end (2023年底) and all its dates together are not periods.

    A part of it (2023年上半年) is one.
    """
    assert periods(extractor, text, 2023) == expected
