"""Normalises text, parses its numbers and years, and splits it into tokens.

characters.py    classes of unwanted characters
folding.py       character normalisation
numerals.py      numbers and their values
years.py         patterns of years, and year ranges in queries
segmentation.py  Chinese word segmentation
analyzer.py      the analyzer of index and query
"""
