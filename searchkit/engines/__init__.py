"""Engines store an index and evaluate query trees. A doc is a paragraph, a document a report or a record.

contract.py    the interface of an engine: requests and responses
directory.py   the committed states of an index: manifest, files beside those of the engine, write lock
locking.py     lets one process write to an index folder at a time
opening.py     the engines by name
grams.py       finding characters and bigrams in many texts at once
indicators.py  finding strings and n-grams in the indicators of all measures at once
timing.py      time limits of calls
sharing.py     matches each word or string once for all requests of a call
ranking.py     formulas and constants of ranking
columnar/      the default engine: NumPy arrays, memory-mapped
opensearch/    an engine on an OpenSearch cluster, for an index that is too large for one machine
whoosh.py      the reference engine: simple and slow
"""
