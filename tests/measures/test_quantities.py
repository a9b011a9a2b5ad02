"""Quantities: value, base value, bound and kind, and numbers that are not quantities."""

from __future__ import annotations

import pytest
from extracting import measures

from searchkit.measures.extractor import Extractor


@pytest.mark.parametrize(
    ("text", "value", "unit", "base_value", "base_unit"),
    [
        # Arabic, separators, full width, decimals
        ("受理案件86件。", 86, "件", 86, "件"),
        ("受理案件８６件。", 86, "件", 86, "件"),
        ("发放手册12,345份。", 12345, "份", 12345, "份"),
        ("发放手册12，345份。", 12345, "份", 12345, "份"),
        ("发放手册１２，３４５份。", 12345, "份", 12345, "份"),
        ("公共预算收入1,286.35亿元。", 1286.35, "亿元", 128635000000, "元"),
        ("罚没款86.4051万元。", 86.4051, "万元", 864051, "元"),
        ("罚没款８６．４０５１万元。", 86.4051, "万元", 864051, "元"),
        ("罚没款864051元。", 864051, "元", 864051, "元"),
        ("安置人员 500 人。", 500, "人", 500, "人"),
        ("合格率98.50%。", 98.5, "%", 98.5, "%"),
        ("合格率９８．５％。", 98.5, "%", 98.5, "%"),
        ("合格率98.5 ％。", 98.5, "%", 98.5, "%"),
        # scales
        ("投入资金3.2亿元。", 3.2, "亿元", 320000000, "元"),
        ("产业规模1.5万亿元。", 1.5, "万亿元", 1500000000000, "元"),
        ("发放补贴3百万元。", 3, "百万元", 3000000, "元"),
        ("每户增收2-3千元。", 2, "千元", 2000, "元"),
        ("投资5—8千万元。", 5, "千万元", 50000000, "元"),
        ("投资500至8千万元。", 500, "万元", 5000000, "元"),
        ("修路5-8千米。", 5, "千米", 5, "千米"),
        ("安排就业5千人。", 5, "千人", 5000, "人"),
        ("用电15万千瓦时。", 15, "万千瓦时", 150000, "千瓦时"),
        ("修路25千米。", 25, "千米", 25, "千米"),
        ("常住人口约1.2亿。", 1.2, "亿", 120000000, None),
        ("受益群众20万。", 20, "万", 200000, None),
        # Chinese numerals
        ("举办法治培训班四期。", 4, "期", 4, "期"),
        ("举办巡回讲座两期。", 2, "期", 2, "期"),
        ("粮食总产量达到二十六点五万吨。", 26.5, "万吨", 265000, "吨"),
        ("城镇化率为百分之二十四点五。", 24.5, "%", 24.5, "%"),
        ("任务完成率百分之百。", 100, "%", 100, "%"),
        ("财政收入五二九点零七亿元。", 529.07, "亿元", 52907000000, "元"),
        ("执法人员八十六人。", 86, "人", 86, "人"),
        ("罚款二百三十万元。", 230, "万元", 2300000, "元"),
        ("产煤三亿五千万吨。", 350000000, "吨", 350000000, "吨"),
        ("培训干部十二人次。", 12, "人次", 12, "人次"),
        ("罰款三萬五千元。", 35000, "元", 35000, "元"),
        # units: the longest one matches
        ("监督检查312户次。", 312, "户次", 312, "户次"),
        ("出动人员230人次。", 230, "人次", 230, "人次"),
        ("出动车辆56辆次。", 56, "辆次", 56, "辆次"),
        ("检查单位80家次。", 80, "家次", 80, "家次"),
        ("抽检食品560批次。", 560, "批次", 560, "批次"),
        ("梳理检查事项14大项。", 14, "大项", 14, "大项"),
        ("采购设备35台（套）。", 35, "台(套)", 35, "台(套)"),
        ("满意度提高2.3个百分点。", 2.3, "百分点", 2.3, "百分点"),
        ("审批用时12个工作日。", 12, "个工作日", 12, "个工作日"),
        ("辖区面积1200平方公里。", 1200, "平方公里", 1200, "平方公里"),
        ("出生率提高0.5‰。", 0.5, "‰", 0.5, "‰"),
        ("产值增长2.5倍。", 2.5, "倍", 2.5, "倍"),
        ("产值翻一番。", 1, "番", 1, "番"),
        ("产值翻了两番。", 2, "番", 2, "番"),
        # fractions have no unit
        ("约1/3的项目已经完工。", 0.3333, None, 0.3333, None),
        ("三分之二的村建成图书室。", 0.6667, None, 0.6667, None),
        pytest.param("产量下降了一成。", 1, "成", 1, "成"),
        ("建成厂房3万平米。", 3, "万平米", 30000, "平米"),
    ],
)
def test_scales_are_multiplied_out_in_the_base_value(
    extractor: Extractor, text: str, value: float, unit: str | None, base_value: float, base_unit: str | None
) -> None:
    """The unit contains the scale: 3.2亿元 has the value 3.2 and the unit 亿元. Its base value is 320,000,000, in 元.

    A Chinese numeral with a digit after its 亿 or 万 (三亿五千万吨) has its whole value, and a unit without a scale.
    """
    (measure,) = measures(extractor, text)
    assert (measure.value, measure.unit) == (value, unit)
    assert (measure.base_value, measure.base_unit) == (base_value, base_unit)


def test_integral_values_are_integers(extractor: Extractor) -> None:
    """An integral value is an int, so that its JSON has no decimal point. Any other value is a float."""
    integral, fractional = measures(extractor, "罚款3.50万元，立案20起。")[::-1]
    assert isinstance(integral.value, int)
    assert isinstance(fractional.value, float)
    assert (fractional.base_value, type(fractional.base_value)) == (35000, int)


@pytest.mark.parametrize(
    ("text", "value", "bound"),
    [
        ("受理案件86件。", 86, "exact"),
        ("出动人员1300余人次。", 1300, "at_least"),
        ("服务群众200多人次。", 200, "at_least"),
        ("受益群众20多万人。", 20, "at_least"),
        ("受理事项2.5万余件。", 2.5, "at_least"),
        ("受益群众五十多万人。", 50, "at_least"),
        ("产值增长1倍多。", 1, "at_least"),
        ("新增就业10万人以上。", 10, "at_least"),
        ("95%及以上的企业已经复工。", 95, "at_least"),
        ("罚款金额超过30万元。", 30, "at_least"),
        ("产值突破20亿元。", 20, "at_least"),
        ("培训干部不少于40学时。", 40, "at_least"),
        ("覆盖率不低于90%。", 90, "at_least"),
        ("带动就业逾3000人。", 3000, "at_least"),
        ("出庭应诉率至少98%。", 98, "at_least"),
        ("抽查比例至少达5%。", 5, "at_least"),
        ("抽查单位最少要达到3家。", 3, "at_least"),
        ("约有3000名群众参加活动。", 3000, "approx"),
        ("培训人员近500人次。", 500, "approx"),
        ("培训人员将近500人次。", 500, "approx"),
        ("培训人员大约500人次。", 500, "approx"),
        ("办案数量接近500件。", 500, "approx"),
        ("覆盖率提高到80%左右。", 80, "approx"),
        ("产值增长近一倍。", 1, "approx"),
        ("近三分之二的村通了公路。", 0.6667, "approx"),
        ("整改率不足5%。", 5, "at_most"),
        ("到场检查不到20次。", 20, "at_most"),
        ("每家企业检查不超过2次。", 2, "at_most"),
        ("经费控制在30万元。", 30, "at_most"),
        ("处10万元以下罚款。", 10, "at_most"),
        ("办件时间在3天以内。", 3, "at_most"),
        # ranges: the lower end
        ("新建服务站5—8个。", 5, "at_least"),
        ("新建服务站5至8个。", 5, "at_least"),
        ("产值增长6%至7%。", 6, "at_least"),
        ("产值增长6-7%。", 6, "at_least"),
        ("发放补贴3万～5万元。", 3, "at_least"),
        # words that only look like bounds
        ("附近300户居民搬迁。", 300, "exact"),
        ("节约300万元。", 300, "exact"),
        ("网上300件事项已经办结。", 300, "exact"),
        ("县级以上水源地5处。", 5, "exact"),
        pytest.param("与居民签约1200人。", 1200, "exact"),
    ],
)
def test_words_around_a_number_set_its_bound(extractor: Extractor, text: str, value: float, bound: str) -> None:
    """约, 近 … mean approx; 余, 多, 以上, 超过 … at_least; 不足, 以下 … at_most.

    The value of a range is its lower end, and its bound is at_least.
    """
    (measure,) = measures(extractor, text)
    assert (measure.value, measure.bound) == (value, bound)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("受理案件86件。", "count"),
        ("受益群众20万。", "count"),
        ("罚没款12万元。", "money"),
        ("利用外资3.5亿美元。", "money"),
        ("合格率98%。", "percent"),
        ("满意度提高2.3个百分点。", "percent"),
        ("出生率提高0.5‰。", "percent"),
        ("现场关停7天。", "duration"),
        ("服务期限为5年。", "duration"),
        ("历时5个月。", "duration"),
        ("平均用时缩短2小时。", "duration"),
        ("培训不少于40学时。", "duration"),
        ("绿地面积30公顷。", "other"),
        ("用电15万千瓦时。", "other"),
        ("产值增长2.5倍。", "other"),
        ("三分之二的村建成图书室。", "other"),
        pytest.param("工程历时三年多。", "duration"),
    ],
)
def test_the_unit_decides_the_kind(extractor: Extractor, text: str, kind: str) -> None:
    """The kind of a measure is that of its unit. Without a unit, 20万 is a count, and a fraction is other."""
    assert [measure.kind for measure in measures(extractor, text)] == [kind]


@pytest.mark.parametrize(
    "text",
    [
        # dates, periods, times of day
        "2023年3月15日召开会议。",
        "二〇二三年召开大会。",
        "五月一日起施行。",
        "近三年工作回顾。",
        "近三天没有下雨。",
        "连续5年获评优秀。",
        "上午9:30开会，8:30-17:30办公。",
        "7月20日8时30分启动应急响应。",
        # ordinals, list numbers, pages
        "第3次会议审议通过。",
        "党的二十届三中全会召开，第十四届委员会。",
        "落实市十四届人大二次会议和政协三次会议精神。",
        "落实一次会议确定的目标。",
        "1.加强队伍建设。2.落实责任。",
        "（二）加强队伍建设。（3）落实责任。",
        "一是加强领导。二是落实责任。",
        "一、加强领导",
        "居全省第3位。",
        # document numbers, articles of law, telephones and codes
        "（某政发〔2022〕15号）文件要求。",
        "根据某政办发[2021]8号文件。",
        "市政府令第23号公布。",
        "《条例》第二十条、第三十一条。",
        "依照第12条处理。",
        "联系电话：022-12345678。",
        "拨打12345热线。",
        "邮编300450",
        "网址www.12345.gov.cn",
        "浏览次数：1520次",
        # fixed names and slogans
        "落实三项制度，推行双随机、一公开。",
        "落实“双随机、一公开”要求。",
        "牢记“两个维护”，增强四个意识。",
        "评选“十佳”单位。",
        "第一责任人一岗双责。",
        "一站式、一件事、一网通办。",
        "打造15分钟便民服务圈。",
        "提供24小时自助服务。",
        "八五普法启动，“十四五”规划。",
        "十大行动全面完成，三农工作。",
        "取得了十分显著的成效。",
        # parts of words
        "新增5A级景区，建设5G网络。",
        "F-35型和C-123型。",
        "统一思想，万众一心，千方百计。",
        # ratios, formulas
        "男女比例为3∶1。",
        "比分为2:1。",
        "推行1+3+N模式。",
        # enumerations of ideas
        "围绕三个方面开展工作。",
        "落实三项任务。",
        "一支队伍。",
        "我们一起来查处案件。",
        "",
        pytest.param("第5页共12页"),
        pytest.param(
            "统一社会信用代码91120116MB1234567X",
        ),
        pytest.param("全年没有一起投诉。"),
        pytest.param(
            "全年未发生一起安全事故。",
        ),
    ],
)
def test_other_numbers_are_not_measures(extractor: Extractor, text: str) -> None:
    """Numbers in dates, ordinals, list and document numbers, codes, names, slogans and the like are not measures."""
    assert measures(extractor, text) == []


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("新增5A级景区2家。", [2]),
        ("建设5G基站300个。", [300]),
        ("建立一站式服务中心3个。", [3]),
        ("第一责任人述法1次。", [1]),
        ("开展“八五”普法宣传20场。", [20]),
        ("通过“互联网+监管”平台处理线索77条。", [77]),
        ("办理“我为群众办实事”项目12个。", [12]),
        ("第十二次会议听取汇报8项。", [8]),
        ("2023年3月受理案件60件。", [60]),
        ("依据《某条例》第三十三条处罚2人。", [2]),
        ("成立了三个检查组，检查十二家企业。", [3, 12]),
        ("聘请法律顾问两名、公职律师3名。", [2, 3]),
        ("召开党组会议三次。", [3]),
        ("先后三次召开专题会议。", [3]),
        ("召开4次会议，召开3次常委会会议。", [4, 3]),
        ("先后召开了十二次会议。", [12]),
        ("新建8个体育公园，检查18家乡镇卫生院，走访12家园区企业。", [8, 18, 12]),
        ("检查35处在建工地、12所在建学校。", [35, 12]),
        ("培训干部30人，其中12人为女性，3名为党员。", [30, 12, 3]),
        ("配备50套装备。", [50]),
        ("查处案件15起，其中3起来自群众举报，办理2起诉讼案件。", [15, 3, 2]),
        ("用时二十分，休息十分钟，占十分之一。", [20, 10, 0.1]),
        ("办件时限由15个工作日缩短到5个工作日。", [15, 5]),
        ("其中：食品80件，药品60件。", [80, 60]),
        pytest.param(
            "修建道路三公里。",
            [3],
        ),
        pytest.param(
            "财政收入五四点七亿元。",
            [54.7],
        ),
        pytest.param("投诉举报：350件。", [350]),
    ],
)
def test_skipped_numbers_do_not_hide_measures(extractor: Extractor, text: str, values: list[float]) -> None:
    """Only the number in a name, date or ordinal is skipped, not the measures next to it."""
    assert [measure.value for measure in measures(extractor, text)] == values
