"""Comparison of measures across reports: tables of one indicator, and measures that contradict each other.

comparison.py  a table of one indicator; each cell has the measures that state its values
axes.py        keys, order and labels of rows and columns
audit.py       contradictions within and between reports
arithmetic.py  contradictions in tables: sums, rates, the prose around them
"""
