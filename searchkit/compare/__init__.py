"""Compare measures across reports: tables of one measure, and measures that contradict each other.

comparison.py  a table of one measure; each cell refers to the sentences that state its values
choosing.py    the indicator and unit of a table
axes.py        rows and columns of facet values
agreement.py   whether measures count the same thing, and whether their values agree
audit.py       contradictions within and between reports
"""
