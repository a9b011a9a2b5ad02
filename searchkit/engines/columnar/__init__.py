"""The fast engine: segments of up to 65,536 paragraphs, each one file of mapped arrays, searched with NumPy.

arrays.py      named arrays in a file
postings.py    words: dictionary, ids, frequencies
text.py        characters
bigrams.py     where each pair of characters stands
columns.py     what paragraphs and documents are, as numbers of distinct values
measures.py     what is counted in paragraphs, and which of it is of a unit and a size
building.py    documents to columns
segment.py     columns to a file, and an open file: what a record is
memo.py        caches
merging.py     several segments' columns as one
commit.py      which segments, which of their documents, in what order
writer.py      adding, removing, absorbing, merging
docsets.py     sets of doc ids
straddling.py  where the characters of words stand without being words
matching/      which docs match a node of a query tree
collection.py  all segments as one
scoring.py     BM25F, and the second step
faceting.py    counts, sorting, grouping
selection.py   measures of all segments that answer a request
engine.py      requests to responses
"""
