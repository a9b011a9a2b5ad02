"""Find the measures in paragraphs: every number that counts something, with the name of what it counts.

    extractor.py               entry point: the measures of paragraphs
    vocabulary.py              units and fixed names, from data files
    quantities.py              numbers with their units
    indicators.py, wording.py  the name of what each number counts, from the words around it
    periods.py, zeros.py       the period of a measure; statements of zero
    tables.py                  the cells of tables
    labels.py, totals.py       headers of rows and columns; which cells are parts of which totals

The rules describe the language of reports. None of them is specific to a single report.
"""
