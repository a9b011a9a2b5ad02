"""Paragraphs and their heading paths."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from searchkit.corpus.blocks import Block
from searchkit.corpus.cleaning.content import clean
from searchkit.corpus.outline.building import OutlineItem, build_outline

TEXT = "全年组织开展专项检查，依法查处违法行为，取得良好效果。"


def _outline(*lines: str) -> tuple[OutlineItem, ...]:
    """Return the outline of lines without formatting."""
    return build_outline([Block(line) for line in lines])


def _paths(*lines: str) -> list[tuple[str, ...]]:
    """Return the headings above each paragraph of the outline of lines, outermost first."""
    return [item.path for item in _outline(*lines)]


def test_headings_become_the_path() -> None:
    """Headings on lines of their own are not paragraphs. The paths of the texts below contain them without numbers."""
    items = _outline("一、做法和成效", "（一）规范执法", TEXT, "（二）抓好普法", TEXT, "二、不足", TEXT)
    assert [item.path for item in items] == [("做法和成效", "规范执法"), ("做法和成效", "抓好普法"), ("不足",)]
    assert {item.text for item in items} == {TEXT}


GLOSSARY = ("1.“双减”：减轻学生作业负担。", "2.“四上”企业：规模以上工业企业等。", "3.绿电：可再生能源的电力。")


@pytest.mark.parametrize("title", ["名词解释", "附件：有关用语说明", "注释：", "三、名词注释", "（附注）"])
@pytest.mark.parametrize("entries", [GLOSSARY, tuple(text[2:] for text in GLOSSARY)])
def test_a_glossary_is_a_part_of_its_own(title: str, entries: tuple[str, ...]) -> None:
    """The glossary at the end is not inside the last part, whether or not its title and its entries have numbers."""
    lines = ("一、回顾", TEXT, "二、安排", "（一）项目", "1.抓好交通。" + TEXT, "（二）民生", "1.抓好教育。" + TEXT)
    paths = _paths(*lines, title, *entries)
    assert paths[:-3] == [("回顾",), ("安排", "项目", "抓好交通"), ("安排", "民生", "抓好教育")]
    assert len({path[0] for path in paths[-3:]}) == 1
    assert paths[-1][0] not in {"回顾", "安排"}


def test_parts_of_a_glossary_stay_in_it() -> None:
    """Headings inside the glossary do not reopen the parts of the report."""
    lines = ("一、回顾", TEXT, "二、安排", TEXT, "名词解释", "一、回顾", GLOSSARY[0], "二、安排", GLOSSARY[1])
    assert _paths(*lines)[2:] == [("名词解释", "回顾", "“双减”"), ("名词解释", "安排", "“四上”企业")]


def test_the_title_of_a_glossary_in_a_table_of_contents_is_not_a_part() -> None:
    """The title of a glossary before the report opens no part, because no terms are explained below it."""
    lines = ("目录", "名词解释", "一、回顾", TEXT, "二、安排", TEXT, TEXT, TEXT)
    assert next(path for path in _paths(*lines) if path) == ("回顾",)


@pytest.mark.parametrize(
    "speaker", ["市长 张三", "——某某市市长 李四", "某县人民政府代县长　王强", "省 长 王五", "自治区主席白玛扎西"]
)
def test_the_speaker_is_not_a_heading(speaker: str) -> None:
    """The line with the speaker is in no path, whether it is at the start or between two paragraphs."""
    for lines in ((speaker, TEXT, "一、回顾", TEXT), (TEXT, speaker, TEXT, "一、回顾", TEXT)):
        assert {path for path in _paths(*lines) if path} == {("回顾",)}


def test_a_run_in_heading_is_in_path_and_text() -> None:
    """A run-in heading, a first sentence that names the subject, is added to the path and stays in the text.

    The number is returned as printed.
    """
    (item,) = _outline("1.提升决策能力。" + TEXT)
    assert item == OutlineItem("1.提升决策能力。" + TEXT, "1.", ("提升决策能力",), None)


def test_an_item_of_one_sentence_has_no_heading() -> None:
    """An item of one sentence has the headings above it, but adds none."""
    assert _outline("一、做法", "1.继续优化职能，调整清单，全年调整107条。")[0] == OutlineItem(
        "1.继续优化职能，调整清单，全年调整107条。", "1.", ("做法",), None
    )


@pytest.mark.parametrize(
    ("lines", "paths"),
    [
        (("1、 完成情况", "1.领导", TEXT, "2.普法", TEXT, "2、 问题", "1.力量", TEXT, "三、措施", TEXT),
         [("完成情况", "领导"), ("完成情况", "普法"), ("问题", "力量"), ("措施",)]),
        (("(一)概况", "1.主体", TEXT, "2.监督", TEXT, TEXT, "(二)措施", "1.制度", TEXT),
         [("概况", "主体"), ("概况", "监督"), ("概况", "监督"), ("措施", "制度")]),
        (("一、做法", "（一）甲事", "1.A" + TEXT, "2.B" + TEXT, "（二）乙事", "3.C" + TEXT),
         [("做法", "甲事"), ("做法", "甲事"), ("做法", "乙事")]),
        (("一、做法", "（一）甲事", "1.规范执法", TEXT, "二、问题", "1.力量不足", TEXT),
         [("做法", "甲事", "规范执法"), ("问题", "力量不足")]),
        (("一、做法", "1.甲事情。" + TEXT, "2.乙事情。" + TEXT, "3、丙事情。" + TEXT),
         [("做法", "甲事情"), ("做法", "乙事情"), ("做法", "丙事情")]),
        (("第一章 总则", "一、做法", TEXT, "第二章 分则", "一、问题", TEXT), [("总则", "做法"), ("分则", "问题")]),
        (("（一）", "一、农业", TEXT, "二、工业", TEXT, "（二）", TEXT),
         [("（一）", "农业"), ("（一）", "工业"), ("（二）",)]),
    ],
)  # fmt: skip
def test_levels_follow_the_numbering(lines: Sequence[str], paths: list[tuple[str, ...]]) -> None:
    """Levels follow the numbering of the document, even if styles are mixed, skipped or changed."""
    assert _paths(*lines) == paths


def test_a_heading_that_lost_its_number_gets_its_level() -> None:
    """A heading without a number between （一） and （三） counts as （二）.

    A heading without a number before a list that starts again with （一） is on the level of 一、, and takes the place
    of the heading over the previous list.
    """
    assert _paths("一、做法", "（一）甲事项", TEXT, "简化流程，提升质量", TEXT, "（三）丙事项", TEXT) == [
        ("做法", "甲事项"),
        ("做法", "简化流程，提升质量"),
        ("做法", "丙事项"),
    ]
    assert _paths("一、做法", "（一）甲事项", TEXT, "存在的不足", "（一）乙事项", TEXT) == [
        ("做法", "甲事项"),
        ("存在的不足", "乙事项"),
    ]


def test_a_heading_that_lost_its_full_stop_is_found() -> None:
    """Among items with run-in headings, an item whose heading lost its full stop has a heading, too."""
    lost = "3.落实法律顾问制度为充分发挥顾问作用，我局聘请律师两名，参与审查文件，提供法律意见。"
    paths = _paths("1.规范决策程序。" + TEXT, "2.加强文件管理。" + TEXT, lost)
    assert paths == [("规范决策程序",), ("加强文件管理",), ("落实法律顾问制度",)]


def test_items_numbered_by_words() -> None:
    """If one paragraph contains the items 一是 … 二是 …, none has a heading.

    If each item is a paragraph, each has a heading. A paragraph after such items is below the heading above the first
    item.
    """
    inside = _outline("一、做法", "一是健全机构。调整小组。二是明确职责。落实到人。")[0]
    assert (inside.number, inside.path) == ("一是", ("做法",))
    assert _paths("二、不足", "一是力量不强。" + TEXT, "二是合力不够。" + TEXT, "对此，将认真整改。") == [
        ("不足", "力量不强"),
        ("不足", "合力不够"),
        ("不足",),
    ]


def test_signature_and_date_belong_to_no_heading() -> None:
    """Signature and date at the end are paragraphs below no heading."""
    items = _outline("一、打算", TEXT, "某区卫生健康委", "2023年12月26日")
    assert [(item.text, item.path) for item in items[1:]] == [("某区卫生健康委", ()), ("2023年12月26日", ())]


def test_a_heading_without_text_is_a_paragraph() -> None:
    """A heading with nothing below it is a paragraph in its place, so that no words are lost."""
    items = _outline("一、打算", "（一）抓学习", "（二）抓培训", "二、建议", TEXT)
    assert [(item.text, item.number, item.path) for item in items] == [
        ("（一）抓学习", "（一）", ("打算",)),
        ("（二）抓培训", "（二）", ("打算",)),
        (TEXT, None, ("建议",)),
    ]


def test_stated_levels_are_used() -> None:
    """The levels that the format states decide which headings without numbers are inside which."""
    blocks = [Block("回顾", level=2), Block("经济", level=3), Block(TEXT), Block("安排", level=2), Block(TEXT, page=3)]
    assert [(item.path, item.page) for item in build_outline(blocks)] == [(("回顾", "经济"), None), (("安排",), 3)]


def test_emphasised_lines_are_headings() -> None:
    """Lines in strong type (`Block.strong`) are headings."""
    blocks = [Block("去年工作回顾", strong=True), Block(TEXT), Block("今年工作安排", strong=True), Block(TEXT)]
    assert [item.path for item in build_outline(blocks)] == [("去年工作回顾",), ("今年工作安排",)]


@given(st.lists(st.text(alphabet="执法一二三、（）。：1.2 ——是年月日", max_size=14), max_size=14), st.integers(0, 2))
def test_no_character_is_lost(texts: list[str], level: int) -> None:
    """Each distinct letter that is not a character of a number occurs in a text or in a path.

    The characters of the texts, without white space, are a subsequence of those of the source.
    """
    items = build_outline([Block(text, level=level) for text in texts])
    result = "".join(item.text for item in items) + "".join(heading for item in items for heading in item.path)
    numbers = set("一二三12是.、")
    assert {char for char in "".join(texts) if char.isalnum()} - numbers <= set(result)
    source = iter("".join("".join(texts).split()))
    assert all(char in source for char in "".join("".join(item.text for item in items).split()))


@given(st.lists(st.integers(1, 4), min_size=1, max_size=12))
def test_regular_numbering_yields_all_paths(depths: list[int]) -> None:
    """A document numbered regularly with 一、 （一） 1. （1） yields the path of every paragraph."""
    styles = ("{}、", "（{}）", "{}.", "（{}）")
    counts, lines, expected, open_headings = [0] * 5, [], [], list[str]()
    for i, max_depth in enumerate(depths):
        depth = min(max_depth, len(open_headings) + 1)
        counts[depth] += 1
        counts[depth + 1 :] = [0] * (4 - depth)
        heading = f"事项{chr(0x7532 + i)}类工作"
        number = "〇一二三四五六七八九十"[counts[depth]] if depth <= 2 and counts[depth] <= 10 else str(counts[depth])
        if depth <= 2 and counts[depth] > 10:
            number = "十" + "〇一二三四五六七八九"[counts[depth] - 10]
        open_headings = [*open_headings[: depth - 1], heading]
        lines += [styles[depth - 1].format(number) + heading, TEXT]
        expected.append(tuple(open_headings))
    assert _paths(*lines) == expected


def test_cost_is_linear() -> None:
    """A line of three million characters and 20,000 headings take less than 20 seconds together."""
    started = time.process_time()
    build_outline([Block("。一、" * 1_000_000)])
    build_outline([Block("1.加强执法监督")] * 20_000)
    assert time.process_time() - started < 20


def test_reports_annotated_by_hand(shared: Path) -> None:
    """The starts, numbers and paths of the paragraphs of reports equal those annotated by hand."""
    for file in sorted((shared / "gold").glob("*.json")):
        gold = json.loads(file.read_text(encoding="utf-8"))
        text = (shared / "corpus" / "seeds" / gold["file"]).read_text(encoding="utf-8")
        items = build_outline(clean([Block(line) for line in text.split("\n")]).body)
        expected = [(p["number"], tuple(p["path"]), _bare(p["starts"])) for p in gold["paragraphs"]]
        assert [
            (item.number, item.path, _bare(item.text)[: len(start)])
            for item, (_, _, start) in zip(items, expected, strict=True)
        ] == expected


def _bare(text: str) -> str:
    """Return a text without white space."""
    return re.sub(r"\s", "", text)


@pytest.mark.parametrize("items", [("1.", "2."), ("——", "——")])
def test_a_heading_with_a_full_stop_over_a_list(items: tuple[str, str]) -> None:
    """A numbered line that only names a subject is the heading of the list below it, despite its full stop."""
    first, second = items
    paths = _paths("（一）突出监管，规范秩序。", f"{first}加强巡查。{TEXT}", f"{second}加强普法。{TEXT}")
    assert paths == [("突出监管，规范秩序", "加强巡查"), ("突出监管，规范秩序", "加强普法")]


def test_a_list_that_changes_its_mark_continues() -> None:
    """Below （二）, 3. continues the list of 1、 and 2、 below （一）. It is an item of the list, not a heading."""
    items = ("（一）抓执法", f"1、{TEXT}", f"2、{TEXT}", "（二）抓普法", f"3.{TEXT}", f"4、{TEXT}")
    assert _paths(*items) == [("抓执法",)] * 2 + [("抓普法",)] * 2
