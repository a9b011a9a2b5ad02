"""The taxonomy of work reports: a plain sentence for each topic, and real paragraphs labelled by hand."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from searchkit.corpus.listing import list_corpus
from searchkit.corpus.reading import read_file
from searchkit.corpus.topics import Taxonomy
from searchkit.files import DATA_FOLDER
from searchkit.names import SECTIONS

LABELS = Path(__file__).with_name("work_topics.json")
"""A JSON file. Its key `labels` maps ids of paragraphs to the topics that may come first, assigned by hand.

Its key `seed` is the seed with which these 200 paragraphs, each of at least 15 characters, were drawn at random.
"""


@pytest.fixture(scope="module")
def taxonomy() -> Taxonomy:
    """Return the taxonomy of work reports."""
    return Taxonomy.load(DATA_FOLDER / "work_topics.toml")


@pytest.fixture(scope="module")
def first_topics(shared: Path, taxonomy: Taxonomy, labels: dict[str, list[str]]) -> dict[str, str]:
    """Return the first topic of each paragraph of the labelled reports, by paragraph id."""
    folder = shared / "corpus" / "gov"
    if not folder.is_dir():
        pytest.skip("no folder of real work reports next to the checkout")
    names = {paragraph.rpartition("#")[0] for paragraph in labels}
    listing = list_corpus(folder)
    return {
        paragraph.id: paragraph.topics[0]
        for file in listing.documents
        if file.name in names
        for parsed in read_file(file, listing.stated_metadata(file), taxonomy).documents
        for paragraph in parsed.paragraphs
    }


@pytest.fixture(scope="module")
def labels() -> dict[str, list[str]]:
    """Return the topics that may come first, by paragraph id."""
    labels: dict[str, list[str]] = json.loads(LABELS.read_text(encoding="utf-8"))["labels"]
    return labels


PLAIN = [
    ("各位代表！现在，我代表市人民政府向大会报告工作，请予审议。", "总体部署"),
    ("我们也清醒地看到，前进中还有不少困难和问题：产业层次不高，财政增收乏力，民生短板较多。", "总体部署"),
    ("今年的主要预期目标是：地区生产总值增长6%，城镇新增就业3万人，居民收入与经济同步增长。", "总体部署"),
    ("成绩来之不易。在此，我代表县人民政府，向全县人民表示衷心的感谢！", "总体部署"),
    ("全年完成地区生产总值820亿元，比上年增长7.2%，经济总量跃居全市第三。", "经济运行"),
    ("加强经济运行调度，物价涨幅控制在2%以内。", "经济运行"),
    ("规上工业企业净增40家，装备制造、新材料两大产业集群产值突破千亿元。", "工业与产业"),
    ("抓好骨干企业的技术改造，名牌产品增加到30个，机械、化工、轻纺产值增长12%。", "工业与产业"),
    ("培育人工智能和数字经济企业，建成智能工厂12家。", "工业与产业"),
    ("研发投入占比提高到2.8%，新增高新技术企业60家、省级重点实验室3家，引进博士120名。", "科技人才"),
    ("推广先进适用技术，转化科技成果85项，表彰有突出贡献的科技人员。", "科技人才"),
    ("举办消费节，打造夜间经济街区，社会消费品零售总额增长8%。", "商贸与服务业"),
    ("新建物流园区和专业批发市场，电子商务交易额翻番，第三产业加快发展。", "商贸与服务业"),
    ("粮食总产36万吨，新建高标准农田5万亩，生猪出栏80万头。", "农业农村"),
    ("稳定土地承包关系，减轻农民负担，乡镇企业产值增长三成。", "农业农村"),
    ("整治农村人居环境，建成和美乡村20个，村集体收入全部超过20万元。", "农业农村"),
    ("落实扶贫专项资金，26个贫困村退出，1.2万人脱贫。", "扶贫脱贫"),
    ("健全防返贫监测，脱贫人口无一返贫，易地搬迁群众后续扶持到位。", "扶贫脱贫"),
    ("一般公共预算收入完成48亿元，税收占比达到75%，化解政府债务9亿元。", "财政金融"),
    ("金融机构存款余额增长11%，发放小额贷款6亿元，两家企业上市。", "财政金融"),
    ("实施重点项目150个，完成固定资产投资300亿元，争取中央预算内资金8亿元。", "投资与项目"),
    ("抓好项目储备，健全项目推进机制，民间投资增长10%。", "投资与项目"),
    ("高速公路全线通车，新建改建农村公路260公里，机场年旅客吞吐量突破百万人次。", "交通与基础设施"),
    ("完成两座水库除险加固，新建110千伏变电站3座，开通5G基站800个。", "交通与基础设施"),
    ("推进国有企业改制重组，健全法人治理结构。", "改革与营商环境"),
    ("落实惠企政策，为民营企业减负，新增市场主体2万户，营商环境评价进入全省前列。", "改革与营商环境"),
    ("赴沿海开展招商引资，签约外资项目12个，进出口总额增长15%。", "对外开放"),
    ("综合保税区封关运行，中欧班列开行200列。", "对外开放"),
    ("改造背街小巷120条，新增停车位3000个，城市管理更加精细。", "城乡与区域"),
    ("常住人口城镇化率提高到62%，融入都市圈，县域经济协调发展。", "城乡与区域"),
    ("空气质量优良天数330天，黑臭水体全部消除，造林4万亩。", "生态环境"),
    ("单位生产总值能耗下降3%，关停污染企业15家，污水处理率达到95%。", "生态环境"),
    ("新建扩建学校18所，新增学位1.5万个，引进教师300名，义务教育优质均衡。", "教育"),
    ("普及九年义务教育，改造中小学危房，发展职业教育。", "教育"),
    ("市人民医院新院区启用，组建县域医共体5个，疾控体系更加健全。", "卫生健康"),
    ("人口自然增长率控制在6‰以内，新型农村合作医疗参合率达到95%。", "卫生健康"),
    ("城镇新增就业2.6万人，发放低保金1.1亿元，养老保险参保率98%。", "就业与民生"),
    ("十件民生实事全部办结，城乡居民收入分别增长6%和8%。", "就业与民生"),
    ("新增养老床位800张，关爱残疾人、留守儿童和困难职工。", "就业与民生"),
    ("开工保障性住房3200套，棚户区改造1500户，房地产市场平稳。", "住房"),
    ("深化住房制度改革，推行公积金制度，解决职工住房困难。", "住房"),
    ("图书馆新馆开放，举办马拉松和文化艺术节，接待游客900万人次。", "文化旅游"),
    ("深入开展群众性精神文明创建活动，创成全国文明城市。", "文化旅游"),
    ("排查整治安全隐患1.2万处，生产安全事故起数下降20%。", "安全与治理"),
    ("依法打击刑事犯罪，化解信访积案，矛盾纠纷调解成功率98%。", "安全与治理"),
    ("战胜特大洪涝灾害，抢险救灾，灾后重建全面完成。", "安全与治理"),
    ("支持驻地部队建设，做好民兵预备役和双拥工作。", "国防民族外事"),
    ("全面贯彻党的民族政策，依法管理宗教事务，做好侨务和对台工作。", "国防民族外事"),
    ("自觉接受人大监督，办理代表建议120件，政务公开不断深化。", "政府自身建设"),
    ("从严落实中央八项规定，整治形式主义，三公经费下降10%，党风廉政建设深入推进。", "政府自身建设"),
    ("转变政府职能，精简机构，克服官僚主义，建设廉洁高效的公务员队伍。", "政府自身建设"),
]
"""Texts about one subject each, with the topic of that subject."""


@pytest.mark.parametrize(("text", "topic"), PLAIN)
def test_a_plain_sentence_has_its_topic_first(taxonomy: Taxonomy, text: str, topic: str) -> None:
    """A sentence about one subject has the topic of that subject first, under a neutral heading and under none."""
    assert taxonomy.classify_paragraph(("2019年工作回顾",), text, "成效")[0] == topic
    assert taxonomy.classify_paragraph((), text, "计划")[0] == topic


def test_every_topic_has_a_plain_sentence(taxonomy: Taxonomy) -> None:
    """The plain sentences cover all topics."""
    assert {topic for _, topic in PLAIN} == set(taxonomy.names)


@pytest.mark.parametrize("section", SECTIONS)
def test_a_paragraph_without_words_has_a_topic(taxonomy: Taxonomy, section: str) -> None:
    """Without words of the taxonomy, a paragraph gets the fallback of its section: one of the two general topics."""
    assert taxonomy.classify_paragraph((), "略。", section)[0] in {"总体部署", "政府自身建设"}


def test_a_heading_about_healthy_growth_is_not_about_health(taxonomy: Taxonomy) -> None:
    """A topic's word inside another word (健康 in 健康发展) or across two words (和平 in 载体和平台) does not count."""
    assert taxonomy.classify_paragraph(("保持经济持续健康发展",), "各项指标好于预期。", "成效")[0] == "经济运行"
    assert "国防民族外事" not in taxonomy.classify_paragraph((), "建设一批载体和平台。", "计划")
    assert "教育" not in taxonomy.classify_paragraph((), "深入学习党的二十大报告。", "计划")


def test_the_labels_are_topics(taxonomy: Taxonomy, labels: dict[str, list[str]]) -> None:
    """There are 200 labelled paragraphs, each with at least one topic of the taxonomy."""
    assert len(labels) == 200
    assert all(topics and set(topics) <= set(taxonomy.names) for topics in labels.values())


def test_first_topics_of_real_paragraphs(labels: dict[str, list[str]], first_topics: dict[str, str]) -> None:
    """At least 85 % of the labelled paragraphs have an acceptable first topic."""
    right = sum(first_topics[paragraph] in topics for paragraph, topics in labels.items())
    assert right >= 0.85 * len(labels)


def test_no_topic_is_first_too_often(labels: dict[str, list[str]], first_topics: dict[str, str]) -> None:
    """No topic is first in over a quarter of the labelled paragraphs, or of all paragraphs of the same reports."""
    for topics in ([first_topics[paragraph] for paragraph in labels], list(first_topics.values())):
        assert Counter(topics).most_common(1)[0][1] <= 0.25 * len(topics)
