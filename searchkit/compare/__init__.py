"""Measures of many reports side by side: tables of one measure, and measures that contradict each other.

comparison.py  a table of one measure, its cells tied to their sentences
choosing.py    which indicator and unit the table is of
axes.py        rows and columns of facet values
agreement.py   when measures speak of the same thing, and when they say the same
audit.py       contradictions within and between reports
"""
