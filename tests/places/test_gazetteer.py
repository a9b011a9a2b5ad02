"""The gazetteer: look-up of names, and recognition of places in a text."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from searchkit.places.gazetteer import Gazetteer, gazetteer, regions_in_force
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
        ("湖南长沙", "湖南省/长沙市"),
        ("广东省深圳", "广东省/深圳市"),
        ("青海西宁", "青海省/西宁市"),
        ("新疆喀什", "新疆维吾尔自治区/喀什地区"),
        ("内蒙古包头", "内蒙古自治区/包头市"),
        ("湖南衡阳", "湖南省/衡阳市"),
        ("河北承德", "河北省/承德市"),
        ("吉林吉林", "吉林省/吉林市"),
        ("上海浦东", "上海市/浦东新区"),
        ("浙江杭州余杭", "浙江省/杭州市/余杭区"),
        ("湖南长沙县", "湖南省/长沙市/长沙县"),
        ("湘西自治州", "湖南省/湘西土家族苗族自治州"),
        ("广西自治区", "广西壮族自治区"),
        ("四川巴州", "四川省/巴中市/巴州区"),
        ("新疆巴州", "新疆维吾尔自治区/巴音郭楞蒙古自治州"),
        ("克州", "新疆维吾尔自治区/克孜勒苏柯尔克孜自治州"),
        ("锡盟", "内蒙古自治区/锡林郭勒盟"),
    ],
)
def test_unambiguous_names_are_resolved(name: str, path: str) -> None:
    """A full or short name of one place is resolved to its path, also in traditional characters (沙縣).

    Names of higher divisions may precede it (湖南长沙). A municipality is one level of a path: 天津市/东丽区.
    """
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
def test_former_names_are_resolved(name: str, path: str) -> None:
    """A name that is no longer valid is resolved to the last place that had it."""
    assert gazetteer().resolve(name) == tuple(path.split("/"))


@pytest.mark.parametrize(
    "name", ["鼓楼区", "市中区", "朝阳", "和平", "某某区", "", "城区", "巴州", "湖南深圳", "长沙湖南"]
)
def test_ambiguous_and_unknown_names_are_not_resolved(name: str) -> None:
    """A name of several places or of no place, such as 湖南深圳, is resolved to None."""
    assert gazetteer().resolve(name) is None


def test_candidates_of_an_ambiguous_name() -> None:
    """All places with a name can be listed."""
    candidates = gazetteer().candidates("鼓楼区")
    assert ("福建省", "福州市", "鼓楼区") in candidates
    assert len(candidates) > 3


@pytest.mark.parametrize("path", ["福建省/福州市/鼓楼区", "福州市/鼓楼区", "福建/鼓楼区", "福州/鼓楼"])
def test_a_path_resolves_an_ambiguous_name(path: str) -> None:
    """A path with `/` can skip levels and use short names."""
    assert gazetteer().resolve(path) == ("福建省", "福州市", "鼓楼区")


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("湘潭县", "湖南省/湘潭市/湘潭县"),
        ("湘乡市", "湖南省/湘潭市/湘乡市"),
        ("南岳区", "湖南省/衡阳市/南岳区"),
        ("北塔区", "湖南省/邵阳市/北塔区"),
    ],
)
def test_a_county_belongs_to_the_city_whose_code_its_code_begins_with(name: str, path: str) -> None:
    """Some cities had the code of another city for a time. A county belongs to the city that has the code today."""
    assert gazetteer().resolve(name) == tuple(path.split("/"))


def test_every_city_is_resolved_after_its_province() -> None:
    """The shortest names of a province and of a city in it, concatenated, are resolved to the city: 湖南长沙.

    The cities are those that exist today and share their full name with no other place of today.
    """
    cities = {region for region in gazetteer().codes.values() if len(region) == 2 and region[-1].endswith("市")}
    mentions = {region: next(gazetteer().find_mentions(fold(region[-1])), None) for region in cities}
    current = [
        region
        for region, mention in mentions.items()
        if mention and [place.region for place in mention.places if place.until > 2026] == [region]
    ]
    assert len(current) > 250
    for region in current:
        province, city = (min(gazetteer().names_of(name), key=len) for name in region)
        assert gazetteer().resolve(province + city) == region


def test_find_inside_finds_a_place_inside_the_place_before_it() -> None:
    """After a mention, the short name of a place inside it is found, and no other name."""
    text = fold("湖南长沙2023年")
    province = gazetteer().find_leading(text)
    assert province
    city = gazetteer().find_inside(text, province)
    assert city
    assert (text[city.start : city.end], city.places[0].region) == ("长沙", ("湖南省", "长沙市"))
    assert gazetteer().find_inside(text, city) is None
    assert gazetteer().find_inside(fold("湖南深圳2023年"), province) is None


def test_a_province_takes_precedence() -> None:
    """A short name of a province and of another place is resolved to the province. A full name is unambiguous."""
    assert gazetteer().resolve("吉林") == ("吉林省",)
    assert gazetteer().resolve("吉林市") == ("吉林省", "吉林市")
    assert gazetteer().resolve("海南") == ("海南省",)
    assert gazetteer().resolve("河北区") == ("天津市", "河北区")


def _find_paths(text: str) -> list[str]:
    return ["/".join(regions_in_force(mention.places)[0]) for mention in gazetteer().find_mentions(fold(text))]


def test_a_preceding_parent_resolves_a_mention() -> None:
    """If the name of a higher division precedes an ambiguous name, the name is resolved to a place in that division."""
    assert _find_paths("福建省福州市鼓楼区") == ["福建省", "福建省/福州市", "福建省/福州市/鼓楼区"]
    assert _find_paths("徐州鼓楼区") == ["江苏省/徐州市/鼓楼区"]
    assert _find_paths("阳泉市城区") == ["山西省/阳泉市", "山西省/阳泉市/城区"]


@pytest.mark.parametrize(
    "text",
    ["省和县级机关", "北京市场", "城区建设", "各市和县", "在公安机关", "长治久安", "高新区", "社区", "国家和平事业"],
)
def test_other_words_are_not_mentions(text: str) -> None:
    """Names inside other words, and words that look like names, are not found."""
    assert _find_paths(text) == []


def test_a_name_of_two_characters_must_begin_a_word() -> None:
    """和县 is a place only at the beginning of a word."""
    assert _find_paths("和县司法局")
    assert _find_paths("2023年和县司法局")
    assert not _find_paths("区和县司法局")


def test_the_year_selects_places() -> None:
    """Only the places whose name was still valid in the given year are returned."""
    (mention,) = gazetteer().find_mentions("桥东区")
    assert len(regions_in_force(mention.places, 2010)) > len(regions_in_force(mention.places, 2023)) == 1


def test_places_file_can_be_replaced() -> None:
    """Added places, former places, further names, and parts of host names that stand for a place come from the file.

    A line of an unknown kind raises ValueError.
    """
    custom = Gazetteer(
        {"990000": [("乙省", 9999)], "990100": [("甲市", 9999)]},
        "# c\n+ 乙省/甲市/新丙区 丙新城\n- 2001 乙省/甲市\n~ 乙省/甲市 小甲\n@ 乙省 yi\n",
    )
    assert custom.resolve("小甲") == ("乙省", "甲市")
    assert custom.resolve("新丙区") == custom.resolve("丙新城") == ("乙省", "甲市", "新丙区")
    assert custom.hosts == {"yi": ("乙省",)}
    assert custom.codes["990100"] == ("乙省", "甲市")
    with pytest.raises(ValueError, match="begins with"):
        Gazetteer({}, "? 乙省")


@given(st.text(alphabet="福建省州市鼓楼区和县新自治旗 北京", max_size=60))
def test_mentions_are_in_order_and_valid(text: str) -> None:
    """Mentions are in order and do not overlap, and each one is a name of all its places."""
    previous_end = 0
    for mention in gazetteer().find_mentions(text):
        assert previous_end <= mention.start < mention.end <= len(text)
        previous_end = mention.end
        for place in mention.places:
            assert text[mention.start : mention.end] in gazetteer().names_of(place.region[-1])


def test_every_place_is_resolved_by_its_path() -> None:
    """The path of every place in the table can be resolved."""
    for region in set(gazetteer().codes.values()):
        assert gazetteer().resolve("/".join(region)) is not None


def test_finding_mentions_takes_linear_time() -> None:
    """A line of 280,000 characters takes less than five seconds."""
    start = time.process_time()
    assert sum(1 for _ in gazetteer().find_mentions("天津市河东区与临海市、区县市" * 20_000)) > 20_000
    assert time.process_time() - start < 5
