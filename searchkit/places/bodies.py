"""Recognition of government bodies by name, and their kinds."""

from __future__ import annotations

import re
from functools import cache

from searchkit.files import read_word_lists
from searchkit.places.gazetteer import gazetteer
from searchkit.text.folding import fold

MAX_BODY_NAME_LENGTH = 40
"""Maximum length of a body's name in code points."""

_BODY_ENDS = re.compile(
    r"(?:委员会|委|局|厅|部|总署|办公室|办事处|政府|国务院|法院|检察院|总队|支队|大队|中心|街道|街道办|管委会|"
    r"人防办|研究院|研究所|银行|海关|总社|总公司|集团|联合会|协会|执法所|监督所|管理处|管理所|管理站)$"
)
"""Matches the end of the name of a body: 局 in 司法局."""
_NOT_A_BODY = re.compile(r"[。，,；;！？《》：:]|法治政府$|网站|网$|报$|日报|新华社|本站")
"""Matches a text that is not a body, even if it ends like one: a sentence, 建设法治政府, a website, a newspaper."""
_LEADING_LEVEL = re.compile(r"^(?:自治区|自治州|自治县|新区|[省市区县州旗])(?!场|政|民|域|级|容)")
"""Matches a level before the name of a body: 区 in 区司法局. The lookahead excludes words such as 市场, 区域 and
县政协."""
_BRANCH_OFFICE = re.compile(r"^(.*?局).{1,8}分局$")
"""Matches the name of a branch office. Group 1 is the main office: 生态环境局 in 生态环境局岳麓分局."""

_JOINED = re.compile(r"..(?<![局委厅部办])[和与及][^省市县区州旗镇乡]*$")
"""Matches the text before a listed name (水务局) if the listed name is only the end of a longer one: 农业农村和 in
农业农村和水务局. The first class excludes two bodies (财政局和税务局), the last one places (永和镇)."""
_OF_PLACES = frozenset(("人民政府", "街道办事处", "管理委员会"))
"""Bodies whose names have a place before them. A 和 before such a name may be the end of the place: 仁和街道办事处."""


def is_body(text: str) -> bool:
    """Return whether a folded text is the name of a government body: 东丽区卫生健康委员会."""
    return 1 < len(text) <= MAX_BODY_NAME_LENGTH and bool(_BODY_ENDS.search(text)) and not _NOT_A_BODY.search(text)


def find_agency(issuer: str) -> str | None:
    """Return the kind of a body, its name in full without the place: 卫生健康委员会 for 东丽区卫健委.

    `issuer`: the name of the body. If it ends with a name in `data/agencies.txt`, the full form of that name is
    returned. After 和, 与 or 及, such a name can be only the end of a longer one (`_JOINED`): 农业农村和水务局 is not
    水务局. Then, and if the list has no such name, `issuer` is returned without the place. None if the name consists of
    places and a level.
    """
    name = fold("".join(issuer.split()))
    if match := _BRANCH_OFFICE.match(name):
        name = match[1]
    own_name = _strip_place(name)
    canonical_names = _canonical_names()
    for start in range(len(name)):
        if canonical := canonical_names.get(name[start:]):
            is_end = canonical not in _OF_PLACES and _JOINED.search(own_name.removesuffix(name[start:]))
            return own_name if is_end else canonical
    return own_name or None


def _strip_place(name: str) -> str:
    """Remove leading places, with 中共 or 国家 before them, and the level from a name of a body. Expand a final 委."""
    for mention in gazetteer().find_mentions(name):
        if mention.start == 0 or name[: mention.start] in {"中共", "国家"}:
            name = name[mention.end :]
            return _strip_place(name)
        break
    name = _LEADING_LEVEL.sub("", name)
    return re.sub(r"(?<=..)委$", "委员会", name)  # 卫健委, but not 市委, which is a committee of the party


@cache
def _canonical_names() -> dict[str, str]:
    """Return a mapping from each folded name of an agency to its canonical name."""
    canonical_names: dict[str, str] = {}
    for names in read_word_lists("agencies.txt"):
        canonical_names.update((fold(name), names[0]) for name in names)
    return canonical_names
