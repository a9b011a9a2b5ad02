"""OFD (GB/T 33190), the fixed layout format of the Chinese government: zipped XML with a position per character."""

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
from searchkit.corpus.formats.characters import PRIVATE_USE, UNREADABLE_REASON, read_sign, replace_look_alikes
from searchkit.corpus.formats.page.layout import extract_text, heading_key, is_bold_font, is_plausible_title
from searchkit.corpus.formats.page.lines import is_unreadable
from searchkit.corpus.formats.page.placed import Glyph, PlacedPage, Rule
from searchkit.corpus.formats.page.rulings import MAX_RULES, Subpath, trace_rules
from searchkit.corpus.formats.registry import FileContents
from searchkit.corpus.lines import is_body_line
from searchkit.errors import ReadError

_ROOT_FILE = "OFD.xml"
_MAX_PAGES = 5_000
_MAX_CHARACTERS = 200_000
"""Maximum number of characters of a page that are read."""
_MAX_DEPTH = 30
"""Maximum nesting depth of blocks, composite objects and bookmarks."""
_DEFAULT_BOX = (0.0, 0.0, 210.0, 297.0)
"""Box of pages that do not state one: left, top, width and height in millimetres."""
_MIN_BOLD_WEIGHT = 600
_DEFAULT_WEIGHT = 400
_MAX_SKEW = 0.02
"""Maximum deviation of text from a multiple of a quarter turn, in quarter turns. Text that deviates more is skewed."""
_MAX_RULE_WIDTH = 0.6
"""Maximum width of a rule, in millimetres. A wider shape is an area."""
_MAX_HAN_WIDTH, _MAX_LATIN_WIDTH = 1.3, 1.0
"""Maximum width of a Han and of a Latin character, in em. A longer step to the next character includes a gap."""
_GBK_DECLARATION = re.compile(
    rb"^\s*<\?xml[^>]{0,100}encoding\s*=\s*[\"'](gb2312|gbk|gb18030|cp936)[\"'][^>]{0,100}\?>", re.IGNORECASE
)
"""An XML declaration that names a Chinese encoding."""
_TAG_HINTS = {
    "标题": "title",
    "公文标题": "title",
    "title": "title",
    "发文机关": "issuer",
    "发文机关标志": "issuer",
    "发文机关署名": "issuer",
}
"""Maps a custom tag, in lower case, to the key of `RawDocument.hints` under which its text is returned."""

_ARGUMENT_COUNTS = {"M": 2, "S": 2, "L": 2, "Q": 4, "B": 6, "A": 7}
"""Number of arguments after each letter of a path. The last two are the coordinates of a point."""
_MAX_COMPOSED = 200_000
"""Maximum number of parts of the composite objects of a page. If a composite object contains itself several times, the
number of parts grows with each level."""
_MAX_NUMBERS = 100_000
"""Maximum number of parts, separated by blanks, that are read of a path, a box or a matrix."""
_MAX_COORDINATE = 1e6
"""Numbers with an absolute value below this one can be coordinates, in millimetres. Others are invalid."""

_Box = tuple[float, float, float, float]
_Matrix = tuple[float, float, float, float, float, float]
"""a b c d e f: x' = ax + cy + e, y' = bx + dy + f."""


def read(data: bytes, name: str) -> FileContents:  # noqa: ARG001 - every reader has this signature
    """Read an OFD package. Each of its documents becomes a raw document; each block has the page on which it starts.

    Page templates that several pages use, page numbers, running heads and feet, and text in another direction than most
    text of its page are dropped, with a warning. Pages that are missing or damaged, or whose fonts do not map glyphs to
    characters, are listed in `problems`. Headings have the level of the bookmark that names them. The hints can contain
    `title` and `issuer`, from custom tags or the metadata. Raises ReadError if the bytes are not an OFD package, or no
    document in it can be read.
    """
    package = _OfdPackage(open_archive(data))
    bodies = list(_children(package.root(), "DocBody"))
    results = [_read_document(package, body, None if len(bodies) == 1 else n) for n, body in enumerate(bodies, 1)]
    documents = tuple(document for contents in results for document in contents.documents)
    problems = tuple(problem for contents in results for problem in contents.problems)
    if not documents:
        raise ReadError(problems[-1] if problems else "no document in the package")
    return FileContents(documents, problems)


def _read_document(package: _OfdPackage, body: Element, number: int | None) -> FileContents:
    """Return one document and its problems. A document that cannot be read has only problems.

    `number`: the position of the document among several, from 1; None = it is the only one.
    """
    prefix = "" if number is None else f"document {number}: "
    problems: list[str] = []
    documents: tuple[RawDocument, ...] = ()
    try:
        document = _OfdDocument(package, body, problems)
        documents = (document.read(None if number is None else str(number)),)
    except ReadError as error:
        problems.append(str(error))
    return FileContents(documents, tuple(prefix + problem for problem in problems))


class _OfdPackage:
    """The XML files of a package, located by the paths that it states."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive
        # Of names that differ in case only, the first one in the archive counts.
        self._names = {name.lower(): name for name in reversed(archive.names)}

    def root(self) -> Element:
        """Return the root element of OFD.xml."""
        if _ROOT_FILE.lower() not in self._names:
            encrypted = any("encrypt" in name for name in self._names)
            raise ReadError(
                "encrypted OFD: its parts cannot be read" if encrypted else "not an OFD package: no OFD.xml"
            )
        return self.xml(self._names[_ROOT_FILE.lower()])

    def find(self, base: str, location: str | None) -> str | None:
        """Return the name of the entry that the path `location` in the entry `base` refers to; None if there is none.

        Paths that start with `/` are relative to the package, others to the folder of `base`. Some programs write all
        paths relative to the package, or in another case.
        """
        location = (location or "").strip().replace("\\", "/")
        if not location:
            return None
        for folder in ("" if location.startswith("/") else posixpath.dirname(base), ""):
            name = posixpath.normpath(posixpath.join(folder, location.lstrip("/"))).lower()
            if name in self._names:
                return self._names[name]
        return None

    def xml(self, name: str) -> Element:
        """Return the root element of an entry. Raises ReadError."""
        data = self._archive.read(name)
        declared = _GBK_DECLARATION.match(data)
        if declared:  # the parser supports no Chinese encodings except Unicode
            data = data[declared.end() :].decode("gb18030", "replace").encode("utf-8")
        try:
            return parse_xml(data)
        except ReadError as error:
            raise ReadError(f"{name}: {error}") from error


@dataclass(slots=True)
class _PageContent:
    """The objects drawn on a page."""

    glyphs: list[Glyph] = field(default_factory=list)
    rules: list[Rule] = field(default_factory=list)
    texts: dict[str, str] = field(default_factory=dict)
    """Maps the id of a text object to its text."""
    template_lines: int = 0
    """Number of lines of the templates that other pages use, too. They are not among the glyphs."""


class _OfdDocument:
    """Reads one document of a package."""

    def __init__(self, package: _OfdPackage, body: Element, problems: list[str]) -> None:
        self._problems = problems
        self._package = package
        self._info = _first_child(body, "DocInfo")
        path = package.find(_ROOT_FILE, _child_text(body, "DocRoot"))
        if path is None:
            raise ReadError("its document is missing from the package")
        self._path = path
        self._root = package.xml(path)
        common = _first_child(self._root, "CommonData")
        self._page_box = _parse_box(_child_text(_first_child(common, "PageArea"), "PhysicalBox")) or _DEFAULT_BOX
        self._templates = {
            item.get("ID", ""): name
            for item in _children(common, "TemplatePage")
            if (name := package.find(path, item.get("BaseLoc")))
        }
        self._template_line_counts: dict[str, int] = {}
        self._bold_fonts: set[str] = set()
        self._font_names: dict[str, str] = {}
        self._units: dict[str, Element] = {}
        for item in chain(_children(common, "PublicRes"), _children(common, "DocumentRes")):
            self._add_resources(package.find(path, item.text))

    def read(self, key: str | None) -> RawDocument:
        """Return the document. Raises ReadError if it contains no text or too many pages.

        `key`: the key of the document among several in its package; None = it is the only one.
        """
        pages = list(islice(_children(_first_child(self._root, "Pages"), "Page"), _MAX_PAGES + 1))
        if len(pages) > _MAX_PAGES:
            raise ReadError(f"more than {_MAX_PAGES} pages")
        elements = {n: element for n, page in enumerate(pages, 1) if (element := self._read_page(n, page)) is not None}
        template_uses = Counter(
            item.get("TemplateID", "") for page in elements.values() for item in _children(page, "Template")
        )
        headings = self._read_bookmarks({page.get("ID", ""): n for n, page in enumerate(pages, 1)})
        placed_pages: list[PlacedPage] = []
        texts: dict[str, str] = {}
        has_unreadable_page = False
        for number, element in elements.items():
            left, top, width, height = (
                _parse_box(_child_text(_first_child(element, "Area"), "PhysicalBox")) or self._page_box
            )
            content = self._read_content(element, template_uses, (1.0, 0.0, 0.0, 1.0, -left, -top))
            texts |= content.texts
            if is_unreadable(content.glyphs):
                self._problems.append(f"page {number}: {UNREADABLE_REASON}")
                has_unreadable_page = True
                continue
            page_headings = headings.get(number, {})
            placed_pages.append(
                PlacedPage(number, width, height, content.glyphs, content.rules, page_headings, content.template_lines)
            )
        text = extract_text(placed_pages)
        if not text.blocks and (has_unreadable_page or text.problems):
            raise ReadError(UNREADABLE_REASON)
        if not text.blocks:
            raise ReadError(
                "no text: its pages are pictures, which needs OCR" if elements else "its pages are missing or damaged"
            )
        self._problems += text.problems
        return RawDocument(text.blocks, hints=self._read_hints(texts), key=key, warnings=text.warnings)

    def _read_page(self, number: int, page: Element) -> Element | None:
        """Return the root of page `number`, and add its resources. If it cannot be read, add a problem, return None.

        Damaged resources are a problem, too, but the root is returned.
        """
        path = self._package.find(self._path, page.get("BaseLoc"))
        try:
            element = self._package.xml(path) if path else None
        except ReadError as error:
            self._problems.append(f"page {number}: {error}")
            return None
        if element is None:
            self._problems.append(f"page {number}: missing from the package")
        for item in _children(element, "PageRes"):
            self._add_resources(self._package.find(path or "", item.text))
        return element

    def _add_resources(self, path: str | None) -> None:
        """Add the fonts and composite objects of a resource file. A damaged file is a problem, but not an error."""
        try:
            root = self._package.xml(path) if path else None
        except ReadError as error:
            self._problems.append(f"resources: {error}")
            return
        for font in _children(_first_child(root, "Fonts"), "Font"):
            name = self._font_names[font.get("ID", "")] = f"{font.get('FontName', '')} {font.get('FamilyName', '')}"
            if font.get("Bold") == "true" or is_bold_font(name):
                self._bold_fonts.add(font.get("ID", ""))
        for unit in _children(_first_child(root, "CompositeGraphicUnits"), "CompositeGraphicUnit"):
            self._units.setdefault(unit.get("ID", ""), unit)

    def _read_content(self, page: Element, template_uses: Mapping[str, int], origin: _Matrix) -> _PageContent:
        """Return what is drawn on a page: its own content, and that of templates that no other page uses.

        At most `_MAX_CHARACTERS` glyphs are returned; if there are more, a problem is added.
        """
        content = _PageContent()
        for item in _children(page, "Template"):
            path = self._templates.get(item.get("TemplateID", ""))
            if path is None:
                continue
            if template_uses[item.get("TemplateID", "")] > 1:
                content.template_lines += self._count_template_lines(path)
                continue
            try:
                self._draw(self._package.xml(path), origin, content)
            except ReadError as error:
                self._problems.append(f"template: {error}")
        self._draw(page, origin, content)
        if len(content.glyphs) > _MAX_CHARACTERS:
            self._problems.append(f"page: only {_MAX_CHARACTERS} of its characters are read")
            del content.glyphs[_MAX_CHARACTERS:]
        return content

    def _count_template_lines(self, path: str) -> int:
        """Return the number of lines of a template: of distinct baselines of its glyphs. 0 if it cannot be read."""
        if path not in self._template_line_counts:
            content = _PageContent()
            try:
                self._draw(self._package.xml(path), (1.0, 0.0, 0.0, 1.0, 0.0, 0.0), content)
            except ReadError:
                content = _PageContent()
            baselines = {round(g.baseline / g.size) for g in content.glyphs if g.turn is not None and g.size}
            self._template_line_counts[path] = len(baselines)
        return self._template_line_counts[path]

    def _draw(self, page: Element, origin: _Matrix, drawn: _PageContent) -> None:
        """Add the visible objects of a page or a template to `drawn`. `origin` maps its coordinates to the page."""
        stack = [(item, origin, 0) for layer in _children(_first_child(page, "Content"), "Layer") for item in layer]
        stack.reverse()
        composed = 0
        while stack and len(drawn.glyphs) <= _MAX_CHARACTERS:
            item, matrix, depth = stack.pop()
            kind = _local_name(item)
            if item.get("Visible") == "false" or depth > _MAX_DEPTH:
                continue
            if kind == "TextObject":
                glyphs = list(self._read_glyphs(item, _content_matrix(matrix, item)))
                drawn.glyphs += glyphs
                drawn.texts.setdefault(item.get("ID", ""), "".join(glyph.text for glyph in glyphs))
            elif kind == "PathObject" and len(drawn.rules) <= MAX_RULES:
                drawn.rules += _read_rules(item, _content_matrix(matrix, item))
            elif kind == "PageBlock":
                stack += [(child, matrix, depth + 1) for child in reversed(item)]
            elif kind == "CompositeObject" and composed <= _MAX_COMPOSED:
                content = _first_child(self._units.get(item.get("ResourceID", "")), "Content")
                content_matrix = _content_matrix(matrix, item)
                children = list(content) if content is not None else []
                composed += len(children)
                stack += [(child, content_matrix, depth + 1) for child in reversed(children)]
        if composed > _MAX_COMPOSED:
            self._problems.append(f"page: its composite objects have more than {_MAX_COMPOSED} parts, not all are read")

    def _read_glyphs(self, item: Element, matrix: _Matrix) -> Iterator[Glyph]:
        """Yield the glyphs of a text object. CGTransform is ignored: it selects glyphs of the font, not characters."""
        a, b, c, d, e, f = matrix
        size = _parse_number(item.get("Size")) or 1.0
        quarters = math.atan2(b, a) / (math.pi / 2)
        turn = None if abs(quarters - round(quarters)) > _MAX_SKEW else round(quarters) % 4
        bold = (_parse_number(item.get("Weight")) or _DEFAULT_WEIGHT) >= _MIN_BOLD_WEIGHT or item.get(
            "Font"
        ) in self._bold_fonts
        x = y = 0.0
        for code in _children(item, "TextCode"):
            text = self._replace_signs(code.text or "", item.get("Font", ""))
            x, y = _parse_number(code.get("X"), x), _parse_number(code.get("Y"), y)
            widths = [size * _estimate_width(char) * (_parse_number(item.get("HScale")) or 1.0) for char in text]
            across = _parse_deltas(code.get("DeltaX"), len(text)) or (
                [0.0] * len(text) if code.get("DeltaY") else widths
            )
            down = _parse_deltas(code.get("DeltaY"), len(text)) or [0.0] * len(text)
            positions = zip(
                text, accumulate(across, initial=x), accumulate(down, initial=y), across, widths, strict=False
            )
            for char, x0, y0, step, width in positions:
                length = step if 0 < step <= size * (_MAX_LATIN_WIDTH if char.isascii() else _MAX_HAN_WIDTH) else width
                start = a * x0 + c * y0 + e
                length *= math.hypot(a, b)
                yield Glyph(char, start, start + length, b * x0 + d * y0 + f, size * math.hypot(c, d), bold, turn)

    def _replace_signs(self, text: str, font: str) -> str:
        """Replace each private-use character of a symbol font by the sign that it displays.

        A character that displays a picture becomes a blank. All others stay.
        """
        if not PRIVATE_USE.search(text):
            return text
        name = self._font_names.get(font, "")
        return PRIVATE_USE.sub(lambda char: char[0] if (s := read_sign(name, ord(char[0]))) is None else s or " ", text)

    def _read_bookmarks(self, page_numbers: Mapping[str, int]) -> dict[int, dict[str, int]]:
        """Map page numbers to the bookmarks that point to the page: the `heading_key` of each title, and its level."""
        headings: dict[int, dict[str, int]] = {}
        stack = [(item, 1) for item in _children(_first_child(self._root, "Outlines"), "OutlineElem")]
        while stack:
            item, level = stack.pop()
            if level < _MAX_DEPTH:
                stack += [(child, level + 1) for child in _children(item, "OutlineElem")]
            target = next((part.get("PageID", "") for part in item.iter() if _local_name(part) == "Dest"), "")
            if target in page_numbers:
                headings.setdefault(page_numbers[target], {}).setdefault(heading_key(item.get("Title", "")), level)
        return headings

    def _read_hints(self, texts: Mapping[str, str]) -> dict[str, str]:
        """Return title and issuer: each from custom tags, or else from the metadata if it looks plausible there."""
        hints: dict[str, str] = {}
        title, author = (
            replace_look_alikes(_child_text(self._info, "Title")),
            replace_look_alikes(_child_text(self._info, "Author")),
        )
        if is_plausible_title(title):
            hints["title"] = title
        if is_body_line(author):
            hints["issuer"] = author
        try:
            return hints | self._read_custom_tags(texts)
        except ReadError as error:
            self._problems.append(f"custom tags: {error}")
            return hints

    def _read_custom_tags(self, texts: Mapping[str, str]) -> dict[str, str]:
        """Return the title and the issuer that custom tags mark. `texts`: the text of each text object, by id."""
        hints: dict[str, str] = {}
        path = self._package.find(self._path, _child_text(self._root, "CustomTags"))
        for tag in _children(self._package.xml(path), "CustomTag") if path else ():
            file = self._package.find(path or "", _child_text(tag, "FileLoc"))
            for item in self._package.xml(file).iter() if file else ():
                hint = _TAG_HINTS.get(_local_name(item).lower())
                text = "".join(texts.get((ref.text or "").strip(), "") for ref in _children(item, "ObjectRef"))
                if hint and text.strip():
                    hints.setdefault(hint, replace_look_alikes(text).strip())
        return hints


def _local_name(element: Element) -> str:
    """Return the name of an element without its namespace. Programs write different namespaces."""
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""


def _children(element: Element | None, name: str) -> Iterator[Element]:
    """Yield the children of an element with a local name; none if there is no element."""
    return (child for child in (element if element is not None else ()) if _local_name(child) == name)


def _first_child(element: Element | None, name: str) -> Element | None:
    """Return the first child of an element with a local name, or None."""
    return next(_children(element, name), None)


def _child_text(element: Element | None, name: str) -> str:
    """Return the text of the first child of an element with a local name; empty if there is none."""
    child = _first_child(element, name)
    return (child.text or "").strip() if child is not None else ""


def _parse_number(text: str | None, default: float = 0.0) -> float:
    """Parse a number. Return the default if it is missing, invalid or too large for a page."""
    try:
        value = float(text) if text else default
    except ValueError:
        return default
    return value if abs(value) < _MAX_COORDINATE else default


def _parse_numbers(text: str | None) -> list[float]:
    """Parse numbers separated by blanks. An invalid one becomes 0."""
    return [_parse_number(part) for part in (text or "").split()[:_MAX_NUMBERS]]


def _parse_box(text: str | None) -> _Box | None:
    """Parse a box: left, top, width, height. Return None if it is invalid or empty."""
    values = _parse_numbers(text)
    if len(values) != 4 or min(values[2:]) <= 0:  # noqa: PLR2004 - x, y, width, height
        return None
    return values[0], values[1], values[2], values[3]


def _content_matrix(matrix: _Matrix, item: Element) -> _Matrix:
    """Return the matrix for the content of an object: first its CTM, then the origin of its Boundary, then `matrix`."""
    ctm = _parse_numbers(item.get("CTM"))
    a, b, c, d, e, f = ctm if len(ctm) == 6 else (1.0, 0.0, 0.0, 1.0, 0.0, 0.0)  # noqa: PLR2004 - a to f
    origin = _parse_numbers(item.get("Boundary"))[:2]
    x, y = origin if len(origin) == 2 else (0.0, 0.0)  # noqa: PLR2004 - x and y
    e, f = e + x, f + y
    p, q, r, s, t, u = matrix
    return p * a + r * b, q * a + s * b, p * c + r * d, q * c + s * d, p * e + r * f + t, q * e + s * f + u


def _parse_deltas(text: str | None, limit: int) -> list[float]:
    """Parse the distances between characters. `g 3 5.5` means 5.5 5.5 5.5.

    Returns `limit` values, for which the last distance is repeated; empty if there are no distances.
    """
    parts = iter((text or "").split())
    deltas: list[float] = []
    for part in parts:
        if len(deltas) >= limit:
            break
        if part == "g":
            count, step = int(_parse_number(next(parts, "0"))), _parse_number(next(parts, "0"))
            deltas += repeat(step, max(0, min(count, limit - len(deltas))))
        else:
            deltas.append(_parse_number(part))
    return deltas + [deltas[-1]] * (limit - len(deltas)) if deltas else []


def _estimate_width(char: str) -> float:
    """Estimate the width of a character in em."""
    return 0.5 if char.isascii() else 1.0


def _read_rules(item: Element, matrix: _Matrix) -> list[Rule]:
    """Return the straight horizontal and vertical lines of a path; none if it is neither stroked nor filled."""
    is_stroked = item.get("Stroke") != "false"
    if not is_stroked and item.get("Fill") != "true":
        return []
    return list(trace_rules(_read_subpaths(item, matrix), _MAX_RULE_WIDTH, is_stroked=is_stroked))


def _read_subpaths(item: Element, matrix: _Matrix) -> Iterator[Subpath]:
    """Yield the points of each part of a path. Parts with curves are left out."""
    a, b, c, d, e, f = matrix
    parts = iter(_child_text(item, "AbbreviatedData").split()[:_MAX_NUMBERS])
    points: list[tuple[float, float]] = []
    is_straight = True
    for part in parts:
        coordinates = [_parse_number(next(parts, "0")) for _ in range(_ARGUMENT_COUNTS.get(part, 0))]
        if part in {"M", "S"}:
            if is_straight and points:
                yield points
            points, is_straight = [], True
        if len(coordinates) > 1:
            x, y = coordinates[-2:]
            points.append((a * x + c * y + e, b * x + d * y + f))
        elif part == "C" and points:
            points.append(points[0])
        is_straight = is_straight and part not in {"Q", "B", "A"}
    if is_straight and points:
        yield points
