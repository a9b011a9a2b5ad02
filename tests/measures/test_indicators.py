"""Indicators: names before and after the number, shared names, breakdowns, changes."""

from __future__ import annotations

import pytest

from searchkit.measures.extractor import Extractor
from searchkit.model import ExtractedMeasure, Paragraph

QuotesWithIndicators = list[tuple[str, str]]


def measures(
    extractor: Extractor, text: str, path: tuple[str, ...] = (), title: str | None = None
) -> list[ExtractedMeasure]:
    """Return the measures of one paragraph below the headings `path`, in a document with the title `title`."""
    (result,) = extractor.extract([Paragraph("r#1", "r", 1, text, path=path, title=title)])
    return list(result)


def quotes_with_indicators(text: str, extracted: list[ExtractedMeasure]) -> QuotesWithIndicators:
    """Return the quote and the indicator of each measure."""
    return [(text[measure.start : measure.end], measure.indicator) for measure in extracted]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # the name is before the number, without actor (我局), time (全年), light verbs (开展) and words such as 累计
        ("全年监督检查312户次。", [("监督检查312户次", "监督检查")]),
        ("累计发放宣传手册2.4万份。", [("宣传手册2.4万份", "宣传手册")]),
        ("罚没款共计86.4051万元。", [("罚没款共计86.4051万元", "罚没款")]),
        ("全区共有执法人员八十六人。", [("执法人员八十六人", "执法人员")]),
        ("我局开展普法宣传活动36场。", [("普法宣传活动36场", "普法宣传活动")]),
        ("出动执法人员1300余人次。", [("出动执法人员1300余人次", "出动执法人员")]),
        ("满意度达98.6%。", [("满意度达98.6%", "满意度")]),
        ("公共预算收入1,286.35亿元。", [("公共预算收入1,286.35亿元", "公共预算收入")]),
        ("（二）受理信访120件。", [("受理信访120件", "受理信访")]),
        ("办理“我为群众办实事”项目12个。", [("办理“我为群众办实事”项目12个", "办理“我为群众办实事”项目")]),
        # the name is after the number
        ("约有3000名群众参加活动。", [("3000名", "群众")]),
        ("成立三个工作组。", [("成立三个", "工作组")]),
        ("95%以上的企业已经复工。", [("95%以上", "企业 复工")]),
        ("甲、乙、丙等12个街镇全部建成。", [("12个", "街镇")]),
        ("与甲市、乙市等3个地区开展联合执法。", [("3个", "地区")]),
        # a quantity that is part of the name of the next one, or that shares its name
        ("十个职工以上的企业有5户。", [("5户", "十个职工以上的企业")]),
        (
            "用于安排600万人就业的支出5亿元。",
            [("用于安排600万人", "用于安排"), ("5亿元", "用于安排600万人就业的支出")],
        ),
        ("建成8条500千伏输电线路。", [("建成8条", "输电线路"), ("500千伏", "输电线路")]),
        ("2个方向8条运输通道。", [("2个", "方向"), ("8条", "运输通道")]),
        # words between the name and the number, and adverbs after the name
        ("土地承包期普遍延长到15年。", [("土地承包期普遍延长到15年", "土地承包期")]),
        ("粮食生产能力稳步跨上800亿斤台阶。", [("粮食生产能力稳步跨上800亿斤", "粮食生产能力")]),
        ("37个重点项目按期开工建设。", [("37个", "重点项目")]),
        ("这表现了我国6亿人民的意志。", [("6亿", "人民 意志")]),
        ("从1979年到1984年安排了40万青年就业。", [("安排了40万", "青年就业")]),
        # the predicate of a share is part of its indicator
        ("还有四分之三的生产队没有完成。", [("四分之三", "生产队 没有完成")]),
        ("亏损企业三分之一实现扭亏。", [("亏损企业三分之一", "亏损企业 实现扭亏")]),
        # averages, and relative clauses with 的
        ("储蓄余额8亿元，人均3712元。", [("储蓄余额8亿元", "储蓄余额"), ("人均3712元", "储蓄余额 人均")]),
        (
            "建设单位694个，分布在内地的有472个。",
            [("建设单位694个", "建设单位"), ("分布在内地的有472个", "建设单位 分布在内地")],
        ),
        ("免费为市民造地10万亩的任务。", [("免费为市民造地10万亩", "免费为市民造地")]),
        # several measures under one verb
        (
            "检查餐饮单位80家次、商场35家次、学校26所。",
            [("检查餐饮单位80家次", "检查餐饮单位"), ("商场35家次", "检查 商场"), ("学校26所", "检查 学校")],
        ),
        (
            "聘请法律顾问4名、公职律师3名。",
            [("聘请法律顾问4名", "聘请法律顾问"), ("公职律师3名", "聘请 公职律师")],
        ),
        # several numbers after several names
        (
            "行政处罚、行政许可事项分别为120项、86项。",
            [("行政处罚、行政许可事项分别为120项", "行政处罚"), ("86项", "行政许可事项")],
        ),
        (
            "受理案件、办结案件分别为12件和15件。",
            [("受理案件、办结案件分别为12件", "受理案件"), ("15件", "办结案件")],
        ),
        (
            "大豆、玉米产量分别达到12万吨、30万吨。",
            [("大豆、玉米产量分别达到12万吨", "大豆 产量"), ("30万吨", "玉米产量")],
        ),
        # context from the previous clauses
        (
            "受理信访120件，办结115件。",
            [("受理信访120件", "受理信访"), ("办结115件", "信访 办结")],
        ),
        (
            "执法人员86人，占编制数的75%。",
            [("执法人员86人", "执法人员"), ("占编制数的75%", "执法人员 占编制数")],
        ),
        (
            "新增市场主体1.2万户，总量达到8.6万户。",
            [("新增市场主体1.2万户", "新增市场主体"), ("总量达到8.6万户", "市场主体 总量")],
        ),
        # names from the clause of the number alone
        ("A级单位3家，B级单位12家。", [("A级单位3家", "A级单位"), ("B级单位12家", "B级单位")]),
        ("截至2023年底，持证人员128人。", [("持证人员128人", "持证人员")]),
        ("重点人群签约服务率90%。", [("重点人群签约服务率90%", "重点人群签约服务率")]),
        ("审批时限压缩至3个工作日。", [("审批时限压缩至3个工作日", "审批时限")]),
        ("办案12件（简易程序）。", [("办案12件", "办案")]),
        (
            "甲县、乙县分别完成投资3亿元、5亿元。",
            [("甲县、乙县分别完成投资3亿元", "甲县 投资"), ("5亿元", "乙县 投资")],
        ),
    ],
)
def test_the_sentence_names_a_quantity(extractor: Extractor, text: str, expected: QuotesWithIndicators) -> None:
    """An indicator consists of words of the sentence.

    A quote has the number with its unit and with a bound after it (95%以上), and often the name before it.
    """
    assert quotes_with_indicators(text, measures(extractor, text)) == expected


@pytest.mark.parametrize(
    ("text", "indicators"),
    [
        ("公开率、办结率均为100%。", ["公开率", "办结率"]),
        ("家庭医生签约率及管理率均达到90%以上。", ["家庭医生签约率", "管理率"]),
        ("抽检合格率、按期处理率、群众满意度均达99.5%。", ["抽检合格率", "按期处理率", "群众满意度"]),
        pytest.param(
            "抽检合格率、及时处理率、群众满意度均达99.5%。",
            ["抽检合格率", "及时处理率", "群众满意度"],
        ),
    ],
)
def test_rates_that_share_a_number_are_separate(extractor: Extractor, text: str, indicators: list[str]) -> None:
    """甲率、乙率均达99% yields a measure for each rate, with the same value and end, but different starts."""
    extracted = measures(extractor, text)
    assert len(extracted) == len(indicators)
    for measure, indicator in zip(extracted, indicators, strict=True):
        assert measure.indicator.endswith(indicator)
        assert text[measure.start :].startswith(indicator)
    assert len({measure.start for measure in extracted}) == len(extracted)
    assert len({(measure.value, measure.unit, measure.bound, measure.end) for measure in extracted}) == 1


def test_rates_that_share_a_number_are_not_context_for_each_other(extractor: Extractor) -> None:
    """The name of one rate is not part of the indicator of another."""
    extracted = measures(extractor, "合格率、满意率均达98%。")
    assert [measure.indicator for measure in extracted] == ["合格率", "满意率"]


@pytest.mark.parametrize(
    ("text", "total", "parts"),
    [
        (
            "全年受理投诉举报350件，其中食品安全210件、产品质量96件、价格44件。",
            "受理投诉举报",
            ["投诉举报 食品安全", "投诉举报 产品质量", "投诉举报 价格"],
        ),
        (
            "共受理行政复议申请48件，其中维持30件，撤销8件，终止10件。",
            "受理行政复议申请",
            ["行政复议申请 维持", "行政复议申请 撤销", "行政复议申请 终止"],
        ),
        ("举报案件45件，包括噪声类20件、扬尘类25件。", "举报案件", ["举报案件 噪声类", "举报案件 扬尘类"]),
        pytest.param(
            "共查办案件45件，其中：环保18件、土地15件。",
            "查办案件",
            ["案件 环保", "案件 土地"],
        ),
        pytest.param(
            "共检查食堂420家（其中学校食堂299家）。",
            "检查食堂",
            ["学校食堂"],
        ),
        pytest.param(
            "受理举报420件，其中医疗299件（占71.2%），环保121件。",
            "受理举报",
            ["举报 医疗", "举报 占", "举报 环保"],
        ),
    ],
)
def test_parts_refer_to_their_total(extractor: Extractor, text: str, total: str, parts: list[str]) -> None:
    """Measures after 其中 or 包括 in the unit of their total refer to it. Their indicators have words of its name."""
    first, *rest = measures(extractor, text)
    assert (first.indicator, first.part_of) == (total, None)
    assert [measure.indicator for measure in rest] == parts
    assert {measure.part_of for measure in rest if measure.unit == first.unit} == {first.start}


def test_another_unit_or_sentence_ends_a_breakdown(extractor: Extractor) -> None:
    """Measures in another unit or in another sentence are not parts of the total."""
    text = "查处案件45件，其中简易程序30件，普通程序15件，罚款20万元。受理信访120件。"
    assert [measure.part_of for measure in measures(extractor, text)] == [None, 0, 0, None, None]


@pytest.mark.parametrize(
    ("text", "changes"),
    [
        ("投诉量同比下降12.5%。", ["decrease"]),
        ("办案数量比上年增加15件。", ["increase"]),
        ("受理案件增加了20余件。", ["increase"]),
        ("产值增长2.5倍。", ["increase"]),
        ("年均递增8%。", ["increase"]),
        ("亏损额减20%。", ["decrease"]),
        ("集团购买力要按上年实际数额核减20%。", ["decrease"]),
        ("之所以确定6%以上的经济增长目标。", ["increase"]),
        ("经济增长速度要达到9%。", ["increase"]),
        ("综合用电成本调降13%。", ["decrease"]),
        ("同比增长率为9.99%。", ["increase"]),
        ("审批时间缩短60%。", ["decrease"]),
        ("合格率较上年提高2.3个百分点。", ["increase"]),
        ("编制内人员35人，比去年少3人。", [None, "decrease"]),
        ("工业增加值、固定资产投资分别增长8%、10%。", ["increase", "increase"]),
        ("8%左右的经济增长目标。", ["increase"]),
        ("工业增速比上年加快1.2个百分点。", ["increase"]),
        ("客流量激增35%。", ["increase"]),
        ("水位回升1.13米。", ["increase"]),
        ("增速比上年放缓1.2个百分点。", ["decrease"]),
        ("亏损面收窄3个百分点。", ["decrease"]),
        # levels and new things are not changes
        ("执法人员增加到56人。", [None]),
        ("受理案件增至180件。", [None]),
        ("办案数量由20件增加到35件。", [None, None]),
        ("合格率由95.2%提高到98.1%，提高2.9个百分点。", [None, None, "increase"]),
        ("办件时限由15个工作日缩短到5个工作日。", [None, None]),
        ("新增执法人员6人。", [None]),
        ("工业增加值200亿元。", [None]),
        ("精简后的事项86项。", [None]),
        # bounds are not changes
        ("出庭应诉率至少98%。", [None]),
        ("抽查比例最少5%。", [None]),
    ],
)
def test_verbs_of_increase_or_decrease_mark_a_change(
    extractor: Extractor, text: str, changes: list[str | None]
) -> None:
    """增长5% is a change; 增加到56人 and 新增6人 are not."""
    assert [measure.change for measure in measures(extractor, text)] == changes


@pytest.mark.parametrize(
    ("text", "indicators"),
    [
        ("投诉量同比下降12.5%。", ["投诉量"]),
        ("办案数量比上年增加15件。", ["办案数量"]),
        ("公共预算收入20亿元，增长8.1%。", ["公共预算收入", "公共预算收入"]),
        ("受理信访120件，同比下降8%。", ["受理信访", "受理信访"]),
        ("满意度达98.6%，较上年提高2.3个百分点。", ["满意度", "满意度"]),
        ("工业增加值、固定资产投资分别增长8%、10%。", ["工业增加值", "固定资产投资"]),
        # baselines of several words
        ("处罚案件129件，比上年度增加12件。", ["处罚案件", "处罚案件"]),
        ("处罚案件129件，较2022年度下降5%。", ["处罚案件", "处罚案件"]),
        ("案件数与上年同期相比增长12%。", ["案件数"]),
        ("存款余额350亿元，较年初增加30亿元。", ["存款余额", "存款余额"]),
        ("立案129件，罚没款同比去年增长5%。", ["立案", "罚没款"]),
        ("投诉较上季度减少3件。", ["投诉"]),
        ("比上年比重提高2个百分点。", ["比重"]),
        ("同年初中毕业生增加500人。", ["同年初中毕业生"]),
        # adverbs of a change
        ("居民消费价格同比小幅上涨0.2%。", ["居民消费价格"]),
        ("PPI同比微降0.3%。", ["PPI"]),
        ("普惠小微增长15%。", ["普惠小微"]),
        ("投诉比上年明显下降15%。", ["投诉"]),
        ("立案129件。罚没款同比大幅增长35%。", ["立案", "罚没款"]),
        ("工业增速比上年加快1.2个百分点。", ["工业增速"]),
        ("债务压降12%。", ["债务"]),
        pytest.param(
            "城镇、农村居民人均可支配收入分别增长6.1%和7.2%。",
            ["城镇 人均可支配收入", "农村居民人均可支配收入"],
        ),
    ],
)
def test_the_indicator_of_a_change_names_what_changed(extractor: Extractor, text: str, indicators: list[str]) -> None:
    """The indicator names what changed, without a baseline (比上年) and without the verb, which `change` states."""
    assert [measure.indicator for measure in measures(extractor, text)] == indicators


@pytest.mark.parametrize(
    ("text", "indicators"),
    [
        # verbs such as 达到, with their adverbs, and times are not part of a name; verbs such as 接待 are
        ("粮食总产量应该达到7000亿斤。", ["粮食总产量"]),
        ("首都也接待游客5000人。", ["首都也接待游客"]),
        ("必须把人口自然增长率控制在11‰以内。", ["人口自然增长率"]),
        ("五年转移农村劳动力392万人。", ["转移农村劳动力"]),
        ("高等学校今年招生1万人。", ["高等学校 招生"]),
        ("财政收入五年翻一番。", ["财政收入"]),
        ("甲产量达到乙产量的2倍。", ["甲产量"]),
        ("达到人均收入150元的水平。", ["人均收入"]),
        ("和群众想在一起、站在一起。", []),
        ("做到发现一起、查处一起，立案1件。", ["立案"]),
        # a further item has its own name
        ("抓好石家庄开发区和16个高新技术园区。", ["高新技术园区"]),
        ("运动会夺得了2枚金牌、3枚银牌。", ["运动会夺得 金牌", "运动会夺得 银牌"]),
        ("建成5所市、县级医院。", ["市、县级医院"]),
        ("为25万人（次）残疾人提供服务。", ["残疾人"]),
        ("巩固100个一类扶贫重点乡镇。", ["一类扶贫重点乡镇"]),
        ("建成4个国家级、21个省级示范基地。", ["国家级 示范基地", "省级示范基地"]),
        ("抓好4家国家级和50家省级企业改革试点。", ["国家级 企业改革试点", "省级企业改革试点"]),
        ("打造20个可复制、高质量的示范工程。", ["示范工程"]),
        ("打造示范企业3家、学校5所。", ["示范企业", "学校"]),
        ("审议地方性法规14部、废止11部。", ["审议地方性法规", "审议地方性法规 废止"]),
        # the predicate of a share, or of counted places, is part of the indicator
        ("98.1%的行政村通了客车。", ["行政村通了客车"]),
        ("全区有16个县（市、区）普及了义务教育。", ["县 普及了义务教育"]),
        # what money is for
        ("安排20亿元用于发放社会保险补贴。", ["社会保险补贴"]),
        # the subject is in an earlier clause
        ("第三产业显示出较强的后劲，增加值比上年增长10.3%。", ["第三产业 增加值"]),
        ("乡镇企业，包括乡办、村办工业，产值达到151亿元。", ["乡镇企业 产值"]),
        ("农业科学组织，据12个省的统计，有7690个。", ["省", "农业科学组织"]),
        ("书籍的出版总量，1985年达到456亿印张。", ["书籍的出版总量 印张"]),
        ("总产值994亿元，粮食总产再创新高，达到4100万吨。", ["总产值", "粮食总产"]),
        ("重点项目33个，有10个已建成投产。", ["重点项目", "重点项目 已建成投产"]),
        ("第三产业比较落后，它的产值占20%。", ["第三产业 产值占"]),
        ("高等院校，去年新建3所，现在共有22所。", ["高等院校 新建", "高等院校"]),
        ("总产值的增长速度，1981年计划为3.7%；1982年计划为4%。", ["总产值的增长速度", "总产值的增长速度"]),
        # several names for several numbers, in the same clause or an earlier one
        ("城市收入和农村收入分别增长12%和10%，2007年分别达到12294元和3904元。", ["城市收入", "农村收入"] * 2),
        ("工业增加值500亿元、固定资产投资800亿元，分别增长10%和20%。", ["工业增加值", "固定资产投资"] * 2),
        ("甲县收入和乙县收入，分别增长7%和10%，年均提升5%和6%。", ["甲县收入", "乙县收入"] * 2),
        ("乡镇企业完成增加值199亿元。", ["乡镇企业完成增加值"]),
        ("居民和工商业综合用电成本分别下降13%和14%。", ["居民 综合用电成本", "工商业综合用电成本"]),
        ("金融机构存、贷款余额分别达4217亿元、2509亿元。", ["金融机构存款余额", "贷款余额"]),
        ("种植业和畜牧业占农业的比重分别达16%和28%。", ["种植业 占农业的比重", "畜牧业占农业的比重"]),
        ("国企净资产和利润总额增长12.8%、23.3%。", ["国企净资产", "利润总额"]),
        # the total of the things that were just counted
        ("新增高速公路400公里，通车总里程达到2250公里。", ["新增高速公路", "高速公路 通车总里程"]),
        ("新增高铁运营里程34公里、总里程达190公里。", ["新增高铁运营里程", "高铁 总里程"]),
        ("铁路营运里程五年新增71公里，总里程达384公里。", ["铁路营运里程五年新增", "铁路 总里程"]),
        ("新增供水能力20万吨，总规模达到120万吨。", ["新增供水能力", "供水能力 总规模"]),
        ("新设商户30万户，日均新设849户，总量达200万户。", ["新设商户", "日均新设", "新设商户 总量"]),
        # amounts that share a number
        ("地区生产总值、财政总收入均突破2万亿元。", ["地区生产总值", "财政总收入"]),
        ("固定资产投资和财政总收入双双突破300亿元。", ["固定资产投资", "财政总收入"]),
        ("甲集团资产总额、营业收入均突破14亿元。", ["甲集团资产总额、营业收入"]),
    ],
)
def test_a_sentence_completes_the_names_it_leaves_out(extractor: Extractor, text: str, indicators: list[str]) -> None:
    """A name that a clause leaves out comes from other clauses.

    Words such as 达到 are not part of a name, nor are times and numbers before or after it.
    """
    assert [measure.indicator for measure in measures(extractor, text)] == indicators


@pytest.mark.parametrize(
    ("text", "path", "title", "indicator"),
    [
        ("共300人。", ("加强执法队伍建设",), None, "执法队伍建设"),
        ("达到95%。", ("依法行政", "推进水质监测工作"), None, "水质监测"),
        ("达到95%。", ("水质监测；加强培训",), None, "水质监测"),
        ("共300人。", (), "某区年度报告", "某区年度报告"),
        ("共300人。", (), None, ""),
        ("立案20起。", ("强化医疗废物监管",), None, "立案"),
        ("持证执法员300人。", ("加强执法队伍建设",), None, "持证执法员"),
    ],
)
def test_a_heading_names_a_quantity_that_its_sentence_does_not(
    extractor: Extractor, text: str, path: tuple[str, ...], title: str | None, indicator: str
) -> None:
    """If the sentence has no name for a number, the innermost heading names it; without headings, the title.

    Without a title, too, the indicator is empty.
    """
    (measure,) = measures(extractor, text, path, title)
    assert measure.indicator == indicator


@pytest.mark.parametrize(
    "text",
    [
        "罚没款12万元，检查312户次。",
        "罚没款１２万元，同比增长9.99%。",
        "执法人员八十六人，约占百分之二十四点五。",
        "培训1300余人次，每年不少于40学时。",
    ],
)
def test_indicators_do_not_contain_their_numbers(extractor: Extractor, text: str) -> None:
    """An indicator consists of words of the text, without the number and its unit."""
    for measure in measures(extractor, text):
        assert measure.indicator
        assert not any(character.isdigit() for character in measure.indicator)
        assert all(word in text for word in measure.indicator.split())
        assert not measure.indicator.endswith(measure.unit or "。")
