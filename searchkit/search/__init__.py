"""Searching: paragraphs and measures of an open index, ranked, with snippets.

snapshot.py  an open index in one committed state
options.py   options of a search and of a look-up of measures
results.py   hits and results of a search
lookup.py    looking up and ranking measures
snippets.py  matches in a paragraph, and the snippet that shows them
"""
