"""Pages whose glyphs have positions.

placed.py         glyphs, rules (drawn straight lines), lines of text and tables, with their positions
layout.py         lines to paragraphs
lines.py          glyphs to lines
edges.py          page numbers, running heads and running feet
reading_order.py  lines in reading order
rulings.py        rules to grids of cells
tables.py         rows of grids, tables over several pages
aligned.py        tables whose columns only white space shows
textrows.py       lines as rows of words, groups of rows with figures
columns.py        columns that only white space shows
headers.py        header rows above rows with figures
wrapping.py       cells of several lines, labels over several rows
"""
