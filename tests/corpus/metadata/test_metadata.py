"""Detection of metadata, from invented titles, heads (the lines before the text) and texts."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from searchkit.corpus.blocks import Block
from searchkit.corpus.cleaning.content import clean
from searchkit.corpus.lines import simplify
from searchkit.corpus.metadata.detection import DetectedMetadata, Evidence, detect_metadata
from searchkit.corpus.outline.building import build_outline

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


def _detect(
    title: str | None, head: Sequence[str] = (), paragraphs: Sequence[str] = (), **rest: object
) -> DetectedMetadata:
    """Detect the metadata of a report. `rest` are other fields of `Evidence`."""
    return detect_metadata(Evidence("a.txt", title, head, paragraphs, **rest))  # type: ignore[arg-type]


TITLES = [
    ("浙江省司法厅2023年法治政府建设年度报告", ("浙江省司法厅", "司法厅", "浙江省", 2023, "法治政府建设年度报告")),
    (
        "临海市综合行政执法局2023年法治政府建设年度报告",
        ("临海市综合行政执法局", "综合行政执法局", "浙江省/台州市/临海市", 2023, "法治政府建设年度报告"),
    ),
    (
        "福州市鼓楼区东街街道办事处2023年度依法行政工作情况报告",
        ("福州市鼓楼区东街街道办事处", "街道办事处", "福建省/福州市/鼓楼区", 2023, "依法行政工作报告"),
    ),
    (
        "临海市杜桥镇人民政府2023年政府信息公开工作年度报告",
        ("临海市杜桥镇人民政府", "人民政府", "浙江省/台州市/临海市", 2023, "政府信息公开工作年度报告"),
    ),
    (
        "长白朝鲜族自治县市监局关于2021年度法治政府建设情况的报告",
        ("长白朝鲜族自治县市监局", "市场监督管理局", "吉林省/白山市/长白朝鲜族自治县", 2021, "法治政府建设年度报告"),
    ),
    (
        "鄂温克族自治旗司法局二〇二三年度行政执法工作报告",
        ("鄂温克族自治旗司法局", "司法局", "内蒙古自治区/呼伦贝尔市/鄂温克族自治旗", 2023, "行政执法工作报告"),
    ),
    ("莱芜市环保局2015年依法行政工作报告", ("莱芜市环保局", "环境保护局", "山东省/莱芜市", 2015, "依法行政工作报告")),
    (
        "关于2022年度临平区教育局法治政府建设情况的报告",
        ("临平区教育局", "教育局", "浙江省/杭州市/临平区", 2022, "法治政府建设年度报告"),
    ),
    (
        "2023年度沙坪坝区市场监管局行政执法工作总结",
        ("沙坪坝区市场监管局", "市场监督管理局", "重庆市/沙坪坝区", 2023, "行政执法工作报告"),
    ),
    (
        "沙坪坝卫健委2023年法治政府建设报告",
        ("沙坪坝卫健委", "卫生健康委员会", "重庆市/沙坪坝区", 2023, "法治政府建设年度报告"),
    ),
    (
        "安阳经济技术开发区管委会2023年法治政府建设年度报告",
        ("安阳经济技术开发区管委会", "管理委员会", "河南省/安阳市", 2023, "法治政府建设年度报告"),
    ),
    ("司法部2023年法治政府建设年度报告", ("司法部", "司法部", "全国", 2023, "法治政府建设年度报告")),
    (
        "国家税务总局天津市东丽区税务局2023年法治政府建设报告",
        ("国家税务总局天津市东丽区税务局", "税务局", "天津市/东丽区", 2023, "法治政府建设年度报告"),
    ),
    (
        "公安县公安局2023年行政执法工作报告",
        ("公安县公安局", "公安局", "湖北省/荆州市/公安县", 2023, "行政执法工作报告"),
    ),
    (
        "和县卫生健康委2023年法治政府建设工作报告",
        ("和县卫生健康委", "卫生健康委员会", "安徽省/马鞍山市/和县", 2023, "法治政府建设年度报告"),
    ),
    (
        "濱海新區衛生健康委2023年度法治政府建設情況報告",
        ("濱海新區衛生健康委", "卫生健康委员会", "天津市/滨海新区", 2023, "法治政府建设年度报告"),
    ),
    (
        "平江县住建局关于实施《湖南省优化营商环境条例》2023年度行政执法情况的报告",
        ("平江县住建局", "住房和城乡建设局", "湖南省/岳阳市/平江县", 2023, "行政执法工作报告"),
    ),
    (
        "天津市生态环境局东丽分局2023年法治政府建设情况报告",
        (None, "生态环境局", "天津市/东丽区", 2023, "法治政府建设年度报告"),
    ),
    (
        "西安市碑林区城管和综合执法局2022年度法治建设工作总结",
        (None, "城市管理和综合执法局", "陕西省/西安市/碑林区", 2022, "法治政府建设年度报告"),
    ),
    (
        "国家税务总局如东县税务局2020年法治税务建设报告",
        (None, "税务局", "江苏省/南通市/如东县", 2020, "法治政府建设年度报告"),
    ),
    (
        "福州市鼓楼区2023年度法治政府建设情况报告",
        (None, "人民政府", "福建省/福州市/鼓楼区", 2023, "法治政府建设年度报告"),
    ),
    (
        "关于印发《崂山区2022年法治政府建设工作报告》的通知",
        (None, "人民政府", "山东省/青岛市/崂山区", 2022, "法治政府建设年度报告"),
    ),
    (
        "国家统计局天津调查总队2023年法治政府建设年度报告",
        ("国家统计局天津调查总队", "国家统计局天津调查总队", "天津市", 2023, "法治政府建设年度报告"),
    ),
    (
        "财政部浙江监管局2023年法治政府建设年度报告",
        ("财政部浙江监管局", "财政部浙江监管局", "浙江省", 2023, "法治政府建设年度报告"),
    ),
    ("国家发展改革委2023年法治政府建设年度报告", (None, "发展和改革委员会", "全国", 2023, "法治政府建设年度报告")),
    (
        "临海市人民政府法制办公室2016年依法行政工作总结",
        ("临海市人民政府法制办公室", "法制办公室", "浙江省/台州市/临海市", 2016, "依法行政工作报告"),
    ),
    (
        "关于上报临海市司法局2023年法治政府建设情况的报告",
        ("临海市司法局", "司法局", "浙江省/台州市/临海市", 2023, "法治政府建设年度报告"),
    ),
    (
        "2023年一季度临海市司法局行政执法情况",
        ("临海市司法局", "司法局", "浙江省/台州市/临海市", 2023, "行政执法工作报告"),
    ),
    (
        "二0二三年1-6月临海市司法局行政执法情况",
        ("临海市司法局", "司法局", "浙江省/台州市/临海市", 2023, "行政执法工作报告"),
    ),
]
"""Title; issuer (None = not checked), agency, region, year, doctype."""


@pytest.mark.parametrize(("title", "expected"), TITLES)
def test_a_complete_title_is_enough(title: str, expected: tuple[str | None, str, str, int, str]) -> None:
    """The title alone decides issuer, agency, region, year and doctype.

    In a title that names a place but no body (鼓楼区2023年度…), the agency is 人民政府.
    """
    detected = _detect(title)
    issuer = detected.issuer if expected[0] else None
    assert (issuer, detected.agency, "/".join(detected.region), detected.year, detected.doctype) == expected


@pytest.mark.parametrize(
    ("head", "paragraph", "city"),
    [
        ((), "根据市委部署，福州市、鼓楼区两级……", "福建省/福州市"),
        (("南京市鼓楼区人民政府",), "", "江苏省/南京市"),
        (("文号：徐鼓卫〔2023〕4号",), "对照《江苏省行政执法监督办法》，接受徐州市司法局指导。", "江苏省/徐州市"),
        (("索引号：11410204MB0/2023-1",), "", "河南省/开封市"),
    ],
)
def test_other_places_decide_an_ambiguous_name(head: tuple[str, ...], paragraph: str, city: str) -> None:
    """Of several 鼓楼区, the place is the one in the city that the rest of the report names.

    If the index number contains the code of one of them (410204), this one is the place.
    """
    detected = _detect("鼓楼区卫健委2022年法治政府建设年度报告", head, (paragraph,))
    assert "/".join(detected.region) == city + "/鼓楼区"


def test_an_ambiguous_name_alone_is_undecided() -> None:
    """If nothing else names a place, the region is empty and a warning lists the candidates."""
    detected = _detect("鼓楼区卫健委2022年法治政府建设年度报告", (), ("全区卫生工作……",))
    assert detected.region == ()
    assert any(w.startswith("region undecided: 鼓楼区") and "福建省/福州市/鼓楼区" in w for w in detected.warnings)


@pytest.mark.parametrize(
    ("title", "region"),
    [
        ("湖南长沙2023年政府工作报告", "湖南省/长沙市"),
        ("2022年广东深圳政府工作报告", "广东省/深圳市"),
        ("2021青海西宁政府工作报告", "青海省/西宁市"),
        ("二〇二〇年新疆喀什政府工作报告", "新疆维吾尔自治区/喀什地区"),
        ("内蒙古包头政府工作报告（2019年）", "内蒙古自治区/包头市"),
        ("安徽省宿州2023年政府工作报告", "安徽省/宿州市"),
        ("云南大理州2023年政府工作报告", "云南省/大理白族自治州"),
        ("恩施自治州2023年政府工作报告", "湖北省/恩施土家族苗族自治州"),
        ("浙江台州司法局2023年法治政府建设年度报告", "浙江省/台州市"),
        ("《贵阳市政府工作报告》（2020年）", "贵州省/贵阳市"),
        ("江西安全生产监督管理局2015年工作总结", "江西省"),
        ("杭州市西湖风景名胜区管委会2023年法治政府建设年度报告", "浙江省/杭州市"),
    ],
)
def test_a_city_after_its_province_is_the_place(title: str, region: str) -> None:
    """A city that follows its province in the title is the place, with or without 省 and 市.

    So is a city without its province. A part of another word (西安 in 江西安全) is not a place.
    """
    assert "/".join(_detect(title).region) == region


@pytest.mark.parametrize(
    ("paragraph", "region"),
    [
        ("", ""),
        ("库尔勒市和若羌县新增就业2万人。", "新疆维吾尔自治区/巴音郭楞蒙古自治州"),
        ("巴中市委、市政府作出部署，对标四川省要求。", "四川省/巴中市/巴州区"),
    ],
)
def test_a_name_of_two_places_is_decided_by_the_text(paragraph: str, region: str) -> None:
    """巴州 is 巴音郭楞 or a district of 巴中. Without another place, it is undecided."""
    detected = _detect("巴州2023年政府工作报告", (), (paragraph,))
    assert "/".join(detected.region) == region
    assert bool(region) or any(w.startswith("region undecided: 巴州 can be") for w in detected.warnings)


@pytest.mark.parametrize(
    ("title", "head", "paragraphs"),
    [
        ("贵阳市2020年政府工作报告", (), ("受国务院表彰，获批国家级新区。",)),
        ("政府工作报告", ("——2020年1月8日在贵阳市第十四届人民代表大会第五次会议上",), ("受国务院督查激励。",)),
        (
            "政府工作报告",
            ("（2020年1月8日在贵阳第十四届人民代表大会第五次会议上）", "第十三届全国人民代表大会第三次会议"),
            (),
        ),
        (
            "政府工作报告",
            ("第十三届全国人民代表大会第三次会议精神",),
            ("现在，我代表贵阳市人民政府，向大会报告工作。", "国务院总理来市视察。"),
        ),
        (
            "政府工作报告",
            (),
            (
                "现在，我代表市人民政府，向大会报告工作。",
                "学习在第十三届全国人民代表大会第三次会议上的讲话。",
                "贵阳市生产总值增长5%，贵阳贵安融合发展。",
            ),
        ),
    ],
)
def test_a_city_that_mentions_the_state_council_is_not_a_country(
    title: str, head: tuple[str, ...], paragraphs: tuple[str, ...]
) -> None:
    """Praise by the State Council and sessions of the national congress do not make a city's report national."""
    assert _detect(title, head, paragraphs).region == ("贵州省", "贵阳市")


@pytest.mark.parametrize(
    ("title", "head", "paragraph"),
    [
        ("2020年国务院政府工作报告", (), ""),
        ("政府工作报告", ("在第十三届全国人民代表大会第三次会议上",), ""),
        ("政府工作报告", (), "现在，我代表国务院，向大会报告政府工作，请予审议。"),
        ("政府工作报告", (), "现在，我受国务院的委托，向全国人民代表大会报告政府工作。"),
        ("政府工作报告", (), "这是总理在第三届全国人民代表大会第一次会议上作的报告。"),
    ],
)
def test_the_state_council_reports_on_the_country(title: str, head: tuple[str, ...], paragraph: str) -> None:
    """A report of the State Council is recognised by its title, session or speaker."""
    detected = _detect(title, head, (paragraph,))
    assert (detected.region, detected.agency) == (("全国",), "国务院")


@pytest.mark.parametrize(
    ("paragraphs", "region"),
    [
        (("我市实现新突破，现代化宿州市建设提速。",), "安徽省/宿州市"),
        (("全市上下团结一心，宿州市大有可为，宿州必胜。", "学习合肥市经验。"), "安徽省/宿州市"),
        (("安徽省委作出部署，宿州市狠抓落实。",), "安徽省/宿州市"),
        (("全市上下团结一心。", "学习苏州市、宿州市经验。"), ""),
    ],
)
def test_a_place_in_the_text_is_better_than_none(paragraphs: tuple[str, ...], region: str) -> None:
    """If nothing else states the place, it is the one that the text names, or names most.

    If the text names two places equally often, the place is undecided.
    """
    assert "/".join(_detect("政府工作报告", (), ("我向大会报告工作。", *paragraphs)).region) == region


TRADITIONAL = [
    (
        ("貴陽市政府工作報告", "——2022年12月28日在貴陽市第十五屆人民代表大會第三次會議上", "市長 馬寧宇"),
        ("貴陽市政府工作報告", ("贵州省", "贵阳市"), 2023),
    ),
    (
        ("濱海新區衛生健康委2023年度", "法治政府建設情況報告"),
        ("濱海新區衛生健康委2023年度法治政府建設情況報告", ("天津市", "滨海新区"), 2023),
    ),
    (("政府工作報告", "（2019年1月5日在廣東深圳第六屆人大七次會議上）"), ("政府工作報告", ("广东省", "深圳市"), 2019)),
    (
        ("關於2021年度臨海市司法局行政執法工作情況的報告",),
        ("關於2021年度臨海市司法局行政執法工作情況的報告", ("浙江省", "台州市", "临海市"), 2021),
    ),
]
"""First lines of reports in traditional characters; then title, region and year."""
TRADITIONAL_BODY = (
    "",
    "各位代表：",
    "現在，我代表市人民政府，向大會報告工作，請予審議。",
    "一、2022年工作回顧",
    "全市生產總值增長8%，完成投資一百億元。",
    "二、2023年工作安排",
    "我們要繼續努力，增長9%。",
)


@pytest.mark.parametrize(("lines", "expected"), TRADITIONAL)
def test_traditional_characters_make_no_difference(
    lines: tuple[str, ...], expected: tuple[str, tuple[str, ...], int]
) -> None:
    """Title, place, year, agency and doctype are the same as in simplified characters. The title stays as printed."""
    # The body without its headings on 2022 and 2023, which would contradict the date of the session of 2019.
    body = TRADITIONAL_BODY if expected[2] != 2019 else TRADITIONAL_BODY[:3]
    results = []
    for texts in ((*lines, *body), tuple(map(simplify, (*lines, *body)))):
        cleaned = clean([Block(line) for line in texts])
        items = build_outline(cleaned.body)
        paragraphs = tuple(item.text for item in items)
        headings = tuple(heading for item in items for heading in item.path)
        results.append(_detect(cleaned.title, cleaned.head, paragraphs, headings=headings))
    printed, simplified = results
    assert (printed.title, printed.region, printed.year) == expected
    assert (simplify(printed.title or ""), printed.agency, printed.doctype) == (
        simplified.title,
        simplified.agency,
        simplified.doctype,
    )
    assert (simplified.region, simplified.year) == expected[1:]


def test_an_issuer_in_traditional_characters_stays_as_printed() -> None:
    """The issuer is detected in simplified characters and returned as printed."""
    head = ("發布單位：臨海市衛生健康局", "發布時間：2024-01-05")
    detected = _detect("2023年法治政府建設年度報告", head)
    assert (detected.issuer, detected.agency, detected.published) == (
        "臨海市衛生健康局",
        "卫生健康局",
        "2024-01-05",
    )


def test_a_document_number_decides_the_province() -> None:
    """A document number such as 津…〔2020〕5号 in the text is evidence for 天津市."""
    detected = _detect(
        "和平区司法局2020年法治政府建设年度报告", (), ("印发津和治区发〔2020〕5号文件，落实津政办发〔2019〕1号要求。",)
    )
    assert detected.region == ("天津市", "和平区")


def test_the_signature_states_the_place() -> None:
    """A report that only says 我局 has the place of its signature, but not its date as the date of publication."""
    detected = _detect("2023年法治政府建设年度报告", (), ("我局认真履职。", "临海市司法局", "2024年1月5日"))
    assert (detected.region, detected.agency, detected.issuer) == (
        ("浙江省", "台州市", "临海市"),
        "司法局",
        "临海市司法局",
    )
    assert detected.published is None
    assert any(w.startswith("published undecided") and "2024年1月5日" in w for w in detected.warnings)


@pytest.mark.parametrize(
    "signature", ["临海市司法局 2024年1月5日", "临海市司法局（盖章）", "临海市司法局(章)二〇二四年一月五日"]
)
def test_a_signature_with_a_date_or_a_remark(signature: str) -> None:
    """A date or a remark about the stamp may follow the body in the signature."""
    detected = _detect("2023年法治政府建设年度报告", (), ("我局认真履职。", signature))
    assert (detected.issuer, detected.region[-1]) == ("临海市司法局", "临海市")
    has_day = "2024年1月5日" in signature  # only a date in Arabic digits leads to a warning
    assert any(w.startswith("published undecided") for w in detected.warnings) == has_day


def test_words_that_resemble_a_central_body_are_ignored() -> None:
    """国家基本公共卫生服务 and 民政部门 are not bodies of the central government. The signature states the place."""
    for title in ("国家基本公共卫生服务项目2023年工作总结", "2023年民政部门行政执法工作报告"):
        assert _detect(title, (), ("我局认真履职。", "临海市民政局")).region[-1] == "临海市"


def test_a_report_that_mentions_a_government_is_no_work_report() -> None:
    """Praise by a government, an application to it, or 政府工作报告 inside a title do not make a work report.

    The issuer is the body in the title, not the government.
    """
    for opening in ("我局受到市政府通报表扬。现将有关工作情况报告如下：", "受理政府信息公开申请3件，编制年度报告。"):
        detected = _detect(
            "东丽区数据局2023年数字政府建设工作情况",
            (),
            (opening,),
            headings=("一、2023年工作情况", "二、2024年工作计划"),
        )
        assert (detected.doctype, detected.year, detected.issuer) == (None, 2023, "东丽区数据局")
    about = _detect("临海市水利局2023年政府工作报告重点任务完成情况", (), ("我局认真履职。",))
    assert (about.doctype, about.year, about.issuer, about.agency) == (None, 2023, "临海市水利局", "水利局")


def test_the_text_states_the_place() -> None:
    """If the head does not name the district of a 区卫健委, it is the district that the text names most."""
    text = (
        "我区制定《浦东新区卫生条例》。",
        "对口帮扶临海市、赴房山区学习。",
        "浦东新区卫生监督所开展检查，上海、杭州跨省联合办案。",
    )
    assert _detect("区卫健委2022年法治政府建设年度报告", (), text).region == ("上海市", "浦东新区")


def test_places_helped_or_visited_are_not_the_place() -> None:
    """Places that are only helped or visited are not the place of the report."""
    detected = _detect(
        "区卫健委2022年法治政府建设年度报告", (), ("我区对口支援临夏市，赴雨花台区学习，与房山区协作。",)
    )
    assert detected.region == ()


def test_the_site_of_a_higher_level_is_not_the_place() -> None:
    """The name of a city's site above a district's report does not make it the city's report."""
    detected = _detect(
        "区司法局2022年法治政府建设年度报告", ("天津市人民政府门户网站",), ("东丽区……", "我区", "东丽区两级")
    )
    assert detected.region == ("天津市", "东丽区")


def test_the_file_name_is_the_last_resort() -> None:
    """The path is used only if the text states no place, with a warning."""
    detected = detect_metadata(Evidence("报告/临海市/1.txt", "2023年法治政府建设年度报告", (), ("我市……",)))
    assert detected.region == ("浙江省", "台州市", "临海市")
    assert any("path" in w for w in detected.warnings)
    named = detect_metadata(Evidence("报告/临海市/1.txt", "东丽区司法局2023年法治政府建设年度报告"))
    assert named.region == ("天津市", "东丽区")


SPEECH = ("现在，我代表省人民政府，向大会报告政府工作，请予审议。",)


@pytest.mark.parametrize(
    ("title", "head", "paragraphs", "expected"),
    [
        (
            "政府工作报告",
            ("——2018年1月25日在安徽省第十三届人民代表大会第一次会议上",),
            SPEECH,
            ("安徽省", "人民政府", 2018),
        ),
        (
            "政府工作报告",
            ("二〇〇五年一月十一日在河北省第十届人民代表大会第三次会议上",),
            SPEECH,
            ("河北省", "人民政府", 2005),
        ),
        ("2015年政府工作报告", (), (*SPEECH, "中共浙江省委坚强领导，浙江经济……浙江"), ("浙江省", "人民政府", 2015)),
        ("包头市2019年政府工作报告", (), (), ("内蒙古自治区/包头市", "人民政府", 2019)),
        (
            "政府工作报告",
            ("2017年3月5日在第十二届全国人民代表大会第五次会议上", "国务院总理"),
            ("我代表国务院，向大会报告政府工作。",),
            ("全国", "国务院", 2017),
        ),
    ],
)
def test_work_reports_have_the_place_and_year_of_the_session(
    title: str, head: tuple[str, ...], paragraphs: tuple[str, ...], expected: tuple[str, str, int]
) -> None:
    """A work report has the place of the title, the congress or the text, and the year of the title or the session."""
    detected = _detect(title, head, paragraphs)
    assert ("/".join(detected.region), detected.agency, detected.year) == expected
    assert detected.doctype == "政府工作报告"


def test_headings_state_the_year_of_a_work_report() -> None:
    """With headings on the review of 2013 and on the plans for 2014, the year is 2014, with a warning."""
    detected = _detect("政府工作报告", (), SPEECH, headings=("2013年工作回顾", "2014年工作安排"))
    assert detected.year == 2014
    assert any(w.startswith("year 2014 inferred") for w in detected.warnings)


@pytest.mark.parametrize(
    ("title", "year"),
    [
        ("临海市司法局关于贯彻《法治政府建设实施纲要（2021—2025年）》2022年情况的报告", 2022),
        ("2023年度法治政府建设情况报告（2024年1月12日）", 2023),
        ("临海市司法局2022年工作总结和2023年工作计划", 2022),
        ("关于二〇二一年度法治政府建设情况的报告", 2021),
        ("东丽区2023年3月行政执法情况通报", 2023),
        ("2023年1月至12月行政执法工作报告", 2023),
        ("2023年度法治政府建设情况报告（2024年1月）", 2023),
    ],
)
def test_the_title_states_the_year(title: str, year: int) -> None:
    """The year reported on is not that of a plan's span, of the date of signature, or of the next year's plan."""
    assert _detect(title).year == year


def test_the_year_is_inferred_if_the_title_states_none() -> None:
    """A statement in the text takes precedence over the date of publication. A date in January means the year before.

    Without either, the year is undecided.
    """
    stated = _detect("法治政府建设情况报告", ("发布日期：2024-01-15",), ("现将我局2023年度法治政府建设情况报告如下：",))
    assert (stated.year, stated.published) == (2023, "2024-01-15")
    inferred = _detect("法治政府建设情况报告", ("发布日期：2024-01-15",))
    assert inferred.year == 2023
    assert any(w.startswith("year 2023 inferred from the day of publication") for w in inferred.warnings)
    silent = _detect("法治政府建设情况报告")
    assert silent.year is None
    assert any(w.startswith("year undecided") for w in silent.warnings)


@pytest.mark.parametrize(
    ("head", "hints", "day"),
    [
        (("发布日期: 2023-12-27 16:38 来源: 区卫生健康委",), {}, "2023-12-27"),
        (("索引号：1 成文日期：2025-01-02", "• 日期:2025-01-03 11:10"), {}, "2025-01-03"),
        (("成文日期：2025年1月2日 发布时间：2025年1月6日",), {}, "2025-01-06"),
        (("文号: 成文日期: 2025-01-03",), {}, "2025-01-03"),
        (("2024-01-05 10:12 来源：区司法局",), {}, "2024-01-05"),
        (("成文日期：2025-01-02",), {"published": "2025-01-09T08:00:00+08:00"}, "2025-01-09"),
        (("（2003年1月10日 某某）",), {}, None),
        (("发布日期：2023-13-45",), {}, None),
        ((), {}, None),
    ],
)
def test_publication_dates(head: tuple[str, ...], hints: dict[str, str], day: str | None) -> None:
    """The date of publication has a label, begins a line of the head, or is in the metadata of the file (`hints`).

    The date of signing (成文日期) counts if there is no other, but not beside 日期, 发布时间 or a date in the metadata.
    """
    assert _detect("2023年报告", head, ("正文。", "2023年12月26日"), hints=hints).published == day


def test_numbers_and_source_are_read() -> None:
    """The source, the index number (索引号) and the document number (文号) of the report are read.

    An empty label yields no number. The numbers of other documents that the text cites are ignored.
    """
    head = ("索引号: LH331082-035/2025-00028 公开方式: 主动公开", "文号: 临卫〔2025〕3号 成文日期: 2025-01-03")
    detected = _detect(
        "临海市卫生健康局2024年法治政府建设年度报告", head, hints={"source": "https://www.linhai.gov.cn/a.html"}
    )
    assert detected.index_number == "LH331082-035/2025-00028"
    assert detected.doc_number == "临卫〔2025〕3号"
    assert detected.source == "https://www.linhai.gov.cn/a.html"
    bare = _detect("报告", ("文号: 成文日期: 2025-01-03",), ("按照浙政发〔2024〕1号文件要求开展。",))
    assert bare.doc_number is None
    assert _detect("报告", ("津滨卫〔2024〕12号",)).doc_number == "津滨卫〔2024〕12号"


def test_a_label_states_the_issuer() -> None:
    """A publishing body is used if the title names none; a newspaper or a site is not a body."""
    detected = _detect("2023年法治政府建设年度报告", ("来源：临海日报", "发布机构：临海市司法局"))
    assert (detected.issuer, detected.agency, detected.region[-1]) == ("临海市司法局", "司法局", "临海市")
    one_line = _detect("2023年法治政府建设年度报告", ("来源：临海市融媒体中心　发布机构：临海市司法局",))
    assert one_line.issuer == "临海市司法局"
    assert _detect("2023年法治政府建设年度报告", ("来源：本网站",)).issuer is None
    for rest in ("浏览次数：12", "作者：张三", "发布时间：2024-01-05", "字体：大 中 小"):
        glued = _detect("2023年法治政府建设年度报告", (f"来源：临海市司法局{rest}",))
        assert (glued.issuer, glued.agency) == ("临海市司法局", "司法局")


def test_the_title_of_the_page_is_used_without_its_site() -> None:
    """If the text has no title, that of the page is used, without the name of the site."""
    detected = _detect(None, hints={"title": "东丽区司法局2023年法治政府建设年度报告_天津市东丽区人民政府"})
    assert detected.title == "东丽区司法局2023年法治政府建设年度报告"
    assert detected.region == ("天津市", "东丽区")


def test_undecided_fields_have_warnings() -> None:
    """A text without evidence yields no title, year, issuer, agency, region and doctype, and a warning for each."""
    detected = _detect(None, (), ("今天天气很好。",))
    assert (detected.title, detected.year, detected.issuer, detected.agency, detected.region, detected.doctype) == (
        None,
    ) * 4 + (
        (),
        None,
    )
    assert {w.split()[0] for w in detected.warnings} == {"title", "year", "issuer", "agency", "region", "doctype"}


@given(st.text(max_size=80), st.lists(st.text(max_size=40), max_size=4), st.lists(st.text(max_size=40), max_size=4))
def test_any_text_is_accepted(title: str, head: list[str], paragraphs: list[str]) -> None:
    """Any text yields its title, a plausible year or none, and a place or a warning."""
    detected = _detect(title, head, paragraphs, hints={"title": title, "published": title})
    assert detected.title == (title or None) or not title.strip()
    assert detected.year is None or 1940 <= detected.year <= 2100
    assert detected.region or any(w.startswith("region") for w in detected.warnings)


@pytest.mark.parametrize("piece", ["一", "2023年", "（", "临海市", "《", "来源:", "第届全国人民代表大会", " "])
def test_a_long_line_takes_seconds_at_most(piece: str) -> None:
    """Five lines of four million characters, each in another field, take less than ten seconds together."""
    line = piece * (4_000_000 // len(piece))
    start = time.process_time()
    for where in ("title", "head", "paragraphs", "tail", "headings"):
        detect_metadata(Evidence("a", **{where: line if where == "title" else (line,)}))  # type: ignore[arg-type]
    assert time.process_time() - start < 10


def _read(path: Path) -> DetectedMetadata:
    """Clean a text file, build its outline and detect its metadata."""
    cleaned = clean([Block(line) for line in path.read_text(encoding="utf-8").splitlines()])
    items = build_outline(cleaned.body)
    headings = tuple(dict.fromkeys(heading for item in items for heading in item.path))
    texts = tuple(item.text for item in items)
    return detect_metadata(Evidence(path.name, cleaned.title, cleaned.head, texts, cleaned.tail, headings=headings))


def test_real_reports(shared: Path) -> None:
    """All fields of the reports annotated by hand are right."""
    for file in sorted((shared / "gold").glob("*.json")):
        gold = json.loads(file.read_text(encoding="utf-8"))
        meta, detected = gold["meta"], _read(shared / "corpus" / "seeds" / gold["file"])
        region = tuple(dict.fromkeys(filter(None, (meta["province"], meta["city"], meta["district"]))))
        assert (detected.title, detected.year, detected.published) == (meta["title"], meta["year"], meta["published"])
        assert (detected.issuer, detected.agency, detected.region) == (meta["issuer"], meta["agency"], region)
        assert (detected.doctype, detected.doc_number) == (meta["doc_type"], meta["doc_number"])
        assert detected.index_number == meta["index_number"]


def test_an_office_that_publishes_a_report_is_not_its_agency() -> None:
    """The agency of a government's report is the government, whichever of its offices published it."""
    head = ("来源：静海区司法局　发布时间：2024-03-28",)
    detected = detect_metadata(Evidence("a.txt", "静海区2023年度法治政府建设情况报告", head))
    assert (detected.agency, detected.published) == ("人民政府", "2024-03-28")


def test_a_street_is_not_the_district_of_the_same_name() -> None:
    """东城街道 of 清城区 is not evidence for 东城区."""
    detected = detect_metadata(
        Evidence("a.txt", "东城街道2022年法治政府建设情况报告", ("清城区人民政府东城街道办事处",))
    )
    assert detected.region == ("广东省", "清远市", "清城区")
