"""Engines store an index and evaluate query trees. A doc is one indexed paragraph, a document is one report.

contract.py    the interface of an engine: requests and responses
directory.py   where the states of an index are: manifest, files beside the engine's, write lock
locking.py     lets one process write to an index folder at a time
opening.py     the engines by name
grams.py       finding n-grams in many texts at once
indicators.py  finding strings and n-grams in the indicators of all measures at once
timing.py      time limits of calls
sharing.py     what the requests of one call match, once for all of them
ranking.py     formulas and constants of ranking
columnar/      the default engine: NumPy arrays, memory-mapped
opensearch/    the same answers from a cluster, for those who outgrow one machine
whoosh.py      the reference engine: simple and slow
"""
