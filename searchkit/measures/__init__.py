"""Paragraphs to measures: every number that counts something, with what it counts.

    extractor.py               all of it
    vocabulary.py              units and fixed names, from data files
    quantities.py              numbers with their units; what is no quantity at all
    indicators.py, wording.py  what each of them counts, by the words around it
    periods.py, zeros.py       the time it is of; statements that there was none

The rules are about the language of reports and know nothing of single ones.
"""
