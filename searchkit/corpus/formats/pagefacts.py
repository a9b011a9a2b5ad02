"""HTML only: rewrites the facts printed around the text of a page (索引号, 文号, 发布日期) as lines 标签：值.

Sites lay out these facts as tables, lists or boxes, with colons, with brackets or with neither. This module converts
them to `label：value`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace

from searchkit.corpus.blocks import Block
from searchkit.text.years import ARABIC_YEAR

FACT_LINE = re.compile(
    r"(?:索\s*引\s*号|文\s*号|发文字号|成文日期|发布日期|发布时间|发文日期|公开日期|生成日期|印发日期|日\s*期|时\s*间|来\s*源|信息来源|标\s*题"
    r"|名\s*称|发布机构|发布单位|发文机关|制发机关|主题分类)\s*[】\]]?\s*(?:[:：\t]|$)"
)
"""Finds the label of a fact about the document in a line."""
MAX_FACTS_LENGTH = 1_000
"""Number of code points at the start of a line that are searched for facts."""
_MAX_LABEL_LENGTH, _MAX_VALUE_LENGTH = 30, 60
"""Maximum length of a label with its brackets and blanks, and of a value in the block after its label, in code points.
No longer string is compared with a pattern, so that a long run of blanks costs nothing."""

_INDEX_CODE, _DOCUMENT_NUMBER, _DATE_VALUE = (
    r"[0-9A-Za-z][0-9A-Za-z/_.()（）-]*",
    r"\S{2,15}[〔\[【(（].{4,8}[〕\]】)）].{1,8}号",
    rf"{ARABIC_YEAR}\s*[-/.年].*",
)
"""Patterns of values: LH331082-035/2025-00028, 浙政发〔2023〕12号, 2024-01-31."""
_AGENCY = r"\S{1,30}[局委府厅部办会院署处站网司队社]|\S{1,30}中心"
"""Pattern of the name of an agency: 市司法局."""
_VALUE_PATTERNS = {
    **dict.fromkeys(("索引号", "索取号"), _INDEX_CODE),
    **dict.fromkeys(("文号", "发文字号", "文件编号", "文件字号"), _DOCUMENT_NUMBER),
    **dict.fromkeys(
        ("成文日期", "发布日期", "发布时间", "发文日期", "公开日期", "生成日期", "印发日期", "更新日期", "更新时间"),
        _DATE_VALUE,
    ),
    **dict.fromkeys(("发布机构", "发布单位", "发文机关", "发文单位", "制发机关", "公开机构", "信息来源"), _AGENCY),
}
"""Maps each label that only metadata have to the pattern of its values. The block after a label is its value only if
its text matches the pattern, because a page may print a label without a value."""
_AMBIGUOUS_LABELS = (
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
"""Labels that columns of data tables have, too."""


def _alternation(names: Iterable[str]) -> str:
    """Return a pattern for any of the names, with or without blanks between their characters. Prefers longer names."""
    return "|".join(r"\s*".join(name) for name in sorted(names, key=len, reverse=True))


_LABEL = re.compile(rf"\s*[【\[]?\s*({_alternation((*_VALUE_PATTERNS, *_AMBIGUOUS_LABELS))})\s*[】\]]?\s*[:：]?\s*")
"""A label, with or without brackets and colon: 【发布日期】："""
_BRACKETED_LABEL = re.compile(rf"\s*[【\[]\s*({_alternation(_VALUE_PATTERNS)})\s*[】\]]\s*[:：]?\s*(?=\S)")
"""A label in brackets before its value: 【发布日期】 in 【发布日期】2024-01-31."""
_LABEL_WITH_COLON = re.compile(rf"({_alternation(_VALUE_PATTERNS)})\s*[:：]")
"""A label before a colon: 发布日期："""


def format_facts(blocks: Iterable[Block]) -> list[Block]:
    """Return the blocks, with facts converted to `label：value`.

    A fact has one of three forms: a row of labels and values; 【label】value; a label whose value is the next block.
    A row is a block with tabs between its cells. It has a label in its first cell, at least one label of
    `_VALUE_PATTERNS`, and a value.
    """
    formatted: list[Block] = []
    pending_label = ""
    for block in blocks:
        text = block.text.strip()
        if (
            pending_label
            and not block.level
            and len(text) <= _MAX_VALUE_LENGTH
            and re.fullmatch(_VALUE_PATTERNS[pending_label], text)
        ):
            formatted[-1] = replace(formatted[-1], text=f"{pending_label}：{text}")
            pending_label = ""
            continue
        label = _parse_label(text)
        pending_label = label if label in _VALUE_PATTERNS else ""
        formatted.append(replace(block, text=rewritten) if (rewritten := _format_row(block.text)) else block)
    return formatted


def facts_after_text(blocks: Sequence[Block], others: Iterable[Block]) -> list[Block]:
    """Return the blocks that state facts whose labels occur only once in `blocks`, and not in `others`.

    `blocks` are the part of the page after the main text, and `others` are the rest of the page. A label that occurs
    twice after the main text belongs to a list of other documents.
    """
    stated_elsewhere = {label for block in others for label in _find_labels(block)}
    counts = Counter(label for block in blocks for label in _find_labels(block))
    unique_labels = {label for label, count in counts.items() if count == 1} - stated_elsewhere
    return [block for block in blocks if (labels := _find_labels(block)) and unique_labels.issuperset(labels)]


def _format_row(text: str) -> str:
    """Rewrite a row of facts, or a fact in brackets, with colons; empty if the text is neither."""
    cells = text.split("\t")
    if len(cells) == 1:
        match = _BRACKETED_LABEL.match(text[:_MAX_LABEL_LENGTH])
        return f"{_remove_blanks(match[1])}：{text[match.end() :]}" if match else ""
    labels = [_parse_label(cell) for cell in cells]
    if not labels[0] or all(labels) or _VALUE_PATTERNS.keys().isdisjoint(labels):
        return ""
    parts: list[str] = []
    for cell, label in zip(cells, labels, strict=True):
        if label:
            parts.append(f"{label}：")
        else:
            parts[-1] += cell.strip() if parts[-1].endswith("：") else f" {cell.strip()}"
    return "\t".join(parts)


def _parse_label(text: str) -> str:
    """Return the label that a text consists of, without blanks; empty if it is not a label."""
    match = _LABEL.fullmatch(text) if len(text) <= _MAX_LABEL_LENGTH else None
    return _remove_blanks(match[1]) if match else ""


def _find_labels(block: Block) -> list[str]:
    """Return the labels before a colon in a block, without blanks. `_AMBIGUOUS_LABELS` are left out."""
    return [_remove_blanks(label) for label in _LABEL_WITH_COLON.findall(block.text[:MAX_FACTS_LENGTH])]


def _remove_blanks(label: str) -> str:
    return "".join(label.split())
