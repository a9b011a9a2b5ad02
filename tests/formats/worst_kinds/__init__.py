"""For each format, kinds of files that cost its parser, or a later stage, as much as possible for their size."""

from __future__ import annotations

from formats.worst_kinds.archives import ZIP, archive_of_entries
from formats.worst_kinds.making import FileKind, encode_texts
from formats.worst_kinds.office import DOC, DOCX, RTF, XLSX
from formats.worst_kinds.pages import OFD, PDF
from formats.worst_kinds.texts import BYTES, CSV, HTML, JSON_LINES, MARKDOWN, TEXTS, with_tabs

from searchkit.corpus.formats import doc


def kinds() -> dict[str, dict[str, FileKind]]:
    """Return the kinds of every format. Those that need LibreOffice are included only if it is installed."""
    zip_kinds = dict(ZIP)
    kinds_by_suffix = {
        ".txt": {**TEXTS, **BYTES},
        ".md": encode_texts(MARKDOWN),
        ".html": encode_texts(HTML),
        ".csv": encode_texts(CSV),
        ".tsv": encode_texts(with_tabs(CSV)),
        ".jsonl": encode_texts(JSON_LINES),
        ".docx": dict(DOCX),
        ".xlsx": dict(XLSX),
        ".pdf": dict(PDF),
        ".ofd": dict(OFD),
        ".zip": zip_kinds,
    }
    if doc.find_libreoffice() is not None:
        # The names of the entries are "№.rtf", with № replaced by the number of the entry.
        zip_kinds["Rich Text"] = archive_of_entries("№.rtf", encode_texts(RTF)["paragraphs"], 300)
        kinds_by_suffix |= {".rtf": encode_texts(RTF), ".doc": dict(DOC)}
    return kinds_by_suffix
