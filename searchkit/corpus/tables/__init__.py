"""Tables: which ones contain data, the headers of their cells, and the text of their rows.

recognition.py  tells data tables from layout, finds header rows and header columns, joins a table and its continuation
aligned.py      tells aligned rows that are data from lists, contents and labels
parts.py        splits a table that is several tables in one frame
emptycells.py   merged cells in formats that do not say which cells are merged
captions.py     the caption and the notes before a table
grid.py         cells by row and column, their headers, the text of a row
cells.py        the shape of a single cell: figure, placeholder, time, total, unit note
"""
