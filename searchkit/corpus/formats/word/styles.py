"""Styles of a Word document, what they inherit from each other, and how properties are written in its XML.

ECMA-376, part 1, section 17.7.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from xml.etree.ElementTree import Element

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
"""Namespace of the elements of a Word document."""

MAX_FILE_BYTES = 32_767
"""Word's own limit for a list number."""
_HEADING = re.compile(r"(?:heading|标题|標題)\s*([1-9])", re.IGNORECASE)
_TITLES = frozenset({"title", "标题", "標題"})


def value_of(parent: Element | None, name: str) -> str | None:
    """Give the `val` of a child element, None if there is no such child."""
    child = None if parent is None else parent.find(W + name)
    return None if child is None else child.get(W + "val", "")


def integer(text: str | None, default: int) -> int:
    """Read a whole number from 0 up to the largest that Word numbers with."""
    return min(int(text), MAX_FILE_BYTES) if text and re.fullmatch("[0-9]{1,9}", text) else default


@dataclass(frozen=True, slots=True)
class Style:
    """What a style says, with what it inherits."""

    name: str = ""
    level: int = 0
    """Of headings, from 1; 0 = none."""
    strong: bool = False
    hidden: bool = False
    list_of: tuple[str, int] = ("", 0)
    """Id of the list its paragraphs belong to, and the level from 0."""


class Styles:
    """The styles of a document by id."""

    def __init__(self, root: Element | None) -> None:
        styles = () if root is None else root.findall(W + "style")
        self._elements = {element.get(W + "styleId", ""): element for element in styles}
        self._known: dict[str, Style] = {}
        paragraph = (e for e in styles if e.get(W + "type") == "paragraph" and is_on(e.get(W + "default", "0")))
        self.default: str = next((element.get(W + "styleId", "") for element in paragraph), "")
        """Id of the style of paragraphs that name none."""

    def __getitem__(self, name: str) -> Style:
        """Give a style; a style that is missing says nothing."""
        waiting: dict[str, None] = {}
        while name in self._elements and name not in self._known and name not in waiting:
            waiting[name] = None
            name = value_of(self._elements[name], "basedOn") or ""
        style = self._known.get(name, Style())
        while waiting:
            name, _ = waiting.popitem()
            style = self._known[name] = _inherit(self._elements[name], style)
        return style

    def linked(self) -> dict[str, str]:
        """Give the list of each style that names one."""
        lists = ((name, value_of(e.find(f"{W}pPr/{W}numPr"), "numId")) for name, e in self._elements.items())
        return {name: found for name, found in lists if found}


def _inherit(element: Element, base: Style) -> Style:
    paragraph, characters = element.find(W + "pPr"), element.find(W + "rPr")
    name = (value_of(element, "name") or "").strip()
    heading = _HEADING.fullmatch(name)
    by_name = int(heading[1]) if heading else int(name.lower() in _TITLES)
    list_of = base.list_of
    numbering = None if paragraph is None else paragraph.find(W + "numPr")
    if numbering is not None:
        list_of = (value_of(numbering, "numId") or list_of[0], integer(value_of(numbering, "ilvl"), list_of[1]))
    return Style(
        name,
        outline_level(paragraph, by_name or base.level),
        toggle(characters, "b", default=base.strong),
        toggle(characters, "vanish", default=base.hidden),
        list_of,
    )


def outline_level(properties: Element | None, default: int) -> int:
    """Give the heading level that properties of a paragraph state, 0 = body text; else the default."""
    body_text = 9
    value = value_of(properties, "outlineLvl")
    if value is None:
        return default
    level = integer(value, body_text)
    return level + 1 if level < body_text else 0


def is_on(value: str) -> bool:
    """Read the value of a property that is on if it says nothing."""
    return value not in {"0", "false", "off"}


def toggle(properties: Element | None, name: str, *, default: bool) -> bool:
    """Tell whether a property such as `b` is on; the default where it is not stated."""
    value = value_of(properties, name)
    return default if value is None else is_on(value)
