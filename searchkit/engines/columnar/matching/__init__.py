"""Which docs match a node of a query tree? `matcher.Matcher.match` answers.

matcher.py   all segments: operators, words, filters
segments.py  one segment: what is not answered for all at once
strings.py   one segment's text: where a string stands
"""
