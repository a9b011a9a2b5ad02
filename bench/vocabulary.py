"""Building blocks of the generated reports: words of jieba's dictionary, typical phrases, numbers, places.

All phrases were written for this benchmark. `generate` draws the words of each paragraph.
"""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files

from searchkit.places.gazetteer import gazetteer

WORDS = 40_000
"""Number of words taken from the dictionary: the most frequent ones."""
DISTRICTS = 400
"""Number of districts that reports are about."""

YEARS = tuple(range(2015, 2025))
"""Years of the reports, equally frequent."""
AGENCIES = (
    "人民政府",
    "卫生健康委员会",
    "司法局",
    "市场监督管理局",
    "农业农村局",
    "生态环境局",
    "交通运输局",
    "应急管理局",
    "教育局",
    "城市管理局",
    "民政局",
    "水利局",
)
"""Agencies that write reports, the most frequent first."""
DOCTYPE = "法治政府建设年度报告"

SECTIONS = (
    ("成效", "主要工作和成效"),
    ("问题", "存在的不足和原因"),
    ("履职", "主要负责人履行职责情况"),
    ("计划", "下一年度工作安排"),
)
"""Section of a paragraph, and its heading in reports."""

PHRASES = {
    "行政执法": (
        "严格规范公正文明执法",
        "全面推行行政执法公示制度",
        "重大执法决定法制审核",
        "执法全过程记录",
        "双随机一公开监管",
        "推行柔性执法",
        "首次违法不予处罚",
        "规范行政处罚裁量权",
        "开展案卷评查",
        "办理行政处罚案件",
    ),
    "营商环境": (
        "持续优化营商环境",
        "深化放管服改革",
        "推进政务服务一网通办",
        "压缩审批时限",
        "落实公平竞争审查",
        "清理涉企收费",
        "推行告知承诺",
        "办好企业诉求",
    ),
    "公共服务": (
        "办好民生实事",
        "提升公共服务水平",
        "扩大基本医疗保障",
        "推进义务教育均衡发展",
        "完善养老服务体系",
        "改善农村人居环境",
        "加快保障性住房建设",
        "方便群众就近办理",
    ),
    "组织领导": (
        "切实履行第一责任人职责",
        "加强对法治建设的组织领导",
        "定期听取工作汇报",
        "纳入年度绩效考核",
        "召开专题会议研究部署",
        "压实工作责任",
        "统筹推进各项任务",
    ),
    "普法宣传": (
        "落实谁执法谁普法责任制",
        "开展宪法宣传周活动",
        "发放宣传资料",
        "推进法律进社区",
        "增强全民法治观念",
        "举办法治讲座",
        "利用新媒体开展普法",
    ),
    "应急管理": (
        "完善应急预案体系",
        "开展安全生产大检查",
        "排查整治安全隐患",
        "组织防汛演练",
        "提高突发事件处置能力",
        "压实安全生产责任",
    ),
    "矛盾纠纷": (
        "办理行政复议案件",
        "健全矛盾纠纷多元化解机制",
        "加强人民调解工作",
        "依法办理信访事项",
        "行政机关负责人出庭应诉",
        "引导群众依法维权",
    ),
    "队伍建设": (
        "组织执法人员业务培训",
        "加强执法队伍建设",
        "严格执法证件管理",
        "提高依法行政能力",
        "开展领导干部学法活动",
        "配强专业力量",
    ),
    "政务公开": (
        "主动公开政府信息",
        "办理依申请公开",
        "加强政策解读",
        "及时回应社会关切",
        "公开权责清单",
        "管好政府网站",
    ),
    "规范性文件": (
        "开展规范性文件清理",
        "落实合法性审核",
        "做好备案审查",
        "废止失效文件",
        "公开征求社会意见",
    ),
    "行政决策": (
        "规范重大行政决策程序",
        "落实公众参与和专家论证",
        "发挥法律顾问作用",
        "开展风险评估",
        "坚持集体讨论决定",
    ),
    "权力监督": (
        "自觉接受人大监督",
        "办理人大代表建议和政协提案",
        "强化审计监督",
        "加强行政执法监督",
        "严肃追责问责",
    ),
    "机构职能": (
        "深化机构改革",
        "动态调整权责清单",
        "理顺部门职责关系",
        "推进综合执法改革",
        "下放审批权限",
    ),
    "数字法治": (
        "建设数字政府",
        "推进非现场监管",
        "打通数据壁垒",
        "运用大数据提高监管效能",
        "建成执法监管平台",
    ),
}
"""Topic → its phrases, the most frequent topic first."""

GENERAL = (
    "坚持以人民为中心",
    "高质量发展",
    "进一步加强",
    "认真贯彻落实",
    "取得明显成效",
    "建立健全长效机制",
    "扎实推进",
    "稳步提高",
    "持续深化改革",
    "统筹发展和安全",
    "存在一定差距",
    "有待进一步提高",
    "深入开展专项行动",
    "全面完成年度目标任务",
    "加强部门协作配合",
    "保障群众合法权益",
    "推动工作落实",
    "依法行政",
    "法治政府建设",
    "人民群众",
)
"""Phrases for all topics."""

FUNCTION_WORDS = (
    "的",
    "和",
    "等",
    "对",
    "在",
    "了",
    "与",
    "及",
    "以",
    "为",
    "并",
    "向",
    "各",
    "我市",
    "全区",
    "本年度",
)
"""Particles and other short words, for all topics."""
MARKS = ("", "，", "。", "、", "；")
"""What follows a piece of a paragraph: nothing, or a punctuation mark."""

_WORD = re.compile("[\u4e00-\u9fa5]{2,4}")
"""Matches two to four Chinese characters, from 一 to 龥."""
_NAME_TAGS = ("nr", "ns", "nt")
"""First letters of the tags that jieba's dictionary gives to names of people, places and organisations."""
_INDICATORS = (
    ("立案", "件"),
    ("办结案件", "件"),
    ("检查企业", "户次"),
    ("出动执法人员", "人次"),
    ("开展培训", "场"),
    ("发放资料", "份"),
    ("受理申请", "件"),
    ("化解纠纷", "起"),
    ("公开信息", "条"),
    ("审核文件", "件"),
    ("整改隐患", "处"),
    ("新增就业", "人"),
)
"""Pairs of an indicator and the unit of its numbers."""


@cache
def dictionary_words() -> tuple[str, ...]:
    """Return the `WORDS` most frequent words of two to four characters in jieba's dictionary, without names.

    The most frequent word is first.
    """
    entries = []
    for line in files("jieba").joinpath("dict.txt").read_text(encoding="utf-8").splitlines():
        word, frequency, tag = line.split(" ")
        if _WORD.fullmatch(word) and not tag.startswith(_NAME_TAGS):
            entries.append((-int(frequency), word))
    return tuple(word for _, word in sorted(entries)[:WORDS])


@cache
def quantities() -> tuple[str, ...]:
    """Return statements with a number, such as 立案120件, 罚款1.85万元 and 同比增长1.0%."""
    result = []
    for n in range(1, 2000):
        indicator, unit = _INDICATORS[n % len(_INDICATORS)]
        result.append(f"{indicator}{n if n < 400 else n * 7}{unit}")  # noqa: PLR2004 - larger steps from 400 on
        if n % 5 == 0:
            result.append(f"罚款{n * 37 / 100:.2f}万元")
        if n % 20 == 0:
            result.append(f"同比增长{n / 20:.1f}%")
    return tuple(result)


@cache
def districts() -> tuple[tuple[str, ...], ...]:
    """Return `DISTRICTS` places of the county level, spread over the country, each as province, city and county."""
    counties = {region for region in gazetteer().codes.values() if len(region) == 3}  # noqa: PLR2004 - the county's level
    current = sorted(region for region in counties if not region[1].endswith("地区"))  # most 地区 have become cities
    return tuple(current[:: len(current) // DISTRICTS][:DISTRICTS])
