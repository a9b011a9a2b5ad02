"""Reads pages: their elements, links and texts."""

from __future__ import annotations

from html.parser import HTMLParser

VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
"""Elements of HTML without an end tag."""
SVG_EMPTY = {"path", "circle", "line", "polyline", "rect"}
"""Elements of SVG that have no content on our pages."""


class Page(HTMLParser):
    """The elements of a page. `problems` are elements that are not closed, or not in the right order."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.problems: list[str] = []
        self._open: list[str] = []
        self.feed(text)
        self.close()
        self.problems += self._open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element."""
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID | SVG_EMPTY:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element that is written as one tag with `/` at its end."""
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        """Close an element."""
        if tag in VOID | SVG_EMPTY:
            return
        if self._open and self._open[-1] == tag:
            self._open.pop()
        else:
            self.problems.append(f"</{tag}> in {self._open[-3:]}")

    def handle_data(self, data: str) -> None:
        """Note text."""
        self.text += data

    def links(self) -> list[str]:
        """Return the targets of all links."""
        return [attributes["href"] or "" for tag, attributes in self.elements if tag == "a" and "href" in attributes]

    def all(self, tag: str, **wanted: str) -> list[dict[str, str | None]]:
        """Return the attributes of the elements with a tag name and the wanted attributes. `class_` means `class`."""
        wanted = {name.rstrip("_"): value for name, value in wanted.items()}
        found = [attributes for name, attributes in self.elements if name == tag]
        return [item for item in found if all(item.get(name) == value for name, value in wanted.items())]
