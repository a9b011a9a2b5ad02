"""The sentences of the library in Chinese: notes about a query, warnings about a report, errors in an address.

The library says everything in English. A sentence without a translation is shown as it is.
"""

from __future__ import annotations

import re
from collections.abc import Callable

_TRANSLATIONS = (
    # notes about a query
    (r"only the first (\d+) characters of the query are used", "检索词太长，只用了前 {1} 个字"),
    (r"only the first (\d+) parts of the query are used", "检索词太多，只用了前 {1} 个"),
    (r"only the first (\d+) parts without two letters or digits in a row are used", "单字检索词太多，只用了前 {1} 个"),
    (r"only the first (\d+) words of the query are used", "检索词太长，只用了前 {1} 个词"),
    (r"only the first (\d+) words of synonyms are used", "同义词太多，只用了前 {1} 个词"),
    (r"(\w+) is read as a word; the operator is (\w+)", "“{1}”按普通词检索；要作运算符，请写 {2}"),
    (r"(.+): read as plain words", "检索式有误，按普通词检索（{1}）"),
    (r"(\w+) (.+) was read as (\d*)\.\.(\d*)", "{1} {2} 理解为 {3}–{4}"),
    (r"district (.+) means (\d+) places: (.+)", "{1}有 {2} 处：{3}"),
    (r"no (\w+) (.+) in the index; it has (\d*)\.\.(\d*)", "索引中没有{1} {2} 的内容，现有 {3}–{4}"),
    (r"no (\w+) (.+) in the index; it has (\d+)", "索引中没有{1} {2} 的内容，现有 {3}"),
    (r"(\w+) (.+) has no hit", "{1} {2} 没有结果"),
    (
        r"prefixes match at most ([\d,]+) words: only the first ([\d,]+) of each are used for (.+)",
        "通配符最多展开 {1} 个词，{3} 各只用前 {2} 个",
    ),
    (
        r"(\d+) measures match, but they count other things.*",
        "另有 {1} 个相近的数据，指标、性质或年份不同，不在表中，见“数据”",
    ),
    (
        r"only the (\d+) best of (\d+) measures are considered; narrow the query",
        "数据太多（{2} 个），只考虑了最相关的 {1} 个",
    ),
    (r"a sum of percentages is no percentage; use mean or median", "百分比不能相加，请用平均数或中位数"),
    # warnings about a report
    (r"year (\d+) inferred from the headings: the title states (\d+)", "年份 {1} 据标题层级推断，题名写的是 {2}"),
    (r"year (\d+) inferred from (?:a |the )?headings?.*", "年份 {1} 据文中标题推断"),
    (r"year (\d+) inferred from the beginning of a paragraph", "年份 {1} 据段首推断"),
    (r"year (\d+) inferred from the day of publication.*", "年份 {1} 据发布日期推断"),
    (r"year (\d+) inferred: the year the text names most", "年份 {1} 据文中出现最多的年份推断"),
    (r"year (\d+) inferred: the text plans (\d+)", "年份 {1} 据文中的 {2} 年计划推断"),
    (r"year (\d+) inferred: the text (?:reviews|begins with) (\d+)", "年份 {1} 据文中的 {2} 年回顾推断"),
    (r"year undecided: .+", "未能确定年份"),
    (r"title undecided: .+", "未能确定题名"),
    (r"issuer undecided: .+", "未能确定发文机关"),
    (r"agency undecided: .+", "未能确定机关类别"),
    (r"doctype undecided: .+", "未能确定文种"),
    (r"published undecided: only the day of signing, (.+), is given", "未能确定发布日期，只有落款日期 {1}"),
    (r"region undecided: the text names several: (.+)", "未能确定地区，文中有多个：{1}"),
    (r"region undecided: .+", "未能确定地区"),
    (r"source: (.+) is not an address that begins with http:// or https://", "来源 {1} 不是网址"),
    (r"the same place, year, body and kind as (.+?): .+", "与 {1} 的地区、年份、机关、文种相同"),
    # errors in an address
    (r"no (\w+) (.+); did you mean (.+)\?", "没有{1} {2}，是不是 {3}？"),
    (r"no (\w+) (.+); list them with: .+", "没有{1} {2}"),
    (r"(\w+) must be a whole number from 0 to (\d+), not (.+)", "{1} 应为 0 至 {2} 的整数，不能是 {3}"),
    (r"(\w+) has more than (\d+) characters; shorten it", "{1} 超过 {2} 个字，请缩短"),
    (r"more than (\d+) values of filters; give fewer", "筛选条件超过 {1} 个，请减少一些"),
    (r"rows and columns are both (.+); choose two facets", "行和列不能相同，请另选一项"),
)
"""Patterns of sentences, each with the sentence in Chinese. `{1}` is the first group."""
_COMPILED = [(re.compile(pattern, re.DOTALL), text) for pattern, text in _TRANSLATIONS]


def translate(sentence: str, label: Callable[[str], str]) -> str:
    """Return a sentence of the library in Chinese, or as it is.

    `label` returns the label of a facet, and any other text as it is.
    """
    for pattern, text in _COMPILED:
        match = pattern.fullmatch(sentence)
        if match:
            return text.format("", *map(label, match.groups()))
    return sentence
