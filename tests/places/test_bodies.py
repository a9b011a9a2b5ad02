"""Kinds of government bodies, by their names."""

from __future__ import annotations

import pytest

from searchkit.places.bodies import find_agency


@pytest.mark.parametrize(
    ("name", "agency"),
    [
        ("临海市卫健局", "卫生健康局"),
        ("市民族宗教委", "民族宗教事务委员会"),
        ("福州市自然资源和规划局鼓楼分局", "自然资源和规划局"),
        ("市教育和体育局", "教育和体育局"),
        # the listed name (水务局) is only the end of a longer one
        ("区农业农村和水务局", "农业农村和水务局"),
        ("市林业和园林局", "林业和园林局"),
        ("发展改革和科技局", "发展改革和科技局"),
        ("临海市文化和广电旅游体育局", "文化和广电旅游体育局"),
        ("市城乡建设与交通委", "城乡建设与交通委员会"),
        # two bodies: the last one counts; then places whose names contain 和
        ("市财政局和市税务局", "税务局"),
        ("财政局和税务局", "税务局"),
        ("呼和浩特市司法局", "司法局"),
        ("巴音郭楞蒙古自治州和硕县水利局", "水利局"),
        ("永和镇人民政府", "人民政府"),
        ("石楼仁和街道办", "街道办事处"),
    ],
)
def test_a_body_is_known_by_its_whole_name(name: str, agency: str) -> None:
    """The longest listed name at the end decides, unless 和, 与 or 及 joins it to other words of the name."""
    assert find_agency(name) == agency
