"""The default engine: segments of up to 65,535 docs, each a file of memory-mapped arrays, searched with NumPy.

A paragraph is a doc. Its doc id is its number, from 0, in a segment or in the index. A report or a record is a
document.

arrays.py             named arrays in a file
columns.py            dictionary-encoded columns, and the content of a segment in memory
postings.py           term dictionary and postings with frequencies
text.py               the text, as codes of an alphabet
bigrams.py            offsets of each pair of adjacent characters
cross_word.py         docs that contain the characters of a term, but not the term
measures.py           measures as columns
cells.py              cells of the measures that are in tables
tables.py             tables, packed
building.py           builds the columns of a segment from documents
merging.py            merges the columns of several segments
segment.py            writing and reading a segment
commit.py             segments, live documents and corpus order of an index
writer.py             adding and deleting documents, merging segments
cache.py              cache of computed values
docsets.py            sets of doc ids
matching/             docs that match a node of a query tree
reader.py             all segments of an index as one
scoring.py            BM25F, and rescoring of the best docs
faceting.py           counting facet values, sorting by them, grouping docs
measure_collector.py  the measures that match a request
engine.py             requests to responses
"""
