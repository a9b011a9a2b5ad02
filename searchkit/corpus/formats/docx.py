"""Word documents (.docx, .docm): paragraphs, headings, list numbers, tables, text boxes and notes in reading order.

The format is ECMA-376, transitional or strict. What the last reader of the document sees is read: insertions but not
deletions, results of fields but not their codes, no hidden text. Headers, footers and comments are left out.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterator, Mapping
from xml.etree.ElementTree import Element

from searchkit.corpus.blocks import Block, RawDocument
from searchkit.corpus.formats.archives import Archive, open_archive, parse_xml
from searchkit.corpus.formats.registry import FileContents, read_bytes
from searchkit.corpus.formats.rows import TableRow
from searchkit.corpus.formats.text import BLANK
from searchkit.corpus.formats.word.listnumbers import ListNumbers, numbered
from searchkit.corpus.formats.word.styles import Style, Styles, W, integer, outline_level, toggle, value_of
from searchkit.errors import ReadError
from searchkit.text.characters import visible

_STRICT = b"http://purl.oclc.org/ooxml/wordprocessingml/main"
_SPACE = "{http://www.w3.org/XML/1998/namespace}space"
_MATH_TEXT = "{http://schemas.openxmlformats.org/officeDocument/2006/math}t"
_ALTERNATIVES = "{http://schemas.openxmlformats.org/markup-compatibility/2006}AlternateContent"
_TITLE = "{http://purl.org/dc/elements/1.1/}title"

_MAX_DEPTH = 100
"""Elements within each other that are followed; Word's own documents stay below 60."""
_DROPPED = frozenset(
    W + name
    for name in (
        *("del", "moveFrom", "delText", "instrText", "pPr", "rPr", "sdtPr", "tblPr", "tblGrid", "tcPr", "trPr", "rt"),
        *("sectPr", "rubyPr", "smartTagPr", "customXmlPr"),
    )
)
_CHARACTERS = {W + "tab": "\t", W + "ptab": "\t", W + "cr": "\n", W + "br": "\n", W + "noBreakHyphen": "-"}
_SYMBOLS = {
    ("wingdings", 0x6E): "■", ("wingdings", 0x6F): "□", ("wingdings", 0x71): "□", ("wingdings", 0xA8): "□",
    ("wingdings", 0xFC): "√", ("wingdings", 0xFD): "☒", ("wingdings", 0xFE): "☑", ("wingdings 2", 0x50): "√",
    ("wingdings 2", 0x52): "☑", ("wingdings 2", 0x54): "☒", ("wingdings 2", 0xA3): "□", ("symbol", 0xA3): "≤",
    ("symbol", 0xB0): "°", ("symbol", 0xB1): "±", ("symbol", 0xB3): "≥", ("symbol", 0xB4): "×", ("symbol", 0xB7): "·",
}  # fmt: skip
"""Font, in lower case, and the lowest byte of the code, to the character it shows."""
_PRIVATE = range(0xE000, 0xF900)

_ENTRY_OF_CONTENTS = re.compile(r"(?:toc|目录|目錄)\s*[1-9]", re.IGNORECASE)
_NO_TITLE = re.compile(
    r"microsoft|^(?:新建.*|无标题|未命名|文档|文件|正文|模板|document|untitled)\s*\d*$|\.(?:docx?|wps|rtf|txt|pdf)$",
    re.IGNORECASE,
)
_MIN_TITLE_LENGTH = 5
_HAN = re.compile("[\u4e00-\u9fff]")


def read(data: bytes, name: str) -> FileContents:
    """Read a Word document; what is no zip archive is read as the .doc that it probably is.

    Automatic list numbers are part of the text. A table row is one block, its cells joined by tabs. A text box, a
    footnote and an endnote come behind the paragraph or table that refers to them, without their marks, which would
    read as digits of the sentence. Entries of a table of contents are left out. No block has a page: where pages
    end is for the printer's fonts to say, not for the file. Hint: `title`, if the properties hold one that a person
    wrote. Raises ReadError.
    """
    if not data.startswith(b"PK"):
        return read_bytes(data, f"{name}.doc")
    package = _Package(open_archive(data))
    root = package.main()
    body = root.find(W + "body")
    if root.tag != W + "document" or body is None:
        raise ReadError("not a Word document, whatever its name says")
    text = _Text(package)
    text.read(body)
    return FileContents((RawDocument(tuple(text.blocks), hints=package.hints()),))


class _Package:
    """The parts of the document, found by how they are related."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive
        self._top = self._related("")
        self._main = self._top.get("officeDocument", "word/document.xml")
        self._parts = self._related(self._main)

    def main(self) -> Element:
        """Give the document itself."""
        if self._main not in self._archive.names:
            raise ReadError("not a Word document: a zip archive of something else")
        return self._xml(self._main)

    def part(self, kind: str) -> Element | None:
        """Give a part such as `styles`, None if there is none. A damaged part is as bad as a damaged document."""
        name = self._parts.get(kind, "")
        return self._xml(name) if name in self._archive.names else None

    def hints(self) -> dict[str, str]:
        """Give what the properties say. Their dates are those of the file, their author is whoever has the computer."""
        name = self._top.get("core-properties", "")
        try:
            title = self._xml(name).findtext(_TITLE) or "" if name in self._archive.names else ""
        except ReadError:
            return {}
        title = " ".join(visible(title).split())
        usable = len(title) >= _MIN_TITLE_LENGTH and _HAN.search(title) and not _NO_TITLE.search(title)
        return {"title": title} if usable else {}

    def _xml(self, name: str) -> Element:
        return parse_xml(self._archive.read(name).replace(_STRICT, W[1:-1].encode()))

    def _related(self, name: str) -> dict[str, str]:
        """Give the names of the parts that a part needs, by kind, the last word of the type's address."""
        folder, _, file = name.rpartition("/")
        relations = posixpath.join(folder, "_rels", f"{file}.rels")
        found: dict[str, str] = {}
        for element in self._xml(relations) if relations in self._archive.names else ():
            if element.get("TargetMode") != "External":
                target = posixpath.normpath(posixpath.join("/", folder, element.get("Target", "")))
                found.setdefault(element.get("Type", "").rpartition("/")[2], target.lstrip("/"))
        return found


class _Text:
    """Walks the tree of a document and gathers its blocks."""

    def __init__(self, package: _Package) -> None:
        self.blocks: list[Block] = []
        self._styles = Styles(package.part("styles"))
        self._lists = ListNumbers(package.part("numbering"), self._styles.linked())
        self._notes = _Notes(package)
        self._depth = 0
        self._line: list[tuple[str, bool]] = []
        self._paragraph = Style()
        self._strong = self._hidden = False
        self._fields: list[bool] = []
        """For each open field whether its result has begun."""
        self._codes = 0
        """How many open fields have not begun their results."""
        self._rows: list[TableRow] = []
        self._aside: list[Element] = []
        """Text boxes and notes that wait for the end of the paragraph or table."""
        self._readers: Mapping[str, Callable[[Element], None]] = {
            W + "p": self._read_paragraph,
            W + "r": self._read_run,
            W + "t": self._read_text,
            _MATH_TEXT: self._read_text,
            W + "sym": self._read_symbol,
            W + "fldChar": self._read_field_mark,
            W + "footnoteReference": self._read_reference,
            W + "endnoteReference": self._read_reference,
            W + "txbxContent": self._read_box,
            W + "sdt": self._read_control,
            W + "tbl": self._read_table,
            W + "tr": self._read_row,
            W + "tc": self._read_cell,
            _ALTERNATIVES: self._read_alternatives,
        }

    def read(self, parent: Element) -> None:
        """Read the children of an element: body, note or text box."""
        self._walk(parent)
        self._end_line("", 0)
        self._put_aside()

    def _walk(self, parent: Element) -> None:
        """Read children. Elements that are not known hold others that are: links, revisions, tags."""
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise ReadError(f"elements are nested deeper than {_MAX_DEPTH}: not a document that Word saved")
        for element in parent:
            if (reader := self._readers.get(element.tag)) is not None:
                reader(element)
            elif (characters := _CHARACTERS.get(element.tag)) is not None:
                self._add(characters)
            elif element.tag not in _DROPPED:
                self._walk(element)
        self._depth -= 1

    # Paragraphs

    def _read_paragraph(self, element: Element) -> None:
        properties = element.find(W + "pPr")
        name = value_of(properties, "pStyle") or self._styles.default
        style = self._paragraph = self._styles[name]
        self._walk(element)
        self._fields, self._codes = [True] * len(self._fields), 0  # a code without end would hide the document
        mark = None if properties is None else properties.find(W + "rPr")
        if mark is not None and (mark.find(W + "del") is not None or mark.find(W + "moveFrom") is not None):
            return  # its end is deleted: the next paragraph goes on with the line
        if _ENTRY_OF_CONTENTS.fullmatch(style.name):
            self._line.clear()
        elif self._line or not toggle(mark, "vanish", default=style.hidden):
            label = self._label(properties, name, style)
            self._end_line(label, outline_level(properties, style.level), is_paragraph=True)
        self._put_aside()

    def _label(self, properties: Element | None, name: str, style: Style) -> str:
        """Give the list number of a paragraph."""
        own = None if properties is None else properties.find(W + "numPr")
        list_id = value_of(own, "numId") or style.list_of[0]
        if not list_id or list_id == "0":
            return ""
        of_style = self._lists.level_of(list_id, name)
        level = style.list_of[1] if of_style is None else of_style
        return self._lists.next(list_id, integer(value_of(own, "ilvl"), level))

    def _end_line(self, label: str, level: int, *, is_paragraph: bool = False) -> None:
        """Make blocks of the line that was gathered, one for each line break in it."""
        parts, self._line = self._line, []
        found = False
        for text, strong in _lines(parts):
            if text.strip():
                shown = text.rstrip() if found or not label else numbered(label, text.strip())
                self.blocks.append(Block(shown, level=level, strong=strong))
                found = True
        if found or not is_paragraph:
            return
        if self._rows:
            if label:  # a column of automatic numbers
                self.blocks.append(Block(label.rstrip()))
        elif self.blocks and self.blocks[-1] is not BLANK:
            self.blocks.append(BLANK)

    def _put_aside(self) -> None:
        """Read the text boxes and notes of what has just ended."""
        while self._aside and not self._rows:
            waiting, self._aside = self._aside, []
            for element in waiting:
                self.read(element)

    # Characters

    def _read_run(self, element: Element) -> None:
        properties = element.find(W + "rPr")
        outer = self._strong, self._hidden
        strong, hidden = self._paragraph.strong, self._paragraph.hidden
        if properties is not None:
            if (name := value_of(properties, "rStyle")) is not None:
                style = self._styles[name]
                strong, hidden = strong or style.strong, hidden or style.hidden
            strong = toggle(properties, "b", default=strong)
            hidden = toggle(properties, "vanish", default=hidden)
        self._strong, self._hidden = strong, hidden
        self._walk(element)
        self._strong, self._hidden = outer

    def _read_text(self, element: Element) -> None:
        text = (element.text or "").replace("\r", " ").replace("\n", " ")
        self._add(text if element.get(_SPACE) == "preserve" else text.strip(" \t"))

    def _read_symbol(self, element: Element) -> None:
        code = element.get(W + "char", "")
        if re.fullmatch("[0-9A-Fa-f]{1,4}", code):
            number, font = int(code, 16), element.get(W + "font", "").lower()
            known = _SYMBOLS.get((font, number & 0xFF)) if number in _PRIVATE or number <= 0xFF else None  # noqa: PLR2004
            self._add(known or ("" if number in _PRIVATE else chr(number)))

    def _read_field_mark(self, element: Element) -> None:
        kind = element.get(W + "fldCharType")
        if kind == "begin":
            self._fields.append(False)
            self._codes += 1
        elif kind == "separate" and self._fields and not self._fields[-1]:
            self._fields[-1] = True
            self._codes -= 1
        elif kind == "end" and self._fields:
            self._codes -= not self._fields.pop()

    def _is_shown(self) -> bool:
        return not self._hidden and not self._codes

    def _add(self, text: str) -> None:
        if self._is_shown() and (text := visible(text)):
            self._line.append((text, self._strong))

    # What stands beside the text

    def _read_box(self, element: Element) -> None:
        if self._is_shown():
            self._aside.append(element)

    def _read_reference(self, element: Element) -> None:
        note = self._notes.take(element) if self._is_shown() else None
        if note is not None:
            self._aside.append(note)

    def _read_control(self, element: Element) -> None:
        """Read a content control unless it shows the words that ask to fill it in."""
        properties, content = element.find(W + "sdtPr"), element.find(W + "sdtContent")
        if content is not None and not toggle(properties, "showingPlcHdr", default=False):
            self._walk(content)

    def _read_alternatives(self, element: Element) -> None:
        """Read one of several renderings of the same thing: the first that has text."""
        chosen = next((branch for branch in element if next(branch.iter(W + "t"), None) is not None), None)
        if chosen is not None:
            self._walk(chosen)

    # Tables

    def _read_table(self, element: Element) -> None:
        self._end_line("", 0)
        if self._rows:
            self._rows[-1].holds_table = True
        self._walk(element)
        self._put_aside()

    def _read_row(self, element: Element) -> None:
        properties = element.find(W + "trPr")
        if properties is not None and (
            properties.find(W + "del") is not None or properties.find(W + "hidden") is not None
        ):
            return
        self._rows.append(TableRow(len(self.blocks)))
        self._walk(element)
        self._rows.pop().join(self.blocks)

    def _read_cell(self, element: Element) -> None:
        """Read a cell; of cells merged over several rows the first holds the text."""
        merged = value_of(element.find(W + "tcPr"), "vMerge")
        if merged is not None and merged != "restart":
            return
        if self._rows:
            self._rows[-1].cells.append(len(self.blocks))
        self._walk(element)
        self._end_line("", 0)


def _lines(parts: list[tuple[str, bool]]) -> Iterator[tuple[str, bool]]:
    """Cut a paragraph at its line breaks; say of each line whether all that can be seen of it is strong."""
    start = 0
    for end in [n for n, (text, _) in enumerate(parts) if text == "\n"] + [len(parts)]:
        line = parts[start:end]
        yield "".join(text for text, _ in line), all(strong for text, strong in line if text.strip())
        start = end + 1


class _Notes:
    """Footnotes and endnotes, each given out once."""

    def __init__(self, package: _Package) -> None:
        self._package = package
        self._kinds: dict[str, dict[str, Element]] = {}

    def take(self, reference: Element) -> Element | None:
        """Give the note that a reference points to, None if there is none or it has been taken."""
        kind = reference.tag.removeprefix(W).removesuffix("Reference")
        if kind not in self._kinds:
            root = self._package.part(f"{kind}s")
            notes = () if root is None else root.findall(W + kind)
            self._kinds[kind] = {note.get(W + "id", ""): note for note in notes}
        return self._kinds[kind].pop(reference.get(W + "id", ""), None)
