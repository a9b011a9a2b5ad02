"""Classification and cleaning of single lines."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from searchkit.corpus import lines


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("\u3000\u3000本局 ", "本局"),
        ("开展检查\u3000\u3000 12次", "开展检查 12次"),
        ("[bookmark: _GoBack]3.抓学习", "3.抓学习"),
        ("政 府 工 作 报 告", "政府工作报告"),
        ("局长 王明", "局长 王明"),
        ("发展农业， （下转第三版）", "发展农业，"),
        ("", ""),
    ],
)
def test_clean_line(text: str, cleaned: str) -> None:
    """White space is normalised and layout marks are removed; the words stay."""
    assert lines.clean_line(text) == cleaned


@given(st.text(alphabet="执法 监督\u3000\t12ab，。", max_size=60))
def test_clean_line_keeps_characters(text: str) -> None:
    """In a text without layout marks, only white space changes. Cleaning the result again changes nothing."""
    once = lines.clean_line(text)
    assert "".join(once.split()) == "".join(text.split())
    assert lines.clean_line(once) == once


@pytest.mark.parametrize("text", ["完成。", "完成”。", "完成。”", "如下：", "完成；", "完成。（附后）", "好！"])
def test_complete_sentences(text: str) -> None:
    """A stop, colon or semicolon ends a sentence. A closing quotation mark or a bracketed remark may follow a stop."""
    assert lines.ends_sentence(text)


@pytest.mark.parametrize("text", ["完成", "完成，", "（完成）", "三项制度”", ""])
def test_incomplete_sentences(text: str) -> None:
    """A line without a stop, colon or semicolon at its end is incomplete. A quotation mark or bracket is not enough."""
    assert not lines.ends_sentence(text)


@pytest.mark.parametrize(
    "text",
    [
        "2023年12月26日",
        "20241231",
        "2024-01-05",
        "2024.1.5",
        "二〇二四年一月五日",
        "（2023年1月）",
        "2023 年 1 月 5 日",
    ],
)
def test_dates(text: str) -> None:
    """Dates in the usual spellings are recognised."""
    assert lines.is_date(text)


@pytest.mark.parametrize("text", ["2023年", "2023年12月26日召开会议", "20241340", "12345678", "1"])
def test_not_dates(text: str) -> None:
    """Years alone, sentences with a date and other numbers are not dates."""
    assert not lines.is_date(text)


@pytest.mark.parametrize(
    "text", ["各位代表：", "各位代表！", "各位代表、同志们：", "市司法局：", "区政府：", "尊敬的各位委员："]
)
def test_salutations(text: str) -> None:
    """Lines that only address the audience are salutations."""
    assert lines.is_salutation(text)


@pytest.mark.parametrize(
    "text", ["各位代表，过去一年很不平凡。", "主要做法：", "存在以下问题：", "各位代表！让我们一起努力！"]
)
def test_not_salutations(text: str) -> None:
    """Lines with content are not salutations."""
    assert not lines.is_salutation(text)


def test_session_and_speaker() -> None:
    """A line with the meeting at which a report was given, and a line with the speaker, are recognised."""
    assert lines.is_session("——2014年1月20日在某省第十二届人民代表大会第二次会议上")
    assert lines.is_speaker("某省人民政府省长 王明")
    assert not lines.is_session("2014年召开专题会议12次，研究重大事项。")
    assert not lines.is_speaker("加强组织领导")


@pytest.mark.parametrize(
    "text",
    [
        "市长 张三",
        "——某某市市长 李四",
        "省 长 王五",
        "代 市 长 赵 六",
        "某县人民政府代县长　李强",
        "某市委副书记、市长 王明",
        "自治区主席白玛扎西",
        "自治州州长 艾力·买买提",
        "（区长：刘洋）",
        "某市人民政府市长张明",
        "某省省长 李成**",
    ],
)
def test_speakers_are_named(text: str) -> None:
    """`names_speaker` and `is_speaker` accept the office of the head of a government with a name."""
    line = lines.clean_line(text)
    assert lines.names_speaker(line)
    assert lines.is_speaker(line)


@pytest.mark.parametrize(
    "text", ["市长热线工作", "区长接待日", "县长质量奖", "市长专题会议", "发挥主席团作用", "加强领导", "市长", ""]
)
def test_headings_name_no_speaker(text: str) -> None:
    """`names_speaker` accepts neither a heading, even if it contains the word for an office, nor an office alone."""
    assert not lines.names_speaker(text)


@pytest.mark.parametrize(
    "text",
    [
        "省人民政府省长",
        "市长",
        "自治区代主席 乌云其其格",
        "某省省长 王明（2002年1月24日）",
        "某省省长 李强 2020年01月22日",
    ],
)
def test_is_speaker_accepts_more_lines(text: str) -> None:
    """`is_speaker`, for lines near the title, also accepts an office alone, a long name, and a date after a name."""
    assert lines.is_speaker(text)


@pytest.mark.parametrize(
    "text",
    ["名词解释", "附件1：有关名词解释", "注释：", "《政府工作报告》有关内容名词注释", "报告中部分名词解释", "注 释"],
)
def test_titles_of_glossaries(text: str) -> None:
    """Titles of glossaries are recognised in many wordings."""
    assert lines.is_glossary_title(text)


@pytest.mark.parametrize(
    "text",
    [
        "政策解读",
        "情况说明",
        "关于“十二五”规划纲要的说明",
        "企业名称登记改革",
        "注重规范用语",
        "附件：任务清单",
        "备注",
        "",
    ],
)
def test_other_titles_are_not_those_of_glossaries(text: str) -> None:
    """Other lines are not titles of glossaries, even if they contain 解读, 说明, 名称, 用语, 附件 or 注."""
    assert not lines.is_glossary_title(text)


@pytest.mark.parametrize(
    ("text", "is_entry"),
    [
        ("1.“双减”：减轻学生负担。", True),
        ("[2] 四上企业：规模以上工业企业等。", True),
        ("③“一网通办”，是指政务服务一网办理。", True),
        ("营商环境指的是企业经营的环境。", True),
        ("2023年，全市生产总值增长8%，完成投资100亿元。", False),
        ("各位代表！让我们团结起来。", False),
    ],
)
def test_entries_of_glossaries(text: str, is_entry: bool) -> None:  # noqa: FBT001 - a parameter of the cases
    """An entry begins with a term and a colon, or says what a term means (是指)."""
    assert lines.is_glossary_entry(text) is is_entry


@pytest.mark.parametrize(
    ("text", "simplified"),
    [
        ("貴陽市政府工作報告", "贵阳市政府工作报告"),
        ("（２０２３年）：ＡＢ “關於”", "（２０２３年）：ＡＢ “关于”"),
        ("政府工作报告", "政府工作报告"),
        ("", ""),
    ],
)
def test_simplification_changes_nothing_else(text: str, simplified: str) -> None:
    """Each traditional character becomes one simplified character. Width and case do not change."""
    assert lines.simplify(text) == simplified


@pytest.mark.parametrize(
    "text", ["某区卫生健康委", "某市生态环境局", "某县人民政府办公室", "某区市场监督管理局（公章）"]
)
def test_public_bodies(text: str) -> None:
    """Names of public bodies are recognised by their endings."""
    assert lines.is_body_line(text)
