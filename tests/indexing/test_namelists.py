"""Lists of names that mean the same measure."""

from __future__ import annotations

import re

import pytest

from searchkit.errors import UsageError
from searchkit.files import DataFile
from searchkit.indexing.namelists import read_name_lists
from searchkit.query.naming import IndicatorNames

GROUP = '[[measure]]\nnames = ["甲数", "乙数"]\nsource = "统计公报"\n'


def test_the_list_of_searchkit_is_valid() -> None:
    """All names in a group of searchkit's own list are parsed to the same name, and are listed."""
    lists = read_name_lists()
    names = IndicatorNames(lists)
    assert len(lists.measures) > 100
    for group in lists.measures:
        assert len({names.parse(name).text for name in group}) == 1
        assert all(names.parse(name).is_listed for name in group)


def test_a_list_is_read() -> None:
    """A list has groups of words and groups of names of a measure, each with a source.

    Names of one group, and names that differ only in words of one group, are parsed to the same name. A group can state
    the years of its names.
    """
    text = (
        GROUP
        + 'years = { "甲数" = "1994..2011", "乙数" = "2012.." }\n[[word]]\nnames = ["子", "丑"]\nsource = "辞典"\n'
    )
    lists = read_name_lists(DataFile("names", text))
    assert (lists.words, lists.measures) == ((("子", "丑"),), (("甲数", "乙数"),))
    names = IndicatorNames(lists)
    assert names.parse("丑大甲数").text == names.parse("子大甲数").text
    assert names.parse("全市乙数").text == "甲数"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[[measure]]\nnames = []\nsource = ''\n", "names, measure 1: there must be 1 names or more"),
        ('[[word]]\nnames = ["子"]\nsource = ""\n', "names, word 1: there must be 2 names or more"),
        ('[[measure]]\nnames = ["——"]\nsource = ""\n', "none of them empty"),
        ('[[measure]]\nnames = ["甲"]\n', "missing required field `source`"),
        (GROUP + 'years = { "丙" = "2012.." }\n', "measure 1, years: 丙 = 2012.. is not a name"),
        (GROUP + 'years = { "甲数" = "soon" }\n', "measure 1, years: 甲数 = soon is not"),
        (GROUP + GROUP.replace("甲", "丙"), "乙数 is a name of two measures, 甲数 and 丙数"),
        (GROUP + "colour = 1\n", "unknown field `colour`"),
        ("names = [", "names is not TOML"),
    ],
)
def test_a_list_that_is_wrong_is_refused(text: str, message: str) -> None:
    """The error names the file, the place and the problem, in one line."""
    with pytest.raises(UsageError, match=re.escape(message)) as caught:
        read_name_lists(DataFile("names", text))
    assert "\n" not in str(caught.value)
