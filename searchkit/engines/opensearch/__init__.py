"""An engine on an OpenSearch cluster. The answers are those of the other engines.

A state of an index is one frozen OpenSearch index: a document per paragraph, per corpus document, and per file.

- `credentials`: secrets of the user
- `cluster`: the connection, names, files and errors
- `multisearch`: the searches of several calls in one request
- `directory`: the manifest and the lock of the writer
- `mapping`: fields, and the documents to index
- `records`: stored content back to records
- `spool`, `writer`: prepared documents on disk, and the new state
- `columns`: documents and measures as columns, which a process reads once
- `matching`: query trees to queries of OpenSearch
- `ranking`, `faceting`, `lookup`, `engine`: order and scores, counts, measures, requests to responses
"""
