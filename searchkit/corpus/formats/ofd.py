"""OFD (GB/T 33190), the fixed layout format of Chinese government: a zip of XML with the place of every character."""

from __future__ import annotations

import math
import posixpath
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import accumulate, chain, islice, repeat
from xml.etree.ElementTree import Element

from searchkit.corpus.blocks import RawDocument
from searchkit.corpus.formats.archives import Archive, open_archive, parse_xml
from searchkit.corpus.formats.page.layout import Glyph, Page, blocks, heading_key, is_bold, is_title, plain
from searchkit.corpus.formats.page.reading_order import Rule
from searchkit.corpus.formats.registry import FileContents
from searchkit.corpus.lines import names_body
from searchkit.errors import ReadError

_ROOT = "OFD.xml"
_MAX_PAGES = 5_000
_MAX_CHARACTERS = 200_000
"""Of one page."""
_MAX_DEPTH = 30
"""How deep blocks, composite objects and bookmarks may be nested."""
_A4 = (0.0, 0.0, 210.0, 297.0)
"""Millimetres: the page of a package that states none."""
_BOLD_WEIGHT = 600
_USUAL_WEIGHT = 400
_SKEW = 0.02
"""Quarter turns. What is turned by more beyond whole ones is askew."""
_THIN = 0.6
"""Millimetres. What is no wider is a line, not an area."""
_MIN_RULE_LENGTH = 2.0
"""Millimetres."""
_MAX_HAN_WIDTH, _MAX_LATIN_WIDTH = 1.3, 1.0
"""Em. A longer step to the next character leaves a gap."""
_ENCODING = re.compile(
    rb"^\s*<\?xml[^>]{0,100}encoding\s*=\s*[\"'](gb2312|gbk|gb18030|cp936)[\"'][^>]{0,100}\?>", re.IGNORECASE
)
_TAGS = {
    "标题": "title",
    "公文标题": "title",
    "title": "title",
    "发文机关": "issuer",
    "发文机关标志": "issuer",
    "发文机关署名": "issuer",
}
"""Custom tags, in lower case, to the hint that the text they mark gives."""

_ARGUMENTS = {"M": 2, "S": 2, "L": 2, "Q": 4, "B": 6, "A": 7}
"""How many numbers follow each letter of a path."""
_MAX_NUMBERS = 100_000
_MAX_VALUE = 1e6
"""Millimetres."""

_Box = tuple[float, float, float, float]
_Matrix = tuple[float, float, float, float, float, float]
"""a b c d e f: x' = ax + cy + e, y' = bx + dy + f."""


def read(data: bytes, name: str) -> FileContents:  # noqa: ARG001 - every reader has this signature
    """Read an OFD package: a raw document for each document in it, each paragraph with the page it begins on.

    Page templates that several pages share, page numbers, running heads and text askew are dropped. Headings
    have the level of the bookmark that names them. Hints: `title` and `issuer`, as custom tags or the metadata
    state them. Raises ReadError if the bytes are no such package, or no document in it can be read.
    """
    package = _Package(open_archive(data))
    bodies = list(_all(package.root(), "DocBody"))
    results = [_document(package, body, None if len(bodies) == 1 else n) for n, body in enumerate(bodies, 1)]
    documents = tuple(document for document, _ in results if document is not None)
    problems = tuple(problem for _, found in results for problem in found)
    if not documents:
        raise ReadError(problems[-1] if problems else "no document in the package")
    return FileContents(documents, problems)


def _document(package: _Package, body: Element, number: int | None) -> tuple[RawDocument | None, list[str]]:
    """Read one document, the `number`th of several; what of it cannot be read, one line each."""
    prefix = "" if number is None else f"document {number}: "
    problems: list[str] = []
    try:
        document = _Document(package, body, problems).read(None if number is None else str(number))
    except ReadError as error:
        return None, [*(prefix + problem for problem in problems), f"{prefix}{error}"]
    return document, [prefix + problem for problem in problems]


class _Package:
    """The XML of a package, found by the places that it states."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive
        self._names = {name.lower(): name for name in reversed(archive.names)}

    def root(self) -> Element:
        """Give the element of the file that all begins with."""
        if _ROOT.lower() not in self._names:
            encrypted = any("encrypt" in name for name in self._names)
            raise ReadError(
                "encrypted OFD: its parts cannot be read" if encrypted else "not an OFD package: no OFD.xml"
            )
        return self.xml(self._names[_ROOT.lower()])

    def find(self, base: str, place: str | None) -> str | None:
        """Give the name of the entry that a place stated in the entry `base` means, None if there is none.

        Places are relative to the entry; some programs make them relative to the package, or write another case.
        """
        place = (place or "").strip().replace("\\", "/")
        if not place:
            return None
        for folder in ("" if place.startswith("/") else posixpath.dirname(base), ""):
            name = posixpath.normpath(posixpath.join(folder, place.lstrip("/"))).lower()
            if name in self._names:
                return self._names[name]
        return None

    def xml(self, name: str) -> Element:
        """Give the element of an entry. Raises ReadError."""
        data = self._archive.read(name)
        declared = _ENCODING.match(data)
        if declared:  # the parser knows no encoding of Chinese but Unicode
            data = data[declared.end() :].decode("gb18030", "replace").encode("utf-8")
        try:
            return parse_xml(data)
        except ReadError as error:
            raise ReadError(f"{name}: {error}") from error


@dataclass(slots=True)
class _Content:
    """What is drawn on a page."""

    glyphs: list[Glyph] = field(default_factory=list)
    rules: list[Rule] = field(default_factory=list)
    texts: dict[str, str] = field(default_factory=dict)
    """Id of a text object to its text."""


class _Document:
    """Reads one document of a package."""

    def __init__(self, package: _Package, body: Element, problems: list[str]) -> None:
        self._problems = problems
        self._package = package
        self._info = _first(body, "DocInfo")
        path = package.find(_ROOT, _text(body, "DocRoot"))
        if path is None:
            raise ReadError("its document is missing from the package")
        self._path = path
        self._root = package.xml(path)
        common = _first(self._root, "CommonData")
        self._box = _box(_text(_first(common, "PageArea"), "PhysicalBox")) or _A4
        self._templates = {
            item.get("ID", ""): found
            for item in _all(common, "TemplatePage")
            if (found := package.find(path, item.get("BaseLoc")))
        }
        self._bold_fonts: set[str] = set()
        self._units: dict[str, Element] = {}
        for item in chain(_all(common, "PublicRes"), _all(common, "DocumentRes")):
            self._add_resources(package.find(path, item.text))

    def read(self, key: str | None) -> RawDocument:
        """Give the document under `key`. Raises ReadError if it has no text."""
        pages = list(islice(_all(_first(self._root, "Pages"), "Page"), _MAX_PAGES + 1))
        if len(pages) > _MAX_PAGES:
            raise ReadError(f"more than {_MAX_PAGES} pages")
        elements = {n: element for n, page in enumerate(pages, 1) if (element := self._page(n, page)) is not None}
        used = Counter(item.get("TemplateID", "") for page in elements.values() for item in _all(page, "Template"))
        headings = self._headings({page.get("ID", ""): n for n, page in enumerate(pages, 1)})
        laid: list[Page] = []
        texts: dict[str, str] = {}
        for number, element in elements.items():
            left, top, width, height = _box(_text(_first(element, "Area"), "PhysicalBox")) or self._box
            content = self._content(element, used, (1.0, 0.0, 0.0, 1.0, -left, -top))
            texts |= content.texts
            laid.append(Page(number, width, height, content.glyphs, content.rules, headings.get(number, {})))
        if not any(page.glyphs for page in laid):
            reason = (
                "no text: its pages are pictures, which needs OCR" if elements else "its pages are missing or damaged"
            )
            raise ReadError(reason)
        return RawDocument(blocks(laid), hints=self._hints(texts), key=key)

    def _page(self, number: int, page: Element) -> Element | None:
        path = self._package.find(self._path, page.get("BaseLoc"))
        try:
            element = self._package.xml(path) if path else None
        except ReadError as error:
            self._problems.append(f"page {number}: {error}")
            return None
        if element is None:
            self._problems.append(f"page {number}: missing from the package")
        for item in _all(element, "PageRes"):
            self._add_resources(self._package.find(path or "", item.text))
        return element

    def _add_resources(self, path: str | None) -> None:
        """Take in the fonts and composite objects of a resource file; without it there is still text."""
        try:
            root = self._package.xml(path) if path else None
        except ReadError as error:
            self._problems.append(f"resources: {error}")
            return
        for font in _all(_first(root, "Fonts"), "Font"):
            if font.get("Bold") == "true" or is_bold(f"{font.get('FontName', '')} {font.get('FamilyName', '')}"):
                self._bold_fonts.add(font.get("ID", ""))
        for unit in _all(_first(root, "CompositeGraphicUnits"), "CompositeGraphicUnit"):
            self._units.setdefault(unit.get("ID", ""), unit)

    def _content(self, page: Element, used: Mapping[str, int], origin: _Matrix) -> _Content:
        """Give what is drawn on a page: its own content, and that of templates which no other page uses."""
        found = _Content()
        for item in _all(page, "Template"):
            path = self._templates.get(item.get("TemplateID", ""))
            if path is not None and used[item.get("TemplateID", "")] == 1:
                try:
                    self._draw(self._package.xml(path), origin, found)
                except ReadError as error:
                    self._problems.append(f"template: {error}")
        self._draw(page, origin, found)
        if len(found.glyphs) > _MAX_CHARACTERS:
            self._problems.append(f"page: only {_MAX_CHARACTERS} of its characters are read")
            del found.glyphs[_MAX_CHARACTERS:]
        return found

    def _draw(self, page: Element, origin: _Matrix, found: _Content) -> None:
        waiting = [(item, origin, 0) for layer in _all(_first(page, "Content"), "Layer") for item in layer]
        waiting.reverse()
        while waiting and len(found.glyphs) <= _MAX_CHARACTERS:
            item, matrix, depth = waiting.pop()
            kind = _name(item)
            if item.get("Visible") == "false" or depth > _MAX_DEPTH:
                continue
            if kind == "TextObject":
                glyphs = list(self._glyphs(item, _moved(matrix, item)))
                found.glyphs += glyphs
                found.texts.setdefault(item.get("ID", ""), "".join(glyph.text for glyph in glyphs))
            elif kind == "PathObject":
                found.rules += _rules(item, _moved(matrix, item))
            elif kind == "PageBlock":
                waiting += [(child, matrix, depth + 1) for child in reversed(item)]
            elif kind == "CompositeObject":
                content = _first(self._units.get(item.get("ResourceID", "")), "Content")
                moved = _moved(matrix, item)
                waiting += [(child, moved, depth + 1) for child in reversed(content if content is not None else ())]

    def _glyphs(self, item: Element, matrix: _Matrix) -> Iterator[Glyph]:
        """Give the characters of a text object. Which glyphs a font shows for them (CGTransform) changes none."""
        a, b, c, d, e, f = matrix
        size = _number(item.get("Size")) or 1.0
        quarters = math.atan2(b, a) / (math.pi / 2)
        turn = None if abs(quarters - round(quarters)) > _SKEW else round(quarters) % 4
        bold = (_number(item.get("Weight")) or _USUAL_WEIGHT) >= _BOLD_WEIGHT or item.get("Font") in self._bold_fonts
        x = y = 0.0
        for code in _all(item, "TextCode"):
            text = code.text or ""
            x, y = _number(code.get("X"), x), _number(code.get("Y"), y)
            widths = [size * _em(char) * (_number(item.get("HScale")) or 1.0) for char in text]
            across = _steps(code.get("DeltaX"), len(text)) or ([0.0] * len(text) if code.get("DeltaY") else widths)
            down = _steps(code.get("DeltaY"), len(text)) or [0.0] * len(text)
            places = zip(text, accumulate(across, initial=x), accumulate(down, initial=y), across, widths, strict=False)
            for char, left, base, step, width in places:
                length = step if 0 < step <= size * (_MAX_LATIN_WIDTH if char.isascii() else _MAX_HAN_WIDTH) else width
                start = a * left + c * base + e
                length *= math.hypot(a, b)
                yield Glyph(char, start, start + length, b * left + d * base + f, size * math.hypot(c, d), bold, turn)

    def _headings(self, numbers: Mapping[str, int]) -> dict[int, dict[str, int]]:
        """Give the titles of the bookmarks with their level, by the number of the page that they lead to."""
        found: dict[int, dict[str, int]] = {}
        waiting = [(item, 1) for item in _all(_first(self._root, "Outlines"), "OutlineElem")]
        while waiting:
            item, level = waiting.pop()
            if level < _MAX_DEPTH:
                waiting += [(child, level + 1) for child in _all(item, "OutlineElem")]
            target = next((part.get("PageID", "") for part in item.iter() if _name(part) == "Dest"), "")
            if target in numbers:
                found.setdefault(numbers[target], {}).setdefault(heading_key(item.get("Title", "")), level)
        return found

    def _hints(self, texts: Mapping[str, str]) -> dict[str, str]:
        """Give title and issuer: what custom tags mark as such, else what the metadata state if they look like it."""
        hints: dict[str, str] = {}
        title, author = plain(_text(self._info, "Title")), plain(_text(self._info, "Author"))
        if is_title(title):
            hints["title"] = title
        if names_body(author):
            hints["issuer"] = author
        try:
            return hints | self._tagged(texts)
        except ReadError as error:
            self._problems.append(f"custom tags: {error}")
            return hints

    def _tagged(self, texts: Mapping[str, str]) -> dict[str, str]:
        found: dict[str, str] = {}
        path = self._package.find(self._path, _text(self._root, "CustomTags"))
        for tag in _all(self._package.xml(path), "CustomTag") if path else ():
            file = self._package.find(path or "", _text(tag, "FileLoc"))
            for item in self._package.xml(file).iter() if file else ():
                hint = _TAGS.get(_name(item).lower())
                marked = "".join(texts.get((ref.text or "").strip(), "") for ref in _all(item, "ObjectRef"))
                if hint and marked.strip():
                    found.setdefault(hint, plain(marked).strip())
        return found


def _name(element: Element) -> str:
    """Give the name of an element without its namespace, of which programs write several."""
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""


def _all(element: Element | None, name: str) -> Iterator[Element]:
    return (child for child in (element if element is not None else ()) if _name(child) == name)


def _first(element: Element | None, name: str) -> Element | None:
    return next(_all(element, name), None)


def _text(element: Element | None, name: str) -> str:
    found = _first(element, name)
    return (found.text or "").strip() if found is not None else ""


def _number(text: str | None, default: float = 0.0) -> float:
    """Read a number; what is none, or too large for a page, is the default."""
    try:
        value = float(text) if text else default
    except ValueError:
        return default
    return value if abs(value) < _MAX_VALUE else default


def _numbers(text: str | None) -> list[float]:
    return [_number(part) for part in (text or "").split()[:_MAX_NUMBERS]]


def _box(text: str | None) -> _Box | None:
    numbers = _numbers(text)
    if len(numbers) != 4 or min(numbers[2:]) <= 0:  # noqa: PLR2004 - x, y, width, height
        return None
    return numbers[0], numbers[1], numbers[2], numbers[3]


def _moved(matrix: _Matrix, item: Element) -> _Matrix:
    """Give the matrix of what is inside an object: first its own (CTM), then its place (Boundary), then `matrix`."""
    own = _numbers(item.get("CTM"))
    a, b, c, d, e, f = own if len(own) == 6 else (1.0, 0.0, 0.0, 1.0, 0.0, 0.0)  # noqa: PLR2004 - a to f
    place = _numbers(item.get("Boundary"))[:2]
    x, y = place if len(place) == 2 else (0.0, 0.0)  # noqa: PLR2004 - x and y
    e, f = e + x, f + y
    p, q, r, s, t, u = matrix
    return p * a + r * b, q * a + s * b, p * c + r * d, q * c + s * d, p * e + r * f + t, q * e + s * f + u


def _steps(text: str | None, most: int) -> list[float]:
    """Read the distances between characters; `g 3 5.5` stands for 5.5 5.5 5.5. The last one comes once more."""
    parts = iter((text or "").split())
    found: list[float] = []
    for part in parts:
        if len(found) >= most:
            break
        if part == "g":
            count, step = int(_number(next(parts, "0"))), _number(next(parts, "0"))
            found += repeat(step, max(0, min(count, most - len(found))))
        else:
            found.append(_number(part))
    return found + [found[-1]] * (most - len(found)) if found else []


def _em(char: str) -> float:
    """Estimate the width of a character."""
    return 0.5 if char.isascii() else 1.0


def _rules(item: Element, matrix: _Matrix) -> Iterator[Rule]:
    """Give the straight parts of a path that go along the edges of the page."""
    a, b, c, d, e, f = matrix
    parts = iter(_text(item, "AbbreviatedData").split()[:_MAX_NUMBERS])
    first = last = (e, f)
    for part in parts:
        numbers = [_number(next(parts, "0")) for _ in range(_ARGUMENTS.get(part, 0))]
        x, y = numbers[-2:] or (0.0, 0.0)
        point = first if part == "C" else (a * x + c * y + e, b * x + d * y + f)
        if part in {"L", "C"}:
            (x0, x1), (y0, y1) = sorted((last[0], point[0])), sorted((last[1], point[1]))
            if max(x1 - x0, y1 - y0) >= _MIN_RULE_LENGTH and min(x1 - x0, y1 - y0) <= _THIN:
                yield Rule(x0, y0, x1, y1)
        last = point
        first = point if part in {"M", "S"} else first
