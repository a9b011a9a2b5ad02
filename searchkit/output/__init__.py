"""Records, results and comparisons as text and files.

records.py     records in every format of `--format`
json.py        records and results as JSON objects
csv.py         records as CSV and TSV
terminal.py    pages and tables for the terminal
comparison.py  a comparison as a text table
xlsx.py        a comparison as a workbook
chart.py       a comparison as a chart
cells.py       the text of the cells of all of these
"""
