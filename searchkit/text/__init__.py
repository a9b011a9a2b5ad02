"""Characters to tokens.

characters.py    classes of characters that are no text
folding.py       one form of each character
numerals.py      numbers and their values
years.py         how years are written, and asked for
segmentation.py  Chinese runs to words
analyzer.py      text to tokens, for index and query alike
"""
