"""Comparison of measures across reports: tables of one indicator, and measures that contradict each other.

comparison.py  a table of one indicator; each cell has the measures that state its values
choosing.py    the indicator and unit of a table
axes.py        keys, order and labels of rows and columns
coverage.py    the numbers of reports by two facets
agreement.py   whether measures count the same thing, and whether their values agree
audit.py       contradictions within and between reports
arithmetic.py  contradictions in tables: sums, rates, the prose around them
"""
