"""Matching: which docs match a node of a query tree. The entry point is `matcher.Matcher.match`.

matcher.py   all segments: operators; words and strings of letters (Chinese ones included) in the passage; caches
segments.py  one segment: all other leaves, and filters
strings.py   one segment: strings in the text, and in headings and titles
"""
