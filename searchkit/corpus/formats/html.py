"""HTML: block elements in reading order, their emphasis, the main text if identifiable, and hints from the head."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from selectolax.lexbor import LexborHTMLParser, LexborNode, SelectolaxError

from searchkit.corpus.blocks import Block, RawDocument
from searchkit.corpus.formats.characters import clean_characters
from searchkit.corpus.formats.marks import END, LOWERED, RAISED, resolve_marks
from searchkit.corpus.formats.pagefacts import FACT_LINE, MAX_FACTS_LENGTH, facts_after_text, format_facts
from searchkit.corpus.formats.registry import FileContents
from searchkit.corpus.formats.rows import TableBuilder
from searchkit.corpus.formats.text import decode_text, normalise_text
from searchkit.errors import ReadError

_HEADING_LEVELS = {f"h{level}": level for level in range(1, 7)}
"""Maps the tag of a heading to its level, 1 to 6."""
_BLOCK_TAGS = frozenset({
    "address", "article", "blockquote", "body", "center", "dd", "details", "div", "dl", "dt", "fieldset",
    "figcaption", "figure", "form", "header", "hgroup", "hr", "li", "main", "menu", "ol", "p", "pre", "section",
    "summary", "table", "tbody", "tfoot", "thead", "tr", "ul",
}).union(_HEADING_LEVELS)  # fmt: skip
"""Elements that begin and end a line."""
_DROPPED_TAGS = frozenset({
    "aside", "audio", "button", "canvas", "dialog", "embed", "footer", "head", "iframe", "img", "input", "map",
    "math", "nav", "noscript", "object", "option", "script", "select", "style", "svg", "template", "textarea",
    "video",
})  # fmt: skip
"""Elements that are dropped with their contents."""
_MAX_DEPTH = 5_000
"""Maximum nesting depth of elements in a page that is checked (`_MAX_TAGS_UNCHECKED`). The cost of the parser grows
with the square of the depth. At this depth, the cost is a tenth of a second."""
_MAX_ATTRIBUTES = 1_000
"""Maximum number of words in a start tag without quoted values: the name of the element and its attributes. The parser
compares each attribute with all others of its element."""
_LONG_TAG = re.compile(r"<[a-zA-Z][^<>]{2000,}")
"""A start tag that is long enough for more than `_MAX_ATTRIBUTES` words: each attribute needs a blank and a letter."""
_QUOTED_VALUE = re.compile("\"[^\"]*\"|'[^']*'")
"""A quoted value of an attribute. It is removed before attributes are counted, because it may contain blanks."""
_MAX_TAGS_UNCHECKED = 20_000
"""The nesting depth of pages with at most this number of tags, counted by their `<`, is not checked."""
_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9-]*)")
"""A start tag or an end tag. The groups are the slash of an end tag, and the name."""
_UNNESTED_TAGS = frozenset({
    "area", "base", "br", "col", "dd", "dt", "embed", "hr", "img", "input", "li", "link", "meta", "option", "p",
    "param", "source", "tbody", "td", "tfoot", "th", "thead", "tr", "track", "wbr",
})  # fmt: skip
"""Elements without an end tag, or whose end tag is optional before the next such element."""
_DELIMITERS = {"sup": RAISED, "super": RAISED, "sub": LOWERED}
"""Maps a tag, or a value of `vertical-align`, to the delimiter that starts raised or lowered text."""
_RAISED_OR_LOWERED_STYLE = re.compile(r"vertical-align\s*:\s*(super|sub)\b", re.IGNORECASE)
"""The style of raised or lowered text: `vertical-align: super`."""
_TABLE_TAGS = frozenset({"table", "caption", "tr", "td", "th"})
_STRONG_TAGS = frozenset({"b", "strong"})
_BOLD_STYLE = re.compile(r"font-weight\s*:\s*(?:bold|[6-9]00)", re.IGNORECASE)
_HIDDEN_STYLE = re.compile(r"display\s*:\s*none", re.IGNORECASE)
_UNNUMBERED_LIST = re.compile(
    r"breadcrumb|carousel|crumb|indicator|menu|nav|page|tab|list-style(-type)?\s*:\s*none", re.IGNORECASE
)
"""Classes of ordered lists that are menus, and the style that hides the numbers of a list."""
_OWN_NUMBER = re.compile(r"\s*[（(]?[\d一二三四五六七八九十]+[)）、.．]")
"""A number at the start of a list item: `（一）`, `2、`. The number of the list is not added to it."""

_CONTAINERS = frozenset({
    "article", "articlecontent", "article-body", "article-content", "article-con", "article_body",
    "article_content", "article_con", "articlebody", "arc_con", "bt-content", "con_text", "conn", "content",
    "contentbox", "content-main", "content_main", "contentmain", "custom_unionstyle", "detail", "detail-content",
    "detail_content", "detailcontent", "gsj_htmlcon_bot", "htmlcon", "main-content", "main_content", "mainbody",
    "mainbox", "maintext", "news_content", "news-content", "newscontent", "newstext", "nr_con", "pages_content",
    "pages-content", "rich_media_content", "text", "textbox", "trs_editor", "trs_paper_preview", "trs_web",
    "trs_ueditor", "ucap-content", "view", "wz_con", "wzcon", "wznr", "xl_content", "xxgk_content", "xxgk-content",
    "zoom", "zoomcon", "zw_content", "zwcontent",
})  # fmt: skip
"""Ids and classes, in lower case, that the content systems of government sites use for the text of a page."""
_MIN_MAIN_SHARE = 0.9
"""A container can be the main text only if it contains at least this share of the prose: the lines with 。 or ；."""
_MAX_FORM_LENGTH = 300
"""A form whose text has fewer code points than this is dropped. A longer form contains content."""
_BLANK_CHARACTERS = " \t\n\xa0\u3000"
_SOFT_BREAK = "\x00"
"""Stands for a line end in the source that is not a line break on the page."""
_SOFT_WRAP = re.compile(r"(?<=[^\x00-\x7f])[ \t]*\x00[ \t\x00]*(?=[^\x00-\x7f])")
"""Soft breaks between two characters outside ASCII, with the blanks around them: no blank replaces them."""
_WHITE_SPACE = re.compile(r"[ \t\n]+")
_MIN_TITLE_LENGTH, _MAX_TITLE_LENGTH = 5, 500
"""Code points. A page title, or a part of it, is looked up among the lines of the page if it is longer than the first
number. A page title is cut at the second number."""
_TITLE_SEPARATOR = re.compile(r"\s*[_|｜]\s*|\s+[-–—]+\s*|\s*[-–—]+\s+|(?<!\d)[-–—]{1,2}(?!\d)")
"""Separates the title of a page from the name of the site: `_`, `|`, a dash with a blank beside it, or one or two
dashes without digits beside them, unlike in 2021-2025."""

_DECLARED_CHARSET = re.compile(
    rb"<meta\b[^>]{0,200}?charset\s{0,9}=\s{0,9}[\"']?\s{0,9}([a-zA-Z0-9_-]+)"
    rb"|<\?xml\b[^>]{0,100}?encoding\s{0,9}=\s{0,9}[\"']([a-zA-Z0-9_-]+)",
    re.IGNORECASE,
)
"""The encoding in a meta element or an XML declaration. Repetitions are limited, so that the cost stays linear."""
_HEAD_BYTES = 8_192
"""Number of leading bytes that are searched for the declared encoding, and of leading code points that are searched for
the URL of a saved page."""
_SAVED_FROM = re.compile(r"<!--\s*(?:saved from url=\(\d+\)|Page saved with SingleFile\s+url:)\s*(https?://\S+)")
"""Comment with which browsers record the URL of a saved page."""
_HINT_NAMES = {
    "articletitle": "title", "og:title": "title", "dc.title": "title",
    "pubdate": "published", "publishdate": "published", "article:published_time": "published", "dc.date": "published",
    "firstpublishedtime": "published", "contentsource": "issuer", "source": "issuer", "dc.publisher": "issuer",
    "author": "issuer", "og:url": "source", "url": "source", "sitename": "site", "og:site_name": "site",
    "columnname": "column",
}  # fmt: skip
"""Maps the name of a meta element, in lower case, to a key of `RawDocument.hints`. The first element with a value for a
key is used."""


def read(data: bytes, name: str) -> FileContents:  # noqa: ARG001 - every reader has this signature
    """Read a saved web page. Scripts, menus, form controls and hidden parts are dropped.

    The hints can contain `title`, `published`, `issuer`, `source` (a URL), `site` and `column` (section of the site).
    Facts around the text (索引号, 文号, 发布日期 …) become lines `label：value`. If the encoding of the bytes is
    ambiguous, the page's declaration decides. A data table is one block. Raises ReadError if the bytes are not text,
    and as `_parse` does.
    """
    declared = _DECLARED_CHARSET.search(data[:_HEAD_BYTES])
    decoded = decode_text(data, declared[declared.lastindex or 1].decode("ascii") if declared else "")
    text = normalise_text(decoded.text)
    tree = _parse(text)
    if tree.body is None:
        return FileContents((RawDocument(()),), warnings=decoded.warnings)
    collector = _BlockCollector()
    collector.walk(tree.body)
    blocks = collector.main_blocks()
    hints = dict(_read_hints(tree, [block.text for block in collector.blocks[:200]]))
    if "source" not in hints and (saved_from := _SAVED_FROM.search(text[:_HEAD_BYTES])):
        hints["source"] = saved_from[1].removesuffix("-->")
    return FileContents((RawDocument(blocks, hints=hints),), warnings=decoded.warnings)


def parse_fragment(markup: str) -> tuple[Block, ...]:
    """Return the blocks of an HTML fragment, such as a table in Markdown. Raises ReadError as `_parse` does."""
    body = _parse(markup).body
    if body is None:
        return ()
    collector = _BlockCollector()
    collector.walk(body)
    return tuple(collector.blocks)


@dataclass(slots=True)
class _ContainerSpan:
    """The blocks of a container."""

    start: int
    """Index of the first block when the container was entered."""
    prose: int
    """Length in code points of the lines with 。 or ； in the container. While the container is open, it is instead the
    length of such lines before the container, negated."""
    first: Block | None = None
    """The first block; None if there is none. Its index changes if a table around it ends: see `main_blocks`."""
    last: Block | None = None
    """The last block; None if there is none."""


@dataclass(frozen=True, slots=True)
class _OpenElement:
    """An element that has been entered, and the state to undo when it is left."""

    tag: str
    strong: bool
    """Whether the element makes its text bold."""
    delimiter: str
    """The delimiter that starts raised or lowered text; empty for other text."""
    span: _ContainerSpan | None
    """The blocks of the element if it is a container, otherwise None."""


class _BlockCollector:
    """Walks a tree once and collects its blocks. Not recursive, as pages may be nested deeper than Python's stack."""

    def __init__(self) -> None:
        self.blocks: list[Block] = []
        self._spans: list[_ContainerSpan] = []
        """The containers that have been left."""
        self._prose = 0
        """Length of the prose in `blocks`, in code points."""
        self._open: list[_OpenElement] = []
        self._line: list[tuple[str, bool]] = []
        """Texts of the line that is being collected, and whether each is strong (bold)."""
        self._marker = ""
        """Number of the current list item, such as `2. `, until it is added to the first block of the item."""
        self._has_raised_or_lowered = False
        """Whether raised or lowered text was found so far."""
        self._level = 0
        """Level of the heading that is being read; 0 = none."""
        self._strong = 0
        """Number of open elements with strong text."""
        self._pre = 0
        """Number of open `pre` elements."""
        self._lists: list[int | None] = []
        """Next number of each open list; None = a list without numbers."""
        self._tables: list[TableBuilder] = []
        """The open tables, outermost first."""

    def main_blocks(self) -> tuple[Block, ...]:
        """Return the main text, preceded by the headings (h1, h2) before it and the lines around it that state facts.

        The main text is the container with the fewest blocks that has nearly all prose (`_MIN_MAIN_SHARE`). If there is
        no such container, return all blocks. Lines that state facts are formatted (`format_facts`).

        If a row or a table became one block, a container inside of it is left out: the block also has the text of other
        cells.
        """
        indexes = {id(block): index for index, block in enumerate(self.blocks)}
        candidates = [
            (indexes[id(span.first)], indexes[id(span.last)] + 1)
            for span in self._spans
            if span.prose and span.prose >= _MIN_MAIN_SHARE * self._prose
            if id(span.first) in indexes and id(span.last) in indexes
        ]
        if not candidates:
            return tuple(format_facts(self.blocks))
        start, end = min(candidates, key=lambda span: (span[1] - span[0], span[0]))
        before = format_facts(self.blocks[:start])
        text = format_facts(self.blocks[start:end])
        after = facts_after_text(format_facts(self.blocks[end:]), (*before, *text))
        facts = (block for block in before if block.level in {1, 2} or FACT_LINE.search(block.text[:MAX_FACTS_LENGTH]))
        return (*facts, *after, *text)

    def walk(self, root: LexborNode) -> None:
        """Read `root` and its descendants."""
        end = root.mem_id
        node: LexborNode | None = root
        while node is not None:
            is_entered = self._enter(node)
            child = node.first_child if is_entered else None
            if child is not None:
                node = child
                continue
            if is_entered:
                self._leave()
            while node is not None and node.mem_id != end and node.next is None:
                node = node.parent
                self._leave()
            node = None if node is None or node.mem_id == end else node.next

    def _enter(self, node: LexborNode) -> bool:
        """Process a node. Return whether it is an element whose children are to be read."""
        if node.is_text_node:
            self._add_text(node.text_content or "")
            return False
        tag = node.tag
        if not node.is_element_node or not tag:
            return False
        if tag == "br":
            self._line.append(("\n", False))
            return False
        attributes = node.attributes
        style = attributes.get("style") or ""
        if self._is_dropped(node, tag) or "hidden" in attributes or (style and _HIDDEN_STYLE.search(style)):
            return False
        if tag in _BLOCK_TAGS:
            self._end_line()
        self._update_state(tag, attributes)
        strong = tag in _STRONG_TAGS or bool(style and _BOLD_STYLE.search(style))
        self._strong += strong
        delimiter = _delimiter_of(tag, style) if style or tag in _DELIMITERS else ""
        if delimiter:
            self._line.append((delimiter, True))  # True: it must not keep the block from being strong
            self._has_raised_or_lowered = True
        # The prose before the container is subtracted here. `_leave` adds the prose up to its end.
        span = _ContainerSpan(len(self.blocks), -self._prose) if _is_container(tag, attributes) else None
        self._open.append(_OpenElement(tag, strong, delimiter, span))
        return True

    def _is_dropped(self, node: LexborNode, tag: str) -> bool:
        """Return whether an element is not content: a menu, a script, a search form."""
        if tag == "form":  # some sites wrap the entire page in a form
            return len(node.text()) < _MAX_FORM_LENGTH
        return tag in _DROPPED_TAGS

    def _update_state(self, tag: str, attributes: dict[str, str | None]) -> None:
        """Update the state of headings, `pre` elements, lists and tables at the start of an element."""
        if tag in _HEADING_LEVELS:
            self._level = _HEADING_LEVELS[tag]
        elif tag == "pre":
            self._pre += 1
        elif tag in {"ul", "ol"}:
            self._lists.append(_first_number(attributes) if tag == "ol" else None)
        elif tag == "li":
            self._start_item()
        elif tag in _TABLE_TAGS:
            self._enter_table_part(tag, attributes)

    def _enter_table_part(self, tag: str, attributes: dict[str, str | None]) -> None:
        """Process the start of a table, row or cell. A table that contains another one is not a data table."""
        if tag == "table":
            if self._tables:
                self._tables[-1].is_data = False
            self._tables.append(TableBuilder(self.blocks))
        elif not self._tables:
            return
        elif tag == "tr":
            in_head = bool(self._open) and self._open[-1].tag == "thead"
            self._tables[-1].start_row(is_header=in_head)
        elif tag in {"td", "th"}:
            self._end_line()
            if (row := self._tables[-1].row) is not None:
                spans = (_parse_span(attributes.get(name)) for name in ("colspan", "rowspan"))
                row.add_cell(len(self.blocks), *spans, is_header=tag == "th")

    def _start_item(self) -> None:
        """Set the marker of an item of a numbered list, and increment the number of the list."""
        number = self._lists[-1] if self._lists else None
        if number is not None:
            self._marker = f"{number}. "
            self._lists[-1] = number + 1

    def _leave(self) -> None:
        """Process the end of the innermost open element."""
        element = self._open.pop()
        tag = element.tag
        if tag in _BLOCK_TAGS or tag in {"td", "th", "caption"}:
            self._end_line()
        self._strong -= element.strong
        if element.delimiter:
            self._line.append((END, True))
        if element.span is not None:
            if element.span.start < len(self.blocks):
                element.span.first, element.span.last = self.blocks[element.span.start], self.blocks[-1]
            element.span.prose += self._prose
            self._spans.append(element.span)
        if tag in _HEADING_LEVELS:
            self._level = 0
        elif tag == "pre":
            self._pre -= 1
        elif tag in {"ul", "ol"}:
            self._lists.pop()
        elif tag == "li":
            self._marker = ""
        elif tag in _TABLE_TAGS and self._tables:
            self._leave_table_part(tag)

    def _leave_table_part(self, tag: str) -> None:
        """Process the end of a table, row or caption. The lines in a caption become the caption of the table."""
        if tag == "table":
            self._tables.pop().end_table()
        elif tag == "tr":
            self._tables[-1].end_row()
        elif tag == "caption":
            table = self._tables[-1]
            table.caption = " ".join(block.text for block in table.pop_blocks()) or None

    def _add_text(self, text: str) -> None:
        """Add text to the current line. Line ends are soft breaks outside of `pre`, and line breaks inside of it."""
        if not self._pre:
            self._line.append((text.replace("\n", _SOFT_BREAK), self._strong > 0))
            return
        for n, line in enumerate(text.split("\n")):
            if n:
                self._line.append(("\n", False))
            self._line.append((line, self._strong > 0))

    def _end_line(self) -> None:
        """Convert the collected line to blocks, one for each part between line breaks. Blank parts are dropped."""
        if not self._line:
            return
        parts, self._line = self._line, []
        start = 0
        for n in [n for n, (text, _) in enumerate(parts) if text == "\n"] + [len(parts)]:
            self._add_block(parts[start:n])
            start = n + 1

    def _add_block(self, parts: Sequence[tuple[str, bool]]) -> None:
        """Add a block unless it is blank. `parts` are its texts, and whether each is strong."""
        text = "".join(text for text, _ in parts)
        text = _collapse_white_space(resolve_marks(text) if self._has_raised_or_lowered else text)
        if not text:
            return
        if self._marker:
            text = text if _OWN_NUMBER.match(text) else self._marker + text
            self._marker = ""
        strong = all(strong for part, strong in parts if part.strip(_BLANK_CHARACTERS))
        self.blocks.append(Block(text, level=self._level, strong=strong))
        if "。" in text or "；" in text:
            self._prose += len(text)


def _parse(text: str) -> LexborHTMLParser:
    """Parse HTML. Raises ReadError if elements are nested too deeply or an element has too many attributes.

    Raises MemoryError if the parser fails: any text is valid HTML, so the parser fails only if memory runs out.
    """
    for tag in _LONG_TAG.finditer(text):
        if len(_QUOTED_VALUE.sub("", tag[0]).split()) > _MAX_ATTRIBUTES:
            raise ReadError(f"an element has more than {_MAX_ATTRIBUTES} attributes: no page needs that")
    if text.count("<") > _MAX_TAGS_UNCHECKED and _max_depth(text) > _MAX_DEPTH:
        raise ReadError(f"elements are nested deeper than {_MAX_DEPTH}: no page needs that")
    try:
        return LexborHTMLParser(text)
    except SelectolaxError as error:
        raise MemoryError from error


def _max_depth(text: str) -> int:
    """Return the maximum nesting depth of elements, not counting those in `_UNNESTED_TAGS`.

    The result is too high if end tags are missing. An end tag without a start tag closes no other element.
    """
    open_counts: Counter[str] = Counter()
    depth = max_depth = 0
    for match in _TAG.finditer(text):
        tag = match[2].lower()
        if tag in _UNNESTED_TAGS:
            continue
        if not match[1]:
            open_counts[tag] += 1
            depth += 1
            max_depth = max(max_depth, depth)
        elif open_counts[tag]:
            open_counts[tag] -= 1
            depth -= 1
    return max_depth


def _delimiter_of(tag: str, style: str) -> str:
    """Return the delimiter that starts the text of an element that is raised or lowered; empty for others."""
    if style and (match := _RAISED_OR_LOWERED_STYLE.search(style)):
        return _DELIMITERS[match[1].lower()]
    return _DELIMITERS.get(tag, "")


def _is_container(tag: str, attributes: dict[str, str | None]) -> bool:
    """Return whether an element may be the container of the main text, by its tag, id and classes."""
    if tag in {"article", "main"}:
        return True
    if tag not in {"div", "td", "section", "span", "ucapcontent"}:
        return False
    names = f"{attributes.get('id') or ''} {attributes.get('class') or ''}".lower().split()
    return not _CONTAINERS.isdisjoint(names)


def _parse_span(text: str | None) -> int:
    """Return the number of rows or columns that an attribute states, from 1 to 65,534; 1 if it states none."""
    digits = re.match(r"\s*(\d{1,9})", text or "", re.ASCII)
    return min(max(int(digits[1]), 1), 65_534) if digits else 1


def _first_number(attributes: dict[str, str | None]) -> int | None:
    """Return the number of the first item of an ordered list; None if the list is a menu or has its numbers hidden."""
    if _UNNUMBERED_LIST.search(f"{attributes.get('class') or ''} {attributes.get('style') or ''}"):
        return None
    start = attributes.get("start") or "1"
    return int(start) if re.fullmatch(r"[0-9]{1,6}", start) else 1


def _collapse_white_space(text: str) -> str:
    """Collapse white space as a browser does, but remove line ends between characters outside ASCII.

    Invisible characters, and blanks at the start and the end of the text, are removed.
    """
    if _SOFT_BREAK in text:
        text = _SOFT_WRAP.sub("", text).replace(_SOFT_BREAK, " ")
    return clean_characters(_WHITE_SPACE.sub(" ", text)).strip(_BLANK_CHARACTERS)


def _read_hints(tree: LexborHTMLParser, lines: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield the hints of the meta elements, the canonical link and the title, each at most once.

    `lines` are the first lines of the page, with which `_cut_site_name` compares the title.
    """
    hints_read = {""}  # an element that gives no hint has the key ""
    for meta in tree.css("meta[content]"):
        attributes = meta.attributes
        hint = _HINT_NAMES.get((attributes.get("name") or attributes.get("property") or "").lower(), "")
        value = _collapse_white_space(attributes.get("content") or "")
        if hint not in hints_read and value and (hint != "source" or value.startswith(("http://", "https://"))):
            hints_read.add(hint)
            yield hint, value
    canonical = tree.css_first("link[rel=canonical]")
    href = (canonical.attributes.get("href") or "") if canonical is not None else ""
    if "source" not in hints_read and href.startswith(("http://", "https://")):
        yield "source", href
    title = tree.css_first("title")
    if (
        "title" not in hints_read
        and title is not None
        and (text := _collapse_white_space(title.text())[:_MAX_TITLE_LENGTH])
    ):
        yield "title", _cut_site_name(text, lines)


def _cut_site_name(text: str, lines: Sequence[str]) -> str:
    """Cut the names of the site and its sections from a page title.

    The result is the first of the title and its parts that is also a line of the page and has more than
    `_MIN_TITLE_LENGTH` code points. If there is none, the result is the first part.
    """
    parts = [part for part in _TITLE_SEPARATOR.split(text) if part]
    page_lines = {"".join(line.split()) for line in lines}
    for candidate in (text, *parts):
        if "".join(candidate.split()) in page_lines and len(candidate) > _MIN_TITLE_LENGTH:
            return candidate
    return parts[0] if parts else text
