"""Styles of a Word document, their inheritance, and access to properties in its XML.

Source: ECMA-376, part 1, section 17.7.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from xml.etree.ElementTree import Element

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
"""Namespace of the elements of a Word document."""

MAX_LIST_NUMBER = 32_767
"""Largest list number that Word supports."""
_HEADING_NAME = re.compile(r"(?:heading|标题|標題)\s*([1-9])", re.IGNORECASE)
"""Name of the style of a heading, `heading 2` or `标题 2`. The group is the level."""
_TITLE_NAMES = frozenset({"title", "标题", "標題"})
"""Names of the style of a title, which counts as a heading of level 1."""


def child_value(parent: Element | None, name: str) -> str | None:
    """Return the `val` attribute of a child element, empty if it has none; None if there is no such child."""
    child = None if parent is None else parent.find(W + name)
    return None if child is None else child.get(W + "val", "")


def parse_integer(text: str | None, default: int) -> int:
    """Parse an integer from 0 to `MAX_LIST_NUMBER`.

    Larger integers of up to nine digits become the maximum. Any other text becomes the default.
    """
    return min(int(text), MAX_LIST_NUMBER) if text and re.fullmatch("[0-9]{1,9}", text) else default


@dataclass(frozen=True, slots=True)
class WordStyle:
    """The name of a style, and its own and inherited properties."""

    name: str = ""
    level: int = 0
    """Heading level, from 1; 0 if it is not the style of a heading."""
    strong: bool = False
    hidden: bool = False
    vertical_align: str = ""
    """`superscript`, `subscript` or `baseline`; empty if not stated."""
    list_of: tuple[str, int] = ("", 0)
    """Id of the list that paragraphs of this style belong to, empty if there is none, and their level in it, from 0."""


class WordStyles:
    """The styles of a document by id."""

    def __init__(self, root: Element | None) -> None:
        styles = () if root is None else root.findall(W + "style")
        self._elements = {element.get(W + "styleId", ""): element for element in styles}
        self._resolved: dict[str, WordStyle] = {}
        paragraph = (e for e in styles if e.get(W + "type") == "paragraph" and is_on(e.get(W + "default", "0")))
        self.default: str = next((element.get(W + "styleId", "") for element in paragraph), "")
        """Id of the style of paragraphs that do not name one; empty if the document states none."""

    def __getitem__(self, style_id: str) -> WordStyle:
        """Return a style by id, or `WordStyle()` if there is no style with this id.

        The first loop follows `basedOn` to a style that is resolved, is missing or has occurred before. The second loop
        resolves the styles of this chain in reverse order. There is no recursion, because the chain may have any
        length.
        """
        unresolved: dict[str, None] = {}
        while style_id in self._elements and style_id not in self._resolved and style_id not in unresolved:
            unresolved[style_id] = None
            style_id = child_value(self._elements[style_id], "basedOn") or ""
        style = self._resolved.get(style_id, WordStyle())
        while unresolved:
            style_id, _ = unresolved.popitem()
            style = self._resolved[style_id] = _inherit(self._elements[style_id], style)
        return style

    def lists_by_style(self) -> dict[str, str]:
        """Map the id of each style that itself states a list, and does not inherit it, to the id of the list."""
        lists = ((name, child_value(e.find(f"{W}pPr/{W}numPr"), "numId")) for name, e in self._elements.items())
        return {name: list_id for name, list_id in lists if list_id}


def _inherit(element: Element, base: WordStyle) -> WordStyle:
    """Return the style that an element defines. Properties that the element does not state are those of `base`.

    The heading level is the stated one, or else that of the name (`heading 2`), or else that of `base`.
    """
    paragraph, characters = element.find(W + "pPr"), element.find(W + "rPr")
    name = (child_value(element, "name") or "").strip()
    heading = _HEADING_NAME.fullmatch(name)
    level_of_name = int(heading[1]) if heading else int(name.lower() in _TITLE_NAMES)
    list_of = base.list_of
    numbering = None if paragraph is None else paragraph.find(W + "numPr")
    if numbering is not None:
        list_of = (
            child_value(numbering, "numId") or list_of[0],
            parse_integer(child_value(numbering, "ilvl"), list_of[1]),
        )
    return WordStyle(
        name,
        outline_level(paragraph, level_of_name or base.level),
        is_enabled(characters, "b", default=base.strong),
        is_enabled(characters, "vanish", default=base.hidden),
        child_value(characters, "vertAlign") or base.vertical_align,
        list_of,
    )


def outline_level(properties: Element | None, default: int) -> int:
    """Return the heading level in the properties of a paragraph, 0 = body text; the default if they do not state it."""
    body_text = 9  # value of `outlineLvl`; the values 0 to 8 are the heading levels 1 to 9
    value = child_value(properties, "outlineLvl")
    if value is None:
        return default
    level = parse_integer(value, body_text)
    return level + 1 if level < body_text else 0


def is_on(value: str) -> bool:
    """Parse the value of a boolean property, which is on unless the value is `0`, `false` or `off`."""
    return value not in {"0", "false", "off"}


def is_enabled(properties: Element | None, name: str, *, default: bool) -> bool:
    """Return whether a property such as `b` is on; the default if it is not stated."""
    value = child_value(properties, name)
    return default if value is None else is_on(value)
