"""Normalises text, parses its numbers and years, and splits it into tokens.

characters.py    classes of unwanted characters, and the width of characters
folding.py       character normalisation
numerals.py      numbers and their values
pinyin.py        readings of characters and words
years.py         patterns of years, and year ranges in queries
query_years.py   years as people write them in queries
segmentation.py  Chinese word segmentation
analyzer.py      the analyzer of index and query
"""
