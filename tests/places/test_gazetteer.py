"""Tests of the gazetteer."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from searchkit.places.gazetteer import Gazetteer, gazetteer, in_force
from searchkit.text.folding import fold


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("临海市", "浙江省/台州市/临海市"),
        ("临海", "浙江省/台州市/临海市"),
        ("东丽区", "天津市/东丽区"),
        ("滨海新区", "天津市/滨海新区"),
        ("天津市滨海新区", "天津市/滨海新区"),
        ("重庆沙坪坝区", "重庆市/沙坪坝区"),
        ("仙桃市", "湖北省/仙桃市"),
        ("恩施州", "湖北省/恩施土家族苗族自治州"),
        ("内蒙古", "内蒙古自治区"),
        ("长白", "吉林省/白山市/长白朝鲜族自治县"),
        ("博尔塔拉州", "新疆维吾尔自治区/博尔塔拉蒙古自治州"),
        ("鄂伦春旗", "内蒙古自治区/呼伦贝尔市/鄂伦春自治旗"),
        ("沙縣", "福建省/三明市/沙县"),
        ("全国", "全国"),
    ],
)
def test_resolve(name: str, path: str) -> None:
    """A full, short or traditional name that one place has gives that place, a municipality once."""
    assert gazetteer().resolve(name) == tuple(path.split("/"))


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("莱芜市", "山东省/莱芜市"),
        ("襄樊市", "湖北省/襄樊市"),
        ("塘沽区", "天津市/塘沽区"),
        ("下城区", "浙江省/杭州市/下城区"),
    ],
)
def test_former_names(name: str, path: str) -> None:
    """A name that no place has today gives the place that had it last."""
    assert gazetteer().resolve(name) == tuple(path.split("/"))


@pytest.mark.parametrize("name", ["鼓楼区", "市中区", "朝阳", "和平", "某某区", "", "城区"])
def test_resolve_does_not_guess(name: str) -> None:
    """A name of several places, or of none, gives None."""
    assert gazetteer().resolve(name) is None


def test_candidates_of_an_ambiguous_name() -> None:
    """All places of a name can be listed, for a message."""
    found = gazetteer().candidates("鼓楼区")
    assert ("福建省", "福州市", "鼓楼区") in found
    assert len(found) > 3


@pytest.mark.parametrize("path", ["福建省/福州市/鼓楼区", "福州市/鼓楼区", "福建/鼓楼区", "福州/鼓楼"])
def test_path_pins_a_place(path: str) -> None:
    """A `/` path may skip levels and use short names."""
    assert gazetteer().resolve(path) == ("福建省", "福州市", "鼓楼区")


def test_province_goes_before_its_namesakes() -> None:
    """A province's short name means the province; a full name means what it says."""
    assert gazetteer().resolve("吉林") == ("吉林省",)
    assert gazetteer().resolve("吉林市") == ("吉林省", "吉林市")
    assert gazetteer().resolve("海南") == ("海南省",)
    assert gazetteer().resolve("河北区") == ("天津市", "河北区")


def _found(text: str) -> list[str]:
    return ["/".join(in_force(mention.places)[0]) for mention in gazetteer().mentions(fold(text))]


def test_mentions_follow_the_words_before() -> None:
    """The place above, written before a name, decides what the name means."""
    assert _found("福建省福州市鼓楼区") == ["福建省", "福建省/福州市", "福建省/福州市/鼓楼区"]
    assert _found("徐州鼓楼区") == ["江苏省/徐州市/鼓楼区"]
    assert _found("阳泉市城区") == ["山西省/阳泉市", "山西省/阳泉市/城区"]


@pytest.mark.parametrize(
    "text",
    ["省和县级机关", "北京市场", "城区建设", "各市和县", "在公安机关", "长治久安", "高新区", "社区", "国家和平事业"],
)
def test_words_that_are_no_places(text: str) -> None:
    """Names inside other words, and words that look like names, are not found."""
    assert _found(text) == []


def test_two_characters_need_a_beginning() -> None:
    """和县 is a place where a word begins there."""
    assert _found("和县司法局")
    assert _found("2023年和县司法局")
    assert not _found("区和县司法局")


def test_year_decides_between_times() -> None:
    """A place is looked for under the name it had in the year."""
    (mention,) = gazetteer().mentions("桥东区")
    assert len(in_force(mention.places, 2010)) > len(in_force(mention.places, 2023)) == 1


def test_places_file_can_be_replaced() -> None:
    """Additions, ends, host labels and signs come from a plain file; what it cannot mean is refused."""
    mine = Gazetteer(
        {"990000": [("乙省", 9999)], "990100": [("甲市", 9999)]},
        "# c\n+ 乙省/甲市/新丙区 丙新城\n- 2001 乙省/甲市\n@ 乙省 yi\n",
    )
    assert mine.resolve("新丙区") == mine.resolve("丙新城") == ("乙省", "甲市", "新丙区")
    assert mine.hosts == {"yi": ("乙省",)}
    assert mine.codes["990100"] == ("乙省", "甲市")
    with pytest.raises(ValueError, match="begins with"):
        Gazetteer({}, "? 乙省")


@given(st.text(alphabet="福建省州市鼓楼区和县新自治旗 北京", max_size=60))
def test_mentions_are_ordered_and_real(text: str) -> None:
    """Mentions do not overlap, go forward, and each is a name of every place it gives."""
    past = 0
    for mention in gazetteer().mentions(text):
        assert past <= mention.start < mention.end <= len(text)
        past = mention.end
        for place in mention.places:
            assert text[mention.start : mention.end] in gazetteer().names(place.region[-1])


def test_every_place_is_found_by_its_path() -> None:
    """Every place of the table resolves by its own path, and its full name is among the names of its last element."""
    for region in set(gazetteer().codes.values()):
        assert gazetteer().resolve("/".join(region)) is not None


def test_mentions_are_linear() -> None:
    """A long line costs as much per character as a short one."""
    start = time.process_time()
    assert sum(1 for _ in gazetteer().mentions("天津市河东区与临海市、区县市" * 20_000)) > 20_000
    assert time.process_time() - start < 5
