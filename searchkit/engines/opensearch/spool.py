"""The spool: a file with documents that are prepared for OpenSearch, in the order in which they were added.

Workers write spools, so that the analysis runs in parallel and a failed task leaves nothing on the cluster.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO

import msgspec

from searchkit.engines.opensearch.mapping import document_docs
from searchkit.model import Document, ExtractedMeasure, Paragraph, Table
from searchkit.text.analyzer import Analyzer

SPOOL_FILE = "spool.jsonl"
"""File of the prepared documents. Each OpenSearch document has two lines in JSON. The first is a list: name of the
corpus file, position in the spool, id of the document. The second is the content of the document."""


class Spool:
    """Writes prepared documents to a file."""

    def __init__(self, path: Path, analyzer: Analyzer) -> None:
        self.path = path
        self._analyzer = analyzer
        self._handle: IO[bytes] | None = None
        self._documents = 0

    def add(
        self,
        document: Document,
        paragraphs: Sequence[Paragraph],
        measures: Sequence[Sequence[ExtractedMeasure]],
        file: str,
        tables: Sequence[Table],
        keys: Sequence[int],
    ) -> None:
        """Append the OpenSearch documents of a corpus document (`mapping.document_docs`)."""
        if self._handle is None:
            self._handle = self.path.open("wb")
        self._documents += 1
        docs = document_docs(document, paragraphs, measures, tables, keys, self._analyzer)
        lines = []
        for number, (doc_id, content) in enumerate(docs):
            header = [file, f"{self._documents:08d}{number:08d}", doc_id]
            lines += [msgspec.json.encode(header), msgspec.json.encode(content)]
        self._handle.write(b"\n".join(lines) + b"\n")

    def close(self) -> None:
        """Finish the file, which then exists even if nothing was added."""
        if self._handle is None:
            self._handle = self.path.open("wb")
        self._handle.close()


def read_spool(path: Path, number: int) -> Iterator[bytes]:
    """Yield the two lines of a bulk request for each document of a spool.

    `number`: position of the spool among the spools of a build. The documents of one corpus file are in the order of
    these numbers, and within a spool in the order in which they were added.
    """
    with path.open("rb") as handle:
        for header, content in zip(handle, handle, strict=True):
            file, position, doc_id = json.loads(header)
            place = {"file": file, "order": f"{file}\0{number:06d}{position}"}
            action = json.dumps({"index": {"_id": doc_id}})
            # The second line is one JSON object, with the members of `place` and of `content`.
            yield action.encode() + b"\n" + json.dumps(place).encode()[:-1] + b"," + content[1:]
