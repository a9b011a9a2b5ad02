"""An engine on an OpenSearch cluster. The answers are those of the other engines.

A state of an index is one OpenSearch index, which is not written after its commit. It has an OpenSearch document for
each paragraph, for each document of the corpus, and for each file of the state (several for a large file). The uid of a
paragraph is a number from 1 to 2⁶², a hash of the id of the paragraph.

- `credentials`: secrets of the user
- `cluster`: the connection, names, files and errors
- `multisearch`: the searches of several calls in one request
- `directory`: the manifest and the lock of the writer
- `mapping`: fields, and the documents to index
- `records`: stored content back to records
- `spool`, `writer`: prepared documents on disk, and the new state
- `columns`: documents and measures as columns, in two files that an engine reads once
- `matching`: query trees to queries of OpenSearch
- `ranking`, `faceting`, `lookup`, `engine`: order and scores, counts, measures, requests to responses
"""
