"""Comparison of measures across reports: tables of one indicator, and measures that contradict each other.

comparison.py  a table of one indicator; each cell has the measures that state its values
choosing.py    the indicator and unit of a table
axes.py        keys, order and labels of rows and columns
agreement.py   whether measures count the same thing, and whether their values agree
facts.py       which measures can contradict each other, and within which scope each of them is
findings.py    the record of a finding, and the kinds of findings
breakdowns.py  contradictions in a sentence: totals, shares, values before and after a change
arithmetic.py  contradictions in tables: sums, rates, the prose around them
changes.py     changes since last year, and last year's values that follow from them
contradictions.py  contradictions between sentences and reports, slips of the unit, copied values
copies.py      reports that repeat each other
audit.py       all checks in one pass over an index
"""
