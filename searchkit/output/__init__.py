"""Records and results as text and files.

records.py     records in the style that was asked for
json.py        every record and result as a JSON object
csv.py         rows for spreadsheets and scripts
terminal.py    pages and tables for people
comparison.py  a comparison for people
xlsx.py        a comparison as a workbook
chart.py       a comparison as a picture
cells.py       what stands in the cells of all of these
"""
