"""Matching: which docs match a node of a query tree. The entry point is `matcher.Matcher.match`.

matcher.py   the index: operators, terms and filters
segments.py  one segment: the leaves that are not matched on the index at once
strings.py   one segment: strings in the text, and in headings and titles
"""
