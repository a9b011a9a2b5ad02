"""The way out: an opened index that answers queries.

snapshot.py  an index as it was committed
options.py   what callers ask for besides the query
results.py   hits and results
lookup.py    measures that answer a query, ranked
snippets.py  what of a paragraph is shown, and where it matches
"""
