"""Topics: the taxonomy file, matching, and the order of topics."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from searchkit.corpus.sections import classify_sections
from searchkit.corpus.topics import Taxonomy, _TaxonomyFile, _weighted_words
from searchkit.errors import UsageError
from searchkit.files import TOPICS_FILE, read_data_file, read_toml
from searchkit.names import SECTIONS

if TYPE_CHECKING:
    from pathlib import Path

TOPICS = (
    "机构职能", "营商环境", "规范性文件", "行政决策", "行政执法", "应急管理", "矛盾纠纷",
    "权力监督", "政务公开", "普法宣传", "队伍建设", "数字法治", "组织领导", "公共服务",
)  # fmt: skip
"""Topics of the taxonomy that comes with searchkit, in the order of the file."""

SMALL = """
ignore = ["红河", "红色警报"]
[fallback]
"计划" = "动物"
"问题" = "河流"
[[topic]]
name = "颜色"
strong = ["红色", "蓝色"]
terms = ["粉红"]
weak = ["颜色"]
[[topic]]
name = "动物"
terms = ["红色狐狸", "老虎", ["狐狸", 0.5], "ab"]
[[topic]]
name = "河流"
scale = 0.5
strong = ["红河谷", "河流"]
"""


@dataclass(frozen=True)
class Line:
    """A paragraph with its heading path."""

    text: str
    path: tuple[str, ...]


@pytest.fixture(scope="module")
def taxonomy() -> Taxonomy:
    """Return the taxonomy that comes with searchkit."""
    return Taxonomy.load()


@pytest.fixture
def small(tmp_path: Path) -> Taxonomy:
    """Return a small taxonomy."""
    return Taxonomy.load(write_taxonomy(tmp_path, SMALL))


def write_taxonomy(folder: Path, text: str) -> Path:
    """Write a taxonomy file, and return its path."""
    file = folder / "mine.toml"
    file.write_text(text, encoding="utf-8")
    return file


def test_the_fourteen_topics(taxonomy: Taxonomy) -> None:
    """The taxonomy of searchkit has the fourteen topics of annual reports."""
    assert set(taxonomy.names) == set(TOPICS)


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("动态调整权责清单，推进机构改革。", "机构职能"),
        ("推行告知承诺，办结许可事项三百件。", "营商环境"),
        ("清理规范性文件十二件，废止两件。", "规范性文件"),
        ("重大事项由法律顾问参与论证，集体讨论决定。", "行政决策"),
        ("开展双随机检查，立案处罚十件。", "行政执法"),
        ("修订应急预案，组织防汛演练。", "应急管理"),
        ("办理信访件二十件，调解纠纷八起，行政复议两件。", "矛盾纠纷"),
        ("自觉接受人大监督和审计，办理代表建议四件。", "权力监督"),
        ("主动公开政府信息五百条。", "政务公开"),
        ("落实普法责任，举办宪法宣传周活动。", "普法宣传"),
        ("组织执法人员培训和资格考试，新增持证人员三名。", "队伍建设"),
        ("建成智慧监管系统，推广移动执法终端。", "数字法治"),
        ("成立法治建设领导小组，党组书记任组长。", "组织领导"),
        ("新增养老床位三百张，扩建小学两所。", "公共服务"),
    ],
)
def test_a_clear_sentence_has_its_topic_first(taxonomy: Taxonomy, text: str, first: str) -> None:
    """A sentence about one topic has that topic first."""
    assert taxonomy.classify_paragraph(("主要成效",), text, "成效")[0] == first


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("粮食产量再创新高，新建高标准农田十万亩。", "公共服务"),
        ("工业增加值增长百分之六，高技术制造业占比提高。", "公共服务"),
        ("黑臭水体全部消除，优良天数比例达到九成。", "公共服务"),
        ("减税降费，民营企业融资成本下降。", "营商环境"),
    ],
)
def test_subjects_of_government_reports_have_topics(taxonomy: Taxonomy, text: str, first: str) -> None:
    """Sentences of government work reports on farming, industry, ecology and taxes have topics of the taxonomy, too."""
    assert taxonomy.classify_paragraph((), text, "成效")[0] == first


def test_a_longer_word_hides_shorter_ones(small: Taxonomy) -> None:
    """A longer word hides the shorter words inside it, also an ignored one (红河 in 红河谷).

    An ignored word indicates no topic, and hides topic words inside it, too.
    """
    assert small.classify_paragraph((), "红色狐狸。", "成效") == ("动物",)
    assert small.classify_paragraph((), "红色。", "成效") == ("颜色",)
    assert small.classify_paragraph((), "红河谷，红河谷。", "成效")[0] == "河流"
    assert small.classify_paragraph((), "红色警报，老虎。", "成效")[0] == "动物"


def test_inner_headings_weigh_more_than_outer_ones(small: Taxonomy) -> None:
    """Words of the inner heading count more than those of the text and than those of the outer heading."""
    assert small.classify_paragraph(("老虎",), "粉红。", "问题")[0] == "动物"
    assert small.classify_paragraph(("粉红",), "老虎。", "问题")[0] == "颜色"
    assert small.classify_paragraph(("红色", "老虎"), "无。", "成效")[0] == "动物"
    assert small.classify_paragraph(("老虎", "红色"), "无。", "成效")[0] == "颜色"


def test_a_second_topic_must_be_near_the_best(small: Taxonomy) -> None:
    """A second topic whose score is near the best one is returned, too. One whose score is far below it is not."""
    assert small.classify_paragraph((), "红色。老虎。", "成效") == ("颜色", "动物")
    assert small.classify_paragraph((), "红色，蓝色。红色，蓝色。狐狸。", "成效") == ("颜色",)


def test_a_second_topic_needs_a_higher_score_in_an_introduction(small: Taxonomy) -> None:
    """In the section 其他 outside all headings, a second topic needs a higher score than elsewhere."""
    text = "红色。老虎。"
    assert small.classify_paragraph((), text, "成效") == ("颜色", "动物")
    assert small.classify_paragraph((), text, "其他") == ("颜色",)


def test_without_words_the_fallback_is_returned(small: Taxonomy) -> None:
    """Without any word of the taxonomy, the fallback of the section is returned, or else the first topic."""
    assert small.classify_paragraph((), "无关。", "计划") == ("动物",)
    assert small.classify_paragraph((), "无关。", "成效") == ("颜色",)


def test_a_signature_has_no_subject(taxonomy: Taxonomy) -> None:
    """The name of a body in a signature is not the subject of a report, so that the fallback is returned."""
    assert taxonomy.classify_paragraph((), "某区应急管理局", "其他") == ("组织领导",)


def test_text_is_folded(small: Taxonomy) -> None:
    """Traditional characters, full-width forms and capitals match."""
    assert small.classify_paragraph((), "紅色，藍色。", "计划")[0] == "颜色"
    assert small.classify_paragraph((), "ＡＢ，Ab。", "成效")[0] == "动物"


@given(st.text(), st.lists(st.text(max_size=20), max_size=3), st.sampled_from(SECTIONS))
def test_one_to_three_different_topics(text: str, path: list[str], section: str) -> None:
    """Any text has one to three distinct topics of the taxonomy."""
    topics = DEFAULT.classify_paragraph(path, text, section)
    assert 1 <= len(topics) <= 3
    assert len(set(topics)) == len(topics)
    assert set(topics) <= set(DEFAULT.names)


DEFAULT = Taxonomy.load()
"""The taxonomy that comes with searchkit."""
FILE = read_data_file("taxonomy", TOPICS_FILE)
CONTENT = read_toml(FILE, _TaxonomyFile)
LISTS = [CONTENT.ignore, *(words for topic in CONTENT.topic for words in (topic.strong, topic.terms, topic.weak))]
WORDS = sorted({word for words in LISTS for word, _ in _weighted_words(FILE, words, 0.0)})
"""The words of all topics of the taxonomy that comes with searchkit, and the words to ignore."""


def mixed_text(max_pieces: int) -> st.SearchStrategy[str]:
    """Return a strategy for texts of words of the taxonomy, with and without their last characters."""
    pieces = st.sampled_from([*WORDS, *(word[:-1] for word in WORDS), "，", "。", "的", "𠀀", "權責"])
    return st.lists(pieces, max_size=max_pieces).map("".join)


@given(mixed_text(12))
def test_words_match_leftmost_longest(text: str) -> None:
    """Words are matched from left to right without overlaps; of the words at an offset, the longest matches."""
    expected, start = {}, 0
    while start < len(text):
        word = next((text[start:end] for end in range(len(text), start, -1) if text[start:end] in WORDS), "")
        if word:
            expected[start] = word
        start += len(word) or 1
    assert {first: text[first:last] for _, first, last in DEFAULT._find_words(text)} == expected


@given(st.lists(st.tuples(mixed_text(8), st.lists(mixed_text(2), max_size=2), st.sampled_from(SECTIONS)), max_size=4))
def test_topics_do_not_depend_on_other_paragraphs(paragraphs: list[tuple[str, list[str], str]]) -> None:
    """A paragraph has the same topics alone and among others."""
    items = [Line(text, tuple(path)) for text, path, _ in paragraphs]
    together = DEFAULT.classify_document(items, [section for _, _, section in paragraphs])
    assert together == [DEFAULT.classify_paragraph(path, text, section) for text, path, section in paragraphs]


def test_a_long_document_is_classified_in_order(small: Taxonomy) -> None:
    """A long document yields the topics of all its paragraphs, in order."""
    items = [Line(text, ()) for text in ("红色。", "老虎。", "")] * 100
    assert small.classify_document(items, ["成效"] * 300) == [("颜色",), ("动物",), ("颜色",)] * 100


def test_a_taxonomy_may_have_no_words(tmp_path: Path) -> None:
    """If topics have no words, a paragraph gets the fallback of its section or, if it has none, the first topic."""
    bare = Taxonomy.load(
        write_taxonomy(tmp_path, "[[topic]]\nname = '甲'\n[[topic]]\nname = '乙'\n[fallback]\n'计划' = '乙'")
    )
    assert (bare.classify_paragraph((), "红色。", "成效"), bare.classify_paragraph(("红色",), "", "计划")) == (
        ("甲",),
        ("乙",),
    )


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("", "topic"),
        ("topic = 3", "topic"),
        ("[[topic]]\nterms = ['老虎']", "topic 1: Object missing required field `name`"),
        ("[[topic]]\nname = '甲'\n[[topic]]\nname = '甲'", "topic 2: "),
        ("[[topic]]\nname = '甲'\nterms = '老虎'", "topic 1, terms: "),
        ("[[topic]]\nname = '甲'\nstrong = ['虎']", "'虎': "),
        ("[[topic]]\nname = '甲'\nweak = [3]", "topic 1, weak 1: "),
        ("[[topic]]\nname = '甲'\nweak = [['老虎', '重']]", "topic 1, weak 1 2: "),
        ("[[topic]]\nname = '甲'\nweak = [['老虎', -1]]", "topic 1, weak 1 2: "),
        ("[[topic]]\nname = '甲'\nscale = nan", "topic 1, scale: "),
        ("[[topic]]\nname = '甲'\n[fallback]\n'成效' = 3", "fallback: "),
        ("[[topic]]\nname = '甲'\nscale = true", "topic 1, scale: "),
        ("[[topic]]\nname = '甲'\nwords = ['老虎']", "topic 1: Object contains unknown field `words`"),
        ("extra = 1\n[[topic]]\nname = '甲'", "extra"),
        ("ignore = '老虎'\n[[topic]]\nname = '甲'", "ignore"),
        ("fallback = '甲'\n[[topic]]\nname = '甲'", "fallback"),
        ("[[topic]]\nname = '甲'\n[fallback]\n'计划' = '乙'", "fallback.计划"),
        ("[[topic]]\nname = '甲'\n[fallback]\n'开头' = '甲'", "fallback.开头"),
    ],
)
def test_an_invalid_taxonomy_is_reported_with_file_and_key(tmp_path: Path, text: str, key: str) -> None:
    """The message about an invalid taxonomy names the file and the key or word at fault, on one line."""
    file = write_taxonomy(tmp_path, text)
    with pytest.raises(UsageError) as raised:
        Taxonomy.load(file)
    message = str(raised.value)
    assert message.startswith(f"{file} (taxonomy)")
    assert key in message.removeprefix(f"{file} (taxonomy)")
    assert "\n" not in message


def test_an_unreadable_taxonomy_is_a_usage_error(tmp_path: Path) -> None:
    """A missing file, bytes that are not text and text that is not TOML raise UsageError."""
    broken = tmp_path / "broken.toml"
    for content in (None, b"\xff\xfe\x00", b"[[topic"):
        if content is not None:
            broken.write_bytes(content)
        with pytest.raises(UsageError, match=r"broken\.toml"):
            Taxonomy.load(broken)


def test_real_reports(shared: Path, taxonomy: Taxonomy) -> None:
    """On reports annotated by hand, sections, first topics and all topics reach minimum accuracies."""
    right_sections = right_first = total = right_topics = extra_topics = missed_topics = 0
    for file in sorted((shared / "gold").glob("*.json")):
        gold = json.loads(file.read_text(encoding="utf-8"))
        lines = report_lines(shared, gold)
        for line, section, truth in zip(lines, classify_sections(lines), gold["paragraphs"], strict=True):
            topics, required = taxonomy.classify_paragraph(line.path, line.text, section), set(truth["topics"])
            total += 1
            right_sections += section == truth["section"]
            right_first += topics[0] in required
            right_topics += len(set(topics) & required)
            extra_topics += len(set(topics) - required - set(truth["topics_also_right"]))
            missed_topics += len(required - set(topics))
    assert right_sections >= 0.98 * total > 0
    assert right_first >= 0.92 * total
    assert 2 * right_topics / (2 * right_topics + extra_topics + missed_topics) >= 0.88


def report_lines(shared: Path, gold: dict[str, Any]) -> list[Line]:
    """Return the paragraphs of a report annotated by hand, cut out of its raw text without white space."""
    raw = (shared / "corpus" / "seeds" / gold["file"]).read_text(encoding="utf-8")
    text = re.sub(r"\[bookmark:[^\]]*\]|\s+", "", raw)
    lines, offset = [], 0
    for paragraph in gold["paragraphs"]:
        starts, ends = ("".join(paragraph[key].split()) for key in ("starts", "ends"))
        start = text.index(starts, offset)
        offset = text.index(ends, max(start, start + len(starts) - len(ends))) + len(ends)
        lines.append(Line(text[start:offset], tuple(paragraph["path"])))
    return lines
