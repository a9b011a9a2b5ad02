"""Searches an open index for paragraphs and looks up measures.

snapshot.py     an open index in one committed state: runs searches and look-ups
options.py      options of a search and of a look-up
cursors.py      cursors: positions in a list of hits
results.py      hits and results of a search
lookup.py       hits and results of a look-up, and the ranking of measures
querynames.py   the measures that a query names, and their other names
suggestions.py  what to leave out of a search that found nothing
snippets.py     matches in a paragraph, and the snippet that shows them
"""
