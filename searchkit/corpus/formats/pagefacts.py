"""What a page states about its document beside the text: 索引号, 文号, 发布日期 … each as `label：value`.

Sites lay these facts out as tables, lists and boxes; with colons, with brackets or with neither.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace

from searchkit.corpus.blocks import Block
from searchkit.text.years import YEAR

FACT = re.compile(
    r"(?:索\s*引\s*号|文\s*号|发文字号|成文日期|发布日期|发布时间|发文日期|公开日期|生成日期|印发日期|日\s*期|时\s*间|来\s*源|信息来源|标\s*题"
    r"|名\s*称|发布机构|发布单位|发文机关|制发机关|主题分类)\s*[】\]]?\s*(?:[:：\t]|$)"
)
"""A line that states something about the document."""
MAX_FACTS_LENGTH = 1_000
"""Code points of a line in which facts are looked for."""
_MAX_LABEL_LENGTH, _MAX_VALUE_LENGTH = 30, 60
"""Code points. Nothing longer is compared, so that a line of blanks costs nothing."""

_CODE, _NUMBER, _DAY = (
    r"[0-9A-Za-z][0-9A-Za-z/_.()（）-]*",
    r"\S{2,15}[〔\[【(（].{4,8}[〕\]】)）].{1,8}号",
    rf"{YEAR}\s*[-/.年].*",
)
_BODY = r"\S{1,30}[局委府厅部办会院署处站网司队社]|\S{1,30}中心"
_VALUES = {
    **dict.fromkeys(("索引号", "索取号"), _CODE),
    **dict.fromkeys(("文号", "发文字号", "文件编号", "文件字号"), _NUMBER),
    **dict.fromkeys(
        ("成文日期", "发布日期", "发布时间", "发文日期", "公开日期", "生成日期", "印发日期", "更新日期", "更新时间"),
        _DAY,
    ),
    **dict.fromkeys(("发布机构", "发布单位", "发文机关", "发文单位", "制发机关", "公开机构", "信息来源"), _BODY),
}
"""Labels that only such facts have, and what their values look like: a label may stand before nothing."""
_GENERAL = (
    "来源",
    "日期",
    "时间",
    "标题",
    "名称",
    "信息名称",
    "主题分类",
    "信息分类",
    "公开方式",
    "公开形式",
    "公开范围",
    "关键词",
    "有效性",
)
"""Labels that columns of data have too."""


def _pattern(names: Iterable[str]) -> str:
    return "|".join(r"\s*".join(name) for name in sorted(names, key=len, reverse=True))


_LABEL = re.compile(rf"\s*[【\[]?\s*({_pattern((*_VALUES, *_GENERAL))})\s*[】\]]?\s*[:：]?\s*")
_OPENING = re.compile(rf"\s*[【\[]\s*({_pattern(_VALUES)})\s*[】\]]\s*[:：]?\s*(?=\S)")
_STATED = re.compile(rf"({_pattern(_VALUES)})\s*[:：]")


def as_lines(blocks: Iterable[Block]) -> list[Block]:
    """Write facts as `label：value`: rows of labels and values, 【label】value, and labels whose value follows."""
    lines: list[Block] = []
    waiting = ""
    for block in blocks:
        text = block.text.strip()
        if waiting and not block.level and len(text) <= _MAX_VALUE_LENGTH and re.fullmatch(_VALUES[waiting], text):
            lines[-1] = replace(lines[-1], text=f"{waiting}：{text}")
            waiting = ""
            continue
        label = _label(text)
        waiting = label if label in _VALUES else ""
        lines.append(replace(block, text=written) if (written := _written(block.text)) else block)
    return lines


def stated_after(blocks: Sequence[Block], others: Iterable[Block]) -> list[Block]:
    """Give the facts below the main text that `others`, the rest of the page's, lack.

    What is stated twice down there belongs to a list of other documents.
    """
    known = {label for block in others for label in _labels(block)}
    below = Counter(label for block in blocks for label in _labels(block))
    own = {label for label, count in below.items() if count == 1} - known
    return [block for block in blocks if (labels := _labels(block)) and own.issuperset(labels)]


def _written(text: str) -> str:
    """Give a row of facts, or a fact in brackets, with colons; nothing if it is neither."""
    cells = text.split("\t")
    if len(cells) == 1:
        opening = _OPENING.match(text[:_MAX_LABEL_LENGTH])
        return f"{_bare(opening[1])}：{text[opening.end() :]}" if opening else ""
    labels = [_label(cell) for cell in cells]
    if not labels[0] or all(labels) or _VALUES.keys().isdisjoint(labels):
        return ""
    parts: list[str] = []
    for cell, label in zip(cells, labels, strict=True):
        if label:
            parts.append(f"{label}：")
        else:
            parts[-1] += cell.strip() if parts[-1].endswith("：") else f" {cell.strip()}"
    return "\t".join(parts)


def _label(text: str) -> str:
    """Give the label that a text consists of, without blanks; nothing if it is none."""
    match = _LABEL.fullmatch(text) if len(text) <= _MAX_LABEL_LENGTH else None
    return _bare(match[1]) if match else ""


def _labels(block: Block) -> list[str]:
    return [_bare(label) for label in _STATED.findall(block.text[:MAX_FACTS_LENGTH])]


def _bare(label: str) -> str:
    return "".join(label.split())
