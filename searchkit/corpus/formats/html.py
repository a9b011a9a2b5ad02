"""HTML: block elements in reading order, their emphasis, the main text where it can be told, and what the head says."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from selectolax.lexbor import LexborHTMLParser, LexborNode, SelectolaxError

from searchkit.corpus.blocks import Block, RawDocument
from searchkit.corpus.formats.pagefacts import FACT, MAX_FACTS_LENGTH, as_lines, stated_after
from searchkit.corpus.formats.registry import FileContents
from searchkit.corpus.formats.rows import TableRow
from searchkit.corpus.formats.text import decode, tidy
from searchkit.errors import ReadError
from searchkit.text.characters import visible

_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_BLOCK = frozenset({
    "address", "article", "blockquote", "body", "center", "dd", "details", "div", "dl", "dt", "fieldset",
    "figcaption", "measure", "form", "header", "hgroup", "hr", "li", "main", "menu", "ol", "p", "pre", "section",
    "summary", "table", "tbody", "tfoot", "thead", "tr", "ul",
}).union(_HEADINGS)  # fmt: skip
_DROPPED = frozenset({
    "aside", "audio", "button", "canvas", "dialog", "embed", "footer", "head", "iframe", "img", "input", "map",
    "math", "nav", "noscript", "object", "option", "script", "select", "style", "svg", "template", "textarea",
    "video",
})  # fmt: skip
_MAX_DEPTH = 5_000
"""The parser's cost grows with the square of the depth: at this depth it is a tenth of a second."""
_MAX_ATTRIBUTES = 1_000
"""The parser compares each attribute with all others of its element."""
_LONG_TAG = re.compile(r"<[a-zA-Z][^<>]{2000,}")
_QUOTED = re.compile("\"[^\"]*\"|'[^']*'")
_TAGS_TO_COUNT = 20_000
"""With fewer, the depth need not be known."""
_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9-]*)")
_NOT_NESTED = frozenset({
    "area", "base", "br", "col", "dd", "dt", "embed", "hr", "img", "input", "li", "link", "meta", "option", "p",
    "param", "source", "tbody", "td", "tfoot", "th", "thead", "tr", "track", "wbr",
})  # fmt: skip
"""Elements that have no end, or end by themselves where the next one begins."""
_STRONG = frozenset({"b", "strong"})
_BOLD_STYLE = re.compile(r"font-weight\s*:\s*(?:bold|[6-9]00)", re.IGNORECASE)
_HIDDEN_STYLE = re.compile(r"display\s*:\s*none", re.IGNORECASE)
_UNNUMBERED_LIST = re.compile(
    r"breadcrumb|carousel|crumb|indicator|menu|nav|page|tab|list-style(-type)?\s*:\s*none", re.IGNORECASE
)
_STARTS_NUMBERED = re.compile(r"\s*[（(]?[\d一二三四五六七八九十]+[)）、.．]")

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
"""Ids and classes, in lower case, that the content systems of government sites give to the text of a page."""
_MAIN_SHARE = 0.9
"""A container is the main text if it holds at least this share of the prose: the lines with 。 or ；."""
_MAX_FORM_LENGTH = 300
"""Code points. A form with more text than a search box holds content."""
_BLANKS = " \t\n\xa0\u3000"
_SOFT = "\x00"
"""A line end in the source that is not a line break on the page."""
_SOFT_WRAP = re.compile(r"(?<=[^\x00-\x7f])[ \t]*\x00[ \t\x00]*(?=[^\x00-\x7f])")
_WHITE = re.compile(r"[ \t\n]+")
_MIN_TITLE_LENGTH, _MAX_TITLE_LENGTH = 5, 500
_TITLE_CUT = re.compile(r"\s*[_|｜]\s*|\s+[-–—]+\s*|\s*[-–—]+\s+|(?<!\d)[-–—]{1,2}(?!\d)")

_CHARSET = re.compile(
    rb"<meta\b[^>]{0,200}?charset\s{0,9}=\s{0,9}[\"']?\s{0,9}([a-zA-Z0-9_-]+)"
    rb"|<\?xml\b[^>]{0,100}?encoding\s{0,9}=\s{0,9}[\"']([a-zA-Z0-9_-]+)",
    re.IGNORECASE,
)
_HEAD = 8_192
"""Bytes in which a page says what encoding it is in."""
_SAVED = re.compile(r"<!--\s*(?:saved from url=\(\d+\)|Page saved with SingleFile\s+url:)\s*(https?://\S+)")
"""The remark in which browsers note where a page was saved from."""
_HINTS = {
    "articletitle": "title", "og:title": "title", "dc.title": "title",
    "pubdate": "published", "publishdate": "published", "article:published_time": "published", "dc.date": "published",
    "firstpublishedtime": "published", "contentsource": "issuer", "source": "issuer", "dc.publisher": "issuer",
    "author": "issuer", "og:url": "source", "url": "source", "sitename": "site", "og:site_name": "site",
    "columnname": "column",
}  # fmt: skip
"""Name of a meta element, in lower case, to the hint it gives; the first that says something counts."""


def read(data: bytes, name: str) -> FileContents:  # noqa: ARG001 - every reader has this signature
    """Read a saved web page. Scripts, menus, forms' controls and hidden parts are dropped.

    Hints: `title`, `published`, `issuer`, `source` (a URL), `site` and `column` (section of the site), as the
    head gives them. Facts around the text (索引号, 文号, 发布日期 …) come as lines `label：value`. The encoding that
    the page states counts where its bytes leave doubt. Raises ReadError if the bytes are not text.
    """
    declared = _CHARSET.search(data[:_HEAD])
    decoded = decode(data, declared[declared.lastindex or 1].decode("ascii") if declared else "")
    text = tidy(decoded.text)
    tree = _parsed(text)
    if tree.body is None:
        return FileContents((RawDocument(()),), warnings=decoded.warnings)
    page = _Page()
    page.walk(tree.body)
    blocks = page.main_blocks()
    hints = dict(_hints(tree, [block.text for block in page.blocks[:200]]))
    if "source" not in hints and (saved := _SAVED.search(text[:_HEAD])):
        hints["source"] = saved[1].removesuffix("-->")
    return FileContents((RawDocument(blocks, hints=hints),), warnings=decoded.warnings)


def fragment(markup: str) -> tuple[Block, ...]:
    """Give the blocks of a piece of HTML, such as a table in Markdown. Raises ReadError if it is nested too deep."""
    body = _parsed(markup).body
    if body is None:
        return ()
    page = _Page()
    page.walk(body)
    return tuple(page.blocks)


@dataclass(slots=True)
class _Span:
    """Which blocks a container holds: start inclusive, end exclusive; and how much prose, in code points."""

    start: int
    end: int
    prose: int


@dataclass(frozen=True, slots=True)
class _Element:
    """An element that has been entered, with what leaving it must undo."""

    tag: str
    strong: bool
    span: _Span | None


class _Page:
    """Walks a tree once, without recursion: a page may be nested deeper than Python's stack."""

    def __init__(self) -> None:
        self.blocks: list[Block] = []
        self._spans: list[_Span] = []
        self._prose = 0
        self._open: list[_Element] = []
        self._line: list[tuple[str, bool]] = []
        self._marker = ""
        self._level = 0
        self._strong = 0
        self._pre = 0
        self._lists: list[int | None] = []
        self._rows: list[TableRow] = []

    def main_blocks(self) -> tuple[Block, ...]:
        """Give the blocks of the main text, led by the lines around it that state facts; else all blocks."""
        large = [span for span in self._spans if span.prose and span.prose >= _MAIN_SHARE * self._prose]
        if not large:
            return tuple(as_lines(self.blocks))
        main = min(large, key=lambda span: (span.end - span.start, span.start))
        before = as_lines(self.blocks[: main.start])
        text = as_lines(self.blocks[main.start : main.end])
        after = stated_after(as_lines(self.blocks[main.end :]), (*before, *text))
        facts = (block for block in before if block.level in {1, 2} or FACT.search(block.text[:MAX_FACTS_LENGTH]))
        return (*facts, *after, *text)

    def walk(self, root: LexborNode) -> None:
        """Read `root` and everything below it."""
        end = root.mem_id
        node: LexborNode | None = root
        while node is not None:
            entered = self._enter(node)
            child = node.first_child if entered else None
            if child is not None:
                node = child
                continue
            if entered:
                self._leave()
            while node is not None and node.mem_id != end and node.next is None:
                node = node.parent
                self._leave()
            node = None if node is None or node.mem_id == end else node.next

    def _enter(self, node: LexborNode) -> bool:
        """Take in a node; True if it is an element whose children are to be read."""
        if node.is_text_node:
            self._text(node.text_content or "")
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
        if tag in _BLOCK:
            self._flush()
        self._structure(tag, attributes)
        strong = tag in _STRONG or bool(style and _BOLD_STYLE.search(style))
        self._strong += strong
        span = _Span(len(self.blocks), 0, -self._prose) if _is_container(tag, attributes) else None
        self._open.append(_Element(tag, strong, span))
        return True

    def _is_dropped(self, node: LexborNode, tag: str) -> bool:
        if tag == "form":  # some sites wrap the whole page in one
            return len(node.text()) < _MAX_FORM_LENGTH
        # The head of an article holds its title; the head of a page holds the menu.
        return tag in _DROPPED and not (tag == "header" and any(e.tag in {"article", "main"} for e in self._open[-8:]))

    def _structure(self, tag: str, attributes: dict[str, str | None]) -> None:
        if tag in _HEADINGS:
            self._level = _HEADINGS[tag]
        elif tag == "pre":
            self._pre += 1
        elif tag in {"ul", "ol"}:
            self._lists.append(_first_number(attributes) if tag == "ol" else None)
        elif tag == "li":
            self._item()
        elif tag == "table" and self._rows:
            self._rows[-1].holds_table = True
        elif tag == "tr":
            self._rows.append(TableRow(len(self.blocks)))
        elif tag in {"td", "th"}:
            self._flush()
            if self._rows:
                self._rows[-1].cells.append(len(self.blocks))

    def _item(self) -> None:
        number = self._lists[-1] if self._lists else None
        if number is not None:
            self._marker = f"{number}. "
            self._lists[-1] = number + 1

    def _leave(self) -> None:
        element = self._open.pop()
        tag = element.tag
        if tag in _BLOCK or tag in {"td", "th"}:
            self._flush()
        self._strong -= element.strong
        if element.span is not None:
            element.span.end = len(self.blocks)
            element.span.prose += self._prose
            self._spans.append(element.span)
        if tag in _HEADINGS:
            self._level = 0
        elif tag == "pre":
            self._pre -= 1
        elif tag in {"ul", "ol"}:
            self._lists.pop()
        elif tag == "li":
            self._marker = ""
        elif tag == "tr":
            self._rows.pop().join(self.blocks)

    def _text(self, text: str) -> None:
        if not self._pre:
            self._line.append((text.replace("\n", _SOFT), self._strong > 0))
            return
        for n, line in enumerate(text.split("\n")):
            if n:
                self._line.append(("\n", False))
            self._line.append((line, self._strong > 0))

    def _flush(self) -> None:
        """End the line that is being gathered and turn it into blocks, one for each `br`."""
        if not self._line:
            return
        parts, self._line = self._line, []
        start = 0
        for n in [n for n, (text, _) in enumerate(parts) if text == "\n"] + [len(parts)]:
            self._add(parts[start:n])
            start = n + 1

    def _add(self, parts: Sequence[tuple[str, bool]]) -> None:
        text = _squeeze("".join(text for text, _ in parts))
        if not text:
            return
        if self._marker:
            text = text if _STARTS_NUMBERED.match(text) else self._marker + text
            self._marker = ""
        strong = all(strong for part, strong in parts if part.strip(_BLANKS))
        self.blocks.append(Block(text, level=self._level, strong=strong))
        if "。" in text or "；" in text:
            self._prose += len(text)


def _parsed(text: str) -> LexborHTMLParser:
    """Parse HTML. Raises ReadError if it is nested too deeply or an element has too many attributes, MemoryError."""
    for tag in _LONG_TAG.finditer(text):
        if len(_QUOTED.sub("", tag[0]).split()) > _MAX_ATTRIBUTES:
            raise ReadError(f"an element has more than {_MAX_ATTRIBUTES} attributes: not what a browser saved")
    if text.count("<") > _TAGS_TO_COUNT and _depth(text) > _MAX_DEPTH:
        raise ReadError(f"elements are nested deeper than {_MAX_DEPTH}: not what a browser saved")
    try:
        return LexborHTMLParser(text)
    except SelectolaxError as error:  # any text is HTML: what the parser does not get is memory
        raise MemoryError from error


def _depth(text: str) -> int:
    """Tell how deep elements are nested at most; more rather than less where ends are missing."""
    depth = deepest = 0
    for match in _TAG.finditer(text):
        if match[2].lower() not in _NOT_NESTED:
            depth = max(0, depth - 1) if match[1] else depth + 1
            deepest = max(deepest, depth)
    return deepest


def _is_container(tag: str, attributes: dict[str, str | None]) -> bool:
    if tag in {"article", "main"}:
        return True
    if tag not in {"div", "td", "section", "span", "ucapcontent"}:
        return False
    names = f"{attributes.get('id') or ''} {attributes.get('class') or ''}".lower().split()
    return not _CONTAINERS.isdisjoint(names)


def _first_number(attributes: dict[str, str | None]) -> int | None:
    """Where the browser starts to number a list, None if it prints no numbers."""
    if _UNNUMBERED_LIST.search(f"{attributes.get('class') or ''} {attributes.get('style') or ''}"):
        return None
    start = attributes.get("start") or "1"
    return int(start) if re.fullmatch(r"[0-9]{1,6}", start) else 1


def _squeeze(text: str) -> str:
    """Collapse white space as a browser does, but let a line end between Chinese characters leave no blank."""
    if _SOFT in text:
        text = _SOFT_WRAP.sub("", text).replace(_SOFT, " ")
    return visible(_WHITE.sub(" ", text)).strip(_BLANKS)


def _hints(tree: LexborHTMLParser, lines: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Give what the head states, each hint once."""
    seen = {""}
    for meta in tree.css("meta[content]"):
        attributes = meta.attributes
        hint = _HINTS.get((attributes.get("name") or attributes.get("property") or "").lower(), "")
        value = _squeeze(attributes.get("content") or "")
        if hint not in seen and value and (hint != "source" or value.startswith(("http://", "https://"))):
            seen.add(hint)
            yield hint, value
    canonical = tree.css_first("link[rel=canonical]")
    href = (canonical.attributes.get("href") or "") if canonical is not None else ""
    if "source" not in seen and href.startswith(("http://", "https://")):
        yield "source", href
    title = tree.css_first("title")
    if "title" not in seen and title is not None and (text := _squeeze(title.text())[:_MAX_TITLE_LENGTH]):
        yield "title", _own_title(text, lines)


def _own_title(text: str, lines: Sequence[str]) -> str:
    """Cut the names of the site and its sections from a page title: the part that the page shows, else the first."""
    parts = [part for part in _TITLE_CUT.split(text) if part]
    shown = {"".join(line.split()) for line in lines}
    for whole in (text, *parts):
        if "".join(whole.split()) in shown and len(whole) > _MIN_TITLE_LENGTH:
            return whole
    return parts[0] if parts else text
