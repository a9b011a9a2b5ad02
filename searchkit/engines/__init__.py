"""Engines store an index and evaluate query trees. A doc is one indexed paragraph, a document is one report.

contract.py  the interface of an engine: requests and responses
opening.py   the engines by name
grams.py     finding n-grams in many texts at once
timing.py    time limits of calls
ranking.py   formulas and constants of ranking
columnar/    the default engine: NumPy arrays, memory-mapped
whoosh.py    the reference engine: simple and slow
"""
