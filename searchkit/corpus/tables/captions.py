"""Find the captions of tables. A caption is the line before a table that names the table."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from searchkit.corpus import lines
from searchkit.corpus.blocks import Block, DataTable
from searchkit.corpus.numbering import parse_marker
from searchkit.corpus.tables.cells import parse_unit_note

_NUMBERED_CAPTION = re.compile(r"(?:附\s?|续\s?)?表\s?(?:[\d一二三四五六七八九十]{1,3}(?:[-—－.．]\d{1,3})*|[:：])")
"""The start of a caption with a number: 表3-1, 附表2, 表："""
_CAPTION_END = re.compile(
    r"(?:表|情况|统计|一览|明细|汇总|台账|清单|数据|指标|数量?|总?额)\s?(?:[（(][^（）()]{1,30}[)）])?$|[（(\s]单\s?位\s?[:：]"
)
"""The end of a caption: 情况统计表, 明细（2023年）, or the start of a note of the unit in it: （单位：万元）."""
_MAX_CAPTION_LENGTH = 40
"""Maximum length of a caption without a number, in code points."""
_MAX_NUMBERED_LENGTH = 80
"""Maximum length of a caption with a number, in code points: 表3-1 土地利用现状."""
_MAX_NOTES = 2
"""Maximum number of notes between a caption and its table."""


def attach_captions(blocks: Sequence[Block]) -> list[Block]:
    """Return the blocks with the captions of tables moved from the lines before them into the tables.

    At most `_MAX_NOTES` notes on the unit may stand between a caption and its table. They stay lines.
    """
    result = list(blocks)
    removed: set[int] = set()
    for i, block in enumerate(result):
        if isinstance(block.table, DataTable) and block.table.caption is None:
            k = i - 1
            while k >= max(0, i - _MAX_NOTES) and is_table_note(result[k].text):
                k -= 1
            if k >= 0 and k not in removed and _is_caption(result[k]):
                result[i] = replace(block, table=replace(block.table, caption=result[k].text))
                removed.add(k)
    return [block for i, block in enumerate(result) if i not in removed]


def is_table_note(text: str) -> bool:
    """Return whether a line is a note on the unit of a table: 单位：万元."""
    return parse_unit_note(text) is not None


def _is_caption(block: Block) -> bool:
    """Return whether a line names the table after it.

    A heading that the format states, a sentence and a date do not. A line that begins like 表1 does, unless it is very
    long. Any other short line does if it has neither a list number nor a comma (，). But an emphasised line, which may
    be a heading, must begin like 表1 or end like a caption.
    """
    text = block.text
    if block.table is not None or block.level or not text or lines.ends_sentence(text) or lines.is_date(text):
        return False
    if _NUMBERED_CAPTION.match(text):
        return len(text) <= _MAX_NUMBERED_LENGTH
    if len(text) > _MAX_CAPTION_LENGTH or parse_marker(text) is not None or "，" in text:
        return False
    return not block.strong or _CAPTION_END.search(text) is not None
