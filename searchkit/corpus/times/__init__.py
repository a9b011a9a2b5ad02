"""The years that paragraphs and measures are about.

    expressions.py  expressions of time in a text (今年, 过去五年, “十四五”期间, 1—11月), with their years and months
    governing.py    the time that each part of a paragraph is about, by the paragraph, its headings or its section

docs/times.md describes the rules.
"""
