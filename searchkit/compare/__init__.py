"""Comparison of measures across reports: tables of one indicator, and measures that contradict each other.

comparison.py  a table of one indicator for a query: its rows, columns and reports
filling.py     the value of each cell, or what there is instead of one
table.py       the records of a table: values, cells, states
axes.py        keys, order and labels of rows and columns
coverage.py    the numbers of reports by two facets
facts.py       which measures can contradict each other, and within which scope each of them is
findings.py    the record of a finding, and the kinds of findings
breakdowns.py  contradictions in a sentence: totals, shares, values before and after a change
arithmetic.py  contradictions in tables: sums, rates, the prose around them
changes.py     changes since last year, and last year's values that follow from them
contradictions.py  contradictions between sentences and reports, slips of the unit, copied values
copies.py      reports that repeat each other
audit.py       all checks in one pass over an index
"""
