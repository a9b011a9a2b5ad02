"""Writes a new state of an index to the cluster: clones the base, if any, removes and adds documents, joins columns.

The base is the state that the build updates. The columns are the data of all documents and measures as arrays, in two
files of the state (`columns`).

The id of an OpenSearch document is made from the id of its paragraph or document, or from the name of its file. So a
request can be repeated without duplicates.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from pathlib import Path

from searchkit.engines.contract import decoding
from searchkit.engines.opensearch.cluster import EXISTS, Cluster, attempts
from searchkit.engines.opensearch.columns import DOCUMENTS_FILE, MEASURES_FILE, join_rows, pack, unpack_row
from searchkit.engines.opensearch.mapping import index_body
from searchkit.engines.opensearch.spool import SPOOL_FILE, Spool, read_spool
from searchkit.errors import IndexDamaged, IndexUnusable
from searchkit.model import Document, ExtractedMeasure, Paragraph, Table
from searchkit.text.analyzer import Analyzer

_BULK_BYTES = 4 << 20
"""Approximate maximum size of a bulk request in bytes."""
_BULK_THREADS = 3
"""Maximum number of bulk requests that are sent at a time."""


_CLONE_SECONDS = 50
"""Seconds that the clone of a state may take to be ready. The clone shares its files with the original."""


class OpenSearchWriter:
    """Collects prepared documents on disk, and sends them to the cluster when it commits.

    A file of prepared documents is a spool (`spool`). The writer of a worker writes a part, which is only a spool. A
    writer writes a part if the parent of its folder has no `cluster.json`.
    """

    def __init__(self, folder: Path, analyzer: Analyzer, base: Path | None) -> None:
        self._folder = folder
        self._analyzer = analyzer
        self._base = base
        self._cluster = Cluster.read(folder.parent)
        self._removed: set[str] = set()
        self._spools = [Spool(folder / SPOOL_FILE, analyzer)]
        self._paths: list[Path] = []
        """Complete spools, in the order in which they were added."""

    def add(
        self,
        document: Document,
        paragraphs: Sequence[Paragraph],
        measures: Sequence[Sequence[ExtractedMeasure]],
        file: str,
        tables: Sequence[Table] = (),
        keys: Sequence[int] = (),
    ) -> None:
        """Add a document with its paragraphs, the measures and the near-duplicate key of each of them, and its tables.

        `file`: name of the corpus file that the document was read from.
        """
        self._spools[-1].add(document, paragraphs, measures, file, tables, keys)

    def remove(self, files: Collection[str]) -> None:
        """Drop the documents of these files that come from the base index. Added documents stay."""
        self._removed.update(files)

    def add_index(self, folder: Path) -> None:
        """Add the documents of a part."""
        path = folder / SPOOL_FILE
        if not path.is_file():
            raise IndexDamaged(f"{path}: missing")
        self._close_spool()
        self._paths.append(path)
        self._spools.append(Spool(self._folder / f"{len(self._spools)}-{SPOOL_FILE}", self._analyzer))

    def commit(self) -> None:
        """Finish the spool and, unless this is a part, write the new state to the cluster.

        The state stays writable, because `ClusterDirectory.commit` adds the files of the build.
        """
        self._close_spool()
        if self._cluster is not None:
            _Publication(self._cluster, self._folder.name).run(
                self._base.name if self._base else None, self._removed, self._paths, self._analyzer.fingerprint
            )

    def rollback(self) -> None:
        """Write nothing more. The folder can be removed."""
        self._spools[-1].close()

    def _close_spool(self) -> None:
        self._spools[-1].close()
        self._paths.append(self._spools[-1].path)


class _Publication:
    """Creates one new state on the cluster."""

    def __init__(self, cluster: Cluster, data: str) -> None:
        self._cluster = cluster
        self._data = data
        self._name = cluster.data_index(data)

    def run(self, base: str | None, removed: set[str], spools: Sequence[Path], fingerprint: str) -> None:
        """Create the state. Raises IndexUnusable if a request fails, or if the number of documents stays wrong.

        `base`: name of the state to clone. `removed`: corpus files whose documents in the base are dropped. `spools`:
        files of added documents. `fingerprint`: that of the analyzer.
        """
        kept = self._clone(base) if base else 0
        if not base:
            body = index_body(fingerprint, self._cluster.shards)
            self._cluster.call("PUT", f"/{self._name}", body, accept={EXISTS})
        kept -= self._delete(removed) if base else 0
        sent = self._send(chunk for number, path in enumerate(spools) for chunk in _join(read_spool(path, number)))
        actual = described = 0
        # A node that was cut off returns old documents until it notices that it was cut off.
        for _ in attempts():
            self._cluster.call("POST", f"/{self._name}/_refresh")
            actual, described = self._count(), self._write_columns()
            if actual == described == kept + sent:
                return
        raise IndexUnusable(
            f"{self._cluster.url} ({self._cluster.name}): {kept + sent} documents were sent, it holds {actual} and "
            f"describes {described}; build again"
        )

    def _clone(self, base: str) -> int:
        """Create the state as a clone of the state `base`. Returns the number of its documents (`_count`)."""
        body = {"settings": {"index.blocks.write": None, "index.auto_expand_replicas": "0-1"}}
        source = self._cluster.data_index(base)
        self._cluster.call("PUT", f"/{source}/_block/write")  # a state that is not frozen cannot be cloned
        self._cluster.call("PUT", f"/{source}/_clone/{self._name}", body, accept={EXISTS})
        self._cluster.call("GET", f"/_cluster/health/{self._name}?timeout={_CLONE_SECONDS}s&wait_for_status=yellow")
        return self._count()

    def _count(self) -> int:
        """Return the number of OpenSearch documents of paragraphs and of corpus documents.

        OpenSearch documents that hold a file of the state do not count.
        """
        query = {"terms": {"kind": ["paragraph", "document"]}}
        return int(self._cluster.call("POST", f"/{self._name}/_count", {"query": query})["count"])

    def _delete(self, files: set[str]) -> int:
        """Delete the documents of files of the corpus, and all files of the state.

        Returns the number of deleted documents, as `_count` counts them.
        """
        names = sorted(files)
        query = {
            "bool": {
                "should": [{"terms": {"file": names}}, {"term": {"kind": "file"}}],
                "minimum_should_match": 1,
            }
        }
        ids = [hit["_id"] for hit in self._cluster.scan(self._data, query, source=False, size=10_000)]
        self._send(_join(json.dumps({"delete": {"_id": doc_id}}).encode() + b"\n" for doc_id in ids))
        return sum(not doc_id.startswith("file-") for doc_id in ids)

    def _send(self, chunks: Iterable[tuple[int, bytes]]) -> int:
        """Send bulk requests, up to `_BULK_THREADS` at a time. Returns the number of documents in them."""
        total = 0
        pending: set[Future[None]] = set()
        with ThreadPoolExecutor(_BULK_THREADS) as threads:
            for count, lines in chunks:
                total += count
                if len(pending) >= _BULK_THREADS:
                    done, pending = wait(pending, return_when=FIRST_COMPLETED)
                    for future in done:
                        future.result()
                pending.add(threads.submit(self._cluster.bulk, self._data, lines))
            for future in pending:
                future.result()
        return total

    def _write_columns(self) -> int:
        """Join the columns of all documents that the cluster holds, and store them as two files.

        Returns the number of OpenSearch documents that the columns describe: those of paragraphs and of documents.
        """
        with decoding(Path(self._name)):
            hits = self._cluster.scan(self._data, {"term": {"kind": "document"}}, source=["columns"], size=200)
            documents, measures = join_rows(unpack_row(hit["_source"]["columns"]) for hit in hits)
        counts = self._cluster.call("GET", f"/{self._name}/_stats/docs")["_all"]["total"]["docs"]
        documents.deleted = counts["deleted"]  # the sum over all copies of the shards: an upper bound for each
        self._cluster.put_file(self._data, DOCUMENTS_FILE, pack(documents))
        self._cluster.put_file(self._data, MEASURES_FILE, pack(measures))
        return documents.paragraphs + len(documents.records)


def _join(parts: Iterable[bytes]) -> Iterator[tuple[int, bytes]]:
    """Join parts, each the lines of a bulk request for one document, to bulk requests of about `_BULK_BYTES` bytes.

    Yields the number of parts and the content of each request.
    """
    batch: list[bytes] = []
    size = 0
    for part in parts:
        batch.append(part)
        size += len(part)
        if size >= _BULK_BYTES:
            yield len(batch), b"".join(batch)
            batch, size = [], 0
    if batch:
        yield len(batch), b"".join(batch)
