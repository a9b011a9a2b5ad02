"""Word documents (.docx, .docm): paragraphs, headings, list numbers, tables, text boxes and notes in reading order.

The format is ECMA-376, transitional or strict. The text is the one that Word displays with all revisions accepted:
insertions but not deletions, field results but not field codes, no hidden text. Headers, footers and comments are
ignored.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterator, Mapping
from xml.etree.ElementTree import Element

from searchkit.corpus.blocks import Block, RawDocument
from searchkit.corpus.formats.archives import Archive, open_archive, parse_xml
from searchkit.corpus.formats.characters import clean_characters, is_private, read_sign
from searchkit.corpus.formats.marks import END, LOWERED, RAISED, resolve_marks, to_superscript
from searchkit.corpus.formats.registry import FileContents, read_bytes
from searchkit.corpus.formats.rows import TableBuilder
from searchkit.corpus.formats.text import BLANK
from searchkit.corpus.formats.word.listnumbers import ListNumbers, prepend_number
from searchkit.corpus.formats.word.styles import (
    W,
    WordStyle,
    WordStyles,
    child_value,
    is_enabled,
    outline_level,
    parse_integer,
)
from searchkit.corpus.tables.grid import MAX_COLUMNS
from searchkit.errors import ReadError

_STRICT_NAMESPACE = b"http://purl.oclc.org/ooxml/wordprocessingml/main"
"""Namespace of documents saved as Strict Open XML. It is replaced by `W`, the namespace of all other documents."""
_SPACE = "{http://www.w3.org/XML/1998/namespace}space"
_MATH = "{http://schemas.openxmlformats.org/officeDocument/2006/math}"
_MATH_TEXT = _MATH + "t"
_ALTERNATE_CONTENT = "{http://schemas.openxmlformats.org/markup-compatibility/2006}AlternateContent"
_OPERATOR = re.compile("[-+−–×÷*/＋－]")
"""A sign of an operation in the numerator or denominator of a fraction."""
_DC_TITLE = "{http://purl.org/dc/elements/1.1/}title"

_MAX_DEPTH = 100
"""Maximum nesting depth of elements. Documents that Word saves stay below 60."""
_DROPPED_TAGS = frozenset(
    W + name
    for name in (
        *("del", "moveFrom", "delText", "instrText", "pPr", "rPr", "sdtPr", "tblPr", "tblGrid", "tcPr", "trPr", "rt"),
        *("sectPr", "rubyPr", "smartTagPr", "customXmlPr"),
    )
)
"""Elements that are dropped with their contents: deletions, field codes, properties, and readings (pinyin) above
characters."""
_CHARACTER_TAGS = {W + "tab": "\t", W + "ptab": "\t", W + "cr": "\n", W + "br": "\n", W + "noBreakHyphen": "-"}
"""Maps elements that stand for a character to the character."""
_MAX_BYTE = 0xFF
"""A symbol with a code up to this one, or with a private-use code, can be a sign of a symbol font (`read_sign`). Any
other code is the code point of the symbol."""
_VERTICAL_ALIGNMENT = W + "vertAlign"
_DELIMITERS = {"superscript": RAISED, "subscript": LOWERED}
"""Maps the vertical alignment of a run to the delimiter that starts it."""

_MAX_GAP_WIDTH = 60
"""Maximum width, in twips (1/20 point), of a column that is only a gap between others. A column this narrow holds no
text: it results from rounding, or from edges of cells that were moved by hand."""
_TOC_STYLE = re.compile(r"(?:toc|目录|目錄)\s*[1-9]", re.IGNORECASE)
"""Names of the styles of a table of contents: `toc 1`, `目录 2`."""
_MEANINGLESS_TITLE = re.compile(
    r"microsoft|^(?:新建.*|无标题|未命名|文档|文件|正文|模板|document|untitled)\s*\d*$|\.(?:docx?|wps|rtf|txt|pdf)$",
    re.IGNORECASE,
)
"""Found in a title of the document properties if a program, not a person, wrote the title: 新建 Microsoft Word 文档,
无标题, untitled 2, 报告.doc."""
_MIN_TITLE_LENGTH = 5
"""Minimum length, in code points, of a title of the document properties that is returned in `RawDocument.hints`."""
_HAN_CHARACTER = re.compile("[\u4e00-\u9fff]")


def read(data: bytes, name: str) -> FileContents:
    """Read a Word document. A file that is not a zip archive is read as .doc.

    List numbers that Word generates are part of the text. A data table is one block; most rows of any other table are
    one block each, the cells joined by tabs (`TableBuilder.end_row`). A text box, a footnote or an endnote follows the
    paragraph or table that contains it or refers to it. The reference marks of notes are dropped, because they would
    read as digits of the sentence. Entries of a table of contents are dropped. Blocks have no page, since the file does
    not state where pages end: that depends on fonts and printer. The hints contain `title` if the document properties
    state one that looks written by a person. Raises ReadError if the file cannot be read or is not a Word document.
    """
    if not data.startswith(b"PK"):
        return read_bytes(data, f"{name}.doc")
    package = _WordPackage(open_archive(data))
    root = package.main_document()
    body = root.find(W + "body")
    if root.tag != W + "document" or body is None:
        raise ReadError("not a Word document, whatever its name says")
    reader = _BodyReader(package)
    reader.read(body)
    return FileContents((RawDocument(tuple(reader.blocks), hints=package.hints()),))


class _WordPackage:
    """The parts of a Word document, located by their relationships."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive
        self._package_relations = self._read_relations("")
        self._main_name = self._package_relations.get("officeDocument", "word/document.xml")
        self._relations = self._read_relations(self._main_name)

    def main_document(self) -> Element:
        """Return the root element of the main document part."""
        if self._main_name not in self._archive.names:
            raise ReadError("not a Word document: a zip archive of something else")
        return self._xml(self._main_name)

    def part(self, kind: str) -> Element | None:
        """Return a part such as `styles`; None if there is none. Raises ReadError if the part is damaged."""
        name = self._relations.get(kind, "")
        return self._xml(name) if name in self._archive.names else None

    def hints(self) -> dict[str, str]:
        """Return the hints (`RawDocument.hints`) in the document properties; empty if the properties are damaged.

        Dates and author are ignored: the dates are those of the file, the author is often the owner of the computer.
        """
        name = self._package_relations.get("core-properties", "")
        try:
            title = self._xml(name).findtext(_DC_TITLE) or "" if name in self._archive.names else ""
        except ReadError:
            return {}
        title = " ".join(clean_characters(title).split())
        usable = (
            len(title) >= _MIN_TITLE_LENGTH and _HAN_CHARACTER.search(title) and not _MEANINGLESS_TITLE.search(title)
        )
        return {"title": title} if usable else {}

    def _xml(self, name: str) -> Element:
        """Parse the part `name` of the document. Strict documents get the namespace of all others."""
        return parse_xml(self._archive.read(name).replace(_STRICT_NAMESPACE, W[1:-1].encode()))

    def _read_relations(self, name: str) -> dict[str, str]:
        """Return the names of the parts that the part `name` refers to, by kind. Of parts of a kind, the first counts.

        The kind is the last segment of the relationship type: `styles` for `…/relationships/styles`. If `name` is
        empty, the relationships are those of the package.
        """
        folder, _, file = name.rpartition("/")
        relations = posixpath.join(folder, "_rels", f"{file}.rels")
        names: dict[str, str] = {}
        for element in self._xml(relations) if relations in self._archive.names else ():
            if element.get("TargetMode") != "External":
                target = posixpath.normpath(posixpath.join("/", folder, element.get("Target", "")))
                names.setdefault(element.get("Type", "").rpartition("/")[2], target.lstrip("/"))
        return names


class _BodyReader:
    """Walks the element tree of a document and collects its blocks."""

    def __init__(self, package: _WordPackage) -> None:
        self.blocks: list[Block] = []
        self._styles = WordStyles(package.part("styles"))
        self._lists = ListNumbers(package.part("numbering"), self._styles.lists_by_style())
        self._notes = _Notes(package)
        self._depth = 0
        self._line: list[tuple[str, bool]] = []
        """Texts of the paragraph that is being read, and whether each is strong (bold)."""
        self._paragraph = WordStyle()
        """Style of the paragraph that is being read."""
        self._strong = self._hidden = False
        """Whether the run that is being read is strong, and whether it is hidden."""
        self._has_raised_or_lowered = False
        """Whether raised or lowered text was found so far."""
        self._fields: list[bool] = []
        """For each open field, whether its result has begun. A field has a code (PAGE) and then a result (12)."""
        self._open_codes = 0
        """Number of open fields whose result has not begun."""
        self._tables: list[TableBuilder] = []
        """The open tables, outermost first."""
        self._pending: list[Element] = []
        """Text boxes and notes to read at the end of the current paragraph or, in a table, of the outermost table."""
        self._handlers: Mapping[str, Callable[[Element], None]] = {
            W + "p": self._read_paragraph,
            W + "r": self._read_run,
            W + "t": self._read_text,
            _MATH_TEXT: self._read_text,
            _MATH + "sup": self._read_power,
            _MATH + "f": self._read_fraction,
            W + "sym": self._read_symbol,
            W + "fldChar": self._read_field_mark,
            W + "footnoteReference": self._read_reference,
            W + "endnoteReference": self._read_reference,
            W + "txbxContent": self._read_box,
            W + "sdt": self._read_control,
            W + "tbl": self._read_table,
            W + "tr": self._read_row,
            W + "tc": self._read_cell,
            _ALTERNATE_CONTENT: self._read_alternatives,
        }

    def read(self, parent: Element) -> None:
        """Read the children of the body, a note or a text box."""
        self._walk(parent)
        self._end_line("", 0)
        self._read_pending()

    def _walk(self, parent: Element) -> None:
        """Read the children of an element. Unknown elements are containers: links, insertions, smart tags."""
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise ReadError(f"elements are nested deeper than {_MAX_DEPTH}: not a document that Word saved")
        for element in parent:
            if (handler := self._handlers.get(element.tag)) is not None:
                handler(element)
            elif (characters := _CHARACTER_TAGS.get(element.tag)) is not None:
                self._add(characters)
            elif element.tag not in _DROPPED_TAGS:
                self._walk(element)
        self._depth -= 1

    # Paragraphs

    def _read_paragraph(self, element: Element) -> None:
        """Read a paragraph. Drops it if it is an entry of a table of contents, or empty with a hidden paragraph mark.

        If its paragraph mark is deleted, the next paragraph continues it.
        """
        properties = element.find(W + "pPr")
        name = child_value(properties, "pStyle") or self._styles.default
        style = self._paragraph = self._styles[name]
        self._walk(element)
        self._fields, self._open_codes = [True] * len(self._fields), 0  # an unclosed code would hide the rest
        mark_properties = None if properties is None else properties.find(W + "rPr")
        if mark_properties is not None and (
            mark_properties.find(W + "del") is not None or mark_properties.find(W + "moveFrom") is not None
        ):
            return
        if _TOC_STYLE.fullmatch(style.name):
            self._line.clear()
        elif self._line or not is_enabled(mark_properties, "vanish", default=style.hidden):
            number = self._list_number(properties, name, style)
            self._end_line(number, outline_level(properties, style.level), is_paragraph=True)
        self._read_pending()

    def _list_number(self, properties: Element | None, name: str, style: WordStyle) -> str:
        """Return the list number of a paragraph; empty if it has none."""
        numbering = None if properties is None else properties.find(W + "numPr")
        list_id = child_value(numbering, "numId") or style.list_of[0]
        if not list_id or list_id == "0":  # 0 takes the paragraph out of the list of its style
            return ""
        level_from_style = self._lists.level_of_style(list_id, name)
        level = style.list_of[1] if level_from_style is None else level_from_style
        return self._lists.next_number(list_id, parse_integer(child_value(numbering, "ilvl"), level))

    def _end_line(self, number: str, level: int, *, is_paragraph: bool = False) -> None:
        """Convert the collected line to blocks, one for each part between line breaks that is not blank.

        `number`, the list number, begins the first of them. An empty paragraph (`is_paragraph`) becomes a blank line,
        unless it is the first block or follows a blank line. In a table, it becomes a block with its list number, if it
        has one, and nothing otherwise.
        """
        parts, self._line = self._line, []
        has_text = False
        for marked_text, strong in _split_lines(parts):
            text = resolve_marks(marked_text) if self._has_raised_or_lowered else marked_text
            if text.strip():
                line = text.rstrip() if has_text or not number else prepend_number(number, text.strip())
                self.blocks.append(Block(line, level=level, strong=strong))
                has_text = True
        if has_text or not is_paragraph:
            return
        if self._tables:
            if number:  # an empty cell whose list number is printed, as in a column of serial numbers
                self.blocks.append(Block(number.rstrip()))
        elif self.blocks and self.blocks[-1] is not BLANK:
            self.blocks.append(BLANK)

    def _read_pending(self) -> None:
        """Read the pending text boxes and notes, unless a table is open."""
        while self._pending and not self._tables:
            elements, self._pending = self._pending, []
            for element in elements:
                self.read(element)

    # Characters

    def _read_run(self, element: Element) -> None:
        """Read a run. Its own properties take precedence over those of its style and of its paragraph.

        If they do not state whether it is strong, it is strong if its style or its paragraph is strong. The same holds
        for hidden.
        """
        properties = element.find(W + "rPr")
        outer = self._strong, self._hidden
        strong, hidden, vertical_align = self._paragraph.strong, self._paragraph.hidden, self._paragraph.vertical_align
        if properties is not None:
            if (name := child_value(properties, "rStyle")) is not None:
                style = self._styles[name]
                strong, hidden, vertical_align = (
                    strong or style.strong,
                    hidden or style.hidden,
                    style.vertical_align or vertical_align,
                )
            strong = is_enabled(properties, "b", default=strong)
            hidden = is_enabled(properties, "vanish", default=hidden)
            if (alignment := properties.find(_VERTICAL_ALIGNMENT)) is not None:
                vertical_align = alignment.get(W + "val", "")
        self._strong, self._hidden = strong, hidden
        if vertical_align in _DELIMITERS:
            self._read_raised_or_lowered(element, _DELIMITERS[vertical_align])
        else:
            self._walk(element)
        self._strong, self._hidden = outer

    def _read_raised_or_lowered(self, element: Element, delimiter: str) -> None:
        """Read a raised or lowered run."""
        self._has_raised_or_lowered = True
        self._line.append((delimiter, True))  # True: a delimiter does not decide whether the line is strong
        self._walk(element)
        self._line.append((END, True))

    def _read_power(self, element: Element) -> None:
        """Read the raised part of a formula, which is never the mark of a note."""
        self._add(to_superscript("".join(item.text or "" for item in element.iter(_MATH_TEXT))))

    def _read_fraction(self, element: Element) -> None:
        """Read a fraction of a formula: 35/40. A numerator or denominator with an operator is put in brackets."""
        for name, separator in (("num", "/"), ("den", "")):
            start = len(self._line)
            if (part := element.find(_MATH + name)) is not None:
                self._walk(part)
            if _OPERATOR.search("".join(text for text, _ in self._line[start:])):
                self._line.insert(start, ("(", self._strong))
                self._add(")")
            self._add(separator)

    def _read_text(self, element: Element) -> None:
        """Add the text of an element, without the blanks around it unless the element preserves them."""
        text = (element.text or "").replace("\r", " ").replace("\n", " ")
        text = text if element.get(_SPACE) == "preserve" else text.strip(" \t")
        self._add(text)

    def _read_symbol(self, element: Element) -> None:
        """Add the character that a symbol displays. Pictures, and private-use codes in other fonts, are dropped."""
        code = element.get(W + "char", "")
        if re.fullmatch("[0-9A-Fa-f]{1,4}", code):
            value, font = int(code, 16), element.get(W + "font", "")
            sign = read_sign(font, value) if is_private(chr(value)) or value <= _MAX_BYTE else None
            fallback = "" if is_private(chr(value)) else chr(value)
            self._add(fallback if sign is None else sign)

    def _read_field_mark(self, element: Element) -> None:
        """Process the begin of a field, the mark between its code and its result, or its end."""
        kind = element.get(W + "fldCharType")
        if kind == "begin":
            self._fields.append(False)
            self._open_codes += 1
        elif kind == "separate" and self._fields and not self._fields[-1]:
            self._fields[-1] = True
            self._open_codes -= 1
        elif kind == "end" and self._fields:
            self._open_codes -= not self._fields.pop()

    def _is_visible(self) -> bool:
        """Return whether text at this point is neither hidden nor the code of a field."""
        return not self._hidden and not self._open_codes

    def _add(self, text: str) -> None:
        """Add text to the current line if it is visible."""
        if self._is_visible() and (text := clean_characters(text)):
            self._line.append((text, self._strong))

    # Text boxes, notes and alternatives

    def _read_box(self, element: Element) -> None:
        """Postpone a visible text box until its paragraph or its outermost table ends. Drops a hidden text box."""
        if self._is_visible():
            self._pending.append(element)

    def _read_reference(self, element: Element) -> None:
        """Postpone the note of a visible reference until its paragraph or outermost table ends. A note is read once."""
        note = self._notes.pop_note(element) if self._is_visible() else None
        if note is not None:
            self._pending.append(note)

    def _read_control(self, element: Element) -> None:
        """Read a content control unless it shows its placeholder text."""
        properties, content = element.find(W + "sdtPr"), element.find(W + "sdtContent")
        if content is not None and not is_enabled(properties, "showingPlcHdr", default=False):
            self._walk(content)

    def _read_alternatives(self, element: Element) -> None:
        """Read one of several renderings of the same content: the first that contains text."""
        chosen = next((branch for branch in element if next(branch.iter(W + "t"), None) is not None), None)
        if chosen is not None:
            self._walk(chosen)

    # Tables

    def _read_table(self, element: Element) -> None:
        """Read a table. A table that contains another one is not a data table."""
        self._end_line("", 0)
        if self._tables:
            self._tables[-1].is_data = False
        self._tables.append(TableBuilder(self.blocks, _narrow_columns(element)))
        self._walk(element)
        self._tables.pop().end_table()
        self._read_pending()

    def _read_row(self, element: Element) -> None:
        """Read a row unless it is deleted or hidden. Columns before its first cell (`gridBefore`) are an empty cell."""
        properties = element.find(W + "trPr")
        if properties is not None and (
            properties.find(W + "del") is not None or properties.find(W + "hidden") is not None
        ):
            return
        if not self._tables:
            self._walk(element)
            return
        table = self._tables[-1]
        table.start_row(is_header=is_enabled(properties, "tblHeader", default=False))
        skipped = parse_integer(child_value(properties, "gridBefore"), 0)
        if table.row is not None and 0 < skipped <= MAX_COLUMNS:
            table.row.add_cell(len(self.blocks), skipped, 1)
        self._walk(element)
        table.end_row()

    def _read_cell(self, element: Element) -> None:
        """Read a cell. Of vertically merged cells, the first is read, and each cell below only extends it."""
        properties = element.find(W + "tcPr")
        merged = None if properties is None else properties.find(W + "vMerge")
        col_span = min(max(parse_integer(child_value(properties, "gridSpan"), 1), 1), MAX_COLUMNS)
        table = self._tables[-1] if self._tables else None
        if merged is not None and merged.get(W + "val") != "restart":
            if table is not None:
                table.extend_cell(col_span)
            return
        if table is not None and table.row is not None:
            table.row.add_cell(len(self.blocks), col_span, 1)
        self._walk(element)
        self._end_line("", 0)


def _narrow_columns(table: Element) -> list[int]:
    """Return the columns of a table that are too narrow for text, ascending."""
    columns = table.findall(f"{W}tblGrid/{W}gridCol")
    return [n for n, column in enumerate(columns) if 0 < parse_integer(column.get(W + "w", ""), 0) <= _MAX_GAP_WIDTH]


def _split_lines(parts: list[tuple[str, bool]]) -> Iterator[tuple[str, bool]]:
    """Split a paragraph at its line breaks. Yield each line, and whether all its text that is not blank is strong."""
    start = 0
    for end in [n for n, (text, _) in enumerate(parts) if text == "\n"] + [len(parts)]:
        line = parts[start:end]
        yield "".join(text for text, _ in line), all(strong for text, strong in line if text.strip())
        start = end + 1


class _Notes:
    """Footnotes and endnotes. Each is returned at most once."""

    def __init__(self, package: _WordPackage) -> None:
        self._package = package
        self._kinds: dict[str, dict[str, Element]] = {}

    def pop_note(self, reference: Element) -> Element | None:
        """Return and remove the note that a reference points to; None if there is none or it was returned before."""
        kind = reference.tag.removeprefix(W).removesuffix("Reference")
        if kind not in self._kinds:
            root = self._package.part(f"{kind}s")
            notes = () if root is None else root.findall(W + kind)
            self._kinds[kind] = {note.get(W + "id", ""): note for note in notes}
        return self._kinds[kind].pop(reference.get(W + "id", ""), None)
