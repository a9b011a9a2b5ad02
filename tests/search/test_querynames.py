"""Indicators that are additions (新增高铁里程), for a query that names a measure."""

from __future__ import annotations

import numpy as np
import pytest

from searchkit.engines.indicators import Indicators
from searchkit.indexing.namelists import read_name_lists
from searchkit.query.naming import IndicatorNames
from searchkit.query.parsing import parse
from searchkit.search.querynames import QueryNames
from searchkit.text.analyzer import Analyzer, Lexicon

ANALYZER = Analyzer(Lexicon.load())
NAMES = IndicatorNames(read_name_lists())


def test_indicators_with_a_word_of_addition_are_additions() -> None:
    """An indicator that begins or ends with 新增, 净增 or 净新增 is an addition.

    `IndicatorNames.parse` decides the same.
    """
    texts = ["高铁里程", "新增高铁里程", "净增高铁里程", "净新增高铁里程", "高铁里程 新增"]
    query = QueryNames(NAMES, parse("高铁里程", ANALYZER))
    is_addition = query.find_additions(Indicators.of_texts(texts), np.ones(len(texts), bool))
    assert is_addition.tolist() == [False, True, True, True, True]
    assert [NAMES.parse(text).aspect == "addition" for text in texts] == is_addition.tolist()


def test_for_a_query_for_additions_no_indicator_is_marked() -> None:
    """If the query contains a word of an addition (新增), `find_additions` marks no indicator as an addition."""
    query = QueryNames(NAMES, parse("新增高铁里程", ANALYZER))
    assert not query.find_additions(Indicators.of_texts(["净新增高铁里程"]), np.ones(1, bool)).any()


@pytest.mark.parametrize(
    ("query", "aspect", "is_listed"),
    [
        ("立案 增长率", "change", True),
        ("投资 增长", "change", False),
        ("新增 高新技术企业", "addition", True),
        ("高新技术企业", "level", True),
        ("人均 GDP", "level", True),
        ("城镇 新增就业", "level", True),
        ("粮食 产量", "level", True),
        ("新增 就业", "level", False),
    ],
)
def test_a_change_or_addition_can_be_a_separate_word(query: str, aspect: str, is_listed: bool) -> None:  # noqa: FBT001
    """A word of change or addition can be apart from the name: 立案 增长率 asks for the same as 立案增长率.

    If the list of names lacks the measure (新增 就业), the query does not ask for an addition, because reports write
    新增 in many ways.
    """
    names = QueryNames(NAMES, parse(query, ANALYZER))
    assert names.wanted is not None
    assert (names.aspect, names.wanted.is_listed) == (aspect, is_listed)
