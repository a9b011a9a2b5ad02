"""Joining of broken sentences."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from searchkit.corpus.blocks import Block
from searchkit.corpus.cleaning.joining import join_broken_lines

SENTENCE = (
    "全年围绕重点行业开展专项检查，出动执法人员多批次，现场指导企业整改隐患，"
    "对拒不整改的依法查处，有力维护了市场秩序和群众权益，得到各方面的肯定。"
)


def _join(*texts: str) -> list[str]:
    stripped = [text.strip() for text in texts]
    return [b.text for b in join_broken_lines([Block(t) for t in stripped], [t[:1].isspace() for t in texts])]


@pytest.mark.parametrize(
    ("lines", "paragraph_count"),
    [
        (("为规范执法,配备了记录仪,要求所有行", "", "政执法行为全程记录。开展行政检查,落实行政责任。"), 1),
        (("共立案129", "件，罚款10万元。"), 1),
        (("落实《关于进一步规范", "执法行为的通知》要求。"), 1),
        (("现将有关情况报告如", "下："), 1),
        (("抓好落实，", "确保实效。"), 1),
        (("完成了任务。", "下一步继续努力。"), 2),
        (("一、工作情况", "全年开展检查。"), 2),
        (("规范执法，提升服务质量", "我们优化流程，压缩时限。"), 2),
        (("主要负责人认真履职,未受处分", "1.带头学习。"), 2),
        (("助推平安建设", "", "某市某某局", "20241231"), 3),
        (("一、规范执法行为", "深入开展培训。"), 2),
        (("附件2", "名词解释"), 2),
        (("检查机构328家次，追回资金462万元，发放", "补贴12万元。"), 1),
        (("2.就业工作：新增就业2.3万人，发放创业", "担保贷款4860万元。"), 1),
        (("在网站公示执法主体和程序，公示许可信息", "27条、处罚信息9条。"), 1),
        # the last word of a heading contains a preposition, or the first word of its text a particle
        (("（三）坚持处罚与教育相结合", "全区推行柔性执法，发出提示函120份。"), 2),
        (("一、执法依据", "全区执法部门依法立案12件。"), 2),
        (("（二）规范行政权力行使", "严格落实清单，公开事项120项。"), 2),
        (("一、检查目的", "为了规范市场秩序，开展检查12次。"), 2),
        (("三、土地出让", "全年出让土地12宗，面积300亩。"), 2),
        (("（一）条例审议通过", "全年制定法规3件。"), 2),
        (("（五）法治建设更进一步", "全年开展培训12次。"), 2),
        (("四、资金流向", "全年拨付资金300万元。"), 2),
        (("一、基本情况", "和平区坚持依法行政，立案12件。"), 2),
        (("三、2024年工作计划", "及时总结经验，推广好的做法。"), 2),
        (("三、工作成效", "与会代表120人，议题12个。"), 2),
        (("三、工作成效", "与上年相比，立案下降12%。"), 2),
        (("三、工作成效", "了解群众需求120件。"), 2),
        (("三、工作成效", "等级评定完成120家。"), 2),
        (("（一）推进重点项目的", "建设工作，完成投资12亿元。"), 1),
        (("（一）发展服务业，推动结合", "起来的产业增长12%。"), 1),
        (("（一）严格依据", "清单开展检查12次。"), 1),
        (("（一）健全矛盾调处机制，完善", "了解决问题的渠道，办结12件。"), 1),
        (("（一）加强食品安全监管", "和平安建设，立案12件。"), 1),
        (("（一）公示活动地点", "及时间，公示信息12条。"), 1),
        (("（一）落实职工工资", "等待遇，惠及120人。"), 1),
        # an unnumbered heading that begins like running text
        (("今年工作打算", "坚持以问题为导向，开展检查12次。"), 2),
        (("目前存在的主要问题", "一线执法人员不足，仅有12人。"), 2),
        (("我区法治政府建设基本情况", "坚持依法行政，立案12件。"), 2),
        (("现将法治政府建设情况", "报告如下：全年立案12件。"), 1),
        (("我局认真研究解决存在的问题", "督促企业整改，办结12件。"), 1),
        (("目前存在的主要问题", "是一线执法人员不足，仅有12人。"), 1),
        (("一、2023年工作情况", "和县紧紧围绕中心工作，立案12件。"), 2),
        (("（四）构建和谐劳动关系", "和谐稳定的劳动关系基本形成，调解争议129件。"), 2),
        (("（二）推进调解工作", "和解案件12件，同比增长5%。"), 2),
        (("三、民族团结", "和龙市坚持依法行政，立案12件。"), 2),
        (("（一）化解矛盾纠纷", "和解决群众诉求，办结12件。"), 1),
        (("（一）加强市", "和县级部门协作，立案12件。"), 1),
        (("（一）扶持合作社", "和龙头企业发展，新增12家。"), 1),
        # lines of a list with a label and its figure
        (("企业罚款案件：12", "个人罚款案件：35"), 2),
        (("调解组织：12", "多元化解纠纷：350件"), 2),
        (("行政调解：12", "和解案件：35"), 2),
        (("案件办结率100%", "12345热线满意率98%"), 2),
        (("罚款总额：12", "万元，其中食品领域：5万元。"), 1),
        (("受理案件：12", "345件"), 1),
        # quotes that are typed with the same key
        (("三、深化“放管服“改革", "2023年，我局办理案件12件。"), 2),
        (("三、深化“放管服“", "2023年，我局办理案件12件。"), 2),
        (("三、深化“放管服“和“一网", "通办”改革"), 1),
        # bullets, and the dot inside a name
        (("（一）主要做法", "· 强化监督，全年立案129件", "· 罚没款93.7万元。"), 3),
        (("（一）主要做法", "● 强化监督，全年立案129件", "● 罚没款93.7万元。"), 3),
        (("自治区主席努尔", "·白克力出席会议。"), 1),
        # the text of a part that has nothing to report
        (("六、其他需要报告的事项", "无。"), 2),
        (("三、存在问题", "暂无"), 2),
    ],
)
def test_broken_sentences_are_joined_and_others_are_not(lines: tuple[str, ...], paragraph_count: int) -> None:
    """Broken sentences are joined; headings, complete paragraphs and signatures are not."""
    assert len(_join(*lines)) == paragraph_count


def test_latin_words_are_joined_with_a_blank() -> None:
    """Two lines are joined with a blank between Latin words, and without a blank after a bracket."""
    assert _join("推广使用Smart", "City平台，提升水平。") == ["推广使用Smart City平台，提升水平。"]
    assert _join("落实（", "二〇二三年）计划。") == ["落实（二〇二三年）计划。"]


@given(st.integers(49, len(SENTENCE) - 1), st.booleans())
def test_running_text_broken_anywhere_is_joined(cut: int, blank: bool) -> None:  # noqa: FBT001 - a strategy's value
    """Running text broken anywhere after its first 48 code points, with or without a blank line, is restored."""
    # The first piece has at least 49 code points, because a shorter one could be a heading.
    before = "（一）抓好执法监督。年初制定计划。"
    pieces = [SENTENCE[:cut], "", SENTENCE[cut:]] if blank else [SENTENCE[:cut], SENTENCE[cut:]]
    assert _join(before, *pieces) == [before, SENTENCE]


@given(st.integers(18, 40), st.booleans())
def test_wrapped_text_is_joined_into_its_paragraphs(width: int, indent: bool) -> None:  # noqa: FBT001 - a strategy's value
    """Paragraphs that are cut into lines of one width are restored, whether indents or blank lines separate them."""
    paragraphs = [
        SENTENCE.replace("重点", word) for word in ("食品", "药品", "建筑", "交通运输", "校外培训", "养老服务")
    ]
    wrapped: list[str] = []
    for paragraph in paragraphs:
        text = "\u3000\u3000" + paragraph if indent else paragraph
        wrapped += [text[i : i + width] for i in range(0, len(text), width)] + ([] if indent else [""])
    assert _join(*wrapped) == paragraphs


@given(st.lists(st.text(alphabet="执法1.一、（），。 a的", max_size=12), max_size=12))
def test_no_character_is_lost(texts: list[str]) -> None:
    """Apart from white space, joining keeps all characters, in order. It returns no empty block."""
    joined = _join(*texts)
    assert "".join("".join(joined).split()) == "".join("".join(texts).split())
    assert all(joined)


def test_a_sentence_that_ends_with_a_full_line_does_not_end_the_paragraph() -> None:
    """If all lines are cut at one width, the paragraph continues after a full line that ends with a full stop."""
    first = "我局年初制定了检查计划并且认真组织落实到人。"
    paragraphs = [first + SENTENCE + SENTENCE[:n] + "。" for n in range(31, 35)]
    width = len(first)
    cut = [text[i : i + width] for text in paragraphs for i in range(0, len(text), width)]
    assert _join(*cut) == paragraphs


def test_rows_of_tables_are_not_joined() -> None:
    """A line that is marked as a row of a table is joined neither to the line before nor to the line after it."""
    texts = ["未经许可经营 一般 处3000元以下罚款", "未经许可经营 严重 处5000元以下罚款", "以上标准自公布之日起执行。"]
    blocks = [Block(text) for text in texts]
    assert join_broken_lines(blocks, [False] * 3, [True, True, False]) == blocks
