"""Builds Word documents for tests from XML, so that tests show the input of the reader."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from searchkit.corpus.blocks import Block
from searchkit.corpus.formats import doc, docx
from searchkit.processes import run_program

MAIN = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
STRICT = "http://purl.oclc.org/ooxml/wordprocessingml/main"
"""Namespaces of the usual variant of the format, which these functions write, and of its strict variant."""
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_CORE = "http://schemas.openxmlformats.org/package/2006/relationships/metadata/core-properties"
_RELATIONS = "http://schemas.openxmlformats.org/package/2006/relationships"
_NAMESPACES = (
    f'xmlns:w="{MAIN}" xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006" '
    'xmlns:v="urn:schemas-microsoft-com:vml" xmlns:r="' + _OFFICE + '" '
    'xmlns:m="http://schemas.openxmlformats.org/officeDocument/2006/math"'
)
_TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml"


def run(text: str, properties: str = "") -> str:
    """Return a run of text. `properties`: elements of its `rPr`, such as `<w:b/>`."""
    text = text.replace("&", "&amp;").replace("<", "&lt;")
    return f'<w:r><w:rPr>{properties}</w:rPr><w:t xml:space="preserve">{text}</w:t></w:r>'


def paragraph(content: str = "", properties: str = "") -> str:
    """Return a paragraph of runs. Text without markup becomes a run. `properties`: elements of its `pPr`."""
    content = content if content.startswith("<w:") or not content else run(content)
    return f"<w:p><w:pPr>{properties}</w:pPr>{content}</w:p>"


def item(text: str, level: int = 0, number: int = 1) -> str:
    """Return a paragraph of list `number` at a level, from 0."""
    return paragraph(text, f'<w:numPr><w:ilvl w:val="{level}"/><w:numId w:val="{number}"/></w:numPr>')


def level(n: int, style: str, pattern: str, more: str = "") -> str:
    """Return level `n`, from 0, of a list definition. Its numbers begin with 1. `more`: elements after `numFmt`."""
    format_elements = f'<w:start w:val="1"/><w:numFmt w:val="{style}"/>'
    return f'<w:lvl w:ilvl="{n}">{format_elements}{more}<w:lvlText w:val="{pattern}"/></w:lvl>'


def definition(n: int, *levels: str) -> str:
    """Return a list definition with the id `n`."""
    return (
        f'<w:abstractNum w:abstractNumId="{n}"><w:multiLevelType w:val="multilevel"/>{"".join(levels)}</w:abstractNum>'
    )


def list_instance(number: int, n: int, overrides: str = "") -> str:
    """Return list `number` with definition `n`. `overrides`: `lvlOverride` elements."""
    return f'<w:num w:numId="{number}"><w:abstractNumId w:val="{n}"/>{overrides}</w:num>'


def row(*cells: str) -> str:
    """Return a table row. A cell without markup becomes a paragraph."""
    filled = (cell if cell.startswith("<") else paragraph(cell) for cell in cells)
    return f"<w:tr>{''.join(f'<w:tc>{cell}</w:tc>' for cell in filled)}</w:tr>"


def document(body: str, parts: Mapping[str, str] | None = None, *, title: str = "") -> bytes:
    """Return a .docx file.

    `parts`: contents of the root elements of other parts, by name: styles, numbering, footnotes, endnotes. `title`:
    title in the document properties; none if it is empty.
    """
    files = {"word/document.xml": _root("document", f"<w:body>{body}</w:body>")}
    overrides = [_override("document.main", "document")]
    relations = ""
    for kind, content in (parts or {}).items():
        files[f"word/{kind}.xml"] = _root(kind, content)
        overrides.append(_override(kind, kind))
        relations += f'<Relationship Id="r{kind}" Type="{_OFFICE}/{kind}" Target="{kind}.xml"/>'
    top = f'<Relationship Id="r1" Type="{_OFFICE}/officeDocument" Target="word/document.xml"/>'
    if title:
        files["docProps/core.xml"] = f'<a xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>{title}</dc:title></a>'
        top += f'<Relationship Id="r2" Type="{_CORE}" Target="docProps/core.xml"/>'
    files["_rels/.rels"] = f'<Relationships xmlns="{_RELATIONS}">{top}</Relationships>'
    files["word/_rels/document.xml.rels"] = f'<Relationships xmlns="{_RELATIONS}">{relations}</Relationships>'
    files["[Content_Types].xml"] = (
        '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Default Extension="xml" ContentType="application/xml"/>{"".join(overrides)}</Types>'
    )
    return pack_zip(files)


def blocks(body: str, **parts: str) -> list[Block]:
    """Return the blocks of a document with this body."""
    (raw_document,) = docx.read(document(body, parts), "a.docx").documents
    return list(raw_document.blocks)


def texts(body: str, **parts: str) -> list[str]:
    """Return the texts of the blocks of a document with this body."""
    return [block.text for block in blocks(body, **parts)]


def style(name: str, content: str, *, kind: str = "paragraph", is_default: bool = False) -> str:
    """Return a style whose id is its name. `content`: elements after the name."""
    return (
        f'<w:style w:type="{kind}" w:styleId="{name}" w:default="{int(is_default)}"><w:name w:val="{name}"/>'
        f"{content}</w:style>"
    )


def styled_paragraph(text: str, name: str) -> str:
    """Return a paragraph with a style."""
    return paragraph(text, f'<w:pStyle w:val="{name}"/>')


def pack_zip(files: Mapping[str, str | bytes]) -> bytes:
    """Pack files into a zip archive."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def convert_document(data: bytes, suffix: str, target: str, folder: Path) -> bytes:
    """Convert a document with LibreOffice. `target`: argument of its option --convert-to."""
    return convert_documents([data], suffix, target, folder)[0]


def convert_documents(documents: Sequence[bytes], suffix: str, target: str, folder: Path) -> list[bytes]:
    """Convert several documents with LibreOffice. It is started only once, because starting it takes a second."""
    program = doc.find_libreoffice()
    assert program is not None
    sources = [folder / f"source-{n}{suffix}" for n in range(len(documents))]
    for source, data in zip(sources, documents, strict=True):
        source.write_bytes(data)
    profile = (folder / "profile").as_uri()
    options = ["--headless", "--convert-to", target, "--outdir", str(folder / "out"), *map(str, sources)]
    run_program([program, f"-env:UserInstallation={profile}", *options], folder)
    ending = target.partition(":")[0]
    return [(folder / "out" / f"{source.stem}.{ending}").read_bytes() for source in sources]


def _root(name: str, content: str) -> str:
    """Return a part whose root element has this name and content."""
    return f'<?xml version="1.0" encoding="UTF-8" standalone="yes"?><w:{name} {_NAMESPACES}>{content}</w:{name}>'


def _override(kind: str, part: str) -> str:
    """Return the content type of a part, for `[Content_Types].xml`."""
    return f'<Override PartName="/word/{part}.xml" ContentType="{_TYPE}.{kind}+xml"/>'


OUTLINE = (
    level(0, "chineseCountingThousand", "%1、", '<w:suff w:val="nothing"/>'),
    level(1, "chineseCounting", "（%2）"),
    level(2, "decimal", "%3."),
    level(3, "decimalEnclosedCircle", "%4"),
)
"""Levels of a list definition, numbered like the headings of a Chinese report: 一、 （一） 1. ①."""
