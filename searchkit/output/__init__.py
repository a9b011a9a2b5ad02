"""Formats records, results, tables and comparisons as text, workbooks and charts.

records.py     records in each format of `--format`
json.py        records and results as JSON objects
csv.py         records as CSV and TSV
tables.py      tables of reports as Markdown, and as a folder of files
terminal.py    pages and tables for the terminal
comparison.py  a comparison as a text table
findings.py    the findings of an audit for the terminal
xlsx.py        records, measures, a comparison, tables of reports, or the findings of an audit, as a workbook
chart.py       a comparison as a chart
answers/       results as answers for assistants
writing.py     files that appear when they are complete
cells.py       the text of a cell: a field of a record, or a cell of a comparison with its marks
               (`≥` at least, `†` another unit …)
"""
