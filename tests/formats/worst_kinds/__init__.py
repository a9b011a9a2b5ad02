"""Kinds of files that cost a parser, or what comes behind it, as much as can be for their size, for each format."""

from __future__ import annotations

from formats.worst_kinds.archives import ZIP, entries
from formats.worst_kinds.making import Kind, as_utf8
from formats.worst_kinds.office import DOC, DOCX, RTF, XLSX
from formats.worst_kinds.pages import OFD, PDF
from formats.worst_kinds.texts import BYTES, CSV, HTML, JSON_LINES, MARKDOWN, TEXTS, tabbed

from searchkit.corpus.formats import doc


def kinds() -> dict[str, dict[str, Kind]]:
    """Give the kinds of every format; those that LibreOffice has to read only where it is installed."""
    packed = dict(ZIP)
    found = {
        ".txt": {**TEXTS, **BYTES},
        ".md": as_utf8(MARKDOWN),
        ".html": as_utf8(HTML),
        ".csv": as_utf8(CSV),
        ".tsv": as_utf8(tabbed(CSV)),
        ".jsonl": as_utf8(JSON_LINES),
        ".docx": dict(DOCX),
        ".xlsx": dict(XLSX),
        ".pdf": dict(PDF),
        ".ofd": dict(OFD),
        ".zip": packed,
    }
    if doc.converter() is not None:
        packed["Rich Text"] = entries("№.rtf", as_utf8(RTF)["paragraphs"], 300)
        found |= {".rtf": as_utf8(RTF), ".doc": dict(DOC)}
    return found
