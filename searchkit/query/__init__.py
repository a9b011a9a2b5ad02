"""The text of a query to a tree.

parsing.py  query text to tree
grammar.py  operators: `whoosh.qparser` with our plug-ins
reading.py  what stands between them: runs, strings, filters
tree.py     the tree
facets.py   values, counts and order of facets
filters.py  filters of names and values
"""
