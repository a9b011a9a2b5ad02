"""Comparison of measures across reports: tables of one indicator, and measures that contradict each other.

comparison.py  a table of one indicator for a query: its rows, columns and reports
filling.py     the value of each cell, or what there is instead of one
table.py       the records of a table: values, cells, states
axes.py        keys, order and labels of rows and columns
audit.py       contradictions within and between reports
arithmetic.py  contradictions in tables: sums, rates, the prose around them
"""
