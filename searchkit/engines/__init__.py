"""Search and storage.

contract.py  the seam: what an engine takes, what it gives
opening.py   which engines there are, and how one is opened
grams.py     characters and pairs of them in many texts at once
ranking.py   formulas and constants of ranking, for all engines
columnar/    the default: NumPy, memory-mapped
whoosh.py    the reference, to be right and read
"""
