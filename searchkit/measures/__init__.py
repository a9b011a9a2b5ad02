"""Measures: numbers in paragraphs with what they count.

    extractor.py               entry point: the measures of paragraphs
    vocabulary.py              units and fixed names, from data files
    spacing.py                 blanks and invisible characters inside of numbers
    numbers.py                 numbers: compound (1亿2000万), signed, round (近千), and fractions (千分之六)
    quantities.py, units.py, bounds.py
                               numbers with their units, durations, bounds
    indicators.py              what each number counts: its name, completed from its context
    clauses.py                 the clauses of a sentence: their topics, brackets and periods
    following.py               the text after numbers: names, purposes and predicates
    names.py                   where names begin and end; several names in a clause
    counted.py                 numbers that count nothing: idioms, ordinals, slogans
    wording.py, words.py       the words around names; word boundaries in names
    periods.py, zeros.py       the period of a measure; statements of zero
    status.py                  the time and the status of a measure
    tables.py                  the cells of tables
    labels.py, totals.py       headers of rows and columns; which cells are parts of which totals
    tablelines.py              rows and columns of stored tables with their measures, for calculations

The rules describe the language of reports. None of them is specific to a single report.
"""
